/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "audit/join.h"

/*
 * DOC: Which parts of two answers meet
 *
 * Space is halved, where that separates most pairs, until few are left on either
 * side or all have one verdict; what reaches over the cut goes into both halves.
 * Two boxes that meet in several of the regions are told in the one that holds
 * the lowest corner of what they share.
 *
 * A part that both answers have, packet for packet and with one verdict, meets
 * nothing that differs, since the parts of an answer do not overlap.  These go
 * first: two configurations are mostly alike.
 */

enum {
	FEW_PAIRS = 512,		/* compared one by one */
	SAMPLE = 63,			/* items from which a cut is chosen */
	MAX_DEPTH = 96,
};

struct join {
	struct ph_arena *mem;
	ph_join_pair_h pair;
	void *arg;
};

struct region {
	ph_u128 lo[PH_JOIN_DIMS], hi[PH_JOIN_DIMS];
};

struct cut {
	int dim;
	ph_u128 at;			/* the last value of the lower half */
	size_t cost;			/* pairs left, of those sampled */
};

void
ph_join_init(struct ph_arena *mem, struct ph_join_side *s, const struct ph_part *parts,
    size_t n)
{
	s->v = ph_arena_array(mem, n, sizeof(*s->v));
	s->n = n;
	for (size_t i = 0; i < n; i++) {
		s->v[i].part = &parts[i];
		for (int d = 0; d < PH_JOIN_DIMS; d++)
			s->v[i].hull[d] = parts[i].cube.d[d] == NULL ?
			    (struct ph_range){ 0, ph_dim_max((enum ph_dim)d) } :
			    ph_ranges_hull(parts[i].cube.d[d]);
	}
}

/* --- what both have --- */

static uint64_t
mix(uint64_t h, ph_u128 v)
{
	h = (h ^ (uint64_t)v ^ (uint64_t)(v >> 64)) * 0x9e3779b97f4a7c15;
	return h ^ h >> 29;
}

static uint64_t
hash_item(const struct ph_join_item *it)
{
	uint64_t h = it->part->verdict;

	for (int d = 0; d < PH_JOIN_DIMS; d++)
		h = mix(mix(h, it->hull[d].lo), it->hull[d].hi);
	return h;
}

/* Of ${s} what is not marked; the order stays. */
static void
keep_unmarked(struct ph_join_side *s, const bool *marked)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (!marked[i])
			s->v[n++] = s->v[i];
	s->n = n;
}

static void
drop_common(struct ph_arena *mem, struct ph_join_side *a, struct ph_join_side *b)
{
	size_t cap = 64;
	uint32_t *slots;
	bool *in_a = ph_arena_array(mem, a->n, sizeof(*in_a));
	bool *in_b = ph_arena_array(mem, b->n, sizeof(*in_b));

	while (cap < a->n * 2)
		cap *= 2;
	slots = ph_arena_array(mem, cap, sizeof(*slots));
	for (size_t i = 0; i < a->n; i++) {
		size_t k = hash_item(&a->v[i]) & (cap - 1);

		while (slots[k] != 0)
			k = (k + 1) & (cap - 1);
		slots[k] = (uint32_t)i + 1;
	}
	for (size_t i = 0; i < b->n; i++)
		for (size_t k = hash_item(&b->v[i]) & (cap - 1); slots[k] != 0;
		    k = (k + 1) & (cap - 1)) {
			const struct ph_part *p = a->v[slots[k] - 1].part, *q = b->v[i].part;

			if (p->verdict != q->verdict || !ph_cube_equal(&p->cube, &q->cube))
				continue;
			in_a[slots[k] - 1] = in_b[i] = true;
			break;
		}
	keep_unmarked(a, in_a);
	keep_unmarked(b, in_b);
}

/* --- those that meet --- */

static bool
one_verdict(const struct ph_join_side *a, const struct ph_join_side *b)
{
	enum ph_verdict v = a->v[0].part->verdict;

	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].part->verdict != v)
			return false;
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].part->verdict != v)
			return false;
	return true;
}

static void
compare(const struct join *j, const struct region *r, const struct ph_join_item *a,
    const struct ph_join_item *b)
{
	if (a->part->verdict == b->part->verdict)
		return;
	for (int d = 0; d < PH_JOIN_DIMS; d++) {
		const struct ph_range *x = &a->hull[d], *y = &b->hull[d];
		ph_u128 corner = x->lo > y->lo ? x->lo : y->lo;

		if (corner > x->hi || corner > y->hi || corner < r->lo[d] || corner > r->hi[d])
			return;
	}
	j->pair(j->arg, a->part, b->part);
}

static void
compare_all(const struct join *j, const struct region *r, const struct ph_join_side *a,
    const struct ph_join_side *b)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			compare(j, r, &a->v[i], &b->v[k]);
}

/* How many of the sampled pairs a cut leaves together. */
static size_t
cost_of(const struct ph_join_side *a, const struct ph_join_side *b, int dim, ph_u128 at)
{
	size_t low[2] = { 0 }, high[2] = { 0 };
	const struct ph_join_side *side[2] = { a, b };

	for (int s = 0; s < 2; s++)
		for (size_t i = 0, step = side[s]->n / SAMPLE + 1; i < side[s]->n; i += step) {
			low[s] += side[s]->v[i].hull[dim].lo <= at;
			high[s] += side[s]->v[i].hull[dim].hi > at;
		}
	return low[0] * low[1] + high[0] * high[1];
}

static size_t
sampled(size_t n)
{
	size_t step = n / SAMPLE + 1;

	return (n + step - 1) / step;
}

/* The best of cuts at the ends of some items. */
static struct cut
choose(const struct ph_join_side *a, const struct ph_join_side *b, const struct region *r)
{
	const struct ph_join_side *most = a->n > b->n ? a : b;
	struct cut best = { .dim = -1, .cost = SIZE_MAX };

	for (int d = 0; d < PH_JOIN_DIMS; d++)
		for (size_t i = 0, step = most->n / 9 + 1; i < most->n; i += step) {
			ph_u128 at = most->v[i].hull[d].hi;
			size_t cost;

			if (at < r->lo[d] || at >= r->hi[d])
				continue;
			cost = cost_of(a, b, d, at);
			if (cost < best.cost)
				best = (struct cut){ d, at, cost };
		}
	return best;
}

static struct ph_join_side
half(struct ph_arena *mem, const struct ph_join_side *s, const struct cut *c, bool upper)
{
	struct ph_join_side out = { ph_arena_array(mem, s->n, sizeof(*out.v)), 0 };

	for (size_t i = 0; i < s->n; i++)
		if (upper ? s->v[i].hull[c->dim].hi > c->at : s->v[i].hull[c->dim].lo <= c->at)
			out.v[out.n++] = s->v[i];
	return out;
}

static void
meet(const struct join *j, const struct region *r, const struct ph_join_side *a,
    const struct ph_join_side *b, int depth)
{
	struct ph_arena_mark mark = ph_arena_mark(j->mem);
	struct cut c;

	if (a->n == 0 || b->n == 0 || one_verdict(a, b))
		return;
	c.cost = SIZE_MAX;
	if (depth < MAX_DEPTH && a->n * b->n > FEW_PAIRS)
		c = choose(a, b, r);
	if (c.cost > sampled(a->n) * sampled(b->n) * 9 / 10) {
		compare_all(j, r, a, b);
		return;
	}
	for (int upper = 0; upper < 2; upper++) {
		struct ph_join_side x = half(j->mem, a, &c, upper), y = half(j->mem, b, &c, upper);
		struct region part = *r;

		if (upper)
			part.lo[c.dim] = c.at + 1;
		else
			part.hi[c.dim] = c.at;
		meet(j, &part, &x, &y, depth + 1);
		ph_arena_rewind(j->mem, mark);
	}
}

void
ph_join(struct ph_arena *mem, struct ph_join_side *a, struct ph_join_side *b,
    ph_join_pair_h pair, void *arg)
{
	struct ph_arena scratch = { .oom = mem->oom, .pages = mem->pages };
	struct join j = { .mem = &scratch, .pair = pair, .arg = arg };
	struct region all = { { 0 }, { 0 } };

	for (int d = 0; d < PH_JOIN_DIMS; d++)
		all.hi[d] = ph_dim_max((enum ph_dim)d);
	drop_common(&scratch, a, b);
	meet(&j, &all, a, b, 0);
	ph_arena_fini(&scratch);
}
