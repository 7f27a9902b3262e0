/* SPDX-License-Identifier: ISC */
#ifndef PH_CATALOG_PORTS_H
#define PH_CATALOG_PORTS_H

#include "base/diag.h"
#include "space/ranges.h"

/*
 * ph_ports_parse(mem, diags, at, out):
 * Read the text at ${at}, "443", "80,443" or "50000-65535,3478", as ports.
 * False, reported (bad-port) at the part that is wrong.
 */
bool ph_ports_parse(struct ph_arena *, struct ph_diags *, struct ph_span,
    const struct ph_ranges **);

#endif
