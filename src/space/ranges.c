/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "space/ranges.h"

/* A list with an initialised flexible array is a GNU extension. */
__extension__ static const struct ph_ranges everything = { 1, { { 0, PH_U128_MAX } } };
static const struct ph_ranges nothing;

static const struct ph_ranges *
spell_out(const struct ph_ranges *a)
{
	return a == NULL ? &everything : a;
}

static bool
is_everything(const struct ph_ranges *a)
{
	return a == NULL ||
	    (a->n == 1 && a->r[0].lo == 0 && a->r[0].hi == PH_U128_MAX);
}

static struct ph_ranges *
list_new(struct ph_arena *mem, size_t room)
{
	return ph_arena_alloc(mem, sizeof(struct ph_ranges) +
	    room * sizeof(struct ph_range));
}

/* What every operation returns: everything is NULL. */
static const struct ph_ranges *
finish(const struct ph_ranges *a)
{
	return is_everything(a) ? NULL : a;
}

/* The first range that ends at or after ${v}; ${a}->n when there is none. */
static size_t
find_from(const struct ph_ranges *a, ph_u128 v)
{
	size_t lo = 0, hi = a->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (a->r[mid].hi < v)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Protocols, types, states: made over and over.  Laid out like ph_ranges. */
#define ONE(v)		{ 1, { { v, v } } }
#define FOUR(v)		ONE(v), ONE((v) + 1), ONE((v) + 2), ONE((v) + 3)
#define SIXTEEN(v)	FOUR(v), FOUR((v) + 4), FOUR((v) + 8), FOUR((v) + 12)
static const struct { size_t n; struct ph_range r[1]; } small[] = {
	SIXTEEN(0), SIXTEEN(16), SIXTEEN(32), SIXTEEN(48),
};

const struct ph_ranges *
ph_ranges_one(struct ph_arena *mem, ph_u128 lo, ph_u128 hi)
{
	struct ph_ranges *a;

	if (lo == hi && lo < sizeof(small) / sizeof(*small))
		return (const struct ph_ranges *)&small[lo];
	a = list_new(mem, 1);
	a->n = 1;
	a->r[0] = (struct ph_range){ lo, hi };
	return a;
}

const struct ph_ranges *
ph_ranges_none(void)
{
	return &nothing;
}

static int
by_lo(const void *x, const void *y)
{
	const struct ph_range *a = x, *b = y;

	return a->lo < b->lo ? -1 : a->lo > b->lo;
}

/* Append a range that starts no earlier than the last one; merge if it touches. */
static void
append(struct ph_ranges *out, struct ph_range r)
{
	struct ph_range *last = out->n == 0 ? NULL : &out->r[out->n - 1];

	if (last == NULL || (last->hi != PH_U128_MAX && r.lo > last->hi + 1))
		out->r[out->n++] = r;
	else if (r.hi > last->hi)
		last->hi = r.hi;
}

const struct ph_ranges *
ph_ranges_from(struct ph_arena *mem, struct ph_range *v, size_t n)
{
	struct ph_ranges *out;
	bool sorted = true;

	if (n == 0)
		return &nothing;
	for (size_t i = 1; i < n && sorted; i++)
		sorted = v[i - 1].lo <= v[i].lo;
	if (!sorted)
		qsort(v, n, sizeof(*v), by_lo);
	out = list_new(mem, n);
	for (size_t i = 0; i < n; i++)
		append(out, v[i]);
	return out;
}

static struct ph_ranges *
merge(struct ph_arena *mem, const struct ph_ranges *a, const struct ph_ranges *b)
{
	struct ph_ranges *out = list_new(mem, a->n + b->n);

	for (size_t i = 0, j = 0; i < a->n || j < b->n;)
		append(out, j == b->n || (i < a->n && a->r[i].lo <= b->r[j].lo) ?
		    a->r[i++] : b->r[j++]);
	return out;
}

const struct ph_ranges *
ph_ranges_union(struct ph_arena *mem, const struct ph_ranges *a,
    const struct ph_ranges *b)
{
	if (ph_ranges_subset(b, a))
		return finish(a);
	if (ph_ranges_subset(a, b))
		return finish(b);
	return finish(merge(mem, a, b));
}

/* Two lists that overlap, neither in the other. */
static struct ph_ranges *
common(struct ph_arena *mem, const struct ph_ranges *a, const struct ph_ranges *b)
{
	size_t i = find_from(a, b->r[0].lo), j = find_from(b, a->r[0].lo);
	size_t i_end = find_from(a, b->r[b->n - 1].hi) + 1;
	size_t j_end = find_from(b, a->r[a->n - 1].hi) + 1;
	struct ph_ranges *out;

	i_end = i_end > a->n ? a->n : i_end;
	j_end = j_end > b->n ? b->n : j_end;
	out = list_new(mem, i_end - i + j_end - j);
	while (i < i_end && j < j_end) {
		struct ph_range x = a->r[i], y = b->r[j];
		ph_u128 lo = x.lo > y.lo ? x.lo : y.lo;
		ph_u128 hi = x.hi < y.hi ? x.hi : y.hi;

		if (lo <= hi)
			out->r[out->n++] = (struct ph_range){ lo, hi };
		if (x.hi < y.hi)
			i++;
		else
			j++;
	}
	return out;
}

const struct ph_ranges *
ph_ranges_intersect(struct ph_arena *mem, const struct ph_ranges *a,
    const struct ph_ranges *b)
{
	if (ph_ranges_subset(a, b))
		return finish(a);
	if (ph_ranges_subset(b, a))
		return finish(b);
	if (!ph_ranges_overlap(a, b))
		return &nothing;
	return finish(common(mem, a, b));
}

const struct ph_ranges *
ph_ranges_subtract(struct ph_arena *mem, const struct ph_ranges *a,
    const struct ph_ranges *b)
{
	struct ph_ranges *out;
	size_t j;

	if (!ph_ranges_overlap(a, b))
		return finish(a);
	if (ph_ranges_subset(a, b))
		return &nothing;
	a = spell_out(a);
	j = find_from(b, a->r[0].lo);
	out = list_new(mem, a->n + b->n - j);
	for (size_t i = 0; i < a->n; i++) {
		struct ph_range x = a->r[i];

		while (j < b->n && b->r[j].hi < x.lo)
			j++;
		for (; j < b->n && b->r[j].lo <= x.hi; j++) {
			if (b->r[j].lo > x.lo)
				out->r[out->n++] = (struct ph_range){
					x.lo, b->r[j].lo - 1 };
			if (b->r[j].hi >= x.hi)
				break;
			x.lo = b->r[j].hi + 1;
		}
		if (j == b->n || b->r[j].lo > x.hi)
			out->r[out->n++] = x;
	}
	return out;
}

const struct ph_ranges *
ph_ranges_complement(struct ph_arena *mem, const struct ph_ranges *a)
{
	return ph_ranges_subtract(mem, NULL, a);
}

bool
ph_ranges_has(const struct ph_ranges *a, ph_u128 v)
{
	size_t i;

	if (a == NULL)
		return true;
	i = find_from(a, v);
	return i < a->n && a->r[i].lo <= v;
}

bool
ph_ranges_empty(const struct ph_ranges *a)
{
	return a != NULL && a->n == 0;
}

bool
ph_ranges_overlap(const struct ph_ranges *a, const struct ph_ranges *b)
{
	size_t i, j;

	a = spell_out(a);
	b = spell_out(b);
	if (a->n == 0 || b->n == 0 || a->r[0].lo > b->r[b->n - 1].hi ||
	    b->r[0].lo > a->r[a->n - 1].hi)
		return false;
	i = find_from(a, b->r[0].lo);
	j = find_from(b, a->r[0].lo);
	while (i < a->n && j < b->n) {
		if (a->r[i].hi < b->r[j].lo)
			i++;
		else if (b->r[j].hi < a->r[i].lo)
			j++;
		else
			return true;
	}
	return false;
}

bool
ph_ranges_subset(const struct ph_ranges *a, const struct ph_ranges *of)
{
	size_t j;

	if (a == of || is_everything(of))
		return true;
	a = spell_out(a);
	if (a->n == 0)
		return true;
	if (of->n == 0 || a->r[0].lo < of->r[0].lo ||
	    a->r[a->n - 1].hi > of->r[of->n - 1].hi)
		return false;
	j = find_from(of, a->r[0].lo);
	for (size_t i = 0; i < a->n; i++) {
		while (of->r[j].hi < a->r[i].lo)
			j++;
		if (a->r[i].lo < of->r[j].lo || a->r[i].hi > of->r[j].hi)
			return false;
	}
	return true;
}

bool
ph_ranges_equal(const struct ph_ranges *a, const struct ph_ranges *b)
{
	a = spell_out(a);
	b = spell_out(b);
	return a == b || (a->n == b->n &&
	    memcmp(a->r, b->r, a->n * sizeof(*a->r)) == 0);
}

struct ph_range
ph_ranges_hull(const struct ph_ranges *a)
{
	if (a == NULL)
		return PH_ANY;
	return (struct ph_range){ a->r[0].lo, a->r[a->n - 1].hi };
}
