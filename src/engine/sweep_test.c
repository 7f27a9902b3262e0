/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "engine/net_sim_test.h"
#include "engine/sweep.h"

/*
 * The engine against a simulated network: every port of the range is judged and
 * held against the filters.  Holes that sampling cannot promise to find are not
 * made, but for the exhaustive sweeps.
 */
enum { LO = 50000, HI = 65535, CANARY = 443, PORTS = 65536 };

struct world {
	struct sim sim;
	bool shut[SIM_WAYS][PORTS];
	uint64_t ban_us;		/* from then on nothing gets through; 0: never */
	uint16_t receipts[PORTS];
	uint64_t now, receipts_at;	/* when the asked for receipts come; 0: none asked */
	struct ph_arena mem;
	struct ph_sweep *x;
	struct ph_sweep_stats stats;
	unsigned late;			/* calls without a step ahead */
};

static const struct ph_sweep_span range = { LO, HI };

static bool
filter_way(struct world *w, enum sim_way way, uint64_t now, const struct sim_packet *p)
{
	return !w->shut[way][p->port] && (w->ban_us == 0 || now < w->ban_us);
}

static bool
filter_out(void *arg, uint64_t now, const struct sim_packet *p)
{
	return filter_way(arg, SIM_OUT, now, p);
}

static bool
filter_in(void *arg, uint64_t now, const struct sim_packet *p)
{
	return filter_way(arg, SIM_IN, now, p);
}

static struct world w;

static void
world_init(uint64_t seed, double loss, uint64_t delay_us)
{
	memset(&w, 0, sizeof(w));
	sim_init(&w.sim, seed);
	for (int way = 0; way < SIM_WAYS; way++)
		w.sim.path[way] = (struct sim_path){ .loss = loss, .delay_us = delay_us,
			.jitter_us = delay_us / 5, .duplicate = 0.01,
			.filter = way == SIM_OUT ? filter_out : filter_in,
			.filter_arg = &w };
	w.now = 1000000;
}

static void
world_fini(void)
{
	ph_arena_fini(&w.mem);
	sim_fini(&w.sim);
}

static void
arrive(void)
{
	enum sim_way way;
	struct sim_packet p = sim_take(&w.sim, &way);

	if (way == SIM_OUT) {
		if (p.kind == 0)
			w.receipts[p.port] |= (uint16_t)(1U << p.try);
		sim_send(&w.sim, w.now, SIM_IN, p);
	} else if (p.kind == 1) {
		ph_sweep_canary(w.x, w.now);
	} else {
		ph_sweep_reply(w.x, w.now, p.port, p.try);
	}
}

static void
tell(void)
{
	for (uint32_t port = LO; port <= HI; port++)
		if (w.receipts[port] != 0)
			ph_sweep_receipt(w.x, w.now, (uint16_t)port, w.receipts[port]);
	w.receipts_at = 0;
	ph_sweep_told(w.x, w.now);
}

static void
send_all(unsigned per_datagram_us)
{
	struct ph_sweep_send out[64];
	size_t n = ph_sweep_output(w.x, w.now, out, 64);

	for (size_t i = 0; i < n; i++)
		sim_send(&w.sim, w.now + i * per_datagram_us, SIM_OUT, (struct sim_packet){
			.port = out[i].port, .kind = out[i].canary, .try = out[i].try });
	w.now += n * per_datagram_us;
}

static void
run(const struct ph_sweep_config *c)
{
	unsigned per_datagram_us = c->pps == 0 ? 6 : 0;

	w.x = ph_sweep_new(&w.mem, c, w.now);
	while (!ph_sweep_done(w.x)) {
		uint64_t at, was = w.now;

		send_all(per_datagram_us);
		if (ph_sweep_wants_receipts(w.x)) {
			ph_sweep_asked(w.x, w.now);
			w.receipts_at = w.now + 2 * w.sim.path[SIM_OUT].delay_us + 500;
		}
		at = ph_sweep_deadline(w.x);
		at = sim_next(&w.sim) < at ? sim_next(&w.sim) : at;
		at = w.receipts_at != 0 && w.receipts_at < at ? w.receipts_at : at;
		if (ph_sweep_done(w.x))
			break;
		assert_true(at != UINT64_MAX);
		w.now = at > w.now ? at : w.now;
		while (sim_next(&w.sim) <= w.now)
			arrive();
		if (w.receipts_at != 0 && w.receipts_at <= w.now)
			tell();
		w.late = w.now == was ? w.late + 1 : 0;
		assert_true(w.late < 1000);
	}
	ph_sweep_stats(w.x, &w.stats);
}

static struct ph_sweep_config
config(const struct ph_sweep_config *base, uint64_t seed)
{
	struct ph_sweep_config c = *base;

	c.ranges = &range;
	c.n_ranges = 1;
	c.canary = CANARY;
	c.seed = seed;
	return c;
}

static void
shut(enum sim_way way, unsigned lo, unsigned hi)
{
	for (unsigned port = lo; port <= hi; port++)
		w.shut[way][port] = true;
}

static enum ph_sweep_verdict
truth(uint32_t port)
{
	return w.shut[SIM_OUT][port] ? PH_SWEEP_BLOCKED_OUT :
	    w.shut[SIM_IN][port] ? PH_SWEEP_BLOCKED_IN : PH_SWEEP_OPEN;
}

/* How many ports are judged wrongly; *${unknown}: not judged. */
static unsigned
wrong(unsigned *unknown)
{
	static struct ph_sweep_run r[PORTS];
	size_t n = ph_sweep_result(w.x, r, PORTS);
	unsigned bad = 0;
	uint32_t port = LO;

	*unknown = 0;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(r[i].lo, port);
		for (; port <= r[i].hi; port++) {
			assert_int_equal(ph_sweep_port(w.x, (uint16_t)port), r[i].verdict);
			*unknown += r[i].verdict == PH_SWEEP_UNKNOWN;
			bad += r[i].verdict != truth(port) && r[i].verdict != PH_SWEEP_UNKNOWN;
		}
	}
	assert_int_equal(port, HI + 1);
	return bad;
}

/* A few holes of 31 ports and more, out, in or overlapping. */
static void
random_holes(unsigned least)
{
	unsigned n = (unsigned)(sim_rnd(&w.sim) % 4);

	for (unsigned i = 0; i < n; i++) {
		unsigned len = least + (unsigned)(sim_rnd(&w.sim) % 600);
		unsigned lo = LO + (unsigned)(sim_rnd(&w.sim) % (HI - LO - len));

		shut((enum sim_way)(sim_rnd(&w.sim) & 1), lo, lo + len - 1);
	}
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct tally {
	unsigned runs, wrong_runs, unknown, sent;
	double took;
};

static struct tally
many(unsigned runs, double loss, uint64_t delay_us, const struct ph_sweep_config *base)
{
	struct tally t = { .runs = runs };

	for (unsigned i = 0; i < runs; i++) {
		struct ph_sweep_config c = config(base, sim_seed() + i);
		unsigned unknown;

		world_init(sim_seed() * 7 + i, loss, delay_us);
		random_holes(base->exhaustive ? 1 : 62);
		run(&c);
		if (wrong(&unknown) != 0) {
			t.wrong_runs++;
			printf("# wrong: run %u\n", i);
		}
		t.unknown += unknown;
		t.sent += w.stats.sent;
		t.took += (double)w.stats.took_us * 1e-6;
		world_fini();
	}
	t.sent /= runs;
	t.took /= runs;
	return t;
}

static void
sampled(double loss, unsigned runs)
{
	struct tally t = many(runs, loss, 25000, &ph_sweep_network);

	printf("# sample, %.0f %% loss each way: %u of %u runs wrong, %u ports unknown, "
	    "%u datagrams, %.1f s\n", loss * 100, t.wrong_runs, t.runs, t.unknown, t.sent, t.took);
	assert_true(t.wrong_runs * 100 <= t.runs);
	assert_int_equal(t.unknown, 0);
}

static void
test_sampled(void **state)
{
	(void)state;
	sampled(0, 100);
	sampled(0.01, 300);
	sampled(0.05, 300);
	sampled(0.10, 300);
}

/* Where hardly anything answers, loss is hardly known; and it is told sooner. */
static void
almost_shut(double loss, unsigned open, unsigned runs)
{
	struct tally t = { .runs = runs };

	for (unsigned i = 0; i < runs; i++) {
		struct ph_sweep_config c = config(&ph_sweep_network, sim_seed() + i);
		unsigned unknown;

		world_init(sim_seed() * 11 + i, loss, 25000);
		shut(i % 2 != 0 ? SIM_IN : SIM_OUT, LO + open, HI);
		run(&c);
		t.wrong_runs += wrong(&unknown) != 0;
		t.unknown += unknown != 0;
		t.sent += w.stats.sent;
		t.took += (double)w.stats.took_us * 1e-6;
		world_fini();
	}
	printf("# all but %u shut, %.0f %% loss each way: %u of %u runs wrong, %u unknown, "
	    "%u datagrams, %.1f s\n", open, loss * 100, t.wrong_runs, runs, t.unknown,
	    t.sent / runs, t.took / runs);
	assert_true(t.wrong_runs * 50 <= runs);
	assert_true(t.unknown * 50 <= runs);
}

static void
test_almost_shut(void **state)
{
	static const double losses[] = { 0, 0.01, 0.05, 0.10 };
	static const unsigned open[] = { 0, 1, 100, 4000 };

	(void)state;
	for (size_t l = 0; l < 4; l++)
		for (size_t o = 0; o < 4; o++)
			almost_shut(losses[l], open[o], 100);
}

static void
test_time(void **state)
{
	struct ph_sweep_config c = config(&ph_sweep_network, sim_seed());
	unsigned unknown;

	(void)state;
	world_init(sim_seed(), 0, 25000);
	shut(SIM_OUT, 51000, 51099);
	run(&c);
	assert_int_equal(wrong(&unknown), 0);
	printf("# 50 ms RTT: %u datagrams to %u ports, %.2f s\n", w.stats.sent, w.stats.ports,
	    (double)w.stats.took_us * 1e-6);
	assert_true(w.stats.took_us < 6000000);
	assert_true(w.stats.ports < 540);
	world_fini();
}

static void
test_exhaustive(void **state)
{
	static const double losses[] = { 0, 0.01, 0.05 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct tally t = many(20, losses[i], 50, &ph_sweep_lab);

		printf("# exhaustive, %.0f %% loss each way: %u of %u runs wrong, %u unknown, "
		    "%u datagrams, %.3f s\n", losses[i] * 100, t.wrong_runs, t.runs, t.unknown,
		    t.sent, t.took);
		assert_int_equal(t.wrong_runs, 0);
		assert_int_equal(t.unknown, 0);
	}
}

static void
test_single_ports(void **state)
{
	struct ph_sweep_config c = config(&ph_sweep_lab, 1);
	struct ph_sweep_run r[16];
	unsigned unknown;

	(void)state;
	world_init(1, 0.01, 50);
	shut(SIM_OUT, LO, LO);
	shut(SIM_IN, HI, HI);
	shut(SIM_OUT, 60000, 60001);
	run(&c);
	assert_int_equal(wrong(&unknown), 0);
	assert_int_equal(ph_sweep_result(w.x, r, 16), 5);
	assert_int_equal(r[2].lo, 60000);
	assert_int_equal(r[2].hi, 60001);
	assert_int_equal(r[2].received_out, 0);
	assert_true(r[4].received_out >= 3 && r[4].received_in == 0);
	assert_int_equal(w.stats.found_run, 1);
	world_fini();
}

/* Every run of 31 is found, wherever it begins. */
static void
test_guarantee(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct ph_sweep_config c = config(&ph_sweep_network, i);
		unsigned unknown, lo = LO + 7 + i * 131;

		world_init(i, 0, 25000);
		shut(i % 2 != 0 ? SIM_IN : SIM_OUT, lo, lo + 30);
		run(&c);
		assert_int_equal(wrong(&unknown), 0);
		world_fini();
	}
}

static void
test_rate_limit(void **state)
{
	static const double limits[] = { 40, 100, 150 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct ph_sweep_config c = config(&ph_sweep_network, i);
		unsigned unknown;

		world_init(sim_seed() + i, 0.01, 25000);
		w.sim.path[SIM_OUT].rate_pps = limits[i];
		w.sim.path[SIM_OUT].bucket = 5;
		shut(SIM_OUT, 55000, 55200);
		run(&c);
		printf("# limit of %.0f: said %u, %u datagrams, %.1f s\n", limits[i],
		    w.stats.limit_pps, w.stats.sent, (double)w.stats.took_us * 1e-6);
		assert_int_equal(wrong(&unknown), 0);
		assert_true(w.stats.rate_limited);
		assert_true(w.stats.limit_pps > limits[i] * 0.6 &&
		    w.stats.limit_pps < limits[i] * 1.6);
		world_fini();
	}
}

/* An outage is no block, and neither is plain heavy loss a limit. */
static void
test_bursts(void **state)
{
	unsigned bad = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct ph_sweep_config c = config(&ph_sweep_network, i);
		unsigned unknown;

		world_init(sim_seed() + i, 0, 25000);
		w.sim.path[SIM_OUT].burst = 0.004;
		w.sim.path[SIM_OUT].burst_us = 200000;
		shut(SIM_OUT, 55000, 55200);
		run(&c);
		bad += wrong(&unknown) != 0;
		world_fini();
	}
	assert_true(bad <= 1);		/* less than 1 % are meant to be */
}

static void
test_heavy_loss(void **state)
{
	unsigned bad = 0;

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		struct ph_sweep_config c = config(&ph_sweep_network, i);
		unsigned unknown;

		world_init(sim_seed() + i, 0.2, 25000);
		shut(SIM_OUT, 55000, 55200);
		run(&c);
		bad += wrong(&unknown) != 0;
		assert_false(w.stats.rate_limited);
		assert_true(w.stats.loss_out > 0.1 && w.stats.loss_out < 0.3);
		world_fini();
	}
	assert_true(bad <= 1);		/* less than 1 % are meant to be */
}

static void
test_quarantine(void **state)
{
	struct ph_sweep_config c = config(&ph_sweep_network, 3);
	unsigned unknown;

	(void)state;
	world_init(3, 0.01, 25000);
	w.ban_us = w.now + 1500000;
	run(&c);
	assert_int_equal(wrong(&unknown), 0);
	assert_true(w.stats.canary_died);
	assert_true(unknown > 1000);
	world_fini();
}

/* Nothing of the range passes, or all: the ends of what can be. */
static void
test_all_or_none(void **state)
{
	struct ph_sweep_config c = config(&ph_sweep_network, 3);
	struct ph_sweep_run r[2];
	unsigned unknown;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		world_init(3, 0.01, 25000);
		if (i > 0)
			shut(i == 1 ? SIM_OUT : SIM_IN, LO, HI);
		run(&c);
		assert_int_equal(wrong(&unknown), 0);
		assert_int_equal(unknown, 0);
		assert_int_equal(ph_sweep_result(w.x, r, 2), 1);
		assert_true(r[0].inferred);
		world_fini();
	}
}

static void
test_excluded_and_icmp(void **state)
{
	static const struct ph_sweep_span ranges[] = { { 1000, 1009 }, { 2000, 2000 } };
	static const struct ph_sweep_span excluded[] = { { 1004, 1005 } };
	struct ph_sweep_config c = ph_sweep_lab;
	struct ph_sweep_run r[8];
	struct ph_sweep_send out[16];
	struct ph_arena mem = { 0 };
	struct ph_sweep *x;
	size_t n;

	(void)state;
	c.ranges = ranges;
	c.n_ranges = 2;
	c.excluded = excluded;
	c.n_excluded = 1;
	x = ph_sweep_new(&mem, &c, 1);
	n = ph_sweep_output(x, 1, out, 16);
	assert_int_equal(n, 9);
	for (size_t i = 0; i < n; i++)
		if (out[i].port == 2000)
			ph_sweep_icmp(x, 2, 2000, PH_V4(0x0a000001), 3, 13);
		else
			ph_sweep_reply(x, 2, out[i].port, out[i].try);
	ph_sweep_reply(x, 2, 1004, 0);	/* never sent: not believed */
	ph_sweep_output(x, 20000, out, 16);
	assert_true(ph_sweep_done(x));
	assert_int_equal(ph_sweep_result(x, r, 8), 4);
	assert_int_equal(r[1].lo, 1004);
	assert_int_equal(r[1].verdict, PH_SWEEP_UNTESTED);
	assert_int_equal(r[3].verdict, PH_SWEEP_BLOCKED_OUT);
	assert_int_equal(r[3].icmp_code, 13);
	assert_true(r[3].icmp_from == PH_V4(0x0a000001));
	ph_arena_fini(&mem);
}

static void
test_far_end_dies(void **state)
{
	struct ph_sweep_config c = config(&ph_sweep_network, 3);
	struct ph_sweep_run r[2];
	struct ph_sweep_send out[4];

	(void)state;
	world_init(3, 0, 0);
	w.x = ph_sweep_new(&w.mem, &c, 0);
	ph_sweep_output(w.x, 0, out, 4);
	ph_sweep_fail(w.x);
	assert_true(ph_sweep_done(w.x));
	assert_int_equal(ph_sweep_result(w.x, r, 2), 1);
	assert_int_equal(r[0].verdict, PH_SWEEP_UNKNOWN);
	world_fini();
}

/* The engine's own time for each datagram, answers included. */
static void
test_cost(void **state)
{
	struct ph_sweep_config c = config(&ph_sweep_lab, 3);
	struct ph_sweep_send out[64];
	struct ph_arena mem = { 0 };
	unsigned n_sent = 0;
	uint64_t now = 1;
	double t;

	(void)state;
	c.canary = 0;
	t = seconds();
	for (unsigned i = 0; i < 20; i++) {
		struct ph_sweep *x = ph_sweep_new(&mem, &c, now);

		while (!ph_sweep_done(x)) {
			size_t n = ph_sweep_output(x, now, out, 64);

			for (size_t j = 0; j < n; j++)
				if (out[j].canary)
					ph_sweep_canary(x, now);
				else
					ph_sweep_reply(x, now, out[j].port, out[j].try);
			n_sent += (unsigned)n;
			now += n > 0 ? 100 : 20000;
		}
	}
	t = seconds() - t;
	printf("# %.0f ns of our own for each datagram\n", t / n_sent * 1e9);
	assert_true(t / n_sent < 5e-6);
	ph_arena_fini(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sampled),
		cmocka_unit_test(test_almost_shut),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_exhaustive),
		cmocka_unit_test(test_single_ports),
		cmocka_unit_test(test_guarantee),
		cmocka_unit_test(test_rate_limit),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_heavy_loss),
		cmocka_unit_test(test_quarantine),
		cmocka_unit_test(test_all_or_none),
		cmocka_unit_test(test_excluded_and_icmp),
		cmocka_unit_test(test_far_end_dies),
		cmocka_unit_test(test_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
