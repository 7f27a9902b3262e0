/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_INBOUND_H
#define PH_PROBE_INBOUND_H

#include "probe/sample.h"
#include "probe/shot.h"

/*
 * Unsolicited packets from the far end: does the firewall let it open a flow?  A
 * socket waits on each port of a sample, from which nothing has been sent; the far
 * end sends to the address from which the control connection comes.
 */
enum { PH_INBOUND_TRIES = 3 };

struct ph_inbound {
	struct ph_loop *loop;
	struct ph_session *session;
	struct ph_inbound_port *v;
	size_t n, waiting;
	struct ph_watch *clock;
	bool done, far_end_lost;
	void (*on_done)(void *);
	void *arg;
};

struct ph_inbound_opts {
	const struct ph_ranges *ports;	/* here */
	const struct ph_ranges *bound;	/* of the far end: from which it can send; not empty */
	ph_u128 to, from;		/* the far end, and this host */
};

/* ph_inbound_start(loop, session, opts, out): begin. */
void ph_inbound_start(struct ph_loop *, struct ph_session *, const struct ph_inbound_opts *,
    struct ph_inbound *);

/* ph_inbound_end(x): stop; what has not come did not come. */
void ph_inbound_end(struct ph_inbound *);

/* ph_inbound_observed(mem, x, ports, out, n): as ph_sample_parts(). */
unsigned ph_inbound_observed(struct ph_arena *, const struct ph_inbound *,
    const struct ph_ranges *, struct ph_observed **, size_t *);

#endif
