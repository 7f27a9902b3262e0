/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_FILE_H
#define PH_OS_FILE_H

#include "base/arena.h"
#include "base/diag.h"

/* Larger inputs are refused: a span counts in 32 bits. */
#define PH_FILE_MAX	((size_t)1 << 30)

/*
 * ph_file_read(mem, path, out):
 * Read a whole file, pipe or device; "-" is standard input.  0, or -errno:
 * -EFBIG when it holds more than PH_FILE_MAX bytes.  The text is followed by a
 * NUL that ${len} does not count.
 */
int ph_file_read(struct ph_arena *, const char *, struct ph_src **);

/*
 * ph_file_list(mem, dir, suffix, out, n):
 * Paths of the files in a directory whose names end in ${suffix} and do not
 * begin with a dot, in order of names.  0, or -errno.
 */
int ph_file_list(struct ph_arena *, const char *, const char *, const char ***, size_t *);

/*
 * ph_file_write(path, text, len):
 * Replace the file as a whole or not at all: a new file beside it takes its
 * place and mode when it is complete and on disk.  A symbolic link is followed.
 * 0, or -errno.
 */
int ph_file_write(const char *, const char *, size_t);

#endif
