/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_SPARE_H
#define PH_AUDIT_SPARE_H

#include "audit/cover.h"

/* A rule that could be taken out and nothing would change. */
struct ph_spare {
	uint32_t rule;			/* of the chain */
	bool by_policy;			/* some of its packets would meet the policy */
	const uint32_t *by;		/* later rules that would decide the same, rising */
	uint32_t n_by;
};

struct ph_spares {
	struct ph_spare *v;		/* in the order of the rules */
	size_t n, cap;
};

/*
 * ph_spare_find(mem, call, within, dead, out):
 * Rules of ${call}'s chain, but for the ${dead} ones, that accept, drop or reject
 * what later rules or the policy would decide the same way.  Never wrong, but not
 * all: a rule that touches more than some 2000 others is not looked at, nor is
 * one that logs.
 */
void ph_spare_find(struct ph_arena *, const struct ph_call *, const struct ph_cube *within,
    const struct ph_deads *, struct ph_spares *);

#endif
