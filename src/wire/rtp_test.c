/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/rtp.h"

static void
test_a_header_is_laid_out_as_rfc_3550_says(void **state)
{
	static const uint8_t want[] = {
		0x80, 0x80, 0x12, 0x34, 0, 0, 0, 160, 0xde, 0xad, 0xbe, 0xef, 'a', 'b',
	};
	struct ph_rtp p = { .marker = true, .type = PH_RTP_PCMU, .seq = 0x1234, .timestamp = 160,
		.ssrc = 0xdeadbeef, .payload = (const uint8_t *)"ab", .payload_len = 2 };
	uint8_t b[64];
	struct ph_writer w = ph_writer(b, sizeof(b));

	(void)state;
	ph_rtp_encode(&w, &p);
	assert_false(w.bad);
	assert_int_equal(w.len, sizeof(want));
	assert_memory_equal(b, want, sizeof(want));
}

static void
test_sources_extension_and_padding_come_back(void **state)
{
	struct ph_rtp p = { .type = PH_RTP_DYNAMIC, .n_csrc = 2, .csrc = { 1, 0xffffffff },
		.extended = true, .profile = 0xbede, .extension = (const uint8_t *)"12345678",
		.extension_len = 8, .payload = (const uint8_t *)"xyz", .payload_len = 3,
		.padding = 5 }, q;
	uint8_t b[64];
	struct ph_writer w = ph_writer(b, sizeof(b));

	(void)state;
	ph_rtp_encode(&w, &p);
	assert_int_equal(w.len, 12 + 8 + 12 + 3 + 5);
	assert_true(ph_rtp_decode(b, w.len, &q));
	assert_int_equal(q.n_csrc, 2);
	assert_int_equal(q.csrc[1], 0xffffffff);
	assert_int_equal(q.profile, 0xbede);
	assert_int_equal(q.extension_len, 8);
	assert_memory_equal(q.extension, "12345678", 8);
	assert_int_equal(q.payload_len, 3);
	assert_memory_equal(q.payload, "xyz", 3);
	assert_int_equal(q.padding, 5);
}

static void
test_what_is_not_rtp_is_refused(void **state)
{
	static const struct {
		uint8_t b[20];
		size_t n;
	} bad[] = {
		{ { 0 }, 0 },
		{ { 0x80 }, 11 },			/* short */
		{ { 0x40 }, 12 },			/* version 1 */
		{ { 0x00, 0x01 }, 20 },			/* STUN */
		{ { 0x80, 200 }, 20 },			/* RTCP sender report */
		{ { 0x80, 223 }, 20 },
		{ { 0x82 }, 19 },			/* two sources, seven bytes */
		{ { 0x90 }, 12 },			/* extension without a header */
		{ { 0x90, [15] = 2 }, 20 },		/* two words, one there */
		{ { 0xa0 }, 12 },			/* padding of nothing */
		{ { 0xa0 }, 20 },			/* padding of zero bytes */
		{ { 0xa0, [13] = 3 }, 14 },		/* longer than what is there */
	};
	struct ph_rtp p;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (ph_rtp_decode(bad[i].b, bad[i].n, &p))
			fail_msg("line %zu was read", i);
	}
	assert_true(ph_rtp_decode((uint8_t[12]){ 0x80, 191 }, 12, &p));
	assert_true(ph_rtp_decode((uint8_t[12]){ 0x80, 224 }, 12, &p));
	assert_true(ph_rtp_decode((uint8_t[14]){ 0xa0, [13] = 2 }, 14, &p));
	assert_int_equal(p.payload_len, 0);
}

static void
test_what_cannot_be_said_is_not_written(void **state)
{
	static const struct ph_rtp bad[] = {
		{ .n_csrc = 16 }, { .type = 128 }, { .extended = true, .extension_len = 3 },
		{ .marker = true, .type = 72 },
	};
	uint8_t b[128];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ph_writer w = ph_writer(b, sizeof(b));

		ph_rtp_encode(&w, &bad[i]);
		assert_true(w.bad);
	}
}

static void
test_a_test_payload_comes_back(void **state)
{
	struct ph_rtp_test t = { 70000, 0x123456789abc, 0xfedcba987654, 20123 }, u;
	uint8_t b[160];
	struct ph_writer w = ph_writer(b, sizeof(b));

	(void)state;
	ph_rtp_test_encode(&w, &t, sizeof(b));
	assert_false(w.bad);
	assert_int_equal(w.len, sizeof(b));
	assert_true(ph_rtp_test_decode(b, w.len, &u));
	assert_int_equal(u.index, t.index);
	assert_true(u.sent_us == t.sent_us && u.echo_us == t.echo_us);
	assert_int_equal(u.held_us, t.held_us);
	assert_false(ph_rtp_test_decode(b, PH_RTP_TEST - 1, &u));
	assert_true(ph_rtp_test_decode(b, PH_RTP_TEST, &u));
	b[0] ^= 1;
	assert_false(ph_rtp_test_decode(b, w.len, &u));
	ph_rtp_test_encode(&w, &t, PH_RTP_TEST - 1);
	assert_true(w.bad);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_header_is_laid_out_as_rfc_3550_says),
		cmocka_unit_test(test_sources_extension_and_padding_come_back),
		cmocka_unit_test(test_what_is_not_rtp_is_refused),
		cmocka_unit_test(test_what_cannot_be_said_is_not_written),
		cmocka_unit_test(test_a_test_payload_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
