/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_RESOLVE_H
#define PH_OS_RESOLVE_H

#include "space/ranges.h"

/*
 * ph_resolve_name(mem, name, why):
 * All addresses of a host, of both families, as the system resolves it; asks the
 * network.  NULL: ${why} is the reason.
 */
const struct ph_ranges *ph_resolve_name(struct ph_arena *, const char *, const char **why);

/* ph_resolve_own(mem): all addresses of this host's interfaces; NULL: not to be had. */
const struct ph_ranges *ph_resolve_own(struct ph_arena *);

#endif
