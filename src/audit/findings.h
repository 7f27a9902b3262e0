/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_FINDINGS_H
#define PH_AUDIT_FINDINGS_H

#include "audit/audit.h"

struct ph_findings {
	struct ph_finding *v;
	size_t n, cap;
};

/* What was judged together, and where findings go. */
struct ph_findings_of {
	struct ph_arena *mem;
	const struct ph_ruleset *rs;
	const struct ph_audit_opts *opts;
	const struct ph_flow *all;
	size_t n_all;
	struct ph_findings *out;
};

/*
 * ph_findings_of(of, flow):
 * What else is wrong with ${flow}: timers, inspection, one-way openings, tracking
 * switched off, rates, translation.  One finding a cause: a later flow with the
 * same cause adds nothing.
 */
void ph_findings_of(const struct ph_findings_of *, const struct ph_flow *);

/* ph_findings_add(mem, s, f): unless one with the same id, place and service is there. */
struct ph_finding *ph_findings_add(struct ph_arena *, struct ph_findings *,
    const struct ph_finding *);

#endif
