/* SPDX-License-Identifier: ISC */
#ifndef PH_TUNNEL_DIAL_H
#define PH_TUNNEL_DIAL_H

#include "engine/turn_client.h"
#include "tunnel/ladder.h"

/*
 * DOC: TCP through the relay
 *
 * RFC 6062.  One allocation of TCP for each family, over a connection of its own, is asked to
 * Connect to a peer; it answers with a number, and a further connection to the relay that says
 * that number first (ConnectionBind) is from then on the connection to the peer.  Both go over TCP
 * or TLS, as the ladder says: there is no UDP for this.
 *
 * Many relays do not offer it, or not to everybody.  What the first request shows is kept,
 * and asked for again after a minute.
 */
struct ph_dial;

struct ph_dial_opts {
	struct ph_via *via;
	struct ph_ladder *ladder;
	struct ph_str username, password;
	void (*not_offered)(void *arg, enum ph_turn_outcome);	/* the relay does no TCP */
	void *arg;
};

/* A connection being made. */
struct ph_call;

/*
 * How it ended: ${link} raw and open, to be owned by ph_link_owner() at once; or NULL, and why:
 * ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, EACCES of the peer; EPROTONOSUPPORT: this relay does
 * not do it.
 */
typedef void ph_dial_fn(void *arg, struct ph_link *link, int err);

/* ph_dial_new(opts): NULL: no memory. */
struct ph_dial *ph_dial_new(const struct ph_dial_opts *);

/* ph_dial_free(d): all calls are gone; NULL is fine. */
void ph_dial_free(struct ph_dial *);

/*
 * ph_dial_start(d, to, port, fn, arg): begin to connect; ${fn} comes later, once.  NULL: no
 * memory.  The call is gone when ${fn} comes.
 */
struct ph_call *ph_dial_start(struct ph_dial *, ph_u128, uint16_t, ph_dial_fn *, void *);

/* ph_dial_cancel(c): ${fn} will not come. */
void ph_dial_cancel(struct ph_call *);

#endif
