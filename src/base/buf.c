/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

static char nothing[] = "";

static void
reserve(struct ph_buf *b, size_t more)
{
	size_t cap = b->cap == 0 ? 64 : b->cap;
	char *s;

	if (b->len + more < b->cap)
		return;
	while (cap <= b->len + more)
		cap *= 2;
	s = ph_arena_alloc(b->mem, cap);
	memcpy(s, b->s, b->len);
	b->s = s;
	b->cap = cap;
}

void
ph_buf_init(struct ph_buf *b, struct ph_arena *mem)
{
	*b = (struct ph_buf){ .mem = mem, .s = nothing };
}

void
ph_buf_add(struct ph_buf *b, const char *s, size_t n)
{
	if (n == 0)
		return;
	reserve(b, n);
	memcpy(b->s + b->len, s, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void
ph_buf_puts(struct ph_buf *b, const char *s)
{
	ph_buf_add(b, s, strlen(s));
}

void
ph_buf_putc(struct ph_buf *b, char c)
{
	ph_buf_add(b, &c, 1);
}

void
ph_buf_vprintf(struct ph_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n > 0) {
		reserve(b, (size_t)n);
		vsnprintf(b->s + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void
ph_buf_printf(struct ph_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ph_buf_vprintf(b, fmt, ap);
	va_end(ap);
}
