/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "probe/shot.h"
#include "wire/cursor.h"

/* Ask for room for all answers of a sweep: at 250 a second the default would do. */
enum { ROOM = 1 << 20, ROUNDS = 64 };

/* No answer is longer than its request: one with an IPv6 address has to fit. */
enum { LEAST = 96 };

struct ph_gun {
	struct ph_loop *loop;
	struct ph_session *session;
	struct ph_gun_opts o;
	struct ph_watch *watch;
	int fd;
	uint16_t port;
	struct ph_shot waiting[PH_SHOT_BATCH];	/* not taken by the kernel yet */
	size_t n_waiting;
	bool ended, in_round;
};

/* What all guns of a process share between calls. */
static uint8_t out_bytes[PH_SHOT_BATCH][PH_SHOT_MAX];
static uint8_t in_bytes[PH_SHOT_BATCH][PH_SHOT_MAX];

static size_t
encode(const struct ph_gun *g, const struct ph_shot *s, uint8_t *out)
{
	struct ph_stun m;
	struct ph_stun_seal seal = {
		.auth = ph_session_auth(g->session), .sha1 = true, .fingerprint = true,
	};
	uint16_t bytes = (uint16_t)(s->bytes > LEAST ? s->bytes & ~3U : LEAST);
	uint8_t id[12];
	size_t n;

	ph_control_id_put(&(struct ph_control_id){ .kind = s->kind, .number = s->number,
	    .try = s->try }, ph_session_salt(g->session), id);
	ph_stun_init(&m, PH_STUN_BINDING, PH_STUN_REQUEST, id);
	ph_stun_set(&m, PH_STUN_USERNAME);
	m.username = ph_session_username(g->session);
	ph_stun_set(&m, PH_STUN_PINHOLE_TEST);
	m.test = s->test;
	n = ph_stun_encode(&m, &seal, out, PH_SHOT_MAX);
	if (bytes < n + 4)
		return n;
	ph_stun_set(&m, PH_STUN_PADDING);
	m.padding = (uint16_t)(bytes - n - 4);
	return ph_stun_encode(&m, &seal, out, PH_SHOT_MAX);
}

/* Does sending again at once help?  An ICMP message was reported in place of sending. */
static bool
was_report(int err)
{
	return err == -ECONNREFUSED || err == -EHOSTUNREACH || err == -EPROTO ||
	    err == -ENOPROTOOPT || err == -EHOSTDOWN || err == -EOPNOTSUPP;
}

static void
refuse(struct ph_gun *g, uint64_t now, const struct ph_shot *s, int err)
{
	if (g->o.test->refused != NULL)
		g->o.test->refused(g->o.arg, now, s, err);
}

/*
 * Send ${n} shots; what the kernel has no room for is kept.  False: it has no more
 * room now.
 */
static bool
fire(struct ph_gun *g, uint64_t now, const struct ph_shot *v, size_t n)
{
	struct ph_udp_msg msg[PH_SHOT_BATCH];
	unsigned reports = 0;

	for (size_t i = 0; i < n; i++)
		msg[i] = (struct ph_udp_msg){
			.data = out_bytes[i], .len = (uint32_t)encode(g, &v[i], out_bytes[i]),
			.addr = g->o.to, .port = v[i].port, .ttl = v[i].ttl,
			.has_tos = v[i].has_tos, .tos = v[i].tos,
		};
	for (size_t done = 0; done < n;) {
		int sent = ph_udp_send(g->fd, msg + done, n - done);

		if (sent >= 0) {
			done += (size_t)sent;
		} else if (sent == -EAGAIN || sent == -ENOBUFS) {
			g->n_waiting = n - done;
			memmove(g->waiting, v + done, g->n_waiting * sizeof(*v));
			return false;
		} else if (!was_report(sent) || ++reports > ROUNDS) {
			refuse(g, now, &v[done], sent);
			done++;
		}
	}
	return true;
}

static void
take_reply(struct ph_gun *g, uint64_t now, const struct ph_udp_msg *m)
{
	struct ph_control_id id;
	struct ph_shot_reply r;
	struct ph_stun stun;

	if (ph_stun_decode(&stun, m->data, m->len) != PH_STUN_OK ||
	    stun.method != PH_STUN_BINDING ||
	    !ph_control_id_get(stun.id, ph_session_salt(g->session), &id) ||
	    (!ph_stun_verify(&stun, ph_session_auth(g->session)) &&
	    (!ph_session_is_public(g->session, m->port) || m->addr != g->o.to)))
		return;
	r = (struct ph_shot_reply){
		.kind = id.kind, .number = id.number, .try = id.try, .msg = m, .stun = &stun,
	};
	g->o.test->reply(g->o.arg, now, &r);
}

static void
receive(struct ph_gun *g, uint64_t now)
{
	struct ph_udp_msg msg[PH_SHOT_BATCH];
	int got = PH_SHOT_BATCH;

	for (unsigned round = 0; round < ROUNDS && got == PH_SHOT_BATCH && !g->ended; round++) {
		for (size_t i = 0; i < PH_SHOT_BATCH; i++)
			msg[i] = (struct ph_udp_msg){
				.data = in_bytes[i], .len = sizeof(in_bytes[i]),
			};
		got = ph_udp_recv(g->fd, msg, PH_SHOT_BATCH);
		for (int i = 0; i < got && !g->ended; i++)
			take_reply(g, now, &msg[i]);
	}
}

/* The beginning of our own datagram comes back with what ICMP says. */
static void
take_errors(struct ph_gun *g, uint64_t now)
{
	uint8_t bytes[PH_SHOT_PLAIN];
	struct ph_errqueue_item item;

	while (!g->ended && ph_errqueue_take(g->fd, bytes, sizeof(bytes), &item) == 1) {
		struct ph_shot_error e = { .item = &item };
		struct ph_control_id id;

		if (g->o.test->error == NULL)
			continue;
		e.known = item.len >= PH_STUN_HEADER &&
		    ph_control_id_get(bytes + 8, ph_session_salt(g->session), &id);
		if (e.known) {
			e.kind = id.kind;
			e.number = id.number;
			e.try = id.try;
		}
		g->o.test->error(g->o.arg, now, &e);
	}
}

static void
send_all(struct ph_gun *g, uint64_t now)
{
	struct ph_shot v[PH_SHOT_BATCH];
	size_t n = g->n_waiting;

	if (n > 0) {
		memcpy(v, g->waiting, n * sizeof(*v));
		g->n_waiting = 0;
		if (!fire(g, now, v, n))
			return;
	}
	for (unsigned round = 0; round < ROUNDS && !g->ended && g->o.test->output != NULL;
	    round++) {
		n = g->o.test->output(g->o.arg, now, v, PH_SHOT_BATCH);
		if (n == 0 || !fire(g, now, v, n))
			return;
	}
}

static void
on_event(void *arg, unsigned events)
{
	struct ph_gun *g = arg;
	uint64_t now = ph_loop_now(g->loop), at;

	if (g->in_round)
		return;
	g->in_round = true;
	take_errors(g, now);
	if ((events & PH_WATCH_READ) != 0)
		receive(g, now);
	if (!g->ended)
		send_all(g, now);
	g->in_round = false;
	if (g->ended)
		return;
	at = g->o.test->deadline == NULL ? UINT64_MAX :
	    g->o.test->deadline(g->o.arg, ph_loop_now(g->loop));
	if (g->ended)
		return;
	ph_watch_events(g->watch, g->n_waiting > 0 ? PH_WATCH_READ | PH_WATCH_WRITE :
	    PH_WATCH_READ);
	ph_watch_at(g->watch, at);
}

int
ph_gun_new(struct ph_loop *l, struct ph_session *s, const struct ph_gun_opts *o,
    struct ph_gun **out)
{
	struct ph_udp_opts u = {
		.addr = o->from, .port = o->from_port, .df = o->df, .rcvbuf = ROOM,
	};
	struct ph_gun *g = PH_NEW(l->mem, struct ph_gun);
	ph_u128 addr;
	int err = ph_udp_open(&u, &g->fd);

	if (err != 0)
		return err;
	g->loop = l;
	g->session = s;
	g->o = *o;
	ph_udp_local(g->fd, &addr, &g->port);
	g->watch = ph_watch_new(l, g->fd, PH_WATCH_READ, on_event, g);
	ph_watch_at(g->watch, ph_loop_now(l));
	*out = g;
	return 0;
}

void
ph_gun_send(struct ph_gun *g, const struct ph_shot *v, size_t n)
{
	uint64_t now = ph_loop_now(g->loop);

	for (size_t done = 0; done < n && !g->ended && g->n_waiting == 0; done += PH_SHOT_BATCH)
		fire(g, now, v + done, n - done < PH_SHOT_BATCH ? n - done : PH_SHOT_BATCH);
	if (g->n_waiting > 0)
		ph_watch_events(g->watch, PH_WATCH_READ | PH_WATCH_WRITE);
}

void
ph_gun_kick(struct ph_gun *g)
{
	if (!g->ended && !g->in_round)
		ph_watch_at(g->watch, ph_loop_now(g->loop));
}

void
ph_gun_end(struct ph_gun *g)
{
	if (g->ended)
		return;
	g->ended = true;
	ph_watch_end(g->watch);
	close(g->fd);
}

uint16_t
ph_gun_port(const struct ph_gun *g)
{
	return g->port;
}

int
ph_gun_fd(const struct ph_gun *g)
{
	return g->fd;
}
