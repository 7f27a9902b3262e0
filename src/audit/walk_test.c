/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/walk.h"
#include "net/names.h"

/*
 * Small firewalls built by hand; each test asks one question whose answer
 * follows from the kernel's documented behaviour.
 */
struct world {
	struct ph_arena mem;
	struct ph_ruleset rs;
	struct ph_chain *base;
};

static struct ph_cond
in_range(struct world *w, enum ph_dim d, ph_u128 lo, ph_u128 hi)
{
	return (struct ph_cond){
		.kind = PH_COND_RANGES, .dim = d,
		.ranges = ph_ranges_one(&w->mem, lo, hi),
	};
}

static struct ph_chain *
hook(struct world *w, enum ph_hook_point point, enum ph_hook_kind kind,
    int priority, enum ph_act_kind policy)
{
	struct ph_chain *c = ph_ruleset_chain(&w->mem, &w->rs, "t", "c",
	    (struct ph_span){ 0 });
	struct ph_hook *h = ph_ruleset_hook(&w->mem, &w->rs);

	*h = (struct ph_hook){
		.point = point, .kind = kind, .priority = priority,
		.families = PH_FAMILY_4 | PH_FAMILY_6, .chain = c, .policy = policy,
	};
	return c;
}

static void
setup(struct world *w, enum ph_act_kind policy)
{
	*w = (struct world){ 0 };
	ph_ruleset_init(&w->rs, NULL, NULL);
	w->base = hook(w, PH_FORWARD, PH_HOOK_FILTER, 0, policy);
}

static void
add(struct world *w, struct ph_chain *c, const struct ph_cond *conds, size_t n,
    struct ph_act act)
{
	struct ph_rule *r = ph_chain_add(&w->mem, c);
	struct ph_cond *v = ph_arena_array(&w->mem, n, sizeof(*v));
	struct ph_act *a = PH_NEW(&w->mem, struct ph_act);

	for (size_t i = 0; i < n; i++)
		v[i] = conds[i];
	*a = act;
	r->conds = v;
	r->n_conds = (uint16_t)n;
	r->acts = a;
	r->n_acts = 1;
}

static void
accept_established(struct world *w, struct ph_chain *c)
{
	struct ph_cond est = in_range(w, PH_STATE, PH_EST_ORIG, PH_REL_REPLY);

	add(w, c, &est, 1, (struct ph_act){ .kind = PH_ACT_ACCEPT });
}

/* 192.0.2.0/24 to 198.51.100.1, UDP, ports lo-hi. */
static struct ph_answer
ask(struct world *w, unsigned lo, unsigned hi)
{
	struct ph_question q = { .path = PH_PATH_THROUGH };
	struct ph_answer a = { 0 };

	q.cube.d[PH_SRC] = ph_ranges_one(&w->mem, PH_V4(0xc0000200), PH_V4(0xc00002ff));
	q.cube.d[PH_DST] = ph_ranges_one(&w->mem, PH_V4(0xc6336401), PH_V4(0xc6336401));
	q.cube.d[PH_PROTO] = ph_ranges_one(&w->mem, PH_UDP, PH_UDP);
	q.cube.d[PH_SPORT] = ph_ranges_one(&w->mem, 1024, 65535);
	q.cube.d[PH_DPORT] = ph_ranges_one(&w->mem, lo, hi);
	ph_walk(&w->mem, &w->rs, &q, &a);
	return a;
}

static void
test_policy(void **state)
{
	struct ph_answer a;
	struct world w;

	(void)state;
	setup(&w, PH_ACT_ACCEPT);
	a = ask(&w, 1, 2);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.parts[0].verdict, PH_OPEN);
	ph_arena_fini(&w.mem);
	setup(&w, PH_ACT_DROP);
	a = ask(&w, 1, 2);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.parts[0].verdict, PH_BLOCKED);
	assert_ptr_equal(a.parts[0].chain, w.base);
	ph_arena_fini(&w.mem);
}

static void
test_half_open_range(void **state)
{
	struct ph_cond c[2];
	struct ph_answer a;
	struct world w;
	int open = 0, shut = 0;

	(void)state;
	setup(&w, PH_ACT_DROP);
	accept_established(&w, w.base);
	c[0] = in_range(&w, PH_PROTO, PH_UDP, PH_UDP);
	c[1] = in_range(&w, PH_DPORT, 50000, 59999);
	add(&w, w.base, c, 2, (struct ph_act){ .kind = PH_ACT_ACCEPT });
	a = ask(&w, 50000, 65535);
	for (size_t i = 0; i < a.n; i++) {
		bool is_open = a.parts[i].verdict == PH_OPEN;

		open += is_open;
		shut += !is_open;
		assert_true(ph_ranges_hull(a.parts[i].cube.d[PH_DPORT]).lo ==
		    (is_open ? 50000 : 60000));
		assert_int_equal(a.parts[i].stage, is_open ? PH_STAGE_LATER : PH_STAGE_FIRST);
	}
	assert_int_equal(open, 1);
	assert_int_equal(shut, 1);
	ph_arena_fini(&w.mem);
}

static void
test_reply_needs_state(void **state)
{
	struct ph_cond src;
	struct ph_answer a;
	struct world w;

	(void)state;
	setup(&w, PH_ACT_DROP);
	src = in_range(&w, PH_SRC, PH_V4(0xc0000200), PH_V4(0xc00002ff));
	add(&w, w.base, &src, 1, (struct ph_act){ .kind = PH_ACT_ACCEPT });
	a = ask(&w, 1, 1);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.parts[0].verdict, PH_BLOCKED);
	assert_int_equal(a.parts[0].stage, PH_STAGE_REPLY);
	ph_arena_fini(&w.mem);
}

static void
test_notrack_loses_replies(void **state)
{
	struct ph_cond src;
	struct ph_chain *raw;
	struct ph_answer a;
	struct world w;

	(void)state;
	setup(&w, PH_ACT_DROP);
	accept_established(&w, w.base);
	src = in_range(&w, PH_SRC, PH_V4(0xc0000200), PH_V4(0xc00002ff));
	add(&w, w.base, &src, 1, (struct ph_act){ .kind = PH_ACT_ACCEPT });
	raw = hook(&w, PH_PREROUTING, PH_HOOK_FILTER, -300, PH_ACT_ACCEPT);
	add(&w, raw, NULL, 0, (struct ph_act){ .kind = PH_ACT_NOTRACK });
	a = ask(&w, 1, 1);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.parts[0].verdict, PH_BLOCKED);
	assert_int_equal(a.parts[0].stage, PH_STAGE_REPLY);
	assert_true(a.parts[0].untracked);
	ph_arena_fini(&w.mem);
}

static void
test_opaque_matters_only_where_it_can(void **state)
{
	struct ph_cond c[2];
	struct ph_answer a;
	struct world w;
	int unknown = 0, open = 0;

	(void)state;
	setup(&w, PH_ACT_ACCEPT);
	c[0] = in_range(&w, PH_DPORT, 10, 19);
	c[1] = (struct ph_cond){ .kind = PH_COND_OPAQUE, .text = "not understood" };
	add(&w, w.base, c, 2, (struct ph_act){ .kind = PH_ACT_DROP });
	add(&w, w.base, c + 1, 1, (struct ph_act){ .kind = PH_ACT_ACCEPT });
	a = ask(&w, 10, 29);
	for (size_t i = 0; i < a.n; i++) {
		bool doubtful = ph_ranges_hull(a.parts[i].cube.d[PH_DPORT]).hi <= 19;

		assert_int_equal(a.parts[i].verdict, doubtful ? PH_UNKNOWN : PH_OPEN);
		unknown += doubtful;
		open += !doubtful;
	}
	assert_true(unknown > 0);
	assert_true(open > 0);
	ph_arena_fini(&w.mem);
}

/* Forty rules that may or may not match: doubts must add, not multiply. */
static void
test_many_doubts(void **state)
{
	struct ph_cond c = { .kind = PH_COND_OPAQUE, .text = "not understood" };
	struct ph_chain *sub;
	struct ph_answer a;
	struct world w;

	(void)state;
	setup(&w, PH_ACT_DROP);
	sub = ph_ruleset_chain(&w.mem, &w.rs, "t", "sub", (struct ph_span){ 0 });
	add(&w, sub, &c, 1, (struct ph_act){ .kind = PH_ACT_ACCEPT });
	for (int i = 0; i < 40; i++)
		add(&w, w.base, &c, 1, (struct ph_act){ .kind = PH_ACT_JUMP, .chain = sub });
	a = ask(&w, 10, 29);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.parts[0].verdict, PH_UNKNOWN);
	assert_string_equal(a.parts[0].why, "not understood");
	ph_arena_fini(&w.mem);
}

static void
test_masquerade_hides_but_replies_come_back(void **state)
{
	struct ph_chain *nat;
	struct ph_cond src;
	struct ph_answer a;
	struct world w;

	(void)state;
	setup(&w, PH_ACT_DROP);
	accept_established(&w, w.base);
	src = in_range(&w, PH_SRC, PH_V4(0xc0000200), PH_V4(0xc00002ff));
	add(&w, w.base, &src, 1, (struct ph_act){ .kind = PH_ACT_ACCEPT });
	nat = hook(&w, PH_POSTROUTING, PH_HOOK_NAT, 100, PH_ACT_ACCEPT);
	add(&w, nat, NULL, 0, (struct ph_act){ .kind = PH_ACT_MASQUERADE });
	a = ask(&w, 1, 1);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.parts[0].verdict, PH_OPEN);
	ph_arena_fini(&w.mem);
}

static void
test_mark_decides(void **state)
{
	struct ph_cond port, mark;
	struct ph_chain *pre;
	struct ph_answer a;
	struct world w;
	size_t open = 0;

	(void)state;
	setup(&w, PH_ACT_DROP);
	accept_established(&w, w.base);
	pre = hook(&w, PH_PREROUTING, PH_HOOK_FILTER, -150, PH_ACT_ACCEPT);
	port = in_range(&w, PH_DPORT, 5, 5);
	add(&w, pre, &port, 1, (struct ph_act){
		.kind = PH_ACT_MARK, .mark = { UINT32_MAX, 7 } });
	mark = in_range(&w, PH_MARK, 7, 7);
	add(&w, w.base, &mark, 1, (struct ph_act){ .kind = PH_ACT_ACCEPT });
	a = ask(&w, 1, 10);
	for (size_t i = 0; i < a.n; i++) {
		struct ph_range ports = ph_ranges_hull(a.parts[i].cube.d[PH_DPORT]);
		bool five = ports.lo == 5 && ports.hi == 5;

		assert_int_equal(a.parts[i].verdict, five ? PH_OPEN : PH_BLOCKED);
		open += five;
	}
	assert_int_equal(open, 1);
	ph_arena_fini(&w.mem);
}

/* Of templates the first stays, of what is set later the last: seen in the kernel. */
static void
test_whose_timeout(void **state)
{
	static const struct ph_timeout t[4];
	static const struct { bool tmpl[2]; bool notrack; int wins; } rows[] = {
		{ { true, true }, false, 0 },
		{ { false, false }, false, 3 },
		{ { true, false }, false, 3 },
		{ { true, true }, true, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ph_chain *early, *late;
		struct ph_answer a;
		struct world w;

		setup(&w, PH_ACT_ACCEPT);
		early = hook(&w, PH_PREROUTING, PH_HOOK_FILTER, -300, PH_ACT_ACCEPT);
		late = hook(&w, PH_PREROUTING, PH_HOOK_FILTER, -150, PH_ACT_ACCEPT);
		for (int k = 0; k < 4; k++)
			add(&w, k < 2 ? early : late, NULL, 0, (struct ph_act){
			    .kind = PH_ACT_TIMEOUT, .tmpl = rows[i].tmpl[k / 2],
			    .timeout = &t[k] });
		if (rows[i].notrack)
			add(&w, early, NULL, 0, (struct ph_act){ .kind = PH_ACT_NOTRACK });
		a = ask(&w, 1, 1);
		assert_int_equal(a.n, 1);
		assert_int_equal(a.parts[0].verdict, PH_OPEN);
		assert_false(a.parts[0].untracked);
		assert_ptr_equal(a.parts[0].timeout, &t[rows[i].wins]);
		ph_arena_fini(&w.mem);
	}
}

/* A question about a program of user 0, or a packet that goes through. */
static struct ph_answer
ask_user(struct world *w, enum ph_path path, uint8_t proto)
{
	struct ph_question q = { .path = path };
	struct ph_answer a = { 0 };

	q.cube.d[PH_SRC] = ph_ranges_one(&w->mem, PH_V4(0xc0000201), PH_V4(0xc0000201));
	q.cube.d[PH_DST] = ph_ranges_one(&w->mem, PH_V4(0xc6336401), PH_V4(0xc6336401));
	q.cube.d[PH_PROTO] = ph_ranges_one(&w->mem, proto, proto);
	q.cube.d[PH_SPORT] = ph_ranges_one(&w->mem, 0, proto == PH_ICMP ? 0 : 9);
	q.cube.d[PH_DPORT] = ph_ranges_one(&w->mem, 8, 8);
	q.uid = ph_ranges_one(&w->mem, 0, 0);
	ph_walk(&w->mem, &w->rs, &q, &a);
	return a;
}

/* Whose packet, as the kernel sees it: one rule that drops, in one base chain. */
static void
test_whose_packet(void **state)
{
	static const struct {
		enum ph_hook_point point;
		enum ph_path path;
		uint8_t proto;
		bool neg, nobody;
		unsigned uid;
		enum ph_verdict is;
	} rows[] = {
		{ PH_POSTROUTING, PH_PATH_THROUGH, PH_UDP, false, false, 0, PH_OPEN },
		{ PH_POSTROUTING, PH_PATH_THROUGH, PH_UDP, true, false, 0, PH_OPEN },
		{ PH_POSTROUTING, PH_PATH_THROUGH, PH_UDP, true, true, 0, PH_BLOCKED },
		{ PH_OUTPUT, PH_PATH_FROM, PH_UDP, false, false, 0, PH_BLOCKED },
		{ PH_OUTPUT, PH_PATH_FROM, PH_UDP, true, true, 0, PH_OPEN },
		{ PH_OUTPUT, PH_PATH_FROM, PH_UDP, true, true, 1, PH_BLOCKED },
		{ PH_OUTPUT, PH_PATH_TO, PH_TCP, false, false, 0, PH_BLOCKED },
		{ PH_OUTPUT, PH_PATH_TO, PH_ICMP, false, false, 0, PH_UNKNOWN },
		{ PH_INPUT, PH_PATH_FROM, PH_TCP, false, false, 0, PH_UNKNOWN },
		{ PH_INPUT, PH_PATH_TO, PH_TCP, false, false, 0, PH_UNKNOWN },
		{ PH_INPUT, PH_PATH_TO, PH_TCP, true, true, 0, PH_BLOCKED },
		{ PH_PREROUTING, PH_PATH_TO, PH_TCP, false, false, 0, PH_OPEN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ph_cond c = { .kind = PH_COND_UID, .neg = rows[i].neg,
			.nobody = rows[i].nobody };
		struct ph_answer a;
		struct world w;

		setup(&w, PH_ACT_ACCEPT);
		c.ranges = ph_ranges_one(&w.mem, rows[i].uid, rows[i].uid);
		add(&w, hook(&w, rows[i].point, PH_HOOK_FILTER, 0, PH_ACT_ACCEPT), &c, 1,
		    (struct ph_act){ .kind = PH_ACT_DROP });
		a = ask_user(&w, rows[i].path, rows[i].proto);
		for (size_t k = 0; k < a.n; k++)
			assert_int_equal(a.parts[k].verdict, rows[i].is);
		assert_true(a.n > 0);
		ph_arena_fini(&w.mem);
	}
}

/* What a rule may do that was not understood: to the mark, and by translation. */
static void
test_opaque_does_more(void **state)
{
	struct ph_cond mark;
	struct ph_answer a;
	struct world w;

	(void)state;
	setup(&w, PH_ACT_DROP);
	add(&w, hook(&w, PH_PREROUTING, PH_HOOK_NAT, -100, PH_ACT_ACCEPT), NULL, 0,
	    (struct ph_act){ .kind = PH_ACT_OPAQUE, .text = "x" });
	a = ask(&w, 1, 1);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.parts[0].verdict, PH_UNKNOWN);
	ph_arena_fini(&w.mem);

	setup(&w, PH_ACT_DROP);
	mark = in_range(&w, PH_MARK, 7, 7);
	add(&w, hook(&w, PH_FORWARD, PH_HOOK_FILTER, -1, PH_ACT_ACCEPT), NULL, 0,
	    (struct ph_act){ .kind = PH_ACT_OPAQUE, .text = "x" });
	add(&w, w.base, &mark, 1, (struct ph_act){ .kind = PH_ACT_ACCEPT });
	a = ask(&w, 1, 1);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.parts[0].verdict, PH_UNKNOWN);
	ph_arena_fini(&w.mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whose_timeout),
		cmocka_unit_test(test_whose_packet),
		cmocka_unit_test(test_opaque_does_more),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_half_open_range),
		cmocka_unit_test(test_reply_needs_state),
		cmocka_unit_test(test_notrack_loses_replies),
		cmocka_unit_test(test_opaque_matters_only_where_it_can),
		cmocka_unit_test(test_many_doubts),
		cmocka_unit_test(test_masquerade_hides_but_replies_come_back),
		cmocka_unit_test(test_mark_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
