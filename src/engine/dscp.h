/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_DSCP_H
#define PH_ENGINE_DSCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the path does to DSCP and ECN, out and back.  Each mark is sent some
 * times; the far end tells the mark it saw and answers with the mark that was
 * meant.  Times are monotonic microseconds; a mark is the whole traffic class
 * byte.
 */
enum ph_dscp_fate {
	PH_DSCP_UNKNOWN,		/* nothing arrived, nor did unmarked ones */
	PH_DSCP_KEPT,
	PH_DSCP_BLEACHED,		/* set to 0 */
	PH_DSCP_PRECEDENCE,		/* upper three bits cleared: 46 becomes 6 */
	PH_DSCP_REMAPPED,		/* something else */
	PH_DSCP_MIXED,			/* not always the same */
	PH_DSCP_DROPPED,		/* unmarked ones arrived, these did not */
};

enum { PH_DSCP_MARKS = 11, PH_DSCP_TRIES = 5 };

struct ph_dscp_send {
	uint8_t mark;			/* traffic class byte to send with */
	uint8_t index, try;		/* to be echoed */
};

struct ph_dscp_way {
	uint8_t arrived;		/* bit map of tries */
	uint8_t seen;			/* mark, as it arrived last */
	bool mixed;
	enum ph_dscp_fate dscp;
	enum ph_dscp_fate ecn;		/* KEPT, BLEACHED or REMAPPED (CE is a mark, too) */
};

struct ph_dscp {
	struct ph_dscp_mark {
		const char *name;	/* "EF", "AF41", ... */
		uint8_t mark, sent;
		struct ph_dscp_way out, in;
	} mark[PH_DSCP_MARKS];
	uint64_t next_us, gap_us, wait_us;
	unsigned round;
	bool done;
};

/*
 * ph_dscp_init(x, gap_us, wait_us, now):
 * ${gap_us}: between datagrams; ${wait_us}: when the last is given up.
 */
void ph_dscp_init(struct ph_dscp *, uint64_t, uint64_t, uint64_t);

/* ph_dscp_output(x, now, out): the datagram to send now, if true. */
bool ph_dscp_output(struct ph_dscp *, uint64_t, struct ph_dscp_send *);

/*
 * ph_dscp_receipt/_reply(x, index, try, seen):
 * That datagram arrived at the far end, its answer arrived here, with mark
 * ${seen}.
 */
void ph_dscp_receipt(struct ph_dscp *, uint8_t, uint8_t, uint8_t);
void ph_dscp_reply(struct ph_dscp *, uint8_t, uint8_t, uint8_t);

/* ph_dscp_deadline(x): when to call ph_dscp_output() next; UINT64_MAX: done. */
uint64_t ph_dscp_deadline(const struct ph_dscp *);

/* ph_dscp_judge(x): fill in all fates; after the last receipts were given. */
void ph_dscp_judge(struct ph_dscp *);

/* ph_dscp_fate_name(f): "kept", "bleached", ... */
const char *ph_dscp_fate_name(enum ph_dscp_fate);

#endif
