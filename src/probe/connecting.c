/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "os/errqueue.h"
#include "os/tcp.h"
#include "os/tls.h"
#include "probe/connecting.h"
#include "probe/hello.h"

enum {
	TRIES = 5, TRY_GAP_US = 500000,
	PACE_US = 4000,			/* between connections: no burst that looks like a scan */
	LOOKS = 2, GAPS = 5, CLOSER = 96,	/* closer looks; gaps of one; ports of a gap */
	CLOSER_PACE_US = 10000,		/* the far end has room for so many connections */
};

/* One connection of one port. */
struct attempt {
	struct ph_connecting_one *port;
	struct ph_watch *watch;
	struct ph_tls *tls;		/* NULL: none is spoken */
	int fd;
	bool connected, shaking, asked;
	unsigned round;
	uint64_t asked_us, due_us;
	uint8_t bytes[PH_HELLO_MAX];
	size_t len;
};

struct ph_connecting_one {
	struct ph_connecting *all;
	struct ph_sample s;
	bool decided, connected;
	bool closer;			/* between two that have held: one exchange is enough */
	uint32_t rtt_us;
	struct attempt try[TRIES];
	struct ph_watch *watch;		/* for the next attempt, and the end */
	uint64_t started_us;
};

static void
close_attempt(struct attempt *a)
{
	if (a->watch == NULL)
		return;
	ph_watch_end(a->watch);
	a->watch = NULL;
	ph_tls_free(a->tls);
	a->tls = NULL;
	ph_tcp_abort(a->fd);
}

static bool look_closer(struct ph_connecting *);
static void finish(struct ph_connecting *);

static void
decide(struct ph_connecting_one *p, enum ph_verdict v, const char *why)
{
	struct ph_connecting *c = p->all;

	if (p->decided)
		return;
	p->decided = true;
	p->s.verdict = v;
	p->s.way = v == PH_BLOCKED ? PH_WAY_UNSURE : PH_WAY_NONE;
	p->s.why = why;
	for (unsigned i = 0; i < TRIES; i++)
		close_attempt(&p->try[i]);
	ph_watch_end(p->watch);
	if (--c->open_ones > 0 || look_closer(c))
		return;
	finish(c);
}

/* Who said no: the offender of the last ICMP message, if there is one. */
static void
take_icmp(struct ph_connecting_one *p, int fd)
{
	struct ph_errqueue_item item;
	uint8_t bytes[64];

	while (ph_errqueue_take(fd, bytes, sizeof(bytes), &item) == 1) {
		if (item.local || !item.has_offender)
			continue;
		p->s.evidence.has_icmp = true;
		p->s.evidence.icmp_from = item.offender;
		p->s.evidence.icmp_type = item.type;
		p->s.evidence.icmp_code = item.code;
	}
}

static void
local_refusal(struct ph_connecting_one *p, int err)
{
	p->s.by_host = true;
	decide(p, PH_BLOCKED, err == EPERM || err == EACCES ?
	    "not permitted by a firewall on this computer" : strerror(err));
}

static int
put(struct attempt *a, const void *p, size_t n)
{
	return a->tls != NULL ? ph_tls_write(a->tls, p, n) : ph_tcp_send(a->fd, p, n);
}

/* -EAGAIN: nothing is there yet; 0: the other end has closed. */
static int
get(struct attempt *a, void *p, size_t n)
{
	int got;

	if (a->tls == NULL)
		return ph_tcp_recv(a->fd, p, n);
	got = ph_tls_read(a->tls, p, n);
	return got == 0 ? -EAGAIN : got == -EPIPE ? 0 : got;
}

static void
say(struct attempt *a, uint64_t now)
{
	struct ph_connecting_one *p = a->port;
	size_t n = ph_hello_make(p->all->session, p->s.port, (uint8_t)a->round, a->bytes);

	a->asked = true;
	a->asked_us = now;
	a->len = 0;
	if (put(a, a->bytes, n) != (int)n)
		decide(p, PH_BLOCKED, "the connection was cut after it was opened");
	else
		ph_watch_at(a->watch, now + p->all->o.silence_us);
}

/* The far end tells the secret of what it takes for this connection. */
static void
compare(void *arg, const uint8_t *theirs)
{
	struct attempt *a = arg;
	struct ph_connecting_one *p = a->port;
	uint8_t ours[32];

	if (p->decided)
		return;
	if (theirs == NULL || !ph_tls_exporter(a->tls, ours)) {
		decide(p, PH_UNKNOWN, "the far end does not tell the secret of its connection");
	} else if (memcmp(theirs, ours, sizeof(ours)) != 0) {
		p->all->intercepted = true;
		decide(p, PH_BLOCKED, "TLS is intercepted: the two ends share no secret");
	} else {
		decide(p, PH_OPEN, NULL);
	}
}

static void
hear(struct attempt *a, uint64_t now)
{
	struct ph_connecting_one *p = a->port;
	int n = get(a, a->bytes + a->len, sizeof(a->bytes) - a->len), answer;

	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		decide(p, PH_BLOCKED, a->round > 0 ? "the connection was cut while in use" :
		    "the connection was cut after it was opened");
		return;
	}
	a->len += (size_t)n;
	answer = ph_hello_check(p->all->session, p->s.port, (uint8_t)a->round, a->bytes, a->len);
	if (answer == 0)
		return;
	if (answer < 0) {
		decide(p, PH_BLOCKED, "somebody else than the far end answers");
		return;
	}
	if (p->rtt_us == 0 || now - a->asked_us < p->rtt_us)
		p->rtt_us = (uint32_t)(now - a->asked_us);
	a->asked = false;
	p->s.evidence.received_in++;
	if (++a->round < (p->closer ? 1 : p->all->o.rounds)) {
		ph_watch_at(a->watch, now + p->all->o.gap_us);
	} else if (a->tls == NULL) {
		decide(p, PH_OPEN, NULL);
	} else {
		ph_watch_at(a->watch, UINT64_MAX);
		ph_session_exporter(p->all->session, p->s.port, compare, a);
	}
}

static void
shake(struct attempt *a, uint64_t now)
{
	struct ph_connecting_one *p = a->port;
	struct ph_tls_wants w;
	enum ph_tls_fault fault;

	switch (ph_tls_shake(a->tls)) {
	case PH_TLS_SHAKING:
		w = ph_tls_wants(a->tls);
		ph_watch_events(a->watch, w.write ? PH_WATCH_WRITE : PH_WATCH_READ);
		return;
	case PH_TLS_READY:
		a->shaking = false;
		ph_watch_events(a->watch, PH_WATCH_READ);
		say(a, now);
		return;
	case PH_TLS_FAILED:
		fault = ph_tls_fault(a->tls);
		p->all->intercepted |= fault == PH_TLS_OTHER_KEY;
		decide(p, PH_BLOCKED, fault == PH_TLS_OTHER_KEY ?
		    "TLS is intercepted: somebody else's certificate is shown" :
		    ph_tls_fault_name(fault));
		return;
	}
}

static void
begin_tls(struct attempt *a, uint64_t now)
{
	const struct ph_connecting_opts *o = &a->port->all->o;
	struct ph_tls_opts t = { .key = o->key, .peer = o->peer };

	if (ph_tls_client(a->fd, &t, &a->tls) != 0) {
		decide(a->port, PH_UNKNOWN, "this computer has no memory left");
		return;
	}
	a->shaking = true;
	ph_watch_at(a->watch, now + o->silence_us);
	shake(a, now);
}

static void
settle(struct attempt *a, uint64_t now)
{
	struct ph_connecting_one *p = a->port;
	int err;

	switch (ph_tcp_outcome(a->fd, &err)) {
	case PH_TCP_PENDING:
		return;
	case PH_TCP_OPEN:
		a->connected = p->connected = true;
		p->s.evidence.received_out++;
		ph_watch_events(a->watch, PH_WATCH_READ);
		if (ph_ranges_has(p->all->o.tls, p->s.port))
			begin_tls(a, now);
		else
			say(a, now);
		return;
	case PH_TCP_REFUSED:
		take_icmp(p, a->fd);
		decide(p, PH_BLOCKED, "the connection was refused");
		return;
	case PH_TCP_UNREACHABLE:
		take_icmp(p, a->fd);
		p->s.by_host = !p->s.evidence.has_icmp;
		decide(p, PH_BLOCKED, strerror(err));
		return;
	case PH_TCP_LOCAL:
		local_refusal(p, err);
		return;
	}
}

static void
on_attempt(void *arg, unsigned events)
{
	struct attempt *a = arg;
	struct ph_connecting_one *p = a->port;
	uint64_t now = ph_loop_now(p->all->loop);

	if (p->decided)
		return;
	if (!a->connected)
		settle(a, now);
	else if (a->shaking && (events & (PH_WATCH_READ | PH_WATCH_WRITE)) != 0)
		shake(a, now);
	else if (a->shaking)
		decide(p, PH_BLOCKED, "TLS goes silent in its handshake");
	else if ((events & PH_WATCH_READ) != 0)
		hear(a, now);
	else if ((events & PH_WATCH_TIME) != 0 && a->asked)
		decide(p, PH_BLOCKED, a->round > 0 ? "the connection went silent while in use" :
		    "the connection went silent after it was opened");
	else if ((events & PH_WATCH_TIME) != 0)
		say(a, now);
}

static void
attempt(struct ph_connecting_one *p)
{
	struct ph_connecting *c = p->all;
	struct attempt *a = &p->try[p->s.evidence.tries];
	int err = ph_tcp_connect(c->o.to, p->s.port, c->o.from, &a->fd);

	p->s.evidence.tries++;
	p->s.evidence.sent++;
	if (err != 0) {
		local_refusal(p, -err);
		return;
	}
	a->port = p;
	a->watch = ph_watch_new(c->loop, a->fd, PH_WATCH_WRITE, on_attempt, a);
}

static void
give_up(struct ph_connecting_one *p)
{
	if (ph_session_failure(p->all->session) != NULL)
		decide(p, PH_UNKNOWN, "the test server was lost");
	else
		decide(p, PH_BLOCKED, "no answer");
}

static void
on_port(void *arg, unsigned events)
{
	struct ph_connecting_one *p = arg;
	uint64_t now = ph_loop_now(p->all->loop);

	(void)events;
	if (p->decided)
		return;
	if (p->started_us == 0)
		p->started_us = now;
	if (now >= p->started_us + p->all->o.silence_us && !p->connected) {
		give_up(p);
		return;
	}
	if (p->s.evidence.tries < TRIES && !p->connected)
		attempt(p);
	if (!p->decided)
		ph_watch_at(p->watch, p->s.evidence.tries < TRIES ? now + TRY_GAP_US :
		    p->started_us + p->all->o.silence_us);
}

static void
add_port(struct ph_connecting *c, uint16_t port, const struct ph_ranges *unbound)
{
	struct ph_connecting_one *p = PH_NEW(c->loop->mem, struct ph_connecting_one);

	*PH_PUSH(c->loop->mem, c->v, c->n, c->cap) = p;
	*p = (struct ph_connecting_one){ .all = c, .s.port = port, .closer = c->looks > 0 };
	if (unbound == NULL || ph_ranges_has(unbound, port)) {
		p->decided = true;
		p->s.verdict = PH_NOT_TESTED;
		p->s.why = "the test server cannot use this port";
		return;
	}
	c->open_ones++;
	p->watch = ph_watch_new(c->loop, -1, 0, on_port, p);
	ph_watch_at(p->watch, ph_loop_now(c->loop) +
	    c->open_ones * (p->closer ? CLOSER_PACE_US : PACE_US));
}

static int
by_port(const void *a, const void *b)
{
	const struct ph_connecting_one *x = *(struct ph_connecting_one *const *)a;
	const struct ph_connecting_one *y = *(struct ph_connecting_one *const *)b;

	return (x->s.port > y->s.port) - (x->s.port < y->s.port);
}

static void
add_ports(struct ph_connecting *c, const struct ph_ranges *ports,
    const struct ph_ranges *unbound)
{
	for (size_t i = 0; i < ports->n; i++)
		for (ph_u128 p = ports->r[i].lo; p <= ports->r[i].hi; p++)
			add_port(c, (uint16_t)p, unbound);
	qsort(c->v, c->n, sizeof(struct ph_connecting_one *), by_port);
}

/* --- closer looks --- */

/* One open, one blocked, and ports between them that nobody tried. */
static bool
is_gap(const struct ph_connecting *c, const struct ph_sample *a, const struct ph_sample *b)
{
	if (b->port - a->port < 2 || a->by_host || b->by_host || a->verdict == b->verdict ||
	    (a->verdict != PH_OPEN && a->verdict != PH_BLOCKED) ||
	    (b->verdict != PH_OPEN && b->verdict != PH_BLOCKED))
		return false;
	return ph_ranges_subset(ph_ranges_one(c->loop->mem, a->port, b->port), c->o.whole);
}

static const struct ph_ranges *
closer_ports(const struct ph_connecting *c)
{
	const struct ph_ranges *out = ph_ranges_none();
	unsigned gaps = 0;

	for (size_t i = 0; i + 1 < c->n && gaps < GAPS; i++) {
		const struct ph_sample *a = &c->v[i]->s, *b = &c->v[i + 1]->s;

		if (!is_gap(c, a, b))
			continue;
		gaps++;
		out = ph_ranges_union(c->loop->mem, out, ph_sample_ports(c->loop->mem,
		    ph_ranges_one(c->loop->mem, a->port + 1U, b->port - 1U), CLOSER, CLOSER));
	}
	return out;
}

static void
finish(struct ph_connecting *c)
{
	c->done = true;
	if (c->on_done != NULL)
		c->on_done(c->arg);
}

static void
on_closer_bound(void *arg, const struct ph_session_bound *b)
{
	struct ph_connecting *c = arg;

	if (c->done)
		return;
	if (b != NULL)
		add_ports(c, c->closer, b->failed);
	if (c->open_ones == 0)
		finish(c);
}

/* All are decided: false when there is no more to be found out. */
static bool
look_closer(struct ph_connecting *c)
{
	if (c->o.whole == NULL || c->looks >= LOOKS ||
	    ph_session_failure(c->session) != NULL)
		return false;
	c->closer = closer_ports(c);
	if (c->closer->n == 0)
		return false;
	c->looks++;
	ph_session_bind(c->session, PH_CONTROL_TCP, c->closer, on_closer_bound, c);
	return true;
}

void
ph_connecting_start(struct ph_loop *l, struct ph_session *s,
    const struct ph_connecting_opts *o, struct ph_connecting *c)
{
	*c = (struct ph_connecting){ .loop = l, .session = s, .o = *o };
	add_ports(c, o->ports, o->unbound);
	c->done = c->open_ones == 0;
}

void
ph_connecting_end(struct ph_connecting *c)
{
	c->o.whole = NULL;
	for (size_t i = 0; i < c->n; i++)
		decide(c->v[i], PH_UNKNOWN, "there was no time to finish");
	c->done = true;
}

void
ph_connecting_doubt(struct ph_connecting *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i]->s.verdict == PH_BLOCKED && !c->v[i]->s.by_host) {
			c->v[i]->s.verdict = PH_UNKNOWN;
			c->v[i]->s.way = PH_WAY_NONE;
			c->v[i]->s.why = "the test server was lost";
		}
}

static int
by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

uint32_t
ph_connecting_observed(struct ph_arena *mem, const struct ph_connecting *c,
    const struct ph_ranges *ports, struct ph_observed **out, size_t *n_out, unsigned *between)
{
	uint32_t *rtt = ph_arena_array(mem, c->n + 1, sizeof(*rtt));
	struct ph_sample *v = ph_arena_array(mem, c->n + 1, sizeof(*v));
	size_t n_rtt = 0;

	for (size_t i = 0; i < c->n; i++) {
		v[i] = c->v[i]->s;
		if (c->v[i]->rtt_us > 0 && ph_ranges_has(ports, v[i].port))
			rtt[n_rtt++] = c->v[i]->rtt_us;
	}
	*between = ph_sample_parts(mem, v, c->n, ports, out, n_out);
	qsort(rtt, n_rtt, sizeof(*rtt), by_number);
	return n_rtt > 0 ? rtt[n_rtt / 2] : 0;
}
