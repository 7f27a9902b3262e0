/* SPDX-License-Identifier: ISC */
#ifndef PH_TUNNEL_LADDER_H
#define PH_TUNNEL_LADDER_H

#include "space/ranges.h"
#include "tunnel/link.h"

/*
 * DOC: Which way to take
 *
 * Every rung to every address of the relay is a way, in the order in which they would be
 * chosen.  At the start they are tried one after the other, a better one getting a head
 * start of the time that an answer may take.  Then the others are looked at in the background, so
 * that it is known where to go when the one in use fails; one that failed is looked at again,
 * ever more rarely.  This only keeps the books: who
 * sends and listens is tunnel/tunnel.c.
 */
enum { PH_LADDER_WAYS = 12 };

struct ph_way {
	enum ph_rung rung;
	ph_u128 addr;
	uint16_t port;
	bool failed, worked;
	uint64_t again_us;		/* failed: when to look whether it works again */
	uint32_t failures;		/* in a row */
	const char *why;		/* the last failure */
};

struct ph_ladder {
	struct ph_way way[PH_LADDER_WAYS];
	unsigned n;
};

/* ph_ladder_init(l): no way.  ph_ladder_add(l, rung, addrs, port): ways of that rung. */
void ph_ladder_init(struct ph_ladder *);
void ph_ladder_add(struct ph_ladder *, enum ph_rung, const struct ph_ranges *, uint16_t);

/*
 * ph_ladder_pick(l): the best way that works; when none is known to, the best that has not failed;
 * when all have, the one to try next.
 */
unsigned ph_ladder_pick(const struct ph_ladder *);

/* ph_ladder_stream(l): the same among those that are no UDP; -1: there are none. */
int ph_ladder_stream(const struct ph_ladder *);

/* ph_ladder_failed(l, i, why, now), ph_ladder_worked(l, i): what became of way ${i}. */
void ph_ladder_failed(struct ph_ladder *, unsigned, const char *why, uint64_t);
void ph_ladder_worked(struct ph_ladder *, unsigned);

/* ph_ladder_check(l, now): a way of which nothing is known, or one that failed long ago, or -1. */
int ph_ladder_check(const struct ph_ladder *, uint64_t);

#endif
