/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "engine/turn_server_priv.h"

enum {
	BURST_MS = 4000,		/* of answers to who has not signed */
	UNSIGNED = 1,			/* cost of one such answer */
};

/* --- configuration --- */

void
ph_turn_server_defaults(struct ph_turn_server_config *c)
{
	memset(c, 0, sizeof(*c));
	c->sha256 = c->hairpin = c->binding = c->dont_fragment = true;
	c->port_first = 49152;
	c->port_last = 65535;
	c->n_workers = 1;
	c->lifetime_s = 600;
	c->lifetime_max_s = 3600;
	c->permission_s = 300;
	c->channel_s = 600;
	c->nonce_s = 3600;
	c->reservation_s = 30;
	c->quarantine_s = 60;
	c->limits = (struct ph_turn_limits){
		.allocations = 10000, .permissions = 80000, .channels = 40000, .links = 1000,
		.allocation_permissions = 128, .allocation_channels = 64,
		.user = 256, .source = 1024, .unsigned_per_s = 100, .icmp_per_s = 10,
	};
}

static bool
has_bad_range(const struct ph_range *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].lo > v[i].hi)
			return true;
	return false;
}

/* What is wrong with it, or NULL. */
static const char *
fault_of(const struct ph_turn_server_config *c)
{
	size_t max = c->sha256 ? PH_TURN_REALM_SHA256 : PH_TURN_REALM_PLAIN;
	const struct ph_turn_limits *n = &c->limits;

	if (c->realm.len == 0 || c->realm.len > max)
		return c->sha256 ? "the realm must have 1 to 16 bytes" :
		    "the realm must have 1 to 36 bytes";
	for (size_t i = 0; i < c->n_secrets; i++)
		if (c->secrets[i].len == 0 || c->secrets[i].len > PH_STUN_KEY_MAX)
			return "a secret must have 1 to 768 bytes";
	if (c->n_relays == 0 || c->n_relays > PH_TURN_MAX_RELAYS)
		return "there must be 1 to 8 addresses to relay from";
	for (size_t i = 0; i < c->n_relays; i++)
		if (ph_addr_is_v4(c->relays[i].local) != ph_addr_is_v4(c->relays[i].shown))
			return "an address to relay from must be of one family";
	if (c->port_first < 1024 || c->port_first > c->port_last)
		return "ports to relay from must rise within 1024-65535";
	if (c->n_workers == 0 || c->worker >= c->n_workers)
		return "no such worker";
	if (c->lifetime_s == 0 || c->lifetime_max_s < c->lifetime_s || c->permission_s == 0 ||
	    c->channel_s == 0 || c->nonce_s == 0 || c->nonce_s > 3600)
		return "a lifetime out of range";
	if (n->allocations == 0 || n->allocations > 1U << (PH_TURN_PLACE_BITS - 2) ||
	    n->permissions == 0 || n->channels == 0 || n->permissions > 1U << 24 ||
	    n->channels > 1U << 24 || n->links > PH_TURN_MAX_LINKS)
		return "a limit out of range";
	if (has_bad_range(c->allow, c->n_allow) || has_bad_range(c->deny, c->n_deny) ||
	    has_bad_range(c->own, c->n_own))
		return "a range that ends before it begins";
	return NULL;
}

/* The ranges, copied; users, secrets and realm live in ${logins}. */
static void *
keep_ranges(struct ph_turn_server_config *c)
{
	size_t n = c->n_allow + c->n_deny + c->n_own;
	size_t head = sizeof(struct ph_range);	/* the realm, in whole ranges */
	struct ph_range *v;
	char *realm;

	while (head < c->realm.len)
		head += sizeof(struct ph_range);
	realm = malloc(head + (n + 1) * sizeof(*v));
	if (realm == NULL)
		return NULL;
	memcpy(realm, c->realm.s, c->realm.len);
	c->realm.s = realm;
	v = (void *)(realm + head);
	if (c->n_allow > 0)
		memcpy(v, c->allow, c->n_allow * sizeof(*v));
	if (c->n_deny > 0)
		memcpy(v + c->n_allow, c->deny, c->n_deny * sizeof(*v));
	if (c->n_own > 0)
		memcpy(v + c->n_allow + c->n_deny, c->own, c->n_own * sizeof(*v));
	c->allow = v;
	c->deny = v + c->n_allow;
	c->own = c->deny + c->n_deny;
	c->users = NULL;
	c->secrets = NULL;
	return realm;
}

/* Take what a reload may change; false: no memory, and nothing was changed. */
static bool
take_config(struct ph_turn_server *s, const struct ph_turn_server_config *from)
{
	struct ph_turn_server_config c = *from;
	struct ph_turn_logins *logins = ph_turn_logins_new(from);
	void *kept = logins == NULL ? NULL : keep_ranges(&c);

	if (kept == NULL) {
		ph_turn_logins_free(logins);
		return false;
	}
	ph_turn_logins_free(s->logins);
	free(s->kept);
	s->logins = logins;
	s->kept = kept;
	s->c = c;
	return true;
}

static bool
reserve_memory(struct ph_turn_server *s)
{
	const struct ph_turn_limits *n = &s->c.limits;
	uint32_t reserves = n->allocations < 1024 ? n->allocations : 1024;
	uint32_t ports = 2 * n->allocations + reserves;

	s->turns = calloc((size_t)ports + 1, sizeof(*s->turns));
	s->sources = calloc(PH_TURN_SOURCES, sizeof(*s->sources));
	return s->turns != NULL && s->sources != NULL &&
	    ph_turn_slab_init(&s->allocs, sizeof(struct ph_turn_alloc), n->allocations) &&
	    ph_turn_slab_init(&s->ports, sizeof(struct ph_turn_port_slot), ports) &&
	    ph_turn_slab_init(&s->permits, sizeof(struct ph_turn_permit), n->permissions) &&
	    ph_turn_slab_init(&s->channels, sizeof(struct ph_turn_chan), n->channels) &&
	    ph_turn_slab_init(&s->reserves, sizeof(struct ph_turn_reserve), reserves) &&
	    ph_turn_slab_init(&s->links, sizeof(struct ph_turn_link), n->links) &&
	    ph_turn_index_init(&s->by_conn, n->allocations) &&
	    ph_turn_index_init(&s->by_permit, n->permissions) &&
	    ph_turn_index_init(&s->by_number, n->channels) &&
	    ph_turn_index_init(&s->by_peer, n->channels) && ph_turn_ports_init(&s->pool, &s->c);
}

static void
release(struct ph_turn_server *s)
{
	struct ph_turn_slab *slabs[] = { &s->allocs, &s->ports, &s->permits, &s->channels,
		&s->reserves, &s->links };
	struct ph_turn_index *indexes[] = { &s->by_conn, &s->by_permit, &s->by_number,
		&s->by_peer };

	for (size_t i = 0; i < sizeof(slabs) / sizeof(*slabs); i++)
		ph_turn_slab_fini(slabs[i]);
	for (size_t i = 0; i < sizeof(indexes) / sizeof(*indexes); i++)
		ph_turn_index_fini(indexes[i]);
	ph_turn_ports_fini(&s->pool);
	ph_turn_quota_free(s->own_quota);
	ph_turn_logins_free(s->logins);
	if (s->auth.sha1 != NULL)
		ph_stun_auth_fini(&s->auth);
	if (s->nonce.sha1 != NULL)
		ph_stun_auth_fini(&s->nonce);
	free(s->turns);
	free(s->sources);
	free(s->kept);
	free(s);
}

struct ph_turn_server *
ph_turn_server_new(const struct ph_turn_server_config *c, const struct ph_turn_ops *ops,
    const char **why)
{
	struct ph_turn_server *s;

	*why = fault_of(c);
	if (*why != NULL)
		return NULL;
	*why = "out of memory";
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->ops = *ops;
	ops->random(ops->arg, s->seed, sizeof(s->seed));
	ops->random(ops->arg, s->tag, sizeof(s->tag));
	if (!take_config(s, c) || !reserve_memory(s) || !ph_stun_auth_init(&s->auth) ||
	    !ph_stun_auth_init(&s->nonce))
		goto err;
	ph_stun_auth_key(&s->nonce, c->nonce_key, sizeof(c->nonce_key));
	if (c->quota == NULL) {
		s->own_quota = ph_turn_quota_new(c->limits.allocations);
		if (s->own_quota == NULL)
			goto err;
		s->c.quota = s->own_quota;
	}
	*why = NULL;
	return s;
err:
	release(s);
	return NULL;
}

void
ph_turn_server_end_all(struct ph_turn_server *s, uint64_t now)
{
	for (uint32_t i = 1; i <= s->reserves.fresh; i++) {
		struct ph_turn_reserve *v = ph_turn_slab_at(&s->reserves, i);

		if (v->timer.back != NULL)
			ph_turn_reserve_end(s, i, false, now);
	}
	for (uint32_t i = 1; i <= s->allocs.fresh; i++)
		if (ph_turn_alloc_at(s, i)->timer.back != NULL)
			ph_turn_alloc_end(s, i, PH_TURN_END_ADMIN, now);
}

void
ph_turn_server_free(struct ph_turn_server *s)
{
	if (s == NULL)
		return;
	ph_turn_server_end_all(s, s->wheel.now_s * PH_TURN_US);
	release(s);
}

/* What is as big, or as many, as it was at the start. */
static void
keep_fixed(struct ph_turn_server_config *c, const struct ph_turn_server_config *was)
{
	c->limits.allocations = was->limits.allocations;
	c->limits.permissions = was->limits.permissions;
	c->limits.channels = was->limits.channels;
	c->limits.links = was->limits.links;
	memcpy(c->relays, was->relays, sizeof(c->relays));
	c->n_relays = was->n_relays;
	c->port_first = was->port_first;
	c->port_last = was->port_last;
	c->worker = was->worker;
	c->n_workers = was->n_workers;
	c->quota = was->quota;
	c->tcp = was->tcp;
	memcpy(c->nonce_key, was->nonce_key, sizeof(c->nonce_key));
}

bool
ph_turn_server_reload(struct ph_turn_server *s, const struct ph_turn_server_config *from,
    uint64_t now, const char **why)
{
	struct ph_turn_server_config c = *from;

	keep_fixed(&c, &s->c);
	*why = fault_of(&c);
	if (*why != NULL)
		return false;
	if (!take_config(s, &c)) {
		*why = "out of memory";
		return false;
	}
	s->pool.rest_s = s->c.quarantine_s;
	ph_turn_peer_purge(s, now);
	ph_turn_link_purge(s);
	return true;
}

void
ph_turn_server_drain(struct ph_turn_server *s, bool on, const struct ph_stun_addr *alternate)
{
	s->draining = on;
	s->alternate = alternate != NULL ? *alternate : (struct ph_stun_addr){ 0, 0 };
}

/* --- time --- */

static uint32_t
place_of(const struct ph_turn_slab *slab, const void *thing)
{
	return (uint32_t)((size_t)((const uint8_t *)thing - slab->mem) / slab->size);
}

static void
fire(struct ph_turn_server *s, const struct ph_turn_timer *t, uint64_t now)
{
	switch (t->kind) {
	case PH_TURN_TIMER_ALLOC:
		ph_turn_alloc_end(s, place_of(&s->allocs, t), PH_TURN_END_EXPIRED, now);
		break;
	case PH_TURN_TIMER_PERMIT:
		ph_turn_peer_unpermit(s, place_of(&s->permits, t), now);
		break;
	case PH_TURN_TIMER_CHANNEL:
		ph_turn_peer_unbind(s, place_of(&s->channels, t), now);
		break;
	case PH_TURN_TIMER_RESERVE:
		ph_turn_reserve_end(s, place_of(&s->reserves, t), false, now);
		break;
	case PH_TURN_TIMER_HALF:
		ph_turn_alloc_half(s, place_of(&s->allocs, t), now);
		break;
	default:
		ph_turn_link_over(s, place_of(&s->links, t));
	}
}

void
ph_turn_server_tick(struct ph_turn_server *s, uint64_t now)
{
	struct ph_turn_timer *t;

	if (!s->started)
		ph_turn_wheel_init(&s->wheel, now);
	s->started = true;
	while ((t = ph_turn_wheel_next(&s->wheel, now)) != NULL)
		fire(s, t, now);
}

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
	    s->c.limits.all_unsigned_per_s, BURST_MS));

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
		ph_stun_strange(r->m, ~(uint64_t)0, &m.unknown);
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
	if (ph_stun_strange(r->m, ~(uint64_t)0, &strange) > 0) {
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
