/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_CALLS_H
#define PH_AUDIT_CALLS_H

#include "model/ruleset.h"

/* What is known of a chain from who calls it and whom it calls. */
struct ph_call {
	const struct ph_chain *chain;
	unsigned families;		/* PH_FAMILY_* of hooks that lead here; 0: none does */
	bool permits;			/* a filter of FORWARD, INPUT or OUTPUT leads here */
	unsigned writes;		/* 1 << dim: changed in it or in chains it calls */
	bool called;			/* by a rule */
	const struct ph_hook *hook;	/* when it is a base chain, the first one */
	bool policies_differ;		/* base chain of several hooks */
};

struct ph_calls {
	struct ph_call *v;		/* one a chain, in the order of the ruleset */
	size_t n;
	struct ph_call **by_chain;	/* the same, by address */
};

/* ph_calls_of(mem, rs, out): linear in rules and calls, whatever their order. */
void ph_calls_of(struct ph_arena *, const struct ph_ruleset *, struct ph_calls *);

/* ph_calls_writes(cs, r): the dimensions that rule ${r} may change, as 1 << dim. */
unsigned ph_calls_writes(const struct ph_calls *, const struct ph_rule *);

#endif
