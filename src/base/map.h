/* SPDX-License-Identifier: ISC */
#ifndef PH_BASE_MAP_H
#define PH_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/*
 * Map: byte strings to pointers, open addressing, memory from the arena.
 * Keys are borrowed: they must live as long as the map.  No removal.
 */
struct ph_map {
	struct ph_map_slot *slots;
	size_t n, cap;			/* entries; cap is a power of two */
};

/*
 * ph_map_find(m, key, len):
 * Return the value put for ${key}, or NULL.
 */
void *ph_map_find(const struct ph_map *, const char *, size_t);

/*
 * ph_map_at(mem, m, key, len):
 * Return the place of the value of ${key}, made with NULL when new.  The place
 * is valid until the next call.
 */
void **ph_map_at(struct ph_arena *, struct ph_map *, const char *, size_t);

/*
 * ph_map_value(m, i):
 * To visit all entries in no order: the value in slot ${i} < ${m}->cap, NULL
 * when that is free.
 */
void *ph_map_value(const struct ph_map *, size_t);

/* ph_hash(p, n): a 64-bit hash of ${n} bytes (FNV-1a, folded). */
uint64_t ph_hash(const void *, size_t);

#endif
