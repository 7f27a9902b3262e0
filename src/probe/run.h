/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_RUN_H
#define PH_PROBE_RUN_H

#include "probe/answering.h"
#include "probe/connecting.h"
#include "probe/inbound.h"
#include "probe/plan.h"
#include "probe/sweeping.h"

struct ph_mapping;

/* One run of a probe: what its steps share. */
struct ph_run_state {
	struct ph_arena *mem;
	const struct ph_probe_opts *o;
	const struct ph_requirement *const *reqs;
	size_t n;
	struct ph_probe_result *out;
	struct ph_loop loop;
	struct ph_session *session[2];	/* by family: each binds its own ports */
	struct ph_test_family fam[2];
	struct ph_sweeping sweep[2];
	bool swept[2];
	struct ph_connecting connect[2];
	struct ph_inbound inbound[2];
	struct ph_answering answering[2];
	struct ph_mapping *mapping[2];
	bool heard[2], answered[2];
	const struct ph_ranges *unbound_udp[2], *unbound_tcp[2];
	uint64_t rtt_us;
	bool active[2];			/* families whose turn it is */
	bool full;			/* the far end has no room for all ports at once */
	bool waited;			/* for what the schedule waits for now */
	unsigned pending;
};

/* ph_run_phase(r, what): say what is being done; ${what} must stay. */
void ph_run_phase(struct ph_run_state *, const char *);

/* ph_run_open_port(r, v6): a UDP port that is open both ways; 0: none. */
uint16_t ph_run_open_port(struct ph_run_state *, int v6);

/* ph_run_bind_udp(r, v6, port): let the far end listen there again. */
void ph_run_bind_udp(struct ph_run_state *, int v6, uint16_t);

/*
 * ph_run_begin_mapping(r): ask what translation does, beside the other tests;
 * ph_run_end_mapping(r): wait for the answers.
 */
void ph_run_begin_mapping(struct ph_run_state *);
void ph_run_end_mapping(struct ph_run_state *);

/* ph_run_paths(r): packet sizes, marks and sound, where a port is open. */
void ph_run_paths(struct ph_run_state *);

/* ph_run_locate(r): where one packet of each blocked run ends. */
void ph_run_locate(struct ph_run_state *);

/* ph_run_signalling(r): calls by SIP and H.323, when a service of this run makes them. */
void ph_run_signalling(struct ph_run_state *);

/* ph_run_rungs(r): the relay that was named, over each transport and family. */
void ph_run_rungs(struct ph_run_state *);

/* ph_run_release(r, v6): let the far end close all ports. */
void ph_run_release(struct ph_run_state *, int v6);

/*
 * ph_run_bind(r, v6, proto, port): let the far end listen there, and wait; false, with the
 * reason in *${why}, when it cannot.
 */
bool ph_run_bind(struct ph_run_state *, int v6, enum ph_control_proto, uint16_t,
    const char **why);

/* ph_run_timers(r): the idle ladder; alone. */
void ph_run_timers(struct ph_run_state *);

#endif
