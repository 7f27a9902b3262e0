/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_FINDINGS_H
#define PH_AUDIT_FINDINGS_H

#include "audit/audit.h"

struct ph_findings {
	struct ph_finding *v;
	size_t n, cap;
};

/*
 * ph_findings_of(mem, rs, o, flow, all, n, out):
 * What else is wrong with ${flow}: timers, inspection, one-way openings, tracking
 * switched off, rates, translation.  One finding a cause: a later flow with the
 * same cause adds nothing.  ${all} are the flows judged together.
 */
void ph_findings_of(struct ph_arena *, const struct ph_ruleset *,
    const struct ph_audit_opts *, const struct ph_flow *,
    const struct ph_flow *, size_t, struct ph_findings *);

/* ph_findings_add(mem, s, f): unless one with the same id, place and service is there. */
struct ph_finding *ph_findings_add(struct ph_arena *, struct ph_findings *,
    const struct ph_finding *);

#endif
