/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "audit/audit.h"
#include "audit/judge.h"

/*
 * DOC: The smallest fix
 *
 * For every required flow: the blocked parts, joined, opened right before the
 * first line that blocks them; short timers and meddling helpers as findings
 * name them.  A packet may be blocked again further on, so ph_fix_solve()
 * applies, reads back and looks again until nothing is left.  What it returns
 * has been proven by the last look.
 */

enum {
	MAX_ROUNDS = 8,
	SUGGEST_UP_TO = 256 * 1024,	/* bytes of text; a fix copies all of it */
};

struct fixes {
	struct ph_arena *mem;
	struct ph_fix *v;
	size_t n, cap;
};

/* Interfaces that a chain on this hook cannot see are left out. */
static void
drop_unseen(struct ph_cube *c, enum ph_hook_point point)
{
	if (point == PH_PREROUTING || point == PH_INPUT)
		c->d[PH_OIF] = NULL;
	if (point == PH_OUTPUT)
		c->d[PH_IIF] = NULL;
}

/* The opener's cube as the blocked packet looks, any source port if all are. */
static struct ph_cube
as_seen(struct ph_arena *mem, const struct ph_part *p,
    const struct ph_requirement *r)
{
	struct ph_cube c = p->cube, s;

	if (r->sports == NULL && ph_ranges_equal(c.d[PH_SPORT], r->need_cube.d[PH_SPORT]))
		c.d[PH_SPORT] = NULL;
	if (p->stage == PH_STAGE_FIRST) {
		drop_unseen(&c, p->point);
		return c;
	}
	s = c;
	if (p->stage == PH_STAGE_REPLY) {
		s.d[PH_SRC] = c.d[PH_DST];
		s.d[PH_DST] = c.d[PH_SRC];
		s.d[PH_SPORT] = c.d[PH_DPORT];
		s.d[PH_DPORT] = c.d[PH_SPORT];
		s.d[PH_IIF] = c.d[PH_OIF];
		s.d[PH_OIF] = c.d[PH_IIF];
	}
	drop_unseen(&s, p->point);
	if (!p->untracked)
		s.d[PH_STATE] = ph_ranges_one(mem, PH_EST_ORIG, PH_REL_REPLY);
	return s;
}

static bool
same_list(const struct ph_part *a, const struct ph_part *b)
{
	return a->chain == b->chain && a->stage == b->stage &&
	    a->untracked == b->untracked;
}

static void
add_cubes(struct fixes *fx, const struct ph_requirement *r,
    const struct ph_part *first, size_t before, struct ph_set *set)
{
	ph_set_simplify(fx->mem, set);
	for (size_t i = 0; i < set->n; i++)
		*PH_PUSH(fx->mem, fx->v, fx->n, fx->cap) = (struct ph_fix){
			.kind = PH_FIX_PERMIT, .req = r, .cube = set->v[i],
			.chain = (struct ph_chain *)first->chain, .before = before,
			.cause = first->by,
		};
}

/* All blocked parts of one list become one opening, where they permit it. */
static void
permit_list(struct fixes *fx, const struct ph_flow *f, size_t first, bool *done)
{
	const struct ph_part *p = &f->parts[first];
	size_t before = p->index;
	struct ph_set set = { 0 };

	for (size_t i = first; i < f->n_parts; i++) {
		const struct ph_part *q = &f->parts[i];
		struct ph_cube c;

		if (done[i] || q->verdict != PH_BLOCKED || !same_list(p, q))
			continue;
		done[i] = true;
		c = as_seen(fx->mem, q, f->req);
		ph_set_add(fx->mem, &set, &c);
		if (q->index < before)
			before = q->index;
	}
	add_cubes(fx, f->req, p, before, &set);
}

static void
permit(struct fixes *fx, const struct ph_flow *f)
{
	bool *done = ph_arena_array(fx->mem, f->n_parts, sizeof(*done));

	for (size_t i = 0; i < f->n_parts; i++) {
		const struct ph_part *p = &f->parts[i];

		if (done[i] || p->verdict != PH_BLOCKED || p->chain == NULL)
			continue;
		if (p->untracked && p->stage != PH_STAGE_FIRST) {
			done[i] = true;
			*PH_PUSH(fx->mem, fx->v, fx->n, fx->cap) = (struct ph_fix){
				.kind = PH_FIX_TRACK, .req = f->req,
				.cube = f->req->may_cube, .cause = p->untracked_at,
			};
			return;
		}
		permit_list(fx, f, i, done);
	}
}

static bool
ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), m = strlen(tail);

	return n >= m && strcmp(s + n - m, tail) == 0;
}

/* The change that a finding asks for; false when it asks for none. */
static bool
repair_of(const struct ph_finding *f, struct ph_fix *fix)
{
	*fix = (struct ph_fix){ .req = f->req, .cause = f->at };
	if (f->req == NULL || !f->degrades)
		return false;
	fix->cube = f->req->may_cube;
	if (f->has_timer) {
		fix->kind = PH_FIX_TIMER;
		fix->idle_s = f->need_s;
		return true;
	}
	fix->kind = PH_FIX_NO_HELPER;
	fix->helper = f->req->alg_protocol;
	return ends_with(f->id, "-alg");
}

static bool
same_flow(const struct ph_requirement *x, const struct ph_requirement *y)
{
	return x->proto == y->proto && strcmp(x->service, y->service) == 0 &&
	    strcmp(x->flow, y->flow) == 0;
}

/* A timer or helper counts for a flow in both its directions. */
static void
both_ways(struct fixes *fx, const struct ph_audit *a, const struct ph_fix *fix)
{
	for (size_t i = 0; i < a->n_flows; i++) {
		const struct ph_requirement *r = a->flows[i].req;
		struct ph_fix one = *fix;

		if (!same_flow(r, fix->req))
			continue;
		one.req = r;
		one.cube = r->may_cube;
		*PH_PUSH(fx->mem, fx->v, fx->n, fx->cap) = one;
	}
}

/* Required, or asked for and now served by something worse. */
static bool
wanted(const struct ph_requirement *r)
{
	return r->need == PH_REQUIRED || (r->need == PH_OPTIONAL && r->fallback != NULL);
}

void
ph_audit_fixes(struct ph_arena *mem, struct ph_ruleset *rs,
    const struct ph_audit_opts *o, const struct ph_audit *a,
    struct ph_fix **out, size_t *n)
{
	struct fixes fx = { .mem = mem };

	(void)rs;
	for (size_t i = 0; i < a->n_flows; i++)
		if (wanted(a->flows[i].req))
			permit(&fx, &a->flows[i]);
	for (size_t i = 0; i < a->n_findings; i++) {
		struct ph_fix fix;

		if (repair_of(&a->findings[i], &fix))
			both_ways(&fx, a, &fix);
	}
	for (size_t i = 0; i < fx.n; i++)
		fx.v[i].host = o->sides.host;
	*out = fx.v;
	*n = fx.n;
}

/* Read ${text} as a ruleset of its own, quietly. */
static bool
read_back(struct ph_arena *mem, const struct ph_dialect *d,
    const struct ph_parse_opts *po, const char *name, const struct ph_buf *text,
    struct ph_ruleset *rs)
{
	struct ph_src *src = PH_NEW(mem, struct ph_src);
	struct ph_diags quiet = { 0 };

	*src = (struct ph_src){
		.name = name, .text = text->s, .len = (uint32_t)text->len,
	};
	return d->parse(mem, &quiet, src, po, rs);
}

/* Later rounds type their commands after, and roll back before, earlier ones. */
static void
append_round(struct ph_arena *mem, struct ph_fix_text *all,
    const struct ph_fix_text *one)
{
	struct ph_buf back;

	ph_buf_init(&back, mem);
	ph_buf_add(&back, one->rollback.s, one->rollback.len);
	ph_buf_add(&back, all->rollback.s, all->rollback.len);
	all->rollback = back;
	ph_buf_add(&all->commands, one->commands.s, one->commands.len);
	all->text = one->text;
}

static void
text_init(struct ph_fix_text *t, struct ph_arena *mem)
{
	ph_buf_init(&t->commands, mem);
	ph_buf_init(&t->rollback, mem);
	ph_buf_init(&t->text, mem);
}

/* The lines of ${text}, NULL-terminated. */
static const char *const *
lines_of(struct ph_arena *mem, const struct ph_buf *text)
{
	const char *p = text->s, *end;
	const char **v = NULL;
	size_t n = 0, cap = 0;

	while (*p != '\0') {
		end = strchrnul(p, '\n');
		if (end > p)
			*PH_PUSH(mem, v, n, cap) = ph_arena_dup(mem, p, (size_t)(end - p));
		p = *end == '\0' ? end : end + 1;
	}
	*PH_PUSH(mem, v, n, cap) = NULL;
	return v;
}

void
ph_fix_suggest(struct ph_arena *mem, const struct ph_ruleset *rs,
    struct ph_finding *f)
{
	struct ph_diags quiet = { 0 };
	struct ph_fix_text text;
	struct ph_fix fix;

	if (rs->dialect == NULL || rs->dialect->fix == NULL ||
	    rs->src->len > SUGGEST_UP_TO || !repair_of(f, &fix))
		return;
	text_init(&text, mem);
	if (rs->dialect->fix(mem, &quiet, (struct ph_ruleset *)rs, &fix, 1, &text))
		f->fix = lines_of(mem, &text.commands);
}

static const char *
chain_name(const struct ph_fix *x)
{
	return x->chain == NULL || x->chain->name == NULL ? "" : x->chain->name;
}

/* Asking for the same again in the same place: it did not help the first time. */
static bool
same_fixes(const struct ph_fix *x, size_t n_x, const struct ph_fix *y, size_t n_y)
{
	for (size_t i = 0; i < n_x && n_x == n_y; i++)
		if (x[i].kind != y[i].kind || x[i].req != y[i].req ||
		    !ph_cube_equal(&x[i].cube, &y[i].cube) ||
		    strcmp(chain_name(&x[i]), chain_name(&y[i])) != 0)
			return false;
	return n_x == n_y;
}

/* The changed text as a ruleset, with what was not read from the text. */
static struct ph_ruleset *
changed(struct ph_arena *mem, const struct ph_fix_job *job, const struct ph_buf *text)
{
	struct ph_ruleset *rs = PH_NEW(mem, struct ph_ruleset);

	if (!read_back(mem, job->rs->dialect, job->parse, job->rs->src->name, text, rs))
		return NULL;
	if (job->rs->live_timers) {
		rs->timers = job->rs->timers;
		rs->ifaces = job->rs->ifaces;
	}
	return rs;
}

bool
ph_fix_solve(struct ph_arena *mem, struct ph_diags *diags,
    const struct ph_fix_job *job, struct ph_fix_result *out)
{
	struct ph_ruleset *now = job->rs;
	struct ph_fix *v = NULL, *before = NULL;
	size_t n = 0, n_before = 0;

	*out = (struct ph_fix_result){ 0 };
	text_init(&out->text, mem);
	ph_buf_add(&out->text.text, now->src->text, now->src->len);
	ph_audit_run(mem, now, job->reqs, job->n, job->opts, &out->before);
	out->after = out->before;
	for (int round = 0; round < MAX_ROUNDS; round++) {
		struct ph_fix_text one;

		before = v;
		n_before = n;
		ph_audit_fixes(mem, now, job->opts, &out->after, &v, &n);
		if (n == 0 || (round > 0 && same_fixes(v, n, before, n_before)))
			return true;
		text_init(&one, mem);
		if (now->dialect->fix == NULL ||
		    !now->dialect->fix(mem, diags, now, v, n, &one))
			return false;
		now = changed(mem, job, &one.text);
		if (now == NULL)
			return false;
		append_round(mem, &out->text, &one);
		out->n_changes += n;
		ph_audit_run(mem, now, job->reqs, job->n, job->opts, &out->after);
	}
	return true;
}
