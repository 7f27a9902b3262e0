/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_FIX_H
#define PH_NFTABLES_FIX_H

#include "dialect/dialect.h"

/* ph_nft_fix(mem, diags, rs, v, n, out): the fix hook of the dialect. */
bool ph_nft_fix(struct ph_arena *, struct ph_diags *, struct ph_ruleset *,
    const struct ph_fix *, size_t, struct ph_fix_text *);

#endif
