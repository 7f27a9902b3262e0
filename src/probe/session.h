/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_SESSION_H
#define PH_PROBE_SESSION_H

#include "probe/loop.h"
#include "space/ranges.h"
#include "wire/control.h"
#include "wire/stun_auth.h"

/*
 * DOC: The session with the responder
 *
 * One TLS connection, over which the far end is told what to do and tells what it
 * saw.  Questions are answered in order; who asks gets one call with the answer, or
 * one with NULL when the session ended before it came.  What ended it is kept:
 * it is said of the far end, never of the network under test, unless the first
 * connection itself did not get through.
 */
struct ph_session;

struct ph_tls_key;

struct ph_session_opts {
	ph_u128 to;			/* of the responder */
	uint16_t port;
	const struct ph_tls_key *key;	/* ours */
	const uint8_t *peer;		/* its raw public key, 32 bytes */
};

/* Packets of ours that arrived at the far end. */
struct ph_session_receipts {
	const struct ph_control_receipt *v;
	size_t n;
};

typedef void ph_session_receipts_fn(void *, const struct ph_session_receipts *);

/*
 * Ports that the far end could not bind, NULL for all, and why.  Whoever asked gets NULL in
 * place of this when the session ended.
 */
struct ph_session_bound {
	const struct ph_ranges *failed;
	const char *why;		/* or NULL */
	bool full;			/* there is no room for more ports now */
};

typedef void ph_session_bound_fn(void *, const struct ph_session_bound *);

/* ph_session_new(loop, opts): begin to connect. */
struct ph_session *ph_session_new(struct ph_loop *, const struct ph_session_opts *);

/* ph_session_end(s): say goodbye, so that the far end releases everything, and close. */
void ph_session_end(struct ph_session *);

/* ph_session_settled(s): becomes true when it is ready or has failed. */
const bool *ph_session_settled(const struct ph_session *);

/* ph_session_failure(s): why it ended, or could not begin; NULL while all is well. */
const char *ph_session_failure(const struct ph_session *);

/*
 * ph_session_intercepted(s): did it fail because somebody else's key answered?
 */
bool ph_session_intercepted(const struct ph_session *);

/* ph_session_auth(s), _username(s), _salt(s): what shots are sealed with; when ready. */
struct ph_stun_auth *ph_session_auth(struct ph_session *);
struct ph_str ph_session_username(const struct ph_session *);
const uint8_t *ph_session_salt(const struct ph_session *);

/* ph_session_welcome(s): what the far end told at the beginning; when ready. */
const struct ph_control_welcome *ph_session_welcome(const struct ph_session *);

/*
 * ph_session_is_public(s, port): does the far end answer everybody there?  Then its answers
 * carry no seal, and there are no receipts.
 */
bool ph_session_is_public(const struct ph_session *, uint16_t);

/* ph_session_bind(s, proto, ports, fn, arg): listen on these ports for us. */
void ph_session_bind(struct ph_session *, enum ph_control_proto, const struct ph_ranges *,
    ph_session_bound_fn *, void *);

/* ph_session_connect(s, ports, fn, arg): let it connect to these TCP ports of ours. */
void ph_session_connect(struct ph_session *, const struct ph_ranges *, ph_session_bound_fn *,
    void *);

/* A request that the far end has done, or why not; also false when the session ended. */
typedef void ph_session_done_fn(void *, bool, const char *why);

/* ph_session_lost(s): it does not answer; everybody who waits is told. */
void ph_session_lost(struct ph_session *);

/* ph_session_ping(s, fn, arg): is it still there? */
void ph_session_ping(struct ph_session *, ph_session_done_fn *, void *);

/* ph_session_release(s, fn, arg): close all ports and forget what arrived. */
void ph_session_release(struct ph_session *, ph_session_done_fn *, void *);

/* ph_session_send(s, what, fn, arg): let it send datagrams nobody asked for. */
void ph_session_send(struct ph_session *, const struct ph_control_send *,
    ph_session_done_fn *, void *);

/* What the far end got last on a port; NULL when the session ended. */
typedef void ph_session_mirrored_fn(void *, const struct ph_control_mirrored *);

/* ph_session_mirror(s, proto, port, fn, arg): the raw bytes that arrived there. */
void ph_session_mirror(struct ph_session *, enum ph_control_proto, uint16_t,
    ph_session_mirrored_fn *, void *);

/* ph_session_stream(s, what, fn, arg): a stream of RTP both ways is about to begin. */
void ph_session_stream(struct ph_session *, const struct ph_control_stream *,
    ph_session_done_fn *, void *);

/* How our stream arrived; NULL when the session ended, or there was none. */
typedef void ph_session_streamed_fn(void *, const struct ph_control_streamed *);

/* ph_session_stream_end(s, sent, fn, arg): it is over; we have sent so many packets. */
void ph_session_stream_end(struct ph_session *, uint32_t, ph_session_streamed_fn *, void *);

/* The far end's secret of a TLS connection, 32 bytes; NULL when it has none. */
typedef void ph_session_exported_fn(void *, const uint8_t *);

/* ph_session_exporter(s, port, fn, arg): of our last TLS connection to that port. */
void ph_session_exporter(struct ph_session *, uint16_t, ph_session_exported_fn *, void *);

/* ph_session_receipts(s, fn, arg): what arrived since the session began. */
void ph_session_receipts(struct ph_session *, ph_session_receipts_fn *, void *);

/*
 * ph_session_news(s, fn, arg): of these, what has changed since this was asked last; for
 * who asks often, and alone.
 */
void ph_session_news(struct ph_session *, ph_session_receipts_fn *, void *);

/* ph_session_rtt_us(s): of the first question, at most so much; 0: not ready yet. */
uint64_t ph_session_rtt_us(const struct ph_session *);

#endif
