/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "engine/sweep_priv.h"

/*
 * DOC: Sweep
 *
 * Sample, bisect, confirm, all at the same time:
 *
 *	order:  first tries of all samples, in random order, so that what depends
 *	        on the time of sending cannot look like a block of ports
 *	wait:   sent, in order; after wait_us without an answer a port is tried again
 *	urgent: second tries, and ports half-way between neighbours that differ
 *
 * A sample is suspected after two tries, a port that bisection asked for after
 * one; suspicion only directs the search.  A verdict needs so many tries that
 * one false "blocked" among all ports has a chance below 1 % with the losses
 * measured (sweep_judge.c), a canary that was answered after the last of them,
 * and receipts asked for after that.  A suspicion that turns out wrong moves the
 * edge, and the search goes on from there.
 *
 * Without a pace, answers set it: so many datagrams are under way that a socket's
 * usual buffer holds all of their answers.
 *
 * Samples lie at most 31 apart, the ends of every range among them; so no run of
 * 31 blocked ports can stay unseen.
 */
const struct ph_sweep_config ph_sweep_network = {
	.receipts = true,
	.pps = 250,
	.ramp_from_pps = 20,
	.ramp_us = 1000000,
	.retry_us = 300000,
	.burst_retry_us = 1000000,
	.backoff_us = 2000000,
};

const struct ph_sweep_config ph_sweep_lab = {
	.receipts = true,
	.exhaustive = true,
	.window = 192,
	.retry_us = 10000,
	.burst_retry_us = 20000,
	.backoff_us = 20000,
};

static uint64_t
rnd(struct ph_sweep *x)
{
	uint64_t z = x->rnd += 0x9e3779b97f4a7c15U;	/* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return z ^ z >> 31;
}

static void
push(struct sweep_queue *q, uint16_t port)
{
	uint32_t at = q->head + q->n;

	q->port[at < q->cap ? at : at - q->cap] = port;
	q->n++;
}

static uint16_t
pop(struct sweep_queue *q)
{
	uint16_t port = q->port[q->head];

	q->head = q->head + 1 == q->cap ? 0 : q->head + 1;
	q->n--;
	return port;
}

/* Setting up. */

static void
mark_ranges(struct ph_sweep *x)
{
	for (size_t i = 0; i < x->c.n_ranges; i++) {
		const struct ph_sweep_span *r = &x->c.ranges[i];

		for (uint32_t port = r->lo; port <= r->hi; port++)
			sweep_at(x, (uint16_t)port)->flags |= SWEEP_WANTED;
		sweep_at(x, r->lo)->flags |= SWEEP_FIRST;
	}
	for (size_t i = 0; i < x->c.n_excluded; i++) {
		const struct ph_sweep_span *r = &x->c.excluded[i];

		for (uint32_t port = r->lo; port <= r->hi; port++) {
			struct sweep_port *p;

			if (port < x->base || port >= x->base + x->span)
				continue;
			p = sweep_at(x, (uint16_t)port);
			if ((p->flags & SWEEP_WANTED) != 0)
				p->flags = SWEEP_EXCLUDED;
		}
	}
}

static void
sample(struct ph_sweep *x, uint32_t i)
{
	if ((x->p[i].flags & SWEEP_TAKEN) != 0)
		return;
	x->p[i].flags |= SWEEP_TAKEN;
	x->order[x->n_order++] = (uint16_t)(x->base + i);
	x->n_taken++;
}

/* The ports lo..hi of one range, by index. */
static void
sample_section(struct ph_sweep *x, uint32_t lo, uint32_t hi)
{
	uint32_t step = x->c.exhaustive ? 1 : PH_SWEEP_STRIDE;
	uint32_t first = x->c.exhaustive ? 1 : 1 + (uint32_t)(rnd(x) % PH_SWEEP_STRIDE);

	sample(x, lo);
	for (uint32_t i = lo + first; i < hi; i += step)
		sample(x, i);
	sample(x, hi);
}

static bool
ends_section(const struct ph_sweep *x, uint32_t i)
{
	return i + 1 == x->span || (x->p[i + 1].flags & SWEEP_WANTED) == 0 ||
	    (x->p[i + 1].flags & SWEEP_FIRST) != 0;
}

static void
sample_all(struct ph_sweep *x)
{
	uint32_t lo = 0;
	bool inside = false;

	for (uint32_t i = 0; i < x->span; i++) {
		if ((x->p[i].flags & SWEEP_WANTED) == 0)
			continue;
		if (!inside)
			lo = i;
		inside = !ends_section(x, i);
		if (!inside)
			sample_section(x, lo, i);
	}
}

void
sweep_shuffle(struct ph_sweep *x)
{
	for (uint32_t i = x->n_order; i > 1; i--) {
		uint32_t j = (uint32_t)(rnd(x) % i);
		uint16_t port = x->order[i - 1];

		x->order[i - 1] = x->order[j];
		x->order[j] = port;
	}
	x->next_order = 0;
}

static void
find_span(struct ph_sweep *x)
{
	uint16_t lo = UINT16_MAX, hi = 0;

	for (size_t i = 0; i < x->c.n_ranges; i++) {
		if (x->c.ranges[i].lo < lo)
			lo = x->c.ranges[i].lo;
		if (x->c.ranges[i].hi > hi)
			hi = x->c.ranges[i].hi;
	}
	x->base = lo;
	x->span = (uint32_t)(hi - lo) + 1;
}

static void
copy_config(struct ph_arena *mem, struct ph_sweep *x, const struct ph_sweep_config *c)
{
	struct ph_sweep_span *r = ph_arena_array(mem, c->n_ranges + c->n_excluded, sizeof(*r));

	memcpy(r, c->ranges, c->n_ranges * sizeof(*r));
	if (c->n_excluded > 0)
		memcpy(r + c->n_ranges, c->excluded, c->n_excluded * sizeof(*r));
	x->c = *c;
	x->c.ranges = r;
	x->c.excluded = r + c->n_ranges;
}

struct ph_sweep *
ph_sweep_new(struct ph_arena *mem, const struct ph_sweep_config *c, uint64_t now)
{
	struct ph_sweep *x = PH_NEW(mem, struct ph_sweep);

	copy_config(mem, x, c);
	find_span(x);
	x->p = ph_arena_array(mem, x->span, sizeof(*x->p));
	x->order = ph_arena_array(mem, x->span, sizeof(*x->order));
	x->urgent.port = ph_arena_array(mem, x->span, sizeof(uint16_t));
	x->wait.port = ph_arena_array(mem, x->span, sizeof(uint16_t));
	x->urgent.cap = x->wait.cap = x->span;
	x->rnd = c->seed;
	x->start_us = x->next_us = x->epoch_us = now;
	x->pps = x->epoch_pps = c->pps;
	x->canary = c->canary;
	x->srtt_us = (double)c->rtt_us;
	x->rttvar_us = (double)c->rtt_us / 2;
	x->wait_us = c->rtt_us * 3 > c->retry_us ? c->rtt_us * 3 : c->retry_us;
	mark_ranges(x);
	sample_all(x);
	sweep_shuffle(x);
	return x;
}

/* The search. */

/* 0: not known yet, 1: open, 2: suspected or unknown, above: blocked and how. */
static unsigned
side(const struct ph_sweep *x, const struct sweep_port *p)
{
	if (sweep_seen(x, p))
		return 1;
	if ((p->flags & SWEEP_DECIDED) != 0)
		return p->verdict == PH_SWEEP_UNKNOWN ? 2U : 2U + p->verdict;
	if (p->tries - p->from < ((p->flags & SWEEP_MID) != 0 ? 1 : 2))
		return 0;
	return 2;
}

static bool
differ(unsigned a, unsigned b)
{
	if (a == 0 || b == 0 || a == b)
		return false;
	return a == 1 || b == 1 || (a > 2 && b > 2);
}

static void
bisect(struct ph_sweep *x, uint32_t lo, uint32_t hi)
{
	if (hi - lo > 1 && differ(side(x, &x->p[lo]), side(x, &x->p[hi])))
		sweep_take(x, (uint16_t)(x->base + (lo + hi) / 2), SWEEP_MID);
}

void
sweep_look_around(struct ph_sweep *x, uint16_t port)
{
	uint32_t at = (uint32_t)(port - x->base), i = at;

	if (x->c.exhaustive)
		return;
	while (i > 0 && (x->p[i].flags & SWEEP_FIRST) == 0 &&
	    (x->p[i - 1].flags & SWEEP_WANTED) != 0)
		if ((x->p[--i].flags & SWEEP_TAKEN) != 0) {
			bisect(x, i, at);
			break;
		}
	for (i = at; !ends_section(x, i);)
		if ((x->p[++i].flags & SWEEP_TAKEN) != 0) {
			bisect(x, at, i);
			break;
		}
}

void
sweep_take(struct ph_sweep *x, uint16_t port, uint8_t flags)
{
	struct sweep_port *p = sweep_at(x, port);

	if ((p->flags & SWEEP_TAKEN) == 0) {
		x->n_taken++;
		p->epoch = x->epoch;
	}
	p->flags |= (uint8_t)(SWEEP_TAKEN | flags);
	push(&x->urgent, port);
}

/* Time. */

/* Has the last try of ${p} waited long enough? */
static uint64_t
due(const struct ph_sweep *x, const struct sweep_port *p, uint64_t now)
{
	uint32_t age = (uint32_t)(now - x->start_us) - p->sent_us;

	return age >= x->wait_us ? now : now + (x->wait_us - age);
}

/* No longer under way. */
static void
land(struct ph_sweep *x, struct sweep_port *p)
{
	x->n_flying -= (p->flags & SWEEP_FLYING) != 0;
	p->flags &= (uint8_t)~SWEEP_FLYING;
}

static void
give_up(struct ph_sweep *x, uint64_t now, uint16_t port)
{
	struct sweep_port *p = sweep_at(x, port);

	land(x, p);
	if (sweep_seen(x, p) || (p->flags & SWEEP_DECIDED) != 0)
		return;
	sweep_look_around(x, port);
	if ((unsigned)(p->tries - p->from) < sweep_needed(x) && p->tries < PH_SWEEP_TRIES) {
		push(&x->urgent, port);
		return;
	}
	p->flags |= SWEEP_RIPE;
	x->n_ripe++;
	x->ripe_us = now;
}

static void
expire(struct ph_sweep *x, uint64_t now)
{
	while (x->wait.n > 0 &&
	    due(x, sweep_at(x, x->wait.port[x->wait.head]), now) <= now)
		give_up(x, now, pop(&x->wait));
}

static uint64_t
gap(const struct ph_sweep *x, uint64_t now)
{
	uint64_t pps = x->pps, t = now - x->start_us;

	if (t < x->c.ramp_us && x->c.ramp_from_pps > 0 && x->c.ramp_from_pps < pps)
		pps = x->c.ramp_from_pps + (pps - x->c.ramp_from_pps) * t / x->c.ramp_us;
	return 1000000 / pps;
}

/* May one more be sent now?  If so, count it. */
static bool
paced(struct ph_sweep *x, uint64_t now)
{
	uint64_t g;

	if (now < x->next_us)
		return false;
	if (x->pps == 0)
		return true;
	g = gap(x, now);
	if (x->next_us + SWEEP_BURST * g < now)
		x->next_us = now - SWEEP_BURST * g;
	x->next_us += g;
	return true;
}

/* Canaries. */

static struct ph_sweep_send
canary(struct ph_sweep *x, uint64_t now)
{
	if (x->canaries_open++ == 0)
		x->canary_open_us = now;
	x->canary_sent_us = now;
	x->since_canary = 0;
	x->canaries++;
	x->sent++;
	return (struct ph_sweep_send){ .port = x->canary, .canary = true };
}

void
ph_sweep_canary(struct ph_sweep *x, uint64_t now)
{
	if (x->checking)
		x->suspect = true;
	x->checking = false;
	x->canaries_open = x->canary_checks = 0;
	x->canaries_back += x->canaries_back < x->canaries;
	x->canary_ok_us = now;
}

/* Everything sent before the last sign of life may have met a closed door. */
static void
watch_canary(struct ph_sweep *x, uint64_t now)
{
	if (x->canary == 0 || x->canaries_open < SWEEP_CANARY_OPEN)
		return;
	if (now - x->canary_open_us >= 2 * x->wait_us)
		x->checking = true;
	if (x->canary_checks > SWEEP_CANARY_CHECKS) {
		x->canary_died = true;
		sweep_end(x, now);
	}
}

static bool
more_to_send(const struct ph_sweep *x)
{
	return x->urgent.n > 0 || x->next_order < x->n_order;
}

/* Does a verdict wait only for a sign of life? */
static bool
awaits_canary(const struct ph_sweep *x)
{
	return x->canary != 0 && x->n_ripe > 0 && x->canary_ok_us <= x->ripe_us &&
	    x->wait.n == 0 && !more_to_send(x);
}

static bool
all_quiet(const struct ph_sweep *x)
{
	return !more_to_send(x) && x->wait.n == 0 && !x->checking && !awaits_canary(x);
}

static bool
is_full(const struct ph_sweep *x)
{
	return x->c.window > 0 && x->n_flying >= x->c.window;
}

/* When is a canary due that is not one of every 25?  UINT64_MAX: not at all. */
static uint64_t
canary_due(const struct ph_sweep *x)
{
	uint64_t again = x->canary_sent_us + x->wait_us;

	if (!x->checking && !awaits_canary(x))
		return UINT64_MAX;
	if (!x->checking && x->canary_sent_us < x->ripe_us)
		again = x->next_us;
	return again > x->next_us ? again : x->next_us;
}

/* Sending. */

static struct ph_sweep_send
next_port(struct ph_sweep *x, uint64_t now)
{
	uint16_t port = x->urgent.n > 0 ? pop(&x->urgent) : x->order[x->next_order++];
	struct sweep_port *p = sweep_at(x, port);

	if (x->next_order == x->n_order && x->first_look_us == 0)
		x->first_look_us = now;
	p->sent_us = (uint32_t)(now - x->start_us);
	push(&x->wait, port);
	x->n_flying += (p->flags & SWEEP_FLYING) == 0;
	p->flags |= SWEEP_FLYING;
	x->since_canary++;
	x->sent++;
	return (struct ph_sweep_send){ .port = port, .try = p->tries++ };
}

static bool
next(struct ph_sweep *x, uint64_t now, struct ph_sweep_send *out)
{
	if (now >= canary_due(x)) {
		x->canary_checks += x->checking;
		*out = canary(x, now);
		return true;
	}
	if (x->checking || !more_to_send(x) || is_full(x) || !paced(x, now))
		return false;
	if (x->canary != 0 && x->since_canary >= SWEEP_CANARY_EVERY)
		*out = canary(x, now);
	else
		*out = next_port(x, now);
	return true;
}

size_t
ph_sweep_output(struct ph_sweep *x, uint64_t now, struct ph_sweep_send *out, size_t max)
{
	size_t n = 0;

	if (x->done)
		return 0;
	expire(x, now);
	watch_canary(x, now);
	sweep_check_early(x, now);
	if (!x->done && all_quiet(x) && (x->n_ripe == 0 || !x->c.receipts))
		sweep_judge(x, now);
	while (!x->done && n < max && next(x, now, &out[n]))
		n++;
	return n;
}

uint64_t
ph_sweep_deadline(const struct ph_sweep *x)
{
	uint64_t at = UINT64_MAX, wait, now;

	if (x->done)
		return UINT64_MAX;
	if (more_to_send(x) && !x->checking && !is_full(x))
		at = x->next_us;
	if (x->wait.n > 0) {
		now = x->start_us + sweep_at(x, x->wait.port[x->wait.head])->sent_us;
		wait = now + x->wait_us;
		at = wait < at ? wait : at;
	}
	wait = canary_due(x);
	at = wait < at ? wait : at;
	if (at == UINT64_MAX && (x->n_ripe == 0 || !x->c.receipts))
		at = x->next_us;	/* to judge */
	return at;
}

bool
ph_sweep_done(const struct ph_sweep *x)
{
	return x->done;
}

/* Input. */

static void
learn_rtt(struct ph_sweep *x, double r)
{
	double wait, err = r - x->srtt_us;

	if (x->srtt_us == 0.0) {		/* RFC 6298 2.2, 2.3 */
		x->srtt_us = r;
		x->rttvar_us = r / 2;
	} else {
		x->rttvar_us += ((err < 0 ? -err : err) - x->rttvar_us) / 4;
		x->srtt_us += err / 8;
	}
	wait = x->srtt_us * 1.5 + 4 * x->rttvar_us;
	x->wait_us = x->bursty ? x->c.burst_retry_us : x->c.retry_us;
	if (wait > (double)x->wait_us)
		x->wait_us = (uint64_t)wait;
}

static struct sweep_port *
known(const struct ph_sweep *x, uint16_t port)
{
	struct sweep_port *p;

	if (port < x->base || port - x->base >= (int)x->span)
		return NULL;
	p = sweep_at(x, port);
	return p->tries > 0 ? p : NULL;
}

static void
found_open(struct ph_sweep *x, uint16_t port, struct sweep_port *p)
{
	if ((p->flags & SWEEP_RIPE) != 0) {
		p->flags &= (uint8_t)~SWEEP_RIPE;
		x->n_ripe--;
	}
	p->flags |= SWEEP_DECIDED;
	p->verdict = PH_SWEEP_OPEN;
	x->n_open++;
	x->answered++;
	x->answered_tries += (unsigned)(p->tries - p->from);
	sweep_look_around(x, port);
}

void
ph_sweep_reply(struct ph_sweep *x, uint64_t now, uint16_t port, uint8_t try)
{
	struct sweep_port *p = known(x, port);
	bool first;

	if (x->done || p == NULL || try >= p->tries)
		return;
	if (try + 1 == p->tries) {
		learn_rtt(x, (double)((uint32_t)(now - x->start_us) - p->sent_us));
		land(x, p);
	} else if (p->in == 0 && try + 2 == p->tries && x->srtt_us == 0.0) {
		x->wait_us += x->wait_us / 2;	/* too hasty, without a sample yet */
	}
	first = !sweep_seen(x, p);
	p->in |= (uint16_t)(1U << try);
	p->out |= (uint16_t)(1U << try);
	if (x->canary == 0) {
		x->canary = port;
		x->canary_ok_us = now;
	}
	if (first)
		found_open(x, port, p);
}

void
ph_sweep_receipt(struct ph_sweep *x, uint64_t now, uint16_t port, uint16_t tries)
{
	struct sweep_port *p = known(x, port);
	bool first;

	(void)now;
	if (x->done || p == NULL)
		return;
	first = !sweep_seen(x, p);
	p->out |= (uint16_t)(tries & ((1U << p->tries) - 1));
	if (first && sweep_seen(x, p))
		found_open(x, port, p);
}

bool
ph_sweep_wants_receipts(const struct ph_sweep *x)
{
	return !x->done && !x->asked && x->c.receipts && x->n_ripe > 0 && all_quiet(x);
}

void
ph_sweep_asked(struct ph_sweep *x, uint64_t now)
{
	x->asked = true;
	x->asked_us = now;
}

void
ph_sweep_told(struct ph_sweep *x, uint64_t now)
{
	bool ours = x->asked && x->asked_us >= x->ripe_us;

	x->asked = false;
	if (!x->done && ours && all_quiet(x))
		sweep_judge(x, now);
}

void
ph_sweep_icmp(struct ph_sweep *x, uint64_t now, uint16_t port, ph_u128 from, uint8_t type,
    uint8_t code)
{
	struct sweep_port *p = known(x, port);
	unsigned i;

	(void)now;
	if (x->done || p == NULL || sweep_seen(x, p) || (p->flags & SWEEP_DECIDED) != 0)
		return;
	for (i = 0; i < x->n_icmp; i++)
		if (x->icmp[i].from == from && x->icmp[i].type == type &&
		    x->icmp[i].code == code)
			break;
	if (i == x->n_icmp && x->n_icmp < SWEEP_ICMPS)
		x->icmp[x->n_icmp++] = (struct sweep_icmp){ from, type, code };
	if (i < SWEEP_ICMPS)
		p->icmp = (uint8_t)(i + 1);
	if ((p->flags & SWEEP_RIPE) != 0)
		x->n_ripe--;
	p->flags = (uint8_t)((p->flags & ~SWEEP_RIPE) | SWEEP_DECIDED);
	p->verdict = PH_SWEEP_BLOCKED_OUT;
	sweep_look_around(x, port);
}

void
ph_sweep_fail(struct ph_sweep *x)
{
	if (!x->done)
		sweep_end(x, x->next_us);
}
