/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/turn_ports.h"
#include "engine/turn_slab.h"
#include "engine/turn_wheel.h"

enum { US = 1000000, TIMERS = 200 };

static uint64_t base_seed;

static uint32_t
rnd(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(*seed >> 33);
}

/* Every timer fires once, in the first second that begins when it is over, however far away. */
static void
test_wheel(void **state)
{
	static struct ph_turn_wheel w;
	static struct ph_turn_timer t[TIMERS];
	uint64_t seed = base_seed, now = 77 * US + 5, due[TIMERS] = { 0 };
	unsigned fired = 0;

	(void)state;
	ph_turn_wheel_init(&w, now);
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = rnd(&seed) % TIMERS;
		struct ph_turn_timer *f;

		if (rnd(&seed) % 8 == 0) {
			ph_turn_wheel_stop(&t[i]);
			due[i] = 0;
		} else if (rnd(&seed) % 2 == 0) {
			due[i] = now + (uint64_t)rnd(&seed) % (rnd(&seed) % 4 == 0 ?
			    10000ULL * US : 10ULL * US);
			ph_turn_wheel_set(&w, &t[i], due[i]);
		}
		now += rnd(&seed) % 500 == 0 ? 5ULL * rnd(&seed) : rnd(&seed) % (2 * US);
		while ((f = ph_turn_wheel_next(&w, now)) != NULL) {
			i = (unsigned)(f - t);
			assert_true(due[i] != 0 && due[i] <= now);
			due[i] = 0;
			fired++;
		}
		for (i = 0; i < TIMERS; i++)
			assert_true(due[i] == 0 || due[i] > now / US * US);
	}
	assert_true(fired > 5000);
}

static void
test_slab(void **state)
{
	struct ph_turn_slab s;
	uint32_t at[10];

	(void)state;
	assert_true(ph_turn_slab_init(&s, 24, 10));
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 10; i++) {
			uint8_t *p;

			at[i] = ph_turn_slab_take(&s);
			assert_in_range(at[i], 1, 10);
			p = ph_turn_slab_at(&s, at[i]);
			for (unsigned k = 0; k < 24; k++)
				assert_int_equal(p[k], 0);
			memset(p, 0xff, 24);
		}
		assert_int_equal(ph_turn_slab_take(&s), 0);
		for (unsigned i = 0; i < 10; i++)
			ph_turn_slab_give(&s, at[(i * 3) % 10]);
		assert_int_equal(s.used, 0);
	}
	ph_turn_slab_fini(&s);
}

/* Workers share no port and no pair is cut; a pair is an even port and the next. */
static void
test_ports(void **state)
{
	struct ph_turn_server_config c;
	bool seen[65536] = { false };
	unsigned n = 0;

	(void)state;
	ph_turn_server_defaults(&c);
	c.port_first = 50001;
	c.port_last = 50100;
	c.n_relays = 1;
	c.n_workers = 3;
	for (c.worker = 0; c.worker < 3; c.worker++) {
		struct ph_turn_ports p;
		uint16_t port;

		assert_true(ph_turn_ports_init(&p, &c));
		while ((port = ph_turn_ports_pick(&p, 0, n * 77777, 0, 2)) != 0) {
			assert_int_equal(port % 2, 0);
			assert_false(seen[port] || seen[port + 1]);
			assert_in_range(port, 50002, 50098);
			ph_turn_ports_take(&p, 0, (uint16_t)(port + 1));
			seen[port] = seen[port + 1] = true;
			n += 2;
		}
		while ((port = ph_turn_ports_pick(&p, 0, n * 77777, 0, 0)) != 0) {
			assert_false(seen[port]);
			seen[port] = true;
			n++;
		}
		for (unsigned i = 50001; i <= 50100; i++)
			if (i / 2 % 3 == c.worker)
				ph_turn_ports_give(&p, 0, (uint16_t)i, 10);
		assert_int_equal(ph_turn_ports_pick(&p, 0, 1, 69, 0), 0);
		assert_int_not_equal(ph_turn_ports_pick(&p, 0, 1, 70, 0), 0);
		ph_turn_ports_fini(&p);
	}
	assert_int_equal(n, 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wheel),
		cmocka_unit_test(test_slab),
		cmocka_unit_test(test_ports),
	};
	const char *seed = getenv("PH_SEED");

	base_seed = seed != NULL ? strtoull(seed, NULL, 0) : 99;
	print_message("# PH_SEED=%llu\n", (unsigned long long)base_seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
