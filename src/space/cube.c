/* SPDX-License-Identifier: ISC */
#include "space/cube.h"

static const struct {
	const char *name;
	ph_u128 max;
} dims[PH_NDIMS] = {
	[PH_SRC] = { "source address", PH_U128_MAX },
	[PH_DST] = { "destination address", PH_U128_MAX },
	[PH_SPORT] = { "source port", 0xffff },
	[PH_DPORT] = { "destination port", 0xffff },
	[PH_PROTO] = { "protocol", 0xff },
	[PH_FLAGS] = { "TCP flags", 0xff },
	[PH_STATE] = { "connection state", PH_NSTATES - 1 },
	[PH_STATUS] = { "translation status", 3 },
	[PH_IIF] = { "input interface", PH_U128_MAX },
	[PH_OIF] = { "output interface", PH_U128_MAX },
	[PH_MARK] = { "packet mark", 0xffffffff },
	[PH_CTMARK] = { "connection mark", 0xffffffff },
};

ph_u128
ph_dim_max(enum ph_dim d)
{
	return dims[d].max;
}

const char *
ph_dim_name(enum ph_dim d)
{
	return dims[d].name;
}

/* Is every value that dimension ${d} can have in ${r}? */
static bool
is_any(enum ph_dim d, const struct ph_ranges *r)
{
	return r == NULL || (r->n > 0 && r->r[0].lo == 0 && r->r[0].hi >= dims[d].max);
}

static bool
dim_subset(enum ph_dim d, const struct ph_ranges *a, const struct ph_ranges *of)
{
	return ph_ranges_subset(a, of) || is_any(d, of);
}

/* ${a} without ${b}, among the values that the dimension can have. */
static const struct ph_ranges *
dim_subtract(struct ph_arena *mem, enum ph_dim d, const struct ph_ranges *a,
    const struct ph_ranges *b)
{
	if (a == NULL && dims[d].max != PH_U128_MAX)
		a = ph_ranges_one(mem, 0, dims[d].max);
	return ph_ranges_subtract(mem, a, b);
}

bool
ph_cube_empty(const struct ph_cube *c)
{
	for (int d = 0; d < PH_NDIMS; d++)
		if (ph_ranges_empty(c->d[d]))
			return true;
	return false;
}

bool
ph_cube_overlap(const struct ph_cube *a, const struct ph_cube *b)
{
	for (int d = 0; d < PH_NDIMS; d++)
		if ((a->d[d] != NULL || b->d[d] != NULL) &&
		    !ph_ranges_overlap(a->d[d], b->d[d]))
			return false;
	return true;
}

bool
ph_cube_subset(const struct ph_cube *a, const struct ph_cube *of)
{
	for (int d = 0; d < PH_NDIMS; d++)
		if (!dim_subset((enum ph_dim)d, a->d[d], of->d[d]))
			return ph_cube_empty(a);
	return true;
}

bool
ph_cube_equal(const struct ph_cube *a, const struct ph_cube *b)
{
	return ph_cube_subset(a, b) && ph_cube_subset(b, a);
}

bool
ph_cube_has(const struct ph_cube *c, const struct ph_packet *p)
{
	for (int d = 0; d < PH_NDIMS; d++)
		if (!ph_ranges_has(c->d[d], p->v[d]))
			return false;
	return true;
}

bool
ph_cube_intersect(struct ph_arena *mem, const struct ph_cube *a,
    const struct ph_cube *b, struct ph_cube *out)
{
	if (!ph_cube_overlap(a, b))
		return false;
	for (int d = 0; d < PH_NDIMS; d++)
		out->d[d] = a->d[d] == b->d[d] ? a->d[d] :
		    ph_ranges_intersect(mem, a->d[d], b->d[d]);
	return true;
}

/*
 * Dimension by dimension: what of ${a} is outside ${b} there is cut off, and the
 * inside goes on to the next.
 */
size_t
ph_cube_subtract(struct ph_arena *mem, const struct ph_cube *a,
    const struct ph_cube *b, struct ph_cube out[PH_NDIMS])
{
	struct ph_cube left = *a;
	size_t n = 0;

	if (!ph_cube_overlap(a, b)) {
		out[0] = *a;
		return 1;
	}
	for (int i = 0; i < PH_NDIMS; i++) {
		enum ph_dim d = (enum ph_dim)i;

		if (b->d[d] == NULL || dim_subset(d, left.d[d], b->d[d]))
			continue;
		out[n] = left;
		out[n++].d[d] = dim_subtract(mem, d, left.d[d], b->d[d]);
		left.d[d] = ph_ranges_intersect(mem, left.d[d], b->d[d]);
	}
	return n;
}
