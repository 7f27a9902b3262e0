/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_ORDERING_H
#define PH_PROBE_ORDERING_H

#include "engine/ladder.h"
#include "engine/turn_client.h"
#include "probe/loop.h"
#include "probe/probe.h"

/*
 * DOC: Idle timers with any relay
 *
 * Without a responder a relay can be the far end of the idle ladder.  One allocation is
 * held, and the flows under test go to its relayed address, as those of a peer would: what
 * arrives there comes back to us as data of the allocation, with the address and port
 * outside, and what is sent to that from the allocation goes in.  So the relay sends when it
 * is told to, and flows say nothing themselves.
 */
struct ph_ordering {
	struct ph_loop *loop;
	struct ph_ladder *engine;
	struct ph_turn turn;
	struct ph_stun_addr server;
	int control, set;		/* the allocation's socket; all of the flows' */
	struct ph_watch *watch, *flows;
	struct ph_ordering_flow *v;
	uint32_t n;
	bool begun, done, there;	/* the ladder runs; all is over; sockets are open */
	const char *why;		/* it could not be measured, or NULL */
};

struct ph_ordering_opts {
	struct ph_stun_addr server;	/* the relay, by UDP */
	ph_u128 from;
	const struct ph_probe_turn *turn;
	uint32_t stop_at_s, cap_s;	/* 0: the usual */
};

/* ph_ordering_start(loop, opts, x): 0, or -errno of a socket. */
int ph_ordering_start(struct ph_loop *, const struct ph_ordering_opts *, struct ph_ordering *);

/* ph_ordering_end(x): close its sockets. */
void ph_ordering_end(struct ph_ordering *);

#endif
