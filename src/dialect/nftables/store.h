/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_STORE_H
#define PH_NFTABLES_STORE_H

#include "dialect/nftables/ast.h"

/*
 * Tables, chains, sets and objects by name.  _find gives NULL when there is none;
 * the others make what is missing.
 */
struct ph_nft_table *ph_nft_store_table_find(struct ph_nft_parser *,
    struct ph_str family, struct ph_str name);
struct ph_nft_table *ph_nft_store_table(struct ph_nft_parser *,
    struct ph_str family, struct ph_str name, struct ph_span);
struct ph_nft_chain *ph_nft_store_chain_find(struct ph_nft_table *, struct ph_str);
struct ph_nft_chain *ph_nft_store_chain(struct ph_nft_parser *,
    struct ph_nft_table *, struct ph_str, struct ph_span);
struct ph_nft_set *ph_nft_store_set_find(struct ph_nft_table *, struct ph_str);
struct ph_nft_set *ph_nft_store_set(struct ph_nft_parser *,
    struct ph_nft_table *, struct ph_str, struct ph_span);
struct ph_nft_obj *ph_nft_store_obj_find(struct ph_nft_table *,
    enum ph_nft_obj_kind, struct ph_str);
struct ph_nft_obj *ph_nft_store_obj(struct ph_nft_parser *,
    struct ph_nft_table *, enum ph_nft_obj_kind, struct ph_str, struct ph_span);

/*
 * ph_nft_store_flush(t), _flush_chain(c), _flush_set(s): forget the rules, the elements.
 * ph_nft_store_remove_chain(p, c), …: forget the thing itself.
 */
void ph_nft_store_flush(struct ph_nft_table *);
void ph_nft_store_flush_chain(struct ph_nft_chain *);
void ph_nft_store_flush_set(struct ph_nft_set *);
void ph_nft_store_remove_table(struct ph_nft_parser *, struct ph_nft_table *);
void ph_nft_store_remove_chain(struct ph_nft_parser *, struct ph_nft_chain *);
void ph_nft_store_rename_chain(struct ph_nft_parser *, struct ph_nft_chain *,
    struct ph_str);
void ph_nft_store_remove_set(struct ph_nft_parser *, struct ph_nft_set *);

/*
 * ph_nft_store_rule_before(c, r, at), ph_nft_store_rule_after(c, r, at):
 * Link ${r} beside ${at}; NULL means at the start, at the end.
 */
void ph_nft_store_rule_before(struct ph_nft_chain *, struct ph_nft_rule *,
    struct ph_nft_rule *at);
void ph_nft_store_rule_after(struct ph_nft_chain *, struct ph_nft_rule *,
    struct ph_nft_rule *at);
void ph_nft_store_rule_remove(struct ph_nft_chain *, struct ph_nft_rule *);

/* ph_nft_store_elements(s, set): move the elements of an expression to ${s}. */
void ph_nft_store_elements(struct ph_nft_set *, struct ph_nft_expr *);

/* ph_nft_store_is_family(word): ip, ip6, inet, bridge, netdev or arp? */
bool ph_nft_store_is_family(struct ph_str);

#endif
