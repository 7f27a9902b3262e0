/* SPDX-License-Identifier: ISC */
#ifndef PH_REPORT_FIX_H
#define PH_REPORT_FIX_H

#include <jansson.h>

#include "audit/audit.h"
#include "report/text.h"

/*
 * ph_report_fix(t, name, r, written): what to type, how to take it back, what it
 * proves; ${written} is the file that was written, or NULL.
 */
void ph_report_fix(const struct ph_text *, const char *, const struct ph_fix_result *,
    const char *written);

/* ph_json_fix(mem, r, written): the document pinhole.fix/1. */
json_t *ph_json_fix(struct ph_arena *, const struct ph_fix_result *, const char *written);

#endif
