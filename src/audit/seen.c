/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "audit/seen.h"

static void
mix(struct ph_seen_key *k, const void *p, size_t n)
{
	const unsigned char *b = p;

	for (size_t i = 0; i < n; i++) {
		k->a = (k->a ^ b[i]) * 0x100000001b3;
		k->b = (k->b + b[i] + 1) * 0x9e3779b97f4a7c15;
		k->b ^= k->b >> 31;
	}
}

static void
mix_ranges(struct ph_seen_key *k, const struct ph_ranges *r)
{
	size_t n = r == NULL ? SIZE_MAX : r->n;

	mix(k, &n, sizeof(n));
	if (r != NULL)
		mix(k, r->r, r->n * sizeof(r->r[0]));
}

static void
mix_view(struct ph_seen_key *k, const struct ph_view *v)
{
	unsigned head = (unsigned)v->kind << 8 | (unsigned)v->of;

	mix(k, &head, sizeof(head));
	if (v->kind == PH_VIEW_SHIFT)
		mix(k, v->shift, sizeof(*v->shift));
	if (v->kind == PH_VIEW_OWN)
		mix_ranges(k, v->own);
}

static void
mix_place(struct ph_seen_key *k, const struct ph_piece *p)
{
	unsigned bits = (unsigned)p->stage | (unsigned)p->path << 2 |
	    (unsigned)p->untracked << 4 | (unsigned)p->first_untracked << 5 |
	    (unsigned)p->src_done << 6 | (unsigned)p->dst_done << 7 |
	    (unsigned)p->diverted << 8 | (unsigned)p->rerouted << 9 |
	    (unsigned)p->no_ct << 10 | (unsigned)p->reply_untracked << 11 |
	    (unsigned)p->masqueraded << 12 | (unsigned)(p->tmpl != NULL) << 13;

	mix(k, &bits, sizeof(bits));
	mix(k, &p->hook, sizeof(p->hook));
	mix(k, &p->next, sizeof(p->next));
	for (const struct ph_frame *f = p->frame; f != NULL; f = f->up) {
		mix(k, &f->chain, sizeof(f->chain));
		mix(k, &f->next, sizeof(f->next));
	}
	mix(k, &p->fate.timeout, sizeof(p->fate.timeout));
	mix(k, &p->fate.helper, sizeof(p->fate.helper));
}

static struct ph_seen_key
key_of(const struct ph_piece *p)
{
	struct ph_seen_key k = { 0xcbf29ce484222325, 1 };

	for (int d = 0; d < PH_NDIMS; d++) {
		mix_ranges(&k, p->q.d[d]);
		mix_view(&k, &p->view[d]);
	}
	for (int d = 0; p->stage != PH_STAGE_FIRST && d < 4; d++)
		mix_view(&k, &p->nat[d]);
	mix_place(&k, p);
	k.b |= 1;			/* 0 means free */
	return k;
}

static struct ph_seen_key *
slot(const struct ph_seen *s, struct ph_seen_key k)
{
	size_t i = (k.a ^ k.b >> 7) & (s->cap - 1);

	while (s->v[i].b != 0 && (s->v[i].a != k.a || s->v[i].b != k.b))
		i = (i + 1) & (s->cap - 1);
	return &s->v[i];
}

static void
grow(struct ph_arena *mem, struct ph_seen *s)
{
	struct ph_seen old = *s;

	s->cap = old.cap == 0 ? 64 : old.cap * 2;
	s->v = ph_arena_array(mem, s->cap, sizeof(*s->v));
	for (size_t i = 0; i < old.cap; i++)
		if (old.v[i].b != 0)
			*slot(s, old.v[i]) = old.v[i];
}

bool
ph_seen_before(struct ph_arena *mem, struct ph_seen *s, const struct ph_piece *p)
{
	struct ph_seen_key k = key_of(p), *at;

	if (s->n * 2 >= s->cap)
		grow(mem, s);
	at = slot(s, k);
	if (at->b != 0)
		return true;
	*at = k;
	s->n++;
	return false;
}
