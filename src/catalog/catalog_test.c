/* SPDX-License-Identifier: ISC */
#include "catalog/world_test.h"

#include <string.h>

/* The catalog as a whole, and files that are not what they should be. */

#define HEAD	"name: x\ntitle: X\nsource: https://example.org/\nchecked: 2026-01-31\n" \
		"confidence: A\n"
#define GROUPS	"groups: { g: { what: w, how: h } }\n"
#define FLOW(more) "flows: { f: { purpose: p, proto: udp, ports: 5000, direction: out, " \
		"initiator: client, groups: [g], need: required" more " } }\n"
#define RIGHT	HEAD GROUPS FLOW("")

static const struct {
	const char *text, *said;	/* said "": right */
} files[] = {
	{ RIGHT, "" },
	{ HEAD "params: { p: { what: w, default: 1-2 } }\n" GROUPS FLOW("") , "" },
	{ "", "extra.yaml:1:1: error[missing-key]: a service's file cannot be empty" },
	{ "- a\n", "1:1: error[wrong-kind]: expected a map, not a list" },
	{ "title: X\n", "error[missing-key]: a service needs \"name\"" },
	{ RIGHT "flow: {}\n", "error[unknown-key]: a service has no \"flow\"; did you mean "
	  "\"flows\"?" },
	{ "name: X y\ntitle: t\n", "1:7: error[bad-name]" },
	{ HEAD "groups: { G: { what: w, how: h } }\n", "6:11: error[bad-name]" },
	{ "checked: 2026-13-01\n", "1:10: error[bad-date]" },
	{ "checked: 2026-1-01\n", "1:10: error[bad-date]" },
	{ "source: a page\n", "1:9: error[bad-source]" },
	{ "app: Safari\n", "1:6: error[bad-app]" },
	{ "title: \"\\n \"\n", "1:1: error[empty-value]" },
	{ "source: []\n", "1:1: error[empty-value]" },
	{ "confidence: C\n", "1:13: error[bad-word]: \"confidence\" cannot be \"C\"" },
	{ "groups: { g: { what: w } }\n", "1:11: error[missing-key]: a group needs \"how\"" },
	{ "params: { p: { what: w, default: 5-1 } }\n", "1:34: error[bad-port]" },
	{ HEAD GROUPS FLOW(", sauce: x"), "error[unknown-key]: a flow has no \"sauce\"; did "
	  "you mean \"source\"?" },
	{ HEAD GROUPS FLOW(", fallback: ff"), "error[unknown-part]: no flow \"ff\"; did you "
	  "mean \"f\"?" },
	{ HEAD GROUPS FLOW(", fallback: f"), "error[bad-fallback]" },
	{ HEAD GROUPS FLOW(", idle: 5m"), "error[bad-number]" },
	{ HEAD GROUPS FLOW(", idle: -1"), "error[bad-number]" },
	{ HEAD GROUPS FLOW(", alg: \"off\""), "error[missing-key]: \"alg\" needs" },
	{ HEAD GROUPS FLOW(", alg-protocol: sipp"), "did you mean \"sip\"?" },
	{ HEAD GROUPS FLOW(", source-ports: 65536"), "error[bad-port]" },
	{ HEAD "groups: { h: { what: w, how: h } }\n" FLOW(""), "error[unknown-part]: no "
	  "group \"g\"" },
	{ "viewpoint: server\n" RIGHT, "error[missing-key]: viewpoint \"server\" needs a "
	  "group \"servers\"" },
	{ HEAD GROUPS "flows: { f: { purpose: p, proto: [udp, udp], ports: $q, direction: "
	  "in, initiator: client, groups: [], need: mandatory } }\n",
	  "7:40: error[bad-word]: protocol named twice" },
	{ HEAD GROUPS "flows: { f: { ports: $q } }\n", "no parameter \"$q\" in this file" },
	{ HEAD GROUPS "flows: { f: { groups: [] } }\n", "error[empty-value]: a flow names" },
	{ HEAD GROUPS "flows: { f: { direction: in, initiator: client } }\n",
	  "error[bad-initiator]" },
	{ HEAD GROUPS "flows: { f: { ports: [] } }\n", "error[bad-port]: no port is named" },
	{ HEAD GROUPS "flows: { f: { need: requird } }\n", "did you mean \"required\"?" },
	/* several errors in one run */
	{ "nam: x\ntitel: X\n", "error[unknown-key]: a service has no \"titel\"; did you mean "
	  "\"title\"?" },
};

static void
files_by_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct world w;
		bool ok = world_init(&w, files[i].text);

		assert_int_equal(ok, files[i].said[0] == '\0');
		world_expect(&w, files[i].said);
		assert_int_equal(w.diags.errors == 0, ok);
		world_fini(&w);
	}
}

/* Both kinds of errors of one file are shown: of YAML, and of what it says. */
static void
all_errors_at_once(void **state)
{
	struct world w;

	(void)state;
	assert_false(world_init(&w, "name: x\ntitle: a: b\nconfidenc: A\nflows: [\n"
	    "checked: today\n"));
	world_expect(&w, "2:9: error[yaml-syntax]");
	world_expect(&w, "3:1: error[unknown-key]");
	assert_null(strstr(world_said(&w), "missing-key"));
	world_fini(&w);
}

static void
extra_files_win(void **state)
{
	struct world w;
	size_t n;

	(void)state;
	world_init(&w, NULL);
	n = w.catalog.n;
	world_fini(&w);
	assert_true(world_init(&w, "name: zoom\ntitle: Ours\nsource: RFC 1\nconfidence: B\n"
	    GROUPS FLOW("")));
	assert_int_equal(w.catalog.n, n);
	assert_string_equal(ph_catalog_find(&w.catalog, "zoom")->title, "Ours");
	assert_null(ph_catalog_find(&w.catalog, "zoom")->checked);
	world_fini(&w);
	assert_true(world_init(&w, RIGHT));
	assert_int_equal(w.catalog.n, n + 1);
	assert_string_equal(ph_catalog_find(&w.catalog, "x")->title, "X");
	world_fini(&w);
}

/* What is written into comments stays on one line; a bundle is its program. */
static void
one_line(void **state)
{
	const struct ph_service *s;
	struct world w;

	(void)state;
	assert_true(world_init(&w, "note: |\n  one\n  two\napp: /A/B.app\n" RIGHT));
	s = ph_catalog_find(&w.catalog, "x");
	assert_string_equal(s->note, "one two");
	assert_string_equal(s->app, "/A/B");
	world_fini(&w);
}

static void
twice_the_same(void **state)
{
	struct ph_catalog catalog;
	struct ph_src *extra[2];
	struct world w;

	(void)state;
	world_init(&w, NULL);
	extra[0] = world_src(&w, "one.yaml", RIGHT);
	extra[1] = world_src(&w, "two.yaml", RIGHT);
	assert_false(ph_catalog_load(&w.mem, &w.diags, extra, 2, &catalog));
	world_expect(&w, "two.yaml:1:1: error[duplicate-service]");
	world_expect(&w, "one.yaml:1:1: note[duplicate-service]");
	world_fini(&w);
}

static void
nearest(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	assert_null(ph_catalog_find(&w.catalog, "vidyo-connect"));
	assert_string_equal(ph_catalog_nearest(&w.catalog, "vidyo-connect"), "vidyoconnect");
	assert_null(ph_catalog_nearest(&w.catalog, "qqqqqqqqqqqqqqqq"));
	assert_null(ph_catalog_ask(&w.catalog, "zom", (struct ph_span){ 0 }));
	world_expect(&w, "error[unknown-service]: no service \"zom\"; did you mean \"zoom\"?");
	world_fini(&w);
}

static const char *const asked_for[] = {
	"vidyoconnect", "h323-sip", "webrtc", "zoom", "teams", "webex", "google-meet",
	"jitsi-meet", "bigbluebutton", "livekit", "element-call", "nextcloud-talk", "pexip",
	"asterisk", "sip-trunk", "coturn",
};

static void
those_asked_for(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	for (size_t i = 0; i < sizeof(asked_for) / sizeof(*asked_for); i++)
		assert_non_null(ph_catalog_find(&w.catalog, asked_for[i]));
	world_fini(&w);
}

static void
name_groups(struct world *w, const struct ph_service *s)
{
	for (size_t i = 0; i < s->n_groups; i++)
		assert_true(world_at(w, ph_arena_printf(&w->mem, "%s.%s=198.51.100.%zu",
		    s->name, s->groups[i].name, i + 1)));
	for (size_t i = 0; i < s->n_params; i++)
		if (s->params[i].ports == NULL)
			assert_true(ph_site_flag(&w->site, PH_SITE_SET, "--set",
			    ph_arena_printf(&w->mem, "%s.%s=3230-3250", s->name,
			    s->params[i].name)));
}

/* Can something be required, and does what serves instead not lead in a circle? */
static void
check_service(const struct ph_service *s)
{
	bool required = false;

	for (size_t i = 0; i < s->n_flows; i++) {
		const struct ph_service_flow *f = &s->flows[i], *b = f;
		size_t steps = 0;

		required = required || f->need == PH_REQUIRED;
		for (; b != NULL; b = b->fallback)
			assert_true(steps++ <= s->n_flows);
		assert_true(f->idle_s == 0 || f->protos[0] == 17 || f->n_protos == 2);
	}
	assert_true(required);
}

/* With its groups named, every service gives requirements, and says no more. */
static void
every_service_works(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, NULL);
	assert_true(world_site(&w, "clients: [192.0.2.0/24]\n"));
	for (size_t i = 0; i < w.catalog.n; i++) {
		const struct ph_service *s = ph_catalog_get(&w.catalog, i);

		check_service(s);
		name_groups(&w, s);
		if (!world_needs(&w, s->name, false))
			fail_msg("%s: %s", s->name, world_said(&w));
		assert_true(w.reqs.n >= s->n_flows);
		for (size_t k = 0; k < w.reqs.n; k++)
			assert_false(ph_cube_empty(&w.reqs.v[k]->need_cube));
	}
	assert_int_equal(w.diags.errors, 0);
	world_fini(&w);
}

/* Who runs a server protects it; all the world may come unless said otherwise. */
static void
servers(void **state)
{
	const struct ph_requirement *r;
	struct world w;

	(void)state;
	world_init(&w, NULL);
	assert_false(world_needs(&w, "coturn", false));
	world_expect(&w, "--at coturn.servers=ADDR");
	assert_true(world_at(&w, "coturn.servers=203.0.113.5"));
	assert_true(world_needs(&w, "coturn", false));
	r = world_req(&w, "turn", 17, PH_IN);
	assert_non_null(r);
	assert_ranges(r->clients, PH_DST, "203.0.113.5");
	assert_ranges(r->need_cube.d[PH_DST], PH_DST, "203.0.113.5");
	assert_int_equal(r->far->n, 1);
	assert_null(world_req(&w, "turn", 17, PH_OUT));
	assert_non_null(world_req(&w, "relay", 17, PH_OUT));
	world_fini(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_by_table),
		cmocka_unit_test(all_errors_at_once),
		cmocka_unit_test(extra_files_win),
		cmocka_unit_test(one_line),
		cmocka_unit_test(twice_the_same),
		cmocka_unit_test(nearest),
		cmocka_unit_test(those_asked_for),
		cmocka_unit_test(every_service_works),
		cmocka_unit_test(servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
