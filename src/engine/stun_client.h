/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_STUN_CLIENT_H
#define PH_ENGINE_STUN_CLIENT_H

#include "wire/stun.h"

/*
 * DOC: STUN transactions
 *
 * RFC 8489 6.2.1 sends at most Rc = 7 times, first after RTO = 500 ms and then after twice
 * the time before, and waits Rm = 16 RTO after the last: 39.5 s.  A probe that says
 * "blocked" wants to know it in less: here a request goes out five times with the same
 * transaction id, and is given up three seconds after the first.  Five of five lost
 * happens once in ten million requests at 3 % loss each way.  Over a stream it goes
 * out once, and gets five seconds (RFC: Ti = 39.5 s).
 *
 * A late answer to an earlier try counts as well as any; the round trip time is known
 * only when there was one try (Karn).
 *
 * Times are monotonic microseconds.
 */
enum { PH_STUN_TRIES = 5 };

struct ph_stun_try {
	bool stream;
	uint8_t sent;
	uint64_t first_us, due_us;	/* due: next try, or the end */
};

/* ph_stun_try_start(t, stream, now): from the beginning; due at once. */
void ph_stun_try_start(struct ph_stun_try *, bool stream, uint64_t);

/* ph_stun_try_over(t, now): have all tries had their time? */
bool ph_stun_try_over(const struct ph_stun_try *, uint64_t);

/* ph_stun_try_sent(t, now): one more try went out. */
void ph_stun_try_sent(struct ph_stun_try *, uint64_t);

/* ph_stun_try_rtt(t, now): for an answer now; 0 when not known. */
uint64_t ph_stun_try_rtt(const struct ph_stun_try *, uint64_t);

enum ph_stun_outcome {
	PH_STUN_WAITING,
	PH_STUN_ANSWERED,
	PH_STUN_SILENT,			/* no answer */
	PH_STUN_ALTERNATE,		/* 300: ask ${alternate} */
	PH_STUN_REFUSED,		/* another error; 420 when CHANGE-REQUEST is not known */
	PH_STUN_GARBLED,		/* an answer without an address */
};

/*
 * One Binding request.  Without the magic cookie a server is of RFC 3489 and answers
 * with MAPPED-ADDRESS alone, which is taken too.
 */
struct ph_stun_client {
	struct ph_stun_try try;
	uint8_t id[12];
	uint32_t change;		/* CHANGE-REQUEST, 0: none */
	enum ph_stun_outcome outcome;
	/* with an answer: */
	struct ph_stun_addr mapped;	/* ours, as the server sees it */
	struct ph_stun_addr other;	/* OTHER-ADDRESS; port 0: none */
	struct ph_stun_addr alternate;
	uint16_t code;			/* of an error */
	bool rewritten;			/* MAPPED- and XOR-MAPPED-ADDRESS differ: somebody on
					 * the way changes addresses inside packets */
	uint64_t rtt_us;		/* 0: not known */
};

/* ph_stun_client_init(x, id, stream, now): ${id} of 12 random bytes. */
void ph_stun_client_init(struct ph_stun_client *, const void *, bool stream, uint64_t);

/* ph_stun_client_output(x, now, out, cap): bytes of the request to send now, or 0. */
size_t ph_stun_client_output(struct ph_stun_client *, uint64_t, void *, size_t);

/* ph_stun_client_input(x, now, p, n): true when it was the answer to this request. */
bool ph_stun_client_input(struct ph_stun_client *, uint64_t, const void *, size_t);

/* ph_stun_client_deadline(x): when to ask for output again; UINT64_MAX: it is over. */
uint64_t ph_stun_client_deadline(const struct ph_stun_client *);

/* ph_stun_outcome_word(outcome), _sentence(outcome): for programs, for people. */
const char *ph_stun_outcome_word(enum ph_stun_outcome);
const char *ph_stun_outcome_sentence(enum ph_stun_outcome);

#endif
