/* SPDX-License-Identifier: ISC */
#include "probe/measuring.h"

enum { GAP_US = 30000 };

/* A copy's number: its TTL, and above it which of the two flows. */
static uint16_t
number(enum ph_hop_flow flow, uint8_t ttl)
{
	return (uint16_t)(flow << 8 | ttl);
}

static size_t
output(void *arg, uint64_t now, struct ph_shot *v, size_t max)
{
	struct ph_locating *x = arg;
	struct ph_hop_send s;
	size_t n = 0;

	while (n < max && ph_hop_output(&x->engine, now, &s))
		v[n++] = (struct ph_shot){
			.kind = PH_CONTROL_HOP, .number = number(s.flow, s.ttl), .try = s.try,
			.ttl = s.ttl, .port = s.flow == PH_HOP_FAILING ? x->failing : x->o.port,
			.test = { .mode = PH_STUN_TEST_NOW },
		};
	return n;
}

static void
reply(void *arg, uint64_t now, const struct ph_shot_reply *r)
{
	struct ph_locating *x = arg;

	(void)now;
	if (r->kind == PH_CONTROL_HOP && r->number >> 8 < PH_HOP_FLOWS &&
	    r->msg->addr == x->o.to)
		ph_hop_reply(&x->engine, (enum ph_hop_flow)(r->number >> 8),
		    (uint8_t)r->number);
}

static void
error(void *arg, uint64_t now, const struct ph_shot_error *e)
{
	struct ph_locating *x = arg;
	const struct ph_errqueue_item *i = e->item;
	enum ph_errqueue_kind kind = ph_errqueue_kind(!ph_addr_is_v4(x->o.to), i->type);
	enum ph_hop_flow flow = (enum ph_hop_flow)(e->number >> 8);
	uint8_t ttl = (uint8_t)e->number;

	(void)now;
	if (i->local || !i->has_offender || !e->known || e->kind != PH_CONTROL_HOP ||
	    flow >= PH_HOP_FLOWS)
		return;
	if (kind == PH_ERRQUEUE_EXCEEDED)
		ph_hop_exceeded(&x->engine, flow, ttl, i->offender);
	else if (kind == PH_ERRQUEUE_UNREACHABLE)
		ph_hop_refused(&x->engine, flow, ttl, i->offender);
}

static uint64_t
deadline(void *arg, uint64_t now)
{
	struct ph_locating *x = arg;
	uint64_t at = ph_hop_deadline(&x->engine);

	(void)now;
	if (at == UINT64_MAX)
		ph_locating_end(x);
	return at;
}

static const struct ph_gun_test test = {
	.output = output, .reply = reply, .error = error, .deadline = deadline,
};

int
ph_locating_start(struct ph_loop *l, struct ph_session *s, const struct ph_measuring_opts *o,
    uint16_t failing, ph_u128 own_public, struct ph_locating *x)
{
	struct ph_gun_opts g = { .to = o->to, .from = o->from, .test = &test, .arg = x };
	struct ph_hop_config c = {
		.own_public = own_public, .far = o->to, .gap_us = GAP_US, .wait_us = o->wait_us,
	};

	*x = (struct ph_locating){ .loop = l, .o = *o, .failing = failing };
	ph_hop_init(&x->engine, &c, ph_loop_now(l));
	return ph_gun_new(l, s, &g, &x->gun);
}

void
ph_locating_end(struct ph_locating *x)
{
	if (x->done)
		return;
	x->done = true;
	ph_gun_end(x->gun);
}

void
ph_locating_result(const struct ph_locating *x, struct ph_evidence *e)
{
	struct ph_hop_result r;

	ph_hop_result(&x->engine, &r);
	if (r.hop == 0 || (r.where != PH_HOP_AT_OR_AFTER && r.where != PH_HOP_REFUSED_BY))
		return;
	e->has_hop = true;
	e->hop = r.addr;
	e->hop_ttl = r.hop;
}
