/* SPDX-License-Identifier: ISC */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/quality.h"
#include "engine/rtp_stream.h"

enum { SSRC = 0x1234, MS = 1000, SHIFT = 77000000 };	/* the ends' clocks differ */

static struct ph_arena mem;

static int
fini(void **state)
{
	(void)state;
	ph_arena_fini(&mem);
	return 0;
}

static void
assert_near(double got, double want)
{
	if (!(fabs(got - want) <= 1e-4))
		fail_msg("%.6f, not %.6f", got, want);
}

/* Packet ${index} of a stream, sent at ${sent}, arrives at ${now}. */
static bool
arrive(struct ph_quality *q, uint32_t index, uint64_t sent, uint64_t now)
{
	uint8_t b[64];
	struct ph_writer w = ph_writer(b, sizeof(b));

	ph_rtp_encode(&w, &(struct ph_rtp){ .ssrc = SSRC, .seq = (uint16_t)index });
	ph_rtp_test_encode(&w, &(struct ph_rtp_test){ .index = index, .sent_us = sent },
	    PH_RTP_TEST);
	assert_false(w.bad);
	return ph_quality_input(q, now, b, w.len, NULL);
}

static void
test_the_model_gives_the_known_figures(void **state)
{
	static const struct {
		double loss, burst, delay, r, mos;
	} t[] = {	/* worked out by hand from G.107 */
		{ 0, 1, 0, 93.2, 4.4093 },
		{ 0, 1, 100, 93.2, 4.4093 },
		{ 0, 1, 150, 93.0365, 4.4061 },
		{ 0, 1, 200, 90.1556, 4.3428 },
		{ 0, 1, 400, 69.1299, 3.5559 },
		{ 0.01, 1, 50, 89.5602, 4.3281 },
		{ 0.05, 1, 50, 77.4193, 3.9228 },
		{ 0.05, 2, 50, 75.9899, 3.8639 },
		{ 0.20, 1, 50, 51.0714, 2.6313 },
		{ 1, 1, 50, 17.2608, 1.1769 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		double r = ph_quality_r(&(struct ph_quality_path){ t[i].loss, t[i].burst,
		    t[i].delay });

		assert_near(r, t[i].r);
		assert_near(ph_quality_mos(r), t[i].mos);
	}
	assert_near(ph_quality_mos(-3), 1);
	assert_near(ph_quality_mos(0), 1);
	assert_near(ph_quality_mos(3), 1);	/* the polynomial is below 1 there */
	assert_near(ph_quality_mos(100), 4.5);
}

static void
test_jitter_is_that_of_the_rfc(void **state)
{
	/* delays 10, 14, 12, 12, 44 ms: D of 4, 2, 0, 32 ms are 32, 16, 0, 256 units */
	static const uint64_t delay_ms[] = { 10, 14, 12, 12, 44 };
	double j = 0, d[] = { 32, 16, 0, 256 };
	struct ph_quality_result r;
	struct ph_quality q;

	(void)state;
	ph_quality_init(&q, &mem, SSRC, 8000, 10);
	for (uint32_t i = 0; i < 5; i++)
		assert_true(arrive(&q, i, SHIFT + i * 20 * MS, 5000 + (i * 20 + delay_ms[i]) * MS));
	for (int i = 0; i < 4; i++)
		j += (d[i] - j) / 16;
	r = ph_quality_result(&q, 5, 0);
	assert_near(r.jitter_ts, j);
	assert_near(r.jitter_ts, 18.526855);	/* 2, 2.875, 2.6953125, then this */
	assert_near(r.jitter_ms, j / 8);
	assert_near(r.spread_ms, 34);
	assert_int_equal(r.lost, 0);
	assert_false(r.rtt_known);
}

static void
test_loss_order_and_copies_are_counted_apart(void **state)
{
	/* 0 1 3 2 3 7 6 9 9 of 12: lost 4 5 8 10 11; 2 and 6 late in order; two copies */
	static const uint32_t order[] = { 0, 1, 3, 2, 3, 7, 6, 9, 9 };
	struct ph_quality_result r;
	struct ph_quality q;

	(void)state;
	ph_quality_init(&q, &mem, SSRC, 8000, 12);
	for (uint32_t i = 0; i < 9; i++)
		assert_true(arrive(&q, order[i], SHIFT + order[i] * 20 * MS, 1000 + i));
	r = ph_quality_result(&q, 0, 0);	/* the sender has not told: up to 9 */
	assert_int_equal(r.expected, 10);
	assert_int_equal(r.lost, 3);
	r = ph_quality_result(&q, 12, 0);
	assert_int_equal(r.expected, 12);
	assert_int_equal(r.received, 7);
	assert_int_equal(r.lost, 5);
	assert_int_equal(r.reordered, 2);
	assert_int_equal(r.duplicated, 2);
	assert_int_equal(r.bursts, 3);
	assert_int_equal(r.longest_burst, 2);
	assert_near(r.loss, 5.0 / 12);
	assert_near(r.burst_ratio, 1);		/* 5/3 * 7/12 is less than 1 */
	assert_int_equal(ph_quality_result(&q, 99, 0).expected, 12);	/* more were not kept */
}

static void
test_gaps_that_are_long_have_a_ratio_above_one(void **state)
{
	struct ph_quality_result r;
	struct ph_quality q;

	(void)state;
	ph_quality_init(&q, &mem, SSRC, 8000, 100);
	for (uint32_t i = 0; i < 100; i++)
		if (i < 40 || i >= 50)
			arrive(&q, i, SHIFT + i * 20 * MS, 1000 + i * 20 * MS);
	r = ph_quality_result(&q, 100, 40 * MS);
	assert_near(r.burst_ratio, 10 * 0.9);
	assert_near(r.delay_ms, 20 + 20);
	assert_near(r.buffer_ms, 0);
	assert_near(r.r, 93.2 - 95 * 10 / (10 / 9.0 + 25.1));
}

static void
test_a_buffer_is_as_long_as_pays(void **state)
{
	struct ph_quality_result r;
	struct ph_quality q;

	(void)state;
	/* every fourth packet 35 ms later: waiting 40 ms costs nothing below 100 ms */
	ph_quality_init(&q, &mem, SSRC, 8000, 1000);
	for (uint32_t i = 0; i < 400; i++)
		arrive(&q, i, SHIFT + i * 20 * MS, 1000 + (i * 20 + (i % 4 == 3 ? 35 : 0)) * MS);
	r = ph_quality_result(&q, 400, 20 * MS);
	assert_near(r.buffer_ms, 40);
	assert_near(r.delay_ms, 70);
	assert_int_equal(r.late, 0);
	assert_near(r.mos, 4.4093);
	/* one packet 3 s late in 400: better lost than waited for */
	ph_quality_init(&q, &mem, SSRC, 8000, 1000);
	for (uint32_t i = 0; i < 400; i++)
		arrive(&q, i, SHIFT + i * 20 * MS, 1000 + (i * 20 + (i == 7 ? 3000 : 0)) * MS);
	r = ph_quality_result(&q, 400, 20 * MS);
	assert_near(r.buffer_ms, 0);
	assert_int_equal(r.late, 1);
	assert_int_equal(r.lost, 0);
	assert_near(r.r, 93.2 - 95 * 0.25 / (0.25 + 25.1));
}

static void
test_nothing_that_came_is_the_worst(void **state)
{
	struct ph_quality_result r;
	struct ph_quality q;

	(void)state;
	ph_quality_init(&q, &mem, SSRC, 8000, 100);
	r = ph_quality_result(&q, 0, 0);
	assert_int_equal(r.expected, 0);
	assert_near(r.mos, 0);
	r = ph_quality_result(&q, 50, 0);
	assert_int_equal(r.lost, 50);
	assert_near(r.loss, 1);
	assert_near(r.mos, 1);
}

static void
test_what_is_not_of_the_stream_is_left_out(void **state)
{
	uint8_t b[64] = { 0x80 };
	struct ph_quality q;

	(void)state;
	ph_quality_init(&q, &mem, SSRC, 8000, 10);
	assert_false(ph_quality_input(&q, 1, b, 0, NULL));
	assert_false(ph_quality_input(&q, 1, b, sizeof(b), NULL));
	assert_false(arrive(&q, 10, 1, 1));		/* beyond what was announced */
	assert_false(arrive(&q, 0, UINT64_MAX, 1));
	assert_int_equal(ph_quality_result(&q, 0, 0).foreign, 4);
	assert_int_equal(q.received, 0);
}

/* Both ends at once, each on its own clock: out takes 30 ms, back 50 ms. */
static void
test_two_streams_measure_the_round_trip(void **state)
{
	struct ph_rtp_stream a, b;
	struct ph_quality at_a, at_b;
	struct ph_quality_result r;
	struct ph_rtp_test t;
	uint8_t p[PH_RTP_STREAM_MAX];
	size_t n;

	(void)state;
	ph_rtp_stream_init(&a, &ph_rtp_audio, SSRC, 1000 * MS, 2000 * MS);
	ph_rtp_stream_init(&b, &ph_rtp_audio, SSRC, SHIFT, 2000 * MS);
	ph_quality_init(&at_a, &mem, SSRC, 8000, 100);
	ph_quality_init(&at_b, &mem, SSRC, 8000, 100);
	for (uint64_t us = 0; us < 2100 * MS; us += 20 * MS) {
		n = ph_rtp_stream_output(&a, 1000 * MS + us, p, sizeof(p));
		if (n > 0 && ph_quality_input(&at_b, SHIFT + us + 30 * MS, p, n, &t))
			ph_rtp_stream_heard(&b, SHIFT + us + 30 * MS, t.sent_us);
		n = ph_rtp_stream_output(&b, SHIFT + us + 35 * MS, p, sizeof(p));
		if (n > 0 && ph_quality_input(&at_a, 1000 * MS + us + 85 * MS, p, n, &t))
			ph_rtp_stream_heard(&a, 1000 * MS + us + 85 * MS, t.sent_us);
	}
	r = ph_quality_result(&at_a, 100, 0);
	assert_true(r.rtt_known);
	assert_near(r.rtt_ms, 80);
	assert_near(r.rtt_min_ms, 80);
	assert_near(r.delay_ms, 60);
	assert_int_equal(r.received, 100);
	assert_near(r.jitter_ts, 0);
	assert_int_equal(b.late_us, 35 * MS);
}

static void
test_a_sender_keeps_to_its_deadlines(void **state)
{
	static const uint64_t video[] = { 0, 500, 1000 };
	struct ph_rtp_stream s;
	uint8_t p[PH_RTP_STREAM_MAX];
	size_t bytes = 0, n;

	(void)state;
	assert_int_equal(ph_rtp_stream_count(&ph_rtp_audio, 10000 * MS), 500);
	assert_int_equal(ph_rtp_stream_count(&ph_rtp_video, 10000 * MS), 1070);
	ph_rtp_stream_init(&s, &ph_rtp_audio, SSRC, 5, 60 * MS);
	assert_true(ph_rtp_stream_deadline(&s) == 5);
	assert_int_equal(ph_rtp_stream_output(&s, 4, p, sizeof(p)), 0);
	assert_int_equal(ph_rtp_stream_output(&s, 5, p, sizeof(p)), 172);
	assert_int_equal(ph_rtp_stream_output(&s, 20004, p, sizeof(p)), 0);
	/* woken 30 ms late: two at once, and the plan stands */
	assert_int_equal(ph_rtp_stream_output(&s, 50005, p, sizeof(p)), 172);
	assert_int_equal(ph_rtp_stream_output(&s, 50005, p, sizeof(p)), 172);
	assert_int_equal(ph_rtp_stream_output(&s, 999999, p, sizeof(p)), 0);
	assert_true(ph_rtp_stream_deadline(&s) == UINT64_MAX);
	assert_int_equal(s.late_us, 30 * MS);
	ph_rtp_stream_init(&s, &ph_rtp_video, SSRC, 0, 1000 * MS);
	for (int i = 0; i < 3; i++) {
		assert_true(ph_rtp_stream_deadline(&s) == video[i]);
		bytes += n = ph_rtp_stream_output(&s, video[i], p, sizeof(p));
		assert_int_equal(n, 1168);
	}
	while ((n = ph_rtp_stream_output(&s, 1000 * MS, p, sizeof(p))) > 0)
		bytes += n;
	assert_int_equal(bytes * 8, 999808);
}

static void
test_frames_share_a_timestamp_and_mark_their_end(void **state)
{
	struct ph_rtp_stream s;
	uint8_t p[PH_RTP_STREAM_MAX];
	struct ph_rtp rtp;
	unsigned marks = 0;

	(void)state;
	ph_rtp_stream_init(&s, &ph_rtp_video, SSRC, 0, 1000 * MS);
	for (uint32_t i = 0; i < 107; i++) {
		uint32_t frame = i < 20 ? 0 : 1 + (i - 20) / 3;

		assert_true(ph_rtp_decode(p, ph_rtp_stream_output(&s, UINT32_MAX, p, sizeof(p)),
		    &rtp));
		assert_int_equal(rtp.seq, i);
		assert_int_equal(rtp.timestamp, frame * 3000);
		marks += rtp.marker;
	}
	assert_int_equal(marks, 30);
}

/* The slow twin: everything counted again from the list of arrivals. */
struct twin {
	uint32_t index[4000];
	uint64_t sent[4000], now[4000];
	uint32_t n;
};

static bool
before(const struct twin *t, uint32_t end, uint32_t index)
{
	for (uint32_t k = 0; k < end; k++)
		if (t->index[k] == index)
			return true;
	return false;
}

static bool
higher_before(const struct twin *t, uint32_t end, uint32_t index)
{
	for (uint32_t k = 0; k < end; k++)
		if (t->index[k] > index)
			return true;
	return false;
}

static void
compare_with_twin(const struct twin *t, const struct ph_quality_result *r, uint32_t sent)
{
	uint32_t copies = 0, reordered = 0, lost = 0, bursts = 0, last = UINT32_MAX;
	double j = 0;

	for (uint32_t k = 0; k < t->n; k++) {
		if (before(t, k, t->index[k])) {
			copies++;
			continue;
		}
		reordered += higher_before(t, k, t->index[k]);
		if (last != UINT32_MAX)
			j += (fabs(((double)t->now[k] - (double)t->sent[k]) -
			    ((double)t->now[last] - (double)t->sent[last])) - j) / 16;
		last = k;
	}
	for (uint32_t i = 0; i < sent; i++) {
		bool gone = !before(t, t->n, i);

		lost += gone;
		bursts += gone && (i == 0 || before(t, t->n, i - 1));
	}
	assert_int_equal(r->duplicated, copies);
	assert_int_equal(r->reordered, reordered);
	assert_int_equal(r->lost, lost);
	assert_int_equal(r->bursts, bursts);
	assert_near(r->jitter_ms, j / 1000);
}

static int
by_arrival(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return x[0] < y[0] ? -1 : x[0] > y[0];
}

static void
one_random_stream(unsigned *seed)
{
	enum { N = 600 };
	uint64_t (*due)[2] = ph_arena_array(&mem, 2 * N, sizeof(*due));
	struct twin *t = ph_arena_alloc(&mem, sizeof(*t));
	int loss = rand_r(seed) % 30, copies = rand_r(seed) % 10, spread = 1 + rand_r(seed) % 90;
	struct ph_quality_result r;
	struct ph_quality q;
	size_t n = 0;

	for (uint64_t i = 0; i < N; i++) {
		if (rand_r(seed) % 100 < loss)
			continue;
		for (int c = 0; c <= (rand_r(seed) % 100 < copies); c++, n++) {
			due[n][0] = i * 20 * MS + (uint64_t)(rand_r(seed) % (spread * MS)) + 1;
			due[n][1] = i;
		}
	}
	qsort(due, n, sizeof(*due), by_arrival);
	ph_quality_init(&q, &mem, SSRC, 8000, N);
	for (t->n = 0; t->n < n; t->n++) {
		t->index[t->n] = (uint32_t)due[t->n][1];
		t->sent[t->n] = SHIFT + due[t->n][1] * 20 * MS;
		t->now[t->n] = due[t->n][0];
		assert_true(arrive(&q, t->index[t->n], t->sent[t->n], t->now[t->n]));
	}
	r = ph_quality_result(&q, N, 0);
	compare_with_twin(t, &r, N);
}

static void
test_random_streams_agree_with_a_slow_twin(void **state)
{
	const char *given = getenv("PH_SEED");
	unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 0) : 20260101;

	(void)state;
	print_message("# PH_SEED=%u\n", seed);
	for (int i = 0; i < 60; i++)
		one_random_stream(&seed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_model_gives_the_known_figures),
		cmocka_unit_test(test_jitter_is_that_of_the_rfc),
		cmocka_unit_test(test_loss_order_and_copies_are_counted_apart),
		cmocka_unit_test(test_gaps_that_are_long_have_a_ratio_above_one),
		cmocka_unit_test(test_a_buffer_is_as_long_as_pays),
		cmocka_unit_test(test_nothing_that_came_is_the_worst),
		cmocka_unit_test(test_what_is_not_of_the_stream_is_left_out),
		cmocka_unit_test(test_two_streams_measure_the_round_trip),
		cmocka_unit_test(test_a_sender_keeps_to_its_deadlines),
		cmocka_unit_test(test_frames_share_a_timestamp_and_mark_their_end),
		cmocka_unit_test(test_random_streams_agree_with_a_slow_twin),
	};

	return cmocka_run_group_tests(tests, NULL, fini);
}
