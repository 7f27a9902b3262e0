/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_HTTP_CONNECT_H
#define PH_WIRE_HTTP_CONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * A way through an HTTP proxy: CONNECT, RFC 9110 9.3.6 and RFC 9112 3.2.3, with Basic
 * authentication, RFC 7617.
 */
enum { PH_HTTP_CONNECT_MAX = 8192 };	/* bytes of an answer's head that are read */

enum ph_http_connect {
	PH_HTTP_MORE,			/* the head has not ended yet */
	PH_HTTP_OPEN,			/* 2xx: what follows is the other end's */
	PH_HTTP_REFUSED,		/* another status */
	PH_HTTP_BAD,			/* no HTTP, or too long */
};

/*
 * ph_http_connect_ask(host, port, account, out, cap): the request's bytes, or 0 when it does not
 * fit or ${host} has what cannot stand there.  ${account} is "name:password", or empty.
 */
size_t ph_http_connect_ask(struct ph_str host, uint16_t port, struct ph_str account, char *,
    size_t);

/* ph_http_connect_read(p, n, head, status): the head's bytes once it is whole, and its status. */
enum ph_http_connect ph_http_connect_read(const void *, size_t, size_t *, unsigned *);

#endif
