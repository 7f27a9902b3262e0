/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_SWEEP_PRIV_H
#define PH_ENGINE_SWEEP_PRIV_H

#include "engine/sweep.h"

/*
 * Shared by sweep.c (what to send when), sweep_judge.c (what it means) and
 * sweep_result.c (telling it).
 */
enum {
	SWEEP_WANTED = 1,		/* to be judged */
	SWEEP_EXCLUDED = 2,
	SWEEP_FIRST = 4,		/* of a range: no inference across it */
	SWEEP_MID = 8,			/* asked for by bisection, so already under suspicion */
	SWEEP_TAKEN = 16,		/* was ever queued */
	SWEEP_RIPE = 32,		/* tries enough without an answer: to be judged */
	SWEEP_DECIDED = 64,
	SWEEP_FLYING = 128,		/* sent, and neither answered nor given up */
};

enum {
	SWEEP_LEAST_TRIES = 3,
	SWEEP_CANARY_EVERY = 25,
	SWEEP_CANARY_OPEN = 4,		/* unanswered in a row: look whether it lives */
	SWEEP_CANARY_CHECKS = 14,
	SWEEP_TRIALS = 3,		/* slower second looks */
	SWEEP_BURST = 4,		/* datagrams back to back, when late */
};

struct sweep_port {
	uint32_t sent_us;		/* last try, since the start, modulo 2^32 */
	uint16_t out, in;		/* bit maps of tries: arrived there, came back */
	uint8_t tries;
	uint8_t from;			/* tries before do not count any more */
	uint8_t epoch;
	uint8_t flags;
	uint8_t verdict;
	uint8_t icmp;			/* index of sweep_icmp, from 1 */
};

/* A queue of ports, each in it once at most. */
struct sweep_queue {
	uint16_t *port;
	uint32_t head, n, cap;
};

enum { SWEEP_ICMPS = 255 };

struct sweep_icmp {
	ph_u128 from;
	uint8_t type, code;
};

/* Losses in one epoch, on ports that are open, and on those that are open forth at least. */
struct sweep_loss {
	unsigned ports;
	unsigned sent, arrived, back;	/* tries: sent; known to arrive; answered */
	unsigned forth_ports, forth_sent, forth;
	unsigned again, again_lost;	/* second tries after a lost first; lost too */
};

struct ph_sweep {
	struct ph_sweep_config c;
	uint16_t base;			/* port of p[0] */
	uint32_t span;
	struct sweep_port *p;
	uint16_t *order;		/* of the epoch's first tries, as they are sent */
	uint32_t n_order, next_order;
	struct sweep_queue urgent, wait;
	uint32_t n_ripe, n_taken, n_open, n_flying;
	struct sweep_icmp icmp[SWEEP_ICMPS];
	unsigned n_icmp;

	uint64_t start_us, next_us, epoch_us, first_look_us;
	unsigned pps, epoch_pps;	/* now; when the epoch began */
	uint8_t epoch, trials;
	double loss_before;		/* of the epoch before the trial */
	bool suspect, rate_limited, bursty;
	unsigned limit_pps, delivered_pps;
	double srtt_us, rttvar_us;
	uint64_t wait_us;
	unsigned answered, answered_tries;	/* in this epoch, as replies tell */
	unsigned tries_needed;
	struct sweep_loss past;		/* of earlier epochs */
	struct sweep_loss loss;		/* as judged last: past and present, unless limited */

	uint16_t canary;
	unsigned since_canary, canaries_open, canary_checks;
	unsigned canaries, canaries_back;	/* in this epoch */
	uint64_t canary_open_us, canary_sent_us, canary_ok_us, ripe_us;
	bool canary_died, checking;

	bool asked, done;
	uint64_t asked_us, done_us;
	unsigned sent;
	uint64_t rnd;
};

static inline struct sweep_port *
sweep_at(const struct ph_sweep *x, uint16_t port)
{
	return &x->p[port - x->base];
}

/* sweep_seen(x, p): is that port shown to be open? */
static inline bool
sweep_seen(const struct ph_sweep *x, const struct sweep_port *p)
{
	return p->in != 0 || (x->c.one_way && p->out != 0);
}

/* sweep_take(x, port, flags): queue a port for its next try, before others. */
void sweep_take(struct ph_sweep *, uint16_t, uint8_t);

/* sweep_look_around(x, port): bisect towards neighbours that differ. */
void sweep_look_around(struct ph_sweep *, uint16_t);

/* sweep_shuffle(x): put the order of first tries in a random one. */
void sweep_shuffle(struct ph_sweep *);

/* sweep_needed(x): tries without an answer that make a verdict, as far as is known. */
unsigned sweep_needed(struct ph_sweep *);

/* sweep_judge(x, now): nothing is under way any more: decide, or ask for more. */
void sweep_judge(struct ph_sweep *, uint64_t);

/* sweep_check_early(x, now): losses so heavy that another pace is called for? */
void sweep_check_early(struct ph_sweep *, uint64_t);

/* sweep_end(x, now): no more to be done. */
void sweep_end(struct ph_sweep *, uint64_t);

#endif
