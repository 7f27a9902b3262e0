/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_STAB_H
#define PH_AUDIT_STAB_H

#include "audit/bounds.h"

/*
 * DOC: Which cubes hold this packet?
 *
 * Every range of numbers lies in a smallest block of 2^k numbers that begins at a
 * multiple of 2^k: prefixes are blocks themselves, "any" is the block of all.  A
 * packet is in at most 129 blocks, and only the sizes that occur need be looked
 * up, each in one hash.  So cubes are filed by the blocks of their destinations;
 * where more than a few share one, by those of their sources, then by those of
 * their destination ports:
 *
 *	root -- 10.1.0.0/16 -- any ------- 443-443	cube, cube
 *	     |              \- 10.2.0.0/16 ----------	cube
 *	     \- any -------------------------------	cube, cube, cube
 *
 * What a file holds in the end is compared by bounds (audit/bounds.h), several at
 * a time.  Hits may be wrong, since bounds are coarse; none is missed.
 *
 * Cubes are only added, so that those added so far can be asked at any time.
 */
typedef struct ph_range ph_stab_hull_h(const void *arg, uint32_t id, enum ph_dim);

struct ph_stab {
	struct ph_arena *mem;
	const struct ph_bounds *bounds;	/* for keys */
	ph_stab_hull_h *hull;		/* a cube's smallest range of a dimension */
	const void *hull_arg;
	unsigned levels;		/* of splitting */
	struct ph_stab_node *nodes;
	size_t n, cap;
	uint32_t *slots;		/* hash of children: node number, 0 when free */
	size_t n_slots;			/* a power of two */
};

/* Filed by destination and source; by the port as well. */
enum { PH_STAB_PAIRS = 2, PH_STAB_PORTS = 3 };

/*
 * ph_stab_init(s, mem, b, levels, hull, arg): an empty file, with the keys of ${b}
 * and room for about as many cubes as ${b} has rules.
 */
void ph_stab_init(struct ph_stab *, struct ph_arena *, const struct ph_bounds *,
    unsigned levels, ph_stab_hull_h *, const void *);

/* ph_stab_add(s, id): add a cube that is not empty. */
void ph_stab_add(struct ph_stab *, uint32_t);

/* Called with the id of a cube that may be wanted; true stops. */
typedef bool ph_stab_h(void *arg, uint32_t id);

/*
 * ph_stab_find(s, p, hit, arg): call ${hit} for every cube that may hold packet
 * ${p}, in no order; true when it stopped.
 */
bool ph_stab_find(const struct ph_stab *, const struct ph_packet *, ph_stab_h *, void *);

/*
 * ph_stab_touch(s, p, box, max, hit, arg): the same for cubes that may touch ${box}
 * and hold the destination and source of ${p}.  Only of a file of PH_STAB_PAIRS;
 * also stops where more than ${max} cubes share a pair.
 */
bool ph_stab_touch(const struct ph_stab *, const struct ph_packet *,
    const struct ph_bounds_box *, size_t max, ph_stab_h *, void *);

#endif
