/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_IDLING_H
#define PH_PROBE_IDLING_H

#include "engine/ladder.h"
#include "probe/result.h"
#include "probe/shot.h"

/*
 * The idle ladder of one family: hundreds of sockets, one engine.  Runs last and
 * alone: other traffic would fill the tables whose timers it measures.
 */
struct ph_idling {
	struct ph_loop *loop;
	struct ph_session *session;
	struct ph_ladder *engine;
	struct ph_gun **gun;		/* by flow; NULL: no socket */
	struct ph_idling_flow *flow;
	struct ph_watch *watch;
	uint32_t n;
	ph_u128 to;
	uint16_t port;			/* of the responder: one that is open */
	uint64_t ask_us, started_us;	/* next question for receipts */
	bool asking, done;
	unsigned refused;
	void (*tell)(void *, const struct ph_ladder_result *);	/* each second; or NULL */
	void *arg;
};

struct ph_idling_opts {
	ph_u128 to, from;
	uint16_t port;
	uint32_t stop_at_s, cap_s;	/* 0: the usual */
	bool few_ports;			/* a provider's translation with few ports a subscriber */
	void (*tell)(void *, const struct ph_ladder_result *);
	void *arg;
};

/* ph_idling_start(loop, session, opts, out): 0, or -errno when there are no sockets. */
int ph_idling_start(struct ph_loop *, struct ph_session *, const struct ph_idling_opts *,
    struct ph_idling *);

/* ph_idling_end(x): close its sockets. */
void ph_idling_end(struct ph_idling *);

/* ph_idling_result(x, out): timers in the words of the report. */
void ph_idling_result(struct ph_idling *, struct ph_idle_timers *);

/* ph_idling_told(r, v6, out): the same from what a ladder found. */
void ph_idling_told(const struct ph_ladder_result *, bool v6, struct ph_idle_timers *);

#endif
