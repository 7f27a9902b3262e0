/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/listen.h"
#include "os/udp.h"
#include "serve/stun.h"
#include "wire/stun.h"

enum {
	BATCH = 32, DATAGRAM = 1500, READY = 64, SOURCES = 4096,
	US = 1000000,
};

/* One address and port; with two of both, all four know each other. */
struct half {
	int fd;
	size_t addr;			/* number in opts->listen */
	bool second;			/* the second port */
};

struct ph_stun_service {
	const struct ph_serve_opts *o;
	int set;
	struct half v[2 * PH_SERVE_LISTEN];
	size_t n;
	uint64_t second;
	uint16_t asked[SOURCES];	/* in this second, by hash of the source */
};

static uint8_t in_bytes[BATCH][DATAGRAM], out_bytes[DATAGRAM];

/* The number of another address of that family, or ${n_listen}. */
static size_t
other_addr(const struct ph_serve_opts *o, ph_u128 local)
{
	size_t i = 0;

	while (i < o->n_listen && (o->listen[i] == local ||
	    ph_addr_is_v4(o->listen[i]) != ph_addr_is_v4(local)))
		i++;
	return i;
}

ph_u128
ph_stun_other(const struct ph_serve_opts *o, ph_u128 local)
{
	size_t i = other_addr(o, local);

	return o->stun_port == 0 || i == o->n_listen ? 0 : o->listen[i];
}

static int
open_half(struct ph_stun_service *s, size_t addr, bool second)
{
	struct ph_udp_opts u = {
		.addr = s->o->listen[addr], .port = (uint16_t)(s->o->stun_port + second),
	};
	struct half *h = &s->v[s->n];
	int err = ph_udp_open(&u, &h->fd);

	if (err < 0)
		return err;
	h->addr = addr;
	h->second = second;
	s->n++;
	return ph_pollset_add(s->set, h->fd, h);
}

int
ph_stun_start(const struct ph_serve_opts *o, struct ph_stun_service **out, const char **why)
{
	struct ph_stun_service *s = calloc(1, sizeof(*s));
	int err = -ENOMEM;

	*why = "STUN";
	if (s == NULL)
		return err;
	s->o = o;
	err = ph_pollset_new(&s->set);
	for (size_t i = 0; err == 0 && i < o->n_listen; i++) {
		bool pair = other_addr(o, o->listen[i]) < o->n_listen;

		err = open_half(s, i, false);
		if (err == 0 && pair)
			err = open_half(s, i, true);
	}
	if (err < 0) {
		ph_stun_stop(s);
		return err;
	}
	*out = s;
	return 0;
}

void
ph_stun_stop(struct ph_stun_service *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		close(s->v[i].fd);
	close(s->set);
	free(s);
}

int
ph_stun_fd(const struct ph_stun_service *s)
{
	return s->set;
}

/* The half with that address and port. */
static const struct half *
find(const struct ph_stun_service *s, size_t addr, bool second)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].addr == addr && s->v[i].second == second)
			return &s->v[i];
	return NULL;
}

static bool
asks_too_often(struct ph_stun_service *s, uint64_t now, ph_u128 from)
{
	uint64_t h = (uint64_t)from ^ (uint64_t)(from >> 64);

	if (now / US != s->second) {
		s->second = now / US;
		memset(s->asked, 0, sizeof(s->asked));
	}
	h *= 0x9e3779b97f4a7c15;
	return s->asked[h >> 52]++ >= PH_SERVE_STUN_PPS;
}

/* Attributes that a Binding Request may have and that are understood here. */
static const uint64_t taken = PH_STUN_BIT(PH_STUN_CHANGE_REQUEST) |
    PH_STUN_BIT(PH_STUN_RESPONSE_PORT) | PH_STUN_BIT(PH_STUN_PADDING) |
    PH_STUN_BIT(PH_STUN_USERNAME) | PH_STUN_BIT(PH_STUN_REALM) | PH_STUN_BIT(PH_STUN_NONCE) |
    PH_STUN_BIT(PH_STUN_MESSAGE_INTEGRITY) | PH_STUN_BIT(PH_STUN_MESSAGE_INTEGRITY_SHA256);

/* A request that is one: what to answer, with no more in it than its sender's address. */
static bool
read_request(const uint8_t *p, size_t n, struct ph_stun *m)
{
	return ph_stun_decode(m, p, n) == PH_STUN_OK && m->method == PH_STUN_BINDING &&
	    m->class == PH_STUN_REQUEST;
}

static size_t
respond(const struct ph_stun *m, const struct ph_stun_addr *from, struct ph_stun *r,
    uint8_t *out, size_t cap)
{
	struct ph_stun_seal seal = { .fingerprint = ph_stun_has(m, PH_STUN_FINGERPRINT) };
	struct ph_stun_unknown strange;

	if (ph_stun_strange(m, taken, &strange) > 0) {
		ph_stun_refuse(r, m, 420);
		return ph_stun_encode(r, &seal, out, cap);
	}
	ph_stun_set(r, PH_STUN_XOR_MAPPED_ADDRESS);
	r->xor_mapped = *from;
	return ph_stun_encode(r, &seal, out, cap);
}

/* Where the answer leaves, by CHANGE-REQUEST; NULL: from there is nowhere to. */
static const struct half *
leave_by(const struct ph_stun_service *s, const struct half *h, const struct ph_stun *m)
{
	uint32_t change = ph_stun_has(m, PH_STUN_CHANGE_REQUEST) ? m->change : 0;
	size_t other = other_addr(s->o, s->o->listen[h->addr]);

	return find(s, (change & PH_STUN_CHANGE_IP) != 0 ? other : h->addr,
	    h->second != ((change & PH_STUN_CHANGE_PORT) != 0));
}

static void
answer(struct ph_stun_service *s, const struct half *h, const struct ph_udp_msg *in)
{
	const struct ph_serve_opts *o = s->o;
	size_t other = other_addr(o, o->listen[h->addr]);
	struct ph_udp_msg out = { .data = out_bytes, .addr = in->addr, .port = in->port };
	const struct half *by;
	struct ph_stun m, r;

	if (!read_request(in->data, in->len, &m))
		return;
	by = leave_by(s, h, &m);
	ph_stun_reply(&r, &m, PH_STUN_SUCCESS);
	if (by == NULL) {
		ph_stun_refuse(&r, &m, 420);
		by = h;
	} else if (other < o->n_listen) {
		ph_stun_set(&r, PH_STUN_RESPONSE_ORIGIN);
		r.origin = (struct ph_stun_addr){ .addr = o->listen[by->addr],
			.port = (uint16_t)(o->stun_port + by->second) };
		ph_stun_set(&r, PH_STUN_OTHER_ADDRESS);
		r.other = (struct ph_stun_addr){ .addr = o->listen[other],
			.port = (uint16_t)(o->stun_port + !h->second) };
	}
	if (ph_stun_has(&m, PH_STUN_RESPONSE_PORT))
		out.port = m.response_port;
	out.len = (uint32_t)(r.class == PH_STUN_ERROR ?
	    ph_stun_encode(&r, NULL, out_bytes, DATAGRAM) :
	    respond(&m, &(struct ph_stun_addr){ in->addr, in->port }, &r, out_bytes, DATAGRAM));
	if (out.len > 0)
		ph_udp_send(by->fd, &out, 1);
}

void
ph_stun_run(struct ph_stun_service *s, uint64_t now)
{
	void *ready[READY];
	size_t n = ph_pollset_ready(s->set, ready, READY);

	for (size_t k = 0; k < n; k++) {
		const struct half *h = ready[k];
		struct ph_udp_msg in[BATCH];
		int got;

		for (size_t i = 0; i < BATCH; i++)
			in[i] = (struct ph_udp_msg){ .data = in_bytes[i], .len = DATAGRAM };
		got = ph_udp_recv(h->fd, in, BATCH);
		for (int i = 0; i < got; i++)
			if (!asks_too_often(s, now, in[i].addr))
				answer(s, h, &in[i]);
	}
}

size_t
ph_stun_stream(struct ph_stun_talk *t)
{
	size_t at = 0;

	while (t->n_in - at >= PH_STUN_HEADER) {
		const uint8_t *p = t->in + at;
		size_t whole = PH_STUN_HEADER + (size_t)p[2] * 256 + p[3];
		struct ph_stun m, r;

		if (!ph_stun_looks(p, t->n_in - at) || whole > DATAGRAM)
			return t->n_in;
		if (t->n_in - at < whole)
			break;
		if (read_request(p, whole, &m)) {
			ph_stun_reply(&r, &m, PH_STUN_SUCCESS);
			t->n_out += respond(&m, &(struct ph_stun_addr){ t->from, t->port }, &r,
			    t->out + t->n_out, t->cap - t->n_out);
		}
		at += whole;
	}
	return at;
}
