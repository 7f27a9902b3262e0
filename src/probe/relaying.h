/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_RELAYING_H
#define PH_PROBE_RELAYING_H

#include "engine/turn_client.h"
#include "probe/loop.h"
#include "probe/probe.h"
#include "probe/session.h"

/*
 * DOC: A rung is proven by an echo
 *
 * That a relay grants an allocation says that its port is reached, not that calls get
 * through it.  So something is sent through it and has to come back: to the responder,
 * which answers what is sealed with the session's key, or, without one, from one allocation
 * to another of the same relay.
 *
 * Silence alone does not tell a firewall from a relay that is not there: the caller judges
 * the rungs to one relay together.
 */
enum ph_relaying_transport {
	PH_RELAYING_UDP, PH_RELAYING_TCP, PH_RELAYING_TLS, PH_RELAYING_TRANSPORTS,
};

struct ph_relaying_opts {
	enum ph_relaying_transport transport;
	struct ph_stun_addr server;
	ph_u128 from;
	const struct ph_probe_turn *turn;	/* name and account */
	struct ph_session *session;	/* whose responder echoes; NULL: none */
	struct ph_stun_addr echo;	/* a leased UDP port of it */
};

/* How far it came. */
enum ph_relaying_fate {
	PH_RELAYING_SILENT,		/* nothing answered */
	PH_RELAYING_REFUSED,		/* by this host, a RST, or an ICMP message */
	PH_RELAYING_INTERCEPTED,	/* TLS: somebody else's certificate, or no TLS */
	PH_RELAYING_REACHED,		/* the relay answers, but gives nothing */
	PH_RELAYING_ALLOCATED,		/* it gives, but nothing came back through it */
	PH_RELAYING_ECHOED,
};

struct ph_relaying {
	enum ph_relaying_fate fate;
	uint64_t rtt_us;		/* through the relay; 0: not known */
	const char *why;		/* of all but ECHOED */
	bool done;
	struct ph_relaying_trial *trial;
};

enum { PH_RELAYING_US = 9000000 };	/* it is given so long */

/* ph_relaying_start(l, o, x): begin; ${o} and ${x} stay where they are until it is ended. */
void ph_relaying_start(struct ph_loop *, const struct ph_relaying_opts *, struct ph_relaying *);

/* ph_relaying_end(x): stop, with what is known, and give allocations back. */
void ph_relaying_end(struct ph_relaying *);

/* ph_relaying_word(t): "turn-udp" ... */
const char *ph_relaying_word(enum ph_relaying_transport);

#endif
