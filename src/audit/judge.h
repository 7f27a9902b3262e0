/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_JUDGE_H
#define PH_AUDIT_JUDGE_H

#include "audit/audit.h"

/*
 * ph_judge_question(mem, r, o, q, n):
 * The questions that ${r} asks a firewall, one for each family in which both
 * its ends have addresses, into ${q}; 0 to 2 of them.
 */
size_t ph_judge_question(struct ph_arena *, const struct ph_requirement *,
    const struct ph_audit_opts *, struct ph_question q[2]);

/* ph_judge(mem, rs, r, o, f): walk them and sum up. */
void ph_judge(struct ph_arena *, const struct ph_ruleset *,
    const struct ph_requirement *, const struct ph_audit_opts *, struct ph_flow *);

/* ph_judge_sum(parts, n): the verdict of all parts together. */
enum ph_verdict ph_judge_sum(const struct ph_part *, size_t);

/* ph_judge_ifaces(mem, names, n): names as values of IIF or OIF; NULL for none. */
const struct ph_ranges *ph_judge_ifaces(struct ph_arena *, const char *const *, size_t);

#endif
