/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_TLS_HELLO_H
#define PH_WIRE_TLS_HELLO_H

#include "base/str.h"

/*
 * What a client of TLS says first, RFC 8446 4.1.2, as far as it tells whom it wants: the
 * server's name (RFC 6066 3) and the protocols it offers (ALPN, RFC 7301).  Nothing of it
 * is proven.
 */
enum {
	PH_TLS_HELLO_MAX = 16384,	/* bytes of records that a hello may take */
	PH_TLS_HELLO_ALPN = 8,		/* protocols that are looked at */
};

struct ph_tls_hello {
	struct ph_str name;		/* "" when none was sent */
	struct ph_str alpn[PH_TLS_HELLO_ALPN];
	size_t n_alpn;
};

enum ph_tls_hello_is {
	PH_TLS_HELLO_MORE,		/* not whole yet */
	PH_TLS_HELLO_READY,
	PH_TLS_HELLO_BAD,		/* none, or too long */
};

/*
 * ph_tls_hello_read(p, n, room, out): the ${n} bytes that came first.  ${room} has
 * PH_TLS_HELLO_MAX bytes, where a hello in several records is put together; ${out} points
 * into it.
 */
enum ph_tls_hello_is ph_tls_hello_read(const void *, size_t, uint8_t *room, struct ph_tls_hello *);

/* ph_tls_hello_offers(h, protocol). */
bool ph_tls_hello_offers(const struct ph_tls_hello *, const char *);

#endif
