/* SPDX-License-Identifier: ISC */
#ifndef PH_LAB_PACKET_H
#define PH_LAB_PACKET_H

#include "model/verdict.h"
#include "os/frame.h"

struct ph_lab_tuple {
	ph_u128 src, dst;
	uint16_t sport, dport;
	uint8_t proto;			/* PH_TCP or PH_UDP */
};

/* One packet of a connection, known again by what it carries. */
struct ph_lab_packet {
	struct ph_lab_tuple t;
	uint32_t id;			/* of the connection */
	enum ph_stage stage;
};

/* ph_lab_packet_build(p, out): the whole packet, checksums included. */
void ph_lab_packet_build(const struct ph_lab_packet *, struct ph_frame *);

/* ph_lab_packet_parse(f, out): false when it is none of ours. */
bool ph_lab_packet_parse(const struct ph_frame *, struct ph_lab_packet *);

/* ph_lab_tuple_reverse(t): of the answers to ${t}. */
struct ph_lab_tuple ph_lab_tuple_reverse(const struct ph_lab_tuple *);

bool ph_lab_tuple_equal(const struct ph_lab_tuple *, const struct ph_lab_tuple *);

#endif
