/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/turn_client.h"
#include "engine/turn_rig_test.h"

/*
 * Our client and our server, with a path between that loses and delays.  The peers echo.
 */
enum { MAX_WAY = 64, MAX_MSG = 1500, DELAY_US = 20000 };

struct message {
	uint64_t at;
	bool up;
	size_t len;
	uint8_t bytes[MAX_MSG];
};

struct path {
	struct rig r;
	struct rig_client end;		/* its 5-tuple only */
	struct ph_turn x;
	struct message way[MAX_WAY];
	unsigned n, loss, got, icmps;
	bool stream;
};

static struct path w;
static uint64_t base_seed;

static void
give_random(void *arg, void *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)(rig_random(arg) >> 24);
}

static void
put(bool up, const void *p, size_t n)
{
	if (rig_random(&w.r) % 100 < w.loss || w.n == MAX_WAY)
		return;
	assert_true(n <= MAX_MSG);
	w.way[w.n] = (struct message){ .at = w.r.now + DELAY_US, .up = up, .len = n };
	memcpy(w.way[w.n++].bytes, p, n);
}

/* What a peer got comes back, with its header for the client. */
static void
echo(const struct ph_turn_out *o)
{
	uint8_t p[MAX_MSG] = { 0 };
	struct ph_turn_back back;

	if (!rig_peer(&w.r, o->relay, o->peer, o->len, &back))
		return;
	memcpy(p, back.head, back.head_len);
	memcpy(p + back.head_len, o->data, o->len);
	put(false, p, back.head_len + o->len + back.tail);
}

static void
arrive_up(const struct message *m)
{
	struct ph_turn_in in = { .conn = w.end.conn, .data = m->bytes, .len = m->len,
		.ip = { 0, 64, false } };
	unsigned sent = w.r.n_sent, out = w.r.n_out;
	struct ph_turn_out o;

	switch (ph_turn_server_from_client(w.r.s, &in, w.r.now, &o)) {
	case PH_TURN_RELAY:
		echo(&o);
		break;
	case PH_TURN_CONTROL:
		ph_turn_server_input(w.r.s, &in, w.r.now);
		if (w.r.n_sent > sent)
			put(false, w.r.sent, w.r.sent_len);
		if (w.r.n_out > out) {
			o = w.r.out;
			o.data = w.r.out_data;
			echo(&o);
		}
		break;
	case PH_TURN_DROP:
		break;
	}
}

static void
arrive_down(const struct message *m)
{
	struct ph_turn_got got;
	enum ph_turn_event e = ph_turn_input(&w.x, w.r.now, m->bytes, m->len, &got);

	w.got += e == PH_TURN_DATA;
	w.icmps += e == PH_TURN_ICMP;
}

/* Ten milliseconds at a time. */
static void
run(uint64_t for_us)
{
	uint64_t end = w.r.now + for_us;
	uint8_t p[MAX_MSG];
	size_t n;

	for (; w.r.now < end; w.r.now += 10000) {
		ph_turn_server_tick(w.r.s, w.r.now);
		while ((n = ph_turn_output(&w.x, w.r.now, p, sizeof(p))) > 0)
			put(true, p, n);
		for (unsigned i = 0; i < w.n;) {
			struct message m = w.way[i];

			if (m.at > w.r.now) {
				i++;
				continue;
			}
			w.way[i] = w.way[--w.n];
			(m.up ? arrive_up : arrive_down)(&m);
		}
	}
}

static void
begin(bool stream, bool sha256, unsigned loss)
{
	struct ph_turn_opts o = { .stream = stream, .username = PH_STR("alice"),
		.password = PH_STR("secret"), .random = give_random, .arg = &w.r };

	memset(&w, 0, sizeof(w));
	rig_init(&w.r);
	w.r.seed = base_seed;
	w.r.c.sha256 = sha256;
	rig_start(&w.r);
	rig_client(&w.r, &w.end, 1);
	w.end.conn.via = stream ? PH_TURN_VIA_TCP : PH_TURN_VIA_UDP;
	w.stream = stream;
	w.loss = loss;
	assert_true(ph_turn_init(&w.x, &o, w.r.now));
}

static void
over(void)
{
	ph_turn_fini(&w.x);
	rig_client_end(&w.end);
	rig_end(&w.r);
}

static void
say(unsigned i)
{
	uint8_t p[MAX_MSG];
	size_t n = ph_turn_send(&w.x, i, (struct ph_bytes){ (const uint8_t *)"hello", 5 }, p,
	    sizeof(p));

	assert_true(n > 0);
	if (w.stream && p[0] >> 6 == 1)
		n = 9;			/* taken from the stream without its padding */
	put(true, p, n);
}

static void
test_call(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 4; k++) {
		begin(k & 1, k & 2, 0);
		ph_turn_permit(&w.x, w.r.now, rig_at("8.8.8.8", 5000), true);
		ph_turn_permit(&w.x, w.r.now, rig_at("8.8.4.4", 5001), false);
		run(RIG_S);
		assert_int_equal(w.x.outcome, PH_TURN_READY);
		assert_int_equal(w.x.sha256, (k & 2) != 0);
		assert_int_equal(w.x.peer[0].state, PH_TURN_PEER_READY);
		assert_int_equal(w.x.peer[1].state, PH_TURN_PEER_READY);
		say(0);
		say(1);
		run(RIG_S);
		assert_int_equal(w.got, 2);
		ph_turn_server_icmp(w.r.s, w.r.open[0].relay, rig_at("8.8.8.8", 5000),
		    (struct ph_stun_icmp){ 3, 3, 0 }, w.r.now);
		put(false, w.r.sent, w.r.sent_len);
		run(RIG_S);
		assert_int_equal(w.icmps, 1);
		ph_turn_close(&w.x, w.r.now);
		run(RIG_S);
		assert_int_equal(w.x.outcome, PH_TURN_CLOSED);
		assert_int_equal(w.r.n_open, 0);
		over();
	}
}

/* Two hours with a nonce that ends every ten minutes; whatever is held must not be lost. */
static void
test_long_call(void **state)
{
	(void)state;
	begin(false, true, 2);
	w.r.c.nonce_s = 600;
	assert_true(ph_turn_server_reload(w.r.s, &w.r.c, w.r.now, &(const char *){ NULL }));
	ph_turn_permit(&w.x, w.r.now, rig_at("8.8.8.8", 5000), true);
	run(5ULL * RIG_S);
	for (unsigned i = 0; i < 240; i++) {
		assert_int_equal(w.x.outcome, PH_TURN_READY);
		say(0);
		run(30ULL * RIG_S);
	}
	assert_in_range(w.got, 200, 240);
	assert_int_equal(w.r.n_opened, 1);
	assert_true(ph_turn_server_stats(w.r.s)[PH_TURN_STAT_STALE] > 5);
	over();
}

/* On bad paths: one allocation, however often it was asked for. */
static void
test_loss(void **state)
{
	unsigned ready = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		base_seed += 2;
		begin(false, i & 1, 30);
		ph_turn_permit(&w.x, w.r.now, rig_at("8.8.8.8", 5000), true);
		run(10ULL * RIG_S);
		ready += w.x.outcome == PH_TURN_READY;
		assert_true(w.r.n_open <= 1);
		over();
	}
	assert_true(ready > 80);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_long_call),
		cmocka_unit_test(test_loss),
	};
	const char *seed = getenv("PH_SEED");

	base_seed = seed != NULL ? strtoull(seed, NULL, 0) | 1 : 20261;
	print_message("# PH_SEED=%llu\n", (unsigned long long)base_seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
