/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "net/addr.h"

static bool
parse_v4(struct ph_str s, uint32_t *out)
{
	uint32_t a = 0;
	size_t i = 0;

	for (unsigned part = 0; part < 4; part++) {
		size_t from = i;
		uint64_t v;

		while (i < s.len && s.s[i] != '.')
			i++;
		/* no leading zeros: some read them as octal */
		if (!ph_str_u64((struct ph_str){ s.s + from, i - from }, 10, 255, &v) ||
		    (s.s[from] == '0' && i - from > 1))
			return false;
		a = a << 8 | (uint32_t)v;
		if (part < 3 && i++ == s.len)
			return false;
	}
	*out = a;
	return i == s.len;
}

/* A colon-separated run of 16-bit groups, the last one perhaps IPv4. */
static int
parse_groups(struct ph_str s, uint16_t *g, int max)
{
	size_t i = 0;
	int n = 0;

	if (s.len == 0)
		return 0;
	for (;;) {
		struct ph_str part = { s.s + i, 0 };
		uint32_t v4;
		uint64_t v;

		while (i < s.len && s.s[i] != ':') {
			i++;
			part.len++;
		}
		if (i == s.len && n + 2 <= max && parse_v4(part, &v4)) {
			g[n++] = (uint16_t)(v4 >> 16);
			g[n++] = (uint16_t)v4;
			return n;
		}
		if (n == max || part.len > 4 || !ph_str_u64(part, 16, 0xffff, &v))
			return -1;
		g[n++] = (uint16_t)v;
		if (i++ == s.len)
			return n;
	}
}

static bool
parse_v6(struct ph_str s, ph_u128 *out)
{
	uint16_t head[8], tail[8], g[8] = { 0 };
	const char *gap = memmem(s.s, s.len, "::", 2);
	struct ph_str front = s;
	int nh, nt = 0;
	ph_u128 a = 0;

	if (gap != NULL) {
		front.len = (size_t)(gap - s.s);
		nt = parse_groups((struct ph_str){ gap + 2, s.len - front.len - 2 },
		    tail, 7);
	}
	if (gap != NULL && memchr(front.s, '.', front.len) != NULL)
		return false;
	nh = parse_groups(front, head, gap != NULL ? 7 : 8);
	if (nh < 0 || nt < 0 || (gap == NULL ? nh != 8 : nh + nt > 7))
		return false;
	memcpy(g, head, (size_t)nh * sizeof(*g));
	memcpy(g + 8 - nt, tail, (size_t)nt * sizeof(*g));
	for (int i = 0; i < 8; i++)
		a = a << 16 | g[i];
	*out = a;
	return !ph_addr_is_v4(a);
}

bool
ph_addr_parse(struct ph_str s, ph_u128 *out)
{
	uint32_t v4;

	if (s.len == 0)
		return false;
	if (parse_v4(s, &v4)) {
		*out = PH_V4(v4);
		return true;
	}
	return memchr(s.s, ':', s.len) != NULL && parse_v6(s, out);
}

struct ph_range
ph_prefix_range(ph_u128 addr, unsigned len)
{
	unsigned bits = ph_addr_is_v4(addr) ? 32 : 128;
	ph_u128 host = len == 0 && bits == 128 ? PH_U128_MAX :
	    ((ph_u128)1 << (bits - len)) - 1;
	struct ph_range r = { addr & ~host, addr | host };

	/* ::/0 and the like end where IPv4 begins */
	if (bits == 128 && r.hi >= PH_V4_BASE)
		r.hi = PH_V4_BASE - 1;
	return r;
}

bool
ph_prefix_parse(struct ph_str s, struct ph_range *out, bool *host_bits)
{
	const char *slash = s.len > 0 ? memchr(s.s, '/', s.len) : NULL;
	struct ph_str a = s;
	uint64_t len;
	ph_u128 v;

	if (slash != NULL)
		a.len = (size_t)(slash - s.s);
	if (!ph_addr_parse(a, &v))
		return false;
	len = ph_addr_is_v4(v) ? 32 : 128;
	if (slash != NULL && !ph_str_u64((struct ph_str){ slash + 1,
	    s.len - a.len - 1 }, 10, len, &len))
		return false;
	*out = ph_prefix_range(v, (unsigned)len);
	if (host_bits != NULL)
		*host_bits = out->lo != v;
	return true;
}

/* How long the largest prefix is that starts at r.lo and fits into r. */
static unsigned
front_bits(struct ph_range r)
{
	unsigned max = ph_addr_is_v4(r.lo) ? 32 : 128, host = 0;

	while (host < max) {
		ph_u128 mask = host + 1 == 128 ? PH_U128_MAX :
		    ((ph_u128)1 << (host + 1)) - 1;

		if ((r.lo & mask) != 0 ||
		    ph_prefix_range(r.lo, max - host - 1).hi > r.hi)
			break;
		host++;
	}
	return max - host;
}

int
ph_range_prefix_len(struct ph_range r)
{
	unsigned len = front_bits(r);

	return ph_prefix_range(r.lo, len).hi == r.hi ? (int)len : -1;
}

bool
ph_range_next_prefix(struct ph_range *r, struct ph_range *out)
{
	*out = ph_prefix_range(r->lo, front_bits(*r));
	if (out->hi >= r->hi)
		return false;
	r->lo = out->hi + 1;
	return true;
}

/* RFC 5952 4.2: the longest run of two or more zero groups becomes "::". */
static void
format_v6(ph_u128 a, char *out)
{
	int best = 0, best_len = 1, n = 0;
	uint16_t g[8];

	for (int i = 0; i < 8; i++)
		g[i] = (uint16_t)(a >> (112 - 16 * i));
	for (int i = 0, run = 0; i < 8; i++) {
		run = g[i] == 0 ? run + 1 : 0;
		if (run > best_len) {
			best_len = run;
			best = i - run + 1;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (best_len > 1 && i == best) {
			n += sprintf(out + n, "::");
			i += best_len - 1;
			continue;
		}
		n += sprintf(out + n, "%s%x",
		    n > 0 && out[n - 1] != ':' ? ":" : "", g[i]);
	}
}

const char *
ph_addr_format(ph_u128 a, char *out)
{
	uint32_t v4 = (uint32_t)a;

	if (ph_addr_is_v4(a))
		sprintf(out, "%u.%u.%u.%u", v4 >> 24, v4 >> 16 & 255,
		    v4 >> 8 & 255, v4 & 255);
	else
		format_v6(a, out);
	return out;
}

void
ph_range_print(struct ph_buf *b, struct ph_range r)
{
	char lo[PH_ADDR_TEXT], hi[PH_ADDR_TEXT];
	int len;

	if (r.lo == 0 && r.hi >= PH_V4_BASE - 1) {
		ph_buf_puts(b, r.hi == PH_U128_MAX ? "any" : "any6");
		return;
	}
	if (r.lo == PH_V4_BASE && r.hi == PH_U128_MAX) {
		ph_buf_puts(b, "any4");
		return;
	}
	ph_addr_format(r.lo, lo);
	len = ph_range_prefix_len(r);
	if (r.lo == r.hi)
		ph_buf_puts(b, lo);
	else if (len >= 0)
		ph_buf_printf(b, "%s/%d", lo, len);
	else
		ph_buf_printf(b, "%s-%s", lo, ph_addr_format(r.hi, hi));
}

void
ph_u128_print(struct ph_buf *b, ph_u128 v)
{
	char digits[40];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + (int)(v % 10));
		v /= 10;
	} while (v > 0);
	ph_buf_add(b, digits + n, sizeof(digits) - n);
}
