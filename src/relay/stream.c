/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "engine/turn_quota.h"
#include "engine/turn_slab.h"
#include "os/listen.h"
#include "os/tcp.h"
#include "relay/link.h"
#include "wire/control.h"
#include "wire/stream.h"
#include "wire/tls_hello.h"

enum {
	IN_ROOM = 16384,		/* bytes; the longest frame, too */
	OUT_ROOM = 262144,
	OUT_LATE = 49152,		/* media is dropped when so much waits */
	US = 1000000, READS = 8,
};

struct ph_relay_stream {
	enum ph_relay_what what;
	int fd;
	struct ph_tls *tls;
	struct ph_turn_conn conn;
	bool decided, shaking, over, writing;	/* writing: room is waited for */
	bool is_dirty;
	bool finishing;			/* ends when all is written */
	bool deaf;			/* nothing is read now */
	bool joined;			/* to a link, once: the server does not know it any more */
	struct ph_relay_link *link;	/* its bytes are that one's */
	size_t peeked;			/* bytes of a hello that was not whole */
	int worker;			/* leaving: who is to serve it; else -1 */
	uint64_t since_us;
	struct ph_stream in;
	uint8_t *out;			/* NULL: nothing waits */
	size_t n_out, cap_out;
	struct ph_relay_stream *next, *next_dirty;
	uint8_t room[IN_ROOM];
};

/* Where the streams of a source are counted; some sources share a place. */
static uint16_t *
count_of(struct ph_relay_worker *w, ph_u128 from)
{
	uint64_t h = ph_turn_hash(w->seed, ph_turn_quota_source(from), 0);

	return &w->by_source[h >> 32 & (PH_RELAY_SOURCES - 1)];
}

static bool
has_room(struct ph_relay_worker *w, ph_u128 from)
{
	return w->n_streams < PH_RELAY_STREAMS &&
	    *count_of(w, from) < PH_RELAY_STREAMS_SOURCE + w->o.turn.limits.source;
}

static void
enlist(struct ph_relay_worker *w, struct ph_relay_stream *s)
{
	s->next = w->streams;
	w->streams = s;
	w->n_streams++;
	++*count_of(w, s->conn.client);
}

void
ph_relay_stream_new(struct ph_relay_worker *w, const struct ph_relay_listener *l, int fd,
    ph_u128 from, uint16_t port)
{
	struct ph_relay_stream *s = has_room(w, from) ? malloc(sizeof(*s)) : NULL;

	if (s == NULL || ph_pollset_add(w->set, fd, s) != 0) {
		free(s);
		ph_tcp_abort(fd);
		return;
	}
	memset(s, 0, offsetof(struct ph_relay_stream, room));
	s->what = PH_RELAY_STREAM;
	s->fd = fd;
	s->worker = -1;
	s->since_us = w->now;
	s->conn = (struct ph_turn_conn){
		.client = from, .client_port = port, .server = l->addr, .server_port = l->port,
		.via = PH_TURN_VIA_TCP, .handle = (uintptr_t)s,
	};
	ph_stream_init(&s->in, s->room, sizeof(s->room));
	enlist(w, s);
}

/* It is freed when nothing can refer to it any more: by the next tick. */
static void
end(struct ph_relay_worker *w, struct ph_relay_stream *s)
{
	if (s->over)
		return;
	s->over = true;
	--*count_of(w, s->conn.client);
	if (s->link != NULL)
		ph_relay_link_stream_gone(w, s->link);
	s->link = NULL;
	if (!s->joined)
		ph_turn_server_stream_gone(w->turn, &s->conn, w->now);
	ph_tls_free(s->tls);
	s->tls = NULL;
	if (s->fd >= 0)
		close(s->fd);
	free(s->out);
	s->out = NULL;
	s->n_out = s->cap_out = 0;
}

/* --- what goes out --- */

static bool
grow(struct ph_relay_stream *s, size_t need)
{
	size_t cap = s->cap_out == 0 ? 4096 : s->cap_out;
	uint8_t *out;

	while (cap < need)
		cap *= 2;
	if (cap == s->cap_out)
		return true;
	out = cap > OUT_ROOM ? NULL : realloc(s->out, cap);
	if (out == NULL)
		return false;
	s->out = out;
	s->cap_out = cap;
	return true;
}

void
ph_relay_stream_put(struct ph_relay_worker *w, struct ph_relay_stream *s,
    const struct ph_relay_message *m)
{
	size_t n = m->head_len + m->len + m->tail;

	if (s->over || (m->media && s->n_out > OUT_LATE) || !grow(s, s->n_out + n))
		return;
	memcpy(s->out + s->n_out, m->head, m->head_len);
	memcpy(s->out + s->n_out + m->head_len, m->data, m->len);
	memset(s->out + s->n_out + m->head_len + m->len, 0, m->tail);
	s->n_out += n;
	if (s->is_dirty)
		return;
	s->is_dirty = true;
	s->next_dirty = w->dirty;
	w->dirty = s;
}

static void
write_out(struct ph_relay_worker *w, struct ph_relay_stream *s)
{
	bool wait = false;
	size_t done = 0;

	while (done < s->n_out && !wait && !s->over && !s->shaking) {
		int n = s->tls != NULL ? ph_tls_write(s->tls, s->out + done, s->n_out - done) :
		    ph_tcp_send(s->fd, s->out + done, s->n_out - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || n == -EAGAIN)
			wait = true;
		else
			end(w, s);
	}
	if (s->over)
		return;
	s->n_out -= done;
	if (s->n_out > 0)
		memmove(s->out, s->out + done, s->n_out);
	if (wait != s->writing)
		ph_pollset_want(w->set, s->fd, s, !s->deaf, wait);
	s->writing = wait;
	if (s->n_out == 0) {
		free(s->out);
		s->out = NULL;
		s->cap_out = 0;
	}
	if (s->link != NULL)
		ph_relay_link_room(w, s->link);
	if (s->n_out == 0 && s->finishing)
		end(w, s);
}

void
ph_relay_stream_flush(struct ph_relay_worker *w)
{
	while (w->dirty != NULL) {
		struct ph_relay_stream *s = w->dirty;

		w->dirty = s->next_dirty;
		s->is_dirty = false;
		if (!s->over)
			write_out(w, s);
	}
}

/* --- what comes in --- */

static bool
is_web_name(const struct ph_relay_worker *w, struct ph_str name)
{
	for (size_t i = 0; i < w->o.n_web_names; i++)
		if (w->o.web_names[i].len == name.len &&
		    strncasecmp(w->o.web_names[i].s, name.s, name.len) == 0)
			return true;
	return false;
}

static bool
is_for_web(const struct ph_relay_worker *w, const struct ph_tls_hello *h)
{
	if (h->name.len > 0 && is_web_name(w, h->name))
		return true;
	return h->n_alpn > 0 && !ph_tls_hello_offers(h, "stun.turn");
}

/* The responder goes on with it, from its first byte. */
static bool
hand_to_responder(struct ph_relay_worker *w, struct ph_relay_stream *s)
{
	ph_pollset_remove(w->set, s->fd);
	w->o.control(w->o.control_arg, s->fd, &s->conn);
	s->fd = -1;
	s->joined = true;		/* the server never knew it */
	return false;
}

/* Whom does the client's hello mean?  False: nobody here. */
static bool
decide_tls(struct ph_relay_worker *w, struct ph_relay_stream *s)
{
	static _Thread_local uint8_t bytes[PH_TLS_HELLO_MAX], room[PH_TLS_HELLO_MAX];
	struct ph_tls_opts o = { .identity = atomic_load(&w->identity) };
	int n = ph_tcp_peek(s->fd, bytes, sizeof(bytes));
	struct ph_tls_hello hello;

	if (n <= 0)
		return n == -EAGAIN;
	if ((size_t)n <= s->peeked)
		return false;		/* woken, and no more came: it has closed */
	switch (ph_tls_hello_read(bytes, (size_t)n, room, &hello)) {
	case PH_TLS_HELLO_MORE:
		s->peeked = (size_t)n;
		ph_tcp_wake_at(s->fd, s->peeked + 1);
		return true;
	case PH_TLS_HELLO_BAD:
		return false;
	case PH_TLS_HELLO_READY:
		break;
	}
	ph_tcp_wake_at(s->fd, 1);
	s->decided = true;
	if (w->o.control != NULL && ph_tls_hello_offers(&hello, PH_CONTROL_ALPN))
		return hand_to_responder(w, s);
	if (is_for_web(w, &hello))
		return w->o.web.port != 0 && ph_relay_link_pass(w, s, w->o.web);
	s->conn.via = PH_TURN_VIA_TLS;
	s->shaking = true;
	return o.identity != NULL && ph_tls_server(s->fd, &o, &s->tls) == 0;
}

/*
 * TLS, STUN or HTTP: the first byte tells.  False: nothing that is served, or it closed before
 * it said anything.
 */
static bool
decide(struct ph_relay_worker *w, struct ph_relay_stream *s)
{
	uint8_t first;
	int n = ph_tcp_peek(s->fd, &first, 1);

	if (n != 1)
		return n == -EAGAIN;
	switch (ph_stream_first(first)) {
	case PH_FIRST_STUN:
		s->decided = true;
		return true;
	case PH_FIRST_TLS:
		return decide_tls(w, s);
	case PH_FIRST_HTTP:
		s->decided = true;
		return w->o.web_plain.port != 0 && ph_relay_link_pass(w, s, w->o.web_plain);
	default:
		return false;
	}
}

/*
 * Does it name what another worker has made?  Then the stream leaves after this round, unless
 * it has an allocation here.
 */
static bool
is_for_another(struct ph_relay_worker *w, struct ph_relay_stream *s, const struct ph_frame *f)
{
	int worker = w->o.turn.n_workers > 1 ? ph_turn_server_worker(f->p, f->len) : -1;

	if (worker < 0 || worker == w->o.turn.worker || worker >= w->o.turn.n_workers ||
	    ph_turn_server_holds(w->turn, &s->conn))
		return false;
	s->worker = worker;
	w->leaving = true;
	return true;
}

static void
take_frames(struct ph_relay_worker *w, struct ph_relay_stream *s)
{
	enum ph_stream_kind kind = PH_STREAM_MORE;
	struct ph_frame f;

	while (!s->over && (kind = ph_stream_take(&s->in, &f)) != PH_STREAM_MORE &&
	    kind != PH_STREAM_BAD) {
		struct ph_turn_in in = { .conn = s->conn, .data = f.p, .len = f.len };

		if (kind == PH_STREAM_STUN && is_for_another(w, s, &f)) {
			ph_stream_back(&s->in, &f);
			return;
		}
		ph_relay_worker_take(w, &in);
		if (s->link != NULL || s->finishing)
			return;
	}
	if (kind == PH_STREAM_BAD)
		end(w, s);
}

/*
 * What is taken from the buffer is sent to peers before it is read into again: what was
 * gathered borrows from it.
 */
static void
hear(struct ph_relay_worker *w, struct ph_relay_stream *s)
{
	int n = 1;

	for (int i = 0; i < READS && n > 0 && !s->over && s->link == NULL && s->worker < 0;
	    i++) {
		size_t room;
		uint8_t *to = ph_stream_room(&s->in, &room);

		n = s->tls != NULL ? ph_tls_read(s->tls, to, room) : ph_tcp_recv(s->fd, to, room);
		if (n <= 0)
			break;
		ph_stream_added(&s->in, (size_t)n);
		take_frames(w, s);
		ph_burst_flush(w->burst);
	}
	if ((n < 0 && n != -EAGAIN) || (n == 0 && s->tls == NULL))
		end(w, s);
}

void
ph_relay_stream_ready(struct ph_relay_worker *w, struct ph_relay_stream *s)
{
	enum ph_tls_state state;

	if (s->over)
		return;
	if (!s->decided && !decide(w, s)) {
		end(w, s);
		return;
	}
	if (!s->decided)
		return;			/* its hello is not whole yet */
	if (s->shaking) {
		state = ph_tls_shake(s->tls);
		if (state == PH_TLS_FAILED)
			end(w, s);
		if (state != PH_TLS_READY)
			return;
		s->shaking = false;
	}
	if (s->link != NULL)
		ph_relay_link_move(w, s->link);
	else if (!s->finishing)
		hear(w, s);
	if (!s->over && s->n_out > 0)
		write_out(w, s);
	if (s->link != NULL && s->n_out == 0)
		ph_relay_link_move(w, s->link);
}

/* --- joined to a link --- */

void
ph_relay_stream_join(struct ph_relay_stream *s, struct ph_relay_link *k)
{
	s->link = k;
	s->joined = true;
}

int
ph_relay_stream_read(struct ph_relay_stream *s, void *p, size_t n)
{
	size_t rest = ph_stream_rest(&s->in, p, n);
	int got;

	if (rest > 0)
		return (int)rest;
	got = s->tls != NULL ? ph_tls_read(s->tls, p, n) : ph_tcp_recv(s->fd, p, n);
	return got == 0 && s->tls != NULL ? -EAGAIN : got;
}

size_t
ph_relay_stream_waiting(const struct ph_relay_stream *s)
{
	return s->n_out;
}

void
ph_relay_stream_want(struct ph_relay_worker *w, struct ph_relay_stream *s, bool read)
{
	if (s->over || s->deaf == !read)
		return;
	s->deaf = !read;
	ph_pollset_want(w->set, s->fd, s, read, s->writing);
}

void
ph_relay_stream_finish(struct ph_relay_worker *w, struct ph_relay_stream *s)
{
	s->link = NULL;
	if (s->over)
		return;
	s->finishing = true;
	ph_relay_stream_want(w, s, false);
	if (s->n_out == 0)
		end(w, s);
}

/* --- from one worker to another --- */

static void
delist(struct ph_relay_worker *w, struct ph_relay_stream *s)
{
	struct ph_relay_stream **at = &w->streams;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	w->n_streams--;
	--*count_of(w, s->conn.client);
}

void
ph_relay_stream_leave(struct ph_relay_worker *w)
{
	for (struct ph_relay_stream *s = w->streams, *next; w->leaving && s != NULL; s = next) {
		struct ph_relay_inbox *to = s->worker < 0 ? NULL : &w->inboxes[s->worker];

		next = s->next;
		if (to == NULL || s->over)
			continue;
		delist(w, s);
		ph_pollset_remove(w->set, s->fd);
		pthread_mutex_lock(&to->lock);
		s->next = to->streams;
		to->streams = s;
		pthread_mutex_unlock(&to->lock);
		ph_bell_ring(to->fd);
	}
	w->leaving = false;
}

void
ph_relay_stream_arrive(struct ph_relay_worker *w)
{
	struct ph_relay_inbox *from = &w->inboxes[w->o.turn.worker];
	struct ph_relay_stream *s, *next;

	ph_bell_answer(from->fd);
	pthread_mutex_lock(&from->lock);
	s = from->streams;
	from->streams = NULL;
	pthread_mutex_unlock(&from->lock);
	for (; s != NULL; s = next) {
		next = s->next;
		s->worker = -1;
		s->writing = false;
		enlist(w, s);
		if (ph_pollset_add(w->set, s->fd, s) != 0) {
			end(w, s);
			continue;
		}
		take_frames(w, s);
		ph_relay_stream_ready(w, s);
	}
}

void
ph_relay_stream_tick(struct ph_relay_worker *w)
{
	struct ph_relay_stream **at = &w->streams, *s;

	while ((s = *at) != NULL) {
		if (!s->over && w->now - s->since_us > (uint64_t)PH_RELAY_SILENT_S * US &&
		    !s->joined && !ph_turn_server_holds(w->turn, &s->conn))
			end(w, s);
		if (!s->over) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		w->n_streams--;
		free(s);
	}
}

void
ph_relay_stream_end_all(struct ph_relay_worker *w)
{
	struct ph_relay_inbox *from = &w->inboxes[w->o.turn.worker];

	for (struct ph_relay_stream *s = from->streams, *next; s != NULL; s = next) {
		next = s->next;
		enlist(w, s);
	}
	from->streams = NULL;
	for (struct ph_relay_stream *s = w->streams; s != NULL; s = s->next)
		end(w, s);
	w->dirty = NULL;
	ph_relay_stream_tick(w);
}
