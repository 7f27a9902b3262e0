/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/walk.h"
#include "net/names.h"

/*
 * The slow, obvious twin of the walker: one packet at a time through random
 * rulesets.  What is not certain is decided by a coin, often: where the coin
 * matters the walker must say "unknown", where it does not the same as the twin.
 */
enum { RULESETS = 300, PACKETS = 60, TRIALS = 24, UNIVERSE = 6, CLIENT = 10, SERVER = 100 };

static uint64_t seed_state;

static unsigned
rnd(unsigned n)
{
	seed_state = seed_state * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(seed_state >> 33) % n;
}

/* --- the twin --- */

struct sim {
	const struct ph_ruleset *rs;
	ph_u128 v[PH_NDIMS];		/* the packet now */
	ph_u128 sent[PH_NDIMS];		/* the opener as sent */
	enum ph_stage stage;
	bool untracked, no_ct, snat, dnat;
};

enum sim_verdict { SIM_NONE, SIM_ACCEPT, SIM_DROP, SIM_RETURN };

static bool
sim_cond(struct sim *s, const struct ph_cond *c)
{
	bool hit = false;

	switch (c->kind) {
	case PH_COND_RANGES:
		if (s->no_ct && (c->dim == PH_CTMARK || c->dim == PH_STATUS))
			return false;
		hit = ph_ranges_has(c->ranges, s->v[c->dim]);
		break;
	case PH_COND_ORIG:
		if (s->no_ct)
			return false;
		hit = ph_ranges_has(c->ranges, s->sent[c->dim]);
		break;
	case PH_COND_TUPLES:
		for (size_t i = 0; i < c->tuples->n; i++) {
			bool all = true;

			for (int d = 0; d < PH_NDIMS; d++)
				all &= ph_ranges_has(c->tuples->v[i].d[d], s->v[d]);
			hit |= all;
		}
		break;
	case PH_COND_OPAQUE:
		return rnd(2);
	default:
		fail();
	}
	return hit != c->neg;
}

static enum sim_verdict sim_chain(struct sim *s, const struct ph_hook *h,
    const struct ph_chain *c);

static enum sim_verdict
sim_act(struct sim *s, const struct ph_hook *h, const struct ph_act *a)
{
	enum sim_verdict v;

	switch (a->kind) {
	case PH_ACT_ACCEPT:
		return SIM_ACCEPT;
	case PH_ACT_DROP:
		return SIM_DROP;
	case PH_ACT_RETURN:
		return SIM_RETURN;
	case PH_ACT_JUMP:
		v = sim_chain(s, h, a->chain);
		return v == SIM_RETURN ? SIM_NONE : v;
	case PH_ACT_GOTO:
		v = sim_chain(s, h, a->chain);
		return v == SIM_NONE ? SIM_RETURN : v;
	case PH_ACT_NOTRACK:
		if (s->no_ct || s->v[PH_STATE] == PH_INVALID) {
			s->untracked = s->no_ct = true;
			s->v[PH_STATE] = PH_UNTRACKED;
		}
		return SIM_NONE;
	case PH_ACT_MARK:
		s->v[PH_MARK] = (s->v[PH_MARK] & ~(ph_u128)a->mark.mask) ^ a->mark.value;
		return SIM_NONE;
	case PH_ACT_SNAT:
		if (s->stage != PH_STAGE_FIRST)
			return rnd(2) ? SIM_ACCEPT : SIM_DROP;
		if (s->v[PH_SRC] != a->nat->addr->r[0].lo)
			s->v[PH_STATUS] |= PH_STATUS_SNAT;
		s->v[PH_SRC] = a->nat->addr->r[0].lo;
		s->snat = true;
		return SIM_ACCEPT;
	case PH_ACT_DNAT:
		if (s->stage != PH_STAGE_FIRST)
			return rnd(2) ? SIM_ACCEPT : SIM_DROP;
		if (s->v[PH_DST] != a->nat->addr->r[0].lo)
			s->v[PH_STATUS] |= PH_STATUS_DNAT;
		s->v[PH_DST] = a->nat->addr->r[0].lo;
		s->dnat = true;
		return SIM_ACCEPT;
	default:
		fail();
	}
	return SIM_NONE;
}

static enum sim_verdict
sim_chain(struct sim *s, const struct ph_hook *h, const struct ph_chain *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct ph_rule *r = &c->rules[i];
		enum sim_verdict v = SIM_NONE;
		bool hit = true;

		for (size_t k = 0; k < r->n_conds && hit; k++)
			hit = sim_cond(s, &r->conds[k]);
		for (size_t k = 0; hit && k < r->n_acts && v == SIM_NONE; k++)
			v = sim_act(s, h, &r->acts[k]);
		if (v != SIM_NONE)
			return v;
	}
	return SIM_NONE;
}

struct end {
	ph_u128 v[PH_NDIMS];
	bool untracked, reply_untracked;
};

/*
 * Tracking that did not see the opener, or not the answer, meets the connection
 * in its middle: UDP is new to it then, TCP not a connection.
 */
static void
sim_state(struct sim *s, const struct ph_hook *h, const struct end *e)
{
	bool tcp = s->sent[PH_PROTO] == PH_TCP;
	bool reply = s->stage == PH_STAGE_REPLY, later = s->stage == PH_STAGE_LATER;
	bool lost = later && e->reply_untracked && !e->untracked;

	s->no_ct = s->untracked ||
	    (h->point == PH_PREROUTING && h->priority < PH_PRIO_CONNTRACK) ||
	    (tcp && (lost || (reply && e->untracked)));
	if (s->untracked)
		s->v[PH_STATE] = PH_UNTRACKED;
	else if (s->no_ct)
		s->v[PH_STATE] = PH_INVALID;
	else if (s->stage == PH_STAGE_FIRST || lost || (reply && e->untracked))
		s->v[PH_STATE] = PH_NEW;
	else if (e->untracked)
		s->v[PH_STATE] = rnd(PH_UNTRACKED);
	else
		s->v[PH_STATE] = reply ? PH_EST_REPLY : PH_EST_ORIG;
}

/* Translation at its fixed places for packets after the first. */
static void
sim_nat(struct sim *s, enum ph_hook_point point, int priority, const struct end *e)
{
	bool reply = s->stage == PH_STAGE_REPLY;

	if (s->stage == PH_STAGE_FIRST || e->untracked)
		return;
	if (point == PH_PREROUTING && priority >= PH_PRIO_DSTNAT)
		s->v[PH_DST] = reply ? s->sent[PH_SRC] : e->v[PH_DST];
	if (point == PH_POSTROUTING && priority >= PH_PRIO_SRCNAT)
		s->v[PH_SRC] = reply ? s->sent[PH_DST] : e->v[PH_SRC];
}

/* The number of ${h}, but of nat chains that of the first. */
static size_t
sim_since(const struct ph_ruleset *rs, const struct ph_hook *h)
{
	size_t i = 0;

	if (h->kind != PH_HOOK_NAT)
		return (size_t)(h - rs->hooks);
	while (rs->hooks[i].kind != PH_HOOK_NAT)
		i++;
	return i;
}

/* Of equal priority, does it go before translation?  That came first, then. */
static bool
sim_before_nat(const struct ph_ruleset *rs, const struct ph_hook *h)
{
	size_t i = 0;

	while (i < rs->n_hooks && rs->hooks[i].kind != PH_HOOK_NAT)
		i++;
	return h->kind != PH_HOOK_NAT && i < (size_t)(h - rs->hooks);
}

/* Nat chains see what tracking takes for the first packet of a connection. */
static bool
sim_opens(const struct sim *s, const struct end *e)
{
	if (s->untracked || s->stage == PH_STAGE_FIRST)
		return !s->untracked;
	return e->untracked && (s->stage == PH_STAGE_REPLY ?
	    s->sent[PH_PROTO] != PH_TCP : rnd(2));
}

/* Arrived, but with addresses that the other end does not know. */
static bool
sim_untranslated(const struct sim *s, const struct end *e)
{
	bool lost = s->sent[PH_PROTO] == PH_TCP && !e->untracked && e->reply_untracked;

	return s->stage != PH_STAGE_FIRST &&
	    (s->untracked || (s->stage == PH_STAGE_LATER && lost)) &&
	    (e->v[PH_SRC] != s->sent[PH_SRC] || e->v[PH_DST] != s->sent[PH_DST]);
}

static bool
sim_stage(struct sim *s, struct end *e)
{
	static const enum ph_hook_point way[] = {
		PH_PREROUTING, PH_FORWARD, PH_POSTROUTING,
	};
	static const unsigned flags[] = { PH_SYN, PH_SYN | PH_ACK, PH_ACK };

	s->untracked = false;
	s->v[PH_MARK] = 0;
	s->v[PH_FLAGS] = s->sent[PH_PROTO] == PH_TCP ?
	    ph_flags_encode(flags[s->stage]) : 0;
	for (int w = 0; w < 3; w++) {
		for (int prio = -300; prio <= 300; prio += 50)
			for (size_t i = s->rs->n_hooks * s->rs->n_hooks; i-- > 0;) {
				const struct ph_hook *h =
				    &s->rs->hooks[i % s->rs->n_hooks];
				enum sim_verdict v;

				if (h->point != way[w] || h->priority != prio ||
				    sim_since(s->rs, h) != i / s->rs->n_hooks)
					continue;
				if (h->kind == PH_HOOK_NAT && !sim_opens(s, e))
					continue;
				sim_nat(s, way[w], prio - sim_before_nat(s->rs, h), e);
				sim_state(s, h, e);
				v = sim_chain(s, h, h->chain);
				if (v == SIM_DROP || (v != SIM_ACCEPT && h->policy == PH_ACT_DROP))
					return false;
			}
		sim_nat(s, way[w], 1000, e);
	}
	return !sim_untranslated(s, e);
}

/* One connection with one throw of the coins. */
static bool
sim_connection(const struct ph_ruleset *rs, const struct ph_packet *p)
{
	struct sim s = { .rs = rs, .stage = PH_STAGE_FIRST };
	struct end e = { 0 };

	memcpy(s.sent, p->v, sizeof(s.sent));
	memcpy(s.v, p->v, sizeof(s.v));
	if (!sim_stage(&s, &e))
		return false;
	memcpy(e.v, s.v, sizeof(e.v));
	e.untracked = s.untracked;
	s.stage = PH_STAGE_REPLY;
	s.v[PH_SRC] = e.v[PH_DST];
	s.v[PH_DST] = e.v[PH_SRC];
	s.v[PH_SPORT] = p->v[PH_DPORT];
	s.v[PH_DPORT] = p->v[PH_SPORT];
	if (!sim_stage(&s, &e))
		return false;
	e.reply_untracked = s.untracked;
	s.stage = PH_STAGE_LATER;
	for (int d = PH_SRC; d <= PH_DPORT; d++)
		s.v[d] = p->v[d];
	return sim_stage(&s, &e);
}

/* --- random rulesets --- */

struct gen {
	struct ph_arena *mem;
	struct ph_ruleset *rs;
	struct ph_chain *user[3];
};

static const struct ph_ranges *
some_of(struct gen *g, ph_u128 base, unsigned n)
{
	unsigned lo = rnd(n), hi = lo + rnd(n - lo);

	return ph_ranges_one(g->mem, base + lo, base + hi);
}

static ph_u128
addr(unsigned i)
{
	return PH_V4(0x0a000000U + i);
}

static const struct ph_ranges *
random_values(struct gen *g, enum ph_dim d)
{
	switch (d) {
	case PH_SRC:
	case PH_DST:
		return some_of(g, addr(rnd(2) ? CLIENT : SERVER), UNIVERSE);
	case PH_SPORT:
	case PH_DPORT:
		return some_of(g, rnd(2) ? 10 : 20, UNIVERSE);
	case PH_PROTO:
		return ph_ranges_one(g->mem, rnd(2) ? PH_TCP : PH_UDP, PH_UDP);
	case PH_STATE:
		return some_of(g, 0, PH_NSTATES);
	case PH_STATUS:
		return some_of(g, 0, 4);
	case PH_FLAGS:
		return ph_flags_ranges(g->mem, PH_SYN | PH_ACK, rnd(2) ? PH_SYN : PH_ACK);
	default:
		return some_of(g, 0, 3);
	}
}

static const struct ph_set *
random_tuples(struct gen *g)
{
	struct ph_set *s = PH_NEW(g->mem, struct ph_set);

	for (unsigned n = 1 + rnd(3); n > 0; n--) {
		struct ph_cube c = { 0 };

		c.d[PH_DST] = random_values(g, PH_DST);
		c.d[PH_DPORT] = random_values(g, PH_DPORT);
		ph_set_add(g->mem, s, &c);
	}
	return s;
}

static void
random_cond(struct gen *g, struct ph_cond *c)
{
	static const enum ph_dim dims[] = {
		PH_SRC, PH_DST, PH_SPORT, PH_DPORT, PH_PROTO, PH_STATE, PH_STATE,
		PH_STATUS, PH_FLAGS, PH_MARK,
	};

	c->neg = rnd(4) == 0;
	c->dim = dims[rnd(sizeof(dims) / sizeof(*dims))];
	switch (rnd(12)) {
	case 0:
		*c = (struct ph_cond){ .kind = PH_COND_OPAQUE, .text = "coin" };
		return;
	case 1:
		c->kind = PH_COND_TUPLES;
		c->tuples = random_tuples(g);
		return;
	case 2:
		c->kind = PH_COND_ORIG;
		c->dim = rnd(2) ? PH_SRC : PH_DPORT;
		break;
	default:
		c->kind = PH_COND_RANGES;
	}
	c->ranges = random_values(g, c->dim);
}

static const struct ph_nat *
random_nat(struct gen *g, bool src)
{
	struct ph_nat *n = PH_NEW(g->mem, struct ph_nat);
	ph_u128 a = addr((src ? CLIENT : SERVER) + rnd(UNIVERSE));

	n->addr = ph_ranges_one(g->mem, a, a);
	return n;
}

static void
random_act(struct gen *g, struct ph_act *a, const struct ph_hook *h, int depth)
{
	static const enum ph_act_kind plain[] = {
		PH_ACT_ACCEPT, PH_ACT_ACCEPT, PH_ACT_DROP, PH_ACT_RETURN, PH_ACT_MARK,
		PH_ACT_NOTRACK,
	};

	if (h != NULL && h->kind == PH_HOOK_NAT && rnd(2)) {
		a->kind = h->point == PH_PREROUTING ? PH_ACT_DNAT : PH_ACT_SNAT;
		a->nat = random_nat(g, a->kind == PH_ACT_SNAT);
		return;
	}
	if (depth < 3 && rnd(3) == 0) {
		a->kind = rnd(4) ? PH_ACT_JUMP : PH_ACT_GOTO;
		a->chain = g->user[depth];
		return;
	}
	a->kind = plain[rnd(sizeof(plain) / sizeof(*plain))];
	if (a->kind == PH_ACT_MARK) {
		a->mark.mask = rnd(2) ? UINT32_MAX : 1;
		a->mark.value = rnd(3);
	}
}

static void
random_rules(struct gen *g, struct ph_chain *c, const struct ph_hook *h, int depth)
{
	for (unsigned n = rnd(8) ? 1 + rnd(6) : 20 + rnd(40); n > 0; n--) {
		struct ph_rule *r = ph_chain_add(g->mem, c);
		struct ph_cond *conds;
		struct ph_act *act = PH_NEW(g->mem, struct ph_act);

		r->n_conds = (uint16_t)rnd(4);
		conds = ph_arena_array(g->mem, r->n_conds, sizeof(*conds));
		for (unsigned i = 0; i < r->n_conds; i++)
			random_cond(g, &conds[i]);
		random_act(g, act, h, depth);
		r->conds = conds;
		r->acts = act;
		r->n_acts = 1;
	}
}

static void
random_hook(struct gen *g, enum ph_hook_point point, enum ph_hook_kind kind, int prio)
{
	struct ph_hook *h = ph_ruleset_hook(g->mem, g->rs);

	*h = (struct ph_hook){
		.point = point, .kind = kind, .priority = prio,
		.families = PH_FAMILY_4 | PH_FAMILY_6,
		.chain = ph_ruleset_chain(g->mem, g->rs, "t", "base", (struct ph_span){ 0 }),
		.policy = rnd(3) ? PH_ACT_ACCEPT : PH_ACT_DROP,
	};
	random_rules(g, h->chain, h, 0);
}

static void
random_ruleset(struct gen *g)
{
	ph_ruleset_init(g->rs, NULL, NULL);
	for (int i = 2; i >= 0; i--) {
		g->user[i] = ph_ruleset_chain(g->mem, g->rs, "t", "user", (struct ph_span){ 0 });
		random_rules(g, g->user[i], NULL, i + 1);
	}
	if (rnd(2))
		random_hook(g, PH_PREROUTING, PH_HOOK_FILTER, -300);
	if (rnd(2))
		random_hook(g, PH_PREROUTING, PH_HOOK_FILTER, -150);
	if (rnd(2))
		random_hook(g, PH_PREROUTING, PH_HOOK_NAT, PH_PRIO_DSTNAT);
	random_hook(g, PH_FORWARD, PH_HOOK_FILTER, 0);
	if (rnd(2))
		random_hook(g, PH_FORWARD, PH_HOOK_FILTER, 50);
	if (rnd(2))
		random_hook(g, PH_POSTROUTING, PH_HOOK_NAT, PH_PRIO_SRCNAT);
	if (rnd(2))
		random_hook(g, PH_POSTROUTING, PH_HOOK_FILTER, 300);
}

/* --- the comparison --- */

static void
random_packet(struct ph_packet *p)
{
	*p = (struct ph_packet){ 0 };
	p->v[PH_SRC] = addr(CLIENT + rnd(UNIVERSE));
	p->v[PH_DST] = addr(SERVER + rnd(UNIVERSE));
	p->v[PH_SPORT] = 10 + rnd(UNIVERSE);
	p->v[PH_DPORT] = 20 + rnd(UNIVERSE);
	p->v[PH_PROTO] = rnd(2) ? PH_TCP : PH_UDP;
}

static const struct ph_part *
part_of(const struct ph_answer *a, const struct ph_packet *p)
{
	const struct ph_part *found = NULL;

	for (size_t i = 0; i < a->n; i++) {
		bool in = true;

		for (int d = PH_SRC; d <= PH_PROTO; d++)
			in &= ph_ranges_has(a->parts[i].cube.d[d], p->v[d]);
		if (!in)
			continue;
		assert_null(found);	/* parts are disjoint */
		found = &a->parts[i];
	}
	assert_non_null(found);		/* and complete */
	return found;
}

static void
compare(const struct ph_ruleset *rs, const struct ph_answer *a, unsigned *unknown,
    unsigned *needless)
{
	const struct ph_part *part;
	struct ph_packet p;
	bool open = false, shut = false;

	random_packet(&p);
	part = part_of(a, &p);
	for (int i = 0; i < TRIALS; i++) {
		bool passed = sim_connection(rs, &p);

		open |= passed;
		shut |= !passed;
	}
	if (part->verdict == PH_UNKNOWN) {
		(*unknown)++;
		*needless += open != shut;
		return;
	}
	assert_int_equal(part->verdict == PH_OPEN, open);
	assert_int_equal(part->verdict == PH_BLOCKED, shut);
}

static void
test_twin(void **state)
{
	const char *given = getenv("PH_SEED");
	unsigned unknown = 0, needless = 0;

	(void)state;
	seed_state = given != NULL ? strtoull(given, NULL, 10) : 20250101;
	print_message("# PH_SEED=%llu\n", (unsigned long long)seed_state);
	for (int i = 0; i < RULESETS; i++) {
		struct ph_arena mem = { 0 };
		struct ph_question q = { .path = PH_PATH_THROUGH };
		struct ph_answer a = { 0 };
		struct ph_ruleset rs;
		struct gen g = { .mem = &mem, .rs = &rs };

		random_ruleset(&g);
		q.cube.d[PH_SRC] = ph_ranges_one(&mem, addr(CLIENT), addr(CLIENT + UNIVERSE - 1));
		q.cube.d[PH_DST] = ph_ranges_one(&mem, addr(SERVER), addr(SERVER + UNIVERSE - 1));
		q.cube.d[PH_SPORT] = ph_ranges_one(&mem, 10, 10 + UNIVERSE - 1);
		q.cube.d[PH_DPORT] = ph_ranges_one(&mem, 20, 20 + UNIVERSE - 1);
		ph_walk(&mem, &rs, &q, &a);
		for (int k = 0; k < PACKETS; k++)
			compare(&rs, &a, &unknown, &needless);
		ph_arena_fini(&mem);
	}
	print_message("# %u of %d unknown, %u of them decided the same by every coin\n",
	    unknown, RULESETS * PACKETS, needless);
	assert_true(unknown < RULESETS * PACKETS / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_twin) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
