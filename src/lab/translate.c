/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/translate.h"
#include "net/names.h"

/*
 * DOC: Another language as nftables
 *
 * A copy of the ruleset is made into one that a Linux kernel can run, and the writer
 * of nftables writes it:
 *
 *	- a service policy is a chain after all filters that sets timers; policies
 *	  for any protocol are two, one for UDP and one for TCP;
 *	- inspection is left out, since it rewrites what is said, not who may speak;
 *	- destinations are translated where Linux does it, before filters;
 *	- what was not understood is left out and noted.
 *
 * Nothing is believed of that: the text is read back and compared with the original
 * for the flows in question, and where it differs nothing is measured.
 */
enum { AFTER_FILTERS = 300 };

struct job {
	struct ph_arena *mem;
	const struct ph_ruleset *from;
	struct ph_lab *lab;
	struct ph_chain **old, **new;	/* pairs */
	size_t n;
};

static struct ph_chain *
chain_of(const struct job *j, const struct ph_chain *old)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->old[i] == old)
			return j->new[i];
	return NULL;
}

static void
note(struct job *j, struct ph_span at, const char *why)
{
	ph_lab_skip(j->mem, j->lab, NULL, NULL, at, why);
}

/* Why the kernel cannot be asked for a condition or action, or NULL. */
static const char *
unsayable_cond(const struct ph_cond *c)
{
	switch (c->kind) {
	case PH_COND_OPAQUE:
		return c->text != NULL ? c->text : "not understood";
	case PH_COND_UID:
	case PH_COND_APP:
		return "a condition on a program";
	case PH_COND_RATE:
		return "a rate limit in the words of another platform";
	default:
		return NULL;
	}
}

static const char *
unsayable(const struct ph_rule *r)
{
	for (size_t i = 0; i < r->n_conds; i++)
		if (unsayable_cond(&r->conds[i]) != NULL)
			return unsayable_cond(&r->conds[i]);
	for (size_t i = 0; i < r->n_acts; i++)
		if (r->acts[i].kind == PH_ACT_OPAQUE)
			return r->acts[i].text != NULL ? r->acts[i].text : "not understood";
	return NULL;
}

/* A name for a policy that says what it holds, so that equal names mean the same. */
static const char *
policy_name(struct job *j, const struct ph_timeout *t, uint8_t proto)
{
	return ph_arena_printf(j->mem, "%s-%u-%u", proto == PH_UDP ? "udp" : "tcp",
	    t->t[proto == PH_UDP ? PH_TIMER_UDP_UNREPLIED : PH_TIMER_TCP].s,
	    t->t[proto == PH_UDP ? PH_TIMER_UDP : PH_TIMER_TCP].s);
}

static struct ph_timeout *
policy_for(struct job *j, const struct ph_timeout *t, uint8_t proto)
{
	struct ph_timeout *one = PH_NEW(j->mem, struct ph_timeout);

	one->name = policy_name(j, t, proto);
	one->proto = proto;
	one->at = t->at;
	for (int i = PH_TIMER_UDP_UNREPLIED; i <= PH_TIMER_TCP; i++)
		if ((i == PH_TIMER_TCP) == (proto == PH_TCP))
			one->t[i] = t->t[i];
	return one;
}

static bool
has_timer(const struct ph_timeout *t, uint8_t proto)
{
	return proto == PH_TCP ? t->t[PH_TIMER_TCP].set :
	    t->t[PH_TIMER_UDP].set || t->t[PH_TIMER_UDP_UNREPLIED].set;
}

/* A rule of its own that sets a timer for one protocol. */
static void
add_timer(struct job *j, struct ph_chain *to, const struct ph_rule *r,
    const struct ph_act *a, uint8_t proto)
{
	struct ph_cond *conds = ph_arena_array(j->mem, r->n_conds + 1U, sizeof(*conds));
	struct ph_act *act = PH_NEW(j->mem, struct ph_act);
	struct ph_rule *out;

	if (!has_timer(a->timeout, proto) ||
	    (a->timeout->proto != 0 && a->timeout->proto != proto))
		return;
	memcpy(conds, r->conds, r->n_conds * sizeof(*conds));
	conds[r->n_conds] = (struct ph_cond){
		.kind = PH_COND_RANGES, .dim = PH_PROTO, .at = r->at,
		.ranges = ph_ranges_one(j->mem, proto, proto),
	};
	*act = *a;
	act->timeout = policy_for(j, a->timeout, proto);
	out = ph_chain_add(j->mem, to);
	*out = (struct ph_rule){
		.at = r->at, .conds = conds, .n_conds = (uint16_t)(r->n_conds + 1),
		.acts = act, .n_acts = 1,
	};
}

/* The other actions of a rule, jumps to the copies of their chains. */
static void
add_rest(struct job *j, struct ph_chain *to, const struct ph_rule *r)
{
	struct ph_act *acts = ph_arena_array(j->mem, r->n_acts, sizeof(*acts));
	struct ph_rule *out;
	uint16_t n = 0;

	for (size_t i = 0; i < r->n_acts; i++) {
		struct ph_act a = r->acts[i];

		if (a.kind == PH_ACT_TIMEOUT || a.kind == PH_ACT_HELPER ||
		    a.kind == PH_ACT_NOTE || a.kind == PH_ACT_OFFLOAD)
			continue;
		if (a.kind == PH_ACT_JUMP || a.kind == PH_ACT_GOTO)
			a.chain = chain_of(j, a.chain);
		acts[n++] = a;
	}
	if (n == 0)
		return;
	out = ph_chain_add(j->mem, to);
	*out = *r;
	out->acts = acts;
	out->n_acts = n;
	out->comment = NULL;
}

static void
copy_rule(struct job *j, struct ph_chain *to, const struct ph_rule *r)
{
	const char *why = unsayable(r);

	if (why != NULL) {
		note(j, r->at, ph_arena_printf(j->mem, "left out of the translation: %s", why));
		return;
	}
	for (size_t i = 0; i < r->n_acts; i++)
		if (r->acts[i].kind == PH_ACT_TIMEOUT) {
			add_timer(j, to, r, &r->acts[i], PH_UDP);
			add_timer(j, to, r, &r->acts[i], PH_TCP);
		}
	add_rest(j, to, r);
}

static void
copy_chains(struct job *j, struct ph_ruleset *to)
{
	for (const struct ph_chain *c = j->from->chains; c != NULL; c = c->next)
		j->n++;
	j->old = ph_arena_array(j->mem, j->n, sizeof(*j->old));
	j->new = ph_arena_array(j->mem, j->n, sizeof(*j->new));
	j->n = 0;
	for (struct ph_chain *c = j->from->chains; c != NULL; c = c->next) {
		j->old[j->n] = c;
		j->new[j->n++] = ph_ruleset_chain(j->mem, to, c->table, c->name, c->at);
	}
	for (size_t k = 0; k < j->n; k++)
		for (size_t i = 0; i < j->old[k]->n; i++)
			copy_rule(j, j->new[k], &j->old[k]->rules[i]);
}

static void
copy_hooks(struct job *j, struct ph_ruleset *to)
{
	for (size_t i = 0; i < j->from->n_hooks; i++) {
		struct ph_hook h = j->from->hooks[i], *out;

		h.chain = chain_of(j, h.chain);
		if (h.point == PH_SERVICE) {
			h.point = PH_FORWARD;
			h.kind = PH_HOOK_FILTER;
			h.priority = AFTER_FILTERS;
		} else if (h.point == PH_FORWARD && h.kind == PH_HOOK_NAT) {
			h.point = PH_PREROUTING;
			h.priority = PH_PRIO_DSTNAT + h.priority / 10;
		}
		if (h.chain->n == 0 && h.policy == PH_ACT_ACCEPT)
			continue;		/* says nothing */
		out = ph_ruleset_hook(j->mem, to);
		*out = h;
	}
}

static struct ph_src *
source(struct ph_arena *mem, const struct ph_buf *text)
{
	struct ph_src *s = PH_NEW(mem, struct ph_src);

	*s = (struct ph_src){
		.name = "translation", .text = text->s, .len = (uint32_t)text->len,
	};
	return s;
}

/* The first line of what a reader or writer complained of. */
static const char *
complaint(struct ph_arena *mem, FILE *f, char **text, const char *what)
{
	fclose(f);
	return ph_arena_printf(mem, "%s: %.*s", what, (int)strcspn(*text, "\n"), *text);
}

bool
ph_lab_translate(struct ph_arena *mem, const struct ph_ruleset *rs,
    const struct ph_dialect *into, struct ph_lab *lab, struct ph_ruleset *read)
{
	struct job j = { .mem = mem, .from = rs, .lab = lab };
	struct ph_parse_opts none = { 0 };
	const struct ph_ruleset *say = rs;
	struct ph_ruleset to;
	struct ph_buf out;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct ph_diags diags = { .out = f, .max_shown = 3 };
	const char *what = NULL;

	if (f == NULL)
		return false;
	if (into != rs->dialect) {
		ph_ruleset_init(&to, rs->dialect, rs->src);
		for (const struct ph_gap *g = rs->gaps; g != NULL; g = g->next)
			note(&j, g->at, g->why);
		copy_chains(&j, &to);
		copy_hooks(&j, &to);
		say = &to;
	}
	ph_buf_init(&out, mem);
	if (!into->emit(mem, &diags, say, &out))
		what = ph_arena_printf(mem, "it cannot be said in %s", into->name);
	else if (!into->parse(mem, &diags, source(mem, &out), &none, read))
		what = "its translation cannot be read back";
	if (what != NULL)
		lab->refused = complaint(mem, f, &text, what);
	else
		fclose(f);
	free(text);
	lab->translated = into->name;
	return what == NULL;
}
