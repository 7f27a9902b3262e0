/* SPDX-License-Identifier: ISC */
#include "audit/bounds.h"

enum { BLOCK = 256 };			/* rules scanned before indexes are written */

static const enum ph_dim dims[PH_NBOUNDS] = { PH_DST, PH_SRC, PH_DPORT, PH_PROTO };

enum ph_dim
ph_bounds_dim(size_t i)
{
	return dims[i];
}

static size_t
column_of(enum ph_dim d)
{
	size_t k = 0;

	while (k < PH_NBOUNDS && dims[k] != d)
		k++;
	return k;
}

/* What a rule says of each column, by its plain conditions. */
static void
rule_hulls(const struct ph_rule *r, struct ph_range h[PH_NBOUNDS])
{
	for (size_t k = 0; k < PH_NBOUNDS; k++)
		h[k] = (struct ph_range){ 0, ph_dim_max(dims[k]) };
	for (size_t i = 0; i < r->n_conds; i++) {
		const struct ph_cond *c = &r->conds[i];
		size_t k = column_of(c->dim);
		struct ph_range one;

		if (c->kind != PH_COND_RANGES || k == PH_NBOUNDS || c->neg ||
		    c->ranges == NULL || c->ranges->n == 0)
			continue;
		one = ph_ranges_hull(c->ranges);
		if (one.lo > h[k].lo)
			h[k].lo = one.lo;
		if (one.hi < h[k].hi)
			h[k].hi = one.hi;
	}
}

static uint32_t
address_key(const struct ph_bounds *b, ph_u128 a)
{
	ph_u128 k;

	if (ph_addr_is_v4(a))
		return 0x80000000U | (uint32_t)a >> 1;
	if (a < b->v6_base)
		return 0;
	k = (a - b->v6_base) >> b->v6_shift;
	return k > 0x7fffffff ? 0x7fffffff : (uint32_t)k;
}

static uint32_t
key(const struct ph_bounds *b, size_t column, ph_u128 v)
{
	return dims[column] == PH_SRC || dims[column] == PH_DST ?
	    address_key(b, v) : (uint32_t)v;
}

/* An IPv6 range that is neither everything nor IPv4 takes part in the window. */
static void
widen(struct ph_range *window, bool *any, struct ph_range r)
{
	if (ph_addr_is_v4(r.lo) || r.hi >= PH_V4_BASE - 1)
		return;
	if (!*any || r.lo < window->lo)
		window->lo = r.lo;
	if (!*any || r.hi > window->hi)
		window->hi = r.hi;
	*any = true;
}

/* All columns; what IPv6 addresses there are goes into *${window}. */
static bool
fill(struct ph_bounds *b, const struct ph_chain *c, struct ph_range *window)
{
	bool any = false;

	for (size_t i = 0; i < c->n; i++) {
		struct ph_range h[PH_NBOUNDS];

		rule_hulls(&c->rules[i], h);
		for (size_t k = 0; k < PH_NBOUNDS; k++) {
			if (dims[k] == PH_SRC || dims[k] == PH_DST)
				widen(window, &any, h[k]);
			b->lo[k][i] = key(b, k, h[k].lo);
			b->hi[k][i] = key(b, k, h[k].hi);
		}
	}
	return any;
}

static void
choose_window(struct ph_bounds *b, struct ph_range w)
{
	b->v6_base = w.lo;
	while ((w.hi - w.lo) >> b->v6_shift > 0x7fffffff)
		b->v6_shift++;
}

const struct ph_bounds *
ph_bounds_of(struct ph_arena *mem, struct ph_chain *c)
{
	struct ph_bounds *b = c->index;
	struct ph_range window = { 0, 0 }, again;

	if (b != NULL)
		return b;
	b = PH_NEW(mem, struct ph_bounds);
	b->n = c->n;
	b->room = ph_arena_array(mem, c->n + 1, sizeof(*b->room));
	for (size_t k = 0; k < PH_NBOUNDS; k++) {
		b->lo[k] = ph_arena_array(mem, c->n, sizeof(*b->lo[k]));
		b->hi[k] = ph_arena_array(mem, c->n, sizeof(*b->hi[k]));
	}
	if (fill(b, c, &window)) {	/* now it is known where they lie */
		choose_window(b, window);
		fill(b, c, &again);
	}
	c->index = b;
	return b;
}

struct ph_bounds_box
ph_bounds_box(const struct ph_bounds *b, const struct ph_range hull[PH_NBOUNDS])
{
	struct ph_bounds_box box;

	for (size_t k = 0; k < PH_NBOUNDS; k++) {
		box.lo[k] = key(b, k, hull[k].lo);
		box.hi[k] = key(b, k, hull[k].hi);
	}
	return box;
}

/*
 * Plain loops over whole columns, which compilers turn into vector code.  False
 * as soon as no rule of the block is left.
 */
static bool
scan_block(const struct ph_bounds *b, const struct ph_bounds_box *box,
    size_t from, size_t n, uint32_t *hit)
{
	for (size_t i = 0; i < n; i++)
		hit[i] = 1;
	for (size_t k = 0; k < PH_NBOUNDS; k++) {
		const uint32_t *lo = b->lo[k] + from, *hi = b->hi[k] + from;
		uint32_t box_lo = box->lo[k], box_hi = box->hi[k], any = 0;

		for (size_t i = 0; i < n; i++) {
			hit[i] &= (uint32_t)(lo[i] <= box_hi) & (uint32_t)(hi[i] >= box_lo);
			any |= hit[i];
		}
		if (any == 0)
			return false;
	}
	return true;
}

size_t
ph_bounds_scan(const struct ph_bounds *b, const struct ph_bounds_box *box,
    size_t from, size_t to, uint32_t *out)
{
	uint32_t hit[BLOCK];
	size_t count = 0;

	for (size_t at = from; at < to; at += BLOCK) {
		size_t n = to - at < BLOCK ? to - at : BLOCK;

		if (!scan_block(b, box, at, n, hit))
			continue;
		for (size_t i = 0; i < n; i++) {
			out[count] = (uint32_t)(at + i);
			count += hit[i];
		}
	}
	return count;
}

size_t
ph_bounds_filter(const struct ph_bounds *b, const struct ph_bounds_box *box,
    const uint32_t *in, size_t n, uint32_t *out)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t r = in[i];

		out[count] = r;
		count += ph_bounds_touch(b, box, r);
	}
	return count;
}
