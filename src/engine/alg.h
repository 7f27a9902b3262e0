/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_ALG_H
#define PH_ENGINE_ALG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * DOC: What the way did to a message
 *
 * An application layer gateway (ALG) is seen by its work: a message that is known byte
 * for byte is sent, the far end tells over another way which bytes arrived, and the two
 * are compared.  Equal bytes are no difference; other bytes are at least one: what no
 * rule below explains is told as bytes.
 *
 *	SIP	headers are matched by name and by their number among those of that name;
 *		what is then missing, more, or in another order is told; the value that
 *		changed is said to be an address when nothing but addresses and ports in it
 *		did.  SDP is compared line by line.
 *	H.225	the parts that the decoder notes, by name; then what lies between them.
 *
 * A verdict needs controls, since much else changes or loses packets:
 *
 *	arrived as sent					none
 *	arrived changed					rewrites
 *	did not arrive, other bytes on that port do,
 *	and the same message on another port does	drops
 *	anything else					unknown, with the reason
 *
 * A control inside TLS that is changed too tells of a proxy or a broken mirror, not of an
 * ALG: unknown.
 */
enum ph_alg_kind {
	PH_ALG_ADDRESS,			/* address or port of signalling */
	PH_ALG_SDP,			/* a line of the session description */
	PH_ALG_LENGTH,			/* Content-Length, TPKT length */
	PH_ALG_ORDER,			/* of headers */
	PH_ALG_ADDED, PH_ALG_REMOVED,	/* headers */
	PH_ALG_SPELLING,		/* same meaning: white space, compact name, line ends */
	PH_ALG_VALUE,			/* another value otherwise */
	PH_ALG_BYTES,			/* bytes with no name */
	PH_ALG_SOURCE_PORT,		/* of the packet; only in kinds, never in a list */
	PH_ALG_KINDS,
};

/* One difference. */
struct ph_alg_diff {
	enum ph_alg_kind kind;
	const char *field;		/* "Contact", "SDP c=", "rasAddress" */
	const char *before, *after;	/* for people; "" when there was none */
	size_t off, len;		/* bytes in what was sent; len 0: not in it */
	size_t off_after, len_after;	/* the same in what was received */
};

struct ph_alg_diffs {
	const struct ph_alg_diff *v;
	size_t n;
};

/*
 * ph_alg_sip(mem, sent, received), ph_alg_ras(...), ph_alg_h225(...):
 * Compare a message of that protocol as sent with what arrived.  No difference: the
 * bytes are equal.  Memory from ${mem}.
 */
struct ph_alg_diffs ph_alg_sip(struct ph_arena *, struct ph_str, struct ph_str);
struct ph_alg_diffs ph_alg_ras(struct ph_arena *, struct ph_str, struct ph_str);
struct ph_alg_diffs ph_alg_h225(struct ph_arena *, struct ph_str, struct ph_str);

/* ph_alg_kinds(d): bit 1 << kind for each kind that occurs. */
unsigned ph_alg_kinds(const struct ph_alg_diffs *);

/* What became of one message in one direction on one port. */
struct ph_alg_try {
	unsigned sent;			/* times it was sent; over a stream, 3 for one */
	bool arrived;
	struct ph_alg_diffs diffs;	/* when it arrived */
	enum ph_alg_open { PH_ALG_OPEN_UNKNOWN, PH_ALG_OPEN_NO, PH_ALG_OPEN_YES }
	    open;			/* do other bytes get through on this very port? */
	uint16_t port;			/* it was sent to */
	uint16_t sent_from, seen_from;	/* source port, at either end; 0: not known */
};

enum ph_alg_verdict { PH_ALG_NONE, PH_ALG_REWRITES, PH_ALG_DROPS, PH_ALG_UNKNOWN };

struct ph_alg_found {
	enum ph_alg_verdict verdict;
	unsigned kinds;			/* bits, PH_ALG_SOURCE_PORT among them */
	bool everywhere;		/* the control on another port was changed too */
	const char *why;		/* of unknown, in words; else NULL */
};

enum { PH_ALG_TRIES = 3 };		/* without an arrival, fewer prove nothing */

/*
 * ph_alg_judge(t, other_port, tls):
 * Judge ${t} with its controls: the same message, in the same direction, over the same
 * transport on a port no ALG knows, and inside TLS; each NULL when it was not tried.
 */
struct ph_alg_found ph_alg_judge(const struct ph_alg_try *, const struct ph_alg_try *,
    const struct ph_alg_try *);

/* ph_alg_verdict_word(v): "none", "rewrites", "drops", "unknown". */
const char *ph_alg_verdict_word(enum ph_alg_verdict);

/* ph_alg_kind_word(k): "address", "sdp", "length", "order" ... */
const char *ph_alg_kind_word(enum ph_alg_kind);

#endif
