/* SPDX-License-Identifier: ISC */
#ifndef PH_CMD_IDS_H
#define PH_CMD_IDS_H

#include <stdbool.h>

/*
 * ph_ids_known(id, near): is ${id} a diagnostic of pinhole-diagnostics(7), from
 * which the list is made?  If not, *${near} is one that is like it, or NULL.
 */
bool ph_ids_known(const char *, const char **);

#endif
