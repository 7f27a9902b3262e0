/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_NETNS_H
#define PH_OS_NETNS_H

#include <stdbool.h>

#include "base/arena.h"

/*
 * DOC: Networks of our own
 *
 * A network namespace without a name lives as long as a process or a descriptor
 * holds it: whatever ends the process, also a kill, ends its networks.  Who is not
 * root becomes root in a user namespace first, which gives rights over these
 * networks and nothing else.  Links, addresses and routes are set with ip(8):
 * what it is told is what a reader can type, and its complaints are in words; the
 * lab sets a handful of links once, so that speed is no reason for netlink code.
 */

/*
 * ph_netns_enter_user(why):
 * Take what rights it needs and move to a new, empty network.  The process must
 * have one thread.  0, or -errno with the missing permission in *${why}.
 */
int ph_netns_enter_user(const char **why);

/* ph_netns_new(): move to a new, empty network; 0 or -errno. */
int ph_netns_new(void);

/* ph_netns_open(): a descriptor of the network the process is in, or -errno. */
int ph_netns_open(void);

/* ph_netns_path(mem, fd): a name by which other programs reach it. */
const char *ph_netns_path(struct ph_arena *, int fd);

/* ph_netns_close(fd): it ends with the last who holds it. */
void ph_netns_close(int fd);

/* ph_netns_enter(fd): move to that network; 0 or -errno. */
int ph_netns_enter(int fd);

/*
 * ph_netns_ip(mem, v6, batch, why): lines for "ip -batch" in this network; what
 * depends on the family is of that family.  False with what it said in *${why}.
 */
bool ph_netns_ip(struct ph_arena *, bool v6, const char *batch, const char **why);

/* ph_netns_sysctl(path, value): below /proc/sys/, of this network; 0 or -errno. */
int ph_netns_sysctl(const char *path, const char *value);

/* ph_netns_forget(): forget all tracked connections of this network; 0 or -errno. */
int ph_netns_forget(void);

#endif
