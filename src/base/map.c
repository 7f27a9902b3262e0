/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/map.h"

struct ph_map_slot {
	const char *key;		/* NULL: free */
	size_t len;
	uint64_t hash;
	void *value;
};

uint64_t
ph_hash(const void *p, size_t n)
{
	const unsigned char *b = p;
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 0x100000001b3;
	return h ^ h >> 29;
}

/* The slot of ${key}, or the free one where it belongs; cap is not 0. */
static struct ph_map_slot *
probe(const struct ph_map *m, const char *key, size_t len, uint64_t hash)
{
	size_t i = hash & (m->cap - 1);

	while (m->slots[i].key != NULL) {
		struct ph_map_slot *s = &m->slots[i];

		if (s->hash == hash && s->len == len &&
		    memcmp(s->key, key, len) == 0)
			break;
		i = (i + 1) & (m->cap - 1);
	}
	return &m->slots[i];
}

void *
ph_map_find(const struct ph_map *m, const char *key, size_t len)
{
	if (m->n == 0)
		return NULL;
	return probe(m, key, len, ph_hash(key, len))->value;
}

static void
grow(struct ph_arena *mem, struct ph_map *m)
{
	struct ph_map old = *m;

	m->cap = old.cap == 0 ? 16 : old.cap * 2;
	m->slots = ph_arena_array(mem, m->cap, sizeof(*m->slots));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].key != NULL)
			*probe(m, old.slots[i].key, old.slots[i].len,
			    old.slots[i].hash) = old.slots[i];
}

void **
ph_map_at(struct ph_arena *mem, struct ph_map *m, const char *key, size_t len)
{
	uint64_t hash = ph_hash(key, len);
	struct ph_map_slot *s;

	if (m->n * 4 >= m->cap * 3)
		grow(mem, m);
	s = probe(m, key, len, hash);
	if (s->key == NULL) {
		*s = (struct ph_map_slot){ key, len, hash, NULL };
		m->n++;
	}
	return &s->value;
}

void *
ph_map_value(const struct ph_map *m, size_t i)
{
	return m->slots[i].key == NULL ? NULL : m->slots[i].value;
}
