/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "space/ranges.h"

static const struct ph_ranges none;

static struct ph_ranges *
room(struct ph_arena *mem, size_t n)
{
	return ph_arena_alloc(mem, sizeof(struct ph_ranges) + n * sizeof(struct ph_range));
}

const struct ph_ranges *
ph_ranges_none(void)
{
	return &none;
}

const struct ph_ranges *
ph_ranges_one(struct ph_arena *mem, ph_u128 lo, ph_u128 hi)
{
	struct ph_ranges *r = room(mem, 1);

	r->n = 1;
	r->r[0] = (struct ph_range){ lo, hi };
	return r;
}

static int
compare(const void *a, const void *b)
{
	const struct ph_range *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* Add a range that does not begin before the last one. */
static void
push(struct ph_ranges *out, struct ph_range v)
{
	struct ph_range *last = out->n == 0 ? NULL : &out->r[out->n - 1];

	if (last != NULL && (last->hi == PH_U128_MAX || v.lo <= last->hi + 1)) {
		if (v.hi > last->hi)
			last->hi = v.hi;
		return;
	}
	out->r[out->n++] = v;
}

/* Everything has one name. */
static const struct ph_ranges *
named(const struct ph_ranges *r)
{
	return r->n == 1 && r->r[0].lo == 0 && r->r[0].hi == PH_U128_MAX ? NULL : r;
}

const struct ph_ranges *
ph_ranges_from(struct ph_arena *mem, struct ph_range *v, size_t n)
{
	struct ph_ranges *out = room(mem, n);
	bool sorted = true;

	for (size_t i = 1; i < n; i++)
		sorted &= v[i - 1].lo <= v[i].lo;
	if (!sorted)
		qsort(v, n, sizeof(*v), compare);
	for (size_t i = 0; i < n; i++)
		push(out, v[i]);
	return named(out);
}

const struct ph_ranges *
ph_ranges_union(struct ph_arena *mem, const struct ph_ranges *a, const struct ph_ranges *b)
{
	struct ph_ranges *out;
	size_t i = 0, k = 0;

	if (a == NULL || b == NULL)
		return NULL;
	if (a->n == 0)
		return b;
	if (b->n == 0)
		return a;
	out = room(mem, a->n + b->n);
	while (i < a->n || k < b->n)
		push(out, k == b->n || (i < a->n && a->r[i].lo <= b->r[k].lo) ?
		    a->r[i++] : b->r[k++]);
	return named(out);
}

const struct ph_ranges *
ph_ranges_intersect(struct ph_arena *mem, const struct ph_ranges *a, const struct ph_ranges *b)
{
	struct ph_ranges *out;
	size_t i = 0, k = 0;

	if (a == NULL || b == NULL)
		return a == NULL ? b : a;
	out = room(mem, a->n + b->n);
	while (i < a->n && k < b->n) {
		ph_u128 lo = a->r[i].lo > b->r[k].lo ? a->r[i].lo : b->r[k].lo;
		ph_u128 hi = a->r[i].hi < b->r[k].hi ? a->r[i].hi : b->r[k].hi;

		if (lo <= hi)
			push(out, (struct ph_range){ lo, hi });
		if (a->r[i].hi < b->r[k].hi)
			i++;
		else
			k++;
	}
	return out;
}

const struct ph_ranges *
ph_ranges_complement(struct ph_arena *mem, const struct ph_ranges *a)
{
	struct ph_ranges *out;
	ph_u128 from = 0;

	if (a == NULL)
		return &none;
	if (a->n == 0)
		return NULL;
	out = room(mem, a->n + 1);
	for (size_t i = 0; i < a->n; i++) {
		if (a->r[i].lo > from)
			push(out, (struct ph_range){ from, a->r[i].lo - 1 });
		if (a->r[i].hi == PH_U128_MAX)
			return out;
		from = a->r[i].hi + 1;
	}
	push(out, (struct ph_range){ from, PH_U128_MAX });
	return out;
}

const struct ph_ranges *
ph_ranges_subtract(struct ph_arena *mem, const struct ph_ranges *a, const struct ph_ranges *b)
{
	if (b == NULL)
		return &none;
	if (a == NULL)
		return ph_ranges_complement(mem, b);
	return ph_ranges_intersect(mem, a, ph_ranges_complement(mem, b));
}

bool
ph_ranges_has(const struct ph_ranges *a, ph_u128 v)
{
	size_t lo = 0, hi;

	if (a == NULL)
		return true;
	hi = a->n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (a->r[mid].hi < v)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < a->n && a->r[lo].lo <= v;
}

bool
ph_ranges_empty(const struct ph_ranges *a)
{
	return a != NULL && a->n == 0;
}

bool
ph_ranges_overlap(const struct ph_ranges *a, const struct ph_ranges *b)
{
	size_t i = 0, k = 0;

	if (a == NULL || b == NULL)
		return !ph_ranges_empty(a) && !ph_ranges_empty(b);
	while (i < a->n && k < b->n) {
		if (a->r[i].hi < b->r[k].lo)
			i++;
		else if (b->r[k].hi < a->r[i].lo)
			k++;
		else
			return true;
	}
	return false;
}

bool
ph_ranges_subset(const struct ph_ranges *a, const struct ph_ranges *of)
{
	size_t k = 0;

	if (of == NULL)
		return true;
	if (a == NULL)
		return of->n == 1 && of->r[0].lo == 0 && of->r[0].hi == PH_U128_MAX;
	for (size_t i = 0; i < a->n; i++) {
		while (k < of->n && of->r[k].hi < a->r[i].lo)
			k++;
		if (k == of->n || of->r[k].lo > a->r[i].lo || of->r[k].hi < a->r[i].hi)
			return false;
	}
	return true;
}

bool
ph_ranges_equal(const struct ph_ranges *a, const struct ph_ranges *b)
{
	if (a == b)
		return true;
	if (a == NULL || b == NULL)
		return ph_ranges_subset(a, b) && ph_ranges_subset(b, a);
	return a->n == b->n && memcmp(a->r, b->r, a->n * sizeof(*a->r)) == 0;
}

struct ph_range
ph_ranges_hull(const struct ph_ranges *a)
{
	if (a == NULL)
		return PH_ANY;
	return (struct ph_range){ a->r[0].lo, a->r[a->n - 1].hi };
}

/* The lowest bit of ${m}, which is not 0. */
static unsigned
low_bit(ph_u128 m)
{
	uint64_t low = (uint64_t)m;

	return low != 0 ? (unsigned)__builtin_ctzll(low) :
	    64 + (unsigned)__builtin_ctzll((uint64_t)(m >> 64));
}

/*
 * Walk the holes of the mask above its lowest set bit, as a counter that skips
 * the fixed bits: x = (x | fixed) + 1 with the fixed bits put back.
 */
bool
ph_ranges_masked(struct ph_arena *mem, ph_u128 value, ph_u128 mask,
    unsigned bits, ph_u128 base, struct ph_range within, size_t max,
    const struct ph_ranges **out)
{
	ph_u128 all = bits == 128 ? PH_U128_MAX : ((ph_u128)1 << bits) - 1;
	ph_u128 m = mask & all, v = value & m, run, x, fixed;
	struct ph_range *list = NULL;
	size_t n = 0, cap = 0;

	run = m == 0 ? all : ((ph_u128)1 << low_bit(m)) - 1;
	fixed = m | run;
	x = v;
	for (;;) {
		struct ph_range r = { base + x, base + (x | run) };

		if (r.hi >= within.lo && r.lo <= within.hi) {
			if (n == max)
				return false;
			*PH_PUSH(mem, list, n, cap) = (struct ph_range){
				r.lo < within.lo ? within.lo : r.lo,
				r.hi > within.hi ? within.hi : r.hi };
		}
		if (r.lo > within.hi || (x | fixed) == all)
			break;
		x = (((x | fixed) + 1) & ~fixed & all) | v;
	}
	*out = n == 0 ? &none : ph_ranges_from(mem, list, n);
	return true;
}
