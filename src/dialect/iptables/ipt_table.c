/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_table.h"

/*
 * DOC: Tables and chains
 *
 * The kernel's five tables hang their built-in chains on netfilter's hooks:
 *
 *		priority	PREROUTING INPUT FORWARD OUTPUT POSTROUTING
 *	raw	    -300	    x                      x
 *	mangle	    -150	    x        x      x      x        x
 *	nat	-100 / 100	    x        x             x        x
 *	filter	       0	             x      x      x
 *	security      50	             x      x      x
 *
 * Chains are found by name, in any order of use and declaration.
 */

static const struct {
	const char *name;
	int priority;
	unsigned points;		/* bits of enum ph_hook_point */
} tables[IPT_NTABLES] = {
	[IPT_RAW] = { "raw", -300, 1 << PH_PREROUTING | 1 << PH_OUTPUT },
	[IPT_MANGLE] = { "mangle", -150, 1 << PH_PREROUTING | 1 << PH_INPUT |
	    1 << PH_FORWARD | 1 << PH_OUTPUT | 1 << PH_POSTROUTING },
	[IPT_NAT] = { "nat", 0, 1 << PH_PREROUTING | 1 << PH_INPUT |
	    1 << PH_OUTPUT | 1 << PH_POSTROUTING },
	[IPT_FILTER] = { "filter", 0,
	    1 << PH_INPUT | 1 << PH_FORWARD | 1 << PH_OUTPUT },
	[IPT_SECURITY] = { "security", 50,
	    1 << PH_INPUT | 1 << PH_FORWARD | 1 << PH_OUTPUT },
};

static const char *const points[] = {
	[PH_PREROUTING] = "PREROUTING", [PH_INPUT] = "INPUT",
	[PH_FORWARD] = "FORWARD", [PH_OUTPUT] = "OUTPUT",
	[PH_POSTROUTING] = "POSTROUTING",
};

/* Names to suggest: how many are looked at, and for how many errors. */
enum { MAX_NAMES = 512, MAX_GUESSES = 32 };

enum { N_POINTS = sizeof(points) / sizeof(*points) };

int
ph_ipt_table_id(struct ph_str name)
{
	for (int i = 0; i < IPT_NTABLES; i++)
		if (ph_str_eq(name, tables[i].name))
			return i;
	return -1;
}

const char *
ph_ipt_table_name(enum ipt_table_id id)
{
	return tables[id].name;
}

const char *const *
ph_ipt_table_names(size_t *n)
{
	static const char *const names[] = {
		"raw", "mangle", "nat", "filter", "security",
	};

	*n = IPT_NTABLES;
	return names;
}

int
ph_ipt_table_point(enum ipt_table_id id, struct ph_str name)
{
	for (int i = 0; i < N_POINTS; i++)
		if ((tables[id].points & 1U << i) != 0 && ph_str_eq(name, points[i]))
			return i;
	return -1;
}

const char *
ph_ipt_table_builtin(enum ph_hook_point p)
{
	return points[p];
}

void
ph_ipt_table_hook(enum ipt_table_id id, enum ph_hook_point p,
    enum ph_hook_kind *kind, int *priority)
{
	*kind = id == IPT_NAT ? PH_HOOK_NAT :
	    id == IPT_MANGLE && p == PH_OUTPUT ? PH_HOOK_ROUTE : PH_HOOK_FILTER;
	*priority = tables[id].priority;
	if (id == IPT_NAT)
		*priority = p == PH_PREROUTING || p == PH_OUTPUT ?
		    PH_PRIO_DSTNAT : PH_PRIO_SRCNAT;
}

void
ph_ipt_table_init(struct ipt_table *t, enum ipt_table_id id, unsigned family)
{
	*t = (struct ipt_table){ .id = id, .family = family };
	t->tail = &t->first;
}

struct ipt_chain *
ph_ipt_table_find(const struct ipt_table *t, struct ph_str name)
{
	return ph_map_find(&t->chains, name.s, name.len);
}

struct ipt_chain *
ph_ipt_table_chain(struct ph_arena *mem, struct ph_ruleset *rs,
    struct ipt_table *t, struct ph_str name, struct ph_span at)
{
	struct ipt_chain *c = ph_ipt_table_find(t, name);
	const char *table = tables[t->id].name;

	if (c != NULL)
		return c;
	c = PH_NEW(mem, struct ipt_chain);
	c->name = (struct ph_str){ ph_arena_dup(mem, name.s, name.len), name.len };
	if (t->family == PH_FAMILY_6)
		table = ph_arena_printf(mem, "ip6 %s", table);
	c->out = ph_ruleset_chain(mem, rs, table, c->name.s, at);
	c->point = ph_ipt_table_point(t->id, name);
	c->declared = c->point >= 0;
	c->policy = PH_ACT_ACCEPT;
	c->used_at = c->policy_at = at;
	*ph_map_at(mem, &t->chains, c->name.s, name.len) = c;
	*t->tail = c;
	t->tail = &c->next;
	return c;
}

size_t
ph_ipt_table_count(const struct ipt_chain *c)
{
	return c->n_front + c->out->n;
}

struct ph_rule *
ph_ipt_table_rule(struct ipt_chain *c, size_t i)
{
	return i < c->n_front ? &c->front[c->n_front - 1 - i] :
	    &c->out->rules[i - c->n_front];
}

/* Open a gap at ${i} of an array that has just grown by one. */
static struct ph_rule *
open_gap(struct ph_rule *v, size_t n, size_t i)
{
	memmove(&v[i + 1], &v[i], (n - 1 - i) * sizeof(*v));
	v[i] = (struct ph_rule){ 0 };
	return &v[i];
}

struct ph_rule *
ph_ipt_table_place(struct ph_arena *mem, struct ipt_chain *c, size_t i)
{
	if (i > ph_ipt_table_count(c))
		return NULL;
	if (i <= c->n_front) {
		(void)PH_PUSH(mem, c->front, c->n_front, c->cap_front);
		return open_gap(c->front, c->n_front, c->n_front - 1 - i);
	}
	ph_chain_add(mem, c->out);
	return open_gap(c->out->rules, c->out->n, i - c->n_front);
}

void
ph_ipt_table_remove(struct ipt_chain *c, size_t i)
{
	bool front = i < c->n_front;
	struct ph_rule *v = front ? c->front : c->out->rules;
	size_t *n = front ? &c->n_front : &c->out->n;
	size_t at = front ? c->n_front - 1 - i : i - c->n_front;

	memmove(&v[at], &v[at + 1], (*n - at - 1) * sizeof(*v));
	--*n;
}

void
ph_ipt_table_flush(struct ipt_chain *c)
{
	c->n_front = c->out->n = 0;
}

/* Rules inserted at the head, then the others. */
static void
join_front(struct ph_arena *mem, struct ipt_chain *c)
{
	size_t n = ph_ipt_table_count(c);
	struct ph_rule *v;

	if (c->n_front == 0)
		return;
	v = ph_arena_array(mem, n, sizeof(*v));
	for (size_t i = 0; i < n; i++)
		v[i] = *ph_ipt_table_rule(c, i);
	c->out->rules = v;
	c->out->n = c->out->cap = n;
	c->n_front = 0;
}

static void
hang(struct ph_arena *mem, struct ph_ruleset *rs, const struct ipt_table *t,
    const struct ipt_chain *c)
{
	struct ph_hook *h = ph_ruleset_hook(mem, rs);

	h->point = (enum ph_hook_point)c->point;
	ph_ipt_table_hook(t->id, h->point, &h->kind, &h->priority);
	h->families = t->family;
	h->chain = c->out;
	h->policy = c->policy;
	h->policy_at = c->policy_at;
}

/* ${guess}: look for a name like it, which costs a look at every chain. */
static void
report_undefined(struct ph_diags *d, const struct ipt_table *t,
    const struct ipt_chain *c, bool guess)
{
	const char *names[MAX_NAMES], *near;
	size_t n = 0;

	for (const struct ipt_chain *o = t->first; guess && o != NULL && n < MAX_NAMES;
	    o = o->next)
		if (o->declared && o->point < 0)
			names[n++] = o->name.s;
	near = ph_str_nearest(c->name, names, n);
	ph_diag(d, PH_ERROR, "unknown-chain", c->used_at,
	    "no chain \"%s\" in table %s%s%s%s", c->name.s, tables[t->id].name,
	    near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
	    near == NULL ? "" : "\"?");
}

/* Where the search for loops stands in one chain. */
struct visit {
	struct ipt_chain *c;
	size_t rule;
};

static const struct ph_act *
jump_of(const struct ph_rule *r)
{
	for (size_t i = 0; i < r->n_acts; i++)
		if (r->acts[i].kind == PH_ACT_JUMP || r->acts[i].kind == PH_ACT_GOTO)
			return &r->acts[i];
	return NULL;
}

/* Depth first without recursion: chains may nest as deep as they like. */
static void
find_loops(struct ph_arena *mem, struct ph_diags *d, const struct ipt_table *t,
    struct ipt_chain *start)
{
	struct visit *v = NULL;
	size_t n = 0, cap = 0;

	*PH_PUSH(mem, v, n, cap) = (struct visit){ start, 0 };
	start->mark = 1;
	while (n > 0) {
		struct visit *top = &v[n - 1];
		const struct ph_act *j;
		struct ipt_chain *to;

		if (top->rule == top->c->out->n) {
			top->c->mark = 2;
			n--;
			continue;
		}
		j = jump_of(&top->c->out->rules[top->rule++]);
		if (j == NULL)
			continue;
		to = ph_ipt_table_find(t, ph_str(j->chain->name));
		if (to->mark == 1)
			ph_diag(d, PH_ERROR, "chain-loop", j->at,
			    "chain \"%s\" comes back to itself here", to->name.s);
		else if (to->mark == 0) {
			to->mark = 1;
			*PH_PUSH(mem, v, n, cap) = (struct visit){ to, 0 };
		}
	}
}

void
ph_ipt_table_finish(struct ph_arena *mem, struct ph_diags *d,
    struct ph_ruleset *rs, struct ipt_table *t)
{
	unsigned undefined = 0;

	for (struct ipt_chain *c = t->first; c != NULL; c = c->next) {
		join_front(mem, c);
		if (!c->declared)
			report_undefined(d, t, c, undefined++ < MAX_GUESSES);
		if (c->point >= 0)
			hang(mem, rs, t, c);
	}
	for (struct ipt_chain *c = t->first; c != NULL; c = c->next)
		if (c->mark == 0)
			find_loops(mem, d, t, c);
}
