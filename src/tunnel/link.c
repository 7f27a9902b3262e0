/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/device.h"
#include "os/errqueue.h"
#include "os/tcp.h"
#include "os/udp.h"
#include "tunnel/link.h"
#include "tunnel/wait.h"
#include "wire/http_connect.h"
#include "wire/stream.h"

enum {
	MS = 1000,			/* microseconds */
	MESSAGE = 65535 + 4 + 3,	/* bytes of the longest message, padded */
	IN_ROOM = 2 * MESSAGE,
	OUT_ROOM = 256 << 10,		/* bytes gathered before a stream drops */
	FULL = 16 << 10,		/* bytes that fill a TLS record: no reason to wait */
	OPEN_US = 4000 * MS,		/* for a connection to the relay and its handshake */
	BATCH = 16, UDP_BUFFER = 1 << 20,
};

enum stage { CONNECTING, ASKING_PROXY, SHAKING, OPEN, BROKEN, OVER };

struct ph_link {
	struct ph_link_opts o;
	int fd;
	enum stage stage;
	struct ph_wait *wait;
	struct ph_tls *tls;
	struct ph_stream in;
	uint8_t *in_buf, *out;		/* streams only */
	size_t out_from, out_to;
	bool dirty, ended, busy;	/* busy: in a call of ours, free later */
	bool held, finished;		/* raw: not to be read; nothing comes any more */
	bool shut, shut_done;		/* raw: nothing goes any more, once all is sent */
	int err;
	uint8_t tos;			/* UDP */
	struct ph_link *next_dirty;
};

static const struct { const char *word, *title; } rungs[PH_N_RUNGS] = {
	[PH_RUNG_UDP] = { "turn-udp", "TURN over UDP" },
	[PH_RUNG_TCP] = { "turn-tcp", "TURN over TCP" },
	[PH_RUNG_TLS] = { "turn-tls", "TURN over TLS" },
};

const char *
ph_rung_word(enum ph_rung r)
{
	return rungs[r].word;
}

const char *
ph_rung_title(enum ph_rung r)
{
	return rungs[r].title;
}

const char *
ph_via_device(const struct ph_via *v, ph_u128 to)
{
	return v->device != NULL && ph_ranges_has(v->taken, to) ? v->device : NULL;
}

static void
forget_dirty(struct ph_link *l)
{
	struct ph_link **at = &l->o.via->dirty;

	while (l->dirty && *at != NULL && *at != l)
		at = &(*at)->next_dirty;
	if (l->dirty && *at == l)
		*at = l->next_dirty;
	l->dirty = false;
}

static void
release(struct ph_link *l)
{
	free(l->in_buf);
	free(l->out);
	free(l);
}

void
ph_link_end(struct ph_link *l)
{
	if (l == NULL || l->ended)
		return;
	l->ended = true;
	forget_dirty(l);
	ph_wait_end(l->wait);
	ph_tls_free(l->tls);
	if (l->fd >= 0)
		close(l->fd);
	if (!l->busy)
		release(l);
}

static void
lose(struct ph_link *l, const char *why)
{
	if (l->ended || l->stage == OVER)
		return;
	l->stage = OVER;
	ph_wait_events(l->wait, 0);
	ph_wait_at(l->wait, UINT64_MAX);
	l->o.lost(l->o.arg, why);
}

/* What to wait for on an open stream. */
static void
wait_open(struct ph_link *l)
{
	if (l->stage == OPEN)
		ph_wait_events(l->wait, (l->held || l->finished ? 0 : PH_WAIT_READ) |
		    (l->out_to > 0 ? PH_WAIT_WRITE : 0));
}

static void
become_open(struct ph_link *l)
{
	l->stage = OPEN;
	ph_wait_at(l->wait, UINT64_MAX);
	ph_wait_events(l->wait, PH_WAIT_READ);
	l->o.opened(l->o.arg);
}

/* --- datagrams --- */

static uint8_t udp_room[BATCH][MESSAGE];

static void
empty_errors(struct ph_link *l)
{
	struct ph_errqueue_item item;
	uint8_t byte;

	while (ph_errqueue_take(l->fd, &byte, 1, &item) == 1)
		;
}

static void
read_udp(struct ph_link *l)
{
	struct ph_udp_msg m[BATCH];
	int n;

	empty_errors(l);
	do {
		for (int i = 0; i < BATCH; i++)
			m[i] = (struct ph_udp_msg){ .data = udp_room[i], .len = MESSAGE };
		n = ph_udp_recv(l->fd, m, BATCH);
		for (int i = 0; i < n && !l->ended; i++)
			if (m[i].addr == l->o.addr && m[i].port == l->o.port && !m[i].truncated)
				l->o.message(l->o.arg, m[i].data, m[i].len);
	} while (n == BATCH && !l->ended);
}

static bool
send_udp(struct ph_link *l, const void *p, size_t n)
{
	struct ph_udp_msg m = { .data = (uint8_t *)(uintptr_t)p, .len = (uint32_t)n,
	    .addr = l->o.addr, .port = l->o.port, .has_tos = l->tos != 0, .tos = l->tos };

	/* a queued ICMP error is told once, in place of sending */
	return ph_udp_send(l->fd, &m, 1) == 1 || ph_udp_send(l->fd, &m, 1) == 1;
}

/* --- streams --- */

static int
stream_write(struct ph_link *l, const uint8_t *p, size_t n)
{
	int r = l->tls != NULL ? ph_tls_write(l->tls, p, n) : ph_tcp_send(l->fd, p, n);

	return r == -EAGAIN ? 0 : r;
}

static int
stream_read(struct ph_link *l, uint8_t *p, size_t n)
{
	int r;

	if (l->tls != NULL)
		return ph_tls_read(l->tls, p, n);
	r = ph_tcp_recv(l->fd, p, n);
	return r == 0 ? -EPIPE : r == -EAGAIN ? 0 : r;
}

static void
write_out(struct ph_link *l)
{
	int n = 0;

	while (l->stage == OPEN && l->out_from < l->out_to) {
		n = stream_write(l, l->out + l->out_from, l->out_to - l->out_from);
		if (n <= 0)
			break;
		l->out_from += (size_t)n;
	}
	if (l->out_from == l->out_to)
		l->out_from = l->out_to = 0;
	if (l->shut && !l->shut_done && l->out_to == 0 && n >= 0) {
		l->shut_done = true;
		if (l->tls != NULL)
			ph_tls_shut(l->tls);
		else
			ph_tcp_shut(l->fd);
	}
	if (n < 0) {			/* told later: who writes is in the midst of something */
		l->stage = BROKEN;
		l->err = -n;
		ph_wait_at(l->wait, 0);
	} else {
		wait_open(l);
	}
}

/* Where ${n} more bytes can stand; NULL: they do not fit. */
static uint8_t *
out_room(struct ph_link *l, size_t n)
{
	if (l->out_to + n > OUT_ROOM && l->out_from > 0) {
		memmove(l->out, l->out + l->out_from, l->out_to - l->out_from);
		l->out_to -= l->out_from;
		l->out_from = 0;
	}
	return l->out_to + n > OUT_ROOM ? NULL : l->out + l->out_to;
}

static bool
send_stream(struct ph_link *l, const void *p, size_t n)
{
	size_t padded = (n + 3) & ~(size_t)3;
	uint8_t *to = out_room(l, padded);

	if (to == NULL)
		return false;
	memcpy(to, p, n);
	memset(to + n, 0, padded - n);
	l->out_to += padded;
	if (!l->dirty) {
		l->dirty = true;
		l->next_dirty = l->o.via->dirty;
		l->o.via->dirty = l;
	}
	if (l->out_to - l->out_from >= FULL)
		write_out(l);
	return true;
}

/* Bytes that came with the last messages. */
static void
take_raw(struct ph_link *l)
{
	size_t n = l->in.to - l->in.from;

	if (n == 0 || l->ended || l->held || !l->o.raw || l->stage != OPEN)
		return;
	l->in.from = l->in.to;
	l->o.message(l->o.arg, l->in.buf + l->in.to - n, n);
}

static void
take_frames(struct ph_link *l)
{
	struct ph_frame f;
	enum ph_stream_kind kind;

	while (!l->ended && l->stage == OPEN && !l->o.raw) {
		kind = ph_stream_take(&l->in, &f);
		if (kind == PH_STREAM_MORE)
			return;
		if (kind == PH_STREAM_BAD) {
			lose(l, "what the relay sends is no TURN");
			return;
		}
		l->o.message(l->o.arg, f.p, f.len);
	}
	take_raw(l);
}

/* The other end will send no more: of a stream of bytes that is half the truth. */
static void
finish(struct ph_link *l)
{
	if (!l->o.raw) {
		lose(l, "the relay closed the connection");
		return;
	}
	l->finished = true;
	wait_open(l);
	l->o.ended(l->o.arg);
}

static void
read_stream(struct ph_link *l)
{
	size_t room;
	uint8_t *p;
	int n;

	do {
		p = ph_stream_room(&l->in, &room);
		n = stream_read(l, p, room);
		if (n > 0) {
			ph_stream_added(&l->in, (size_t)n);
			take_frames(l);
		}
	} while (n > 0 && !l->ended && l->stage == OPEN && !l->held);
	if (n >= 0 || l->ended || l->stage != OPEN)
		return;
	if (n == -EPIPE) {
		finish(l);
	} else {
		l->err = -n;
		lose(l, "the connection broke");
	}
}

/* --- opening a stream --- */

static void
shake(struct ph_link *l)
{
	struct ph_tls_wants wants;

	switch (ph_tls_shake(l->tls)) {
	case PH_TLS_READY:
		become_open(l);
		break;
	case PH_TLS_FAILED:
		lose(l, ph_tls_fault_name(ph_tls_fault(l->tls)));
		break;
	case PH_TLS_SHAKING:
		wants = ph_tls_wants(l->tls);
		ph_wait_events(l->wait, (wants.read ? PH_WAIT_READ : 0) |
		    (wants.write ? PH_WAIT_WRITE : 0));
		break;
	}
}

static void
start_tls(struct ph_link *l)
{
	static const char *const alpn[] = { "stun.turn", NULL };
	struct ph_tls_opts o = { .peer = l->o.via->peer_key, .name = l->o.via->host,
	    .ca_file = l->o.via->ca_file, .alpn = alpn };

	if (ph_tls_client(l->fd, &o, &l->tls) != 0) {
		lose(l, "TLS cannot be started here");
		return;
	}
	l->stage = SHAKING;
	shake(l);
}

static const char *
refusal(unsigned status)
{
	static const struct { unsigned status; const char *why; } of[] = {
		{ 403, "the proxy forbids it" }, { 405, "the proxy does no CONNECT" },
		{ 407, "the proxy wants a name and password, or others" },
		{ 502, "the proxy cannot reach the relay" },
		{ 503, "the proxy cannot reach the relay" },
		{ 504, "the relay does not answer the proxy" },
	};

	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++)
		if (of[i].status == status)
			return of[i].why;
	return "the proxy refuses";
}

static void
ask_proxy(struct ph_link *l)
{
	const struct ph_via *v = l->o.via;
	size_t n = ph_http_connect_ask(ph_str(v->host), v->proxy_port, v->proxy_account,
	    (char *)l->out, OUT_ROOM);

	/* a socket that was just opened has room for a few hundred bytes */
	if (n == 0 || ph_tcp_send(l->fd, l->out, n) != (int)n) {
		lose(l, "the proxy cannot be asked");
		return;
	}
	l->stage = ASKING_PROXY;
	ph_wait_events(l->wait, PH_WAIT_READ);
}

static void
hear_proxy(struct ph_link *l)
{
	int n = ph_tcp_recv(l->fd, l->in_buf + l->in.to, PH_HTTP_CONNECT_MAX - l->in.to);
	unsigned status = 0;
	size_t head = 0;

	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		lose(l, "the proxy closed the connection");
		return;
	}
	l->in.to += (size_t)n;
	switch (ph_http_connect_read(l->in_buf, l->in.to, &head, &status)) {
	case PH_HTTP_MORE:
		return;
	case PH_HTTP_OPEN:
		if (head == l->in.to) {
			l->in.to = 0;
			start_tls(l);
			return;
		}
		/* in TLS the client speaks first */
		/* fallthrough */
	case PH_HTTP_BAD:
		lose(l, "what answers is no HTTP proxy");
		return;
	case PH_HTTP_REFUSED:
		lose(l, refusal(status));
		return;
	}
}

static void
connected(struct ph_link *l)
{
	if (l->o.rung == PH_RUNG_TLS && l->o.via->proxy)
		ask_proxy(l);
	else if (l->o.rung == PH_RUNG_TLS)
		start_tls(l);
	else
		become_open(l);
}

static void
check_connection(struct ph_link *l)
{
	int err = 0;

	switch (ph_tcp_outcome(l->fd, &err)) {
	case PH_TCP_PENDING:
		return;
	case PH_TCP_OPEN:
		connected(l);
		return;
	case PH_TCP_REFUSED:
		l->err = ECONNREFUSED;
		lose(l, "the connection is refused");
		return;
	default:
		l->err = err;
		lose(l, strerror(err));
	}
}

static void
on_wait(void *arg, unsigned events)
{
	struct ph_link *l = arg;

	l->busy = true;
	if (l->stage == BROKEN)
		lose(l, "the connection broke");
	else if ((events & PH_WAIT_TIME) != 0 && l->stage == OPEN)
		take_raw(l);
	else if ((events & PH_WAIT_TIME) != 0)
		lose(l, "no answer");
	else if (l->o.rung == PH_RUNG_UDP && l->stage == CONNECTING)
		become_open(l);
	else if (l->o.rung == PH_RUNG_UDP)
		read_udp(l);
	else if (l->stage == CONNECTING)
		check_connection(l);
	else if (l->stage == ASKING_PROXY)
		hear_proxy(l);
	else if (l->stage == SHAKING)
		shake(l);
	else if (l->stage == OPEN && (events & PH_WAIT_WRITE) != 0) {
		write_out(l);
		if (l->out_to == 0 && l->stage == OPEN && l->o.raw)
			l->o.drained(l->o.arg);
	}
	if (!l->ended && l->stage == OPEN && l->o.rung != PH_RUNG_UDP &&
	    (events & PH_WAIT_READ) != 0 && !l->held && !l->finished) {
		empty_errors(l);
		read_stream(l);
	}
	l->busy = false;
	if (l->ended)
		release(l);
}

static int
open_socket(struct ph_link *l)
{
	struct ph_udp_opts o = { .addr = ph_addr_is_v4(l->o.addr) ? PH_V4(0) : 0,
	    .rcvbuf = UDP_BUFFER, .sndbuf = UDP_BUFFER };
	const char *device;
	int err;

	device = ph_via_device(l->o.via, l->o.addr);
	if (l->o.rung == PH_RUNG_UDP) {
		err = ph_udp_open(&o, &l->fd);
		return err == 0 && device != NULL ? ph_device_bind(l->fd, device) : err;
	}
	l->in_buf = malloc(IN_ROOM);
	l->out = malloc(OUT_ROOM);
	if (l->in_buf == NULL || l->out == NULL)
		return -ENOMEM;
	ph_stream_init(&l->in, l->in_buf, IN_ROOM);
	return device != NULL ? ph_tcp_connect_by(l->o.addr, l->o.port, device, &l->fd) :
	    ph_tcp_connect(l->o.addr, l->o.port, 0, &l->fd);
}

int
ph_link_new(const struct ph_link_opts *o, struct ph_link **out)
{
	struct ph_link *l = calloc(1, sizeof(*l));
	int err;

	if (l == NULL)
		return -ENOMEM;
	l->o = *o;
	l->fd = -1;
	err = open_socket(l);
	if (err == 0)
		l->wait = ph_wait_new(o->via->loop, l->fd, PH_WAIT_WRITE, on_wait, l);
	if (err != 0 || l->wait == NULL) {
		ph_link_end(l);
		return err != 0 ? err : -ENOMEM;
	}
	if (o->rung != PH_RUNG_UDP && !o->raw)
		ph_wait_at(l->wait, ph_clock_us() + OPEN_US);
	*out = l;
	return 0;
}

bool
ph_link_send(struct ph_link *l, const void *p, size_t n)
{
	if (l->stage != OPEN)
		return false;
	return l->o.rung == PH_RUNG_UDP ? send_udp(l, p, n) : send_stream(l, p, n);
}

void
ph_link_mark(struct ph_link *l, uint8_t tos)
{
	l->tos = tos;
}

void
ph_link_raw(struct ph_link *l)
{
	l->o.raw = true;
}

void
ph_link_owner(struct ph_link *l, const struct ph_link_opts *o)
{
	l->o.opened = o->opened;
	l->o.message = o->message;
	l->o.ended = o->ended;
	l->o.drained = o->drained;
	l->o.lost = o->lost;
	l->o.arg = o->arg;
}

size_t
ph_link_write(struct ph_link *l, const void *p, size_t n)
{
	size_t room = OUT_ROOM - (l->out_to - l->out_from);
	uint8_t *to;

	if (l->stage != OPEN)
		return 0;
	n = n < room ? n : room;
	to = out_room(l, n);
	memcpy(to, p, n);
	l->out_to += n;
	write_out(l);
	return n;
}

size_t
ph_link_backlog(const struct ph_link *l)
{
	return l->out_to - l->out_from;
}

void
ph_link_hold(struct ph_link *l, bool yes)
{
	l->held = yes;
	if (!yes && l->in.to > l->in.from)
		ph_wait_at(l->wait, 0);	/* bytes that came before it was held */
	wait_open(l);
}

void
ph_link_shut(struct ph_link *l)
{
	l->shut = true;
	write_out(l);
}

int
ph_link_error(const struct ph_link *l)
{
	return l->err;
}

void
ph_link_flush(struct ph_via *via)
{
	struct ph_link *l;

	while ((l = via->dirty) != NULL) {
		via->dirty = l->next_dirty;
		l->dirty = false;
		write_out(l);
	}
}
