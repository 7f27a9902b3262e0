/* SPDX-License-Identifier: ISC */
#ifndef PH_REPORT_LAB_H
#define PH_REPORT_LAB_H

#include <jansson.h>

#include "lab/lab.h"
#include "report/text.h"

/* ph_report_lab(t, name, lab): what was predicted beside what was measured. */
void ph_report_lab(const struct ph_text *, const char *name, const struct ph_lab *);

/* ph_json_lab(mem, lab): a whole document, "pinhole.lab/1". */
json_t *ph_json_lab(struct ph_arena *, const struct ph_lab *);

/* ph_report_lab_fate(mem, reach, what): "the answer did not arrive" and so on. */
const char *ph_report_lab_fate(enum ph_lab_reach);

#endif
