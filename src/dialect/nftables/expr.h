/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_EXPR_H
#define PH_NFTABLES_EXPR_H

#include "dialect/nftables/ast.h"

/*
 * All of these read from the current token of ${p}.  They return NULL when that
 * cannot be, having reported why.
 *
 * ph_nft_expr_lhs(p): selectors, with bit operations, concatenated.
 * ph_nft_expr_rhs(p): what a selector is compared with: values, ranges, sets, lists.
 * ph_nft_expr_value(p): what something is set to: values, selectors, maps.
 * ph_nft_expr_set(p): "{ ... }" only.
 * ph_nft_expr_setref(p): "{ ... }" or "@name".
 * ph_nft_expr_word(p, what): one word or string; ${what} is expected, for people.
 */
struct ph_nft_expr *ph_nft_expr_lhs(struct ph_nft_parser *);
struct ph_nft_expr *ph_nft_expr_rhs(struct ph_nft_parser *);
struct ph_nft_expr *ph_nft_expr_value(struct ph_nft_parser *);
struct ph_nft_expr *ph_nft_expr_set(struct ph_nft_parser *);
struct ph_nft_expr *ph_nft_expr_setref(struct ph_nft_parser *);
struct ph_nft_expr *ph_nft_expr_word(struct ph_nft_parser *, const char *what);

/* ph_nft_expr_starts(p): does the current token begin a selector? */
bool ph_nft_expr_starts(struct ph_nft_parser *);

/* ph_nft_expr_expected(p, what): report that ${what} was expected here. */
void ph_nft_expr_expected(struct ph_nft_parser *, const char *what);

/* ph_nft_expr_new(p, kind, at): a new, zeroed node. */
struct ph_nft_expr *ph_nft_expr_new(struct ph_nft_parser *, uint8_t, struct ph_span);

#endif
