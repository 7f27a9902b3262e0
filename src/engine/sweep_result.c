/* SPDX-License-Identifier: ISC */
#include "engine/sweep_priv.h"

static bool
asked_for(const struct sweep_port *p)
{
	return (p->flags & (SWEEP_WANTED | SWEEP_EXCLUDED)) != 0;
}

static enum ph_sweep_verdict
tested(const struct sweep_port *p)
{
	if ((p->flags & SWEEP_EXCLUDED) != 0)
		return PH_SWEEP_UNTESTED;
	return (p->flags & SWEEP_DECIDED) != 0 ? (enum ph_sweep_verdict)p->verdict :
	    PH_SWEEP_UNKNOWN;
}

/* The next port, from ${i}, that tells something of its own. */
static uint32_t
next_told(const struct ph_sweep *x, uint32_t i)
{
	while (i < x->span && (x->p[i].flags & (SWEEP_TAKEN | SWEEP_EXCLUDED)) == 0)
		i++;
	return i;
}

/* Between two that are alike it is the same, as far as samples can tell. */
static enum ph_sweep_verdict
between(const struct ph_sweep *x, enum ph_sweep_verdict left, uint32_t right)
{
	return right < x->span && tested(&x->p[right]) == left ? left : PH_SWEEP_UNKNOWN;
}

static void
add_evidence(const struct ph_sweep *x, struct ph_sweep_run *r, const struct sweep_port *p)
{
	if (p->tries == 0)
		return;
	r->tested++;
	r->sent += p->tries;
	r->received_out += (unsigned)__builtin_popcount(p->out);
	r->received_in += (unsigned)__builtin_popcount(p->in);
	r->tries = p->tries > r->tries ? p->tries : r->tries;
	if (p->icmp != 0 && r->icmp_type == 0 && r->verdict != PH_SWEEP_OPEN) {
		r->icmp_from = x->icmp[p->icmp - 1].from;
		r->icmp_type = x->icmp[p->icmp - 1].type;
		r->icmp_code = x->icmp[p->icmp - 1].code;
	}
}

struct walk {
	struct ph_sweep_run *out;
	size_t n, max;
	struct ph_sweep_run now;	/* being extended; hi of the last port */
	bool any;
};

static void
flush(struct walk *w)
{
	if (!w->any)
		return;
	w->now.inferred = w->now.verdict != PH_SWEEP_UNTESTED &&
	    w->now.tested <= (unsigned)(w->now.hi - w->now.lo);
	if (w->n < w->max)
		w->out[w->n] = w->now;
	w->n++;
	w->any = false;
}

static void
extend(struct walk *w, const struct ph_sweep *x, uint32_t i, enum ph_sweep_verdict v)
{
	uint16_t port = (uint16_t)(x->base + i);

	if (w->any && (w->now.verdict != v || w->now.hi + 1 != port))
		flush(w);
	if (!w->any)
		w->now = (struct ph_sweep_run){ .lo = port, .verdict = v };
	w->any = true;
	w->now.hi = port;
	add_evidence(x, &w->now, &x->p[i]);
}

size_t
ph_sweep_result(const struct ph_sweep *x, struct ph_sweep_run *out, size_t max)
{
	struct walk w = { .out = out, .max = max };
	enum ph_sweep_verdict left = PH_SWEEP_UNKNOWN;
	uint32_t told = 0;

	for (uint32_t i = 0; i < x->span; i++) {
		if (!asked_for(&x->p[i]))
			continue;
		if (i >= told)
			told = next_told(x, i);
		if (i == told) {
			left = tested(&x->p[i]);
			extend(&w, x, i, left);
			told = i + 1;
			continue;
		}
		extend(&w, x, i, between(x, left, told));
	}
	flush(&w);
	return w.n;
}

enum ph_sweep_verdict
ph_sweep_port(const struct ph_sweep *x, uint16_t port)
{
	uint32_t i = (uint32_t)(port - x->base), left, right;

	if (port < x->base || i >= x->span || !asked_for(&x->p[i]))
		return PH_SWEEP_UNTESTED;
	right = next_told(x, i);
	if (right == i)
		return tested(&x->p[i]);
	for (left = i; left > 0 && (x->p[left].flags & SWEEP_TAKEN) == 0;)
		left--;
	return between(x, tested(&x->p[left]), right);
}
