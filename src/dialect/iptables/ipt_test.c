/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dialect/dialect.h"
#include "net/names.h"

/* One text read, with what came of it. */
struct world {
	struct ph_arena mem;
	struct ph_src src, sets;
	struct ph_diags diags;
	struct ph_ruleset rs;
	bool ok;
};

static const struct ph_dialect *
iptables(void)
{
	return ph_dialect_find("iptables");
}

static void
read_with(struct world *w, const char *text, const char *sets)
{
	struct ph_parse_opts opts = { 0 };

	*w = (struct world){ .src = { .name = "t", .text = text } };
	w->src.len = (uint32_t)strlen(text);
	if (sets != NULL) {
		w->sets = (struct ph_src){
			.name = "s", .text = sets, .len = (uint32_t)strlen(sets),
		};
		opts.sets = &w->sets;
	}
	w->ok = iptables()->parse(&w->mem, &w->diags, &w->src, &opts, &w->rs);
}

static void
read_text(struct world *w, const char *text)
{
	read_with(w, text, NULL);
}

static const struct ph_hook *
hook_at(const struct world *w, enum ph_hook_point point, int priority,
    unsigned family)
{
	for (size_t i = 0; i < w->rs.n_hooks; i++) {
		const struct ph_hook *h = &w->rs.hooks[i];

		if (h->point == point && h->priority == priority && h->families == family)
			return h;
	}
	return NULL;
}

static const struct ph_chain *
chain(const struct world *w, const char *name)
{
	for (const struct ph_chain *c = w->rs.chains; c != NULL; c = c->next)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static const struct ph_cond *
cond(const struct ph_rule *r, enum ph_cond_kind kind, enum ph_dim dim)
{
	for (size_t i = 0; i < r->n_conds; i++)
		if (r->conds[i].kind == kind && r->conds[i].dim == dim)
			return &r->conds[i];
	return NULL;
}

static void
test_every_table_hangs_where_the_kernel_hangs_it(void **state)
{
	static const struct {
		const char *table;
		enum ph_hook_point point;
		int priority;
		enum ph_hook_kind kind;
	} places[] = {
		{ "raw", PH_PREROUTING, -300, PH_HOOK_FILTER },
		{ "raw", PH_OUTPUT, -300, PH_HOOK_FILTER },
		{ "mangle", PH_PREROUTING, -150, PH_HOOK_FILTER },
		{ "mangle", PH_OUTPUT, -150, PH_HOOK_ROUTE },
		{ "mangle", PH_POSTROUTING, -150, PH_HOOK_FILTER },
		{ "nat", PH_PREROUTING, -100, PH_HOOK_NAT },
		{ "nat", PH_OUTPUT, -100, PH_HOOK_NAT },
		{ "nat", PH_INPUT, 100, PH_HOOK_NAT },
		{ "nat", PH_POSTROUTING, 100, PH_HOOK_NAT },
		{ "filter", PH_FORWARD, 0, PH_HOOK_FILTER },
		{ "security", PH_INPUT, 50, PH_HOOK_FILTER },
	};
	static const char *const names[] = {
		"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct world w;
		char text[200];
		const struct ph_hook *h;

		snprintf(text, sizeof(text), "*%s\n:%s DROP [0:0]\n-A %s -s 192.0.2.1 "
		    "-j ACCEPT\nCOMMIT\n", places[i].table, names[places[i].point],
		    names[places[i].point]);
		read_text(&w, text);
		assert_true(w.ok);
		h = hook_at(&w, places[i].point, places[i].priority, PH_FAMILY_4);
		assert_non_null(h);
		assert_int_equal(h->kind, places[i].kind);
		assert_int_equal(h->policy, PH_ACT_DROP);
		assert_int_equal(h->chain->n, 1);
		ph_arena_fini(&w.mem);
	}
}

static void
test_the_other_family_is_unknown(void **state)
{
	struct world w;
	const struct ph_hook *h;

	(void)state;
	read_text(&w, "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -s 10.0.0.1 -j ACCEPT\n"
	    "COMMIT\n");
	assert_true(w.ok);
	h = hook_at(&w, PH_FORWARD, 0, PH_FAMILY_6);
	assert_non_null(h);
	assert_int_equal(h->chain->rules[0].acts[0].kind, PH_ACT_OPAQUE);
	assert_true(h->chain->rules[0].implicit);
	ph_arena_fini(&w.mem);
}

static void
test_linux_timers_are_defaults(void **state)
{
	struct world w;

	(void)state;
	read_text(&w, "*filter\nCOMMIT\n");
	assert_true(w.rs.timers->t[PH_TIMER_UDP].is_default);
	assert_int_equal(w.rs.timers->t[PH_TIMER_UDP].s, 120);
	assert_int_equal(w.rs.timers->t[PH_TIMER_UDP_UNREPLIED].s, 30);
	assert_false(w.rs.stateful);
	ph_arena_fini(&w.mem);
}

static void
test_conditions_have_their_dimensions(void **state)
{
	struct world w;
	const struct ph_rule *r;
	const struct ph_cond *c;

	(void)state;
	read_text(&w, "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -i ppp+ -p icmp "
	    "--icmp-type 3/4 -m conntrack ! --ctstate NEW -m limit --limit 1/s\nCOMMIT\n");
	assert_true(w.ok);
	r = &chain(&w, "FORWARD")->rules[0];
	c = cond(r, PH_COND_RANGES, PH_IIF);
	assert_true(ph_ranges_has(c->ranges, ph_iface_encode(PH_STR("ppp12"))));
	assert_false(ph_ranges_has(c->ranges, ph_iface_encode(PH_STR("pp"))));
	assert_true(ph_ranges_has(cond(r, PH_COND_RANGES, PH_DPORT)->ranges, 3));
	assert_true(ph_ranges_has(cond(r, PH_COND_RANGES, PH_SPORT)->ranges, 4));
	c = cond(r, PH_COND_RANGES, PH_STATE);
	assert_true(c->neg && ph_ranges_has(c->ranges, PH_NEW));
	assert_non_null(cond(r, PH_COND_RATE, 0));
	assert_int_equal(r->n_acts, 0);
	ph_arena_fini(&w.mem);
}

static void
test_above_a_rate_is_the_negation(void **state)
{
	static const struct { const char *match; bool neg; } rates[] = {
		{ "limit --limit 5/s", false }, { "limit ! --limit 5/s", true },
		{ "connlimit --connlimit-above 9", true },
		{ "connlimit ! --connlimit-above 9", false },
		{ "connlimit --connlimit-upto 9", false },
		{ "recent --update --seconds 9 --hitcount 3 --name n", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		struct world w;
		char text[200];

		snprintf(text, sizeof(text), "*filter\n-A FORWARD -m %s -j DROP\nCOMMIT\n",
		    rates[i].match);
		read_text(&w, text);
		assert_true(w.ok);
		assert_int_equal(cond(&chain(&w, "FORWARD")->rules[0], PH_COND_RATE, 0)->neg,
		    rates[i].neg);
		ph_arena_fini(&w.mem);
	}
}

static void
test_a_single_earlier_packet_is_not_known(void **state)
{
	struct world w;

	(void)state;
	read_text(&w, "*filter\n-A FORWARD -m recent --rcheck --name n -j DROP\nCOMMIT\n");
	assert_non_null(cond(&chain(&w, "FORWARD")->rules[0], PH_COND_OPAQUE, 0));
	ph_arena_fini(&w.mem);
}

static void
test_the_narrowest_network_of_a_set_decides(void **state)
{
	static const struct { uint32_t addr; bool in; } samples[] = {
		{ 0x0a000001, true }, { 0x0a010001, false }, { 0x0a010201, true },
		{ 0x0a0102ff, true }, { 0x0a0103ff, false }, { 0x0b000000, false },
	};
	struct world w;
	const struct ph_ranges *v;

	(void)state;
	read_with(&w, "*filter\n-A FORWARD -m set --match-set n dst -j DROP\nCOMMIT\n",
	    "create n hash:net\nadd n 10.1.0.0/16 nomatch\nadd n 10.0.0.0/8\n"
	    "add n 10.1.2.0/24\n");
	assert_true(w.ok);
	v = cond(&chain(&w, "FORWARD")->rules[0], PH_COND_RANGES, PH_DST)->ranges;
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++)
		assert_int_equal(ph_ranges_has(v, PH_V4(samples[i].addr)), samples[i].in);
	ph_arena_fini(&w.mem);
}

static void
test_members_of_several_parts_are_cubes(void **state)
{
	struct ph_packet p = { 0 };
	const struct ph_cond *c;
	struct world w;

	(void)state;
	read_with(&w, "*filter\n-A FORWARD -m set --match-set n src,dst -j DROP\nCOMMIT\n",
	    "create n hash:ip,port\nadd n 192.0.2.1,udp:5060-5061\nadd n 192.0.2.2,443\n");
	c = cond(&chain(&w, "FORWARD")->rules[0], PH_COND_TUPLES, 0);
	p.v[PH_SRC] = PH_V4(0xc0000201);
	p.v[PH_DPORT] = 5061;
	p.v[PH_PROTO] = PH_UDP;
	assert_true(ph_set_has(c->tuples, &p));
	p.v[PH_PROTO] = PH_TCP;
	assert_false(ph_set_has(c->tuples, &p));
	p.v[PH_SRC] = PH_V4(0xc0000202);
	p.v[PH_DPORT] = 443;
	assert_true(ph_set_has(c->tuples, &p));
	ph_arena_fini(&w.mem);
}

static void
test_a_set_that_rules_change_is_not_known(void **state)
{
	struct world w;

	(void)state;
	read_with(&w, "*filter\n-A FORWARD -m set --match-set n src -j DROP\n"
	    "-A FORWARD -j SET --add-set n src\nCOMMIT\n", "create n hash:ip\n");
	assert_true(w.ok);
	assert_non_null(cond(&chain(&w, "FORWARD")->rules[0], PH_COND_OPAQUE, 0));
	ph_arena_fini(&w.mem);
}

enum { N_COMMANDS = 400 };

/* Rules are told apart by their port. */
static unsigned
port_of(const struct ph_rule *r)
{
	return (unsigned)cond(r, PH_COND_RANGES, PH_DPORT)->ranges->r[0].lo;
}

/* -A, -I and -D in any order, against a plain array. */
static void
test_commands_edit_like_an_array(void **state)
{
	const char *seed = getenv("PH_SEED");
	unsigned s = seed == NULL ? 7 : (unsigned)strtoul(seed, NULL, 10);
	unsigned twin[N_COMMANDS], n = 0;
	struct ph_buf b;
	struct world w;
	struct ph_arena mem = { 0 };

	(void)state;
	print_message("PH_SEED=%u\n", s);
	srand(s);
	ph_buf_init(&b, &mem);
	for (unsigned i = 0; i < N_COMMANDS; i++) {
		unsigned what = (unsigned)rand() % 4, at = n == 0 ? 0 : (unsigned)rand() % n;

		if (what == 0 && n > 0) {
			ph_buf_printf(&b, "iptables -D FORWARD %u\n", at + 1);
			memmove(&twin[at], &twin[at + 1], (n - at - 1) * sizeof(*twin));
			n--;
			continue;
		}
		if (what == 1)
			at = n;
		ph_buf_printf(&b, what == 1 ? "iptables -A FORWARD" :
		    "iptables -I FORWARD %u", at + 1);
		ph_buf_printf(&b, " -p udp --dport %u\n", i + 1);
		memmove(&twin[at + 1], &twin[at], (n - at) * sizeof(*twin));
		twin[at] = i + 1;
		n++;
	}
	read_text(&w, b.s);
	assert_true(w.ok);
	assert_int_equal(chain(&w, "FORWARD")->n, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(port_of(&chain(&w, "FORWARD")->rules[i]), twin[i]);
	ph_arena_fini(&w.mem);
	ph_arena_fini(&mem);
}

static void
test_chains_may_nest_deep(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_buf b;
	struct world w;

	(void)state;
	ph_buf_init(&b, &mem);
	ph_buf_puts(&b, "*filter\n");
	for (int i = 0; i < 10000; i++)
		ph_buf_printf(&b, ":c%d - [0:0]\n-A c%d -j c%d\n", i, i, i + 1);
	ph_buf_puts(&b, ":c10000 - [0:0]\nCOMMIT\n");
	read_text(&w, b.s);
	assert_true(w.ok);
	ph_arena_fini(&w.mem);
	b.len = (size_t)(strstr(b.s, "COMMIT") - b.s);
	ph_buf_puts(&b, "-A c10000 -j c0\nCOMMIT\n");
	read_text(&w, b.s);
	assert_false(w.ok);
	assert_string_equal(w.diags.first_error, "chain-loop");
	ph_arena_fini(&w.mem);
	ph_arena_fini(&mem);
}

/* A rule of both families, as another platform may have it. */
static void
test_mixed_rules_are_split_by_family(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_diags diags = { 0 };
	struct ph_ruleset rs;
	struct ph_range v[] = {
		{ PH_V4(0xc0000201), PH_V4(0xc0000201) },
		{ (ph_u128)0x20010db8 << 96, ((ph_u128)0x20010db8 << 96) + 1 },
	};
	struct ph_cond c = { .kind = PH_COND_RANGES, .dim = PH_SRC };
	struct ph_act a = { .kind = PH_ACT_ACCEPT };
	static const struct ph_dialect other = { .name = "other" };
	struct ph_hook *h;
	struct ph_buf b;

	(void)state;
	ph_ruleset_init(&rs, &other, NULL);
	h = ph_ruleset_hook(&mem, &rs);
	*h = (struct ph_hook){
		.point = PH_FORWARD, .families = PH_FAMILY_4 | PH_FAMILY_6,
		.policy = PH_ACT_DROP,
		.chain = ph_ruleset_chain(&mem, &rs, "t", "c", (struct ph_span){ 0 }),
	};
	c.ranges = ph_ranges_from(&mem, v, 2);
	*ph_chain_add(&mem, h->chain) = (struct ph_rule){
		.conds = &c, .n_conds = 1, .acts = &a, .n_acts = 1,
	};
	ph_buf_init(&b, &mem);
	assert_true(iptables()->emit(&mem, &diags, &rs, &b));
	assert_non_null(strstr(b.s, "-A FORWARD -s 192.0.2.1/32 -j ACCEPT\nCOMMIT"));
	assert_non_null(strstr(b.s, "-A FORWARD -s 2001:db8::/127 -j ACCEPT\nCOMMIT"));
	assert_null(strstr(b.s, "-A FORWARD -j ACCEPT"));
	ph_arena_fini(&mem);
}

static struct ph_requirement
media(struct ph_arena *mem)
{
	struct ph_requirement r = {
		.service = "s", .flow = "media", .purpose = "audio \"and\" video",
		.source = "a page", .group = "routers", .direction = PH_OUT,
		.proto = PH_UDP, .idle_s = 300,
	};

	r.ports = ph_ranges_one(mem, 50000, 65535);
	r.clients = ph_ranges_one(mem, PH_V4(0xc0000200), PH_V4(0xc00002ff));
	r.far = ph_ranges_one(mem, PH_V4(0xc6336400), PH_V4(0xc633640f));
	ph_requirement_seal(mem, &r);
	return r;
}

static const char before_fix[] =
    "*filter\n:FORWARD DROP [0:0]\n"
    "# a remark\n"
    "-A FORWARD  -p tcp -j ACCEPT\n"
    "-A FORWARD -s 192.0.2.0/24,10.0.0.0/8 -j REJECT\n"
    "COMMIT";

static void
test_a_fix_stands_before_the_line_in_the_way(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_requirement r = media(&mem);
	struct ph_fix_text t;
	struct ph_fix fix = { .kind = PH_FIX_PERMIT, .req = &r, .cube = r.may_cube };
	struct world w;

	(void)state;
	read_text(&w, before_fix);
	assert_true(w.ok);
	fix.chain = (struct ph_chain *)(uintptr_t)chain(&w, "FORWARD");
	fix.before = 2;			/* the second rule of the list's line */
	ph_buf_init(&t.commands, &mem);
	ph_buf_init(&t.rollback, &mem);
	ph_buf_init(&t.text, &mem);
	assert_true(iptables()->fix(&mem, &w.diags, &w.rs, &fix, 1, &t));
	assert_memory_equal(t.commands.s, "iptables -I FORWARD 2 -s 192.0.2.0/24 ", 38);
	assert_string_equal(t.rollback.s, "iptables -D FORWARD 2\n");
	assert_string_equal(t.text.s, "*filter\n:FORWARD DROP [0:0]\n# a remark\n"
	    "-A FORWARD  -p tcp -j ACCEPT\n"
	    "-A FORWARD -s 192.0.2.0/24 -d 198.51.100.0/28 -p udp -m udp --dport "
	    "50000:65535 -m comment --comment \"s/media: audio  and  video (a page)\" "
	    "-j ACCEPT\n-A FORWARD -s 192.0.2.0/24,10.0.0.0/8 -j REJECT\nCOMMIT\n");
	ph_arena_fini(&w.mem);
	ph_arena_fini(&mem);
}

static void
test_a_longer_timer_brings_its_policy(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_requirement r = media(&mem);
	struct ph_fix_text t;
	struct ph_fix fix = {
		.kind = PH_FIX_TIMER, .req = &r, .cube = r.may_cube, .idle_s = 300,
	};
	struct world w, again;
	const struct ph_rule *rule;

	(void)state;
	read_text(&w, before_fix);
	ph_buf_init(&t.commands, &mem);
	ph_buf_init(&t.rollback, &mem);
	ph_buf_init(&t.text, &mem);
	assert_true(iptables()->fix(&mem, &w.diags, &w.rs, &fix, 1, &t));
	read_text(&again, t.text.s);
	assert_true(again.ok);
	rule = &chain(&again, "PREROUTING")->rules[0];
	assert_int_equal(rule->acts[0].kind, PH_ACT_TIMEOUT);
	assert_int_equal(rule->acts[0].timeout->t[PH_TIMER_UDP].s, 300);
	assert_non_null(strstr(t.commands.s, "nfct add timeout ph-udp-300 inet udp"));
	assert_non_null(strstr(t.rollback.s, "nfct delete timeout ph-udp-300\n"));
	ph_arena_fini(&w.mem);
	ph_arena_fini(&again.mem);
	ph_arena_fini(&mem);
}

static void
test_a_plan_of_many_addresses_uses_sets(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_diags diags = { 0 };
	struct ph_requirement r = media(&mem);
	const struct ph_requirement *reqs[] = { &r };
	struct ph_plan plan = { .reqs = reqs, .n_reqs = 1 };
	struct ph_range v[40];
	struct ph_buf b;
	struct world w;

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		v[i].lo = v[i].hi = PH_V4(0xcb007100U + 2 * i);
	r.far = ph_ranges_from(&mem, v, 40);
	ph_requirement_seal(&mem, &r);
	ph_buf_init(&b, &mem);
	assert_true(iptables()->plan(&mem, &diags, &plan, &b));
	assert_non_null(strstr(b.s, "# ipset: create ph-routers-4 hash:net family inet\n"));
	read_text(&w, b.s);
	assert_true(w.ok);
	assert_int_equal(chain(&w, "PINHOLE")->n, 1);
	assert_true(ph_ranges_equal(cond(&chain(&w, "PINHOLE")->rules[0], PH_COND_RANGES,
	    PH_DST)->ranges, r.far));
	ph_arena_fini(&w.mem);
	ph_arena_fini(&mem);
}

static void
test_recognised_by_what_only_iptables_has(void **state)
{
	(void)state;
	assert_true(iptables()->recognise(PH_STR("# x\n*filter\n:INPUT DROP [0:0]\n")) > 80);
	assert_true(iptables()->recognise(PH_STR("#!/bin/sh\niptables -A INPUT\n")) > 70);
	assert_int_equal(iptables()->recognise(PH_STR("table inet x { }\n")), 0);
	assert_int_equal(iptables()->recognise(PH_STR("access-list a permit ip any\n")), 0);
	assert_int_equal(iptables()->recognise(PH_STR("")), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_table_hangs_where_the_kernel_hangs_it),
		cmocka_unit_test(test_the_other_family_is_unknown),
		cmocka_unit_test(test_linux_timers_are_defaults),
		cmocka_unit_test(test_conditions_have_their_dimensions),
		cmocka_unit_test(test_above_a_rate_is_the_negation),
		cmocka_unit_test(test_a_single_earlier_packet_is_not_known),
		cmocka_unit_test(test_the_narrowest_network_of_a_set_decides),
		cmocka_unit_test(test_members_of_several_parts_are_cubes),
		cmocka_unit_test(test_a_set_that_rules_change_is_not_known),
		cmocka_unit_test(test_commands_edit_like_an_array),
		cmocka_unit_test(test_chains_may_nest_deep),
		cmocka_unit_test(test_mixed_rules_are_split_by_family),
		cmocka_unit_test(test_a_fix_stands_before_the_line_in_the_way),
		cmocka_unit_test(test_a_longer_timer_brings_its_policy),
		cmocka_unit_test(test_a_plan_of_many_addresses_uses_sets),
		cmocka_unit_test(test_recognised_by_what_only_iptables_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
