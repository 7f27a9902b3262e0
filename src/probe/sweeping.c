/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>

#include "os/errqueue.h"
#include "probe/sweeping.h"

enum { N_PORTS = 65536 };

static size_t
output(void *arg, uint64_t now, struct ph_shot *v, size_t max)
{
	struct ph_sweeping *s = arg;
	struct ph_sweep_send send[PH_SHOT_BATCH];
	size_t n = ph_sweep_output(s->engine, now, send,
	    max < PH_SHOT_BATCH ? max : PH_SHOT_BATCH);

	for (size_t i = 0; i < n; i++)
		v[i] = (struct ph_shot){
			.kind = send[i].canary ? PH_CONTROL_CANARY : PH_CONTROL_SWEEP,
			.number = send[i].port, .port = send[i].port, .try = send[i].try,
			.test = { .mode = PH_STUN_TEST_NOW },
		};
	return n;
}

/* An answer must come from the port that was asked. */
static void
reply(void *arg, uint64_t now, const struct ph_shot_reply *r)
{
	struct ph_sweeping *s = arg;

	if (r->msg->addr != s->to || r->msg->port != r->number)
		return;
	if (r->kind == PH_CONTROL_CANARY)
		ph_sweep_canary(s->engine, now);
	else if (r->kind == PH_CONTROL_SWEEP)
		ph_sweep_reply(s->engine, now, r->number, r->try);
}

/* What the far end itself says is no block: its port may be closed again. */
static void
error(void *arg, uint64_t now, const struct ph_shot_error *e)
{
	struct ph_sweeping *s = arg;
	const struct ph_errqueue_item *i = e->item;

	if (i->local || !i->has_offender || !e->known || e->kind != PH_CONTROL_SWEEP)
		return;
	if (i->offender == s->to && !ph_errqueue_prohibits(!ph_addr_is_v4(s->to), i->type,
	    i->code))
		return;
	ph_sweep_icmp(s->engine, now, e->number, i->offender, i->type, i->code);
}

static void
refused(void *arg, uint64_t now, const struct ph_shot *shot, int err)
{
	struct ph_sweeping *s = arg;

	(void)now;
	s->local[shot->port] = (uint16_t)-err;
	s->refused++;
}

static void
finish(struct ph_sweeping *s)
{
	if (s->done)
		return;
	s->done = true;
	ph_gun_end(s->gun);
	if (s->on_done != NULL)
		s->on_done(s->arg);
}

static void
take_receipts(void *arg, const struct ph_session_receipts *r)
{
	struct ph_sweeping *s = arg;
	uint64_t now = ph_loop_now(s->loop);

	if (s->done)
		return;
	for (size_t i = 0; r != NULL && i < r->n; i++)
		if (r->v[i].kind == PH_CONTROL_SWEEP)
			ph_sweep_receipt(s->engine, now, r->v[i].number, r->v[i].tries);
	if (r == NULL) {
		s->far_end_lost = true;
		ph_sweep_fail(s->engine);
	} else {
		ph_sweep_told(s->engine, now);
	}
	ph_gun_kick(s->gun);
}

static uint64_t
deadline(void *arg, uint64_t now)
{
	struct ph_sweeping *s = arg;

	if (!ph_sweep_done(s->engine) && ph_session_failure(s->session) != NULL) {
		s->far_end_lost = true;
		ph_sweep_fail(s->engine);
	}
	if (ph_sweep_done(s->engine)) {
		finish(s);
		return UINT64_MAX;
	}
	if (ph_sweep_wants_receipts(s->engine)) {
		ph_sweep_asked(s->engine, now);
		ph_session_news(s->session, take_receipts, s);
	}
	return ph_sweep_deadline(s->engine);
}

static const struct ph_gun_test test = {
	.output = output, .reply = reply, .error = error, .refused = refused,
	.deadline = deadline,
};

static const struct ph_sweep_span *
spans(struct ph_arena *mem, const struct ph_ranges *r)
{
	struct ph_sweep_span *v = ph_arena_array(mem, r->n + 1, sizeof(*v));

	for (size_t i = 0; i < r->n; i++)
		v[i] = (struct ph_sweep_span){ (uint16_t)r->r[i].lo, (uint16_t)r->r[i].hi };
	return v;
}

int
ph_sweeping_start(struct ph_loop *l, struct ph_session *session,
    const struct ph_sweeping_opts *o, struct ph_sweeping *s)
{
	struct ph_sweep_config c = o->unpaced ? ph_sweep_lab : ph_sweep_network;
	struct ph_gun_opts g = { .to = o->to, .from = o->from, .test = &test, .arg = s };

	*s = (struct ph_sweeping){ .loop = l, .session = session, .to = o->to };
	s->local = ph_arena_array(l->mem, N_PORTS, sizeof(*s->local));
	c.ranges = spans(l->mem, o->ports);
	c.n_ranges = o->ports->n;
	c.excluded = spans(l->mem, o->unbound);
	c.n_excluded = o->unbound->n;
	c.exhaustive = o->exhaustive;
	c.receipts = true;
	c.seed = o->seed;
	c.rtt_us = ph_session_rtt_us(session);
	if (o->pps > 0)
		c.pps = o->pps;
	s->engine = ph_sweep_new(l->mem, &c, ph_loop_now(l));
	return ph_gun_new(l, session, &g, &s->gun);
}

void
ph_sweeping_end(struct ph_sweeping *s)
{
	if (s->done)
		return;
	ph_sweep_fail(s->engine);
	finish(s);
}

/* Why the engine could not tell. */
static const char *
unknown_why(const struct ph_sweeping *s, const struct ph_sweep_stats *st)
{
	if (s->far_end_lost)
		return "the test server was lost";
	if (st->canary_died)
		return "nothing got through any more, not even what did before: an outage, "
		    "or a firewall that shut out a supposed scan";
	if (st->no_canary)
		return "no port answered at all";
	if (st->rate_limited)
		return "a rate limit on the way hides it";
	return "too much was lost to tell";
}

static void
add_run(struct ph_arena *mem, const struct ph_sweeping *s, const struct ph_sweep_run *r,
    struct ph_observed *o)
{
	static const struct { enum ph_verdict v; enum ph_way way; } as[] = {
		[PH_SWEEP_UNTESTED] = { PH_NOT_TESTED, PH_WAY_NONE },
		[PH_SWEEP_OPEN] = { PH_OPEN, PH_WAY_NONE },
		[PH_SWEEP_BLOCKED_OUT] = { PH_BLOCKED, PH_WAY_FORTH },
		[PH_SWEEP_BLOCKED_IN] = { PH_BLOCKED, PH_WAY_BACK },
		[PH_SWEEP_BLOCKED] = { PH_BLOCKED, PH_WAY_UNSURE },
		[PH_SWEEP_UNKNOWN] = { PH_UNKNOWN, PH_WAY_NONE },
	};
	struct ph_sweep_stats st;
	int err = 0;

	ph_sweep_stats(s->engine, &st);
	for (unsigned p = r->lo; p <= r->hi && err == 0; p++)
		err = s->local[p];
	*o = (struct ph_observed){
		.ports = ph_ranges_one(mem, r->lo, r->hi),
		.verdict = as[r->verdict].v, .way = as[r->verdict].way,
		.by_host = err != 0 && r->verdict != PH_SWEEP_OPEN && r->received_out == 0,
		.evidence = {
			.sent = r->sent, .received_out = r->received_out,
			.received_in = r->received_in, .tries = r->tries,
			.has_icmp = r->icmp_type != 0, .icmp_type = r->icmp_type,
			.icmp_code = r->icmp_code, .icmp_from = r->icmp_from,
		},
	};
	if (o->by_host) {
		o->verdict = PH_BLOCKED;
		o->way = PH_WAY_FORTH;
		o->evidence.sent = o->evidence.tries = 0;
	}
	if (o->by_host)
		o->why = err == EPERM || err == EACCES ?
		    "not permitted by a firewall on this computer" : strerror(err);
	else if (o->verdict == PH_NOT_TESTED)
		o->why = "the test server cannot use these ports";
	else if (o->verdict == PH_UNKNOWN)
		o->why = unknown_why(s, &st);
	if (o->verdict == PH_BLOCKED && r->lo == r->hi && !o->by_host &&
	    ph_session_is_public(s->session, r->lo))
		o->way = PH_WAY_UNSURE;
}

/* Of a sample every run is a port, or ports side by side. */
static unsigned
join(struct ph_arena *mem, const struct ph_ranges *ports, struct ph_observed **v, size_t *n)
{
	struct ph_sample *s = NULL;
	size_t n_samples = 0, cap = 0;

	for (size_t i = 0; i < *n; i++) {
		const struct ph_observed *o = &(*v)[i];
		struct ph_range r = ph_ranges_hull(o->ports);

		for (ph_u128 p = r.lo; p <= r.hi; p++)
			*PH_PUSH(mem, s, n_samples, cap) = (struct ph_sample){
				.port = (uint16_t)p, .verdict = o->verdict, .way = o->way,
				.by_host = o->by_host, .why = o->why,
				.evidence = p == r.lo ? o->evidence : (struct ph_evidence){ 0 },
			};
	}
	return ph_sample_parts(mem, s, n_samples, ports, v, n);
}

unsigned
ph_sweeping_observed(struct ph_arena *mem, const struct ph_sweeping *s,
    const struct ph_ranges *ports, bool thin, struct ph_observed **out, size_t *n_out)
{
	size_t n = ph_sweep_result(s->engine, NULL, 0), cap = 0;
	struct ph_sweep_run *run = ph_arena_array(mem, n + 1, sizeof(*run));
	struct ph_observed *v = NULL;

	*n_out = 0;
	ph_sweep_result(s->engine, run, n);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ports->n; k++) {
			struct ph_sweep_run cut = run[i];

			if (run[i].hi < ports->r[k].lo || run[i].lo > ports->r[k].hi)
				continue;
			if (cut.lo < ports->r[k].lo)
				cut.lo = (uint16_t)ports->r[k].lo;
			if (cut.hi > ports->r[k].hi)
				cut.hi = (uint16_t)ports->r[k].hi;
			add_run(mem, s, &cut, PH_PUSH(mem, v, *n_out, cap));
		}
	*out = v;
	return thin ? join(mem, ports, out, n_out) : 0;
}
