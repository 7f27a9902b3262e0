/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_MTU_H
#define PH_ENGINE_MTU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

/*
 * Path MTU of UDP, out and back, by probing (RFC 8899), and whether fragments
 * pass.  Sizes are those of whole IP packets, in bytes.  The far end answers
 * each packet with one of equal size, under the same fragmentation rule; its
 * receipts tell the directions apart.  Times are monotonic microseconds.
 */
struct ph_mtu_send {
	uint16_t size;
	uint8_t try;
	bool fragment;			/* without DF, larger than the path: let it be cut */
};

enum { PH_MTU_SIZES = 96, PH_MTU_TRIES = 3, PH_MTU_MAX_TRIES = 8 };

enum ph_mtu_answer { PH_MTU_UNKNOWN, PH_MTU_NO, PH_MTU_YES };

struct ph_mtu_result {
	bool done;
	uint16_t out, in;		/* largest that passes; 0: none did */
	bool out_exact, in_exact;	/* one byte more does not; else at least so much */
	bool out_local;			/* out is what our own interface can send */
	bool blackhole;			/* too large ones vanish without an ICMP error */
	ph_u128 ptb_from;		/* who sent "packet too big", when ptb_mtu is not 0 */
	uint16_t ptb_mtu;
	enum ph_mtu_answer fragments_out, fragments_in;
};

struct ph_mtu {
	struct ph_mtu_probe {
		uint16_t size;
		bool fragment, local;	/* local: we could not send it */
		uint8_t sent, out, in;	/* tries; bit maps of those that arrived, came back */
		uint64_t due_us;	/* next try, or when the last is given up */
	} probe[PH_MTU_SIZES];
	unsigned n;
	bool v6, fragments_added, asked, receipts_due;
	uint16_t max;			/* of the local interface */
	uint64_t wait_us, asked_us;
	struct ph_mtu_result result;
};

/*
 * ph_mtu_init(x, v6, local, wait_us, now):
 * ${local}: MTU of our own interface, 0 when not known; ${wait_us}: when a packet
 * without an answer counts as lost, some RTTs.
 */
void ph_mtu_init(struct ph_mtu *, bool v6, uint16_t local, uint64_t, uint64_t);

/* ph_mtu_output(x, now, out, max): datagrams to send now; returns how many. */
size_t ph_mtu_output(struct ph_mtu *, uint64_t, struct ph_mtu_send *, size_t);

/* ph_mtu_local(x, size): sending that size failed here with EMSGSIZE. */
void ph_mtu_local(struct ph_mtu *, uint16_t);

/* ph_mtu_reply/_receipt(x, size, try): it came back; it arrived at the far end. */
void ph_mtu_reply(struct ph_mtu *, uint16_t, uint8_t);
void ph_mtu_receipt(struct ph_mtu *, uint16_t, uint8_t);

/*
 * ph_mtu_wants_receipts(x): ask the far end now?  Then call _asked(), give all
 * receipts to _receipt(), and call _told().
 */
bool ph_mtu_wants_receipts(const struct ph_mtu *);
void ph_mtu_asked(struct ph_mtu *, uint64_t);
void ph_mtu_told(struct ph_mtu *, uint64_t);

/* ph_mtu_ptb(x, from, mtu): an ICMP "packet too big" quoting us; only a hint. */
void ph_mtu_ptb(struct ph_mtu *, ph_u128, uint16_t);

/* ph_mtu_deadline(x): when to call ph_mtu_output() next; UINT64_MAX: done or told to wait. */
uint64_t ph_mtu_deadline(const struct ph_mtu *);

#endif
