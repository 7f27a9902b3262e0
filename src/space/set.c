/* SPDX-License-Identifier: ISC */
#include "space/set.h"

void
ph_set_add(struct ph_arena *mem, struct ph_set *s, const struct ph_cube *c)
{
	*PH_PUSH(mem, s->v, s->n, s->cap) = *c;
}

void
ph_set_add_all(struct ph_arena *mem, struct ph_set *s, const struct ph_set *t)
{
	for (size_t i = 0; i < t->n; i++)
		ph_set_add(mem, s, &t->v[i]);
}

void
ph_set_subtract_cube(struct ph_arena *mem, struct ph_set *s, const struct ph_cube *c)
{
	struct ph_set out = { 0 };
	bool touched = false;

	for (size_t i = 0; i < s->n && !touched; i++)
		touched = ph_cube_overlap(&s->v[i], c);
	if (!touched)
		return;
	for (size_t i = 0; i < s->n; i++) {
		struct ph_cube part[PH_NDIMS];
		size_t n = ph_cube_subtract(mem, &s->v[i], c, part);

		for (size_t k = 0; k < n; k++)
			ph_set_add(mem, &out, &part[k]);
	}
	*s = out;
}

void
ph_set_subtract(struct ph_arena *mem, struct ph_set *s, const struct ph_set *t)
{
	for (size_t i = 0; i < t->n; i++)
		ph_set_subtract_cube(mem, s, &t->v[i]);
}

void
ph_set_intersect(struct ph_arena *mem, struct ph_set *s, const struct ph_set *t)
{
	struct ph_set out = { 0 };
	struct ph_cube both;

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < t->n; k++)
			if (ph_cube_intersect(mem, &s->v[i], &t->v[k], &both))
				ph_set_add(mem, &out, &both);
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

/* Is ${c} inside the cubes from ${by} on?  Depth first. */
static bool
covered(struct ph_arena *mem, const struct ph_cube *c,
    const struct ph_cube *const *by, size_t n, struct ph_packet *witness)
{
	struct ph_cube part[PH_NDIMS];
	size_t i = 0, n_parts;

	if (ph_cube_empty(c))
		return true;
	while (i < n && !ph_cube_overlap(c, by[i]))
		i++;
	if (i == n) {
		if (witness != NULL)
			*witness = ph_cube_witness(c);
		return false;
	}
	n_parts = ph_cube_subtract(mem, c, by[i], part);
	for (size_t k = 0; k < n_parts; k++)
		if (!covered(mem, &part[k], by + i + 1, n - i - 1, witness))
			return false;
	return true;
}

bool
ph_set_covered(struct ph_arena *mem, const struct ph_cube *c,
    const struct ph_cube *const *by, size_t n, struct ph_packet *witness)
{
	return covered(mem, c, by, n, witness);
}

bool
ph_set_subset(struct ph_arena *mem, const struct ph_set *a,
    const struct ph_set *of, struct ph_packet *witness)
{
	const struct ph_cube **by = ph_arena_array(mem, of->n, sizeof(*by));

	for (size_t i = 0; i < of->n; i++)
		by[i] = &of->v[i];
	for (size_t i = 0; i < a->n; i++)
		if (!covered(mem, &a->v[i], by, of->n, witness))
			return false;
	return true;
}

bool
ph_set_equal(struct ph_arena *mem, const struct ph_set *a, const struct ph_set *b)
{
	return ph_set_subset(mem, a, b, NULL) && ph_set_subset(mem, b, a, NULL);
}

/* The one dimension in which two cubes differ; -1: none, -2: several. */
static int
differ(const struct ph_cube *a, const struct ph_cube *b)
{
	int found = -1;

	for (int d = 0; d < PH_NDIMS; d++) {
		if (ph_ranges_equal(a->d[d], b->d[d]))
			continue;
		if (found >= 0)
			return -2;
		found = d;
	}
	return found;
}

void
ph_set_simplify(struct ph_arena *mem, struct ph_set *s)
{
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < s->n; i++)
			for (size_t k = i + 1; k < s->n; k++) {
				int d = differ(&s->v[i], &s->v[k]);

				if (d == -2)
					continue;
				if (d >= 0)
					s->v[i].d[d] = ph_ranges_union(mem,
					    s->v[i].d[d], s->v[k].d[d]);
				s->v[k--] = s->v[--s->n];
				again = true;
			}
	}
}

const struct ph_ranges *
ph_set_project(struct ph_arena *mem, const struct ph_set *s, enum ph_dim d)
{
	const struct ph_ranges *all = ph_ranges_none();

	for (size_t i = 0; i < s->n; i++)
		all = ph_ranges_union(mem, all, s->v[i].d[d]);
	return all;
}
