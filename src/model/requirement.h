/* SPDX-License-Identifier: ISC */
#ifndef PH_MODEL_REQUIREMENT_H
#define PH_MODEL_REQUIREMENT_H

#include "space/set.h"

/*
 * A requirement: one flow of one service at one site, in one direction, for
 * one family or both, as an exact set of packets.  A flow that its page calls
 * bidirectional gives two: OUT, opened by the client, and IN, by the far end.
 *
 * ${need} is what must be open; ${may} is what a plan may open and still be
 * called least: the same with every source port, since clients use ports from
 * 1024 up and rules usually do not say so.
 */
enum ph_direction { PH_OUT, PH_IN };
enum ph_page_direction { PH_PAGE_OUT, PH_PAGE_IN, PH_PAGE_BOTH };
enum ph_initiator { PH_BY_CLIENT, PH_BY_FAR_END, PH_BY_EITHER };
enum ph_need { PH_REQUIRED, PH_OPTIONAL, PH_FALLBACK };

struct ph_requirement {
	const char *service, *flow;	/* ids, as on the command line */
	const char *title;		/* the service's, for people */
	const char *purpose;
	enum ph_direction direction;	/* of this requirement, seen from the clients */
	enum ph_page_direction page;	/* as the service's page says it */
	enum ph_initiator initiator;
	enum ph_need need;
	const char *fallback;		/* id of the flow that serves instead, or NULL */
	uint32_t idle_s;		/* may be silent so long and must survive; 0: n/a */
	const char *alg;		/* advice: "off", or NULL */
	const char *alg_protocol;	/* "sip", "h323" or NULL: who would meddle */
	const char *app;		/* program for application firewalls, or NULL */
	const char *group;		/* endpoint group(s), for names of objects */
	uint8_t proto;			/* PH_TCP, PH_UDP, … */
	const struct ph_ranges *ports;	/* destination ports */
	const struct ph_ranges *sports;	/* NULL: any the sender likes */
	const struct ph_ranges *clients;	/* the site's side */
	const struct ph_ranges *far;		/* the endpoints' side */
	struct ph_cube need_cube, may_cube;	/* SRC DST SPORT DPORT PROTO only */
	const char *source, *checked;	/* where the need stands; date */
	const char *note;		/* a warning that belongs to it, or NULL */
};

/* ph_requirement_seal(mem, r): compute both cubes from the other fields. */
void ph_requirement_seal(struct ph_arena *, struct ph_requirement *);

/* Words of cli.md. */
const char *ph_direction_name(enum ph_direction);
const char *ph_page_direction_name(enum ph_page_direction);
const char *ph_initiator_name(enum ph_initiator);
const char *ph_need_name(enum ph_need);

#endif
