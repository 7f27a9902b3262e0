/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <openssl/rand.h>

#include "net/names.h"
#include "os/errqueue.h"
#include "os/tcp.h"
#include "os/udp.h"
#include "probe/tracing.h"
#include "wire/stun.h"

enum { GAP_US = 15000, WAIT_US = 800000 };

struct ph_tracing_copy {
	struct ph_tracing *all;
	struct ph_tracing_copy *next;
	const struct ph_public_end *end;
	struct ph_watch *watch;
	enum ph_hop_flow flow;
	uint8_t ttl;
	int fd;
	bool closed;
};

static void
close_copy(struct ph_tracing_copy *c)
{
	if (c->closed)
		return;
	c->closed = true;
	if (c->watch != NULL)
		ph_watch_end(c->watch);
	ph_tcp_abort(c->fd);
}

/* The host itself says so, or a router for it: both are the end of the way. */
static void
take_errors(struct ph_tracing_copy *c)
{
	bool v6 = !ph_addr_is_v4(c->end->to);
	struct ph_errqueue_item i;
	uint8_t bytes[64];

	while (ph_errqueue_take(c->fd, bytes, sizeof(bytes), &i) == 1) {
		if (i.local || !i.has_offender)
			continue;
		if (i.offender == c->end->to)
			ph_hop_reply(&c->all->engine, c->flow, c->ttl);
		else if (ph_errqueue_kind(v6, i.type) == PH_ERRQUEUE_EXCEEDED)
			ph_hop_exceeded(&c->all->engine, c->flow, c->ttl, i.offender);
		else if (ph_errqueue_kind(v6, i.type) == PH_ERRQUEUE_UNREACHABLE)
			ph_hop_refused(&c->all->engine, c->flow, c->ttl, i.offender);
	}
}

static void
on_copy(void *arg, unsigned events)
{
	struct ph_tracing_copy *c = arg;
	struct ph_udp_msg m;
	uint8_t bytes[512];
	int err;

	(void)events;
	if (c->closed)
		return;
	take_errors(c);
	if (c->end->proto == PH_TCP) {
		enum ph_tcp_fate fate = ph_tcp_outcome(c->fd, &err);

		if (fate == PH_TCP_PENDING)
			return;
		if (fate == PH_TCP_OPEN || fate == PH_TCP_REFUSED)
			ph_hop_reply(&c->all->engine, c->flow, c->ttl);
		close_copy(c);
		return;
	}
	m = (struct ph_udp_msg){ .data = bytes, .len = sizeof(bytes) };
	while (ph_udp_recv(c->fd, &m, 1) == 1) {
		if (m.addr == c->end->to && m.port == c->end->port)
			ph_hop_reply(&c->all->engine, c->flow, c->ttl);
		m.len = sizeof(bytes);
	}
}

static int
send_udp(struct ph_tracing_copy *c)
{
	struct ph_udp_opts o = { .addr = ph_addr_is_v4(c->end->to) ? PH_V4(0) : 0 };
	const struct ph_stun_seal seal = { .fingerprint = true };
	uint8_t id[12], bytes[128];
	struct ph_udp_msg msg = {
		.data = bytes, .addr = c->end->to, .port = c->end->port, .ttl = c->ttl,
	};
	struct ph_stun m;
	int err;

	if (RAND_bytes(id, sizeof(id)) != 1)
		return -EIO;
	err = ph_udp_open(&o, &c->fd);
	if (err != 0)
		return err;
	ph_stun_init(&m, PH_STUN_BINDING, PH_STUN_REQUEST, id);
	msg.len = (uint32_t)ph_stun_encode(&m, &seal, bytes, sizeof(bytes));
	err = ph_udp_send(c->fd, &msg, 1);
	return err == 1 ? 0 : err;
}

static void
send_copy(struct ph_tracing *x, const struct ph_hop_send *s)
{
	struct ph_tracing_copy *c = PH_NEW(x->loop->mem, struct ph_tracing_copy);
	bool tcp;
	int err;

	*c = (struct ph_tracing_copy){
		.all = x, .flow = s->flow, .ttl = s->ttl, .fd = -1, .next = x->copies,
		.end = s->flow == PH_HOP_FAILING ? x->failing : x->control,
	};
	if (c->end == NULL)
		return;
	tcp = c->end->proto == PH_TCP;
	err = tcp ? ph_tcp_connect_near(c->end->to, c->end->port, 0, s->ttl, &c->fd) : send_udp(c);
	if (c->fd < 0)
		return;
	x->copies = c;
	if (err == 0)
		c->watch = ph_watch_new(x->loop, c->fd, tcp ? PH_WATCH_WRITE : PH_WATCH_READ,
		    on_copy, c);
	if (c->watch == NULL)
		close_copy(c);
}

static void
on_time(void *arg, unsigned events)
{
	struct ph_tracing *x = arg;
	uint64_t now = ph_loop_now(x->loop), at;
	struct ph_hop_send s;

	(void)events;
	while (ph_hop_output(&x->engine, now, &s))
		send_copy(x, &s);
	at = ph_hop_deadline(&x->engine);
	if (at == UINT64_MAX)
		ph_tracing_end(x);
	else
		ph_watch_at(x->watch, at);
}

void
ph_tracing_start(struct ph_loop *l, struct ph_public_end *failing,
    const struct ph_public_end *control, struct ph_tracing *x)
{
	struct ph_hop_config c = { .far = failing->to, .gap_us = GAP_US, .wait_us = WAIT_US };

	x->loop = l;
	x->failing = failing;
	x->control = control;
	ph_hop_init(&x->engine, &c, ph_loop_now(l));
	x->watch = ph_watch_new(l, -1, 0, on_time, x);
	ph_watch_at(x->watch, ph_loop_now(l));
}

void
ph_tracing_end(struct ph_tracing *x)
{
	struct ph_public_end *e = x->failing;

	if (x->done)
		return;
	x->done = true;
	for (struct ph_tracing_copy *c = x->copies; c != NULL; c = c->next)
		close_copy(c);
	ph_watch_end(x->watch);
	e->traced = true;
	e->has_control = x->control != NULL;
	ph_hop_result(&x->engine, &e->hop);
	e->answer_ttl = x->engine.flow[PH_HOP_FAILING].reached;
	if (e->hop.hop != 0 && e->hop.where != PH_HOP_NOT_BLOCKED) {
		e->evidence.has_hop = true;
		e->evidence.hop = e->hop.addr;
		e->evidence.hop_ttl = e->hop.hop;
	}
	if (x->on_done != NULL)
		x->on_done(x->arg);
}
