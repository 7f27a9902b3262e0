/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <stdlib.h>

#include "serve/later.h"

bool
ph_later_put(struct ph_later *l, const struct ph_later_item *item)
{
	size_t i;

	if (l->n == l->max)
		return false;
	if (l->n == l->cap) {
		size_t cap = l->cap == 0 ? 16 : l->cap * 2;
		struct ph_later_item *v = realloc(l->v, cap * sizeof(*v));

		if (v == NULL)
			return false;
		l->v = v;
		l->cap = cap;
	}
	for (i = l->n++; i > 0 && l->v[(i - 1) / 2].due_us > item->due_us; i = (i - 1) / 2)
		l->v[i] = l->v[(i - 1) / 2];
	l->v[i] = *item;
	return true;
}

uint64_t
ph_later_due(const struct ph_later *l)
{
	return l->n == 0 ? UINT64_MAX : l->v[0].due_us;
}

struct ph_later_item
ph_later_take(struct ph_later *l)
{
	struct ph_later_item top = l->v[0], last;
	size_t i = 0, k;

	assert(l->n > 0);
	last = l->v[--l->n];
	while ((k = 2 * i + 1) < l->n) {
		if (k + 1 < l->n && l->v[k + 1].due_us < l->v[k].due_us)
			k++;
		if (l->v[k].due_us >= last.due_us)
			break;
		l->v[i] = l->v[k];
		i = k;
	}
	if (l->n > 0)
		l->v[i] = last;
	return top;
}

void
ph_later_fini(struct ph_later *l)
{
	free(l->v);
	l->v = NULL;
	l->n = l->cap = 0;
}
