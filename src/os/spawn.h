/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_SPAWN_H
#define PH_OS_SPAWN_H

#include "base/arena.h"

/*
 * ph_spawn(mem, argv, input, said):
 * Run a program with ${input} (NULL: nothing) as its standard input and wait for
 * its end.  Its exit status, 127 when there is no such program, or -errno.  What it
 * wrote to standard output and error is in *${said}, owned by ${mem}.
 */
int ph_spawn(struct ph_arena *, const char *const *argv, const char *input,
    const char **said);

#endif
