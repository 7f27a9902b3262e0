/* SPDX-License-Identifier: ISC */
#ifndef PH_SPACE_SET_H
#define PH_SPACE_SET_H

#include "space/cube.h"

/*
 * A packet set: a union of cubes, which may overlap unless said otherwise.
 * Exact.  Memory from the arena given to each call.
 */
struct ph_set {
	struct ph_cube *v;
	size_t n, cap;
};

/* ph_set_add(mem, s, c): union with one cube, as it is. */
void ph_set_add(struct ph_arena *, struct ph_set *, const struct ph_cube *);

/* ph_set_add_all(mem, s, t): union with a set. */
void ph_set_add_all(struct ph_arena *, struct ph_set *, const struct ph_set *);

/*
 * ph_set_subtract_cube(mem, s, c), ph_set_subtract(mem, s, t),
 * ph_set_intersect(mem, s, t): replace *${s} by the result; disjoint cubes stay
 * disjoint.
 */
void ph_set_subtract_cube(struct ph_arena *, struct ph_set *, const struct ph_cube *);
void ph_set_subtract(struct ph_arena *, struct ph_set *, const struct ph_set *);
void ph_set_intersect(struct ph_arena *, struct ph_set *, const struct ph_set *);

bool ph_set_empty(const struct ph_set *);
bool ph_set_has(const struct ph_set *, const struct ph_packet *);

/*
 * ph_set_subset(mem, a, of, witness): is every packet of ${a} in ${of}?  If not
 * and ${witness} is not NULL, one that is not is stored there.  Stops at the
 * first.  ph_set_equal() is both ways.
 */
bool ph_set_subset(struct ph_arena *, const struct ph_set *,
    const struct ph_set *, struct ph_packet *);
bool ph_set_equal(struct ph_arena *, const struct ph_set *, const struct ph_set *);

/*
 * ph_set_covered(mem, c, by, n, witness):
 * Is the cube ${c} inside the union of the ${n} cubes pointed to by ${by}?
 * Depth first, largest piece first, stops at the first uncovered packet.
 */
bool ph_set_covered(struct ph_arena *, const struct ph_cube *,
    const struct ph_cube *const *, size_t, struct ph_packet *);

/*
 * ph_set_simplify(mem, s): fewer cubes for the same packets: drops cubes inside others
 * and joins those that differ in one dimension; disjoint before and after.
 */
void ph_set_simplify(struct ph_arena *, struct ph_set *);

/* ph_set_project(mem, s, dim): all values the set has in one dimension. */
const struct ph_ranges *ph_set_project(struct ph_arena *, const struct ph_set *,
    enum ph_dim);

#endif
