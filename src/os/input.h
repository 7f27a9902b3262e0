/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_INPUT_H
#define PH_OS_INPUT_H

#include "dialect/dialect.h"

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

/* ph_input_opts(in): what a dialect's reader asks for more inputs. */
struct ph_parse_opts ph_input_opts(struct ph_input *);

#endif
