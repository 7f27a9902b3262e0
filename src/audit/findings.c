/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "audit/findings.h"
#include "audit/judge.h"
#include "net/names.h"

struct ctx {
	struct ph_findings_of of;
	const struct ph_flow *flow;
};

static bool
same_place(struct ph_span a, struct ph_span b)
{
	return a.src == b.src && a.off == b.off;
}

struct ph_finding *
ph_findings_add(struct ph_arena *mem, struct ph_findings *s,
    const struct ph_finding *f)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct ph_finding *g = &s->v[i];

		if (strcmp(g->id, f->id) == 0 && same_place(g->at, f->at) &&
		    g->need_s >= f->need_s && g->req != NULL && f->req != NULL &&
		    strcmp(g->req->service, f->req->service) == 0 &&
		    strcmp(g->req->flow, f->req->flow) == 0)
			return NULL;
	}
	*PH_PUSH(mem, s->v, s->n, s->cap) = *f;
	return &s->v[s->n - 1];
}

static void
report(const struct ctx *c, const char *id, enum ph_severity sev, bool degrades,
    struct ph_span at, const char *message)
{
	struct ph_finding f = {
		.id = id, .severity = sev, .degrades = degrades, .at = at,
		.message = message, .req = c->flow->req,
	};

	ph_findings_add(c->of.mem, c->of.out, &f);
}

static const char *
flow_name(const struct ctx *c)
{
	const struct ph_requirement *r = c->flow->req;

	return ph_arena_printf(c->of.mem, "%s/%s", r->service, r->flow);
}

/* The timer that counts for a part: its policy's, else the global one. */
static const struct ph_timer_value *
timer_of(const struct ctx *c, const struct ph_part *p, enum ph_timer t,
    struct ph_span *at)
{
	if (p->timeout != NULL && p->timeout->t[t].set) {
		*at = p->timeout->t[t].at.src != NULL ? p->timeout->t[t].at : p->timeout_at;
		return &p->timeout->t[t];
	}
	*at = c->of.rs->timers->t[t].at;
	return &c->of.rs->timers->t[t];
}

static void
report_timer(const struct ctx *c, const char *id, const struct ph_timer_value *v,
    struct ph_span at, const char *what)
{
	const struct ph_requirement *r = c->flow->req;
	struct ph_finding f = {
		.id = id, .severity = PH_WARNING, .degrades = true, .at = at,
		.req = r, .has_timer = true, .have_s = v->s, .need_s = r->idle_s,
	};

	f.message = ph_arena_printf(c->of.mem, "%s ends after %u s without a packet%s; "
	    "%s needs %u s, or calls are cut", what, v->s,
	    v->is_default ? " (the platform's default, not set in this file)" : "",
	    flow_name(c), r->idle_s);
	ph_findings_add(c->of.mem, c->of.out, &f);
}

static void
check_timer(const struct ctx *c, const struct ph_part *p, enum ph_timer t,
    const char *id, const char *what)
{
	struct ph_span at;
	const struct ph_timer_value *v = timer_of(c, p, t, &at);

	if (v->set && v->s != 0 && v->s < c->flow->req->idle_s)
		report_timer(c, id, v, at, what);
}

static void
check_timers(const struct ctx *c, const struct ph_part *p)
{
	const struct ph_requirement *r = c->flow->req;

	if (r->idle_s == 0 || p->untracked)
		return;
	if (r->proto == PH_UDP)
		check_timer(c, p, PH_TIMER_UDP, "udp-timeout-short", "a UDP connection");
	if (r->proto == PH_TCP)
		check_timer(c, p, PH_TIMER_TCP, "tcp-timeout-short", "a TCP connection");
	if (p->offload_at.src != NULL)
		check_timer(c, p, r->proto == PH_UDP ? PH_TIMER_FLOWTABLE_UDP :
		    PH_TIMER_FLOWTABLE_TCP, "flowtable-timeout-short",
		    "an offloaded connection");
}

/* Inspection that rewrites signalling also opens and times the media. */
static void
check_helper(const struct ctx *c, const struct ph_part *p)
{
	const struct ph_requirement *r = c->flow->req;

	if (p->helper == NULL || r->alg_protocol == NULL || r->alg == NULL ||
	    strcmp(r->alg, "off") != 0 || strcmp(p->helper, r->alg_protocol) != 0)
		return;
	report(c, strcmp(p->helper, "sip") == 0 ? "sip-alg" : "h323-alg", PH_WARNING,
	    true, p->helper_at, ph_arena_printf(c->of.mem, "%s inspection rewrites the "
	    "signalling of %s; its page advises to switch it off", p->helper,
	    flow_name(c)));
}

static void
check_one_way(const struct ctx *c, const struct ph_part *p)
{
	if (p->verdict != PH_BLOCKED || p->stage == PH_STAGE_FIRST)
		return;
	if (p->untracked)
		report(c, "untracked", PH_SERIOUS, false, p->untracked_at,
		    ph_arena_printf(c->of.mem, "connection tracking is switched off here, so "
		    "replies to %s are not recognised and are blocked", flow_name(c)));
	else
		report(c, "one-way", PH_SERIOUS, false, p->by, ph_arena_printf(c->of.mem,
		    "%s is open in one direction only: %s is blocked here",
		    flow_name(c), p->stage == PH_STAGE_REPLY ? "the reply" :
		    "what follows the first packet"));
}

static bool
shut_above_rate(const struct ctx *c)
{
	struct ph_answer a = { 0 };
	struct ph_question q[2];
	size_t n = ph_judge_question(c->of.mem, c->flow->req, c->of.opts, q);

	for (size_t i = 0; i < n; i++) {
		q[i].rates_exceeded = true;
		ph_walk(c->of.mem, c->of.rs, &q[i], &a);
	}
	return ph_judge_sum(a.parts, a.n) != PH_OPEN;
}

static void
check_rate(const struct ctx *c, const struct ph_part *p)
{
	if (p->verdict == PH_OPEN && p->rate_at.src != NULL && shut_above_rate(c))
		report(c, "rate-limited", PH_WARNING, true, p->rate_at,
		    ph_arena_printf(c->of.mem, "%s is open only below this rate or quota",
		    flow_name(c)));
}

/* Is the source of any flow of the opposite direction translated? */
static const struct ph_part *
hidden_by(const struct ctx *c)
{
	for (size_t i = 0; i < c->of.n_all; i++) {
		const struct ph_flow *f = &c->of.all[i];

		if (f->req->direction != PH_OUT ||
		    strcmp(f->req->service, c->flow->req->service) != 0)
			continue;
		for (size_t k = 0; k < f->n_parts; k++)
			if (f->parts[k].nat_at.src != NULL)
				return &f->parts[k];
	}
	return NULL;
}

static void
check_nat(const struct ctx *c, const struct ph_part *p)
{
	const struct ph_part *h;

	if (c->flow->req->direction != PH_IN || p->nat_at.src != NULL ||
	    (h = hidden_by(c)) == NULL)
		return;
	report(c, "nat-inbound", PH_INFO, false, h->nat_at, ph_arena_printf(c->of.mem,
	    "the clients' addresses are translated here: the far end of %s cannot "
	    "open connections to them by itself", flow_name(c)));
}

static void
check_family(const struct ctx *c)
{
	if (c->flow->n_parts == 0)
		report(c, "no-common-family", PH_SERIOUS, false, (struct ph_span){ 0 },
		    ph_arena_printf(c->of.mem, "%s: one side has only IPv4 addresses, the "
		    "other only IPv6", flow_name(c)));
}

static enum ph_verdict
verdict_of(const struct ctx *c, const char *flow)
{
	const char *service = c->flow->req->service;
	enum ph_verdict v = PH_NOT_TESTED;

	for (size_t i = 0; i < c->of.n_all; i++)
		if (strcmp(c->of.all[i].req->service, service) == 0 &&
		    strcmp(c->of.all[i].req->flow, flow) == 0 &&
		    (v == PH_NOT_TESTED || c->of.all[i].verdict > v))
			v = c->of.all[i].verdict;
	return v;
}

/* An optional flow that is shut is served by another, less well. */
static void
check_fallback(const struct ctx *c)
{
	const struct ph_requirement *r = c->flow->req;
	struct ph_span at = { 0 };

	if (r->need == PH_FALLBACK || c->flow->verdict == PH_OPEN ||
	    r->fallback == NULL || verdict_of(c, r->fallback) != PH_OPEN)
		return;
	for (size_t i = 0; i < c->flow->n_parts && at.src == NULL; i++)
		if (c->flow->parts[i].verdict != PH_OPEN)
			at = c->flow->parts[i].by;
	report(c, "fallback-only", PH_WARNING, r->need == PH_OPTIONAL, at,
	    ph_arena_printf(c->of.mem, "%s is not open; %s/%s serves instead, with less "
	    "quality and more load on shared servers", flow_name(c), r->service,
	    r->fallback));
}

void
ph_findings_of(const struct ph_findings_of *of, const struct ph_flow *flow)
{
	struct ctx c = { .of = *of, .flow = flow };

	check_family(&c);
	check_fallback(&c);
	for (size_t i = 0; i < flow->n_parts; i++) {
		const struct ph_part *p = &flow->parts[i];

		if (p->verdict != PH_BLOCKED) {
			check_timers(&c, p);
			check_helper(&c, p);
			check_nat(&c, p);
			check_rate(&c, p);
		}
		check_one_way(&c, p);
	}
}
