/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/listen.h"
#include "relay/metrics.h"
#include "wire/http_get.h"

enum { READERS = 16, REQUEST = 4096, WAIT_MS = 250, PATIENCE_US = 2000000 };

struct reader {
	int fd;				/* -1: nobody */
	uint64_t since_us;
	size_t n_in, n_out, sent;
	char *out;			/* NULL: still asking */
	char in[REQUEST];
};

struct ph_metrics {
	pthread_t thread;
	atomic_bool stop;
	int fd, set;
	void (*figures)(void *, struct ph_relay_figures *);
	void *arg;
	struct reader reader[READERS];
};

static void
end(struct reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->out);
	r->fd = -1;
	r->out = NULL;
}

static void
accept_all(struct ph_metrics *m, uint64_t now)
{
	ph_u128 from;
	uint16_t port;
	int fd;

	while (ph_listen_accept(m->fd, &from, &port, &fd) == 0) {
		struct reader *r = m->reader;

		while (r < m->reader + READERS && r->fd >= 0)
			r++;
		if (r == m->reader + READERS || ph_pollset_add(m->set, fd, r) != 0) {
			close(fd);
			continue;
		}
		*r = (struct reader){ .fd = fd, .since_us = now };
	}
}

static char *
page(struct ph_metrics *m, size_t *n)
{
	struct ph_relay_figures f;
	char *text = NULL, *body = NULL;
	size_t body_len;
	FILE *out = open_memstream(&body, &body_len), *whole;

	if (out == NULL)
		return NULL;
	m->figures(m->arg, &f);
	ph_metrics_text(&f, out);
	fclose(out);
	whole = open_memstream(&text, n);
	if (whole != NULL) {
		fprintf(whole, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
		    "Content-Length: %zu\r\nConnection: close\r\n\r\n", body_len);
		fwrite(body, 1, body_len, whole);
		fclose(whole);
	}
	free(body);
	return text;
}

static char *
refusal(const char *status, size_t *n)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, n);

	if (out == NULL)
		return NULL;
	fprintf(out, "HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);
	fclose(out);
	return text;
}

/* The answer, once it is known; false: more is to be read. */
static bool
answer(struct ph_metrics *m, struct reader *r)
{
	struct ph_str path;

	switch (ph_http_get_read(r->in, r->n_in, &path)) {
	case PH_HTTP_GET_MORE:
		if (r->n_in < REQUEST)
			return false;
		r->out = refusal("431 Request Header Fields Too Large", &r->n_out);
		break;
	case PH_HTTP_GET_READY:
		r->out = ph_str_eq(path, "/metrics") ? page(m, &r->n_out) :
		    refusal("404 Not Found", &r->n_out);
		break;
	case PH_HTTP_GET_OTHER:
		r->out = refusal("405 Method Not Allowed\r\nAllow: GET", &r->n_out);
		break;
	case PH_HTTP_GET_BAD:
		r->out = refusal("400 Bad Request", &r->n_out);
		break;
	}
	return true;
}

static void
write_out(struct ph_metrics *m, struct reader *r)
{
	while (r->sent < r->n_out) {
		int n = ph_listen_reply(r->fd, r->out + r->sent, r->n_out - r->sent);

		if (n == -EAGAIN) {
			ph_pollset_want(m->set, r->fd, r, false, true);
			return;
		}
		if (n <= 0)
			break;
		r->sent += (size_t)n;
	}
	end(r);
}

static void
serve(struct ph_metrics *m, struct reader *r)
{
	int n;

	if (r->fd < 0)
		return;
	while (r->out == NULL) {
		n = ph_listen_bytes(r->fd, r->in + r->n_in, REQUEST - r->n_in);
		if (n == -EAGAIN)
			return;
		if (n <= 0) {
			end(r);
			return;
		}
		r->n_in += (size_t)n;
		if (answer(m, r) && r->out == NULL) {
			end(r);		/* no memory */
			return;
		}
	}
	write_out(m, r);
}

static void *
run(void *arg)
{
	struct ph_metrics *m = arg;
	void *ready[READERS + 1];

	while (!atomic_load(&m->stop)) {
		size_t n = ph_pollset_wait(m->set, ready, READERS + 1, WAIT_MS);
		uint64_t now = ph_clock_us();

		for (size_t i = 0; i < n; i++)
			if (ready[i] == m)
				accept_all(m, now);
			else
				serve(m, ready[i]);
		for (size_t i = 0; i < READERS; i++)
			if (m->reader[i].fd >= 0 && now - m->reader[i].since_us > PATIENCE_US)
				end(&m->reader[i]);
	}
	return NULL;
}

static int
start_thread(struct ph_metrics *m)
{
	sigset_t all, was;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &was);
	err = pthread_create(&m->thread, NULL, run, m);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	return -err;
}

int
ph_metrics_start(ph_u128 addr, uint16_t port, void (*figures)(void *, struct ph_relay_figures *),
    void *arg, struct ph_metrics **out)
{
	struct ph_metrics *m = calloc(1, sizeof(*m));
	int err;

	if (m == NULL)
		return -ENOMEM;
	m->fd = m->set = -1;
	m->figures = figures;
	m->arg = arg;
	for (size_t i = 0; i < READERS; i++)
		m->reader[i].fd = -1;
	err = ph_listen(addr, port, &m->fd);
	if (err == 0)
		err = ph_pollset_new(&m->set);
	if (err == 0)
		err = ph_pollset_add(m->set, m->fd, m);
	if (err == 0)
		err = start_thread(m);
	if (err == 0) {
		*out = m;
		return 0;
	}
	if (m->fd >= 0)
		close(m->fd);
	if (m->set >= 0)
		close(m->set);
	free(m);
	return err;
}

void
ph_metrics_stop(struct ph_metrics *m)
{
	if (m == NULL)
		return;
	atomic_store(&m->stop, true);
	pthread_join(m->thread, NULL);
	for (size_t i = 0; i < READERS; i++)
		end(&m->reader[i]);
	close(m->fd);
	close(m->set);
	free(m);
}
