/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_WORD_H
#define PH_NFTABLES_WORD_H

#include "dialect/nftables/ast.h"

/* Lists of words, for suggestions. */
enum ph_nft_words {
	PH_NFT_W_PRIORITY, PH_NFT_W_CHAIN_TYPE, PH_NFT_W_HOOK, PH_NFT_W_TABLE_ITEM,
	PH_NFT_W_COMMAND, PH_NFT_W_OBJECT,
	PH_NFT_NWORDS,
};

/*
 * ph_nft_word_unknown(p, id, at, list):
 * Report that the word at ${at} is none of ${list}; says which are, and the nearest.
 */
void ph_nft_word_unknown(struct ph_nft_parser *, const char *id, struct ph_span,
    enum ph_nft_words);

/*
 * ph_nft_word_priority(s, out), ph_nft_word_priority_name(prio, point):
 * Named priorities: false or NULL when it is none (at that hook).
 */
bool ph_nft_word_priority(struct ph_str, int *);
const char *ph_nft_word_priority_name(int, enum ph_hook_point);

/* Chain types and hooks: an enum ph_hook_kind, an enum ph_hook_point, or -1. */
int ph_nft_word_chain_type(struct ph_str);
int ph_nft_word_hook(struct ph_str);
const char *ph_nft_word_chain_type_name(enum ph_hook_kind);
const char *ph_nft_word_hook_name(enum ph_hook_point);

/* ph_nft_word_iface(p, name): note an interface, unless it is a pattern. */
void ph_nft_word_iface(struct ph_nft_parser *, struct ph_str);

/*
 * ph_nft_word_value(type, s, out):
 * A single value of a small domain by name or number: protocols, ICMP types,
 * bits of states and flags.  False when ${s} is none.
 */
bool ph_nft_word_value(enum ph_nft_type, struct ph_str, uint64_t *);

/* ph_nft_word_nearest(type, s): the likely slip among the names of a type. */
const char *ph_nft_word_nearest(enum ph_nft_type, struct ph_str);

/* ph_nft_word_name(type, value): the name to print, or NULL. */
const char *ph_nft_word_name(enum ph_nft_type, uint64_t);

/* ph_nft_word_type_title(type): "a port", "an IPv4 address", for messages. */
const char *ph_nft_word_type_title(enum ph_nft_type);

/* ph_nft_word_is_keyword(s): may ${s} not be the name of a chain? */
bool ph_nft_word_is_keyword(struct ph_str);

#endif
