/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_STMT_H
#define PH_NFTABLES_STMT_H

#include "dialect/nftables/ast.h"

/*
 * ph_nft_stmt_rule(p):
 * Read statements up to the end of the rule.  NULL when one is wrong, which was
 * reported; the rest of the rule is then skipped.
 */
struct ph_nft_rule *ph_nft_stmt_rule(struct ph_nft_parser *);

/*
 * ph_nft_stmt_rule_kept(p):
 * The same; but where so much was wrong before that the text is no ruleset, the
 * rule is forgotten again, so that garbage costs no memory.
 */
struct ph_nft_rule *ph_nft_stmt_rule_kept(struct ph_nft_parser *);

/* ph_nft_stmt_new(p, kind, at): a new, zeroed statement. */
struct ph_nft_stmt *ph_nft_stmt_new(struct ph_nft_parser *, uint8_t, struct ph_span);

/* A reader of one statement; its word has been passed, ${at} is the place. */
typedef struct ph_nft_stmt *ph_nft_stmt_h(struct ph_nft_parser *, struct ph_span);

/* Translation and redirection, in stmt_nat.c; the act by name. */
ph_nft_stmt_h ph_nft_stmt_snat, ph_nft_stmt_dnat, ph_nft_stmt_masquerade,
    ph_nft_stmt_redirect, ph_nft_stmt_tproxy;

/* Everything that counts, limits or logs, in stmt_note.c. */
ph_nft_stmt_h ph_nft_stmt_counter, ph_nft_stmt_limit, ph_nft_stmt_quota,
    ph_nft_stmt_log, ph_nft_stmt_last, ph_nft_stmt_queue, ph_nft_stmt_synproxy,
    ph_nft_stmt_dup, ph_nft_stmt_fwd, ph_nft_stmt_flow, ph_nft_stmt_meter,
    ph_nft_stmt_dynset, ph_nft_stmt_xt, ph_nft_stmt_reset, ph_nft_stmt_ct_count;

#endif
