/* SPDX-License-Identifier: ISC */
#ifndef PH_ORACLE_RUN_H
#define PH_ORACLE_RUN_H

#include <stdbool.h>

#include "base/arena.h"

/*
 * run_tool(argv, input, mem, out, err): run a program with ${input} as standard
 * input; its output and errors into ${mem}.  The exit code; 127: not found.
 */
int run_tool(const char *const *argv, const char *input, struct ph_arena *,
    const char **out, const char **err);

/* run_quiet(argv, input): did it end well?  What it says is shown when not. */
bool run_quiet(const char *const *argv, const char *input);

#endif
