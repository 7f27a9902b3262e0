/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "lab/timer.h"
#include "net/names.h"
#include "os/clock.h"

enum {
	RUNGS = 10,			/* connections a flow */
	LONGEST_S = 30,			/* that anybody wants to wait */
	BUSY_US = 2400000,		/* Linux calls a flow a stream after two seconds */
	BUSY_STEP_US = 400000,		/* less than any timer */
	WAIT_MS = 15,			/* for one packet */
	SLACK_US = 150000,		/* of the kernel's clock and of ours */
};

static const struct ph_timer_value *
value_of(const struct ph_ruleset *rs, const struct ph_part *p, enum ph_timer t,
    struct ph_span *at)
{
	const struct ph_timer_value *v = p->timeout != NULL && p->timeout->t[t].set ?
	    &p->timeout->t[t] : &rs->timers->t[t];

	*at = v->at.src == NULL && p->timeout != NULL ? p->timeout_at : v->at;
	return v;
}

/* Why the timer of a part says nothing, or NULL. */
static const char *
unmeasurable(struct ph_arena *mem, const struct ph_ruleset *rs, const struct ph_part *p,
    const struct ph_timer_value *v, uint32_t set_s)
{
	if (set_s != v->s && p->timeout != NULL && p->timeout->at.src != rs->src)
		return "its policy stands in another file, which runs as it is";
	if (p->untracked)
		return "the connection is not tracked";
	if (p->helper != NULL)
		return ph_arena_printf(mem, "%s inspection sets its own", p->helper);
	if (p->offload_at.src != NULL)
		return "the connection is offloaded";
	if (!v->set || v->s == 0)
		return "the configuration does not tell it";
	if (set_s > LONGEST_S)
		return ph_arena_printf(mem, "it would take %u s; --scale-time %u shows it "
		    "in seconds", set_s + set_s / 2, v->s / 5);
	return NULL;
}

static ph_u128
count_sports(const struct ph_part *p)
{
	const struct ph_ranges *r = p->cube.d[PH_SPORT];
	ph_u128 n = 0;

	for (size_t i = 0; r != NULL && i < r->n; i++)
		n += r->r[i].hi - r->r[i].lo + 1;
	return r == NULL ? UINT16_MAX : n;
}

/* Is ${p} a better example of a flow than ${best}? */
static bool
is_better(const struct ph_part *p, const struct ph_part *best)
{
	if (p->verdict != PH_OPEN || p->rate_at.src != NULL)
		return false;
	return best == NULL || count_sports(p) > count_sports(best);
}

const struct ph_part *
ph_lab_timer_plan(struct ph_arena *mem, const struct ph_ruleset *rs, const struct ph_flow *f,
    unsigned scale, struct ph_lab_timer *out)
{
	const struct ph_requirement *r = f->req;
	const struct ph_part *p = NULL;
	const struct ph_timer_value *v;

	if (r->idle_s == 0 || (r->proto != PH_UDP && r->proto != PH_TCP))
		return NULL;
	for (size_t i = 0; i < f->n_parts; i++)
		if (is_better(&f->parts[i], p))
			p = &f->parts[i];
	if (p == NULL || count_sports(p) <= RUNGS)
		return NULL;
	v = value_of(rs, p, r->proto == PH_UDP ? PH_TIMER_UDP : PH_TIMER_TCP, &out->at);
	out->wanted = true;
	out->need_s = r->idle_s;
	out->predicted_s = v->s;
	out->set_s = v->s == 0 ? 0 : scale <= 1 ? v->s : (v->s + scale - 1) / scale;
	out->why = unmeasurable(mem, rs, p, v, out->set_s);
	return out->why == NULL ? p : NULL;
}

/* One connection that falls silent. */
struct rung {
	struct ph_lab_ladder *ladder;
	struct ph_lab_conn conn;
	uint64_t at_us;			/* when the far end speaks; from its last packet */
	uint64_t last_us, silent_us;
	bool up, alive;
};

static uint16_t
sport_of(const struct ph_lab_ladder *l, size_t k)
{
	const struct ph_ranges *r = l->sports;
	ph_u128 lo = 1024, hi = UINT16_MAX;

	for (size_t i = 0; r != NULL && i < r->n; i++)
		if (i == 0 || r->r[i].hi - r->r[i].lo > hi - lo) {
			lo = r->r[i].lo;
			hi = r->r[i].hi;
		}
	/* from the middle up: away from ports that rules like to name */
	return (uint16_t)(lo + ((hi - lo) / 2 + k) % (hi - lo + 1));
}

static void
start(struct rung *g, struct ph_lab_ladder *l, size_t k)
{
	uint64_t set_us = l->timer->set_s * UINT64_C(1000000);

	*g = (struct rung){ .ladder = l };
	g->conn.first = l->first;
	g->conn.first.sport = sport_of(l, k);
	g->silent_us = set_us / 2 + k * set_us / (RUNGS - 1);
	g->up = ph_lab_try(&l->ends, &g->conn, PH_STAGE_FIRST, WAIT_MS) &&
	    ph_lab_try(&l->ends, &g->conn, PH_STAGE_REPLY, WAIT_MS) &&
	    ph_lab_try(&l->ends, &g->conn, PH_STAGE_LATER, WAIT_MS);
}

static void
keep_busy(struct rung *g)
{
	struct ph_lab_ends *e = &g->ladder->ends;

	if (!g->up)
		return;
	g->up = ph_lab_try(e, &g->conn, PH_STAGE_LATER, WAIT_MS) &&
	    ph_lab_try(e, &g->conn, PH_STAGE_REPLY, WAIT_MS);
	g->last_us = ph_clock_us();
	g->at_us = g->last_us + g->silent_us;
}

static void
sleep_until(uint64_t us)
{
	uint64_t now = ph_clock_us();

	if (us > now)
		ph_frame_wait(NULL, (int)((us - now + 999) / 1000));
}

static int
by_time(const void *a, const void *b)
{
	const struct rung *x = *(struct rung *const *)a, *y = *(struct rung *const *)b;

	return x->at_us < y->at_us ? -1 : x->at_us > y->at_us;
}

/* Would the far end get in with nothing to answer?  Then silence shows nothing. */
static bool
needs_no_state(struct ph_lab_ladder *l)
{
	struct ph_lab_conn c = { .first = l->first };

	c.first.sport = sport_of(l, RUNGS);
	c.seen = c.first;
	return ph_lab_try(&l->ends, &c, PH_STAGE_REPLY, WAIT_MS);
}

static void
judge(struct ph_lab_ladder *l, const struct rung *g)
{
	struct ph_lab_timer *t = l->timer;
	double set = t->set_s, slack = SLACK_US / 1e6;

	t->dead_s = -1;
	for (size_t k = 0; k < RUNGS; k++) {
		double s = (double)g[k].silent_us / 1e6;

		if (!g[k].up) {
			t->why = "its connections did not come up";
			return;
		}
		if (g[k].alive)
			t->alive_s = s;
		else if (t->dead_s < 0)
			t->dead_s = s;
	}
	t->measured = true;
	t->disagrees = t->alive_s > set + slack || t->dead_s < 0 || t->dead_s < set - slack;
}

void
ph_lab_timer_run(struct ph_arena *mem, struct ph_lab_ladder *v, size_t n)
{
	struct rung *g = ph_arena_array(mem, n * RUNGS, sizeof(*g));
	struct rung **order = ph_arena_array(mem, n * RUNGS, sizeof(*order));
	size_t m = 0;
	uint64_t begun = ph_clock_us();

	for (size_t i = 0; i < n; i++) {
		if (needs_no_state(&v[i])) {
			v[i].timer->why = "the far end may speak first, so that silence ends "
			    "nothing";
			continue;
		}
		for (size_t k = 0; k < RUNGS; k++) {
			start(&g[i * RUNGS + k], &v[i], k);
			order[m++] = &g[i * RUNGS + k];
		}
	}
	for (uint64_t at = 0; m > 0 && at <= BUSY_US; at += BUSY_STEP_US) {
		sleep_until(begun + at);
		for (size_t k = 0; k < m; k++)
			keep_busy(order[k]);
	}
	qsort(order, m, sizeof(struct rung *), by_time);
	for (size_t k = 0; k < m; k++) {
		if (!order[k]->up)
			continue;
		sleep_until(order[k]->at_us);
		order[k]->silent_us = ph_clock_us() - order[k]->last_us;
		order[k]->alive = ph_lab_try(&order[k]->ladder->ends, &order[k]->conn,
		    PH_STAGE_REPLY, WAIT_MS);
	}
	for (size_t i = 0; i < n; i++)
		if (v[i].timer->why == NULL)
			judge(&v[i], &g[i * RUNGS]);
}
