/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_TURN_SLAB_H
#define PH_ENGINE_TURN_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

/*
 * DOC: Slabs and indexes
 *
 * A slab is an array of things of one size, reserved at once and touched only as far as it
 * was ever filled; a thing is named by its place, from 1; 0 is none.
 *
 * An index finds things of a slab by a hash of their key: chains of places, each thing
 * holding the next.  The hash is keyed, so that nobody who chooses addresses can make
 * a long chain.
 */
struct ph_turn_slab {
	uint8_t *mem;
	size_t size;			/* bytes of a thing */
	uint32_t cap, used, fresh, spare;	/* spare: head of those given back */
};

struct ph_turn_index {
	uint32_t *head;
	uint32_t mask;
};

/* ph_turn_slab_init(s, size, cap): false: no memory. */
bool ph_turn_slab_init(struct ph_turn_slab *, size_t, uint32_t);
void ph_turn_slab_fini(struct ph_turn_slab *);

/* ph_turn_slab_take(s): the place of a thing of zeros, or 0 when all are taken. */
uint32_t ph_turn_slab_take(struct ph_turn_slab *);

/* ph_turn_slab_give(s, at): back. */
void ph_turn_slab_give(struct ph_turn_slab *, uint32_t);

/* ph_turn_slab_at(s, at): the thing. */
static inline void *
ph_turn_slab_at(const struct ph_turn_slab *s, uint32_t at)
{
	return s->mem + (size_t)at * s->size;
}

/* ph_turn_index_init(x, n): for about ${n} things. */
bool ph_turn_index_init(struct ph_turn_index *, uint32_t);
void ph_turn_index_fini(struct ph_turn_index *);

/* ph_turn_index_chain(x, hash): the head of the chain of ${hash}. */
static inline uint32_t *
ph_turn_index_chain(const struct ph_turn_index *x, uint64_t hash)
{
	return &x->head[(uint32_t)(hash >> 32) & x->mask];
}

/* ph_turn_hash(seed, a, b): of an address and a number, by two secret words. */
static inline uint64_t
ph_turn_hash(const uint64_t seed[2], ph_u128 a, uint64_t b)
{
	ph_u128 h = (ph_u128)((uint64_t)a ^ seed[0]) * ((uint64_t)(a >> 64) ^ seed[1]);
	uint64_t m = (uint64_t)h ^ (uint64_t)(h >> 64) ^ b;

	h = (ph_u128)(m ^ seed[1]) * (seed[0] | 1);
	return (uint64_t)h ^ (uint64_t)(h >> 64);
}

#endif
