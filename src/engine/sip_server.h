/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_SIP_SERVER_H
#define PH_ENGINE_SIP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/sip.h"

/*
 * A polite far end for SIP: answers as a phone that is busy would, and never rings.
 *
 *	OPTIONS		200
 *	REGISTER	200, or 401 when ${login}; nothing is kept
 *	INVITE		100, 180, and after ${ring_us} 486, or 603 when ${decline}
 *	CANCEL		200, and the INVITE is answered 487; 481 when there is none
 *	BYE		481
 *	ACK		nothing, ever
 *	malformed	400, 505 and so on when it can be answered, else nothing
 *
 * Retransmissions are matched as RFC 3261 17.2 says and answered with the same; over UDP
 * the refusal of an INVITE is repeated until its ACK comes.  One server for each UDP
 * socket, or for each connection.  The owner hands in only what comes from the client
 * that leased the port: three answers to an INVITE are more bytes than it has.
 * Answers go to the address they came from, never where a header says; the port is
 * that of Via when the request does not ask for rport (18.2.2).  Times are monotonic
 * microseconds.  No call allocates.
 */
enum { PH_SIP_CALLS = 8, PH_SIP_CALL_BYTES = 8192 };

struct ph_sip_server_config {
	enum ph_sip_transport transport;
	uint64_t ring_us;		/* from 180 to the refusal; 0: at once */
	bool decline, login;
	uint64_t seed;			/* of tags and nonces */
};

struct ph_sip_peer {
	ph_u128 addr;
	uint16_t port;
};

struct ph_sip_server {
	struct ph_sip_server_config config;
	struct ph_sip_call_state {
		enum { PH_SIP_FREE, PH_SIP_PROCEEDING, PH_SIP_COMPLETED, PH_SIP_CONFIRMED } state;
		uint64_t key, tag;
		struct ph_sip_peer came_from, reply_to;
		bool invite, again;	/* again: it was asked again */
		unsigned last, final;	/* status codes: sent last, that will end it */
		enum ph_sip_fault fault;
		enum ph_sip_name fault_in;
		uint64_t due_us, interval_us, expires_us;
		size_t len;
		uint8_t head[PH_SIP_CALL_BYTES];	/* first line and headers */
	} call[PH_SIP_CALLS];
	uint64_t answered, ignored;	/* messages */
	unsigned pongs;			/* keep-alives to answer */
	struct ph_sip_peer stream_peer;	/* of a connection */
	size_t in_len;
	uint8_t in[PH_SIP_MAX];		/* of a stream, not yet a whole message */
};

/* ph_sip_server_init(s, config): nothing yet. */
void ph_sip_server_init(struct ph_sip_server *, const struct ph_sip_server_config *);

/*
 * ph_sip_server_input(s, now, p, n, from):
 * A datagram, or any piece of a stream.  False: close the stream, it is not SIP.
 */
bool ph_sip_server_input(struct ph_sip_server *, uint64_t, const void *, size_t,
    const struct ph_sip_peer *);

/*
 * ph_sip_server_output(s, now, out, cap, to):
 * Write the next message to send now into ${out} (PH_SIP_MAX bytes are always enough)
 * and return its length; 0: none.  Call until it returns 0.
 */
size_t ph_sip_server_output(struct ph_sip_server *, uint64_t, uint8_t *, size_t,
    struct ph_sip_peer *to);

/* ph_sip_server_deadline(s): when to call _output() next; UINT64_MAX: no need. */
uint64_t ph_sip_server_deadline(const struct ph_sip_server *);

#endif
