/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/ladder.h"
#include "engine/net_sim_test.h"

/*
 * The ladder against a firewall with known timers, in virtual time: a responder
 * that answers as asked and tells what arrived every 300 ms over a channel that
 * loses nothing, or a relay that is ordered.
 */
enum { RECEIPTS = 20000, S = 1000000 };

static struct world {
	struct sim sim;
	struct ph_arena mem;
	struct ph_ladder *x;
	uint64_t now, began, tell_at;
	uint64_t ban_us;		/* from then on nothing gets through; 0: never */
	struct receipt {
		uint32_t flow;
		uint8_t try;
		uint64_t at;
		uint16_t outside;
	} receipt[RECEIPTS];
	size_t n;
	struct ph_ladder_result r;
} w;

static bool
not_banned(void *arg, uint64_t now, const struct sim_packet *p)
{
	(void)arg;
	(void)p;
	return w.ban_us == 0 || now < w.ban_us;
}

static void
world_init(uint64_t seed, double loss, const struct sim_track *track)
{
	memset(&w, 0, sizeof(w));
	sim_init(&w.sim, seed);
	for (int way = 0; way < SIM_WAYS; way++)
		w.sim.path[way] = (struct sim_path){ .loss = loss, .delay_us = 20000,
			.jitter_us = 3000, .duplicate = 0.01, .filter = not_banned };
	w.sim.track = *track;
	w.now = w.began = 7 * S;
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

	if (way == SIM_WAYS) {
		sim_send(&w.sim, w.now, SIM_IN, p);
	} else if (way == SIM_IN) {
		ph_ladder_reply(w.x, w.now, p.flow, p.try);
	} else {
		assert_true(w.n < RECEIPTS);
		w.receipt[w.n++] = (struct receipt){ p.flow, p.try, w.now, p.outside };
		if (p.kind == PH_LADDER_REPLY)
			sim_send(&w.sim, w.now, SIM_IN, p);
		if (p.kind == PH_LADDER_REPLY_AFTER)
			sim_later(&w.sim, w.now + p.a, p);
	}
}

static void
tell(void)
{
	for (size_t i = 0; i < w.n; i++) {
		struct ph_ladder_seen seen = { .ago_us = w.now - w.receipt[i].at,
			.addr = 1, .port = w.receipt[i].outside };

		ph_ladder_arrived(w.x, w.now, w.receipt[i].flow, w.receipt[i].try, &seen);
	}
	w.n = 0;
	w.tell_at = w.now + 300000;
}

static void
send_all(void)
{
	struct ph_ladder_send out[16];
	size_t n;

	while ((n = ph_ladder_output(w.x, w.now, out, 16)) > 0)
		for (size_t i = 0; i < n; i++) {
			struct sim_packet p = { .flow = out[i].flow, .try = out[i].try,
				.kind = (uint8_t)out[i].mode, .a = out[i].after_us };

			assert_true(out[i].flow < ph_ladder_flows(w.x));
			assert_false(ph_ladder_flow_done(w.x, out[i].flow));
			if (out[i].mode == PH_LADDER_ORDER) {
				p.outside = w.sim.flow[p.flow].outside;
				sim_send(&w.sim, w.now, SIM_IN, p);
			} else {
				sim_send(&w.sim, w.now, SIM_OUT, p);
			}
		}
}

static double
run(const struct ph_ladder_config *c)
{
	unsigned idle = 0;

	w.x = ph_ladder_new(&w.mem, c, w.now);
	assert_true(ph_ladder_flows(w.x) <= SIM_FLOWS);
	w.tell_at = w.now + 300000;
	while (!ph_ladder_result(w.x)->done) {
		uint64_t at, was = w.now;

		send_all();
		at = ph_ladder_deadline(w.x);
		if (at == UINT64_MAX)
			break;
		at = sim_next(&w.sim) < at ? sim_next(&w.sim) : at;
		at = w.tell_at < at ? w.tell_at : at;
		w.now = at > w.now ? at : w.now;
		while (sim_next(&w.sim) <= w.now)
			arrive();
		if (w.tell_at <= w.now)
			tell();
		idle = w.now == was ? idle + 1 : 0;
		assert_true(idle < 100);
	}
	w.r = *ph_ladder_result(w.x);
	assert_true(w.r.done);
	return (double)(w.now - w.began) * 1e-6;
}

static const struct sim_track linux_timers = {
	.unreplied_us = 30 * S, .replied_us = 30 * S, .stream_us = 120 * S,
	.stream_after_us = 2 * S,
};

static const struct sim_track pix_timers = {
	.unreplied_us = 120 * S, .replied_us = 120 * S, .stream_us = 120 * S,
};

static const struct sim_track pf_timers = {
	.unreplied_us = 60 * S, .unreplied2_us = 30 * S, .replied_us = 60 * S,
	.stream_us = 60 * S, .nat = true,
};

static void
print(const char *what, double took)
{
	printf("# %s: U %.1f-%.1f  R %.1f-%.1f  S %.1f-%.1f s  in %d out %d  %u flows, %u "
	    "stillborn, %.1f s\n", what,
	    (double)w.r.time[0].alive_us * 1e-6, (double)w.r.time[0].dead_us * 1e-6,
	    (double)w.r.time[2].alive_us * 1e-6, (double)w.r.time[2].dead_us * 1e-6,
	    (double)w.r.time[3].alive_us * 1e-6, (double)w.r.time[3].dead_us * 1e-6,
	    w.r.inbound_refreshes, w.r.outbound_refreshes, w.r.flows, w.r.stillborn, took);
}

/* The timer lies in the interval, give or take the round trip. */
static bool
right(enum ph_ladder_class class, uint64_t us)
{
	const struct ph_ladder_time *t = &w.r.time[class];

	return t->state == PH_LADDER_KNOWN && t->alive_us <= us + 100000 &&
	    us <= t->dead_us + 100000;
}

static bool
narrow(enum ph_ladder_class class)
{
	const struct ph_ladder_time *t = &w.r.time[class];
	uint64_t wide = t->dead_us / 50 > S ? t->dead_us / 50 : S;

	return t->dead_us - t->alive_us <= wide + 50000;
}

static void
check(const char *name, const struct sim_track *track, double limit_s)
{
	double took;

	world_init(sim_seed(), 0, track);
	took = run(&ph_ladder_normal);
	print(name, took);
	assert_true(right(PH_LADDER_UNREPLIED, track->unreplied_us));
	assert_true(right(PH_LADDER_REPLIED, track->replied_us));
	assert_true(right(PH_LADDER_STREAM, track->stream_us));
	for (int k = 0; k <= PH_LADDER_STREAM; k++)
		if (k != PH_LADDER_UNREPLIED2)
			assert_true(narrow((enum ph_ladder_class)k));
	assert_int_equal(w.r.inbound_refreshes,
	    track->no_in_refresh ? PH_LADDER_NO : PH_LADDER_YES);
	assert_int_equal(w.r.outbound_refreshes, PH_LADDER_YES);
	assert_int_equal(w.r.lifetime_us, 0);
	assert_true(took < limit_s);
}

static void
test_linux(void **state)
{
	(void)state;
	check("Linux", &linux_timers, 135);
	assert_non_null(strstr(ph_ladder_looks_like(&w.r), "since 5.0"));
	assert_int_equal(w.r.time[PH_LADDER_STREAM].mapping_kept, PH_LADDER_YES);
	world_fini();
}

static void
test_pix(void **state)
{
	struct sim_track t = pix_timers;

	(void)state;
	t.no_in_refresh = true;
	check("PIX, inbound does not refresh", &t, 136);
	assert_non_null(strstr(ph_ladder_looks_like(&w.r), "PIX"));
	world_fini();
}

static void
test_pf(void **state)
{
	struct ph_ladder_config c = ph_ladder_normal;

	(void)state;
	c.classes |= 1U << PH_LADDER_UNREPLIED2;
	world_init(sim_seed(), 0, &pf_timers);
	print("pf, NAT", run(&c));
	assert_true(right(PH_LADDER_UNREPLIED, 60 * S));
	assert_true(right(PH_LADDER_UNREPLIED2, 30 * S));
	assert_true(right(PH_LADDER_STREAM, 60 * S));
	assert_int_equal(w.r.time[PH_LADDER_STREAM].mapping_kept, PH_LADDER_NO);
	assert_non_null(strstr(ph_ladder_looks_like(&w.r), "pf"));
	world_fini();
}

static void
test_no_out_refresh(void **state)
{
	struct sim_track t = pf_timers;

	(void)state;
	t.no_out_refresh = true;
	world_init(sim_seed(), 0, &t);
	print("NAT that outbound does not refresh", run(&ph_ladder_normal));
	assert_int_equal(w.r.outbound_refreshes, PH_LADDER_NO);
	world_fini();
}

static void
test_loss(void **state)
{
	static const double losses[] = { 0.01, 0.05, 0.10 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		unsigned runs = sim_rounds(2), wrong = 0, wide = 0, answers = 0;

		for (unsigned j = 0; j < runs; j++) {
			world_init(sim_seed() * 100 + j, losses[i],
			    j % 2 ? &linux_timers : &pf_timers);
			run(&ph_ladder_normal);
			wrong += !right(PH_LADDER_UNREPLIED, w.sim.track.unreplied_us) ||
			    !right(PH_LADDER_REPLIED, w.sim.track.replied_us) ||
			    !right(PH_LADDER_STREAM, w.sim.track.stream_us);
			wide += !narrow(PH_LADDER_UNREPLIED) || !narrow(PH_LADDER_REPLIED) ||
			    !narrow(PH_LADDER_STREAM);
			answers += w.r.inbound_refreshes != PH_LADDER_YES ||
			    w.r.outbound_refreshes != PH_LADDER_YES;
			world_fini();
		}
		printf("# %.0f %% loss each way: of %u runs %u with a wrong timer, %u wider than "
		    "promised, %u wrong on refresh\n", losses[i] * 100, runs, wrong, wide, answers);
		assert_true(wrong <= (losses[i] > 0.05 ? 1U : 0U));
		assert_true(wide <= (losses[i] > 0.05 ? 1U : 0U));
		assert_true(answers <= (losses[i] > 0.05 ? 1U : 0U));
	}
}

/* Timers of 2 to 5 s, with rungs of a quarter. */
static void
test_fast(void **state)
{
	struct ph_ladder_config c = ph_ladder_normal;
	struct sim_track t = { .unreplied_us = 2 * S, .replied_us = 3 * S, .stream_us = 5 * S,
		.stream_after_us = 2 * S };
	double took;

	(void)state;
	c.first_us = 500000;
	c.step_us = c.unit_us = 250000;
	c.cap_us = 10 * S;
	world_init(sim_seed(), 0, &t);
	took = run(&c);
	print("fast", took);
	assert_true(right(PH_LADDER_UNREPLIED, 2 * S) && narrow(PH_LADDER_UNREPLIED));
	assert_true(right(PH_LADDER_REPLIED, 3 * S));
	assert_true(right(PH_LADDER_STREAM, 5 * S));
	assert_int_equal(w.r.inbound_refreshes, PH_LADDER_YES);
	assert_true(took < 20);
	world_fini();
}

static void
test_stop_at(void **state)
{
	struct ph_ladder_config c = ph_ladder_normal;
	double took;

	(void)state;
	c.stop_at_us = 125 * S;
	world_init(sim_seed(), 0.01, &pix_timers);
	took = run(&c);
	assert_true(right(PH_LADDER_STREAM, 120 * S));
	assert_true(w.r.time[PH_LADDER_STREAM].dead_us <= 126 * S);
	assert_true(took < 133);
	world_fini();
	c.stop_at_us = 110 * S;
	world_init(sim_seed(), 0.01, &pix_timers);
	run(&c);
	assert_int_equal(w.r.time[PH_LADDER_STREAM].state, PH_LADDER_LONGER);
	assert_true(w.r.time[PH_LADDER_STREAM].alive_us > 109 * S);
	world_fini();
}

static void
test_ends(void **state)
{
	struct ph_ladder_config c = ph_ladder_normal;
	struct sim_track t = { .unreplied_us = 3 * S, .replied_us = 3 * S, .stream_us = 900 * S,
		.stream_after_us = 2 * S };

	(void)state;
	c.first_us = 5 * S;
	c.cap_us = 60 * S;
	world_init(sim_seed(), 0.02, &t);
	print("3 s and longer than the cap", run(&c));
	assert_int_equal(w.r.time[PH_LADDER_UNREPLIED].state, PH_LADDER_SHORTER);
	assert_int_equal(w.r.time[PH_LADDER_STREAM].state, PH_LADDER_LONGER);
	assert_int_equal(w.r.inbound_refreshes, PH_LADDER_UNTOLD);
	world_fini();
}

static void
test_low_state(void **state)
{
	(void)state;
	world_init(sim_seed(), 0.01, &linux_timers);
	print("few flows", run(&ph_ladder_low_state));
	assert_true(right(PH_LADDER_UNREPLIED, 30 * S));
	assert_true(right(PH_LADDER_STREAM, 120 * S));
	assert_true(w.r.flows < 150);
	world_fini();
}

static void
test_relay(void **state)
{
	struct ph_ladder_config c = ph_ladder_normal;

	(void)state;
	c.ordered = true;
	for (unsigned i = 0; i < 2; i++) {
		world_init(sim_seed() + i, i * 0.05, &linux_timers);
		print("through a relay", run(&c));
		assert_true(right(PH_LADDER_UNREPLIED, 30 * S));
		assert_true(right(PH_LADDER_REPLIED, 30 * S));
		assert_true(right(PH_LADDER_STREAM, 120 * S));
		world_fini();
	}
}

static void
test_ban_and_failure(void **state)
{
	(void)state;
	world_init(sim_seed(), 0, &linux_timers);
	w.ban_us = w.now + 20 * S;
	run(&ph_ladder_normal);
	assert_true(w.r.canary_died);
	assert_int_equal(w.r.time[PH_LADDER_STREAM].state, PH_LADDER_UNKNOWN);
	world_fini();
	world_init(sim_seed(), 0, &linux_timers);
	w.x = ph_ladder_new(&w.mem, &ph_ladder_normal, w.now);
	send_all();
	ph_ladder_fail(w.x);
	assert_true(ph_ladder_result(w.x)->far_end_lost);
	assert_int_equal(ph_ladder_result(w.x)->time[0].state, PH_LADDER_UNKNOWN);
	assert_true(ph_ladder_deadline(w.x) == UINT64_MAX);
	world_fini();
}

/* Flows are cut after a time whatever passes. */
static void
test_lifetime(void **state)
{
	struct sim_track t = linux_timers;

	(void)state;
	t.lifetime_us = 70 * S;
	world_init(sim_seed(), 0, &t);
	print("lifetime of 70 s", run(&ph_ladder_normal));
	assert_true(w.r.lifetime_us > 60 * S && w.r.lifetime_us < 75 * S);
	assert_false(w.r.canary_died);
	assert_int_not_equal(w.r.inbound_refreshes, PH_LADDER_NO);
	world_fini();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linux),
		cmocka_unit_test(test_pix),
		cmocka_unit_test(test_pf),
		cmocka_unit_test(test_no_out_refresh),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_fast),
		cmocka_unit_test(test_stop_at),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_low_state),
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_ban_and_failure),
		cmocka_unit_test(test_lifetime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
