/* SPDX-License-Identifier: ISC */
/*
 * RTP: what is read, written again, gives the same bytes; a receiver takes any datagrams
 * (each begins with its length in one byte) and its figures stay within bounds.
 *
 * seeds: tests/fuzz/seeds/rtp
 */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "engine/quality.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
try_packet(const uint8_t *p, size_t n)
{
	uint8_t out[2048];
	struct ph_writer w = ph_writer(out, sizeof(out));
	struct ph_rtp rtp;

	if (n > sizeof(out) || !ph_rtp_decode(p, n, &rtp))
		return;
	ph_rtp_encode(&w, &rtp);
	assert(!w.bad && w.len == n);
	assert(memcmp(out, p, n - rtp.padding) == 0);	/* what padding holds is free */
}

static void
try_stream(const uint8_t *p, size_t n)
{
	struct ph_arena mem = { 0 };
	struct ph_quality_result r;
	struct ph_quality q;
	uint64_t now = 0;

	ph_quality_init(&q, &mem, 7, 8000, 300);
	while (n > 0) {
		size_t len = p[0] < n - 1 ? p[0] : n - 1;

		ph_quality_input(&q, now += len * 997, p + 1, len, NULL);
		p += len + 1;
		n -= len + 1;
	}
	r = ph_quality_result(&q, 200, 0);
	assert(r.expected >= r.received && r.lost + r.received == r.expected);
	assert(r.loss >= 0 && r.loss <= 1 && r.burst_ratio >= 1);
	assert(isfinite(r.jitter_ts) && r.jitter_ts >= 0 && r.spread_ms >= 0);
	assert(r.r >= 0 && r.r <= 93.2 && r.mos >= 1 && r.mos <= 4.5);
	ph_arena_fini(&mem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	try_packet(data, n);
	try_stream(data, n);
	return 0;
}
