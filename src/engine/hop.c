/* SPDX-License-Identifier: ISC */
#include "engine/hop.h"

/*
 * DOC: Which hop
 *
 * Copies of the failing flow with TTL 1, 2, 3 ... reach one router more each; the
 * last router that answers lets the flow in and nobody behind it sees it.  So the
 * block is in that router's forwarding or at the entrance of the next.  Some
 * routers never answer; a flow to a port that works shows which, being traced
 * beside it.  Both take turns and nearer hops come first, as routers answer about
 * one datagram a second to each destination.
 */
static const char *const owners[] = {
	[PH_HOP_UNKNOWN] = "unknown", [PH_HOP_HOST] = "this computer",
	[PH_HOP_LAN] = "your own network", [PH_HOP_EDGE] = "your own router or firewall",
	[PH_HOP_PROVIDER] = "your provider or the Internet", [PH_HOP_FAR] = "the far end",
};

void
ph_hop_init(struct ph_hop *x, const struct ph_hop_config *c, uint64_t now)
{
	*x = (struct ph_hop){
		.own_public = c->own_public, .far = c->far, .next_us = now,
		.gap_us = c->gap_us, .wait_us = c->wait_us,
	};
}

/* Beyond the far end nothing can be learned. */
static unsigned
last_ttl(const struct ph_hop *x)
{
	uint8_t far = x->flow[PH_HOP_CONTROL].reached;

	return far != 0 ? far : PH_HOP_MAX;
}

/* Is another copy of this TTL of use? */
static bool
needed(const struct ph_hop *x, enum ph_hop_flow flow, unsigned ttl)
{
	return x->flow[flow].at[ttl].from == 0 && (x->flow[flow].reached == 0 ||
	    ttl < x->flow[flow].reached) && (x->flow[flow].refused == 0 ||
	    ttl < x->flow[flow].refused) && x->flow[flow].at[ttl].sent <= x->round;
}

static bool
next(struct ph_hop *x, enum ph_hop_flow *flow, unsigned *ttl)
{
	for (; x->round < PH_HOP_TRIES; x->round++, x->step = 0)
		for (; x->step < last_ttl(x) * PH_HOP_FLOWS; x->step++) {
			*flow = (enum ph_hop_flow)(x->step % PH_HOP_FLOWS);
			*ttl = x->step / PH_HOP_FLOWS + 1;
			if (needed(x, *flow, *ttl))
				return true;
		}
	return false;
}

bool
ph_hop_output(struct ph_hop *x, uint64_t now, struct ph_hop_send *out)
{
	enum ph_hop_flow flow;
	unsigned ttl;

	if (x->done || now < x->next_us)
		return false;
	if (x->round < PH_HOP_TRIES && next(x, &flow, &ttl)) {
		*out = (struct ph_hop_send){ flow, (uint8_t)ttl, x->flow[flow].at[ttl].sent++ };
		x->step++;
		x->next_us = now + x->gap_us;
		return true;
	}
	x->done = x->round > PH_HOP_TRIES;
	x->round++;
	x->next_us = now + x->wait_us;
	return false;
}

static bool
sent(const struct ph_hop *x, enum ph_hop_flow flow, uint8_t ttl)
{
	return ttl > 0 && ttl <= PH_HOP_MAX && x->flow[flow].at[ttl].sent > 0;
}

void
ph_hop_exceeded(struct ph_hop *x, enum ph_hop_flow flow, uint8_t ttl, ph_u128 from)
{
	if (sent(x, flow, ttl))
		x->flow[flow].at[ttl].from = from;
}

void
ph_hop_refused(struct ph_hop *x, enum ph_hop_flow flow, uint8_t ttl, ph_u128 from)
{
	if (!sent(x, flow, ttl) ||
	    (x->flow[flow].refused != 0 && x->flow[flow].refused <= ttl))
		return;
	x->flow[flow].refused = ttl;
	x->flow[flow].refused_by = from;
}

void
ph_hop_reply(struct ph_hop *x, enum ph_hop_flow flow, uint8_t ttl)
{
	if (sent(x, flow, ttl) && (x->flow[flow].reached == 0 || ttl < x->flow[flow].reached))
		x->flow[flow].reached = ttl;
}

uint64_t
ph_hop_deadline(const struct ph_hop *x)
{
	return x->done ? UINT64_MAX : x->next_us;
}

/* Judging. */

static bool
is_private(ph_u128 a)
{
	static const struct ph_range v4[] = {
		{ PH_V4(0x0a000000), PH_V4(0x0affffff) },
		{ PH_V4(0xac100000), PH_V4(0xac1fffff) },
		{ PH_V4(0xc0a80000), PH_V4(0xc0a8ffff) },
		{ PH_V4(0xa9fe0000), PH_V4(0xa9feffff) },
	};

	for (unsigned i = 0; i < sizeof(v4) / sizeof(v4[0]); i++)
		if (a >= v4[i].lo && a <= v4[i].hi)
			return true;
	return !ph_addr_is_v4(a) && (a >> 121 == 0xfc >> 1 || a >> 118 == 0xfe80 >> 6);
}

/* The first hop is ours whatever its address; so is what is private all the way. */
static enum ph_hop_owner
owner(const struct ph_hop *x, uint8_t hop, ph_u128 addr, ph_u128 next_addr)
{
	const struct ph_hop_seen *at = x->flow[PH_HOP_CONTROL].at;
	uint8_t far = x->flow[PH_HOP_CONTROL].reached;

	if (hop == 0)
		return PH_HOP_UNKNOWN;
	if (addr == x->far || (far != 0 && hop + 1 >= far && !is_private(addr) && hop > 1))
		return PH_HOP_FAR;
	if (addr == x->own_public || hop == 1)
		return PH_HOP_EDGE;
	for (uint8_t i = 1; i < hop; i++)
		if (at[i].from != 0 && !is_private(at[i].from))
			return PH_HOP_PROVIDER;
	if (!is_private(addr))
		return PH_HOP_PROVIDER;
	return next_addr != 0 && !is_private(next_addr) ? PH_HOP_EDGE : PH_HOP_LAN;
}

static void
find_last(const struct ph_hop *x, struct ph_hop_result *r)
{
	for (uint8_t ttl = 1; ttl <= PH_HOP_MAX; ttl++) {
		ph_u128 control = x->flow[PH_HOP_CONTROL].at[ttl].from;
		ph_u128 failing = x->flow[PH_HOP_FAILING].at[ttl].from;

		if (failing != 0) {
			r->hop = ttl;
			r->addr = failing;
			r->next = 0;
		} else if (control != 0 && r->next == 0) {
			r->next = ttl;
			r->next_addr = control;
		}
	}
}

/* A router refuses what it would forward, so its own number is one less, mostly. */
static uint8_t
hop_of(const struct ph_hop *x, ph_u128 addr, uint8_t otherwise)
{
	for (uint8_t ttl = 1; ttl <= PH_HOP_MAX; ttl++)
		for (int flow = 0; flow < PH_HOP_FLOWS; flow++)
			if (x->flow[flow].at[ttl].from == addr)
				return ttl;
	return otherwise;
}

void
ph_hop_result(const struct ph_hop *x, struct ph_hop_result *r)
{
	uint8_t refused = x->flow[PH_HOP_FAILING].refused;

	*r = (struct ph_hop_result){ .done = x->done, .far = x->flow[PH_HOP_CONTROL].reached };
	if (x->flow[PH_HOP_FAILING].reached != 0) {
		r->where = PH_HOP_NOT_BLOCKED;
		return;
	}
	find_last(x, r);
	if (refused != 0) {
		r->where = PH_HOP_REFUSED_BY;
		r->addr = x->flow[PH_HOP_FAILING].refused_by;
		r->hop = hop_of(x, r->addr, refused);
	} else if (r->hop != 0 || r->next != 0) {
		/* silence says where only if somebody behind answers the control flow */
		r->where = r->next != 0 || r->far > r->hop ? PH_HOP_AT_OR_AFTER :
		    PH_HOP_NOT_FOUND;
	}
	r->owner = owner(x, r->hop, r->addr, r->next_addr);
}

const char *
ph_hop_owner_name(enum ph_hop_owner o)
{
	return owners[o];
}
