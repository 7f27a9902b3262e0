/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "os/clock.h"
#include "os/listen.h"
#include "os/udp.h"
#include "serve/client.h"
#include "serve/serve.h"
#include "serve/stun.h"

enum {
	PLAIN_ROOM = 2048, US_A_MS = 1000,
	FILES = 262144,			/* asked for, as the unit allows */
	KEPT_PART = 8,			/* one in so many is not for leased ports */
};

/* A control connection with what libuv waits for on its behalf. */
struct guest {
	struct server *server;
	struct ph_client *client;
	uv_poll_t poll, lease;
	uv_timer_t timer;
	bool has_lease, over;
	int closing;			/* handles not closed yet */
	struct guest *next;
};

/* STUN over plain TCP. */
struct plain {
	struct server *server;
	int fd;
	ph_u128 from;
	uint16_t port;
	uv_poll_t poll;
	uv_timer_t timer;
	int closing;
	size_t len;
	uint8_t in[PLAIN_ROOM];
};

struct listener {
	struct server *server;
	int fd;
	ph_u128 addr;
	bool plain;
	uv_poll_t poll;
};

struct server {
	const struct ph_serve_opts *o;
	uv_loop_t uv;
	uv_signal_t term, intr, hangup, user;
	uv_poll_t stun_poll, door_poll;
	struct ph_stun_service *stun;
	struct listener v[3 * PH_SERVE_LISTEN];
	size_t n, n_guests, n_plain;
	struct guest *guests;
	size_t room;			/* files that leased ports may take yet */
};

/* --- control connections --- */

static void
guest_closed(uv_handle_t *h)
{
	struct guest *g = h->data;

	if (--g->closing > 0)
		return;
	ph_client_free(g->client);
	g->server->n_guests--;
	free(g);
}

static void
guest_end(struct guest *g)
{
	if (g->over)
		return;
	g->over = true;
	for (struct guest **p = &g->server->guests; *p != NULL; p = &(*p)->next)
		if (*p == g) {
			*p = g->next;
			break;
		}
	g->closing = 2 + g->has_lease;
	uv_close((uv_handle_t *)&g->poll, guest_closed);
	uv_close((uv_handle_t *)&g->timer, guest_closed);
	if (g->has_lease)
		uv_close((uv_handle_t *)&g->lease, guest_closed);
}

static void guest_run(struct guest *g);

static void
on_guest(uv_poll_t *p, int status, int events)
{
	(void)status;
	(void)events;
	guest_run(p->data);
}

static void
on_guest_time(uv_timer_t *t)
{
	guest_run(t->data);
}

static void
guest_run(struct guest *g)
{
	struct ph_client_waits w;
	uint64_t now = ph_clock_us();

	if (g->over)
		return;
	if (!ph_client_run(g->client, now, &w)) {
		guest_end(g);
		return;
	}
	if (!g->has_lease && w.lease_fd >= 0 &&
	    uv_poll_init(&g->server->uv, &g->lease, w.lease_fd) == 0) {
		g->has_lease = true;
		g->lease.data = g;
		uv_poll_start(&g->lease, UV_READABLE, on_guest);
	}
	uv_poll_start(&g->poll, (w.read ? UV_READABLE : 0) | (w.write ? UV_WRITABLE : 0),
	    on_guest);
	uv_update_time(&g->server->uv);
	uv_timer_start(&g->timer, on_guest_time,
	    w.at_us <= now ? 0 : (w.at_us - now) / US_A_MS + 1, 0);
}

static void
guest_new(struct server *s, const struct ph_serve_guest *who)
{
	struct ph_client_opts o = {
		.serve = s->o, .fd = who->fd, .from = who->from, .from_port = who->from_port,
		.local = who->local, .now_us = ph_clock_us(), .room = &s->room,
	};
	struct guest *g = s->n_guests < PH_SERVE_CLIENTS ? calloc(1, sizeof(*g)) : NULL;

	if (g == NULL || ph_client_new(&o, &g->client) < 0) {
		free(g);
		close(who->fd);
		return;
	}
	g->server = s;
	g->poll.data = g->timer.data = g;
	uv_timer_init(&s->uv, &g->timer);
	if (uv_poll_init(&s->uv, &g->poll, who->fd) != 0) {
		g->closing = 1;
		s->n_guests++;
		uv_close((uv_handle_t *)&g->timer, guest_closed);
		return;
	}
	g->next = s->guests;
	s->guests = g;
	s->n_guests++;
	guest_run(g);
}

/* --- STUN over TCP --- */

static void
plain_closed(uv_handle_t *h)
{
	struct plain *p = h->data;

	if (--p->closing > 0)
		return;
	close(p->fd);
	p->server->n_plain--;
	free(p);
}

static void
plain_end(struct plain *p)
{
	if (p->closing > 0)
		return;
	p->closing = 2;
	uv_close((uv_handle_t *)&p->poll, plain_closed);
	uv_close((uv_handle_t *)&p->timer, plain_closed);
}

static void
on_plain_time(uv_timer_t *t)
{
	plain_end(t->data);
}

static void
on_plain(uv_poll_t *h, int status, int events)
{
	struct plain *p = h->data;
	uint8_t out[PLAIN_ROOM];
	struct ph_stun_talk t = {
		.from = p->from, .port = p->port, .out = out, .cap = sizeof(out),
	};
	size_t taken;
	int n;

	(void)status;
	(void)events;
	n = ph_listen_bytes(p->fd, p->in + p->len, PLAIN_ROOM - p->len);
	if (n == -EAGAIN)
		return;
	if (n <= 0) {
		plain_end(p);
		return;
	}
	p->len += (size_t)n;
	t.in = p->in;
	t.n_in = p->len;
	taken = ph_stun_stream(&t);
	if ((taken == p->len && t.n_out == 0) ||
	    (t.n_out > 0 && ph_listen_reply(p->fd, out, t.n_out) != (int)t.n_out)) {
		plain_end(p);
		return;
	}
	memmove(p->in, p->in + taken, p->len - taken);
	p->len -= taken;
}

static void
plain_new(struct server *s, int fd, ph_u128 from, uint16_t port)
{
	struct plain *p = s->n_plain < PH_SERVE_CLIENTS ? calloc(1, sizeof(*p)) : NULL;

	if (p == NULL || uv_poll_init(&s->uv, &p->poll, fd) != 0) {
		free(p);
		close(fd);
		return;
	}
	p->server = s;
	p->fd = fd;
	p->from = from;
	p->port = port;
	p->poll.data = p->timer.data = p;
	s->n_plain++;
	uv_timer_init(&s->uv, &p->timer);
	uv_timer_start(&p->timer, on_plain_time, PH_SERVE_HELLO_S * 1000, 0);
	uv_poll_start(&p->poll, UV_READABLE, on_plain);
}

/* --- the server --- */

static void
on_listener(uv_poll_t *h, int status, int events)
{
	struct listener *l = h->data;
	ph_u128 from;
	uint16_t port;
	int fd;

	(void)status;
	(void)events;
	while (ph_listen_accept(l->fd, &from, &port, &fd) == 0) {
		if (l->plain)
			plain_new(l->server, fd, from, port);
		else
			guest_new(l->server, &(struct ph_serve_guest){ fd, from, l->addr, port });
	}
}

static void
on_door(uv_poll_t *h, int status, int events)
{
	struct server *s = h->data;
	struct ph_serve_guest who;

	(void)status;
	(void)events;
	while (ph_serve_door_take(s->o->door, &who))
		guest_new(s, &who);
}

static void
on_stun(uv_poll_t *h, int status, int events)
{
	struct server *s = h->data;

	(void)status;
	(void)events;
	ph_stun_run(s->stun, ph_clock_us());
}

static void
close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

static void
on_signal(uv_signal_t *sig, int number)
{
	(void)number;
	uv_stop(sig->loop);
}

static void
on_hangup(uv_signal_t *sig, int number)
{
	const struct server *s = sig->data;

	(void)number;
	if (s->o->reload != NULL)
		s->o->reload(s->o->arg);
}

static void
on_user(uv_signal_t *sig, int number)
{
	const struct server *s = sig->data;

	(void)number;
	if (s->o->drain != NULL)
		s->o->drain(s->o->arg);
}

static void
take_signals(struct server *s)
{
	uv_signal_init(&s->uv, &s->term);
	uv_signal_init(&s->uv, &s->intr);
	uv_signal_init(&s->uv, &s->hangup);
	uv_signal_init(&s->uv, &s->user);
	s->hangup.data = s->user.data = s;
	uv_signal_start(&s->term, on_signal, SIGTERM);
	uv_signal_start(&s->intr, on_signal, SIGINT);
	uv_signal_start(&s->hangup, on_hangup, SIGHUP);
	uv_signal_start(&s->user, on_user, SIGUSR1);
}

static int
listen_on(struct server *s, ph_u128 addr, uint16_t port, bool plain)
{
	struct listener *l = &s->v[s->n];
	int err = ph_listen(addr, port, &l->fd);

	if (err < 0)
		return err;
	s->n++;
	l->server = s;
	l->addr = addr;
	l->plain = plain;
	l->poll.data = l;
	err = uv_poll_init(&s->uv, &l->poll, l->fd);
	return err != 0 ? err : uv_poll_start(&l->poll, UV_READABLE, on_listener);
}

static int
listen_all(struct server *s, const char **why)
{
	const struct ph_serve_opts *o = s->o;
	int err = 0;

	for (size_t i = 0; err == 0 && i < o->n_listen; i++) {
		*why = "the control port";
		if (o->control_port != 0)
			err = listen_on(s, o->listen[i], o->control_port, false);
		*why = "STUN over TCP";
		if (err == 0 && o->stun_port != 0)
			err = listen_on(s, o->listen[i], o->stun_port, true);
		*why = "STUN over TLS";
		if (err == 0 && o->stuns_port != 0 && o->stuns_port != o->control_port)
			err = listen_on(s, o->listen[i], o->stuns_port, false);
	}
	if (err == 0 && o->stun_port != 0)
		err = ph_stun_start(o, &s->stun, why);
	if (err == 0 && o->door != NULL) {
		s->door_poll.data = s;
		uv_poll_init(&s->uv, &s->door_poll, ph_serve_door_fd(o->door));
		uv_poll_start(&s->door_poll, UV_READABLE, on_door);
	}
	if (err == 0 && s->stun != NULL) {
		s->stun_poll.data = s;
		uv_poll_init(&s->uv, &s->stun_poll, ph_stun_fd(s->stun));
		uv_poll_start(&s->stun_poll, UV_READABLE, on_stun);
	}
	return err;
}

static void
fini(struct server *s)
{
	while (s->guests != NULL)
		guest_end(s->guests);
	for (size_t i = 0; i < s->n; i++)
		close(s->v[i].fd);
	uv_run(&s->uv, UV_RUN_NOWAIT);
	uv_walk(&s->uv, close_handle, NULL);
	uv_run(&s->uv, UV_RUN_DEFAULT);
	uv_loop_close(&s->uv);
	ph_stun_stop(s->stun);
}

/*
 * Connections need files, too: one that cannot be accepted looks to its client as if the
 * network had swallowed it.
 */
static size_t
room_for_ports(void)
{
	size_t files = ph_udp_files(FILES);

	return files - files / KEPT_PART;
}

int
ph_serve_run(const struct ph_serve_opts *o, const char **why)
{
	struct server *s = calloc(1, sizeof(*s));
	int err;

	*why = "memory";
	if (s == NULL)
		return -ENOMEM;
	s->o = o;
	signal(SIGPIPE, SIG_IGN);
	s->room = room_for_ports();
	err = uv_loop_init(&s->uv);
	if (err != 0) {
		free(s);
		return err;
	}
	take_signals(s);
	err = listen_all(s, why);
	if (err == 0 && o->log != NULL) {
		fprintf(o->log, "ready\n");
		fflush(o->log);
	}
	if (err == 0)
		uv_run(&s->uv, UV_RUN_DEFAULT);
	fini(s);
	free(s);
	return err;
}
