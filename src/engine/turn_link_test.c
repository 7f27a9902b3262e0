/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/turn_rig_test.h"

/* RFC 6062: ${a} is the client's own stream, ${d} one for data. */
static struct rig r;
static struct rig_client a, d;

static int
prepare(void **state)
{
	(void)state;
	rig_init(&r);
	r.c.tcp = true;
	r.c.worker = 3;
	r.c.n_workers = 4;
	rig_start(&r);
	rig_client(&r, &a, 1);
	rig_client(&r, &d, 2);
	a.conn.via = d.conn.via = PH_TURN_VIA_TLS;
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	rig_end(&r);
	rig_client_end(&a);
	rig_client_end(&d);
	return 0;
}

static struct ph_stun_addr
peer(unsigned n)
{
	return (struct ph_stun_addr){ PH_V4(0x08080800 + n), (uint16_t)(5000 + n) };
}

static int
allocate(struct rig_client *c, uint64_t more)
{
	struct ph_stun m;

	rig_request(c, &m, PH_STUN_ALLOCATE);
	m.has |= PH_STUN_BIT(PH_STUN_REQUESTED_TRANSPORT) | more;
	m.transport = 6;
	return rig_ask(c, &m);
}

static int
connect_to(struct ph_stun_addr at)
{
	struct ph_stun m;

	rig_request(&a, &m, PH_STUN_CONNECT);
	ph_stun_set(&m, PH_STUN_XOR_PEER_ADDRESS);
	ph_stun_add(&m.peers, at.addr, at.port);
	return rig_ask(&a, &m);
}

static int
join(struct rig_client *c, uint32_t id)
{
	struct ph_stun m;

	rig_request(c, &m, PH_STUN_CONNECTION_BIND);
	ph_stun_set(&m, PH_STUN_CONNECTION_ID);
	m.connection = id;
	return rig_ask(c, &m);
}

/* What was sent last, which nobody asked for just now. */
static const struct ph_stun *
told(void)
{
	assert_int_equal(ph_stun_decode(&r.answer, r.sent, r.sent_len), PH_STUN_OK);
	return &r.answer;
}

static void
test_allocate(void **state)
{
	(void)state;
	assert_int_equal(allocate(&a, PH_STUN_BIT(PH_STUN_EVEN_PORT)), 400);
	assert_int_equal(allocate(&a, PH_STUN_BIT(PH_STUN_DONT_FRAGMENT)), 400);
	assert_int_equal(allocate(&a, PH_STUN_BIT(PH_STUN_RESERVATION_TOKEN)), 400);
	assert_int_equal(allocate(&a, 0), 0);
	assert_true(r.open[0].tcp);
	assert_int_equal(rig_bind(&a, 0x4000, peer(1)), 400);
	assert_int_equal(rig_permit(&a, peer(1)), 0);
	assert_false(rig_send(&a, peer(1), 5));
	d.conn.via = PH_TURN_VIA_UDP;
	assert_int_equal(allocate(&d, 0), 400);
	d.conn.via = PH_TURN_VIA_TLS;
	a.conn = d.conn;
	a.nonce_len = 0;
	assert_int_equal(rig_allocate(&a), 0);
	assert_int_equal(connect_to(peer(1)), 400);
}

static void
test_switched_off(void **state)
{
	static struct rig off;
	struct rig_client c;

	(void)state;
	rig_init(&off);
	rig_start(&off);
	rig_client(&off, &c, 5);
	c.conn.via = PH_TURN_VIA_TCP;
	assert_int_equal(allocate(&c, 0), 442);
	assert_int_equal(rig_allocate(&c), 0);
	assert_int_equal(join(&c, 1), -1);
	/* A reload does not switch it on. */
	off.c.tcp = true;
	assert_true(ph_turn_server_reload(off.s, &off.c, off.now, &(const char *){ NULL }));
	assert_int_equal(join(&c, 1), -1);
	rig_client_end(&c);
	rig_end(&off);
}

static void
test_connect(void **state)
{
	uint32_t id;

	(void)state;
	assert_int_equal(allocate(&a, 0), 0);
	assert_int_equal(connect_to(rig_at("127.0.0.1", 80)), 403);
	assert_int_equal(connect_to(rig_at("2a00::1", 80)), 443);
	assert_int_equal(connect_to(peer(1)), -1);
	assert_int_equal(r.connects, 1);
	assert_int_equal(r.connect_handle, r.open[0].handle);
	assert_int_equal(connect_to(peer(1)), 446);
	ph_turn_server_connected(r.s, r.link, true, r.now);
	assert_int_equal(told()->method, PH_STUN_CONNECT);
	assert_int_equal(r.answer.class, PH_STUN_SUCCESS);
	assert_true(ph_stun_verify(&r.answer, &a.auth));
	id = r.answer.connection;
	assert_int_equal(id >> 24, 3);
	assert_int_equal(ph_turn_server_worker(r.sent, r.sent_len), 3);
	ph_turn_server_connected(r.s, r.link, true, r.now);
	/* Not by another user, not with another id, not twice, not on the first stream. */
	d.user = "bob";
	d.password = "other";
	assert_int_equal(join(&d, id), 400);
	d.user = "alice";
	d.password = "secret";
	assert_int_equal(join(&d, id ^ 1), 400);
	assert_int_equal(join(&d, id ^ 1 << 12), 400);
	assert_int_equal(join(&a, id), 400);
	assert_int_equal(r.joins, 0);
	assert_int_equal(join(&d, id), 0);
	assert_int_equal(r.joins, 1);
	assert_int_equal(join(&d, id), 400);
	rig_wait(&r, 100);
	assert_int_equal(r.drops, 0);
	ph_turn_server_link_gone(r.s, r.link);
	assert_int_equal(ph_turn_server_stats(r.s)[PH_TURN_STAT_LINKS], 0);
	ph_turn_server_link_gone(r.s, r.link);
}

/* To named networks only; who is not among them any more loses what he has. */
static void
test_named(void **state)
{
	const struct ph_range one = { peer(1).addr, peer(1).addr };

	(void)state;
	r.c.links_to = &one;
	r.c.n_links_to = 1;
	assert_true(ph_turn_server_reload(r.s, &r.c, r.now, &(const char *){ NULL }));
	assert_int_equal(allocate(&a, 0), 0);
	assert_int_equal(connect_to(peer(2)), 403);
	assert_int_equal(rig_permit(&a, peer(2)), 403);
	assert_int_equal(rig_permit(&a, peer(1)), 0);
	assert_int_equal(connect_to(peer(1)), -1);
	r.c.links_to = &(struct ph_range){ peer(2).addr, peer(2).addr };
	assert_true(ph_turn_server_reload(r.s, &r.c, r.now, &(const char *){ NULL }));
	assert_int_equal(r.drops, 1);
	assert_int_equal(told()->error.code, 447);
	/* Datagrams are another matter. */
	assert_null(ph_turn_server_peer_denied(r.s, peer(1)));
}

static void
test_fails(void **state)
{
	(void)state;
	assert_int_equal(allocate(&a, 0), 0);
	assert_int_equal(rig_permit(&a, peer(1)), 0);
	assert_int_equal(connect_to(peer(1)), -1);
	ph_turn_server_connected(r.s, r.link, false, r.now);
	assert_int_equal(told()->error.code, 447);
	assert_true(ph_stun_verify(&r.answer, &a.auth));
	assert_int_equal(r.drops, 0);
	assert_int_equal(connect_to(peer(1)), -1);
	r.n_sent = 0;
	rig_wait(&r, 30);
	assert_int_equal(r.n_sent, 1);
	assert_int_equal(told()->error.code, 447);
	assert_int_equal(r.drops, 1);
	/* Nobody comes for it. */
	assert_int_equal(connect_to(peer(1)), -1);
	ph_turn_server_connected(r.s, r.link, true, r.now);
	rig_wait(&r, 30);
	assert_int_equal(r.drops, 2);
	assert_int_equal(ph_turn_server_stats(r.s)[PH_TURN_STAT_LINKS], 0);
}

static void
test_reload(void **state)
{
	(void)state;
	assert_int_equal(allocate(&a, 0), 0);
	assert_int_equal(connect_to(peer(1)), -1);
	assert_int_equal(connect_to(peer(2)), -1);
	r.deny[0] = (struct ph_range){ peer(1).addr, peer(1).addr };
	r.c.n_deny = 1;
	assert_true(ph_turn_server_reload(r.s, &r.c, r.now, &(const char *){ NULL }));
	assert_int_equal(r.drops, 1);
	assert_int_equal(told()->error.code, 447);
	assert_int_equal(ph_turn_server_stats(r.s)[PH_TURN_STAT_LINKS], 1);
}

static void
test_accept(void **state)
{
	uint32_t link;

	(void)state;
	assert_int_equal(allocate(&a, 0), 0);
	assert_int_equal(ph_turn_server_accepted(r.s, r.open[0].relay, peer(1), r.now), 0);
	assert_int_equal(rig_permit(&a, peer(1)), 0);
	assert_int_equal(ph_turn_server_accepted(r.s, r.open[0].relay ^ 1U << 20, peer(1), r.now),
	    0);
	link = ph_turn_server_accepted(r.s, r.open[0].relay, peer(1), r.now);
	assert_int_not_equal(link, 0);
	assert_int_equal(told()->method, PH_STUN_CONNECTION_ATTEMPT);
	assert_int_equal(r.answer.class, PH_STUN_INDICATION);
	assert_true(r.answer.peers.v[0].addr == peer(1).addr);
	/* With the nonce of the first stream, as clients do. */
	memcpy(d.nonce, a.nonce, sizeof(d.nonce));
	d.nonce_len = a.nonce_len;
	assert_int_equal(join(&d, r.answer.connection), 0);
	assert_int_equal(r.link, link);
	/* It ends with its allocation. */
	ph_turn_server_stream_gone(r.s, &a.conn, r.now);
	assert_int_equal(r.drops, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, prepare, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_allocate), T(test_switched_off), T(test_connect), T(test_named),
		T(test_fails),
		T(test_reload), T(test_accept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
