/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_FATES_H
#define PH_AUDIT_FATES_H

#include "audit/walk.h"

/*
 * Parts of an answer while they are collected.  Those with the same fate that
 * differ only in their destinations become one: a wide question over a long list
 * falls into many strips, and a line that decides in all of them is told once.
 * Range lists are copied, so that the walker's own can go.
 */
struct ph_fates {
	struct ph_arena *mem;		/* of the parts */
	struct ph_fate *v;
	size_t n, cap;
	struct ph_cube last;		/* range lists copied last */
	uint32_t *slots;		/* index + 1 by hash; 0: free */
	size_t n_slots;			/* a power of two */
};

/* ph_fates_add(f, p): add a part, disjoint from those added before or possible. */
void ph_fates_add(struct ph_fates *, const struct ph_part *);

/* ph_fates_end(f, n): all parts, in the arena; releases the rest. */
struct ph_part *ph_fates_end(struct ph_fates *, size_t *);

#endif
