/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_JOIN_H
#define PH_AUDIT_JOIN_H

#include "model/verdict.h"

enum { PH_JOIN_DIMS = PH_PROTO + 1 };	/* SRC DST SPORT DPORT PROTO */

/* A part and the smallest box around it. */
struct ph_join_item {
	const struct ph_part *part;
	struct ph_range hull[PH_JOIN_DIMS];
};

struct ph_join_side {
	struct ph_join_item *v;
	size_t n;
};

typedef void (*ph_join_pair_h)(void *arg, const struct ph_part *a, const struct ph_part *b);

/*
 * ph_join_init(mem, side, parts, n):
 * Items for ${n} parts, which stay the caller's.
 */
void ph_join_init(struct ph_arena *, struct ph_join_side *, const struct ph_part *, size_t);

/*
 * ph_join(mem, a, b, pair, arg):
 * Call ${pair} once for each part of ${a} and each of ${b} with another verdict
 * whose boxes touch.  The order depends on the parts only.  Rearranges the items.
 */
void ph_join(struct ph_arena *, struct ph_join_side *a, struct ph_join_side *b,
    ph_join_pair_h, void *);

#endif
