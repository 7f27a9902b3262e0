/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_PLAN_H
#define PH_NFTABLES_PLAN_H

#include "dialect/dialect.h"

/* ph_nft_plan(mem, diags, plan, out): the plan hook of the dialect. */
bool ph_nft_plan(struct ph_arena *, struct ph_diags *, const struct ph_plan *,
    struct ph_buf *);

/*
 * ph_nft_plan_comment(mem, r):
 * "service/flow: purpose (source)" as a rule's comment can hold it.
 */
const char *ph_nft_plan_comment(struct ph_arena *, const struct ph_requirement *);

/* ph_nft_plan_alg(r, b): what to look at, and to type, for ALGs on this host. */
void ph_nft_plan_alg(struct ph_buf *);

#endif
