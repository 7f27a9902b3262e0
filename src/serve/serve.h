/* SPDX-License-Identifier: ISC */
#ifndef PH_SERVE_SERVE_H
#define PH_SERVE_SERVE_H

#include <stdio.h>

#include "os/tls.h"
#include "net/addr.h"
#include "serve/door.h"

/*
 * DOC: The far end
 *
 * One process, one thread, one libuv loop.  Who has a key that is listed opens a
 * control connection (wire/control.h), leases ports for as long as it lasts, and is
 * told what arrived there.  To everybody else the leased ports are silent: nothing
 * that is not sealed with the session's key is answered, no answer is longer than
 * what it answers, and all go to the address that the sealed request came from.
 *
 * Beside it runs a STUN server for everybody (RFC 8489, RFC 5780).
 */
enum ph_serve_limits {
	PH_SERVE_ADDRS = 2,		/* of one family: the second one for RFC 5780 */
	PH_SERVE_LISTEN = 4,
	PH_SERVE_CLIENTS = 1024,
	PH_SERVE_PORTS = 20000,		/* of one client */
	PH_SERVE_CONNS = 256,		/* TCP connections to leased ports, of one client */
	PH_SERVE_LATER = 16384,		/* replies that wait, of all */
	PH_SERVE_SESSION_S = 1800,
	PH_SERVE_HELLO_S = 10,		/* until a connection must have said who it is */
	PH_SERVE_PPS = 200000,		/* sealed datagrams of one client, a second */
	PH_SERVE_STUN_PPS = 50,		/* unsealed requests of one source, a second */
};

struct ph_serve_opts {
	const struct ph_tls_key *key;
	const uint8_t (*clients)[PH_TLS_KEY];	/* who may use it */
	size_t n_clients;
	const ph_u128 *listen;		/* addresses; of each family at most PH_SERVE_ADDRS */
	size_t n_listen;
	uint16_t control_port;		/* 0: only by the door */
	struct ph_serve_door *door;	/* or NULL */
	uint16_t stun_port;		/* 0: no STUN service; the second port is one more */
	uint16_t stuns_port;		/* STUN over TLS; 0: only on the control port */
	FILE *log;			/* one line for a session's life */
	/* Called on SIGHUP and on SIGUSR1, between two rounds of the loop; or NULL. */
	void (*reload)(void *), (*drain)(void *);
	void *arg;
};

/*
 * ph_serve_run(opts, why): serve until SIGTERM or SIGINT.  0, or -errno with what could not
 * be done in *${why}.
 */
int ph_serve_run(const struct ph_serve_opts *, const char **);

#endif
