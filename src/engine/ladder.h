/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_LADDER_H
#define PH_ENGINE_LADDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "net/addr.h"

/*
 * Ladder: how long an idle UDP flow stays open, by what has passed in it.
 *
 * All rungs of all classes are opened at once, each flow on a socket of its
 * own.  The far end alone sends after the rung's time; the client is silent, so
 * that nothing but time decides.  The engine says what to send on which socket
 * and learns what arrived; times are monotonic microseconds.
 */
enum ph_ladder_class {
	PH_LADDER_UNREPLIED,		/* U1: one packet out, nothing back */
	PH_LADDER_UNREPLIED2,		/* U2: two packets out, nothing back */
	PH_LADDER_REPLIED,		/* R: one exchange */
	PH_LADDER_STREAM,		/* S: exchanges over more than 2 s */
	PH_LADDER_IN,			/* Ri: like S, then only inbound packets */
	PH_LADDER_OUT,			/* Ro: like S, then only outbound packets */
	PH_LADDER_LIVE,			/* L: both ways all the time; also the canary */
	PH_LADDER_CLASSES,
};

enum ph_ladder_mode {
	PH_LADDER_NO_REPLY,		/* the far end only notes the arrival */
	PH_LADDER_REPLY,		/* it answers at once */
	PH_LADDER_REPLY_AFTER,		/* it answers once, after_us from the arrival */
	PH_LADDER_ORDER,		/* nothing is sent: make the relay send to this flow */
};

/* What to do now, on the socket of ${flow}. */
struct ph_ladder_send {
	uint32_t flow;
	uint8_t try;			/* number of the request in its flow, echoed by answers */
	enum ph_ladder_mode mode;
	uint64_t after_us;
};

struct ph_ladder_config {
	unsigned classes;		/* bits 1 << PH_LADDER_* */
	uint64_t first_us, cap_us;	/* lowest and highest rung */
	uint64_t step_us;		/* between rungs: the larger of this ... */
	unsigned step_permille;		/* ... and this part of the rung */
	uint64_t unit_us;		/* one second; less, to test with faster timers */
	unsigned flows;			/* for each rung, 1 to 4 */
	uint64_t stop_at_us;		/* only ask whether timers reach this; 0: measure */
	unsigned pps;			/* pace of the opening */
	bool ordered;			/* no responder but a relay: PH_LADDER_ORDER */
};

/* Ready-made: normal, and for boxes with few ports a subscriber (CGN). */
extern const struct ph_ladder_config ph_ladder_normal, ph_ladder_low_state;

/* What is known of a class. */
struct ph_ladder_time {
	enum {
		PH_LADDER_WAITING,	/* under way */
		PH_LADDER_KNOWN,	/* the timer is above alive_us, at most dead_us */
		PH_LADDER_LONGER,	/* above alive_us; longer than we looked */
		PH_LADDER_SHORTER,	/* at most dead_us, the first rung */
		PH_LADDER_UNKNOWN,	/* see the result's flags */
	} state;
	uint64_t alive_us, dead_us;
	unsigned flows, lost;		/* flows judged; test packets lost below the edge */
	double doubt;			/* chance that the edge lies higher */
	enum ph_ladder_answer {
		PH_LADDER_UNTOLD, PH_LADDER_NO, PH_LADDER_YES,
	} mapping_kept;			/* after expiry the same outside port was used */
};

struct ph_ladder_result {
	bool done;
	struct ph_ladder_time time[PH_LADDER_CLASSES];	/* up to PH_LADDER_STREAM */
	enum ph_ladder_answer inbound_refreshes, outbound_refreshes;
	uint64_t lifetime_us;		/* a flow in use was cut after this; 0: not seen */
	bool canary_died;		/* nothing gets through any more: no verdict */
	bool far_end_lost;		/* ph_ladder_fail() */
	unsigned flows, stillborn;	/* opened; of these never confirmed by the far end */
};

/* What the far end tells of a request that arrived. */
struct ph_ladder_seen {
	uint64_t ago_us;		/* before now */
	ph_u128 addr;			/* its source there ... */
	uint16_t port;			/* ... or 0: not told */
};

struct ph_ladder;

/*
 * ph_ladder_new(mem, config, now): make the engine in ${mem}.
 * ph_ladder_flows(x): sockets that it needs, numbered from 0.
 * ph_ladder_flow_done(x, flow): will that socket never be used again?
 */
struct ph_ladder *ph_ladder_new(struct ph_arena *, const struct ph_ladder_config *, uint64_t);
uint32_t ph_ladder_flows(const struct ph_ladder *);
bool ph_ladder_flow_done(const struct ph_ladder *, uint32_t);

/*
 * ph_ladder_output(x, now, out, max):
 * Fill ${out} with up to ${max} things to do now; return how many.
 */
size_t ph_ladder_output(struct ph_ladder *, uint64_t, struct ph_ladder_send *, size_t);

/*
 * ph_ladder_arrived(x, now, flow, try, seen):
 * The far end confirms that request ${try} of ${flow} arrived.  Repeated
 * confirmations do no harm; without any, a flow is stillborn and not counted.
 */
void ph_ladder_arrived(struct ph_ladder *, uint64_t, uint32_t, uint8_t,
    const struct ph_ladder_seen *);

/*
 * ph_ladder_reply(x, now, flow, try):
 * A genuine packet of the far end, answering request ${try} of ${flow}, arrived on
 * the socket of ${flow} (others must be ignored by the caller).  With ${ordered}
 * ${try} is that of the order.
 */
void ph_ladder_reply(struct ph_ladder *, uint64_t, uint32_t, uint8_t);

/* ph_ladder_fail(x): the far end is gone; what is not known stays unknown. */
void ph_ladder_fail(struct ph_ladder *);

/* ph_ladder_deadline(x): when to call ph_ladder_output() next; UINT64_MAX: done. */
uint64_t ph_ladder_deadline(const struct ph_ladder *);

/* ph_ladder_result(x): what is known so far; valid until the next call. */
const struct ph_ladder_result *ph_ladder_result(struct ph_ladder *);

/*
 * ph_ladder_looks_like(r):
 * What has these timers by default, or NULL.  A hint, never an identification.
 */
const char *ph_ladder_looks_like(const struct ph_ladder_result *);

#endif
