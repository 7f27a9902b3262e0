/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/listen.h"
#include "os/tcp.h"
#include "os/udp.h"
#include "serve/later.h"
#include "serve/lease.h"
#include "serve/receipts.h"
#include "serve/stream.h"
#include "serve/voice.h"

enum {
	BATCH = 32, DATAGRAM = 2560, READY = 256,
	FRAME = 1024,			/* of a request over TCP */
	US = 1000000,
	CONN_US = 60 * US,		/* a connection that says nothing for so long ends */
	ROUNDS = 32,
	PORT_BITS = 65536 / 8,
	TELEPHONES = 24,		/* ports and connections of one client that speak for one */
};

enum what { UDP_PORT, TCP_PORT, CONN };

/* A member of the set: a port, or a connection to one. */
struct socket {
	enum what what;
	enum ph_control_proto proto;
	int fd;
	uint16_t port;
	struct socket *next;
	struct ph_voice *voice;		/* UDP_PORT, CONN: a telephone is there, or NULL */
	struct ph_mirror *mirror;	/* what it heard; of the port */
	/* CONN */
	struct ph_tls *tls;
	ph_u128 from;
	uint16_t from_port;
	uint64_t seen_us;
	size_t len;
	uint8_t in[FRAME];
};

struct exporter {
	uint16_t port;
	uint8_t value[32];
	struct exporter *next;
};

struct ph_lease {
	struct ph_lease_opts o;
	struct ph_stun_auth auth;
	int set;
	struct socket *ports, *conns;
	size_t n_ports, n_conns;
	bool starved;
	uint8_t *bound[PH_CONTROL_PROTOS];	/* bits of ports, when any is bound */
	struct socket *telephones[TELEPHONES];
	size_t n_telephones;
	struct exporter *exporters;
	struct ph_receipts receipts;
	struct ph_later later;
	struct ph_stream_far stream;
	uint64_t arrived, second;
	size_t this_second;
};

static uint8_t in_bytes[BATCH][DATAGRAM], out_bytes[BATCH][DATAGRAM];

int
ph_lease_new(const struct ph_lease_opts *o, struct ph_lease **out)
{
	struct ph_lease *l = calloc(1, sizeof(*l));
	int err = -ENOMEM;

	if (l == NULL)
		return -ENOMEM;
	l->o = *o;
	l->later.max = o->max_later;
	l->set = l->stream.fd = -1;
	if (!ph_stun_auth_init(&l->auth))
		goto err;
	ph_stun_auth_key(&l->auth, o->auth_key, PH_CONTROL_KEY);
	err = ph_pollset_new(&l->set);
	if (err < 0)
		goto err;
	*out = l;
	return 0;
err:
	ph_stun_auth_fini(&l->auth);
	free(l);
	return err;
}

static void
close_all(struct socket **list)
{
	for (struct socket *s = *list, *next; s != NULL; s = next) {
		next = s->next;
		if (s->what == CONN)	/* a port's socket is shorter */
			ph_tls_free(s->tls);
		else
			free(s->mirror);
		ph_voice_free(s->voice);
		close(s->fd);
		free(s);
	}
	*list = NULL;
}

void
ph_lease_release(struct ph_lease *l)
{
	close_all(&l->conns);
	close_all(&l->ports);
	*l->o.room += l->n_ports;
	l->n_conns = l->n_ports = l->n_telephones = 0;
	for (size_t i = 0; i < PH_CONTROL_PROTOS; i++) {
		free(l->bound[i]);
		l->bound[i] = NULL;
	}
	for (struct exporter *e = l->exporters, *next; e != NULL; e = next) {
		next = e->next;
		free(e);
	}
	l->exporters = NULL;
	ph_receipts_fini(&l->receipts);
	ph_later_fini(&l->later);
	ph_stream_far_fini(&l->stream);
}

void
ph_lease_free(struct ph_lease *l)
{
	if (l == NULL)
		return;
	ph_lease_release(l);
	ph_stun_auth_fini(&l->auth);
	close(l->set);
	free(l);
}

int
ph_lease_fd(const struct ph_lease *l)
{
	return l->set;
}

uint64_t
ph_lease_arrived(const struct ph_lease *l)
{
	return l->arrived;
}

/* --- ports --- */

static int
add(struct ph_lease *l, struct socket **list, const struct socket *what)
{
	struct socket *s = malloc(what->what == CONN ? sizeof(*s) : offsetof(struct socket, tls));
	int err;

	if (s == NULL)
		return -ENOMEM;
	memcpy(s, what, what->what == CONN ? sizeof(*s) : offsetof(struct socket, tls));
	err = ph_pollset_add(l->set, s->fd, s);
	if (err < 0) {
		free(s);
		return err;
	}
	s->next = *list;
	*list = s;
	if (s->voice != NULL)
		l->telephones[l->n_telephones++] = s;
	return 0;
}

/* Whoever answers on a port or connection of this kind, if anybody does. */
static int
hire(const struct ph_lease *l, struct socket *s)
{
	if (!ph_voice_is(s->proto))
		return 0;
	if (s->what != CONN && (s->mirror = calloc(1, sizeof(*s->mirror))) == NULL)
		return -ENOMEM;
	if (s->what == TCP_PORT)
		return 0;
	return l->n_telephones >= TELEPHONES ? -EDQUOT : ph_voice_new(s->proto, &s->voice);
}

static bool
has_port(const struct ph_lease *l, enum ph_control_proto proto, uint16_t port)
{
	const uint8_t *bits = l->bound[proto];

	return bits != NULL && (bits[port / 8] >> (port % 8) & 1) != 0;
}

static bool
is_udp(enum ph_control_proto proto)
{
	return proto == PH_CONTROL_UDP || proto == PH_CONTROL_SIP_UDP || proto == PH_CONTROL_RAS;
}

static int
bind_one(struct ph_lease *l, enum ph_control_proto proto, uint16_t port)
{
	struct ph_udp_opts udp = { .addr = l->o.local, .port = port, .df = PH_UDP_NO_FRAGMENT };
	struct socket s = {
		.what = is_udp(proto) ? UDP_PORT : TCP_PORT, .proto = proto, .port = port,
		.fd = -1,
	};
	int err;

	if (l->n_ports >= l->o.max_ports || *l->o.room == 0)
		return -EMFILE;
	if (l->bound[proto] == NULL)
		l->bound[proto] = calloc(1, PORT_BITS);
	if (l->bound[proto] == NULL)
		return -ENOMEM;
	if (port == 0)
		return -EINVAL;
	err = hire(l, &s);
	if (err == 0)
		err = s.what == UDP_PORT ? ph_udp_open(&udp, &s.fd) :
		    ph_listen(l->o.local, port, &s.fd);
	if (err == 0)
		err = add(l, &l->ports, &s);
	if (err < 0) {
		if (s.fd >= 0)
			close(s.fd);
		ph_voice_free(s.voice);
		free(s.mirror);
		return err;
	}
	l->n_ports++;
	--*l->o.room;
	l->bound[proto][port / 8] |= (uint8_t)(1U << port % 8);
	return 0;
}

/* Ports for which something could not be done, gathered into ranges. */
struct failures {
	struct ph_control_range *v;
	size_t n, max;
	int err;			/* errno of the first; EMFILE prevails */
};

/* Is it room that was missing, and not the right? */
static bool
is_want(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

static void
note_failure(struct failures *f, unsigned port, int err)
{
	if (f->err == 0 || is_want(err))
		f->err = is_want(err) ? EMFILE : err;
	if (f->n > 0 && (f->v[f->n - 1].hi + 1U == port || f->n == f->max))
		f->v[f->n - 1].hi = (uint16_t)port;
	else
		f->v[f->n++] = (struct ph_control_range){ (uint16_t)port, (uint16_t)port };
}

size_t
ph_lease_bind(struct ph_lease *l, enum ph_control_proto proto,
    const struct ph_control_ranges *r, struct ph_control_range *failed, size_t max, int *err)
{
	struct failures f = { .v = failed, .max = max };

	for (size_t i = 0; i < r->n; i++)
		for (unsigned p = r->v[i].lo; p <= r->v[i].hi; p++) {
			int e = has_port(l, proto, (uint16_t)p) ? 0 :
			    bind_one(l, proto, (uint16_t)p);

			if (e != 0)
				note_failure(&f, p, -e);
		}
	*err = f.err;
	return f.n;
}

static int
connect_one(struct ph_lease *l, uint64_t now, uint16_t port)
{
	struct socket c = {
		.what = CONN, .proto = PH_CONTROL_TCP, .port = port, .seen_us = now,
		.from = l->o.client, .from_port = port,
	};
	int err;

	if (l->n_conns >= l->o.max_conns)
		return -EDQUOT;
	err = ph_tcp_connect(l->o.client, port, l->o.local, &c.fd);
	if (err < 0)
		return err;
	err = add(l, &l->conns, &c);
	if (err < 0)
		close(c.fd);
	else
		l->n_conns++;
	return err;
}

size_t
ph_lease_connect(struct ph_lease *l, uint64_t now, const struct ph_control_ranges *r,
    struct ph_control_range *failed, size_t max, int *err)
{
	struct failures f = { .v = failed, .max = max };

	for (size_t i = 0; i < r->n; i++)
		for (unsigned p = r->v[i].lo; p <= r->v[i].hi; p++) {
			int e = p == 0 ? -EINVAL : connect_one(l, now, (uint16_t)p);

			if (e != 0)
				note_failure(&f, p, -e);
		}
	*err = f.err;
	return f.n;
}

/* --- what arrives --- */

static bool
within_rate(struct ph_lease *l, uint64_t now)
{
	if (now / US != l->second) {
		l->second = now / US;
		l->this_second = 0;
	}
	return l->this_second++ < l->o.max_pps;
}

/* What came, and by which socket an answer leaves; -1: by none later. */
struct request {
	int fd;
	const uint8_t *p;
	size_t n;
	struct ph_answer_to to;
};

/* Read, note; the bytes at ${out}, a DATAGRAM, of what is to be said now: perhaps none. */
static size_t
take(struct ph_lease *l, uint64_t now, struct request *r, uint8_t *out)
{
	struct ph_later_item later = { .fd = r->fd };
	struct ph_answer_to *a = &r->to;
	uint32_t times;

	if (!ph_answer_read(r->p, r->n, &l->auth, l->o.name, l->o.salt, a) ||
	    !within_rate(l, now))
		return 0;
	l->arrived++;
	if (!ph_receipts_note(&l->receipts, a, now) || a->test.mode == PH_STUN_TEST_SILENT)
		return 0;
	if (a->test.mode == PH_STUN_TEST_NOW)
		return ph_answer_make(a, 0, &l->auth, out, DATAGRAM);
	times = a->test.mode == PH_STUN_TEST_REPEAT ? a->test.count : 1;
	for (uint32_t i = 0; i < times && i < 64; i++) {
		later.to = *a;
		later.count = (uint16_t)i;
		later.due_us = now + (uint64_t)a->test.delay_ms * 1000 * (i + 1);
		ph_later_put(&l->later, &later);
	}
	return 0;
}

static void
send_to(int fd, const struct ph_answer_to *a, uint8_t *p, size_t n)
{
	struct ph_udp_msg m = {
		.data = p, .len = (uint32_t)n, .addr = a->from, .port = a->port,
		.has_tos = (a->test.flags & PH_STUN_TEST_TOS) != 0, .tos = a->test.tos,
	};

	if (n > 0)
		ph_udp_send(fd, &m, 1);
}

/* Whether large packets arrive in pieces is asked with one that has to be cut. */
static void
send_in_pieces(int fd, const struct ph_answer_to *a, uint8_t *p, size_t n)
{
	bool v6 = !ph_addr_is_v4(a->from);

	ph_udp_df(fd, v6, PH_UDP_MAY_FRAGMENT);
	send_to(fd, a, p, n);
	ph_udp_df(fd, v6, PH_UDP_NO_FRAGMENT);
}

/* A packet of the stream that was announced, from the client itself. */
static bool
is_rtp(const struct ph_lease *l, const struct socket *s, const struct ph_udp_msg *m)
{
	return s->fd == l->stream.fd && m->addr == l->o.client && m->len > 0 &&
	    m->data[0] >> 6 == 2;
}

static void
run_udp(struct ph_lease *l, uint64_t now, const struct socket *s)
{
	struct ph_udp_msg in[BATCH], out[BATCH];
	int got = BATCH, n_out;

	for (int round = 0; round < ROUNDS && got == BATCH; round++) {
		for (size_t i = 0; i < BATCH; i++)
			in[i] = (struct ph_udp_msg){ .data = in_bytes[i], .len = DATAGRAM };
		got = ph_udp_recv(s->fd, in, BATCH);
		n_out = 0;
		for (int i = 0; i < got; i++) {
			struct request r = {
				.fd = s->fd, .p = in[i].data, .n = in[i].len,
				.to = { .from = in[i].addr, .port = in[i].port,
				    .tos = in[i].tos, .ttl = in[i].ttl },
			};
			size_t n;

			if (is_rtp(l, s, &in[i])) {
				ph_stream_far_take(&l->stream, now, &in[i]);
				continue;
			}
			n = take(l, now, &r, out_bytes[n_out]);
			if (n > 0 && r.to.id.kind == PH_CONTROL_FRAGMENT) {
				send_in_pieces(s->fd, &r.to, out_bytes[n_out], n);
				continue;
			}
			if (n > 0)
				out[n_out] = (struct ph_udp_msg){
					.data = out_bytes[n_out], .len = (uint32_t)n,
					.addr = r.to.from, .port = r.to.port, .tos = r.to.test.tos,
					.has_tos = (r.to.test.flags & PH_STUN_TEST_TOS) != 0,
				};
			n_out += n > 0;
		}
		if (n_out > 0)
			ph_udp_send(s->fd, out, (size_t)n_out);
	}
}

/* --- connections --- */

static void
drop(struct ph_lease *l, struct socket *c)
{
	for (struct socket **p = &l->conns; *p != NULL; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			break;
		}
	for (size_t i = 0; i < l->n_telephones; i++)
		if (l->telephones[i] == c)
			l->telephones[i] = l->telephones[--l->n_telephones];
	ph_voice_free(c->voice);
	ph_tls_free(c->tls);
	close(c->fd);
	free(c);
	l->n_conns--;
}

/* Room for one more, and a partner for it. */
static int
take_conn(struct ph_lease *l, struct socket *c)
{
	struct ph_tls_opts o = { .key = l->o.key };
	int err;

	if (l->n_conns >= l->o.max_conns)
		return -EDQUOT;
	if (ph_voice_is(c->proto) && c->from != l->o.client)
		return -EACCES;		/* what it says is not sealed */
	err = hire(l, c);
	if (err == 0 && (c->proto == PH_CONTROL_TLS || c->proto == PH_CONTROL_SIP_TLS))
		err = ph_tls_server(c->fd, &o, &c->tls);
	return err < 0 ? err : add(l, &l->conns, c);
}

static void
run_port(struct ph_lease *l, uint64_t now, const struct socket *port)
{
	struct socket c = {
		.what = CONN, .proto = port->proto, .port = port->port, .seen_us = now,
		.mirror = port->mirror,
	};

	int err;

	while ((err = ph_listen_accept(port->fd, &c.from, &c.from_port, &c.fd)) == 0) {
		c.voice = NULL;
		c.tls = NULL;
		err = take_conn(l, &c);
		if (err < 0) {
			l->starved |= err != -EACCES;
			ph_voice_free(c.voice);
			ph_tls_free(c.tls);
			close(c.fd);
			continue;
		}
		l->n_conns++;
		if (c.mirror != NULL)
			ph_mirror_begin(c.mirror, c.from, c.from_port);
	}
	l->starved |= is_want(-err);
}

bool
ph_lease_starved(const struct ph_lease *l)
{
	return l->starved;
}

static void
note_exporter(struct ph_lease *l, const struct socket *c)
{
	struct exporter *e = l->exporters;

	while (e != NULL && e->port != c->port)
		e = e->next;
	if (e == NULL) {
		e = calloc(1, sizeof(*e));
		if (e == NULL)
			return;
		e->port = c->port;
		e->next = l->exporters;
		l->exporters = e;
	}
	ph_tls_exporter(c->tls, e->value);
}

/* Bytes that came: 0 when none wait, negative when it is over. */
static int
read_conn(struct socket *c)
{
	int n;

	if (c->tls != NULL && ph_tls_shake(c->tls) == PH_TLS_SHAKING)
		return 0;
	n = c->tls != NULL ? ph_tls_read(c->tls, c->in + c->len, FRAME - c->len) :
	    ph_listen_bytes(c->fd, c->in + c->len, FRAME - c->len);
	if (c->tls != NULL)
		return n;
	return n == -EAGAIN ? 0 : n == 0 ? -EPIPE : n;
}

static bool
reply_conn(struct socket *c, const uint8_t *p, size_t n)
{
	int sent = c->tls != NULL ? ph_tls_write(c->tls, p, n) : ph_listen_reply(c->fd, p, n);

	return sent == (int)n;
}

/* Every request that is there; false: not one of ours, or the answer was not taken. */
static bool
take_frames(struct ph_lease *l, uint64_t now, struct socket *c)
{
	while (c->len >= PH_STUN_HEADER) {
		size_t whole = PH_STUN_HEADER + (size_t)ph_be16(c->in + 2), n;
		struct request r = {
			.fd = -1, .p = c->in, .n = whole,
			.to = { .from = c->from, .port = c->from_port },
		};
		uint64_t before = l->arrived;

		if (!ph_stun_looks(c->in, c->len) || whole > FRAME)
			return false;
		if (c->len < whole)
			return true;
		n = take(l, now, &r, out_bytes[0]);
		if (l->arrived == before || (n > 0 && !reply_conn(c, out_bytes[0], n)))
			return false;
		if (c->tls != NULL)
			note_exporter(l, c);
		memmove(c->in, c->in + whole, c->len - whole);
		c->len -= whole;
		c->seen_us = now;
	}
	return true;
}

/* --- telephones --- */

/* What a telephone has to say now; false: the connection does not take it. */
static bool
speak(struct socket *s, uint64_t now)
{
	static uint8_t out[PH_VOICE_OUT];
	struct ph_answer_to to = { 0 };
	size_t n;

	while ((n = ph_voice_output(s->voice, now, out, sizeof(out), &to.from, &to.port)) > 0) {
		if (s->what == UDP_PORT) {
			s->mirror->sent_len = 0;
			send_to(s->fd, &to, out, n);
		} else if (!reply_conn(s, out, n))
			return false;
		ph_mirror_went(s->mirror, out, n);
	}
	return true;
}

/*
 * Messages are noted when they come from the client or bear the name of the session, which
 * a client behind several addresses may do; answered is only the address that is proven.
 */
static void
hear_datagrams(struct ph_lease *l, uint64_t now, struct socket *s)
{
	static uint8_t bytes[PH_VOICE_OUT];
	struct ph_udp_msg m = { .data = bytes, .len = sizeof(bytes) };

	while (ph_udp_recv(s->fd, &m, 1) == 1) {
		bool proven = m.addr == l->o.client;

		if (within_rate(l, now) && (proven ||
		    memmem(m.data, m.len, l->o.name.s, l->o.name.len) != NULL)) {
			l->arrived++;
			ph_mirror_begin(s->mirror, m.addr, m.port);
			ph_mirror_came(s->mirror, m.data, m.len);
			if (proven)
				ph_voice_input(s->voice, now, m.data, m.len, m.addr, m.port);
			speak(s, now);
		}
		m.len = sizeof(bytes);
	}
}

/* The piece of a stream that was just read. */
static bool
hear(struct ph_lease *l, uint64_t now, struct socket *c)
{
	bool fine;

	if (!within_rate(l, now))
		return false;
	l->arrived++;
	c->seen_us = now;
	ph_mirror_came(c->mirror, c->in, c->len);
	fine = ph_voice_input(c->voice, now, c->in, c->len, c->from, c->from_port);
	c->len = 0;
	return speak(c, now) && fine;
}

/* Telephones whose time has come; when the next one's does. */
static uint64_t
run_telephones(struct ph_lease *l, uint64_t now)
{
	uint64_t at = UINT64_MAX;

	for (size_t i = l->n_telephones; i-- > 0;) {
		struct socket *s = l->telephones[i];

		if (ph_voice_deadline(s->voice) <= now && !speak(s, now)) {
			drop(l, s);
			continue;
		}
		if (ph_voice_deadline(s->voice) < at)
			at = ph_voice_deadline(s->voice);
	}
	return at;
}

static void
run_conn(struct ph_lease *l, uint64_t now, struct socket *c)
{
	int n;

	while ((n = read_conn(c)) > 0) {
		c->len += (size_t)n;
		if (c->voice != NULL ? !hear(l, now, c) : !take_frames(l, now, c)) {
			n = -EPROTO;
			break;
		}
	}
	if (n < 0)
		drop(l, c);
}

static void
drop_silent(struct ph_lease *l, uint64_t now)
{
	for (struct socket *c = l->conns, *next; c != NULL; c = next) {
		next = c->next;
		if (now - c->seen_us > CONN_US)
			drop(l, c);
	}
}

/* --- what is due --- */

static void
send_due(struct ph_lease *l, uint64_t now)
{
	while (ph_later_due(&l->later) <= now) {
		struct ph_later_item x = ph_later_take(&l->later);
		size_t n = x.unasked ?
		    ph_answer_unasked(&x.to.id, l->o.salt, &l->auth, out_bytes[0], DATAGRAM) :
		    ph_answer_make(&x.to, x.count, &l->auth, out_bytes[0], DATAGRAM);

		if (x.fd >= 0)
			send_to(x.fd, &x.to, out_bytes[0], n);
	}
}

static int
udp_fd(const struct ph_lease *l, uint16_t port)
{
	for (const struct socket *s = l->ports; s != NULL; s = s->next)
		if (s->what == UDP_PORT && s->port == port)
			return s->fd;
	return -1;
}

bool
ph_lease_send(struct ph_lease *l, const struct ph_control_send *v, uint64_t now)
{
	uint64_t gap = US / (v->pps == 0 ? 100 : v->pps), at = now;
	struct ph_later_item x = { .unasked = true };

	for (unsigned try = 0; try < v->tries; try++, at += US / 5)
		for (unsigned p = v->from.lo; p <= v->from.hi; p++, at += gap) {
			unsigned to = v->to.lo + (p - v->from.lo);

			x.fd = udp_fd(l, (uint16_t)p);
			x.due_us = at;
			x.to.from = l->o.client;
			x.to.port = (uint16_t)(to <= v->to.hi ? to : v->to.lo);
			x.to.id = (struct ph_control_id){ .kind = (enum ph_control_kind)v->kind,
			    .try = (uint8_t)(try & 15), .number = x.to.port };
			if (x.fd < 0 || !ph_later_put(&l->later, &x))
				return false;
		}
	return true;
}

uint64_t
ph_lease_run(struct ph_lease *l, uint64_t now)
{
	void *ready[READY];
	size_t n = ph_pollset_ready(l->set, ready, READY);
	uint64_t later, speech, stream;

	for (size_t i = 0; i < n; i++) {
		struct socket *s = ready[i];

		if (s->what == UDP_PORT && s->voice != NULL)
			hear_datagrams(l, now, s);
		else if (s->what == UDP_PORT)
			run_udp(l, now, s);
		else if (s->what == TCP_PORT)
			run_port(l, now, s);
		else
			run_conn(l, now, s);
	}
	drop_silent(l, now);
	send_due(l, now);
	later = ph_later_due(&l->later);
	speech = run_telephones(l, now);
	later = later < speech ? later : speech;
	stream = ph_stream_far_run(&l->stream, now);
	return later < stream ? later : stream;
}

/* --- what is told --- */

size_t
ph_lease_receipts(const struct ph_lease *l, size_t from, uint64_t now,
    struct ph_control_receipt *out, size_t max)
{
	size_t n = 0;

	for (; from < l->receipts.n && n < max; from++, n++)
		out[n] = ph_receipts_get(&l->receipts, from, now);
	return n;
}

size_t
ph_lease_fresh(struct ph_lease *l, uint64_t now, struct ph_control_receipt *out, size_t max)
{
	return ph_receipts_fresh(&l->receipts, now, out, max);
}

bool
ph_lease_stream(struct ph_lease *l, const struct ph_control_stream *what)
{
	int fd = udp_fd(l, what->port);

	return fd >= 0 && ph_stream_far_init(&l->stream, what, fd);
}

bool
ph_lease_stream_end(struct ph_lease *l, uint32_t sent, struct ph_control_streamed *out)
{
	if (!l->stream.there)
		return false;
	ph_stream_far_result(&l->stream, sent, out);
	ph_stream_far_fini(&l->stream);
	return true;
}

bool
ph_lease_mirror(const struct ph_lease *l, const struct ph_control_mirror *of,
    struct ph_control_mirrored *out)
{
	const struct socket *s = l->ports;

	while (s != NULL && (s->proto != of->proto || s->port != of->port))
		s = s->next;
	*out = (struct ph_control_mirrored){ .proto = of->proto, .port = of->port };
	if (s == NULL || s->mirror == NULL)
		return false;
	if (s->mirror->len > 0) {
		out->from = s->mirror->from;
		out->from_port = s->mirror->from_port;
		out->bytes = s->mirror->bytes;
		out->len = s->mirror->len;
	}
	if (s->mirror->sent_len > 0) {
		out->sent = s->mirror->sent;
		out->sent_len = s->mirror->sent_len;
	}
	return true;
}

bool
ph_lease_exporter(const struct ph_lease *l, uint16_t port, uint8_t out[32])
{
	for (const struct exporter *e = l->exporters; e != NULL; e = e->next)
		if (e->port == port) {
			memcpy(out, e->value, 32);
			return true;
		}
	return false;
}
