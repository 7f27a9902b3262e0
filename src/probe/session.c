/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>

#include "os/errqueue.h"
#include "os/tcp.h"
#include "os/tls.h"
#include "probe/session.h"

enum {
	IN_ROOM = PH_CONTROL_HEADER + PH_CONTROL_BODY,
	OUT_ROOM = 8 * IN_ROOM,
	MAX_RECEIPTS = 1 << 20,
	SILENT_US = 15000000,		/* a question without an answer for so long */
};

/* A question that is under way; answers come in the same order. */
struct question {
	enum ph_control_type answer;
	void (*take)(struct ph_session *, struct question *, const struct ph_control_msg *);
	union {
		ph_session_bound_fn *bound;
		ph_session_receipts_fn *receipts;
		ph_session_done_fn *done;
		ph_session_mirrored_fn *mirrored;
		ph_session_streamed_fn *streamed;
		ph_session_exported_fn *exported;
	} fn;
	void *arg;
	uint64_t asked_us;
	struct question *next;
};

enum stage { CONNECTING, SHAKING, GREETING, READY, OVER };

struct ph_session {
	struct ph_loop *loop;
	struct ph_session_opts o;
	struct ph_watch *watch, *clock;
	struct ph_tls *tls;
	int fd;
	enum stage stage;
	bool settled, in_call, intercepted;
	const char *failure;
	struct question *first, **last;
	struct ph_control_welcome welcome;
	struct ph_stun_auth auth;
	bool has_auth;
	uint8_t in[IN_ROOM], out[OUT_ROOM];
	size_t in_len, out_len;
	struct ph_control_room room;
	uint64_t rtt_us;
	struct ph_control_receipt *receipts;
	size_t n_receipts, cap_receipts;
};

/* Everybody who waits is told; nobody asks any more. */
static void
fail(struct ph_session *s, const char *why)
{
	struct question *q = s->first;

	if (s->stage == OVER)
		return;
	s->stage = OVER;
	s->failure = why;
	s->settled = true;
	ph_watch_end(s->watch);
	ph_watch_end(s->clock);
	ph_tls_free(s->tls);
	s->tls = NULL;
	ph_tcp_abort(s->fd);
	s->first = NULL;
	s->last = &s->first;
	for (; q != NULL; q = q->next)
		q->take(s, q, NULL);
}

static void
ask(struct ph_session *s, const struct ph_control_msg *m, struct question *q)
{
	size_t n = 0;

	if (s->stage != READY && s->stage != GREETING) {
		q->take(s, q, NULL);
		return;
	}
	n = ph_control_encode(m, s->out + s->out_len, sizeof(s->out) - s->out_len);
	if (n == 0) {
		q->take(s, q, NULL);
		return;
	}
	s->out_len += n;
	q->asked_us = ph_loop_now(s->loop);
	*s->last = q;
	s->last = &q->next;
	if (!s->in_call)
		ph_watch_at(s->clock, q->asked_us);
}

static struct question *
question(struct ph_session *s, enum ph_control_type answer,
    void (*take)(struct ph_session *, struct question *, const struct ph_control_msg *),
    void *arg)
{
	struct question *q = PH_NEW(s->loop->mem, struct question);

	q->answer = answer;
	q->take = take;
	q->arg = arg;
	return q;
}

static void
take_welcome(struct ph_session *s, struct question *q, const struct ph_control_msg *m)
{
	if (m == NULL)
		return;
	s->rtt_us = ph_loop_now(s->loop) - q->asked_us;
	s->welcome = m->welcome;
	if (!ph_stun_auth_init(&s->auth)) {
		fail(s, "this computer's cryptography has no HMAC");
		return;
	}
	s->has_auth = true;
	ph_stun_auth_key(&s->auth, s->welcome.key, sizeof(s->welcome.key));
	s->stage = READY;
	s->settled = true;
}

static void
greet(struct ph_session *s)
{
	struct ph_control_msg m = { .type = PH_CONTROL_HELLO, .version = PH_CONTROL_VERSION };

	s->stage = GREETING;
	ask(s, &m, question(s, PH_CONTROL_WELCOME, take_welcome, NULL));
}

/* Receipts come in several frames; the asker gets them as one list. */
static bool
is_last(struct ph_session *s, const struct ph_control_msg *m)
{
	if (m->type != PH_CONTROL_RECEIPTS)
		return true;
	for (size_t i = 0; i < m->receipts.n && s->n_receipts < MAX_RECEIPTS; i++)
		*PH_PUSH(s->loop->mem, s->receipts, s->n_receipts, s->cap_receipts) =
		    m->receipts.v[i];
	return !m->receipts.more;
}

static void
answer(struct ph_session *s, const struct ph_control_msg *m)
{
	struct question *q = s->first;

	if (q == NULL) {
		fail(s, m->type == PH_CONTROL_ERROR ? ph_arena_printf(s->loop->mem,
		    "the test server says: %s", m->error.text) :
		    "the test server answered what nobody asked");
		return;
	}
	if (m->type == PH_CONTROL_ERROR && s->stage == GREETING) {
		fail(s, ph_arena_printf(s->loop->mem, "the test server refuses: %s",
		    m->error.text));
		return;
	}
	if (m->type != q->answer && m->type != PH_CONTROL_ERROR) {
		fail(s, "the test server answered something else than was asked");
		return;
	}
	if (!is_last(s, m))
		return;
	s->first = q->next;
	if (s->first == NULL)
		s->last = &s->first;
	q->take(s, q, m);
}

static void
take_frames(struct ph_session *s)
{
	struct ph_control_msg m;

	while (s->stage != OVER) {
		size_t n = ph_control_frame(s->in, s->in_len);

		if (n == 0)
			return;
		if (n > s->in_len || !ph_control_decode(&m, &s->room, s->in, n)) {
			fail(s, "the test server sent what is no message");
			return;
		}
		answer(s, &m);
		if (s->stage == OVER)
			return;
		memmove(s->in, s->in + n, s->in_len - n);
		s->in_len -= n;
	}
}

static const char *
tcp_why(struct ph_session *s, enum ph_tcp_fate fate, int err)
{
	struct ph_errqueue_item item;
	uint8_t bytes[64];
	char text[PH_ADDR_TEXT];

	if (fate == PH_TCP_REFUSED)
		return "the connection was refused: nobody listens there, or a firewall rejects it";
	if (ph_errqueue_take(s->fd, bytes, sizeof(bytes), &item) == 1 && item.has_offender)
		return ph_arena_printf(s->loop->mem, "%s says: %s",
		    ph_addr_format(item.offender, text), strerror(err));
	return ph_arena_printf(s->loop->mem, "%s", strerror(err));
}

static void
connected(struct ph_session *s)
{
	int err;
	enum ph_tcp_fate fate = ph_tcp_outcome(s->fd, &err);

	if (fate == PH_TCP_PENDING)
		return;
	if (fate != PH_TCP_OPEN) {
		fail(s, tcp_why(s, fate, err));
		return;
	}
	s->stage = SHAKING;
}

static void
shake(struct ph_session *s)
{
	switch (ph_tls_shake(s->tls)) {
	case PH_TLS_SHAKING:
		return;
	case PH_TLS_READY:
		greet(s);
		return;
	case PH_TLS_FAILED:
		s->intercepted = ph_tls_fault(s->tls) == PH_TLS_OTHER_KEY;
		fail(s, ph_tls_fault_name(ph_tls_fault(s->tls)));
		return;
	}
}

static void
receive(struct ph_session *s)
{
	while (s->stage != OVER) {
		int n = ph_tls_read(s->tls, s->in + s->in_len, sizeof(s->in) - s->in_len);

		if (n == 0)
			return;
		if (n < 0) {
			fail(s, n == -EPIPE ? "the test server closed the connection" :
			    "the connection to the test server broke");
			return;
		}
		s->in_len += (size_t)n;
		take_frames(s);
	}
}

static void
transmit(struct ph_session *s)
{
	while (s->stage != OVER && s->out_len > 0) {
		int n = ph_tls_write(s->tls, s->out, s->out_len);

		if (n == 0)
			return;
		if (n < 0) {
			fail(s, "the connection to the test server broke");
			return;
		}
		memmove(s->out, s->out + n, s->out_len - (size_t)n);
		s->out_len -= (size_t)n;
	}
}

static void
go_on(struct ph_session *s)
{
	if (s->stage == CONNECTING)
		connected(s);
	if (s->stage == SHAKING)
		shake(s);
	if (s->stage == GREETING || s->stage == READY) {
		receive(s);
		transmit(s);
	}
}

/* What to wait for now. */
static unsigned
wanted(const struct ph_session *s)
{
	struct ph_tls_wants w;

	if (s->stage == CONNECTING)
		return PH_WATCH_WRITE;
	w = ph_tls_wants(s->tls);
	if (s->stage == SHAKING)
		return (w.read ? PH_WATCH_READ : 0U) | (w.write ? PH_WATCH_WRITE : 0U);
	return PH_WATCH_READ | (w.write || s->out_len > 0 ? PH_WATCH_WRITE : 0U);
}

static void
on_event(void *arg, unsigned events)
{
	struct ph_session *s = arg;
	struct ph_errqueue_item item;
	uint8_t bytes[64];

	(void)events;
	if (s->in_call || s->stage == OVER)
		return;
	s->in_call = true;
	go_on(s);
	s->in_call = false;
	if (s->stage == OVER)
		return;
	if (s->stage != CONNECTING)
		while (ph_errqueue_take(s->fd, bytes, sizeof(bytes), &item) == 1)
			continue;
	ph_watch_events(s->watch, wanted(s));
}

/* Something to send, or a question without an answer for too long. */
static void
on_clock(void *arg, unsigned events)
{
	struct ph_session *s = arg;
	uint64_t now = ph_loop_now(s->loop);

	if (s->stage == OVER)
		return;
	if (s->first != NULL && now >= s->first->asked_us + SILENT_US) {
		fail(s, "the test server does not answer any more");
		return;
	}
	on_event(s, events);
	if (s->stage != OVER)
		ph_watch_at(s->clock, now + SILENT_US / 8);
}

struct ph_session *
ph_session_new(struct ph_loop *l, const struct ph_session_opts *o)
{
	static const char *const alpn[] = { PH_CONTROL_ALPN, NULL };
	struct ph_tls_opts t = { .key = o->key, .peer = o->peer, .alpn = alpn };
	struct ph_session *s = PH_NEW(l->mem, struct ph_session);
	int err = ph_tcp_connect(o->to, o->port, 0, &s->fd);

	s->loop = l;
	s->o = *o;
	s->last = &s->first;
	if (err == 0)
		err = ph_tls_client(s->fd, &t, &s->tls);
	if (err != 0) {
		s->stage = OVER;
		s->settled = true;
		s->failure = err == -EPERM || err == -EACCES ?
		    "this computer does not permit the connection" : strerror(-err);
		return s;
	}
	s->watch = ph_watch_new(l, s->fd, PH_WATCH_WRITE, on_event, s);
	s->clock = ph_watch_new(l, -1, 0, on_clock, s);
	return s;
}

static void
no_answer(struct ph_session *s, struct question *q, const struct ph_control_msg *m)
{
	(void)s;
	(void)q;
	(void)m;
}

void
ph_session_end(struct ph_session *s)
{
	struct ph_control_msg bye = { .type = PH_CONTROL_BYE };
	const char *failure = s->failure;

	if (s->stage == READY) {
		s->in_call = true;
		ask(s, &bye, question(s, PH_CONTROL_BYE, no_answer, NULL));
		transmit(s);
	}
	fail(s, "it was ended");
	s->failure = failure;
	if (s->has_auth)
		ph_stun_auth_fini(&s->auth);
	s->has_auth = false;
}

void
ph_session_lost(struct ph_session *s)
{
	fail(s, "it does not answer any more");
}

const bool *
ph_session_settled(const struct ph_session *s)
{
	return &s->settled;
}

const char *
ph_session_failure(const struct ph_session *s)
{
	return s->failure;
}

bool
ph_session_intercepted(const struct ph_session *s)
{
	return s->intercepted;
}

struct ph_stun_auth *
ph_session_auth(struct ph_session *s)
{
	return &s->auth;
}

struct ph_str
ph_session_username(const struct ph_session *s)
{
	return (struct ph_str){ (const char *)s->welcome.name, sizeof(s->welcome.name) };
}

const uint8_t *
ph_session_salt(const struct ph_session *s)
{
	return s->welcome.salt;
}

const struct ph_control_welcome *
ph_session_welcome(const struct ph_session *s)
{
	return &s->welcome;
}

bool
ph_session_is_public(const struct ph_session *s, uint16_t port)
{
	return port != 0 && port == s->welcome.stun_port;
}

static void
take_bound(struct ph_session *s, struct question *q, const struct ph_control_msg *m)
{
	struct ph_session_bound b = { 0 };
	struct ph_range *v;

	if (m == NULL || m->type == PH_CONTROL_ERROR) {
		b.why = m != NULL ? ph_arena_printf(s->loop->mem, "%s", m->error.text) : NULL;
		q->fn.bound(q->arg, m != NULL ? &b : NULL);
		return;
	}
	v = ph_arena_array(s->loop->mem, m->bound.failed.n, sizeof(*v));
	for (size_t i = 0; i < m->bound.failed.n; i++)
		v[i] = (struct ph_range){ m->bound.failed.v[i].lo, m->bound.failed.v[i].hi };
	b.failed = ph_ranges_from(s->loop->mem, v, m->bound.failed.n);
	b.why = m->bound.err != 0 ? strerror(m->bound.err) : NULL;
	b.full = m->bound.err == EMFILE;
	q->fn.bound(q->arg, &b);
}

/* BIND and CONNECT: a list of ports, answered by those that could not be. */
static void
ask_ports(struct ph_session *s, struct ph_control_msg *m, const struct ph_ranges *ports,
    ph_session_bound_fn *fn, void *arg)
{
	size_t n = ports->n < PH_CONTROL_RANGES ? ports->n : PH_CONTROL_RANGES;
	struct ph_control_range *v = ph_arena_array(s->loop->mem, n, sizeof(*v));
	struct question *q = question(s, PH_CONTROL_BOUND, take_bound, arg);

	for (size_t i = 0; i < n; i++)
		v[i] = (struct ph_control_range){
			(uint16_t)ports->r[i].lo, (uint16_t)ports->r[i].hi,
		};
	m->bind.ports = (struct ph_control_ranges){ v, n };
	q->fn.bound = fn;
	ask(s, m, q);
}

void
ph_session_bind(struct ph_session *s, enum ph_control_proto proto, const struct ph_ranges *ports,
    ph_session_bound_fn *fn, void *arg)
{
	struct ph_control_msg m = { .type = PH_CONTROL_BIND, .bind.proto = (uint8_t)proto };

	ask_ports(s, &m, ports, fn, arg);
}

void
ph_session_connect(struct ph_session *s, const struct ph_ranges *ports, ph_session_bound_fn *fn,
    void *arg)
{
	struct ph_control_msg m = { .type = PH_CONTROL_CONNECT, .bind.proto = PH_CONTROL_TCP };

	ask_ports(s, &m, ports, fn, arg);
}

static void
take_receipts(struct ph_session *s, struct question *q, const struct ph_control_msg *m)
{
	struct ph_session_receipts r = { s->receipts, s->n_receipts };

	q->fn.receipts(q->arg, m != NULL && m->type == PH_CONTROL_RECEIPTS ? &r : NULL);
	s->n_receipts = 0;
}

static void
ask_receipts(struct ph_session *s, bool fresh, ph_session_receipts_fn *fn, void *arg)
{
	struct ph_control_msg m = {
		.type = PH_CONTROL_RECEIPTS_GET, .receipts_get = { fresh },
	};
	struct question *q = question(s, PH_CONTROL_RECEIPTS, take_receipts, arg);

	q->fn.receipts = fn;
	ask(s, &m, q);
}

void
ph_session_receipts(struct ph_session *s, ph_session_receipts_fn *fn, void *arg)
{
	ask_receipts(s, false, fn, arg);
}

void
ph_session_news(struct ph_session *s, ph_session_receipts_fn *fn, void *arg)
{
	ask_receipts(s, true, fn, arg);
}

uint64_t
ph_session_rtt_us(const struct ph_session *s)
{
	return s->rtt_us;
}

static void
take_done(struct ph_session *s, struct question *q, const struct ph_control_msg *m)
{
	bool ok = m != NULL && m->type == q->answer;

	(void)s;
	q->fn.done(q->arg, ok, m != NULL && !ok ? m->error.text : NULL);
}

static void
request(struct ph_session *s, enum ph_control_type what, enum ph_control_type done,
    ph_session_done_fn *fn, void *arg)
{
	struct ph_control_msg m = { .type = what };
	struct question *q = question(s, done, take_done, arg);

	q->fn.done = fn;
	ask(s, &m, q);
}

void
ph_session_ping(struct ph_session *s, ph_session_done_fn *fn, void *arg)
{
	request(s, PH_CONTROL_PING, PH_CONTROL_PONG, fn, arg);
}

void
ph_session_release(struct ph_session *s, ph_session_done_fn *fn, void *arg)
{
	request(s, PH_CONTROL_RELEASE, PH_CONTROL_DONE, fn, arg);
}

void
ph_session_send(struct ph_session *s, const struct ph_control_send *what,
    ph_session_done_fn *fn, void *arg)
{
	struct ph_control_msg m = { .type = PH_CONTROL_SEND, .send = *what };
	struct question *q = question(s, PH_CONTROL_DONE, take_done, arg);

	q->fn.done = fn;
	ask(s, &m, q);
}

void
ph_session_stream(struct ph_session *s, const struct ph_control_stream *what,
    ph_session_done_fn *fn, void *arg)
{
	struct ph_control_msg m = { .type = PH_CONTROL_STREAM, .stream = *what };
	struct question *q = question(s, PH_CONTROL_DONE, take_done, arg);

	q->fn.done = fn;
	ask(s, &m, q);
}

static void
take_streamed(struct ph_session *s, struct question *q, const struct ph_control_msg *m)
{
	(void)s;
	q->fn.streamed(q->arg, m != NULL && m->type == PH_CONTROL_STREAMED ? &m->streamed : NULL);
}

void
ph_session_stream_end(struct ph_session *s, uint32_t sent, ph_session_streamed_fn *fn, void *arg)
{
	struct ph_control_msg m = { .type = PH_CONTROL_STREAM_END, .stream_sent = sent };
	struct question *q = question(s, PH_CONTROL_STREAMED, take_streamed, arg);

	q->fn.streamed = fn;
	ask(s, &m, q);
}

static void
take_mirrored(struct ph_session *s, struct question *q, const struct ph_control_msg *m)
{
	(void)s;
	q->fn.mirrored(q->arg, m != NULL && m->type == PH_CONTROL_MIRRORED ? &m->mirrored : NULL);
}

void
ph_session_mirror(struct ph_session *s, enum ph_control_proto proto, uint16_t port,
    ph_session_mirrored_fn *fn, void *arg)
{
	struct ph_control_msg m = {
		.type = PH_CONTROL_MIRROR, .mirror = { (uint8_t)proto, port },
	};
	struct question *q = question(s, PH_CONTROL_MIRRORED, take_mirrored, arg);

	q->fn.mirrored = fn;
	ask(s, &m, q);
}

static void
take_exported(struct ph_session *s, struct question *q, const struct ph_control_msg *m)
{
	(void)s;
	q->fn.exported(q->arg, m != NULL && m->type == PH_CONTROL_EXPORTED ? m->exported : NULL);
}

void
ph_session_exporter(struct ph_session *s, uint16_t port, ph_session_exported_fn *fn, void *arg)
{
	struct ph_control_msg m = {
		.type = PH_CONTROL_EXPORTER, .mirror = { PH_CONTROL_TLS, port },
	};
	struct question *q = question(s, PH_CONTROL_EXPORTED, take_exported, arg);

	q->fn.exported = fn;
	ask(s, &m, q);
}
