/* SPDX-License-Identifier: ISC */
#ifndef PH_CMD_ANSWER_H
#define PH_CMD_ANSWER_H

#include "audit/audit.h"
#include "cmd/needs.h"
#include "report/text.h"

/* ph_answer_uid(run, out): the value of --uid; NULL when not given. */
bool ph_answer_uid(struct ph_run *, const struct ph_ranges **);

/*
 * ph_answer_sides(run, rs, reqs, n, sides): complete the interfaces from the
 * configuration.  0, or PH_EXIT_USAGE after saying what to give.
 */
int ph_answer_sides(struct ph_run *, const struct ph_ruleset *,
    const struct ph_requirement *const *, size_t, struct ph_sides *);

/*
 * ph_answer_audit(run, rs, reqs, opts, needs):
 * Judge the requirements and report, as text or JSON; the exit code.  ${needs}
 * is where they come from, or NULL when from no service.
 */
int ph_answer_audit(struct ph_run *, const struct ph_ruleset *,
    const struct ph_requirements *, struct ph_audit_opts *, const struct ph_needs *);

/*
 * ph_answer_filter(run, v, n): of the findings at ${v} keep those that -W did
 * not switch off, make those of -E errors; how many are left.
 */
size_t ph_answer_filter(struct ph_run *, struct ph_finding *, size_t);

/* ph_answer_switches(run, a): the same for an audit, and what follows from it. */
void ph_answer_switches(struct ph_run *, struct ph_audit *);

/* ph_answer_text(run): where text for people goes. */
struct ph_text ph_answer_text(struct ph_run *);

#endif
