/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "base/str.h"

enum { NEAR_MAX = 32 };			/* longer words are never "near" */

struct ph_str
ph_str(const char *s)
{
	return (struct ph_str){ s, strlen(s) };
}

bool
ph_str_equal(struct ph_str a, const char *s)
{
	return strlen(s) == a.len && (a.len == 0 || memcmp(a.s, s, a.len) == 0);
}

bool
ph_str_case_equal(struct ph_str a, const char *s)
{
	return strlen(s) == a.len &&
	    (a.len == 0 || strncasecmp(a.s, s, a.len) == 0);
}

bool
ph_str_starts(struct ph_str a, const char *s)
{
	size_t n = strlen(s);

	return a.len >= n && (n == 0 || memcmp(a.s, s, n) == 0);
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* Decimal digits too few to overflow: nothing to check on the way. */
static bool
short_decimal(struct ph_str a, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < a.len; i++) {
		unsigned d = (unsigned)(unsigned char)a.s[i] - '0';

		if (d > 9)
			return false;
		v = v * 10 + d;
	}
	if (v > max)
		return false;
	*out = v;
	return true;
}

bool
ph_str_u64(struct ph_str a, unsigned base, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	size_t i = 0;

	if (base == 10 && a.len > 0 && a.len < 19)
		return short_decimal(a, max, out);
	if (base == 0) {
		bool hex = a.len > 2 && a.s[0] == '0' && (a.s[1] | 32) == 'x';

		base = hex ? 16 : 10;
		i = hex ? 2 : 0;
	}
	if (i == a.len)
		return false;
	for (; i < a.len; i++) {
		unsigned d = (unsigned)digit(a.s[i]);

		if (d >= base || d > max || v > (max - d) / base)
			return false;
		v = v * base + d;
	}
	*out = v;
	return true;
}

/* Optimal string alignment; both no longer than NEAR_MAX. */
static size_t
distance(struct ph_str a, struct ph_str b)
{
	size_t d[NEAR_MAX + 1][NEAR_MAX + 1];

	for (size_t i = 0; i <= a.len; i++)
		for (size_t j = 0; j <= b.len; j++) {
			size_t best = i == 0 || j == 0 ? i + j :
			    d[i - 1][j - 1] + (a.s[i - 1] != b.s[j - 1]);

			if (i > 0 && j > 0 && d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (i > 0 && j > 0 && d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a.s[i - 1] == b.s[j - 2] &&
			    a.s[i - 2] == b.s[j - 1] && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	return d[a.len][b.len];
}

const char *
ph_str_nearest(struct ph_str a, const char *const *words, size_t n)
{
	size_t limit = a.len / 3 + 1, best = limit + 1;
	const char *found = NULL;

	if (a.len == 0 || a.len > NEAR_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct ph_str w = ph_str(words[i]);
		size_t d;

		if (w.len > NEAR_MAX || w.len + limit < a.len ||
		    a.len + limit < w.len)
			continue;
		d = distance(a, w);
		if (d < best && d < a.len) {
			best = d;
			found = words[i];
		}
	}
	return found;
}
