/* SPDX-License-Identifier: ISC */
#ifndef PH_TUNNEL_HEARD_H
#define PH_TUNNEL_HEARD_H

#include <stddef.h>
#include <stdint.h>

/*
 * DOC: Loss, as far as it can be seen
 *
 * Nobody but the two ends knows what was lost; but RTP numbers its packets (RFC 3550 5.1), SRTP
 * leaves the numbers readable, and what comes back through the relay passes here.  So of every
 * stream the numbers are followed as a receiver does (RFC 3550 A.1, A.3), and the loss shown is
 * that of media on its way to the program.  A stream that jumps by 3,000 numbers or more
 * is begun anew.
 */
enum { PH_HEARD_STREAMS = 64 };

struct ph_heard {
	struct ph_heard_stream {
		uint32_t ssrc;
		uint16_t port;		/* of the program's socket; 0: free */
		uint16_t highest;
		uint64_t used;
	} stream[PH_HEARD_STREAMS];
	uint64_t uses;
	uint64_t expected, received;	/* packets, of all streams so far */
};

/* ph_heard_take(h, port, p, n): a datagram that came for that port; other than RTP is ignored. */
void ph_heard_take(struct ph_heard *, uint16_t, const uint8_t *, size_t);

/* ph_heard_lost(h): packets; 0 when more came than were expected, as duplicates do. */
uint64_t ph_heard_lost(const struct ph_heard *);

#endif
