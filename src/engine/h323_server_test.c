/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/h323_server.h"

static const struct ph_h225_address here = { true, PH_V4(0x0a000009), 1719 };

static size_t
setup(uint16_t reference, uint8_t *out, size_t cap)
{
	struct ph_writer w = ph_writer(out, cap);

	ph_h225_encode(&w, &(struct ph_h225){ .type = PH_H225_SETUP, .call_reference = reference,
		.call_id = { 0xca }, .h245 = here, .source = here });
	assert_false(w.bad);
	return w.len;
}

static void
test_a_gatekeeper_says_no_or_yes(void **state)
{
	struct ph_h323_gatekeeper g = { .self = here };
	uint8_t in[64], out[64];
	struct ph_writer w = ph_writer(in, sizeof(in));
	struct ph_ras m;
	size_t n;

	(void)state;
	ph_ras_encode(&w, &(struct ph_ras){ .type = PH_RAS_GRQ, .seq = 99, .ras = here });
	n = ph_h323_ras(&g, in, w.len, out, sizeof(out));
	assert_true(n > 0 && n <= w.len);
	assert_true(ph_ras_decode(out, n, &m));
	assert_int_equal(m.type, PH_RAS_GRJ);
	assert_int_equal(m.seq, 99);
	g.confirm = true;
	n = ph_h323_ras(&g, in, w.len, out, sizeof(out));
	assert_true(n > 0 && n <= w.len);
	assert_true(ph_ras_decode(out, n, &m));
	assert_int_equal(m.type, PH_RAS_GCF);
	assert_true(m.ras.addr == here.addr && m.ras.port == here.port);
	/* answers and rubbish are not answered */
	assert_int_equal(ph_h323_ras(&g, out, n, in, sizeof(in)), 0);
	assert_int_equal(ph_h323_ras(&g, "hello, world", 12, in, sizeof(in)), 0);
	assert_int_equal(ph_h323_ras(&g, "", 0, in, sizeof(in)), 0);
}

static void
test_a_registration_is_rejected(void **state)
{
	static const uint8_t rrq[] = {	/* one callSignalAddress, one rasAddress, a terminal */
		0x0c, 0x00, 0x00, 0x04, 0x06, 0x00, 0x08, 0x91, 0x4a, 0x00, 0x04, 0x80,
		0x01, 0x00, 0x0a, 0x00, 0x00, 0x01, 0x06, 0xb8,
		0x01, 0x00, 0x0a, 0x00, 0x00, 0x01, 0x06, 0xb7, 0x02, 0x00,
		0x00, 0xb5, 0x00, 0x00, 0x12,
	};
	struct ph_h323_gatekeeper g = { .confirm = true };
	uint8_t out[64];
	struct ph_ras m;
	size_t n = ph_h323_ras(&g, rrq, sizeof(rrq), out, sizeof(out));

	(void)state;
	assert_true(ph_ras_decode(rrq, sizeof(rrq), &m));
	assert_true(m.signal.addr == PH_V4(0x0a000001) && m.signal.port == 1720);
	assert_true(m.ras.addr == PH_V4(0x0a000001) && m.ras.port == 1719);
	assert_true(n > 0);
	assert_true(ph_ras_decode(out, n, &m));
	assert_int_equal(m.type, PH_RAS_RRJ);
	assert_int_equal(m.seq, 5);
}

static void
test_a_setup_in_any_pieces_is_refused(void **state)
{
	static struct ph_h323_server s;
	uint8_t in[512], out[256];
	struct ph_h225 m;
	size_t n, k;

	(void)state;
	n = setup(7, in, sizeof(in));
	n += setup(8, in + n, sizeof(in) - n);
	for (size_t piece = 1; piece <= n; piece++) {
		ph_h323_server_init(&s);
		for (size_t at = 0; at < n; at += piece)
			assert_true(ph_h323_server_input(&s, in + at, n - at < piece ? n - at :
			    piece));
		for (uint16_t i = 7; i <= 8; i++) {
			k = ph_h323_server_output(&s, out, sizeof(out));
			assert_true(k > 0 && k < n / 2);
			assert_true(ph_h225_decode(out, k, &m));
			assert_int_equal(m.type, PH_H225_RELEASE_COMPLETE);
			assert_int_equal(m.cause, 17);
			assert_int_equal(m.call_reference, i);
			assert_true(m.from_called);
			assert_int_equal(m.call_id[0], 0xca);
		}
		assert_int_equal(ph_h323_server_output(&s, out, sizeof(out)), 0);
		/* what it said itself, said back, is not answered */
		assert_true(ph_h323_server_input(&s, out, k));
		assert_int_equal(ph_h323_server_output(&s, out, sizeof(out)), 0);
		assert_int_equal(s.releases, 1);
	}
}

static void
test_something_else_is_closed(void **state)
{
	static struct ph_h323_server s;
	uint8_t in[256];
	size_t n = setup(1, in, sizeof(in));

	(void)state;
	ph_h323_server_init(&s);
	assert_false(ph_h323_server_input(&s, "GET / HTTP/1.1\r\n", 16));
	ph_h323_server_init(&s);
	assert_false(ph_h323_server_input(&s, "\x03\x00\x00\x08junk", 8));
	ph_h323_server_init(&s);	/* calls without end, and no reader */
	for (int i = 0; i < PH_H323_CALLS; i++)
		assert_true(ph_h323_server_input(&s, in, n));
	assert_false(ph_h323_server_input(&s, in, n));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_gatekeeper_says_no_or_yes),
		cmocka_unit_test(test_a_registration_is_rejected),
		cmocka_unit_test(test_a_setup_in_any_pieces_is_refused),
		cmocka_unit_test(test_something_else_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
