/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/dscp.h"
#include "engine/hop.h"
#include "engine/mtu.h"
#include "engine/net_sim_test.h"

/* MTU, DSCP and hops over simulated paths, with loss. */
static struct sim sim;

struct path {
	unsigned mtu[SIM_WAYS];
	bool no_fragments[SIM_WAYS];
	unsigned local;			/* what our own interface refuses to send, above */
};

static bool
fits(const struct path *p, enum sim_way way, uint16_t size, bool fragment)
{
	return fragment ? !p->no_fragments[way] : size <= p->mtu[way];
}

static void
mtu_one(struct ph_mtu *x, const struct path *p, double loss, const struct ph_mtu_send *s,
    bool *arrived)
{
	if (p->local != 0 && s->size > p->local && !s->fragment) {
		ph_mtu_local(x, s->size);
		return;
	}
	if (sim_chance(&sim, loss) || !fits(p, SIM_OUT, s->size, s->fragment))
		return;
	arrived[s->size * PH_MTU_MAX_TRIES + s->try] = true;
	if (!sim_chance(&sim, loss) && fits(p, SIM_IN, s->size, s->fragment))
		ph_mtu_reply(x, s->size, s->try);
}

static struct ph_mtu_result
mtu_run(const struct path *p, bool v6, double loss)
{
	static bool arrived[65536 * PH_MTU_MAX_TRIES];
	struct ph_mtu x;
	struct ph_mtu_send s[8];
	uint64_t now = 5;
	unsigned steps = 0;
	size_t n;

	memset(arrived, 0, sizeof(arrived));
	ph_mtu_init(&x, v6, 0, 150000, now);
	while (!x.result.done) {
		assert_true(steps++ < 10000);
		n = ph_mtu_output(&x, now, s, 8);
		for (size_t i = 0; i < n; i++)
			mtu_one(&x, p, loss, &s[i], arrived);
		if (ph_mtu_wants_receipts(&x)) {
			ph_mtu_asked(&x, now);
			for (unsigned i = 0; i < sizeof(arrived); i++)
				if (arrived[i])
					ph_mtu_receipt(&x, (uint16_t)(i / PH_MTU_MAX_TRIES),
					    i % PH_MTU_MAX_TRIES);
			ph_mtu_told(&x, now += 1000);
		} else if (n == 0 && !x.result.done) {
			assert_true(ph_mtu_deadline(&x) != UINT64_MAX);
			now = ph_mtu_deadline(&x) > now ? ph_mtu_deadline(&x) : now;
		}
	}
	return x.result;
}

static void
test_mtu(void **state)
{
	static const unsigned mtus[] = { 600, 1199, 1200, 1279, 1280, 1333, 1419, 1499 };
	struct ph_mtu_result r;

	(void)state;
	sim_init(&sim, sim_seed());
	for (unsigned i = 0; i < 8; i++)
		for (unsigned j = 0; j < 8; j++) {
			struct path p = { .mtu = { mtus[i], mtus[j] } };

			r = mtu_run(&p, false, 0);
			assert_int_equal(r.out, mtus[i]);
			assert_true(r.out_exact && r.blackhole);
			assert_int_equal(r.in, mtus[i] < mtus[j] ? mtus[i] : mtus[j]);
			assert_int_equal(r.in_exact, mtus[j] < mtus[i]);
			assert_int_equal(r.fragments_out, PH_MTU_YES);
			assert_int_equal(r.fragments_in, PH_MTU_YES);
		}
}

static void
test_mtu_ends(void **state)
{
	struct ph_mtu_result r;

	(void)state;
	r = mtu_run(&(struct path){ .mtu = { 9000, 9000 } }, true, 0);
	assert_int_equal(r.out, 1500);
	assert_true(!r.out_exact && r.out_local && !r.blackhole);
	r = mtu_run(&(struct path){ .mtu = { 0, 1500 } }, true, 0);
	assert_int_equal(r.out, 0);
	assert_int_equal(r.fragments_out, PH_MTU_UNKNOWN);
	r = mtu_run(&(struct path){ .mtu = { 1500, 1500 }, .local = 1400,
		.no_fragments = { true, true } }, false, 0);
	assert_int_equal(r.out, 1400);
	assert_true(r.out_exact && r.out_local && !r.blackhole);
	assert_int_equal(r.fragments_out, PH_MTU_NO);
	assert_int_equal(r.fragments_in, PH_MTU_UNKNOWN);
}

static void
test_mtu_loss(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		struct path p = { .mtu = { 1380 + i % 121, 1300 + i % 201 } };
		struct ph_mtu_result r = mtu_run(&p, false, 0.05);
		unsigned in = p.mtu[SIM_IN] < p.mtu[SIM_OUT] ? p.mtu[SIM_IN] : p.mtu[SIM_OUT];

		wrong += r.out != p.mtu[SIM_OUT] || r.in != in;
	}
	printf("# MTU at 5 %% loss: %u of 300 wrong\n", wrong);
	assert_true(wrong <= 3);
}

/* DSCP */

static uint8_t
keep(uint8_t mark)
{
	return mark;
}

static uint8_t
bleach(uint8_t mark)
{
	return mark & 3;
}

static uint8_t
precedence(uint8_t mark)
{
	return mark & 0x1f;
}

static uint8_t
to_cs1(uint8_t mark)
{
	return mark >> 2 == 46 ? 8 << 2 : mark;
}

static uint8_t
no_ecn(uint8_t mark)
{
	return mark & 0xfc;
}

/* ${drop}: a mark that does not arrive; 0: all do. */
static void
dscp_run(struct ph_dscp *x, uint8_t (*out)(uint8_t), uint8_t (*in)(uint8_t), double loss,
    uint8_t drop)
{
	struct ph_dscp_send s;
	uint64_t now = 1;

	ph_dscp_init(x, 4000, 200000, now);
	for (; ph_dscp_deadline(x) != UINT64_MAX; now = ph_dscp_deadline(x)) {
		if (!ph_dscp_output(x, now, &s) || sim_chance(&sim, loss) ||
		    (drop != 0 && s.mark == drop))
			continue;
		ph_dscp_receipt(x, s.index, s.try, out(s.mark));
		if (!sim_chance(&sim, loss))
			ph_dscp_reply(x, s.index, s.try, in(s.mark));
	}
	ph_dscp_judge(x);
}

static void
test_dscp(void **state)
{
	struct ph_dscp x;

	(void)state;
	dscp_run(&x, keep, bleach, 0.05, 0);
	for (int i = 0; i < PH_DSCP_MARKS; i++) {
		assert_int_equal(x.mark[i].out.dscp, PH_DSCP_KEPT);
		assert_int_equal(x.mark[i].in.dscp, x.mark[i].mark >> 2 == 0 ? PH_DSCP_KEPT :
		    PH_DSCP_BLEACHED);
		assert_int_equal(x.mark[i].in.ecn, PH_DSCP_KEPT);
	}
	dscp_run(&x, precedence, no_ecn, 0, 0);
	assert_string_equal(x.mark[1].name, "EF");
	assert_int_equal(x.mark[1].out.seen, 6 << 2);
	assert_int_equal(x.mark[1].out.dscp, PH_DSCP_PRECEDENCE);
	assert_int_equal(x.mark[2].out.dscp, PH_DSCP_PRECEDENCE);
	assert_int_equal(x.mark[5].out.dscp, PH_DSCP_BLEACHED);	/* CS3 has nothing else */
	assert_int_equal(x.mark[8].in.ecn, PH_DSCP_BLEACHED);
	dscp_run(&x, to_cs1, keep, 0, 34 << 2);
	assert_int_equal(x.mark[1].out.dscp, PH_DSCP_REMAPPED);
	assert_int_equal(x.mark[2].out.dscp, PH_DSCP_DROPPED);
	assert_int_equal(x.mark[2].in.dscp, PH_DSCP_UNKNOWN);
	dscp_run(&x, keep, keep, 1, 0);
	assert_int_equal(x.mark[1].out.dscp, PH_DSCP_UNKNOWN);
	assert_string_equal(ph_dscp_fate_name(x.mark[1].out.dscp), "unknown");
}

/* Hops: c - 10.1.1.1 - 10.2.2.2 - (silent) - 203.0.113.4 - far */
enum { HOPS = 5 };

static const ph_u128 routers[HOPS] = {
	0, PH_V4(0x0a010101), PH_V4(0x0a020202), 0, PH_V4(0xcb007104),
};
static const ph_u128 far_end = PH_V4(0xc6336401);

/* The failing flow does not get past hop ${block}; ${refuse}: it says so. */
static struct ph_hop_result
hop_run(unsigned block, bool refuse, double loss)
{
	struct ph_hop_config c = { .far = far_end, .own_public = PH_V4(0xcb007103),
		.gap_us = 10000, .wait_us = 300000 };
	struct ph_hop_result r;
	struct ph_hop_send s;
	struct ph_hop x;
	uint64_t now = 1;

	ph_hop_init(&x, &c, now);
	for (; ph_hop_deadline(&x) != UINT64_MAX; now = ph_hop_deadline(&x)) {
		unsigned hop;

		if (!ph_hop_output(&x, now, &s) || sim_chance(&sim, loss))
			continue;
		hop = s.ttl;
		if (s.flow == PH_HOP_FAILING && hop > block) {
			if (refuse)
				ph_hop_refused(&x, s.flow, s.ttl, routers[block]);
			continue;
		}
		if (hop >= HOPS)
			ph_hop_reply(&x, s.flow, s.ttl);
		else if (routers[hop] != 0)
			ph_hop_exceeded(&x, s.flow, s.ttl, routers[hop]);
	}
	ph_hop_result(&x, &r);
	return r;
}

static void
test_hop(void **state)
{
	struct ph_hop_result r;

	(void)state;
	for (int i = 0; i < 50; i++) {
		r = hop_run(2, false, i > 0 ? 0.05 : 0);
		assert_int_equal(r.where, PH_HOP_AT_OR_AFTER);
		assert_int_equal(r.hop, 2);
		assert_true(r.addr == routers[2]);
		assert_int_equal(r.next, 4);
		assert_int_equal(r.owner, PH_HOP_EDGE);
		assert_int_equal(r.far, HOPS);
	}
	r = hop_run(1, true, 0);
	assert_int_equal(r.where, PH_HOP_REFUSED_BY);
	assert_true(r.addr == routers[1]);
	assert_int_equal(r.owner, PH_HOP_EDGE);
	r = hop_run(4, false, 0);
	assert_int_equal(r.hop, 4);
	assert_int_equal(r.owner, PH_HOP_FAR);
	r = hop_run(0, false, 0);
	assert_int_equal(r.where, PH_HOP_AT_OR_AFTER);
	assert_int_equal(r.hop, 0);
	assert_int_equal(r.owner, PH_HOP_UNKNOWN);
	r = hop_run(9, false, 0);
	assert_int_equal(r.where, PH_HOP_NOT_BLOCKED);
	r = hop_run(2, false, 1);
	assert_int_equal(r.where, PH_HOP_NOT_FOUND);
	assert_string_equal(ph_hop_owner_name(r.owner), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_mtu_ends),
		cmocka_unit_test(test_mtu_loss),
		cmocka_unit_test(test_dscp),
		cmocka_unit_test(test_hop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
