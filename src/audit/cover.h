/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_COVER_H
#define PH_AUDIT_COVER_H

#include "audit/calls.h"
#include "audit/shape.h"

/* A rule that can never match. */
struct ph_dead {
	uint32_t rule;			/* of the chain */
	bool empty;			/* by itself: its conditions have nothing in common */
	enum ph_dim clash;		/* empty: where; PH_NDIMS: not in one dimension */
	struct ph_span clash_at;	/* empty: the condition that left nothing */
	const struct ph_cube *region;	/* else: its packets, the first cube of them */
	const uint32_t *by;		/* and the earlier rules that take them, rising */
	uint32_t n_by;
};

struct ph_deads {
	struct ph_dead *v;		/* in the order of the rules */
	size_t n, cap;
};

/*
 * ph_cover_find(mem, calls, call, within, out):
 * All rules of ${call}'s chain that earlier rules of the chain, alone or together,
 * leave no packet of ${within}.  Exact, but for a rule whose proof takes more
 * than some 100,000 steps: that one is taken for alive.
 */
void ph_cover_find(struct ph_arena *, const struct ph_calls *, const struct ph_call *,
    const struct ph_cube *within, struct ph_deads *);

/* ph_cover_copy(mem, c): a cube with lists of its own. */
const struct ph_cube *ph_cover_copy(struct ph_arena *, const struct ph_cube *);

#endif
