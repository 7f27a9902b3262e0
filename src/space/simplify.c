/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "space/set.h"

/*
 * DOC: Fewer cubes
 *
 * Two cubes that are equal in all dimensions but one are one cube.  For each
 * dimension, cubes are sorted by a hash of all others, so that those which
 * could join stand together; joined ones may join again in another dimension,
 * until nothing changes.
 */
enum { MAX_PAIRWISE = 512 };		/* larger sets are not searched for cubes in cubes */

struct key {
	uint64_t hash;
	size_t i;
};

static uint64_t
hash_ranges(const struct ph_ranges *r)
{
	return r == NULL ? 1 : ph_hash(r->r, r->n * sizeof(*r->r));
}

static uint64_t
hash_others(const uint64_t hash[PH_NDIMS], int but)
{
	uint64_t part[PH_NDIMS];

	memcpy(part, hash, sizeof(part));
	part[but] = 0;
	return ph_hash(part, sizeof(part));
}

static bool
equal_others(const struct ph_cube *a, const struct ph_cube *b, int but)
{
	for (int d = 0; d < PH_NDIMS; d++)
		if (d != but && a->d[d] != b->d[d] && !ph_ranges_equal(a->d[d], b->d[d]))
			return false;
	return true;
}

static int
by_hash(const void *x, const void *y)
{
	const struct key *a = x, *b = y;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->i < b->i ? -1 : a->i > b->i;
}

/* Every value that dimension ${d} can have is "any", so that equal is equal. */
static const struct ph_ranges *
normal(enum ph_dim d, const struct ph_ranges *r)
{
	return r != NULL && r->n == 1 && r->r[0].lo == 0 && r->r[0].hi >= ph_dim_max(d) ?
	    NULL : r;
}

/* One value list of the cubes ${k}[0..n), which differ in ${d} only. */
static const struct ph_ranges *
join_values(struct ph_arena *mem, const struct ph_set *s, const struct key *k, size_t n,
    int d)
{
	struct ph_set part = { 0 };

	part.v = ph_arena_array(mem, n, sizeof(*part.v));
	for (size_t i = 0; i < n; i++)
		part.v[part.n++].d[d] = s->v[k[i].i].d[d];
	return normal((enum ph_dim)d, ph_set_project(mem, &part, (enum ph_dim)d));
}

/* Join along dimension ${d}; the joined cube takes the place of its first part. */
static bool
join_along(struct ph_arena *mem, struct ph_set *s, int d, uint64_t (*hash)[PH_NDIMS],
    struct key *key)
{
	size_t kept = 0;
	bool any = false;

	for (size_t i = 0; i < s->n; i++)
		key[i] = (struct key){ hash_others(hash[i], d), i };
	qsort(key, s->n, sizeof(*key), by_hash);
	for (size_t i = 0, end; i < s->n; i = end) {
		struct ph_cube *first = &s->v[key[i].i];

		for (end = i + 1; end < s->n && key[end].hash == key[i].hash &&
		    equal_others(first, &s->v[key[end].i], d); end++)
			;
		if (end - i < 2)
			continue;
		first->d[d] = join_values(mem, s, key + i, end - i, d);
		hash[key[i].i][d] = hash_ranges(first->d[d]);
		for (size_t k = i + 1; k < end; k++)
			s->v[key[k].i].d[0] = ph_ranges_none();
		any = true;
	}
	for (size_t i = 0; i < s->n; i++) {
		if (ph_ranges_empty(s->v[i].d[0]))
			continue;
		memmove(hash[kept], hash[i], sizeof(*hash));
		s->v[kept++] = s->v[i];
	}
	s->n = kept;
	return any;
}

static void
drop_contained(struct ph_set *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		bool inside = false;

		for (size_t k = 0; k < s->n && !inside; k++)
			inside = k != i && !ph_cube_empty(&s->v[k]) &&
			    ph_cube_subset(&s->v[i], &s->v[k]);
		if (inside)
			s->v[i].d[0] = ph_ranges_none();
	}
	for (size_t i = 0; i < s->n; i++)
		if (!ph_cube_empty(&s->v[i]))
			s->v[kept++] = s->v[i];
	s->n = kept;
}

void
ph_set_simplify(struct ph_arena *mem, struct ph_set *s)
{
	struct ph_set out = { 0 };
	uint64_t (*hash)[PH_NDIMS];
	struct key *key;
	bool again = true;

	ph_set_add_all(mem, &out, s);
	for (size_t i = 0; i < out.n; i++)
		for (int d = 0; d < PH_NDIMS; d++)
			out.v[i].d[d] = normal((enum ph_dim)d, out.v[i].d[d]);
	if (out.n <= MAX_PAIRWISE)
		drop_contained(&out);
	hash = ph_arena_array(mem, out.n, sizeof(*hash));
	key = ph_arena_array(mem, out.n, sizeof(*key));
	for (size_t i = 0; i < out.n; i++)
		for (int d = 0; d < PH_NDIMS; d++)
			hash[i][d] = hash_ranges(out.v[i].d[d]);
	while (again && out.n > 1) {
		again = false;
		for (int d = 0; d < PH_NDIMS; d++)
			again |= join_along(mem, &out, d, hash, key);
	}
	*s = out;
}
