/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/cover.h"
#include "audit/spare.h"
#include "audit/wide.h"

/*
 * DOC: Lint
 *
 * What is wrong with a ruleset by itself: rules that can never match (cover.c),
 * rules that change nothing (spare.c), openings that no service needs (wide.c),
 * chains that nothing leads to.  A line of text may have become several rules;
 * it is reported once, and only when what is said is true of all of them.
 */
struct lint {
	struct ph_arena *mem;		/* of the result */
	struct ph_arena scratch;
	const struct ph_ruleset *rs;
	struct ph_calls calls;
	struct { struct ph_finding *v; size_t n, cap; } out;
};

static struct ph_finding *
add(struct lint *l, const char *id, enum ph_severity severity, struct ph_span at,
    const char *message)
{
	struct ph_finding *f = PH_PUSH(&l->scratch, l->out.v, l->out.n, l->out.cap);

	*f = (struct ph_finding){ .id = id, .severity = severity, .at = at,
		.message = message };
	return f;
}

static bool
same_line(const struct ph_rule *a, const struct ph_rule *b)
{
	return a->at.src == b->at.src && a->at.off == b->at.off && a->at.len == b->at.len &&
	    a->at.src != NULL;
}

/* The lines of ${n} rules at ${by}, each once and none that was not written. */
static void
name_others(struct lint *l, const struct ph_chain *c, const uint32_t *by, size_t n,
    struct ph_finding *f)
{
	struct ph_span *v = ph_arena_array(l->mem, n, sizeof(*v));
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (i == 0 || !same_line(&c->rules[by[i]], &c->rules[by[i - 1]]))
			v[k++] = c->rules[by[i]].at;
	f->others = v;
	f->n_others = k;
}

/* What a rule does to its packets, as one verb: "accept", "drop"; NULL: more. */
static const char *
verb(const struct ph_rule *r)
{
	for (size_t i = 0; i < r->n_acts; i++)
		if (r->acts[i].kind == PH_ACT_ACCEPT)
			return "accept";
		else if (r->acts[i].kind == PH_ACT_DROP || r->acts[i].kind == PH_ACT_REJECT)
			return "drop";
	return NULL;
}

/* Do all rules that cover it do what it would do? */
static bool
all_agree(const struct ph_chain *c, const struct ph_dead *d)
{
	const char *mine = verb(&c->rules[d->rule]);

	for (size_t i = 0; i < d->n_by; i++)
		if (mine == NULL || verb(&c->rules[d->by[i]]) != mine)
			return false;
	return true;
}

static void
report_empty(struct lint *l, const struct ph_rule *r, const struct ph_dead *d)
{
	const char *what = d->clash == PH_NDIMS ? "addresses and ports" :
	    ph_dim_name(d->clash);

	add(l, "never-matches", PH_WARNING, r->at, ph_arena_printf(l->mem,
	    "can never match: its conditions on the %s have nothing in common", what));
}

static void
report_covered(struct lint *l, const struct ph_chain *c, const struct ph_dead *d)
{
	static const char *const text[2][2] = { {
		"can never match: earlier lines together match all of its packets first",
		"can never match: earlier lines together match all of its packets first, "
		"with the same effect",
	}, {
		"can never match: an earlier line matches all of its packets first",
		"can never match: an earlier line matches all of its packets first, with the "
		"same effect",
	} };
	const struct ph_rule *r = &c->rules[d->rule];
	bool agree = all_agree(c, d), one = d->n_by == 1;
	struct ph_finding *f;

	f = add(l, "dead-rule", agree ? PH_INFO : PH_WARNING, r->at, text[one][agree]);
	name_others(l, c, d->by, d->n_by, f);
	f->region = d->region;
}

/*
 * The dead rules ${d}[0..n) are all of one line.  It is reported when no other
 * rule of the line is alive, by the first that is covered, else as empty.
 */
static void
report_line(struct lint *l, const struct ph_chain *c, const struct ph_dead *d, size_t n)
{
	const struct ph_rule *first = &c->rules[d->rule], *last = &c->rules[d[n - 1].rule];
	size_t covered = 0;

	if (first->implicit || last - first + 1 != (ptrdiff_t)n ||
	    (first > c->rules && same_line(first - 1, first)) ||
	    (last + 1 < c->rules + c->n && same_line(last + 1, last)))
		return;
	while (covered < n && d[covered].empty)
		covered++;
	if (covered == n)
		report_empty(l, first, d);
	else
		report_covered(l, c, &d[covered]);
}

static void
lint_dead(struct lint *l, const struct ph_call *call, const struct ph_cube *within,
    struct ph_deads *dead)
{
	const struct ph_chain *c = call->chain;

	ph_cover_find(l->mem, &l->calls, call, within, dead);
	for (size_t i = 0, end; i < dead->n; i = end) {
		for (end = i + 1; end < dead->n && same_line(&c->rules[dead->v[i].rule],
		    &c->rules[dead->v[end].rule]); end++)
			;
		report_line(l, c, &dead->v[i], end - i);
	}
}

/* Did a line become this one rule only? */
static bool
is_alone(const struct ph_chain *c, uint32_t i)
{
	return (i == 0 || !same_line(&c->rules[i - 1], &c->rules[i])) &&
	    (i + 1 == c->n || !same_line(&c->rules[i + 1], &c->rules[i]));
}

static void
lint_spare(struct lint *l, const struct ph_call *call, const struct ph_cube *within,
    const struct ph_deads *dead)
{
	const struct ph_chain *c = call->chain;
	struct ph_spares spare = { 0 };

	ph_spare_find(l->mem, call, within, dead, &spare);
	for (size_t i = 0; i < spare.n; i++) {
		const struct ph_spare *s = &spare.v[i];
		struct ph_finding *f;

		if (!is_alone(c, s->rule))
			continue;
		f = add(l, "redundant-rule", PH_INFO, c->rules[s->rule].at,
		    ph_arena_printf(l->mem, "changes nothing: without it %s would %s the "
		    "same packets", s->n_by == 0 ? "the default at the end" :
		    s->by_policy ? "later lines and the default at the end" : "later lines",
		    verb(&c->rules[s->rule])));
		name_others(l, c, s->by, s->n_by, f);
	}
}

static const char *
wide_message(struct lint *l, const struct ph_wide *w, const struct ph_rule *r)
{
	struct ph_buf b;
	struct ph_shape s;
	struct ph_cube all = { 0 };
	const char *sep = ": the ";

	ph_buf_init(&b, l->mem);
	if (w->req == NULL) {
		ph_shape_of(l->mem, r, &all, &s);
		ph_buf_puts(&b, "opens ");
		ph_cube_print(&b, ph_shape_cubes(&s, &(size_t){ 0 }));
		ph_buf_puts(&b, ", which none of the named services needs");
		return b.s;
	}
	ph_buf_puts(&b, "opens more than the named services need");
	for (int d = 0; d < PH_NDIMS; d++)
		if (w->dims >> d & 1) {
			ph_buf_printf(&b, "%s%s", sep, ph_dim_name((enum ph_dim)d));
			sep = ", the ";
		}
	ph_buf_puts(&b, w->dims == 0 ? ": not every one of these addresses needs every one "
	    "of these ports" : " could be narrower");
	return b.s;
}

static void
lint_wide(struct lint *l, const struct ph_call *call, const struct ph_cube *within,
    const struct ph_requirement *const *reqs, size_t n)
{
	const struct ph_chain *c = call->chain;
	struct ph_wides wide = { 0 };

	ph_wide_find(l->mem, call, within, reqs, n, &wide);
	for (size_t i = 0; i < wide.n; i++) {
		const struct ph_wide *w = &wide.v[i];
		const struct ph_rule *r = &c->rules[w->rule];
		struct ph_finding *f;

		if (i > 0 && same_line(r, &c->rules[wide.v[i - 1].rule]))
			continue;
		f = add(l, "too-wide", PH_WARNING, r->at, wide_message(l, w, r));
		f->req = w->req;
		f->region = w->region;
	}
}

static void
lint_unused(struct lint *l, const struct ph_call *call)
{
	const struct ph_chain *c = call->chain;
	bool cisco = l->rs->dialect != NULL && strcmp(l->rs->dialect->name, "asa") == 0;

	if (call->families != 0 || call->hook != NULL)
		return;
	add(l, "unused-chain", PH_INFO, c->at, ph_arena_printf(l->mem, cisco ?
	    "access list %s is not bound to an interface" :
	    "chain %s is never used: no hook and no rule leads to it", c->name));
}

/* A chain that only one family ever visits has no packets of the other. */
static struct ph_cube
packets_of(struct ph_arena *mem, unsigned families)
{
	struct ph_range r = families == PH_FAMILY_4 ? PH_ANY_V4 : PH_ANY_V6;
	struct ph_cube c = { 0 };

	if (families == PH_FAMILY_4 || families == PH_FAMILY_6) {
		c.d[PH_SRC] = ph_ranges_one(mem, r.lo, r.hi);
		c.d[PH_DST] = c.d[PH_SRC];
	}
	return c;
}

struct order {
	const struct ph_finding *f;
	size_t i;			/* as found */
};

/* In the order of the text; what has no place, and other inputs, after it. */
static int
by_place(const void *x, const void *y)
{
	const struct order *a = x, *b = y;
	const struct ph_span *p = &a->f->at, *q = &b->f->at;

	if (p->src != q->src && (p->src == NULL || q->src == NULL))
		return p->src == NULL ? 1 : -1;
	if (p->src != q->src && strcmp(p->src->name, q->src->name) != 0)
		return strcmp(p->src->name, q->src->name);
	if (p->off != q->off)
		return p->off < q->off ? -1 : 1;
	return a->i < b->i ? -1 : 1;
}

static struct ph_finding *
sorted(struct lint *l)
{
	struct order *o = ph_arena_array(&l->scratch, l->out.n, sizeof(*o));
	struct ph_finding *v = ph_arena_array(l->mem, l->out.n, sizeof(*v));

	for (size_t i = 0; i < l->out.n; i++)
		o[i] = (struct order){ &l->out.v[i], i };
	qsort(o, l->out.n, sizeof(*o), by_place);
	for (size_t i = 0; i < l->out.n; i++)
		v[i] = *o[i].f;
	return v;
}

void
ph_lint_wide(struct ph_arena *mem, const struct ph_ruleset *rs,
    const struct ph_requirement *const *reqs, size_t n, struct ph_finding **out,
    size_t *n_out)
{
	struct lint l = { .mem = mem, .scratch = { .oom = mem->oom }, .rs = rs };

	ph_calls_of(&l.scratch, rs, &l.calls);
	for (size_t i = 0; i < l.calls.n; i++) {
		const struct ph_call *c = &l.calls.v[i];
		struct ph_cube within = packets_of(mem, c->families);

		if (c->permits)
			lint_wide(&l, c, &within, reqs, n);
	}
	*out = sorted(&l);
	*n_out = l.out.n;
	ph_arena_fini(&l.scratch);
}

void
ph_lint_run(struct ph_arena *mem, const struct ph_ruleset *rs,
    const struct ph_requirement *const *reqs, size_t n, struct ph_finding **out,
    size_t *n_out)
{
	struct lint l = { .mem = mem, .scratch = { .oom = mem->oom }, .rs = rs };

	ph_calls_of(&l.scratch, rs, &l.calls);
	for (size_t i = 0; i < l.calls.n; i++) {
		const struct ph_call *c = &l.calls.v[i];
		struct ph_cube within = packets_of(mem, c->families);
		struct ph_deads dead = { 0 };

		lint_unused(&l, c);
		lint_dead(&l, c, &within, &dead);
		lint_spare(&l, c, &within, &dead);
		if (n > 0 && c->permits)
			lint_wide(&l, c, &within, reqs, n);
	}
	*out = sorted(&l);
	*n_out = l.out.n;
	ph_arena_fini(&l.scratch);
}
