/* SPDX-License-Identifier: ISC */
#ifndef PH_REPORT_LINT_H
#define PH_REPORT_LINT_H

#include <jansson.h>

#include "report/text.h"

/* ph_report_lint(t, name, v, n): how many findings, then each. */
void ph_report_lint(const struct ph_text *, const char *, const struct ph_finding *, size_t);

/* ph_json_lint(mem, v, n): the document pinhole.lint/1. */
json_t *ph_json_lint(struct ph_arena *, const struct ph_finding *, size_t);

#endif
