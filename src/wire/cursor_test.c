/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/cursor.h"

static void
test_numbers_and_addresses_come_back(void **state)
{
	uint8_t b[64];
	struct ph_writer w = ph_writer(b, sizeof(b));
	struct ph_reader r;

	(void)state;
	ph_writer_u8(&w, 0xfe);
	ph_writer_u16(&w, 0xfedc);
	ph_writer_u32(&w, 0xfedcba98);
	ph_writer_u64(&w, 0xfedcba9876543210);
	ph_writer_addr(&w, PH_V4(0xc0000201));
	ph_writer_addr(&w, (ph_u128)0x20010db8 << 96 | 1);
	assert_false(w.bad);
	assert_int_equal(w.len, 1 + 2 + 4 + 8 + 4 + 16);
	assert_memory_equal(b, "\xfe\xfe\xdc\xfe\xdc\xba\x98", 7);
	r = ph_reader(b, w.len);
	assert_int_equal(ph_reader_u8(&r), 0xfe);
	assert_int_equal(ph_reader_u16(&r), 0xfedc);
	assert_int_equal(ph_reader_u32(&r), 0xfedcba98);
	assert_true(ph_reader_u64(&r) == 0xfedcba9876543210);
	assert_true(ph_reader_addr(&r, false) == PH_V4(0xc0000201));
	assert_true(ph_reader_addr(&r, true) == ((ph_u128)0x20010db8 << 96 | 1));
	assert_true(ph_reader_end(&r));
}

static void
test_a_short_read_is_zero_and_stays_short(void **state)
{
	uint8_t copy[4] = { 1, 1, 1, 1 };
	struct ph_reader r = ph_reader("\x01\x02\x03", 3), sub;

	(void)state;
	assert_int_equal(ph_reader_u32(&r), 0);
	assert_int_equal(ph_reader_u8(&r), 0);
	assert_true(r.bad);
	assert_int_equal(ph_reader_left(&r), 0);
	assert_false(ph_reader_end(&r));
	ph_reader_copy(&r, copy, 4);
	assert_memory_equal(copy, "\0\0\0\0", 4);
	sub = ph_reader_sub(&r, 1);
	assert_true(sub.bad);
	assert_null(ph_reader_bytes(&r, SIZE_MAX));
	r = ph_reader(NULL, 0);
	assert_true(ph_reader_end(&r));
}

static void
test_a_part_cannot_be_left(void **state)
{
	struct ph_reader r = ph_reader("\x01\x02\x03\x04", 4), sub = ph_reader_sub(&r, 2);

	(void)state;
	assert_int_equal(ph_reader_u8(&sub), 1);
	assert_int_equal(ph_reader_u16(&sub), 0);
	assert_true(sub.bad);
	assert_int_equal(ph_reader_u16(&r), 0x0304);
	assert_true(ph_reader_end(&r));
}

static void
test_lengths_are_scopes(void **state)
{
	uint8_t b[300];
	struct ph_writer w = ph_writer(b, sizeof(b));
	struct ph_scope outer = ph_writer_open(&w, 2), inner;

	(void)state;
	ph_writer_u8(&w, 7);
	inner = ph_writer_open(&w, 1);
	ph_writer_bytes(&w, "abc", 3);
	ph_writer_close(&w, inner);
	ph_writer_close(&w, outer);
	assert_false(w.bad);
	assert_memory_equal(b, "\0\x05\x07\x03" "abc", 7);
	inner = ph_writer_open(&w, 1);
	ph_writer_zeros(&w, 256);
	ph_writer_close(&w, inner);
	assert_true(w.bad);
}

static void
test_a_full_writer_writes_nothing(void **state)
{
	uint8_t b[4] = { 9, 9, 9, 9 };
	struct ph_writer w = ph_writer(b, 3);

	(void)state;
	ph_writer_u32(&w, 0);
	assert_true(w.bad);
	ph_writer_u8(&w, 0);
	assert_int_equal(w.len, 0);
	assert_memory_equal(b, "\x09\x09\x09\x09", 4);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_and_addresses_come_back),
		cmocka_unit_test(test_a_short_read_is_zero_and_stays_short),
		cmocka_unit_test(test_a_part_cannot_be_left),
		cmocka_unit_test(test_lengths_are_scopes),
		cmocka_unit_test(test_a_full_writer_writes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
