/* SPDX-License-Identifier: ISC */
#ifndef PH_SERVE_LEASE_H
#define PH_SERVE_LEASE_H

#include "serve/answer.h"
#include "os/tls.h"

/*
 * DOC: Leased ports
 *
 * What one session has bound, what arrived there, and the replies that still have to
 * be sent.  All its sockets are one set, which its owner waits for.
 */
struct ph_lease;

struct ph_lease_opts {
	ph_u128 local;			/* address on which ports are bound */
	ph_u128 client;			/* whom unasked datagrams go to */
	const struct ph_tls_key *key;	/* shown on TLS ports */
	struct ph_str name;		/* of the session; stays the caller's */
	const uint8_t *auth_key, *salt;
	size_t max_ports, max_conns, max_later, max_pps;
	size_t *room;			/* files for ports, of all leases together */
};

/* ph_lease_new(opts, out): 0, or -errno. */
int ph_lease_new(const struct ph_lease_opts *, struct ph_lease **);

/* ph_lease_free(l): everything is closed. */
void ph_lease_free(struct ph_lease *);

/* ph_lease_fd(l): readable when ph_lease_run() has something to do. */
int ph_lease_fd(const struct ph_lease *);

/*
 * ph_lease_run(l, now): receive, reply, and send what is due; the time at which it wants to
 * be called again, UINT64_MAX: never.
 */
uint64_t ph_lease_run(struct ph_lease *, uint64_t now_us);

/*
 * ph_lease_bind(l, proto, ranges, failed, max, err):
 * Listen there.  The number of ranges at ${failed} that could not be bound (at most ${max}),
 * *${err} the errno of the first, but EMFILE when room was missing.  What is bound already
 * stays so.
 */
size_t ph_lease_bind(struct ph_lease *, enum ph_control_proto, const struct ph_control_ranges *,
    struct ph_control_range *failed, size_t max, int *err);

/*
 * ph_lease_connect(l, now, ranges, failed, max, err): connect to these ports of the client and
 * answer what is asked there; what this host refuses is told as by ph_lease_bind().
 */
size_t ph_lease_connect(struct ph_lease *, uint64_t now_us, const struct ph_control_ranges *,
    struct ph_control_range *failed, size_t max, int *err);

/*
 * ph_lease_starved(l): a connection to one of its ports could not be served for want of room.
 * What the client sees then says nothing about its network.
 */
bool ph_lease_starved(const struct ph_lease *);

/* ph_lease_release(l): close all ports and forget what arrived. */
void ph_lease_release(struct ph_lease *);

/* ph_lease_send(l, send, now): send unasked datagrams, paced.  False: too many wait. */
bool ph_lease_send(struct ph_lease *, const struct ph_control_send *, uint64_t now_us);

/* ph_lease_receipts(l, from, now, out, max): receipts from number ${from} on; how many. */
size_t ph_lease_receipts(const struct ph_lease *, size_t from, uint64_t now_us,
    struct ph_control_receipt *, size_t max);

/* ph_lease_fresh(l, now, out, max): as ph_receipts_fresh(). */
size_t ph_lease_fresh(struct ph_lease *, uint64_t now_us, struct ph_control_receipt *, size_t max);

/* ph_lease_exporter(l, port, out): of the last TLS connection to a port; false: none. */
bool ph_lease_exporter(const struct ph_lease *, uint16_t, uint8_t [32]);

/*
 * ph_lease_mirror(l, of, out): what passed on a leased port on which a telephone answers; the
 * bytes stay until the next ph_lease_run().  False: there is none.
 */
bool ph_lease_mirror(const struct ph_lease *, const struct ph_control_mirror *,
    struct ph_control_mirrored *);

/*
 * ph_lease_stream(l, what): expect a stream of the client's, and answer with one.  False: the
 * port is not leased, or it would last too long.
 */
bool ph_lease_stream(struct ph_lease *, const struct ph_control_stream *);

/* ph_lease_stream_end(l, sent, out): how it arrived, of so many packets; false: there is none. */
bool ph_lease_stream_end(struct ph_lease *, uint32_t sent, struct ph_control_streamed *);

/* ph_lease_arrived(l): sealed datagrams and requests so far. */
uint64_t ph_lease_arrived(const struct ph_lease *);

#endif
