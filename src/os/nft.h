/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_NFT_H
#define PH_OS_NFT_H

#include <stdbool.h>

#include "base/arena.h"

/*
 * ph_nft_run(mem, text, dir, said):
 * Let libnftables do what ${text} says in the network the process is in; ${dir}, or
 * NULL, is where relative includes are.  False when something was refused.  *${said}
 * is what was printed, or the complaint.
 */
bool ph_nft_run(struct ph_arena *, const char *text, const char *dir, const char **said);

#endif
