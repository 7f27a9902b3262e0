/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_SWEEPING_H
#define PH_PROBE_SWEEPING_H

#include "engine/sweep.h"
#include "probe/sample.h"
#include "probe/shot.h"

/*
 * A sweep of UDP ports of one family against the responder, from one socket.
 */
struct ph_sweeping {
	struct ph_loop *loop;
	struct ph_session *session;
	struct ph_sweep *engine;
	struct ph_gun *gun;
	ph_u128 to;
	uint16_t *local;		/* by port: errno with which this host refused, or 0 */
	unsigned refused;		/* datagrams */
	uint32_t serial;		/* of receipts asked for */
	bool done, far_end_lost;
	void (*on_done)(void *);
	void *arg;
};

struct ph_sweeping_opts {
	const struct ph_ranges *ports;	/* to be swept */
	const struct ph_ranges *unbound;	/* that the far end could not bind */
	ph_u128 to, from;
	bool exhaustive;
	unsigned pps;			/* 0: the engine's usual pace */
	bool unpaced;
	uint64_t seed;
};

/* ph_sweeping_start(loop, session, opts, out): 0, or -errno of the socket. */
int ph_sweeping_start(struct ph_loop *, struct ph_session *, const struct ph_sweeping_opts *,
    struct ph_sweeping *);

/* ph_sweeping_end(s): stop, with what is known. */
void ph_sweeping_end(struct ph_sweeping *);

/*
 * ph_sweeping_observed(mem, s, ports, thin, out, n):
 * What was found of those of its ports that are in ${ports}, as parts of a flow.  ${thin}:
 * only a sample of them was swept; then the longest run between two of it is returned.
 */
unsigned ph_sweeping_observed(struct ph_arena *, const struct ph_sweeping *,
    const struct ph_ranges *, bool thin, struct ph_observed **, size_t *);

#endif
