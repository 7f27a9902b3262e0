/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_TRACING_H
#define PH_PROBE_TRACING_H

#include "probe/loop.h"
#include "probe/public.h"

/*
 * How far packets to one public end get, beside packets to another port of the same host that
 * works.  Every copy has a socket of its own: what comes back says which it was, however
 * little of it a router quotes.
 */
struct ph_tracing {
	struct ph_loop *loop;
	struct ph_hop engine;
	struct ph_public_end *failing;
	const struct ph_public_end *control;	/* NULL: there is none */
	struct ph_tracing_copy *copies;	/* newest first */
	struct ph_watch *watch;
	bool done;
	void (*on_done)(void *);
	void *arg;
};

/* ph_tracing_start(loop, failing, control, out): ${out}->on_done and arg are the caller's. */
void ph_tracing_start(struct ph_loop *, struct ph_public_end *, const struct ph_public_end *,
    struct ph_tracing *);

/* ph_tracing_end(x): put what is known into the end; close everything. */
void ph_tracing_end(struct ph_tracing *);

#endif
