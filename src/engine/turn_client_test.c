/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/turn_client.h"
#include "wire/channel.h"

/*
 * A small TURN server behind a path that loses, doubles and reorders, in virtual time.
 * It keeps one allocation, checks every signature with its own key, and sends back
 * whatever goes to a peer.
 */
enum { MS = 1000, S = 1000000, MAX_MSG = 1500, MAX_WAY = 64 };

struct message {
	uint64_t at;
	bool to_server;
	size_t len;
	uint8_t bytes[MAX_MSG];
};

struct world {
	uint64_t now, seed;
	unsigned loss;			/* percent, each way */
	unsigned duplicate;		/* percent */
	uint64_t jitter;
	bool stream;
	struct message way[MAX_WAY];
	unsigned n;
	/* the server */
	bool modern;			/* SHA-256 and USERHASH by RFC 8489 */
	bool strip;			/* somebody takes PASSWORD-ALGORITHMS out */
	bool forge;			/* does not know the password, says yes */
	bool quiet;
	uint16_t refuse;		/* with this code once credentials are right */
	uint16_t refuse_peer;
	unsigned stale;			/* so many signed requests meet a stale nonce */
	uint32_t lifetime;		/* granted */
	const char *password;
	struct ph_stun_auth auth;
	unsigned nonce;
	bool allocated;
	uint64_t ends;			/* of the allocation */
	uint64_t permitted;		/* until when */
	uint64_t bound;
	uint16_t channel;
	uint8_t made_by[12];		/* transaction id of the Allocate */
	struct ph_stun_addr peer;
	unsigned requests, refreshes, echoes;
	struct ph_turn x;
	unsigned got;			/* data that came back */
};

static uint64_t base_seed;

static unsigned
rnd(struct world *w, unsigned n)
{
	w->seed = w->seed * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(w->seed >> 33) % n;
}

static void
give_random(void *arg, void *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)rnd(arg, 256);
}

static void
put_on_way(struct world *w, bool to_server, const uint8_t *p, size_t n)
{
	unsigned copies = w->stream ? 1 : 1 + (rnd(w, 100) < w->duplicate);

	for (; copies > 0; copies--) {
		struct message *m = &w->way[w->n];

		if (!w->stream && rnd(w, 100) < w->loss)
			continue;
		assert_true(w->n < MAX_WAY && n <= MAX_MSG);
		*m = (struct message){ .at = w->now + 20 * MS, .to_server = to_server, .len = n };
		if (w->jitter > 0)
			m->at += rnd(w, (unsigned)w->jitter);
		memcpy(m->bytes, p, n);
		w->n++;
	}
}

/* --- the server --- */

static struct ph_str
nonce_of(struct world *w, char out[32])
{
	ph_stun_nonce_cookie(out, PH_STUN_FEATURE_ALGORITHMS | PH_STUN_FEATURE_USERHASH);
	memcpy(out + PH_STUN_NONCE_COOKIE, "nonce", 5);
	out[PH_STUN_NONCE_COOKIE + 5] = (char)('a' + w->nonce % 26);
	return w->modern ? (struct ph_str){ out, PH_STUN_NONCE_COOKIE + 6 } :
	    (struct ph_str){ out + PH_STUN_NONCE_COOKIE, 6 };
}

static void
answer(struct world *w, struct ph_stun *r, bool is_signed)
{
	struct ph_stun_seal seal = { .auth = &w->auth, .fingerprint = true };
	uint8_t p[MAX_MSG];
	size_t n;

	if (w->quiet)
		return;
	seal.sha256 = is_signed && w->modern && !w->forge;
	seal.sha1 = is_signed && !w->modern && !w->forge;
	n = ph_stun_encode(r, &seal, p, sizeof(p));
	assert_true(n > 0);
	put_on_way(w, false, p, n);
}

static void
challenge(struct world *w, const struct ph_stun *m, uint16_t code)
{
	char nonce[32];
	struct ph_stun r;

	ph_stun_refuse(&r, m, code);
	ph_stun_set(&r, PH_STUN_REALM);
	ph_stun_set(&r, PH_STUN_NONCE);
	r.realm = ph_str("example.org");
	r.nonce = nonce_of(w, nonce);
	if (w->modern && !w->strip) {
		ph_stun_set(&r, PH_STUN_PASSWORD_ALGORITHMS);
		memset(&r.algorithms, 0, sizeof(r.algorithms));
		r.algorithms.v[0].number = PH_STUN_MD5;
		r.algorithms.v[1].number = PH_STUN_SHA256;
		r.algorithms.n = 2;
	}
	answer(w, &r, false);
}

/* True when the request may go on; else it was answered. */
static bool
check_credentials(struct world *w, const struct ph_stun *m)
{
	struct ph_str name = ph_str("alice"), realm = ph_str("example.org"), nonce;
	struct ph_stun_key key;
	uint8_t hash[32];
	char text[32];

	ph_stun_key(w->modern ? PH_STUN_SHA256 : PH_STUN_MD5, name, realm, ph_str(w->password),
	    &key);
	ph_stun_auth_key(&w->auth, key.bytes, key.len);
	if (w->forge && ph_stun_has(m, PH_STUN_NONCE))
		return true;
	if (!ph_stun_has(m, w->modern ? PH_STUN_MESSAGE_INTEGRITY_SHA256 :
	    PH_STUN_MESSAGE_INTEGRITY) || !ph_stun_verify(m, &w->auth)) {
		challenge(w, m, 401);
		return false;
	}
	if (w->modern) {
		ph_stun_userhash(name, realm, hash);
		assert_memory_equal(m->userhash, hash, 32);
		assert_int_equal(m->algorithm.number, PH_STUN_SHA256);
		assert_int_equal(m->algorithms.n, 2);
	}
	nonce = nonce_of(w, text);
	if (w->stale > 0) {
		w->stale--;
		w->nonce++;
	}
	nonce = nonce_of(w, text);
	if (m->nonce.len != nonce.len || memcmp(m->nonce.s, nonce.s, nonce.len) != 0) {
		challenge(w, m, 438);
		return false;
	}
	return true;
}

static void
serve_allocate(struct world *w, const struct ph_stun *m)
{
	struct ph_stun r;

	if (w->refuse != 0 ||
	    (w->allocated && memcmp(m->id, w->made_by, sizeof(w->made_by)) != 0)) {
		ph_stun_refuse(&r, m, w->refuse != 0 ? w->refuse : 437);
		if (w->refuse == 300) {
			ph_stun_set(&r, PH_STUN_ALTERNATE_SERVER);
			r.alternate = (struct ph_stun_addr){ PH_V4(0xc0000263), 3479 };
		}
		answer(w, &r, true);
		return;
	}
	w->allocated = true;
	w->ends = w->now + (uint64_t)w->lifetime * S;
	memcpy(w->made_by, m->id, sizeof(w->made_by));
	ph_stun_reply(&r, m, PH_STUN_SUCCESS);
	ph_stun_set(&r, PH_STUN_XOR_RELAYED_ADDRESS);
	ph_stun_add(&r.relayed, PH_V4(0xc0000201), 50001);
	ph_stun_set(&r, PH_STUN_XOR_MAPPED_ADDRESS);
	r.xor_mapped = (struct ph_stun_addr){ PH_V4(0xcb007101), 4242 };
	ph_stun_set(&r, PH_STUN_LIFETIME);
	r.lifetime = w->lifetime;
	answer(w, &r, true);
}

static void
serve_refresh(struct world *w, const struct ph_stun *m)
{
	struct ph_stun r;

	ph_stun_reply(&r, m, PH_STUN_SUCCESS);
	ph_stun_set(&r, PH_STUN_LIFETIME);
	r.lifetime = m->lifetime < w->lifetime ? m->lifetime : w->lifetime;
	w->allocated = m->lifetime > 0;
	w->ends = w->now + (uint64_t)r.lifetime * S;
	w->refreshes++;
	answer(w, &r, true);
}

static void
serve_peer(struct world *w, const struct ph_stun *m)
{
	struct ph_stun r;

	if (w->refuse_peer != 0) {
		ph_stun_refuse(&r, m, w->refuse_peer);
	} else {
		w->permitted = w->now + 300ULL * S;
		w->peer = m->peers.v[0];
		if (m->method == PH_STUN_CHANNEL_BIND) {
			w->channel = m->channel;
			w->bound = w->now + 600ULL * S;
		}
		ph_stun_reply(&r, m, PH_STUN_SUCCESS);
	}
	answer(w, &r, true);
}

/* What goes to the peer comes back at once. */
static void
echo(struct world *w, struct ph_bytes data, bool channel)
{
	uint8_t p[MAX_MSG];
	struct ph_stun r;

	if (w->now > w->permitted || w->now > w->ends || !w->allocated)
		return;
	w->echoes++;
	if (channel) {
		if (w->now <= w->bound)
			put_on_way(w, false, p, ph_channel_encode(&(struct ph_channel){ w->channel,
			    data.p, (uint16_t)data.len }, w->stream, p, sizeof(p)));
		return;
	}
	ph_stun_init(&r, PH_STUN_DATA_IND, PH_STUN_INDICATION, "indication__");
	ph_stun_set(&r, PH_STUN_XOR_PEER_ADDRESS);
	ph_stun_add(&r.peers, w->peer.addr, w->peer.port);
	ph_stun_set(&r, PH_STUN_DATA);
	r.data = data;
	put_on_way(w, false, p, ph_stun_encode(&r, NULL, p, sizeof(p)));
}

static void
serve(struct world *w, const uint8_t *p, size_t n)
{
	struct ph_channel c;
	struct ph_stun m;

	if (ph_channel_decode(&c, p, n)) {
		assert_int_equal(c.number, w->channel);
		echo(w, (struct ph_bytes){ c.data, c.len }, true);
		return;
	}
	assert_int_equal(ph_stun_decode(&m, p, n), PH_STUN_OK);
	if (m.method == PH_STUN_SEND) {
		echo(w, m.data, false);
		return;
	}
	w->requests++;
	if (!check_credentials(w, &m))
		return;
	switch (m.method) {
	case PH_STUN_ALLOCATE:
		serve_allocate(w, &m);
		break;
	case PH_STUN_REFRESH:
		serve_refresh(w, &m);
		break;
	default:
		serve_peer(w, &m);
	}
}

/* --- the world --- */

static void
start_with(struct world *w, const char *password)
{
	struct ph_turn_opts opts = {
		.stream = w->stream, .username = ph_str("alice"), .password = ph_str(password),
		.random = give_random, .arg = w,
	};

	w->now = 1000ULL * S;
	w->password = "correct horse";
	if (w->lifetime == 0)
		w->lifetime = 600;
	if (w->seed == 0)
		w->seed = base_seed;
	assert_true(ph_stun_auth_init(&w->auth));
	assert_true(ph_turn_init(&w->x, &opts, w->now));
}

static void
start(struct world *w)
{
	start_with(w, "correct horse");
}

static void
finish(struct world *w)
{
	ph_turn_fini(&w->x);
	ph_stun_auth_fini(&w->auth);
}

static void
deliver(struct world *w, unsigned i)
{
	struct message m = w->way[i];
	struct ph_turn_got got;

	w->way[i] = w->way[--w->n];
	if (m.to_server)
		serve(w, m.bytes, m.len);
	else if (ph_turn_input(&w->x, w->now, m.bytes, m.len, &got) == PH_TURN_DATA) {
		assert_true(got.peer.addr == PH_V4(0xc6336407) && got.peer.port == 7000);
		assert_int_equal(got.len, 6);
		assert_memory_equal(got.data, "media!", 6);
		w->got++;
	}
}

static void
flush(struct world *w)
{
	uint8_t p[MAX_MSG];
	size_t n;

	while ((n = ph_turn_output(&w->x, w->now, p, sizeof(p))) > 0)
		put_on_way(w, true, p, n);
}

static void
run_until(struct world *w, uint64_t end)
{
	for (;;) {
		uint64_t at;
		unsigned first = 0;

		flush(w);
		at = ph_turn_deadline(&w->x);
		for (unsigned i = 1; i < w->n; i++)
			if (w->way[i].at < w->way[first].at)
				first = i;
		if (w->n > 0 && w->way[first].at <= at && w->way[first].at <= end) {
			w->now = w->way[first].at;
			deliver(w, first);
		} else if (at <= end) {
			w->now = at > w->now ? at : w->now;
		} else {
			break;
		}
	}
	w->now = end;
}

static void
run_for(struct world *w, uint64_t us)
{
	run_until(w, w->now + us);
}

static void
send_media(struct world *w)
{
	uint8_t p[MAX_MSG];
	size_t n = ph_turn_send(&w->x, 0, (struct ph_bytes){ (const uint8_t *)"media!", 6 }, p,
	    sizeof(p));

	assert_true(n > 0);
	put_on_way(w, true, p, n);
}

static const struct ph_stun_addr peer = { PH_V4(0xc6336407), 7000 };

/* --- tests --- */

static void
check_whole_way(bool stream, bool modern, bool channel)
{
	struct world w = { .stream = stream, .modern = modern };

	start(&w);
	assert_int_equal(ph_turn_permit(&w.x, w.now, peer, channel), 0);
	run_for(&w, 1 * S);
	assert_int_equal(w.x.outcome, PH_TURN_READY);
	assert_int_equal(w.x.sha256, modern);
	assert_true(w.x.relayed.addr == PH_V4(0xc0000201) && w.x.relayed.port == 50001);
	assert_int_equal(w.x.mapped.port, 4242);
	assert_int_equal(w.x.rtt_us, 40 * MS);
	assert_int_equal(w.x.peer[0].state, PH_TURN_PEER_READY);
	assert_int_equal(w.requests, 3);
	send_media(&w);
	run_for(&w, 1 * S);
	assert_int_equal(w.got, 1);
	ph_turn_close(&w.x, w.now);
	run_for(&w, 1 * S);
	assert_int_equal(w.x.outcome, PH_TURN_CLOSED);
	assert_false(w.allocated);
	assert_true(ph_turn_deadline(&w.x) == UINT64_MAX);
	finish(&w);
}

static void
test_whole_way(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		check_whole_way(i & 1, i & 2, i & 4);
}

/* An hour and a half, during which everything has to be refreshed. */
static void
check_refreshes(bool channel)
{
	struct world w = { .stream = true };
	unsigned before;

	start(&w);
	ph_turn_permit(&w.x, w.now, peer, channel);
	run_for(&w, 5400ULL * S);
	assert_int_equal(w.x.outcome, PH_TURN_READY);
	assert_true(w.refreshes >= 9 && w.refreshes <= 11);
	before = w.got;
	send_media(&w);
	run_for(&w, 1 * S);
	assert_int_equal(w.got, before + 1);
	finish(&w);
}

static void
test_refreshes(void **state)
{
	(void)state;
	check_refreshes(true);
	check_refreshes(false);
}

static void
test_short_lifetime(void **state)
{
	struct world w = { .lifetime = 20 };

	(void)state;
	start(&w);
	run_for(&w, 100ULL * S);
	assert_int_equal(w.x.outcome, PH_TURN_READY);
	assert_true(w.now < w.ends);
	finish(&w);
}

static void
test_every_refusal(void **state)
{
	static const struct {
		uint16_t code;
		enum ph_turn_outcome outcome;
	} of[] = {
		{ 300, PH_TURN_ELSEWHERE }, { 400, PH_TURN_NO_TURN }, { 403, PH_TURN_FORBIDDEN },
		{ 420, PH_TURN_NO_TURN }, { 437, PH_TURN_MISMATCH }, { 440, PH_TURN_FAMILY },
		{ 441, PH_TURN_CREDENTIALS }, { 442, PH_TURN_TRANSPORT }, { 486, PH_TURN_QUOTA },
		{ 500, PH_TURN_ERROR }, { 508, PH_TURN_CAPACITY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		struct world w = { .refuse = of[i].code };

		start(&w);
		run_for(&w, 10ULL * S);
		assert_int_equal(w.x.outcome, of[i].outcome);
		assert_int_equal(w.x.code, of[i].code);
		assert_true(ph_turn_reached(w.x.outcome));
		assert_true(w.x.answered);
		if (of[i].code == 300)
			assert_int_equal(w.x.alternate.port, 3479);
		finish(&w);
	}
}

/* Outcomes that are not one code; each is told in other words. */
static void
test_other_endings(void **state)
{
	struct world wrong = { .n = 0 }, silent = { .quiet = true }, once = { .stale = 1 };
	struct world ever = { .stale = 99 }, strip = { .modern = true, .strip = true };
	struct world forge = { .forge = true };

	(void)state;
	start_with(&wrong, "guess");
	run_for(&wrong, 10ULL * S);
	assert_int_equal(wrong.x.outcome, PH_TURN_CREDENTIALS);
	finish(&wrong);
	start(&silent);
	run_for(&silent, 2900 * MS);
	assert_int_equal(silent.x.outcome, PH_TURN_BUSY);
	run_for(&silent, 200 * MS);
	assert_int_equal(silent.x.outcome, PH_TURN_SILENT);
	assert_false(ph_turn_reached(PH_TURN_SILENT) || silent.x.answered);
	assert_int_equal(silent.requests, 5);
	finish(&silent);
	start(&once);
	run_for(&once, 10ULL * S);
	assert_int_equal(once.x.outcome, PH_TURN_READY);
	finish(&once);
	start(&ever);
	run_for(&ever, 10ULL * S);
	assert_int_equal(ever.x.outcome, PH_TURN_STALE);
	finish(&ever);
	start(&strip);
	run_for(&strip, 10ULL * S);
	assert_int_equal(strip.x.outcome, PH_TURN_BID_DOWN);
	finish(&strip);
	start(&forge);
	run_for(&forge, 10ULL * S);
	assert_int_equal(forge.x.outcome, PH_TURN_UNSIGNED);
	finish(&forge);
}

/* A nonce that goes stale while the allocation lives costs nothing. */
static void
test_stale_later(void **state)
{
	struct world w = { .stream = true };

	(void)state;
	start(&w);
	ph_turn_permit(&w.x, w.now, peer, true);
	run_for(&w, 200ULL * S);
	w.stale = 1;
	run_for(&w, 300ULL * S);
	w.stale = 1;
	run_for(&w, 300ULL * S);
	assert_int_equal(w.stale, 0);
	assert_int_equal(w.x.outcome, PH_TURN_READY);
	assert_int_equal(w.x.peer[0].state, PH_TURN_PEER_READY);
	finish(&w);
}

static void
test_peer_refused(void **state)
{
	struct world w = { .refuse_peer = 403 };
	uint8_t p[64];

	(void)state;
	start(&w);
	ph_turn_permit(&w.x, w.now, peer, false);
	run_for(&w, 5 * S);
	assert_int_equal(w.x.outcome, PH_TURN_READY);
	assert_int_equal(w.x.peer[0].state, PH_TURN_PEER_REFUSED);
	assert_int_equal(w.x.peer[0].code, 403);
	assert_int_equal(ph_turn_send(&w.x, 0, (struct ph_bytes){ p, 4 }, p, sizeof(p)), 0);
	finish(&w);
}

static void
test_server_dies(void **state)
{
	struct world w = { .lifetime = 600 };

	(void)state;
	start(&w);
	run_for(&w, 5 * S);
	assert_int_equal(w.x.outcome, PH_TURN_READY);
	w.quiet = true;
	run_for(&w, 600ULL * S);
	assert_int_equal(w.x.outcome, PH_TURN_LOST);
	finish(&w);
}

/* Loss, duplicates and reordering do not change what is found. */
static void
test_bad_paths(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		struct world w = { .loss = 5, .duplicate = 20, .jitter = 60 * MS,
			.modern = i % 2, .seed = base_seed + i };

		start(&w);
		ph_turn_permit(&w.x, w.now, peer, i % 4 < 2);
		run_for(&w, 12ULL * S);
		assert_int_equal(w.x.outcome, PH_TURN_READY);
		assert_int_equal(w.x.peer[0].state, PH_TURN_PEER_READY);
		for (int k = 0; k < 20; k++) {
			send_media(&w);
			run_for(&w, 20 * MS);
		}
		run_for(&w, S);
		assert_true(w.got >= 10);
		ph_turn_close(&w.x, w.now);
		run_for(&w, 12ULL * S);
		assert_int_equal(w.x.outcome, PH_TURN_CLOSED);
		assert_false(w.allocated);
		finish(&w);
	}
}

/* Noise between the answers changes nothing. */
static void
test_garbage(void **state)
{
	struct world w = { .n = 0 };
	struct ph_turn_got got;
	uint8_t p[64];

	(void)state;
	start(&w);
	run_for(&w, 30 * MS);
	for (int i = 0; i < 20000; i++) {
		size_t n = rnd(&w, sizeof(p));

		give_random(&w, p, n);
		assert_int_equal(ph_turn_input(&w.x, w.now, p, n, &got), PH_TURN_NOTHING);
	}
	run_for(&w, 2 * S);
	assert_int_equal(w.x.outcome, PH_TURN_READY);
	finish(&w);
}

static void
test_every_outcome_has_words(void **state)
{
	(void)state;
	for (int o = 0; o < PH_TURN_N_OUTCOMES; o++) {
		assert_non_null(ph_turn_outcome_word((enum ph_turn_outcome)o));
		assert_non_null(ph_turn_outcome_sentence((enum ph_turn_outcome)o));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_way),
		cmocka_unit_test(test_refreshes),
		cmocka_unit_test(test_short_lifetime),
		cmocka_unit_test(test_every_refusal),
		cmocka_unit_test(test_other_endings),
		cmocka_unit_test(test_stale_later),
		cmocka_unit_test(test_peer_refused),
		cmocka_unit_test(test_server_dies),
		cmocka_unit_test(test_bad_paths),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_every_outcome_has_words),
	};
	const char *given = getenv("PH_SEED");

	base_seed = given != NULL ? strtoull(given, NULL, 10) : 1;
	print_message("# PH_SEED=%llu\n", (unsigned long long)base_seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
