/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_FIELD_H
#define PH_NFTABLES_FIELD_H

#include "dialect/nftables/ast.h"

/*
 * ph_nft_field_find(proto, word):
 * The row of "${proto} ${word}", or NULL.
 */
const struct ph_nft_field *ph_nft_field_find(struct ph_str, struct ph_str);

/* ph_nft_field_bare(word): the row of a meta key that needs no "meta", or NULL. */
const struct ph_nft_field *ph_nft_field_bare(struct ph_str);

/* ph_nft_field_is_proto(word): does ${word} begin selectors? */
bool ph_nft_field_is_proto(struct ph_str);

/* ph_nft_field_nearest(proto, word): the likely slip, or NULL. */
const char *ph_nft_field_nearest(struct ph_str, struct ph_str);

/* ph_nft_field_opaque(): the row of what is read but not judged. */
const struct ph_nft_field *ph_nft_field_opaque(void);

/*
 * ph_nft_field_ct(word, v6):
 * The row of "ct original [ip|ip6] WORD"; NULL when it is not judged.
 */
const struct ph_nft_field *ph_nft_field_orig(struct ph_str, bool v6);

/* ph_nft_field_local(dst): the row of "fib saddr type" or "fib daddr type". */
const struct ph_nft_field *ph_nft_field_local(bool dst);

#endif
