/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_SEEN_H
#define PH_AUDIT_SEEN_H

#include "audit/piece.h"

/* Pieces met before, by two independent 64-bit hashes of all they hold. */
struct ph_seen {
	struct ph_seen_key { uint64_t a, b; } *v;
	size_t n, cap;			/* cap is a power of two */
};

/*
 * ph_seen_before(mem, s, p):
 * Was a piece with the same packets, views, place and facts (but perhaps another
 * doubt) met before?  If not, it is from now on.
 */
bool ph_seen_before(struct ph_arena *, struct ph_seen *, const struct ph_piece *);

#endif
