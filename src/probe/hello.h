/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_HELLO_H
#define PH_PROBE_HELLO_H

#include "probe/session.h"

/*
 * What is said on a TCP port under test: a Binding Request like those of UDP, so that
 * only the responder of this session can answer, and only to whom it knows.
 */
enum { PH_HELLO_MAX = 256 };		/* bytes */

/* ph_hello_make(s, port, round, out): the request of this round; its length. */
size_t ph_hello_make(struct ph_session *, uint16_t, uint8_t, uint8_t [PH_HELLO_MAX]);

/*
 * ph_hello_check(s, port, round, p, n): 1 when ${p} is the answer to it, 0 when more has to
 * come, -1 when it is something else.
 */
int ph_hello_check(struct ph_session *, uint16_t, uint8_t, const uint8_t *, size_t);

#endif
