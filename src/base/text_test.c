/* SPDX-License-Identifier: ISC */
/* Texts that grow, borrowed texts, and maps keyed by text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/str.h"

static void
test_buf_is_always_a_string(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_buf b;

	(void)state;
	ph_buf_init(&b, &mem);
	assert_string_equal(b.s, "");
	ph_buf_puts(&b, "");
	ph_buf_add(&b, NULL, 0);
	ph_buf_printf(&b, "%s", "");
	assert_string_equal(b.s, "");
	ph_buf_putc(&b, 'a');
	ph_buf_puts(&b, "bc");
	ph_buf_printf(&b, "-%05d", 42);
	assert_string_equal(b.s, "abc-00042");
	assert_int_equal(b.len, 9);
	ph_arena_fini(&mem);
}

/* Every length around the sizes at which the text moves. */
static void
test_buf_grows(void **state)
{
	struct ph_arena mem = { 0 };
	char want[2000] = "";

	(void)state;
	for (size_t n = 0; n < sizeof(want) - 1; n++) {
		struct ph_buf added, printed;

		ph_buf_init(&added, &mem);
		ph_buf_init(&printed, &mem);
		ph_buf_add(&added, want, n);
		ph_buf_putc(&added, '!');
		ph_buf_printf(&printed, "%s!", want);
		assert_int_equal(added.len, n + 1);
		assert_string_equal(added.s, printed.s);
		want[n] = (char)('a' + n % 26);
	}
	ph_arena_fini(&mem);
}

static void
test_buf_keeps_nul_bytes(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_buf b;

	(void)state;
	ph_buf_init(&b, &mem);
	ph_buf_add(&b, "a\0b", 3);
	ph_buf_putc(&b, '\0');
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.s, "a\0b\0", 5);
	ph_arena_fini(&mem);
}

static void
test_str_compare(void **state)
{
	struct ph_str none = { NULL, 0 }, cut = { "permitted", 6 };

	(void)state;
	assert_true(ph_str_eq(none, ""));
	assert_true(ph_str_case_eq(none, ""));
	assert_true(ph_str_starts(none, ""));
	assert_false(ph_str_starts(none, "a"));
	assert_true(ph_str_eq(cut, "permit"));
	assert_false(ph_str_eq(cut, "permitted"));
	assert_false(ph_str_eq(cut, "Permit"));
	assert_true(ph_str_case_eq(cut, "PerMit"));
	assert_true(ph_str_starts(cut, "per"));
	assert_false(ph_str_starts(cut, "permitt"));
}

static void
test_str_u64(void **state)
{
	static const struct {
		const char *s;
		unsigned base;
		uint64_t max;
		bool ok;
		uint64_t v;
	} row[] = {
		{ "0", 10, 0, true, 0 },
		{ "1", 10, 0, false, 0 },
		{ "65535", 10, 65535, true, 65535 },
		{ "65536", 10, 65535, false, 0 },
		{ "00065535", 10, 65535, true, 65535 },
		{ "18446744073709551615", 10, UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", 10, UINT64_MAX, false, 0 },
		{ "99999999999999999999999999", 10, UINT64_MAX, false, 0 },
		{ "", 10, 9, false, 0 },
		{ "-1", 10, 9, false, 0 },
		{ "+1", 10, 9, false, 0 },
		{ " 1", 10, 9, false, 0 },
		{ "1 ", 10, 9, false, 0 },
		{ "1a", 10, 99, false, 0 },
		{ "ff", 16, 255, true, 255 },
		{ "FF", 16, 255, true, 255 },
		{ "100", 16, 255, false, 0 },
		{ "0xff", 16, 255, false, 0 },
		{ "0xff", 0, 255, true, 255 },
		{ "0Xff", 0, 255, true, 255 },
		{ "0x", 0, 255, false, 0 },
		{ "255", 0, 255, true, 255 },
		{ "010", 0, 255, true, 10 },
		{ "ff", 0, 255, false, 0 },
		{ "9", 10, 5, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		uint64_t v = 77;
		bool ok = ph_str_u64(ph_str(row[i].s), row[i].base, row[i].max, &v);

		if (ok != row[i].ok || v != (ok ? row[i].v : 77))
			fail_msg("row %zu: \"%s\" gave %d, %ju", i, row[i].s, ok,
			    (uintmax_t)v);
	}
}

static void
test_str_nearest(void **state)
{
	static const char *const words[] = { "accept", "drop", "reject", "return", "udp" };
	static const struct {
		const char *typed, *want;
	} row[] = {
		{ "acept", "accept" },
		{ "accpet", "accept" },
		{ "drpo", "drop" },
		{ "rejct", "reject" },
		{ "retrun", "return" },
		{ "upd", "udp" },
		{ "masquerade", NULL },
		{ "x", NULL },
		{ "", NULL },
		{ "acceptacceptacceptacceptacceptacceptaccept", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		const char *got = ph_str_nearest(ph_str(row[i].typed), words, 5);

		if (row[i].want == NULL)
			assert_null(got);
		else
			assert_string_equal(got, row[i].want);
	}
}

static void
test_map_against_an_array(void **state)
{
	enum { N = 20000 };
	struct ph_arena mem = { 0 };
	struct ph_map m = { 0 };
	static int value[N];
	size_t seen = 0;

	(void)state;
	assert_null(ph_map_find(&m, "x", 1));
	for (int i = 0; i < N; i++) {
		char *key = ph_arena_printf(&mem, "name-%d", i);
		void **at = ph_map_at(&mem, &m, key, strlen(key));

		assert_null(*at);
		*at = &value[i];
	}
	assert_int_equal(m.n, N);
	for (int i = 0; i < N; i++) {
		char *key = ph_arena_printf(&mem, "name-%d", i);

		assert_ptr_equal(ph_map_find(&m, key, strlen(key)), &value[i]);
		assert_ptr_equal(*ph_map_at(&mem, &m, key, strlen(key)), &value[i]);
		assert_ptr_not_equal(ph_map_find(&m, key, strlen(key) - 1), &value[i]);
	}
	for (size_t i = 0; i < m.cap; i++)
		seen += ph_map_value(&m, i) != NULL;
	assert_int_equal(seen, N);
	assert_int_equal(m.n, N);
	ph_arena_fini(&mem);
}

static void
test_map_keys_are_bytes(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_map m = { 0 };
	int a, b, c;

	(void)state;
	*ph_map_at(&mem, &m, "k\0a", 3) = &a;
	*ph_map_at(&mem, &m, "k\0b", 3) = &b;
	*ph_map_at(&mem, &m, "", 0) = &c;
	assert_ptr_equal(ph_map_find(&m, "k\0a", 3), &a);
	assert_ptr_equal(ph_map_find(&m, "k\0b", 3), &b);
	assert_ptr_equal(ph_map_find(&m, "", 0), &c);
	assert_null(ph_map_find(&m, "k", 1));
	ph_arena_fini(&mem);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf_is_always_a_string),
		cmocka_unit_test(test_buf_grows),
		cmocka_unit_test(test_buf_keeps_nul_bytes),
		cmocka_unit_test(test_str_compare),
		cmocka_unit_test(test_str_u64),
		cmocka_unit_test(test_str_nearest),
		cmocka_unit_test(test_map_against_an_array),
		cmocka_unit_test(test_map_keys_are_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
