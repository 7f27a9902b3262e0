/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/turn_rig_test.h"
#include "wire/cursor.h"

/* Who means no good: to the server, to its network, or to others through it. */
static struct rig r;
static struct rig_client a, b;

static void
start(void)
{
	rig_start(&r);
	rig_client(&r, &a, 1);
	rig_client(&r, &b, 2);
}

static int
prepare(void **state)
{
	(void)state;
	rig_init(&r);
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	rig_end(&r);
	rig_client_end(&a);
	rig_client_end(&b);
	return 0;
}

static struct ph_stun_addr
peer(unsigned n)
{
	return (struct ph_stun_addr){ PH_V4(0x08080800 + n), (uint16_t)(5000 + n) };
}

/* --- who has not signed --- */

static bool
ask_unsigned(uint16_t method, unsigned pad, size_t headers)
{
	static const char text[96] = "";
	uint8_t p[256];
	struct ph_stun m;
	size_t n;

	rig_request(&a, &m, (enum ph_stun_method)method);
	if (pad > 0) {
		ph_stun_set(&m, PH_STUN_SOFTWARE);
		m.software = (struct ph_str){ text, pad - 4 };
	}
	n = ph_stun_encode(&m, NULL, p, sizeof(p));
	assert_true(n > 0);
	if (!rig_give(&a, p, n))
		return false;
	assert_true(r.sent_len + headers <= 2 * (n + headers));
	assert_true(method <= PH_STUN_CHANNEL_BIND && method != PH_STUN_SEND &&
	    method != PH_STUN_DATA_IND);
	return true;
}

/* Every method, unsigned, of many lengths: no state, and no more than twice what came. */
static void
test_unsigned(void **state)
{
	static const uint16_t methods[] = { PH_STUN_BINDING, PH_STUN_ALLOCATE, PH_STUN_REFRESH,
		PH_STUN_SEND, PH_STUN_DATA_IND, PH_STUN_CREATE_PERMISSION, PH_STUN_CHANNEL_BIND,
		PH_STUN_CONNECT, PH_STUN_CONNECTION_BIND, 0x2, 0x5, 0x7ff, 0xfff };
	unsigned answered = 0;

	(void)state;
	start();
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		for (unsigned pad = 0; pad < 100; pad += 4) {
			a.conn.client = rig_addr("198.51.100.9");
			answered += ask_unsigned(methods[i], pad, 28);
			a.conn.client = rig_addr("2001:db8::9");
			answered += ask_unsigned(methods[i], pad, 48);
		}
	assert_true(answered > 200);
	assert_int_equal(r.n_open, 0);
	assert_int_equal(ph_turn_server_stats(r.s)[PH_TURN_STAT_ALLOCATIONS], 0);
}

/* What browsers ask first is answered, whatever the realm; and has what they need. */
static void
test_first_allocate(void **state)
{
	static const struct { const char *realm, *client; bool sha256; } t[] = {
		{ "x", "198.51.100.9", true }, { "turn.example.com", "198.51.100.9", true },
		{ "turn.example.com", "2001:db8::9", true },
		{ "turn.conference.department.example.x", "198.51.100.9", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		uint8_t p[64];
		struct ph_stun m;
		size_t n;

		if (i > 0)
			finish(NULL);
		rig_init(&r);
		r.c.realm = ph_str(t[i].realm);
		r.c.sha256 = t[i].sha256;
		start();
		a.conn.client = rig_addr(t[i].client);
		rig_request(&a, &m, PH_STUN_ALLOCATE);
		ph_stun_set(&m, PH_STUN_REQUESTED_TRANSPORT);
		m.transport = 17;
		n = ph_stun_encode(&m, NULL, p, sizeof(p));
		assert_int_equal(n, 28);
		assert_true(rig_give(&a, p, n));
		assert_int_equal(r.answer.error.code, 401);
		assert_int_equal(r.answer.realm.len, strlen(t[i].realm));
		assert_int_equal(ph_stun_has(&r.answer, PH_STUN_PASSWORD_ALGORITHMS), t[i].sha256);
		assert_int_equal(ph_stun_nonce_features(r.answer.nonce) != 0, t[i].sha256);
	}
}

static void
test_realm_too_long(void **state)
{
	const char *why = NULL;

	(void)state;
	start();
	r.c.realm = PH_STR("turn.example.com1");
	assert_null(ph_turn_server_new(&r.c, &r.ops, &why));
	assert_non_null(why);
	assert_false(ph_turn_server_reload(r.s, &r.c, r.now, &why));
	r.c.realm = PH_STR("example.org");
	assert_int_equal(rig_allocate(&a), 0);
}

/* What is no STUN request gets no answer: answers would go to who did not ask. */
static void
test_garbage(void **state)
{
	uint8_t p[2048];

	(void)state;
	start();
	for (unsigned i = 0; i < 20000; i++) {
		size_t n = rig_random(&r) % 200;
		struct ph_stun m;

		for (size_t k = 0; k < n; k++)
			p[k] = (uint8_t)(rig_random(&r) >> 30);
		if (i % 2 == 0 && n >= 20) {	/* a header that is right */
			p[0] &= 0x3f;
			ph_put16(p + 2, (uint16_t)(n - 20));
			ph_put32(p + 4, PH_STUN_COOKIE);
		}
		if (n > 0 && rig_give(&a, p, n))
			assert_true(ph_stun_decode(&m, p, n) == PH_STUN_OK &&
			    m.class == PH_STUN_REQUEST);
	}
	assert_int_equal(r.n_open, 0);
}

/* Answers and indications, as if from a server: no loops. */
static void
test_no_answer_to_answers(void **state)
{
	static const uint8_t classes[] = { PH_STUN_INDICATION, PH_STUN_SUCCESS, PH_STUN_ERROR };

	(void)state;
	start();
	for (uint16_t method = 0; method < 0x20; method++)
		for (size_t i = 0; i < sizeof(classes); i++) {
			uint8_t p[64];
			struct ph_stun m;

			rig_request(&a, &m, (enum ph_stun_method)method);
			m.class = classes[i];
			assert_false(rig_give(&a, p, ph_stun_encode(&m, NULL, p, sizeof(p))));
		}
}

/* Who asks for an answer from elsewhere must not get one from here (RFC 5780 6.1). */
static void
test_binding_from_elsewhere(void **state)
{
	uint8_t p[64];
	struct ph_stun m;

	(void)state;
	start();
	rig_request(&a, &m, PH_STUN_BINDING);
	assert_true(rig_give(&a, p, ph_stun_encode(&m, NULL, p, sizeof(p))));
	assert_true(r.answer.xor_mapped.addr == a.conn.client);
	ph_stun_set(&m, PH_STUN_CHANGE_REQUEST);
	m.change = PH_STUN_CHANGE_PORT;
	assert_true(rig_give(&a, p, ph_stun_encode(&m, NULL, p, sizeof(p))));
	assert_int_equal(r.answer.error.code, 420);
	assert_int_equal(r.answer.unknown.v[0], 0x0003);
}

static void
test_source_limit(void **state)
{
	unsigned answers = 0;
	uint8_t p[64];
	struct ph_stun m;
	size_t n;

	(void)state;
	r.c.limits.unsigned_per_s = 10;
	start();
	rig_request(&a, &m, PH_STUN_BINDING);
	n = ph_stun_encode(&m, NULL, p, sizeof(p));
	for (unsigned i = 0; i < 1000; i++) {
		a.conn.client_port++;	/* another port is the same source */
		answers += rig_give(&a, p, n);
		r.now += 1000;
	}
	assert_in_range(answers, 40, 60);
	rig_give(&a, p, n);
	assert_false(rig_give(&b, p, n));
	b.conn.client++;
	assert_true(rig_give(&b, p, n));
	a.conn.client = rig_addr("2001:db8:1:2::1");
	for (unsigned i = 0; i < 1000; i++) {
		a.conn.client++;	/* so is another address of the network */
		answers += rig_give(&a, p, n);
	}
	assert_in_range(answers, 80, 110);
}

/* Sources that are invented cost nothing; all of them together have a limit, too. */
static void
test_unsigned_of_all(void **state)
{
	unsigned answers = 0;
	uint8_t p[64];
	struct ph_stun m;
	size_t n;

	(void)state;
	r.c.limits.all_unsigned_per_s = 100;
	start();
	rig_request(&a, &m, PH_STUN_BINDING);
	n = ph_stun_encode(&m, NULL, p, sizeof(p));
	for (unsigned i = 0; i < 1000; i++) {
		a.conn.client++;
		answers += rig_give(&a, p, n);
		r.now += 1000;
	}
	assert_in_range(answers, 190, 210);
	a.conn.via = PH_TURN_VIA_TCP;		/* a handshake: nobody invented that one */
	assert_true(rig_give(&a, p, n));
}

/* --- nonces --- */

static void
test_nonce_of_another(void **state)
{
	(void)state;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	memcpy(b.nonce, a.nonce, sizeof(b.nonce));
	b.nonce_len = a.nonce_len;
	assert_int_equal(rig_allocate(&b), 438);
	assert_false(ph_stun_has(&r.answer, PH_STUN_MESSAGE_INTEGRITY));
	b.nonce_len = 0;
	assert_int_equal(rig_allocate(&b), 0);
	b.nonce[b.nonce_len - 1] ^= 1;
	assert_int_equal(rig_refresh(&b, 600), 438);
	b.nonce_len = 3;
	assert_int_equal(rig_refresh(&b, 600), 438);
}

static void
test_stale_nonce(void **state)
{
	(void)state;
	r.c.nonce_s = 100;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	rig_wait(&r, 96);
	assert_int_equal(rig_refresh(&a, 600), 0);
	rig_wait(&r, 12);
	assert_int_equal(rig_refresh(&a, 600), 438);
	assert_int_equal(r.n_open, 1);
	assert_true(ph_stun_has(&r.answer, PH_STUN_NONCE) && ph_stun_has(&r.answer, PH_STUN_REALM));
	a.nonce_len = 0;
	assert_int_equal(rig_refresh(&a, 600), 0);
}

/* Instances with one key take each other's nonces. */
static void
test_nonce_shared(void **state)
{
	static struct rig other;
	struct ph_turn_server *first;

	(void)state;
	rig_init(&other);
	memset(r.c.nonce_key, 7, sizeof(r.c.nonce_key));
	memset(other.c.nonce_key, 7, sizeof(other.c.nonce_key));
	other.ops.arg = &r;
	start();
	rig_start(&other);
	first = r.s;
	assert_int_equal(rig_refresh(&a, 600), 437);
	r.s = other.s;
	assert_int_equal(rig_refresh(&a, 600), 437);
	r.s = first;
	rig_end(&other);
}

/* --- signatures --- */

/* What stands behind MESSAGE-INTEGRITY nobody has signed. */
static void
test_after_integrity(void **state)
{
	uint8_t p[2048];
	struct ph_stun m;
	size_t n;

	(void)state;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	rig_request(&a, &m, PH_STUN_REFRESH);
	n = rig_seal(&a, &m, p);
	/* LIFETIME 0, added on the way: the allocation must not end. */
	memcpy(p + n, (const uint8_t []){ 0x00, 0x0d, 0, 4, 0, 0, 0, 0 }, 8);
	ph_put16(p + 2, (uint16_t)(n + 8 - 20));
	assert_true(rig_give(&a, p, n + 8));
	assert_int_equal(r.answer.class, PH_STUN_SUCCESS);
	assert_int_equal(r.answer.lifetime, 600);
	assert_int_equal(r.n_open, 1);
	/* Nor does a CreatePermission get another peer. */
	rig_request(&a, &m, PH_STUN_CREATE_PERMISSION);
	ph_stun_set(&m, PH_STUN_XOR_PEER_ADDRESS);
	ph_stun_add(&m.peers, peer(1).addr, 0);
	n = rig_seal(&a, &m, p);
	memcpy(p + n, (const uint8_t []){ 0x00, 0x12, 0, 8, 0, 1, 0x21, 0x12, 0x29, 0x1a, 0xac,
	    0x40 }, 12);
	ph_put16(p + 2, (uint16_t)(n + 12 - 20));
	assert_true(rig_give(&a, p, n + 12));
	assert_int_equal(r.answer.class, PH_STUN_SUCCESS);
	assert_int_equal(ph_turn_server_stats(r.s)[PH_TURN_STAT_PERMISSIONS], 1);
	assert_true(rig_send(&a, peer(1), 1));
}

/* Every bit of a signed request that is turned over makes it somebody else's. */
static void
test_tampered(void **state)
{
	uint8_t p[2048], q[2048];
	struct ph_stun m;
	size_t n;

	(void)state;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	rig_request(&a, &m, PH_STUN_REFRESH);
	ph_stun_set(&m, PH_STUN_LIFETIME);
	m.lifetime = 0;
	n = rig_seal(&a, &m, p);
	for (size_t i = 0; i < 8 * n; i++) {
		memcpy(q, p, n);
		q[i / 8] ^= (uint8_t)(1 << i % 8);
		if (rig_give(&a, q, n) && r.answer.class != PH_STUN_ERROR)
			assert_int_equal(r.answer.method, PH_STUN_BINDING);
		assert_int_equal(r.n_open, 1);
	}
	assert_true(rig_give(&a, p, n));
	assert_int_equal(r.n_open, 0);
}

static void
test_incomplete(void **state)
{
	static const enum ph_stun_attr out[] = { PH_STUN_USERNAME, PH_STUN_REALM, PH_STUN_NONCE };

	(void)state;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	for (size_t i = 0; i < sizeof(out) / sizeof(*out); i++) {
		struct ph_stun_seal seal = { .auth = &a.auth, .sha1 = true };
		uint8_t p[2048];
		struct ph_stun m;

		rig_request(&a, &m, PH_STUN_REFRESH);
		rig_seal(&a, &m, p);
		m.has &= ~PH_STUN_BIT(out[i]);
		assert_true(rig_give(&a, p, ph_stun_encode(&m, &seal, p, sizeof(p))));
		assert_int_equal(r.answer.error.code, 400);
	}
}

/* RFC 8489 9.2.4: the offer must come back as it was made. */
static void
test_bid_down(void **state)
{
	struct ph_stun m;

	(void)state;
	start();
	a.sha256 = true;
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(a.offered.n, 1);
	assert_true(ph_stun_has(&r.answer, PH_STUN_MESSAGE_INTEGRITY_SHA256));
	assert_false(ph_stun_has(&r.answer, PH_STUN_MESSAGE_INTEGRITY));
	a.offered.v[0].number = PH_STUN_MD5;
	assert_int_equal(rig_refresh(&a, 600), 400);
	a.offered.v[0].number = PH_STUN_SHA256;
	a.offered.v[1].number = PH_STUN_MD5;
	a.offered.n = 2;
	assert_int_equal(rig_refresh(&a, 600), 400);
	a.offered.n = 1;
	assert_int_equal(rig_refresh(&a, 600), 0);
	/* A nonce whose promise was taken out is not ours. */
	memmove(a.nonce, a.nonce + PH_STUN_NONCE_COOKIE, a.nonce_len - PH_STUN_NONCE_COOKIE);
	a.nonce_len -= PH_STUN_NONCE_COOKIE;
	assert_int_equal(rig_refresh(&a, 600), 438);
	/* Who does not know RFC 8489 signs as ever. */
	a.nonce_len = 0;
	a.sha256 = false;
	assert_int_equal(rig_refresh(&a, 600), 0);
	assert_true(ph_stun_has(&r.answer, PH_STUN_MESSAGE_INTEGRITY));
	rig_request(&a, &m, PH_STUN_REFRESH);
	ph_stun_set(&m, PH_STUN_PASSWORD_ALGORITHM);
	m.algorithm.number = PH_STUN_MD5;
	assert_int_equal(rig_ask(&a, &m), 400);
}

static void
test_userhash(void **state)
{
	(void)state;
	start();
	a.sha256 = a.userhash = true;
	assert_int_equal(rig_allocate(&a), 0);
	assert_true((ph_stun_nonce_features((struct ph_str){ a.nonce, a.nonce_len }) &
	    PH_STUN_FEATURE_USERHASH) != 0);
	a.userhash = false;
	assert_int_equal(rig_refresh(&a, 600), 0);
	b.userhash = b.sha256 = true;
	b.user = "nobody";
	assert_int_equal(rig_allocate(&b), 401);
}

/* FINGERPRINT is answered with FINGERPRINT. */
static void
test_fingerprint(void **state)
{
	(void)state;
	start();
	a.fingerprint = true;
	assert_int_equal(rig_allocate(&a), 0);
	assert_true(ph_stun_has(&r.answer, PH_STUN_FINGERPRINT));
	a.fingerprint = false;
	assert_int_equal(rig_refresh(&a, 600), 0);
	assert_false(ph_stun_has(&r.answer, PH_STUN_FINGERPRINT));
}

/* The base64 of the HMAC of ${name}; ${how} is "sha1:SECRET" or "sha256:SECRET". */
static void
make_password(const char *name, const char *how, char text[64])
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct ph_str parts[2] = { ph_str(name), ph_str("") };
	const char *secret = strchr(how, ':') + 1;
	unsigned len = how[3] == '2' ? 32 : 20, k = 0;
	uint8_t mac[36] = { 0 };

	ph_stun_auth_key(&a.auth, secret, strlen(secret));
	(len == 32 ? ph_stun_auth_sha256 : ph_stun_auth_sha1)(&a.auth, parts, mac);
	memset(text, 0, 64);
	for (; k < (len * 8 + 5) / 6; k++) {
		uint32_t v = (uint32_t)mac[k * 6 / 8] << 8 | mac[k * 6 / 8 + 1];

		text[k] = digits[v >> (10 - k * 6 % 8) & 63];
	}
	for (; k % 4 != 0; k++)
		text[k] = '=';
}

static void
test_limited(void **state)
{
	static const struct { const char *name, *password; int code; } t[] = {
		{ "1790000600:carol", "sha1:first", 0 }, { "1790000600:carol", "sha1:second", 0 },
		{ "1790000600:carol", "sha256:second", 0 }, { "1790000600", "sha1:first", 0 },
		{ "1790000600:carol", "sha1:third", 401 },
		{ "1789999999:carol", "sha1:first", 401 },
		{ "carol", "sha1:first", 401 }, { "x1790000600:carol", "sha1:first", 401 },
		{ ":carol", "sha1:first", 401 }, { "-1:carol", "sha1:first", 401 },
		{ "99999999999999999999:carol", "sha1:first", 401 },
	};

	(void)state;
	r.secrets[0] = PH_STR("first");
	r.secrets[1] = PH_STR("second");
	r.c.secrets = r.secrets;
	r.c.n_secrets = 2;
	start();
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		char text[64];

		rig_client_end(&a);
		rig_client(&r, &a, (unsigned)(10 + i));
		make_password(t[i].name, t[i].password, text);
		a.user = t[i].name;
		a.password = text;
		if (rig_allocate(&a) != t[i].code)
			fail_msg("line %zu: %d", i, r.answer.error.code);
		if (t[i].code != 0)
			continue;
		/* The same person with a later time is another name (RFC 8656 5). */
		make_password("1790000900:carol", t[i].password, text);
		a.user = "1790000900:carol";
		assert_int_equal(rig_refresh(&a, 600), 441);
		make_password(t[i].name, t[i].password, text);
		a.user = t[i].name;
		/* It may have ended since, but not for a new allocation. */
		r.wall_s += 1000;
		assert_int_equal(rig_refresh(&a, 600), 0);
		assert_int_equal(rig_refresh(&a, 0), 0);
		assert_int_equal(rig_allocate(&a), 401);
		r.wall_s -= 1000;
	}
	assert_int_equal(rig_allocate(&b), 0);
}

/* --- peers --- */

static const char *const forbidden[] = {
	"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.255",
	"169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1",
	"192.168.1.1", "198.18.0.1", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1",
	"255.255.255.255", "9.9.9.9", "9.9.9.10",
};

/* The disguises: hexadecimal digits of the address, or of what is not it, in other places. */
static ph_u128
disguise(uint32_t v, unsigned form)
{
	ph_u128 at = v;

	switch (form) {
	case 0:
		return PH_V4(v);
	case 1:
		return rig_addr("::ffff:0:0") | at;
	case 2:
		return at;
	case 3:
		return rig_addr("::ffff:0:0:0") | at;
	case 4:
		return rig_addr("64:ff9b::") | at;
	case 5:
		return rig_addr("64:ff9b:1::") | at;
	case 6:		/* RFC 6052, 48 bits of prefix */
		return rig_addr("64:ff9b:1::") | at >> 16 << 64 | (at & 0xffff) << 40;
	case 7:
		return rig_addr("2002::1") | at << 80;
	case 8:		/* Teredo: client, turned over, and server */
		return rig_addr("2001:0:808:808::") | (uint32_t)~v;
	case 9:
		return rig_addr("2001::f7f7:f7f7") | at << 64;
	default:
		return rig_addr("2a00:1450::5efe:0:0") | at;
	}
}

/* Every forbidden address in every disguise, by each way there is. */
static void
test_disguises(void **state)
{
	unsigned n = 0;

	(void)state;
	r.own[0] = (struct ph_range){ rig_addr("9.9.9.9"), rig_addr("9.9.9.9") };
	r.c.n_own = 1;
	r.deny[0] = (struct ph_range){ rig_addr("9.9.9.10"), rig_addr("9.9.9.10") };
	r.c.n_deny = 1;
	/* Even where the operator lets the translators' own addresses be peers. */
	r.allow[0] = (struct ph_range){ rig_addr("64:ff9b::"), rig_addr("64:ff9b:1:ffff::ffff") };
	r.allow[1] = (struct ph_range){ rig_addr("2001::"), rig_addr("2001:0:ffff::ffff") };
	r.allow[2] = (struct ph_range){ rig_addr("2002::"), rig_addr("2002:ffff::ffff") };
	r.allow[3] = (struct ph_range){ rig_addr("::2"), rig_addr("::ffff:0:ffff:ffff") };
	r.c.n_allow = 4;
	start();
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct rig_client *c = v6 ? &b : &a;
		struct ph_stun m;

		rig_request(c, &m, PH_STUN_ALLOCATE);
		m.has |= PH_STUN_BIT(PH_STUN_REQUESTED_TRANSPORT) |
		    PH_STUN_BIT(PH_STUN_REQUESTED_ADDRESS_FAMILY);
		m.transport = 17;
		m.family = (uint8_t)(v6 ? PH_STUN_IPV6 : PH_STUN_IPV4);
		assert_int_equal(rig_ask(c, &m), 0);
	}
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(*forbidden); i++)
		for (unsigned k = 0; k <= 10; k++) {
			struct rig_client *c = k == 0 ? &a : &b;
			struct ph_stun_addr at = { 0, 80 };
			char text[PH_ADDR_TEXT];

			at.addr = disguise((uint32_t)rig_addr(forbidden[i]), k);
			if (ph_turn_server_peer_denied(r.s, at) == NULL)
				fail_msg("%s for %s is no forbidden peer",
				    ph_addr_format(at.addr, text), forbidden[i]);
			assert_int_equal(rig_permit(c, at), 403);
			assert_int_equal(rig_bind(c, 0x4000, at), 403);
			assert_false(rig_send(c, at, 10));
			n++;
		}
	assert_int_equal(n, sizeof(forbidden) / sizeof(*forbidden) * 11);
	assert_int_equal(r.notes[PH_TURN_PERMITTED], 0);
	/* And what is not forbidden in the same clothes may. */
	assert_int_equal(rig_permit(&b, rig_at("64:ff9b::8.8.8.8", 1)), 0);
	assert_int_equal(rig_permit(&b, rig_at("2002:808:808::1", 1)), 0);
}

static void
test_v6_peers(void **state)
{
	static const char *const t[] = { "::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd12::1",
		"ff02::1", "2001:db8:7::1", "100::1", "2001:10::1", "3fff::1", "5f00::1", "4000::1",
		"64:ff9b::8.8.8.8", "2002:808:808::1", "2001:0:808:808::1", "2001:db8::1" };
	struct ph_stun m;

	(void)state;
	r.c.hairpin = false;
	start();
	rig_request(&a, &m, PH_STUN_ALLOCATE);
	m.has |= PH_STUN_BIT(PH_STUN_REQUESTED_TRANSPORT) |
	    PH_STUN_BIT(PH_STUN_REQUESTED_ADDRESS_FAMILY);
	m.transport = 17;
	m.family = PH_STUN_IPV6;
	assert_int_equal(rig_ask(&a, &m), 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		assert_int_equal(rig_permit(&a, rig_at(t[i], 1)), 403);
	assert_int_equal(rig_permit(&a, rig_at("2a00:1450::1", 1)), 0);
}

static void
test_allowed(void **state)
{
	(void)state;
	r.allow[0] = (struct ph_range){ rig_addr("10.1.2.3"), rig_addr("10.1.2.3") };
	r.c.n_allow = 1;
	r.c.only_allowed = true;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(rig_permit(&a, rig_at("10.1.2.3", 5)), 0);
	assert_int_equal(rig_permit(&a, rig_at("10.1.2.4", 5)), 403);
	assert_int_equal(rig_permit(&a, peer(1)), 403);
}

/* Own relayed ports are other clients; own other ports are not. */
static void
test_hairpin(void **state)
{
	struct ph_stun_addr other;

	(void)state;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(rig_allocate(&b), 0);
	other = r.answer.relayed.v[0];
	assert_int_equal(rig_bind(&a, 0x4000, (struct ph_stun_addr){ other.addr, 22 }), 403);
	assert_int_equal(rig_bind(&a, 0x4000, (struct ph_stun_addr){ other.addr, 3478 }), 403);
	assert_int_equal(rig_permit(&a, other), 0);
	assert_false(rig_send(&a, (struct ph_stun_addr){ other.addr, 22 }, 5));
	assert_true(rig_send(&a, other, 5));
	assert_int_equal(rig_bind(&a, 0x4000, other), 0);
	r.c.hairpin = false;
	assert_true(ph_turn_server_reload(r.s, &r.c, r.now, &(const char *){ NULL }));
	assert_false(rig_send(&a, other, 5));
	assert_false(rig_channel(&a, 0x4000, 5));
	assert_int_equal(rig_permit(&a, other), 403);
}

/* The address that it was reached by, where relaying is done from another. */
static void
test_listener_as_peer(void **state)
{
	(void)state;
	start();
	a.conn.server = rig_addr("8.8.4.4");
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(rig_permit(&a, rig_at("8.8.4.4", 3478)), 403);
	assert_int_equal(rig_bind(&a, 0x4000, rig_at("8.8.4.4", 53)), 403);
	assert_int_equal(rig_permit(&a, rig_at("8.8.4.5", 3478)), 0);
	r.allow[0] = (struct ph_range){ rig_addr("8.8.4.4"), rig_addr("8.8.4.4") };
	r.c.n_allow = 1;
	assert_true(ph_turn_server_reload(r.s, &r.c, r.now, &(const char *){ NULL }));
	assert_int_equal(rig_permit(&a, rig_at("8.8.4.4", 3478)), 0);
}

/* A reload takes away what it forbids, and leaves the rest. */
static void
test_reload(void **state)
{
	struct ph_turn_back back;

	(void)state;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(rig_bind(&a, 0x4000, peer(1)), 0);
	assert_int_equal(rig_bind(&a, 0x4001, peer(2)), 0);
	assert_int_equal(rig_permit(&a, peer(3)), 0);
	r.deny[0] = (struct ph_range){ peer(1).addr, peer(1).addr };
	r.deny[1] = (struct ph_range){ peer(3).addr, peer(3).addr };
	r.c.n_deny = 2;
	assert_true(ph_turn_server_reload(r.s, &r.c, r.now, &(const char *){ NULL }));
	assert_int_equal(r.notes[PH_TURN_UNBOUND], 1);
	assert_int_equal(r.notes[PH_TURN_UNPERMITTED], 2);
	assert_false(rig_channel(&a, 0x4000, 5));
	assert_true(rig_channel(&a, 0x4001, 5));
	assert_false(rig_send(&a, peer(3), 5));
	assert_false(rig_peer(&r, r.open[0].relay, peer(1), 5, &back));
	assert_true(rig_peer(&r, r.open[0].relay, peer(2), 5, &back));
	assert_int_equal(rig_bind(&a, 0x4000, peer(1)), 403);
	/* A user who is gone cannot go on. */
	r.c.users++;
	r.c.n_users = 1;
	assert_true(ph_turn_server_reload(r.s, &r.c, r.now, &(const char *){ NULL }));
	assert_int_equal(rig_refresh(&a, 600), 401);
}

/* --- limits --- */

static void
test_quotas(void **state)
{
	struct rig_client c[12];
	int codes[3] = { 0 };

	(void)state;
	r.c.limits.user = 4;
	r.c.limits.source = 6;
	r.c.limits.all = 8;
	start();
	for (unsigned i = 0; i < 12; i++) {
		int code;

		rig_client(&r, &c[i], 100 + i);
		if (i >= 4)
			c[i].user = "bob";
		if (i >= 4)
			c[i].password = "other";
		if (i >= 6)
			c[i].conn.client++;
		code = rig_allocate(&c[i]);
		codes[code == 0 ? 0 : code == 486 ? 1 : 2]++;
		assert_int_equal(code, i < 8 ? 0 : 486);
	}
	assert_int_equal(codes[2], 0);
	/* One goes, one may come: but not of the user who has four. */
	assert_int_equal(rig_refresh(&c[7], 0), 0);
	c[8].user = "alice";
	c[8].password = "secret";
	assert_int_equal(rig_allocate(&c[8]), 486);
	assert_int_equal(rig_refresh(&c[0], 0), 0);
	assert_int_equal(rig_allocate(&c[8]), 0);
	/* However it ends, it is given back. */
	rig_wait(&r, 600);
	assert_int_equal(r.n_open, 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(rig_allocate(&c[i]), 0);
	for (unsigned i = 0; i < 12; i++)
		rig_client_end(&c[i]);
}

static void
test_shared_quota(void **state)
{
	struct ph_turn_quota *q = ph_turn_quota_new(100);
	static struct rig other;
	struct rig_client c;

	(void)state;
	assert_non_null(q);
	rig_init(&other);
	r.c.quota = other.c.quota = q;
	r.c.limits.user = other.c.limits.user = 1;
	start();
	rig_start(&other);
	rig_client(&other, &c, 9);
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(rig_allocate(&c), 486);
	assert_int_equal(rig_refresh(&a, 0), 0);
	assert_int_equal(rig_allocate(&c), 0);
	assert_int_equal(rig_allocate(&a), 486);
	rig_client_end(&c);
	rig_end(&other);
	rig_end(&r);
	ph_turn_quota_free(q);
	rig_client_end(&a);
	rig_client_end(&b);
	prepare(NULL);
	start();
}

/* Memory is what it was at the start: the last allocation, permission and channel are refused. */
static void
test_exhaustion(void **state)
{
	struct rig_client c[9];

	(void)state;
	r.c.limits.allocations = 8;
	r.c.limits.permissions = 20;
	r.c.limits.channels = 10;
	r.c.limits.allocation_permissions = 12;
	r.c.limits.allocation_channels = 5;
	start();
	for (unsigned i = 0; i < 9; i++) {
		rig_client(&r, &c[i], 100 + i);
		assert_int_equal(rig_allocate(&c[i]), i < 8 ? 0 : 508);
	}
	assert_int_equal(r.n_open, 8);
	for (unsigned i = 0; i < 12; i++)
		assert_int_equal(rig_permit(&c[0], peer(i)), 0);
	assert_int_equal(rig_permit(&c[0], peer(12)), 508);
	assert_int_equal(rig_permit(&c[0], peer(11)), 0);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(rig_permit(&c[1], peer(i)), 0);
	assert_int_equal(rig_permit(&c[1], peer(8)), 508);
	assert_int_equal(rig_bind(&c[1], 0x4000, peer(8)), 508);
	assert_int_equal(ph_turn_server_stats(r.s)[PH_TURN_STAT_CHANNELS], 0);
	for (uint16_t i = 0; i < 6; i++) {
		assert_int_equal(rig_bind(&c[0], (uint16_t)(0x4000 + i), peer(i)), i < 5 ? 0 : 508);
		assert_int_equal(rig_bind(&c[1], (uint16_t)(0x4000 + i), peer(i)), i < 5 ? 0 : 508);
	}
	assert_int_equal(rig_refresh(&c[0], 0), 0);
	assert_int_equal(rig_permit(&c[2], peer(1)), 0);
	assert_int_equal(rig_bind(&c[2], 0x4000, peer(1)), 0);
	assert_int_equal(rig_allocate(&c[8]), 0);
	for (unsigned i = 0; i < 9; i++)
		rig_client_end(&c[i]);
}

#define T(f) cmocka_unit_test_setup_teardown(f, prepare, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_unsigned), T(test_first_allocate), T(test_realm_too_long), T(test_garbage),
		T(test_no_answer_to_answers),
		T(test_binding_from_elsewhere), T(test_source_limit), T(test_unsigned_of_all),
		T(test_nonce_of_another),
		T(test_stale_nonce), T(test_nonce_shared), T(test_after_integrity),
		T(test_tampered), T(test_incomplete), T(test_bid_down), T(test_userhash),
		T(test_fingerprint), T(test_limited), T(test_disguises), T(test_v6_peers),
		T(test_allowed), T(test_listener_as_peer),
		T(test_hairpin), T(test_reload), T(test_quotas),
		T(test_shared_quota), T(test_exhaustion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
