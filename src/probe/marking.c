/* SPDX-License-Identifier: ISC */
#include "probe/measuring.h"

enum { GAP_US = 8000, CLASS_SHIFT = 2 };

static size_t
output(void *arg, uint64_t now, struct ph_shot *v, size_t max)
{
	struct ph_marking *x = arg;
	struct ph_dscp_send s;
	size_t n = 0;

	while (n < max && ph_dscp_output(&x->engine, now, &s))
		v[n++] = (struct ph_shot){
			.kind = PH_CONTROL_DSCP, .number = s.index, .try = s.try,
			.port = x->o.port, .has_tos = true, .tos = s.mark,
			.test = { .mode = PH_STUN_TEST_NOW, .flags = PH_STUN_TEST_TOS,
				.tos = s.mark },
		};
	return n;
}

/* An answer tells both ways: what the far end saw of the request, and itself. */
static void
reply(void *arg, uint64_t now, const struct ph_shot_reply *r)
{
	struct ph_marking *x = arg;

	(void)now;
	if (r->kind != PH_CONTROL_DSCP || r->number >= PH_DSCP_MARKS ||
	    r->msg->addr != x->o.to)
		return;
	ph_dscp_reply(&x->engine, (uint8_t)r->number, r->try, r->msg->tos);
	if (ph_stun_has(r->stun, PH_STUN_PINHOLE_TEST))
		ph_dscp_receipt(&x->engine, (uint8_t)r->number, r->try, r->stun->test.tos);
}

static void
take_receipts(void *arg, const struct ph_session_receipts *r)
{
	struct ph_marking *x = arg;

	for (size_t i = 0; r != NULL && i < r->n && !x->done; i++)
		for (uint8_t t = 0; t < PH_DSCP_TRIES; t++)
			if (r->v[i].kind == PH_CONTROL_DSCP && (r->v[i].tries >> t & 1) != 0 &&
			    r->v[i].number < PH_DSCP_MARKS)
				ph_dscp_receipt(&x->engine, (uint8_t)r->v[i].number, t,
				    r->v[i].tos);
	ph_marking_end(x);
}

static uint64_t
deadline(void *arg, uint64_t now)
{
	struct ph_marking *x = arg;
	uint64_t at = ph_dscp_deadline(&x->engine);

	(void)now;
	if (at != UINT64_MAX || x->asked)
		return at;
	x->asked = true;
	ph_session_receipts(x->session, take_receipts, x);
	return UINT64_MAX;
}

static const struct ph_gun_test test = {
	.output = output, .reply = reply, .deadline = deadline,
};

int
ph_marking_start(struct ph_loop *l, struct ph_session *s, const struct ph_measuring_opts *o,
    struct ph_marking *x)
{
	struct ph_gun_opts g = { .to = o->to, .from = o->from, .test = &test, .arg = x };

	*x = (struct ph_marking){ .loop = l, .session = s, .o = *o };
	ph_dscp_init(&x->engine, GAP_US, o->wait_us, ph_loop_now(l));
	return ph_gun_new(l, s, &g, &x->gun);
}

void
ph_marking_end(struct ph_marking *x)
{
	if (x->done)
		return;
	x->done = true;
	ph_gun_end(x->gun);
}

static void
take_way(struct ph_dscp_result *out, int d, const struct ph_dscp_way *w)
{
	out->tested[d] = w->dscp != PH_DSCP_UNKNOWN;
	out->arrived[d] = w->arrived != 0;
	out->seen[d] = (uint8_t)(w->seen >> CLASS_SHIFT);
}

void
ph_marking_result(struct ph_arena *mem, struct ph_marking *x, struct ph_path_seen *p)
{
	struct ph_dscp_result *v = ph_arena_array(mem, PH_DSCP_MARKS, sizeof(*v));
	size_t n = 0;

	ph_dscp_judge(&x->engine);
	for (int i = 0; i < PH_DSCP_MARKS; i++) {
		const struct ph_dscp_mark *m = &x->engine.mark[i];

		if (m->sent == 0 || (m->mark & 3) != 0)
			continue;
		v[n].dscp = (uint8_t)(m->mark >> CLASS_SHIFT);
		take_way(&v[n], 0, &m->out);
		take_way(&v[n], 1, &m->in);
		n++;
	}
	p->dscp = v;
	p->n_dscp = n;
}
