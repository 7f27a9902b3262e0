/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum {
	ALIGN = 16,			/* enough for a 128-bit integer */
	BLOCK_MIN = 4 * 1024,
	BLOCK_MAX = 1024 * 1024,
};

struct ph_arena_block {
	struct ph_arena_block *next;
	size_t cap, used;		/* bytes in data[] */
	_Alignas(ALIGN) unsigned char data[];
};

static void
out_of_memory(struct ph_arena *a)
{
	if (a->oom != NULL)
		a->oom();
	abort();
}

/* Blocks double, so that a small run stays small and a large one is fast. */
static struct ph_arena_block *
block_add(struct ph_arena *a, size_t need)
{
	size_t cap = a->head == NULL ? BLOCK_MIN : a->head->cap * 2;
	struct ph_arena_block *b;

	if (cap > BLOCK_MAX)
		cap = BLOCK_MAX;
	if (cap < need)
		cap = need;
	b = calloc(1, sizeof(*b) + cap);
	if (b == NULL)
		out_of_memory(a);
	b->cap = cap;
	b->next = a->head;
	a->head = b;
	return b;
}

void *
ph_arena_alloc(struct ph_arena *a, size_t n)
{
	struct ph_arena_block *b = a->head;
	size_t need;
	void *p;

	if (n > SIZE_MAX / 2)
		out_of_memory(a);
	need = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (b == NULL || b->cap - b->used < need)
		b = block_add(a, need);
	p = b->data + b->used;
	b->used += need;
	a->used += need;
	return p;
}

void *
ph_arena_array(struct ph_arena *a, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / 2 / size)
		out_of_memory(a);
	return ph_arena_alloc(a, n * size);
}

char *
ph_arena_dup(struct ph_arena *a, const char *s, size_t n)
{
	char *p = ph_arena_alloc(a, n + 1);

	if (n > 0)
		memcpy(p, s, n);
	return p;
}

char *
ph_arena_printf(struct ph_arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *p;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = ph_arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}

void *
ph_arena_grow(struct ph_arena *a, const void *old, size_t n, size_t *cap,
    size_t size)
{
	size_t more = *cap == 0 ? 4 : *cap * 2;
	void *p = ph_arena_array(a, more, size);

	if (n > 0)
		memcpy(p, old, n * size);
	*cap = more;
	return p;
}

struct ph_arena_mark
ph_arena_mark(const struct ph_arena *a)
{
	return (struct ph_arena_mark){
		.head = a->head,
		.block_used = a->head == NULL ? 0 : a->head->used,
		.used = a->used,
	};
}

void
ph_arena_rewind(struct ph_arena *a, struct ph_arena_mark m)
{
	while (a->head != m.head) {
		struct ph_arena_block *b = a->head;

		a->head = b->next;
		free(b);
	}
	if (a->head != NULL) {
		memset(a->head->data + m.block_used, 0,
		    a->head->used - m.block_used);
		a->head->used = m.block_used;
	}
	a->used = m.used;
}

void
ph_arena_fini(struct ph_arena *a)
{
	ph_arena_rewind(a, (struct ph_arena_mark){ .head = NULL });
}
