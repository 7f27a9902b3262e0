/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_SHAPE_H
#define PH_AUDIT_SHAPE_H

#include "model/ruleset.h"

/*
 * DOC: Shapes
 *
 * The shape of a rule is the set of packets that its plain conditions allow.
 * When there are no others the shape is exact: the rule matches just these.
 * Else (rates, programs, what was not understood) it may match fewer, and can be
 * covered by other rules but never covers one.
 */
struct ph_shape {
	struct ph_cube one;		/* when ${many} is NULL */
	const struct ph_set *many;	/* a rule on tuples */
	bool exact;
	bool of_connection;		/* matches only packets that have a connection */
	bool empty;			/* no packet: ${clash} says where */
	enum ph_dim clash;
	struct ph_span clash_at;	/* the condition that left nothing */
};

/*
 * ph_shape_of(mem, r, within, out):
 * The shape of ${r} among the packets of ${within}.
 */
void ph_shape_of(struct ph_arena *, const struct ph_rule *, const struct ph_cube *within,
    struct ph_shape *);

/*
 * ph_shape_plain(r, out):
 * When every condition of ${r} that gives its shape is one list of a dimension
 * of its own, that cube, borrowed; else false.
 */
bool ph_shape_plain(const struct ph_rule *, struct ph_cube *);

/* ph_shape_cubes(s, n): the cubes of a shape that is not empty. */
const struct ph_cube *ph_shape_cubes(const struct ph_shape *, size_t *);

/* Is the rule the last that its packets see of the chain, whatever its conditions? */
bool ph_shape_ends(const struct ph_rule *);

/*
 * The verdict of a rule that does nothing else but perhaps count: ACCEPT, DROP
 * or REJECT; PH_ACT_NOTE for any other rule.
 */
enum ph_act_kind ph_shape_verdict(const struct ph_rule *);

#endif
