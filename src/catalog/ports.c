/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "catalog/ports.h"

enum { MAX_PORT = 65535 };

static struct ph_span
trim(struct ph_span at)
{
	const char *s = at.src->text;

	while (at.len > 0 && s[at.off] == ' ') {
		at.off++;
		at.len--;
	}
	while (at.len > 0 && s[at.off + at.len - 1] == ' ')
		at.len--;
	return at;
}

/* range ::= PORT ("-" PORT)? */
static bool
parse_range(struct ph_span at, struct ph_range *out)
{
	struct ph_str s = { at.src->text + at.off, at.len };
	const char *dash = memchr(s.s, '-', s.len);
	size_t n = dash == NULL ? s.len : (size_t)(dash - s.s);
	uint64_t lo, hi;

	if (!ph_str_u64((struct ph_str){ s.s, n }, 10, MAX_PORT, &lo))
		return false;
	hi = lo;
	if (dash != NULL && !ph_str_u64((struct ph_str){ dash + 1, s.len - n - 1 },
	    10, MAX_PORT, &hi))
		return false;
	*out = (struct ph_range){ lo, hi };
	return lo <= hi;
}

/* ports ::= range ("," range)* */
bool
ph_ports_parse(struct ph_arena *mem, struct ph_diags *diags, struct ph_span at,
    const struct ph_ranges **out)
{
	const char *text = at.src->text, *last = text + at.src->len;
	const char *s = at.off < at.src->len ? text + at.off : last;
	const char *end = at.len < (size_t)(last - s) ? s + at.len : last;
	struct ph_range *v = NULL;
	size_t n = 0, cap = 0;
	bool ok = true;

	for (const char *comma; s <= end; s = comma + 1) {
		struct ph_span part = { at.src, (uint32_t)(s - at.src->text), 0 };
		struct ph_range r;

		comma = memchr(s, ',', (size_t)(end - s));
		comma = comma == NULL ? end : comma;
		part.len = (uint32_t)(comma - s);
		part = trim(part);
		if (parse_range(part, &r)) {
			*PH_PUSH(mem, v, n, cap) = r;
			continue;
		}
		ok = false;
		ph_diag(diags, PH_ERROR, "bad-port", part,
		    "expected a port or a rising range within 0-65535");
	}
	if (ok)
		*out = ph_ranges_from(mem, v, n);
	return ok;
}
