/* SPDX-License-Identifier: ISC */
#ifndef PH_TUNNEL_LEG_H
#define PH_TUNNEL_LEG_H

#include "engine/turn_client.h"
#include "tunnel/link.h"

/*
 * DOC: One allocation
 *
 * A leg is one address at the relay, over one link: engine/turn_client.h on tunnel/link.h.  It
 * lives on one rung.  When that stops working it says so, and whoever has it begins
 * another leg on another rung.
 *
 * Whether a rung still works shows in what comes back.  While data goes out and nothing came
 * for a second, the relay is asked four times a second (a Binding request); after two more
 * seconds of silence the leg is lost.  Over a stream after five, since TCP repeats by itself.
 * When nothing is to be said at all, a question every 15 seconds keeps NATs and firewalls open.
 */
struct ph_leg;

struct ph_leg_opts {
	struct ph_via *via;
	enum ph_rung rung;
	ph_u128 addr;			/* of the relay, and its port on this rung */
	uint16_t port;
	uint8_t family;			/* of the relayed address: PH_STUN_IPV4, _IPV6 */
	bool tcp;			/* an allocation of TCP: connections, not datagrams */
	struct ph_str username, password;
	/* None of these is called from within ph_leg_send(); each may end the leg. */
	/* the allocation is there, or a peer has become ready or was refused */
	void (*ready)(void *arg);
	void (*data)(void *arg, struct ph_stun_addr peer, const uint8_t *p, size_t n);
	/* it is over; ${why} for people, ${outcome} what the relay said, if it did */
	void (*lost)(void *arg, enum ph_turn_outcome, const char *why);
	void *arg;
};

/* ph_leg_new(opts, out): begin.  0, or -errno when this host refuses. */
int ph_leg_new(const struct ph_leg_opts *, struct ph_leg **);

/* ph_leg_end(x): give the address back, as far as that needs no waiting; NULL is fine. */
void ph_leg_end(struct ph_leg *);

/* ph_leg_owner(x, arg, ready, data, lost): from now on it is another's. */
void ph_leg_owner(struct ph_leg *, const struct ph_leg_opts *);

/* ph_leg_is_ready(x): has the relay given an address? */
bool ph_leg_is_ready(const struct ph_leg *);

enum ph_leg_sent {
	PH_LEG_SENT,
	PH_LEG_LATER,			/* not yet: again after ${ready} */
	PH_LEG_DROPPED,			/* no room */
	PH_LEG_REFUSED,			/* the relay does not let this peer through */
	PH_LEG_FULL,			/* of peers */
};

/* ph_leg_send(x, peer, p, n): one datagram; the peer is permitted when it is new. */
enum ph_leg_sent ph_leg_send(struct ph_leg *, struct ph_stun_addr, const void *, size_t);

/* ph_leg_mark(x, tos): the DSCP byte of what is sent next, where the rung has any. */
void ph_leg_mark(struct ph_leg *, uint8_t);

/*
 * ph_leg_connect(x, peer): ask for a TCP connection; its place in ph_leg_turn(x)->peer, READY or
 * REFUSED after some call of ${ready}, or -1.  ph_leg_forget(x, i): its place may be another's.
 */
int ph_leg_connect(struct ph_leg *, struct ph_stun_addr);
void ph_leg_forget(struct ph_leg *, unsigned);

/* ph_leg_turn(x): how the allocation stands. */
struct ph_turn *ph_leg_turn(struct ph_leg *);

#endif
