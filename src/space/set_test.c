/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "space/set.h"

/*
 * The twin of a packet set is a table of all its points: each dimension is cut
 * into a few cells at random places, cubes are made of whole cells, and a set is
 * the list of cells of the grid that it holds.  Every answer is looked at in two
 * opposite corners of every cell, so that one that is off by one shows.
 */
enum { CELLS = 4, ACTIVE = 4, POINTS = 256 /* CELLS ^ ACTIVE */, ROUNDS = 700 };

struct grid {
	struct ph_arena mem;
	enum ph_dim dim[ACTIVE];
	struct ph_range cell[ACTIVE][CELLS];
};

struct twin {
	bool at[POINTS];
};

static uint64_t
rnd(uint64_t n)
{
	static uint64_t s;

	if (s == 0) {
		const char *given = getenv("PH_SEED");

		s = given != NULL ? strtoull(given, NULL, 0) : 20250103;
		printf("# PH_SEED=%llu\n", (unsigned long long)s);
	}
	s = s * 6364136223846793005U + 1442695040888963407U;
	return (s >> 33) % n;
}

static ph_u128
rnd_value(enum ph_dim d)
{
	ph_u128 max = ph_dim_max(d), v = 0;

	if (max != PH_U128_MAX)
		return rnd((uint64_t)max + 1);
	for (int i = 0; i < 5; i++)
		v = v << 31 | rnd(1U << 31);
	/* addresses of both families, some of them neighbours */
	return rnd(2) ? PH_V4(v) : rnd(4) ? v : PH_V4_BASE - 1 - rnd(3);
}

/* Distinct first values of all cells but the first; false when they clash. */
static bool
cut(struct grid *g, size_t k)
{
	ph_u128 at[CELLS] = { 0 };

	for (size_t i = 1; i < CELLS; i++)
		at[i] = rnd_value(g->dim[k]);
	for (size_t i = 1; i < CELLS; i++)
		for (size_t j = i + 1; j < CELLS; j++)
			if (at[j] < at[i]) {
				ph_u128 t = at[i];

				at[i] = at[j];
				at[j] = t;
			}
	for (size_t i = 0; i < CELLS; i++) {
		if (i > 0 && at[i] == at[i - 1])
			return false;
		g->cell[k][i].lo = at[i];
		g->cell[k][i].hi = i + 1 < CELLS ? at[i + 1] - 1 : ph_dim_max(g->dim[k]);
	}
	return true;
}

static void
grid_init(struct grid *g)
{
	unsigned used = 0;

	*g = (struct grid){ 0 };
	for (size_t k = 0; k < ACTIVE; k++) {
		do
			g->dim[k] = (enum ph_dim)rnd(PH_NDIMS);
		while (used >> g->dim[k] & 1);
		used |= 1U << g->dim[k];
		while (!cut(g, k))
			;
	}
}

static struct ph_packet
corner(const struct grid *g, size_t point, bool high)
{
	struct ph_packet p = { 0 };

	for (size_t k = 0; k < ACTIVE; k++, point /= CELLS) {
		const struct ph_range *c = &g->cell[k][point % CELLS];

		p.v[g->dim[k]] = high ? c->hi : c->lo;
	}
	return p;
}

/* Some cells of each dimension; all of them as NULL or spelled out. */
static struct ph_cube
rnd_cube(struct grid *g, struct twin *t)
{
	unsigned in[ACTIVE];
	struct ph_cube c = { 0 };

	for (size_t k = 0; k < ACTIVE; k++) {
		struct ph_range v[CELLS];
		size_t n = 0;

		in[k] = rnd(3) == 0 ? 15 : 1 + (unsigned)rnd(15);
		for (size_t i = 0; i < CELLS; i++)
			if (in[k] >> i & 1)
				v[n++] = g->cell[k][i];
		if (in[k] != 15 || rnd(2) == 0)
			c.d[g->dim[k]] = ph_ranges_from(&g->mem, v, n);
	}
	for (size_t i = 0; i < POINTS; i++) {
		size_t rest = i;
		bool inside = true;

		for (size_t k = 0; k < ACTIVE; k++, rest /= CELLS)
			inside &= in[k] >> rest % CELLS & 1;
		t->at[i] |= inside;
	}
	return c;
}

static struct ph_set
rnd_set(struct grid *g, struct twin *t, size_t max)
{
	struct ph_set s = { 0 };
	size_t n = rnd(max + 1);

	*t = (struct twin){ 0 };
	for (size_t i = 0; i < n; i++) {
		struct ph_cube c = rnd_cube(g, t);

		ph_set_add(&g->mem, &s, &c);
	}
	return s;
}

static void
assert_same(const struct grid *g, const struct ph_set *s, const struct twin *t)
{
	bool any = false;

	for (size_t i = 0; i < POINTS; i++) {
		struct ph_packet lo = corner(g, i, false), hi = corner(g, i, true);

		assert_int_equal(ph_set_has(s, &lo), t->at[i]);
		assert_int_equal(ph_set_has(s, &hi), t->at[i]);
		any |= t->at[i];
	}
	assert_int_equal(ph_set_empty(s), !any);
}

static void
assert_disjoint(const struct ph_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < i; k++)
			assert_false(ph_cube_overlap(&s->v[i], &s->v[k]));
}

/* Without overlaps inside: what each cube adds to those before it. */
static struct ph_set
disjoint(struct grid *g, const struct ph_set *s)
{
	struct ph_set out = { 0 };

	for (size_t i = 0; i < s->n; i++) {
		struct ph_set one = { 0 };

		ph_set_add(&g->mem, &one, &s->v[i]);
		ph_set_subtract(&g->mem, &one, &out);
		ph_set_add_all(&g->mem, &out, &one);
	}
	return out;
}

static struct twin
combine(const struct twin *a, const struct twin *b, char op)
{
	struct twin t;

	for (size_t i = 0; i < POINTS; i++)
		t.at[i] = op == '|' ? a->at[i] || b->at[i] :
		    op == '&' ? a->at[i] && b->at[i] : a->at[i] && !b->at[i];
	return t;
}

static void
check_algebra(struct grid *g, const struct ph_set *a, const struct twin *ta,
    const struct ph_set *b, const struct twin *tb)
{
	struct ph_set u = *a, i = *a, m = *a, d = disjoint(g, a);
	struct twin tu = combine(ta, tb, '|'), ti = combine(ta, tb, '&');
	struct twin tm = combine(ta, tb, '-');

	ph_set_add_all(&g->mem, &u, b);
	assert_same(g, &u, &tu);
	ph_set_intersect(&g->mem, &i, b);
	assert_same(g, &i, &ti);
	ph_set_subtract(&g->mem, &m, b);
	assert_same(g, &m, &tm);
	assert_same(g, a, ta);		/* copies did not change what they came from */
	assert_disjoint(&d);
	assert_same(g, &d, ta);
	m = d;
	ph_set_subtract(&g->mem, &m, b);
	assert_disjoint(&m);
	assert_same(g, &m, &tm);
	i = d;
	ph_set_intersect(&g->mem, &i, b);
	assert_disjoint(&i);
	assert_same(g, &i, &ti);
	ph_set_simplify(&g->mem, &d);
	assert_disjoint(&d);
	assert_same(g, &d, ta);
}

static void
check_relations(struct grid *g, const struct ph_set *a, const struct twin *ta,
    const struct ph_set *b, const struct twin *tb)
{
	struct twin more = combine(ta, tb, '-'), other = combine(tb, ta, '-');
	bool inside = !memchr(more.at, true, sizeof(more.at));
	bool back = !memchr(other.at, true, sizeof(other.at));
	struct ph_packet w;

	assert_int_equal(ph_set_subset(&g->mem, a, b, &w), inside);
	if (!inside) {
		assert_true(ph_set_has(a, &w));
		assert_false(ph_set_has(b, &w));
	}
	assert_int_equal(ph_set_equal(&g->mem, a, b), inside && back);
}

static void
check_simplify(struct grid *g, const struct ph_set *a, const struct twin *ta)
{
	struct ph_set s = *a;

	ph_set_simplify(&g->mem, &s);
	assert_true(s.n <= a->n);
	assert_same(g, &s, ta);
	assert_true(ph_set_equal(&g->mem, a, &s));
}

static void
check_project(struct grid *g, const struct ph_set *a, const struct twin *ta)
{
	for (size_t k = 0, step = 1; k < ACTIVE; k++, step *= CELLS) {
		const struct ph_ranges *r = ph_set_project(&g->mem, a, g->dim[k]);
		bool in[CELLS] = { false };

		for (size_t i = 0; i < POINTS; i++)
			in[i / step % CELLS] |= ta->at[i];
		for (size_t c = 0; c < CELLS; c++) {
			assert_int_equal(ph_ranges_has(r, g->cell[k][c].lo), in[c]);
			assert_int_equal(ph_ranges_has(r, g->cell[k][c].hi), in[c]);
		}
	}
}

static void
test_sets(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct twin ta, tb;
		struct ph_set a, b;
		struct grid g;

		grid_init(&g);
		a = rnd_set(&g, &ta, 5);
		b = rnd_set(&g, &tb, i % 3 ? 6 : 20);
		check_algebra(&g, &a, &ta, &b, &tb);
		check_relations(&g, &a, &ta, &b, &tb);
		check_simplify(&g, &a, &ta);
		check_simplify(&g, &b, &tb);
		check_project(&g, &b, &tb);
		ph_arena_fini(&g.mem);
	}
}

static void
check_two(struct grid *g, const struct ph_cube *a, const struct twin *ta,
    const struct ph_cube *b, const struct twin *tb)
{
	struct twin both = combine(ta, tb, '&'), less = combine(ta, tb, '-'), t = { 0 };
	bool overlap = memchr(both.at, true, sizeof(both.at)) != NULL;
	bool subset = memchr(less.at, true, sizeof(less.at)) == NULL;
	struct ph_cube out[PH_NDIMS], c = *a;
	struct ph_set s = { 0 };
	struct ph_packet w = ph_cube_witness(a);

	assert_true(ph_cube_has(a, &w));
	assert_int_equal(ph_cube_overlap(a, b), overlap);
	assert_int_equal(ph_cube_subset(a, b), subset);
	assert_int_equal(ph_cube_equal(a, b), memcmp(ta, tb, sizeof(*ta)) == 0);
	assert_int_equal(ph_cube_intersect(&g->mem, &c, b, &c), overlap);
	if (overlap) {
		ph_set_add(&g->mem, &s, &c);
		t = both;
	}
	assert_same(g, &s, &t);
	s = (struct ph_set){ out, ph_cube_subtract(&g->mem, a, b, out), PH_NDIMS };
	assert_same(g, &s, &less);
	assert_disjoint(&s);
}

static void
test_cubes(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct twin ta = { 0 }, tb = { 0 };
		struct ph_cube a, b;
		struct grid g;

		grid_init(&g);
		a = rnd_cube(&g, &ta);
		b = rnd_cube(&g, &tb);
		check_two(&g, &a, &ta, &b, &tb);
		check_two(&g, &a, &ta, &a, &ta);
		ph_arena_fini(&g.mem);
	}
}

/* Empty cubes are in everything, hold nothing and are not kept. */
static void
test_empty(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_cube none = { .d = { [PH_PROTO] = ph_ranges_none() } }, any = { 0 };
	const struct ph_cube *by = &none;
	struct ph_set s = { 0 };
	struct ph_packet w;

	(void)state;
	ph_set_add(&mem, &s, &none);
	assert_int_equal(s.n, 0);
	assert_true(ph_cube_empty(&none) && !ph_cube_empty(&any));
	assert_true(ph_cube_subset(&none, &any) && !ph_cube_subset(&any, &none));
	assert_false(ph_cube_overlap(&none, &any));
	assert_true(ph_set_covered(&mem, &none, NULL, 0, NULL));
	assert_false(ph_set_covered(&mem, &any, &by, 1, &w));
	assert_true(ph_set_empty(&s) && ph_set_subset(&mem, &s, &s, NULL));
	assert_true(ph_ranges_empty(ph_set_project(&mem, &s, PH_SRC)));
	ph_arena_fini(&mem);
}

/* 4096 hosts times ports in random order become one cube again. */
static void
test_simplify_joins(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_set s = { 0 };

	(void)state;
	for (unsigned i = 0; i < 4096; i++) {
		unsigned k = i * 2654435761U % 4096;
		struct ph_cube c = { 0 };

		c.d[PH_DST] = ph_ranges_one(&mem, PH_V4(k / 64), PH_V4(k / 64));
		c.d[PH_DPORT] = ph_ranges_one(&mem, k % 64 * 1024, k % 64 * 1024 + 1023);
		ph_set_add(&mem, &s, &c);
	}
	ph_set_simplify(&mem, &s);
	assert_int_equal(s.n, 1);
	assert_true(ph_ranges_hull(s.v[0].d[PH_DST]).hi == PH_V4(63));
	assert_null(s.v[0].d[PH_DPORT]);
	ph_arena_fini(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cubes),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_simplify_joins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
