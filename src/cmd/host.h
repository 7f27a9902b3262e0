/* SPDX-License-Identifier: ISC */
#ifndef PH_CMD_HOST_H
#define PH_CMD_HOST_H

#include "cmd/run.h"

/*
 * ph_host_split(run, opt, text, usual, host, port): HOST, HOST:PORT, [ADDR]:PORT, or an address as
 * it is.  False after saying what is wrong with option ${opt}; without a port it is ${usual}.
 */
bool ph_host_split(struct ph_run *, const char *opt, const char *text, uint16_t usual,
    const char **host, uint16_t *port);

/*
 * ph_host_find(run, host, out): all its addresses: as --resolve says, as written, or as resolved.
 * 0, or the exit code after saying what is wrong.
 */
int ph_host_find(struct ph_run *, const char *, const struct ph_ranges **);

/* ph_host_list(run, r): "A,B" as --at takes it. */
const char *ph_host_list(struct ph_run *, const struct ph_ranges *);

#endif
