/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "audit/shape.h"

enum {
	MAX_MASK_RANGES = 4096,
	MAX_TUPLES = 4096,		/* of a negated list, after taking it out */
};

static bool
is_connection_dim(enum ph_dim d)
{
	return d == PH_CTMARK || d == PH_STATUS;
}

bool
ph_shape_plain(const struct ph_rule *r, struct ph_cube *out)
{
	*out = (struct ph_cube){ 0 };
	for (size_t i = 0; i < r->n_conds; i++) {
		const struct ph_cond *c = &r->conds[i];

		if (c->kind == PH_COND_TUPLES || c->kind == PH_COND_MASK)
			return false;
		if (c->kind != PH_COND_RANGES)
			continue;
		if (c->neg || out->d[c->dim] != NULL)
			return false;
		out->d[c->dim] = c->ranges;
	}
	return true;
}

/* Narrow one dimension; false when nothing is left. */
static bool
narrow(struct ph_arena *mem, struct ph_shape *s, enum ph_dim d, const struct ph_ranges *r,
    struct ph_span at)
{
	s->one.d[d] = ph_ranges_intersect(mem, s->one.d[d], r);
	if (!ph_ranges_empty(s->one.d[d]))
		return true;
	s->empty = true;
	s->clash = d;
	s->clash_at = at;
	return false;
}

static const struct ph_ranges *
all_but(struct ph_arena *mem, enum ph_dim d, const struct ph_ranges *r)
{
	return ph_ranges_subtract(mem, ph_ranges_one(mem, 0, ph_dim_max(d)), r);
}

static bool
add_ranges(struct ph_arena *mem, struct ph_shape *s, const struct ph_cond *c)
{
	s->of_connection |= is_connection_dim(c->dim);
	return narrow(mem, s, c->dim, c->neg ? all_but(mem, c->dim, c->ranges) : c->ranges,
	    c->at);
}

static bool
add_mask(struct ph_arena *mem, struct ph_shape *s, const struct ph_cond *c)
{
	struct ph_range within = ph_ranges_hull(s->one.d[c->dim]);
	bool v4 = !c->v6 && (c->dim == PH_SRC || c->dim == PH_DST);
	const struct ph_ranges *r;

	if (!ph_ranges_masked(mem, c->masked->value, c->masked->mask, c->v6 ? 128 : 32,
	    v4 ? PH_V4_BASE : 0, within, MAX_MASK_RANGES, &r)) {
		s->exact = false;
		return true;
	}
	return narrow(mem, s, c->dim, c->neg ? all_but(mem, c->dim, r) : r, c->at);
}

/* The parts of ${s} in each tuple; where tuples overlap, so do they. */
static void
keep_tuples(struct ph_arena *mem, struct ph_set *s, const struct ph_set *tuples)
{
	struct ph_set in = { 0 };
	struct ph_cube c;

	for (size_t i = 0; i < tuples->n; i++)
		for (size_t k = 0; k < s->n; k++)
			if (ph_cube_intersect(mem, &s->v[k], &tuples->v[i], &c))
				ph_set_add(mem, &in, &c);
	*s = in;
}

/* Tuples come last: they cut what the other conditions left into several cubes. */
static void
add_tuples(struct ph_arena *mem, struct ph_shape *s, const struct ph_cond *c)
{
	struct ph_set left = { 0 };

	if (s->many != NULL)
		left = *s->many;
	else
		ph_set_add(mem, &left, &s->one);
	if (!c->neg)
		keep_tuples(mem, &left, c->tuples);
	for (size_t i = 0; c->neg && i < c->tuples->n; i++) {
		ph_set_subtract_cube(mem, &left, &c->tuples->v[i]);
		if (left.n > MAX_TUPLES) {
			s->exact = false;
			return;
		}
	}
	s->empty = left.n == 0;
	s->clash_at = c->at;
	s->clash = PH_NDIMS;
	s->many = memcpy(PH_NEW(mem, struct ph_set), &left, sizeof(left));
}

void
ph_shape_of(struct ph_arena *mem, const struct ph_rule *r, const struct ph_cube *within,
    struct ph_shape *s)
{
	*s = (struct ph_shape){ .one = *within, .exact = true };
	for (size_t i = 0; i < r->n_conds && !s->empty; i++) {
		const struct ph_cond *c = &r->conds[i];

		if (c->kind == PH_COND_RANGES)
			add_ranges(mem, s, c);
		else if (c->kind == PH_COND_MASK)
			add_mask(mem, s, c);
		else if (c->kind != PH_COND_TUPLES)
			s->exact = false;
	}
	for (size_t i = 0; i < r->n_conds && !s->empty; i++)
		if (r->conds[i].kind == PH_COND_TUPLES)
			add_tuples(mem, s, &r->conds[i]);
}

const struct ph_cube *
ph_shape_cubes(const struct ph_shape *s, size_t *n)
{
	*n = s->many != NULL ? s->many->n : 1;
	return s->many != NULL ? s->many->v : &s->one;
}

bool
ph_shape_ends(const struct ph_rule *r)
{
	static const bool ends[PH_ACT_NOTE + 1] = {
		[PH_ACT_ACCEPT] = true, [PH_ACT_DROP] = true, [PH_ACT_REJECT] = true,
		[PH_ACT_GOTO] = true, [PH_ACT_RETURN] = true, [PH_ACT_SNAT] = true,
		[PH_ACT_DNAT] = true, [PH_ACT_MASQUERADE] = true, [PH_ACT_REDIRECT] = true,
	};

	for (size_t i = 0; i < r->n_acts; i++)
		if (ends[r->acts[i].kind])
			return true;
	return false;
}

static bool
is_counter(const struct ph_act *a)
{
	return a->kind == PH_ACT_NOTE && a->text != NULL && strncmp(a->text, "counter", 7) == 0;
}

enum ph_act_kind
ph_shape_verdict(const struct ph_rule *r)
{
	enum ph_act_kind k = PH_ACT_NOTE;

	for (size_t i = 0; i < r->n_acts; i++) {
		const struct ph_act *a = &r->acts[i];

		if (is_counter(a))
			continue;
		if (k != PH_ACT_NOTE || a->kind > PH_ACT_REJECT)
			return PH_ACT_NOTE;
		k = a->kind;
	}
	return k;
}
