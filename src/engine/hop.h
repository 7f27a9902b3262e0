/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_HOP_H
#define PH_ENGINE_HOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

/*
 * Where a block sits: copies of the failing flow with rising TTL, beside the
 * same for a flow that works.  Routers that the copies reach answer with ICMP
 * time exceeded; beyond the block nobody does.  Times are monotonic
 * microseconds.
 */
enum ph_hop_flow { PH_HOP_CONTROL, PH_HOP_FAILING, PH_HOP_FLOWS };

enum { PH_HOP_MAX = 24, PH_HOP_TRIES = 3 };

struct ph_hop_send {
	enum ph_hop_flow flow;
	uint8_t ttl, try;
};

enum ph_hop_owner {
	PH_HOP_UNKNOWN,
	PH_HOP_HOST,			/* this machine */
	PH_HOP_LAN,			/* a private address: your own network */
	PH_HOP_EDGE,			/* the last of your own, or your public address */
	PH_HOP_PROVIDER,		/* shared (100.64/10) or public address on the way */
	PH_HOP_FAR,			/* the far end or just before it */
};

struct ph_hop_result {
	bool done;
	enum { PH_HOP_NOT_FOUND, PH_HOP_AT_OR_AFTER, PH_HOP_REFUSED_BY, PH_HOP_NOT_BLOCKED } where;
	uint8_t hop;			/* number of that hop; 0: before the first that answers */
	ph_u128 addr;			/* its address, valid when hop is not 0 */
	uint8_t next;			/* the next that answered the control flow, or 0 */
	ph_u128 next_addr;
	enum ph_hop_owner owner;
	uint8_t far;			/* hops to the far end; 0: not reached */
};

struct ph_hop {
	struct {
		struct ph_hop_seen {
			ph_u128 from;	/* 0: no answer */
			uint8_t sent;
		} at[PH_HOP_MAX + 1];	/* by TTL */
		uint8_t reached;	/* least TTL that the far end answered; 0: none */
		uint8_t refused;	/* least TTL that was refused on the way; 0: none */
		ph_u128 refused_by;
	} flow[PH_HOP_FLOWS];
	ph_u128 own_public, far;
	uint64_t next_us, gap_us, wait_us;
	unsigned step, round;
	bool done;
};

struct ph_hop_config {
	ph_u128 own_public;		/* our address as the far end sees it; 0: not known */
	ph_u128 far;			/* of the far end */
	uint64_t gap_us;		/* between datagrams: routers answer about one a second */
	uint64_t wait_us;		/* for the last answers */
};

/* ph_hop_init(x, config, now). */
void ph_hop_init(struct ph_hop *, const struct ph_hop_config *, uint64_t);

/* ph_hop_output(x, now, out): the datagram to send now, if true. */
bool ph_hop_output(struct ph_hop *, uint64_t, struct ph_hop_send *);

/*
 * ph_hop_exceeded(x, flow, ttl, from): ICMP time exceeded, quoting that copy.
 * ph_hop_refused(x, flow, ttl, from): ICMP destination unreachable.
 * ph_hop_reply(x, flow, ttl): the far end answered it, or gave a receipt for it.
 */
void ph_hop_exceeded(struct ph_hop *, enum ph_hop_flow, uint8_t, ph_u128);
void ph_hop_refused(struct ph_hop *, enum ph_hop_flow, uint8_t, ph_u128);
void ph_hop_reply(struct ph_hop *, enum ph_hop_flow, uint8_t);

/* ph_hop_deadline(x): when to call ph_hop_output() next; UINT64_MAX: done. */
uint64_t ph_hop_deadline(const struct ph_hop *);

/* ph_hop_result(x, out): what the answers say. */
void ph_hop_result(const struct ph_hop *, struct ph_hop_result *);

/* ph_hop_owner_name(o): "your own network", ... */
const char *ph_hop_owner_name(enum ph_hop_owner);

#endif
