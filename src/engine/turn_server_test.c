/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/turn_rig_test.h"
#include "engine/turn_server_priv.h"
#include "wire/channel.h"

static struct rig r;
static struct rig_client a, b;

static void
start(void)
{
	rig_start(&r);
	rig_client(&r, &a, 1);
	rig_client(&r, &b, 2);
}

static int
finish(void **state)
{
	(void)state;
	if (r.s != NULL)
		rig_end(&r);
	rig_client_end(&a);
	rig_client_end(&b);
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	return 0;
}

static int
prepare(void **state)
{
	(void)state;
	rig_init(&r);
	return 0;
}

static struct ph_stun_addr
peer(unsigned n)
{
	return (struct ph_stun_addr){ PH_V4(0x08080800 + n), (uint16_t)(5000 + n) };
}

/* An idle allocation with a permission and a channel, in a kibibyte. */
_Static_assert(sizeof(struct ph_turn_alloc) + sizeof(struct ph_turn_port_slot) +
    sizeof(struct ph_turn_permit) + sizeof(struct ph_turn_chan) + 8 * sizeof(uint32_t) <= 1024,
    "an allocation has grown");

static void
test_allocate(void **state)
{
	const struct ph_stun *m = &r.answer;

	(void)state;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	assert_true(ph_stun_has(m, PH_STUN_XOR_RELAYED_ADDRESS) && m->relayed.n == 1);
	assert_true(m->relayed.v[0].addr == rig_addr("198.51.100.1"));
	assert_true(m->relayed.v[0].port >= 49152);
	assert_int_equal(m->relayed.v[0].port, r.open[0].at.port);
	assert_true(m->xor_mapped.addr == a.conn.client);
	assert_int_equal(m->xor_mapped.port, a.conn.client_port);
	assert_int_equal(m->lifetime, 600);
	assert_false(ph_stun_has(m, PH_STUN_SOFTWARE));
	assert_int_equal(r.n_open, 1);
	assert_int_equal(r.notes[PH_TURN_ALLOCATED], 1);
	assert_int_equal(rig_refresh(&a, 0), 0);
	assert_int_equal(m->lifetime, 0);
	assert_int_equal(r.n_open, 0);
	assert_int_equal(r.last[PH_TURN_ENDED].reason, PH_TURN_END_CLIENT);
	assert_int_equal(rig_refresh(&a, 0), 437);
}

/* The same request again has the same answer; another one is a mismatch. */
static void
test_retransmit(void **state)
{
	struct ph_stun m, again;
	struct ph_stun_addr first;

	(void)state;
	start();
	rig_request(&a, &m, PH_STUN_ALLOCATE);
	ph_stun_set(&m, PH_STUN_REQUESTED_TRANSPORT);
	m.transport = 17;
	again = m;
	assert_int_equal(rig_ask(&a, &m), 0);
	first = r.answer.relayed.v[0];
	assert_int_equal(rig_ask(&a, &again), 0);
	assert_int_equal(r.answer.relayed.v[0].port, first.port);
	assert_int_equal(r.n_open, 1);
	assert_int_equal(rig_allocate(&a), 437);
	again.id[0] ^= 1;
	assert_int_equal(rig_ask(&a, &again), 437);
	again.id[0] ^= 1;
	a.user = "bob";
	a.password = "other";
	assert_int_equal(rig_ask(&a, &again), 437);
	assert_int_equal(r.n_open, 1);
}

static void
test_wrong_user(void **state)
{
	(void)state;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	a.user = "bob";
	a.password = "other";
	assert_int_equal(rig_refresh(&a, 600), 441);
	assert_int_equal(rig_refresh(&a, 0), 441);
	assert_int_equal(rig_permit(&a, peer(1)), 441);
	assert_int_equal(rig_bind(&a, 0x4000, peer(1)), 441);
	a.user = "carol";
	assert_int_equal(rig_refresh(&a, 600), 401);
	a.user = "alice";
	a.password = "wrong";
	assert_int_equal(rig_refresh(&a, 600), 401);
	assert_int_equal(r.n_open, 1);
}

static void
test_needs_allocation(void **state)
{
	(void)state;
	start();
	assert_int_equal(rig_refresh(&a, 600), 437);
	assert_int_equal(rig_permit(&a, peer(1)), 437);
	assert_int_equal(rig_bind(&a, 0x4000, peer(1)), 437);
	assert_false(rig_send(&a, peer(1), 10));
	assert_false(rig_channel(&a, 0x4000, 10));
}

/* What an Allocate may not say, in the order of RFC 8656 7.2. */
static void
test_allocate_errors(void **state)
{
	static const struct {
		uint8_t transport, family, more;	/* 0: not there */
		bool token, even, reserve;
		int code;
	} t[] = {
		{ 0, 0, 0, false, false, false, 400 },
		{ 6, 0, 0, false, false, false, 442 },
		{ 99, 0, 0, true, true, false, 442 },
		{ 17, 0, 0, true, true, false, 400 },
		{ 17, 1, 0, true, false, false, 400 },
		{ 17, 0, 2, true, false, false, 400 },
		{ 17, 0, 0, true, false, false, 508 },
		{ 17, 1, 2, false, false, false, 400 },
		{ 17, 3, 0, false, false, false, 440 },
		{ 17, 0, 1, false, false, false, 400 },
		{ 17, 0, 2, false, true, true, 400 },
		{ 17, 2, 0, false, true, true, 0 },
	};

	(void)state;
	start();
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct ph_stun m;

		rig_request(&a, &m, PH_STUN_ALLOCATE);
		m.transport = t[i].transport;
		m.family = t[i].family;
		m.more_family = t[i].more;
		m.even_reserve = t[i].reserve;
		m.has |= (m.transport != 0 ? PH_STUN_BIT(PH_STUN_REQUESTED_TRANSPORT) : 0) |
		    (m.family != 0 ? PH_STUN_BIT(PH_STUN_REQUESTED_ADDRESS_FAMILY) : 0) |
		    (m.more_family != 0 ? PH_STUN_BIT(PH_STUN_ADDITIONAL_ADDRESS_FAMILY) : 0) |
		    (t[i].token ? PH_STUN_BIT(PH_STUN_RESERVATION_TOKEN) : 0) |
		    (t[i].even ? PH_STUN_BIT(PH_STUN_EVEN_PORT) : 0);
		if (rig_ask(&a, &m) != t[i].code)
			fail_msg("line %zu: %d, not %d", i, r.answer.error.code, t[i].code);
	}
	assert_int_equal(r.n_open, 2);
}

static void
test_lifetimes(void **state)
{
	static const struct { uint32_t ask, get; } t[] = {
		{ 1, 600 }, { 600, 600 }, { 601, 601 }, { 3600, 3600 }, { 3601, 3600 },
		{ UINT32_MAX, 3600 },
	};

	(void)state;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		assert_int_equal(rig_refresh(&a, t[i].ask), 0);
		assert_int_equal(r.answer.lifetime, t[i].get);
	}
	rig_wait(&r, 3599);
	assert_int_equal(r.n_open, 1);
	rig_wait(&r, 1);
	assert_int_equal(r.n_open, 0);
	assert_int_equal(r.last[PH_TURN_ENDED].reason, PH_TURN_END_EXPIRED);
}

/* Over to the microsecond, whether or not the wheel has turned. */
static void
test_exact_end(void **state)
{
	(void)state;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(rig_bind(&a, 0x4000, peer(1)), 0);
	r.now += 600ULL * RIG_S - 1;
	assert_true(rig_channel(&a, 0x4000, 5));
	r.now++;
	assert_false(rig_channel(&a, 0x4000, 5));
	assert_int_equal(r.n_open, 1);
	assert_int_equal(rig_refresh(&a, 600), 437);
	assert_int_equal(r.n_open, 0);
}

static void
test_dual(void **state)
{
	struct ph_stun_addr v6 = rig_at("2a00:1450::1", 7000);
	struct ph_stun m;

	(void)state;
	start();
	rig_request(&a, &m, PH_STUN_ALLOCATE);
	m.has |= PH_STUN_BIT(PH_STUN_REQUESTED_TRANSPORT) |
	    PH_STUN_BIT(PH_STUN_ADDITIONAL_ADDRESS_FAMILY);
	m.transport = 17;
	m.more_family = PH_STUN_IPV6;
	assert_int_equal(rig_ask(&a, &m), 0);
	assert_int_equal(r.answer.relayed.n, 2);
	assert_true(ph_addr_is_v4(r.answer.relayed.v[0].addr));
	assert_false(ph_addr_is_v4(r.answer.relayed.v[1].addr));
	assert_int_equal(rig_bind(&a, 0x4000, peer(1)), 0);
	assert_int_equal(rig_bind(&a, 0x4001, v6), 0);
	assert_true(rig_channel(&a, 0x4001, 3) && r.out.peer.addr == v6.addr);
	rig_request(&a, &m, PH_STUN_REFRESH);
	m.has |= PH_STUN_BIT(PH_STUN_LIFETIME) | PH_STUN_BIT(PH_STUN_REQUESTED_ADDRESS_FAMILY);
	m.family = PH_STUN_IPV6;
	m.lifetime = 0;
	assert_int_equal(rig_ask(&a, &m), 0);
	assert_int_equal(r.n_open, 1);
	assert_false(rig_channel(&a, 0x4001, 3));
	assert_true(rig_channel(&a, 0x4000, 3));
	assert_int_equal(rig_permit(&a, v6), 443);
	rig_request(&a, &m, PH_STUN_REFRESH);
	m.has |= PH_STUN_BIT(PH_STUN_REQUESTED_ADDRESS_FAMILY);
	m.family = PH_STUN_IPV6;
	assert_int_equal(rig_ask(&a, &m), 443);
	m.family = PH_STUN_IPV4;
	m.has |= PH_STUN_BIT(PH_STUN_LIFETIME);
	m.lifetime = 0;
	assert_int_equal(rig_ask(&a, &m), 0);
	assert_int_equal(r.n_open, 0);
}

/* Each family's address has an end of its own. */
static void
test_dual_ends(void **state)
{
	struct ph_stun_addr v6 = rig_at("2a00:1450::1", 7000);
	struct ph_turn_back back;
	struct ph_stun m;

	(void)state;
	start();
	rig_request(&a, &m, PH_STUN_ALLOCATE);
	m.has |= PH_STUN_BIT(PH_STUN_REQUESTED_TRANSPORT) |
	    PH_STUN_BIT(PH_STUN_ADDITIONAL_ADDRESS_FAMILY);
	m.transport = 17;
	m.more_family = PH_STUN_IPV6;
	assert_int_equal(rig_ask(&a, &m), 0);
	rig_request(&a, &m, PH_STUN_REFRESH);
	m.has |= PH_STUN_BIT(PH_STUN_LIFETIME) | PH_STUN_BIT(PH_STUN_REQUESTED_ADDRESS_FAMILY);
	m.family = PH_STUN_IPV6;
	m.lifetime = 1200;
	assert_int_equal(rig_ask(&a, &m), 0);
	rig_wait(&r, 500);
	assert_int_equal(rig_permit(&a, v6), 0);
	assert_int_equal(rig_bind(&a, 0x4000, peer(1)), 0);
	r.now += 100ULL * RIG_S;
	/* IPv4 is over, and not yet collected. */
	assert_false(rig_channel(&a, 0x4000, 5));
	for (unsigned i = 0; i < r.n_open; i++)
		assert_int_equal(rig_peer(&r, r.open[i].relay, peer(1), 5, &back), false);
	assert_true(rig_send(&a, v6, 5));
	assert_int_equal(r.n_open, 1);
	assert_int_equal(rig_permit(&a, peer(1)), 443);
	rig_wait(&r, 599);
	assert_int_equal(r.n_open, 1);
	rig_wait(&r, 1);
	assert_int_equal(r.n_open, 0);
	assert_int_equal(r.notes[PH_TURN_ENDED], 1);
}

static void
test_dual_half(void **state)
{
	struct ph_stun m;

	(void)state;
	r.c.n_relays = 1;
	start();
	rig_request(&a, &m, PH_STUN_ALLOCATE);
	m.has |= PH_STUN_BIT(PH_STUN_REQUESTED_TRANSPORT) |
	    PH_STUN_BIT(PH_STUN_ADDITIONAL_ADDRESS_FAMILY);
	m.transport = 17;
	m.more_family = PH_STUN_IPV6;
	assert_int_equal(rig_ask(&a, &m), 0);
	assert_int_equal(r.answer.relayed.n, 1);
	assert_true(ph_stun_has(&r.answer, PH_STUN_ADDRESS_ERROR_CODE));
	assert_int_equal(r.answer.address_error.code, 440);
	assert_int_equal(r.answer.address_error.family, PH_STUN_IPV6);
	rig_request(&b, &m, PH_STUN_ALLOCATE);
	m.has |= PH_STUN_BIT(PH_STUN_REQUESTED_TRANSPORT) |
	    PH_STUN_BIT(PH_STUN_REQUESTED_ADDRESS_FAMILY);
	m.transport = 17;
	m.family = PH_STUN_IPV6;
	assert_int_equal(rig_ask(&b, &m), 440);
}

static int
allocate_even(struct rig_client *c, bool reserve)
{
	struct ph_stun m;

	rig_request(c, &m, PH_STUN_ALLOCATE);
	m.has |= PH_STUN_BIT(PH_STUN_REQUESTED_TRANSPORT) | PH_STUN_BIT(PH_STUN_EVEN_PORT);
	m.transport = 17;
	m.even_reserve = reserve;
	return rig_ask(c, &m);
}

static int
allocate_reserved(struct rig_client *c, const uint8_t token[8])
{
	struct ph_stun m;

	rig_request(c, &m, PH_STUN_ALLOCATE);
	m.has |= PH_STUN_BIT(PH_STUN_REQUESTED_TRANSPORT) |
	    PH_STUN_BIT(PH_STUN_RESERVATION_TOKEN);
	m.transport = 17;
	memcpy(m.token, token, 8);
	return rig_ask(c, &m);
}

static void
test_even_port(void **state)
{
	uint8_t token[8];
	uint16_t port;

	(void)state;
	start();
	assert_int_equal(allocate_even(&a, false), 0);
	assert_int_equal(r.answer.relayed.v[0].port % 2, 0);
	assert_false(ph_stun_has(&r.answer, PH_STUN_RESERVATION_TOKEN));
	assert_int_equal(r.n_open, 1);
	assert_int_equal(rig_refresh(&a, 0), 0);
	assert_int_equal(allocate_even(&a, true), 0);
	port = r.answer.relayed.v[0].port;
	assert_int_equal(port % 2, 0);
	assert_true(ph_stun_has(&r.answer, PH_STUN_RESERVATION_TOKEN));
	memcpy(token, r.answer.token, sizeof(token));
	assert_int_equal(r.n_open, 2);
	/* Not for others, not with another token, and once. */
	b.user = "bob";
	b.password = "other";
	assert_int_equal(allocate_reserved(&b, token), 508);
	b.user = "alice";
	b.password = "secret";
	token[7] ^= 1;
	assert_int_equal(allocate_reserved(&b, token), 508);
	token[7] ^= 1;
	assert_int_equal(allocate_reserved(&b, token), 0);
	assert_int_equal(r.answer.relayed.v[0].port, port + 1);
	assert_int_equal(r.n_open, 2);
	assert_int_equal(rig_refresh(&b, 0), 0);
	assert_int_equal(allocate_reserved(&b, token), 508);
	assert_int_equal(r.n_open, 1);
}

static void
test_reservation_ends(void **state)
{
	uint8_t token[8];

	(void)state;
	start();
	assert_int_equal(allocate_even(&a, true), 0);
	memcpy(token, r.answer.token, sizeof(token));
	rig_wait(&r, 29);
	assert_int_equal(r.n_open, 2);
	rig_wait(&r, 1);
	assert_int_equal(r.n_open, 1);
	assert_int_equal(allocate_reserved(&b, token), 508);
}

/* The allocation it came with may be gone before it is used. */
static void
test_reservation_alone(void **state)
{
	uint8_t token[8];

	(void)state;
	start();
	assert_int_equal(allocate_even(&a, true), 0);
	memcpy(token, r.answer.token, sizeof(token));
	assert_int_equal(rig_refresh(&a, 0), 0);
	assert_int_equal(r.n_open, 1);
	assert_int_equal(allocate_reserved(&b, token), 0);
	assert_int_equal(r.n_open, 1);
}

static void
test_open_fails(void **state)
{
	(void)state;
	start();
	r.fail_opens = 3;
	assert_int_equal(rig_allocate(&a), 0);
	r.fail_opens = 1000;
	assert_int_equal(rig_allocate(&b), 508);
	r.fail_opens = 1;
	assert_int_equal(allocate_even(&b, true), 0);
	assert_int_equal(r.n_open, 3);
}

static void
test_channels(void **state)
{
	(void)state;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(rig_bind(&a, 0x3fff, peer(1)), 400);
	assert_int_equal(rig_bind(&a, 0x8000, peer(1)), 400);
	assert_int_equal(rig_bind(&a, 0x4000, peer(1)), 0);
	assert_int_equal(rig_bind(&a, 0x4000, peer(1)), 0);
	assert_int_equal(rig_bind(&a, 0x4000, peer(2)), 400);
	assert_int_equal(rig_bind(&a, 0x4001, peer(1)), 400);
	assert_int_equal(rig_bind(&a, 0x4fff, peer(2)), 0);
	assert_int_equal(rig_bind(&a, 0x4002, rig_at("2a00::1", 5)), 443);
	assert_int_equal(rig_bind(&a, 0x4002, rig_at("10.0.0.1", 5)), 403);
	assert_int_equal(rig_bind(&a, 0x4002, rig_at("8.8.8.8", 0)), 403);
	assert_int_equal(r.last[PH_TURN_BOUND].channel, 0x4fff);
	assert_int_equal(r.last[PH_TURN_BOUND].until_us, r.now + 600ULL * RIG_S);
	assert_int_equal(r.last[PH_TURN_BOUND].permit_until_us, r.now + 300ULL * RIG_S);
	rig_wait(&r, 300);
	assert_int_equal(rig_refresh(&a, 3600), 0);
	rig_wait(&r, 299);
	assert_int_equal(rig_bind(&a, 0x4000, peer(2)), 400);
	r.now += RIG_S;
	/* Over, and not yet collected: both are free for others. */
	assert_int_equal(rig_bind(&a, 0x4000, peer(2)), 0);
	assert_int_equal(rig_bind(&a, 0x4fff, peer(1)), 0);
}

static void
test_channel_needs(void **state)
{
	struct ph_stun m;

	(void)state;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	rig_request(&a, &m, PH_STUN_CHANNEL_BIND);
	ph_stun_set(&m, PH_STUN_CHANNEL_NUMBER);
	m.channel = 0x4000;
	assert_int_equal(rig_ask(&a, &m), 400);
	rig_request(&a, &m, PH_STUN_CHANNEL_BIND);
	ph_stun_set(&m, PH_STUN_XOR_PEER_ADDRESS);
	ph_stun_add(&m.peers, peer(1).addr, 5);
	assert_int_equal(rig_ask(&a, &m), 400);
	rig_request(&a, &m, PH_STUN_CREATE_PERMISSION);
	assert_int_equal(rig_ask(&a, &m), 400);
}

/* All or nothing. */
static void
test_permissions(void **state)
{
	struct ph_stun m;

	(void)state;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	rig_request(&a, &m, PH_STUN_CREATE_PERMISSION);
	ph_stun_set(&m, PH_STUN_XOR_PEER_ADDRESS);
	for (unsigned i = 0; i < 5; i++)
		ph_stun_add(&m.peers, peer(i).addr, 0);
	ph_stun_add(&m.peers, rig_addr("127.0.0.1"), 0);
	assert_int_equal(rig_ask(&a, &m), 403);
	assert_int_equal(ph_turn_server_stats(r.s)[PH_TURN_STAT_PERMISSIONS], 0);
	m.peers.n--;
	assert_int_equal(rig_ask(&a, &m), 0);
	assert_int_equal(ph_turn_server_stats(r.s)[PH_TURN_STAT_PERMISSIONS], 5);
	assert_true(rig_send(&a, peer(3), 100));
	assert_int_equal(r.out.len, 100);
	assert_int_equal(r.out.handle, r.open[0].handle);
	assert_int_equal(r.out.ip.ttl, 63);
	assert_int_equal(r.out.ip.tos, 0x28);
	assert_false(rig_send(&a, peer(7), 100));
	rig_wait(&r, 299);
	assert_true(rig_send(&a, peer(3), 0));
	rig_wait(&r, 1);
	assert_false(rig_send(&a, peer(3), 100));
	assert_int_equal(ph_turn_server_stats(r.s)[PH_TURN_STAT_PERMISSIONS], 0);
}

/* What comes back reads as it should, in either form, of every length. */
static void
test_back(void **state)
{
	uint8_t p[1600];
	struct ph_turn_back back;
	struct ph_channel ch;
	struct ph_stun m;
	uint32_t relay;

	(void)state;
	start();
	a.conn.via = PH_TURN_VIA_TCP;
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(rig_allocate(&b), 0);
	assert_int_equal(rig_bind(&a, 0x4001, peer(1)), 0);
	assert_int_equal(rig_permit(&a, peer(2)), 0);
	relay = r.open[0].relay;
	memset(p, 0, sizeof(p));
	for (size_t n = 0; n < 9; n++) {
		assert_true(rig_peer(&r, relay, peer(1), n, &back));
		assert_int_equal(back.head_len, 4);
		assert_int_equal((n + back.tail) % 4, 0);
		memcpy(p, back.head, 4);
		assert_true(ph_channel_decode(&ch, p, 4 + n + back.tail));
		assert_int_equal(ch.number, 0x4001);
		assert_int_equal(ch.len, n);
		assert_true(rig_peer(&r, relay, peer(2), n, &back));
		memcpy(p, back.head, back.head_len);
		assert_int_equal(ph_stun_decode(&m, p, back.head_len + n + back.tail), PH_STUN_OK);
		assert_int_equal(m.method, PH_STUN_DATA_IND);
		assert_int_equal(m.class, PH_STUN_INDICATION);
		assert_true(m.peers.n == 1 && m.peers.v[0].addr == peer(2).addr);
		assert_int_equal(m.peers.v[0].port, peer(2).port);
		assert_int_equal(m.data.len, n);
		assert_int_equal(back.ip.ttl, 63);
		assert_true(back.conn->handle == a.conn.handle);
	}
	assert_false(rig_peer(&r, relay, peer(3), 10, &back));
	/* Another port of a permitted peer: a Data indication, not the channel. */
	assert_true(rig_peer(&r, relay, (struct ph_stun_addr){ peer(1).addr, 9 }, 10, &back));
	assert_true(back.head_len > 4);
	assert_false(rig_peer(&r, r.open[1].relay, peer(1), 10, &back));
	assert_false(rig_peer(&r, relay + 1000, peer(1), 10, &back));
	assert_false(rig_peer(&r, 0, peer(1), 10, &back));
}

static void
test_back_v6(void **state)
{
	struct ph_stun_addr v6 = rig_at("2a00:1450::1234", 7000);
	uint8_t p[200] = { 0 };
	struct ph_turn_back back;
	struct ph_stun m;

	(void)state;
	start();
	rig_request(&a, &m, PH_STUN_ALLOCATE);
	m.has |= PH_STUN_BIT(PH_STUN_REQUESTED_TRANSPORT) |
	    PH_STUN_BIT(PH_STUN_REQUESTED_ADDRESS_FAMILY);
	m.transport = 17;
	m.family = PH_STUN_IPV6;
	assert_int_equal(rig_ask(&a, &m), 0);
	assert_int_equal(rig_permit(&a, peer(1)), 443);
	assert_int_equal(rig_permit(&a, v6), 0);
	assert_true(rig_peer(&r, r.open[0].relay, v6, 11, &back));
	memcpy(p, back.head, back.head_len);
	assert_int_equal(ph_stun_decode(&m, p, back.head_len + 11U + back.tail), PH_STUN_OK);
	assert_true(m.peers.v[0].addr == v6.addr && m.peers.v[0].port == v6.port);
	assert_int_equal(m.data.len, 11);
}

static void
test_icmp(void **state)
{
	struct ph_stun_icmp icmp = { 3, 4, 1400 };

	(void)state;
	r.c.limits.icmp_per_s = 2;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(rig_permit(&a, peer(1)), 0);
	r.n_sent = 0;
	ph_turn_server_icmp(r.s, r.open[0].relay, peer(2), icmp, r.now);
	assert_int_equal(r.n_sent, 0);
	ph_turn_server_icmp(r.s, r.open[0].relay, peer(1), icmp, r.now);
	assert_int_equal(r.n_sent, 1);
	assert_int_equal(ph_stun_decode(&r.answer, r.sent, r.sent_len), PH_STUN_OK);
	assert_int_equal(r.answer.method, PH_STUN_DATA_IND);
	assert_true(ph_stun_has(&r.answer, PH_STUN_ICMP));
	assert_false(ph_stun_has(&r.answer, PH_STUN_DATA));
	assert_int_equal(r.answer.icmp.type, 3);
	assert_int_equal(r.answer.icmp.data, 1400);
	for (unsigned i = 0; i < 50; i++)
		ph_turn_server_icmp(r.s, r.open[0].relay, peer(1), icmp, r.now);
	assert_in_range(r.n_sent, 2, 4);
}

static bool
send_whole(struct rig_client *c, bool attr, bool df)
{
	struct ph_turn_in in = { .conn = c->conn, .ip = { 0, 64, df } };
	unsigned before = r.n_out;
	uint8_t p[200];
	struct ph_stun m;

	rig_request(c, &m, PH_STUN_SEND);
	m.class = PH_STUN_INDICATION;
	ph_stun_set(&m, PH_STUN_XOR_PEER_ADDRESS);
	ph_stun_add(&m.peers, peer(1).addr, 5);
	ph_stun_set(&m, PH_STUN_DATA);
	m.data = (struct ph_bytes){ p, 0 };
	if (attr)
		ph_stun_set(&m, PH_STUN_DONT_FRAGMENT);
	in.data = p;
	in.len = ph_stun_encode(&m, NULL, p, sizeof(p));
	ph_turn_server_input(r.s, &in, r.now);
	return r.n_out > before;
}

static void
test_fragment(void **state)
{
	struct ph_stun m;

	(void)state;
	r.c.dont_fragment = false;
	start();
	rig_request(&a, &m, PH_STUN_ALLOCATE);
	m.has |= PH_STUN_BIT(PH_STUN_REQUESTED_TRANSPORT) | PH_STUN_BIT(PH_STUN_DONT_FRAGMENT);
	m.transport = 17;
	assert_int_equal(rig_ask(&a, &m), 420);
	assert_int_equal(r.answer.unknown.n, 1);
	assert_int_equal(r.answer.unknown.v[0], 0x001a);
	r.c.dont_fragment = true;
	assert_true(ph_turn_server_reload(r.s, &r.c, r.now, &(const char *){ NULL }));
	assert_int_equal(rig_ask(&a, &m), 0);
	/* By the attribute, or as it came: one IPv4 header for another (RFC 8656 14). */
	assert_int_equal(rig_permit(&a, peer(1)), 0);
	assert_true(send_whole(&a, false, false) && !r.out.ip.df);
	assert_true(send_whole(&a, true, false) && r.out.ip.df);
	assert_true(send_whole(&a, false, true) && r.out.ip.df);
	b.conn.client = rig_addr("2001:db8::7");
	assert_int_equal(rig_allocate(&b), 0);
	assert_int_equal(rig_permit(&b, peer(1)), 0);
	assert_true(send_whole(&b, true, true) && !r.out.ip.df);
}

static void
test_ttl(void **state)
{
	struct ph_turn_peer_in in = { .peer = peer(1), .len = 4, .ip = { 0, 1, false } };
	struct ph_turn_back back;

	(void)state;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(rig_bind(&a, 0x4000, peer(1)), 0);
	in.relay = r.open[0].relay;
	assert_int_equal(ph_turn_server_from_peer(r.s, &in, r.now, &back), PH_TURN_DROP);
	in.ip.ttl = 2;
	assert_int_equal(ph_turn_server_from_peer(r.s, &in, r.now, &back), PH_TURN_RELAY);
	assert_int_equal(back.ip.ttl, 1);
	in.ip.ttl = 0;
	assert_int_equal(ph_turn_server_from_peer(r.s, &in, r.now, &back), PH_TURN_RELAY);
	assert_int_equal(back.ip.ttl, 0);
}

/* A bucket, each way for itself. */
static void
test_rate(void **state)
{
	struct ph_turn_back back;
	unsigned up = 0, down = 0;

	(void)state;
	r.c.limits.bytes_per_s = 10000;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(rig_bind(&a, 0x4000, peer(1)), 0);
	for (unsigned i = 0; i < 1000; i++) {
		up += rig_channel(&a, 0x4000, 100);
		down += rig_peer(&r, r.open[0].relay, peer(1), 100, &back);
		r.now += 5000;
	}
	/* Five seconds of a hundred a second, and what the bucket holds. */
	assert_in_range(up, 500, 560);
	assert_in_range(down, 500, 560);
}

static void
test_accounts(void **state)
{
	struct ph_turn_counters n = { 1, 10, 2, 20 };
	struct ph_turn_back back;

	(void)state;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(rig_bind(&a, 0x4000, peer(1)), 0);
	assert_true(rig_channel(&a, 0x4000, 100));
	assert_true(rig_send(&a, peer(1), 50));
	assert_true(rig_peer(&r, r.open[0].relay, peer(1), 7, &back));
	ph_turn_server_account(r.s, r.open[0].relay, &n);
	ph_turn_server_account(r.s, r.open[0].relay ^ 1U << 20, &n);
	assert_int_equal(rig_refresh(&a, 0), 0);
	assert_int_equal(r.last[PH_TURN_ENDED].n.up_packets, 3);
	assert_int_equal(r.last[PH_TURN_ENDED].n.up_bytes, 160);
	assert_int_equal(r.last[PH_TURN_ENDED].n.down_packets, 3);
	assert_int_equal(r.last[PH_TURN_ENDED].n.down_bytes, 27);
	assert_int_equal(ph_turn_server_stats(r.s)[PH_TURN_STAT_UP_BYTES], 160);
}

static void
test_drain(void **state)
{
	struct ph_stun_addr other = rig_at("8.8.4.4", 3478);

	(void)state;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	ph_turn_server_drain(r.s, true, &other);
	assert_int_equal(rig_allocate(&b), 300);
	assert_true(r.answer.alternate.addr == other.addr);
	ph_turn_server_drain(r.s, true, NULL);
	assert_int_equal(rig_allocate(&b), 508);
	assert_int_equal(rig_refresh(&a, 600), 0);
	ph_turn_server_drain(r.s, false, NULL);
	assert_int_equal(rig_allocate(&b), 0);
}

static void
test_stream_and_port_gone(void **state)
{
	(void)state;
	start();
	a.conn.via = PH_TURN_VIA_TLS;
	assert_false(ph_turn_server_holds(r.s, &a.conn));
	assert_int_equal(rig_allocate(&a), 0);
	assert_true(ph_turn_server_holds(r.s, &a.conn));
	ph_turn_server_stream_gone(r.s, &a.conn, r.now);
	assert_int_equal(r.last[PH_TURN_ENDED].reason, PH_TURN_END_STREAM);
	assert_int_equal(r.n_open, 0);
	ph_turn_server_stream_gone(r.s, &a.conn, r.now);
	assert_int_equal(allocate_even(&b, true), 0);
	ph_turn_server_port_lost(r.s, r.open[1].relay, r.now);
	assert_int_equal(r.n_open, 1);
	ph_turn_server_port_lost(r.s, r.open[0].relay, r.now);
	assert_int_equal(r.last[PH_TURN_ENDED].reason, PH_TURN_END_PORT);
	assert_int_equal(r.n_open, 0);
}

/* A port rests after its use: the only one of a range is not had again at once. */
static void
test_quarantine(void **state)
{
	(void)state;
	r.c.port_first = r.c.port_last = 50000;
	r.c.n_relays = 1;
	start();
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(rig_refresh(&a, 0), 0);
	assert_int_equal(rig_allocate(&a), 508);
	rig_wait(&r, 60);
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(rig_allocate(&b), 508);
}

/* An own address that others know by another. */
static void
test_translated(void **state)
{
	struct ph_stun_addr shown, local;
	struct ph_turn_back back;
	uint8_t p[100] = { 0 };
	struct ph_stun m;

	(void)state;
	r.c.relays[0].local = rig_addr("10.0.0.5");
	start();
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(rig_allocate(&b), 0);
	shown = r.answer.relayed.v[0];
	assert_true(shown.addr == rig_addr("198.51.100.1"));
	local = (struct ph_stun_addr){ rig_addr("10.0.0.5"), shown.port };
	assert_true(r.open[1].at.addr == local.addr);
	assert_int_equal(rig_permit(&a, shown), 0);
	assert_true(rig_send(&a, shown, 9) && r.out.peer.addr == local.addr);
	assert_true(rig_peer(&r, r.open[0].relay, local, 9, &back));
	memcpy(p, back.head, back.head_len);
	assert_int_equal(ph_stun_decode(&m, p, back.head_len + 9U + back.tail), PH_STUN_OK);
	assert_true(m.peers.v[0].addr == shown.addr);
}

static void
test_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PH_TURN_N_STATS; i++)
		assert_non_null(ph_turn_stat_name((enum ph_turn_stat)i));
	for (unsigned i = 0; i < PH_TURN_N_ENDS; i++)
		assert_non_null(ph_turn_reason_word((enum ph_turn_reason)i));
}

#define T(f) cmocka_unit_test_setup_teardown(f, prepare, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_allocate), T(test_retransmit), T(test_wrong_user), T(test_needs_allocation),
		T(test_allocate_errors), T(test_lifetimes), T(test_exact_end), T(test_dual),
		T(test_dual_ends), T(test_dual_half), T(test_even_port), T(test_reservation_ends),
		T(test_reservation_alone), T(test_open_fails), T(test_channels),
		T(test_channel_needs), T(test_permissions), T(test_back), T(test_back_v6),
		T(test_icmp), T(test_fragment), T(test_ttl), T(test_rate), T(test_accounts),
		T(test_drain), T(test_stream_and_port_gone), T(test_quarantine),
		T(test_translated), cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
