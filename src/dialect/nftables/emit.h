/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_EMIT_H
#define PH_NFTABLES_EMIT_H

#include "base/buf.h"
#include "base/map.h"
#include "dialect/nftables/lower.h"

/* Conditions that nothing meets; the language has no other words for it. */
#define PH_NFT_EMIT_NEVER "ct state new ct state invalid "

/* What writing a ruleset needs to know. */
struct ph_nft_emit {
	struct ph_arena *mem;
	struct ph_diags *diags;
	const struct ph_ruleset *rs;
	const struct ph_nft_priv *priv;	/* NULL: read from another language */
	unsigned families;		/* of the table being written */
	struct ph_map chains;		/* address of a ph_chain -> its name here */
	struct ph_map objects;		/* what foreign rules need declared, by name */
	struct ph_buf *declare;		/* where that goes */
	bool failed;			/* something cannot be said; reported */
};

/*
 * ph_nft_emit(mem, diags, rs, out):
 * The emit hook of the dialect.
 */
bool ph_nft_emit(struct ph_arena *, struct ph_diags *, const struct ph_ruleset *,
    struct ph_buf *);

/* ph_nft_emit_cannot(em, at, what): report that ${what} cannot be said. */
void ph_nft_emit_cannot(struct ph_nft_emit *, struct ph_span, const char *what);

/* ph_nft_emit_text(em, reason): the canonical text behind a reason, or NULL. */
const char *ph_nft_emit_text(const struct ph_nft_emit *, const char *);

/* Alternatives that exclude each other, or the variants of a rule. */
struct ph_nft_alts {
	const char **v;
	size_t n, cap;
};

/*
 * ph_nft_emit_conds(em, r, out):
 * The conditions of a rule as texts that exclude each other and together hold
 * the rule's packets; each is "" or ends in a blank.  False: cannot be said,
 * reported.
 */
bool ph_nft_emit_conds(struct ph_nft_emit *, const struct ph_rule *,
    struct ph_nft_alts *);

/* ph_nft_emit_acts(em, r, b): the actions of a rule; false: reported. */
bool ph_nft_emit_acts(struct ph_nft_emit *, const struct ph_rule *, struct ph_buf *);

/*
 * ph_nft_emit_values(em, b, type, r):
 * " 80", " { 80, 90-99 }" or " != ...", whichever is shortest, for the values of a
 * selector; ${r} must not be empty nor everything.
 */
void ph_nft_emit_values(struct ph_nft_emit *, struct ph_buf *, enum ph_nft_type,
    const struct ph_ranges *);

/* ph_nft_emit_item(b, type, r): one value or range. */
void ph_nft_emit_item(struct ph_buf *, enum ph_nft_type, struct ph_range);

/* ph_nft_emit_tuples(em, c, proto, out): a condition on cubes; false: reported. */
bool ph_nft_emit_tuples(struct ph_nft_emit *, const struct ph_cond *,
    const struct ph_ranges *proto, struct ph_nft_alts *);

/* ph_nft_emit_bits(em, type, r, out): states, status or flags as alternatives. */
void ph_nft_emit_state(struct ph_nft_emit *, const struct ph_ranges *, struct ph_nft_alts *);
void ph_nft_emit_status(struct ph_nft_emit *, const struct ph_ranges *, struct ph_nft_alts *);
void ph_nft_emit_flags(struct ph_nft_emit *, const struct ph_ranges *, struct ph_nft_alts *);

/* ph_nft_emit_alt(em, alts, text): one more alternative. */
void ph_nft_emit_alt(struct ph_nft_emit *, struct ph_nft_alts *, const char *);

/* ph_nft_emit_expr(b, e): an expression of the source as canonical text. */
void ph_nft_emit_expr(struct ph_buf *, const struct ph_nft_expr *);

#endif
