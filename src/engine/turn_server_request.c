/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "engine/turn_server_priv.h"

enum {
	BURST_MS = 4000,		/* of answers to who has not signed */
	ALL_BURST_MS = 1000,		/* of all such answers */
	UNSIGNED = 1,			/* cost of one such answer */
};

/* RFC 5780: what a Binding request may ask for of other servers. */
static const uint64_t not_binding = PH_STUN_BIT(PH_STUN_CHANGE_REQUEST) |
    PH_STUN_BIT(PH_STUN_PADDING) | PH_STUN_BIT(PH_STUN_RESPONSE_PORT);

/* --- answers --- */

void
ph_turn_server_note(struct ph_turn_server *s, const struct ph_turn_note *n)
{
	if (s->ops.note != NULL)
		s->ops.note(s->ops.arg, n);
}

void
ph_turn_server_send(struct ph_turn_server *s, const struct ph_turn_conn *to,
    const struct ph_turn_login *login, const struct ph_stun *m)
{
	struct ph_stun_seal seal = { .auth = &s->auth };
	size_t n;

	if (login != NULL && login->key_len > 0) {
		ph_stun_auth_key(&s->auth, login->key, login->key_len);
		seal.sha256 = login->sha256;
		seal.sha1 = !login->sha256;
	}
	seal.fingerprint = login != NULL && login->fingerprint;
	n = ph_stun_encode(m, &seal, s->msg, sizeof(s->msg));
	if (n > 0)
		s->ops.to_client(s->ops.arg, to, s->msg, n);
}

void
ph_turn_server_reply(struct ph_turn_req *r, struct ph_stun *m)
{
	ph_turn_server_send(r->s, &r->in->conn, &r->login, m);
}

static void
count_error(struct ph_turn_req *r, uint16_t code)
{
	static const struct { uint16_t code; enum ph_turn_stat stat; } t[] = {
		{ 401, PH_TURN_STAT_CHALLENGES }, { 438, PH_TURN_STAT_STALE },
		{ 403, PH_TURN_STAT_DENIED }, { 486, PH_TURN_STAT_QUOTA },
		{ 508, PH_TURN_STAT_CAPACITY }, { 0, PH_TURN_STAT_OTHER_ERRORS },
	};
	struct ph_turn_note n = { .kind = PH_TURN_REFUSED, .conn = &r->in->conn };
	unsigned i = 0;

	while (t[i].code != 0 && t[i].code != code)
		i++;
	r->s->stats[t[i].stat]++;
	n.allocation = r->alloc;
	n.user = r->login.name;
	n.at_us = r->now;
	n.method = r->m->method;
	n.code = code;
	ph_turn_server_note(r->s, &n);
}

void
ph_turn_server_refuse(struct ph_turn_req *r, uint16_t code)
{
	struct ph_stun m;

	ph_stun_refuse(&m, r->m, code);
	if (code == 420) {
		uint64_t taken = r->s->c.dont_fragment ? ~(uint64_t)0 :
		    ~PH_STUN_BIT(PH_STUN_DONT_FRAGMENT);

		ph_stun_strange(r->m, taken, &m.unknown);
	}
	if (code == 300) {
		ph_stun_set(&m, PH_STUN_ALTERNATE_SERVER);
		m.alternate = r->s->alternate;
	}
	count_error(r, code);
	ph_turn_server_reply(r, &m);
}

/*
 * Nobody has proved to be at the address that the answer goes to: no more than twice what
 * came, IP and UDP headers counted, and not too many.  Of a stream the handshake is proof, but
 * passwords are not to be guessed there either.
 */
static bool
may_answer(struct ph_turn_server *s, const struct ph_turn_in *in, size_t n, uint64_t now)
{
	size_t headers = ph_addr_is_v4(in->conn.client) ? 28 : 48;
	bool udp = in->conn.via == PH_TURN_VIA_UDP;
	uint64_t *bucket = &s->sources[ph_turn_hash(s->seed,
	    ph_turn_quota_source(in->conn.client), udp) >> 32 & (PH_TURN_SOURCES - 1)];
	bool ok = (!udp || n + headers <= 2 * (in->len + headers)) &&
	    ph_turn_bucket(bucket, now, UNSIGNED, s->c.limits.unsigned_per_s, BURST_MS) &&
	    (!udp || ph_turn_bucket(&s->everybody, now, UNSIGNED,
	    s->c.limits.all_unsigned_per_s, ALL_BURST_MS));

	s->stats[PH_TURN_STAT_LIMITED] += !ok;
	return ok;
}

static void
answer_unsigned(struct ph_turn_req *r, const struct ph_stun *m)
{
	const struct ph_stun_seal seal = { .fingerprint = false };
	struct ph_turn_server *s = r->s;
	size_t n = ph_stun_encode(m, &seal, s->msg, sizeof(s->msg));

	if (n > 0 && may_answer(s, r->in, n, r->now))
		s->ops.to_client(s->ops.arg, &r->in->conn, s->msg, n);
}

/* 401 and 438, with what a client needs to sign. */
static void
challenge(struct ph_turn_req *r, uint16_t code)
{
	uint32_t features = ph_turn_logins_features(r->s->logins);
	char nonce[PH_TURN_NONCE_MAX];
	struct ph_stun m;
	size_t n = ph_turn_nonce_make(&r->s->nonce, &r->in->conn, r->now, features, nonce);

	if (n == 0)
		return;
	ph_stun_refuse(&m, r->m, code);
	m.error.reason.len = 0;
	ph_stun_set(&m, PH_STUN_REALM);
	ph_stun_set(&m, PH_STUN_NONCE);
	m.realm = r->s->c.realm;
	m.nonce = (struct ph_str){ nonce, n };
	if (features != 0) {
		ph_stun_set(&m, PH_STUN_PASSWORD_ALGORITHMS);
		memset(&m.algorithms, 0, sizeof(m.algorithms));
		m.algorithms.v[0].number = PH_STUN_SHA256;
		m.algorithms.n = 1;
	}
	count_error(r, code);
	answer_unsigned(r, &m);
}

static void
refuse_unsigned(struct ph_turn_req *r, uint16_t code)
{
	struct ph_stun m;

	ph_stun_refuse(&m, r->m, code);
	m.error.reason.len = 0;
	if (code == 420)
		ph_stun_strange(r->m, ~not_binding, &m.unknown);
	count_error(r, code);
	answer_unsigned(r, &m);
}

/* --- who asks (RFC 8489 9.2.4) --- */

/* What we offered came back as it was, so nobody on the way has taken the better away. */
static bool
algorithms_match(const struct ph_stun *m)
{
	return ph_stun_has(m, PH_STUN_PASSWORD_ALGORITHM) &&
	    ph_stun_has(m, PH_STUN_PASSWORD_ALGORITHMS) && m->algorithms.n == 1 &&
	    m->algorithms.v[0].number == PH_STUN_SHA256 && m->algorithms.v[0].params.len == 0 &&
	    m->algorithm.number == PH_STUN_SHA256 && m->algorithm.params.len == 0;
}

static uint16_t
check_form(const struct ph_stun *m, bool *sha256_key)
{
	bool offered = (ph_stun_nonce_features(m->nonce) & PH_STUN_FEATURE_ALGORITHMS) != 0;
	bool chosen = ph_stun_has(m, PH_STUN_PASSWORD_ALGORITHM) ||
	    ph_stun_has(m, PH_STUN_PASSWORD_ALGORITHMS);

	*sha256_key = offered && chosen;
	if ((!ph_stun_has(m, PH_STUN_USERNAME) && !ph_stun_has(m, PH_STUN_USERHASH)) ||
	    !ph_stun_has(m, PH_STUN_REALM) || !ph_stun_has(m, PH_STUN_NONCE))
		return 400;
	return offered && chosen && !algorithms_match(m) ? 400 : 0;
}

/* True: signed by a user.  Else it was answered. */
static bool
authenticate(struct ph_turn_req *r)
{
	const struct ph_stun *m = r->m;
	struct ph_turn_claim claim = { m, false };
	uint16_t code;

	if (!ph_stun_has(m, PH_STUN_MESSAGE_INTEGRITY) &&
	    !ph_stun_has(m, PH_STUN_MESSAGE_INTEGRITY_SHA256)) {
		challenge(r, 401);
		return false;
	}
	code = check_form(m, &claim.sha256_key);
	if (code != 0) {
		refuse_unsigned(r, code);
		return false;
	}
	if (ph_turn_nonce_check(&r->s->nonce, &r->in->conn, r->now, m->nonce,
	    r->s->c.nonce_s) != PH_TURN_NONCE_FRESH) {
		challenge(r, 438);
		return false;
	}
	if (!ph_turn_login_check(r->s->logins, &claim, &r->s->auth, &r->login) ||
	    (m->method == PH_STUN_ALLOCATE && r->login.until_s != UINT64_MAX &&
	    r->s->ops.wall_s(r->s->ops.arg) > r->login.until_s)) {
		r->login = (struct ph_turn_login){ .key_len = 0 };
		challenge(r, 401);
		return false;
	}
	r->login.fingerprint = ph_stun_has(m, PH_STUN_FINGERPRINT);
	return true;
}

/* --- dispatch --- */

static const struct method {
	uint16_t number;
	bool tcp;			/* RFC 6062 only */
	bool free;			/* needs no allocation of its 5-tuple */
	void (*serve)(struct ph_turn_req *);
} methods[] = {
	{ PH_STUN_ALLOCATE, false, true, ph_turn_alloc_allocate },
	{ PH_STUN_REFRESH, false, false, ph_turn_alloc_refresh },
	{ PH_STUN_CREATE_PERMISSION, false, false, ph_turn_peer_create_permission },
	{ PH_STUN_CHANNEL_BIND, false, false, ph_turn_peer_channel_bind },
	{ PH_STUN_CONNECT, true, false, ph_turn_link_connect },
	{ PH_STUN_CONNECTION_BIND, true, true, ph_turn_link_bind },
};

static const struct method *
method_of(const struct ph_turn_server *s, uint16_t number)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (methods[i].number == number)
			return methods[i].tcp && !s->c.tcp ? NULL : &methods[i];
	return NULL;
}

static void
serve_signed(struct ph_turn_req *r, const struct method *method, enum ph_stun_fault fault)
{
	uint64_t taken = r->s->c.dont_fragment ? ~(uint64_t)0 : ~PH_STUN_BIT(PH_STUN_DONT_FRAGMENT);
	struct ph_stun_unknown strange;

	r->s->stats[PH_TURN_STAT_REQUESTS]++;
	r->alloc = ph_turn_alloc_find(r->s, &r->in->conn, r->now);
	if (fault != PH_STUN_OK)
		ph_turn_server_refuse(r, 400);
	else if (ph_stun_strange(r->m, taken, &strange) > 0)
		ph_turn_server_refuse(r, 420);
	else if (!method->free && r->alloc == 0)
		ph_turn_server_refuse(r, 437);
	else if (!method->free && !ph_stun_auth_same(r->login.owner,
	    ph_turn_alloc_at(r->s, r->alloc)->owner, sizeof(r->login.owner)))
		ph_turn_server_refuse(r, 441);
	else
		method->serve(r);
}

/* RFC 8489 10.1: nobody need sign to learn his address. */
static void
serve_binding(struct ph_turn_req *r)
{
	struct ph_stun_unknown strange;
	struct ph_stun m;

	r->s->stats[PH_TURN_STAT_BINDINGS]++;
	if (ph_stun_strange(r->m, ~not_binding, &strange) > 0) {
		refuse_unsigned(r, 420);
		return;
	}
	ph_stun_reply(&m, r->m, PH_STUN_SUCCESS);
	ph_stun_set(&m, PH_STUN_XOR_MAPPED_ADDRESS);
	m.xor_mapped = (struct ph_stun_addr){ r->in->conn.client, r->in->conn.client_port };
	answer_unsigned(r, &m);
}

static void
serve_request(struct ph_turn_req *r, enum ph_stun_fault fault)
{
	const struct method *method = method_of(r->s, r->m->method);

	if (r->m->method == PH_STUN_BINDING && r->s->c.binding && fault == PH_STUN_OK)
		serve_binding(r);
	else if (method == NULL || (fault != PH_STUN_OK &&
	    !ph_stun_has(r->m, PH_STUN_MESSAGE_INTEGRITY) &&
	    !ph_stun_has(r->m, PH_STUN_MESSAGE_INTEGRITY_SHA256)))
		r->s->stats[PH_TURN_STAT_MALFORMED]++;
	else if (authenticate(r))
		serve_signed(r, method, fault);
}

void
ph_turn_server_input(struct ph_turn_server *s, const struct ph_turn_in *in, uint64_t now)
{
	struct ph_stun m;
	struct ph_turn_req r = { .s = s, .in = in, .m = &m, .now = now };
	enum ph_stun_fault fault = ph_stun_decode(&m, in->data, in->len);

	ph_turn_server_tick(s, now);
	if ((fault != PH_STUN_OK && fault != PH_STUN_VALUE) || m.cookie != PH_STUN_COOKIE ||
	    (m.class == PH_STUN_INDICATION && fault != PH_STUN_OK)) {
		s->stats[PH_TURN_STAT_MALFORMED]++;
		return;
	}
	if (m.class == PH_STUN_REQUEST)
		serve_request(&r, fault);
	else if (m.class == PH_STUN_INDICATION && m.method == PH_STUN_SEND)
		ph_turn_data_send(s, in, &m, now);
	else if (m.class != PH_STUN_INDICATION || m.method != PH_STUN_BINDING)
		s->stats[PH_TURN_STAT_MALFORMED]++;
	explicit_bzero(&r.login, sizeof(r.login));
}
