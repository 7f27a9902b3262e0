/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "audit/stab.h"

enum {
	FULL = 1 + 4 + 16,		/* cubes in a file before it is */
	CHUNK_MAX = 256,
	SLOTS_MIN = 64,
	LENS = 129,			/* blocks of all 128-bit numbers down to one */
};

static const enum ph_dim level_dim[PH_STAB_PORTS] = { PH_DST, PH_SRC, PH_DPORT };

/* Each is four times as large as the one before: little room for few cubes. */
struct chunk {
	struct chunk *next;
	uint32_t n, cap;
	uint32_t col[];			/* ids, then lo and hi of each bound */
};

struct lens {
	uint64_t has[(LENS + 63) / 64];
};

struct ph_stab_node {
	uint64_t block[2];		/* its first number, high half first */
	uint32_t parent, n;
	uint32_t first;			/* a cube, when n > 0 and not split: most have */
	uint8_t len, level;		/* no more */
	bool split;
	union {
		struct chunk *chunks;	/* the others */
		struct lens *lens;	/* when split: sizes of its children's blocks */
	};
};

static uint32_t *
lo_column(struct chunk *c, size_t k)
{
	return c->col + c->cap * (1 + 2 * k);
}

static uint32_t *
hi_column(struct chunk *c, size_t k)
{
	return c->col + c->cap * (2 + 2 * k);
}

static ph_u128
block_of(ph_u128 v, unsigned len)
{
	return len == 0 ? 0 : v >> (128 - len) << (128 - len);
}

/* Bits that all numbers of a range have in common. */
static unsigned
block_len(struct ph_range r)
{
	ph_u128 x = r.lo ^ r.hi;
	uint64_t high = (uint64_t)(x >> 64), low = (uint64_t)x;

	if (high != 0)
		return (unsigned)__builtin_clzll(high);
	return low == 0 ? 128 : 64 + (unsigned)__builtin_clzll(low);
}

static size_t
hash(uint32_t parent, ph_u128 block, unsigned len)
{
	uint64_t h = (uint64_t)(block >> 64) * 0x9e3779b97f4a7c15U;

	h = (h ^ (h >> 32) ^ (uint64_t)block) * 0xd6e8feb86659fd93U;
	h = (h ^ (h >> 32) ^ ((uint64_t)parent << 8 | len)) * 0x9e3779b97f4a7c15U;
	return (size_t)(h ^ h >> 29);
}

/* The slot of a child, or the free one where it would be. */
static uint32_t *
slot_of(const struct ph_stab *s, uint32_t parent, ph_u128 block, unsigned len)
{
	size_t i = hash(parent, block, len);

	for (;; i++) {
		uint32_t *slot = &s->slots[i & (s->n_slots - 1)];
		const struct ph_stab_node *c = &s->nodes[*slot];

		if (*slot == 0 || (c->parent == parent && c->len == len &&
		    c->block[1] == (uint64_t)block && c->block[0] == (uint64_t)(block >> 64)))
			return slot;
	}
}

static void
set_slots(struct ph_stab *s, size_t n)
{
	s->n_slots = n;
	s->slots = ph_arena_array(s->mem, s->n_slots, sizeof(*s->slots));
	for (uint32_t i = 1; i < s->n; i++) {
		const struct ph_stab_node *c = &s->nodes[i];

		*slot_of(s, c->parent, (ph_u128)c->block[0] << 64 | c->block[1],
		    c->len) = i;
	}
}

void
ph_stab_init(struct ph_stab *s, struct ph_arena *mem, const struct ph_bounds *b,
    unsigned levels, ph_stab_hull_h *hull, const void *arg)
{
	size_t slots = SLOTS_MIN;

	*s = (struct ph_stab){ .mem = mem, .bounds = b, .levels = levels, .hull = hull,
		.hull_arg = arg };
	/* most files hold one cube */
	s->cap = b->n + 1;
	s->nodes = ph_arena_array(mem, s->cap, sizeof(*s->nodes));
	s->n = 1;			/* the root is number 0 */
	while (slots < s->cap)
		slots *= 2;
	set_slots(s, slots);
}

static uint32_t
child_make(struct ph_stab *s, uint32_t parent, ph_u128 block, unsigned len)
{
	uint32_t *slot = slot_of(s, parent, block, len), made = (uint32_t)s->n;
	struct ph_stab_node *c;

	if (*slot != 0)
		return *slot;
	*slot = made;
	c = PH_PUSH(s->mem, s->nodes, s->n, s->cap);
	c->parent = parent;
	c->block[0] = (uint64_t)(block >> 64);
	c->block[1] = (uint64_t)block;
	c->len = (uint8_t)len;
	c->level = (uint8_t)(s->nodes[parent].level + 1);
	s->nodes[parent].lens->has[len / 64] |= (uint64_t)1 << len % 64;
	if (s->n * 4 > s->n_slots * 3)
		set_slots(s, s->n_slots * 2);
	return made;
}

static struct chunk *
chunk_with_room(struct ph_stab *s, struct ph_stab_node *node)
{
	struct chunk *c = node->chunks;
	uint32_t cap;

	if (c != NULL && c->n < c->cap)
		return c;
	cap = c == NULL ? 4 : c->cap < CHUNK_MAX ? c->cap * 4 : CHUNK_MAX;
	c = ph_arena_alloc(s->mem, sizeof(*c) +
	    cap * (1 + 2 * PH_NBOUNDS) * sizeof(*c->col));
	c->cap = cap;
	c->next = node->chunks;
	node->chunks = c;
	return c;
}

static void
file(struct ph_stab *s, struct ph_stab_node *node, uint32_t id,
    const struct ph_bounds_box *box)
{
	struct chunk *c;

	if (node->n++ == 0) {
		node->first = id;
		return;
	}
	c = chunk_with_room(s, node);
	c->col[c->n] = id;
	for (size_t k = 0; k < PH_NBOUNDS; k++) {
		lo_column(c, k)[c->n] = box->lo[k];
		hi_column(c, k)[c->n] = box->hi[k];
	}
	c->n++;
}

static struct ph_bounds_box
box_of(const struct ph_stab *s, uint32_t id)
{
	struct ph_range hull[PH_NBOUNDS];

	for (size_t k = 0; k < PH_NBOUNDS; k++)
		hull[k] = s->hull(s->hull_arg, id, ph_bounds_dim(k));
	return ph_bounds_box(s->bounds, hull);
}

static uint32_t
child_for(struct ph_stab *s, uint32_t at, uint32_t id)
{
	struct ph_range r = s->hull(s->hull_arg, id, level_dim[s->nodes[at].level]);
	unsigned len = block_len(r);

	return child_make(s, at, block_of(r.lo, len), len);
}

static void
pass_on(struct ph_stab *s, uint32_t at, uint32_t id)
{
	struct ph_bounds_box box = box_of(s, id);
	uint32_t child = child_for(s, at, id);

	file(s, &s->nodes[child], id, &box);
}

/* Give the cubes of a full file to its children. */
static void
split(struct ph_stab *s, uint32_t at)
{
	struct chunk *c = s->nodes[at].chunks;

	s->nodes[at].split = true;
	s->nodes[at].lens = PH_NEW(s->mem, struct lens);
	pass_on(s, at, s->nodes[at].first);
	for (; c != NULL; c = c->next)
		for (uint32_t i = 0; i < c->n; i++)
			pass_on(s, at, c->col[i]);
}

void
ph_stab_add(struct ph_stab *s, uint32_t id)
{
	struct ph_bounds_box box = box_of(s, id);
	uint32_t at = 0;

	for (;;) {
		if (!s->nodes[at].split && s->nodes[at].level < s->levels &&
		    s->nodes[at].n >= FULL)
			split(s, at);
		if (!s->nodes[at].split)
			break;
		at = child_for(s, at, id);
	}
	file(s, &s->nodes[at], id, &box);
}

/* What a search looks for. */
struct search {
	const struct ph_packet *p;
	struct ph_bounds_box box;
	size_t max;			/* cubes in a file, to be searched */
	ph_stab_h *hit;
	void *arg;
};

/* Plain loops over columns, which compilers turn into vector code. */
static uint32_t
touch_columns(struct chunk *c, const struct search *q, size_t from, size_t to, uint32_t *in)
{
	uint32_t any = 0;

	for (size_t k = from; k < to; k++) {
		const uint32_t *lo = lo_column(c, k), *hi = hi_column(c, k);
		uint32_t box_lo = q->box.lo[k], box_hi = q->box.hi[k];

		for (uint32_t i = 0; i < c->n; i++)
			in[i] &= (uint32_t)(lo[i] <= box_hi) & (uint32_t)(hi[i] >= box_lo);
	}
	for (uint32_t i = 0; i < c->n; i++)
		any |= in[i];
	return any;
}

static bool
scan_chunk(struct chunk *c, const struct search *q)
{
	uint32_t in[CHUNK_MAX];

	for (uint32_t i = 0; i < c->n; i++)
		in[i] = 1;
	if (touch_columns(c, q, 0, 2, in) == 0 ||
	    touch_columns(c, q, 2, PH_NBOUNDS, in) == 0)
		return false;
	for (uint32_t i = 0; i < c->n; i++)
		if (in[i] != 0 && q->hit(q->arg, c->col[i]))
			return true;
	return false;
}

static bool
search_file(const struct ph_stab_node *node, const struct search *q)
{
	if (node->n > q->max || (node->n > 0 && q->hit(q->arg, node->first)))
		return true;
	for (struct chunk *c = node->chunks; c != NULL; c = c->next)
		if (scan_chunk(c, q))
			return true;
	return false;
}

/* As deep as there are levels. */
static bool
search_node(const struct ph_stab *s, uint32_t at, const struct search *q)
{
	const struct ph_stab_node *node = &s->nodes[at];
	ph_u128 v;

	if (!node->split)
		return search_file(node, q);
	v = q->p->v[level_dim[node->level]];
	for (unsigned w = 0; w < sizeof(node->lens->has) / sizeof(*node->lens->has); w++)
		for (uint64_t m = node->lens->has[w]; m != 0; m &= m - 1) {
			unsigned len = w * 64 + (unsigned)__builtin_ctzll(m);
			uint32_t child = *slot_of(s, at, block_of(v, len), len);

			if (child != 0 && search_node(s, child, q))
				return true;
		}
	return false;
}

bool
ph_stab_find(const struct ph_stab *s, const struct ph_packet *p, ph_stab_h *hit, void *arg)
{
	struct search q = { .p = p, .max = SIZE_MAX, .hit = hit, .arg = arg };
	struct ph_range at[PH_NBOUNDS];

	for (size_t k = 0; k < PH_NBOUNDS; k++)
		at[k] = (struct ph_range){ p->v[ph_bounds_dim(k)], p->v[ph_bounds_dim(k)] };
	q.box = ph_bounds_box(s->bounds, at);
	return search_node(s, 0, &q);
}

bool
ph_stab_touch(const struct ph_stab *s, const struct ph_packet *p,
    const struct ph_bounds_box *box, size_t max, ph_stab_h *hit, void *arg)
{
	struct search q = { .p = p, .box = *box, .max = max, .hit = hit, .arg = arg };

	return search_node(s, 0, &q);
}
