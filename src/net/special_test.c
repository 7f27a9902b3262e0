/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/special.h"

static ph_u128
addr(const char *s)
{
	ph_u128 a = 0;

	if (!ph_addr_parse(ph_str(s), &a))
		fail_msg("%s is no address", s);
	return a;
}

/* First and last of each range, and what stands outside of it. */
static void
test_names(void **state)
{
	static const struct { const char *addr, *name; } t[] = {
		{ "0.0.0.0", "this network" }, { "0.255.255.255", "this network" },
		{ "1.0.0.0", NULL }, { "9.255.255.255", NULL }, { "10.0.0.0", "private use" },
		{ "10.255.255.255", "private use" }, { "11.0.0.0", NULL },
		{ "100.63.255.255", NULL }, { "100.64.0.0", "shared address space" },
		{ "100.127.255.255", "shared address space" }, { "100.128.0.0", NULL },
		{ "126.255.255.255", NULL }, { "127.0.0.0", "loopback" },
		{ "127.0.0.1", "loopback" }, { "127.255.255.255", "loopback" },
		{ "128.0.0.0", NULL }, { "169.253.255.255", NULL },
		{ "169.254.0.0", "link-local" }, { "169.254.169.254", "link-local" },
		{ "169.255.0.0", NULL }, { "172.15.255.255", NULL },
		{ "172.16.0.0", "private use" }, { "172.31.255.255", "private use" },
		{ "172.32.0.0", NULL }, { "191.255.255.255", NULL },
		{ "192.0.0.0", "protocol assignments" }, { "192.0.1.0", NULL },
		{ "192.0.2.255", "documentation" }, { "192.31.196.1", "AS112 service" },
		{ "192.52.193.1", "AMT" }, { "192.88.99.1", "6to4 relays" },
		{ "192.168.255.255", "private use" }, { "192.169.0.0", NULL },
		{ "192.175.48.1", "AS112 service" }, { "198.17.255.255", NULL },
		{ "198.18.0.0", "benchmarking" }, { "198.19.255.255", "benchmarking" },
		{ "198.20.0.0", NULL }, { "198.51.100.1", "documentation" },
		{ "203.0.113.1", "documentation" }, { "203.0.114.0", NULL },
		{ "223.255.255.255", NULL }, { "224.0.0.0", "multicast" },
		{ "239.255.255.255", "multicast" }, { "240.0.0.0", "reserved" },
		{ "255.255.255.254", "reserved" }, { "255.255.255.255", "broadcast" },
		{ "::", "unspecified" }, { "::1", "loopback" }, { "::2", "IPv4-compatible" },
		{ "::ffff:8.8.8.8", "IPv4-mapped" }, { "::ffff:0:8.8.8.8", "IPv4-translated" },
		{ "64:ff9b::8.8.8.8", "translation" }, { "64:ff9b:0:1::", "not assigned" },
		{ "64:ff9b:1:2::3", "local translation" }, { "64:ff9b:2::", "not assigned" },
		{ "100::1", "discard only" }, { "100:0:0:1::1", "dummy prefix" },
		{ "2000::", NULL }, { "2001::1", "Teredo" },
		{ "2001:1::1", "protocol assignments" },
		{ "2001:2::1", "benchmarking" }, { "2001:10::1", "ORCHID" },
		{ "2001:2f:ffff::1", "ORCHID" }, { "2001:30::1", "drone identifiers" },
		{ "2001:1ff:ffff::1", "protocol assignments" }, { "2001:200::1", NULL },
		{ "2001:db7:ffff::1", NULL }, { "2001:db8::1", "documentation" },
		{ "2001:db9::1", NULL }, { "2002::1", "6to4" }, { "2003::1", NULL },
		{ "2620:4f:8000::1", "AS112 service" }, { "2a00:1450::1", NULL },
		{ "3ffe:ffff::1", NULL }, { "3fff:fff::1", "documentation" },
		{ "3fff:1000::1", NULL }, { "4000::", "not assigned" },
		{ "5f00::1", "segment routing" }, { "fbff::1", "not assigned" },
		{ "fc00::1", "unique local" }, { "fdff::1", "unique local" },
		{ "fe80::1", "link-local" }, { "febf::1", "link-local" },
		{ "fec0::1", "site-local" }, { "ff02::1", "multicast" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		const char *name = ph_special_name(addr(t[i].addr));

		if (strcmp(name ? name : "-", t[i].name ? t[i].name : "-") != 0)
			fail_msg("%s: %s, not %s", t[i].addr, name ? name : "ordinary",
			    t[i].name ? t[i].name : "ordinary");
	}
}

static void
test_inner(void **state)
{
	static const struct { const char *addr, *inner[4]; } t[] = {
		{ "::127.0.0.1", { "127.0.0.1" } }, { "::ffff:10.1.2.3", { "10.1.2.3" } },
		{ "::ffff:0:10.1.2.3", { "10.1.2.3" } }, { "64:ff9b::10.1.2.3", { "10.1.2.3" } },
		{ "64:ff9b:1:a01:2:300::", { "10.1.2.3" } },
		{ "64:ff9b:1:ff0a:1:203::", { "255.10.1.2", "10.1.2.3" } },
		{ "64:ff9b:1:ffff:a:102:300::", { "255.255.10.1", "255.10.1.2", "10.1.2.3" } },
		{ "64:ff9b:1::10.1.2.3", { "0.0.0.0", "0.0.0.0", "0.0.0.10", "10.1.2.3" } },
		{ "2002:a01:203::1", { "10.1.2.3" } },
		{ "2001:0:7f00:1::f5fe:fdfc", { "127.0.0.1", "10.1.2.3" } },
		{ "2a00::5efe:10.1.2.3", { "10.1.2.3" } },
		{ "2a00::200:5efe:10.1.2.3", { "10.1.2.3" } },
		{ "2a00:1450::1", { NULL } }, { "127.0.0.1", { NULL } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		ph_u128 out[PH_SPECIAL_INNER];
		unsigned n = ph_special_inner(addr(t[i].addr), out), k = 0;

		for (; k < 4 && t[i].inner[k] != NULL; k++)
			if (k >= n || out[k] != addr(t[i].inner[k]))
				fail_msg("%s: not %s", t[i].addr, t[i].inner[k]);
		assert_true(n == k || (n == 4 && k > 0));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_inner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
