/* SPDX-License-Identifier: ISC */
#include <stdarg.h>

#include "oracle.h"

void
draft_add(struct draft *d, bool fixed, const char *fmt, ...)
{
	struct ph_buf b;
	va_list ap;
	struct line *l = PH_PUSH(d->mem, d->v, d->n, d->cap);

	ph_buf_init(&b, d->mem);
	va_start(ap, fmt);
	ph_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	*l = (struct line){ .s = b.s, .fixed = fixed };
}

const char *
draft_text(const struct draft *d, struct ph_arena *mem)
{
	struct ph_buf b;

	ph_buf_init(&b, mem);
	for (size_t i = 0; i < d->n; i++)
		if (!d->v[i].out) {
			ph_buf_puts(&b, d->v[i].s);
			ph_buf_putc(&b, '\n');
		}
	return b.s;
}
