/* SPDX-License-Identifier: ISC */
#ifndef PH_RELAY_RELAY_H
#define PH_RELAY_RELAY_H

#include <stdio.h>

#include "engine/turn_server.h"
#include "os/tls.h"

/*
 * DOC: The relay
 *
 * The TURN server of engine/turn_server.h on sockets.  Each worker is a thread with an
 * instance of its own, its own listening sockets on the same ports (SO_REUSEPORT), and its
 * own relayed ports; nothing on the way of a packet is shared.
 *
 *	client --UDP--> listener --.                        .--> port socket --> peer
 *	client --TCP--> stream ----+--> ph_turn_server ... -+
 *	client --TLS--> stream ----'     one a worker       '--  one a relayed address
 *
 * What arrives in one go is looked at, gathered and leaves in one go (os/burst.h); a stream
 * gets one write for all that peers sent to it meanwhile, and what it does not take soon
 * is dropped, as a full network would: media that is late is worth nothing.
 *
 * A TCP port takes TLS and STUN alike, by the first byte (RFC 7983's ranges), and hands on what
 * is for others by the client's hello (wire/tls_hello.h):
 *
 *	STUN		the relay
 *	TLS		"pinhole/1" is offered: the responder's control channel
 *			"stun.turn" (RFC 7443), or nothing: the relay
 *			anything else, or one of the web server's names: the web server
 *	HTTP		the web server
 */
enum ph_relay_limits {
	PH_RELAY_LISTEN = 8, PH_RELAY_WORKERS = 64,
	PH_RELAY_STREAMS = 20000,	/* of a worker */
	PH_RELAY_STREAMS_SOURCE = 1000,	/* of one address or /64, beside its allocations */
	PH_RELAY_SOURCES = 4096,	/* places where they are counted */
	PH_RELAY_SILENT_S = 30,		/* a stream without an allocation ends after so long */
};

struct ph_relay_opts {
	struct ph_turn_server_config turn;	/* of every worker; worker numbers are set here */
	ph_u128 listen[PH_RELAY_LISTEN];
	size_t n_listen;
	uint16_t port, tls_port;	/* UDP and TCP; TLS first on the other: 0, none */
	unsigned workers;		/* 0: one a processor */
	struct ph_tls_identity *identity;	/* stays the caller's; NULL: no TLS */
	/*
	 * What else comes to the TCP ports: TLS that asks for the responder's control channel, to
	 * control(), any thread; for a web server, by its protocols or its name, and HTTP.  Not a
	 * byte of these was taken; without a place to go to they are closed.
	 */
	void (*control)(void *, int fd, const struct ph_turn_conn *);
	void *control_arg;
	struct ph_stun_addr web, web_plain;	/* port 0: none */
	const struct ph_str *web_names;
	size_t n_web_names;
	const char *const *fast;	/* interfaces with a fast path (relay/fast.h) */
	size_t n_fast;			/* 0: none */
	ph_u128 metrics_addr;
	uint16_t metrics_port;		/* 0: nobody is told (relay/metrics.h) */
	FILE *log;			/* one line for an allocation's life; NULL: none */
	bool json;			/* as JSON */
};

struct ph_relay;

/*
 * ph_relay_start(opts, out, why): begin to serve, in threads of its own.  0, or -errno with what
 * could not be done in *${why}.  ${opts} is copied; what it points to stays until it is stopped.
 */
int ph_relay_start(const struct ph_relay_opts *, struct ph_relay **, const char **why);

/* ph_relay_stop(r): end all allocations and threads.  NULL is fine. */
void ph_relay_stop(struct ph_relay *);

/*
 * ph_relay_reload(r, turn, identity): users, secrets, lists and limits, and the certificate that
 * new streams see; what is there lives on.  Takes effect within a second; both stay the
 * caller's until the next reload.
 */
void ph_relay_reload(struct ph_relay *, const struct ph_turn_server_config *,
    struct ph_tls_identity *);

/* ph_relay_drain(r): take no new allocations. */
void ph_relay_drain(struct ph_relay *);

/* ph_relay_stats(r, out): PH_TURN_N_STATS numbers of all workers, at most a second old. */
void ph_relay_stats(const struct ph_relay *, uint64_t *);

#endif
