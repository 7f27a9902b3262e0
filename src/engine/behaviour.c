/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "engine/behaviour.h"

enum { SPACING_US = 100000 };

/* The sockets by what they are for. */
enum { MAPPING, FILTER_BOTH, FILTER_PORT, HAIRPIN };

/* Where a test sends: an address 1 or 2, a port 1 or 2, the second server, or a socket. */
enum target { A1P1, A2P1, A2P2, A1P2, SECOND, OUTSIDE_MAPPING, OUTSIDE_HAIRPIN };

enum test {
	OPEN_MAPPING, OPEN_BOTH, OPEN_PORT, OPEN_HAIRPIN,
	ASK_BOTH, ASK_PORT, TURN_TO, TURN_BACK,
	MAP_ADDRESS, MAP_BOTH, MAP_PORT, MAP_SECOND,
	STILL_BOTH, STILL_PORT,
	N_TESTS
};

_Static_assert((int)N_TESTS == (int)PH_BEHAVIOUR_TESTS, "one place for each test");

/* The steps: each begins when all of the one before are over. */
static const struct row {
	unsigned step, socket;
	enum target to;
	uint32_t change;
} rows[N_TESTS] = {
	[OPEN_MAPPING] = { 0, MAPPING, A1P1, 0 },
	[OPEN_BOTH] = { 0, FILTER_BOTH, A1P1, 0 },
	[OPEN_PORT] = { 0, FILTER_PORT, A1P1, 0 },
	[OPEN_HAIRPIN] = { 0, HAIRPIN, A1P1, 0 },
	[ASK_BOTH] = { 1, FILTER_BOTH, A1P1, PH_STUN_CHANGE_IP | PH_STUN_CHANGE_PORT },
	[ASK_PORT] = { 1, FILTER_PORT, A1P1, PH_STUN_CHANGE_PORT },
	[TURN_TO] = { 1, HAIRPIN, OUTSIDE_MAPPING, 0 },
	[TURN_BACK] = { 1, MAPPING, OUTSIDE_HAIRPIN, 0 },
	[MAP_ADDRESS] = { 2, MAPPING, A2P1, 0 },
	[MAP_BOTH] = { 2, MAPPING, A2P2, 0 },
	[MAP_PORT] = { 2, MAPPING, A1P2, 0 },
	[MAP_SECOND] = { 2, MAPPING, SECOND, 0 },
	[STILL_BOTH] = { 2, FILTER_BOTH, A1P1, 0 },
	[STILL_PORT] = { 2, FILTER_PORT, A1P1, 0 },
};
enum { LAST_STEP = 2 };

static bool
same(struct ph_stun_addr a, struct ph_stun_addr b)
{
	return a.addr == b.addr && a.port == b.port;
}

static bool
answered(const struct ph_behaviour *x, enum test t)
{
	return x->test[t].started && x->test[t].client.outcome == PH_STUN_ANSWERED;
}

static bool
is_hairpin(enum test t)
{
	return t == TURN_TO || t == TURN_BACK;
}

static struct ph_stun_addr
mapped(const struct ph_behaviour *x, enum test t)
{
	return x->test[t].client.mapped;
}

/* A1:P1 and A2:P2 in all four combinations; port 0 when not known. */
static struct ph_stun_addr
half(const struct ph_behaviour *x, bool other_addr, bool other_port)
{
	struct ph_stun_addr a = x->opts.server, b = x->result.other;

	if (b.port == 0)
		return (struct ph_stun_addr){ 0, 0 };
	return (struct ph_stun_addr){ other_addr ? b.addr : a.addr,
		other_port ? b.port : a.port };
}

static struct ph_stun_addr
place(const struct ph_behaviour *x, enum target to)
{
	struct ph_stun_addr none = { 0, 0 };

	switch (to) {
	case A1P1:
		return x->opts.server;
	case A2P1:
		return half(x, true, false);
	case A2P2:
		return half(x, true, true);
	case A1P2:
		return half(x, false, true);
	case SECOND:
		return x->result.other.port == 0 ? x->opts.second : none;
	case OUTSIDE_MAPPING:
		return mapped(x, OPEN_MAPPING);
	case OUTSIDE_HAIRPIN:
		return mapped(x, OPEN_HAIRPIN);
	}
	return none;
}

/* Is it worth asking, after what is known? */
static bool
is_wanted(const struct ph_behaviour *x, enum test t)
{
	bool more = x->result.other.port != 0;

	switch (t) {
	case ASK_BOTH:
		return more && answered(x, OPEN_BOTH);
	case ASK_PORT:
		return more && answered(x, OPEN_PORT);
	case TURN_TO:
	case TURN_BACK:
		return x->result.translated && answered(x, OPEN_MAPPING) &&
		    answered(x, OPEN_HAIRPIN);
	case MAP_ADDRESS:
	case MAP_BOTH:
	case MAP_PORT:
	case MAP_SECOND:
		return answered(x, OPEN_MAPPING) && place(x, rows[t].to).port != 0;
	case STILL_BOTH:
		return x->test[ASK_BOTH].client.outcome == PH_STUN_SILENT;
	case STILL_PORT:
		return x->test[ASK_PORT].client.outcome == PH_STUN_SILENT;
	default:
		return true;
	}
}

static bool
is_over(const struct ph_behaviour *x, enum test t)
{
	return !is_wanted(x, t) ||
	    (x->test[t].started && x->test[t].client.outcome != PH_STUN_WAITING);
}

/* Either of the two is enough to see that the NAT turns packets around. */
static bool
hairpin_seen(const struct ph_behaviour *x)
{
	return x->test[TURN_TO].arrived || x->test[TURN_BACK].arrived;
}

void
ph_behaviour_init(struct ph_behaviour *x, const struct ph_behaviour_opts *opts, uint64_t now)
{
	memset(x, 0, sizeof(*x));
	x->opts = *opts;
	x->next_us = now;
}

/* --- what was found --- */

static void
see_first_answers(struct ph_behaviour *x)
{
	struct ph_behaviour_result *r = &x->result;
	const struct ph_stun_client *first = &x->test[OPEN_MAPPING].client;

	if (!answered(x, OPEN_MAPPING))
		return;
	r->outside = first->mapped;
	r->rtt_us = first->rtt_us;
	r->translated = !same(first->mapped, x->opts.local[MAPPING]);
	r->port_preserved = true;
	for (enum test t = OPEN_MAPPING; t <= OPEN_HAIRPIN; t++)
		if (answered(x, t)) {
			r->port_preserved &= mapped(x, t).port ==
			    x->opts.local[rows[t].socket].port;
			r->rewritten |= x->test[t].client.rewritten;
		}
	/* the other half has to differ in both, or it tells nothing */
	if (first->other.port != 0 && first->other.addr != x->opts.server.addr &&
	    first->other.port != x->opts.server.port &&
	    ph_addr_is_v4(first->other.addr) == ph_addr_is_v4(x->opts.server.addr))
		r->other = first->other;
}

static const char *
judge_by_second(struct ph_behaviour *x)
{
	if (x->opts.second.port == 0)
		return "the server has no second address to compare with";
	if (!answered(x, MAP_SECOND))
		return "the second server does not answer";
	x->result.mapping = same(mapped(x, OPEN_MAPPING), mapped(x, MAP_SECOND)) ?
	    PH_NAT_INDEPENDENT : PH_NAT_DEPENDENT;
	return NULL;
}

/* RFC 5780 4.3.  Returns why the word is unknown, or NULL. */
static const char *
judge_mapping(struct ph_behaviour *x)
{
	if (!answered(x, OPEN_MAPPING))
		return "the server does not answer";
	if (!x->result.translated) {
		x->result.mapping = PH_NAT_NONE;
		return NULL;
	}
	if (x->result.other.port == 0)
		return judge_by_second(x);
	if (!answered(x, MAP_ADDRESS))
		return "the server's second address does not answer";
	if (same(mapped(x, MAP_ADDRESS), mapped(x, OPEN_MAPPING))) {
		x->result.mapping = PH_NAT_INDEPENDENT;
		return NULL;
	}
	if (!answered(x, MAP_BOTH)) {
		x->result.mapping = PH_NAT_DEPENDENT;
		return NULL;
	}
	x->result.mapping = same(mapped(x, MAP_BOTH), mapped(x, MAP_ADDRESS)) ?
	    PH_NAT_ADDRESS : PH_NAT_ADDRESS_PORT;
	return NULL;
}

/* Did the changed answer come from where it should have? */
static bool
came_from(const struct ph_behaviour *x, enum test t, enum target from)
{
	return answered(x, t) && same(x->test[t].from, place(x, from));
}

/* Silence that counts: that place answers others, and the server still answers this one. */
static bool
is_filtered(const struct ph_behaviour *x, enum test ask, enum test still, enum test control)
{
	return x->test[ask].client.outcome == PH_STUN_SILENT && answered(x, still) &&
	    answered(x, control);
}

/* RFC 5780 4.4. */
static const char *
judge_filtering(struct ph_behaviour *x)
{
	if (!answered(x, OPEN_BOTH) || !answered(x, OPEN_PORT))
		return "the server does not answer";
	if (x->result.other.port == 0)
		return "the server has no second address to answer from";
	if (x->test[ASK_BOTH].client.outcome == PH_STUN_REFUSED ||
	    x->test[ASK_PORT].client.outcome == PH_STUN_REFUSED)
		return "the server does not answer from other addresses when asked to";
	if (came_from(x, ASK_BOTH, A2P2)) {
		x->result.filtering = PH_NAT_INDEPENDENT;
		return NULL;
	}
	if (!is_filtered(x, ASK_BOTH, STILL_BOTH, MAP_BOTH))
		return answered(x, ASK_BOTH) ? "the server answers from the wrong address" :
		    "the server's second address does not answer, or its first no longer";
	if (came_from(x, ASK_PORT, A1P2)) {
		x->result.filtering = PH_NAT_ADDRESS;
		return NULL;
	}
	if (!is_filtered(x, ASK_PORT, STILL_PORT, MAP_PORT))
		return answered(x, ASK_PORT) ? "the server answers from the wrong port" :
		    "the server's second port does not answer, or its first no longer";
	x->result.filtering = PH_NAT_ADDRESS_PORT;
	return NULL;
}

static const char *
judge_hairpin(struct ph_behaviour *x)
{
	struct ph_behaviour_result *r = &x->result;

	if (!answered(x, OPEN_MAPPING) || !answered(x, OPEN_HAIRPIN))
		return "the server does not answer";
	if (!r->translated) {
		r->hairpin = PH_HAIRPIN_NO_NAT;
		return NULL;
	}
	for (enum test t = TURN_TO; t <= TURN_BACK; t++)
		if (x->test[t].arrived) {
			r->hairpin = PH_HAIRPIN_YES;
			r->hairpin_inside = same(x->test[t].source,
			    x->opts.local[rows[t].socket]);
			return NULL;
		}
	/* where each destination is given another mapping, filters never meet */
	if (r->mapping != PH_NAT_INDEPENDENT && r->filtering != PH_NAT_INDEPENDENT)
		return "the NAT's mapping depends on the destination";
	r->hairpin = PH_HAIRPIN_NO;
	return NULL;
}

static void
judge(struct ph_behaviour *x)
{
	struct ph_behaviour_result *r = &x->result;

	r->why_mapping = judge_mapping(x);
	r->why_filtering = judge_filtering(x);
	r->why_hairpin = judge_hairpin(x);
	r->done = true;
}

/* --- the machine --- */

static void
start_test(struct ph_behaviour *x, enum test t, uint64_t now)
{
	struct ph_behaviour_test *test = &x->test[t];
	uint8_t id[12];

	x->opts.random(x->opts.arg, id, sizeof(id));
	ph_stun_client_init(&test->client, id, false, now);
	test->client.change = rows[t].change;
	test->to = place(x, rows[t].to);
	test->started = true;
	x->next_us = now + SPACING_US;
}

static bool
send_test(struct ph_behaviour *x, enum test t, uint64_t now, struct ph_behaviour_send *out)
{
	struct ph_behaviour_test *test = &x->test[t];

	if (!test->started || (is_hairpin(t) && hairpin_seen(x)))
		return false;
	out->len = ph_stun_client_output(&test->client, now, out->bytes, sizeof(out->bytes));
	out->socket = rows[t].socket;
	out->to = test->to;
	return out->len > 0;
}

static bool
step_is_over(const struct ph_behaviour *x)
{
	for (enum test t = 0; t < N_TESTS; t++)
		if (rows[t].step == x->step && !is_over(x, t) &&
		    !(is_hairpin(t) && hairpin_seen(x)))
			return false;
	return true;
}

static void
pass_steps(struct ph_behaviour *x)
{
	while (!x->result.done && step_is_over(x)) {
		if (x->step == 0)
			see_first_answers(x);
		if (x->step++ == LAST_STEP)
			judge(x);
	}
}

bool
ph_behaviour_output(struct ph_behaviour *x, uint64_t now, struct ph_behaviour_send *out)
{
	for (;;) {
		bool started = false;

		for (enum test t = 0; t < N_TESTS; t++)
			if (send_test(x, t, now, out))
				return true;
		pass_steps(x);
		for (enum test t = 0; !x->result.done && t < N_TESTS && !started; t++)
			if (rows[t].step == x->step && now >= x->next_us &&
			    !x->test[t].started && is_wanted(x, t)) {
				start_test(x, t, now);
				started = true;
			}
		if (!started)
			return false;
	}
}

/* Our own request, turned around by the NAT. */
static bool
take_hairpin(struct ph_behaviour *x, const struct ph_behaviour_got *got)
{
	struct ph_stun m;

	if (ph_stun_decode(&m, got->p, got->len) != PH_STUN_OK || m.class != PH_STUN_REQUEST)
		return false;
	for (enum test t = TURN_TO; t <= TURN_BACK; t++) {
		struct ph_behaviour_test *test = &x->test[t];

		if (test->started && got->socket == (t == TURN_TO ? MAPPING : HAIRPIN) &&
		    memcmp(m.id, test->client.id, sizeof(m.id)) == 0) {
			test->arrived = true;
			test->source = got->from;
			return true;
		}
	}
	return false;
}

bool
ph_behaviour_input(struct ph_behaviour *x, uint64_t now, const struct ph_behaviour_got *got)
{
	for (enum test t = 0; t < N_TESTS; t++) {
		struct ph_behaviour_test *test = &x->test[t];

		if (!test->started || is_hairpin(t) || got->socket != rows[t].socket ||
		    (rows[t].change == 0 && !same(got->from, test->to)))
			continue;
		if (ph_stun_client_input(&test->client, now, got->p, got->len)) {
			test->from = got->from;
			return true;
		}
	}
	return take_hairpin(x, got);
}

uint64_t
ph_behaviour_deadline(const struct ph_behaviour *x)
{
	uint64_t at = UINT64_MAX;

	if (x->result.done)
		return at;
	if (step_is_over(x))
		return 0;
	for (enum test t = 0; t < N_TESTS; t++) {
		const struct ph_behaviour_test *test = &x->test[t];
		uint64_t own = UINT64_MAX;

		if (is_hairpin(t) && hairpin_seen(x))
			continue;
		if (test->started)
			own = ph_stun_client_deadline(&test->client);
		else if (rows[t].step == x->step && is_wanted(x, t))
			own = x->next_us;
		at = own < at ? own : at;
	}
	return at;
}

const char *
ph_behaviour_word(enum ph_behaviour_word w)
{
	static const char *const words[] = {
		[PH_NAT_UNKNOWN] = NULL, [PH_NAT_NONE] = "no NAT",
		[PH_NAT_INDEPENDENT] = "endpoint-independent",
		[PH_NAT_ADDRESS] = "address-dependent",
		[PH_NAT_ADDRESS_PORT] = "address and port-dependent",
		[PH_NAT_DEPENDENT] = "destination-dependent",
	};

	return words[w];
}

const char *
ph_behaviour_hairpin(enum ph_behaviour_answer a)
{
	static const char *const words[] = {
		[PH_HAIRPIN_UNKNOWN] = NULL, [PH_HAIRPIN_NO] = "no", [PH_HAIRPIN_YES] = "yes",
		[PH_HAIRPIN_NO_NAT] = "no NAT",
	};

	return words[a];
}
