/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_SIP_CLIENT_H
#define PH_ENGINE_SIP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/sip.h"

/*
 * One SIP request and what comes back.  Any answer at all shows that the way is open
 * in both directions.  Over UDP it is sent again after 0.5, 1, 2 s (T1 doubling to T2,
 * RFC 3261 17.1); it is given up after ${give_up_us}, not after 32 s.  A refused INVITE
 * is acknowledged, each time the refusal comes; an INVITE that is not refused by then is
 * cancelled, so that nothing keeps ringing.  Times are monotonic microseconds.
 */
struct ph_sip_client {
	struct ph_sip_call call;
	enum ph_sip_method method;
	uint64_t next_us, give_up_us, interval_us, sent_us;
	unsigned sent;			/* times the request was sent */
	bool ack_due, cancel_due, cancelled, done;
	char to_tag[128];
	enum ph_sip_reply reply;	/* the best so far: final before provisional */
	unsigned status;		/* of it; 0: none came */
	bool mapped;			/* the answer told where we came from: */
	ph_u128 mapped_addr;
	uint16_t mapped_port;
	uint64_t rtt_us;		/* to the first answer; 0 when the request was repeated */
};

/* ph_sip_client_init(c, call, method, give_up_us, now): OPTIONS, REGISTER or INVITE. */
void ph_sip_client_init(struct ph_sip_client *, const struct ph_sip_call *, enum ph_sip_method,
    uint64_t, uint64_t);

/*
 * ph_sip_client_output(c, now, out, cap):
 * Write what is to be sent now; 0: nothing.  Call until it returns 0.
 */
size_t ph_sip_client_output(struct ph_sip_client *, uint64_t, uint8_t *, size_t);

/*
 * ph_sip_client_input(c, now, p, n):
 * A datagram, or one message of a stream (ph_sip_frame()).  False: not an answer to this.
 */
bool ph_sip_client_input(struct ph_sip_client *, uint64_t, const void *, size_t);

/*
 * ph_sip_client_deadline(c): when to call _output() next; UINT64_MAX: it is done, and
 * only what comes late may need an ACK.
 */
uint64_t ph_sip_client_deadline(const struct ph_sip_client *);

#endif
