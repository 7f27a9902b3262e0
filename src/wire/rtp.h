/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_RTP_H
#define PH_WIRE_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/cursor.h"

/*
 * DOC: RTP, and the payload of a test stream
 *
 *	 0                   1                   2                   3
 *	|V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *	|                           timestamp                           |
 *	|                             SSRC                              |
 *	|                     CSRC (4 bytes each)                       |
 *	|     profile of extension      |     length in 32-bit words    |
 *
 * (RFC 3550 5.1, 5.3.1).  A test stream is made of packets that look like those of
 * a call to everything between the ends.  Their payload begins with
 *
 *	magic(4) index(4) sent(8) echo(8) held(4)
 *
 * index counts from 0 and is the extended sequence number, so that a receiver needs
 * no guess about wraps; sent is the sender's clock; echo is the sent of the packet that
 * the sender received last and held for how long it has had it, both 0 when there is
 * none: the round trip as RTCP measures it (RFC 3550 6.4.1), without RTCP.  Times are
 * microseconds of the clock of the end that wrote sent.
 */
enum {
	PH_RTP_HEADER = 12,		/* bytes, without CSRC and extension */
	PH_RTP_TEST = 28,		/* bytes of a test payload before the filling */
	PH_RTP_PCMU = 0,		/* payload type, RFC 3551 */
	PH_RTP_DYNAMIC = 96,
};

struct ph_rtp {
	bool marker;
	uint8_t type;			/* payload type, 0-127 */
	uint16_t seq;
	uint32_t timestamp, ssrc;
	uint8_t n_csrc;			/* 0-15 */
	uint32_t csrc[15];
	bool extended;
	uint16_t profile;		/* of the extension */
	const uint8_t *extension;	/* borrowed */
	size_t extension_len;		/* bytes, a multiple of 4 */
	const uint8_t *payload;		/* borrowed; padding taken off */
	size_t payload_len;
	uint8_t padding;		/* bytes, its count included; 0: none */
};

struct ph_rtp_test {
	uint32_t index;
	uint64_t sent_us, echo_us;
	uint32_t held_us;
};

/*
 * ph_rtp_decode(p, n, out):
 * Read ${n} bytes as one RTP packet.  False: too short, another version, padding or
 * extension that do not fit, or RTCP by its second byte (192-223, RFC 5761 4).
 */
bool ph_rtp_decode(const void *, size_t, struct ph_rtp *);

/*
 * ph_rtp_encode(w, p):
 * Write the packet; the writer goes bad when it does not fit.
 */
void ph_rtp_encode(struct ph_writer *, const struct ph_rtp *);

/* ph_rtp_test_decode(p, n, out): read a test payload; false when it is not one. */
bool ph_rtp_test_decode(const uint8_t *, size_t, struct ph_rtp_test *);

/*
 * ph_rtp_test_encode(w, t, len):
 * Write a test payload of ${len} bytes, at least PH_RTP_TEST; the filling tells its
 * place, so that bytes that were changed on the way can be told.
 */
void ph_rtp_test_encode(struct ph_writer *, const struct ph_rtp_test *, size_t);

#endif
