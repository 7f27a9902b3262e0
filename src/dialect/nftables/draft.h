/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_DRAFT_H
#define PH_NFTABLES_DRAFT_H

#include "dialect/nftables/ast.h"

/*
 * DOC: Drafts
 *
 * A rule of the neutral model in the making: what is known of each dimension so
 * far, other conditions, actions.  A draft is copied where a rule falls apart
 * into several, one for each element of a map; the copies share their arrays, so
 * only the last copy made may grow until it is finished.
 */
struct ph_nft_draft {
	const struct ph_ranges *d[PH_NDIMS];	/* NULL: any */
	struct ph_span at[PH_NDIMS];
	struct ph_cond *conds;
	size_t n_conds, cap_conds;
	struct ph_act *acts;
	size_t n_acts, cap_acts;
	bool effects;			/* an action that outlasts a failed match */
	const struct ph_nft_stmt *diverted;	/* a tproxy statement */
	const struct ph_nft_expr *port;	/* that a map gave a translation */
};

/* Where the rule being lowered stands. */
struct ph_nft_lower {
	struct ph_nft_parser *p;
	struct ph_arena *mem;
	struct ph_nft_table *table;
	struct ph_nft_chain *chain;
	struct ph_nft_rule *rule;
	const struct ph_nft_stmt *stmt;	/* of it */
	struct ph_map *texts;		/* reasons -> canonical text */
	struct ph_map outsides;		/* of long lists of ranges */
	struct ph_nft_edge *edges;	/* jumps between chains */
	size_t n_edges, cap_edges;
	size_t made;			/* rules of this rule */
	struct ph_timeout *timers;	/* the global ones */
};

struct ph_nft_edge {
	struct ph_nft_chain *from, *to;
	struct ph_span at;
	struct ph_nft_edge *next;	/* out of the same chain */
};

/* ph_nft_draft_limit(l, d, dim, r, at): ${dim} must be in ${r}, too. */
void ph_nft_draft_limit(struct ph_nft_lower *, struct ph_nft_draft *, enum ph_dim,
    const struct ph_ranges *, struct ph_span);

/* ph_nft_draft_implied(l, d, families, proto, at): what a selector implies. */
void ph_nft_draft_implied(struct ph_nft_lower *, struct ph_nft_draft *,
    unsigned families, uint8_t proto, struct ph_span);

/* ph_nft_draft_cond(l, d, kind, at): append a condition of another kind. */
struct ph_cond *ph_nft_draft_cond(struct ph_nft_lower *, struct ph_nft_draft *,
    enum ph_cond_kind, struct ph_span);

/*
 * ph_nft_draft_opaque(l, d, s, why), ph_nft_draft_opaque_act(l, d, s, why):
 * Append what cannot be judged: the text of ${s}, for the reason ${why}.
 */
void ph_nft_draft_opaque(struct ph_nft_lower *, struct ph_nft_draft *,
    const struct ph_nft_stmt *, const char *);
void ph_nft_draft_opaque_act(struct ph_nft_lower *, struct ph_nft_draft *,
    const struct ph_nft_stmt *, const char *);

/* ph_nft_draft_act(l, d, kind, at): append an action. */
struct ph_act *ph_nft_draft_act(struct ph_nft_lower *, struct ph_nft_draft *,
    enum ph_act_kind, struct ph_span);

/*
 * ph_nft_draft_settle(l, d):
 * Before another match: write what has effects as a rule of its own.
 */
void ph_nft_draft_settle(struct ph_nft_lower *, struct ph_nft_draft *);

/* ph_nft_draft_finish(l, d, at): write the rule, whose text is ${at}. */
void ph_nft_draft_finish(struct ph_nft_lower *, struct ph_nft_draft *, struct ph_span);

/* ph_nft_draft_text(l, s): the canonical text of a statement. */
const char *ph_nft_draft_text(struct ph_nft_lower *, const struct ph_nft_stmt *);

#endif
