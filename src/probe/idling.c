/* SPDX-License-Identifier: ISC */
#include <errno.h>

#include "os/udp.h"
#include "probe/idling.h"

enum {
	SPARE_FILES = 64,
	OPENING_US = 6000000,		/* receipts are asked for often while flows open */
	ASK_OFTEN_US = 300000, ASK_US = 2000000,
	TELL_US = 1000000,
	US_A_MS = 1000,
};

struct ph_idling_flow {
	struct ph_idling *x;
	uint32_t number;
};

static void
reply(void *arg, uint64_t now, const struct ph_shot_reply *r)
{
	struct ph_idling_flow *f = arg;

	if (r->kind == PH_CONTROL_LADDER && r->number == f->number &&
	    r->msg->addr == f->x->to && r->msg->port == f->x->port)
		ph_ladder_reply(f->x->engine, now, f->number, r->try);
}

static void
refused(void *arg, uint64_t now, const struct ph_shot *shot, int err)
{
	struct ph_idling_flow *f = arg;

	(void)now;
	(void)shot;
	(void)err;
	f->x->refused++;
}

static const struct ph_gun_test test = { .reply = reply, .refused = refused };

static void
send_one(struct ph_idling *x, const struct ph_ladder_send *s)
{
	static const uint8_t mode[] = {
		[PH_LADDER_NO_REPLY] = PH_STUN_TEST_SILENT,
		[PH_LADDER_REPLY] = PH_STUN_TEST_NOW,
		[PH_LADDER_REPLY_AFTER] = PH_STUN_TEST_AFTER,
	};
	struct ph_shot shot = {
		.kind = PH_CONTROL_LADDER, .number = (uint16_t)s->flow, .try = s->try,
		.port = x->port,
	};

	if (s->mode == PH_LADDER_ORDER || x->gun[s->flow] == NULL)
		return;
	shot.test.mode = mode[s->mode];
	shot.test.delay_ms = (uint32_t)(s->after_us / US_A_MS);
	ph_gun_send(x->gun[s->flow], &shot, 1);
}

static void
take_receipts(void *arg, const struct ph_session_receipts *r)
{
	struct ph_idling *x = arg;
	uint64_t now = ph_loop_now(x->loop);

	x->asking = false;
	if (x->done)
		return;
	if (r == NULL)
		ph_ladder_fail(x->engine);
	for (size_t i = 0; r != NULL && i < r->n; i++) {
		const struct ph_control_receipt *v = &r->v[i];
		struct ph_ladder_seen seen = {
			.ago_us = v->ago_us, .addr = v->addr, .port = v->port,
		};

		if (v->kind != PH_CONTROL_LADDER || v->number >= x->n)
			continue;
		for (uint8_t t = 0; t < 16; t++)
			if ((v->tries >> t & 1) != 0)
				ph_ladder_arrived(x->engine, now, v->number, t, &seen);
	}
	ph_watch_at(x->watch, now);
}

static void
ask(struct ph_idling *x, uint64_t now)
{
	bool opening = now - x->started_us < OPENING_US;

	if (x->asking || now < x->ask_us)
		return;
	x->asking = true;
	x->ask_us = now + (opening ? ASK_OFTEN_US : ASK_US);
	ph_session_news(x->session, take_receipts, x);
}

/* Sockets whose flow is over are closed, so that the path may forget them. */
static void
close_done(struct ph_idling *x)
{
	for (uint32_t i = 0; i < x->n; i++)
		if (x->gun[i] != NULL && ph_ladder_flow_done(x->engine, i)) {
			ph_gun_end(x->gun[i]);
			x->gun[i] = NULL;
		}
}

static void
on_time(void *arg, unsigned events)
{
	struct ph_idling *x = arg;
	struct ph_ladder_send v[PH_SHOT_BATCH];
	uint64_t now = ph_loop_now(x->loop), at;
	size_t n;

	(void)events;
	if (x->done)
		return;
	if (ph_session_failure(x->session) != NULL)
		ph_ladder_fail(x->engine);
	do {
		n = ph_ladder_output(x->engine, now, v, PH_SHOT_BATCH);
		for (size_t i = 0; i < n; i++)
			send_one(x, &v[i]);
	} while (n == PH_SHOT_BATCH);
	at = ph_ladder_deadline(x->engine);
	if (at == UINT64_MAX || ph_ladder_result(x->engine)->done) {
		ph_idling_end(x);
		return;
	}
	close_done(x);
	ask(x, now);
	if (x->tell != NULL)
		x->tell(x->arg, ph_ladder_result(x->engine));
	at = at < now + TELL_US ? at : now + TELL_US;
	ph_watch_at(x->watch, at < x->ask_us || x->asking ? at : x->ask_us);
}

/*
 * The best ladder that the sockets suffice for: two flows a rung, one, or two classes
 * of flows alone.
 */
static void
choose(struct ph_idling *x, const struct ph_idling_opts *o, uint64_t now)
{
	struct ph_ladder_config c = o->few_ports ? ph_ladder_low_state : ph_ladder_normal;
	size_t files;

	for (unsigned less = 0;; less++) {
		c.stop_at_us = (uint64_t)o->stop_at_s * 1000 * US_A_MS;
		if (o->cap_s > 0)
			c.cap_us = (uint64_t)o->cap_s * 1000 * US_A_MS;
		x->engine = ph_ladder_new(x->loop->mem, &c, now);
		x->n = ph_ladder_flows(x->engine);
		files = ph_udp_files(x->n + SPARE_FILES);
		if (o->few_ports || files >= x->n + SPARE_FILES || less > 1)
			return;
		if (less == 0)
			c.flows = 1;
		else
			c = ph_ladder_low_state;
	}
}

int
ph_idling_start(struct ph_loop *l, struct ph_session *session,
    const struct ph_idling_opts *o, struct ph_idling *x)
{
	struct ph_gun_opts g = { .to = o->to, .from = o->from, .test = &test };
	uint64_t now = ph_loop_now(l);
	int err = 0;

	*x = (struct ph_idling){
		.loop = l, .session = session, .to = o->to, .port = o->port,
		.started_us = now, .tell = o->tell, .arg = o->arg,
	};
	choose(x, o, now);
	x->gun = ph_arena_array(l->mem, x->n, sizeof(struct ph_gun *));
	x->flow = ph_arena_array(l->mem, x->n, sizeof(*x->flow));
	for (uint32_t i = 0; i < x->n && err == 0; i++) {
		x->flow[i] = (struct ph_idling_flow){ x, i };
		g.arg = &x->flow[i];
		err = ph_gun_new(l, session, &g, &x->gun[i]);
	}
	x->watch = ph_watch_new(l, -1, 0, on_time, x);
	if (err != 0)
		ph_idling_end(x);
	else
		ph_watch_at(x->watch, now);
	return err;
}

void
ph_idling_end(struct ph_idling *x)
{
	if (x->done)
		return;
	x->done = true;
	ph_watch_end(x->watch);
	for (uint32_t i = 0; i < x->n; i++)
		if (x->gun[i] != NULL)
			ph_gun_end(x->gun[i]);
}

static struct ph_idle_timer
timer(const struct ph_ladder_result *r, enum ph_ladder_class class)
{
	const struct ph_ladder_time *t = &r->time[class];
	struct ph_idle_timer out = {
		.alive_ms = (uint32_t)(t->alive_us / US_A_MS),
		.dead_ms = (uint32_t)((t->dead_us + US_A_MS - 1) / US_A_MS),
	};

	switch (t->state) {
	case PH_LADDER_KNOWN:
	case PH_LADDER_SHORTER:
		out.tested = out.has_dead = true;
		break;
	case PH_LADDER_LONGER:
		out.tested = true;
		break;
	default:
		out.why = r->far_end_lost ? "the far end was lost" : r->canary_died ?
		    "nothing got through any more" : "too few flows could be judged";
	}
	return out;
}

/* A timer that packets of one direction do not restart is as long as the stream's. */
static struct ph_idle_timer
refreshed(const struct ph_idle_timer *stream, enum ph_ladder_answer a)
{
	struct ph_idle_timer out = *stream;

	if (!stream->tested || a == PH_LADDER_UNTOLD)
		return (struct ph_idle_timer){ .why = "could not be told" };
	if (a == PH_LADDER_YES) {
		out.has_dead = false;
		out.alive_ms = stream->has_dead ? stream->dead_ms : stream->alive_ms;
	}
	return out;
}

void
ph_idling_told(const struct ph_ladder_result *r, bool v6, struct ph_idle_timers *out)
{
	*out = (struct ph_idle_timers){
		.tested = true, .v6 = v6,
		.unreplied = timer(r, PH_LADDER_UNREPLIED),
		.replied = timer(r, PH_LADDER_REPLIED),
		.stream = timer(r, PH_LADDER_STREAM),
		.looks_like = ph_ladder_looks_like(r),
	};
	out->inbound_refreshes = refreshed(&out->stream, r->inbound_refreshes);
	out->outbound_refreshes = refreshed(&out->stream, r->outbound_refreshes);
	if (r->far_end_lost)
		out->why = "the far end was lost";
	else if (r->canary_died)
		out->why = "nothing got through any more";
}

void
ph_idling_result(struct ph_idling *x, struct ph_idle_timers *out)
{
	ph_idling_told(ph_ladder_result(x->engine), !ph_addr_is_v4(x->to), out);
}
