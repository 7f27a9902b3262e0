/* SPDX-License-Identifier: ISC */
#ifndef PH_TUNNEL_LINK_H
#define PH_TUNNEL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "net/addr.h"
#include "os/tls.h"
#include "space/ranges.h"

/*
 * DOC: Rungs
 *
 * The ways to a relay, best first: UDP, where a lost packet is one lost packet; TCP, where it
 * delays all that come after it; TLS on 443, which firewalls take for the web, and which goes
 * through the proxy where the site has one (wire/http_connect.h).  What is said on them is the
 * same.
 *
 * A link is one socket to the relay on one rung.  Messages go in whole and come out
 * whole.  On streams they are gathered, and written in one go before the loop waits
 * again: one TLS record carries many.  When a stream does not keep up, what does not fit its
 * queue is dropped, as the network would: media that comes late is worth nothing.
 *
 * A raw link is a stream of bytes instead, to anybody: for the program's own TCP connections.
 * What a relay gives for RFC 6062 begins as messages and then becomes one.
 */
enum ph_rung { PH_RUNG_UDP, PH_RUNG_TCP, PH_RUNG_TLS, PH_N_RUNGS };

/* Where the relay is, and how to get there. */
struct ph_via {
	uv_loop_t *loop;
	const char *host;		/* as named, for TLS */
	const char *device;		/* interface to leave by for ${taken}; NULL: as routed */
	const struct ph_ranges *taken;	/* addresses whose routes lead to our own device */
	const uint8_t *peer_key;	/* TLS: who must answer; NULL: a certificate of ${host} */
	const char *ca_file;		/* who signs such; NULL: whom this system trusts */
	bool proxy;			/* TLS: what is connected to is a proxy, to be asked for */
	uint16_t proxy_port;		/* this port of ${host} */
	struct ph_str proxy_account;	/* "name:password", or empty */
	struct ph_link *dirty;		/* links with something gathered */
};

struct ph_link;

/* ph_via_device(via, to): the interface to bind a socket to that sends to ${to}; NULL: none. */
const char *ph_via_device(const struct ph_via *, ph_u128);

/* None of these is called from within a call of the caller's; each may end the link. */
struct ph_link_opts {
	struct ph_via *via;
	enum ph_rung rung;
	ph_u128 addr;
	uint16_t port;
	void (*opened)(void *arg);	/* messages can go */
	void (*message)(void *arg, const uint8_t *p, size_t n);
	void (*lost)(void *arg, const char *why);	/* it is over, and to be ended */
	/* raw only: ${message} has bytes as they come; no more will come; all was sent */
	bool raw;
	void (*ended)(void *arg);
	void (*drained)(void *arg);
	void *arg;
};

/* ph_link_new(opts, out): begin to connect.  0, or -errno when this host refuses. */
int ph_link_new(const struct ph_link_opts *, struct ph_link **);

/* ph_link_end(l): close; NULL is fine. */
void ph_link_end(struct ph_link *);

/* ph_link_send(l, p, n): one message, padded where the rung asks for it; false: dropped. */
bool ph_link_send(struct ph_link *, const void *, size_t);

/*
 * ph_link_raw(l): from now on it is raw, beginning with the byte after the message that is being
 * taken.
 */
void ph_link_raw(struct ph_link *);

/* ph_link_owner(l, opts): from now on the calls of ${opts} are made instead. */
void ph_link_owner(struct ph_link *, const struct ph_link_opts *);

/* ph_link_write(l, p, n): raw: bytes, in order; how many were taken, 0 when it is full. */
size_t ph_link_write(struct ph_link *, const void *, size_t);

/* ph_link_backlog(l): bytes taken and not yet given to the kernel. */
size_t ph_link_backlog(const struct ph_link *);

/* ph_link_hold(l, yes): raw: give no more bytes until it is undone. */
void ph_link_hold(struct ph_link *, bool);

/* ph_link_shut(l): raw: no more will be written, once all was sent. */
void ph_link_shut(struct ph_link *);

/* ph_link_error(l): errno of why it was lost; 0: not of a system call. */
int ph_link_error(const struct ph_link *);

/*
 * ph_link_mark(l, tos): the DSCP byte of what is sent next; of datagrams only, since a stream
 * carries those of all.
 */
void ph_link_mark(struct ph_link *, uint8_t);

/* ph_link_flush(via): write what was gathered on all links. */
void ph_link_flush(struct ph_via *);

/* ph_rung_word(r), ph_rung_title(r): "turn-udp", "TURN over UDP". */
const char *ph_rung_word(enum ph_rung);
const char *ph_rung_title(enum ph_rung);

#endif
