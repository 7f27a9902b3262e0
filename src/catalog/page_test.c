/* SPDX-License-Identifier: ISC */
#include "catalog/world_test.h"

#include <string.h>

#include "net/names.h"

/*
 * Every fact of the page "Firewall Configuration for VidyoConnect, H323/SIP and
 * WebRTC", asked of the compiled-in catalog at one site.
 */
static const char site[] =
    "clients: [192.0.2.0/24]\n"
    "services:\n"
    "  vidyoconnect:\n"
    "    portals: [203.0.113.10]\n"
    "    routers: [198.51.100.0/28]\n"
    "  h323-sip:\n"
    "    gateways:\n"
    "      geneva: { in: [198.51.100.32], out: [198.51.100.48] }\n"
    "      chicago: { in: [203.0.113.32], out: [203.0.113.48] }\n"
    "  webrtc: { web: [203.0.113.20], turn: [203.0.113.21] }\n";

#define PORTALS		"203.0.113.10"
#define ROUTERS		"198.51.100.0/28"
#define WEB		"203.0.113.20"
#define TURN		"203.0.113.21"
#define CALLERS		"198.51.100.32,203.0.113.32"
#define CALLED		"198.51.100.48,203.0.113.48"

struct fact {
	const char *service, *flow;
	uint8_t proto;
	const char *ports;
	const char *out, *in;		/* far ends; NULL: not in that direction */
	enum ph_initiator initiator;
	enum ph_need need;
	const char *fallback;
	uint32_t idle_s;
	const char *alg;		/* protocol of which to switch it off */
};

static const struct fact facts[] = {
	/* "TCP Port 443 (HTTPS): outbound to [portals] and routers" */
	{ "vidyoconnect", "https", PH_TCP, "443", ROUTERS "," PORTALS, NULL,
	  PH_BY_CLIENT, PH_REQUIRED, NULL, 0, NULL },
	/* "TCP 17992 (EMCP): outbound to [portals]" */
	{ "vidyoconnect", "emcp", PH_TCP, "17992", PORTALS, NULL,
	  PH_BY_CLIENT, PH_REQUIRED, "proxy", 0, NULL },
	/* "TCP Port 17990 (SCIP) and UDP Ports 50,000 - 65,535 ... bidirectional" */
	{ "vidyoconnect", "scip", PH_TCP, "17990", ROUTERS, ROUTERS,
	  PH_BY_CLIENT, PH_REQUIRED, "proxy", 0, NULL },
	{ "vidyoconnect", "media", PH_UDP, "50000-65535", ROUTERS, ROUTERS,
	  PH_BY_CLIENT, PH_REQUIRED, "proxy", 300, NULL },
	/* "Vidyo should work if you force the use of the Vidyo proxy" */
	{ "vidyoconnect", "proxy", PH_TCP, "443", ROUTERS "," PORTALS, NULL,
	  PH_BY_CLIENT, PH_FALLBACK, NULL, 0, NULL },
	/* "the standard H.323/SIP ports need to be opened" */
	{ "h323-sip", "ras", PH_UDP, "1718-1719", CALLED, CALLERS,
	  PH_BY_EITHER, PH_REQUIRED, NULL, 300, "h323" },
	{ "h323-sip", "signalling", PH_TCP, "1720", CALLED, CALLERS,
	  PH_BY_EITHER, PH_REQUIRED, NULL, 0, "h323" },
	{ "h323-sip", "h245", PH_TCP, "1024-65535", CALLED, CALLERS,
	  PH_BY_EITHER, PH_REQUIRED, NULL, 0, "h323" },
	{ "h323-sip", "media", PH_UDP, "1024-65535", CALLED, CALLERS,
	  PH_BY_EITHER, PH_REQUIRED, NULL, 120, NULL },
	{ "h323-sip", "sip", PH_UDP, "5060", CALLED, CALLERS,
	  PH_BY_EITHER, PH_REQUIRED, NULL, 300, "sip" },
	{ "h323-sip", "sip", PH_TCP, "5060", CALLED, CALLERS,
	  PH_BY_EITHER, PH_REQUIRED, NULL, 0, "sip" },
	{ "h323-sip", "sip-tls", PH_TCP, "5061", CALLED, CALLERS,
	  PH_BY_EITHER, PH_REQUIRED, NULL, 0, NULL },
	/* "TCP Port 80 and 443 bidirectional to the ... WebServers" */
	{ "webrtc", "web", PH_TCP, "80,443", WEB, WEB,
	  PH_BY_CLIENT, PH_REQUIRED, NULL, 0, NULL },
	/* "UDP and TCP port 3478 bidirectional to the WebRTC servers" */
	{ "webrtc", "turn", PH_UDP, "3478", TURN, TURN,
	  PH_BY_CLIENT, PH_REQUIRED, NULL, 30, NULL },
	{ "webrtc", "turn", PH_TCP, "3478", TURN, TURN,
	  PH_BY_CLIENT, PH_REQUIRED, NULL, 0, NULL },
	/* "UDP Ports 60000 - 61000 ... it is optional to open these ports" */
	{ "webrtc", "media", PH_UDP, "60000-61000", TURN, TURN,
	  PH_BY_EITHER, PH_OPTIONAL, "turn", 30, NULL },
};

enum { N_FACTS = sizeof(facts) / sizeof(*facts) };

static void
assert_text(const char *have, const char *want)
{
	if (want == NULL)
		assert_null(have);
	else
		assert_string_equal(have, want);
}

static void
check_direction(const struct world *w, const struct fact *f, enum ph_direction dir)
{
	const struct ph_requirement *r = world_req(w, f->flow, f->proto, dir);
	const char *far = dir == PH_OUT ? f->out : f->in;

	if (far == NULL) {
		assert_null(r);
		return;
	}
	assert_non_null(r);
	assert_ranges(r->far, PH_DST, far);
	assert_ranges(r->clients, PH_SRC, "192.0.2.0/24");
	assert_ranges(r->ports, PH_DPORT, f->ports);
	assert_int_equal(r->initiator, f->initiator);
	assert_int_equal(r->need, f->need);
	assert_int_equal(r->idle_s, f->idle_s);
	assert_text(r->fallback, f->fallback);
	assert_text(r->alg_protocol, f->alg);
	assert_text(r->alg, f->alg != NULL ? "off" : NULL);
	assert_ptr_equal(r->need_cube.d[dir == PH_OUT ? PH_DST : PH_SRC], r->far);
	assert_ptr_equal(r->need_cube.d[PH_DPORT], r->ports);
	assert_non_null(strstr(r->source, "information-technology.web.cern.ch"));
	assert_string_equal(r->checked, "2026-11-23");
}

static void
every_fact(void **state)
{
	struct world w;

	(void)state;
	assert_true(world_init(&w, NULL));
	assert_true(world_site(&w, site));
	for (size_t i = 0; i < N_FACTS; i++) {
		assert_true(world_needs(&w, facts[i].service, false));
		check_direction(&w, &facts[i], PH_OUT);
		check_direction(&w, &facts[i], PH_IN);
	}
	world_fini(&w);
}

/* Nothing but the facts: as many requirements as the table has directions. */
static void
nothing_else(void **state)
{
	static const char *const services[] = { "vidyoconnect", "h323-sip", "webrtc" };
	struct world w;

	(void)state;
	assert_true(world_init(&w, NULL));
	assert_true(world_site(&w, site));
	for (size_t s = 0; s < 3; s++) {
		size_t n = 0;

		for (size_t i = 0; i < N_FACTS; i++)
			if (strcmp(facts[i].service, services[s]) == 0)
				n += facts[i].in != NULL ? 2 : 1;
		assert_true(world_needs(&w, services[s], false));
		assert_int_equal(w.reqs.n, n);
	}
	world_fini(&w);
}

/* The notes: two minutes, the proxy's cost, the application, TURN instead. */
static void
notes(void **state)
{
	const struct ph_requirement *r;
	struct world w;

	(void)state;
	assert_true(world_init(&w, NULL));
	assert_true(world_site(&w, site));
	assert_true(world_needs(&w, "vidyoconnect", false));
	r = world_req(&w, "media", PH_UDP, PH_OUT);
	assert_non_null(strstr(r->note, "two minutes"));
	assert_string_equal(r->app, "/Applications/Vidyo/Vidyo Desktop/VidyoDesktop");
	r = world_req(&w, "proxy", PH_TCP, PH_OUT);
	assert_non_null(strstr(r->note, "always use vidyo proxy"));
	assert_non_null(strstr(r->note, "quality"));
	assert_non_null(strstr(r->note, "overload"));
	assert_true(world_needs(&w, "webrtc", false));
	r = world_req(&w, "media", PH_UDP, PH_OUT);
	assert_non_null(strstr(r->note, "TURN on port 3478"));
	assert_null(r->app);
	world_fini(&w);
}

/* What clients open needs no way in on a firewall that remembers. */
static void
stateful_only(void **state)
{
	struct world w;

	(void)state;
	assert_true(world_init(&w, NULL));
	assert_true(world_site(&w, site));
	assert_true(world_needs(&w, "vidyoconnect", true));
	assert_non_null(world_req(&w, "media", PH_UDP, PH_OUT));
	assert_null(world_req(&w, "media", PH_UDP, PH_IN));
	assert_true(world_needs(&w, "h323-sip", true));
	assert_non_null(world_req(&w, "signalling", PH_TCP, PH_IN));
	assert_true(world_needs(&w, "webrtc", true));
	assert_null(world_req(&w, "turn", PH_UDP, PH_IN));
	assert_non_null(world_req(&w, "media", PH_UDP, PH_IN));
	world_fini(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fact),
		cmocka_unit_test(nothing_else),
		cmocka_unit_test(notes),
		cmocka_unit_test(stateful_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
