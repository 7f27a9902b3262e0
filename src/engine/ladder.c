/* SPDX-License-Identifier: ISC */
#include <math.h>
#include <string.h>

#include "engine/ladder_priv.h"

/*
 * DOC: Ladder
 *
 * A flow opens by the script of its class (below), is repaired until the far end
 * has confirmed what matters, and is then silent until its rung's time has
 * passed and the far end alone sends:
 *
 *	opening -> checking -> idle -> over
 *	              ^  |  lost: again
 *	              +--+
 *
 * How long a flow was idle is counted from its last packet to the test packet,
 * so that repairs shift a rung and do not spoil it.  The longest rungs open first:
 * the whole takes little more than the timer.
 *
 * "Refreshed by inbound" flows ask at once for answers at rising times, each
 * before the one ahead has been forgotten; "by outbound" flows keep sending.
 * Either is alive after the stream's timer, or its packets do not refresh.
 */
enum { STEPS = 6 };

struct step {
	uint32_t at_us;			/* from the beginning of the flow; not scaled */
	enum ph_ladder_mode mode;
};

/*
 * Where more than one packet out does no harm, two test packets are asked for, so
 * that the loss of one does not look like the end of the flow; a class with one
 * packet out has one flow a rung more.  Linux calls a flow a stream 2 s after its
 * first packet, AWS at its second exchange; the first of a stream goes twice, so that
 * it is answered early.
 */
static const struct script {
	unsigned n;
	struct step step[STEPS];
	bool replied, stream;		/* must have been; over more than 2 s */
} scripts[PH_LADDER_CLASSES] = {
	[PH_LADDER_UNREPLIED] = { 1, { { 0, PH_LADDER_REPLY_AFTER } }, false, false },
	[PH_LADDER_UNREPLIED2] = { 2, { { 0, PH_LADDER_NO_REPLY },
	    { 3000000, PH_LADDER_REPLY_AFTER } }, false, false },
	[PH_LADDER_REPLIED] = { 3, { { 0, PH_LADDER_REPLY_AFTER },
	    { 20000, PH_LADDER_REPLY_AFTER }, { 40000, PH_LADDER_REPLY } }, true, false },
	[PH_LADDER_STREAM] = { 6, { { 0, PH_LADDER_REPLY }, { 200000, PH_LADDER_REPLY },
	    { 1500000, PH_LADDER_REPLY }, { 3100000, PH_LADDER_REPLY_AFTER },
	    { 3120000, PH_LADDER_REPLY_AFTER }, { 3140000, PH_LADDER_REPLY } }, true, true },
	[PH_LADDER_IN] = { 4, { { 0, PH_LADDER_REPLY }, { 1500000, PH_LADDER_REPLY },
	    { 3100000, PH_LADDER_REPLY_AFTER }, { 3140000, PH_LADDER_REPLY } }, true, true },
	[PH_LADDER_OUT] = { 6, { { 0, PH_LADDER_REPLY }, { 200000, PH_LADDER_REPLY },
	    { 1500000, PH_LADDER_REPLY }, { 3100000, PH_LADDER_REPLY_AFTER },
	    { 3120000, PH_LADDER_REPLY_AFTER }, { 3140000, PH_LADDER_REPLY } }, true, true },
	[PH_LADDER_LIVE] = { 1, { { 0, PH_LADDER_REPLY } }, false, false },
};

enum {
	CHECK_US = 800000, REPLY_US = 150000, REPAIRS = 6, STREAM_US = 2300000, BURST_US = 3000,
	NO_STREAM_US = 1750000,		/* one exchange repaired later would be a stream */
	SHORT_UNITS = 16, SHORT_MORE = 2, OUT_UNITS = 8, OUT_PARTS = 4, LIVE_UNITS = 1,
	FRESH_TRIES = 6,
	IN_STEPS = 9,			/* answers asked for ahead of the last */
	IN_RANGE = 8, IN_FIRST = 5,	/* the first: rung / IN_RANGE, at most so many units */
	KEEP_TRY = LADDER_TRIES - 1,	/* all that only keep a flow up have this number */
};

#define ALL_CLASSES ((1U << PH_LADDER_UNREPLIED) | (1U << PH_LADDER_REPLIED) | \
	(1U << PH_LADDER_STREAM) | (1U << PH_LADDER_IN) | (1U << PH_LADDER_OUT) | \
	(1U << PH_LADDER_LIVE))

const struct ph_ladder_config ph_ladder_normal = {
	.classes = ALL_CLASSES, .first_us = 1000000, .cap_us = 330000000,
	.step_us = 850000, .step_permille = 19, .unit_us = 1000000, .flows = 2, .pps = 400,
};

const struct ph_ladder_config ph_ladder_low_state = {
	.classes = 1U << PH_LADDER_UNREPLIED | 1U << PH_LADDER_STREAM,
	.first_us = 5000000, .cap_us = 330000000,
	.step_us = 2000000, .step_permille = 40, .unit_us = 1000000, .flows = 1, .pps = 50,
};

/* Rungs. */

/* Timers that real devices have, in units. */
static const uint16_t usual[] = { 30, 40, 60, 90, 120, 180, 240, 300, 350, 600 };

enum { N_USUAL = sizeof(usual) / sizeof(usual[0]), MAX_RUNGS = 1024 };

struct rungs {
	uint64_t us[MAX_RUNGS];
	unsigned n;
};

static void
add_rung(struct rungs *r, const struct ph_ladder_config *c, uint64_t us)
{
	if (us >= c->first_us && us <= c->cap_us && r->n < MAX_RUNGS)
		r->us[r->n++] = us;
}

static void
sort_rungs(struct rungs *r)
{
	for (unsigned i = 1; i < r->n; i++)
		for (unsigned j = i; j > 0 && r->us[j] < r->us[j - 1]; j--) {
			uint64_t t = r->us[j];

			r->us[j] = r->us[j - 1];
			r->us[j - 1] = t;
		}
}

static void
make_rungs(const struct ph_ladder_config *c, struct rungs *r)
{
	uint64_t edge = c->unit_us * 7 / 10;

	r->n = 0;
	for (uint64_t t = c->first_us; t <= c->cap_us && r->n < MAX_RUNGS;) {
		uint64_t part = t * c->step_permille / 1000;

		add_rung(r, c, t);
		t += part > c->step_us ? part : c->step_us;
	}
	for (unsigned i = 0; i < N_USUAL && c->flows > 1; i++) {
		add_rung(r, c, usual[i] * c->unit_us - edge);
		add_rung(r, c, usual[i] * c->unit_us + edge);
	}
	sort_rungs(r);
}

/* Yes or no: only the last rung matters; lower ones show that anything lives. */
static void
make_few_rungs(const struct ph_ladder_config *c, struct rungs *r)
{
	static const unsigned percent[] = { 10, 25, 50, 75, 90, 100, 100 };

	r->n = 0;
	for (unsigned i = 0; i < sizeof(percent) / sizeof(percent[0]); i++)
		r->us[r->n++] = c->stop_at_us * percent[i] / 100;
}

/* For the refresh classes: soon after each timer that there may be. */
static void
make_refresh_rungs(const struct ph_ladder_config *c, struct rungs *r)
{
	r->n = 0;
	for (uint64_t t = c->first_us * 5 / 4; t <= c->cap_us; t += t / 4)
		add_rung(r, c, t);
	for (unsigned i = 0; i < N_USUAL; i++)
		add_rung(r, c, usual[i] * c->unit_us * 103 / 100 + c->unit_us * 7 / 10);
	sort_rungs(r);
}

static void
rungs_of(const struct ph_ladder_config *c, enum ph_ladder_class class, struct rungs *r)
{
	r->n = 0;
	if ((c->classes >> class & 1) == 0 || class == PH_LADDER_LIVE)
		return;
	if (class == PH_LADDER_IN || class == PH_LADDER_OUT)
		make_refresh_rungs(c, r);
	else if (c->stop_at_us > 0)
		make_few_rungs(c, r);
	else
		make_rungs(c, r);
}

/* Setting up. */

/* Of short timers few rungs below tell the loss: more flows make up for it. */
static unsigned
flows_of(const struct ph_ladder_config *c, enum ph_ladder_class class, uint64_t rung)
{
	if (c->flows < 2)
		return c->flows;
	return c->flows + (class == PH_LADDER_UNREPLIED) +
	    (rung < SHORT_UNITS * c->unit_us ? SHORT_MORE : 0);
}

static void
add_flow(struct ph_ladder *x, enum ph_ladder_class class, uint64_t rung)
{
	struct ladder_flow *f = &x->flow[x->n];

	f->t = &x->tries[(size_t)LADDER_TRIES * x->n++];
	f->class = (uint8_t)class;
	f->rung_us = rung;
	f->next_us = UINT64_MAX;
	for (int i = 0; i < LADDER_TRIES; i++)
		f->t[i].order_us = UINT64_MAX;
}

static void
add_rung_flows(struct ph_ladder *x, enum ph_ladder_class class, uint64_t rung)
{
	for (unsigned i = flows_of(&x->c, class, rung); i > 0; i--)
		add_flow(x, class, rung);
}

static void
start_at(struct ladder_flow *f, uint64_t at)
{
	f->start_us = f->next_us = f->last_us = at;
	f->wake_us = 0;
}

/* Canaries first, then from the longest rung down, the classes taking turns. */
static void
start_all(struct ph_ladder *x, uint64_t now)
{
	uint64_t gap = 1000000 / (x->c.pps > 0 ? x->c.pps : 1), at = now;

	for (unsigned i = 0; i < LADDER_LIVES; i++)	/* in turn */
		start_at(&x->flow[x->live[i]],
		    now + i * LIVE_UNITS * x->c.unit_us / LADDER_LIVES);
	for (uint64_t limit = UINT64_MAX, below = 0;; limit = below, below = 0) {
		for (uint32_t i = 0; i < x->n; i++)
			if (x->flow[i].class != PH_LADDER_LIVE && x->flow[i].rung_us < limit &&
			    x->flow[i].rung_us > below)
				below = x->flow[i].rung_us;
		if (below == 0)
			break;
		for (uint32_t i = 0; i < x->n; i++)
			if (x->flow[i].class != PH_LADDER_LIVE &&
			    x->flow[i].rung_us == below) {
				start_at(&x->flow[i], at);
				at += gap;
			}
	}
}

struct ph_ladder *
ph_ladder_new(struct ph_arena *mem, const struct ph_ladder_config *c, uint64_t now)
{
	struct ph_ladder *x = PH_NEW(mem, struct ph_ladder);
	struct rungs *r = PH_NEW(mem, struct rungs);
	size_t n = LADDER_LIVES + 1;

	x->c = *c;
	x->start_us = now;
	if (c->stop_at_us > 0 && c->stop_at_us < c->cap_us)
		x->c.cap_us = c->stop_at_us;
	for (int k = 0; k < PH_LADDER_CLASSES; k++) {
		rungs_of(&x->c, (enum ph_ladder_class)k, r);
		for (unsigned i = 0; i < r->n; i++)
			n += flows_of(c, (enum ph_ladder_class)k, r->us[i]);
	}
	x->flow = ph_arena_array(mem, n, sizeof(*x->flow));
	x->tries = ph_arena_array(mem, n * LADDER_TRIES, sizeof(*x->tries));
	for (int i = 0; i < LADDER_LIVES; i++) {
		x->live[i] = x->n;
		add_flow(x, PH_LADDER_LIVE, 0);
	}
	x->fresh = x->n;
	add_flow(x, PH_LADDER_LIVE, 0);
	for (int k = 0; k < PH_LADDER_CLASSES; k++) {
		rungs_of(&x->c, (enum ph_ladder_class)k, r);
		for (unsigned i = 0; i < r->n; i++)
			add_rung_flows(x, (enum ph_ladder_class)k, r->us[i]);
		x->finished[k] = r->n == 0;
		x->result.time[k].state = r->n == 0 ? PH_LADDER_UNKNOWN : PH_LADDER_WAITING;
	}
	x->result.flows = x->n;
	x->dirty = true;
	start_all(x, now);
	return x;
}

uint32_t
ph_ladder_flows(const struct ph_ladder *x)
{
	return x->n;
}

bool
ph_ladder_flow_done(const struct ph_ladder *x, uint32_t i)
{
	return x->result.done || (i < x->n && x->flow[i].phase == LADDER_OVER);
}

/* Sending. */

static struct ph_ladder_send
request(struct ph_ladder *x, struct ladder_flow *f, uint64_t now, enum ph_ladder_mode mode,
    uint64_t after)
{
	uint8_t try = f->tries < KEEP_TRY ? f->tries++ : KEEP_TRY;

	f->t[try] = (struct ladder_try){ .sent_us = now, .after_us = after, .mode = mode,
		.order_us = UINT64_MAX };
	f->last_us = now;
	f->opened = true;
	if (mode == PH_LADDER_REPLY_AFTER) {
		f->tests |= (uint16_t)(1U << try);
		f->late_us = x->c.ordered ? 0 : now + after;
	}
	return (struct ph_ladder_send){ .flow = (uint32_t)(f - x->flow), .try = try,
		.mode = x->c.ordered ? PH_LADDER_NO_REPLY : mode, .after_us = after };
}

/*
 * The times of the answers that an inbound-refreshed flow asks for, up to its rung.  The
 * first must come before a flow of the timer sought is forgotten, and none after that
 * twice as late as the one before.
 */
static uint64_t
in_answer(const struct ph_ladder *x, const struct ladder_flow *f, unsigned i)
{
	double first = fmin((double)f->rung_us / IN_RANGE, IN_FIRST * (double)x->c.unit_us), ratio;

	first = fmax(first, (double)x->c.first_us);
	ratio = pow((double)f->rung_us / first, 1.0 / IN_STEPS);
	return i >= IN_STEPS ? f->rung_us : (uint64_t)(first * pow(ratio, i));
}

static bool
more_answers(const struct ladder_flow *f)
{
	unsigned asked = 0;

	if (f->class != PH_LADDER_IN)
		return false;
	for (unsigned i = 0; i < f->tries; i++)
		asked += f->t[i].mode == PH_LADDER_REPLY_AFTER;
	return asked <= IN_STEPS;
}

/*
 * When an answer is overdue.  What is repaired shifts its rung by as much, so this is not
 * long; that a request arrived is told later (CHECK_US).
 */
static uint64_t
reply_wait(const struct ph_ladder *x)
{
	uint64_t wait = 4 * x->rtt_us;

	if (wait == 0 || wait > CHECK_US)
		return CHECK_US;
	return wait > REPLY_US ? wait : REPLY_US;
}

static struct ph_ladder_send
open_step(struct ph_ladder *x, struct ladder_flow *f, uint64_t now)
{
	const struct script *s = &scripts[f->class];
	const struct step *step = &s->step[f->step];
	struct ph_ladder_send out;
	uint64_t after = step->mode == PH_LADDER_REPLY_AFTER ? f->rung_us : 0;

	if (after > 0 && f->class == PH_LADDER_IN)
		after = in_answer(x, f, f->tries - f->step);
	out = request(x, f, now, step->mode, after);
	if (after > 0 && more_answers(f)) {
		f->next_us = now + BURST_US;
		return out;
	}
	if (++f->step < s->n) {
		f->next_us = f->start_us + s->step[f->step].at_us;
	} else {
		f->phase = LADDER_CHECKING;
		f->next_us = now + (s->replied ? reply_wait(x) : CHECK_US);
	}
	return out;
}

/* The last try of a mode, or -1. */
static int
last_try(const struct ladder_flow *f, enum ph_ladder_mode mode)
{
	for (int i = f->tries; i-- > 0;)
		if (f->t[i].mode == mode)
			return i;
	return -1;
}

/* Was one of that mode confirmed, sent after the first answered one by ${apart}? */
static bool
answered(const struct ladder_flow *f, uint64_t apart)
{
	uint64_t first = UINT64_MAX;

	for (int i = 0; i < f->tries; i++) {
		if (f->t[i].mode != PH_LADDER_REPLY || (f->replied >> i & 1) == 0)
			continue;
		if (first == UINT64_MAX)
			first = f->t[i].sent_us;
		if (f->t[i].sent_us - first >= apart)
			return true;
	}
	return false;
}

static bool
confirmed(const struct ladder_flow *f)
{
	int i = last_try(f, PH_LADDER_REPLY_AFTER);
	uint16_t all = (uint16_t)(f->arrived | f->replied);

	if (i < 0)
		return true;
	for (int j = i; j >= 0; j--)
		if (f->t[j].mode == PH_LADDER_REPLY_AFTER &&
		    f->t[j].after_us == f->t[i].after_us && (all >> j & 1) != 0)
			return true;
	return false;
}

/* Often enough for the shortest timer that a flow of this rung can tell of. */
static uint64_t
out_gap(const struct ph_ladder *x, const struct ladder_flow *f)
{
	uint64_t most = OUT_UNITS * x->c.unit_us;

	return f->rung_us / OUT_PARTS < most ? f->rung_us / OUT_PARTS : most;
}

/* Flows in use are not hurried, but for the one that must tell life from death. */
static uint64_t
live_gap(const struct ph_ladder *x, const struct ladder_flow *f)
{
	return (f - x->flow == x->fresh && x->checking ? 1 : LIVE_UNITS) * x->c.unit_us;
}

static void
go_idle(const struct ph_ladder *x, struct ladder_flow *f, uint64_t now)
{
	f->phase = LADDER_IDLE;
	f->next_us = UINT64_MAX;
	if (f->class == PH_LADDER_OUT)
		f->next_us = f->last_us + out_gap(x, f);
	if (f->class == PH_LADDER_LIVE)
		f->next_us = f->last_us + live_gap(x, f);
	if (f->next_us < now)
		f->next_us = now;
}

static void
give_up(struct ph_ladder *x, struct ladder_flow *f)
{
	x->dirty = true;
	f->stillborn = f->judged = true;
	f->phase = LADDER_OVER;
	f->next_us = UINT64_MAX;
}

/* Repair what was lost of the opening; false: nothing to send. */
static bool
check(struct ph_ladder *x, struct ladder_flow *f, uint64_t now, struct ph_ladder_send *out)
{
	const struct script *s = &scripts[f->class];
	bool sure = confirmed(f);
	bool replied = !s->replied || answered(f, s->stream ? STREAM_US : 0);
	uint64_t told_us;

	if (sure && replied) {
		go_idle(x, f, now);
		return false;
	}
	told_us = sure ? 0 : f->t[last_try(f, PH_LADDER_REPLY_AFTER)].sent_us +
	    CHECK_US * (f->repairs + 1U);
	if (replied && now < told_us) {
		f->next_us = told_us;
		return false;
	}
	if (f->repairs++ >= REPAIRS || f->tries >= KEEP_TRY ||
	    (s->replied && !s->stream && now > f->start_us + NO_STREAM_US)) {
		give_up(x, f);
		return false;
	}
	f->next_us = now + (replied ? CHECK_US : reply_wait(x));
	*out = request(x, f, now, replied ? PH_LADDER_REPLY_AFTER : PH_LADDER_REPLY,
	    replied ? f->rung_us : 0);
	return true;
}

/* What keeps a flow up is not part of its opening, nor told apart. */
static struct ph_ladder_send
keep_up(struct ph_ladder *x, struct ladder_flow *f, uint64_t now)
{
	bool live = f->class == PH_LADDER_LIVE;
	struct ph_ladder_send out = { .flow = (uint32_t)(f - x->flow), .try = KEEP_TRY,
		.mode = live && !x->c.ordered ? PH_LADDER_REPLY : PH_LADDER_NO_REPLY };

	f->next_us = now + (live ? live_gap(x, f) : out_gap(x, f));
	f->t[KEEP_TRY] = (struct ladder_try){ .sent_us = now, .order_us = UINT64_MAX,
		.mode = live ? PH_LADDER_REPLY : PH_LADDER_NO_REPLY };
	f->arrived &= (uint16_t)~(1U << KEEP_TRY);
	f->replied &= (uint16_t)~(1U << KEEP_TRY);
	return out;
}

/* Is there an order for the relay?  The earliest that is due. */
static bool
order(struct ph_ladder *x, struct ladder_flow *f, uint64_t now, struct ph_ladder_send *out)
{
	for (uint8_t i = 0; i < LADDER_TRIES; i++) {
		struct ladder_try *t = &f->t[i];

		if (t->order_us > now || (f->replied >> i & 1) != 0 || t->after_us == UINT64_MAX)
			continue;
		*out = (struct ph_ladder_send){ .flow = (uint32_t)(f - x->flow), .try = i,
			.mode = PH_LADDER_ORDER };
		t->after_us = UINT64_MAX;	/* given */
		return true;
	}
	return false;
}

static bool
act(struct ph_ladder *x, struct ladder_flow *f, uint64_t now, struct ph_ladder_send *out)
{
	if (x->c.ordered && f->phase != LADDER_OVER && order(x, f, now, out))
		return true;
	if (now < f->next_us)
		return false;
	if (f->cross) {
		f->next_us = UINT64_MAX;
		*out = request(x, f, now, PH_LADDER_REPLY, 0);
		return true;
	}
	if (f->phase == LADDER_CHECKING)
		return check(x, f, now, out);
	*out = f->phase == LADDER_OPENING ? open_step(x, f, now) : keep_up(x, f, now);
	return true;
}

/* Life. */

static bool
silent(const struct ph_ladder *x, const struct ladder_flow *f, uint64_t now)
{
	uint64_t since = f->reply_us > f->start_us ? f->reply_us : f->start_us;

	return now > since && now - since > 5 * LIVE_UNITS * x->c.unit_us / 2 + CHECK_US * 4 +
	    ladder_slack(x);
}

static void
still_alive(struct ph_ladder *x, uint64_t now)
{
	struct ladder_flow *fresh = &x->flow[x->fresh];

	x->result.lifetime_us = x->flow[x->live[0]].reply_us - x->flow[x->live[0]].start_us;
	x->checking = false;
	x->live[0] = x->live[1] = x->fresh;
	fresh->reply_us = now;
	x->finished[PH_LADDER_LIVE] = true;
}

/* When flows in use fall silent: is it they, or everything? */
static void
watch(struct ph_ladder *x, uint64_t now)
{
	struct ladder_flow *fresh = &x->flow[x->fresh];

	if (x->checking) {
		if (fresh->reply_us != 0)
			still_alive(x, now);
		else if (now - fresh->start_us > FRESH_TRIES * (x->c.unit_us + CHECK_US) +
		    ladder_slack(x)) {
			x->result.canary_died = true;
			ladder_over(x);
		}
		return;
	}
	for (int i = 0; i < LADDER_LIVES; i++)
		if (!silent(x, &x->flow[x->live[i]], now))
			return;
	if (x->live[0] == x->fresh) {		/* the spare is spent */
		x->result.canary_died = true;
		ladder_over(x);
		return;
	}
	x->checking = true;
	start_at(fresh, now);
}

/* The earlier of ${at} and ${t}, unless that has been looked at already. */
static uint64_t
sooner(const struct ph_ladder *x, uint64_t at, uint64_t t)
{
	return t > x->now_us && t < at ? t : at;
}

static uint64_t
flow_deadline(const struct ph_ladder *x, const struct ladder_flow *f)
{
	uint64_t at = f->next_us;

	if (f->phase == LADDER_OVER)
		return UINT64_MAX;
	for (int i = 0; i < f->tries && !f->judged; i++) {
		uint64_t due = ladder_due(x, &f->t[i]);

		if (f->t[i].order_us < at && f->t[i].after_us != UINT64_MAX)
			at = f->t[i].order_us;
		if (due != UINT64_MAX && (f->replied >> i & 1) == 0)
			at = sooner(x, at, due + ladder_slack(x));
	}
	return at;
}

static uint64_t
next_deadline(const struct ph_ladder *x)
{
	uint64_t at = UINT64_MAX;

	for (uint32_t i = 0; i < x->n; i++) {
		struct ladder_flow *f = &x->flow[i];

		if (f->wake_us <= x->now_us)
			f->wake_us = flow_deadline(x, f);
		at = f->wake_us < at ? f->wake_us : at;
	}
	return sooner(x, at, ladder_crossed(x));
}

size_t
ph_ladder_output(struct ph_ladder *x, uint64_t now, struct ph_ladder_send *out, size_t max)
{
	size_t n = 0;

	if (x->result.done || (!x->dirty && now < x->at_us))
		return 0;
	x->now_us = now;
	watch(x, now);
	ladder_judge(x, now);
	for (uint32_t i = 0; i < x->n && n < max && !x->result.done; i++)
		while (n < max && x->flow[i].wake_us <= now && act(x, &x->flow[i], now, &out[n]))
			n++;
	x->at_us = n < max ? next_deadline(x) : now;
	return n;
}

uint64_t
ph_ladder_deadline(const struct ph_ladder *x)
{
	return x->result.done ? UINT64_MAX : x->dirty ? x->now_us : x->at_us;
}

/* Input. */

void
ph_ladder_arrived(struct ph_ladder *x, uint64_t now, uint32_t i, uint8_t try,
    const struct ph_ladder_seen *seen)
{
	struct ladder_flow *f = &x->flow[i < x->n ? i : 0];
	struct ladder_try *t = &f->t[try < LADDER_TRIES ? try : 0];

	if (i >= x->n || try >= LADDER_TRIES || t->sent_us == 0)
		return;
	if (seen->port != 0 && f->port == 0) {
		f->port = seen->port;
		f->addr = seen->addr;
	} else if (seen->port != 0 && f->cross && try + 1 == f->tries && !f->cross_told) {
		f->cross_told = x->dirty = true;
		f->cross_kept = seen->port == f->port && seen->addr == f->addr;
	}
	if (x->c.ordered && (f->arrived >> try & 1) == 0 && t->mode != PH_LADDER_NO_REPLY) {
		t->order_us = (t->mode == PH_LADDER_REPLY ? now : now - seen->ago_us) +
		    t->after_us;
		f->wake_us = 0;
		x->dirty = true;
	}
	f->arrived |= (uint16_t)(1U << try);
}

static void
learn_rtt(struct ph_ladder *x, uint64_t rtt)
{
	x->rtt_us = rtt > x->rtt_us ? rtt : x->rtt_us - (x->rtt_us - rtt) / 8;
}

void
ph_ladder_reply(struct ph_ladder *x, uint64_t now, uint32_t i, uint8_t try)
{
	struct ladder_flow *f = &x->flow[i < x->n ? i : 0];
	struct ladder_try *t = &f->t[try < LADDER_TRIES ? try : 0];

	if (i >= x->n || try >= LADDER_TRIES || t->sent_us == 0 || x->result.done)
		return;
	f->replied |= (uint16_t)(1U << try);
	f->arrived |= (uint16_t)(1U << try);
	f->reply_us = now;
	if (t->mode == PH_LADDER_REPLY_AFTER || f->class == PH_LADDER_LIVE || f->cross)
		x->dirty = true;
	if (t->mode == PH_LADDER_REPLY_AFTER)
		return;
	if (!x->c.ordered)
		learn_rtt(x, now - t->sent_us);
	if (f->class == PH_LADDER_LIVE && t->sent_us > x->life_us)
		x->life_us = t->sent_us;
	else if (f->class != PH_LADDER_LIVE && !f->cross && f->phase < LADDER_IDLE &&
	    now > f->last_us)
		f->last_us = now;
}

void
ph_ladder_fail(struct ph_ladder *x)
{
	if (x->result.done)
		return;
	x->result.far_end_lost = true;
	ladder_over(x);
}
