/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_LIVE_H
#define PH_OS_LIVE_H

#include "model/ruleset.h"

/*
 * DOC: This host's own firewall
 *
 * The kernel's nftables rules as libnftables lists them, tables of the older
 * iptables when there are any, the idle timers of connection tracking and the
 * host's addresses.  All of the network namespace that the process is in.
 */

/*
 * ph_live_nftables(mem, out, why):
 * All rules as nftables text named "live".  0, or -errno: -EPERM without
 * CAP_NET_ADMIN in the user namespace of the network namespace.  ${why} is what
 * the library said, or NULL.
 */
int ph_live_nftables(struct ph_arena *, struct ph_src **, const char **why);

enum ph_live_legacy { PH_LIVE_NONE, PH_LIVE_READ, PH_LIVE_UNREADABLE };

/*
 * ph_live_iptables(mem, v6, out):
 * Tables that iptables-legacy or ip6tables-legacy loaded, as their save program
 * prints them.  NONE when the kernel has none, UNREADABLE when it has but the
 * program is missing or fails.
 */
enum ph_live_legacy ph_live_iptables(struct ph_arena *, bool v6, struct ph_src **);

/*
 * ph_live_timers(mem, rs): replace default idle timers of ${rs} by what this
 * kernel is set to.
 */
void ph_live_timers(struct ph_arena *, struct ph_ruleset *);

/* ph_live_addrs(mem, rs): give the interfaces of ${rs} their addresses and networks. */
void ph_live_addrs(struct ph_arena *, struct ph_ruleset *);

#endif
