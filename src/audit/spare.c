/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "audit/spare.h"
#include "audit/stab.h"
#include "audit/wide.h"

/*
 * DOC: Rules that change nothing
 *
 * Take a rule out: its packets meet the later rules that touch it, in order.
 * The rule is spare when each of these decides as it does, until no packet is
 * left, or the policy does for those that are.  Rules that never match count as
 * gone, so that of two equal rules one is reported, not both.
 *
 * The rules that touch a box are of three kinds: their destinations begin within
 * its own, or their sources do, or both contain where its own begin.  Two sorted
 * lists and a file (audit/stab.h) find them.
 */
enum {
	MAX_TOUCH = 2048,		/* rules looked at for one */
	MAX_PIECES = 256,		/* that its packets may fall into */
};

struct start {
	uint32_t key, rule;
};

struct finder {
	struct ph_arena *mem;		/* of the result */
	struct ph_arena scratch;
	const struct ph_call *call;
	const struct ph_chain *chain;
	const struct ph_bounds *bounds;
	const struct ph_cube *within;
	struct ph_stab stab;
	struct start *by_start[2];	/* rules by where SRC and DST begin */
	bool *dead;			/* one a rule: never matches, could as well be gone */
	uint32_t *touch;		/* room for MAX_TOUCH rules */
	size_t n_touch;
};

static struct ph_range
rule_hull(const void *arg, uint32_t i, enum ph_dim d)
{
	const struct finder *f = arg;
	struct ph_range h = { 0, ph_dim_max(d) };
	const struct ph_rule *r = &f->chain->rules[i];

	for (size_t k = 0; k < r->n_conds; k++) {
		const struct ph_cond *c = &r->conds[k];

		if (c->kind == PH_COND_RANGES && c->dim == d && !c->neg &&
		    c->ranges != NULL && c->ranges->n > 0)
			return ph_ranges_hull(c->ranges);
	}
	return h;
}

/* --- the rules that touch a box --- */

static int
by_key(const void *x, const void *y)
{
	const struct start *a = x, *b = y;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->rule < b->rule ? -1 : 1;
}

static struct start *
sort_starts(struct ph_arena *mem, const struct ph_bounds *b, size_t column)
{
	struct start *v = ph_arena_array(mem, b->n, sizeof(*v));

	for (size_t i = 0; i < b->n; i++)
		v[i] = (struct start){ b->lo[column][i], (uint32_t)i };
	qsort(v, b->n, sizeof(*v), by_key);
	return v;
}

/* The first place of rules that begin at or after ${key}. */
static size_t
first_start(const struct finder *f, size_t column, uint64_t key)
{
	size_t lo = 0, hi = f->chain->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (f->by_start[column][mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* What is being looked for: later rules that touch rule ${i}. */
struct later {
	struct finder *f;
	uint32_t i;
	struct ph_bounds_box box;
};

static bool
note_touch(void *arg, uint32_t k)
{
	struct later *l = arg;

	if (k <= l->i || l->f->dead[k] || !ph_bounds_touch(l->f->bounds, &l->box, k))
		return false;
	if (l->f->n_touch == MAX_TOUCH)
		return true;
	l->f->touch[l->f->n_touch++] = k;
	return false;
}

static bool
note_starts(struct later *l, size_t column)
{
	size_t from = first_start(l->f, column, l->box.lo[column]);
	size_t to = first_start(l->f, column, (uint64_t)l->box.hi[column] + 1);

	if (to - from > MAX_TOUCH)
		return false;
	for (size_t i = from; i < to; i++)
		if (note_touch(l, l->f->by_start[column][i].rule))
			return false;
	return true;
}

static int
by_rule(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

/* Fill f->touch, in order; false when there are too many to look at. */
static bool
find_later(struct finder *f, uint32_t i, const struct ph_packet *corner)
{
	struct later l = { .f = f, .i = i };

	for (size_t k = 0; k < PH_NBOUNDS; k++) {
		l.box.lo[k] = f->bounds->lo[k][i];
		l.box.hi[k] = f->bounds->hi[k][i];
	}
	f->n_touch = 0;
	if (!note_starts(&l, 0) || !note_starts(&l, 1) ||
	    ph_stab_touch(&f->stab, corner, &l.box, MAX_TOUCH, note_touch, &l))
		return false;
	qsort(f->touch, f->n_touch, sizeof(*f->touch), by_rule);
	return true;
}

/* --- what they would do --- */

static const char *
reject_text(const struct ph_rule *r)
{
	for (size_t i = 0; i < r->n_acts; i++)
		if (r->acts[i].kind == PH_ACT_REJECT && r->acts[i].text != NULL)
			return r->acts[i].text;
	return "";
}

static bool
same_verdict(const struct ph_rule *a, const struct ph_rule *b)
{
	return ph_shape_verdict(a) == ph_shape_verdict(b) &&
	    strcmp(reject_text(a), reject_text(b)) == 0;
}

/* What is left of the rule's packets, and who would have decided the others. */
struct trial {
	struct ph_set left;
	bool of_connection;
	uint32_t *by;
	uint32_t n_by;
};

/* Let ${t}'s packets meet rule ${k}; false when that would change something. */
static bool
meet(struct finder *f, struct trial *t, const struct ph_rule *mine, uint32_t k)
{
	const struct ph_rule *r = &f->chain->rules[k];
	const struct ph_cube *c;
	bool touched = false;
	struct ph_shape s;
	size_t n;

	ph_shape_of(&f->scratch, r, f->within, &s);
	if (s.empty)
		return true;
	c = ph_shape_cubes(&s, &n);
	for (size_t i = 0; i < n && !touched; i++)
		for (size_t j = 0; j < t->left.n && !touched; j++)
			touched = ph_cube_overlap(&c[i], &t->left.v[j]);
	if (!touched)
		return true;
	if (!s.exact || !same_verdict(mine, r) || (s.of_connection && !t->of_connection))
		return false;
	for (size_t i = 0; i < n; i++)
		ph_set_subtract_cube(&f->scratch, &t->left, &c[i]);
	if (t->n_by == 0 || t->by[t->n_by - 1] != k)
		t->by[t->n_by++] = k;
	return t->left.n <= MAX_PIECES;
}

/* Would the policy do what ${r} does? */
static bool
policy_agrees(const struct ph_call *c, const struct ph_rule *r)
{
	return c->hook != NULL && !c->called && !c->policies_differ &&
	    c->hook->policy == ph_shape_verdict(r);
}

static struct ph_packet
corner_of(const struct ph_cube *c)
{
	struct ph_packet p;

	for (int d = 0; d < PH_NDIMS; d++)
		p.v[d] = ph_ranges_hull(c->d[d]).lo;
	return p;
}

static bool
stop(void *arg, uint32_t k)
{
	struct later *l = arg;

	return ph_bounds_touch(l->f->bounds, &l->box, k);
}

/* May any later rule hold ${p}?  Most rules are told by this not to be spare. */
static bool
someone_holds(struct finder *f, const struct ph_packet *p)
{
	struct later l = { .f = f };
	struct ph_range at[PH_NBOUNDS];

	for (size_t k = 0; k < PH_NBOUNDS; k++)
		at[k] = (struct ph_range){ p->v[ph_bounds_dim(k)], p->v[ph_bounds_dim(k)] };
	l.box = ph_bounds_box(f->bounds, at);
	return ph_stab_touch(&f->stab, p, &l.box, MAX_TOUCH, stop, &l);
}

static void
report(struct finder *f, uint32_t i, const struct trial *t, struct ph_spares *out)
{
	struct ph_spare *s = PH_PUSH(f->mem, out->v, out->n, out->cap);
	uint32_t *by = ph_arena_array(f->mem, t->n_by, sizeof(*by));

	for (size_t k = 0; k < t->n_by; k++)
		by[k] = t->by[k];
	*s = (struct ph_spare){ .rule = i, .by_policy = t->left.n > 0, .by = by,
		.n_by = t->n_by };
}

static void
try_rule(struct finder *f, uint32_t i, const struct ph_shape *s, struct ph_spares *out)
{
	const struct ph_rule *r = &f->chain->rules[i];
	struct trial t = { .of_connection = s->of_connection };
	struct ph_packet corner = corner_of(&s->one);
	bool agrees = policy_agrees(f->call, r);

	if ((!agrees && !someone_holds(f, &corner)) || !find_later(f, i, &corner))
		return;
	t.by = ph_arena_array(&f->scratch, f->n_touch, sizeof(*t.by));
	ph_set_add(&f->scratch, &t.left, &s->one);
	for (size_t k = 0; k < f->n_touch && t.left.n > 0; k++)
		if (!meet(f, &t, r, f->touch[k]))
			return;
	if (t.left.n == 0 || agrees)
		report(f, i, &t, out);
}

/* A last line for everything says what it does; that is worth a line. */
static bool
is_candidate(const struct ph_shape *s)
{
	return s->exact && !s->empty && s->many == NULL && !ph_wide_is_all(&s->one);
}

static void
look_at(struct finder *f, uint32_t i, struct ph_spares *out)
{
	const struct ph_rule *r = &f->chain->rules[i];
	struct ph_arena_mark start = ph_arena_mark(&f->scratch);
	struct ph_shape s;

	if (ph_shape_verdict(r) == PH_ACT_NOTE || r->implicit)
		return;
	ph_shape_of(&f->scratch, r, f->within, &s);
	if (is_candidate(&s))
		try_rule(f, i, &s, out);
	ph_arena_rewind(&f->scratch, start);
}

static void
reverse(struct ph_spares *s)
{
	for (size_t i = 0, k = s->n; i + 1 < k; i++) {
		struct ph_spare t = s->v[i];

		s->v[i] = s->v[--k];
		s->v[k] = t;
	}
}

void
ph_spare_find(struct ph_arena *mem, const struct ph_call *call, const struct ph_cube *within,
    const struct ph_deads *dead, struct ph_spares *out)
{
	struct ph_arena lists = { .oom = mem->oom };
	struct finder f = { .mem = mem, .scratch = { .oom = mem->oom }, .call = call,
		.chain = call->chain, .within = within };

	f.bounds = ph_bounds_of(mem, (struct ph_chain *)call->chain);
	f.by_start[0] = sort_starts(&lists, f.bounds, 0);
	f.by_start[1] = sort_starts(&lists, f.bounds, 1);
	f.touch = ph_arena_array(&lists, MAX_TOUCH, sizeof(*f.touch));
	ph_stab_init(&f.stab, &lists, f.bounds, PH_STAB_PAIRS, rule_hull, &f);
	f.dead = ph_arena_array(&lists, call->chain->n, sizeof(*f.dead));
	for (size_t i = 0; i < dead->n; i++)
		f.dead[dead->v[i].rule] = true;
	for (size_t i = call->chain->n; i-- > 0;) {
		if (f.dead[i])
			continue;
		look_at(&f, (uint32_t)i, out);
		ph_stab_add(&f.stab, (uint32_t)i);
	}
	ph_arena_fini(&lists);
	ph_arena_fini(&f.scratch);
	reverse(out);
}
