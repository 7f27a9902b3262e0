/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "serve/receipts.h"

enum { FIRST = 64 };

static size_t
place(const struct ph_receipts *r, uint8_t kind, uint16_t number)
{
	uint32_t h = ((uint32_t)kind << 16 | number) * 0x9e3779b1U;
	size_t i = (h ^ h >> 15) & (r->n_slots - 1);

	while (r->slots[i] != 0 && (r->v[r->slots[i] - 1].kind != kind ||
	    r->v[r->slots[i] - 1].number != number))
		i = (i + 1) & (r->n_slots - 1);
	return i;
}

/* Room for one more; half of the slots stay free. */
static bool
grow(struct ph_receipts *r)
{
	size_t cap = r->cap == 0 ? FIRST : r->cap * 2;
	struct ph_control_receipt *v = realloc(r->v, cap * sizeof(*v));
	uint64_t *at;
	uint32_t *slots;

	if (v == NULL)
		return false;
	r->v = v;
	at = realloc(r->at_us, cap * sizeof(*at));
	if (at == NULL)
		return false;
	r->at_us = at;
	slots = calloc(cap * 2, sizeof(*slots));
	if (slots == NULL)
		return false;
	free(r->slots);
	r->slots = slots;
	r->n_slots = cap * 2;
	r->cap = cap;
	for (size_t i = 0; i < r->n; i++)
		r->slots[place(r, r->v[i].kind, r->v[i].number)] = (uint32_t)i + 1;
	return true;
}

bool
ph_receipts_note(struct ph_receipts *r, const struct ph_answer_to *a, uint64_t at_us)
{
	struct ph_control_receipt *x;
	size_t i;

	if (r->n == r->cap && !grow(r))
		return false;
	i = place(r, (uint8_t)a->id.kind, a->id.number);
	if (r->slots[i] == 0) {
		r->v[r->n] = (struct ph_control_receipt){
			.kind = (uint8_t)a->id.kind, .number = a->id.number,
		};
		r->slots[i] = (uint32_t)++r->n;
	}
	x = &r->v[r->slots[i] - 1];
	x->tries |= (uint16_t)(1U << (a->id.try & 15));
	x->addr = a->from;
	x->port = a->port;
	x->tos = a->tos;
	x->ttl = a->ttl;
	x->len = a->len;
	r->at_us[r->slots[i] - 1] = at_us;
	return true;
}

void
ph_receipts_fini(struct ph_receipts *r)
{
	free(r->v);
	free(r->at_us);
	free(r->slots);
	*r = (struct ph_receipts){ 0 };
}
