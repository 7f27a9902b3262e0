/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dialect/macos/firewall.h"
#include "net/names.h"

#define VIDYO	"/Applications/Vidyo/Vidyo Desktop/VidyoDesktop"
#define ON	"Firewall is enabled. (State = 1)\n"
#define UNSIGNED "Automatically allow signed built-in software DISABLED.\n" \
		"Automatically allow downloaded signed software DISABLED.\n"
#define ALLOWED	"1 : " VIDYO ".app\n ( Allow incoming connections )\n"
#define BLOCKED	"1 : " VIDYO ".app\n ( Block incoming connections )\n"

struct mac {
	struct ph_arena mem;
	struct ph_diags diags;
	struct ph_src src;
	struct ph_ruleset rs;
};

static void
read_mac(struct mac *m, const char *text)
{
	*m = (struct mac){ 0 };
	m->src = (struct ph_src){ .name = "mac", .text = text,
		.len = (uint32_t)strlen(text) };
	assert_true(ph_dialect_macos.parse(&m->mem, &m->diags, &m->src, NULL, &m->rs));
}

enum verdict { IS_OPEN, IS_BLOCKED, IS_UNKNOWN };

static bool
holds(const struct ph_rule *r, const char *app, uint8_t proto, uint16_t port, bool *sure)
{
	for (uint16_t i = 0; i < r->n_conds; i++) {
		const struct ph_cond *c = &r->conds[i];

		assert_false(c->neg);
		if (c->kind == PH_COND_APP && app == NULL)
			*sure = false;
		else if (c->kind == PH_COND_APP && strcmp(c->text, app) != 0)
			return false;
		else if (c->kind == PH_COND_RANGES &&
		    !ph_ranges_has(c->ranges, c->dim == PH_PROTO ? proto : port))
			return false;
	}
	return true;
}

/*
 * The fate of a packet that comes in for ${app}, by hand: rules in order, and
 * "unknown" as soon as something is not sure.
 */
static enum verdict
ask(const struct mac *m, const char *app, uint8_t proto, uint16_t port)
{
	const struct ph_chain *c = m->rs.hooks[0].chain;

	assert_int_equal(m->rs.n_hooks, 1);
	assert_int_equal(m->rs.hooks[0].point, PH_INPUT);
	assert_true(m->rs.host_only && m->rs.stateful);
	if (m->rs.gaps != NULL)
		return IS_UNKNOWN;
	for (size_t i = 0; i < c->n; i++) {
		bool sure = true;

		if (!holds(&c->rules[i], app, proto, port, &sure))
			continue;
		assert_int_equal(c->rules[i].n_acts, 1);
		if (!sure || c->rules[i].acts[0].kind == PH_ACT_OPAQUE)
			return IS_UNKNOWN;
		return c->rules[i].acts[0].kind == PH_ACT_ACCEPT ? IS_OPEN : IS_BLOCKED;
	}
	return m->rs.hooks[0].policy == PH_ACT_ACCEPT ? IS_OPEN : IS_BLOCKED;
}

static const struct {
	const char *text, *app;
	uint8_t proto;
	uint16_t port;
	enum verdict verdict;
} cases[] = {
	{ "Firewall is disabled. (State = 0)\n" BLOCKED, VIDYO, PH_UDP, 50000, IS_OPEN },
	{ ON UNSIGNED ALLOWED, VIDYO, PH_UDP, 50000, IS_OPEN },
	{ ON UNSIGNED BLOCKED, VIDYO, PH_UDP, 50000, IS_BLOCKED },
	{ ON UNSIGNED ALLOWED, "/Applications/Other", PH_UDP, 50000, IS_BLOCKED },
	{ ON UNSIGNED, VIDYO, PH_TCP, 17990, IS_BLOCKED },
	{ ON UNSIGNED ALLOWED, NULL, PH_UDP, 50000, IS_UNKNOWN },
	{ ON UNSIGNED, NULL, PH_UDP, 50000, IS_BLOCKED },
	/* what is not said, or cannot be known, is not guessed */
	{ ON, VIDYO, PH_UDP, 50000, IS_UNKNOWN },
	{ ON ALLOWED, VIDYO, PH_UDP, 50000, IS_OPEN },
	{ ON BLOCKED, VIDYO, PH_UDP, 50000, IS_BLOCKED },
	{ "socketfilterfw --setglobalstate on\n" ALLOWED, VIDYO, PH_UDP, 50000, IS_UNKNOWN },
	{ "Block all DISABLED!\n" ALLOWED, VIDYO, PH_UDP, 50000, IS_OPEN },
	{ "Block all DISABLED!\n" BLOCKED, VIDYO, PH_UDP, 50000, IS_UNKNOWN },
	{ ON UNSIGNED ALLOWED "who knows\n", VIDYO, PH_UDP, 50000, IS_UNKNOWN },
	{ ON UNSIGNED "1 : " VIDYO "\n", VIDYO, PH_UDP, 50000, IS_UNKNOWN },
	{ ON UNSIGNED "Total number of apps = 2\n" ALLOWED, VIDYO, PH_UDP, 50000,
	  IS_UNKNOWN },
	{ ON UNSIGNED "socketfilterfw --unblockapp '" VIDYO "'\n", VIDYO, PH_UDP, 50000,
	  IS_UNKNOWN },
	{ ON UNSIGNED "socketfilterfw --add '" VIDYO "' --unblockapp '" VIDYO "'\n", VIDYO,
	  PH_UDP, 50000, IS_OPEN },
	{ ON UNSIGNED ALLOWED "socketfilterfw --remove '" VIDYO ".app'\n", VIDYO, PH_UDP,
	  50000, IS_BLOCKED },
	{ ON UNSIGNED ALLOWED "socketfilterfw --blockapp '" VIDYO ".app'\n", VIDYO, PH_UDP,
	  50000, IS_BLOCKED },
	{ ON UNSIGNED ALLOWED "socketfilterfw --setglobalstate off\n", "/x", PH_TCP, 22,
	  IS_OPEN },
	/* block all: also what is listed, but perhaps not what the system needs */
	{ "Firewall is enabled. (State = 2)\n" ALLOWED, VIDYO, PH_UDP, 50000, IS_BLOCKED },
	{ ON ALLOWED "Block all ENABLED!\n", VIDYO, PH_UDP, 50000, IS_BLOCKED },
	{ "Firewall is enabled. (State = 2)\n", NULL, PH_UDP, 5353, IS_UNKNOWN },
	/* echo requests and stealth mode */
	{ ON UNSIGNED "Stealth mode enabled\n", NULL, PH_ICMP, 8, IS_BLOCKED },
	{ ON UNSIGNED "Stealth mode disabled\n", NULL, PH_ICMP, 8, IS_OPEN },
	{ ON UNSIGNED, NULL, PH_ICMP, 8, IS_UNKNOWN },
};

static void
verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct mac m;
		enum verdict v;

		read_mac(&m, cases[i].text);
		v = ask(&m, cases[i].app, cases[i].proto, cases[i].port);
		if (v != cases[i].verdict)
			fail_msg("case %zu: verdict %d, not %d:\n%s", i, v,
			    cases[i].verdict, cases[i].text);
		ph_arena_fini(&m.mem);
	}
}

static const struct ph_requirement vidyo_in = {
	.service = "vidyoconnect", .flow = "media", .purpose = "audio and video",
	.source = "https://example.org/", .direction = PH_IN, .proto = PH_UDP, .app = VIDYO,
};
static const struct ph_requirement browser_in = {
	.service = "webrtc", .flow = "web", .purpose = "page",
	.source = "https://example.org/", .direction = PH_IN, .proto = PH_TCP,
};

/* A plan, read back, allows the program, whatever else may be set. */
static void
plan_proves(void **state)
{
	const struct ph_requirement *reqs[] = { &vidyo_in, &browser_in };
	const struct ph_plan plan = { .reqs = reqs, .n_reqs = 2 };
	struct ph_buf text;
	struct mac m, back;

	(void)state;
	read_mac(&m, "");
	ph_buf_init(&text, &m.mem);
	assert_true(ph_dialect_macos.plan(&m.mem, &m.diags, &plan, &text));
	assert_non_null(strstr(text.s, "--add '" VIDYO "'\n"));
	assert_non_null(strstr(text.s, "# vidyoconnect media udp in: audio and video"));
	assert_non_null(strstr(text.s, "--remove '" VIDYO "'\n"));
	assert_non_null(strstr(text.s, "# webrtc web tcp in: page"));
	read_mac(&back, text.s);
	assert_int_equal(back.diags.warnings, 0);
	assert_int_equal(ask(&back, VIDYO, PH_UDP, 50000), IS_OPEN);
	assert_int_equal(ask(&back, "/x", PH_UDP, 50000), IS_UNKNOWN);
	ph_arena_fini(&back.mem);
	ph_arena_fini(&m.mem);
}

static const struct {
	const char *text, *commands, *rollback;
} fixes[] = {
	{ ON UNSIGNED, "--add '" VIDYO "'", "--remove '" VIDYO "'" },
	{ ON UNSIGNED BLOCKED, "--unblockapp '" VIDYO ".app'",
	  "--blockapp '" VIDYO ".app'" },
	{ "Firewall is enabled. (State = 2)\n" ALLOWED, "--setblockall off",
	  "--setblockall on" },
};

static void
fix_proves(void **state)
{
	const struct ph_fix fix = { .kind = PH_FIX_PERMIT, .req = &vidyo_in };

	(void)state;
	for (size_t i = 0; i < sizeof(fixes) / sizeof(*fixes); i++) {
		struct ph_fix_text out;
		struct mac m, back;

		read_mac(&m, fixes[i].text);
		ph_buf_init(&out.commands, &m.mem);
		ph_buf_init(&out.rollback, &m.mem);
		ph_buf_init(&out.text, &m.mem);
		assert_true(ph_dialect_macos.fix(&m.mem, &m.diags, &m.rs, &fix, 1, &out));
		assert_non_null(strstr(out.commands.s, fixes[i].commands));
		assert_non_null(strstr(out.rollback.s, fixes[i].rollback));
		read_mac(&back, out.text.s);
		assert_int_equal(ask(&back, VIDYO, PH_UDP, 50000), IS_OPEN);
		ph_arena_fini(&back.mem);
		ph_arena_fini(&m.mem);
	}
}

static void
fix_needs_a_program(void **state)
{
	const struct ph_fix fix = { .kind = PH_FIX_PERMIT, .req = &browser_in };
	struct ph_fix_text out;
	struct mac m;

	(void)state;
	read_mac(&m, ON UNSIGNED);
	ph_buf_init(&out.commands, &m.mem);
	ph_buf_init(&out.rollback, &m.mem);
	ph_buf_init(&out.text, &m.mem);
	assert_false(ph_dialect_macos.fix(&m.mem, &m.diags, &m.rs, &fix, 1, &out));
	assert_string_equal(m.diags.first_error, "macos-no-app");
	ph_arena_fini(&m.mem);
}

/* What this firewall has no words for is refused, not left out. */
static void
has_no_words(void **state)
{
	const struct ph_fix fix = { .kind = PH_FIX_TIMER, .req = &browser_in };
	struct ph_ruleset other = { .dialect = NULL };
	struct ph_fix_text out;
	struct ph_buf text;
	struct mac m;

	(void)state;
	read_mac(&m, ON UNSIGNED);
	ph_buf_init(&out.commands, &m.mem);
	ph_buf_init(&out.rollback, &m.mem);
	ph_buf_init(&out.text, &m.mem);
	assert_false(ph_dialect_macos.fix(&m.mem, &m.diags, &m.rs, &fix, 1, &out));
	assert_string_equal(m.diags.first_error, "macos-no-such-thing");
	ph_arena_fini(&m.mem);

	read_mac(&m, ON UNSIGNED);
	ph_buf_init(&text, &m.mem);
	other.src = &m.src;
	assert_false(ph_dialect_macos.emit(&m.mem, &m.diags, &other, &text));
	assert_string_equal(m.diags.first_error, "macos-packets");
	ph_arena_fini(&m.mem);
}

static void
programs(void **state)
{
	static const char *const same[] = {
		"/A/B C", "/A/B C.app", "/A/B C.app/", "/A/B C.app/Contents/MacOS/B",
	};
	struct ph_arena mem = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		assert_string_equal(ph_macos_program(&mem, ph_str(same[i])), "/A/B C");
	assert_string_equal(ph_macos_program(&mem, PH_STR("/A.app/Contents/Library/B.app")),
	    "/A.app/Contents/Library/B");
	assert_string_equal(ph_macos_program(&mem, PH_STR("/")), "/");
	assert_string_equal(ph_macos_program(&mem, PH_STR("/.app")), "/");
	ph_arena_fini(&mem);
}

static void
recognised(void **state)
{
	(void)state;
	assert_in_range(ph_dialect_macos.recognise(PH_STR(ON)), 50, 100);
	assert_in_range(ph_dialect_macos.recognise(PH_STR(
	    "ALF: total number of apps = 0\n")), 50, 100);
	assert_int_equal(ph_dialect_macos.recognise(PH_STR(
	    "table inet filter { chain c { } }\n")), 0);
	assert_int_equal(ph_dialect_macos.recognise(PH_STR("")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(plan_proves),
		cmocka_unit_test(fix_proves),
		cmocka_unit_test(fix_needs_a_program),
		cmocka_unit_test(has_no_words),
		cmocka_unit_test(programs),
		cmocka_unit_test(recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
