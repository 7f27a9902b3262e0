/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/listen.h"
#include "os/udp.h"
#include "relay/metrics.h"
#include "relay/worker.h"

struct ph_relay {
	struct ph_relay_worker *w[PH_RELAY_WORKERS];
	struct ph_relay_inbox inbox[PH_RELAY_WORKERS];
	unsigned n_inboxes;
	pthread_t thread[PH_RELAY_WORKERS];
	unsigned n, running;
	struct ph_turn_quota *quota;
	struct ph_fast *fast;		/* NULL: all goes through user space */
	struct ph_metrics *metrics;
	FILE *log;
};

static void *
run(void *arg)
{
	ph_relay_worker_run(arg);
	return NULL;
}

/* Signals are for the thread that started it all. */
static int
start_thread(struct ph_relay *r, unsigned i)
{
	sigset_t all, was;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &was);
	err = pthread_create(&r->thread[i], NULL, run, r->w[i]);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	if (err == 0)
		r->running++;
	return -err;
}

static unsigned
processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > PH_RELAY_WORKERS ? PH_RELAY_WORKERS : (unsigned)n;
}

static void
say(const struct ph_relay *r, const char *name, const char *tier, const char *why)
{
	if (r->log == NULL)
		return;
	fprintf(r->log, "fast path: %s: %s%s%s\n", name, tier, why[0] == '\0' ? "" : ": ", why);
	fflush(r->log);
}

/* Without it everything works as well, only dearer. */
static void
open_fast(struct ph_relay *r, const struct ph_relay_opts *o)
{
	struct ph_fast_opts f = { .ifnames = o->fast, .n_ifnames = o->n_fast };
	const struct ph_fast_port *p;
	const char *why;

	if (o->n_fast == 0)
		return;
	if (ph_fast_open(&f, &r->fast, &why) != 0) {
		r->fast = NULL;
		say(r, o->fast[0], "none", why);
		return;
	}
	for (size_t i = 0; (p = ph_fast_port(r->fast, i)) != NULL; i++)
		say(r, p->name, ph_fast_tier_name(p->tier), p->why);
}

static int
open_inboxes(struct ph_relay *r, unsigned n)
{
	for (; r->n_inboxes < n; r->n_inboxes++) {
		struct ph_relay_inbox *b = &r->inbox[r->n_inboxes];
		int err = ph_bell_new(&b->fd);

		if (err != 0)
			return err;
		b->what = PH_RELAY_BELL;
		pthread_mutex_init(&b->lock, NULL);
	}
	return 0;
}

static void
close_inboxes(struct ph_relay *r)
{
	for (unsigned i = 0; i < r->n_inboxes; i++) {
		close(r->inbox[i].fd);
		pthread_mutex_destroy(&r->inbox[i].lock);
	}
}

/* Any thread. */
static void
take_figures(void *arg, struct ph_relay_figures *out)
{
	const struct ph_relay *r = arg;

	*out = (struct ph_relay_figures){ .workers = r->running, .fast = r->fast };
	ph_relay_stats(r, out->stat);
	for (unsigned i = 0; i < r->n; i++) {
		out->streams += atomic_load_explicit(&r->w[i]->shown.streams,
		    memory_order_relaxed);
		out->moved += atomic_load_explicit(&r->w[i]->shown.moved, memory_order_relaxed);
	}
}

int
ph_relay_start(const struct ph_relay_opts *o, struct ph_relay **out, const char **why)
{
	struct ph_relay_opts opts = *o;
	unsigned n = o->workers == 0 ? processors() : o->workers;
	struct ph_relay *r = calloc(1, sizeof(*r));
	int err = 0;

	*why = "memory";
	if (r == NULL || (r->quota = ph_turn_quota_new(n * o->turn.limits.allocations)) == NULL) {
		free(r);
		return -ENOMEM;
	}
	opts.turn.quota = r->quota;
	opts.turn.n_workers = (uint8_t)n;
	r->log = o->log;
	open_fast(r, o);
	ph_udp_files(n * (size_t)(opts.turn.limits.allocations + PH_RELAY_STREAMS));
	err = open_inboxes(r, n);
	for (unsigned i = 0; i < n && err == 0; i++) {
		r->w[i] = calloc(1, sizeof(*r->w[i]));
		if (r->w[i] == NULL)
			err = -ENOMEM;
		r->n += err == 0;
		opts.turn.worker = (uint8_t)i;
		if (err == 0)
			err = ph_relay_worker_init(r->w[i], &opts, r->fast, r->inbox, why);
	}
	for (unsigned i = 0; i < n && err == 0; i++) {
		*why = "threads";
		err = start_thread(r, i);
	}
	if (err == 0 && o->metrics_port != 0) {
		*why = "the port of metrics";
		err = ph_metrics_start(o->metrics_addr, o->metrics_port, take_figures, r,
		    &r->metrics);
	}
	if (err != 0)
		ph_relay_stop(r);
	else
		*out = r;
	return err;
}

void
ph_relay_stop(struct ph_relay *r)
{
	if (r == NULL)
		return;
	ph_metrics_stop(r->metrics);
	for (unsigned i = 0; i < r->n; i++)
		atomic_store(&r->w[i]->stop, true);
	for (unsigned i = 0; i < r->running; i++)
		pthread_join(r->thread[i], NULL);
	for (unsigned i = 0; i < r->n; i++)
		ph_relay_worker_fini(r->w[i]);
	for (unsigned i = 0; i < r->n; i++)
		free(r->w[i]);
	close_inboxes(r);
	ph_fast_close(r->fast);
	ph_turn_quota_free(r->quota);
	free(r);
}

void
ph_relay_reload(struct ph_relay *r, const struct ph_turn_server_config *c,
    struct ph_tls_identity *identity)
{
	for (unsigned i = 0; i < r->n; i++) {
		atomic_store(&r->w[i]->identity, identity);
		atomic_store(&r->w[i]->reload, c);
	}
}

void
ph_relay_drain(struct ph_relay *r)
{
	for (unsigned i = 0; i < r->n; i++)
		atomic_store(&r->w[i]->drain, true);
}

void
ph_relay_stats(const struct ph_relay *r, uint64_t *out)
{
	for (int k = 0; k < PH_TURN_N_STATS; k++) {
		out[k] = 0;
		for (unsigned i = 0; i < r->n; i++)
			out[k] += atomic_load_explicit(&r->w[i]->stats[k], memory_order_relaxed);
	}
}
