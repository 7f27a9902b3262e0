/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_WIDE_H
#define PH_AUDIT_WIDE_H

#include "audit/calls.h"
#include "audit/shape.h"
#include "model/requirement.h"

/* A rule that opens more than any requirement needs. */
struct ph_wide {
	uint32_t rule;			/* of the chain */
	const struct ph_requirement *req;	/* the first it serves; NULL: none */
	const struct ph_cube *region;	/* packets it opens for nobody, a part of them */
	unsigned dims;			/* 1 << dim: wider than all it serves; 0: only */
					/* in how they combine */
};

struct ph_wides {
	struct ph_wide *v;		/* in the order of the rules */
	size_t n, cap;
};

/*
 * ph_wide_find(mem, call, within, reqs, n, out):
 * The certain openings of ${call}'s chain, to a connection's first packet, that
 * go beyond what the ${n} requirements may open: those that serve one of them, and
 * those from or to everywhere with any port.
 */
void ph_wide_find(struct ph_arena *, const struct ph_call *, const struct ph_cube *within,
    const struct ph_requirement *const *, size_t, struct ph_wides *);

/* Does a cube say nothing of addresses, protocol and ports, of one family at least? */
bool ph_wide_is_all(const struct ph_cube *);

#endif
