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
	PAGED = 8 * 1024 * 1024,	/* blocks of ${pages}, once BLOCK_MAX is reached */
};

struct ph_arena_block {
	struct ph_arena_block *next;
	size_t cap, used;		/* bytes in data[] */
	const struct ph_arena_pages *pages;	/* where it came from; NULL: calloc() */
	_Alignas(ALIGN) unsigned char data[];
};

static void
out_of_memory(struct ph_arena *a)
{
	if (a->oom != NULL)
		a->oom();
	abort();
}

static struct ph_arena_block *
block_new(const struct ph_arena_pages *pages, size_t cap)
{
	struct ph_arena_block *b = NULL;

	if (pages != NULL && cap >= PAGED)
		b = pages->get(cap);
	else
		pages = NULL;
	if (b == NULL) {
		pages = NULL;
		b = calloc(1, cap);
	}
	if (b == NULL)
		return NULL;
	b->pages = pages;
	b->cap = cap - sizeof(*b);
	return b;
}

static void
block_free(struct ph_arena_block *b)
{
	if (b->pages != NULL)
		b->pages->put(b, b->cap + sizeof(*b));
	else
		free(b);
}

/* Blocks double, so that a small run stays small and a large one is fast. */
static struct ph_arena_block *
block_add(struct ph_arena *a, size_t need)
{
	size_t cap = a->head == NULL ? BLOCK_MIN : a->head->cap * 2;
	struct ph_arena_block *b = a->spare;

	if (b != NULL && b->cap >= need) {
		a->spare = NULL;
	} else {
		if (cap > BLOCK_MAX)
			cap = a->pages != NULL ? PAGED : BLOCK_MAX;
		if (cap < need + sizeof(*b))
			cap = need + sizeof(*b);
		b = block_new(a->pages, cap);
	}
	if (b == NULL)
		out_of_memory(a);
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

/* Work that rewinds at the edge of a block would make and free it every time. */
static void
retire(struct ph_arena *a, struct ph_arena_block *b)
{
	if (a->spare != NULL && a->spare->cap >= b->cap) {
		block_free(b);
		return;
	}
	if (a->spare != NULL)
		block_free(a->spare);
	memset(b->data, 0, b->used);
	b->used = 0;
	a->spare = b;
}

void
ph_arena_rewind(struct ph_arena *a, struct ph_arena_mark m)
{
	while (a->head != m.head) {
		struct ph_arena_block *b = a->head;

		a->head = b->next;
		retire(a, b);
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
	for (struct ph_arena_block *b = a->head, *next; b != NULL; b = next) {
		next = b->next;
		block_free(b);
	}
	if (a->spare != NULL)
		block_free(a->spare);
	a->head = a->spare = NULL;
	a->used = 0;
}
