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
 *	- inspection is left out and noted: it rewrites what is said, not who may speak;
 *	- destinations are translated where Linux does it, before filters;
 *	- a program is known by what it needs: a rule about one becomes rules about the
 *	  ports of the flows that it takes;
 *	- platforms that let replies through without a rule get one;
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
	for (size_t i = 0; i < j->lab->n_skips; i++) {
		const struct ph_lab_skip *s = &j->lab->skips[i];

		if (s->flow == NULL && s->at.src == at.src && s->at.off == at.off &&
		    strcmp(s->why, why) == 0)
			return;		/* one line may be several rules */
	}
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
		return "a condition on a user";
	case PH_COND_APP:
		return c->neg ? "a condition on all other programs" : NULL;
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

/* Would inspection of ${protocol} concern any of the flows? */
static bool
is_spoken(const struct job *j, const char *protocol)
{
	for (size_t i = 0; protocol != NULL && i < j->lab->audit->n_flows; i++) {
		const char *spoken = j->lab->audit->flows[i].req->alg_protocol;

		if (spoken != NULL && strcmp(spoken, protocol) == 0)
			return true;
	}
	return false;
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

		if (a.kind == PH_ACT_HELPER && is_spoken(j, a.text))
			note(j, a.at.src != NULL ? a.at : r->at, ph_arena_printf(j->mem,
			    "left out of the translation: %s inspection, which rewrites what "
			    "is said and not who may speak; pinhole probe compares it",
			    a.text));
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
leave_out(struct job *j, const struct ph_rule *r, const char *why)
{
	note(j, r->at, ph_arena_printf(j->mem, "left out of the translation: %s", why));
}

/* The place of a rule's condition on a program; n_conds: it has none. */
static size_t
app_cond(const struct ph_rule *r)
{
	size_t i = 0;

	while (i < r->n_conds && r->conds[i].kind != PH_COND_APP)
		i++;
	return i;
}

/* Packets that come here for a program, by what flows need. */
static bool
is_for(const struct ph_requirement *q, const char *app)
{
	return q->direction == PH_IN && q->app != NULL && strcmp(q->app, app) == 0;
}

/* Does another program, or nobody that is known, take some of the same ports? */
static bool
is_shared(const struct job *j, const struct ph_requirement *q, const char *app)
{
	for (size_t i = 0; i < j->lab->audit->n_flows; i++) {
		const struct ph_requirement *o = j->lab->audit->flows[i].req;

		if (o->direction == PH_IN && o->proto == q->proto && !is_for(o, app) &&
		    ph_ranges_overlap(o->ports, q->ports))
			return true;
	}
	return false;
}

/* The same rule about one flow's protocol and ports in place of its program. */
static struct ph_rule
about_ports(struct job *j, const struct ph_rule *r, size_t at, const struct ph_requirement *q)
{
	struct ph_cond *conds = ph_arena_array(j->mem, r->n_conds + 1U, sizeof(*conds));
	struct ph_rule out = *r;

	memcpy(conds, r->conds, r->n_conds * sizeof(*conds));
	conds[at] = (struct ph_cond){
		.kind = PH_COND_RANGES, .dim = PH_PROTO, .at = r->at,
		.ranges = ph_ranges_one(j->mem, q->proto, q->proto),
	};
	conds[r->n_conds] = (struct ph_cond){
		.kind = PH_COND_RANGES, .dim = PH_DPORT, .at = r->at, .ranges = q->ports,
	};
	out.conds = conds;
	out.n_conds = (uint16_t)(r->n_conds + (q->ports != NULL));
	return out;
}

static void
copy_app_rule(struct job *j, struct ph_chain *to, const struct ph_rule *r, size_t at)
{
	const char *app = r->conds[at].text;

	for (size_t i = 0; i < j->lab->audit->n_flows; i++) {
		const struct ph_requirement *q = j->lab->audit->flows[i].req;
		struct ph_rule out;

		if (!is_for(q, app))
			continue;
		if (is_shared(j, q, app)) {
			leave_out(j, r, "another program takes the same ports");
			return;
		}
		out = about_ports(j, r, at, q);
		add_rest(j, to, &out);
	}
}

static void
copy_rule(struct job *j, struct ph_chain *to, const struct ph_rule *r)
{
	const char *why = unsayable(r);

	if (why != NULL) {
		leave_out(j, r, why);
		return;
	}
	if (app_cond(r) < r->n_conds) {
		copy_app_rule(j, to, r, app_cond(r));
		return;
	}
	for (size_t i = 0; i < r->n_acts; i++)
		if (r->acts[i].kind == PH_ACT_TIMEOUT) {
			add_timer(j, to, r, &r->acts[i], PH_UDP);
			add_timer(j, to, r, &r->acts[i], PH_TCP);
		}
	add_rest(j, to, r);
}

/* What belongs to a connection that was let in needs no rule of its own. */
static void
let_replies(struct job *j, struct ph_chain *to)
{
	struct ph_cond *state = PH_NEW(j->mem, struct ph_cond);
	struct ph_act *accept = PH_NEW(j->mem, struct ph_act);
	struct ph_rule *out = ph_chain_add(j->mem, to);

	*state = (struct ph_cond){
		.kind = PH_COND_RANGES, .dim = PH_STATE,
		.ranges = ph_ranges_one(j->mem, PH_EST_ORIG, PH_REL_REPLY),
	};
	accept->kind = PH_ACT_ACCEPT;
	*out = (struct ph_rule){ .conds = state, .n_conds = 1, .acts = accept, .n_acts = 1 };
}

static bool
filters_here(const struct job *j, const struct ph_chain *c)
{
	for (size_t i = 0; i < j->from->n_hooks; i++)
		if (j->from->hooks[i].chain == c && j->from->hooks[i].point == PH_INPUT &&
		    j->from->hooks[i].kind == PH_HOOK_FILTER)
			return true;
	return false;
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
	for (size_t k = 0; k < j->n; k++) {
		if (j->from->stateful && filters_here(j, j->old[k]))
			let_replies(j, j->new[k]);
		for (size_t i = 0; i < j->old[k]->n; i++)
			copy_rule(j, j->new[k], &j->old[k]->rules[i]);
	}
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
