/* SPDX-License-Identifier: ISC */
#ifndef PH_REPORT_CHECK_H
#define PH_REPORT_CHECK_H

#include <jansson.h>

#include "check/check.h"
#include "report/text.h"

/*
 * ph_report_check(t, c): the verdict in the first line, what was seen, what was not, and one
 * sentence at the end; the request as well unless it goes to a file.
 */
void ph_report_check(const struct ph_text *, const struct ph_check *);

/* ph_report_check_asks(c): is there anything to ask an administrator for? */
bool ph_report_check_asks(const struct ph_check *);

/* ph_report_letter(t, c, date): the request by itself, as it can be sent. */
void ph_report_letter(const struct ph_text *, const struct ph_check *, const char *date);

/* ph_json_check(mem, c): the document pinhole.check/1. */
json_t *ph_json_check(struct ph_arena *, const struct ph_check *);

#endif
