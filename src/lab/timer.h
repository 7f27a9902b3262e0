/* SPDX-License-Identifier: ISC */
#ifndef PH_LAB_TIMER_H
#define PH_LAB_TIMER_H

#include "lab/lab.h"

/* A flow whose timer is to be measured: connections alike but for the source port. */
struct ph_lab_ladder {
	struct ph_lab_timer *timer;
	size_t in, out;			/* the links between which it is */
	struct ph_lab_ends ends;
	struct ph_lab_tuple first;	/* of the first connection */
	const struct ph_ranges *sports;	/* source ports that share its fate */
};

/*
 * ph_lab_timer_plan(mem, rs, flow, scale, out):
 * What the timer of ${flow} should be, from the widest of its open parts; that part,
 * or NULL when there is nothing to measure.
 */
const struct ph_part *ph_lab_timer_plan(struct ph_arena *, const struct ph_ruleset *,
    const struct ph_flow *, unsigned scale, struct ph_lab_timer *);

/*
 * ph_lab_timer_run(mem, v, n):
 * Measure all of them at once: connections that were busy fall silent for different
 * times, then the far end speaks.  Takes a little longer than the longest timer.
 */
void ph_lab_timer_run(struct ph_arena *, struct ph_lab_ladder *, size_t);

#endif
