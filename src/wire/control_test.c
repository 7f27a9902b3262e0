/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "wire/control.h"

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

static const uint8_t bytes[] = "OPTIONS sip:probe";
static const struct ph_control_range ranges[] = { { 443, 443 }, { 50000, 65535 } };

/* One message of each type. */
static const struct ph_control_msg samples[] = {
	{ .type = PH_CONTROL_HELLO, .version = 1 },
	{ .type = PH_CONTROL_WELCOME, .welcome = { .version = 1, .name = "0123456789abcde",
	    .key = "k", .salt = "abc", .seen = PH_V4(0xc0000201), .seen_port = 40000,
	    .other = 0, .stun_port = 3478, .max_ports = 20000, .max_pps = 1000, .max_s = 600 } },
	{ .type = PH_CONTROL_BIND, .bind = { PH_CONTROL_TLS, { ranges, 2 } } },
	{ .type = PH_CONTROL_BOUND, .bound = { PH_CONTROL_UDP, { ranges, 1 }, 98 } },
	{ .type = PH_CONTROL_RELEASE }, { .type = PH_CONTROL_DONE },
	{ .type = PH_CONTROL_RECEIPTS_GET },
	{ .type = PH_CONTROL_RECEIPTS_GET, .receipts_get = { true } },
	{ .type = PH_CONTROL_RECEIPTS, .receipts = { (const struct ph_control_receipt[]){
	    { PH_CONTROL_SWEEP, 46, 61, 50000, 5, 40001, 128, PH_V4(0xc0000201), 1500 },
	    { PH_CONTROL_LADDER, 0, 255, 7, 1, 2, 65535, (ph_u128)0x20010db8 << 96 | 1, 0 },
	    }, 2, true } },
	{ .type = PH_CONTROL_SEND, .send = { { 50000, 50099 }, { 1, 2 }, PH_CONTROL_INBOUND, 3,
	    250 } },
	{ .type = PH_CONTROL_MIRROR, .mirror = { PH_CONTROL_SIP_UDP, 5060 } },
	{ .type = PH_CONTROL_MIRRORED, .mirrored = { PH_CONTROL_SIP_TCP, 5060,
	    PH_V4(0xc0000201), 5060, bytes, sizeof(bytes), bytes, 7 } },
	{ .type = PH_CONTROL_MIRRORED, .mirrored = { .proto = PH_CONTROL_RAS, .port = 1719 } },
	{ .type = PH_CONTROL_EXPORTER, .mirror = { PH_CONTROL_TLS, 443 } },
	{ .type = PH_CONTROL_EXPORTED, .exported = "x" },
	{ .type = PH_CONTROL_CONNECT, .bind = { PH_CONTROL_TCP, { ranges, 1 } } },
	{ .type = PH_CONTROL_STREAM, .stream = { 50000, 7, 8, 5000 } },
	{ .type = PH_CONTROL_STREAM_END, .stream_sent = 250 },
	{ .type = PH_CONTROL_STREAMED, .streamed = { 250, 250, 248, 1, 2, 8000, 1500, 4300 } },
	{ .type = PH_CONTROL_PING }, { .type = PH_CONTROL_PONG }, { .type = PH_CONTROL_BYE },
	{ .type = PH_CONTROL_ERROR, .error = { 13, "not permitted" } },
};

enum { N_SAMPLES = sizeof(samples) / sizeof(*samples) };

/* What was read is written as the same bytes; shorter ones are no message. */
static void
test_both_ways(void **state)
{
	static struct ph_control_room room;
	uint8_t once[512], twice[512];

	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++) {
		size_t n = ph_control_encode(&samples[i], once, sizeof(once));
		struct ph_control_msg m;

		assert_true(n >= PH_CONTROL_HEADER);
		assert_int_equal(ph_control_frame(once, n), n);
		assert_true(ph_control_decode(&m, &room, once, n));
		assert_int_equal(m.type, samples[i].type);
		assert_int_equal(ph_control_encode(&m, twice, sizeof(twice)), n);
		assert_memory_equal(once, twice, n);
		for (size_t k = 0; k < n; k++) {
			assert_int_equal(ph_control_frame(once, k), 0);
			assert_false(ph_control_decode(&m, &room, once, k));
			assert_int_equal(ph_control_encode(&samples[i], twice, k), 0);
		}
	}
}

static void
test_fields(void **state)
{
	static struct ph_control_room room;
	struct ph_control_msg m;
	uint8_t p[512];

	(void)state;
	assert_true(ph_control_decode(&m, &room, p, ph_control_encode(&samples[8], p, sizeof(p))));
	assert_int_equal(m.receipts.n, 2);
	assert_true(m.receipts.more);
	assert_int_equal(m.receipts.v[0].number, 50000);
	assert_int_equal(m.receipts.v[0].tries, 5);
	assert_true(m.receipts.v[1].addr == samples[8].receipts.v[1].addr);
	assert_true(ph_control_decode(&m, &room, p, ph_control_encode(&samples[2], p, sizeof(p))));
	assert_int_equal(m.bind.ports.v[1].hi, 65535);
}

/* Damaged messages are refused or are messages; never is anything read outside. */
static void
test_damage(void **state)
{
	static struct ph_control_room room;

	(void)state;
	seed();
	for (int i = 0; i < 200000; i++) {
		struct ph_control_msg m;
		uint8_t p[512], again[512];
		size_t n = ph_control_encode(&samples[rnd(N_SAMPLES)], p, sizeof(p));

		for (uint32_t k = 1 + rnd(3); k > 0; k--)
			p[rnd((uint32_t)n)] = (uint8_t)rnd(256);
		if (ph_control_decode(&m, &room, p, n))
			assert_true(ph_control_encode(&m, again, sizeof(again)) > 0);
	}
}

static void
test_limits(void **state)
{
	static struct ph_control_range many[PH_CONTROL_RANGES + 1];
	static uint8_t p[PH_CONTROL_HEADER + PH_CONTROL_BODY];
	struct ph_control_msg m = { .type = PH_CONTROL_BIND, .bind = { 0, { many, 0 } } };

	(void)state;
	m.bind.ports.n = PH_CONTROL_RANGES;
	assert_true(ph_control_encode(&m, p, sizeof(p)) > 0);
	m.bind.ports.n++;
	assert_int_equal(ph_control_encode(&m, p, sizeof(p)), 0);
	ph_put16(p + 2, PH_CONTROL_BODY + 1);
	assert_true(ph_control_frame(p, PH_CONTROL_HEADER) == SIZE_MAX);
}

static void
test_ids(void **state)
{
	const struct ph_control_id id = { PH_CONTROL_LADDER, 3, 40000 };
	struct ph_control_id got;
	uint8_t p[12];

	(void)state;
	ph_control_id_put(&id, (const uint8_t *)"salt", p);
	assert_true(ph_control_id_get(p, (const uint8_t *)"salt", &got));
	assert_int_equal(got.kind, id.kind);
	assert_int_equal(got.try, id.try);
	assert_int_equal(got.number, id.number);
	assert_false(ph_control_id_get(p, (const uint8_t *)"sale", &got));
	p[0] = PH_CONTROL_KINDS;
	assert_false(ph_control_id_get(p, (const uint8_t *)"salt", &got));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways), cmocka_unit_test(test_fields),
		cmocka_unit_test(test_damage), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
