/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_MEDDLING_H
#define PH_PROBE_MEDDLING_H

#include "engine/alg.h"
#include "probe/loop.h"
#include "probe/session.h"

/*
 * DOC: What the way does to signalling
 *
 * A call is set up with the far end as a telephone would, on the port of the protocol;
 * then the far end tells byte for byte what it heard and what it said.  The same on a
 * port that no gateway knows, and within TLS, are the controls (engine/alg.h).
 */
enum ph_meddling_protocol { PH_MEDDLING_SIP, PH_MEDDLING_H323 };

struct ph_meddling_opts {
	ph_u128 to, from;
	enum ph_control_proto proto;	/* SIP_UDP ... H225; the far end listens there */
	uint16_t port;
	const struct ph_tls_key *key;	/* SIP_TLS */
	const uint8_t *peer;
	uint64_t id;			/* of the call, another for each */
};

/* Both directions of one call. */
struct ph_meddling {
	struct ph_alg_try out, in;
	bool tried_in;			/* the far end has answered */
	const char *why;		/* it could not be tried at all; or NULL */
};

/*
 * ph_meddling_try(l, s, o, m): make the call, wait for the answer, at most some seconds, and
 * compare.  Runs the loop.  What did not arrive is followed by other bytes on the port.
 */
void ph_meddling_try(struct ph_loop *, struct ph_session *, const struct ph_meddling_opts *,
    struct ph_meddling *);

#endif
