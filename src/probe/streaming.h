/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_STREAMING_H
#define PH_PROBE_STREAMING_H

#include "engine/quality.h"
#include "engine/rtp_stream.h"
#include "probe/result.h"
#include "probe/session.h"

/*
 * A stream of packets like those of a telephone call, both ways at once, on one port that
 * is open.  Each end judges what it got (engine/quality.h).
 */
struct ph_streaming_opts {
	ph_u128 to, from;
	uint16_t port;			/* leased for UDP */
	uint32_t duration_ms;
};

struct ph_streaming {
	struct ph_loop *loop;
	struct ph_session *session;
	struct ph_streaming_opts o;
	struct ph_watch *watch;
	struct ph_rtp_stream out;
	struct ph_quality quality;
	struct ph_control_streamed far;
	int fd;
	uint32_t sent;
	uint64_t until_us;		/* late packets are waited for until then */
	bool begun, asked, told, done;
	const char *why;		/* it could not be tested, or NULL */
};

/* ph_streaming_start(l, s, o, x): 0, or -errno of the socket. */
int ph_streaming_start(struct ph_loop *, struct ph_session *, const struct ph_streaming_opts *,
    struct ph_streaming *);

/* ph_streaming_end(x): stop, with what is known. */
void ph_streaming_end(struct ph_streaming *);

/* ph_streaming_result(x, p): into the path. */
void ph_streaming_result(const struct ph_streaming *, struct ph_path_seen *);

#endif
