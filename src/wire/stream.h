/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_STREAM_H
#define PH_WIRE_STREAM_H

#include <stddef.h>
#include <stdint.h>

/*
 * DOC: STUN and ChannelData on a stream
 *
 * TCP and TLS carry STUN messages and ChannelData one after the other (RFC 8489 6.2.2,
 * RFC 8656 12.5).  The first two bits tell them apart: 00 STUN, 01 ChannelData.
 * Anything else, a STUN length that is not a multiple of four, or a message without the
 * magic cookie, means that the stream is lost: nothing after it can be found.
 *
 * What the socket gave goes into a buffer of the caller's; frames are taken from
 * its front.  Whatever was read in one go can hold many of them, and end within one.
 */
enum ph_stream_kind { PH_STREAM_MORE, PH_STREAM_STUN, PH_STREAM_CHANNEL, PH_STREAM_BAD };

struct ph_frame {
	const uint8_t *p;
	size_t len;			/* bytes of the message, without padding */
	size_t total;			/* with it: where the next begins */
};

struct ph_stream {
	uint8_t *buf;
	size_t cap;			/* bytes; the largest frame that can be taken */
	size_t from, to;		/* what is in it */
};

/* ph_stream_frame(p, n, f): the frame that begins at ${p}. */
enum ph_stream_kind ph_stream_frame(const uint8_t *, size_t, struct ph_frame *);

/* ph_stream_init(s, buf, cap): use the caller's memory. */
void ph_stream_init(struct ph_stream *, void *, size_t);

/* ph_stream_room(s, n): where to read at most *${n} bytes to; frames taken before are gone. */
uint8_t *ph_stream_room(struct ph_stream *, size_t *);

/* ph_stream_added(s, n): that many were read. */
void ph_stream_added(struct ph_stream *, size_t);

/*
 * ph_stream_take(s, f): the next frame, which stays until ph_stream_room().  BAD also
 * when it could never fit the buffer.
 */
enum ph_stream_kind ph_stream_take(struct ph_stream *, struct ph_frame *);

/* ph_stream_back(s, f): the frame that was taken last is the next one again. */
void ph_stream_back(struct ph_stream *, const struct ph_frame *);

/*
 * ph_stream_rest(s, out, n): bytes that no frame has taken, at most ${n}, for a stream that
 * carries something else from here on; how many.
 */
size_t ph_stream_rest(struct ph_stream *, void *, size_t);

/*
 * What the first byte from a client says on a TCP port that several protocols share.
 * ChannelData is not among them: an allocation comes before it.
 */
enum ph_stream_first { PH_FIRST_UNKNOWN, PH_FIRST_STUN, PH_FIRST_TLS, PH_FIRST_HTTP };

/* ph_stream_first(byte): 0x16 begins a TLS hello, a capital letter an HTTP request. */
enum ph_stream_first ph_stream_first(uint8_t);

#endif
