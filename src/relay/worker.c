/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/errqueue.h"
#include "os/listen.h"
#include "os/udp.h"
#include "relay/link.h"

enum {
	READY = 256, TURN = 16,		/* messages of one socket in a row */
	WAIT_MS = 500, US = 1000000,
	BUFFER = 4 << 20,		/* bytes that a listener can hold */
	PORT_BUFFER = 1 << 18,
	SCRATCH = 66000,
};

/* --- what the server asks for --- */

static void
give_random(void *arg, void *p, size_t n)
{
	(void)arg;
	if (RAND_bytes(p, (int)n) != 1)
		abort();
}

static uint64_t
wall_s(void *arg)
{
	(void)arg;
	return (uint64_t)time(NULL);
}

static bool
open_port(void *arg, struct ph_turn_port *p)
{
	struct ph_relay_worker *w = arg;
	struct ph_burst_opts o = { .addr = p->at.addr, .port = p->at.port, .rcvbuf = PORT_BUFFER };
	struct ph_relay_port *port = malloc(sizeof(*port));

	if (port == NULL)
		return false;
	*port = (struct ph_relay_port){
		.what = p->tcp ? PH_RELAY_PEERS : PH_RELAY_PORT, .relay = p->relay,
		.addr = p->at.addr, .port = p->at.port,
	};
	if ((p->tcp ? ph_listen_shared(p->at.addr, p->at.port, &port->fd) :
	    ph_burst_open(&o, &port->fd)) != 0) {
		free(port);
		return false;
	}
	if (ph_pollset_add(w->set, port->fd, port) != 0) {
		close(port->fd);
		free(port);
		return false;
	}
	p->handle = (uintptr_t)port;
	return true;
}

/* Events of this round may still point to it. */
static void
close_port(void *arg, uint32_t relay, uint64_t handle)
{
	struct ph_relay_worker *w = arg;
	struct ph_relay_port *p = (struct ph_relay_port *)(uintptr_t)handle;

	(void)relay;
	ph_burst_flush(w->burst);	/* what was gathered leaves by its socket */
	close(p->fd);
	p->fd = -1;
	p->next = w->closed;
	w->closed = p;
}

static void
to_client(void *arg, const struct ph_turn_conn *c, const void *p, size_t n)
{
	struct ph_relay_worker *w = arg;
	struct ph_udp_msg u = {
		.data = (uint8_t *)(uintptr_t)p, .len = (uint32_t)n, .addr = c->client,
		.port = c->client_port,
	};
	struct ph_relay_message m = { .head = p, .head_len = n, .data = p };

	if (c->via == PH_TURN_VIA_UDP)
		ph_udp_send((int)c->handle, &u, 1);
	else
		ph_relay_stream_put(w, (struct ph_relay_stream *)(uintptr_t)c->handle, &m);
}

static void
to_peer(void *arg, const struct ph_turn_out *o)
{
	struct ph_relay_port *p = (struct ph_relay_port *)(uintptr_t)o->handle;
	struct ph_udp_msg m = {
		.data = (uint8_t *)(uintptr_t)o->data, .len = (uint32_t)o->len,
		.addr = o->peer.addr, .port = o->peer.port, .ttl = o->ip.ttl,
		.has_tos = true, .tos = o->ip.tos,
	};

	(void)arg;
	if (o->ip.df)
		ph_udp_df(p->fd, !ph_addr_is_v4(o->peer.addr), PH_UDP_NO_FRAGMENT);
	ph_udp_send(p->fd, &m, 1);
	if (o->ip.df)
		ph_udp_df(p->fd, !ph_addr_is_v4(o->peer.addr), PH_UDP_MAY_FRAGMENT);
}

static void
connect_link(void *arg, uint32_t link, uint64_t handle, struct ph_stun_addr peer)
{
	ph_relay_link_connect(arg, link, (struct ph_relay_port *)(uintptr_t)handle, peer);
}

static void
join_link(void *arg, uint32_t link, const struct ph_turn_conn *c)
{
	ph_relay_link_join(arg, link, (struct ph_relay_stream *)(uintptr_t)c->handle);
}

static void
drop_link(void *arg, uint32_t link)
{
	ph_relay_link_drop(arg, link);
}

static void
note(void *arg, const struct ph_turn_note *n)
{
	struct ph_relay_worker *w = arg;

	ph_fast_bind_note(w->fast, w->turn, n);
	ph_relay_worker_note(w, n);
}

/* --- sockets --- */

static int
listen_datagrams(struct ph_relay_worker *w, ph_u128 addr)
{
	struct ph_burst_opts b = {
		.addr = addr, .port = w->o.port, .shared = true, .rcvbuf = BUFFER,
	};
	struct ph_relay_listener *l = &w->listener[w->n_listeners];
	int err = ph_burst_open(&b, &l->fd);

	if (err != 0)
		return err;
	w->n_listeners++;
	l->what = PH_RELAY_DATAGRAMS;
	l->addr = addr;
	l->port = w->o.port;
	return ph_pollset_add(w->set, l->fd, l);
}

static int
listen_streams(struct ph_relay_worker *w, ph_u128 addr, uint16_t port)
{
	struct ph_relay_listener *l = &w->listener[w->n_listeners];
	int err = port == 0 ? 0 : ph_listen_shared(addr, port, &l->fd);

	if (err != 0 || port == 0)
		return err;
	w->n_listeners++;
	l->what = PH_RELAY_ACCEPTS;
	l->addr = addr;
	l->port = port;
	return ph_pollset_add(w->set, l->fd, l);
}

static int
listen_all(struct ph_relay_worker *w, const char **why)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < w->o.n_listen; i++) {
		*why = "the relay's UDP port";
		err = listen_datagrams(w, w->o.listen[i]);
		*why = "the relay's TCP port";
		if (err == 0)
			err = listen_streams(w, w->o.listen[i], w->o.port);
		*why = "the relay's TLS port";
		if (err == 0)
			err = listen_streams(w, w->o.listen[i], w->o.tls_port);
	}
	return err;
}

int
ph_relay_worker_init(struct ph_relay_worker *w, const struct ph_relay_opts *o,
    struct ph_fast *fast, struct ph_relay_inbox *inboxes, const char **why)
{
	struct ph_turn_ops ops = {
		.arg = w, .random = give_random, .wall_s = wall_s, .open = open_port,
		.close = close_port, .to_client = to_client, .to_peer = to_peer, .note = note,
		.connect = connect_link, .join = join_link, .drop = drop_link,
	};
	int err;

	*w = (struct ph_relay_worker){ .o = *o, .set = -1, .inboxes = inboxes };
	atomic_store(&w->identity, o->identity);
	w->now = w->ticked_us = ph_clock_us();
	give_random(w, w->seed, sizeof(w->seed));
	*why = "memory";
	w->fast = ph_fast_bind_new(fast, o->turn.limits.channels);
	err = w->fast == NULL ? -ENOMEM : ph_burst_new(&w->burst);
	if (err == 0)
		err = ph_pollset_new(&w->set);
	if (err == 0)
		err = ph_pollset_add(w->set, inboxes[o->turn.worker].fd,
		    &inboxes[o->turn.worker]);
	if (err != 0)
		return err;
	*why = NULL;
	w->turn = ph_turn_server_new(&w->o.turn, &ops, why);
	if (w->turn == NULL) {
		*why = *why == NULL ? "memory" : *why;
		return -EINVAL;
	}
	return listen_all(w, why);
}

static void
free_closed(struct ph_relay_worker *w)
{
	while (w->closed != NULL) {
		struct ph_relay_port *p = w->closed;

		w->closed = p->next;
		free(p);
	}
}

void
ph_relay_worker_fini(struct ph_relay_worker *w)
{
	if (w->turn != NULL) {
		ph_turn_server_end_all(w->turn, w->now);
		ph_relay_link_end_all(w);
		ph_relay_stream_end_all(w);
		ph_turn_server_free(w->turn);
	}
	if (w->fast != NULL && ph_fast_bind_moved(w->fast) > 0 && w->o.log != NULL)
		fprintf(w->o.log, "fast path: %llu packets of one worker\n",
		    (unsigned long long)ph_fast_bind_moved(w->fast));
	ph_fast_bind_free(w->fast);
	free_closed(w);
	for (size_t i = 0; i < w->n_listeners; i++)
		close(w->listener[i].fd);
	ph_burst_free(w->burst);
	if (w->set >= 0)
		close(w->set);
}

/* --- from clients --- */

void
ph_relay_worker_take(struct ph_relay_worker *w, const struct ph_turn_in *in)
{
	struct ph_turn_out o;

	switch (ph_turn_server_from_client(w->turn, in, w->now, &o)) {
	case PH_TURN_DROP:
		break;
	case PH_TURN_CONTROL:
		ph_turn_server_input(w->turn, in, w->now);
		break;
	case PH_TURN_RELAY:
		ph_burst_add(w->burst, &(struct ph_burst_out){
			.fd = ((struct ph_relay_port *)(uintptr_t)o.handle)->fd,
			.addr = o.peer.addr, .port = o.peer.port, .ttl = o.ip.ttl,
			.tos = o.ip.tos, .data = o.data, .len = (uint32_t)o.len,
		});
		break;
	}
}

static void
take_datagrams(struct ph_relay_worker *w, const struct ph_relay_listener *l,
    const struct ph_burst_in *m)
{
	struct ph_turn_in in = {
		.conn = { .client = m->addr, .client_port = m->port, .server = l->addr,
		    .server_port = l->port, .via = PH_TURN_VIA_UDP, .handle = (uint64_t)l->fd },
		.ip = { .tos = m->tos, .ttl = m->ttl },
	};
	uint32_t step = m->segment == 0 ? m->len : m->segment;

	for (uint32_t at = 0; at < m->len; at += step) {
		in.data = m->data + at;
		in.len = m->len - at < step ? m->len - at : step;
		ph_relay_worker_take(w, &in);
	}
}

/* --- from peers --- */

/* Longer heads than a burst takes: before the channel is bound. */
static void
send_whole(const struct ph_turn_back *b, const uint8_t *p, size_t n)
{
	static _Thread_local uint8_t bytes[SCRATCH];
	struct ph_udp_msg m = {
		.data = bytes, .len = (uint32_t)(b->head_len + n + b->tail),
		.addr = b->conn->client, .port = b->conn->client_port, .ttl = b->ip.ttl,
		.has_tos = true, .tos = b->ip.tos,
	};

	if (m.len > sizeof(bytes))
		return;
	memcpy(bytes, b->head, b->head_len);
	memcpy(bytes + b->head_len, p, n);
	memset(bytes + b->head_len + n, 0, b->tail);
	ph_udp_send((int)b->conn->handle, &m, 1);
}

static void
send_back(struct ph_relay_worker *w, const struct ph_turn_back *b, const uint8_t *p, size_t n)
{
	struct ph_relay_message m = {
		.head = b->head, .head_len = b->head_len, .data = p, .len = n, .tail = b->tail,
		.media = true,
	};
	struct ph_burst_out o = {
		.fd = (int)b->conn->handle, .addr = b->conn->client, .port = b->conn->client_port,
		.ttl = b->ip.ttl, .tos = b->ip.tos, .head_len = b->head_len, .data = p,
		.len = (uint32_t)n,
	};

	if (b->conn->via != PH_TURN_VIA_UDP) {
		ph_relay_stream_put(w, (struct ph_relay_stream *)(uintptr_t)b->conn->handle, &m);
	} else if (b->head_len > PH_BURST_HEAD || b->tail > 0) {
		send_whole(b, p, n);
	} else {
		memcpy(o.head, b->head, b->head_len);
		ph_burst_add(w->burst, &o);
	}
}

static void
take_peer(struct ph_relay_worker *w, const struct ph_relay_port *port, const struct ph_burst_in *m)
{
	struct ph_turn_peer_in in = {
		.relay = port->relay, .peer = { m->addr, m->port },
		.ip = { .tos = m->tos, .ttl = m->ttl },
	};
	uint32_t step = m->segment == 0 ? m->len : m->segment;
	struct ph_turn_back b;

	for (uint32_t at = 0; at < m->len || at == 0; at += step) {
		in.len = m->len - at < step ? m->len - at : step;
		if (ph_turn_server_from_peer(w->turn, &in, w->now, &b) == PH_TURN_RELAY)
			send_back(w, &b, m->data + at, in.len);
		if (step == 0)
			break;
	}
}

/* What routers and hosts answered to what was sent to peers. */
static void
take_icmp(struct ph_relay_worker *w, const struct ph_relay_port *p)
{
	struct ph_errqueue_item e;
	uint8_t bytes[64];

	while (p->fd >= 0 && ph_errqueue_take(p->fd, bytes, sizeof(bytes), &e) == 1) {
		struct ph_stun_addr to = { e.to, e.to_port };
		struct ph_stun_icmp icmp = { e.type, e.code, e.mtu };

		if (!e.local)
			ph_turn_server_icmp(w->turn, p->relay, to, icmp, w->now);
	}
}

/* --- the loop --- */

/* Messages of one socket, some at a time; true when there may be more. */
static bool
drain(struct ph_relay_worker *w, void *what)
{
	const enum ph_relay_what *kind = what;
	const struct ph_relay_listener *l = what;
	const struct ph_relay_port *p = what;
	const struct ph_burst_in *in;
	int fd = *kind == PH_RELAY_PORT ? p->fd : l->fd, n;

	if (fd < 0)
		return false;
	if (ph_burst_free_slots(w->burst) < TURN)
		ph_burst_flush(w->burst);
	n = ph_burst_recv(w->burst, fd, TURN, &in);
	for (int i = 0; i < n; i++)
		if (*kind == PH_RELAY_PORT)
			take_peer(w, p, &in[i]);
		else
			take_datagrams(w, l, &in[i]);
	if (n <= 0 && *kind == PH_RELAY_PORT)
		take_icmp(w, p);
	else if (n <= 0)
		ph_errqueue_drain(fd);
	return n == TURN;
}

static void
accept_all(struct ph_relay_worker *w, const struct ph_relay_listener *l)
{
	ph_u128 from;
	uint16_t port;
	int fd;

	while (ph_listen_accept(l->fd, &from, &port, &fd) == 0)
		ph_relay_stream_new(w, l, fd, from, port);
}

static void
tick(struct ph_relay_worker *w)
{
	const struct ph_turn_server_config *c = atomic_exchange(&w->reload, NULL);
	const uint64_t *v = ph_turn_server_stats(w->turn);
	const char *why;

	w->ticked_us = w->now;
	if (c != NULL && !ph_turn_server_reload(w->turn, c, w->now, &why) && w->o.log != NULL)
		fprintf(w->o.log, "the relay goes on as it was: %s\n", why);
	if (atomic_load(&w->drain))
		ph_turn_server_drain(w->turn, true, NULL);
	ph_turn_server_tick(w->turn, w->now);
	ph_fast_bind_tick(w->fast, w->turn);
	ph_relay_stream_tick(w);
	for (int i = 0; i < PH_TURN_N_STATS; i++)
		atomic_store_explicit(&w->stats[i], v[i], memory_order_relaxed);
	atomic_store_explicit(&w->shown.streams, w->n_streams, memory_order_relaxed);
	atomic_store_explicit(&w->shown.moved, ph_fast_bind_moved(w->fast),
	    memory_order_relaxed);
}

static void
serve(struct ph_relay_worker *w, void **ready, size_t n)
{
	bool more = true;

	for (size_t i = 0; i < n; i++) {
		const enum ph_relay_what *what = ready[i];

		if (*what == PH_RELAY_ACCEPTS)
			accept_all(w, ready[i]);
		else if (*what == PH_RELAY_STREAM)
			ph_relay_stream_ready(w, ready[i]);
		else if (*what == PH_RELAY_PEERS)
			ph_relay_link_accept(w, ready[i]);
		else if (*what == PH_RELAY_LINK)
			ph_relay_link_ready(w, ready[i]);
		else if (*what == PH_RELAY_BELL)
			ph_relay_stream_arrive(w);
	}
	for (int round = 0; more && round < READY / TURN; round++) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			const enum ph_relay_what *what = ready[i];

			if (*what == PH_RELAY_DATAGRAMS || *what == PH_RELAY_PORT)
				more |= drain(w, ready[i]);
		}
	}
	ph_burst_flush(w->burst);
	ph_relay_link_settle(w);
	ph_relay_stream_flush(w);
	ph_relay_stream_leave(w);
}

void
ph_relay_worker_run(struct ph_relay_worker *w)
{
	void *ready[READY];

	while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		size_t n = ph_pollset_wait(w->set, ready, READY, WAIT_MS);

		w->now = ph_clock_us();
		serve(w, ready, n);
		if (w->now - w->ticked_us >= US)
			tick(w);
		free_closed(w);
	}
}
