/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/h225.h"
#include "wire/per.h"

#define CONFERENCE 0xc0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
#define CALL 0xca, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15

/* The smallest that a dissector takes without complaint; see tests/wire/h225.sh. */
static const uint8_t grq[] = {
	0x00, 0x00, 0x00, 0x00, 0x06, 0x00, 0x08, 0x91, 0x4a, 0x00, 0x04, 0x00,
	0xc0, 0x00, 0x02, 0x01, 0x06, 0xb7, 0x02, 0x00,
};
static const uint8_t setup[] = {
	0x03, 0x00, 0x00, 0x4f, 0x08, 0x02, 0x00, 0x01, 0x05, 0x04, 0x03, 0x88, 0x93, 0xa5,
	0x7e, 0x00, 0x3e, 0x05, 0x20, 0x80, 0x06, 0x00, 0x08, 0x91, 0x4a, 0x00, 0x04, 0x02, 0x00,
	CONFERENCE, 0x00, 0x59, 0x0d, 0x80, 0x11, 0x00, CALL,
	0x01, 0x00, 0x01, 0x00, 0x01, 0x00, 0x01, 0x00, 0x02, 0x80, 0x01, 0x00,
};
static const uint8_t release[] = {
	0x03, 0x00, 0x00, 0x2d, 0x08, 0x02, 0x00, 0x01, 0x5a, 0x08, 0x02, 0x80, 0x90,
	0x7e, 0x00, 0x1d, 0x05, 0x05, 0x80, 0x06, 0x00, 0x08, 0x91, 0x4a, 0x00, 0x04,
	0x01, 0x11, 0x00, CALL,
};

static const struct ph_h225_address v4 = { true, PH_V4(0xc0000201), 1719 };
#define V6 { true, (ph_u128)0x20010db8 << 96 | 7, 1720 }

static struct ph_h225
call(enum ph_h225_type type)
{
	return (struct ph_h225){ .type = type, .call_reference = 1, .cause = 16,
		.has_call_id = true, .call_id = { CALL }, .conference_id = { CONFERENCE } };
}

static void
test_requests_are_the_known_bytes(void **state)
{
	struct ph_h225 m = call(PH_H225_SETUP);
	uint8_t b[256];
	struct ph_writer w = ph_writer(b, sizeof(b));

	(void)state;
	ph_ras_encode(&w, &(struct ph_ras){ .type = PH_RAS_GRQ, .seq = 1, .ras = v4 });
	assert_false(w.bad);
	assert_int_equal(w.len, sizeof(grq));
	assert_memory_equal(b, grq, sizeof(grq));
	w = ph_writer(b, sizeof(b));
	ph_h225_encode(&w, &m);
	assert_false(w.bad);
	assert_int_equal(w.len, sizeof(setup));
	assert_memory_equal(b, setup, sizeof(setup));
	m.type = PH_H225_RELEASE_COMPLETE;
	w = ph_writer(b, sizeof(b));
	ph_h225_encode(&w, &m);
	assert_int_equal(w.len, sizeof(release));
	assert_memory_equal(b, release, sizeof(release));
}

static void
test_ras_reads_back(void **state)
{
	static const struct ph_ras t[] = {
		{ .type = PH_RAS_GRQ, .seq = 1, .ras = { true, PH_V4(0x0a000001), 65535 } },
		{ .type = PH_RAS_GRQ, .seq = 65535, .ras = V6 },
		{ .type = PH_RAS_GCF, .seq = 300, .ras = { true, PH_V4(0x0a000001), 1 } },
		{ .type = PH_RAS_GCF, .seq = 300, .ras = V6 },
		{ .type = PH_RAS_GRJ, .seq = 7, .reason = PH_RAS_GRJ_EXCLUDED },
		{ .type = PH_RAS_RRJ, .seq = 7, .reason = PH_RAS_RRJ_UNDEFINED },
	};
	uint8_t b[256];
	struct ph_ras m;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct ph_writer w = ph_writer(b, sizeof(b));

		ph_ras_encode(&w, &t[i]);
		assert_false(w.bad);
		assert_true(ph_ras_decode(b, w.len, &m));
		assert_int_equal(m.type, t[i].type);
		assert_int_equal(m.seq, t[i].seq);
		assert_int_equal(m.reason, t[i].reason);
		assert_int_equal(m.ras.there, t[i].ras.there);
		assert_true(m.ras.addr == t[i].ras.addr);
		assert_int_equal(m.ras.port, t[i].ras.port);
		for (size_t k = 0; k < w.len; k++)	/* every cut is noticed */
			if (ph_ras_decode(b, k, &m) && k + 1 < w.len)
				fail_msg("line %zu: %zu of %zu bytes were enough", i, k, w.len);
	}
}

static void
test_call_signalling_reads_back(void **state)
{
	static const enum ph_h225_type types[] = {
		PH_H225_SETUP, PH_H225_CALL_PROCEEDING, PH_H225_ALERTING, PH_H225_RELEASE_COMPLETE,
	};
	uint8_t b[256];
	struct ph_h225 m, got;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct ph_writer w = ph_writer(b, sizeof(b));

		m = call(types[i]);
		m.from_called = true;
		ph_h225_encode(&w, &m);
		assert_false(w.bad);
		assert_true(ph_h225_decode(b, w.len, &got));
		assert_int_equal(got.type, types[i]);
		assert_int_equal(got.call_reference, 1);
		assert_true(got.from_called && got.has_call_id && !got.partly);
		assert_memory_equal(got.call_id, m.call_id, 16);
		assert_int_equal(ph_h225_frame(b, w.len), w.len);
		for (size_t k = 0; k < w.len; k++) {
			assert_int_equal(ph_h225_frame(b, k), 0);
			assert_false(ph_h225_decode(b, k, &got));
		}
	}
}

static void
test_addresses_are_where_an_alg_looks(void **state)
{
	static const struct ph_h225_address pair[][2] = {
		{ { true, PH_V4(0x0a4d0102), 10000 }, { true, PH_V4(0x0a4d0103), 1720 } },
		{ V6, V6 },
		{ V6, { 0 } },
		{ { 0 }, V6 },
	};
	uint8_t b[256];
	struct ph_h225 m = call(PH_H225_SETUP), got;
	const struct ph_h225_part *part;

	(void)state;
	for (size_t i = 0; i < sizeof(pair) / sizeof(pair[0]); i++) {
		struct ph_writer w = ph_writer(b, sizeof(b));

		m.h245 = pair[i][0];
		m.source = pair[i][1];
		ph_h225_encode(&w, &m);
		assert_false(w.bad);
		assert_true(ph_h225_decode(b, w.len, &got));
		assert_int_equal(got.h245.there, m.h245.there);
		assert_true(got.h245.addr == m.h245.addr);
		assert_int_equal(got.h245.port, m.h245.port);
		assert_int_equal(got.source.there, m.source.there);
		assert_true(got.source.addr == m.source.addr);
		assert_int_equal(got.source.port, m.source.port);
		assert_memory_equal(got.call_id, m.call_id, 16);
		part = ph_h225_part(&got.parts, "callIdentifier");
		assert_non_null(part);
		assert_int_equal(part->len, 16);
		assert_memory_equal(b + part->off, m.call_id, 16);
		part = ph_h225_part(&got.parts, "sourceCallSignalAddress");
		assert_int_equal(part != NULL, m.source.there);
		if (part != NULL)
			assert_int_equal(ph_be16(b + part->off + part->len - 2), m.source.port);
	}
}

/* As gatekeepers and phones answer: vendor names, identifiers, extensions. */
static void
test_answers_of_others_are_read(void **state)
{
	static const uint8_t gcf[] = {		/* with gatekeeperIdentifier "GK" */
		0x04, 0x80, 0x00, 0x00, 0x06, 0x00, 0x08, 0x91, 0x4a, 0x00, 0x06,
		0x02, 0x00, 0x47, 0x00, 0x4b, 0x00, 0x0a, 0x00, 0x00, 0x09, 0x06, 0xb7,
	};
	static const uint8_t arj[] = { 0x2c, 0x00, 0x00, 0x01, 0x00 };
	static const uint8_t proceeding[] = {	/* vendor with productId and versionId, h245 */
		0x03, 0x00, 0x00, 0x43, 0x08, 0x02, 0x80, 0x01, 0x02, 0x7e, 0x00, 0x37, 0x05,
		0x21, 0xc0, 0x06, 0x00, 0x08, 0x91, 0x4a, 0x00, 0x05,
		0x22, 0xc0, 0xb5, 0x00, 0x00, 0x12, 0x04, 'P', 'h', 'o', 'n', 'e', 0x01, '1', '0',
		0x00, 0x0a, 0x4d, 0x02, 0x02, 0x27, 0x10,
		0x01, 0x11, 0x00, CALL, 0x02, 0x80, 0x01, 0x00,
	};
	struct ph_ras r;
	struct ph_h225 m;

	(void)state;
	assert_true(ph_ras_decode(gcf, sizeof(gcf), &r));
	assert_int_equal(r.type, PH_RAS_GCF);
	assert_true(r.ras.addr == PH_V4(0x0a000009));
	assert_true(ph_ras_decode(arj, sizeof(arj), &r));
	assert_string_equal(ph_ras_word(r.type), "admissionReject");
	assert_true(ph_h225_decode(proceeding, sizeof(proceeding), &m));
	assert_int_equal(m.type, PH_H225_CALL_PROCEEDING);
	assert_true(m.from_called && m.h245.there && m.has_call_id);
	assert_true(m.h245.addr == PH_V4(0x0a4d0202));
	assert_int_equal(m.h245.port, 10000);
	assert_string_equal(ph_h225_word(m.type), "callProceeding");
}

static void
test_what_is_neither_is_refused(void **state)
{
	static const struct {
		uint8_t b[24];
		size_t n;
	} ras[] = {
		{ { 0 }, 0 }, { { 0 }, 3 }, { { 0x64, 0, 0, 0 }, 4 },	/* no 25th choice */
		{ { 0x00, 0x00, 0xff, 0xff, 0x06, 0x00, 0x08, 0x91, 0x4a, 0x00, 0x04, 0x00, 0xc0,
		    0x00, 0x02, 0x01, 0x06, 0xb7, 0x02, 0x00 }, 20 },	/* number out of range */
		{ { 0x00, 0x00, 0x00, 0x00, 0x06, 0x00, 0x08, 0x91, 0x4b, 0x00, 0x04, 0x00, 0xc0,
		    0x00, 0x02, 0x01, 0x06, 0xb7, 0x02, 0x00 }, 20 },	/* another protocol */
	};
	uint8_t b[sizeof(setup)];
	struct ph_ras r;
	struct ph_h225 m;

	(void)state;
	for (size_t i = 0; i < sizeof(ras) / sizeof(ras[0]); i++)
		if (ph_ras_decode(ras[i].b, ras[i].n, &r))
			fail_msg("line %zu was read", i);
	assert_true(ph_h225_frame("\x02", 1) == SIZE_MAX);
	assert_true(ph_h225_frame("\x03\x00\x00\x03", 4) == SIZE_MAX);
	assert_true(ph_h225_frame("\x03\x00\x10\x01", 4) == SIZE_MAX);
	assert_true(ph_h225_frame("", 0) == 0);
	assert_false(ph_h225_decode("", 0, &m));
	for (size_t i = 0; i < 18; i++) {	/* headers: every byte is looked at, but for */
		memcpy(b, setup, sizeof(b));	/* call reference and message type */
		b[i] ^= 0x40;
		if (i < 6 || i == 15 || i == 17)
			assert_false(ph_h225_decode(b, sizeof(b), &m));
	}
	for (size_t i = 0; i < sizeof(b) * 8; i++) {
		memcpy(b, setup, sizeof(b));
		b[i / 8] ^= (uint8_t)(1 << i % 8);
		ph_h225_decode(b, sizeof(b), &m);	/* whatever it says, it stays inside */
	}
}

static void
test_what_cannot_be_said_is_not_written(void **state)
{
	uint8_t b[64];
	struct ph_writer w = ph_writer(b, sizeof(b));
	struct ph_h225 m = call(PH_H225_CONNECT);

	(void)state;
	ph_ras_encode(&w, &(struct ph_ras){ .type = PH_RAS_GRQ });
	assert_true(w.bad);
	w = ph_writer(b, sizeof(b));
	ph_ras_encode(&w, &(struct ph_ras){ .type = PH_RAS_RRQ, .seq = 1 });
	assert_true(w.bad);
	w = ph_writer(b, sizeof(b));
	ph_h225_encode(&w, &m);
	assert_true(w.bad);
	m.type = PH_H225_SETUP;
	w = ph_writer(b, sizeof(b));
	ph_h225_encode(&w, &m);		/* 79 bytes into 64 */
	assert_true(w.bad);
}

static void
test_numbers_of_per(void **state)
{
	static const size_t lengths[] = { 0, 1, 127, 128, 16383 };
	uint8_t b[64];
	struct ph_per w = ph_per_writer(b, sizeof(b)), r;
	uint64_t map;
	bool ext;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		ph_per_put_length(&w, lengths[i]);
	ph_per_put(&w, 3, 5);
	ph_per_put_u16(&w, 65535);
	ph_per_put_additions(&w, 12, 0x21b);
	ph_per_align(&w);
	assert_false(w.bad);
	r = ph_per_reader(b, ph_per_byte(&w));
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(ph_per_get_length(&r), lengths[i]);
	ph_per_get_choice(&r, 2, &ext);		/* 101: an addition, so more is read */
	assert_true(ext);
	r.bit = 7 * 8 + 3;
	assert_int_equal(ph_per_get_u16(&r), 65535);
	assert_int_equal(ph_per_get_additions(&r, &map), 12);
	assert_true(map == 0x21b);
	assert_int_equal(ph_per_left(&r), 0);
	ph_per_get(&r, 32);
	assert_true(r.bad);
	ph_per_put_length(&w, 16384);
	assert_true(w.bad);
	r = ph_per_reader((uint8_t[]){ 0xc1, 0 }, 2);
	ph_per_get_length(&r);
	assert_true(r.bad);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_are_the_known_bytes),
		cmocka_unit_test(test_ras_reads_back),
		cmocka_unit_test(test_call_signalling_reads_back),
		cmocka_unit_test(test_addresses_are_where_an_alg_looks),
		cmocka_unit_test(test_answers_of_others_are_read),
		cmocka_unit_test(test_what_is_neither_is_refused),
		cmocka_unit_test(test_what_cannot_be_said_is_not_written),
		cmocka_unit_test(test_numbers_of_per),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
