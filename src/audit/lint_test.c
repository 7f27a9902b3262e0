/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/audit.h"
#include "net/names.h"

/*
 * Chains built by hand with known findings, and a slow, obvious twin: every
 * packet of a small universe is led through random chains, and a rule that none
 * of them ever matches must be reported, and no other.
 */
static const char text[4096];		/* so that rules have places */
static struct ph_src src = { .name = "t", .text = text, .len = sizeof(text) };

struct world {
	struct ph_arena mem;
	struct ph_ruleset rs;
	struct ph_chain *base;
	struct ph_finding *f;
	size_t n;
};

static struct ph_chain *
chain(struct world *w, const char *name)
{
	return ph_ruleset_chain(&w->mem, &w->rs, "t", name, (struct ph_span){ &src, 0, 1 });
}

static struct ph_hook *
hook(struct world *w, struct ph_chain *c, unsigned families, enum ph_act_kind policy)
{
	struct ph_hook *h = ph_ruleset_hook(&w->mem, &w->rs);

	*h = (struct ph_hook){ .point = PH_FORWARD, .families = families, .chain = c,
		.policy = policy };
	return h;
}

static void
setup(struct world *w)
{
	*w = (struct world){ 0 };
	ph_ruleset_init(&w->rs, NULL, &src);
	w->base = chain(w, "base");
	hook(w, w->base, PH_FAMILY_4 | PH_FAMILY_6, PH_ACT_DROP);
}

/* A rule on line ${c}->n + 1, which takes ten bytes. */
static struct ph_rule *
rule(struct world *w, struct ph_chain *c, enum ph_act_kind kind)
{
	struct ph_rule *r = ph_chain_add(&w->mem, c);
	struct ph_act *a = PH_NEW(&w->mem, struct ph_act);

	a->kind = kind;
	r->at = (struct ph_span){ &src, (uint32_t)(c->n * 10), 9 };
	r->acts = a;
	r->n_acts = 1;
	return r;
}

static struct ph_cond *
cond_add(struct world *w, struct ph_rule *r, enum ph_cond_kind kind)
{
	struct ph_cond *v = ph_arena_array(&w->mem, r->n_conds + 1U, sizeof(*v));

	if (r->n_conds > 0)
		memcpy(v, r->conds, r->n_conds * sizeof(*v));
	v[r->n_conds].kind = kind;
	r->conds = v;
	return &v[r->n_conds++];
}

static void
in_range(struct world *w, struct ph_rule *r, enum ph_dim d, ph_u128 lo, ph_u128 hi)
{
	struct ph_cond *c = cond_add(w, r, PH_COND_RANGES);

	c->dim = d;
	c->ranges = ph_ranges_one(&w->mem, lo, hi);
}

/* udp or tcp to ports lo-hi */
static struct ph_rule *
ports(struct world *w, enum ph_act_kind kind, unsigned proto, unsigned lo, unsigned hi)
{
	struct ph_rule *r = rule(w, w->base, kind);

	in_range(w, r, PH_PROTO, proto, proto);
	in_range(w, r, PH_DPORT, lo, hi);
	return r;
}

static void
lint_with(struct world *w, const struct ph_requirement *const *reqs, size_t n)
{
	ph_lint_run(&w->mem, &w->rs, reqs, n, &w->f, &w->n);
}

/* Without what only says that a rule could be left out, which has its own tests. */
static void
lint(struct world *w)
{
	size_t n = 0;

	lint_with(w, NULL, 0);
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->f[i].id, "redundant-rule") != 0)
			w->f[n++] = w->f[i];
	w->n = n;
}

static void
assert_finding(const struct world *w, size_t i, const char *id, unsigned line)
{
	assert_true(i < w->n);
	assert_string_equal(w->f[i].id, id);
	assert_int_equal(w->f[i].at.off, line * 10);
	assert_non_null(w->f[i].message);
}

static void
assert_others(const struct world *w, size_t i, size_t n, const unsigned *lines)
{
	assert_int_equal(w->f[i].n_others, n);
	for (size_t k = 0; k < n; k++)
		assert_int_equal(w->f[i].others[k].off, lines[k] * 10);
}

static void
test_covered_by_one(void **state)
{
	struct world w;

	(void)state;
	setup(&w);
	ports(&w, PH_ACT_ACCEPT, PH_UDP, 1, 9);
	ports(&w, PH_ACT_DROP, PH_UDP, 5000, 6000);
	ports(&w, PH_ACT_ACCEPT, PH_UDP, 5004, 5005);
	ports(&w, PH_ACT_DROP, PH_UDP, 5006, 5007);
	ports(&w, PH_ACT_ACCEPT, PH_UDP, 5999, 6001);
	lint(&w);
	assert_int_equal(w.n, 2);
	assert_finding(&w, 0, "dead-rule", 3);
	assert_others(&w, 0, 1, (unsigned[]){ 2 });
	assert_int_equal(w.f[0].severity, PH_WARNING);
	assert_non_null(w.f[0].region);
	assert_finding(&w, 1, "dead-rule", 4);
	assert_int_equal(w.f[1].severity, PH_INFO);
	ph_arena_fini(&w.mem);
}

/* Lines 1, 3 and 4 together; 2 touches it but is not needed. */
static void
test_covered_by_several(void **state)
{
	struct world w;

	(void)state;
	setup(&w);
	ports(&w, PH_ACT_DROP, PH_UDP, 100, 199);
	ports(&w, PH_ACT_DROP, PH_UDP, 150, 220);
	ports(&w, PH_ACT_ACCEPT, PH_UDP, 200, 299);
	ports(&w, PH_ACT_DROP, PH_UDP, 300, 400);
	ports(&w, PH_ACT_ACCEPT, PH_UDP, 120, 380);
	ports(&w, PH_ACT_ACCEPT, PH_UDP, 120, 401);
	lint(&w);
	assert_int_equal(w.n, 1);
	assert_finding(&w, 0, "dead-rule", 5);
	assert_others(&w, 0, 3, (unsigned[]){ 1, 3, 4 });
	ph_arena_fini(&w.mem);
}

/* What is not certain, or does not end the chain, covers nothing. */
static void
test_uncertain_covers_nothing(void **state)
{
	static const enum ph_cond_kind kinds[] = {
		PH_COND_ORIG, PH_COND_SRC_LOCAL, PH_COND_DST_LOCAL, PH_COND_UID, PH_COND_APP,
		PH_COND_RATE, PH_COND_OPAQUE,
	};
	struct world w;

	(void)state;
	setup(&w);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct ph_cond *c = cond_add(&w, ports(&w, PH_ACT_DROP, PH_UDP, 1, 65535),
		    kinds[i]);

		if (kinds[i] == PH_COND_ORIG || kinds[i] == PH_COND_UID)
			c->ranges = ph_ranges_one(&w.mem, 0, 1);
		else
			c->text = "x";
	}
	ports(&w, PH_ACT_NOTE, PH_UDP, 1, 65535);
	ports(&w, PH_ACT_OPAQUE, PH_UDP, 1, 65535)->acts = &(struct ph_act){
		.kind = PH_ACT_OPAQUE, .text = "x" };
	ports(&w, PH_ACT_ACCEPT, PH_UDP, 7, 7);
	lint(&w);
	assert_int_equal(w.n, 0);
	/* but it can be covered by what is certain */
	cond_add(&w, ports(&w, PH_ACT_DROP, PH_UDP, 7, 7), PH_COND_RATE)->text = "x";
	lint(&w);
	assert_int_equal(w.n, 1);
	assert_finding(&w, 0, "dead-rule", 11);
	ph_arena_fini(&w.mem);
}

static void
test_contradiction(void **state)
{
	struct world w;
	struct ph_rule *r;

	(void)state;
	setup(&w);
	r = ports(&w, PH_ACT_ACCEPT, PH_TCP, 80, 90);
	in_range(&w, r, PH_DPORT, 100, 110);
	r = ports(&w, PH_ACT_ACCEPT, PH_TCP, 80, 90);
	in_range(&w, r, PH_DPORT, 90, 110);
	lint(&w);
	assert_int_equal(w.n, 1);
	assert_finding(&w, 0, "never-matches", 1);
	assert_non_null(strstr(w.f[0].message, "destination port"));
	ph_arena_fini(&w.mem);
}

/* A chain that only IPv4 visits: 0.0.0.0/0 is all of it. */
static void
test_one_family(void **state)
{
	for (unsigned both = 0; both < 2; both++) {
		struct world w;

		(void)state;
		setup(&w);
		w.rs.hooks[0].families = both ? PH_FAMILY_4 | PH_FAMILY_6 : PH_FAMILY_4;
		in_range(&w, rule(&w, w.base, PH_ACT_ACCEPT), PH_SRC, PH_V4_BASE,
		    PH_U128_MAX);
		rule(&w, w.base, PH_ACT_DROP);
		lint(&w);
		assert_int_equal(w.n, both ? 0 : 1);
		if (!both)
			assert_finding(&w, 0, "dead-rule", 2);
		ph_arena_fini(&w.mem);
	}
}

/* One line that became two rules is dead only when both are. */
static void
test_line_of_two_rules(void **state)
{
	for (unsigned alive = 0; alive < 2; alive++) {
		struct world w;

		(void)state;
		setup(&w);
		ports(&w, PH_ACT_ACCEPT, PH_UDP, 0, 65535);
		if (!alive)
			ports(&w, PH_ACT_ACCEPT, PH_TCP, 0, 65535);
		ports(&w, PH_ACT_ACCEPT, PH_UDP, 5060, 5060);
		ports(&w, PH_ACT_ACCEPT, PH_TCP, 5060, 5060);
		w.base->rules[w.base->n - 1].at = w.base->rules[w.base->n - 2].at;
		lint(&w);
		assert_int_equal(w.n, alive ? 0 : 1);
		if (!alive)
			assert_others(&w, 0, 1, (unsigned[]){ 1 });
		ph_arena_fini(&w.mem);
	}
}

/* A rule between them may have changed the mark, itself or by a call. */
static void
test_marks_change(void **state)
{
	for (unsigned how = 0; how < 3; how++) {
		struct ph_act acts[3] = {
			{ .kind = PH_ACT_MARK }, { .kind = PH_ACT_JUMP }, { .kind = PH_ACT_NOTE },
		};
		struct world w;

		(void)state;
		setup(&w);
		acts[1].chain = chain(&w, "marks");
		rule(&w, acts[1].chain, PH_ACT_MARK)->at.len = 1;
		in_range(&w, rule(&w, w.base, PH_ACT_DROP), PH_MARK, 1, 1);
		rule(&w, w.base, PH_ACT_NOTE)->acts = &acts[how];
		in_range(&w, rule(&w, w.base, PH_ACT_ACCEPT), PH_MARK, 1, 1);
		lint(&w);
		assert_int_equal(w.n, how == 0 ? 1 : how == 1 ? 0 : 2);
		if (how != 1)
			assert_string_equal(w.f[0].id, "unused-chain");
		if (how == 2)
			assert_finding(&w, 1, "dead-rule", 3);
		ph_arena_fini(&w.mem);
	}
}

/* A mark of the connection matches nothing where there is no connection. */
static void
test_connection_marks(void **state)
{
	struct world w;

	(void)state;
	setup(&w);
	in_range(&w, rule(&w, w.base, PH_ACT_DROP), PH_CTMARK, 0, 0xffffffff);
	ports(&w, PH_ACT_ACCEPT, PH_UDP, 1, 2);
	in_range(&w, ports(&w, PH_ACT_ACCEPT, PH_UDP, 3, 4), PH_CTMARK, 3, 4);
	lint(&w);
	assert_int_equal(w.n, 1);
	assert_finding(&w, 0, "dead-rule", 3);
	ph_arena_fini(&w.mem);
}

static void
test_unused_chain(void **state)
{
	struct ph_act go = { .kind = PH_ACT_GOTO };
	struct world w;
	struct ph_chain *island;

	(void)state;
	setup(&w);
	go.chain = chain(&w, "called");
	in_range(&w, rule(&w, w.base, PH_ACT_GOTO), PH_PROTO, 1, 1);
	w.base->rules[0].acts = &go;
	island = chain(&w, "island");
	island->at.off = 5;
	in_range(&w, rule(&w, island, PH_ACT_JUMP), PH_PROTO, 2, 2);
	island->rules[0].acts = &(struct ph_act){ .kind = PH_ACT_JUMP, .chain = island };
	lint(&w);
	assert_int_equal(w.n, 1);
	assert_string_equal(w.f[0].id, "unused-chain");
	assert_int_equal(w.f[0].at.off, 5);
	ph_arena_fini(&w.mem);
}

/* Lists of values, IPv6, masks with holes: 20 servers one by one cover the group. */
static void
test_groups(void **state)
{
	struct ph_masked odd = { .value = 1, .mask = 1 }, even = { .value = 0, .mask = 1 };
	struct ph_range v[20];
	struct world w;
	struct ph_cond *c;
	struct ph_rule *r;

	(void)state;
	setup(&w);
	for (unsigned i = 0; i < 20; i++) {
		v[i].lo = v[i].hi = i % 2 ? PH_V4(0x0a000000 + i * 4) :
		    ((ph_u128)0x20010db8 << 96) + i * 4;
		in_range(&w, rule(&w, w.base, PH_ACT_ACCEPT), PH_DST, v[i].lo, v[i].hi);
	}
	r = rule(&w, w.base, PH_ACT_ACCEPT);
	c = cond_add(&w, r, PH_COND_RANGES);
	c->dim = PH_DST;
	c->ranges = ph_ranges_from(&w.mem, v, 20);
	for (unsigned i = 0; i < 2; i++) {
		r = rule(&w, w.base, PH_ACT_ACCEPT);
		in_range(&w, r, PH_SRC, PH_V4(0xc0000200), PH_V4(0xc00002ff));
		c = cond_add(&w, r, PH_COND_MASK);
		c->dim = PH_SRC;
		c->masked = i ? &odd : &even;
	}
	in_range(&w, rule(&w, w.base, PH_ACT_DROP), PH_SRC, PH_V4(0xc0000203),
	    PH_V4(0xc00002ff));
	lint(&w);
	assert_int_equal(w.n, 2);
	assert_finding(&w, 0, "dead-rule", 21);
	assert_int_equal(w.f[0].n_others, 20);
	assert_finding(&w, 1, "dead-rule", 24);
	assert_others(&w, 1, 2, (unsigned[]){ 22, 23 });
	ph_arena_fini(&w.mem);
}

/* Dropped at the end anyway; accepted by a wider line later; not so with a log between. */
static void
test_redundant(void **state)
{
	struct world w;

	(void)state;
	setup(&w);
	ports(&w, PH_ACT_DROP, PH_UDP, 100, 199);
	ports(&w, PH_ACT_ACCEPT, PH_UDP, 300, 399);
	ports(&w, PH_ACT_DROP, PH_UDP, 500, 599);
	ports(&w, PH_ACT_ACCEPT, PH_UDP, 590, 610);
	ports(&w, PH_ACT_ACCEPT, PH_UDP, 700, 709);
	ports(&w, PH_ACT_NOTE, PH_UDP, 705, 715);
	ports(&w, PH_ACT_ACCEPT, PH_UDP, 300, 350);
	ports(&w, PH_ACT_ACCEPT, PH_UDP, 300, 900);
	rule(&w, w.base, PH_ACT_DROP);
	lint_with(&w, NULL, 0);
	assert_int_equal(w.n, 4);
	assert_finding(&w, 0, "redundant-rule", 1);
	assert_others(&w, 0, 1, (unsigned[]){ 9 });
	assert_finding(&w, 1, "redundant-rule", 2);
	assert_others(&w, 1, 1, (unsigned[]){ 8 });
	assert_finding(&w, 2, "redundant-rule", 4);
	assert_finding(&w, 3, "dead-rule", 7);
	ph_arena_fini(&w.mem);
}

static struct ph_requirement
media(struct world *w)
{
	struct ph_requirement r = {
		.service = "s", .flow = "media", .proto = PH_UDP,
		.ports = ph_ranges_one(&w->mem, 50000, 65535),
		.clients = ph_ranges_one(&w->mem, PH_V4(0x0a000000), PH_V4(0x0a0000ff)),
		.far = ph_ranges_one(&w->mem, PH_V4(0xc6336400), PH_V4(0xc633640f)),
	};

	ph_requirement_seal(&w->mem, &r);
	return r;
}

static void
test_too_wide(void **state)
{
	struct ph_requirement r;
	const struct ph_requirement *reqs = &r;
	struct ph_rule *x;
	struct world w;

	(void)state;
	setup(&w);
	r = media(&w);
	/* 1: just so; 2: from everywhere; 3: another service's business */
	for (unsigned i = 0; i < 3; i++) {
		x = ports(&w, PH_ACT_ACCEPT, i == 2 ? PH_TCP : PH_UDP, 50000, 65535);
		in_range(&w, x, PH_DST, PH_V4(0xc6336400), PH_V4(0xc633640f));
		if (i != 1)
			in_range(&w, x, PH_SRC, PH_V4(0x0a000000), PH_V4(0x0a0000ff));
	}
	/* 4: replies only; 5: a gate; 6: the same, not written */
	in_range(&w, rule(&w, w.base, PH_ACT_ACCEPT), PH_STATE, PH_EST_ORIG, PH_REL_REPLY);
	ports(&w, PH_ACT_ACCEPT, PH_TCP, 0, 65535);
	ports(&w, PH_ACT_ACCEPT, PH_SCTP, 0, 65535)->implicit = true;
	lint_with(&w, &reqs, 1);
	assert_int_equal(w.n, 4);
	assert_finding(&w, 0, "redundant-rule", 1);
	assert_finding(&w, 1, "too-wide", 2);
	assert_ptr_equal(w.f[1].req, &r);
	assert_non_null(strstr(w.f[1].message, "source address"));
	assert_false(ph_cube_overlap(w.f[1].region, &r.may_cube));
	assert_finding(&w, 2, "redundant-rule", 3);
	assert_finding(&w, 3, "too-wide", 5);
	assert_null(w.f[3].req);
	ph_arena_fini(&w.mem);
}

/* --- the twin --- */

enum { RULES = 40, ROUNDS = 500, CELLS = 4, DIMS = 4, MARKS = 3 };

static const struct { enum ph_dim d; struct ph_range cell[CELLS]; unsigned n; } uni[DIMS] = {
	{ PH_SRC, { { 0, 9 }, { 10, PH_V4_BASE - 1 }, { PH_V4_BASE, PH_V4_BASE + 255 },
	    { PH_V4_BASE + 256, PH_U128_MAX } }, 4 },
	{ PH_DST, { { 0, PH_V4_BASE - 1 }, { PH_V4_BASE, PH_V4_BASE + 7 },
	    { PH_V4_BASE + 8, PH_V4_BASE + 15 }, { PH_V4_BASE + 16, PH_U128_MAX } }, 4 },
	{ PH_DPORT, { { 0, 79 }, { 80, 80 }, { 81, 1023 }, { 1024, 65535 } }, 4 },
	{ PH_MARK, { { 0, 0 }, { 1, 1 }, { 2, 0xffffffff } }, MARKS },
};

static uint64_t
rnd(uint64_t n)
{
	static uint64_t s;

	if (s == 0) {
		const char *given = getenv("PH_SEED");

		s = given != NULL ? strtoull(given, NULL, 0) : 20250104;
		printf("# PH_SEED=%llu\n", (unsigned long long)s);
	}
	s = s * 6364136223846793005U + 1442695040888963407U;
	return (s >> 33) % n;
}

static const struct ph_ranges *
some_cells(struct world *w, size_t k)
{
	struct ph_range v[CELLS];
	uint64_t in = 1 + rnd((1U << uni[k].n) - 1);
	size_t n = 0;

	for (unsigned i = 0; i < uni[k].n; i++)
		if (in >> i & 1)
			v[n++] = uni[k].cell[i];
	return ph_ranges_from(&w->mem, v, n);
}

static void
rnd_tuples(struct world *w, struct ph_rule *r)
{
	struct ph_set *s = PH_NEW(&w->mem, struct ph_set);
	struct ph_cond *c = cond_add(w, r, PH_COND_TUPLES);

	for (uint64_t i = rnd(3) + 1; i > 0; i--) {
		struct ph_cube cube = { 0 };

		for (size_t k = 0; k < DIMS; k++)
			if (rnd(2))
				cube.d[uni[k].d] = some_cells(w, k);
		ph_set_add(&w->mem, s, &cube);
	}
	c->tuples = s;
	c->neg = rnd(3) == 0;
}

static void
rnd_rule(struct world *w, bool writes)
{
	static const enum ph_act_kind kinds[] = {
		PH_ACT_ACCEPT, PH_ACT_DROP, PH_ACT_REJECT, PH_ACT_RETURN, PH_ACT_ACCEPT,
		PH_ACT_DROP, PH_ACT_NOTE, PH_ACT_MARK,
	};
	struct ph_rule *r = rule(w, w->base, kinds[rnd(writes ? 8 : 7)]);

	if (r->acts[0].kind == PH_ACT_MARK) {
		struct ph_act *a = PH_NEW(&w->mem, struct ph_act);

		a->kind = PH_ACT_MARK;
		a->mark.mask = 0xffffffff;
		a->mark.value = (uint32_t)rnd(MARKS);
		r->acts = a;
	}
	for (size_t k = 0; k < DIMS; k++)
		if (rnd(3) > 0) {
			struct ph_cond *c = cond_add(w, r, PH_COND_RANGES);

			c->dim = uni[k].d;
			c->ranges = some_cells(w, k);
			c->neg = rnd(4) == 0;
		}
	if (rnd(6) == 0)
		rnd_tuples(w, r);
	if (rnd(6) == 0)
		cond_add(w, r, PH_COND_RATE)->text = "x";
}

static bool
cond_holds(const struct ph_cond *c, const struct ph_packet *p)
{
	bool in = c->kind == PH_COND_RANGES ? ph_ranges_has(c->ranges, p->v[c->dim]) :
	    ph_set_has(c->tuples, p);

	return in != c->neg;
}

/* 0: no, 1: yes, 2: perhaps */
static int
matches(const struct ph_rule *r, const struct ph_packet *p)
{
	int m = 1;

	for (size_t i = 0; i < r->n_conds; i++) {
		if (r->conds[i].kind == PH_COND_RATE)
			m = 2;
		else if (!cond_holds(&r->conds[i], p))
			return 0;
	}
	return m;
}

/* Lead a packet through; it may be in several states at once, one a mark. */
static void
visit(const struct ph_chain *c, struct ph_packet p, bool *hit)
{
	unsigned in = 1U << p.v[PH_MARK];

	for (size_t i = 0; i < c->n; i++) {
		const struct ph_rule *r = &c->rules[i];
		unsigned next = 0;

		for (unsigned mark = 0; mark < MARKS; mark++) {
			int m;

			if ((in >> mark & 1) == 0)
				continue;
			p.v[PH_MARK] = mark;
			m = matches(r, &p);
			hit[i] |= m != 0;
			if (m != 1 || r->acts[0].kind == PH_ACT_NOTE)
				next |= 1U << mark;
			if (m != 0 && r->acts[0].kind == PH_ACT_MARK) {
				next &= ~(m == 1 ? 1U << mark : 0U);
				next |= 1U << r->acts[0].mark.value;
			}
		}
		in = next;
	}
}

static struct ph_packet
point(unsigned i)
{
	struct ph_packet p = { 0 };

	for (size_t k = 0; k < DIMS; i /= uni[k].n, k++)
		p.v[uni[k].d] = uni[k].cell[i % uni[k].n].lo;
	return p;
}

static void
visit_all(const struct ph_chain *c, bool *hit)
{
	for (unsigned i = 0; i < CELLS * CELLS * CELLS * MARKS; i++)
		visit(c, point(i), hit);
}

/*
 * What becomes of a packet when the rules ${but} are not there, as verdict and mark;
 * ${coin} says which rates are exceeded.
 */
static unsigned
fate(const struct ph_chain *c, struct ph_packet p, const bool *but, uint64_t coin)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct ph_rule *r = &c->rules[i];
		int m = but[i] ? 0 : matches(r, &p);

		if (m == 0 || (m == 2 && (coin >> i & 1)) || r->acts[0].kind == PH_ACT_NOTE)
			continue;
		if (r->acts[0].kind == PH_ACT_MARK)
			p.v[PH_MARK] = r->acts[0].mark.value;
		else
			return (r->acts[0].kind == PH_ACT_RETURN ? PH_ACT_DROP :
			    r->acts[0].kind) * 8 + (unsigned)p.v[PH_MARK];
	}
	return PH_ACT_DROP * 8 + (unsigned)p.v[PH_MARK];
}

/* All that was reported can be taken out together. */
static void
assert_spare(const struct ph_chain *c, const bool *out)
{
	static const bool none[RULES];

	for (unsigned i = 0; i < CELLS * CELLS * CELLS * MARKS; i++) {
		struct ph_packet p = point(i);

		for (int k = 0; k < 3; k++) {
			uint64_t coin = k == 0 ? 0 : k == 1 ? UINT64_MAX : rnd(1ULL << 31);

			assert_int_equal(fate(c, p, out, coin), fate(c, p, none, coin));
		}
	}
}

/* A rule with a mark that was set before it counts only one way: never wrong. */
static size_t
check_round(bool writes)
{
	size_t spare = 0;
	bool hit[RULES] = { false }, said[RULES] = { false }, out[RULES] = { false };
	struct world w;

	setup(&w);
	for (int i = 0; i < RULES; i++)
		rnd_rule(&w, writes);
	visit_all(w.base, hit);
	lint_with(&w, NULL, 0);
	for (size_t i = 0; i < w.n; i++)
		if (strcmp(w.f[i].id, "redundant-rule") == 0) {
			out[w.f[i].at.off / 10 - 1] = true;
			spare++;
		} else if (strcmp(w.f[i].id, "dead-rule") == 0 ||
		    strcmp(w.f[i].id, "never-matches") == 0)
			said[w.f[i].at.off / 10 - 1] = out[w.f[i].at.off / 10 - 1] = true;
	assert_spare(w.base, out);
	for (int i = 0; i < RULES; i++) {
		if (said[i])
			assert_false(hit[i]);
		if (!writes)
			assert_int_equal(said[i], !hit[i]);
	}
	ph_arena_fini(&w.mem);
	return spare;
}

static void
test_twin(void **state)
{
	size_t spare = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++)
		spare += check_round(i % 3 == 0);
	assert_true(spare > ROUNDS / 10);
}

/* --- long lists --- */

enum { LONG = 1200 };

/* Networks of both families, nested and side by side; single ports and ranges. */
static void
rnd_network(struct world *w, struct ph_rule *r, enum ph_dim d)
{
	static const unsigned lens[] = { 0, 16, 24, 24, 28, 30, 32, 32 };
	unsigned len = lens[rnd(6) == 0 ? 0 : 1 + rnd(7)];
	ph_u128 a = PH_V4(0x0a000000 + rnd(3) * 65536 + rnd(2) * 256 + rnd(8) * 16 + rnd(16));
	struct ph_range n = ph_prefix_range(a, len);

	if (rnd(5) == 0)
		n = ph_prefix_range(((ph_u128)0x20010db8 << 96) + ((ph_u128)rnd(3) << 64) +
		    rnd(40), len == 0 ? 32 : 96 + len);
	else if (rnd(9) == 0)
		n.hi += rnd(30);	/* not a prefix */
	if (n.hi < n.lo)
		n.hi = PH_U128_MAX;
	in_range(w, r, d, n.lo, n.hi);
}

static void
rnd_long_rule(struct world *w)
{
	struct ph_rule *r = rule(w, w->base, rnd(4) ? PH_ACT_ACCEPT : PH_ACT_DROP);
	unsigned lo = 1 + (unsigned)rnd(60);

	/* many lines of one pair of networks differ by port only */
	if (rnd(12) > 0) {
		rnd_network(w, r, PH_SRC);
		rnd_network(w, r, PH_DST);
	} else {
		lo += 100 + (unsigned)rnd(900);
	}
	in_range(w, r, PH_PROTO, rnd(2) ? PH_TCP : PH_UDP, PH_UDP);
	in_range(w, r, PH_DPORT, lo, rnd(3) ? lo : lo + rnd(50));
}

/* Against all earlier rules, one after the other. */
static void
test_long_list(void **state)
{
	static struct ph_cube cube[LONG];
	static const struct ph_cube *by[LONG];
	static bool said[LONG];
	struct world w;
	size_t dead = 0, several = 0;

	(void)state;
	setup(&w);
	for (int i = 0; i < LONG; i++)
		rnd_long_rule(&w);
	lint(&w);
	for (size_t i = 0; i < w.n; i++) {
		said[w.f[i].at.off / 10 - 1] = true;
		several += w.f[i].n_others > 1;
	}
	for (size_t i = 0; i < LONG; i++) {
		const struct ph_rule *r = &w.base->rules[i];

		for (size_t k = 0; k < r->n_conds; k++)
			cube[i].d[r->conds[k].dim] = r->conds[k].ranges;
		by[i] = &cube[i];
		assert_int_equal(ph_set_covered(&w.mem, &cube[i], by, i, NULL), said[i]);
		dead += said[i];
	}
	printf("# %zu of %d dead, %zu by several\n", dead, LONG, several);
	assert_true(dead > LONG / 20 && dead < LONG && several > 0);
	ph_arena_fini(&w.mem);
}

/* The lines that are named do cover, and without any of them the rest does not. */
static void
assert_needed(struct world *w, const struct ph_finding *f)
{
	const struct ph_cube *by[16];
	struct ph_cube cube[16];

	if (f->n_others > 16)
		return;
	for (size_t i = 0; i < f->n_others; i++) {
		const struct ph_rule *r = &w->base->rules[f->others[i].off / 10 - 1];

		assert_true(f->others[i].off < f->at.off);
		cube[i] = (struct ph_cube){ 0 };
		for (size_t k = 0; k < r->n_conds; k++)
			cube[i].d[r->conds[k].dim] = r->conds[k].ranges;
		by[i] = &cube[i];
	}
	assert_true(ph_set_covered(&w->mem, f->region, by, f->n_others, NULL));
	for (size_t i = 0; i < f->n_others; i++) {
		const struct ph_cube *out = by[i];

		by[i] = by[f->n_others - 1];
		assert_false(ph_set_covered(&w->mem, f->region, by, f->n_others - 1, NULL));
		by[i] = out;
	}
}

static void
test_named_lines(void **state)
{
	struct world w;

	(void)state;
	setup(&w);
	for (int i = 0; i < LONG; i++)
		rnd_long_rule(&w);
	lint(&w);
	for (size_t i = 0; i < w.n; i++)
		assert_needed(&w, &w.f[i]);
	ph_arena_fini(&w.mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_covered_by_one),
		cmocka_unit_test(test_covered_by_several),
		cmocka_unit_test(test_uncertain_covers_nothing),
		cmocka_unit_test(test_contradiction),
		cmocka_unit_test(test_one_family),
		cmocka_unit_test(test_line_of_two_rules),
		cmocka_unit_test(test_marks_change),
		cmocka_unit_test(test_connection_marks),
		cmocka_unit_test(test_unused_chain),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_redundant),
		cmocka_unit_test(test_too_wide),
		cmocka_unit_test(test_twin),
		cmocka_unit_test(test_long_list),
		cmocka_unit_test(test_named_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
