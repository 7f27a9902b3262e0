/* SPDX-License-Identifier: ISC */
#ifndef PH_SERVE_ANSWER_H
#define PH_SERVE_ANSWER_H

#include "wire/control.h"
#include "wire/stun.h"

/* What a sealed request was, and what is to be said to it. */
struct ph_answer_to {
	struct ph_control_id id;
	struct ph_stun_test test;
	uint8_t id_bytes[12];
	ph_u128 from;
	uint16_t port;
	uint8_t tos, ttl;
	uint16_t len;			/* of the request */
};

/*
 * ph_answer_read(p, n, auth, name, salt, out): is this a request sealed with the session's
 * key?  Fills in what of ${out} stands in it.
 */
bool ph_answer_read(const uint8_t *, size_t, struct ph_stun_auth *, struct ph_str name,
    const uint8_t *salt, struct ph_answer_to *);

/*
 * ph_answer_make(to, count, auth, out, cap): the ${count}th reply, never longer than the
 * request; its bytes.
 */
size_t ph_answer_make(const struct ph_answer_to *, uint16_t, struct ph_stun_auth *, uint8_t *,
    size_t);

/* ph_answer_unasked(kind, number, try, salt, auth, out, cap): a sealed indication. */
size_t ph_answer_unasked(const struct ph_control_id *, const uint8_t *salt,
    struct ph_stun_auth *, uint8_t *, size_t);

#endif
