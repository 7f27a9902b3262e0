/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_RTP_STREAM_H
#define PH_ENGINE_RTP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The sending side of a test stream: what a call would send, when.
 *
 * Every packet has its deadline computed from the start and its number, never from
 * the packet before, so that a late wake-up does not move the rest.  What is overdue
 * is sent at once; the packet says when it really left.  Times are monotonic
 * microseconds.
 */
struct ph_rtp_pattern {
	const char *name;		/* "audio", "video" */
	uint8_t type;			/* RTP payload type */
	uint32_t clock_hz;		/* of the RTP timestamp */
	uint32_t frame_us_x3;		/* time between frames, in thirds of a microsecond */
	uint32_t gap_us;		/* between the packets of one frame */
	uint32_t payload;		/* bytes, of each packet */
	uint32_t cycle;			/* frames after which sizes repeat */
	uint32_t key_packets, packets;	/* of the first frame of a cycle, of the others */
};

/* 50 packets a second of 172 bytes of RTP; 1 Mb/s in frames, one in 30 a large one. */
extern const struct ph_rtp_pattern ph_rtp_audio, ph_rtp_video;

enum { PH_RTP_STREAM_MAX = 1200 };	/* bytes: no packet of a pattern is longer */

struct ph_rtp_stream {
	const struct ph_rtp_pattern *pattern;
	uint32_t ssrc;
	uint64_t start_us, until_us;
	uint32_t index;			/* of the next packet */
	uint64_t late_us;		/* most that a packet left after its deadline */
	uint64_t heard_sent_us, heard_at_us;	/* of the packet received last; 0: none */
};

/*
 * ph_rtp_stream_init(s, pattern, ssrc, start, duration_us):
 * Packets whose deadline lies in ${duration_us} from ${start} will be sent.
 */
void ph_rtp_stream_init(struct ph_rtp_stream *, const struct ph_rtp_pattern *, uint32_t,
    uint64_t, uint64_t);

/*
 * ph_rtp_stream_heard(s, now, sent_us):
 * A packet of the other side came in, which said it was sent at ${sent_us}: the next
 * one echoes that.
 */
void ph_rtp_stream_heard(struct ph_rtp_stream *, uint64_t, uint64_t);

/*
 * ph_rtp_stream_output(s, now, out, cap):
 * Write the next packet that is due into ${out} of ${cap} >= PH_RTP_STREAM_MAX bytes;
 * return its length, 0 when none is due.
 */
size_t ph_rtp_stream_output(struct ph_rtp_stream *, uint64_t, uint8_t *, size_t);

/* ph_rtp_stream_deadline(s): when the next packet is due; UINT64_MAX: all were sent. */
uint64_t ph_rtp_stream_deadline(const struct ph_rtp_stream *);

/* ph_rtp_stream_count(pattern, duration_us): how many packets that makes. */
uint32_t ph_rtp_stream_count(const struct ph_rtp_pattern *, uint64_t);

#endif
