/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_STUN_ATTR_H
#define PH_WIRE_STUN_ATTR_H

#include "wire/cursor.h"
#include "wire/stun.h"

/*
 * One attribute: its number, and how its value is read, written and printed.  ${at} is
 * the member of struct ph_stun, ${m} the message, whose transaction id some need.
 */
struct ph_stun_row {
	uint16_t number;
	const char *name;
	uint16_t min, max;		/* bytes of the value */
	void (*get)(struct ph_reader *, struct ph_stun *, void *at);
	void (*put)(struct ph_writer *, const struct ph_stun *, const void *at);
	void (*print)(struct ph_buf *, const void *at);	/* NULL: the name says all */
	size_t off;
};

extern const struct ph_stun_row ph_stun_rows[PH_STUN_N_ATTRS];

/* ph_stun_row_find(number): the attribute, or PH_STUN_N_ATTRS. */
enum ph_stun_attr ph_stun_row_find(uint16_t);

#endif
