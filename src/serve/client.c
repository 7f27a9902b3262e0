/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve/client.h"
#include "serve/lease.h"
#include "serve/stun.h"

enum {
	ROOM = PH_CONTROL_HEADER + PH_CONTROL_BODY, OUT_ROOM = 4 * ROOM,
	US = 1000000,
};

enum stage { SHAKING, GREETING, READY, STUN, OVER };

struct ph_client {
	struct ph_client_opts o;
	struct ph_tls *tls;
	enum stage stage;
	struct ph_control_welcome welcome;
	struct ph_lease *lease;
	size_t receipts_told;
	bool telling, fresh;		/* receipts, frame by frame; only what changed */
	uint8_t in[ROOM], out[OUT_ROOM];
	size_t in_len, out_len;
	uint64_t now;
	const char *why;		/* it ended */
	bool refused;			/* by its key */
};

/* Rooms for messages: one call at a time uses them. */
static struct ph_control_room room;
static struct ph_control_range failed[PH_CONTROL_RANGES];
static struct ph_control_receipt receipts[PH_CONTROL_ITEMS];

int
ph_client_new(const struct ph_client_opts *o, struct ph_client **out)
{
	static const char *const alpn[] = { PH_CONTROL_ALPN, "stun.turn", NULL };
	struct ph_client *c = calloc(1, sizeof(*c));
	struct ph_tls_opts t = { .key = o->serve->key, .alpn = alpn };
	int err;

	if (c == NULL)
		return -ENOMEM;
	c->o = *o;
	err = ph_tls_server(o->fd, &t, &c->tls);
	if (err < 0) {
		free(c);
		return err;
	}
	*out = c;
	return 0;
}

/* Whoever asks with a key that is not listed; one a second is enough to see it. */
static void
log_refusal(const struct ph_client *c)
{
	static uint64_t last_us;
	char text[PH_ADDR_TEXT];

	if (last_us != 0 && c->now - last_us < US)
		return;
	last_us = c->now;
	fprintf(c->o.serve->log, "refused %s port %u: %s\n", ph_addr_format(c->o.from, text),
	    (unsigned)c->o.from_port, c->why);
	fflush(c->o.serve->log);
}

static void
log_life(const struct ph_client *c)
{
	char text[PH_ADDR_TEXT];

	if (c->o.serve->log == NULL || c->stage == SHAKING)
		return;
	if (c->refused)
		log_refusal(c);
	if (c->welcome.version == 0)
		return;
	fprintf(c->o.serve->log, "session %.*s from %s port %u: %llu requests, ended: %s\n",
	    PH_CONTROL_NAME, (const char *)c->welcome.name,
	    ph_addr_format(c->o.from, text), (unsigned)c->o.from_port,
	    (unsigned long long)(c->lease == NULL ? 0 : ph_lease_arrived(c->lease)),
	    c->why == NULL ? "stopped" : c->why);
	fflush(c->o.serve->log);
}

void
ph_client_free(struct ph_client *c)
{
	if (c == NULL)
		return;
	log_life(c);
	ph_lease_free(c->lease);
	ph_tls_free(c->tls);
	close(c->o.fd);
	free(c);
}

static void
end(struct ph_client *c, const char *why)
{
	if (c->why == NULL)
		c->why = why;
	c->stage = OVER;
}

static void
say(struct ph_client *c, const struct ph_control_msg *m)
{
	size_t n = ph_control_encode(m, c->out + c->out_len, OUT_ROOM - c->out_len);

	if (n == 0)
		end(c, "it asks faster than it reads");
	c->out_len += n;
}

static void
refuse(struct ph_client *c, int err, const char *why)
{
	struct ph_control_msg m = { .type = PH_CONTROL_ERROR, .error.code = (uint16_t)err };

	snprintf(m.error.text, sizeof(m.error.text), "%s", why);
	say(c, &m);
}

/* Is the key that was shown one of those that are listed? */
static bool
is_listed(const struct ph_client *c)
{
	const struct ph_serve_opts *s = c->o.serve;
	uint8_t key[PH_TLS_KEY];

	if (!ph_tls_peer(c->tls, key))
		return false;
	for (size_t i = 0; i < s->n_clients; i++)
		if (memcmp(s->clients[i], key, sizeof(key)) == 0)
			return true;
	return false;
}

static bool
random_words(struct ph_control_welcome *w)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t name[PH_CONTROL_NAME];

	if (RAND_bytes(w->key, sizeof(w->key)) != 1 || RAND_bytes(w->salt, sizeof(w->salt)) != 1 ||
	    RAND_bytes(name, sizeof(name)) != 1)
		return false;
	for (size_t i = 0; i < sizeof(name); i++)
		w->name[i] = (uint8_t)hex[name[i] & 15];
	return true;
}

static void
hello(struct ph_client *c, const struct ph_control_msg *m)
{
	struct ph_control_msg w = { .type = PH_CONTROL_WELCOME };
	struct ph_lease_opts l = {
		.local = c->o.local, .client = c->o.from, .key = c->o.serve->key,
		.max_ports = PH_SERVE_PORTS, .max_conns = PH_SERVE_CONNS,
		.max_later = PH_SERVE_LATER, .max_pps = PH_SERVE_PPS, .room = c->o.room,
	};

	if (m->version != PH_CONTROL_VERSION) {
		refuse(c, EPROTONOSUPPORT, "another version of Pinhole is spoken here");
		return;
	}
	c->welcome = (struct ph_control_welcome){
		.version = PH_CONTROL_VERSION, .seen = c->o.from, .seen_port = c->o.from_port,
		.other = ph_stun_other(c->o.serve, c->o.local), .stun_port = c->o.serve->stun_port,
		.other_port = (uint16_t)(c->o.serve->stun_port + 1),
		.max_ports = PH_SERVE_PORTS, .max_pps = PH_SERVE_PPS,
		.max_s = PH_SERVE_SESSION_S,
	};
	l.name = (struct ph_str){ (const char *)c->welcome.name, PH_CONTROL_NAME };
	l.auth_key = c->welcome.key;
	l.salt = c->welcome.salt;
	if (!random_words(&c->welcome) || ph_lease_new(&l, &c->lease) < 0) {
		refuse(c, ENOMEM, "no memory for another session");
		return;
	}
	c->stage = READY;
	w.welcome = c->welcome;
	say(c, &w);
}

static void
do_bind(struct ph_client *c, const struct ph_control_msg *m)
{
	struct ph_control_msg r = { .type = PH_CONTROL_BOUND };
	int err;

	r.bound.proto = m->bind.proto;
	r.bound.failed.v = failed;
	r.bound.failed.n = ph_lease_bind(c->lease, (enum ph_control_proto)m->bind.proto,
	    &m->bind.ports, failed, PH_CONTROL_RANGES, &err);
	r.bound.err = (uint16_t)err;
	say(c, &r);
}

static void
do_connect(struct ph_client *c, const struct ph_control_msg *m)
{
	struct ph_control_msg r = { .type = PH_CONTROL_BOUND };
	int err;

	r.bound.proto = PH_CONTROL_TCP;
	r.bound.failed.v = failed;
	r.bound.failed.n = ph_lease_connect(c->lease, c->now, &m->bind.ports, failed,
	    PH_CONTROL_RANGES, &err);
	r.bound.err = (uint16_t)err;
	say(c, &r);
}

static void
do_release(struct ph_client *c, const struct ph_control_msg *m)
{
	(void)m;
	ph_lease_release(c->lease);
	say(c, &(struct ph_control_msg){ .type = PH_CONTROL_DONE });
}

/* One frame; the next ones follow as they find room. */
static void
tell_receipts(struct ph_client *c, uint64_t now)
{
	struct ph_control_msg r = { .type = PH_CONTROL_RECEIPTS };

	while (c->telling && c->out_len + ROOM <= OUT_ROOM) {
		r.receipts.v = receipts;
		r.receipts.n = c->fresh ?
		    ph_lease_fresh(c->lease, now, receipts, PH_CONTROL_ITEMS) :
		    ph_lease_receipts(c->lease, c->receipts_told, now, receipts,
		    PH_CONTROL_ITEMS);
		r.receipts.more = r.receipts.n == PH_CONTROL_ITEMS;
		c->receipts_told += r.receipts.n;
		c->telling = r.receipts.more;
		say(c, &r);
	}
}

static void
do_receipts(struct ph_client *c, const struct ph_control_msg *m)
{
	c->receipts_told = 0;
	c->fresh = m->receipts_get.fresh;
	c->telling = true;
}

static void
do_send(struct ph_client *c, const struct ph_control_msg *m)
{
	if (ph_lease_send(c->lease, &m->send, c->now))
		say(c, &(struct ph_control_msg){ .type = PH_CONTROL_DONE });
	else
		refuse(c, EINVAL, "a port is not leased, or too much waits to be sent");
}

static void
do_mirror(struct ph_client *c, const struct ph_control_msg *m)
{
	struct ph_control_msg r = { .type = PH_CONTROL_MIRRORED };

	if (ph_lease_mirror(c->lease, &m->mirror, &r.mirrored))
		say(c, &r);
	else
		refuse(c, ENOENT, "no SIP or H.225 port of that number is leased");
}

static void
do_exporter(struct ph_client *c, const struct ph_control_msg *m)
{
	struct ph_control_msg r = { .type = PH_CONTROL_EXPORTED };

	if (ph_lease_exporter(c->lease, m->mirror.port, r.exported))
		say(c, &r);
	else
		refuse(c, ENOENT, "no connection was made to that port");
}

static void
do_stream(struct ph_client *c, const struct ph_control_msg *m)
{
	if (ph_lease_stream(c->lease, &m->stream))
		say(c, &(struct ph_control_msg){ .type = PH_CONTROL_DONE });
	else
		refuse(c, EINVAL, "the port is not leased for UDP, or the stream is too long");
}

static void
do_stream_end(struct ph_client *c, const struct ph_control_msg *m)
{
	struct ph_control_msg r = { .type = PH_CONTROL_STREAMED };

	if (ph_lease_stream_end(c->lease, m->stream_sent, &r.streamed))
		say(c, &r);
	else
		refuse(c, ENOENT, "no stream was asked for");
}

static void
do_ping(struct ph_client *c, const struct ph_control_msg *m)
{
	(void)m;
	say(c, &(struct ph_control_msg){ .type = PH_CONTROL_PONG });
}

static void
do_bye(struct ph_client *c, const struct ph_control_msg *m)
{
	(void)m;
	end(c, "the client is done");
}

static void (*const requests[PH_CONTROL_TYPES])(struct ph_client *,
    const struct ph_control_msg *) = {
	[PH_CONTROL_BIND] = do_bind, [PH_CONTROL_RELEASE] = do_release,
	[PH_CONTROL_RECEIPTS_GET] = do_receipts, [PH_CONTROL_SEND] = do_send,
	[PH_CONTROL_MIRROR] = do_mirror, [PH_CONTROL_EXPORTER] = do_exporter,
	[PH_CONTROL_CONNECT] = do_connect,
	[PH_CONTROL_STREAM] = do_stream, [PH_CONTROL_STREAM_END] = do_stream_end,
	[PH_CONTROL_PING] = do_ping, [PH_CONTROL_BYE] = do_bye,
};

static void
take(struct ph_client *c, const struct ph_control_msg *m)
{
	if (c->stage == GREETING && m->type == PH_CONTROL_HELLO)
		hello(c, m);
	else if (c->stage == READY && requests[m->type] != NULL)
		requests[m->type](c, m);
	else
		end(c, "it said what it may not say now");
}

static void
take_frames(struct ph_client *c)
{
	struct ph_control_msg m;
	size_t n;

	while (c->stage != OVER && !c->telling &&
	    (n = ph_control_frame(c->in, c->in_len)) != 0) {
		if (n > c->in_len || !ph_control_decode(&m, &room, c->in, n)) {
			end(c, "it sent what is no message");
			return;
		}
		take(c, &m);
		memmove(c->in, c->in + n, c->in_len - n);
		c->in_len -= n;
	}
}

static void
take_stun(struct ph_client *c)
{
	struct ph_stun_talk t = {
		.from = c->o.from, .port = c->o.from_port, .in = c->in, .n_in = c->in_len,
		.out = c->out, .n_out = c->out_len, .cap = OUT_ROOM,
	};
	size_t n = ph_stun_stream(&t);

	c->out_len = t.n_out;
	memmove(c->in, c->in + n, c->in_len - n);
	c->in_len -= n;
}

static void
shake(struct ph_client *c)
{
	enum ph_tls_state s = ph_tls_shake(c->tls);

	if (s == PH_TLS_FAILED)
		end(c, ph_tls_fault_name(ph_tls_fault(c->tls)));
	if (s != PH_TLS_READY)
		return;
	if (ph_str_eq(ph_tls_alpn(c->tls), PH_CONTROL_ALPN))
		c->stage = is_listed(c) ? GREETING : OVER;
	else
		c->stage = STUN;
	c->refused = c->stage == OVER;
	if (c->refused)
		c->why = "its key is not listed";
}

static void
flush(struct ph_client *c)
{
	int n = 1;

	while (c->out_len > 0 && (n = ph_tls_write(c->tls, c->out, c->out_len)) > 0) {
		c->out_len -= (size_t)n;
		memmove(c->out, c->out + n, c->out_len);
	}
	if (n < 0)
		end(c, "the connection broke");
}

/* What came, as far as there is room; false when nothing did. */
static bool
fill(struct ph_client *c)
{
	int n = c->in_len == ROOM ? 0 : ph_tls_read(c->tls, c->in + c->in_len, ROOM - c->in_len);

	if (n < 0)
		end(c, n == -EPIPE ? "the client closed" : "the connection broke");
	else
		c->in_len += (size_t)n;
	return n > 0;
}

static void
talk(struct ph_client *c, uint64_t now)
{
	bool more = true;

	while (more && c->stage != OVER) {
		bool told = c->telling;

		more = fill(c);
		if (c->stage == STUN)
			take_stun(c);
		else
			take_frames(c);
		if (c->telling)
			tell_receipts(c, now);
		if (c->out_len > 0)
			flush(c);
		/* more receipts, or requests that waited for the last of them */
		more |= c->telling ? c->out_len == 0 : told;
	}
}

static uint64_t
limit(const struct ph_client *c)
{
	return c->o.now_us + (uint64_t)US *
	    (c->stage == READY ? PH_SERVE_SESSION_S : PH_SERVE_HELLO_S);
}

bool
ph_client_run(struct ph_client *c, uint64_t now, struct ph_client_waits *w)
{
	uint64_t at = UINT64_MAX;

	c->now = now;
	if (c->stage == SHAKING)
		shake(c);
	if (c->stage != SHAKING && c->stage != OVER)
		talk(c, now);
	if (c->lease != NULL && c->stage != OVER)
		at = ph_lease_run(c->lease, now);
	if (c->lease != NULL && ph_lease_starved(c->lease))
		end(c, "no room for its connections");
	if (now >= limit(c))
		end(c, c->stage == READY ? "its time is over" : "it did not say who it is");
	*w = (struct ph_client_waits){
		.fd = c->o.fd, .lease_fd = c->lease == NULL ? -1 : ph_lease_fd(c->lease),
		.read = true, .write = c->out_len > 0 || ph_tls_wants(c->tls).write,
		.at_us = at < limit(c) ? at : limit(c),
	};
	return c->stage != OVER;
}
