/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "audit/join.h"

/* Pairs that meet, against comparing each with each. */

enum { RUNS = 200, MOST = 400, WIDE = 64 };

static uint64_t seed_state;

static unsigned
rnd(unsigned n)
{
	seed_state = seed_state * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(seed_state >> 33) % n;
}

struct told {
	const struct ph_part *a, *b;	/* the first of each */
	size_t n_b;
	unsigned char *times;		/* a × b */
};

static void
tell(void *arg, const struct ph_part *a, const struct ph_part *b)
{
	struct told *t = arg;

	t->times[(size_t)(a - t->a) * t->n_b + (size_t)(b - t->b)]++;
}

/* Fall apart into boxes that do not overlap, one dimension after another. */
static void
split(struct ph_arena *mem, struct ph_part *v, size_t *n, struct ph_cube c, size_t want)
{
	int d = (int)rnd(PH_JOIN_DIMS);
	const struct ph_range *r = c.d[d]->r;
	size_t first = want / 2 + (want > 1 ? rnd((unsigned)want) / 2 : 0);
	ph_u128 at = r->lo + rnd((unsigned)(r->hi - r->lo) + 1);
	struct ph_cube low = c, high = c;

	if (want <= 1 || at >= r->hi) {
		v[*n].verdict = (enum ph_verdict)(rnd(5) == 0 ? PH_UNKNOWN : rnd(2) * PH_BLOCKED);
		v[(*n)++].cube = c;
		return;
	}
	low.d[d] = ph_ranges_one(mem, r->lo, at);
	high.d[d] = ph_ranges_one(mem, at + 1, r->hi);
	split(mem, v, n, low, first);
	split(mem, v, n, high, want - first);
}

static size_t
random_side(struct ph_arena *mem, struct ph_part *v)
{
	struct ph_cube all = { 0 };
	size_t n = 0;

	for (int d = 0; d < PH_JOIN_DIMS; d++)
		all.d[d] = ph_ranges_one(mem, 0, WIDE);
	split(mem, v, &n, all, 1 + rnd(MOST - 1));
	return n;
}

/* Each with each; pairs that both sides have alike need not be told. */
static void
check(const struct told *t, size_t n_a)
{
	for (size_t i = 0; i < n_a; i++)
		for (size_t k = 0; k < t->n_b; k++) {
			bool differ = t->a[i].verdict != t->b[k].verdict &&
			    ph_cube_overlap(&t->a[i].cube, &t->b[k].cube);

			assert_int_equal(t->times[i * t->n_b + k], differ);
		}
}

static void
test_twin(void **state)
{
	const char *given = getenv("PH_SEED");

	(void)state;
	seed_state = given != NULL ? strtoull(given, NULL, 10) : 20250101;
	print_message("# PH_SEED=%llu\n", (unsigned long long)seed_state);
	for (int run = 0; run < RUNS; run++) {
		static struct ph_part a[MOST], b[MOST];
		struct ph_arena mem = { 0 };
		struct ph_join_side x, y;
		size_t n_a = random_side(&mem, a), n_b = random_side(&mem, b);
		struct told t = { a, b, n_b, ph_arena_alloc(&mem, n_a * n_b) };

		if (run % 4 == 0) {		/* mostly alike */
			memcpy(b, a, sizeof(a));
			n_b = t.n_b = n_a;
			b[rnd((unsigned)n_b)].verdict = PH_OPEN;
			t.times = ph_arena_alloc(&mem, n_a * n_b);
		}
		ph_join_init(&mem, &x, a, n_a);
		ph_join_init(&mem, &y, b, n_b);
		ph_join(&mem, &x, &y, tell, &t);
		check(&t, n_a);
		ph_arena_fini(&mem);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_twin) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
