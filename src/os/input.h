/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_INPUT_H
#define PH_OS_INPUT_H

#include "base/arena.h"
#include "base/diag.h"

/*
 * Inputs that belong together: a configuration and what it includes.  An
 * include is looked for beside the file that asks for it.  Nesting is limited,
 * a file that includes itself is an error, and so is more than a few thousand
 * files.
 */
struct ph_input {
	struct ph_arena *mem;
	struct ph_diags *diags;
	struct ph_input_file *files;	/* newest first */
	size_t n;
};

/*
 * ph_input_open(in, path, out): the main file; 0 or -errno as ph_file_read().
 */
int ph_input_open(struct ph_input *, const char *, struct ph_src **);

/*
 * ph_input_include(in, name, at), ph_input_glob(in, pattern, at, each, arg):
 * Hooks ${open} and ${glob} of dialect/dialect.h; ${in} is their argument.  Ids:
 * include-unreadable, include-cycle, include-depth.
 */
struct ph_src *ph_input_include(void *, const char *, struct ph_span);
void ph_input_glob(void *, const char *, struct ph_span,
    void (*each)(void *, const char *), void *);

#endif
