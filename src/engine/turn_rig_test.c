/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/turn_rig_test.h"
#include "wire/channel.h"

uint64_t
rig_random(struct rig *r)
{
	r->seed ^= r->seed << 13;
	r->seed ^= r->seed >> 7;
	return r->seed ^= r->seed << 17;
}

static void
give_random(void *arg, void *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)(rig_random(arg) >> 24);
}

static uint64_t
wall(void *arg)
{
	return ((struct rig *)arg)->wall_s;
}

static bool
open_port(void *arg, struct ph_turn_port *p)
{
	struct rig *r = arg;

	if (r->fail_opens > 0) {
		r->fail_opens--;
		return false;
	}
	for (unsigned i = 0; i < r->n_open; i++) {
		assert_int_not_equal(r->open[i].relay, p->relay);
		assert_false(r->open[i].at.port == p->at.port && r->open[i].at.addr == p->at.addr);
	}
	assert_true(r->n_open < RIG_PORTS && p->relay != 0);
	p->handle = 1000 + r->n_opened++;
	r->open[r->n_open++] = *p;
	return true;
}

static void
close_port(void *arg, uint32_t relay, uint64_t handle)
{
	struct rig *r = arg;
	unsigned i = 0;

	while (i < r->n_open && r->open[i].relay != relay)
		i++;
	assert_true(i < r->n_open);
	assert_int_equal(r->open[i].handle, handle);
	r->open[i] = r->open[--r->n_open];
}

static void
to_client(void *arg, const struct ph_turn_conn *c, const void *p, size_t n)
{
	struct rig *r = arg;

	assert_true(n <= sizeof(r->sent));
	memcpy(r->sent, p, n);
	r->sent_len = n;
	r->sent_to = *c;
	r->n_sent++;
}

static void
to_peer(void *arg, const struct ph_turn_out *o)
{
	struct rig *r = arg;

	r->out = *o;
	assert_true(o->len <= sizeof(r->out_data));
	memcpy(r->out_data, o->data, o->len);
	r->n_out++;
}

/* Permissions are told again when they last longer; what is new is told by the server's count. */
static void
note(void *arg, const struct ph_turn_note *n)
{
	struct rig *r = arg;

	r->notes[n->kind]++;
	r->last[n->kind] = *n;
	r->last[n->kind].conn = NULL;
	r->last[n->kind].user.s = NULL;
	r->live_allocs += n->kind == PH_TURN_ALLOCATED;
	if (n->kind == PH_TURN_ENDED) {
		assert_true(r->live_allocs > 0);
		assert_int_not_equal(n->reason, PH_TURN_END_NONE);
		r->live_allocs--;
	}
	if (n->kind >= PH_TURN_PERMITTED && n->kind <= PH_TURN_UNBOUND) {
		assert_int_not_equal(n->relay, 0);
		assert_int_not_equal(n->handle, 0);
	}
}

static void
do_connect(void *arg, uint32_t link, uint64_t handle, struct ph_stun_addr peer)
{
	struct rig *r = arg;

	(void)peer;
	r->connects++;
	r->link = link;
	r->connect_handle = handle;
}

static void
do_join(void *arg, uint32_t link, const struct ph_turn_conn *c)
{
	struct rig *r = arg;

	(void)c;
	r->joins++;
	r->link = link;
}

static void
do_drop(void *arg, uint32_t link)
{
	(void)link;
	((struct rig *)arg)->drops++;
}

ph_u128
rig_addr(const char *s)
{
	ph_u128 a = 0;

	if (!ph_addr_parse(ph_str(s), &a))
		fail_msg("%s is no address", s);
	return a;
}

struct ph_stun_addr
rig_at(const char *s, uint16_t port)
{
	return (struct ph_stun_addr){ rig_addr(s), port };
}

void
rig_init(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	r->seed = 0x1234567;
	r->now = 5000000000;
	r->wall_s = 1790000000;
	ph_turn_server_defaults(&r->c);
	r->c.realm = PH_STR("example.org");
	r->users[0] = (struct ph_turn_user){ .name = PH_STR("alice"),
		.password = PH_STR("secret") };
	r->users[1] = (struct ph_turn_user){ .name = PH_STR("bob"), .password = PH_STR("other") };
	r->c.users = r->users;
	r->c.n_users = 2;
	r->c.allow = r->allow;
	r->c.deny = r->deny;
	r->c.own = r->own;
	r->c.relays[0].local = r->c.relays[0].shown = rig_addr("198.51.100.1");
	r->c.relays[1].local = r->c.relays[1].shown = rig_addr("2001:db8::1");
	r->c.n_relays = 2;
	r->c.limits.allocations = 64;
	r->c.limits.permissions = 512;
	r->c.limits.channels = 256;
	r->c.limits.unsigned_per_s = r->c.limits.all_unsigned_per_s = 0;
	r->ops = (struct ph_turn_ops){ .arg = r, .random = give_random, .wall_s = wall,
		.open = open_port, .close = close_port, .to_client = to_client,
		.to_peer = to_peer, .note = note, .connect = do_connect, .join = do_join,
		.drop = do_drop };
}

void
rig_start(struct rig *r)
{
	const char *why = NULL;

	r->s = ph_turn_server_new(&r->c, &r->ops, &why);
	if (r->s == NULL)
		fail_msg("%s", why);
}

void
rig_end(struct rig *r)
{
	ph_turn_server_end_all(r->s, r->now);
	for (unsigned i = PH_TURN_STAT_ALLOCATIONS; i <= PH_TURN_STAT_PORTS; i++)
		assert_int_equal(ph_turn_server_stats(r->s)[i], 0);
	ph_turn_server_free(r->s);
	assert_int_equal(r->n_open, 0);
	assert_int_equal(r->live_allocs, 0);
}

void
rig_wait(struct rig *r, unsigned seconds)
{
	for (; seconds > 0; seconds--) {
		r->now += RIG_S;
		ph_turn_server_tick(r->s, r->now);
	}
}

void
rig_client(struct rig *r, struct rig_client *c, unsigned n)
{
	memset(c, 0, sizeof(*c));
	c->r = r;
	c->conn = (struct ph_turn_conn){ .client = PH_V4(0xc6336464), .server = PH_V4(0xc6336401),
		.client_port = (uint16_t)(20000 + n), .server_port = 3478, .handle = n };
	c->user = "alice";
	c->password = "secret";
	assert_true(ph_stun_auth_init(&c->auth));
}

void
rig_client_end(struct rig_client *c)
{
	ph_stun_auth_fini(&c->auth);
}

bool
rig_give(struct rig_client *c, const void *p, size_t n)
{
	struct rig *r = c->r;
	unsigned before = r->n_sent;
	struct ph_turn_in in = { .conn = c->conn, .data = p, .len = n, .ip = { 0x28, 64, false } };

	ph_turn_server_input(r->s, &in, r->now);
	assert_true(r->n_sent - before <= 1);
	if (r->n_sent == before)
		return false;
	assert_int_equal(r->sent_to.client_port, c->conn.client_port);
	assert_int_equal(r->sent_to.handle, c->conn.handle);
	assert_int_equal(ph_stun_decode(&r->answer, r->sent, r->sent_len), PH_STUN_OK);
	return true;
}

void
rig_request(struct rig_client *c, struct ph_stun *m, enum ph_stun_method method)
{
	uint8_t id[12];

	memset(m, 0, sizeof(*m));
	give_random(c->r, id, sizeof(id));
	ph_stun_init(m, method, PH_STUN_REQUEST, id);
}

size_t
rig_seal(struct rig_client *c, struct ph_stun *m, uint8_t out[2048])
{
	struct ph_stun_seal seal = { .auth = &c->auth, .sha1 = !c->sha256, .sha256 = c->sha256,
		.fingerprint = c->fingerprint };
	struct ph_stun_key key;
	size_t n;

	ph_stun_set(m, c->userhash ? PH_STUN_USERHASH : PH_STUN_USERNAME);
	ph_stun_set(m, PH_STUN_REALM);
	ph_stun_set(m, PH_STUN_NONCE);
	m->username = ph_str(c->user);
	m->realm = c->r->c.realm;
	m->nonce = (struct ph_str){ c->nonce, c->nonce_len };
	ph_stun_userhash(m->username, m->realm, m->userhash);
	if (c->sha256) {
		ph_stun_set(m, PH_STUN_PASSWORD_ALGORITHM);
		ph_stun_set(m, PH_STUN_PASSWORD_ALGORITHMS);
		m->algorithm = (struct ph_stun_algorithm){ .number = PH_STUN_SHA256 };
		m->algorithms = c->offered;
	}
	assert_true(ph_stun_key(c->sha256 ? PH_STUN_SHA256 : PH_STUN_MD5, ph_str(c->user),
	    c->r->c.realm, ph_str(c->password), &key));
	ph_stun_auth_key(&c->auth, key.bytes, key.len);
	n = ph_stun_encode(m, &seal, out, 2048);
	assert_true(n > 0);
	return n;
}

static void
take_nonce(struct rig_client *c)
{
	const struct ph_stun *a = &c->r->answer;

	assert_true(ph_stun_has(a, PH_STUN_NONCE) && a->nonce.len <= sizeof(c->nonce));
	memcpy(c->nonce, a->nonce.s, a->nonce.len);
	c->nonce_len = a->nonce.len;
	c->offered = a->algorithms;
}

int
rig_ask(struct rig_client *c, struct ph_stun *m)
{
	uint8_t p[2048];
	struct ph_stun first;
	size_t n;

	if (c->nonce_len == 0) {
		rig_request(c, &first, PH_STUN_ALLOCATE);
		ph_stun_set(&first, PH_STUN_REQUESTED_TRANSPORT);
		first.transport = 17;
		n = ph_stun_encode(&first, NULL, p, sizeof(p));
		assert_true(rig_give(c, p, n));
		assert_int_equal(c->r->answer.error.code, 401);
		take_nonce(c);
	}
	n = rig_seal(c, m, p);
	if (!rig_give(c, p, n))
		return -1;
	if (c->r->answer.class == PH_STUN_SUCCESS || (c->r->answer.error.code != 401 &&
	    c->r->answer.error.code != 438 &&
	    ph_stun_has(&c->r->answer, PH_STUN_MESSAGE_INTEGRITY)))
		assert_true(ph_stun_verify(&c->r->answer, &c->auth));
	return c->r->answer.class == PH_STUN_SUCCESS ? 0 : c->r->answer.error.code;
}

int
rig_allocate(struct rig_client *c)
{
	struct ph_stun m;

	rig_request(c, &m, PH_STUN_ALLOCATE);
	ph_stun_set(&m, PH_STUN_REQUESTED_TRANSPORT);
	m.transport = 17;
	return rig_ask(c, &m);
}

int
rig_refresh(struct rig_client *c, uint32_t lifetime)
{
	struct ph_stun m;

	rig_request(c, &m, PH_STUN_REFRESH);
	ph_stun_set(&m, PH_STUN_LIFETIME);
	m.lifetime = lifetime;
	return rig_ask(c, &m);
}

int
rig_permit(struct rig_client *c, struct ph_stun_addr peer)
{
	struct ph_stun m;

	rig_request(c, &m, PH_STUN_CREATE_PERMISSION);
	ph_stun_set(&m, PH_STUN_XOR_PEER_ADDRESS);
	ph_stun_add(&m.peers, peer.addr, peer.port);
	return rig_ask(c, &m);
}

int
rig_bind(struct rig_client *c, uint16_t number, struct ph_stun_addr peer)
{
	struct ph_stun m;

	rig_request(c, &m, PH_STUN_CHANNEL_BIND);
	ph_stun_set(&m, PH_STUN_XOR_PEER_ADDRESS);
	ph_stun_add(&m.peers, peer.addr, peer.port);
	ph_stun_set(&m, PH_STUN_CHANNEL_NUMBER);
	m.channel = number;
	return rig_ask(c, &m);
}

bool
rig_send(struct rig_client *c, struct ph_stun_addr peer, size_t len)
{
	unsigned before = c->r->n_out;
	uint8_t data[1400], p[2048];
	struct ph_stun m;
	size_t n;

	memset(data, 'x', sizeof(data));
	rig_request(c, &m, PH_STUN_SEND);
	m.class = PH_STUN_INDICATION;
	ph_stun_set(&m, PH_STUN_XOR_PEER_ADDRESS);
	ph_stun_add(&m.peers, peer.addr, peer.port);
	ph_stun_set(&m, PH_STUN_DATA);
	m.data = (struct ph_bytes){ data, len };
	n = ph_stun_encode(&m, NULL, p, sizeof(p));
	assert_true(n > 0);
	assert_false(rig_give(c, p, n));
	return c->r->n_out > before;
}

bool
rig_channel(struct rig_client *c, uint16_t number, size_t len)
{
	struct ph_turn_in in = { .conn = c->conn, .ip = { 0x28, 64, false } };
	uint8_t p[2048], data[1400];
	struct ph_channel ch = { number, data, (uint16_t)len };
	struct ph_turn_out out;

	memset(data, 'y', sizeof(data));
	in.data = p;
	in.len = ph_channel_encode(&ch, false, p, sizeof(p));
	if (ph_turn_server_from_client(c->r->s, &in, c->r->now, &out) != PH_TURN_RELAY)
		return false;
	assert_int_equal(out.len, len);
	assert_ptr_equal(out.data, p + 4);
	c->r->out = out;
	return true;
}

bool
rig_peer(struct rig *r, uint32_t relay, struct ph_stun_addr peer, size_t len,
    struct ph_turn_back *back)
{
	struct ph_turn_peer_in in = { .relay = relay, .peer = peer, .len = len,
		.ip = { 0x28, 64, true } };

	return ph_turn_server_from_peer(r->s, &in, r->now, back) == PH_TURN_RELAY;
}
