/* SPDX-License-Identifier: ISC */
#ifndef PH_REPORT_PARTS_H
#define PH_REPORT_PARTS_H

#include "model/verdict.h"

/*
 * DOC: From parts to port lists
 *
 * An audit answers in parts: cubes of packets with one fate each.  A person
 * thinks in ports.  Parts with the same verdict, deciding text and reason are
 * put together; the ports for which they hold everything that the flow needs
 * are one entry, and what holds for some addresses or source ports only
 * follows as entries that name them.  Nothing is rounded: entries of a flow
 * together are exactly its parts that are not open.
 */
struct ph_entry {
	const struct ph_ranges *ports;	/* NULL: any */
	const struct ph_ranges *src, *dst, *sport;	/* NULL: all the flow needs */
	const struct ph_part *part;	/* one of those put together, for its facts */
	struct ph_packet witness;
};

struct ph_entries {
	const struct ph_ranges *open;	/* ports open for everything; NULL: any */
	struct ph_entry *blocked, *unknown;	/* in order of ports */
	size_t n_blocked, n_unknown;
};

/* ph_parts_list(mem, f, out): never fails. */
void ph_parts_list(struct ph_arena *, const struct ph_flow *, struct ph_entries *);

#endif
