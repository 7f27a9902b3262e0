/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <openssl/rand.h>
#include <string.h>

#include "engine/stun_client.h"
#include "net/names.h"
#include "os/errqueue.h"
#include "os/tcp.h"
#include "os/tls.h"
#include "os/udp.h"
#include "probe/tracing.h"

enum {
	TRIES = 3, TRY_GAP_US = 1200000,	/* connections; SYNs are sent again by the kernel */
	SILENCE_US = 3600000,
	TLS_US = 4000000,
	PACE_US = 10000,		/* between ends: no burst that looks like a scan */
};

/* One end while it is asked. */
struct asking {
	struct running *run;
	struct ph_public_end *end;
	struct attempt {
		struct asking *a;
		struct ph_watch *watch;
		struct ph_tls *tls;
		int fd;
		uint64_t at_us;
	} try[TRIES];
	unsigned tries;
	struct attempt *shaking;	/* which of them speaks TLS */
	struct ph_stun_client stun;
	struct ph_watch *watch;		/* for time */
	uint64_t started_us;
	bool decided;
};

struct running {
	struct ph_loop loop;
	struct ph_public *p;
	size_t open_ones;
	bool done;
};

static void
close_attempt(struct attempt *t)
{
	if (t->watch == NULL)
		return;
	ph_watch_end(t->watch);
	t->watch = NULL;
	ph_tls_free(t->tls);
	ph_tcp_abort(t->fd);
}

static void
decide(struct asking *a, enum ph_public_fate fate, const char *why)
{
	if (a->decided)
		return;
	a->decided = true;
	a->end->fate = fate;
	a->end->why = why;
	for (unsigned i = 0; i < TRIES; i++)
		close_attempt(&a->try[i]);
	ph_watch_end(a->watch);
	a->run->done = --a->run->open_ones == 0;
}

/* What this computer itself says, before anything was sent. */
static void
refused_here(struct asking *a, int err)
{
	bool rule = err == EPERM || err == EACCES;

	decide(a, rule ? PH_PUBLIC_HOST : PH_PUBLIC_NO_WAY, rule ?
	    "this computer's own firewall does not let it out" :
	    err == ENETUNREACH ? "this computer has no route to it" : strerror(err));
}

/* A firewall on this computer that rejects speaks by this computer's address. */
static bool
is_own(ph_u128 offender, ph_u128 to)
{
	ph_u128 from;

	return offender != to && ph_udp_source(to, &from) == 0 && offender == from;
}

/* True when an ICMP message decided. */
static bool
take_icmp(struct asking *a, int fd)
{
	struct ph_public_end *e = a->end;
	bool v6 = !ph_addr_is_v4(e->to);
	struct ph_errqueue_item i;
	uint8_t bytes[256];

	while (!a->decided && ph_errqueue_take(fd, bytes, sizeof(bytes), &i) == 1) {
		if (i.local || !i.has_offender ||
		    ph_errqueue_kind(v6, i.type) != PH_ERRQUEUE_UNREACHABLE)
			continue;
		e->evidence.has_icmp = true;
		e->evidence.icmp_from = i.offender;
		e->evidence.icmp_type = i.type;
		e->evidence.icmp_code = i.code;
		if (is_own(i.offender, e->to))
			refused_here(a, EPERM);
		else if (ph_errqueue_prohibits(v6, i.type, i.code))
			decide(a, PH_PUBLIC_FORBIDDEN, "a rule forbids it");
		else if (i.offender == e->to)
			decide(a, PH_PUBLIC_REFUSED, "it answers that nobody listens there");
		else if (i.err == ECONNREFUSED)
			decide(a, PH_PUBLIC_FORBIDDEN, "rejected on the way");
		else
			decide(a, PH_PUBLIC_UNREACHABLE, "a router answers that nobody is there");
	}
	return a->decided;
}

/* TCP */

static void
opened(struct asking *a)
{
	a->end->evidence.received_in++;
	decide(a, PH_PUBLIC_OPEN, NULL);
}

/* The handshake is over: any word of TLS shows that the way is open. */
static void
judge_tls(struct asking *a, enum ph_tls_fault fault)
{
	switch (fault) {
	case PH_TLS_CERTIFICATE:
		a->end->untrusted = a->end->name != NULL;
		opened(a);
		return;
	case PH_TLS_REFUSED:
	case PH_TLS_PROTOCOL:
		opened(a);
		return;
	case PH_TLS_NOT_TLS:
		decide(a, PH_PUBLIC_OTHER, "what answers does not speak TLS");
		return;
	default:
		decide(a, PH_PUBLIC_CUT, "the connection is cut as soon as TLS begins");
		return;
	}
}

static void
shake(struct asking *a)
{
	struct attempt *t = a->shaking;
	struct ph_tls_wants w;

	switch (ph_tls_shake(t->tls)) {
	case PH_TLS_SHAKING:
		w = ph_tls_wants(t->tls);
		ph_watch_events(t->watch, w.write ? PH_WATCH_WRITE : PH_WATCH_READ);
		return;
	case PH_TLS_READY:
		opened(a);
		return;
	case PH_TLS_FAILED:
		judge_tls(a, ph_tls_fault(t->tls));
		return;
	}
}

static void
connected(struct attempt *t, uint64_t now)
{
	struct asking *a = t->a;
	char text[PH_ADDR_TEXT];
	struct ph_tls_opts o = {
		.name = a->end->name != NULL ? a->end->name : ph_addr_format(a->end->to, text),
	};

	a->end->rtt_us = a->tries == 1 ? (uint32_t)(now - t->at_us) : 0;
	if (!a->end->tls) {
		opened(a);
		return;
	}
	if (ph_tls_client(t->fd, &o, &t->tls) != 0) {
		opened(a);
		return;
	}
	a->shaking = t;
	ph_watch_at(a->watch, now + TLS_US);
	shake(a);
}

static void
on_attempt(void *arg, unsigned events)
{
	struct attempt *t = arg;
	struct asking *a = t->a;
	int err;

	(void)events;
	if (a->decided || take_icmp(a, t->fd))
		return;
	if (a->shaking == t)
		shake(a);
	if (a->shaking != NULL || a->decided)
		return;
	switch (ph_tcp_outcome(t->fd, &err)) {
	case PH_TCP_PENDING:
		return;
	case PH_TCP_OPEN:
		connected(t, ph_loop_now(&a->run->loop));
		return;
	case PH_TCP_REFUSED:
		decide(a, PH_PUBLIC_REFUSED, "it refuses the connection");
		return;
	case PH_TCP_UNREACHABLE:
		decide(a, PH_PUBLIC_NO_WAY, strerror(err));
		return;
	case PH_TCP_LOCAL:
		refused_here(a, err);
		return;
	}
}

static void
attempt(struct asking *a, uint64_t now)
{
	struct attempt *t = &a->try[a->tries++];
	int err = ph_tcp_connect(a->end->to, a->end->port, 0, &t->fd);

	a->end->evidence.sent++;
	a->end->evidence.tries++;
	if (err != 0) {
		refused_here(a, -err);
		return;
	}
	t->a = a;
	t->at_us = now;
	t->watch = ph_watch_new(&a->run->loop, t->fd, PH_WATCH_WRITE, on_attempt, t);
}

static void
tcp_time(struct asking *a, uint64_t now)
{
	if (a->shaking != NULL) {
		decide(a, PH_PUBLIC_CUT, "it connects, then goes silent as soon as TLS begins");
		return;
	}
	if (now >= a->started_us + SILENCE_US) {
		decide(a, PH_PUBLIC_SILENT, "no answer");
		return;
	}
	if (a->tries < TRIES)
		attempt(a, now);
	if (!a->decided)
		ph_watch_at(a->watch, a->tries < TRIES ? now + TRY_GAP_US :
		    a->started_us + SILENCE_US);
}

/* UDP */

static void
stun_over(struct asking *a)
{
	switch (a->stun.outcome) {
	case PH_STUN_WAITING:
		return;
	case PH_STUN_SILENT:
		decide(a, PH_PUBLIC_SILENT, "no answer");
		return;
	default:
		a->end->rewritten = a->stun.rewritten;
		a->end->rtt_us = (uint32_t)a->stun.rtt_us;
		opened(a);
		return;
	}
}

static void
on_datagram(void *arg, unsigned events)
{
	struct attempt *t = arg;
	struct asking *a = t->a;
	uint8_t bytes[1500];
	struct ph_udp_msg m = { .data = bytes, .len = sizeof(bytes) };

	(void)events;
	if (a->decided || take_icmp(a, t->fd))
		return;
	while (!a->decided && ph_udp_recv(t->fd, &m, 1) == 1) {
		if (m.addr == a->end->to && m.port == a->end->port &&
		    ph_stun_client_input(&a->stun, m.at_us, bytes, m.len))
			stun_over(a);
		m.len = sizeof(bytes);
	}
}

static int
open_udp(struct asking *a, uint64_t now)
{
	struct ph_udp_opts o = { .addr = ph_addr_is_v4(a->end->to) ? PH_V4(0) : 0 };
	struct attempt *t = &a->try[0];
	uint8_t id[12];
	int err;

	if (RAND_bytes(id, sizeof(id)) != 1)
		return -EIO;
	err = ph_udp_open(&o, &t->fd);
	if (err != 0)
		return err;
	t->a = a;
	t->watch = ph_watch_new(&a->run->loop, t->fd, PH_WATCH_READ, on_datagram, t);
	ph_stun_client_init(&a->stun, id, false, now);
	return 0;
}

/* A send also tells of ICMP that came for an earlier one: then the queue has it. */
static int
send_stun(struct asking *a, uint64_t now)
{
	uint8_t bytes[128];
	size_t n = ph_stun_client_output(&a->stun, now, bytes, sizeof(bytes));
	struct ph_udp_msg m = {
		.data = bytes, .len = (uint32_t)n, .addr = a->end->to, .port = a->end->port,
	};
	int err;

	if (n == 0)
		return 0;
	a->end->evidence.sent++;
	a->end->evidence.tries++;
	err = ph_udp_send(a->try[0].fd, &m, 1);
	if (err < 0 && take_icmp(a, a->try[0].fd))
		return 0;
	return err < 0 && err != -EAGAIN ? err : 0;
}

static void
udp_time(struct asking *a, uint64_t now)
{
	int err = a->try[0].watch == NULL ? open_udp(a, now) : 0;

	if (err == 0)
		err = send_stun(a, now);
	if (err != 0)
		refused_here(a, -err);
	stun_over(a);
	if (!a->decided)
		ph_watch_at(a->watch, ph_stun_client_deadline(&a->stun));
}

static void
on_time(void *arg, unsigned events)
{
	struct asking *a = arg;
	uint64_t now = ph_loop_now(&a->run->loop);

	(void)events;
	if (a->decided)
		return;
	if (a->started_us == 0)
		a->started_us = now;
	if (a->end->proto == PH_TCP)
		tcp_time(a, now);
	else
		udp_time(a, now);
}

static void
ask_all(struct ph_arena *mem, struct running *r)
{
	struct asking *v = ph_arena_array(mem, r->p->n_ends + 1, sizeof(*v));
	uint64_t now = ph_loop_now(&r->loop);

	r->open_ones = r->p->n_ends;
	r->done = r->open_ones == 0;
	for (size_t i = 0; i < r->p->n_ends; i++) {
		v[i] = (struct asking){ .run = r, .end = &r->p->ends[i] };
		v[i].watch = ph_watch_new(&r->loop, -1, 0, on_time, &v[i]);
		ph_watch_at(v[i].watch, now + i * PACE_US);
	}
	ph_loop_until(&r->loop, &r->done, UINT64_MAX);
}

/* How far it gets. */

/* Another port of the same host that works, of the same protocol if there is one. */
static const struct ph_public_end *
control_for(const struct ph_public *p, const struct ph_public_end *e)
{
	const struct ph_public_end *best = NULL;

	for (size_t i = 0; i < p->n_ends; i++) {
		const struct ph_public_end *c = &p->ends[i];

		if (c->to == e->to && c->fate == PH_PUBLIC_OPEN &&
		    (best == NULL || c->proto == e->proto))
			best = c;
	}
	return best;
}

static bool
worth_tracing(const struct ph_public *p, const struct ph_public_end *e)
{
	if (e->fate != PH_PUBLIC_SILENT && e->fate != PH_PUBLIC_REFUSED)
		return false;
	if (e->proto == PH_UDP && !e->answers && e->fate == PH_PUBLIC_SILENT)
		return control_for(p, e) != NULL;
	return true;
}

static void
on_traced(void *arg)
{
	struct running *r = arg;

	r->done = --r->open_ones == 0;
}

static void
trace_all(struct ph_arena *mem, struct running *r)
{
	struct ph_tracing *v = ph_arena_array(mem, PH_PUBLIC_TRACES, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < r->p->n_ends && n < PH_PUBLIC_TRACES; i++) {
		struct ph_public_end *e = &r->p->ends[i];

		if (!worth_tracing(r->p, e))
			continue;
		v[n].on_done = on_traced;
		v[n].arg = r;
		ph_tracing_start(&r->loop, e, control_for(r->p, e), &v[n++]);
	}
	r->open_ones = n;
	r->done = n == 0;
	ph_loop_until(&r->loop, &r->done, UINT64_MAX);
}

static void
say(const struct ph_public_opts *o, const char *what)
{
	if (o->phase != NULL)
		o->phase(o->arg, what);
}

void
ph_public_run(struct ph_arena *mem, const struct ph_public_opts *o,
    const struct ph_requirement *const *reqs, size_t n, struct ph_public *p)
{
	struct running r = { .p = p };

	ph_public_plan(mem, o, reqs, n, p);
	if (p->n_ends == 0)
		return;
	if (ph_loop_init(&r.loop, mem) != 0) {
		p->failure = "this computer gives no event loop";
		return;
	}
	say(o, "asking the service's servers");
	ask_all(mem, &r);
	say(o, "following what got no answer");
	trace_all(mem, &r);
	ph_loop_fini(&r.loop);
}
