/* SPDX-License-Identifier: ISC */
#ifndef PH_CMD_VALUES_H
#define PH_CMD_VALUES_H

#include "cmd/run.h"

/*
 * Values of options.  Each returns false after saying on run->err which option
 * is wrong, and why.
 */

/*
 * ph_values_addrs(run, opt, text, out): "any", or addresses, prefixes and ranges
 * A-B with commas between.  NULL into *${out} for any.
 */
bool ph_values_addrs(struct ph_run *, const char *opt, const char *,
    const struct ph_ranges **);

/*
 * ph_values_ports(run, opt, text, out): numbers, names, ranges LO-HI; "any" is
 * 0-65535.
 */
bool ph_values_ports(struct ph_run *, const char *opt, const char *,
    const struct ph_ranges **);

/*
 * ph_values_icmp(run, text, v6, type, code): TYPE[/CODE]; a number, or a name as
 * ping knows it.
 */
bool ph_values_icmp(struct ph_run *, const char *, bool v6,
    const struct ph_ranges **type, const struct ph_ranges **code);

#endif
