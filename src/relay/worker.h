/* SPDX-License-Identifier: ISC */
#ifndef PH_RELAY_WORKER_H
#define PH_RELAY_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "os/burst.h"
#include "relay/fast_bind.h"
#include "relay/relay.h"

/* What is waited for: the first member of each that is. */
enum ph_relay_what {
	PH_RELAY_DATAGRAMS,		/* a UDP listener */
	PH_RELAY_ACCEPTS,		/* a TCP listener */
	PH_RELAY_PORT,			/* a relayed port */
	PH_RELAY_PEERS,			/* one for TCP: peers connect to it */
	PH_RELAY_LINK,			/* a connection with a peer (relay/link.h) */
	PH_RELAY_BELL,			/* another worker has handed over a stream */
	PH_RELAY_STREAM,		/* a client's connection */
};

struct ph_relay_listener {
	enum ph_relay_what what;
	int fd;
	ph_u128 addr;
	uint16_t port;
};

struct ph_relay_port {
	enum ph_relay_what what;
	int fd;
	uint32_t relay;
	ph_u128 addr;			/* where it is bound */
	uint16_t port;
	struct ph_relay_port *next;	/* closed, freed after the round */
};

struct ph_relay_stream;
struct ph_relay_link;

/*
 * Streams that other workers hand over, each with what it has read: a request that names a
 * link or a reservation can be served only by the worker that made it.
 */
struct ph_relay_inbox {
	enum ph_relay_what what;	/* PH_RELAY_BELL */
	int fd;				/* rung when there are some */
	pthread_mutex_t lock;
	struct ph_relay_stream *streams;
};

/* One thread of the relay.  Nothing in it is touched by another, but for what is atomic. */
struct ph_relay_worker {
	struct ph_relay_opts o;
	struct ph_turn_server *turn;
	struct ph_burst *burst;
	struct ph_fast_bind *fast;
	int set;
	struct ph_relay_listener listener[3 * PH_RELAY_LISTEN];
	size_t n_listeners;
	struct ph_relay_stream *streams, *dirty;	/* dirty: with something to write */
	bool leaving;			/* some streams are for another worker */
	struct ph_relay_link *links;
	bool links_over;		/* some are to be freed, or told of */
	uint32_t link_lost;		/* there was no memory for it; 0: none */
	struct ph_relay_inbox *inboxes;	/* of all workers, by their numbers */
	size_t n_streams;
	uint64_t seed[2];		/* of the hash of sources */
	uint16_t by_source[PH_RELAY_SOURCES];	/* streams, of sources that share a place */
	struct ph_relay_port *closed;
	uint64_t now, ticked_us;
	_Atomic uint64_t stats[PH_TURN_N_STATS];
	struct {
		_Atomic uint64_t streams, moved;
	} shown;			/* as the last tick had them */
	atomic_bool stop, drain;
	_Atomic(const struct ph_turn_server_config *) reload;	/* to be taken; NULL: none */
	_Atomic(struct ph_tls_identity *) identity;
};

/*
 * ph_relay_worker_init(w, opts, fast, inboxes, why): sockets and server.  0, or -errno.
 * ${fast} may be NULL; ${inboxes}: of all workers; which one this is stands in ${opts}->turn.
 */
int ph_relay_worker_init(struct ph_relay_worker *, const struct ph_relay_opts *, struct ph_fast *,
    struct ph_relay_inbox *, const char **);

void ph_relay_worker_fini(struct ph_relay_worker *);

/* ph_relay_worker_run(w): until ${stop}. */
void ph_relay_worker_run(struct ph_relay_worker *);

/* ph_relay_worker_take(w, in): something that a client said, by whatever way. */
void ph_relay_worker_take(struct ph_relay_worker *, const struct ph_turn_in *);

/* ph_relay_worker_note(w, n): write the line of an allocation's life. */
void ph_relay_worker_note(struct ph_relay_worker *, const struct ph_turn_note *);

/* --- streams --- */

/* ph_relay_stream_new(w, l, fd, from, port): of a connection that was accepted. */
void ph_relay_stream_new(struct ph_relay_worker *, const struct ph_relay_listener *, int, ph_u128,
    uint16_t);

/* ph_relay_stream_ready(w, s): go on. */
void ph_relay_stream_ready(struct ph_relay_worker *, struct ph_relay_stream *);

/* ph_relay_stream_leave(w): hand over those that other workers are to serve. */
void ph_relay_stream_leave(struct ph_relay_worker *);

/* ph_relay_stream_arrive(w): take what was handed over. */
void ph_relay_stream_arrive(struct ph_relay_worker *);

/*
 * Of a stream that is joined to a link:
 *
 * ph_relay_stream_join(s, k): from here on its bytes are the link's, which may be gone (NULL).
 * ph_relay_stream_read(s, p, n): what it has sent; -EAGAIN; 0 or -errno: its end.
 * ph_relay_stream_waiting(s): bytes that wait to be written.
 * ph_relay_stream_want(w, s, read): is more to be read from it now?
 * ph_relay_stream_finish(w, s): close it when all that waits is written.
 */
void ph_relay_stream_join(struct ph_relay_stream *, struct ph_relay_link *);
int ph_relay_stream_read(struct ph_relay_stream *, void *, size_t);
size_t ph_relay_stream_waiting(const struct ph_relay_stream *);
void ph_relay_stream_want(struct ph_relay_worker *, struct ph_relay_stream *, bool);
void ph_relay_stream_finish(struct ph_relay_worker *, struct ph_relay_stream *);

/* A message to a client: a head, the payload, and zero bytes. */
struct ph_relay_message {
	const uint8_t *head, *data;
	size_t head_len, len, tail;
	bool media;			/* may be dropped when the stream does not keep up */
};

/* ph_relay_stream_put(w, s, m): gathered until ph_relay_stream_flush(). */
void ph_relay_stream_put(struct ph_relay_worker *, struct ph_relay_stream *,
    const struct ph_relay_message *);

/* ph_relay_stream_flush(w): write what was gathered. */
void ph_relay_stream_flush(struct ph_relay_worker *);

/* ph_relay_stream_tick(w): end those that have said nothing for too long, and free the ended. */
void ph_relay_stream_tick(struct ph_relay_worker *);

/* ph_relay_stream_end_all(w). */
void ph_relay_stream_end_all(struct ph_relay_worker *);

#endif
