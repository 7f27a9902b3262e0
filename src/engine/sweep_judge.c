/* SPDX-License-Identifier: ISC */
#include <math.h>

#include "engine/sweep_priv.h"

/*
 * DOC: When silence is a block
 *
 * Loss is measured where it can be told from blocking: on ports that are open, and
 * by canaries.  Only a port that is open can be called blocked falsely: where A ports
 * have answered and one more stays silent k times for a loss of p, that has a chance
 * of (A + 1) p^k.  k is chosen to keep it below one half of a percent each way, with
 * p at the upper end of what the counts allow.  So where nothing answers at all a few
 * tries are enough, however many ports there are: all of them are one and the same
 * observation.
 *
 * That holds when losses do not depend on each other, so this is looked at:
 *
 * - First tries went out in random order.  Outcomes that come in runs, or
 *   alternate, in the order of sending (Wald and Wolfowitz' runs test) depend on
 *   time and not on ports: an outage or a rate limit.  They are then forgotten
 *   and silent ports tried anew, after a pause and at less than the rate that
 *   got through; loss that falls is a rate limit.
 * - Second tries that are lost much more often than first ones mean bursts;
 *   tries then lie a second apart, and start anew.
 */
enum { SUSPECT_LOST = 10, SLOWEST_PPS = 20 };

static const double false_share = 0.005, no_evidence = 0.1, least_loss = 0.002;
static const double loss_suspect = 0.15, loss_plain = 0.3;
static const double runs_suspect = 4.5, runs_doubted = 2.5;

/*
 * The upper end, about two sigma, of a loss of ${lost} in ${sent}; while none is lost, as
 * if some had got through before.
 */
static double
upper(unsigned lost, unsigned sent)
{
	double p;

	if (lost == 0)
		p = 2 / (sent + 2 / no_evidence);
	else
		p = (lost + 2 * sqrt(lost + 1.0)) / sent;
	if (sent < 100 && p < no_evidence / 2)
		p = no_evidence / 2;
	return p < least_loss ? least_loss : p > 0.95 ? 0.95 : p;
}

static unsigned
tries_for(unsigned answered, double p)
{
	double k = ceil(log(false_share / (answered + 1)) / log(p));

	return k < SWEEP_LEAST_TRIES ? SWEEP_LEAST_TRIES : k > 100 ? 100 : (unsigned)k;
}

unsigned
sweep_needed(struct ph_sweep *x)
{
	/* canaries may be under way still: those that are lost count when it is judged */
	unsigned k = tries_for(x->n_open, upper(x->answered_tries - x->answered,
	    x->answered_tries + x->canaries_back));

	x->tries_needed = k;
	return k < PH_SWEEP_TRIES ? k : PH_SWEEP_TRIES;
}

static unsigned
bits(unsigned v)
{
	return (unsigned)__builtin_popcount(v);
}

static struct sweep_loss
measure(const struct ph_sweep *x)
{
	struct sweep_loss l = { 0 };

	for (uint32_t i = 0; i < x->span; i++) {
		const struct sweep_port *p = &x->p[i];
		unsigned out = p->out >> p->from, in = p->in >> p->from;

		if (p->epoch != x->epoch || out == 0)
			continue;
		l.forth_ports++;
		l.forth_sent += (unsigned)(p->tries - p->from);
		l.forth += bits(out);
		if (!x->c.one_way && in == 0)
			continue;
		l.ports++;
		l.sent += (unsigned)(p->tries - p->from);
		l.arrived += bits(out);
		l.back += x->c.one_way ? bits(out) : bits(in);
		if (p->tries - p->from > 1 && (in & 1) == 0 && !x->c.one_way) {
			l.again++;
			l.again_lost += (in & 2) == 0;
		}
	}
	return l;
}

static struct sweep_loss
add(const struct sweep_loss *a, const struct sweep_loss *b)
{
	return (struct sweep_loss){
		.ports = a->ports + b->ports,
		.sent = a->sent + b->sent,
		.arrived = a->arrived + b->arrived,
		.back = a->back + b->back,
		.forth_ports = b->forth_ports,
		.forth_sent = a->forth_sent + b->forth_sent,
		.forth = a->forth + b->forth,
		.again = a->again + b->again,
		.again_lost = a->again_lost + b->again_lost,
	};
}

static double
loss_out(const struct sweep_loss *l)
{
	return l->sent > 0 ? 1 - (double)l->arrived / l->sent : 0;
}

static double
loss_in(const struct sweep_loss *l)
{
	return l->arrived > 0 ? 1 - (double)l->back / l->arrived : 0;
}

static double
worse_loss(const struct sweep_loss *l)
{
	double out = loss_out(l), in = loss_in(l);

	return out > in ? out : in;
}

/* Runs test over the first tries, as sent: sigmas from chance; *${ok}: answered. */
static double
runs(const struct ph_sweep *x, unsigned *ok)
{
	unsigned n = x->n_order, n_runs = 1;
	double mean, var;
	bool last = false;

	*ok = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct sweep_port *p = sweep_at(x, x->order[i]);
		bool hit = ((x->c.one_way ? p->out : p->in) >> p->from & 1) != 0;

		n_runs += i > 0 && hit != last;
		*ok += hit;
		last = hit;
	}
	if (*ok < SUSPECT_LOST || n - *ok < SUSPECT_LOST)
		return 0;
	mean = 2.0 * *ok * (n - *ok) / n + 1;
	var = (mean - 1) * (mean - 2) / (n - 1);
	return (n_runs - mean) / sqrt(var);
}

/* Try all silent ports anew, counting from here. */
static void
start_over(struct ph_sweep *x, bool new_epoch)
{
	if (new_epoch)
		x->n_order = 0;
	for (uint32_t i = 0; i < x->span; i++) {
		struct sweep_port *p = &x->p[i];

		if ((p->flags & SWEEP_RIPE) == 0)
			continue;
		p->flags &= (uint8_t)~SWEEP_RIPE;
		p->from = p->tries;
		p->epoch = x->epoch;
		if (new_epoch)
			x->order[x->n_order++] = (uint16_t)(x->base + i);
		else
			sweep_take(x, (uint16_t)(x->base + i), 0);
	}
	x->n_ripe = 0;
	if (new_epoch)
		sweep_shuffle(x);
}

static void
start_trial(struct ph_sweep *x, uint64_t now, const struct sweep_loss *l, unsigned ok)
{
	uint64_t until = x->first_look_us != 0 ? x->first_look_us : now;
	uint64_t took = until > x->epoch_us ? until - x->epoch_us : 1;
	uint64_t sent_pps = x->next_order * UINT64_C(1000000) / took;
	uint64_t got_pps = ok * UINT64_C(1000000) / took;
	uint64_t pps = x->pps != 0 ? x->pps : sent_pps;
	uint64_t through = l->sent > 0 ? sent_pps * l->back / l->sent : 0;

	/* ports that are shut take their share of what is sent, but tell nothing of a limit */
	pps = through * 4 / 5 < pps / 2 ? through * 4 / 5 : pps / 2;
	x->pps = pps < SLOWEST_PPS ? SLOWEST_PPS : pps > 1000000 ? 1000000 : (unsigned)pps;
	x->delivered_pps = (unsigned)got_pps;
	x->loss_before = worse_loss(l);
	x->past = add(&x->past, l);
	x->trials++;
	x->epoch++;
	x->answered = x->answered_tries = x->canaries = x->canaries_back = 0;
	x->first_look_us = 0;
	x->epoch_us = x->next_us = now + x->c.backoff_us;
	start_over(x, true);
}

/*
 * Replies alone can show that it makes no sense to go on like this: many of the
 * ports that are open answered only a later try.
 */
void
sweep_check_early(struct ph_sweep *x, uint64_t now)
{
	unsigned lost = x->answered_tries - x->answered;
	struct sweep_loss l;

	if (x->trials > 0 || lost < 3 * SUSPECT_LOST || x->answered < 2 * SUSPECT_LOST ||
	    lost < loss_plain * x->answered_tries)
		return;
	l = (struct sweep_loss){ .ports = x->answered, .sent = x->answered_tries,
		.arrived = x->answered, .back = x->answered };
	for (uint32_t i = 0; i < x->span; i++) {
		x->p[i].flags &= (uint8_t)~SWEEP_FLYING;
		if ((x->p[i].flags & (SWEEP_TAKEN | SWEEP_DECIDED)) == SWEEP_TAKEN)
			x->p[i].flags |= SWEEP_RIPE;
	}
	x->urgent.n = x->wait.n = x->n_flying = 0;
	start_trial(x, now, &l, x->answered);
}

/* What the slower look has shown. */
static void
end_trial(struct ph_sweep *x, const struct sweep_loss *l)
{
	if (x->trials == 0 || l->ports < SUSPECT_LOST || x->loss_before < loss_suspect)
		return;
	if (worse_loss(l) < x->loss_before / 2) {
		x->rate_limited = true;
		x->limit_pps = x->delivered_pps;
	} else {
		x->pps = x->c.pps;	/* plain loss: slower is no better */
		x->trials = SWEEP_TRIALS;
	}
}

/* The lower end, about two sigma, of a share ${p} that ${n} observations make up. */
static double
surely(double p, unsigned n)
{
	return n > 4 ? p * (1 - 2 / sqrt(n)) : 0;
}

/* Does anything speak against losses by chance?  Then start anew and say so. */
static bool
doubts(struct ph_sweep *x, uint64_t now, const struct sweep_loss *l)
{
	unsigned ok, lost = l->sent - l->back;
	double z = runs(x, &ok), p = worse_loss(l), chance;

	end_trial(x, l);
	if (x->trials < SWEEP_TRIALS && (fabs(z) > (x->suspect ? runs_doubted : runs_suspect) ||
	    (surely(p, lost) > loss_suspect && lost >= SUSPECT_LOST))) {
		x->suspect = false;
		start_trial(x, now, l, ok);
		return true;
	}
	chance = l->sent > 0 ? (double)l->again * lost / l->sent : 0;
	if (!x->bursty && l->again_lost >= 5 && l->again_lost > 0.25 * l->again &&
	    l->again_lost > chance + 4 * sqrt(chance + 1)) {
		x->bursty = true;
		x->wait_us = x->wait_us > x->c.burst_retry_us ? x->wait_us : x->c.burst_retry_us;
		start_over(x, false);
		return true;
	}
	return false;
}

static void
decide(struct ph_sweep *x, struct sweep_port *p, enum ph_sweep_verdict v)
{
	p->flags |= SWEEP_DECIDED;
	p->verdict = (uint8_t)v;
	sweep_look_around(x, (uint16_t)(x->base + (p - x->p)));
}

static void
weigh(struct ph_sweep *x, struct sweep_port *p, unsigned k_out, unsigned k_in)
{
	unsigned n = (unsigned)(p->tries - p->from), arrived = bits(p->out >> p->from);

	p->flags &= (uint8_t)~SWEEP_RIPE;
	if (p->out == 0 && n >= k_out)
		decide(x, p, x->c.receipts ? PH_SWEEP_BLOCKED_OUT : PH_SWEEP_BLOCKED);
	else if (p->out != 0 && arrived >= k_in)
		decide(x, p, PH_SWEEP_BLOCKED_IN);
	else if (p->tries >= PH_SWEEP_TRIES)
		decide(x, p, PH_SWEEP_UNKNOWN);
	else
		sweep_take(x, (uint16_t)(x->base + (p - x->p)), 0);
}

/* A canary that is lost may have been lost on either way. */
static unsigned
tries_one_way(const struct ph_sweep *x, unsigned ports, double again, unsigned lost, unsigned sent)
{
	unsigned canaries_lost = x->canaries - x->canaries_back;

	return tries_for(ports, fmax(again, upper(lost + canaries_lost, sent + x->canaries)));
}

/* Under a rate limit, what was lost before says nothing of how it is now. */
static void
keep_loss(struct ph_sweep *x, const struct sweep_loss *l)
{
	struct sweep_loss old = x->rate_limited ? (struct sweep_loss){ 0 } : x->past;

	x->loss = add(&old, l);
}

void
sweep_judge(struct ph_sweep *x, uint64_t now)
{
	struct sweep_loss l = measure(x);
	unsigned k_out, k_in;
	double again;

	if (x->n_ripe == 0) {
		keep_loss(x, &l);
		sweep_end(x, now);
		return;
	}
	if (doubts(x, now, &l))
		return;
	keep_loss(x, &l);
	again = x->bursty && l.again > 0 ? upper(l.again_lost, l.again) : 0;
	k_out = tries_one_way(x, x->loss.forth_ports, again, x->loss.forth_sent - x->loss.forth,
	    x->loss.forth_sent);
	k_in = tries_one_way(x, x->n_open, again, x->loss.arrived - x->loss.back, x->loss.arrived);
	x->tries_needed = k_out > k_in ? k_out : k_in;
	x->n_ripe = 0;
	for (uint32_t i = 0; i < x->span; i++)
		if ((x->p[i].flags & SWEEP_RIPE) != 0)
			weigh(x, &x->p[i], k_out, k_in);
}

void
sweep_end(struct ph_sweep *x, uint64_t now)
{
	x->done = true;
	x->done_us = now;
	for (uint32_t i = 0; i < x->span; i++) {
		struct sweep_port *p = &x->p[i];

		if ((p->flags & (SWEEP_TAKEN | SWEEP_DECIDED)) == SWEEP_TAKEN)
			p->verdict = PH_SWEEP_UNKNOWN;
	}
}

void
ph_sweep_stats(const struct ph_sweep *x, struct ph_sweep_stats *out)
{
	*out = (struct ph_sweep_stats){
		.done = x->done,
		.sent = x->sent,
		.ports = x->n_taken,
		.ports_open = x->n_open,
		.loss_out = loss_out(&x->loss),
		.loss_in = loss_in(&x->loss),
		.rtt_us = (uint64_t)x->srtt_us,
		.tries_needed = x->tries_needed,
		.bursty = x->bursty,
		.rate_limited = x->rate_limited,
		.limit_pps = x->limit_pps,
		.canary_died = x->canary_died,
		.no_canary = x->canary == 0,
		.found_run = x->c.exhaustive ? 1 : PH_SWEEP_STRIDE,
		.hole_share = x->c.exhaustive ? 0 : x->n_open > 3 ? 3.0 / x->n_open : 1,
		.took_us = (x->done ? x->done_us : x->next_us) - x->start_us,
	};
}
