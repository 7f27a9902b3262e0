/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/addr.h"

static unsigned seed;

/* The C library's reader is the twin: same texts taken, same value. */
static bool
twin_parse(const char *s, ph_u128 *out)
{
	unsigned char b[16];

	if (inet_pton(AF_INET, s, b) == 1) {
		*out = PH_V4((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
		    (uint32_t)b[2] << 8 | b[3]);
		return true;
	}
	if (inet_pton(AF_INET6, s, b) != 1)
		return false;
	*out = 0;
	for (int i = 0; i < 16; i++)
		*out = *out << 8 | b[i];
	return !ph_addr_is_v4(*out);
}

static void
agree(const char *s)
{
	ph_u128 ours = 1, theirs = 1;
	bool ok = ph_addr_parse(ph_str(s), &ours);

	if (ok != twin_parse(s, &theirs) || (ok && ours != theirs))
		fail_msg("\"%s\": taken %d", s, ok);
}

static void
test_texts_like_inet_pton(void **state)
{
	static const char *const text[] = {
		"", ".", ":", "::", ":::", "::::", "1", "1.2.3", "1.2.3.4", "1.2.3.4.",
		".1.2.3.4", "1..2.3", "1.2.3.4.5", "256.1.1.1", "255.255.255.255",
		"0.0.0.0", "01.2.3.4", "1.2.3.04", "00.0.0.0", "1.2.3.4 ", " 1.2.3.4",
		"1.2.3.-4", "0x1.2.3.4", "1.2.3.4/8", "::1", "1::", "1:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::", "1::3:4:5:6:7:8",
		"1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "::g",
		"1:", ":1", "1:2:3:4:5:6:7:", ":2:3:4:5:6:7:8", "::1.2.3.4",
		"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "1::1.2.3.4", "::1.2.3",
		"::1.2.3.4:5", "1.2.3.4::", "1:2:3:4:5:1.2.3.4", "::ffff:1.2.3.4",
		"::1.2.3.04", "fe80::1%eth0", "[::1]", "FFFF::AbCd", "0000:0::00:0",
		"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		"ffff:ffff:ffff:ffff:ffff:ffff:0:0", "ffff:ffff:ffff:ffff:ffff:fffe:ffff:ffff",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++)
		agree(text[i]);
}

/* Every address whose eight groups are 0 or not: all places for "::". */
static void
test_every_pattern_of_zeros(void **state)
{
	(void)state;
	for (unsigned pattern = 0; pattern < 256; pattern++) {
		unsigned char b[16] = { 0 };
		char want[INET6_ADDRSTRLEN], got[PH_ADDR_TEXT];
		ph_u128 a = 0, again;

		for (int i = 0; i < 8; i++)
			if (pattern >> i & 1)
				b[2 * i + 1] = (unsigned char)(i + 1), b[2 * i] = 0x2a;
		for (int i = 0; i < 16; i++)
			a = a << 8 | b[i];
		ph_addr_format(a, got);
		assert_true(ph_addr_parse(ph_str(got), &again));
		assert_true(again == a);
		inet_ntop(AF_INET6, b, want, sizeof(want));
		if (strchr(want, '.') == NULL)		/* RFC 5952 5 leaves that open */
			assert_string_equal(got, want);
	}
}

static void
test_random_texts(void **state)
{
	static const char alphabet[] = "0123456789abcfF:::...%/ g";

	(void)state;
	for (int i = 0; i < 300000; i++) {
		size_t len = (size_t)rand_r(&seed) % 24;
		char s[32] = "";

		for (size_t k = 0; k < len; k++)
			s[k] = alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
		agree(s);
	}
}

static ph_u128
random_address(void)
{
	ph_u128 a = 0;

	for (int i = 0; i < 8; i++)
		a = a << 16 | ((unsigned)rand_r(&seed) % 3 == 0 ? 0 :
		    (unsigned)rand_r(&seed) & 0xffff);
	return rand_r(&seed) % 2 == 0 ? PH_V4(a) : a;
}

static void
test_random_addresses_round_trip(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		ph_u128 a = random_address(), again;
		char s[PH_ADDR_TEXT];

		ph_addr_format(a, s);
		assert_true(ph_addr_parse(ph_str(s), &again));
		assert_true(again == a);
		agree(s);
	}
}

static void
test_prefix_texts(void **state)
{
	static const struct {
		const char *s, *want;		/* NULL: refused */
		bool host_bits;
	} row[] = {
		{ "192.0.2.7", "192.0.2.7", false },
		{ "192.0.2.7/32", "192.0.2.7", false },
		{ "192.0.2.7/24", "192.0.2.0/24", true },
		{ "192.0.2.0/24", "192.0.2.0/24", false },
		{ "0.0.0.0/0", "any4", false },
		{ "255.255.255.255/0", "any4", true },
		{ "::/0", "any6", false },
		{ "2001:db8::/32", "2001:db8::/32", false },
		{ "2001:db8::1/32", "2001:db8::/32", true },
		{ "2001:db8::1/128", "2001:db8::1", false },
		{ "ff00::/8", "ff00::/8", false },
		{ "8000::/1", "8000::/1", false },
		{ "192.0.2.0/33", NULL, false },
		{ "2001:db8::/129", NULL, false },
		{ "192.0.2.0/", NULL, false },
		{ "/24", NULL, false },
		{ "192.0.2.0/-1", NULL, false },
		{ "192.0.2.0/24/8", NULL, false },
		{ "192.0.2.0/255.255.255.0", NULL, false },
		{ "", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct ph_arena mem = { 0 };
		struct ph_range r;
		struct ph_buf b;
		bool host_bits = false;

		ph_buf_init(&b, &mem);
		if (ph_prefix_parse(ph_str(row[i].s), &r, &host_bits))
			ph_range_print(&b, r);
		assert_string_equal(b.s, row[i].want != NULL ? row[i].want : "");
		assert_int_equal(host_bits, row[i].host_bits);
		ph_arena_fini(&mem);
	}
}

/* A range splits into rising, adjoining prefixes, each as large as can be. */
static void
split(struct ph_range r)
{
	struct ph_range left = r, part;
	ph_u128 next = r.lo;
	int last_len = -1;
	unsigned n = 0;
	bool more;

	do {
		unsigned bits = ph_addr_is_v4(r.lo) ? 32 : 128;
		int len;

		more = ph_range_next_prefix(&left, &part);
		len = ph_range_prefix_len(part);
		assert_true(part.lo == next && len >= 0);
		/* at most two of a length in a row: else they would be one */
		assert_true(n == 0 || len != last_len || part.hi == r.hi || n < 2 * bits);
		next = part.hi + 1;
		last_len = len;
		assert_true(++n <= 2 * bits);
	} while (more);
	assert_true(part.hi == r.hi);
	if (n > 1)
		assert_int_equal(ph_range_prefix_len(r), -1);
}

static void
test_ranges_split_into_prefixes(void **state)
{
	(void)state;
	for (unsigned lo = 0; lo < 64; lo++)
		for (unsigned hi = lo; hi < 64; hi++) {
			split((struct ph_range){ PH_V4(lo), PH_V4(hi) });
			split((struct ph_range){ PH_V4(0xffffffc0U + lo),
			    PH_V4(0xffffffc0U + hi) });
			split((struct ph_range){ PH_V4_BASE - 64 + lo,
			    PH_V4_BASE - 64 + hi });
			split((struct ph_range){ lo, hi });
		}
	for (int i = 0; i < 20000; i++) {
		ph_u128 a = random_address(), b = random_address();

		if (ph_addr_is_v4(a) != ph_addr_is_v4(b))
			continue;
		split(a < b ? (struct ph_range){ a, b } : (struct ph_range){ b, a });
	}
	split(PH_ANY_V4);
}

/* Every prefix length, against shifting bit by bit. */
static void
test_prefix_range(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		ph_u128 a = random_address();
		unsigned bits = ph_addr_is_v4(a) ? 32 : 128;

		for (unsigned len = 0; len <= bits; len++) {
			struct ph_range r = ph_prefix_range(a, len);
			ph_u128 lo = a, hi = a;

			for (unsigned k = 0; k < bits - len; k++) {
				lo &= ~((ph_u128)1 << k);
				hi |= (ph_u128)1 << k;
			}
			if (bits == 128 && hi >= PH_V4_BASE)
				hi = PH_V4_BASE - 1;
			assert_true(r.lo == lo && r.hi == hi);
			assert_int_equal(ph_range_prefix_len(r), len);
		}
	}
}

static void
test_prints(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_buf b;

	(void)state;
	ph_buf_init(&b, &mem);
	ph_range_print(&b, PH_ANY);
	ph_buf_putc(&b, ' ');
	ph_range_print(&b, (struct ph_range){ PH_V4(0xc0000201U), PH_V4(0xc0000202U) });
	ph_buf_putc(&b, ' ');
	ph_range_print(&b, (struct ph_range){ 1, 2 });
	ph_buf_putc(&b, ' ');
	ph_u128_print(&b, 0);
	ph_buf_putc(&b, ' ');
	ph_u128_print(&b, PH_U128_MAX);
	assert_string_equal(b.s, "any 192.0.2.1-192.0.2.2 ::1-::2 0 "
	    "340282366920938463463374607431768211455");
	ph_arena_fini(&mem);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_like_inet_pton),
		cmocka_unit_test(test_every_pattern_of_zeros),
		cmocka_unit_test(test_random_texts),
		cmocka_unit_test(test_random_addresses_round_trip),
		cmocka_unit_test(test_prefix_texts),
		cmocka_unit_test(test_ranges_split_into_prefixes),
		cmocka_unit_test(test_prefix_range),
		cmocka_unit_test(test_prints),
	};
	const char *text = getenv("PH_SEED");

	seed = text != NULL ? (unsigned)atoi(text) : 1;
	print_message("# seed %u\n", seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
