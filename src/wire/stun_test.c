/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "wire/stun.h"

/* --- the vectors of RFC 5769 --- */

static const uint8_t request[] = {
	0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34,
	0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e,
	0x20, 0x74, 0x65, 0x73, 0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24,
	0x00, 0x04, 0x6e, 0x00, 0x01, 0xff, 0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1,
	0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09, 0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68,
	0x36, 0x76, 0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c,
	0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49, 0xc1, 0xb5,
	0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf,
};

static const uint8_t response4[] = {
	0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34,
	0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74,
	0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x08, 0x00, 0x01,
	0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43, 0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99,
	0xfd, 0x9e, 0x90, 0xc3, 0x8c, 0x74, 0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b,
	0xe7, 0xd7, 0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96,
};

static const uint8_t response6[] = {
	0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34,
	0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74,
	0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x14, 0x00, 0x02,
	0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5,
	0xbe, 0xd2, 0xb9, 0xd9, 0x00, 0x08, 0x00, 0x14, 0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6,
	0x7b, 0xf1, 0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75, 0xbf, 0xe3, 0xed, 0x41,
	0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c,
};

static const uint8_t long_term[] = {
	0x00, 0x01, 0x00, 0x60, 0x21, 0x12, 0xa4, 0x42, 0x78, 0xad, 0x34, 0x33, 0xc6, 0xad,
	0x72, 0xc0, 0x29, 0xda, 0x41, 0x2e, 0x00, 0x06, 0x00, 0x12, 0xe3, 0x83, 0x9e, 0xe3,
	0x83, 0x88, 0xe3, 0x83, 0xaa, 0xe3, 0x83, 0x83, 0xe3, 0x82, 0xaf, 0xe3, 0x82, 0xb9,
	0x00, 0x00, 0x00, 0x15, 0x00, 0x1c, 0x66, 0x2f, 0x2f, 0x34, 0x39, 0x39, 0x6b, 0x39,
	0x35, 0x34, 0x64, 0x36, 0x4f, 0x4c, 0x33, 0x34, 0x6f, 0x4c, 0x39, 0x46, 0x53, 0x54,
	0x76, 0x79, 0x36, 0x34, 0x73, 0x41, 0x00, 0x14, 0x00, 0x0b, 0x65, 0x78, 0x61, 0x6d,
	0x70, 0x6c, 0x65, 0x2e, 0x6f, 0x72, 0x67, 0x00, 0x00, 0x08, 0x00, 0x14, 0xf6, 0x70,
	0x24, 0x65, 0x6d, 0xd6, 0x4a, 0x3e, 0x02, 0xb8, 0xe0, 0x71, 0x2e, 0x85, 0xc9, 0xa2,
	0x8c, 0xa8, 0x96, 0x66,
};

/* RFC 8489 B.1, with its length and hash as erratum 6268 has them. */
static const uint8_t anonymous[] = {
	0x00, 0x01, 0x00, 0x90, 0x21, 0x12, 0xa4, 0x42, 0x78, 0xad, 0x34, 0x33, 0xc6, 0xad,
	0x72, 0xc0, 0x29, 0xda, 0x41, 0x2e, 0x00, 0x1e, 0x00, 0x20, 0x4a, 0x3c, 0xf3, 0x8f,
	0xef, 0x69, 0x92, 0xbd, 0xa9, 0x52, 0xc6, 0x78, 0x04, 0x17, 0xda, 0x0f, 0x24, 0x81,
	0x94, 0x15, 0x56, 0x9e, 0x60, 0xb2, 0x05, 0xc4, 0x6e, 0x41, 0x40, 0x7f, 0x17, 0x04,
	0x00, 0x15, 0x00, 0x29, 0x6f, 0x62, 0x4d, 0x61, 0x74, 0x4a, 0x6f, 0x73, 0x32, 0x41,
	0x41, 0x41, 0x43, 0x66, 0x2f, 0x2f, 0x34, 0x39, 0x39, 0x6b, 0x39, 0x35, 0x34, 0x64,
	0x36, 0x4f, 0x4c, 0x33, 0x34, 0x6f, 0x4c, 0x39, 0x46, 0x53, 0x54, 0x76, 0x79, 0x36,
	0x34, 0x73, 0x41, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x0b, 0x65, 0x78, 0x61, 0x6d,
	0x70, 0x6c, 0x65, 0x2e, 0x6f, 0x72, 0x67, 0x00, 0x00, 0x1d, 0x00, 0x04, 0x00, 0x02,
	0x00, 0x00, 0x00, 0x1c, 0x00, 0x20, 0xb5, 0xc7, 0xbf, 0x00, 0x5b, 0x6c, 0x52, 0xa2,
	0x1c, 0x51, 0xc5, 0xe8, 0x92, 0xf8, 0x19, 0x24, 0x13, 0x62, 0x96, 0xcb, 0x92, 0x7c,
	0x43, 0x14, 0x93, 0x09, 0x27, 0x8c, 0xc6, 0x51, 0x8e, 0x65,
};

static void
check_short_term(const uint8_t *p, size_t n, struct ph_stun *m)
{
	static const char password[] = "VOkJxbRl1RmTxUk/WvJxBt";
	struct ph_stun_auth auth;

	assert_int_equal(ph_stun_decode(m, p, n), PH_STUN_OK);
	assert_true(ph_stun_has(m, PH_STUN_FINGERPRINT));
	assert_true(ph_stun_auth_init(&auth));
	ph_stun_auth_key(&auth, password, sizeof(password) - 1);
	assert_true(ph_stun_verify(m, &auth));
	assert_true(ph_stun_verify(m, &auth));	/* a key can be used again */
	ph_stun_auth_key(&auth, password, sizeof(password) - 2);
	assert_false(ph_stun_verify(m, &auth));
	ph_stun_auth_fini(&auth);
}

static void
test_vectors(void **state)
{
	struct ph_stun_auth auth;
	struct ph_stun_key key;
	struct ph_stun m;

	(void)state;
	check_short_term(request, sizeof(request), &m);
	assert_true(ph_str_eq(m.username, "evtj:h6vY"));
	assert_true(ph_str_eq(m.software, "STUN test client"));
	assert_int_equal(m.priority, 0x6e0001ff);
	check_short_term(response4, sizeof(response4), &m);
	assert_true(m.xor_mapped.addr == PH_V4(0xc0000201));
	assert_int_equal(m.xor_mapped.port, 32853);
	check_short_term(response6, sizeof(response6), &m);
	assert_true(m.xor_mapped.addr ==
	    ((ph_u128)0x20010db812345678 << 64 | 0x0011223344556677));
	assert_int_equal(ph_stun_decode(&m, long_term, sizeof(long_term)), PH_STUN_OK);
	assert_true(ph_stun_key(PH_STUN_MD5, m.username, m.realm, ph_str("TheMatrIX"), &key));
	assert_true(ph_stun_auth_init(&auth));
	ph_stun_auth_key(&auth, key.bytes, key.len);
	assert_true(ph_stun_verify(&m, &auth));
	ph_stun_auth_fini(&auth);
}

static void
test_vector_of_sha256(void **state)
{
	struct ph_str username = ph_str("\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa"
	    "\xe3\x83\x83\xe3\x82\xaf\xe3\x82\xb9");
	struct ph_stun_auth auth;
	struct ph_stun_key key;
	struct ph_stun m;
	uint8_t hash[32];

	(void)state;
	assert_int_equal(ph_stun_decode(&m, anonymous, sizeof(anonymous)), PH_STUN_OK);
	assert_int_equal(m.algorithm.number, PH_STUN_SHA256);
	assert_int_equal(ph_stun_nonce_features(m.nonce), 2);
	assert_true(ph_stun_userhash(username, m.realm, hash));
	assert_memory_equal(hash, m.userhash, sizeof(hash));
	assert_true(ph_stun_key(PH_STUN_SHA256, username, m.realm, ph_str("TheMatrIX"), &key));
	assert_true(ph_stun_auth_init(&auth));
	ph_stun_auth_key(&auth, key.bytes, key.len);
	assert_true(ph_stun_verify(&m, &auth));
	ph_stun_auth_key(&auth, key.bytes, 16);
	assert_false(ph_stun_verify(&m, &auth));
	ph_stun_auth_fini(&auth);
}

/* What stands behind the signature does not count, but for the two that may. */
static void
test_after_integrity(void **state)
{
	static const uint8_t late[] = { 0x00, 0x06, 0x00, 0x04, 'e', 'v', 'i', 'l' };
	uint8_t p[256];
	struct ph_stun_auth auth;
	struct ph_stun_seal seal = { .auth = &auth, .sha1 = true };
	struct ph_stun m;
	size_t n;

	(void)state;
	assert_true(ph_stun_auth_init(&auth));
	ph_stun_auth_key(&auth, "secret", 6);
	ph_stun_init(&m, PH_STUN_BINDING, PH_STUN_REQUEST, "abcdefghijkl");
	n = ph_stun_encode(&m, &seal, p, sizeof(p));
	memcpy(p + n, late, sizeof(late));
	n += sizeof(late);
	p[3] = (uint8_t)(n - PH_STUN_HEADER);
	assert_int_equal(ph_stun_decode(&m, p, n), PH_STUN_OK);
	assert_true(ph_stun_verify(&m, &auth));
	assert_false(ph_stun_has(&m, PH_STUN_USERNAME));
	ph_stun_auth_fini(&auth);
}

/* RFC 8656 18.13: type 3, code 4, MTU 1400. */
static void
test_icmp(void **state)
{
	static const uint8_t value[] = { 0, 0, 0x06, 0x04, 0, 0, 0x05, 0x78 };
	struct ph_stun m;
	uint8_t p[64];
	size_t n;

	(void)state;
	ph_stun_init(&m, PH_STUN_DATA_IND, PH_STUN_INDICATION, "abcdefghijkl");
	ph_stun_set(&m, PH_STUN_ICMP);
	m.icmp = (struct ph_stun_icmp){ 3, 4, 1400 };
	n = ph_stun_encode(&m, NULL, p, sizeof(p));
	assert_int_equal(n, PH_STUN_HEADER + 4 + sizeof(value));
	assert_memory_equal(p + PH_STUN_HEADER + 4, value, sizeof(value));
	assert_int_equal(ph_stun_decode(&m, p, n), PH_STUN_OK);
	assert_int_equal(m.icmp.type, 3);
	assert_int_equal(m.icmp.code, 4);
	assert_int_equal(m.icmp.data, 1400);
}

/* --- our own --- */

static uint64_t seed_state;

static uint32_t
rnd(uint32_t n)
{
	seed_state = seed_state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(seed_state >> 33) % n;
}

static void
seed(void)
{
	const char *given = getenv("PH_SEED");

	seed_state = given != NULL ? strtoull(given, NULL, 10) : 20250101;
	print_message("# PH_SEED=%llu\n", (unsigned long long)seed_state);
}

static ph_u128
random_addr(void)
{
	return rnd(2) ? PH_V4(rnd(UINT32_MAX)) : (ph_u128)0x20010db8 << 96 | rnd(UINT32_MAX);
}

static void
random_message(struct ph_stun *m)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxyz";
	uint8_t id[12];

	for (int i = 0; i < 12; i++)
		id[i] = (uint8_t)rnd(256);
	memset(m, 0, sizeof(*m));
	ph_stun_init(m, PH_STUN_ALLOCATE, (enum ph_stun_class)rnd(4), id);
	m->has = ((uint64_t)rnd(UINT32_MAX) << 32 | rnd(UINT32_MAX)) &
	    (PH_STUN_BIT(PH_STUN_N_ATTRS) - 1);
	m->has &= ~(PH_STUN_BIT(PH_STUN_MESSAGE_INTEGRITY) | PH_STUN_BIT(PH_STUN_FINGERPRINT) |
	    PH_STUN_BIT(PH_STUN_MESSAGE_INTEGRITY_SHA256));
	m->mapped = m->source = m->changed = m->xor_mapped = m->alternate = m->origin = m->other =
	    (struct ph_stun_addr){ random_addr(), (uint16_t)rnd(65536) };
	for (uint32_t i = 1 + rnd(3); i > 0; i--) {
		ph_stun_add(&m->peers, random_addr(), (uint16_t)rnd(65536));
		ph_stun_add(&m->relayed, random_addr(), (uint16_t)rnd(65536));
	}
	m->username = m->realm = m->nonce = m->software = m->domain =
	    (struct ph_str){ text, rnd(sizeof(text)) };
	m->error = (struct ph_stun_error){ .code = (uint16_t)(300 + rnd(400)),
		.reason = m->username };
	m->address_error = m->error;
	m->unknown = (struct ph_stun_unknown){ .v = { 1, 2, 3 }, .n = (uint8_t)rnd(4) };
	m->algorithm.number = PH_STUN_SHA256;
	m->algorithms.v[0].number = PH_STUN_MD5;
	m->algorithms.n = 1;
	m->data = (struct ph_bytes){ (const uint8_t *)text, rnd(sizeof(text)) };
	m->padding = (uint16_t)rnd(100);
	m->lifetime = rnd(UINT32_MAX);
	m->channel = (uint16_t)(0x4000 + rnd(4096));
	m->test = (struct ph_stun_test){ 2, 1, 7, 120000, 184, 63, 900 };
}

/* What was written reads the same, writes the same, and is signed. */
static void
test_both_ways(void **state)
{
	static uint8_t once[4096], twice[4096];
	struct ph_stun_auth auth;
	struct ph_stun_seal seal = { .auth = &auth };
	struct ph_stun m, got;

	(void)state;
	seed();
	assert_true(ph_stun_auth_init(&auth));
	ph_stun_auth_key(&auth, "secret", 6);
	for (int i = 0; i < 3000; i++) {
		size_t n;

		random_message(&m);
		seal.sha1 = rnd(2);
		seal.sha256 = rnd(2);
		seal.fingerprint = rnd(2);
		n = ph_stun_encode(&m, &seal, once, sizeof(once));
		assert_true(n >= PH_STUN_HEADER);
		assert_int_equal(ph_stun_decode(&got, once, n), PH_STUN_OK);
		assert_true(ph_stun_looks(once, n));
		assert_int_equal(ph_stun_verify(&got, &auth), seal.sha1 || seal.sha256);
		assert_int_equal(got.method, PH_STUN_ALLOCATE);
		assert_int_equal(got.class, m.class);
		assert_int_equal(ph_stun_encode(&got, &seal, twice, sizeof(twice)), n);
		assert_memory_equal(once, twice, n);
		assert_int_equal(ph_stun_encode(&m, &seal, twice, n - 1), 0);
	}
	ph_stun_auth_fini(&auth);
}

/* One changed bit is never taken for genuine. */
static void
test_damage(void **state)
{
	uint8_t p[sizeof(request)];
	struct ph_stun_auth auth;
	struct ph_stun m;

	(void)state;
	assert_true(ph_stun_auth_init(&auth));
	ph_stun_auth_key(&auth, "VOkJxbRl1RmTxUk/WvJxBt", 22);
	for (size_t bit = 0; bit < sizeof(request) * 8; bit++) {
		memcpy(p, request, sizeof(p));
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(ph_stun_decode(&m, p, sizeof(p)) != PH_STUN_OK ||
		    !ph_stun_verify(&m, &auth) || !ph_stun_has(&m, PH_STUN_FINGERPRINT));
	}
	for (size_t n = 0; n < sizeof(request); n++)
		assert_int_not_equal(ph_stun_decode(&m, request, n), PH_STUN_OK);
	ph_stun_auth_fini(&auth);
}

/* Unknown attributes that must be understood are told; others are not. */
static void
test_strange(void **state)
{
	static const uint8_t p[] = {
		0x00, 0x01, 0x00, 0x10, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
		11, 12, 0x7f, 0x01, 0x00, 0x02, 0, 0, 0, 0, 0xff, 0x01, 0x00, 0x04, 0, 0, 0, 0,
	};
	struct ph_stun_unknown v;
	struct ph_stun m, r;

	(void)state;
	assert_int_equal(ph_stun_decode(&m, p, sizeof(p)), PH_STUN_OK);
	assert_int_equal(ph_stun_strange(&m, 0, &v), 1);
	assert_int_equal(v.v[0], 0x7f01);
	ph_stun_refuse(&r, &m, 420);
	assert_int_equal(r.error.code, 420);
	assert_int_equal(r.unknown.n, 1);
}

static void
test_nonce(void **state)
{
	char nonce[PH_STUN_NONCE_COOKIE];

	(void)state;
	ph_stun_nonce_cookie(nonce, PH_STUN_FEATURE_ALGORITHMS | PH_STUN_FEATURE_USERHASH);
	assert_memory_equal(nonce, "obMatJos2wAAA", 13);
	assert_int_equal(ph_stun_nonce_features((struct ph_str){ nonce, 13 }),
	    PH_STUN_FEATURE_ALGORITHMS | PH_STUN_FEATURE_USERHASH);
	assert_int_equal(ph_stun_nonce_features(ph_str("f//499k954d6OL34oL9FSTvy64sA")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors), cmocka_unit_test(test_vector_of_sha256),
		cmocka_unit_test(test_after_integrity), cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_damage), cmocka_unit_test(test_strange),
		cmocka_unit_test(test_nonce),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
