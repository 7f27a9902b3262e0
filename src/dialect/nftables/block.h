/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_BLOCK_H
#define PH_NFTABLES_BLOCK_H

#include "dialect/nftables/ast.h"

/*
 * Readers of "{ ... }"; the current token is the brace.  Errors inside are
 * reported and skipped statement by statement.
 */
void ph_nft_block_table(struct ph_nft_parser *, struct ph_nft_table *);
void ph_nft_block_chain(struct ph_nft_parser *, struct ph_nft_chain *);
void ph_nft_block_set(struct ph_nft_parser *, struct ph_nft_set *);
void ph_nft_block_obj(struct ph_nft_parser *, struct ph_nft_obj *);

/*
 * ph_nft_block_obj_kind(p, kind):
 * Pass the words of an object's kind ("ct helper", "limit"), or nothing and false.
 */
bool ph_nft_block_obj_kind(struct ph_nft_parser *, enum ph_nft_obj_kind *);

/*
 * ph_nft_block_common(p):
 * Read a statement that may stand anywhere: include, define, redefine, undefine.
 * False when it is none of these.
 */
bool ph_nft_block_common(struct ph_nft_parser *);

/* ph_nft_block_name(p, what): a name, as ph_str; .s is NULL after a report. */
struct ph_str ph_nft_block_name(struct ph_nft_parser *, const char *what);

#endif
