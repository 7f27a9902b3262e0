/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>

#include "os/listen.h"
#include "os/tcp.h"
#include "os/udp.h"
#include "probe/answering.h"
#include "probe/hello.h"

enum {
	TRIES = 4, GAP_US = 500000,	/* connections to a port, one after the other */
	SPARE_FILES = 64,
};

struct ph_answering_port {
	struct ph_answering *x;
	struct ph_watch *watch;		/* of the listener, then of the connection */
	int listener, fd;		/* -1: none */
	bool decided;
	struct ph_sample s;
	uint8_t bytes[PH_HELLO_MAX];
	size_t len;
};

static void
close_port(struct ph_answering_port *p)
{
	if (p->watch != NULL)
		ph_watch_end(p->watch);
	p->watch = NULL;
	if (p->fd >= 0)
		ph_tcp_abort(p->fd);
	if (p->listener >= 0)
		ph_tcp_abort(p->listener);
	p->fd = p->listener = -1;
}

static void
decide(struct ph_answering_port *p, enum ph_verdict v, const char *why)
{
	if (p->decided)
		return;
	p->decided = true;
	p->s.verdict = v;
	p->s.way = v == PH_BLOCKED ? PH_WAY_FORTH : PH_WAY_NONE;
	p->s.why = why;
	close_port(p);
	if (--p->x->open_ones == 0)
		ph_watch_at(p->x->clock, ph_loop_now(p->x->loop));
}

static void
hear(struct ph_answering_port *p)
{
	int n = ph_tcp_recv(p->fd, p->bytes + p->len, sizeof(p->bytes) - p->len), answer;

	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		decide(p, PH_BLOCKED, "the connection was cut after it was opened");
		return;
	}
	p->len += (size_t)n;
	answer = ph_hello_check(p->x->session, p->s.port, 0, p->bytes, p->len);
	if (answer > 0) {
		p->s.evidence.received_in++;
		decide(p, PH_OPEN, NULL);
	} else if (answer < 0) {
		decide(p, PH_BLOCKED, "somebody else than the far end answers");
	}
}

static void
on_conn(void *arg, unsigned events)
{
	struct ph_answering_port *p = arg;

	if (!p->decided && (events & PH_WATCH_READ) != 0)
		hear(p);
}

static void
on_listener(void *arg, unsigned events)
{
	struct ph_answering_port *p = arg;
	uint8_t ask[PH_HELLO_MAX];
	uint16_t port;
	ph_u128 from;
	size_t n;
	int fd;

	(void)events;
	while (!p->decided && p->fd < 0 && ph_listen_accept(p->listener, &from, &port, &fd) == 0) {
		if (from != p->x->to) {
			ph_tcp_abort(fd);
			continue;
		}
		p->fd = fd;
		p->s.evidence.received_out++;
		ph_watch_end(p->watch);
		p->watch = ph_watch_new(p->x->loop, fd, PH_WATCH_READ, on_conn, p);
		n = ph_hello_make(p->x->session, p->s.port, 0, ask);
		if (ph_tcp_send(fd, ask, n) != (int)n)
			decide(p, PH_BLOCKED, "the connection was cut after it was opened");
	}
}

static void
open_port(struct ph_answering *x, ph_u128 from, uint16_t port)
{
	struct ph_answering_port *p = &x->v[x->n++];
	int err;

	*p = (struct ph_answering_port){
		.x = x, .fd = -1, .listener = -1, .decided = true,
		.s = { .port = port, .verdict = PH_NOT_TESTED },
	};
	err = ph_listen(from, port, &p->listener);
	if (err == 0) {
		p->decided = false;
		p->s.evidence = (struct ph_evidence){ .sent = 0 };
		p->watch = ph_watch_new(x->loop, p->listener, PH_WATCH_READ, on_listener, p);
		x->open_ones++;
		return;
	}
	p->listener = -1;
	p->s.why = err == -EADDRINUSE ? "a program on this computer uses the port" :
	    err == -EACCES ? "to listen on ports below 1024 needs CAP_NET_BIND_SERVICE" :
	    strerror(-err);
}

/* Those on which we listen and nothing came. */
static const struct ph_ranges *
undecided(struct ph_answering *x)
{
	const struct ph_ranges *all = ph_ranges_none();

	for (size_t i = 0; i < x->n; i++)
		if (!x->v[i].decided)
			all = ph_ranges_union(x->loop->mem, all, ph_ranges_one(x->loop->mem,
			    x->v[i].s.port, x->v[i].s.port));
	return all;
}

/* What the far end could not even try says nothing of the network. */
static void
on_begun(void *arg, const struct ph_session_bound *b)
{
	struct ph_answering *x = arg;

	for (size_t i = 0; i < x->n && !x->done; i++) {
		struct ph_answering_port *p = &x->v[i];

		if (b == NULL || b->failed == NULL || ph_ranges_has(b->failed, p->s.port)) {
			if (p->s.evidence.sent == 0)
				decide(p, PH_UNKNOWN, "the test server could not connect");
		} else if (!p->decided) {
			p->s.evidence.sent++;
			p->s.evidence.tries++;
		}
	}
}

/* Once more to all that are not decided; after the last, the end. */
static void
on_clock(void *arg, unsigned events)
{
	struct ph_answering *x = arg;

	(void)events;
	if (x->open_ones == 0 || x->tries == TRIES) {
		ph_answering_end(x);
		return;
	}
	x->tries++;
	ph_session_connect(x->session, undecided(x), on_begun, x);
	ph_watch_at(x->clock, ph_loop_now(x->loop) + GAP_US);
}

void
ph_answering_start(struct ph_loop *l, struct ph_session *s, const struct ph_answering_opts *o,
    struct ph_answering *x)
{
	const struct ph_ranges *ports = o->ports;
	size_t n = 0;

	*x = (struct ph_answering){ .loop = l, .session = s, .to = o->to };
	for (size_t i = 0; i < ports->n; i++)
		n += (size_t)(ports->r[i].hi - ports->r[i].lo) + 1;
	ph_udp_files(2 * n + SPARE_FILES);
	x->v = ph_arena_array(l->mem, n, sizeof(*x->v));
	x->clock = ph_watch_new(l, -1, 0, on_clock, x);
	for (size_t i = 0; i < ports->n; i++)
		for (ph_u128 p = ports->r[i].lo; p <= ports->r[i].hi; p++)
			open_port(x, o->from, (uint16_t)p);
	ph_watch_at(x->clock, ph_loop_now(l));
}

void
ph_answering_end(struct ph_answering *x)
{
	bool lost = ph_session_failure(x->session) != NULL;

	if (x->done)
		return;
	x->done = true;
	for (size_t i = 0; i < x->n; i++)
		decide(&x->v[i], lost ? PH_UNKNOWN : PH_BLOCKED, lost ?
		    "the test server was lost" : "no connection came");
	ph_watch_end(x->clock);
	if (x->on_done != NULL)
		x->on_done(x->arg);
}

unsigned
ph_answering_observed(struct ph_arena *mem, const struct ph_answering *x,
    const struct ph_ranges *ports, struct ph_observed **out, size_t *n)
{
	struct ph_sample *v = ph_arena_array(mem, x->n + 1, sizeof(*v));

	for (size_t i = 0; i < x->n; i++)
		v[i] = x->v[i].s;
	return ph_sample_parts(mem, v, x->n, ports, out, n);
}
