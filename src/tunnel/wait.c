/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "os/clock.h"
#include "tunnel/wait.h"

enum { US_A_MS = 1000 };

struct ph_wait {
	uv_poll_t poll;
	uv_timer_t timer;
	ph_wait_fn *fn;
	void *arg;
	unsigned events, open;		/* open: handles that libuv still knows */
	bool has_poll, ended;
};

/*
 * libuv takes a message in the error queue for a broken file and stops waiting: who is
 * called empties the queue, and waiting goes on.
 */
static void
on_poll(uv_poll_t *p, int status, int events)
{
	struct ph_wait *w = p->data;
	unsigned what = status < 0 ? w->events : 0;

	if ((events & UV_READABLE) != 0)
		what |= PH_WAIT_READ;
	if ((events & UV_WRITABLE) != 0)
		what |= PH_WAIT_WRITE;
	if (w->ended)
		return;
	w->fn(w->arg, what);
	if (status < 0 && !w->ended)
		ph_wait_events(w, w->events);
}

static void
on_timer(uv_timer_t *t)
{
	struct ph_wait *w = t->data;

	if (!w->ended)
		w->fn(w->arg, PH_WAIT_TIME);
}

static void
on_close(uv_handle_t *h)
{
	struct ph_wait *w = h->data;

	if (--w->open == 0)
		free(w);
}

struct ph_wait *
ph_wait_new(uv_loop_t *loop, int fd, unsigned events, ph_wait_fn *fn, void *arg)
{
	struct ph_wait *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->fn = fn;
	w->arg = arg;
	if (fd >= 0 && uv_poll_init(loop, &w->poll, fd) != 0) {
		free(w);
		return NULL;
	}
	uv_timer_init(loop, &w->timer);
	w->timer.data = w;
	w->poll.data = w;
	w->has_poll = fd >= 0;
	w->open = w->has_poll ? 2 : 1;
	ph_wait_events(w, events);
	return w;
}

void
ph_wait_events(struct ph_wait *w, unsigned events)
{
	int what = ((events & PH_WAIT_READ) != 0 ? UV_READABLE : 0) |
	    ((events & PH_WAIT_WRITE) != 0 ? UV_WRITABLE : 0);

	w->events = events;
	if (!w->has_poll || w->ended)
		return;
	if (what == 0)
		uv_poll_stop(&w->poll);
	else
		uv_poll_start(&w->poll, what, on_poll);
}

void
ph_wait_at(struct ph_wait *w, uint64_t at_us)
{
	uint64_t now = ph_clock_us();

	if (w->ended)
		return;
	if (at_us == UINT64_MAX) {
		uv_timer_stop(&w->timer);
		return;
	}
	uv_update_time(w->timer.loop);
	uv_timer_start(&w->timer, on_timer,
	    at_us <= now ? 0 : (at_us - now + US_A_MS - 1) / US_A_MS, 0);
}

void
ph_wait_end(struct ph_wait *w)
{
	if (w == NULL || w->ended)
		return;
	w->ended = true;
	if (w->has_poll)
		uv_close((uv_handle_t *)&w->poll, on_close);
	uv_close((uv_handle_t *)&w->timer, on_close);
}
