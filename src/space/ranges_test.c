/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "space/ranges.h"

/*
 * The twin of a range list is a bit vector over a small window of the number
 * line: all pairs of all subsets of six numbers, at both ends of the line and
 * where IPv6 ends and IPv4 begins, and random subsets of 64.
 */
enum { SMALL = 6, LARGE = 64, ROUNDS = 4000 };

static const ph_u128 window_at[] = {
	0, 1000, PH_V4_BASE - 3, PH_U128_MAX - (SMALL - 1),
};

static uint64_t
rnd(void)
{
	static uint64_t s;

	if (s == 0) {
		const char *given = getenv("PH_SEED");

		s = given != NULL ? strtoull(given, NULL, 0) : 20250102;
		printf("# PH_SEED=%llu\n", (unsigned long long)s);
	}
	s = s * 6364136223846793005U + 1442695040888963407U;
	return s >> 32 | s << 32;
}

static const struct ph_ranges *
list_of(struct ph_arena *mem, uint64_t bits, ph_u128 base)
{
	struct ph_range v[LARGE];
	size_t n = 0;

	/* out of order and touching, to be sorted and joined */
	for (unsigned i = LARGE; i-- > 0;)
		if (bits >> i & 1)
			v[n++] = (struct ph_range){ base + i, base + i };
	return ph_ranges_from(mem, v, n);
}

static void
assert_canonical(const struct ph_ranges *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->n; i++) {
		assert_true(a->r[i].lo <= a->r[i].hi);
		if (i > 0)
			assert_true(a->r[i].lo > a->r[i - 1].hi + 1);
	}
}

/* Is ${a} exactly ${bits} in the window, and ${outside} everywhere else? */
static void
assert_bits(const struct ph_ranges *a, uint64_t bits, ph_u128 base, unsigned n, bool outside)
{
	assert_canonical(a);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(ph_ranges_has(a, base + i), bits >> i & 1);
	if (base > 0)
		assert_int_equal(ph_ranges_has(a, base - 1), outside);
	if (base + (n - 1) != PH_U128_MAX)
		assert_int_equal(ph_ranges_has(a, base + n), outside);
}

static void
check_pair(struct ph_arena *mem, uint64_t x, uint64_t y, ph_u128 base, unsigned n)
{
	const struct ph_ranges *a = list_of(mem, x, base), *b = list_of(mem, y, base);

	assert_bits(a, x, base, n, false);
	assert_bits(ph_ranges_union(mem, a, b), x | y, base, n, false);
	assert_bits(ph_ranges_intersect(mem, a, b), x & y, base, n, false);
	assert_bits(ph_ranges_subtract(mem, a, b), x & ~y, base, n, false);
	assert_bits(ph_ranges_subtract(mem, ph_ranges_complement(mem, a),
	    ph_ranges_complement(mem, b)), y & ~x, base, n, false);
	assert_bits(ph_ranges_union(mem, ph_ranges_complement(mem, a), b), ~x | y, base, n,
	    true);
	assert_int_equal(ph_ranges_overlap(a, b), (x & y) != 0);
	assert_int_equal(ph_ranges_subset(a, b), (x & ~y) == 0);
	assert_int_equal(ph_ranges_equal(a, b), x == y);
	assert_int_equal(ph_ranges_empty(a), x == 0);
}

static void
test_all_small(void **state)
{
	(void)state;
	for (size_t w = 0; w < sizeof(window_at) / sizeof(*window_at); w++)
		for (uint64_t x = 0; x < 1 << SMALL; x++) {
			struct ph_arena mem = { 0 };

			assert_bits(ph_ranges_complement(&mem,
			    list_of(&mem, x, window_at[w])), ~x, window_at[w], SMALL, true);
			for (uint64_t y = 0; y < 1 << SMALL; y++)
				check_pair(&mem, x, y, window_at[w], SMALL);
			ph_arena_fini(&mem);
		}
}

static void
test_random_large(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct ph_arena mem = { 0 };
		uint64_t x = rnd() & rnd(), y = i % 2 ? rnd() : x & rnd();

		check_pair(&mem, x, y, i % 3 ? PH_V4(0x0a000000) : PH_U128_MAX - 63, LARGE);
		ph_arena_fini(&mem);
	}
}

/* NULL is everything, whatever spells it. */
static void
test_everything(void **state)
{
	struct ph_arena mem = { 0 };
	const struct ph_ranges *all = ph_ranges_one(&mem, 0, PH_U128_MAX);
	const struct ph_ranges *none = ph_ranges_none(), *some = ph_ranges_one(&mem, 5, 9);
	const struct ph_ranges *ends[2] = { all, NULL };

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct ph_ranges *a = ends[i];

		assert_null(ph_ranges_union(&mem, a, some));
		assert_null(ph_ranges_union(&mem, some, a));
		assert_null(ph_ranges_union(&mem, a, none));
		assert_ptr_equal(ph_ranges_intersect(&mem, a, some), some);
		assert_ptr_equal(ph_ranges_intersect(&mem, some, a), some);
		assert_null(ph_ranges_intersect(&mem, a, NULL));
		assert_null(ph_ranges_subtract(&mem, a, none));
		assert_true(ph_ranges_empty(ph_ranges_subtract(&mem, some, a)));
		assert_true(ph_ranges_empty(ph_ranges_complement(&mem, a)));
		assert_true(ph_ranges_subset(some, a));
		assert_false(ph_ranges_subset(a, some));
		assert_true(ph_ranges_subset(a, NULL));
		assert_true(ph_ranges_equal(a, NULL));
		assert_true(ph_ranges_overlap(a, some));
		assert_false(ph_ranges_overlap(a, none));
		assert_true(ph_ranges_hull(a).hi == PH_U128_MAX);
	}
	assert_null(ph_ranges_complement(&mem, none));
	ph_arena_fini(&mem);
}

/* What does not change gives its operand back and allocates nothing. */
static void
test_operands_come_back(void **state)
{
	struct ph_arena mem = { 0 };
	const struct ph_ranges *wide = ph_ranges_one(&mem, 10, 99);
	const struct ph_ranges *in = ph_ranges_one(&mem, 20, 30);
	const struct ph_ranges *far = ph_ranges_one(&mem, 200, 300);
	size_t used = mem.used;

	(void)state;
	assert_ptr_equal(ph_ranges_union(&mem, wide, in), wide);
	assert_ptr_equal(ph_ranges_union(&mem, in, wide), wide);
	assert_ptr_equal(ph_ranges_intersect(&mem, wide, in), in);
	assert_ptr_equal(ph_ranges_intersect(&mem, in, wide), in);
	assert_ptr_equal(ph_ranges_subtract(&mem, wide, far), wide);
	assert_true(ph_ranges_empty(ph_ranges_subtract(&mem, in, wide)));
	assert_true(ph_ranges_empty(ph_ranges_intersect(&mem, in, far)));
	assert_int_equal(mem.used, used);
	ph_arena_fini(&mem);
}

static void
check_masked(struct ph_arena *mem, unsigned value, unsigned mask, ph_u128 base,
    struct ph_range within)
{
	const struct ph_ranges *out = NULL, *again = ph_ranges_none();

	assert_true(ph_ranges_masked(mem, value, mask, SMALL, base, within, 64, &out));
	assert_canonical(out);
	for (unsigned i = 0; i < 1 << SMALL; i++)
		assert_int_equal(ph_ranges_has(out, base + i),
		    (i & mask) == (value & mask) && base + i >= within.lo &&
		    base + i <= within.hi);
	if (out->n == 0)
		return;
	assert_false(ph_ranges_masked(mem, value, mask, SMALL, base, within, out->n - 1,
	    &again));
	assert_ptr_equal(again, ph_ranges_none());
}

static void
test_masked_small(void **state)
{
	static const ph_u128 bases[] = { 0, PH_V4_BASE, PH_U128_MAX - 63 };

	(void)state;
	for (unsigned mask = 0; mask < 64; mask++)
		for (unsigned value = 0; value < 64; value++) {
			struct ph_arena mem = { 0 };
			ph_u128 base = bases[(mask ^ value) % 3];
			ph_u128 lo = base + value % 7 * 8, hi = base + 63 - value % 5 * 3;

			check_masked(&mem, value, mask, base, PH_ANY);
			check_masked(&mem, value, mask, base, (struct ph_range){ lo, hi });
			check_masked(&mem, value, mask, base, (struct ph_range){ lo, lo });
			ph_arena_fini(&mem);
		}
}

static ph_u128
rnd_128(void)
{
	return (ph_u128)rnd() << 64 | rnd();
}

/* Wide masks: random members and non-members of a random window. */
static void
check_masked_wide(struct ph_arena *mem, unsigned bits, ph_u128 base, unsigned holes)
{
	ph_u128 ones = bits == 128 ? PH_U128_MAX : ((ph_u128)1 << bits) - 1;
	ph_u128 mask = ones, value = rnd_128() & ones, seen;
	struct ph_range w;
	const struct ph_ranges *out;

	for (unsigned i = 0; i < holes; i++)
		mask &= ~((ph_u128)1 << rnd() % bits);
	w.lo = base + (rnd() % 3 == 0 ? 0 : (rnd_128() & ones) >> 3);
	w.hi = rnd() % 3 == 0 ? PH_U128_MAX : base + (ones - (rnd_128() & (ones >> 3)));
	assert_true(ph_ranges_masked(mem, value, mask, bits, base, w, 4096, &out));
	assert_canonical(out);
	for (int i = 0; i < 200; i++) {
		ph_u128 x = (value & mask) | (rnd_128() & ones & (i % 2 ? ~mask : ~(ph_u128)0));
		bool in = (x & mask) == (value & mask);

		seen = base + x;
		if (bits == 128 && seen >= PH_V4_BASE)
			in = false;
		assert_int_equal(ph_ranges_has(out, seen), in && seen >= w.lo && seen <= w.hi);
	}
}

static void
test_masked_wide(void **state)
{
	(void)state;
	for (int i = 0; i < 600; i++) {
		struct ph_arena mem = { 0 };

		check_masked_wide(&mem, 32, PH_V4_BASE, (unsigned)i % 12);
		check_masked_wide(&mem, 128, 0, (unsigned)i % 12);
		ph_arena_fini(&mem);
	}
}

/* A mask of 2^40 runs is refused for a wide window and listed for a narrow one. */
static void
test_masked_limit(void **state)
{
	struct ph_arena mem = { 0 };
	ph_u128 mask = PH_U128_MAX ^ ((((ph_u128)1 << 40) - 1) << 1);
	const struct ph_ranges *out = NULL;

	(void)state;
	assert_false(ph_ranges_masked(&mem, 1, mask, 128, 0, PH_ANY, 65536, &out));
	assert_null(out);
	assert_true(ph_ranges_masked(&mem, 1, mask, 128, 0, (struct ph_range){ 100, 105 },
	    65536, &out));
	assert_int_equal(out->n, 3);
	assert_true(ph_ranges_has(out, 101) && !ph_ranges_has(out, 102));
	ph_arena_fini(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_small),
		cmocka_unit_test(test_random_large),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_operands_come_back),
		cmocka_unit_test(test_masked_small),
		cmocka_unit_test(test_masked_wide),
		cmocka_unit_test(test_masked_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
