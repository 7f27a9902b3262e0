/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_COMMAND_H
#define PH_NFTABLES_COMMAND_H

#include "dialect/nftables/ast.h"

/* ph_nft_command_file(p): read and apply all commands of the input. */
void ph_nft_command_file(struct ph_nft_parser *);

#endif
