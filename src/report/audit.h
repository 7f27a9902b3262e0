/* SPDX-License-Identifier: ISC */
#ifndef PH_REPORT_AUDIT_H
#define PH_REPORT_AUDIT_H

#include "report/text.h"

/*
 * ph_report_audit(t, name, a, advice):
 * The verdict in the first line, then every flow and finding.  ${name} is the
 * configuration's, ${advice} a command that helps when not all is well, or NULL.
 */
void ph_report_audit(const struct ph_text *, const char *,
    const struct ph_audit *, const char *advice);

/* ph_report_flow(t, f): one line, and below it what is in the way. */
void ph_report_flow(const struct ph_text *, const struct ph_flow *);

/* ph_report_finding(t, f): id, place, text, timers, what to type. */
void ph_report_finding(const struct ph_text *, const struct ph_finding *);

#endif
