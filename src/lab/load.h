/* SPDX-License-Identifier: ISC */
#ifndef PH_LAB_LOAD_H
#define PH_LAB_LOAD_H

#include "dialect/dialect.h"

/*
 * What the lab's kernel is given.  All of it in the network that the process is in.
 *
 * ph_lab_load_nft(mem, text, dir, why): a text of nftables; ${dir}, or NULL, is where
 * relative includes are.
 * ph_lab_load_iptables(mem, rs, why): the text from which ${rs} was read, block by
 * block for the families it is for.
 * ph_lab_load_sets(mem, text, why): output of "ipset save".
 * False, with what the kernel or its tools said in *${why}.
 */
bool ph_lab_load_nft(struct ph_arena *, const char *text, const char *dir,
    const char **why);
bool ph_lab_load_iptables(struct ph_arena *, const struct ph_ruleset *, const char **why);
bool ph_lab_load_sets(struct ph_arena *, const char *text, const char **why);

/*
 * ph_lab_load_quiet(mem, why): let the kernel itself say nothing to packets of a host's
 * connections, which it does not know; after all rules.
 */
bool ph_lab_load_quiet(struct ph_arena *, const char **why);

/*
 * ph_lab_load_timers(global, scale, why): set the kernel's idle timers to ${global},
 * divided by ${scale}.  Before rules are loaded: what a policy does not say it takes
 * from there.
 */
bool ph_lab_load_timers(const struct ph_timeout *, unsigned scale, const char **why);

/*
 * ph_lab_load_faster(mem, text, scale): a text of nftables with the times of its
 * timeout policies divided by ${scale}; not those of files it includes.
 */
const char *ph_lab_load_faster(struct ph_arena *, const char *text, unsigned scale);

/* ph_lab_load_scaled(s, scale): what a timer of ${s} seconds is set to; at least 1. */
uint32_t ph_lab_load_scaled(uint32_t, unsigned);

#endif
