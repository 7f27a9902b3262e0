/* SPDX-License-Identifier: ISC */
#ifndef PH_SPACE_RANGES_H
#define PH_SPACE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "net/addr.h"

/*
 * DOC: Range lists
 *
 * A set of numbers 0 .. 2^128-1 as a rising list of closed ranges that neither
 * overlap nor touch, so that equal sets have equal lists.  Immutable once
 * made, shared freely, owned by an arena.  Wherever a packet's dimension is
 * spoken of, NULL means "any value"; an empty list (n == 0) means none.
 */
struct ph_ranges {
	size_t n;
	struct ph_range r[];
};

/* ph_ranges_one(mem, lo, hi): the single range lo..hi; lo <= hi. */
const struct ph_ranges *ph_ranges_one(struct ph_arena *, ph_u128, ph_u128);

/* ph_ranges_none(): the empty list. */
const struct ph_ranges *ph_ranges_none(void);

/*
 * ph_ranges_from(mem, v, n):
 * The union of the ${n} ranges at ${v}, in any order; sorts ${v} in place.
 */
const struct ph_ranges *ph_ranges_from(struct ph_arena *, struct ph_range *, size_t);

/*
 * ph_ranges_union/_intersect/_subtract(mem, a, b), ph_ranges_complement(mem, a):
 * Set arithmetic; NULL operands mean everything.  The result may be one of the
 * operands, and is NULL when it is everything.  Linear in both lists.
 */
const struct ph_ranges *ph_ranges_union(struct ph_arena *,
    const struct ph_ranges *, const struct ph_ranges *);
const struct ph_ranges *ph_ranges_intersect(struct ph_arena *,
    const struct ph_ranges *, const struct ph_ranges *);
const struct ph_ranges *ph_ranges_subtract(struct ph_arena *,
    const struct ph_ranges *, const struct ph_ranges *);
const struct ph_ranges *ph_ranges_complement(struct ph_arena *,
    const struct ph_ranges *);

/* Tests; NULL means everything.  _has is logarithmic. */
bool ph_ranges_has(const struct ph_ranges *, ph_u128);
bool ph_ranges_empty(const struct ph_ranges *);
bool ph_ranges_overlap(const struct ph_ranges *, const struct ph_ranges *);
bool ph_ranges_subset(const struct ph_ranges *a, const struct ph_ranges *of);
bool ph_ranges_equal(const struct ph_ranges *, const struct ph_ranges *);

/* The smallest range that holds the list (which is not empty). */
struct ph_range ph_ranges_hull(const struct ph_ranges *);

/*
 * ph_ranges_masked(mem, value, mask, bits, base, within, max, out):
 * All numbers base + x, x < 2^${bits}, with (x & ${mask}) == (${value} & ${mask}),
 * that lie within ${within}.  Masks may have holes.  False, and *${out} untouched,
 * when that takes more than ${max} ranges.  Cost is linear in the result.  128 bits
 * are an IPv6 address: the numbers that stand for IPv4 are left out.
 */
bool ph_ranges_masked(struct ph_arena *, ph_u128 value, ph_u128 mask,
    unsigned bits, ph_u128 base, struct ph_range within, size_t max,
    const struct ph_ranges **);

#endif
