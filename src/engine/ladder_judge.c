/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "engine/ladder_priv.h"

/*
 * DOC: Where the timer is
 *
 * A flow idle for less than the timer answers with probability q, one idle for
 * longer never.  So the timer is above the longest idle time that was survived,
 * and the likeliest place is just above it.  How far above it may be is a
 * question of chance: the dead flows that follow would all have to be losses, each
 * with probability 1 - q, which the flows below the edge tell.  The upper end is
 * where this has become less likely than one in 90, and not for the silence of one
 * flow, whose opening may have gone otherwise than it looked; the class is done
 * when three rungs are dead and chance is out of the question.
 */
static const double edge_doubt = 0.011, done_doubt = 1e-6;
static const double first_guess = 0.15, least_loss = 0.005;

enum { LEAST_DEAD = 2, DEAD_RUNGS = 3, MOST_DEAD = 64, MISSING = 3, MISSING_AT_END = 2 };

/* Flows. */

/* When the flow's own test is due: the last request that was made for its rung. */
static int
test_of(const struct ph_ladder *x, const struct ladder_flow *f, bool heard)
{
	uint16_t all = (uint16_t)(f->arrived | f->replied);

	for (int i = f->tries; i-- > 0;)
		if (ladder_due(x, &f->t[i]) != UINT64_MAX && !f->cross &&
		    ((heard ? f->replied : all) >> i & 1) != 0)
			return i;
	return -1;
}

static void
close_flow(struct ladder_flow *f)
{
	f->phase = LADDER_OVER;
	f->next_us = UINT64_MAX;
}

/* The classes that idle: alive when a test packet came, dead when none did in time. */
static void
judge_flow(const struct ph_ladder *x, struct ladder_flow *f, uint64_t now)
{
	int i;
	uint64_t due;

	if ((f->replied & f->tests) == 0 && now < f->late_us)
		return;
	i = test_of(x, f, true);
	f->alive = i >= 0;
	if (i < 0) {
		i = test_of(x, f, false);
		if (i < 0 || f->phase != LADDER_IDLE)
			return;
		if (now < ladder_due(x, &f->t[i]) + ladder_slack(x))
			return;
	}
	due = ladder_due(x, &f->t[i]);
	f->idle_us = due > f->last_us ? due - f->last_us : 0;
	f->judged = true;
	if (f->alive)
		close_flow(f);
}

/* Classes that idle. */

struct tally {
	uint64_t alive_us;		/* the longest survived */
	unsigned n_alive, n_below, lost, open;
	uint64_t dead[MOST_DEAD];	/* idle times above it, rising */
	unsigned n_dead;
	uint64_t next_us;		/* the shortest rung not judged yet */
};

static void
add_dead(struct tally *t, uint64_t idle)
{
	unsigned i;

	if (t->n_dead == MOST_DEAD) {
		if (idle >= t->dead[MOST_DEAD - 1])
			return;
		t->n_dead--;
	}
	for (i = t->n_dead++; i > 0 && t->dead[i - 1] > idle; i--)
		t->dead[i] = t->dead[i - 1];
	t->dead[i] = idle;
}

/* Silence counts only when something else got through after it. */
static bool
vouched(const struct ph_ladder *x, const struct ladder_flow *f)
{
	return f->alive || f->last_us + f->idle_us < x->life_us;
}

static void
count(const struct ph_ladder *x, enum ph_ladder_class class, struct tally *t)
{
	*t = (struct tally){ .next_us = UINT64_MAX };
	for (uint32_t i = 0; i < x->n; i++) {
		const struct ladder_flow *f = &x->flow[i];

		if (f->class != class || f->stillborn)
			continue;
		if (!f->judged || !vouched(x, f)) {
			t->open++;
			t->next_us = f->rung_us < t->next_us ? f->rung_us : t->next_us;
		} else if (f->alive) {
			t->n_alive++;
			t->alive_us = f->idle_us > t->alive_us ? f->idle_us : t->alive_us;
		}
	}
	for (uint32_t i = 0; i < x->n; i++) {
		const struct ladder_flow *f = &x->flow[i];

		if (f->class != class || f->stillborn || !f->judged || !vouched(x, f))
			continue;
		if (f->idle_us <= t->alive_us) {
			t->n_below++;
			t->lost += !f->alive;
		} else if (!f->alive) {
			add_dead(t, f->idle_us);
		}
	}
}

static double
loss_of(const struct tally *t)
{
	double p = (t->lost + 0.5) / (t->n_below + 1);

	if (p > first_guess && t->lost <= first_guess * t->n_below)
		p = first_guess;
	return p < least_loss ? least_loss : p;
}

/* Of a class that is finished, some dead flows are used once more. */
static void
cross_check(struct ph_ladder *x, enum ph_ladder_class class, uint64_t now)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < x->n; i++) {
		struct ladder_flow *f = &x->flow[i];

		if (f->class != class || f->phase == LADDER_OVER)
			continue;
		if (f->judged && !f->alive && f->port != 0 && f->tries < LADDER_TRIES - 1 &&
		    !x->c.ordered && f->idle_us > x->result.time[class].alive_us &&
		    n < LADDER_CROSS) {
			f->cross = true;
			f->next_us = now + n++ * 10000;
			f->wake_us = 0;
			continue;
		}
		close_flow(f);
	}
	x->finished_us = now;
}

static void
finish(struct ph_ladder *x, enum ph_ladder_class class, uint64_t now)
{
	struct ph_ladder_time *t = &x->result.time[class];

	if (t->flows < 2)
		t->state = PH_LADDER_UNKNOWN;
	else if (t->alive_us > 0)
		t->state = t->dead_us > 0 ? PH_LADDER_KNOWN : PH_LADDER_LONGER;
	else
		t->state = t->dead_us > 0 ? PH_LADDER_SHORTER : PH_LADDER_UNKNOWN;
	x->finished[class] = true;
	cross_check(x, class, now);
}

static void
estimate(struct ph_ladder *x, enum ph_ladder_class class, uint64_t now)
{
	struct ph_ladder_time *out = &x->result.time[class];
	struct tally t;
	double p, doubt = 1;

	count(x, class, &t);
	p = loss_of(&t);
	out->alive_us = t.alive_us;
	out->dead_us = 0;
	out->flows = t.n_below + t.n_dead;
	out->lost = t.lost;
	for (unsigned i = 0; i < t.n_dead; i++) {
		doubt *= p;
		if (i + 1 >= LEAST_DEAD && doubt < edge_doubt && out->dead_us == 0)
			out->dead_us = t.dead[i];
	}
	out->doubt = doubt;
	if (t.open == 0 || (doubt < done_doubt && t.n_dead >= DEAD_RUNGS * x->c.flows &&
	    t.next_us > out->dead_us))
		finish(x, class, now);
}

/* Classes that are refreshed. */

struct refreshed {
	bool alive;
	unsigned missing;
	bool more;			/* packets that may still tell */
};

/* Packets that come longer than ${limit} after the opening: refreshed. */
static void
look_at(const struct ph_ladder *x, const struct ladder_flow *f, uint64_t limit, uint64_t now,
    struct refreshed *r)
{
	uint16_t arrived = f->phase < LADDER_IDLE ? 0 : f->arrived;

	r->more |= f->phase < LADDER_IDLE;
	for (int i = 0; i < f->tries; i++) {
		uint64_t due = ladder_due(x, &f->t[i]);

		if (due == UINT64_MAX || due <= f->last_us + limit)
			continue;
		if ((f->replied >> i & 1) != 0)
			r->alive = true;
		else if (now < due + ladder_slack(x))
			r->more |= (arrived >> i & 1) != 0;
		else
			r->missing += (arrived >> i & 1) != 0;
	}
}

static void
close_class(struct ph_ladder *x, enum ph_ladder_class class)
{
	x->finished[class] = true;
	for (uint32_t i = 0; i < x->n; i++)
		if (x->flow[i].class == class)
			close_flow(&x->flow[i]);
}

static void
judge_refresh(struct ph_ladder *x, enum ph_ladder_class class, enum ph_ladder_answer *out,
    uint64_t now)
{
	const struct ph_ladder_time *s = &x->result.time[PH_LADDER_STREAM];
	uint64_t limit = s->dead_us + x->c.unit_us * 3 / 10;
	bool cut = x->result.lifetime_us != 0;	/* no word on refreshing */
	struct refreshed r = { 0 };

	if (x->finished[class] || !x->finished[PH_LADDER_STREAM])
		return;
	if (s->state != PH_LADDER_KNOWN && s->state != PH_LADDER_SHORTER) {
		close_class(x, class);
		return;
	}
	for (uint32_t i = 0; i < x->n; i++)
		if (x->flow[i].class == class && !x->flow[i].stillborn)
			look_at(x, &x->flow[i], limit, now, &r);
	if (r.alive)
		*out = PH_LADDER_YES;
	else if (!cut && (r.missing >= MISSING || (!r.more && r.missing >= MISSING_AT_END)))
		*out = PH_LADDER_NO;
	else if (r.more && !cut)
		return;
	close_class(x, class);
}

/* All together. */

static void
tell_mapping(struct ph_ladder *x)
{
	for (uint32_t i = 0; i < x->n; i++) {
		const struct ladder_flow *f = &x->flow[i];
		enum ph_ladder_answer *kept = &x->result.time[f->class].mapping_kept;

		if (!f->cross_told)
			continue;
		if (!f->cross_kept)
			*kept = PH_LADDER_NO;
		else if (*kept == PH_LADDER_UNTOLD)
			*kept = PH_LADDER_YES;
	}
}

/* Flows that were used once more have had the time for it. */
static bool
crossing(const struct ph_ladder *x, uint64_t now)
{
	if (now >= ladder_crossed(x))
		return false;
	for (uint32_t i = 0; i < x->n; i++)
		if (x->flow[i].cross && !x->flow[i].cross_told)
			return true;
	return false;
}

static bool
judge_flows(struct ph_ladder *x, uint64_t now)
{
	bool any = x->dirty;

	for (uint32_t i = 0; i < x->n; i++) {
		struct ladder_flow *f = &x->flow[i];

		if (f->judged || f->class > PH_LADDER_STREAM || !f->opened)
			continue;
		judge_flow(x, f, now);
		any |= f->judged;
	}
	x->dirty = false;
	return any;
}

void
ladder_judge(struct ph_ladder *x, uint64_t now)
{
	struct ph_ladder_result *r = &x->result;
	bool done = true, any;

	any = judge_flows(x, now);
	if (any)
		tell_mapping(x);
	for (int k = 0; k <= PH_LADDER_STREAM; k++)
		if (any && !x->finished[k])
			estimate(x, (enum ph_ladder_class)k, now);
	judge_refresh(x, PH_LADDER_IN, &r->inbound_refreshes, now);
	judge_refresh(x, PH_LADDER_OUT, &r->outbound_refreshes, now);
	for (int k = 0; k < PH_LADDER_LIVE; k++)
		done &= x->finished[k];
	if (done && !crossing(x, now))
		ladder_over(x);
}

void
ladder_over(struct ph_ladder *x)
{
	struct ph_ladder_result *r = &x->result;

	r->done = true;
	for (int k = 0; k < PH_LADDER_CLASSES; k++)
		if (!x->finished[k])
			r->time[k].state = PH_LADDER_UNKNOWN;
	r->stillborn = 0;
	for (uint32_t i = 0; i < x->n; i++)
		r->stillborn += x->flow[i].stillborn;
}

const struct ph_ladder_result *
ph_ladder_result(struct ph_ladder *x)
{
	return &x->result;
}

/* What devices have by default: unreplied, replied, stream, in seconds. */
static const struct {
	uint16_t s[3];
	const char *name;
} signatures[] = {
	{ { 30, 30, 120 }, "Linux netfilter since 5.0 (most routers, cloud hosts)" },
	{ { 30, 180, 180 }, "Linux netfilter before 5.0" },
	{ { 30, 30, 180 }, "an AWS security group" },
	{ { 60, 60, 60 }, "pf (OpenBSD, pfSense, OPNsense), NSX or Juniper SRX" },
	{ { 30, 30, 30 }, "Palo Alto, an NSX gateway or Google Cloud NAT" },
	{ { 120, 120, 120 }, "Cisco PIX, ASA or FTD" },
	{ { 180, 180, 180 }, "FortiGate" },
	{ { 40, 40, 40 }, "Check Point" },
	{ { 240, 240, 240 }, "Azure" },
	{ { 300, 300, 300 }, "Cisco IOS NAT" },
	{ { 350, 350, 350 }, "an AWS NAT gateway" },
};

static bool
fits(const struct ph_ladder_time *t, uint64_t s)
{
	uint64_t us = s * 1000000, slack = 300000;

	return t->state == PH_LADDER_KNOWN && us + slack >= t->alive_us &&
	    us <= t->dead_us + slack;
}

const char *
ph_ladder_looks_like(const struct ph_ladder_result *r)
{
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
		if (fits(&r->time[PH_LADDER_UNREPLIED], signatures[i].s[0]) &&
		    fits(&r->time[PH_LADDER_REPLIED], signatures[i].s[1]) &&
		    fits(&r->time[PH_LADDER_STREAM], signatures[i].s[2]))
			return signatures[i].name;
	return NULL;
}
