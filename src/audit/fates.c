/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "audit/fates.h"

struct ph_fate {
	struct ph_part part;		/* PH_DST of its cube is not used */
	uint64_t hash;
	struct ph_range first;		/* destinations of all parts that became this one: */
	struct ph_range *dst;		/* ${first}, or these when there are more */
	size_t n, cap;
	bool any_dst;
};

static void *
grown(void *v, size_t *cap, size_t size)
{
	*cap = *cap == 0 ? 4 : *cap * 2;
	v = realloc(v, *cap * size);
	if (v == NULL)
		abort();
	return v;
}

static uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15;
	return h ^ h >> 29;
}

static uint64_t
hash_ranges(uint64_t h, const struct ph_ranges *r)
{
	if (r == NULL)
		return mix(h, 1);
	for (size_t i = 0; i < r->n; i++) {
		h = mix(h, (uint64_t)r->r[i].lo);
		h = mix(h, (uint64_t)(r->r[i].lo >> 64));
		h = mix(h, (uint64_t)r->r[i].hi);
		h = mix(h, (uint64_t)(r->r[i].hi >> 64));
	}
	return h;
}

static uint64_t
hash_part(const struct ph_part *p)
{
	uint64_t h = mix((uint64_t)(uintptr_t)p->chain, p->index);

	h = mix(h, (uint64_t)p->by.off << 8 | (uint64_t)p->verdict << 4 | (uint64_t)p->stage);
	for (int d = 0; d < PH_NDIMS; d++)
		if (d != PH_DST)
			h = hash_ranges(h, p->cube.d[d]);
	return h;
}

static bool
same_span(struct ph_span a, struct ph_span b)
{
	return a.src == b.src && a.off == b.off && a.len == b.len;
}

static bool
same_facts(const struct ph_part *a, const struct ph_part *b)
{
	return a->chain == b->chain && a->index == b->index && a->point == b->point &&
	    a->verdict == b->verdict && a->stage == b->stage && a->why == b->why &&
	    a->rejected == b->rejected && a->untracked == b->untracked &&
	    a->timeout == b->timeout && a->helper == b->helper &&
	    same_span(a->by, b->by) && same_span(a->timeout_at, b->timeout_at) &&
	    same_span(a->untracked_at, b->untracked_at) &&
	    same_span(a->helper_at, b->helper_at) && same_span(a->rate_at, b->rate_at) &&
	    same_span(a->offload_at, b->offload_at) && same_span(a->nat_at, b->nat_at);
}

static bool
same_but_dst(const struct ph_part *a, const struct ph_part *b)
{
	if (!same_facts(a, b))
		return false;
	for (int d = 0; d < PH_NDIMS; d++)
		if (d != PH_DST && !ph_ranges_equal(a->cube.d[d], b->cube.d[d]))
			return false;
	return true;
}

static uint32_t *
slot_of(const struct ph_fates *f, uint64_t hash, const struct ph_part *p)
{
	size_t i = hash & (f->n_slots - 1);

	while (f->slots[i] != 0) {
		const struct ph_fate *x = &f->v[f->slots[i] - 1];

		if (x->hash == hash && same_but_dst(&x->part, p))
			break;
		i = (i + 1) & (f->n_slots - 1);
	}
	return &f->slots[i];
}

static void
rehash(struct ph_fates *f)
{
	free(f->slots);
	f->n_slots = f->n_slots == 0 ? 64 : f->n_slots * 2;
	f->slots = calloc(f->n_slots, sizeof(*f->slots));
	if (f->slots == NULL)
		abort();
	for (size_t i = 0; i < f->n; i++) {
		size_t k = f->v[i].hash & (f->n_slots - 1);

		while (f->slots[k] != 0)
			k = (k + 1) & (f->n_slots - 1);
		f->slots[k] = (uint32_t)i + 1;
	}
}

/* Neighbours mostly agree in all but one dimension: they share their lists. */
static const struct ph_ranges *
copy_ranges(struct ph_fates *f, int d, const struct ph_ranges *r)
{
	size_t bytes = r == NULL ? 0 : sizeof(*r) + r->n * sizeof(r->r[0]);

	if (r == NULL)
		return NULL;
	if (f->last.d[d] == NULL || !ph_ranges_equal(f->last.d[d], r))
		f->last.d[d] = memcpy(ph_arena_alloc(f->mem, bytes), r, bytes);
	return f->last.d[d];
}

static struct ph_fate *
fate_new(struct ph_fates *f, const struct ph_part *p, uint64_t hash)
{
	struct ph_fate *x;

	if (f->n == f->cap)
		f->v = grown(f->v, &f->cap, sizeof(*f->v));
	x = &f->v[f->n++];
	*x = (struct ph_fate){ .part = *p, .hash = hash };
	for (int d = 0; d < PH_NDIMS; d++)
		x->part.cube.d[d] = d == PH_DST ? NULL : copy_ranges(f, d, p->cube.d[d]);
	return x;
}

static void
add_dst(struct ph_fate *x, struct ph_range r)
{
	if (x->n == 0) {
		x->first = r;
		x->n = 1;
		return;
	}
	if (x->n >= x->cap)
		x->dst = grown(x->dst, &x->cap, sizeof(*x->dst));
	if (x->n == 1)
		x->dst[0] = x->first;
	x->dst[x->n++] = r;
}

void
ph_fates_add(struct ph_fates *f, const struct ph_part *p)
{
	const struct ph_ranges *dst = p->cube.d[PH_DST];
	uint64_t hash = hash_part(p);
	struct ph_fate *x;
	uint32_t *slot;

	if (f->n * 2 >= f->n_slots)
		rehash(f);
	slot = slot_of(f, hash, p);
	if (*slot == 0) {
		fate_new(f, p, hash);
		*slot = (uint32_t)f->n;
	}
	x = &f->v[*slot - 1];
	x->any_dst |= dst == NULL;
	for (size_t i = 0; dst != NULL && i < dst->n; i++)
		add_dst(x, dst->r[i]);
}

struct ph_part *
ph_fates_end(struct ph_fates *f, size_t *n)
{
	struct ph_part *parts = ph_arena_array(f->mem, f->n, sizeof(*parts));

	for (size_t i = 0; i < f->n; i++) {
		struct ph_fate *x = &f->v[i];

		if (!x->any_dst)
			x->part.cube.d[PH_DST] = ph_ranges_from(f->mem,
			    x->n == 1 ? &x->first : x->dst, x->n);
		parts[i] = x->part;
		free(x->dst);
	}
	*n = f->n;
	free(f->v);
	free(f->slots);
	return parts;
}
