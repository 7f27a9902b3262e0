/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>

#include "os/errqueue.h"
#include "os/tcp.h"
#include "os/tls.h"
#include "os/udp.h"
#include "probe/meddling.h"
#include "wire/h225.h"
#include "wire/sip.h"

enum {
	ROOM = 2 * PH_SIP_MAX,
	AGAIN_US = 400000,		/* UDP: sent again after so long, PH_ALG_TRIES times */
	SILENCE_US = 3000000,		/* a stream that says nothing for so long is cut */
	OTHER_US = 300000,		/* bytes without an answer: time to arrive */
	MIRROR_US = 3000000,
	MEDIA_PORT = 50010,
};

/* One call as it goes on. */
struct call {
	struct ph_loop *loop;
	struct ph_session *session;
	const struct ph_meddling_opts *o;
	int fd;
	struct ph_tls *tls;
	struct ph_watch *watch;
	bool stream, connected, done, answered, waited;
	const char *broken;		/* the stream did not come about, or ended */
	unsigned times;			/* it was sent */
	uint64_t next_us, until_us;
	uint16_t local_port;
	size_t n_sent, n_got;
	uint8_t sent[PH_SIP_MAX], got[ROOM];
	/* What the far end told. */
	struct ph_str came, went;
	uint16_t seen_port;
};

static bool
is_sip(const struct call *c)
{
	return c->o->proto <= PH_CONTROL_SIP_TLS;
}

static struct ph_str
text(const uint8_t *p, size_t n)
{
	return (struct ph_str){ (const char *)p, n };
}

/* --- messages --- */

static struct ph_sip_call
sip_call(const struct call *c)
{
	return (struct ph_sip_call){
		.transport = (enum ph_sip_transport)(c->o->proto - PH_CONTROL_SIP_UDP),
		.local = c->o->from, .remote = c->o->to, .local_port = c->local_port,
		.remote_port = c->o->port, .id = c->o->id, .cseq = 1,
		.media_port = MEDIA_PORT,
	};
}

static struct ph_h225_address
own(const struct call *c)
{
	return (struct ph_h225_address){ true, c->o->from, c->local_port };
}

static void
compose(struct call *c)
{
	struct ph_writer w = ph_writer(c->sent, sizeof(c->sent));
	struct ph_sip_call sip = sip_call(c);
	struct ph_ras ras = {
		.type = PH_RAS_GRQ, .seq = (uint16_t)(c->o->id % 65535 + 1), .ras = own(c),
	};
	struct ph_h225 setup = {
		.type = PH_H225_SETUP, .call_reference = (uint16_t)(c->o->id & 0x7fff),
		.source = own(c), .h245 = own(c), .has_call_id = true,
	};

	memcpy(setup.call_id, &c->o->id, sizeof(c->o->id));
	memcpy(setup.conference_id, &c->o->id, sizeof(c->o->id));
	if (is_sip(c))
		ph_sip_request(&w, &sip, PH_SIP_INVITE);
	else if (c->o->proto == PH_CONTROL_RAS)
		ph_ras_encode(&w, &ras);
	else
		ph_h225_encode(&w, &setup);
	c->n_sent = w.bad ? 0 : w.len;
}

/* The last whole message of a stream; a datagram is one. */
static struct ph_str
last_message(const struct call *c, struct ph_str s)
{
	struct ph_str last = { s.s, 0 };
	size_t n, skip = 0;

	if (!c->stream)
		return s;
	while ((n = is_sip(c) ? ph_sip_frame(s.s, s.len, &skip) :
	    ph_h225_frame(s.s, s.len)) != 0 && n != SIZE_MAX) {
		last = (struct ph_str){ s.s + skip, n };
		s.s += skip + n;
		s.len -= skip + n;
	}
	return last;
}

/* Has the call been refused, as it always is? */
static bool
is_final(const struct call *c)
{
	struct ph_str m = last_message(c, text(c->got, c->n_got));
	struct ph_sip sip;

	if (m.len == 0)
		return false;
	return !is_sip(c) || (ph_sip_decode(m.s, m.len, &sip) && !sip.request &&
	    sip.status >= 200);
}

/* --- sending and hearing --- */

static void
end(struct call *c, const char *broken)
{
	c->broken = c->broken == NULL ? broken : c->broken;
	c->done = true;
}

static void
put(struct call *c, const uint8_t *p, size_t n)
{
	struct ph_udp_msg m = {
		.data = (uint8_t *)(uintptr_t)p, .len = (uint32_t)n, .addr = c->o->to,
		.port = c->o->port,
	};

	if (!c->stream)
		ph_udp_send(c->fd, &m, 1);
	else if ((c->tls != NULL ? ph_tls_write(c->tls, p, n) : ph_tcp_send(c->fd, p, n)) !=
	    (int)n)
		end(c, "the connection was cut");
}

static void
send_again(struct call *c, uint64_t now)
{
	if (c->times == PH_ALG_TRIES) {
		end(c, NULL);
		return;
	}
	put(c, c->sent, c->n_sent);
	c->times++;
	c->next_us = now + AGAIN_US;
	ph_watch_at(c->watch, c->next_us);
}

static void
hear_datagrams(struct call *c)
{
	struct ph_udp_msg m = { .data = c->got, .len = sizeof(c->got) };

	ph_errqueue_drain(c->fd);
	while (ph_udp_recv(c->fd, &m, 1) == 1) {
		if (m.addr == c->o->to && m.port == c->o->port)
			c->n_got = m.len;
		m.len = sizeof(c->got);
	}
}

static void
hear_stream(struct call *c)
{
	int n;

	do {
		uint8_t *to = c->got + c->n_got;
		size_t room = sizeof(c->got) - c->n_got;

		n = c->tls != NULL ? ph_tls_read(c->tls, to, room) :
		    ph_tcp_recv(c->fd, to, room);
		if (n > 0)
			c->n_got += (size_t)n;
	} while (n > 0 && c->n_got < sizeof(c->got));
	if (n < 0 && n != -EAGAIN && !is_final(c))
		end(c, "the connection was cut");
	else if (n == 0 && c->tls == NULL && !is_final(c))
		end(c, "the connection was closed");
}

static void
shake(struct call *c)
{
	enum ph_tls_state s = ph_tls_shake(c->tls);
	bool write = s == PH_TLS_SHAKING && ph_tls_wants(c->tls).write;

	ph_watch_events(c->watch, write ? PH_WATCH_WRITE : PH_WATCH_READ);
	if (s == PH_TLS_FAILED)
		end(c, ph_tls_fault_name(ph_tls_fault(c->tls)));
	c->connected = s == PH_TLS_READY;
}

/* On the way to a connection; sends when it is there. */
static void
settle(struct call *c)
{
	struct ph_tls_opts t = { .key = c->o->key, .peer = c->o->peer };
	ph_u128 local;
	int err;

	if (c->tls == NULL) {
		enum ph_tcp_fate fate = ph_tcp_outcome(c->fd, &err);

		if (fate == PH_TCP_PENDING)
			return;
		if (fate != PH_TCP_OPEN) {
			end(c, fate == PH_TCP_REFUSED ? "the connection was refused" :
			    "no connection");
			return;
		}
		ph_watch_events(c->watch, PH_WATCH_READ);
		ph_tcp_local(c->fd, &local, &c->local_port);
		c->connected = c->o->proto != PH_CONTROL_SIP_TLS;
		if (!c->connected && ph_tls_client(c->fd, &t, &c->tls) != 0)
			end(c, "no memory");
	}
	if (c->tls != NULL)
		shake(c);
	if (!c->connected || c->done)
		return;
	compose(c);
	put(c, c->sent, c->n_sent);
	c->times = PH_ALG_TRIES;	/* TCP repeats what is lost */
}

static void
on_event(void *arg, unsigned events)
{
	struct call *c = arg;
	uint64_t now = ph_loop_now(c->loop);

	if (c->done)
		return;
	if (c->stream && !c->connected)
		settle(c);
	else if ((events & PH_WATCH_READ) != 0)
		c->stream ? hear_stream(c) : hear_datagrams(c);
	if (is_final(c)) {
		c->answered = true;
		end(c, NULL);
	} else if (!c->stream && now >= c->next_us) {
		send_again(c, now);
	} else if (c->stream && now >= c->until_us) {
		end(c, c->connected ? NULL : "no answer");
	}
}

static int
begin(struct call *c)
{
	struct ph_udp_opts u = { .addr = c->o->from };
	ph_u128 local;
	int err;

	c->stream = c->o->proto != PH_CONTROL_SIP_UDP && c->o->proto != PH_CONTROL_RAS;
	err = c->stream ? ph_tcp_connect(c->o->to, c->o->port, c->o->from, &c->fd) :
	    ph_udp_open(&u, &c->fd);
	if (err != 0)
		return err;
	c->watch = ph_watch_new(c->loop, c->fd, c->stream ? PH_WATCH_WRITE : PH_WATCH_READ,
	    on_event, c);
	c->until_us = ph_loop_now(c->loop) + SILENCE_US;
	if (c->stream) {
		ph_watch_at(c->watch, c->until_us);
		return 0;
	}
	ph_udp_local(c->fd, &local, &c->local_port);
	compose(c);
	send_again(c, ph_loop_now(c->loop));
	return 0;
}

/* A refused INVITE is acknowledged, so that the far end does not repeat itself. */
static void
say_goodbye(struct call *c)
{
	struct ph_str m = last_message(c, text(c->got, c->n_got));
	struct ph_sip_call call = sip_call(c);
	struct ph_writer w = ph_writer(c->sent, sizeof(c->sent));
	struct ph_sip sip;

	if (!is_sip(c) || !c->answered || c->broken != NULL || !ph_sip_decode(m.s, m.len, &sip))
		return;
	call.to_tag = sip.to_tag;
	ph_sip_request(&w, &call, PH_SIP_ACK);
	if (!w.bad)
		put(c, c->sent, w.len);
}

static void
finish(struct call *c)
{
	ph_watch_end(c->watch);
	ph_tls_free(c->tls);
	ph_tcp_abort(c->fd);
}

/* --- what the far end tells --- */

static struct ph_str
keep(struct ph_arena *mem, const uint8_t *p, size_t n)
{
	return (struct ph_str){ p == NULL ? "" : ph_arena_dup(mem, (const char *)p, n),
	    p == NULL ? 0 : n };
}

static void
on_mirror(void *arg, const struct ph_control_mirrored *m)
{
	struct call *c = arg;

	c->waited = true;
	if (m == NULL)
		return;
	c->came = keep(c->loop->mem, m->bytes, m->len);
	c->went = keep(c->loop->mem, m->sent, m->sent_len);
	c->seen_port = m->from_port;
}

static void
ask_mirror(struct call *c)
{
	c->waited = false;
	ph_session_mirror(c->session, c->o->proto, c->o->port, on_mirror, c);
	ph_loop_until(c->loop, &c->waited, ph_loop_now(c->loop) + MIRROR_US);
}

static struct ph_alg_diffs
compare(const struct call *c, struct ph_str sent, struct ph_str received)
{
	struct ph_arena *mem = c->loop->mem;

	return is_sip(c) ? ph_alg_sip(mem, sent, received) : c->o->proto == PH_CONTROL_RAS ?
	    ph_alg_ras(mem, sent, received) : ph_alg_h225(mem, sent, received);
}

/* Do other bytes get through where the message did not? */
static enum ph_alg_open
try_other(struct call *c)
{
	static const char other[] = "no telephone would say this\r\n";
	bool never = false;

	if (c->stream)
		return c->connected ? PH_ALG_OPEN_UNKNOWN : PH_ALG_OPEN_NO;
	for (int i = 0; i < PH_ALG_TRIES; i++)
		put(c, (const uint8_t *)other, sizeof(other) - 1);
	ph_loop_until(c->loop, &never, ph_loop_now(c->loop) + OTHER_US);
	ask_mirror(c);
	return c->came.len > 0 ? PH_ALG_OPEN_YES : PH_ALG_OPEN_NO;
}

/*
 * Is it our message that arrived, or one before it?  Only what is there whole can be
 * compared.
 */
static void
judge(struct call *c, struct ph_meddling *m)
{
	struct ph_str came = c->came, sent = text(c->sent, c->n_sent);

	m->out = (struct ph_alg_try){
		.sent = c->times, .arrived = came.len > 0, .port = c->o->port,
		.open = came.len > 0 ? PH_ALG_OPEN_YES : PH_ALG_OPEN_UNKNOWN,
		.sent_from = c->local_port, .seen_from = c->seen_port,
	};
	if (m->out.arrived)
		m->out.diffs = compare(c, sent, came);
	m->tried_in = c->went.len > 0;
	if (!m->tried_in)
		return;
	m->in = (struct ph_alg_try){
		.sent = c->times, .arrived = c->answered, .port = c->local_port,
		.open = PH_ALG_OPEN_UNKNOWN,
	};
	if (m->in.arrived)
		m->in.diffs = compare(c, last_message(c, c->went),
		    last_message(c, text(c->got, c->n_got)));
}

void
ph_meddling_try(struct ph_loop *l, struct ph_session *s, const struct ph_meddling_opts *o,
    struct ph_meddling *m)
{
	struct call *c = PH_NEW(l->mem, struct call);
	int err;

	*c = (struct call){ .loop = l, .session = s, .o = o };
	*m = (struct ph_meddling){ 0 };
	err = begin(c);
	if (err != 0) {
		m->why = strerror(-err);
		return;
	}
	ph_loop_until(l, &c->done, ph_loop_now(l) + 2 * SILENCE_US);
	ask_mirror(c);
	judge(c, m);
	if (!m->out.arrived && c->broken == NULL)
		m->out.open = try_other(c);
	else if (!m->out.arrived)
		m->why = c->broken;
	say_goodbye(c);
	finish(c);
}
