/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "audit/calls.h"

/* A rule of chain ${from} jumps or goes to ${to}. */
struct edge {
	struct ph_call *from, *to;
};

struct edges {
	struct edge *v;
	size_t n, cap;
};

/* What an action changes for the rules that follow. */
static const unsigned act_writes[PH_ACT_NOTE + 1] = {
	[PH_ACT_OPAQUE] = 1U << PH_MARK | 1U << PH_CTMARK | 1U << PH_STATE,
	[PH_ACT_NOTRACK] = 1U << PH_STATE | 1U << PH_CTMARK | 1U << PH_STATUS,
	[PH_ACT_MARK] = 1U << PH_MARK,
	[PH_ACT_CT_TO_MARK] = 1U << PH_MARK,
	[PH_ACT_CTMARK] = 1U << PH_CTMARK,
	[PH_ACT_MARK_TO_CT] = 1U << PH_CTMARK,
	[PH_ACT_TPROXY] = 1U << PH_MARK,
};

static int
by_chain(const void *x, const void *y)
{
	const struct ph_call *const *a = x, *const *b = y;

	return (*a)->chain < (*b)->chain ? -1 : (*a)->chain > (*b)->chain;
}

static struct ph_call *
find(const struct ph_calls *cs, const struct ph_chain *c)
{
	struct ph_call key = { .chain = c }, *k = &key, **hit;

	hit = bsearch(&k, cs->by_chain, cs->n, sizeof(*cs->by_chain), by_chain);
	return hit == NULL ? NULL : *hit;
}

static bool
calls(const struct ph_act *a)
{
	return a->kind == PH_ACT_JUMP || a->kind == PH_ACT_GOTO;
}

static void
scan_chain(struct ph_arena *mem, const struct ph_calls *cs, struct ph_call *c,
    struct edges *es)
{
	for (size_t i = 0; i < c->chain->n; i++) {
		const struct ph_rule *r = &c->chain->rules[i];

		for (size_t k = 0; k < r->n_acts; k++) {
			struct ph_call *to = calls(&r->acts[k]) ?
			    find(cs, r->acts[k].chain) : NULL;

			c->writes |= act_writes[r->acts[k].kind];
			if (to == NULL)
				continue;
			to->called = true;
			*PH_PUSH(mem, es->v, es->n, es->cap) = (struct edge){ c, to };
		}
	}
}

static int
by_from(const void *x, const void *y)
{
	const struct edge *a = x, *b = y;

	return a->from < b->from ? -1 : a->from > b->from;
}

static int
by_to(const void *x, const void *y)
{
	const struct edge *a = x, *b = y;

	return a->to < b->to ? -1 : a->to > b->to;
}

/* The first edge at or after ${c}, by the end that the list is sorted by. */
static size_t
first_edge(const struct edges *es, const struct ph_call *c, bool backwards)
{
	size_t lo = 0, hi = es->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct edge *e = &es->v[mid];

		if ((backwards ? e->to : e->from) < c)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Take over what ${from} knows; true when that was news. */
static bool
learn(struct ph_call *to, const struct ph_call *from, bool backwards)
{
	struct ph_call was = *to;

	if (backwards) {
		to->writes |= from->writes;
		return to->writes != was.writes;
	}
	to->families |= from->families;
	to->permits |= from->permits;
	return to->families != was.families || to->permits != was.permits;
}

/* Each chain is looked at again only when it has learnt one of a few facts. */
static void
spread(struct ph_arena *mem, const struct ph_calls *cs, struct edges *es, bool backwards)
{
	struct { struct ph_call **v; size_t n, cap; } todo = { 0 };

	if (es->n > 0)
		qsort(es->v, es->n, sizeof(*es->v), backwards ? by_to : by_from);
	for (size_t i = 0; i < cs->n; i++)
		*PH_PUSH(mem, todo.v, todo.n, todo.cap) = &cs->v[i];
	while (todo.n > 0) {
		struct ph_call *c = todo.v[--todo.n];

		for (size_t i = first_edge(es, c, backwards); i < es->n; i++) {
			struct edge *e = &es->v[i];
			struct ph_call *other = backwards ? e->from : e->to;

			if ((backwards ? e->to : e->from) != c)
				break;
			if (learn(other, c, backwards))
				*PH_PUSH(mem, todo.v, todo.n, todo.cap) = other;
		}
	}
}

static void
add_hooks(const struct ph_calls *cs, const struct ph_ruleset *rs)
{
	for (size_t i = 0; i < rs->n_hooks; i++) {
		const struct ph_hook *h = &rs->hooks[i];
		struct ph_call *c = find(cs, h->chain);

		if (c == NULL)
			continue;
		c->hook = c->hook == NULL ? h : c->hook;
		c->policies_differ |= c->hook->policy != h->policy;
		c->families |= h->families;
		c->permits |= h->kind == PH_HOOK_FILTER && (h->point == PH_FORWARD ||
		    h->point == PH_INPUT || h->point == PH_OUTPUT);
	}
}

void
ph_calls_of(struct ph_arena *mem, const struct ph_ruleset *rs, struct ph_calls *cs)
{
	struct edges es = { 0 };
	size_t n = 0;

	*cs = (struct ph_calls){ 0 };
	for (const struct ph_chain *c = rs->chains; c != NULL; c = c->next)
		cs->n++;
	cs->v = ph_arena_array(mem, cs->n, sizeof(*cs->v));
	cs->by_chain = ph_arena_array(mem, cs->n, sizeof(*cs->by_chain));
	for (const struct ph_chain *c = rs->chains; c != NULL; c = c->next) {
		cs->v[n].chain = c;
		cs->by_chain[n] = &cs->v[n];
		n++;
	}
	qsort(cs->by_chain, n, sizeof(*cs->by_chain), by_chain);
	add_hooks(cs, rs);
	for (size_t i = 0; i < n; i++)
		scan_chain(mem, cs, &cs->v[i], &es);
	spread(mem, cs, &es, false);
	spread(mem, cs, &es, true);
}

unsigned
ph_calls_writes(const struct ph_calls *cs, const struct ph_rule *r)
{
	unsigned w = 0;

	for (size_t i = 0; i < r->n_acts; i++) {
		const struct ph_call *to = calls(&r->acts[i]) ?
		    find(cs, r->acts[i].chain) : NULL;

		w |= act_writes[r->acts[i].kind];
		if (to != NULL)
			w |= to->writes;
	}
	return w;
}
