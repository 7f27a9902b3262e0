/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "audit/audit.h"

/*
 * DOC: Comparing two rulesets
 *
 * Each walk partitions the question; where a part of the one overlaps a part
 * of the other and the verdicts differ is a difference.  Overlapping pairs are
 * found by a sweep over one dimension, the one in which parts are narrowest;
 * parts that are open at a point of the sweep are compared in the others.
 */

struct item {
	const struct ph_part *part;
	struct ph_range hull[PH_NDIMS];
	bool new;
};

struct sweep {
	struct ph_arena *mem;
	enum ph_dim dim;
	struct item *v;
	size_t n;
	const struct item **open[2];	/* by item.new */
	size_t n_open[2];
	struct ph_diff *out;
};

static void
items_add(struct item *v, const struct ph_answer *a, bool new)
{
	for (size_t i = 0; i < a->n; i++) {
		v[i] = (struct item){ .part = &a->parts[i], .new = new };
		for (int d = 0; d < PH_NDIMS; d++)
			v[i].hull[d] = a->parts[i].cube.d[d] == NULL ?
			    (struct ph_range){ 0, ph_dim_max((enum ph_dim)d) } :
			    ph_ranges_hull(a->parts[i].cube.d[d]);
	}
}

/* How many of a sample of pairs overlap in a dimension. */
static size_t
overlaps(const struct item *v, size_t n, int d)
{
	size_t step = n / 64 + 1, count = 0;

	for (size_t i = 0; i < n; i += step)
		for (size_t k = 0; k < n; k += step)
			count += v[i].hull[d].lo <= v[k].hull[d].hi &&
			    v[k].hull[d].lo <= v[i].hull[d].hi;
	return count;
}

static enum ph_dim
narrowest(const struct item *v, size_t n)
{
	enum ph_dim best = PH_SRC;

	for (int d = PH_DST; d <= PH_DPORT; d++)
		if (overlaps(v, n, d) < overlaps(v, n, (int)best))
			best = (enum ph_dim)d;
	return best;
}

static int
compare(const void *a, const void *b, void *arg)
{
	const struct item *x = a, *y = b;
	enum ph_dim d = *(const enum ph_dim *)arg;

	return x->hull[d].lo < y->hull[d].lo ? -1 : x->hull[d].lo > y->hull[d].lo;
}

static bool
hulls_touch(const struct item *a, const struct item *b)
{
	for (int d = 0; d < PH_NDIMS; d++)
		if (a->hull[d].lo > b->hull[d].hi || b->hull[d].lo > a->hull[d].hi)
			return false;
	return true;
}

static void
compare_pair(struct sweep *s, const struct item *a, const struct item *b)
{
	const struct ph_part *old = a->new ? b->part : a->part;
	const struct ph_part *new = a->new ? a->part : b->part;
	struct ph_difference *d;
	struct ph_cube both;

	if (old->verdict == new->verdict || !hulls_touch(a, b) ||
	    !ph_cube_intersect(s->mem, &old->cube, &new->cube, &both))
		return;
	d = PH_PUSH(s->mem, s->out->v, s->out->n, s->out->cap);
	d->only_old = old->verdict == PH_OPEN || (old->verdict == PH_UNKNOWN &&
	    new->verdict == PH_BLOCKED);
	d->unknown = old->verdict == PH_UNKNOWN || new->verdict == PH_UNKNOWN;
	d->cube = both;
	d->old_part = old;
	d->new_part = new;
	d->witness = ph_cube_witness(&both);
}

/* Compare with what is open on the other side; forget what the sweep has passed. */
static void
meet(struct sweep *s, const struct item *it)
{
	const struct item **other = s->open[!it->new];
	size_t *n = &s->n_open[!it->new], kept = 0;

	for (size_t i = 0; i < *n; i++) {
		if (other[i]->hull[s->dim].hi < it->hull[s->dim].lo)
			continue;
		other[kept++] = other[i];
		compare_pair(s, it, other[i]);
	}
	*n = kept;
	s->open[it->new][s->n_open[it->new]++] = it;
}

/* Leave out interfaces that the question named; others stay what they are. */
static void
drop_named(struct ph_answer *a, const struct ph_question *q)
{
	for (size_t i = 0; i < a->n; i++) {
		if (q->iif != NULL)
			a->parts[i].cube.d[PH_IIF] = NULL;
		if (q->oif != NULL)
			a->parts[i].cube.d[PH_OIF] = NULL;
	}
}

static void
diff_question(struct ph_arena *mem, const struct ph_ruleset *old,
    const struct ph_ruleset *new, const struct ph_question *qo,
    const struct ph_question *qn, struct ph_diff *out)
{
	struct ph_answer *a = PH_NEW(mem, struct ph_answer);
	struct ph_answer *b = PH_NEW(mem, struct ph_answer);
	struct sweep s = { .mem = mem, .out = out };

	ph_walk(mem, old, qo, a);
	ph_walk(mem, new, qn, b);
	if (qo != qn) {
		drop_named(a, qo);
		drop_named(b, qn);
	}
	s.n = a->n + b->n;
	s.v = ph_arena_array(mem, s.n, sizeof(*s.v));
	items_add(s.v, a, false);
	items_add(s.v + a->n, b, true);
	s.dim = narrowest(s.v, s.n);
	qsort_r(s.v, s.n, sizeof(*s.v), compare, &s.dim);
	s.open[0] = ph_arena_array(mem, s.n, sizeof(*s.open[0]));
	s.open[1] = ph_arena_array(mem, s.n, sizeof(*s.open[1]));
	for (size_t i = 0; i < s.n; i++)
		meet(&s, &s.v[i]);
}

void
ph_diff_run(struct ph_arena *mem, const struct ph_ruleset *old,
    const struct ph_ruleset *new, const struct ph_question *q, size_t n,
    struct ph_diff *out)
{
	ph_diff_pairs(mem, &(struct ph_diff_side){ old, q },
	    &(struct ph_diff_side){ new, q }, n, out);
}

void
ph_diff_pairs(struct ph_arena *mem, const struct ph_diff_side *old,
    const struct ph_diff_side *new, size_t n, struct ph_diff *out)
{
	*out = (struct ph_diff){ 0 };
	for (size_t i = 0; i < n; i++) {
		size_t first = out->n;

		diff_question(mem, old->rs, new->rs, &old->q[i], &new->q[i], out);
		for (size_t k = first; k < out->n; k++)
			out->v[k].question = i;
	}
}
