/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_BOUNDS_H
#define PH_AUDIT_BOUNDS_H

#include "model/ruleset.h"

/*
 * DOC: Bounds
 *
 * Most rules of a long list do not touch a question at all, and a look at four
 * pairs of numbers tells: the smallest and largest source, destination,
 * destination port and protocol that a rule can match.  They are kept in arrays
 * of their own, 32 bits each, so that a scan compares several rules at a time.
 *
 * An address becomes a 32-bit key that keeps order: IPv4 addresses fill the upper
 * half, without their last bit; IPv6 the lower half, by the 31 bits in which the
 * addresses of this list differ most.  What a key loses only makes a rule seem
 * to touch that does not; the exact test follows.
 */

enum { PH_NBOUNDS = 4 };		/* DST SRC DPORT PROTO */

struct ph_bounds {
	size_t n;			/* rules */
	ph_u128 v6_base;		/* key of an IPv6 address: (a - base) >> shift */
	unsigned v6_shift;
	uint32_t *lo[PH_NBOUNDS], *hi[PH_NBOUNDS];
	uint32_t *room;			/* ${n} indexes, for the caller of a scan */
};

struct ph_bounds_box {
	uint32_t lo[PH_NBOUNDS], hi[PH_NBOUNDS];
};

/*
 * ph_bounds_of(mem, c): the bounds of ${c}'s rules, made at the first call and
 * kept in ${c}->index; ${mem} must live as long as ${c}.
 */
const struct ph_bounds *ph_bounds_of(struct ph_arena *, struct ph_chain *);

/* The dimension of column ${i} < PH_NBOUNDS. */
enum ph_dim ph_bounds_dim(size_t);

/*
 * ph_bounds_box(b, hull): the keys of a box given as one range a column; IPv4
 * and IPv6 may mix.
 */
struct ph_bounds_box ph_bounds_box(const struct ph_bounds *,
    const struct ph_range hull[PH_NBOUNDS]);

/*
 * ph_bounds_scan(b, box, from, to, out):
 * Write the indexes of rules ${from} to ${to} - 1 whose bounds touch ${box}, in
 * rising order, to ${out}, which has room for all; return how many.
 */
size_t ph_bounds_scan(const struct ph_bounds *, const struct ph_bounds_box *,
    size_t from, size_t to, uint32_t *out);

/*
 * ph_bounds_filter(b, box, in, n, out): the same among the ${n} indexes at ${in};
 * ${out} may be ${in}.
 */
size_t ph_bounds_filter(const struct ph_bounds *, const struct ph_bounds_box *,
    const uint32_t *in, size_t n, uint32_t *out);

/* Do the bounds of rule ${i} touch ${box}? */
static inline bool
ph_bounds_touch(const struct ph_bounds *b, const struct ph_bounds_box *box, size_t i)
{
	return b->lo[0][i] <= box->hi[0] && b->hi[0][i] >= box->lo[0] &&
	    b->lo[1][i] <= box->hi[1] && b->hi[1][i] >= box->lo[1] &&
	    b->lo[2][i] <= box->hi[2] && b->hi[2][i] >= box->lo[2] &&
	    b->lo[3][i] <= box->hi[3] && b->hi[3][i] >= box->lo[3];
}

#endif
