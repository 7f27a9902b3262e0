/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_SLICE_H
#define PH_AUDIT_SLICE_H

#include "audit/piece.h"

/*
 * ph_slice_next(keep, mem, p):
 * Skip the rules of ${p}'s chain that cannot match it: move ${p}->next on to the
 * first that may, or to the chain's end.  In long chains the frame gets a list of
 * the rules to look at, which pieces cut from ${p} share; it comes from ${mem}, what
 * is kept with the chain from ${keep}.
 */
void ph_slice_next(struct ph_arena *, struct ph_arena *, struct ph_piece *);

/*
 * ph_slice_narrow(keep, mem, p):
 * ${p} has become smaller since its list was made: make it a list of its own when
 * that is worth it.
 */
void ph_slice_narrow(struct ph_arena *, struct ph_arena *, struct ph_piece *);

#endif
