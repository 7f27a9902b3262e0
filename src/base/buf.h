/* SPDX-License-Identifier: ISC */
#ifndef PH_BASE_BUF_H
#define PH_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "base/arena.h"

/*
 * Buf: text that grows.  Memory comes from the arena; ${s} is always
 * NUL-terminated once something was written and "" never NULL before.
 */
struct ph_buf {
	struct ph_arena *mem;
	char *s;
	size_t len, cap;		/* bytes; cap includes the NUL */
};

/* ph_buf_init(b, mem): an empty text in the arena ${mem}. */
void ph_buf_init(struct ph_buf *, struct ph_arena *);

/* ph_buf_add(b, s, n): append ${n} bytes. */
void ph_buf_add(struct ph_buf *, const char *, size_t);

/* ph_buf_puts(b, s), ph_buf_putc(b, c): append a string, a byte. */
void ph_buf_puts(struct ph_buf *, const char *);
void ph_buf_putc(struct ph_buf *, char);

/* ph_buf_printf(b, fmt, ...): append formatted text. */
void ph_buf_printf(struct ph_buf *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
void ph_buf_vprintf(struct ph_buf *, const char *, va_list)
    __attribute__((format(printf, 2, 0)));

#endif
