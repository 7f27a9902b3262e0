/* SPDX-License-Identifier: ISC */
#ifndef PH_TUNNEL_WANT_H
#define PH_TUNNEL_WANT_H

#include "model/requirement.h"

/*
 * What goes through the relay: the packets by which clients open the services' flows, as the
 * catalog and the site have them, and nothing else.  Optional flows and fallbacks count: who
 * needs a tunnel wants all of the service.
 */
struct ph_want_flow {
	uint8_t proto;			/* PH_UDP or PH_TCP */
	const struct ph_ranges *far, *ports;	/* NULL: any */
};

struct ph_want {
	struct ph_want_flow *v;
	size_t n, cap;
};

/* ph_want_init(w, mem, reqs, n): what of them a client opens by UDP or TCP. */
void ph_want_init(struct ph_want *, struct ph_arena *, const struct ph_requirement *const *,
    size_t);

/* ph_want_has(w, proto, to, port): does a packet to there belong to the services? */
bool ph_want_has(const struct ph_want *, uint8_t, ph_u128, uint16_t);

/* ph_want_hosts(w, mem): all addresses of endpoints; NULL: any. */
const struct ph_ranges *ph_want_hosts(const struct ph_want *, struct ph_arena *);

#endif
