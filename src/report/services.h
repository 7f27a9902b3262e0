/* SPDX-License-Identifier: ISC */
#ifndef PH_REPORT_SERVICES_H
#define PH_REPORT_SERVICES_H

#include <jansson.h>

#include "catalog/catalog.h"
#include "report/text.h"

/* ph_report_services(t, v, n): one line a service. */
void ph_report_services(const struct ph_text *, const struct ph_service *const *, size_t);

/* ph_report_service(t, s): everything that the catalog knows of one. */
void ph_report_service(const struct ph_text *, const struct ph_service *);

/* ph_json_services(mem, v, n): the document pinhole.services/1. */
json_t *ph_json_services(struct ph_arena *, const struct ph_service *const *, size_t);

#endif
