/* SPDX-License-Identifier: ISC */
#ifndef PH_LAB_SWEEP_H
#define PH_LAB_SWEEP_H

#include "lab/packet.h"

/*
 * DOC: How connections are tried
 *
 * All of a flow at once, one packet of each after the other: the opener of every
 * connection, then the answer to those that arrived, from the address at which they
 * arrived, then one more packet of those whose answer came home with the addresses
 * of the one who asked.  What does not arrive is sent again, twice, so that a full
 * buffer is not taken for a firewall.
 */
enum ph_lab_reach {
	PH_LAB_NOTHING,			/* the opener did not arrive */
	PH_LAB_OPENED,			/* it did, the answer did not */
	PH_LAB_ANSWERED,		/* the answer did, what followed did not */
	PH_LAB_ALL,
};

struct ph_lab_conn {
	struct ph_lab_tuple first;	/* as the opener sends it */
	struct ph_lab_tuple seen;	/* as it arrived */
	size_t part;			/* the caller's */
	enum ph_lab_reach reach;
};

/* The two ends of a sweep: frames at the opener's and at the other side. */
struct ph_lab_ends {
	const struct ph_frame_end *opener, *other;
	uint32_t next_id;		/* of connections; grows */
	uint64_t packets;		/* sent */
};

/*
 * ph_lab_sweep(ends, v, n): try all ${n} connections, fill in seen and reach.  0, or
 * -errno when the kernel refuses to send.
 */
int ph_lab_sweep(struct ph_lab_ends *, struct ph_lab_conn *, size_t);

/*
 * ph_lab_try(ends, c, stage, ms): send one packet of one connection and wait for it;
 * false when it does not arrive.  Its reach is raised when it does.
 */
bool ph_lab_try(struct ph_lab_ends *, struct ph_lab_conn *, enum ph_stage, int ms);

/* ph_lab_drain(ends): forget what is still on its way. */
void ph_lab_drain(struct ph_lab_ends *);

#endif
