/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_ACT_H
#define PH_AUDIT_ACT_H

#include "audit/piece.h"

/* What the actions of a matching rule make of a piece. */
enum ph_outcome {
	PH_GO_ON,			/* next rule */
	PH_MOVED,			/* into another chain, or back out of one */
	PH_ACCEPTED,			/* this base chain is passed */
	PH_DROPPED,
	PH_POLICY,			/* back out of the base chain: its policy */
	PH_ANYTHING,			/* not understood: any of these; see doubt */
};

/*
 * ph_act_run(mem, p, r, doubt):
 * Do the actions of ${r} to *${p}, which stands there.  PH_MOVED has changed
 * frame and next already.
 */
enum ph_outcome ph_act_run(struct ph_arena *, struct ph_piece *,
    const struct ph_rule *, struct ph_doubt *doubt);

/* ph_act_matters(r): does ${r} do anything but note? */
bool ph_act_matters(const struct ph_rule *);

/*
 * ph_act_return(p): leave the chain; false when it was the base chain.
 */
bool ph_act_return(struct ph_piece *);

#endif
