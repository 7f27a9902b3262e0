/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "audit/piece.h"

/* All values moved by ${by}, modulo 2^128; ${r} is bounded. */
static const struct ph_ranges *
shifted(struct ph_arena *mem, const struct ph_ranges *r, ph_u128 by)
{
	struct ph_range *v;

	if (r == NULL || r->n == 0)
		return r;
	v = ph_arena_array(mem, r->n, sizeof(*v));
	for (size_t i = 0; i < r->n; i++)
		v[i] = (struct ph_range){ r->r[i].lo + by, r->r[i].hi + by };
	return ph_ranges_from(mem, v, r->n);
}

const struct ph_ranges *
ph_piece_dim(struct ph_arena *mem, const struct ph_piece *p, enum ph_dim d)
{
	const struct ph_view *v = &p->view[d];

	switch (v->kind) {
	case PH_VIEW_SAME:
		return p->q.d[v->of];
	case PH_VIEW_SHIFT:
		return shifted(mem, p->q.d[v->of], *v->shift);
	case PH_VIEW_OWN:
		break;
	}
	return v->own;
}

/* Laid out like ph_ranges: states, flags and marks are made over and over. */
#define ONE(v) { 1, { { v, v } } }
static const struct { size_t n; struct ph_range r[1]; } small[] = {
	ONE(0), ONE(1), ONE(2), ONE(3), ONE(4), ONE(5), ONE(6), ONE(7),
};
#undef ONE

struct ph_view
ph_view_const(struct ph_arena *mem, ph_u128 value)
{
	bool is_small = value < sizeof(small) / sizeof(*small);

	return (struct ph_view){
		.kind = PH_VIEW_OWN,
		.own = is_small ? (const struct ph_ranges *)&small[value] :
		    ph_ranges_one(mem, value, value),
	};
}

enum ph_cut
ph_piece_cut_q(struct ph_arena *mem, struct ph_piece *p, enum ph_dim d,
    const struct ph_ranges *inside, struct ph_piece *out)
{
	const struct ph_ranges *all = p->q.d[d], *in;

	if (inside == NULL)
		return PH_CUT_ALL;
	if (all == NULL)
		all = ph_ranges_one(mem, 0, ph_dim_max(d));
	if (!ph_ranges_overlap(all, inside))
		return PH_CUT_NONE;
	if (ph_ranges_subset(all, inside))
		return PH_CUT_ALL;
	in = ph_ranges_intersect(mem, all, inside);
	*out = *p;
	out->q.d[d] = ph_ranges_subtract(mem, all, inside);
	p->q.d[d] = in;
	return ph_ranges_empty(out->q.d[d]) ? PH_CUT_ALL : PH_CUT_SPLIT;
}

static enum ph_cut
cut_own(const struct ph_ranges *all, const struct ph_ranges *inside)
{
	if (inside == NULL || (all != NULL && ph_ranges_subset(all, inside)))
		return PH_CUT_ALL;
	return ph_ranges_overlap(all, inside) ? PH_CUT_UNSURE : PH_CUT_NONE;
}

enum ph_cut
ph_piece_cut(struct ph_arena *mem, struct ph_piece *p, enum ph_dim d,
    const struct ph_ranges *inside, struct ph_piece *out)
{
	const struct ph_view *v = &p->view[d];

	switch (v->kind) {
	case PH_VIEW_SAME:
		return ph_piece_cut_q(mem, p, v->of, inside, out);
	case PH_VIEW_SHIFT:
		return ph_piece_cut_q(mem, p, v->of,
		    shifted(mem, inside, -*v->shift), out);
	case PH_VIEW_OWN:
		break;
	}
	return cut_own(v->own, inside);
}

void
ph_pieces_push(struct ph_pieces *s, const struct ph_piece *p)
{
	if (s->n == s->cap) {
		size_t cap = s->cap == 0 ? 64 : s->cap * 2;
		struct ph_piece *v = realloc(s->v, cap * sizeof(*v));

		if (v == NULL)
			abort();
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n] = *p;
	if (s->scratch != NULL)
		s->v[s->n].mark = ph_arena_mark(s->scratch);
	s->n++;
}
