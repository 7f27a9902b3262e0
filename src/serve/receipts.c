/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

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

/* Every index is in the ring once at most, so that it is never too small. */
static bool
grow_ring(struct ph_receipts *r, size_t cap)
{
	uint32_t *ring = calloc(cap, sizeof(*ring));
	bool *is = realloc(r->is_fresh, cap * sizeof(*is));
	uint64_t n = r->fresh_to - r->fresh_from;

	if (is != NULL) {
		memset(is + r->cap, 0, (cap - r->cap) * sizeof(*is));
		r->is_fresh = is;
	}
	if (ring == NULL || is == NULL) {
		free(ring);
		return false;
	}
	for (uint64_t i = 0; i < n; i++)
		ring[i] = r->fresh[(r->fresh_from + i) % r->cap];
	free(r->fresh);
	r->fresh = ring;
	r->fresh_from = 0;
	r->fresh_to = n;
	return true;
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
	if (slots == NULL || !grow_ring(r, cap)) {
		free(slots);
		return false;
	}
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
	i = r->slots[i] - 1;
	r->at_us[i] = at_us;
	if (!r->is_fresh[i]) {
		r->is_fresh[i] = true;
		r->fresh[r->fresh_to++ % r->cap] = (uint32_t)i;
	}
	return true;
}

struct ph_control_receipt
ph_receipts_get(const struct ph_receipts *r, size_t i, uint64_t now)
{
	struct ph_control_receipt out = r->v[i];
	uint64_t ago = now - r->at_us[i];

	out.ago_us = ago > UINT32_MAX ? UINT32_MAX : (uint32_t)ago;
	return out;
}

size_t
ph_receipts_fresh(struct ph_receipts *r, uint64_t now, struct ph_control_receipt *out, size_t max)
{
	size_t n;

	for (n = 0; n < max && r->fresh_from < r->fresh_to; n++) {
		uint32_t i = r->fresh[r->fresh_from++ % r->cap];

		r->is_fresh[i] = false;
		out[n] = ph_receipts_get(r, i, now);
	}
	return n;
}

void
ph_receipts_fini(struct ph_receipts *r)
{
	free(r->v);
	free(r->at_us);
	free(r->slots);
	free(r->fresh);
	free(r->is_fresh);
	*r = (struct ph_receipts){ 0 };
}
