/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <stddef.h>

#include "os/clock.h"
#include "probe/loop.h"

enum { US_A_MS = 1000 };

struct ph_watch {
	struct ph_loop *loop;
	uv_poll_t poll;
	uv_timer_t timer;
	ph_watch_fn *fn;
	void *arg;
	unsigned events;		/* waited for */
	bool has_poll, ended;
	bool in_timer;			/* its function runs because its time had come */
};

int
ph_loop_init(struct ph_loop *l, struct ph_arena *mem)
{
	l->mem = mem;
	l->running = false;
	l->started_us = ph_clock_us();
	return uv_loop_init(&l->uv);
}

static void
close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

void
ph_loop_fini(struct ph_loop *l)
{
	uv_walk(&l->uv, close_handle, NULL);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	uv_loop_close(&l->uv);
}

uint64_t
ph_loop_now(const struct ph_loop *l)
{
	(void)l;
	return ph_clock_us();
}

/*
 * libuv takes a message in the error queue for a broken file and stops waiting:
 * whoever is called empties the queue, and waiting goes on.
 */
static void
on_poll(uv_poll_t *p, int status, int events)
{
	struct ph_watch *w = p->data;
	unsigned what = status < 0 ? w->events : 0;

	if ((events & (UV_READABLE | UV_DISCONNECT)) != 0)
		what |= PH_WATCH_READ;
	if ((events & UV_WRITABLE) != 0)
		what |= PH_WATCH_WRITE;
	if (!w->ended)
		w->fn(w->arg, what);
	if (status < 0 && !w->ended)
		ph_watch_events(w, w->events);
}

static void
on_timer(uv_timer_t *t)
{
	struct ph_watch *w = t->data;

	if (w->ended)
		return;
	w->in_timer = true;
	w->fn(w->arg, PH_WATCH_TIME);
	w->in_timer = false;
}

static void
nothing(uv_timer_t *t)
{
	(void)t;
}

bool
ph_loop_until(struct ph_loop *l, const bool *done, uint64_t at_us)
{
	uv_timer_t *t = ph_arena_alloc(l->mem, sizeof(*t));
	uint64_t now;

	assert(!l->running);
	l->running = true;
	uv_timer_init(&l->uv, t);
	uv_update_time(&l->uv);
	for (now = ph_loop_now(l); !*done && now < at_us; now = ph_loop_now(l)) {
		uv_timer_start(t, nothing, (at_us - now) / US_A_MS + 1, 0);
		uv_run(&l->uv, UV_RUN_ONCE);
	}
	uv_close((uv_handle_t *)t, NULL);
	l->running = false;
	return *done;
}

struct ph_watch *
ph_watch_new(struct ph_loop *l, int fd, unsigned events, ph_watch_fn *fn, void *arg)
{
	struct ph_watch *w = PH_NEW(l->mem, struct ph_watch);

	w->loop = l;
	w->fn = fn;
	w->arg = arg;
	if (fd >= 0 && uv_poll_init(&l->uv, &w->poll, fd) != 0)
		return NULL;
	uv_timer_init(&l->uv, &w->timer);
	w->timer.data = w;
	w->has_poll = fd >= 0;
	w->poll.data = w;
	ph_watch_events(w, events);
	return w;
}

void
ph_watch_events(struct ph_watch *w, unsigned events)
{
	int what = ((events & PH_WATCH_READ) != 0 ? UV_READABLE : 0) |
	    ((events & PH_WATCH_WRITE) != 0 ? UV_WRITABLE : 0);

	w->events = events;
	if (!w->has_poll || w->ended)
		return;
	if (what == 0)
		uv_poll_stop(&w->poll);
	else
		uv_poll_start(&w->poll, what, on_poll);
}

void
ph_watch_at(struct ph_watch *w, uint64_t at_us)
{
	uint64_t now = ph_loop_now(w->loop), ms;

	if (w->ended)
		return;
	if (at_us == UINT64_MAX) {
		uv_timer_stop(&w->timer);
		return;
	}
	/* due again at once, within a timer, would keep libuv among its timers for ever */
	ms = at_us <= now ? w->in_timer : (at_us - now + US_A_MS - 1) / US_A_MS;
	uv_update_time(&w->loop->uv);
	uv_timer_start(&w->timer, on_timer, ms, 0);
}

void
ph_watch_end(struct ph_watch *w)
{
	if (w->ended)
		return;
	w->ended = true;
	if (w->has_poll)
		uv_close((uv_handle_t *)&w->poll, NULL);
	uv_close((uv_handle_t *)&w->timer, NULL);
}
