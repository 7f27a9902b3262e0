/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_SWEEP_H
#define PH_ENGINE_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "net/addr.h"

/*
 * Sweep: which ports of a UDP range get through, out and back, judged apart.
 *
 * The engine decides what to send and what the answers mean; its owner sends,
 * receives and keeps the clock.  Three things come in: replies (both ways
 * work), receipts (the far end tells over the control channel which try of
 * which port arrived) and ICMP errors.  Times are monotonic microseconds.
 * No call allocates but ph_sweep_init().
 */
enum ph_sweep_verdict {
	PH_SWEEP_UNTESTED,		/* excluded by the caller */
	PH_SWEEP_OPEN,			/* both ways; one way when one_way is set */
	PH_SWEEP_BLOCKED_OUT,		/* never arrived at the far end */
	PH_SWEEP_BLOCKED_IN,		/* arrived, the answers did not */
	PH_SWEEP_BLOCKED,		/* no answer; no receipts to tell which way */
	PH_SWEEP_UNKNOWN,		/* could not be told: see the stats for why */
};

/* One datagram to send: try ${try} (0, 1, ...) to ${port}. */
struct ph_sweep_send {
	uint16_t port;
	uint8_t try;
	bool canary;			/* evidence of life; ph_sweep_canary() when answered */
};

struct ph_sweep_span {
	uint16_t lo, hi;
};

enum {
	PH_SWEEP_TRIES = 16,		/* at most, to one port */
	PH_SWEEP_STRIDE = 31,
};

struct ph_sweep_config {
	const struct ph_sweep_span *ranges;	/* not empty; may touch, not overlap */
	size_t n_ranges;
	const struct ph_sweep_span *excluded;	/* say, ports the far end could not bind */
	size_t n_excluded;
	bool exhaustive;		/* every port, else sample and bisect */
	bool receipts;			/* the far end gives receipts */
	bool one_way;			/* only arrival counts: no replies are expected */
	uint16_t canary;		/* a port known good; 0: the first that answers */
	unsigned pps;			/* 0: unpaced */
	unsigned window;		/* datagrams under way, at most; 0: any number */
	unsigned ramp_from_pps;		/* at the start, rising to pps over ramp_us */
	uint64_t ramp_us;
	uint64_t rtt_us;		/* as the control channel has it; 0: not known */
	uint64_t retry_us;		/* least time between tries; more when the RTT is */
	uint64_t burst_retry_us;	/* instead, when losses come in bursts */
	uint64_t backoff_us;		/* silence before a slower second look */
	uint64_t seed;			/* for the permutation */
};

/* Ready-made: over a network, and in the lab with no delay. */
extern const struct ph_sweep_config ph_sweep_network, ph_sweep_lab;

/* Ports in rising order that are judged alike, with what was seen of them. */
struct ph_sweep_run {
	uint16_t lo, hi;
	enum ph_sweep_verdict verdict;
	bool inferred;			/* not every port was sent to, but ends and samples */
	unsigned tested;		/* ports sent to */
	unsigned sent, received_out, received_in;	/* datagrams; out counts receipts */
	unsigned tries;			/* most to one port */
	ph_u128 icmp_from;		/* who said so, valid when icmp_type is not 0 */
	uint8_t icmp_type, icmp_code;
};

struct ph_sweep_stats {
	bool done;
	unsigned sent, ports, ports_open;	/* sent includes canaries */
	double loss_out, loss_in;	/* of datagrams on ports that are open; estimates */
	uint64_t rtt_us;		/* smoothed; 0: nothing came back */
	unsigned tries_needed;		/* for less than 1 % chance of one false "blocked" */
	bool bursty;			/* losses came in bursts */
	bool rate_limited;		/* slower sending got through where faster did not */
	unsigned limit_pps;		/* what got through then, about */
	bool canary_died;		/* quarantine or outage: the rest is unknown */
	bool no_canary;			/* no port ever answered, so life is not proven */
	unsigned found_run;		/* every blocked run of so many ports was found; 1: all */
	double hole_share;		/* 95 %: at most this share of ports in smaller holes */
	uint64_t took_us;
};

struct ph_sweep;

/*
 * ph_sweep_new(mem, config, now):
 * Make the engine in ${mem}; what ${config} points to is copied.
 */
struct ph_sweep *ph_sweep_new(struct ph_arena *, const struct ph_sweep_config *, uint64_t);

/*
 * ph_sweep_output(x, now, out, max):
 * Fill ${out} with up to ${max} datagrams to send now; return how many.  Zero:
 * nothing until ph_sweep_deadline() or an input.
 */
size_t ph_sweep_output(struct ph_sweep *, uint64_t, struct ph_sweep_send *, size_t);

/*
 * ph_sweep_reply(x, now, port, try): a genuine answer to that datagram came back.
 * ph_sweep_canary(x, now): a datagram that was marked canary was answered.
 */
void ph_sweep_reply(struct ph_sweep *, uint64_t, uint16_t, uint8_t);
void ph_sweep_canary(struct ph_sweep *, uint64_t);

/*
 * ph_sweep_wants_receipts(x):
 * Should the far end be asked now?  When true and no question is under way: ask,
 * call _asked(), give every receipt to _receipt(), then call _told().  All that
 * arrived before the question must be among them, new or repeated.
 * _receipt() may also be called at other times, and for a single try.
 * ${tries} has bit n set when try n arrived.
 */
bool ph_sweep_wants_receipts(const struct ph_sweep *);
void ph_sweep_asked(struct ph_sweep *, uint64_t);
void ph_sweep_receipt(struct ph_sweep *, uint64_t, uint16_t, uint16_t tries);
void ph_sweep_told(struct ph_sweep *, uint64_t);

/*
 * ph_sweep_icmp(x, now, port, from, type, code):
 * An ICMP destination unreachable (type 3 or ICMPv6 1) that quotes our datagram
 * came from ${from}, which is not the far end itself: a definite block.
 */
void ph_sweep_icmp(struct ph_sweep *, uint64_t, uint16_t, ph_u128, uint8_t, uint8_t);

/* ph_sweep_fail(x): the far end is gone; what is not decided becomes unknown. */
void ph_sweep_fail(struct ph_sweep *);

/*
 * ph_sweep_deadline(x): when to call ph_sweep_output() next, even without an
 * input; UINT64_MAX: done, or waiting for ph_sweep_told().
 */
uint64_t ph_sweep_deadline(const struct ph_sweep *);
bool ph_sweep_done(const struct ph_sweep *);

/*
 * ph_sweep_result(x, out, max):
 * Fill ${out} with the runs so far, in rising order; return how many there are,
 * which may be more than ${max}.
 * ph_sweep_port(x, port): the verdict for one port of the ranges.
 */
size_t ph_sweep_result(const struct ph_sweep *, struct ph_sweep_run *, size_t);
enum ph_sweep_verdict ph_sweep_port(const struct ph_sweep *, uint16_t);
void ph_sweep_stats(const struct ph_sweep *, struct ph_sweep_stats *);

#endif
