/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/turn_rig_test.h"

/*
 * The server against a slow and obvious twin: what each client holds is a list of things with an
 * end, and every question is asked of the whole list.  Lifetimes are short, so that much ends.
 */
enum { CLIENTS = 6, PEERS = 8, THINGS = 64, STEPS = 20000, CHANNEL_S = 13, PERMISSION_S = 7 };

struct thing {
	uint64_t until;
	unsigned peer;			/* its number; the address is peer / 2, the port peer % 2 */
	uint16_t channel;		/* 0: a permission */
};

struct twin {
	bool held;
	uint64_t until;
	struct thing v[THINGS];
	unsigned n;
};

static struct rig r;
static struct rig_client client[CLIENTS];
static struct twin twin[CLIENTS];
static uint64_t base_seed;

static struct ph_stun_addr
peer(unsigned n)
{
	return (struct ph_stun_addr){ PH_V4(0x08080800 + n / 2), (uint16_t)(5000 + n % 2) };
}

/* Forget what is over. */
static void
age(void)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct twin *t = &twin[i];

		if (t->held && t->until <= r.now) {
			t->held = false;
			t->n = 0;
		}
		for (unsigned k = 0; k < t->n;)
			if (t->v[k].until <= r.now)
				t->v[k] = t->v[--t->n];
			else
				k++;
	}
}

static struct thing *
find(struct twin *t, bool channel, unsigned p, uint16_t number)
{
	for (unsigned k = 0; k < t->n; k++) {
		struct thing *v = &t->v[k];

		if (channel != (v->channel != 0))
			continue;
		if (number != 0 ? v->channel == number :
		    channel ? v->peer == p : v->peer / 2 == p / 2)
			return v;
	}
	return NULL;
}

static void
set(struct twin *t, unsigned p, uint16_t channel, uint64_t s)
{
	struct thing *v = find(t, channel != 0, p, channel);

	if (v == NULL) {
		assert_true(t->n < THINGS);
		v = &t->v[t->n++];
	}
	*v = (struct thing){ r.now + s * RIG_S, p, channel };
}

static int
twin_bind(struct twin *t, unsigned p, uint16_t number)
{
	const struct thing *by_number, *by_peer;

	if (!t->held)
		return 437;
	by_number = find(t, true, p, number);
	by_peer = find(t, true, p, 0);
	if (by_number != by_peer)
		return 400;
	set(t, p, number, CHANNEL_S);
	set(t, p, 0, PERMISSION_S);
	return 0;
}

static int
twin_permit(struct twin *t, unsigned p)
{
	if (!t->held)
		return 437;
	set(t, p, 0, PERMISSION_S);
	return 0;
}

static uint32_t
relay_of(unsigned i)
{
	for (unsigned k = 0; k < r.n_open; k++)
		if (r.open[k].at.port == client[i].conn.handle >> 8)
			return r.open[k].relay;
	return 0;
}

/* What comes from a peer, and in which form. */
static void
step_down(unsigned i, unsigned p)
{
	const struct thing *channel = find(&twin[i], true, p, 0);
	bool may = twin[i].held && find(&twin[i], false, p, 0) != NULL;
	struct ph_turn_back back;

	assert_int_equal(rig_peer(&r, relay_of(i), peer(p), 10, &back), may);
	if (!may)
		return;
	assert_int_equal(back.head_len, channel != NULL ? 4 : 36);
	if (channel != NULL)
		assert_int_equal(back.head[0] << 8 | back.head[1], channel->channel);
}

static void
step_up(unsigned i, unsigned p, uint16_t number)
{
	const struct thing *channel = find(&twin[i], true, p, number);
	bool permitted = twin[i].held && find(&twin[i], false, p, 0) != NULL;

	assert_int_equal(rig_send(&client[i], peer(p), 10), permitted);
	assert_int_equal(rig_channel(&client[i], number, 10), twin[i].held && channel != NULL);
	if (twin[i].held && channel != NULL) {
		assert_true(r.out.peer.addr == peer(channel->peer).addr);
		assert_int_equal(r.out.peer.port, peer(channel->peer).port);
	}
}

static void
step_life(unsigned i)
{
	bool held = twin[i].held;
	uint32_t lifetime = rig_random(&r) % 4 == 0 ? 0 : 10 + (uint32_t)(rig_random(&r) % 30);

	if (rig_random(&r) % 2 == 0) {
		assert_int_equal(rig_allocate(&client[i]), held ? 437 : 0);
		if (!held) {
			twin[i] = (struct twin){ .held = true, .until = r.now + 10ULL * RIG_S };
			/* The handle carries the port, so that it can be found again. */
			client[i].conn.handle = (uint64_t)r.answer.relayed.v[0].port << 8;
		}
		return;
	}
	assert_int_equal(rig_refresh(&client[i], lifetime), held ? 0 : 437);
	if (held) {
		twin[i].until = r.now + (uint64_t)lifetime * RIG_S;
		age();
	}
}

static void
step(void)
{
	unsigned i = (unsigned)(rig_random(&r) % CLIENTS), p = (unsigned)(rig_random(&r) % PEERS);
	uint16_t number = (uint16_t)(0x4000 + rig_random(&r) % 6);

	age();
	switch (rig_random(&r) % 7) {
	case 0:
		step_life(i);
		break;
	case 1:
		assert_int_equal(rig_permit(&client[i], peer(p)), twin_permit(&twin[i], p));
		break;
	case 2:
	case 3:
		assert_int_equal(rig_bind(&client[i], number, peer(p)),
		    twin_bind(&twin[i], p, number));
		break;
	case 4:
		step_up(i, p, number);
		break;
	case 5:
		step_down(i, p);
		break;
	default:
		r.now += rig_random(&r) % RIG_S;
		if (rig_random(&r) % 2 == 0)
			ph_turn_server_tick(r.s, r.now);
	}
}

/* What is counted is what there is, once the wheel has turned. */
static void
compare_counts(void)
{
	const uint64_t *stats = ph_turn_server_stats(r.s);
	unsigned allocs = 0, channels = 0, permits = 0;

	r.now += RIG_S - r.now % RIG_S;
	ph_turn_server_tick(r.s, r.now);
	age();
	for (unsigned i = 0; i < CLIENTS; i++) {
		allocs += twin[i].held;
		for (unsigned k = 0; twin[i].held && k < twin[i].n; k++) {
			channels += twin[i].v[k].channel != 0;
			permits += twin[i].v[k].channel == 0;
		}
	}
	assert_int_equal(stats[PH_TURN_STAT_ALLOCATIONS], allocs);
	assert_int_equal(stats[PH_TURN_STAT_CHANNELS], channels);
	assert_int_equal(stats[PH_TURN_STAT_PERMISSIONS], permits);
	assert_int_equal(r.n_open, allocs);
}

static void
test_twin(void **state)
{
	(void)state;
	rig_init(&r);
	r.seed = base_seed;
	r.c.lifetime_s = 10;
	r.c.lifetime_max_s = 40;
	r.c.permission_s = PERMISSION_S;
	r.c.channel_s = CHANNEL_S;
	r.c.quarantine_s = 3;
	r.c.port_last = 49999;
	rig_start(&r);
	for (unsigned i = 0; i < CLIENTS; i++)
		rig_client(&r, &client[i], i);
	for (unsigned i = 0; i < STEPS; i++) {
		step();
		if (i % 100 == 99)
			compare_counts();
		for (unsigned k = 0; k < CLIENTS; k++)
			if (r.now % 3000000000 < RIG_S)
				client[k].nonce_len = 0;
	}
	rig_end(&r);
	for (unsigned i = 0; i < CLIENTS; i++)
		rig_client_end(&client[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_twin) };
	const char *seed = getenv("PH_SEED");

	base_seed = seed != NULL ? strtoull(seed, NULL, 0) | 1 : 4711;
	print_message("# PH_SEED=%llu\n", (unsigned long long)base_seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
