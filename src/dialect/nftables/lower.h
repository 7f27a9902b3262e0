/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_LOWER_H
#define PH_NFTABLES_LOWER_H

#include "dialect/nftables/draft.h"

/* What a dialect keeps for emit and fix, as ph_ruleset.priv. */
struct ph_nft_priv {
	struct ph_nft_parser *p;
	struct ph_map texts;		/* address of a reason -> canonical text */
	struct ph_map origins;		/* address of a ph_chain -> ph_nft_chain */
};

/* ph_nft_lower_ingress: the reason of a gap that emit can say nevertheless. */
extern const char ph_nft_lower_ingress[];

/* What became of a statement. */
enum ph_nft_step {
	PH_NFT_NEXT,			/* go on with the next one */
	PH_NFT_DONE,			/* the rest of the rule was written, too */
	PH_NFT_FAIL,			/* reported */
};

/*
 * ph_nft_lower_all(p):
 * Turn what the commands have left into the neutral model, ${p}->rs.  Errors
 * are reported through ${p}->lx.
 */
void ph_nft_lower_all(struct ph_nft_parser *);

/* ph_nft_lower_from(l, d, s): lower ${s} and all that follow; false: reported. */
bool ph_nft_lower_from(struct ph_nft_lower *, struct ph_nft_draft *,
    const struct ph_nft_stmt *);

/* Puts one value to use. */
typedef bool ph_nft_apply_h(struct ph_nft_lower *, struct ph_nft_draft *,
    const struct ph_nft_stmt *, const struct ph_nft_expr *);

/*
 * ph_nft_lower_value(l, d, s, e, apply):
 * Call ${apply} with the value ${e}, or when it is looked up in a map, with the
 * value of each element under the condition of its key.
 */
enum ph_nft_step ph_nft_lower_value(struct ph_nft_lower *, struct ph_nft_draft *,
    const struct ph_nft_stmt *, const struct ph_nft_expr *, ph_nft_apply_h *);

/* "lhs set value" in lower_set.c; translation in lower_nat.c. */
enum ph_nft_step ph_nft_lower_set(struct ph_nft_lower *, struct ph_nft_draft *,
    const struct ph_nft_stmt *);
enum ph_nft_step ph_nft_lower_nat(struct ph_nft_lower *, struct ph_nft_draft *,
    const struct ph_nft_stmt *);

#endif
