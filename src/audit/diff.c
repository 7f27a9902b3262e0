/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "audit/audit.h"
#include "audit/join.h"

/*
 * DOC: Comparing two rulesets
 *
 * Each walk partitions the question; where a part of the one overlaps a part
 * of the other and the verdicts differ is a difference.
 */

struct pairs {
	struct ph_arena *mem;
	struct ph_diff *out;
};

static void
compare_pair(void *arg, const struct ph_part *old, const struct ph_part *new)
{
	struct pairs *p = arg;
	struct ph_difference *d;
	struct ph_cube both;

	if (!ph_cube_intersect(p->mem, &old->cube, &new->cube, &both))
		return;
	d = PH_PUSH(p->mem, p->out->v, p->out->n, p->out->cap);
	d->only_old = old->verdict == PH_OPEN || (old->verdict == PH_UNKNOWN &&
	    new->verdict == PH_BLOCKED);
	d->unknown = old->verdict == PH_UNKNOWN || new->verdict == PH_UNKNOWN;
	d->cube = both;
	d->old_part = old;
	d->new_part = new;
	d->witness = ph_cube_witness(&both);
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

static ph_u128
lowest(const struct ph_cube *c, int d)
{
	return c->d[d] == NULL ? 0 : ph_ranges_hull(c->d[d]).lo;
}

/* In the order of addresses and ports. */
static int
by_place(const void *a, const void *b)
{
	const struct ph_difference *x = a, *y = b;

	for (int d = 0; d < PH_NDIMS; d++) {
		ph_u128 p = lowest(&x->cube, d), q = lowest(&y->cube, d);

		if (p != q)
			return p < q ? -1 : 1;
	}
	return 0;
}

static void
diff_question(struct ph_arena *mem, const struct ph_ruleset *old,
    const struct ph_ruleset *new, const struct ph_question *qo,
    const struct ph_question *qn, struct ph_diff *out)
{
	struct ph_answer *a = PH_NEW(mem, struct ph_answer);
	struct ph_answer *b = PH_NEW(mem, struct ph_answer);
	struct pairs pairs = { mem, out };
	struct ph_join_side x, y;
	size_t first = out->n;

	ph_walk(mem, old, qo, a);
	ph_walk(mem, new, qn, b);
	if (qo != qn) {
		drop_named(a, qo);
		drop_named(b, qn);
	}
	ph_join_init(mem, &x, a->parts, a->n);
	ph_join_init(mem, &y, b->parts, b->n);
	ph_join(mem, &x, &y, compare_pair, &pairs);
	if (out->n > first)
		qsort(out->v + first, out->n - first, sizeof(*out->v), by_place);
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
