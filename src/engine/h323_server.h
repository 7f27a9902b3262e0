/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_H323_SERVER_H
#define PH_ENGINE_H323_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/h225.h"

/*
 * A polite far end for H.323: says no, and never rings.
 *
 *	gatekeeperRequest	gatekeeperReject, or gatekeeperConfirm when ${confirm}
 *	registrationRequest	registrationReject
 *	Setup			ReleaseComplete (busy)
 *	ReleaseComplete		nothing
 *	anything else		nothing
 *
 * No answer is longer than the request, and a repeated request gets the same answer,
 * so RAS needs no state.
 */
struct ph_h323_gatekeeper {
	bool confirm;
	struct ph_h225_address self;	/* told in a confirm */
};

/*
 * ph_h323_ras(g, p, n, out, cap):
 * Answer a datagram into ${out} of ${cap} bytes (64 are enough), to be sent to where it
 * came from; return the length, 0: none.
 */
size_t ph_h323_ras(const struct ph_h323_gatekeeper *, const void *, size_t, uint8_t *, size_t);

enum { PH_H323_CALLS = 4 };		/* answers that wait to be sent; more calls are not taken */

/* One connection to the call signalling port. */
struct ph_h323_server {
	struct ph_h225 refused[PH_H323_CALLS];
	size_t n_refused;
	unsigned setups, releases;	/* read so far */
	size_t in_len;
	uint8_t in[PH_H225_MAX];
};

/* ph_h323_server_init(s): a new connection. */
void ph_h323_server_init(struct ph_h323_server *);

/*
 * ph_h323_server_input(s, p, n):
 * Any piece of the stream.  False: close it, it is not H.225.
 */
bool ph_h323_server_input(struct ph_h323_server *, const void *, size_t);

/* ph_h323_server_output(s, out, cap): the next message to send; 0: none. */
size_t ph_h323_server_output(struct ph_h323_server *, uint8_t *, size_t);

#endif
