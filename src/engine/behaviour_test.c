/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/behaviour.h"

/*
 * A client with four sockets, a NAT of any mapping and filtering, and a server with two
 * addresses and two ports, in virtual time; the path outside the NAT loses packets.
 */
enum { MS = 1000, S = 1000000, MAX_WAY = 256, MAX_MAP = 64 };

#define INSIDE	PH_V4(0xc0a80102)
#define OUTSIDE	PH_V4(0xcb007105)
#define A1	PH_V4(0xc0000201)
#define A2	PH_V4(0xc6336401)
#define B1	PH_V4(0xc6336463)
enum { P1 = 3478, P2 = 3479 };

struct packet {
	uint64_t at;
	struct ph_stun_addr from, to;
	bool at_server;
	size_t len;
	uint8_t bytes[128];
};

/* One mapping of the NAT, and to whom the inside has sent through it. */
struct map {
	struct ph_stun_addr inside, key, outside;
	struct ph_stun_addr sent[32];
	unsigned n_sent;
};

struct world {
	uint64_t now, seed;
	unsigned loss;			/* percent, each way */
	enum ph_behaviour_word mapping, filtering;
	bool no_nat, hairpin, inside_source, preserve;
	bool plain;			/* a server without a second address */
	bool refuses;			/* ... that knows no CHANGE-REQUEST */
	bool ignores;			/* ... and answers from where it was asked */
	bool dead2, dead_port2;		/* A2, or A1:P2, is not reached */
	uint64_t dead_after;		/* the server, or 0 */
	bool rewrites;
	uint64_t ban_after;		/* the NAT drops what sockets 1 and 2 send; or 0 */
	struct packet way[MAX_WAY];
	unsigned n;
	struct map map[MAX_MAP];
	unsigned n_maps;
	struct ph_behaviour x;
	uint64_t started[64];		/* when new transactions began */
	unsigned n_started;
	uint8_t last_id[64][12];
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

static bool
same(struct ph_stun_addr a, struct ph_stun_addr b)
{
	return a.addr == b.addr && a.port == b.port;
}

static void
put_on_way(struct world *w, struct packet p, bool lossy)
{
	if (lossy && rnd(w, 100) < w->loss)
		return;
	assert_true(w->n < MAX_WAY);
	p.at = w->now + 25 * MS;
	w->way[w->n++] = p;
}

/* --- the NAT --- */

/* Of an endpoint, what a rule of that kind looks at. */
static struct ph_stun_addr
seen_by(enum ph_behaviour_word rule, struct ph_stun_addr a)
{
	if (rule == PH_NAT_INDEPENDENT)
		return (struct ph_stun_addr){ 0, 0 };
	if (rule == PH_NAT_ADDRESS)
		a.port = 0;
	return a;
}

static struct map *
map_out(struct world *w, struct ph_stun_addr inside, struct ph_stun_addr to)
{
	struct ph_stun_addr key = seen_by(w->mapping, to);
	struct map *m;

	for (unsigned i = 0; i < w->n_maps; i++)
		if (same(w->map[i].inside, inside) && same(w->map[i].key, key))
			return &w->map[i];
	assert_true(w->n_maps < MAX_MAP);
	m = &w->map[w->n_maps];
	*m = (struct map){ .inside = inside, .key = key, .outside = {
	    OUTSIDE, w->preserve ? inside.port : (uint16_t)(20000 + w->n_maps) } };
	if (w->no_nat)
		m->outside = inside;
	w->n_maps++;
	return m;
}

static void
note_sent(struct map *m, struct ph_stun_addr to)
{
	for (unsigned i = 0; i < m->n_sent; i++)
		if (same(m->sent[i], to))
			return;
	assert_true(m->n_sent < 32);
	m->sent[m->n_sent++] = to;
}

/* The mapping by which a packet from outside comes in, or NULL. */
static struct map *
map_in(struct world *w, struct ph_stun_addr from, struct ph_stun_addr to)
{
	for (unsigned i = 0; i < w->n_maps; i++) {
		struct map *m = &w->map[i];

		if (!same(m->outside, to))
			continue;
		for (unsigned k = 0; k < m->n_sent; k++)
			if (same(seen_by(w->filtering, m->sent[k]), seen_by(w->filtering, from)))
				return m;
	}
	return NULL;
}

static void
from_outside(struct world *w, struct packet p, bool lossy)
{
	struct map *m = map_in(w, p.from, p.to);

	if (m == NULL)
		return;
	p.to = m->inside;
	put_on_way(w, p, lossy);
}

static void
from_inside(struct world *w, struct packet p)
{
	struct ph_stun_addr inside = p.from;
	struct map *m = map_out(w, inside, p.to);

	if (w->ban_after != 0 && w->now > w->ban_after && (inside.port == 40001 ||
	    inside.port == 40002))
		return;
	note_sent(m, p.to);
	p.from = m->outside;
	if (p.to.addr == OUTSIDE) {
		if (!w->hairpin)
			return;
		m = map_in(w, p.from, p.to);
		if (m == NULL)
			return;
		p.to = m->inside;
		if (w->inside_source)
			p.from = inside;
		put_on_way(w, p, false);
		return;
	}
	p.at_server = true;
	put_on_way(w, p, true);
}

/* --- the server --- */

static struct ph_stun_addr
answers_from(const struct world *w, const struct ph_stun *m, struct ph_stun_addr to)
{
	uint32_t change = ph_stun_has(m, PH_STUN_CHANGE_REQUEST) ? m->change : 0;

	if (w->ignores)
		return to;
	if ((change & PH_STUN_CHANGE_IP) != 0)
		to.addr = to.addr == A1 ? A2 : A1;
	if ((change & PH_STUN_CHANGE_PORT) != 0)
		to.port = to.port == P1 ? P2 : P1;
	return to;
}

static bool
is_dead(const struct world *w, struct ph_stun_addr a)
{
	return (w->dead2 && a.addr == A2) || (w->dead_port2 && a.addr == A1 && a.port == P2) ||
	    (w->dead_after != 0 && w->now > w->dead_after);
}

static void
serve(struct world *w, const struct packet *p)
{
	const struct ph_stun_seal seal = { .fingerprint = true };
	struct packet out = { .to = p->from };
	struct ph_stun m, r;

	assert_int_equal(ph_stun_decode(&m, p->bytes, p->len), PH_STUN_OK);
	out.from = answers_from(w, &m, p->to);
	if (is_dead(w, p->to) || is_dead(w, out.from))
		return;
	if (w->refuses && ph_stun_has(&m, PH_STUN_CHANGE_REQUEST)) {
		ph_stun_refuse(&r, &m, 420);
		r.unknown = (struct ph_stun_unknown){ { 3 }, 1 };
		out.from = p->to;
	} else {
		ph_stun_reply(&r, &m, PH_STUN_SUCCESS);
		ph_stun_set(&r, PH_STUN_XOR_MAPPED_ADDRESS);
		ph_stun_set(&r, PH_STUN_MAPPED_ADDRESS);
		r.xor_mapped = r.mapped = p->from;
		r.mapped.port = (uint16_t)(r.mapped.port + w->rewrites);
		if (!w->plain) {
			ph_stun_set(&r, PH_STUN_OTHER_ADDRESS);
			r.other = (struct ph_stun_addr){ p->to.addr == A1 ? A2 : A1,
				p->to.port == P1 ? P2 : P1 };
		}
	}
	out.len = ph_stun_encode(&r, &seal, out.bytes, sizeof(out.bytes));
	assert_true(out.len > 0);
	from_outside(w, out, true);
}

/* --- the client --- */

static void
count_new(struct world *w, const uint8_t *id)
{
	for (unsigned i = 0; i < w->n_started; i++)
		if (memcmp(w->last_id[i], id, 12) == 0)
			return;
	assert_true(w->n_started < 64);
	memcpy(w->last_id[w->n_started], id, 12);
	w->started[w->n_started++] = w->now;
}

static void
flush(struct world *w)
{
	struct ph_behaviour_send s;

	while (ph_behaviour_output(&w->x, w->now, &s)) {
		struct packet p = { .from = { INSIDE, (uint16_t)(40000 + s.socket) }, .to = s.to,
			.len = s.len };

		assert_true(s.to.port != 0);
		memcpy(p.bytes, s.bytes, s.len);
		count_new(w, p.bytes + 8);
		from_inside(w, p);
	}
}

static void
deliver(struct world *w, unsigned i)
{
	struct packet p = w->way[i];
	struct ph_behaviour_got got = { (unsigned)p.to.port - 40000U, p.from, p.bytes, p.len };

	w->way[i] = w->way[--w->n];
	if (p.at_server)
		serve(w, &p);
	else
		ph_behaviour_input(&w->x, w->now, &got);
}

static const struct ph_behaviour_result *
run_with(struct world *w, struct ph_stun_addr second)
{
	struct ph_behaviour_opts opts = { .server = { A1, P1 }, .second = second,
		.random = give_random, .arg = w };

	for (unsigned i = 0; i < PH_BEHAVIOUR_SOCKETS; i++)
		opts.local[i] = (struct ph_stun_addr){ INSIDE, (uint16_t)(40000 + i) };
	if (w->seed == 0)
		w->seed = base_seed;
	w->now = 5ULL * S;
	ph_behaviour_init(&w->x, &opts, w->now);
	while (!w->x.result.done) {
		uint64_t at;
		unsigned first = 0;

		flush(w);
		at = ph_behaviour_deadline(&w->x);
		for (unsigned i = 1; i < w->n; i++)
			if (w->way[i].at < w->way[first].at)
				first = i;
		if (w->n > 0 && w->way[first].at <= at) {
			w->now = w->way[first].at;
			deliver(w, first);
		} else if (at != UINT64_MAX && at > w->now) {
			w->now = at;
		}
		assert_true(w->now < 30ULL * S);
	}
	assert_true(ph_behaviour_deadline(&w->x) == UINT64_MAX);
	for (unsigned i = 1; i < w->n_started; i++)
		assert_true(w->started[i] - w->started[i - 1] >= 100 * MS);
	return &w->x.result;
}

static const struct ph_behaviour_result *
run(struct world *w)
{
	return run_with(w, (struct ph_stun_addr){ 0, 0 });
}

/* --- tests --- */

static const enum ph_behaviour_word kinds[] = {
	PH_NAT_INDEPENDENT, PH_NAT_ADDRESS, PH_NAT_ADDRESS_PORT,
};

static struct world
nat(enum ph_behaviour_word mapping, enum ph_behaviour_word filtering)
{
	return (struct world){ .mapping = mapping, .filtering = filtering };
}

static void
test_every_nat(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 9; i++) {
		struct world w = nat(kinds[i / 3], kinds[i % 3]);
		const struct ph_behaviour_result *r = run(&w);

		assert_true(r->translated);
		assert_int_equal(r->mapping, kinds[i / 3]);
		assert_int_equal(r->filtering, kinds[i % 3]);
		assert_null(r->why_mapping);
		assert_null(r->why_filtering);
		assert_false(r->port_preserved || r->rewritten);
		assert_int_equal(r->outside.port, 20000);
		assert_int_equal(r->rtt_us, 50 * MS);
		assert_true(w.now - 5ULL * S < 6ULL * S);
	}
}

static void
test_no_nat(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct world w = nat(PH_NAT_INDEPENDENT, kinds[i]);
		const struct ph_behaviour_result *r;

		w.no_nat = true;
		r = run(&w);
		assert_false(r->translated);
		assert_int_equal(r->mapping, PH_NAT_NONE);
		assert_int_equal(r->filtering, kinds[i]);
		assert_int_equal(r->hairpin, PH_HAIRPIN_NO_NAT);
	}
}

static void
test_hairpin_and_ports(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		for (unsigned k = 0; k < 4; k++) {
			struct world w = nat(PH_NAT_INDEPENDENT, kinds[i]);
			const struct ph_behaviour_result *r;

			w.hairpin = k & 1;
			w.preserve = k & 2;
			r = run(&w);
			assert_int_equal(r->hairpin, w.hairpin ? PH_HAIRPIN_YES : PH_HAIRPIN_NO);
			assert_false(r->hairpin_inside);
			assert_int_equal(r->port_preserved, w.preserve);
		}
}

static void
test_hairpin_from_inside(void **state)
{
	struct world w = nat(PH_NAT_INDEPENDENT, PH_NAT_INDEPENDENT);

	(void)state;
	w.hairpin = w.inside_source = true;
	run(&w);
	assert_int_equal(w.x.result.hairpin, PH_HAIRPIN_YES);
	assert_true(w.x.result.hairpin_inside);
}

/* With mappings by destination the two never meet: silence proves nothing. */
static void
test_hairpin_not_known(void **state)
{
	struct world w = nat(PH_NAT_ADDRESS_PORT, PH_NAT_ADDRESS_PORT);

	(void)state;
	w.hairpin = true;
	run(&w);
	assert_int_equal(w.x.result.hairpin, PH_HAIRPIN_UNKNOWN);
	assert_non_null(w.x.result.why_hairpin);
}

static void
test_plain_server(void **state)
{
	struct world w = nat(PH_NAT_INDEPENDENT, PH_NAT_ADDRESS), first = w, other = w;
	const struct ph_behaviour_result *r;

	(void)state;
	w.plain = true;
	r = run(&w);
	assert_int_equal(r->mapping, PH_NAT_UNKNOWN);
	assert_int_equal(r->filtering, PH_NAT_UNKNOWN);
	assert_non_null(r->why_mapping);
	assert_non_null(r->why_filtering);
	assert_null(ph_behaviour_word(r->mapping));
	first.plain = other.plain = true;
	r = run_with(&first, (struct ph_stun_addr){ B1, P1 });
	assert_int_equal(r->mapping, PH_NAT_INDEPENDENT);
	other.mapping = PH_NAT_ADDRESS;
	r = run_with(&other, (struct ph_stun_addr){ B1, P1 });
	assert_int_equal(r->mapping, PH_NAT_DEPENDENT);
	assert_int_equal(r->filtering, PH_NAT_UNKNOWN);
}

/* A server's failure is never told as the NAT's filtering. */
static void
test_bad_servers(void **state)
{
	struct world base = nat(PH_NAT_INDEPENDENT, PH_NAT_INDEPENDENT), w;

	(void)state;
	w = base;
	w.refuses = true;
	assert_int_equal(run(&w)->filtering, PH_NAT_UNKNOWN);
	assert_int_equal(w.x.result.mapping, PH_NAT_INDEPENDENT);
	w = base;
	w.ignores = true;
	assert_int_equal(run(&w)->filtering, PH_NAT_UNKNOWN);
	w = base;
	w.dead2 = true;
	assert_int_equal(run(&w)->filtering, PH_NAT_UNKNOWN);
	assert_int_equal(w.x.result.mapping, PH_NAT_UNKNOWN);
	w = nat(PH_NAT_INDEPENDENT, PH_NAT_ADDRESS);
	w.dead_port2 = true;
	assert_int_equal(run(&w)->filtering, PH_NAT_UNKNOWN);
	w = base;
	w.dead_after = 5ULL * S + 900 * MS;
	assert_int_equal(run(&w)->filtering, PH_NAT_INDEPENDENT);
	w = nat(PH_NAT_INDEPENDENT, PH_NAT_ADDRESS_PORT);
	w.dead_after = 5ULL * S + 900 * MS;
	assert_int_equal(run(&w)->filtering, PH_NAT_UNKNOWN);
	w = base;
	w.ban_after = 5ULL * S + 390 * MS;	/* one who asked too much is shut out */
	assert_int_equal(run(&w)->filtering, PH_NAT_UNKNOWN);
	w = base;
	w.dead_after = 1;
	assert_int_equal(run(&w)->mapping, PH_NAT_UNKNOWN);
	assert_int_equal(w.x.result.outside.port, 0);
	assert_non_null(w.x.result.why_hairpin);
}

static void
test_rewriting(void **state)
{
	struct world w = nat(PH_NAT_INDEPENDENT, PH_NAT_INDEPENDENT);

	(void)state;
	w.rewrites = true;
	assert_true(run(&w)->rewritten);
}

/* At 5 % loss each way: the right word or "unknown", and nearly always the word. */
static void
test_loss(void **state)
{
	unsigned unknown = 0;

	(void)state;
	for (unsigned i = 0; i < 900; i++) {
		struct world w = nat(kinds[i / 3 % 3], kinds[i % 3]);
		const struct ph_behaviour_result *r;

		w.loss = 5;
		w.seed = base_seed + i;
		r = run(&w);
		if (r->mapping == PH_NAT_UNKNOWN || r->filtering == PH_NAT_UNKNOWN) {
			unknown++;
			continue;
		}
		assert_int_equal(r->mapping, kinds[i / 3 % 3]);
		assert_int_equal(r->filtering, kinds[i % 3]);
	}
	assert_true(unknown < 9);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_nat),
		cmocka_unit_test(test_no_nat),
		cmocka_unit_test(test_hairpin_and_ports),
		cmocka_unit_test(test_hairpin_from_inside),
		cmocka_unit_test(test_hairpin_not_known),
		cmocka_unit_test(test_plain_server),
		cmocka_unit_test(test_bad_servers),
		cmocka_unit_test(test_rewriting),
		cmocka_unit_test(test_loss),
	};
	const char *given = getenv("PH_SEED");

	base_seed = given != NULL ? strtoull(given, NULL, 10) : 1;
	print_message("# PH_SEED=%llu\n", (unsigned long long)base_seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
