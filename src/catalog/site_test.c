/* SPDX-License-Identifier: ISC */
#include "catalog/world_test.h"

#include <string.h>

#include "net/names.h"

/* Sites by file and by flag, and what is said when something is missing. */

/* One line, one broken site: the file, and what must be said of it. */
static const struct {
	const char *text, *said;
} wrong[] = {
	{ "clents: [192.0.2.1]\n", "site.yaml:1:1: error[unknown-key]: a site has no "
	  "\"clents\"; did you mean \"clients\"?\n    clents: [192.0.2.1]\n    ^~~~~~\n" },
	{ "clients: []\n", "site.yaml:1:1: error[empty-list]: no address is named" },
	{ "clients:\n", "site.yaml:1:1: error[empty-list]" },
	{ "clients: [192.0.2.256]\n", "site.yaml:1:11: error[bad-address]" },
	{ "clients: [192.0.2.9-192.0.2.1]\n", "site.yaml:1:11: error[bad-address]" },
	{ "clients: [192.0.2.1-2001:db8::1]\n", "1:11: error[bad-address]" },
	{ "clients: [192.0.2.0/33]\n", "1:11: error[bad-address]" },
	{ "clients: [\"-x.example.org\"]\n", "1:12: error[bad-address]" },
	{ "clients: [192.0.2.7/24]\n", "1:11: warning[host-bits]: bits are set behind "
	  "the prefix; the network is 192.0.2.0/24" },
	{ "services: { vidyoconect: { } }\n", "1:13: error[unknown-service]: no service "
	  "\"vidyoconect\"; did you mean \"vidyoconnect\"?" },
	{ "services: { webrtc: { trun: [192.0.2.1] } }\n", "1:23: error[unknown-group]: "
	  "webrtc has no group \"trun\"; did you mean \"turn\"?" },
	{ "services: { h323-sip: { params: { meda: 5000-6000 } } }\n", "1:35: "
	  "error[unknown-param]: h323-sip has no parameter \"meda\"; did you mean "
	  "\"media\"?" },
	{ "services: { h323-sip: { params: { media: 6000-5000 } } }\n",
	  "1:42: error[bad-port]" },
	{ "firewall: { inside: [] }\n", "1:13: error[empty-list]" },
	{ "firewall: { insid: [a] }\n", "did you mean \"inside\"?" },
	{ "firewall: [a]\n", "1:11: error[wrong-kind]: expected a map, not a list" },
	{ "clients: [192.0.2.1]\nclients: [192.0.2.2]\n", "2:1: error[yaml-duplicate]" },
};

static void
broken_sites(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct world w;

		world_init(&w, NULL);
		assert_int_equal(world_site(&w, wrong[i].text),
		    strstr(wrong[i].said, "warning") != NULL);
		world_expect(&w, wrong[i].said);
		world_fini(&w);
	}
}

static const struct {
	enum ph_site_flag flag;
	const char *text, *said;	/* said NULL: right */
} flags[] = {
	{ PH_SITE_CLIENTS, "192.0.2.0/24,2001:db8:1::/64", NULL },
	{ PH_SITE_CLIENTS, "192.0.2.0/24,", "--x:1:14: error[bad-address]" },
	{ PH_SITE_CLIENTS, "", "--x:1:1: error[bad-address]" },
	{ PH_SITE_AT, "vidyoconnect.routers=198.51.100.0/28,r.example.org", NULL },
	{ PH_SITE_AT, "h323-sip.gateways.geneva.in=198.51.100.1", NULL },
	{ PH_SITE_AT, "vidyoconnect.routers", "1:1: error[bad-flag]" },
	{ PH_SITE_AT, "vidyoconnect=192.0.2.1", "1:1: error[bad-flag]" },
	{ PH_SITE_AT, "vidyoconnect.roters=192.0.2.1", "--x:1:14: error[unknown-group]: "
	  "vidyoconnect has no group \"roters\"; did you mean \"routers\"?" },
	{ PH_SITE_AT, "vidyo-connect.routers=192.0.2.1", "--x:1:1: error[unknown-service]" },
	{ PH_SITE_SET, "h323-sip.media=16384-32767", NULL },
	{ PH_SITE_SET, "h323-sip.media=16384-", "--x:1:16: error[bad-port]" },
	{ PH_SITE_SET, "h323-sip.madia=1", "did you mean \"media\"?" },
	{ PH_SITE_INSIDE, "lan,dmz", NULL },
	{ PH_SITE_OUTSIDE, "wan,,x", "--x:1:5: error[empty-list]" },
	{ PH_SITE_RESOLVE, "r.example.org=192.0.2.1", NULL },
	{ PH_SITE_RESOLVE, "r.example.org", "error[bad-flag]" },
};

static void
every_flag(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		struct world w;

		world_init(&w, NULL);
		assert_int_equal(ph_site_flag(&w.site, flags[i].flag, "--x", flags[i].text),
		    flags[i].said == NULL);
		if (flags[i].said != NULL)
			world_expect(&w, flags[i].said);
		else
			assert_string_equal(world_said(&w), "");
		world_fini(&w);
	}
}

/* A group that nobody named is asked for by both its names, and once. */
static void
missing_group(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	assert_true(world_site(&w, "clients: [192.0.2.0/24]\nservices: "
	    "{ vidyoconnect: { portals: [203.0.113.10] } }\n"));
	assert_false(world_needs(&w, "vidyoconnect", false));
	world_expect(&w, "error[missing-group]: vidyoconnect needs the addresses of "
	    "\"routers\": the VidyoRouters");
	world_expect(&w, "--at vidyoconnect.routers=ADDR[,ADDR...], or in the site's "
	    "file as services: { vidyoconnect: { routers: [ADDR, ...] } }");
	world_expect(&w, "where to get them: ask the operator");
	assert_int_equal(w.diags.errors, 1);
	assert_non_null(world_req(&w, "emcp", PH_TCP, PH_OUT));
	assert_null(world_req(&w, "media", PH_UDP, PH_OUT));
	world_fini(&w);
}

static void
missing_clients_and_all(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	assert_false(world_needs(&w, "webrtc", false));
	world_expect(&w, "error[missing-clients]: the clients' networks are not named: "
	    "give them as --clients ADDR[,ADDR...]");
	world_expect(&w, "--at webrtc.web=ADDR");
	world_expect(&w, "--at webrtc.turn=ADDR");
	assert_int_equal(w.diags.errors, 3);
	world_fini(&w);
}

/* Addresses for one direction only are no answer for the other. */
static void
one_way_cluster(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	assert_true(world_site(&w, "clients: 192.0.2.0/24\nservices: { h323-sip: "
	    "{ gateways: { out: [198.51.100.1] } } }\n"));
	assert_false(world_needs(&w, "h323-sip", false));
	world_expect(&w, "needs the addresses of \"gateways.in\"");
	assert_true(world_at(&w, "h323-sip.gateways.in=198.51.100.2"));
	world_fini(&w);
}

static void
flags_win(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	assert_true(world_at(&w, "webrtc.turn=198.51.100.1"));
	assert_true(world_at(&w, "webrtc.turn=198.51.100.9"));
	assert_true(ph_site_flag(&w.site, PH_SITE_INSIDE, "--inside", "eth0"));
	assert_true(world_site(&w, "clients: [192.0.2.0/24]\nservices: { webrtc: { web: "
	    "203.0.113.20, turn: [203.0.113.21] } }\nfirewall: { inside: lan, outside: "
	    "[wan, wan2] }\n"));
	assert_true(ph_site_flag(&w.site, PH_SITE_CLIENTS, "--clients", "10.0.0.0/8"));
	assert_true(world_needs(&w, "webrtc", false));
	assert_ranges(world_req(&w, "turn", PH_UDP, PH_OUT)->far, PH_DST,
	    "198.51.100.1,198.51.100.9");
	assert_ranges(world_req(&w, "web", PH_TCP, PH_OUT)->far, PH_DST, "203.0.113.20");
	assert_ranges(world_req(&w, "web", PH_TCP, PH_OUT)->clients, PH_DST, "10.0.0.0/8");
	assert_int_equal(w.site.inside.n, 1);
	assert_string_equal(w.site.inside.v[0], "eth0");
	assert_int_equal(w.site.outside.n, 2);
	world_fini(&w);
}

/* Both ranges of the gateways: a default that is said aloud, or what is given. */
static void
params(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	assert_true(world_site(&w, "clients: [192.0.2.0/24]\nservices: { h323-sip: { "
	    "gateways: [198.51.100.32/29], params: { h245: [11000-11999, 1503] } } }\n"));
	assert_true(world_needs(&w, "h323-sip", false));
	assert_int_equal(w.diags.warnings, 1);
	world_expect(&w, "warning[param-default]: h323-sip: \"media\"");
	world_expect(&w, "--set h323-sip.media=PORTS");
	assert_ranges(world_req(&w, "h245", PH_TCP, PH_IN)->ports, PH_DPORT,
	    "1503,11000-11999");
	assert_ranges(world_req(&w, "media", PH_UDP, PH_IN)->ports, PH_DPORT, "1024-65535");
	assert_true(ph_site_flag(&w.site, PH_SITE_SET, "--set",
	    "h323-sip.media=16384-32767"));
	assert_true(world_needs(&w, "h323-sip", false));
	assert_ranges(world_req(&w, "media", PH_UDP, PH_OUT)->ports, PH_DPORT,
	    "16384-32767");
	assert_int_equal(w.diags.warnings, 1);
	world_fini(&w);
}

struct dns {
	struct ph_arena *mem;
	unsigned asked;
};

static const struct ph_ranges *
two_addresses(void *arg, const char *name, struct ph_span at)
{
	struct dns *dns = arg;
	struct ph_range v[] = {
		{ PH_V4(0xc6336401U), PH_V4(0xc6336401U) }, { 5, 5 },
	};

	assert_string_equal(name, "router.example.org");
	assert_non_null(at.src);
	dns->asked++;
	return ph_ranges_from(dns->mem, v, 2);
}

/* A name is asked for once, and all its addresses count; a pin asks nobody. */
static void
names(void **state)
{
	const char *service = "vidyoconnect";
	struct world w;
	struct dns dns = { &w.mem, 0 };
	struct ph_site_opts opts = { .resolve = two_addresses, .arg = &dns };

	(void)state;
	world_init(&w, NULL);
	assert_true(world_site(&w, "clients: any\nservices: { vidyoconnect: { portals: "
	    "[p.example.org], routers: [router.example.org] } }\n"));
	assert_true(ph_site_flag(&w.site, PH_SITE_RESOLVE, "--resolve",
	    "p.example.org=203.0.113.1,203.0.113.2"));
	assert_true(ph_site_requirements(&w.site, &service, 1, &opts, &w.reqs));
	assert_int_equal(dns.asked, 1);
	assert_ranges(world_req(&w, "media", PH_UDP, PH_OUT)->far, PH_DST,
	    "::5,198.51.100.1");
	assert_ranges(world_req(&w, "emcp", PH_TCP, PH_OUT)->far, PH_DST,
	    "203.0.113.1-203.0.113.2");
	opts.resolve = NULL;
	assert_true(world_at(&w, "vidyoconnect.routers=other.example.org"));
	assert_false(ph_site_requirements(&w.site, &service, 1, &opts, &w.reqs));
	world_expect(&w, "error[unknown-name]: names are not looked up here; "
	    "pin it: --resolve other.example.org=ADDR");
	world_fini(&w);
}

static void
families(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	assert_true(world_site(&w, "clients: [192.0.2.0/24]\nservices: { webrtc: { web: "
	    "[\"2001:db8::1\"], turn: [\"2001:db8::2\", 198.51.100.1] } }\n"));
	assert_false(world_needs(&w, "webrtc", false));
	world_expect(&w, "error[no-common-family]: webrtc web:");
	assert_int_equal(w.diags.errors, 1);
	assert_non_null(world_req(&w, "turn", PH_TCP, PH_IN));
	world_fini(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_sites),
		cmocka_unit_test(every_flag),
		cmocka_unit_test(missing_group),
		cmocka_unit_test(missing_clients_and_all),
		cmocka_unit_test(one_way_cluster),
		cmocka_unit_test(flags_win),
		cmocka_unit_test(params),
		cmocka_unit_test(names),
		cmocka_unit_test(families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
