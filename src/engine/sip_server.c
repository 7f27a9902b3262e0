/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/map.h"
#include "engine/sip_server.h"

/* RFC 3261 17.1.1.1, table 4 */
enum { T1_US = 500000, T2_US = 4000000, T4_US = 5000000 };

void
ph_sip_server_init(struct ph_sip_server *s, const struct ph_sip_server_config *config)
{
	memset(s, 0, sizeof(*s));
	s->config = *config;
}

/*
 * Which transaction (17.2.3): branch and sent-by, with the method; where the branch is
 * of before RFC 3261, what else is the same in a retransmission.  ACK and CANCEL look
 * for their INVITE.  The sender is part of it, so strangers cannot meet.
 */
static uint64_t
key_of(const struct ph_sip *m, enum ph_sip_method method, const struct ph_sip_peer *from)
{
	bool old = m->via.branch.len < 7 || strncmp(m->via.branch.s, "z9hG4bK", 7) != 0;
	struct ph_str word = method == m->method ? m->method_word :
	    ph_str(ph_sip_method_word(method));
	struct ph_str part[] = {
		word, m->via.branch, m->via.host, old ? m->call_id : PH_STR(""),
		old ? m->from_tag : PH_STR(""), old ? m->uri : PH_STR(""),
	};
	uint64_t number[] = {
		(uint64_t)from->addr, (uint64_t)(from->addr >> 64), m->via.port, old ? m->cseq : 0,
	};
	uint64_t key = ph_hash(number, sizeof(number));

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		key = (key ^ ph_hash(part[i].s, part[i].len)) * 0x9e3779b97f4a7c15u + i;
	return key;
}

static struct ph_sip_call_state *
find(struct ph_sip_server *s, uint64_t key)
{
	for (size_t i = 0; i < PH_SIP_CALLS; i++)
		if (s->call[i].state != PH_SIP_FREE && s->call[i].key == key)
			return &s->call[i];
	return NULL;
}

/* A free place, or that of the answered one that would be forgotten next. */
static struct ph_sip_call_state *
make_room(struct ph_sip_server *s)
{
	struct ph_sip_call_state *best = NULL;

	for (size_t i = 0; i < PH_SIP_CALLS; i++) {
		struct ph_sip_call_state *c = &s->call[i];

		if (c->state == PH_SIP_FREE)
			return c;
		if (c->state != PH_SIP_PROCEEDING && c->last == c->final &&
		    (best == NULL || c->expires_us < best->expires_us))
			best = c;
	}
	return best;
}

static bool
is_sip_uri(struct ph_str uri)
{
	return (uri.len > 4 && strncasecmp(uri.s, "sip:", 4) == 0) ||
	    (uri.len > 5 && strncasecmp(uri.s, "sips:", 5) == 0);
}

/* Would a description of a session be taken?  Without Accept, yes (20.1). */
static bool
accepts_sdp(const struct ph_sip *m)
{
	const struct ph_sip_header *h = ph_sip_find(m, PH_SIP_ACCEPT, 0);
	struct ph_str list, type;

	if (h == NULL)
		return true;
	for (size_t i = 0; (h = ph_sip_find(m, PH_SIP_ACCEPT, i)) != NULL; i++) {
		for (list = h->value; ph_sip_item(&list, &type); ) {
			const char *end = memchr(type.s, ';', type.len);

			if (end != NULL)
				type.len = (size_t)(end - type.s);
			while (type.len > 0 && type.s[type.len - 1] == ' ')
				type.len--;
			if (ph_str_case_eq(type, "application/sdp") ||
			    ph_str_case_eq(type, "application/*") || ph_str_eq(type, "*/*"))
				return true;
		}
	}
	return false;
}

/* What a request gets in the end (8.2.1 to 8.2.4); 0: nothing. */
static unsigned
judge(const struct ph_sip_server *s, const struct ph_sip *m)
{
	static const unsigned plain[PH_SIP_METHODS] = {
		[PH_SIP_OTHER_METHOD] = 501, [PH_SIP_BYE] = 481, [PH_SIP_OPTIONS] = 200,
		[PH_SIP_REGISTER] = 200, [PH_SIP_INVITE] = 486,
	};

	if (m->fault == PH_SIP_BAD_VERSION)
		return 505;
	if (m->fault != PH_SIP_FINE)
		return 400;
	if (m->method == PH_SIP_OTHER_METHOD)
		return plain[m->method];
	if (!is_sip_uri(m->uri))
		return 416;
	if (ph_sip_find(m, PH_SIP_REQUIRE, 0) != NULL)
		return 420;
	if (m->method == PH_SIP_INVITE && m->body.len > 0 &&
	    !ph_str_case_eq(m->content_type, "application/sdp"))
		return 415;
	if (m->method == PH_SIP_INVITE && !accepts_sdp(m))
		return 406;
	if (m->method == PH_SIP_INVITE && s->config.decline)
		return 603;
	if (m->method == PH_SIP_REGISTER && s->config.login)
		return 401;
	return plain[m->method];
}

/* Where the answer goes (18.2.2); maddr is not followed. */
static struct ph_sip_peer
reply_to(const struct ph_sip_server *s, const struct ph_sip *m, const struct ph_sip_peer *from)
{
	struct ph_sip_peer to = *from;

	if (s->config.transport == PH_SIP_UDP && !m->via.has_rport && m->via.host.len > 0)
		to.port = m->via.port != 0 ? m->via.port : 5060;
	return to;
}

static void
begin(struct ph_sip_server *s, uint64_t now, const struct ph_sip *m, uint64_t key,
    const struct ph_sip_peer *from)
{
	size_t len = (size_t)(m->body.s - m->text.s);
	struct ph_sip_call_state *c = len <= PH_SIP_CALL_BYTES ? make_room(s) : NULL;

	if (c == NULL) {
		s->ignored++;
		return;
	}
	*c = (struct ph_sip_call_state){ .state = PH_SIP_COMPLETED, .key = key,
		.tag = ph_hash(&key, sizeof(key)) ^ s->config.seed,
		.came_from = *from, .reply_to = reply_to(s, m, from), .final = judge(s, m),
		.fault = m->fault, .fault_in = m->fault_in, .due_us = now,
		.expires_us = UINT64_MAX, .len = len };
	memcpy(c->head, m->text.s, len);
	c->invite = m->method == PH_SIP_INVITE && m->fault == PH_SIP_FINE;
	if (c->invite)
		c->state = PH_SIP_PROCEEDING;
	s->answered++;
}

/* ACK ends the repeating of a refusal; what still comes is absorbed. */
static void
take_ack(struct ph_sip_server *s, uint64_t now, const struct ph_sip *m,
    const struct ph_sip_peer *from)
{
	struct ph_sip_call_state *c = find(s, key_of(m, PH_SIP_INVITE, from));

	if (c == NULL || c->state != PH_SIP_COMPLETED)
		return;
	c->state = PH_SIP_CONFIRMED;
	c->due_us = UINT64_MAX;
	c->expires_us = s->config.transport == PH_SIP_UDP ? now + T4_US : now;
}

static void
take_cancel(struct ph_sip_server *s, uint64_t now, const struct ph_sip *m,
    const struct ph_sip_peer *from)
{
	struct ph_sip_call_state *invite = find(s, key_of(m, PH_SIP_INVITE, from));
	struct ph_sip_call_state *c;
	uint64_t key = key_of(m, PH_SIP_CANCEL, from);

	if (invite != NULL && invite->state == PH_SIP_PROCEEDING) {
		invite->final = 487;
		if (invite->last == 180)
			invite->due_us = now;
	}
	begin(s, now, m, key, from);
	c = find(s, key);
	if (c != NULL && m->fault == PH_SIP_FINE)
		c->final = invite != NULL ? 200 : 481;
}

static void
take_message(struct ph_sip_server *s, uint64_t now, struct ph_str text,
    const struct ph_sip_peer *from)
{
	struct ph_sip_call_state *c;
	struct ph_sip m;
	uint64_t key;

	if (!ph_sip_decode(text.s, text.len, &m) || !m.answerable) {
		s->ignored++;
		return;
	}
	if (m.method == PH_SIP_ACK) {
		take_ack(s, now, &m, from);
		return;
	}
	key = key_of(&m, m.method, from);
	c = find(s, key);
	if (c != NULL) {	/* the same again gets the same again (17.2.1, 17.2.2) */
		c->again = c->state != PH_SIP_CONFIRMED && c->last != 0;
	} else if (m.method == PH_SIP_CANCEL) {
		take_cancel(s, now, &m, from);
	} else {
		begin(s, now, &m, key, from);
	}
}

/* Bytes of a stream: as much as fits, then all whole messages, and again. */
static bool
take_stream(struct ph_sip_server *s, uint64_t now, struct ph_str bytes,
    const struct ph_sip_peer *from)
{
	size_t part, skip, len;

	do {
		part = sizeof(s->in) - s->in_len;
		if (part > bytes.len)
			part = bytes.len;
		memcpy(s->in + s->in_len, bytes.s, part);
		s->in_len += part;
		bytes.s += part;
		bytes.len -= part;
		do {
			len = ph_sip_frame(s->in, s->in_len, &skip);
			if (len == SIZE_MAX)
				return false;
			if (skip >= 4 && s->pongs < 4)
				s->pongs++;
			if (len > 0)
				take_message(s, now, (struct ph_str){ (char *)s->in + skip, len },
				    from);
			if (len == 0 && skip < 4 && s->in_len == skip)
				skip = 0;	/* half a keep-alive */
			s->in_len -= skip + len;
			memmove(s->in, s->in + skip + len, s->in_len);
		} while (len > 0);
	} while (bytes.len > 0);
	return true;
}

bool
ph_sip_server_input(struct ph_sip_server *s, uint64_t now, const void *p, size_t n,
    const struct ph_sip_peer *from)
{
	struct ph_str bytes = { p, n };

	if (n == 0)
		return true;
	if (s->config.transport == PH_SIP_UDP) {
		take_message(s, now, bytes, from);
		return true;
	}
	s->stream_peer = *from;
	return take_stream(s, now, bytes, from);
}

/* What is due now, and what after it. */
static unsigned
next_status(struct ph_sip_server *s, struct ph_sip_call_state *c, uint64_t now)
{
	bool udp = s->config.transport == PH_SIP_UDP;

	if (c->state == PH_SIP_PROCEEDING && c->last == 0)
		return 100;
	if (c->state == PH_SIP_PROCEEDING && c->last == 100 && c->final != 487) {
		c->due_us = now + s->config.ring_us;
		return 180;
	}
	if (c->last != c->final)
		c->expires_us = now + (udp || c->invite ? 64 * (uint64_t)T1_US : 0);
	c->state = PH_SIP_COMPLETED;
	c->due_us = UINT64_MAX;
	if (c->invite && udp) {
		c->interval_us = c->interval_us == 0 ? T1_US : c->interval_us * 2;
		if (c->interval_us > T2_US)
			c->interval_us = T2_US;
		c->due_us = now + c->interval_us;
	}
	return c->final;
}

/* The headers that go with a status code. */
static void
put_more(char *out, size_t cap, unsigned status, const struct ph_sip *m, uint64_t tag)
{
	const struct ph_sip_header *h = ph_sip_find(m, PH_SIP_REQUIRE, 0);
	int n = 0;

	if (status == 200 && m->method == PH_SIP_OPTIONS)
		n = snprintf(out, cap, "Allow: ACK, CANCEL, INVITE, OPTIONS, REGISTER\r\n"
		    "Accept: application/sdp\r\n");
	else if (status == 405 || status == 501)
		n = snprintf(out, cap, "Allow: ACK, CANCEL, INVITE, OPTIONS, REGISTER\r\n");
	else if (status == 415)
		n = snprintf(out, cap, "Accept: application/sdp\r\n");
	else if (status == 401)
		n = snprintf(out, cap, "WWW-Authenticate: Digest realm=\"pinhole\", "
		    "nonce=\"%016" PRIx64 "\", algorithm=MD5, qop=\"auth\"\r\n", tag * 31);
	else if (status == 420 && h != NULL && h->value.len < cap)
		n = snprintf(out, cap, "Unsupported: %.*s\r\n", (int)h->value.len, h->value.s);
	if (n <= 0 || (size_t)n >= cap)
		out[0] = '\0';
}

static size_t
answer(const struct ph_sip_call_state *c, unsigned status, uint8_t *out, size_t cap)
{
	char more[512], tag[20], reason[64];
	struct ph_writer w = ph_writer(out, cap);
	struct ph_sip m;

	if (!ph_sip_decode(c->head, c->len, &m))
		return 0;
	snprintf(tag, sizeof(tag), "%016" PRIx64, c->tag);
	snprintf(reason, sizeof(reason), "Bad Request (%s%s%s)",
	    ph_sip_header_word(c->fault_in), c->fault_in != PH_SIP_OTHER ? ": " : "",
	    ph_sip_fault_word(c->fault));
	put_more(more, sizeof(more), status, &m, c->tag);
	ph_sip_response(&w, &m, &(struct ph_sip_answer){ .status = status,
		.reason = status == 400 ? reason : NULL,
		.to_tag = status == 100 ? NULL : tag,
		.from = c->came_from.addr, .from_port = c->came_from.port, .more = more });
	return w.bad ? 0 : w.len;
}

static size_t
pong(struct ph_sip_server *s, uint8_t *out, size_t cap, struct ph_sip_peer *to)
{
	if (s->pongs == 0 || cap < 2)
		return 0;
	s->pongs--;
	*to = s->stream_peer;
	memcpy(out, "\r\n", 2);
	return 2;
}

size_t
ph_sip_server_output(struct ph_sip_server *s, uint64_t now, uint8_t *out, size_t cap,
    struct ph_sip_peer *to)
{
	for (size_t i = 0; i < PH_SIP_CALLS; i++) {
		struct ph_sip_call_state *c = &s->call[i];
		unsigned status;
		size_t n;

		if (c->state != PH_SIP_FREE && now >= c->expires_us)
			c->state = PH_SIP_FREE;
		if (c->state == PH_SIP_FREE || (!c->again && now < c->due_us))
			continue;
		status = c->again ? c->last : next_status(s, c, now);
		c->again = false;
		c->last = status;
		*to = c->reply_to;
		n = answer(c, status, out, cap);
		if (n > 0)
			return n;
		c->state = PH_SIP_FREE;
	}
	return pong(s, out, cap, to);
}

uint64_t
ph_sip_server_deadline(const struct ph_sip_server *s)
{
	uint64_t at = s->pongs > 0 ? 0 : UINT64_MAX;

	for (size_t i = 0; i < PH_SIP_CALLS; i++) {
		const struct ph_sip_call_state *c = &s->call[i];

		if (c->state == PH_SIP_FREE)
			continue;
		if (c->again)
			at = 0;
		if (c->due_us < at)
			at = c->due_us;
		if (c->expires_us < at)
			at = c->expires_us;
	}
	return at;
}
