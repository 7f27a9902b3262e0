/* SPDX-License-Identifier: ISC */
#ifndef PH_CMD_CAT_H
#define PH_CMD_CAT_H

#include "catalog/catalog.h"
#include "cmd/run.h"

/*
 * ph_cat_load(run, out): the services built in and those of --catalog.  0, or
 * the exit code after every error has been reported.
 */
int ph_cat_load(struct ph_run *, struct ph_catalog *);

/*
 * ph_cat_service(run, cat, name): the service; NULL after a suggestion
 * (PH_EXIT_USAGE), or when its file is broken (PH_EXIT_DATA): *${err} tells.
 */
const struct ph_service *ph_cat_service(struct ph_run *, struct ph_catalog *,
    const char *, int *err);

#endif
