/* SPDX-License-Identifier: ISC */
/*
 * DOC: From rules to the neutral model
 *
 * Statements are done in order on a draft.  A match narrows it, an action is
 * appended, a verdict finishes it.  Where a value is looked up in a map the rule
 * falls apart: one rule for each element, with the key as a condition, and the
 * rest of the statements after it.  Keys exclude each other, so the order of
 * these rules does not matter.
 */
#include <string.h>

#include "dialect/nftables/lower.h"
#include "dialect/nftables/match.h"
#include "dialect/nftables/store.h"

enum { RULES_MAX = 1 << 18 };		/* that one rule may fall apart into */

const char ph_nft_lower_ingress[] =
    "a filter on a device, which is not judged, may drop packets";

static bool
unknown_chain(struct ph_nft_lower *l, struct ph_str name, struct ph_span at)
{
	const char *words[256], *near;
	size_t n = 0;

	for (struct ph_nft_chain *c = l->table->chains; c != NULL && n < 256; c = c->next)
		if (!c->gone)
			words[n++] = c->name;
	near = ph_str_nearest(name, words, n);
	ph_nft_lex_error(&l->p->lx, "unknown-chain", at,
	    "there is no chain \"%.*s\" in table \"%s\"%s%s%s", (int)name.len, name.s,
	    l->table->title, near == NULL ? "" : "; did you mean \"",
	    near == NULL ? "" : near, near == NULL ? "" : "\"?");
	return false;
}

/* Append a verdict and finish the rule. */
static bool
finish_verdict(struct ph_nft_lower *l, struct ph_nft_draft *d, enum ph_act_kind kind,
    struct ph_str name, struct ph_span at, struct ph_span rule_at)
{
	struct ph_nft_chain *to;
	struct ph_act *a;

	if (kind == PH_ACT_ACCEPT && d->diverted != NULL) {
		a = ph_nft_draft_act(l, d, PH_ACT_TPROXY, at);
		a->text = ph_nft_draft_text(l, d->diverted);
	} else if (kind == PH_ACT_JUMP || kind == PH_ACT_GOTO) {
		to = ph_nft_store_chain_find(l->table, name);
		if (to == NULL)
			return unknown_chain(l, name, at);
		ph_nft_draft_act(l, d, kind, at)->chain = to->model;
		*PH_PUSH(l->mem, l->edges, l->n_edges, l->cap_edges) =
		    (struct ph_nft_edge){ l->chain, to, at, NULL };
	} else if (kind == PH_ACT_OPAQUE) {
		ph_nft_draft_act(l, d, kind, at)->text =
		    "a program decides about packets of this queue";
	} else {
		a = ph_nft_draft_act(l, d, kind, at);
		if (kind == PH_ACT_NOTE)
			a->text = "continue";
	}
	ph_nft_draft_finish(l, d, rule_at);
	return true;
}

/* The elements that a map has, or NULL when that is not known or was reported. */
static const struct ph_nft_expr *
map_elements(struct ph_nft_lower *l, const struct ph_nft_expr *map, enum ph_nft_got *got)
{
	struct ph_nft_set *s;

	*got = PH_NFT_GOT;
	if (map->kind == PH_NFT_E_SET)
		return map->first;
	s = ph_nft_values_set(l->p, l->table, map);
	if (s == NULL)
		*got = PH_NFT_WRONG;
	else if (ph_nft_values_changing(s) != NULL || s->removed != NULL)
		*got = PH_NFT_UNKNOWN;
	return *got == PH_NFT_GOT ? s->first : NULL;
}

/* "*" stands for all keys but the others. */
static enum ph_nft_got
match_others(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct ph_nft_expr *lhs, const struct ph_nft_expr *elems)
{
	struct ph_nft_expr set = { .kind = PH_NFT_E_SET, .at = s->at }, **tail = &set.first;
	struct ph_nft_stmt not = *s;

	for (; elems != NULL; elems = elems->next) {
		if (elems->l->kind == PH_NFT_E_ANY)
			continue;
		*tail = PH_NEW(l->mem, struct ph_nft_expr);
		**tail = *elems;
		(*tail)->next = NULL;
		tail = &(*tail)->next;
	}
	not.kind = PH_NFT_MATCH;
	not.rel = PH_NFT_NE;
	not.l = ph_arena_alloc(l->mem, sizeof(*lhs));
	*not.l = *lhs;
	not.r = &set;
	return ph_nft_match(l, d, &not) ? PH_NFT_GOT : PH_NFT_WRONG;
}

static enum ph_nft_got
match_key(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct ph_nft_expr *lhs, const struct ph_nft_expr *all,
    const struct ph_nft_expr *e)
{
	if (e->l->kind == PH_NFT_E_ANY)
		return match_others(l, d, s, lhs, all);
	return ph_nft_match_key(l, d, s, lhs, e->l);
}

static bool
too_many(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	if (l->made < RULES_MAX)
		return false;
	ph_nft_draft_opaque_act(l, d, s, "maps within maps give too many rules");
	ph_nft_draft_finish(l, d, l->rule->at);
	return true;
}

/* vmap: one rule an element; no match ends the rule. */
static enum ph_nft_step
lower_vmap(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	enum ph_nft_got got;
	const struct ph_nft_expr *all = map_elements(l, s->r, &got), *e;

	ph_nft_draft_settle(l, d);
	for (e = all; e != NULL && got == PH_NFT_GOT && !too_many(l, d, s); e = e->next) {
		struct ph_nft_draft copy = *d;

		got = match_key(l, &copy, s, s->l, all, e);
		if (got != PH_NFT_GOT)
			break;
		if (e->r == NULL || e->r->kind != PH_NFT_E_VERDICT) {
			ph_nft_lex_error(&l->p->lx, "bad-value", e->at, "expected a verdict");
			return PH_NFT_FAIL;
		}
		if (!finish_verdict(l, &copy, (enum ph_act_kind)e->r->op, e->r->s, e->r->at,
		    e->at))
			return PH_NFT_FAIL;
	}
	if (got == PH_NFT_UNKNOWN) {
		ph_nft_draft_opaque_act(l, d, s, "which element it finds cannot be told");
		ph_nft_draft_finish(l, d, l->rule->at);
	}
	return got == PH_NFT_WRONG ? PH_NFT_FAIL : PH_NFT_DONE;
}

enum ph_nft_step
ph_nft_lower_value(struct ph_nft_lower *l, struct ph_nft_draft *d,
    const struct ph_nft_stmt *s, const struct ph_nft_expr *v, ph_nft_apply_h *apply)
{
	const struct ph_nft_expr *all, *e;
	enum ph_nft_got got;

	if (v->kind != PH_NFT_E_MAP)
		return apply(l, d, s, v) ? PH_NFT_NEXT : PH_NFT_FAIL;
	ph_nft_draft_settle(l, d);
	all = map_elements(l, v->r, &got);
	for (e = all; e != NULL && got == PH_NFT_GOT && !too_many(l, d, s); e = e->next) {
		struct ph_nft_draft copy = *d;

		got = match_key(l, &copy, s, v->l, all, e);
		if (got != PH_NFT_GOT)
			break;
		if (e->r == NULL) {
			ph_nft_lex_error(&l->p->lx, "bad-value", e->at,
			    "expected \":\" and a value");
			return PH_NFT_FAIL;
		}
		if (!apply(l, &copy, s, e->r) || !ph_nft_lower_from(l, &copy, s->next))
			return PH_NFT_FAIL;
	}
	if (got != PH_NFT_UNKNOWN)
		return got == PH_NFT_WRONG ? PH_NFT_FAIL : PH_NFT_DONE;
	ph_nft_draft_opaque_act(l, d, s, "which element it finds cannot be told");
	ph_nft_draft_finish(l, d, l->rule->at);
	return PH_NFT_DONE;
}

static enum ph_nft_step
lower_match(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	return ph_nft_match(l, d, s) ? PH_NFT_NEXT : PH_NFT_FAIL;
}

static enum ph_nft_step
lower_verdict(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	return finish_verdict(l, d, (enum ph_act_kind)s->act, s->name, s->at, l->rule->at) ?
	    PH_NFT_DONE : PH_NFT_FAIL;
}

static enum ph_nft_step
lower_reject(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	ph_nft_draft_implied(l, d, s->family, s->proto, s->at);
	ph_nft_draft_act(l, d, PH_ACT_REJECT, s->at)->text = ph_nft_draft_text(l, s);
	ph_nft_draft_finish(l, d, l->rule->at);
	return PH_NFT_DONE;
}

static enum ph_nft_step
lower_notrack(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	ph_nft_draft_act(l, d, PH_ACT_NOTRACK, s->at);
	return PH_NFT_NEXT;
}

static enum ph_nft_step
lower_flow(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	if (ph_nft_store_obj_find(l->table, PH_NFT_O_FLOWTABLE, s->name) == NULL) {
		ph_nft_lex_error(&l->p->lx, "unknown-object", s->at,
		    "there is no flowtable \"%.*s\" in table \"%s\"", (int)s->name.len,
		    s->name.s, l->table->title);
		return PH_NFT_FAIL;
	}
	ph_nft_draft_act(l, d, PH_ACT_OFFLOAD, s->at)->text =
	    ph_arena_dup(l->mem, s->name.s, s->name.len);
	for (int i = 0; i < 2 && l->p->offload_at.src == NULL; i++)
		l->timers->t[PH_TIMER_FLOWTABLE_UDP + i].at = s->at;
	l->p->offload_at = s->at;
	return PH_NFT_NEXT;
}

static enum ph_nft_step
lower_tproxy(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	ph_nft_draft_implied(l, d, s->family, 0, s->at);
	d->diverted = s;
	return PH_NFT_NEXT;
}

static enum ph_nft_step
lower_note(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	ph_nft_draft_act(l, d, PH_ACT_NOTE, s->at)->text = ph_nft_draft_text(l, s);
	return PH_NFT_NEXT;
}

static enum ph_nft_step
lower_rate(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	struct ph_cond *c = ph_nft_draft_cond(l, d, PH_COND_RATE, s->at);

	c->neg = s->neg;
	c->text = ph_nft_draft_text(l, s);
	return PH_NFT_NEXT;
}

/* A limit or quota by name. */
static enum ph_nft_step
lower_rate_obj(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	struct ph_nft_stmt named = *s;
	struct ph_nft_obj *o;

	if (s->l->kind != PH_NFT_E_WORD) {
		ph_nft_draft_opaque(l, d, s, "which limit it finds cannot be told");
		return PH_NFT_NEXT;
	}
	o = ph_nft_store_obj_find(l->table, (enum ph_nft_obj_kind)s->act, s->l->s);
	if (o == NULL) {
		ph_nft_lex_error(&l->p->lx, "unknown-object", s->l->at,
		    "there is no such limit or quota in table \"%s\"", l->table->title);
		return PH_NFT_FAIL;
	}
	named.neg = o->over;
	return lower_rate(l, d, &named);
}

static enum ph_nft_step
lower_dynset(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	return s->rated ? lower_rate(l, d, s) : lower_note(l, d, s);
}

static enum ph_nft_step
lower_opaque_match(struct ph_nft_lower *l, struct ph_nft_draft *d,
    const struct ph_nft_stmt *s)
{
	ph_nft_draft_opaque(l, d, s, s->why);
	return PH_NFT_NEXT;
}

static enum ph_nft_step
lower_opaque_act(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	ph_nft_draft_opaque_act(l, d, s, s->why);
	return PH_NFT_NEXT;
}

typedef enum ph_nft_step lower_h(struct ph_nft_lower *, struct ph_nft_draft *,
    const struct ph_nft_stmt *);

static lower_h *const lowers[] = {
	[PH_NFT_MATCH] = lower_match, [PH_NFT_VMAP] = lower_vmap,
	[PH_NFT_VERDICT] = lower_verdict, [PH_NFT_REJECT] = lower_reject,
	[PH_NFT_SET] = ph_nft_lower_set, [PH_NFT_NAT] = ph_nft_lower_nat,
	[PH_NFT_NOTRACK] = lower_notrack, [PH_NFT_FLOW] = lower_flow,
	[PH_NFT_TPROXY] = lower_tproxy, [PH_NFT_NOTE] = lower_note,
	[PH_NFT_RATE] = lower_rate, [PH_NFT_RATE_OBJ] = lower_rate_obj,
	[PH_NFT_DYNSET] = lower_dynset, [PH_NFT_OPAQUE_MATCH] = lower_opaque_match,
	[PH_NFT_OPAQUE_ACT] = lower_opaque_act,
};

bool
ph_nft_lower_from(struct ph_nft_lower *l, struct ph_nft_draft *d,
    const struct ph_nft_stmt *s)
{
	for (; s != NULL; s = s->next) {
		enum ph_nft_step step;

		l->stmt = s;
		step = lowers[s->kind](l, d, s);
		if (step != PH_NFT_NEXT)
			return step == PH_NFT_DONE;
	}
	if (d->diverted != NULL)
		ph_nft_draft_opaque_act(l, d, d->diverted,
		    "diverted to a local socket, but not accepted");
	if (d->n_acts > 0 || l->made == 0)	/* else all was said before */
		ph_nft_draft_finish(l, d, l->rule->at);
	return true;
}

static void
lower_chain(struct ph_nft_lower *l, struct ph_nft_chain *c)
{
	l->chain = c;
	for (struct ph_nft_rule *r = c->first; r != NULL; r = r->next) {
		struct ph_nft_draft d = { .effects = false };

		l->rule = r;
		l->made = 0;
		ph_nft_lower_from(l, &d, r->stmts);
	}
}

/* Put a base chain on its hook. */
static void
lower_hook(struct ph_nft_lower *l, struct ph_nft_chain *c)
{
	struct ph_nft_hook *h = &c->hook;
	struct ph_hook *hook;

	if (!h->written || h->point < 0)
		return;
	hook = ph_ruleset_hook(l->mem, l->p->rs);
	*hook = (struct ph_hook){
		.point = (enum ph_hook_point)h->point, .kind = (enum ph_hook_kind)h->type,
		.priority = h->priority, .families = l->table->families, .chain = c->model,
		.policy = h->policy,
		.policy_at = h->policy_at.src != NULL ? h->policy_at : c->at,
	};
}

/* May packets be lost in this chain or in those it jumps to? */
static bool
may_drop(const struct ph_nft_table *t)
{
	for (const struct ph_nft_chain *c = t->chains; c != NULL; c = c->next) {
		if (c->gone)
			continue;
		if (c->hook.policy == PH_ACT_DROP)
			return true;
		for (const struct ph_nft_rule *r = c->first; r != NULL; r = r->next)
			for (const struct ph_nft_stmt *s = r->stmts; s != NULL; s = s->next)
				if (s->kind == PH_NFT_REJECT || s->kind == PH_NFT_OPAQUE_ACT ||
				    s->kind == PH_NFT_VMAP ||
				    (s->kind == PH_NFT_VERDICT && s->act == PH_ACT_DROP))
					return true;
	}
	return false;
}

/* Filters on devices come before all that is judged. */
static void
ingress_gap(struct ph_nft_parser *p, struct ph_nft_table *t)
{
	for (struct ph_nft_chain *c = t->chains; c != NULL; c = c->next)
		if (!c->gone && c->hook.ingress && may_drop(t)) {
			ph_ruleset_gap(p->mem, p->rs, c->at, ph_nft_lower_ingress);
			ph_diag(p->lx.diags, PH_WARN, "unjudged-hook", c->at, "%s",
			    ph_nft_lower_ingress);
			return;
		}
}

/* A rule that changes a set makes its elements a matter of traffic. */
static void
mark_changed(struct ph_nft_table *t)
{
	for (struct ph_nft_chain *c = t->chains; c != NULL; c = c->next)
		for (struct ph_nft_rule *r = c->first; r != NULL; r = r->next)
			for (struct ph_nft_stmt *s = r->stmts; s != NULL; s = s->next) {
				struct ph_nft_set *set = s->kind != PH_NFT_DYNSET ? NULL :
				    ph_nft_store_set_find(t, s->name);

				if (set != NULL)
					set->changed = true;
			}
}

static bool
is_judged(const struct ph_nft_table *t)
{
	return !t->gone && !t->dormant && t->families != 0;
}

static void
declare_chains(struct ph_nft_parser *p, struct ph_nft_table *t, struct ph_nft_priv *priv)
{
	for (struct ph_nft_chain *c = t->chains; c != NULL; c = c->next) {
		if (c->gone)
			continue;
		c->model = ph_ruleset_chain(p->mem, p->rs, t->title, c->name, c->at);
		*ph_map_at(p->mem, &priv->origins, (const char *)&c->model,
		    sizeof(c->model)) = c;
	}
}

/* Jumps that come back: the kernel refuses them, and nobody could follow them. */
static void
refuse_loops(struct ph_nft_lower *l)
{
	struct ph_nft_chain **ready = ph_arena_array(l->mem, l->n_edges + 1, sizeof(*ready));
	size_t n = 0, done = 0;

	for (size_t i = 0; i < l->n_edges; i++) {
		l->edges[i].to->n_in++;
		l->edges[i].next = l->edges[i].from->out;
		l->edges[i].from->out = &l->edges[i];
	}
	for (size_t i = 0; i < l->n_edges; i++)
		if (l->edges[i].from->n_in == 0 && !l->edges[i].from->seen) {
			l->edges[i].from->seen = true;
			ready[n++] = l->edges[i].from;
		}
	while (done < n)
		for (struct ph_nft_edge *e = ready[done++]->out; e != NULL; e = e->next)
			if (--e->to->n_in == 0 && e->to->out != NULL)
				ready[n++] = e->to;
	for (size_t i = 0; i < l->n_edges; i++)
		if (l->edges[i].from->n_in > 0 && l->edges[i].to->n_in > 0) {
			ph_nft_lex_error(&l->p->lx, "jump-loop", l->edges[i].at,
			    "chain \"%s\" comes back to itself from here",
			    l->edges[i].from->name);
			return;
		}
}

/* What Linux does unless told otherwise by sysctl, which a ruleset does not hold. */
static struct ph_timeout *
default_timers(struct ph_nft_parser *p)
{
	static const struct { enum ph_timer timer; uint32_t s; } defaults[] = {
		{ PH_TIMER_UDP_UNREPLIED, 30 }, { PH_TIMER_UDP, 120 },
		{ PH_TIMER_TCP, 432000 }, { PH_TIMER_FLOWTABLE_UDP, 30 },
		{ PH_TIMER_FLOWTABLE_TCP, 30 },
	};
	struct ph_timeout *t = PH_NEW(p->mem, struct ph_timeout);

	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++)
		t->t[defaults[i].timer] = (struct ph_timer_value){
			.set = true, .is_default = true, .s = defaults[i].s,
		};
	p->rs->timers = t;
	return t;
}

void
ph_nft_lower_all(struct ph_nft_parser *p)
{
	struct ph_nft_priv *priv = PH_NEW(p->mem, struct ph_nft_priv);
	struct ph_nft_lower l = { .p = p, .mem = p->mem, .texts = &priv->texts };

	priv->p = p;
	p->rs->priv = priv;
	l.timers = default_timers(p);
	for (struct ph_nft_table *t = p->tables; t != NULL; t = t->next) {
		if (!t->gone && !t->dormant)
			ingress_gap(p, t);
		if (!is_judged(t))
			continue;
		declare_chains(p, t, priv);
		mark_changed(t);
	}
	for (struct ph_nft_table *t = p->tables; t != NULL; t = t->next) {
		if (!is_judged(t))
			continue;
		l.table = t;
		for (struct ph_nft_chain *c = t->chains; c != NULL; c = c->next)
			if (!c->gone) {
				lower_chain(&l, c);
				lower_hook(&l, c);
			}
	}
	refuse_loops(&l);
}
