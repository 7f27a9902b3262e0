/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/turn_slab.h"

bool
ph_turn_slab_init(struct ph_turn_slab *s, size_t size, uint32_t cap)
{
	*s = (struct ph_turn_slab){ .size = size, .cap = cap };
	s->mem = calloc((size_t)cap + 1, size);
	return s->mem != NULL;
}

void
ph_turn_slab_fini(struct ph_turn_slab *s)
{
	free(s->mem);
	s->mem = NULL;
}

uint32_t
ph_turn_slab_take(struct ph_turn_slab *s)
{
	uint32_t at = s->spare;
	void *p;

	if (at == 0 && s->fresh == s->cap)
		return 0;
	if (at == 0)
		at = ++s->fresh;
	p = ph_turn_slab_at(s, at);
	if (at == s->spare)
		memcpy(&s->spare, p, sizeof(s->spare));
	memset(p, 0, s->size);
	s->used++;
	return at;
}

void
ph_turn_slab_give(struct ph_turn_slab *s, uint32_t at)
{
	assert(at != 0 && at <= s->fresh && s->used > 0);
	memcpy(ph_turn_slab_at(s, at), &s->spare, sizeof(s->spare));
	s->spare = at;
	s->used--;
}

bool
ph_turn_index_init(struct ph_turn_index *x, uint32_t n)
{
	uint32_t size = 16;

	while (size < n && size < 1U << 24)
		size *= 2;
	x->mask = size - 1;
	x->head = calloc(size, sizeof(*x->head));
	return x->head != NULL;
}

void
ph_turn_index_fini(struct ph_turn_index *x)
{
	free(x->head);
	x->head = NULL;
}
