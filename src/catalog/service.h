/* SPDX-License-Identifier: ISC */
#ifndef PH_CATALOG_SERVICE_H
#define PH_CATALOG_SERVICE_H

#include "catalog/catalog.h"

/*
 * ph_service_read(mem, diags, src, out):
 * Read one file of the catalog.  False when it had an error; all were reported.
 * *${out} keeps pointers into ${src}.
 */
bool ph_service_read(struct ph_arena *, struct ph_diags *, struct ph_src *,
    struct ph_service *);

#endif
