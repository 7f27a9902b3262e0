/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_ANSWERING_H
#define PH_PROBE_ANSWERING_H

#include "probe/sample.h"
#include "probe/session.h"

/*
 * TCP connections that the far end opens: does the firewall let them in?  We listen on each
 * port of a sample, the far end connects to the address from which the session comes, and
 * our hello has to be answered over it.
 */
struct ph_answering {
	struct ph_loop *loop;
	struct ph_session *session;
	struct ph_answering_port *v;
	size_t n, open_ones;
	unsigned tries;
	ph_u128 to;
	struct ph_watch *clock;
	bool done;
	void (*on_done)(void *);
	void *arg;
};

struct ph_answering_opts {
	const struct ph_ranges *ports;	/* here; not empty */
	ph_u128 to, from;		/* the far end, and this host */
};

/* ph_answering_start(loop, session, opts, out): begin. */
void ph_answering_start(struct ph_loop *, struct ph_session *, const struct ph_answering_opts *,
    struct ph_answering *);

/* ph_answering_end(x): stop; what has not come did not come. */
void ph_answering_end(struct ph_answering *);

/* ph_answering_observed(mem, x, ports, out, n): as ph_sample_parts(). */
unsigned ph_answering_observed(struct ph_arena *, const struct ph_answering *,
    const struct ph_ranges *, struct ph_observed **, size_t *);

#endif
