/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "os/errqueue.h"
#include "os/tcp.h"
#include "os/tls.h"
#include "os/udp.h"
#include "probe/hello.h"
#include "probe/relaying.h"
#include "wire/stream.h"

enum {
	ROOM = 4096, BUFFER = 1 << 17,
	CONNECT_US = 4000000, CLOSE_US = 150000,
	ECHO_GAP_US = 300000, ECHOES = 8,
};

/* One allocation: over a socket of its own. */
struct leg {
	struct ph_loop *loop;
	struct ph_relaying_trial *all;
	const struct ph_relaying_opts *o;
	int fd;
	struct ph_tls *tls;
	struct ph_watch *watch;
	bool there, connected, up;	/* socket; connection; the engine runs */
	struct ph_turn x;
	struct ph_stream in;
	uint8_t *buf;
	int peer;			/* number of the one peer, -1: none yet */
};

struct ph_relaying_trial {
	struct ph_loop *loop;
	const struct ph_relaying_opts *o;
	struct ph_relaying *out;
	struct leg leg[2];		/* the second without a responder */
	unsigned n_legs;
	bool closing;
	uint64_t until_us;		/* a connection that is not there then is given up */
	struct ph_watch *clock;
	unsigned sent;			/* echoes asked for */
	uint64_t sent_us;
	uint8_t ask[PH_HELLO_MAX];
	size_t n_ask;
};

static void
give_random(void *arg, void *out, size_t n)
{
	(void)arg;
	if (getrandom(out, n, 0) != (ssize_t)n)
		abort();
}

const char *
ph_relaying_word(enum ph_relaying_transport t)
{
	static const char *const words[] = { "turn-udp", "turn-tcp", "turn-tls" };

	return words[t];
}

static bool
is_stream(const struct leg *g)
{
	return g->o->transport != PH_RELAYING_UDP;
}

/* The trial ends; the first word stands. */
static void
conclude(struct ph_relaying_trial *t, enum ph_relaying_fate fate, const char *why)
{
	if (t->out->done)
		return;
	t->out->done = true;
	t->out->fate = fate;
	t->out->why = why;
}

static void
put(struct leg *g, uint8_t *p, size_t n)
{
	struct ph_udp_msg m = {
		.data = p, .len = (uint32_t)n, .addr = g->o->server.addr, .port = g->o->server.port,
	};
	int err;

	if (n == 0)
		return;
	if (!is_stream(g)) {
		err = ph_udp_send(g->fd, &m, 1);
		if (err < 0 && err != -EAGAIN && !g->all->closing)
			conclude(g->all, PH_RELAYING_REFUSED, strerror(-err));
	} else if ((g->tls != NULL ? ph_tls_write(g->tls, p, n) :
	    ph_tcp_send(g->fd, p, n)) != (int)n && !g->all->closing) {
		conclude(g->all, PH_RELAYING_REFUSED, "the connection was cut");
	}
}

/* --- through the relay --- */

/* Ask once more; with a responder its sealed answer comes back, else the bytes themselves. */
static void
ask(struct ph_relaying_trial *t, uint64_t now)
{
	struct leg *g = &t->leg[0];
	uint8_t p[ROOM];

	if (t->o->session != NULL)
		t->n_ask = ph_hello_make(t->o->session, t->o->echo.port, (uint8_t)t->sent, t->ask);
	else
		t->n_ask = (size_t)snprintf((char *)t->ask, sizeof(t->ask), "echo %u", t->sent);
	t->sent++;
	t->sent_us = now;
	put(g, p, ph_turn_send(&g->x, (unsigned)g->peer, (struct ph_bytes){ t->ask, t->n_ask }, p,
	    sizeof(p)));
}

static bool
is_echo(const struct ph_relaying_trial *t, const struct leg *g, const struct ph_turn_got *got)
{
	if (t->o->session != NULL)
		return ph_hello_check(t->o->session, t->o->echo.port, (uint8_t)(t->sent - 1),
		    got->data, got->len) == 1;
	return g == &t->leg[1] && got->len == t->n_ask && memcmp(got->data, t->ask, got->len) == 0;
}

static void
take(struct leg *g, const uint8_t *p, size_t n)
{
	struct ph_relaying_trial *t = g->all;
	uint64_t now = ph_loop_now(t->loop);
	struct ph_turn_got got;

	if (ph_turn_input(&g->x, now, p, n, &got) != PH_TURN_DATA || !is_echo(t, g, &got) ||
	    t->out->done)
		return;
	t->out->rtt_us = now - t->sent_us;
	conclude(t, PH_RELAYING_ECHOED, NULL);
}

static void
hear_datagrams(struct leg *g)
{
	uint8_t p[ROOM];
	struct ph_udp_msg m = { .data = p, .len = sizeof(p) };

	ph_errqueue_drain(g->fd);
	while (ph_udp_recv(g->fd, &m, 1) == 1) {
		if (m.addr == g->o->server.addr && m.port == g->o->server.port)
			take(g, m.data, m.len);
		m.len = sizeof(p);
	}
}

static void
hear_stream(struct leg *g)
{
	struct ph_frame f;
	int n;

	do {
		size_t room;
		uint8_t *to = ph_stream_room(&g->in, &room);
		enum ph_stream_kind kind;

		n = g->tls != NULL ? ph_tls_read(g->tls, to, room) : ph_tcp_recv(g->fd, to, room);
		if (n > 0)
			ph_stream_added(&g->in, (size_t)n);
		while ((kind = ph_stream_take(&g->in, &f)) != PH_STREAM_MORE) {
			if (kind == PH_STREAM_BAD) {
				conclude(g->all, PH_RELAYING_INTERCEPTED,
				    "what answers does not speak TURN");
				return;
			}
			take(g, f.p, f.len);
		}
	} while (n > 0);
	if ((n < 0 && n != -EAGAIN) || (n == 0 && g->tls == NULL))
		conclude(g->all, PH_RELAYING_REFUSED, "the connection was cut");
}

/* --- what the engine is told and tells --- */

/* Whom the data goes to: the responder, or the other leg. */
static struct ph_stun_addr
partner(const struct leg *g)
{
	const struct ph_relaying_trial *t = g->all;

	return t->o->session != NULL ? t->o->echo : t->leg[g == &t->leg[0]].x.relayed;
}

static bool
all_ready(const struct ph_relaying_trial *t)
{
	for (unsigned i = 0; i < t->n_legs; i++)
		if (!t->leg[i].up || t->leg[i].x.outcome != PH_TURN_READY)
			return false;
	return true;
}

static bool
all_permitted(const struct ph_relaying_trial *t)
{
	for (unsigned i = 0; i < t->n_legs; i++)
		if (t->leg[i].peer < 0 || t->leg[i].x.peer[t->leg[i].peer].state !=
		    PH_TURN_PEER_READY)
			return false;
	return true;
}

static void
judge_leg(struct leg *g)
{
	struct ph_relaying_trial *t = g->all;
	enum ph_turn_outcome o = g->x.outcome;

	if (o == PH_TURN_BUSY || o == PH_TURN_READY || t->closing)
		return;
	if (o == PH_TURN_SILENT)
		conclude(t, PH_RELAYING_SILENT, "no answer");
	else
		conclude(t, ph_turn_reached(o) ? PH_RELAYING_REACHED : PH_RELAYING_REFUSED,
		    ph_turn_outcome_sentence(o));
}

static void
pump(struct leg *g, uint64_t now)
{
	uint8_t p[ROOM];
	size_t n;

	while (g->up && (n = ph_turn_output(&g->x, now, p, sizeof(p))) > 0)
		put(g, p, n);
	if (g->up)
		judge_leg(g);
}

/* Go on where all legs are; when to come back. */
static void
go_on(struct ph_relaying_trial *t, uint64_t now)
{
	uint64_t at = UINT64_MAX;

	for (unsigned i = 0; i < t->n_legs && !t->out->done && all_ready(t); i++)
		if (t->leg[i].peer < 0)
			t->leg[i].peer = ph_turn_permit(&t->leg[i].x, now, partner(&t->leg[i]),
			    false);
	for (unsigned i = 0; i < t->n_legs; i++)
		pump(&t->leg[i], now);
	for (unsigned i = 0; i < t->n_legs && !t->out->done; i++)
		if (t->leg[i].peer >= 0 && t->leg[i].x.peer[t->leg[i].peer].state ==
		    PH_TURN_PEER_REFUSED)
			conclude(t, PH_RELAYING_ALLOCATED, t->o->session != NULL ?
			    "the relay does not permit the test server as a peer" :
			    "the relay does not permit itself as a peer; with --via a test server "
			    "outside answers");
	if (!t->out->done && all_permitted(t) && now >= t->sent_us + ECHO_GAP_US) {
		if (t->sent == ECHOES)
			conclude(t, PH_RELAYING_ALLOCATED, "the relay grants an allocation, but "
			    "nothing comes back through it");
		else
			ask(t, now);
	}
	if (!t->leg[0].connected && now >= t->until_us)
		conclude(t, PH_RELAYING_SILENT, "no answer");
	if (t->out->done)
		at = UINT64_MAX;
	else
		at = all_permitted(t) ? t->sent_us + ECHO_GAP_US : t->leg[0].connected ? at :
		    t->until_us;
	for (unsigned i = 0; i < t->n_legs && !t->out->done; i++)
		if (t->leg[i].up && ph_turn_deadline(&t->leg[i].x) < at)
			at = ph_turn_deadline(&t->leg[i].x);
	ph_watch_at(t->clock, at);
}

/* --- sockets --- */

static void
start_engine(struct leg *g)
{
	const struct ph_probe_turn *turn = g->o->turn;
	struct ph_turn_opts o = {
		.stream = is_stream(g), .username = ph_str(turn->user),
		.password = ph_str(turn->password), .random = give_random,
		.family = ph_addr_is_v4(g->o->session != NULL ? g->o->echo.addr :
		    g->o->server.addr) ? 0 : PH_STUN_IPV6,
	};

	g->up = ph_turn_init(&g->x, &o, ph_loop_now(g->loop));
	if (!g->up)
		conclude(g->all, PH_RELAYING_REFUSED, "this computer has no memory left");
}

static void
shake(struct leg *g)
{
	enum ph_tls_state s = ph_tls_shake(g->tls);
	enum ph_tls_fault fault = ph_tls_fault(g->tls);

	ph_watch_events(g->watch, s == PH_TLS_SHAKING && ph_tls_wants(g->tls).write ?
	    PH_WATCH_WRITE : PH_WATCH_READ);
	g->connected = s == PH_TLS_READY;
	if (s == PH_TLS_FAILED)
		conclude(g->all, fault == PH_TLS_CERTIFICATE || fault == PH_TLS_OTHER_KEY ||
		    fault == PH_TLS_NOT_TLS ? PH_RELAYING_INTERCEPTED : PH_RELAYING_REFUSED,
		    ph_tls_fault_name(fault));
}

static void
settle(struct leg *g)
{
	static const char *const alpn[] = { "stun.turn", NULL };
	struct ph_tls_opts t = {
		.name = g->o->turn->name, .ca_file = g->o->turn->ca_file,
		.peer = g->o->turn->peer, .sni = g->o->turn->name, .alpn = alpn,
	};
	ph_u128 literal;
	int err;

	if (g->tls == NULL) {
		enum ph_tcp_fate fate = ph_tcp_outcome(g->fd, &err);

		if (fate == PH_TCP_PENDING)
			return;
		if (fate != PH_TCP_OPEN) {
			conclude(g->all, PH_RELAYING_REFUSED, fate == PH_TCP_REFUSED ?
			    "the connection was refused" : strerror(err));
			return;
		}
		ph_watch_events(g->watch, PH_WATCH_READ);
		g->connected = g->o->transport == PH_RELAYING_TCP;
		if (ph_addr_parse(ph_str(t.sni), &literal))
			t.sni = NULL;	/* RFC 6066 3: names only */
		if (!g->connected && ph_tls_client(g->fd, &t, &g->tls) != 0)
			conclude(g->all, PH_RELAYING_REFUSED, "this computer has no memory left");
	}
	if (g->tls != NULL)
		shake(g);
	if (g->connected)
		start_engine(g);
}

static void
on_leg(void *arg, unsigned events)
{
	struct leg *g = arg;

	if (g->all->out->done) {
		ph_watch_events(g->watch, 0);
		return;
	}
	if (!g->connected)
		settle(g);
	else if ((events & PH_WATCH_READ) != 0)
		is_stream(g) ? hear_stream(g) : hear_datagrams(g);
	go_on(g->all, ph_loop_now(g->loop));
}

static void
on_clock(void *arg, unsigned events)
{
	struct ph_relaying_trial *t = arg;

	(void)events;
	if (!t->out->done || t->closing)
		go_on(t, ph_loop_now(t->loop));
}

static bool
open_leg(struct ph_relaying_trial *t, struct leg *g)
{
	struct ph_udp_opts u = { .addr = t->o->from };
	int err;

	*g = (struct leg){ .loop = t->loop, .all = t, .o = t->o, .peer = -1 };
	err = is_stream(g) ? ph_tcp_connect(t->o->server.addr, t->o->server.port, t->o->from,
	    &g->fd) : ph_udp_open(&u, &g->fd);
	if (err != 0) {
		conclude(t, PH_RELAYING_REFUSED, strerror(-err));
		return false;
	}
	g->there = true;
	g->connected = !is_stream(g);
	g->watch = ph_watch_new(t->loop, g->fd, is_stream(g) ? PH_WATCH_WRITE : PH_WATCH_READ,
	    on_leg, g);
	if (is_stream(g)) {
		g->buf = ph_arena_alloc(t->loop->mem, BUFFER);
		ph_stream_init(&g->in, g->buf, BUFFER);
	} else {
		start_engine(g);
	}
	return true;
}

void
ph_relaying_start(struct ph_loop *l, const struct ph_relaying_opts *o, struct ph_relaying *x)
{
	struct ph_relaying_trial *t = PH_NEW(l->mem, struct ph_relaying_trial);
	uint64_t now = ph_loop_now(l);

	*x = (struct ph_relaying){ .fate = PH_RELAYING_SILENT, .why = "no answer", .trial = t };
	*t = (struct ph_relaying_trial){
		.loop = l, .o = o, .out = x, .until_us = now + CONNECT_US,
	};
	t->clock = ph_watch_new(l, -1, 0, on_clock, t);
	for (unsigned i = 0; i < (o->session != NULL ? 1 : 2) && !x->done; i++) {
		t->n_legs = i + 1;
		open_leg(t, &t->leg[i]);
	}
	if (!x->done)
		go_on(t, now);
}

static void
close_leg(struct leg *g)
{
	if (g->up)
		ph_turn_fini(&g->x);
	if (!g->there)
		return;
	ph_watch_end(g->watch);
	ph_tls_free(g->tls);
	ph_tcp_abort(g->fd);
}

void
ph_relaying_end(struct ph_relaying *x)
{
	struct ph_relaying_trial *t = x->trial;
	uint64_t now = ph_loop_now(t->loop);
	bool never = false;

	if (!x->done && t->leg[0].up && t->leg[0].x.answered)
		conclude(t, t->leg[0].x.outcome == PH_TURN_READY ? PH_RELAYING_ALLOCATED :
		    PH_RELAYING_REACHED, "it takes too long to answer");
	x->done = t->closing = true;
	for (unsigned i = 0; i < t->n_legs; i++)
		if (t->leg[i].up)
			ph_turn_close(&t->leg[i].x, now);
	go_on(t, now);
	if (t->leg[0].up && t->leg[0].x.outcome == PH_TURN_READY)
		ph_loop_until(t->loop, &never, now + CLOSE_US);
	for (unsigned i = 0; i < t->n_legs; i++)
		close_leg(&t->leg[i]);
	ph_watch_end(t->clock);
}
