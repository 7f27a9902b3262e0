/* SPDX-License-Identifier: ISC */
#ifndef PH_ASA_WRITE_H
#define PH_ASA_WRITE_H

#include "dialect/dialect.h"

/*
 * Writing in Cisco's words.  Addresses that are more than one network become
 * an object group, defined once in ${defs} and named from there on.
 */
struct ph_asa_writer {
	struct ph_arena *mem;
	struct ph_buf defs;		/* object groups */
	const struct ph_asa *taken;	/* names not to use again; NULL: none */
	struct ph_asa_named {
		const struct ph_ranges *ranges;
		const char *operand;
	} *v;
	size_t n, cap;
};

void ph_asa_writer_init(struct ph_asa_writer *, struct ph_arena *, const struct ph_asa *);

/* A name of Cisco's kind: "PH_" and the words in capitals, "-" as "_". */
const char *ph_asa_object_name(struct ph_arena *, const char *, const char *);

/*
 * ph_asa_operand(w, hint, r): how an access list says the addresses ${r};
 * ${hint} becomes the name of a group if it takes one.
 */
const char *ph_asa_operand(struct ph_asa_writer *, const char *, const struct ph_ranges *);

/*
 * ph_asa_write_aces(w, b, head, cube, src, dst):
 * One line a protocol and port range: "${head} PROTO SRC [PORTS] DST [PORTS]".
 * ${src} and ${dst} are names for groups.  Returns the number of lines.
 */
unsigned ph_asa_write_aces(struct ph_asa_writer *, struct ph_buf *, const char *,
    const struct ph_cube *, const char *src, const char *dst);

/* "h:mm:ss" */
void ph_asa_write_time(struct ph_buf *, uint32_t s);

#endif
