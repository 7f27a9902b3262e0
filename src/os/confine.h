/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_CONFINE_H
#define PH_OS_CONFINE_H

#include <stdbool.h>

/*
 * DOC: A server that is taken over
 *
 * What can a process do that runs somebody else's code?  Less, when it is no longer root,
 * cannot become more than it is, and the kernel listens only to the calls that a
 * server of datagrams and connections makes: no program is started, no file opened for
 * writing, no other process touched.
 *
 * Both are for the whole process and for good.
 */

/*
 * ph_confine_user(name, fast): become that user, with its groups, and keep of all capabilities
 * that which low ports take, and with ${fast} those of BPF and interfaces.  NULL: stay who we
 * are, but gain nothing from programs.  To be called while there is one thread.  NULL, or why
 * it could not be done.
 */
const char *ph_confine_user(const char *, bool fast);

/*
 * ph_confine_calls(fast): from now on only the system calls of a server, and those of BPF
 * with ${fast}; others fail with EPERM.  All threads.  NULL, or why there is no such filter.
 */
const char *ph_confine_calls(bool fast);

#endif
