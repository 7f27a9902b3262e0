/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_BEHAVIOUR_H
#define PH_ENGINE_BEHAVIOUR_H

#include "engine/stun_client.h"

/*
 * DOC: How a NAT maps and filters
 *
 * RFC 5780, in the words of RFC 4787.  The server has two addresses and two ports, A1:P1,
 * which is given, and A2:P2, which its OTHER-ADDRESS tells.
 *
 *  - Everybody first asks A1:P1: that opens the mapping and tells the other half.
 *  - Filtering: the answer is asked for from A2:P2, from one socket, and from A1:P2, from
 *    another.  Both are fresh and have never sent anything there, and do nothing else
 *    (4.4; a socket that had been used for the mapping test would let anything in).
 *  - Mapping, from a third: A2:P1, A2:P2 and A1:P2 are asked; where does each see us?
 *  - Hairpin: two sockets send to each other's outside address, both, since a NAT that filters
 *    lets in only from where one has sent to.
 *
 * Silence proves something only when the same question is answered elsewhere.  So
 * it counts after five tries, when the place that should have answered answers
 * the mapping socket, and A1:P1 still answers the silent one afterwards; otherwise the
 * word is "unknown", with the reason.  A server that answers from the wrong place, or
 * refuses CHANGE-REQUEST, tells nothing about the NAT.
 *
 * Without OTHER-ADDRESS a second, independent server of the same family still shows whether
 * the mapping depends on the destination, though not on what of it.  All is within one
 * family: IPv4 and IPv6 addresses compared would look like a NAT that changes its mind.
 *
 * New transactions begin at least 100 ms apart (RFC 5780 5: at most ten a second).
 * Times are monotonic microseconds.
 */
enum ph_behaviour_word {
	PH_NAT_UNKNOWN,
	PH_NAT_NONE,			/* no NAT: the server sees our own address */
	PH_NAT_INDEPENDENT,		/* endpoint-independent */
	PH_NAT_ADDRESS,			/* address-dependent */
	PH_NAT_ADDRESS_PORT,		/* address and port-dependent */
	PH_NAT_DEPENDENT,		/* mapping: on the destination, not known on what of it */
};

enum ph_behaviour_answer { PH_HAIRPIN_UNKNOWN, PH_HAIRPIN_NO, PH_HAIRPIN_YES, PH_HAIRPIN_NO_NAT };

enum {
	PH_BEHAVIOUR_SOCKETS = 4,	/* mapping, two of filtering, hairpin */
	PH_BEHAVIOUR_TESTS = 14,
	PH_BEHAVIOUR_DATAGRAM = 64,	/* bytes, at most */
};

struct ph_behaviour_opts {
	struct ph_stun_addr server;	/* A1:P1 */
	struct ph_stun_addr second;	/* another server, or port 0 */
	/* The sockets, none used before; all of the server's family. */
	struct ph_stun_addr local[PH_BEHAVIOUR_SOCKETS];
	void (*random)(void *arg, void *, size_t);
	void *arg;
};

/* A datagram to send from local[${socket}]. */
struct ph_behaviour_send {
	unsigned socket;
	struct ph_stun_addr to;
	uint8_t bytes[PH_BEHAVIOUR_DATAGRAM];
	size_t len;
};

struct ph_behaviour_result {
	bool done;
	bool translated;		/* seen under another address or port */
	enum ph_behaviour_word mapping, filtering;
	enum ph_behaviour_answer hairpin;
	bool hairpin_inside;		/* YES: comes from the inside address, against REQ-9 */
	bool port_preserved;		/* every socket kept its port; with ${translated} */
	bool rewritten;			/* somebody changes addresses inside packets */
	struct ph_stun_addr outside;	/* of the mapping socket; port 0: no answer */
	struct ph_stun_addr other;	/* A2:P2; port 0: not offered */
	uint64_t rtt_us;		/* 0: not known */
	const char *why_mapping, *why_filtering, *why_hairpin;	/* of UNKNOWN, else NULL */
};

struct ph_behaviour {
	struct ph_behaviour_opts opts;
	struct ph_behaviour_result result;
	/* the rest is the engine's own */
	struct ph_behaviour_test {
		bool started;
		struct ph_stun_addr to;
		struct ph_stun_client client;
		struct ph_stun_addr from;	/* where the answer came from */
		bool arrived;			/* hairpin: at the other socket */
		struct ph_stun_addr source;	/* ... under which address */
	} test[PH_BEHAVIOUR_TESTS];
	unsigned step;
	uint64_t next_us;		/* when the next transaction may begin */
};

/* ph_behaviour_init(x, opts, now): nothing is sent yet. */
void ph_behaviour_init(struct ph_behaviour *, const struct ph_behaviour_opts *, uint64_t);

/* ph_behaviour_output(x, now, out): the next datagram to send now; false: none. */
bool ph_behaviour_output(struct ph_behaviour *, uint64_t, struct ph_behaviour_send *);

/* What arrived on a socket, and from where. */
struct ph_behaviour_got {
	unsigned socket;
	struct ph_stun_addr from;
	const uint8_t *p;
	size_t len;
};

/* ph_behaviour_input(x, now, got): false when it was none of ours. */
bool ph_behaviour_input(struct ph_behaviour *, uint64_t, const struct ph_behaviour_got *);

/* ph_behaviour_deadline(x): when to ask for output again; UINT64_MAX: done. */
uint64_t ph_behaviour_deadline(const struct ph_behaviour *);

/*
 * ph_behaviour_word(w): as RFC 4787 calls it, "endpoint-independent"; NULL: unknown.
 * ph_behaviour_hairpin(a): "yes", "no", "no NAT" or NULL.
 */
const char *ph_behaviour_word(enum ph_behaviour_word);
const char *ph_behaviour_hairpin(enum ph_behaviour_answer);

#endif
