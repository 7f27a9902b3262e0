/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_RESOLVE_H
#define PH_AUDIT_RESOLVE_H

#include "audit/walk.h"

/*
 * ph_resolve(mem, v, n, out):
 * Possible fates, which may overlap and differ because something on the way was
 * not certain, become certain ones where all agree and UNKNOWN where they do
 * not.  ${why} and ${by} of a possible fate hold its doubt.  Appends to *${out}.
 */
void ph_resolve(struct ph_arena *, const struct ph_part *, size_t,
    struct ph_answer *);

/* ph_answer_take(mem, a, v, n): append ${n} parts; ${v} is ${a}'s from now on. */
void ph_answer_take(struct ph_arena *, struct ph_answer *, struct ph_part *, size_t);

#endif
