/* SPDX-License-Identifier: ISC */
/*
 * What the goldens cannot show: included files, places of rules, plans and fixes
 * from structures, and the reference itself as a judge of what is read and written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "dialect/dialect.h"
#include "net/names.h"

static struct ph_arena mem;

static const struct ph_dialect *
nft(void)
{
	return ph_dialect_find("nftables");
}

/* Read a text; the id of its first error, NULL when it has none. */
static const char *
read_with(const char *text, const struct ph_parse_opts *opts, struct ph_ruleset *rs,
    struct ph_diags *d)
{
	struct ph_src *src = PH_NEW(&mem, struct ph_src);
	bool ok;

	*src = (struct ph_src){ .name = "test", .text = text, .len = (uint32_t)strlen(text) };
	*d = (struct ph_diags){ 0 };
	ok = nft()->parse(&mem, d, src, opts, rs);
	assert_true(ok == (d->first_error == NULL));
	return d->first_error;
}

static void
read_ok(const char *text, struct ph_ruleset *rs)
{
	const struct ph_parse_opts none = { 0 };
	struct ph_diags d;

	assert_null(read_with(text, &none, rs, &d));
}

static const char *
written(const struct ph_ruleset *rs)
{
	struct ph_diags d = { 0 };
	struct ph_buf b;

	ph_buf_init(&b, &mem);
	assert_true(nft()->emit(&mem, &d, rs, &b));
	return b.s;
}

static void
recognises_its_language(void **state)
{
	static const struct { const char *text; int least, most; } t[] = {
		{ "table inet fw4\nflush table inet fw4\n", 100, 100 },
		{ "#!/usr/sbin/nft -f\n", 100, 100 },
		{ "\tadd rule inet t c accept\n", 90, 100 },
		{ "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", 0, 0 },
		{ "access-list out extended permit ip any any\n", 0, 0 },
		{ "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		int score = nft()->recognise(ph_str(t[i].text));

		assert_in_range(score, t[i].least, t[i].most);
	}
}

/* Two files that can be opened: one is fine, one includes itself. */
static struct ph_src *
open_one(void *arg, const char *path, struct ph_span at)
{
	struct ph_src *src = PH_NEW(&mem, struct ph_src);
	const char *text = strcmp(path, "./rules") == 0 ? "tcp dport 22 accept\n" :
	    strcmp(path, "./self") == 0 ? "include \"./self\"\n" : NULL;

	(void)arg;
	(void)at;
	if (text == NULL)
		return NULL;
	*src = (struct ph_src){ .name = path, .text = text, .len = (uint32_t)strlen(text) };
	return src;
}

static void
glob_rules(void *arg, const char *pattern, struct ph_span at,
    void (*each)(void *, const char *), void *each_arg)
{
	(void)arg;
	(void)at;
	if (strcmp(pattern, "./r*") == 0)
		each(each_arg, "./rules");
}

static void
includes_files(void **state)
{
	static const struct {
		const char *path, *error;
		unsigned warnings;
		bool gap;
		size_t rules;
	} t[] = {
		{ "./rules", NULL, 0, false, 2 },
		{ "./r*", NULL, 0, false, 2 },
		{ "/none/*.nft", NULL, 0, false, 1 },
		{ "./missing", NULL, 1, true, 1 },
		{ "./self", "include-cycle", 0, false, 1 },
	};
	const struct ph_parse_opts opts = { .open = open_one, .glob = glob_rules }, none = { 0 };
	struct ph_ruleset rs;
	struct ph_diags d;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		const char *text = ph_arena_printf(&mem, "table inet t {\n\tchain c {\n"
		    "\t\tinclude \"%s\"\n\t\tdrop\n\t}\n}\n", t[i].path);
		const char *error = read_with(text, &opts, &rs, &d);

		assert_true(error == t[i].error || strcmp(error, t[i].error) == 0);
		assert_int_equal(d.warnings, t[i].warnings);
		assert_int_equal(rs.gaps != NULL, t[i].gap);
		assert_int_equal(rs.chains->n, t[i].rules);
		assert_null(read_with(text, &none, &rs, &d));	/* nobody to open it */
		assert_non_null(rs.gaps);
	}
}

/* A rule's span is its text; an element's of a verdict map is the element. */
static void
knows_places(void **state)
{
	static const char text[] = "table ip t {\n\tchain c {\n"
	    "\t\ttcp dport 22 accept comment \"x\"\n"
	    "\t\tudp dport vmap { 1 : accept, 2-3 : drop }\n\t}\n}\n";
	static const char *const want[] = {
		"tcp dport 22 accept comment \"x\"", "1 : accept", "2-3 : drop",
	};
	struct ph_ruleset rs;

	(void)state;
	read_ok(text, &rs);
	assert_int_equal(rs.chains->n, 3);
	for (size_t i = 0; i < 3; i++) {
		struct ph_span at = rs.chains->rules[i].at;

		assert_int_equal(at.len, strlen(want[i]));
		assert_memory_equal(text + at.off, want[i], at.len);
	}
	assert_string_equal(rs.chains->rules[0].comment, "x");
	assert_string_equal(rs.chains->table, "ip t");
}

/* Base chains, timers and interfaces as the audit needs them. */
static void
knows_hooks(void **state)
{
	struct ph_ruleset rs;

	(void)state;
	read_ok("table ip6 t {\n\tchain f {\n"
	    "\t\ttype filter hook forward priority mangle + 5; policy drop\n"
	    "\t\tiifname \"lan0\" oifname \"ppp*\" accept\n\t}\n"
	    "\tchain n {\n\t\ttype nat hook postrouting priority srcnat\n\t}\n}\n"
	    "table ip d {\n\tflags dormant\n\tchain f {\n"
	    "\t\ttype filter hook forward priority 0; policy drop\n\t}\n}\n", &rs);
	assert_int_equal(rs.n_hooks, 2);
	assert_int_equal(rs.hooks[0].point, PH_FORWARD);
	assert_int_equal(rs.hooks[0].priority, -145);
	assert_int_equal(rs.hooks[0].families, PH_FAMILY_6);
	assert_int_equal(rs.hooks[0].policy, PH_ACT_DROP);
	assert_int_equal(rs.hooks[1].kind, PH_HOOK_NAT);
	assert_int_equal(rs.hooks[1].policy, PH_ACT_ACCEPT);
	assert_int_equal(rs.timers->t[PH_TIMER_UDP].s, 120);
	assert_true(rs.timers->t[PH_TIMER_UDP].is_default);
	assert_string_equal(rs.ifaces->name, "lan0");
	assert_null(rs.ifaces->next);
}

static struct ph_requirement
media(enum ph_direction dir)
{
	struct ph_requirement r = {
		.service = "s", .flow = "media", .purpose = "sound \"and\" picture",
		.source = "https://example.org/page", .direction = dir, .idle_s = 300,
		.group = "routers", .proto = PH_UDP,
		.ports = ph_ranges_one(&mem, 50000, 65535),
		.clients = ph_ranges_one(&mem, PH_V4(0xc0000200), PH_V4(0xc00002ff)),
		.far = ph_ranges_one(&mem, PH_V4(0xc6336400), PH_V4(0xc633640f)),
	};

	ph_requirement_seal(&mem, &r);
	return r;
}

/* A plan reads back, and its rules are the requirements. */
static void
plans(void **state)
{
	struct ph_requirement out = media(PH_OUT), in = media(PH_IN);
	const struct ph_requirement *reqs[] = { &out, &in };
	struct ph_plan plan = { .reqs = reqs, .n_reqs = 2 };
	struct ph_diags d = { 0 };
	struct ph_ruleset rs;
	struct ph_buf b;
	const char *text;

	(void)state;
	for (int host = 0; host < 2; host++) {
		plan.host = host;
		ph_buf_init(&b, &mem);
		assert_true(nft()->plan(&mem, &d, &plan, &b));
		read_ok(b.s, &rs);
		assert_int_equal(rs.n_hooks, host ? 4 : 2);
		text = written(&rs);
		assert_non_null(strstr(text, "ip saddr 192.0.2.0/24 ip daddr 198.51.100.0/28 "
		    "udp dport 50000-65535 accept comment "
		    "\"s/media: sound 'and' picture (example.org)\""));
		assert_non_null(strstr(text, "ip saddr 198.51.100.0/28 ip daddr 192.0.2.0/24 "
		    "udp dport 50000-65535 ct timeout set \"idle_udp_300_v4\""));
		assert_non_null(strstr(text, "policy drop"));
	}
}

static void
fixed(const char *before, struct ph_fix *x, const char *after, const char *command)
{
	struct ph_ruleset rs, again;
	struct ph_diags d = { 0 };
	struct ph_fix_text out;

	read_ok(before, &rs);
	x->chain = rs.chains;
	if (x->cause.len > 0)
		x->cause = rs.chains->rules[x->cause.off].acts[0].at;
	ph_buf_init(&out.commands, &mem);
	ph_buf_init(&out.rollback, &mem);
	ph_buf_init(&out.text, &mem);
	assert_true(nft()->fix(&mem, &d, &rs, x, 1, &out));
	assert_string_equal(out.text.s, after);
	assert_non_null(strstr(out.commands.s, command));
	assert_true(out.rollback.len > 0);
	read_ok(out.text.s, &again);
}

/* An opening stands before the line in its way, or last; nothing else changes. */
static void
fixes_openings(void **state)
{
	static const char rule[] = "ip saddr 192.0.2.0/24 ip daddr 198.51.100.0/28 "
	    "udp dport 50000-65535 accept comment \"s/media: sound `and` picture (example.org)\"";
	struct ph_requirement r = media(PH_OUT);
	struct ph_fix x = { .kind = PH_FIX_PERMIT, .req = &r, .cube = r.may_cube, .before = 1 };

	(void)state;
	fixed("table inet t { # odd  spacing\n chain c {\n   ct state new\n   drop # why\n }\n}\n",
	    &x, ph_arena_printf(&mem, "table inet t { # odd  spacing\n chain c {\n"
	    "   ct state new\n   %s\n   drop # why\n }\n}\n", rule),
	    "nft 'insert rule inet t c index 1 ip saddr");
	x.before = 1;
	fixed("table inet t {\n\tchain c {\n\t\tct state new\n\t}\n}\n", &x,
	    ph_arena_printf(&mem, "table inet t {\n\tchain c {\n\t\tct state new\n\t\t%s\n\t}\n}\n",
	    rule), "nft 'add rule inet t c ip saddr");
	fixed("add table inet t\nadd chain inet t c\nadd rule inet t c ct state new\n"
	    "add rule inet t c drop", &x, ph_arena_printf(&mem, "add table inet t\n"
	    "add chain inet t c\nadd rule inet t c ct state new\nadd rule inet t c drop\n"
	    "insert rule inet t c index 1 %s\n", rule), "index 1");
}

static void
fixes_timers_and_tracking(void **state)
{
	static const char before[] = "table inet t {\n\tchain c {\n"
	    "\t\tudp dport 1-9 notrack\n\t}\n}\n";
	struct ph_requirement r = media(PH_OUT);
	struct ph_fix timer = {
		.kind = PH_FIX_TIMER, .req = &r, .cube = r.may_cube, .idle_s = 300,
	};
	struct ph_fix track = {
		.kind = PH_FIX_TRACK, .req = &r, .cube = r.may_cube, .cause = { .len = 1 },
	};
	static const char c[] = "comment \"s/media: sound `and` picture (example.org)\"";

	(void)state;
	fixed(before, &timer, ph_arena_printf(&mem, "%s"
	    "table inet pinhole_timers {\n\tct timeout idle_udp_300_v4 {\n\t\tprotocol udp;\n"
	    "\t\tl3proto ip;\n\t\tpolicy = { unreplied : 60, replied : 300 }\n\t}\n%s%s}\n", before,
	    "\tchain prerouting {\n"
	    "\t\ttype filter hook prerouting priority mangle + 5; policy accept;\n"
	    "\t\tip saddr 192.0.2.0/24 ip daddr 198.51.100.0/28 udp dport 50000-65535 "
	    "ct timeout set \"idle_udp_300_v4\"\n\t}\n",
	    "\tchain output {\n"
	    "\t\ttype filter hook output priority mangle + 5; policy accept;\n"
	    "\t\tip saddr 192.0.2.0/24 ip daddr 198.51.100.0/28 udp dport 50000-65535 "
	    "ct timeout set \"idle_udp_300_v4\"\n\t}\n"), "nft -f - <<'END'");
	fixed(before, &track, ph_arena_printf(&mem, "table inet t {\n\tchain c_but_1 {\n"
	    "\t\tip saddr 192.0.2.0/24 ip daddr 198.51.100.0/28 udp dport 50000-65535 return %s\n"
	    "\t\tip saddr 198.51.100.0/28 ip daddr 192.0.2.0/24 udp sport 50000-65535 return %s\n"
	    "\t\tudp dport 1-9 notrack\n\t}\n\n\tchain c {\n\t\tjump c_but_1\n\t}\n}\n", c, c),
	    "jump c_but_1");
}

/* ---- the reference as judge ------------------------------------------- */

static uint64_t seed;

static unsigned
roll(unsigned n)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(seed >> 33) % n;
}

#define PICK(v) ((v)[roll(sizeof(v) / sizeof(*(v)))])

/* One random rule, in words that the reference takes. */
static void
random_rule(struct ph_buf *b)
{
	static const char *const not[] = { "", "", "!= " };
	static const char *const net[] = {
		"10.0.0.1", "10.1.0.0/16", "{ 10.0.0.1, 10.2.0.0-10.2.0.9 }",
		"192.0.2.5-192.0.2.77",
	};
	static const char *const ports[] = {
		"80", "1-1023", "{ 1, 5-9, 50000-65535 }", "{ 53, 3478 }",
	};
	static const char *const flags[] = {
		"syn", "syn,ack", "& (fin | syn | rst | ack) == syn", "! fin", "== ack",
		"& (syn | ack) != (syn | ack)",
	};
	static const char *const state[] = {
		"new", "established,related", "!= invalid", "{ new, untracked }",
	};
	static const char *const more[] = {
		"", "", "", "meta mark & 0xff == 0x10", "ct mark != 5", "iifname { \"a\", \"b*\" }",
		"oifname != \"ppp*\"", "ct direction reply", "ct status dnat",
		"fib daddr type local", "meta skuid { 1, 5-9 }",
		"ip saddr . tcp dport { 10.0.0.1 . 80, 10.3.0.0/24 . 90-99 }",
		"ct status & (snat | dnat) == snat", "ct original ip daddr 10.0.0.0/8",
	};
	static const char *const act[] = {
		"accept", "drop", "jump u", "return", "meta mark set meta mark | 0x10",
		"ct mark set meta mark", "limit rate 5/second accept",
		"counter log prefix \"x\" drop",
	};
	unsigned proto = roll(4);

	ph_buf_puts(b, "\t\t");
	if (roll(2))
		ph_buf_printf(b, "ip saddr %s%s ", PICK(not), PICK(net));
	if (roll(2))
		ph_buf_printf(b, "ip daddr %s%s ", PICK(not), PICK(net));
	if (proto < 2 && roll(2))
		ph_buf_printf(b, "%s sport %s%s ", proto ? "tcp" : "udp", PICK(not), PICK(ports));
	if (proto < 2)
		ph_buf_printf(b, "%s dport %s%s ", proto ? "tcp" : "udp", PICK(not), PICK(ports));
	if (proto == 1 && roll(2))
		ph_buf_printf(b, "tcp flags %s ", PICK(flags));
	if (proto == 2)
		ph_buf_printf(b, "meta l4proto { tcp, udp } th dport %s%s ", PICK(not),
		    PICK(ports));
	if (roll(3) == 0)
		ph_buf_printf(b, "ct state %s ", PICK(state));
	ph_buf_printf(b, "%s %s\n", proto == 1 ? PICK(more) : "", PICK(act));
}

/* What the reference lists after loading ${text}; NULL when it cannot be asked. */
static const char *
listed(const char *text)
{
	char path[] = "/tmp/pinhole-nft-XXXXXX", line[4096];
	int fd = mkstemp(path);
	struct ph_buf b;
	FILE *f;

	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	fputs(text, f);
	fclose(f);
	ph_buf_init(&b, &mem);
	f = popen(ph_arena_printf(&mem, "timeout 20 unshare -rn sh -c "
	    "'nft -f %s && nft list ruleset' 2>&1", path), "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		ph_buf_puts(&b, line);
	if (f == NULL || pclose(f) != 0) {
		print_message("%s", b.s);
		b.s = NULL;
	}
	remove(path);
	return b.s;
}

/*
 * Random rules, read and written, are loaded; what the kernel then lists reads as
 * the same text.
 */
static void
agrees_with_the_reference(void **state)
{
	const char *env = getenv("PH_SEED"), *one, *list;
	struct ph_ruleset rs;
	struct ph_buf b;

	(void)state;
	seed = env != NULL ? strtoull(env, NULL, 10) : (uint64_t)time(NULL);
	print_message("# PH_SEED=%llu\n", (unsigned long long)seed);
	if (system("unshare -rn nft list ruleset >/dev/null 2>&1") != 0) {
		print_message("# no nft, or no namespaces: skipped\n");
		skip();
	}
	for (int round = 0; round < 5; round++) {
		ph_buf_init(&b, &mem);
		ph_buf_puts(&b, "table inet t {\n\tchain u {\n\t}\n\n\tchain c {\n"
		    "\t\ttype filter hook forward priority filter; policy drop;\n");
		for (int i = 0; i < 60; i++)
			random_rule(&b);
		ph_buf_puts(&b, "\t}\n}\n");
		read_ok(b.s, &rs);
		one = written(&rs);
		list = listed(one);
		assert_non_null(list);
		read_ok(list, &rs);
		assert_string_equal(written(&rs), one);
	}
}

static int
release(void **state)
{
	(void)state;
	ph_arena_fini(&mem);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(recognises_its_language, release),
		cmocka_unit_test_teardown(includes_files, release),
		cmocka_unit_test_teardown(knows_places, release),
		cmocka_unit_test_teardown(knows_hooks, release),
		cmocka_unit_test_teardown(plans, release),
		cmocka_unit_test_teardown(fixes_openings, release),
		cmocka_unit_test_teardown(fixes_timers_and_tracking, release),
		cmocka_unit_test_teardown(agrees_with_the_reference, release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
