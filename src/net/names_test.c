/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "net/names.h"

static void
test_protocols(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 256; n++) {
		const char *name = ph_proto_name((uint8_t)n);
		char digits[8];
		uint8_t out = 99;

		sprintf(digits, "%u", n);
		assert_true(ph_proto_parse(ph_str(digits), &out));
		assert_int_equal(out, n);
		if (name == NULL)
			continue;
		assert_true(ph_proto_parse(ph_str(name), &out));
		assert_int_equal(out, n);
	}
	assert_string_equal(ph_proto_name(PH_UDP), "udp");
	assert_string_equal(ph_proto_name(PH_ICMPV6), "icmpv6");
}

/* A name that is printed must be read as the same port. */
static void
test_ports(void **state)
{
	unsigned named = 0;

	(void)state;
	for (unsigned n = 0; n < 65536; n++) {
		const char *name = ph_port_name((uint16_t)n);
		char digits[8];
		uint16_t out = 99;

		sprintf(digits, "%u", n);
		assert_true(ph_port_parse(ph_str(digits), &out));
		assert_int_equal(out, n);
		if (name == NULL)
			continue;
		named++;
		assert_true(ph_port_parse(ph_str(name), &out));
		assert_int_equal(out, n);
	}
	assert_true(named > 100);
	assert_string_equal(ph_port_name(5060), "sip");
	assert_string_equal(ph_port_name(443), "https");
}

static void
test_what_is_no_name(void **state)
{
	static const struct ph_str bad[] = {
		{ "", 0 }, { "65536", 5 }, { "-1", 2 }, { "htt", 3 }, { "httpss", 6 },
		{ "http ", 5 }, { "http\0", 5 }, { "\xff", 1 }, { NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		uint16_t port = 7;
		uint8_t proto = 7;

		assert_false(ph_port_parse(bad[i], &port));
		assert_false(ph_proto_parse(bad[i], &proto));
		assert_int_equal(port, 7);
		assert_int_equal(proto, 7);
	}
}

static void
test_who_has_ports(void **state)
{
	unsigned n = 0;

	(void)state;
	for (unsigned p = 0; p < 256; p++)
		n += ph_proto_has_ports((uint8_t)p);
	assert_int_equal(n, 5);
	assert_true(ph_proto_has_ports(PH_SCTP));
	assert_false(ph_proto_has_ports(PH_ICMP));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_protocols),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_what_is_no_name),
		cmocka_unit_test(test_who_has_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
