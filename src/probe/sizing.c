/* SPDX-License-Identifier: ISC */
#include <errno.h>

#include "probe/measuring.h"

/* Messages of STUN are multiples of 4, and so is the largest size that is told. */
enum { UDP_HEADER = 8, V4_HEADER = 20, V6_HEADER = 40, STEP = 4 };

static unsigned
headers(const struct ph_sizing *x)
{
	return (x->v6 ? V6_HEADER : V4_HEADER) + UDP_HEADER;
}

/* Sends for both guns: this one takes what is cut, that one what is not. */
static size_t
output(void *arg, uint64_t now, struct ph_shot *v, size_t max)
{
	struct ph_sizing *x = arg;
	struct ph_mtu_send send[PH_SHOT_BATCH];
	size_t n = ph_mtu_output(&x->engine, now, send, max), kept = 0;

	for (size_t i = 0; i < n; i++) {
		uint16_t bytes = (uint16_t)((send[i].size - headers(x)) / STEP * STEP);
		struct ph_shot s = {
			.kind = send[i].fragment ? PH_CONTROL_FRAGMENT : PH_CONTROL_MTU,
			.number = send[i].size, .try = send[i].try, .port = x->o.port,
			.bytes = bytes, .test = { .mode = PH_STUN_TEST_NOW, .bytes = bytes },
		};

		if (send[i].fragment)
			ph_gun_send(x->cut, &s, 1);
		else
			v[kept++] = s;
	}
	return kept;
}

static void
reply(void *arg, uint64_t now, const struct ph_shot_reply *r)
{
	struct ph_sizing *x = arg;

	(void)now;
	if (r->msg->addr != x->o.to || r->msg->port != x->o.port)
		return;
	ph_mtu_receipt(&x->engine, r->number, r->try);
	if (r->msg->len + headers(x) + STEP > r->number)
		ph_mtu_reply(&x->engine, r->number, r->try);
	ph_gun_kick(x->whole);
}

static void
error(void *arg, uint64_t now, const struct ph_shot_error *e)
{
	struct ph_sizing *x = arg;

	(void)now;
	if (e->item->local && e->item->err == EMSGSIZE && e->known)
		ph_mtu_local(&x->engine, e->number);
	else if (e->item->mtu > 0 && e->item->has_offender)
		ph_mtu_ptb(&x->engine, e->item->offender, (uint16_t)e->item->mtu);
}

static void
refused(void *arg, uint64_t now, const struct ph_shot *s, int err)
{
	struct ph_sizing *x = arg;

	(void)now;
	if (err == -EMSGSIZE)
		ph_mtu_local(&x->engine, s->number);
}

static void
take_receipts(void *arg, const struct ph_session_receipts *r)
{
	struct ph_sizing *x = arg;

	if (x->done)
		return;
	for (size_t i = 0; r != NULL && i < r->n; i++) {
		if (r->v[i].kind != PH_CONTROL_MTU && r->v[i].kind != PH_CONTROL_FRAGMENT)
			continue;
		for (uint8_t t = 0; t < PH_MTU_MAX_TRIES; t++)
			if ((r->v[i].tries >> t & 1) != 0)
				ph_mtu_receipt(&x->engine, r->v[i].number, t);
	}
	ph_mtu_told(&x->engine, ph_loop_now(x->loop));
	ph_gun_kick(x->whole);
}

static uint64_t
deadline(void *arg, uint64_t now)
{
	struct ph_sizing *x = arg;

	if (x->engine.result.done || ph_session_failure(x->session) != NULL) {
		ph_sizing_end(x);
		return UINT64_MAX;
	}
	if (ph_mtu_wants_receipts(&x->engine)) {
		ph_mtu_asked(&x->engine, now);
		ph_session_receipts(x->session, take_receipts, x);
	}
	return ph_mtu_deadline(&x->engine);
}

static const struct ph_gun_test whole_test = {
	.output = output, .reply = reply, .error = error, .refused = refused,
	.deadline = deadline,
};

static const struct ph_gun_test cut_test = { .reply = reply };

int
ph_sizing_start(struct ph_loop *l, struct ph_session *s, const struct ph_measuring_opts *o,
    struct ph_sizing *x)
{
	struct ph_gun_opts g = {
		.to = o->to, .from = o->from, .df = PH_UDP_MAY_FRAGMENT, .test = &cut_test,
		.arg = x,
	};
	int err;

	*x = (struct ph_sizing){
		.loop = l, .session = s, .o = *o, .v6 = !ph_addr_is_v4(o->to),
	};
	ph_mtu_init(&x->engine, x->v6, 0, o->wait_us, ph_loop_now(l));
	err = ph_gun_new(l, s, &g, &x->cut);
	if (err != 0)
		return err;
	g.df = PH_UDP_NO_FRAGMENT;
	g.test = &whole_test;
	err = ph_gun_new(l, s, &g, &x->whole);
	if (err != 0)
		ph_gun_end(x->cut);
	return err;
}

void
ph_sizing_end(struct ph_sizing *x)
{
	if (x->done)
		return;
	x->done = true;
	ph_gun_end(x->cut);
	ph_gun_end(x->whole);
}

static enum ph_verdict
fragments(enum ph_mtu_answer a)
{
	return a == PH_MTU_YES ? PH_OPEN : a == PH_MTU_NO ? PH_BLOCKED : PH_UNKNOWN;
}

void
ph_sizing_result(const struct ph_sizing *x, struct ph_path_seen *p)
{
	const struct ph_mtu_result *r = &x->engine.result;

	p->mtu[0].tested = r->out > 0;
	p->mtu[0].bytes = r->out / STEP * STEP;
	p->mtu[0].told = !r->blackhole;
	p->mtu[1].tested = r->in > 0 && (r->in < r->out || r->out_local);
	p->mtu[1].bytes = r->in / STEP * STEP;
	if (r->in > 0 && !p->mtu[1].tested)
		p->mtu[1].why = "answers are never larger than what gets there";
	p->mtu[1].told = true;		/* of the far end's packets it would be told */
	p->fragments[0] = fragments(r->fragments_out);
	p->fragments[1] = fragments(r->fragments_in);
}
