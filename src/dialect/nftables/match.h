/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_MATCH_H
#define PH_NFTABLES_MATCH_H

#include "dialect/nftables/draft.h"
#include "dialect/nftables/values.h"

/*
 * ph_nft_match(l, d, s):
 * Add a match statement to the draft; false after a reported error.
 */
bool ph_nft_match(struct ph_nft_lower *, struct ph_nft_draft *,
    const struct ph_nft_stmt *);

/*
 * ph_nft_match_key(l, d, s, lhs, key):
 * The same for "${lhs} == ${key}", a key of a map in ${s}.  An E_ANY key must not
 * be given.  UNKNOWN: nothing was added.
 */
enum ph_nft_got ph_nft_match_key(struct ph_nft_lower *, struct ph_nft_draft *,
    const struct ph_nft_stmt *, const struct ph_nft_expr *lhs,
    const struct ph_nft_expr *key);

/*
 * ph_nft_match_fields(lhs, out, max): the selectors of a plain concatenation or of
 * one selector; 0 when it has anything else in it.
 */
size_t ph_nft_match_fields(const struct ph_nft_expr *, const struct ph_nft_field **,
    size_t);

/*
 * ph_nft_match_ranges(l, f, values, out):
 * Numbers as the kernel compares them to numbers of the field's dimension.  False
 * when that cannot be told.
 */
bool ph_nft_match_ranges(struct ph_nft_lower *, const struct ph_nft_field *,
    const struct ph_ranges *, const struct ph_ranges **);

/* ph_nft_match_tuples(l, d, s): a match on a concatenation, in match_tuple.c. */
bool ph_nft_match_tuples(struct ph_nft_lower *, struct ph_nft_draft *,
    const struct ph_nft_stmt *);

/*
 * ph_nft_match_cube(l, f, n, key, out):
 * One key of a concatenation of the ${n} selectors ${f} as a cube.
 */
enum ph_nft_got ph_nft_match_cube(struct ph_nft_lower *,
    const struct ph_nft_field *const *, size_t, const struct ph_nft_expr *,
    struct ph_cube *);

/* ph_nft_match_implied(l, d, f, at): what a selector implies, on the draft. */
void ph_nft_match_implied(struct ph_nft_lower *, struct ph_nft_draft *,
    const struct ph_nft_field *, struct ph_span);

/* ph_nft_match_ports_sure(d): is the protocol one that has ports? */
bool ph_nft_match_ports_sure(const struct ph_ranges *);

#endif
