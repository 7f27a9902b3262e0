/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/turn_bind.h"
#include "wire/channel.h"

/*
 * TCP allocations, and more peers than places: a server that answers at once, over a stream, in
 * virtual time.
 */
enum { S = 1000000, ROOM = 2048, TCP = 6, CONNECTION = 0x1badcafe };

struct world {
	struct ph_turn x;
	struct ph_stun_auth auth;
	uint64_t now;
	uint8_t counter;		/* what is random here */
	const char *nonce;		/* that the server wants */
	uint16_t refuse;		/* Connect, with this code */
	bool mute;			/* Connect is not answered */
	unsigned connects, binds;
	uint16_t channels[256];		/* bound, in order */
	unsigned n_channels;
	uint8_t transport;
};

static void
give_random(void *arg, void *out, size_t n)
{
	struct world *w = arg;

	memset(out, 0, n);
	*(uint8_t *)out = ++w->counter;
	*((uint8_t *)out + 1) = (uint8_t)(w->now / 1000);
}

/* The server's answer to ${m}; false: none. */
static bool
serve(struct world *w, const struct ph_stun *m, struct ph_stun *r, struct ph_stun_seal *seal)
{
	*seal = (struct ph_stun_seal){ .auth = &w->auth };
	if (!ph_stun_has(m, PH_STUN_NONCE) || m->nonce.len != strlen(w->nonce) ||
	    memcmp(m->nonce.s, w->nonce, m->nonce.len) != 0) {
		ph_stun_refuse(r, m, ph_stun_has(m, PH_STUN_NONCE) ? 438 : 401);
		ph_stun_set(r, PH_STUN_REALM);
		ph_stun_set(r, PH_STUN_NONCE);
		r->realm = ph_str("example.org");
		r->nonce = ph_str(w->nonce);
		return true;
	}
	assert_true(ph_stun_verify(m, &w->auth));
	seal->sha1 = true;
	ph_stun_reply(r, m, PH_STUN_SUCCESS);
	switch (m->method) {
	case PH_STUN_ALLOCATE:
		w->transport = m->transport;
		ph_stun_set(r, PH_STUN_XOR_RELAYED_ADDRESS);
		ph_stun_add(&r->relayed, PH_V4(1), 50000);
		break;
	case PH_STUN_CHANNEL_BIND:
		w->channels[w->n_channels++] = m->channel;
		break;
	case PH_STUN_CONNECT:
		w->connects++;
		if (w->refuse != 0)
			ph_stun_refuse(r, m, w->refuse);
		ph_stun_set(r, PH_STUN_CONNECTION_ID);
		r->connection = CONNECTION;
		return !w->mute;
	case PH_STUN_CONNECTION_BIND:
		w->binds++;
		assert_int_equal(m->connection, CONNECTION);
		break;
	default:
		break;
	}
	return true;
}

/* ${p} goes to the server; the answer's bytes, or 0. */
static size_t
ask(struct world *w, uint8_t *p, size_t n)
{
	struct ph_stun m, r;
	struct ph_stun_seal seal;
	uint8_t copy[ROOM];

	memcpy(copy, p, n);
	assert_int_equal(ph_stun_decode(&m, copy, n), PH_STUN_OK);
	return serve(w, &m, &r, &seal) ? ph_stun_encode(&r, &seal, p, ROOM) : 0;
}

static void
pump(struct world *w)
{
	struct ph_turn_got got;
	uint8_t p[ROOM];
	size_t n;

	while ((n = ph_turn_output(&w->x, w->now, p, sizeof(p))) > 0)
		if ((n = ask(w, p, n)) > 0)
			ph_turn_input(&w->x, w->now, p, n, &got);
}

static void
start(struct world *w, bool tcp)
{
	struct ph_turn_opts o = { .stream = true, .tcp = tcp, .username = ph_str("alice"),
	    .password = ph_str("secret"), .random = give_random, .arg = w };
	struct ph_stun_key key;

	*w = (struct world){ .now = S, .nonce = "first" };
	assert_true(ph_stun_auth_init(&w->auth));
	ph_stun_key(PH_STUN_MD5, o.username, ph_str("example.org"), o.password, &key);
	ph_stun_auth_key(&w->auth, key.bytes, key.len);
	assert_true(ph_turn_init(&w->x, &o, w->now));
	pump(w);
	assert_int_equal(w->x.outcome, PH_TURN_READY);
	assert_int_equal(w->transport, tcp ? TCP : 17);
}

static void
finish(struct world *w)
{
	ph_turn_fini(&w->x);
	ph_stun_auth_fini(&w->auth);
}

static const struct ph_stun_addr peer = { PH_V4(0xc6336409), 443 };

static void
connections(void **state)
{
	struct ph_turn_bind b;
	struct world w;
	uint8_t p[ROOM];
	size_t n;
	int i;

	(void)state;
	start(&w, true);
	i = ph_turn_connect(&w.x, w.now, peer);
	assert_int_equal(i, 0);
	pump(&w);
	assert_int_equal(w.x.peer[i].state, PH_TURN_PEER_READY);
	assert_int_equal(w.x.peer[i].connection, CONNECTION);
	assert_int_equal(ph_turn_send(&w.x, 0, (struct ph_bytes){ p, 4 }, p, sizeof(p)), 0);
	w.now += 290ULL * S;			/* connections are not refreshed */
	pump(&w);
	assert_int_equal(w.connects, 1);

	ph_turn_bind_init(&b, &w.x, CONNECTION);
	w.nonce = "another";			/* every connection may have its own */
	n = ph_turn_bind_output(&b, p, sizeof(p));
	assert_int_equal(ph_turn_bind_input(&b, p, ask(&w, p, n)), PH_TURN_BINDING);
	n = ph_turn_bind_output(&b, p, sizeof(p));
	assert_true(n > 0);
	assert_int_equal(ph_turn_bind_output(&b, p + n, sizeof(p) - n), 0);
	assert_int_equal(ph_turn_bind_input(&b, p, ask(&w, p, n)), PH_TURN_BOUND);
	assert_int_equal(w.binds, 1);
	finish(&w);
}

/* Who does not know the password cannot say yes, and a nonce is taken once. */
static void
false_bindings(void **state)
{
	const struct ph_stun_seal none = { .fingerprint = false };
	struct ph_turn_bind b;
	struct ph_stun m, r;
	struct world w;
	uint8_t p[ROOM], q[ROOM];
	size_t n;

	(void)state;
	start(&w, true);
	ph_turn_bind_init(&b, &w.x, CONNECTION);
	n = ph_turn_bind_output(&b, p, sizeof(p));
	assert_int_equal(ph_stun_decode(&m, p, n), PH_STUN_OK);
	ph_stun_reply(&r, &m, PH_STUN_SUCCESS);
	n = ph_stun_encode(&r, &none, q, sizeof(q));
	assert_int_equal(ph_turn_bind_input(&b, q, n), PH_TURN_BINDING);
	ph_turn_bind_init(&b, &w.x, CONNECTION);
	for (int i = 0; i < 2; i++) {
		w.nonce = i == 0 ? "second" : "third";
		n = ph_turn_bind_output(&b, p, sizeof(p));
		assert_true(n > 0);
		assert_int_equal(ph_turn_bind_input(&b, p, ask(&w, p, n)),
		    i == 0 ? PH_TURN_BINDING : PH_TURN_UNBOUND);
	}
	assert_int_equal(b.code, 438);
	finish(&w);
}

static void
refusals(void **state)
{
	static const uint16_t codes[] = { 403, 446, 447 };
	struct world w;

	(void)state;
	start(&w, true);
	for (unsigned i = 0; i < 3; i++) {
		w.refuse = codes[i];
		assert_int_equal(ph_turn_connect(&w.x, w.now, peer), 0);
		pump(&w);
		assert_int_equal(w.x.peer[0].state, PH_TURN_PEER_REFUSED);
		assert_int_equal(w.x.peer[0].code, codes[i]);
		ph_turn_forget(&w.x, 0);
	}
	w.mute = true;
	assert_int_equal(ph_turn_connect(&w.x, w.now, peer), 0);
	pump(&w);
	w.now += 30ULL * S;			/* so long may the relay try */
	pump(&w);
	assert_int_equal(w.x.peer[0].state, PH_TURN_PEER_ASKED);
	w.now += 6ULL * S;
	pump(&w);
	assert_int_equal(w.x.peer[0].state, PH_TURN_PEER_REFUSED);
	assert_int_equal(w.x.peer[0].code, 0);
	assert_int_equal(w.x.outcome, PH_TURN_READY);
	finish(&w);
}

/* More peers than places: the one sent to least recently goes, and no channel comes twice. */
static void
many_peers(void **state)
{
	uint8_t p[ROOM] = { 0 }, out[ROOM];
	struct ph_stun_addr to = peer;
	struct ph_turn_got got;
	struct ph_channel c;
	struct world w;

	(void)state;
	start(&w, false);
	for (unsigned i = 0; i < PH_TURN_PEERS; i++) {
		to.port = (uint16_t)(1000 + i);
		assert_int_equal(ph_turn_permit(&w.x, w.now, to, true), i);
	}
	to.port = 9;
	assert_int_equal(ph_turn_permit(&w.x, w.now, to, true), -1);
	pump(&w);
	for (unsigned i = 0; i < PH_TURN_PEERS; i++)
		if (i != 5)
			assert_true(ph_turn_send(&w.x, i, (struct ph_bytes){ p, 4 }, out,
			    sizeof(out)) > 0);
	assert_int_equal(ph_turn_oldest(&w.x), 5);
	ph_turn_forget(&w.x, 5);
	assert_int_equal(ph_turn_permit(&w.x, w.now, to, true), 5);
	pump(&w);
	for (unsigned i = 0; i < w.n_channels; i++)
		assert_int_equal(w.channels[i], PH_CHANNEL_FIRST + i);
	c = (struct ph_channel){ w.channels[PH_TURN_PEERS], p, 4 };
	assert_int_equal(ph_turn_input(&w.x, w.now, out, ph_channel_encode(&c, false, out,
	    sizeof(out)), &got), PH_TURN_DATA);
	assert_int_equal(got.peer.port, 9);
	c.number = w.channels[5];		/* forgotten */
	assert_int_equal(ph_turn_input(&w.x, w.now, out, ph_channel_encode(&c, false, out,
	    sizeof(out)), &got), PH_TURN_NOTHING);
	finish(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections), cmocka_unit_test(false_bindings),
		cmocka_unit_test(refusals), cmocka_unit_test(many_peers),
	};

	return cmocka_run_group_tests_name("turn-tcp", tests, NULL, NULL);
}
