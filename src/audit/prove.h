/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_PROVE_H
#define PH_AUDIT_PROVE_H

#include "audit/audit.h"

/*
 * ph_prove_plan(mem, d, plan, text, why):
 * Read ${text} back with ${d} and compare: everything the requirements need is
 * open, and nothing is open to a connection's first packet that they do not
 * allow.  False: ${why} says what differs, with a packet.
 */
bool ph_prove_plan(struct ph_arena *, const struct ph_dialect *,
    const struct ph_plan *, const struct ph_buf *text, struct ph_buf *why);

#endif
