/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "engine/turn_client.h"
#include "wire/channel.h"

enum {
	US = 1000000,
	RENEW_US = 240 * US,		/* permissions last 300 s, RFC 8656 9 */
	CONNECT_US = 35 * US,		/* the relay may try for 30 s, RFC 6062 5.2 */
	TRANSPORT_UDP = 17, TRANSPORT_TCP = 6,
};

static void
start_call(struct ph_turn *x, struct ph_turn_call *c, uint64_t now)
{
	*c = (struct ph_turn_call){ .active = true };
	x->opts.random(x->opts.arg, c->id, sizeof(c->id));
	ph_stun_try_start(&c->try, x->opts.stream, now);
}

/* The same request with a new nonce is another transaction. */
static void
repeat_call(struct ph_turn *x, struct ph_turn_call *c, uint64_t now)
{
	start_call(x, c, now);
	c->renewed = true;
}

static void
end(struct ph_turn *x, enum ph_turn_outcome outcome)
{
	x->outcome = outcome;
	x->phase = PH_TURN_OVER;
	x->main.active = false;
	for (unsigned i = 0; i < x->n_peers; i++)
		x->peer[i].call.active = false;
}

bool
ph_turn_init(struct ph_turn *x, const struct ph_turn_opts *opts, uint64_t now)
{
	memset(x, 0, sizeof(*x));
	if (opts->username.len > sizeof(x->username) || opts->password.len > sizeof(x->password) ||
	    !ph_stun_auth_init(&x->auth))
		return false;
	x->opts = *opts;
	memcpy(x->username, opts->username.s, opts->username.len);
	memcpy(x->password, opts->password.s, opts->password.len);
	x->opts.username.s = x->username;
	x->opts.password.s = x->password;
	x->lifetime_s = opts->lifetime_s != 0 ? opts->lifetime_s : PH_TURN_LIFETIME_S;
	start_call(x, &x->main, now);
	return true;
}

void
ph_turn_fini(struct ph_turn *x)
{
	ph_stun_auth_fini(&x->auth);
	explicit_bzero(x, sizeof(*x));
}

/* A place for one more peer, or -1. */
static int
add_peer(struct ph_turn *x, uint64_t now, const struct ph_turn_peer *peer)
{
	unsigned i = 0;

	while (i < x->n_peers && !x->peer[i].free)
		i++;
	if (i == PH_TURN_PEERS)
		return -1;
	x->n_peers += i == x->n_peers;
	x->peer[i] = *peer;
	x->peer[i].used = ++x->uses;
	if (x->phase == PH_TURN_HOLDING)
		start_call(x, &x->peer[i].call, now);
	return (int)i;
}

int
ph_turn_permit(struct ph_turn *x, uint64_t now, struct ph_stun_addr at, bool channel)
{
	struct ph_turn_peer p = { .at = at };
	int i;

	if (channel && x->next_channel <= PH_CHANNEL_LAST - PH_CHANNEL_FIRST)
		p.channel = (uint16_t)(PH_CHANNEL_FIRST + x->next_channel);
	i = add_peer(x, now, &p);
	if (i >= 0)
		x->next_channel = (uint16_t)(x->next_channel + (p.channel != 0));
	return i;
}

int
ph_turn_connect(struct ph_turn *x, uint64_t now, struct ph_stun_addr at)
{
	const struct ph_turn_peer p = { .at = at, .connect = true };

	return add_peer(x, now, &p);
}

void
ph_turn_forget(struct ph_turn *x, unsigned i)
{
	x->peer[i] = (struct ph_turn_peer){ .free = true };
}

int
ph_turn_oldest(const struct ph_turn *x)
{
	int oldest = -1;

	for (unsigned i = 0; i < x->n_peers; i++)
		if (!x->peer[i].free && (oldest < 0 || x->peer[i].used < x->peer[oldest].used))
			oldest = (int)i;
	return oldest;
}

void
ph_turn_close(struct ph_turn *x, uint64_t now)
{
	if (x->phase != PH_TURN_HOLDING) {
		end(x, x->outcome);
		return;
	}
	for (unsigned i = 0; i < x->n_peers; i++)
		x->peer[i].call.active = false;
	x->phase = PH_TURN_CLOSING;
	start_call(x, &x->main, now);
}

/* --- what goes out --- */

static void
add_credentials(struct ph_turn *x, struct ph_stun *m)
{
	ph_stun_set(m, x->userhash ? PH_STUN_USERHASH : PH_STUN_USERNAME);
	ph_stun_set(m, PH_STUN_REALM);
	ph_stun_set(m, PH_STUN_NONCE);
	m->username = x->opts.username;
	m->realm = (struct ph_str){ x->realm, x->realm_len };
	m->nonce = (struct ph_str){ x->nonce, x->nonce_len };
	if (x->userhash)
		ph_stun_userhash(m->username, m->realm, m->userhash);
	if (!x->sha256)
		return;
	ph_stun_set(m, PH_STUN_PASSWORD_ALGORITHMS);
	ph_stun_set(m, PH_STUN_PASSWORD_ALGORITHM);
	m->algorithms = x->offered;
	m->algorithm = (struct ph_stun_algorithm){ .number = (uint16_t)x->alg };
}

static size_t
encode(struct ph_turn *x, struct ph_stun *m, void *out, size_t cap)
{
	struct ph_stun_seal seal = { .auth = &x->auth, .fingerprint = !x->opts.stream };

	if (x->have_key) {
		add_credentials(x, m);
		seal.sha1 = !x->sha256;
		seal.sha256 = x->sha256;
	}
	return ph_stun_encode(m, &seal, out, cap);
}

size_t
ph_turn_sign(struct ph_turn *x, struct ph_stun *m, const struct ph_str *nonce, void *out,
    size_t cap)
{
	struct ph_stun_seal seal = { .auth = &x->auth, .fingerprint = !x->opts.stream,
	    .sha1 = !x->sha256, .sha256 = x->sha256 };

	if (!x->have_key)
		return 0;
	add_credentials(x, m);
	if (nonce != NULL)
		m->nonce = *nonce;
	return ph_stun_encode(m, &seal, out, cap);
}

static size_t
encode_main(struct ph_turn *x, void *out, size_t cap)
{
	bool allocate = x->phase == PH_TURN_ASKING || x->phase == PH_TURN_SIGNING;
	struct ph_stun m;

	ph_stun_init(&m, allocate ? PH_STUN_ALLOCATE : PH_STUN_REFRESH, PH_STUN_REQUEST,
	    x->main.id);
	ph_stun_set(&m, PH_STUN_LIFETIME);
	m.lifetime = x->phase == PH_TURN_CLOSING ? 0 : x->lifetime_s;
	if (allocate) {
		ph_stun_set(&m, PH_STUN_REQUESTED_TRANSPORT);
		m.transport = x->opts.tcp ? TRANSPORT_TCP : TRANSPORT_UDP;
	}
	if (allocate && x->opts.family != 0) {
		ph_stun_set(&m, PH_STUN_REQUESTED_ADDRESS_FAMILY);
		m.family = x->opts.family;
	}
	return encode(x, &m, out, cap);
}

static size_t
encode_peer(struct ph_turn *x, const struct ph_turn_peer *p, void *out, size_t cap)
{
	struct ph_stun m;

	ph_stun_init(&m, p->connect ? PH_STUN_CONNECT : p->channel != 0 ? PH_STUN_CHANNEL_BIND :
	    PH_STUN_CREATE_PERMISSION, PH_STUN_REQUEST, p->call.id);
	ph_stun_set(&m, PH_STUN_XOR_PEER_ADDRESS);
	ph_stun_add(&m.peers, p->at.addr, p->at.port);
	if (p->channel != 0) {
		ph_stun_set(&m, PH_STUN_CHANNEL_NUMBER);
		m.channel = p->channel;
	}
	return encode(x, &m, out, cap);
}

static void
main_unanswered(struct ph_turn *x)
{
	if (x->phase == PH_TURN_CLOSING)
		end(x, PH_TURN_CLOSED);
	else if (x->phase == PH_TURN_HOLDING)
		end(x, PH_TURN_LOST);
	else
		end(x, x->unsigned_seen ? PH_TURN_UNSIGNED : PH_TURN_SILENT);
}

static void
refuse_peer(struct ph_turn_peer *p, uint16_t code)
{
	p->call.active = false;
	p->state = PH_TURN_PEER_REFUSED;
	p->code = code;
}

/* Begin what time asks for, and give up what had its time. */
static void
pass_time(struct ph_turn *x, uint64_t now)
{
	if (x->main.active && ph_stun_try_over(&x->main.try, now))
		main_unanswered(x);
	if (x->phase != PH_TURN_HOLDING)
		return;
	if (!x->main.active && now >= x->refresh_us)
		start_call(x, &x->main, now);
	for (unsigned i = 0; i < x->n_peers; i++) {
		struct ph_turn_peer *p = &x->peer[i];

		if (p->call.active && ph_stun_try_over(&p->call.try, now))
			refuse_peer(p, 0);
		else if (!p->call.active && p->state == PH_TURN_PEER_READY && now >= p->renew_us)
			start_call(x, &p->call, now);
	}
}

static bool
is_due(const struct ph_turn_call *c, uint64_t now)
{
	return c->active && now >= c->try.due_us;
}

size_t
ph_turn_output(struct ph_turn *x, uint64_t now, void *out, size_t cap)
{
	pass_time(x, now);
	if (is_due(&x->main, now)) {
		ph_stun_try_sent(&x->main.try, now);
		return encode_main(x, out, cap);
	}
	for (unsigned i = 0; i < x->n_peers; i++)
		if (is_due(&x->peer[i].call, now)) {
			ph_stun_try_sent(&x->peer[i].call.try, now);
			if (x->peer[i].connect)
				x->peer[i].call.try.due_us = now + CONNECT_US;
			return encode_peer(x, &x->peer[i], out, cap);
		}
	return 0;
}

uint64_t
ph_turn_deadline(const struct ph_turn *x)
{
	uint64_t at = x->main.active ? x->main.try.due_us : UINT64_MAX;

	if (x->phase == PH_TURN_HOLDING && !x->main.active)
		at = x->refresh_us;
	for (unsigned i = 0; i < x->n_peers; i++) {
		const struct ph_turn_peer *p = &x->peer[i];
		uint64_t own = UINT64_MAX;

		if (p->call.active)
			own = p->call.try.due_us;
		else if (x->phase == PH_TURN_HOLDING && p->state == PH_TURN_PEER_READY)
			own = p->renew_us;
		at = own < at ? own : at;
	}
	return at;
}

size_t
ph_turn_send(struct ph_turn *x, unsigned peer, struct ph_bytes data, void *out, size_t cap)
{
	struct ph_turn_peer *p = &x->peer[peer];
	const struct ph_stun_seal seal = { .fingerprint = false };
	struct ph_stun m;
	uint8_t id[12];

	if (x->phase != PH_TURN_HOLDING || peer >= x->n_peers ||
	    p->state != PH_TURN_PEER_READY || p->connect || data.len > UINT16_MAX)
		return 0;
	p->used = ++x->uses;
	if (p->channel != 0)
		return ph_channel_encode(&(struct ph_channel){ p->channel, data.p,
		    (uint16_t)data.len }, x->opts.stream, out, cap);
	x->opts.random(x->opts.arg, id, sizeof(id));
	ph_stun_init(&m, PH_STUN_SEND, PH_STUN_INDICATION, id);
	ph_stun_set(&m, PH_STUN_XOR_PEER_ADDRESS);
	ph_stun_add(&m.peers, p->at.addr, p->at.port);
	ph_stun_set(&m, PH_STUN_DATA);
	m.data = data;
	return ph_stun_encode(&m, &seal, out, cap);
}

/* --- what comes in --- */

/* Strongest first; what is offered comes in the server's order of preference. */
static bool
choose_algorithm(struct ph_turn *x, const struct ph_stun_algorithms *offered)
{
	x->alg = 0;
	for (unsigned i = 0; i < offered->n; i++) {
		unsigned number = offered->v[i].number;

		if (offered->v[i].params.len == 0 && (number == PH_STUN_SHA256 ||
		    (number == PH_STUN_MD5 && x->alg != PH_STUN_SHA256)))
			x->alg = (enum ph_stun_alg)number;
		x->offered.v[i].number = (uint16_t)number;
		x->offered.v[i].params = (struct ph_bytes){ NULL, 0 };
	}
	x->offered.n = offered->n;
	return x->alg != 0;
}

/* A realm and a nonce that the server gave; false when they cannot be used. */
static bool
take_challenge(struct ph_turn *x, const struct ph_stun *m)
{
	uint32_t promised;

	if (!ph_stun_has(m, PH_STUN_NONCE) || m->nonce.len > sizeof(x->nonce))
		return false;
	if (ph_stun_has(m, PH_STUN_REALM) && m->realm.len <= sizeof(x->realm)) {
		memcpy(x->realm, m->realm.s, m->realm.len);
		x->realm_len = m->realm.len;
	} else if (!x->have_key) {
		return false;
	}
	memcpy(x->nonce, m->nonce.s, m->nonce.len);
	x->nonce_len = m->nonce.len;
	promised = ph_stun_nonce_features(m->nonce);
	x->userhash = (promised & PH_STUN_FEATURE_USERHASH) != 0;
	return true;
}

/* The key for what was challenged; BUSY, or why there is none. */
static enum ph_turn_outcome
make_key(struct ph_turn *x, const struct ph_stun *m)
{
	bool promised = (ph_stun_nonce_features(m->nonce) & PH_STUN_FEATURE_ALGORITHMS) != 0;
	bool offered = ph_stun_has(m, PH_STUN_PASSWORD_ALGORITHMS);
	struct ph_stun_key key;

	if (promised && !offered)
		return PH_TURN_BID_DOWN;
	x->sha256 = promised;
	x->alg = PH_STUN_MD5;
	if (promised && !choose_algorithm(x, &m->algorithms))
		return PH_TURN_ALGORITHM;
	if (!ph_stun_key(x->alg, x->opts.username, (struct ph_str){ x->realm, x->realm_len },
	    x->opts.password, &key))
		return PH_TURN_ALGORITHM;
	ph_stun_auth_key(&x->auth, key.bytes, key.len);
	explicit_bzero(&key, sizeof(key));
	x->have_key = true;
	return PH_TURN_BUSY;
}

static void
take_first_challenge(struct ph_turn *x, uint64_t now, const struct ph_stun *m)
{
	enum ph_turn_outcome outcome = take_challenge(x, m) ? make_key(x, m) : PH_TURN_NO_CHALLENGE;

	if (outcome != PH_TURN_BUSY) {
		x->code = 401;
		end(x, outcome);
		return;
	}
	x->phase = PH_TURN_SIGNING;
	start_call(x, &x->main, now);
}

/* Refresh a minute before the end, or half-way when that is sooner. */
static void
hold(struct ph_turn *x, uint64_t now, uint32_t lifetime_s)
{
	uint32_t after = lifetime_s > 120 ? lifetime_s - 60 : lifetime_s / 2;

	x->refresh_us = now + (uint64_t)(after > 0 ? after : 1) * US;
	x->main.active = false;
}

static void
take_allocation(struct ph_turn *x, uint64_t now, const struct ph_stun *m)
{
	if (!ph_stun_has(m, PH_STUN_XOR_RELAYED_ADDRESS) || m->relayed.n == 0) {
		end(x, PH_TURN_GARBLED);
		return;
	}
	x->relayed = m->relayed.v[0];
	if (ph_stun_has(m, PH_STUN_XOR_MAPPED_ADDRESS))
		x->mapped = m->xor_mapped;
	x->phase = PH_TURN_HOLDING;
	x->outcome = PH_TURN_READY;
	hold(x, now, ph_stun_has(m, PH_STUN_LIFETIME) ? m->lifetime : PH_TURN_LIFETIME_S);
	for (unsigned i = 0; i < x->n_peers; i++)
		if (!x->peer[i].free)
			start_call(x, &x->peer[i].call, now);
}

static void
main_succeeded(struct ph_turn *x, uint64_t now, const struct ph_stun *m)
{
	if (x->phase == PH_TURN_CLOSING)
		end(x, PH_TURN_CLOSED);
	else if (x->phase != PH_TURN_HOLDING)
		take_allocation(x, now, m);
	else if (ph_stun_has(m, PH_STUN_LIFETIME) && m->lifetime == 0)
		end(x, PH_TURN_LOST);
	else
		hold(x, now, ph_stun_has(m, PH_STUN_LIFETIME) ? m->lifetime : x->lifetime_s);
}

static void
main_failed(struct ph_turn *x, uint64_t now, const struct ph_stun *m)
{
	uint16_t code = m->error.code;

	if (x->phase == PH_TURN_ASKING && code == 401) {
		take_first_challenge(x, now, m);
		return;
	}
	if (code == 438 && x->have_key && !x->main.renewed && take_challenge(x, m)) {
		repeat_call(x, &x->main, now);
		return;
	}
	x->code = code;
	if (code == 300 && ph_stun_has(m, PH_STUN_ALTERNATE_SERVER))
		x->alternate = m->alternate;
	if (x->phase == PH_TURN_CLOSING)
		end(x, PH_TURN_CLOSED);
	else
		end(x, x->phase == PH_TURN_HOLDING ? PH_TURN_LOST : ph_turn_outcome_of(code));
}

static void
peer_answered(struct ph_turn *x, uint64_t now, struct ph_turn_peer *p, const struct ph_stun *m)
{
	if (m->class == PH_STUN_SUCCESS) {
		p->call.active = false;
		p->state = PH_TURN_PEER_READY;
		p->renew_us = p->connect ? UINT64_MAX : now + RENEW_US;
		p->connection = m->connection;
		if (p->connect && !ph_stun_has(m, PH_STUN_CONNECTION_ID))
			refuse_peer(p, 0);
	} else if (m->error.code == 438 && !p->call.renewed && take_challenge(x, m)) {
		repeat_call(x, &p->call, now);
	} else {
		refuse_peer(p, m->error.code);
	}
}

static bool
is_answer_to(const struct ph_turn_call *c, const struct ph_stun *m)
{
	return c->active && c->try.sent > 0 && memcmp(c->id, m->id, sizeof(c->id)) == 0;
}

/*
 * Only who knows the password can say yes to a signed request.  An error may come
 * unsigned: a server that does not know the user has nothing to sign with (RFC 8489 9.2.4).
 */
static bool
is_genuine(struct ph_turn *x, const struct ph_stun *m)
{
	if (!x->have_key || (m->class == PH_STUN_ERROR && ph_stun_has(m, PH_STUN_ERROR_CODE) &&
	    !ph_stun_has(m, PH_STUN_MESSAGE_INTEGRITY) &&
	    !ph_stun_has(m, PH_STUN_MESSAGE_INTEGRITY_SHA256)))
		return m->class == PH_STUN_SUCCESS || ph_stun_has(m, PH_STUN_ERROR_CODE);
	x->unsigned_seen = !ph_stun_verify(m, &x->auth);
	return !x->unsigned_seen;
}

static enum ph_turn_event
take_answer(struct ph_turn *x, uint64_t now, const struct ph_stun *m)
{
	if (is_answer_to(&x->main, m)) {
		x->answered = true;
		if (!is_genuine(x, m))
			return PH_TURN_NOTHING;
		if (x->phase == PH_TURN_ASKING)
			x->rtt_us = ph_stun_try_rtt(&x->main.try, now);
		(m->class == PH_STUN_SUCCESS ? main_succeeded : main_failed)(x, now, m);
		return PH_TURN_NOTED;
	}
	for (unsigned i = 0; i < x->n_peers; i++)
		if (is_answer_to(&x->peer[i].call, m) && is_genuine(x, m)) {
			peer_answered(x, now, &x->peer[i], m);
			return PH_TURN_NOTED;
		}
	return PH_TURN_NOTHING;
}

/* RFC 8656 11.4: data, or an ICMP error, and who it is from. */
static enum ph_turn_event
take_indication(const struct ph_stun *m, struct ph_turn_got *got)
{
	if (m->method != PH_STUN_DATA_IND || !ph_stun_has(m, PH_STUN_XOR_PEER_ADDRESS) ||
	    m->peers.n != 1)
		return PH_TURN_NOTHING;
	got->peer = m->peers.v[0];
	if (ph_stun_has(m, PH_STUN_ICMP)) {
		got->icmp = m->icmp;
		return PH_TURN_ICMP;
	}
	if (!ph_stun_has(m, PH_STUN_DATA))
		return PH_TURN_NOTHING;
	got->data = m->data.p;
	got->len = m->data.len;
	return PH_TURN_DATA;
}

static enum ph_turn_event
take_channel(const struct ph_turn *x, const void *p, size_t n, struct ph_turn_got *got)
{
	struct ph_channel c;
	unsigned i;

	if (!ph_channel_decode(&c, p, n))
		return PH_TURN_NOTHING;
	for (i = 0; i < x->n_peers && x->peer[i].channel != c.number; i++)
		;
	if (i == x->n_peers)
		return PH_TURN_NOTHING;
	got->peer = x->peer[i].at;
	got->data = c.data;
	got->len = c.len;
	return PH_TURN_DATA;
}

enum ph_turn_event
ph_turn_input(struct ph_turn *x, uint64_t now, const void *p, size_t n, struct ph_turn_got *got)
{
	struct ph_stun m;

	memset(got, 0, sizeof(*got));
	if (n > 0 && *(const uint8_t *)p >> 6 == 1)
		return x->phase == PH_TURN_HOLDING ? take_channel(x, p, n, got) : PH_TURN_NOTHING;
	if (ph_stun_decode(&m, p, n) != PH_STUN_OK || m.cookie != PH_STUN_COOKIE)
		return PH_TURN_NOTHING;
	if (m.class == PH_STUN_INDICATION)
		return x->phase == PH_TURN_HOLDING ? take_indication(&m, got) : PH_TURN_NOTHING;
	return m.class == PH_STUN_REQUEST ? PH_TURN_NOTHING : take_answer(x, now, &m);
}
