/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/listen.h"
#include "serve/door.h"

enum { WAITING = 256 };

struct ph_serve_door {
	pthread_mutex_t lock;
	int bell;
	struct ph_serve_guest v[WAITING];
	size_t n;
};

struct ph_serve_door *
ph_serve_door_new(void)
{
	struct ph_serve_door *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	if (ph_bell_new(&d->bell) != 0) {
		free(d);
		return NULL;
	}
	pthread_mutex_init(&d->lock, NULL);
	return d;
}

void
ph_serve_door_free(struct ph_serve_door *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->n; i++)
		close(d->v[i].fd);
	close(d->bell);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

void
ph_serve_door_enter(struct ph_serve_door *d, const struct ph_serve_guest *g)
{
	bool full;

	pthread_mutex_lock(&d->lock);
	full = d->n == WAITING;
	if (!full)
		d->v[d->n++] = *g;
	pthread_mutex_unlock(&d->lock);
	if (full)
		close(g->fd);
	else
		ph_bell_ring(d->bell);
}

int
ph_serve_door_fd(const struct ph_serve_door *d)
{
	return d->bell;
}

bool
ph_serve_door_take(struct ph_serve_door *d, struct ph_serve_guest *out)
{
	bool any;

	ph_bell_answer(d->bell);
	pthread_mutex_lock(&d->lock);
	any = d->n > 0;
	if (any)
		*out = d->v[--d->n];
	pthread_mutex_unlock(&d->lock);
	return any;
}
