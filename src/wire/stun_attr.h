/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_STUN_ATTR_H
#define PH_WIRE_STUN_ATTR_H

#include "wire/cursor.h"
#include "wire/stun.h"

/*
 * One attribute.  ${field} is its place in the message; of a list, that of one item.
 * Attributes at the end of a message that depend on the bytes before them have no
 * ${encode}.
 */
struct ph_stun_row {
	uint16_t type;
	const char *name;
	uint16_t min, max;		/* bytes of the value */
	bool list;			/* struct ph_stun_addrs: an attribute for each item */
	size_t offset;			/* in struct ph_stun */
	bool (*decode)(struct ph_reader *, const struct ph_stun *, void *field);
	void (*encode)(struct ph_writer *, const struct ph_stun *, const void *field);
	void (*print)(struct ph_buf *, const void *field);
};

/* In the order of enum ph_stun_attr, which is that of the types. */
extern const struct ph_stun_row ph_stun_attr_rows[PH_STUN_N_ATTRS];

/* ph_stun_attr_find(type): its row, or NULL. */
const struct ph_stun_row *ph_stun_attr_find(uint16_t);

#endif
