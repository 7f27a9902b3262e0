/* SPDX-License-Identifier: ISC */
#ifndef PH_RELAY_METRICS_H
#define PH_RELAY_METRICS_H

#include <stdio.h>

#include "engine/turn_server.h"
#include "relay/fast.h"

/*
 * DOC: Metrics
 *
 * One page of HTTP, for Prometheus and those who read its text format: numbers of the
 * whole relay, none of a user or an address.  A thread of its own answers, to few at a
 * time, and forgets who does not ask within two seconds.
 */
struct ph_metrics;

/* What the page is made from. */
struct ph_relay_figures {
	uint64_t stat[PH_TURN_N_STATS];
	uint64_t streams;		/* connections of clients, now */
	uint64_t moved;			/* packets, by the fast path */
	unsigned workers;
	const struct ph_fast *fast;	/* NULL: none */
};

/* ph_metrics_text(figures, out): the page, in the text format 0.0.4. */
void ph_metrics_text(const struct ph_relay_figures *, FILE *);

/*
 * ph_metrics_start(addr, port, figures, arg, out): begin to answer there; ${figures} is called
 * with ${arg} by another thread.  0, or -errno of the socket or thread.
 */
int ph_metrics_start(ph_u128, uint16_t, void (*)(void *, struct ph_relay_figures *), void *,
    struct ph_metrics **);

/* ph_metrics_stop(m): NULL is fine. */
void ph_metrics_stop(struct ph_metrics *);

#endif
