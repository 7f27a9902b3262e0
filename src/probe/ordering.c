/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "os/errqueue.h"
#include "os/listen.h"
#include "os/udp.h"
#include "probe/ordering.h"
#include "wire/cursor.h"

enum {
	ROOM = 1500, BATCH = 64, READY = 256, SPARE_FILES = 64,
	LABEL = 12,			/* bytes of a datagram: magic, flow, try */
	MAGIC = 0x50686c61, TELL_US = 1000000, US_A_S = 1000000,
};

struct ph_ordering_flow {
	uint32_t number;
	int fd;				/* -1: over */
	struct ph_stun_addr outside;	/* as the relay sees it; port 0: not known */
};

static void
give_random(void *arg, void *out, size_t n)
{
	(void)arg;
	if (getrandom(out, n, 0) != (ssize_t)n)
		abort();
}

/* --- labels --- */

static void
put_label(uint8_t out[LABEL], uint32_t flow, uint8_t try)
{
	struct ph_writer w = ph_writer(out, LABEL);

	ph_writer_u32(&w, MAGIC);
	ph_writer_u32(&w, flow);
	ph_writer_u32(&w, try);
}

static bool
get_label(const struct ph_ordering *x, const uint8_t *p, size_t n, uint32_t *flow, uint8_t *try)
{
	struct ph_reader r = ph_reader(p, n);
	uint32_t magic = ph_reader_u32(&r), t;

	*flow = ph_reader_u32(&r);
	t = ph_reader_u32(&r);
	*try = (uint8_t)t;
	return ph_reader_end(&r) && magic == MAGIC && *flow < x->n && t < 256;
}

static void
put(int fd, struct ph_stun_addr to, uint8_t *p, size_t n)
{
	struct ph_udp_msg m = {
		.data = p, .len = (uint32_t)n, .addr = to.addr, .port = to.port,
	};

	ph_udp_send(fd, &m, 1);
}

/* --- the ladder --- */

/* Through the allocation, to where the flow comes from. */
static void
order(struct ph_ordering *x, const struct ph_ordering_flow *f, uint8_t *label)
{
	struct ph_stun m;
	uint8_t id[12], out[ROOM];

	if (f->outside.port == 0)
		return;
	give_random(NULL, id, sizeof(id));
	ph_stun_init(&m, PH_STUN_SEND, PH_STUN_INDICATION, id);
	ph_stun_set(&m, PH_STUN_XOR_PEER_ADDRESS);
	m.peers.n = 0;
	ph_stun_add(&m.peers, f->outside.addr, f->outside.port);
	ph_stun_set(&m, PH_STUN_DATA);
	m.data = (struct ph_bytes){ label, LABEL };
	put(x->control, x->server, out, ph_stun_encode(&m, NULL, out, sizeof(out)));
}

static void
send_one(struct ph_ordering *x, const struct ph_ladder_send *s)
{
	struct ph_ordering_flow *f = &x->v[s->flow];
	uint8_t label[LABEL];

	put_label(label, s->flow, s->try);
	if (s->mode == PH_LADDER_ORDER)
		order(x, f, label);
	else if (f->fd >= 0)
		put(f->fd, x->turn.relayed, label, LABEL);
}

/* Sockets whose flow is over are closed, so that the path may forget them. */
static void
close_done(struct ph_ordering *x)
{
	for (uint32_t i = 0; i < x->n; i++)
		if (x->v[i].fd >= 0 && ph_ladder_flow_done(x->engine, i)) {
			close(x->v[i].fd);
			x->v[i].fd = -1;
		}
}

static void
climb(struct ph_ordering *x, uint64_t now)
{
	struct ph_ladder_send v[BATCH];
	size_t n;

	do {
		n = ph_ladder_output(x->engine, now, v, BATCH);
		for (size_t i = 0; i < n; i++)
			send_one(x, &v[i]);
	} while (n == BATCH);
	if (ph_ladder_result(x->engine)->done)
		ph_ordering_end(x);
	else
		close_done(x);
}

/* The allocation is there, and we are permitted as its peer. */
static void
begin(struct ph_ordering *x, uint64_t now)
{
	const struct ph_turn_peer *p = &x->turn.peer[0];

	if (x->turn.outcome == PH_TURN_READY && x->turn.n_peers == 0)
		ph_turn_permit(&x->turn, now, x->turn.mapped, false);
	else if (x->turn.n_peers > 0 && p->state == PH_TURN_PEER_REFUSED)
		x->why = "the relay does not permit this computer as a peer";
	x->begun = x->turn.n_peers > 0 && p->state == PH_TURN_PEER_READY;
}

static void
go_on(struct ph_ordering *x)
{
	uint64_t now = ph_loop_now(x->loop), at;
	uint8_t out[ROOM];
	size_t n;

	if (!x->begun)
		begin(x, now);
	while ((n = ph_turn_output(&x->turn, now, out, sizeof(out))) > 0)
		put(x->control, x->server, out, n);
	if (x->turn.outcome != PH_TURN_READY && x->turn.outcome != PH_TURN_BUSY) {
		x->why = ph_turn_outcome_sentence(x->turn.outcome);
		ph_ladder_fail(x->engine);
	}
	if (x->why != NULL)
		ph_ordering_end(x);
	else if (x->begun)
		climb(x, now);
	if (x->done)
		return;
	at = ph_turn_deadline(&x->turn);
	if (x->begun && ph_ladder_deadline(x->engine) < at)
		at = ph_ladder_deadline(x->engine);
	ph_watch_at(x->watch, at < now + TELL_US ? at : now + TELL_US);
}

/* --- what arrives --- */

static void
take(struct ph_ordering *x, const struct ph_udp_msg *m)
{
	uint64_t now = ph_loop_now(x->loop);
	struct ph_ladder_seen seen = { 0 };
	struct ph_turn_got got;
	uint32_t flow;
	uint8_t try;

	if (m->addr != x->server.addr || m->port != x->server.port ||
	    ph_turn_input(&x->turn, now, m->data, m->len, &got) != PH_TURN_DATA ||
	    !get_label(x, got.data, got.len, &flow, &try))
		return;
	x->v[flow].outside = got.peer;
	seen.addr = got.peer.addr;
	seen.port = got.peer.port;
	ph_ladder_arrived(x->engine, now, flow, try, &seen);
}

static void
on_control(void *arg, unsigned events)
{
	struct ph_ordering *x = arg;
	uint8_t bytes[ROOM];
	struct ph_udp_msg m = { .data = bytes, .len = ROOM };

	if (x->done)
		return;
	if ((events & PH_WATCH_READ) != 0)
		ph_errqueue_drain(x->control);
	while (ph_udp_recv(x->control, &m, 1) == 1) {
		take(x, &m);
		m.len = ROOM;
	}
	go_on(x);
}

static void
hear(struct ph_ordering *x, const struct ph_ordering_flow *f)
{
	uint8_t bytes[ROOM], try;
	struct ph_udp_msg m = { .data = bytes, .len = ROOM };
	uint32_t flow;

	ph_errqueue_drain(f->fd);
	while (ph_udp_recv(f->fd, &m, 1) == 1) {
		if (m.addr == x->turn.relayed.addr && m.port == x->turn.relayed.port &&
		    get_label(x, m.data, m.len, &flow, &try) && flow == f->number)
			ph_ladder_reply(x->engine, ph_loop_now(x->loop), flow, try);
		m.len = ROOM;
	}
}

static void
on_flows(void *arg, unsigned events)
{
	struct ph_ordering *x = arg;
	void *ready[READY];
	size_t n;

	(void)events;
	if (x->done)
		return;
	n = ph_pollset_ready(x->set, ready, READY);
	for (size_t i = 0; i < n; i++)
		hear(x, ready[i]);
	go_on(x);
}

/* --- sockets --- */

/* Two flows a rung, or one when there are too few sockets. */
static void
choose(struct ph_ordering *x, const struct ph_ordering_opts *o)
{
	struct ph_ladder_config c = ph_ladder_normal;

	c.ordered = true;
	c.stop_at_us = (uint64_t)o->stop_at_s * US_A_S;
	if (o->cap_s > 0)
		c.cap_us = (uint64_t)o->cap_s * US_A_S;
	for (c.flows = 2; c.flows > 0; c.flows--) {
		x->engine = ph_ladder_new(x->loop->mem, &c, ph_loop_now(x->loop));
		x->n = ph_ladder_flows(x->engine);
		if (ph_udp_files(x->n + SPARE_FILES) >= x->n + SPARE_FILES)
			return;
	}
}

static int
open_flows(struct ph_ordering *x, ph_u128 from)
{
	struct ph_udp_opts u = { .addr = from };
	int err = 0;

	x->v = ph_arena_array(x->loop->mem, x->n, sizeof(*x->v));
	for (uint32_t i = 0; i < x->n; i++)
		x->v[i] = (struct ph_ordering_flow){ .number = i, .fd = -1 };
	for (uint32_t i = 0; i < x->n && err == 0; i++) {
		err = ph_udp_open(&u, &x->v[i].fd);
		if (err == 0)
			err = ph_pollset_add(x->set, x->v[i].fd, &x->v[i]);
		else
			x->v[i].fd = -1;
	}
	return err;
}

int
ph_ordering_start(struct ph_loop *l, const struct ph_ordering_opts *o, struct ph_ordering *x)
{
	struct ph_udp_opts u = { .addr = o->from };
	struct ph_turn_opts t = {
		.username = ph_str(o->turn->user), .password = ph_str(o->turn->password),
		.random = give_random,
		.family = ph_addr_is_v4(o->server.addr) ? 0 : PH_STUN_IPV6,
	};
	int err;

	*x = (struct ph_ordering){ .loop = l, .server = o->server };
	choose(x, o);
	err = ph_udp_open(&u, &x->control);
	if (err != 0) {
		x->done = true;
		return err;
	}
	err = ph_pollset_new(&x->set);
	x->there = err == 0;
	if (err == 0)
		err = open_flows(x, o->from);
	if (err == 0 && !ph_turn_init(&x->turn, &t, ph_loop_now(l)))
		x->why = "this computer has no memory left";
	x->watch = ph_watch_new(l, x->control, PH_WATCH_READ, on_control, x);
	x->flows = x->there ? ph_watch_new(l, x->set, PH_WATCH_READ, on_flows, x) : NULL;
	if (err != 0)
		ph_ordering_end(x);
	else
		go_on(x);
	return err;
}

void
ph_ordering_end(struct ph_ordering *x)
{
	uint8_t out[ROOM];
	size_t n;

	if (x->done)
		return;
	x->done = true;
	if (x->turn.outcome == PH_TURN_READY) {
		ph_turn_close(&x->turn, ph_loop_now(x->loop));
		while ((n = ph_turn_output(&x->turn, ph_loop_now(x->loop), out, sizeof(out))) > 0)
			put(x->control, x->server, out, n);
	}
	ph_turn_fini(&x->turn);
	for (uint32_t i = 0; i < x->n && x->v != NULL; i++)
		if (x->v[i].fd >= 0)
			close(x->v[i].fd);
	ph_watch_end(x->watch);
	if (x->flows != NULL)
		ph_watch_end(x->flows);
	if (x->there)
		close(x->set);
	close(x->control);
}
