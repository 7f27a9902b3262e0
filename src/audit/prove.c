/* SPDX-License-Identifier: ISC */
#include "audit/prove.h"
#include "audit/judge.h"

struct proof {
	struct ph_arena *mem;
	const struct ph_plan *plan;
	const struct ph_ruleset *rs;
	struct ph_audit_opts opts;
	struct ph_buf *why;
};

static bool
read_text(struct proof *p, const struct ph_dialect *d, const struct ph_buf *text,
    struct ph_ruleset *rs)
{
	struct ph_src *src = PH_NEW(p->mem, struct ph_src);
	const struct ph_parse_opts po = { 0 };
	struct ph_diags quiet = { 0 };

	*src = (struct ph_src){
		.name = "plan", .text = text->s, .len = (uint32_t)text->len,
	};
	if (d->parse(p->mem, &quiet, src, &po, rs))
		return true;
	ph_buf_printf(p->why, "the text is not read back: %s",
	    quiet.first_error == NULL ? "unknown error" : quiet.first_error);
	return false;
}

/* A firewall that asks for programs says nothing of flows without one. */
static bool
is_asked(const struct proof *p, const struct ph_requirement *r)
{
	return !p->rs->host_only || r->app != NULL;
}

/* Everything needed is open, timers included. */
static bool
opens_enough(struct proof *p)
{
	struct ph_audit a;

	ph_audit_run(p->mem, p->rs, p->plan->reqs, p->plan->n_reqs, &p->opts, &a);
	for (size_t i = 0; i < a.n_flows; i++) {
		const struct ph_flow *f = &a.flows[i];

		if (f->verdict == PH_OPEN || f->n_parts == 0 || !is_asked(p, f->req))
			continue;
		ph_buf_printf(p->why, "%s/%s %s is %s", f->req->service, f->req->flow,
		    ph_direction_name(f->req->direction), ph_verdict_name(f->verdict));
		return false;
	}
	return true;
}

/* What first packets get through in one direction, for both families. */
static void
collect_open(struct proof *p, enum ph_direction dir, struct ph_set *open)
{
	const struct ph_range family[] = { PH_ANY_V4, PH_ANY_V6 };
	struct ph_requirement any = { .direction = dir };

	for (int f = 0; f < 2; f++) {
		struct ph_answer a = { 0 };
		struct ph_question q[2];

		any.need_cube = (struct ph_cube){ 0 };
		any.need_cube.d[PH_SRC] = any.need_cube.d[PH_DST] =
		    ph_ranges_one(p->mem, family[f].lo, family[f].hi);
		ph_judge_question(p->mem, &any, &p->opts, q);
		q[0].first_only = true;
		ph_walk(p->mem, p->rs, &q[0], &a);
		for (size_t i = 0; i < a.n; i++)
			if (a.parts[i].verdict != PH_BLOCKED)
				ph_set_add(p->mem, open, &a.parts[i].cube);
	}
}

static bool
opens_no_more(struct proof *p, enum ph_direction dir)
{
	const struct ph_sides *s = &p->opts.sides;
	bool told = s->host || s->n_inside > 0 || s->n_outside > 0;
	struct ph_set open = { 0 }, may = { 0 };
	struct ph_packet w;
	struct ph_cube c;

	/* without interfaces nothing tells the directions apart but addresses */
	for (size_t i = 0; i < p->plan->n_reqs; i++)
		if (p->plan->reqs[i]->direction == dir || !told)
			ph_set_add(p->mem, &may, &p->plan->reqs[i]->may_cube);
	collect_open(p, dir, &open);
	if (ph_set_subset(p->mem, &open, &may, &w))
		return true;
	c = (struct ph_cube){ 0 };
	for (int d = PH_SRC; d <= PH_PROTO; d++)
		c.d[d] = ph_ranges_one(p->mem, w.v[d], w.v[d]);
	ph_buf_puts(p->why, "it opens more than is needed: ");
	ph_cube_print(p->why, &c);
	return false;
}

bool
ph_prove_plan(struct ph_arena *mem, const struct ph_dialect *d,
    const struct ph_plan *plan, const struct ph_buf *text, struct ph_buf *why)
{
	struct proof p = { .mem = mem, .plan = plan, .why = why };
	const char *unused = NULL;
	struct ph_ruleset rs;

	if (!read_text(&p, d, text, &rs))
		return false;
	p.rs = &rs;
	p.opts.sides = (struct ph_sides){
		.inside = plan->inside, .n_inside = plan->n_inside,
		.outside = plan->outside, .n_outside = plan->n_outside,
		.host = plan->host || rs.host_only,
	};
	ph_audit_sides(mem, &rs, NULL, NULL, &p.opts.sides, &unused);
	p.opts.skip_findings = true;
	if (!opens_enough(&p))
		return false;
	return rs.host_only ||
	    (opens_no_more(&p, PH_OUT) && opens_no_more(&p, PH_IN));
}
