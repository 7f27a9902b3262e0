/* SPDX-License-Identifier: ISC */
#ifndef PH_REPORT_SITE_H
#define PH_REPORT_SITE_H

#include <jansson.h>

#include "catalog/site.h"
#include "report/text.h"

/* ph_report_names(t, site, date): which addresses names stood for, and when. */
void ph_report_names(const struct ph_text *, const struct ph_site *, const char *);

/* ph_json_names(mem, site): a list of { name, addresses, pinned }. */
json_t *ph_json_names(struct ph_arena *, const struct ph_site *);

/* ph_json_requirement(mem, r): one requirement, as plan lists them. */
json_t *ph_json_requirement(struct ph_arena *, const struct ph_requirement *);

#endif
