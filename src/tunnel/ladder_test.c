/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tunnel/ladder.h"

enum { US = 1000000 };

/* UDP and TCP to two addresses, TLS to one: five ways. */
static void
make(struct ph_ladder *l, struct ph_arena *mem)
{
	const struct ph_ranges *two = ph_ranges_one(mem, PH_V4(1), PH_V4(2));

	ph_ladder_init(l);
	ph_ladder_add(l, PH_RUNG_UDP, two, 3478);
	ph_ladder_add(l, PH_RUNG_TCP, two, 3478);
	ph_ladder_add(l, PH_RUNG_TLS, ph_ranges_one(mem, PH_V4(1), PH_V4(1)), 443);
	assert_int_equal(l->n, 5);
}

static void
down_and_up(void **state)
{
	struct ph_arena mem = { .head = NULL };
	struct ph_ladder l;

	(void)state;
	make(&l, &mem);
	assert_int_equal(ph_ladder_pick(&l), 0);	/* nothing known: the best */
	assert_int_equal(ph_ladder_check(&l, 0), 0);
	ph_ladder_worked(&l, 0);
	ph_ladder_worked(&l, 4);
	assert_int_equal(ph_ladder_pick(&l), 0);
	assert_int_equal(ph_ladder_check(&l, 0), 1);	/* what is not known yet */
	ph_ladder_failed(&l, 0, "cut", 0);
	assert_int_equal(ph_ladder_pick(&l), 4);	/* one that works before one that might */
	assert_int_equal(ph_ladder_stream(&l), 4);
	ph_ladder_failed(&l, 4, "cut", 0);
	assert_int_equal(ph_ladder_pick(&l), 1);
	assert_int_equal(ph_ladder_stream(&l), 2);
	ph_ladder_worked(&l, 0);
	assert_int_equal(ph_ladder_pick(&l), 0);
	ph_arena_fini(&mem);
}

static void
all_fail(void **state)
{
	struct ph_arena mem = { .head = NULL };
	struct ph_ladder l;

	(void)state;
	make(&l, &mem);
	for (unsigned i = 0; i < l.n; i++)
		ph_ladder_failed(&l, i, "cut", (10 - i) * (uint64_t)US);
	assert_int_equal(ph_ladder_pick(&l), 4);	/* who may come back first */
	assert_int_equal(ph_ladder_stream(&l), -1);
	assert_int_equal(ph_ladder_check(&l, 20 * (uint64_t)US), -1);
	assert_int_equal(ph_ladder_check(&l, 21 * (uint64_t)US), 4);
	ph_arena_fini(&mem);
}

static void
ever_more_rarely(void **state)
{
	static const unsigned after_s[] = { 15, 30, 60, 120, 240, 480, 600, 600 };
	struct ph_arena mem = { .head = NULL };
	struct ph_ladder l;

	(void)state;
	make(&l, &mem);
	for (unsigned i = 0; i < sizeof(after_s) / sizeof(*after_s); i++) {
		ph_ladder_failed(&l, 0, "cut", 1000);
		assert_int_equal(l.way[0].again_us, 1000 + (uint64_t)after_s[i] * US);
	}
	ph_ladder_worked(&l, 0);
	ph_ladder_failed(&l, 0, "cut", 0);
	assert_int_equal(l.way[0].again_us, 15 * (uint64_t)US);
	ph_arena_fini(&mem);
}

static void
many_addresses(void **state)
{
	struct ph_arena mem = { .head = NULL };
	struct ph_ladder l;

	(void)state;
	ph_ladder_init(&l);
	ph_ladder_add(&l, PH_RUNG_UDP, ph_ranges_one(&mem, PH_V4(0), PH_V4(UINT32_MAX)), 3478);
	assert_int_equal(l.n, PH_LADDER_WAYS);
	ph_arena_fini(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(down_and_up), cmocka_unit_test(all_fail),
		cmocka_unit_test(ever_more_rarely), cmocka_unit_test(many_addresses),
	};

	return cmocka_run_group_tests_name("tunnel-ladder", tests, NULL, NULL);
}
