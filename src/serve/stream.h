/* SPDX-License-Identifier: ISC */
#ifndef PH_SERVE_STREAM_H
#define PH_SERVE_STREAM_H

#include "engine/quality.h"
#include "engine/rtp_stream.h"
#include "os/udp.h"
#include "wire/control.h"

/*
 * One stream of RTP both ways with the client of a session: what comes is judged, what
 * goes is paced, and each packet says when the last one was heard.
 */
struct ph_stream_far {
	struct ph_arena mem;
	struct ph_control_stream what;
	struct ph_quality quality;
	struct ph_rtp_stream out;
	bool there, begun;		/* asked for; its first packet has come */
	int fd;
	ph_u128 to;
	uint16_t to_port;
	uint32_t sent;
};

enum { PH_STREAM_FAR_MS = 60000 };	/* longest stream */

/* ph_stream_far_init(s, what, fd): expect it on that socket.  False: too long. */
bool ph_stream_far_init(struct ph_stream_far *, const struct ph_control_stream *, int);

void ph_stream_far_fini(struct ph_stream_far *);

/* ph_stream_far_take(s, now, m): a datagram that looks like RTP; false: none of this stream. */
bool ph_stream_far_take(struct ph_stream_far *, uint64_t, const struct ph_udp_msg *);

/* ph_stream_far_run(s, now): send what is due; when the next packet is; UINT64_MAX: none. */
uint64_t ph_stream_far_run(struct ph_stream_far *, uint64_t);

/* ph_stream_far_result(s, sent, out): judge what came, of so many. */
void ph_stream_far_result(const struct ph_stream_far *, uint32_t, struct ph_control_streamed *);

#endif
