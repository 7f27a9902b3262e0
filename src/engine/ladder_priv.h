/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_LADDER_PRIV_H
#define PH_ENGINE_LADDER_PRIV_H

#include "engine/ladder.h"

/* Shared by ladder.c (what to send when) and ladder_judge.c (what it means). */
enum {
	LADDER_TRIES = 16,		/* requests in a flow that can be told apart */
	LADDER_LIVES = 2,		/* flows in use, as canaries */
	LADDER_CROSS = 4,		/* dead flows of a class that are used once more */
};

static const uint64_t ladder_slack_us = 500000;	/* later than this is never */

enum ladder_phase {
	LADDER_OPENING, LADDER_CHECKING, LADDER_IDLE, LADDER_OVER,
};

struct ladder_try {
	uint64_t sent_us, after_us;
	uint64_t order_us;		/* of the relay; UINT64_MAX: not (yet) to be ordered */
	enum ph_ladder_mode mode;
};

struct ladder_flow {
	uint8_t class, phase, step, tries, repairs;
	bool opened, judged, alive, stillborn;
	bool cross, cross_told, cross_kept;
	uint16_t arrived, replied;	/* bit maps of tries */
	uint16_t tests;			/* those that ask for a test packet */
	uint16_t port;			/* outside, at first; 0: not told */
	ph_u128 addr;
	uint64_t rung_us;		/* how long it is to idle */
	uint64_t start_us, next_us;
	uint64_t wake_us;		/* nothing to do before, as looked at last */
	uint64_t last_us;		/* set-up: last packet either way */
	uint64_t idle_us;		/* judged: how long it was idle */
	uint64_t reply_us;		/* LIVE: the last answer */
	uint64_t late_us;		/* no test packet is given up before; 0: not known */
	struct ladder_try *t;		/* LADDER_TRIES */
};

struct ph_ladder {
	struct ph_ladder_config c;
	struct ladder_flow *flow;
	struct ladder_try *tries;	/* of all flows */
	uint32_t n;
	uint32_t live[LADDER_LIVES];	/* flows that stand for life now */
	uint32_t fresh;			/* checks whether anything gets through; spare */
	uint64_t start_us, now_us, rtt_us, finished_us;
	uint64_t at_us;			/* nothing to do before, unless dirty */
	uint64_t life_us;		/* the last sign of life left us then */
	bool finished[PH_LADDER_CLASSES], checking, dirty;
	struct ph_ladder_result result;
};

/* ladder_slack(x): how long after it is due a packet may still come. */
static inline uint64_t
ladder_slack(const struct ph_ladder *x)
{
	return ladder_slack_us + 2 * x->rtt_us;
}

/* ladder_due(x, t): when the answer of a test request is due; UINT64_MAX: none is. */
static inline uint64_t
ladder_due(const struct ph_ladder *x, const struct ladder_try *t)
{
	if (t->mode != PH_LADDER_REPLY_AFTER)
		return UINT64_MAX;
	return x->c.ordered ? t->order_us : t->sent_us + t->after_us;
}

/* ladder_crossed(x): when flows that were used once more have had time to tell. */
static inline uint64_t
ladder_crossed(const struct ph_ladder *x)
{
	return x->finished_us + 4 * ladder_slack(x);
}

/* ladder_judge(x, now): say of flows and classes what can be said by now. */
void ladder_judge(struct ph_ladder *, uint64_t);

/* ladder_over(x, why): end all; classes that wait become unknown. */
void ladder_over(struct ph_ladder *);

#endif
