/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_SELECTOR_H
#define PH_NFTABLES_SELECTOR_H

#include "dialect/nftables/ast.h"

/*
 * ph_nft_selector_starts(p): does the current token begin a selector?
 * ph_nft_selector(p): read one; NULL after a report.
 */
bool ph_nft_selector_starts(struct ph_nft_parser *);
struct ph_nft_expr *ph_nft_selector(struct ph_nft_parser *);

#endif
