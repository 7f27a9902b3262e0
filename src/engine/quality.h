/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_QUALITY_H
#define PH_ENGINE_QUALITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "wire/rtp.h"

/*
 * DOC: How a stream arrived, and how it would have sounded
 *
 * The receiver keeps when each packet of a test stream arrived first.  From that:
 *
 *   loss		of the packets that were sent, which the sender tells
 *			(or, until it does, up to the highest index seen)
 *   duplicates		counted apart, otherwise as if they had not come
 *   reordered		arrived after one with a higher index (RFC 4737 3)
 *   jitter		J += (|D| - J)/16 over the packets in the order in which they
 *			arrived (RFC 3550 6.4.1), in units of the RTP timestamp
 *   burst ratio	mean length of the gaps, over what chance would give at this loss
 *			(G.107 B.3); at least 1
 *   late		lost to the ear: after their turn in an emulated jitter buffer
 *
 * The instant of sampling in D is taken from when the packet left, as written into it,
 * so that a busy sending host does not count as jitter of the path.
 *
 * The E-model (G.107) makes of loss and delay a rating R and a mean opinion score:
 *
 *	R = 93.2 - Idd(Ta) - Ie_eff
 *	Ie_eff = Ie + (95 - Ie) * Ppl / (Ppl/BurstR + Bpl)
 *	Idd = 0 up to 100 ms, else 25 {(1+X^6)^(1/6) - 3 (1+(X/3)^6)^(1/6) + 2},
 *	      X = log2(Ta / 100 ms)
 *	MOS = 1 + 0.035 R + R (R-60) (100-R) 7e-6
 *
 * for G.711 with concealment (Ie 0, Bpl 25.1).  Ta is half the round trip, 20 ms of
 * packetisation and the jitter buffer.  The buffer is the constant one that gives the
 * best R, as an adaptive one of a phone would settle on: waiting longer costs delay,
 * waiting less loses packets.  It is an estimate (MOS-CQE), says nothing of other
 * codecs, and is not to be compared with the wideband scales of G.107.1.
 */
enum {
	PH_QUALITY_PACKETS = 65536,	/* most packets of a stream; later ones are not kept */
	PH_QUALITY_BUFFER_MAX_MS = 400,	/* jitter buffers tried: 0 to this, in steps of 10 */
};

struct ph_quality {
	uint32_t ssrc, clock_hz;
	uint64_t *arrived_us;		/* by index; 0: not yet */
	int64_t *transit_us;		/* arrival - sent, of two clocks */
	uint32_t cap;			/* packets that can be kept */
	uint32_t received, duplicated, reordered, foreign;
	uint32_t next_index;		/* highest index so far + 1 */
	bool first;			/* no packet yet */
	int64_t last_transit_us;
	double jitter_us;
	uint32_t rtts;
	uint64_t rtt_sum_us, rtt_min_us;
};

struct ph_quality_result {
	uint32_t expected, received, lost, duplicated, reordered;
	uint32_t foreign;		/* datagrams that were not of this stream */
	uint32_t bursts, longest_burst;	/* runs of lost packets; packets */
	double loss;			/* 0..1 */
	double burst_ratio;		/* 1: as chance would have it */
	double jitter_ts, jitter_ms;	/* in timestamp units; the same in ms */
	double spread_ms;		/* of one-way delays: largest less smallest */
	bool rtt_known;
	double rtt_ms, rtt_min_ms;	/* mean, smallest */
	uint32_t late;			/* arrived, but after their turn */
	double buffer_ms, delay_ms;	/* jitter buffer chosen; Ta */
	double r, mos;			/* estimates; 0 when nothing was expected */
};

/* What the E-model is asked. */
struct ph_quality_path {
	double loss;			/* 0..1, late packets included */
	double burst_ratio;
	double delay_ms;		/* one way, mouth to ear */
};

/*
 * ph_quality_init(q, mem, ssrc, clock_hz, packets):
 * Ready for a stream of up to ${packets} packets (at most PH_QUALITY_PACKETS); memory
 * from ${mem}, none later.
 */
void ph_quality_init(struct ph_quality *, struct ph_arena *, uint32_t, uint32_t, uint32_t);

/*
 * ph_quality_input(q, now, p, n, out):
 * A datagram of ${n} bytes arrived at ${now}, better by the kernel's time stamp than by
 * the reader's clock.  False when it is not of this stream.  *${out}, when not NULL:
 * its test payload, say for ph_rtp_stream_heard().
 */
bool ph_quality_input(struct ph_quality *, uint64_t, const void *, size_t, struct ph_rtp_test *);

/*
 * ph_quality_result(q, sent, rtt_us):
 * Judge what came, of ${sent} packets that the other side says it sent, 0: not known.
 * ${rtt_us}: from elsewhere, used when no packet told, 0: not known, counted as none.
 */
struct ph_quality_result ph_quality_result(const struct ph_quality *, uint32_t, uint64_t);

/* ph_quality_r(path): the rating R of the E-model, 0 to 93.2. */
double ph_quality_r(const struct ph_quality_path *);

/* ph_quality_mos(r): mean opinion score, 1 to 4.5. */
double ph_quality_mos(double);

#endif
