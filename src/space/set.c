/* SPDX-License-Identifier: ISC */
#include "space/set.h"

void
ph_set_add(struct ph_arena *mem, struct ph_set *s, const struct ph_cube *c)
{
	if (!ph_cube_empty(c))
		*PH_PUSH(mem, s->v, s->n, s->cap) = *c;
}

void
ph_set_add_all(struct ph_arena *mem, struct ph_set *s, const struct ph_set *t)
{
	size_t n = t->n;		/* ${t} may be ${s} */

	for (size_t i = 0; i < n; i++) {
		struct ph_cube c = t->v[i];

		ph_set_add(mem, s, &c);
	}
}

static bool
touches(const struct ph_set *s, const struct ph_cube *c)
{
	for (size_t i = 0; i < s->n; i++)
		if (ph_cube_overlap(&s->v[i], c))
			return true;
	return false;
}

/* Append ${s} without ${c} to ${out}. */
static void
subtract_into(struct ph_arena *mem, const struct ph_set *s, const struct ph_cube *c,
    struct ph_set *out)
{
	struct ph_cube piece[PH_NDIMS];

	for (size_t i = 0; i < s->n; i++) {
		size_t n = ph_cube_subtract(mem, &s->v[i], c, piece);

		for (size_t k = 0; k < n; k++)
			*PH_PUSH(mem, out->v, out->n, out->cap) = piece[k];
	}
}

/* The array of *${s} may be shared with a copy of it: never changed in place. */
void
ph_set_subtract_cube(struct ph_arena *mem, struct ph_set *s, const struct ph_cube *c)
{
	struct ph_set out = { 0 };

	if (!touches(s, c))
		return;
	subtract_into(mem, s, c, &out);
	*s = out;
}

void
ph_set_subtract(struct ph_arena *mem, struct ph_set *s, const struct ph_set *t)
{
	struct ph_set left = *s, buf[2] = { 0 };
	unsigned k = 0;

	for (size_t i = 0; i < t->n && left.n > 0; i++) {
		if (!touches(&left, &t->v[i]))
			continue;
		buf[k].n = 0;
		subtract_into(mem, &left, &t->v[i], &buf[k]);
		left = buf[k];
		k ^= 1;
	}
	*s = left;
}

/* What of ${t} overlaps an earlier cube of ${t} is not taken twice. */
void
ph_set_intersect(struct ph_arena *mem, struct ph_set *s, const struct ph_set *t)
{
	struct ph_set out = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		struct ph_set both = { 0 };
		struct ph_cube c;

		for (size_t k = 0; k < s->n; k++)
			if (ph_cube_intersect(mem, &s->v[k], &t->v[i], &c))
				*PH_PUSH(mem, both.v, both.n, both.cap) = c;
		for (size_t k = 0; k < i && both.n > 0; k++)
			ph_set_subtract_cube(mem, &both, &t->v[k]);
		ph_set_add_all(mem, &out, &both);
	}
	*s = out;
}

bool
ph_set_empty(const struct ph_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!ph_cube_empty(&s->v[i]))
			return false;
	return true;
}

bool
ph_set_has(const struct ph_set *s, const struct ph_packet *p)
{
	for (size_t i = 0; i < s->n; i++)
		if (ph_cube_has(&s->v[i], p))
			return true;
	return false;
}

bool
ph_set_subset(struct ph_arena *mem, const struct ph_set *a, const struct ph_set *of,
    struct ph_packet *witness)
{
	const struct ph_cube **by = ph_arena_array(mem, of->n, sizeof(struct ph_cube *));

	for (size_t i = 0; i < of->n; i++)
		by[i] = &of->v[i];
	for (size_t i = 0; i < a->n; i++)
		if (!ph_set_covered(mem, &a->v[i], by, of->n, witness))
			return false;
	return true;
}

bool
ph_set_equal(struct ph_arena *mem, const struct ph_set *a, const struct ph_set *b)
{
	return ph_set_subset(mem, a, b, NULL) && ph_set_subset(mem, b, a, NULL);
}

const struct ph_ranges *
ph_set_project(struct ph_arena *mem, const struct ph_set *s, enum ph_dim d)
{
	struct ph_range *v;
	size_t n = 0, k = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (ph_cube_empty(&s->v[i]))
			continue;
		if (s->v[i].d[d] == NULL)
			return NULL;
		n += s->v[i].d[d]->n;
	}
	v = ph_arena_array(mem, n, sizeof(*v));
	for (size_t i = 0; i < s->n; i++)
		if (!ph_cube_empty(&s->v[i]))
			for (size_t j = 0; j < s->v[i].d[d]->n; j++)
				v[k++] = s->v[i].d[d]->r[j];
	return ph_ranges_from(mem, v, n);
}
