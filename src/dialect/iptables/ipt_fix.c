/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_edit.h"
#include "dialect/iptables/ipt_emit.h"
#include "dialect/iptables/ipt_opening.h"
#include "net/names.h"

/*
 * DOC: Fixes
 *
 * An opening is a rule before the one that is in the way.  A longer timer is a
 * policy of its own for the flow, at the head of the table raw, where the first
 * rule that says one counts.  A helper goes with the rule that assigns it.  Where
 * tracking was switched off, the flow passes that rule by, unless rules behind it
 * would be passed by as well: then the rule goes.
 */

enum { UNREPLIED_S = 60 };

struct fixer {
	struct ph_arena *mem;
	struct ph_diags *diags;
	struct ipt_edit edit;
	struct ipt_opening opening;
	const struct ph_fix *done;	/* those before the one at hand */
	size_t n_done;
	const char **policies;		/* names made so far */
	size_t n_policies, cap_policies;
	bool ok;
};

static bool
cannot(struct fixer *f, struct ph_span at, const char *what)
{
	ph_diag(f->diags, PH_ERROR, "cannot-fix", at, "%s", what);
	f->ok = false;
	return false;
}

/* Lines for a packet set, without their head. */
static const char *
lines_for(struct fixer *f, const struct ph_fix *x, const struct ph_cube *c,
    unsigned family, const struct ph_act *act)
{
	bool out = x->req->direction == PH_OUT;
	struct ipt_opening_what what = {
		.family = family, .head = "", .cube = c, .act = act,
		.src_group = out ? "clients" : x->req->group,
		.dst_group = out ? x->req->group : "clients",
		.comment = ph_ipt_opening_comment(f->mem, x->req),
	};
	struct ph_buf b;

	ph_buf_init(&b, f->mem);
	ph_ipt_opening_lines(&f->opening, &what, &b);
	return b.s;
}

static bool
permit(struct fixer *f, const struct ph_fix *x)
{
	static const struct ph_act accept = { .kind = PH_ACT_ACCEPT };
	struct ipt_table *t;
	struct ipt_chain *c = x->chain == NULL ? NULL :
	    ph_ipt_edit_find(&f->edit, x->chain, &t);

	if (c == NULL)
		return cannot(f, x->cause, "the rules that decide this are not in the text");
	ph_ipt_edit_insert(&f->edit, t, c, x->before,
	    lines_for(f, x, &x->cube, t->family, &accept));
	return true;
}

/* A policy that the text defines already, or that this fix has made. */
static bool
policy_known(struct fixer *f, const char *name)
{
	const struct ph_timeout *t = ph_map_find(&f->edit.priv->timeouts, name,
	    strlen(name));

	for (size_t i = 0; i < f->n_policies; i++)
		if (strcmp(f->policies[i], name) == 0)
			return true;
	return t != NULL && t->proto != 0;
}

/* Bring the policy for a protocol and a time into being; its name. */
static const char *
make_policy(struct fixer *f, uint8_t proto, uint32_t idle_s, unsigned family)
{
	const char *l4 = ph_proto_name(proto);
	const char *name = ph_arena_printf(f->mem, "ph-%s-%u%s", l4, idle_s,
	    family == PH_FAMILY_4 ? "" : "-6");

	if (policy_known(f, name))
		return name;
	*PH_PUSH(f->mem, f->policies, f->n_policies, f->cap_policies) = name;
	ph_ipt_edit_beside(&f->edit, "nfct", ph_arena_printf(f->mem,
	    "add timeout %s %s %s %s%s %u", name,
	    family == PH_FAMILY_4 ? "inet" : "inet6", l4,
	    proto == PH_UDP ? ph_arena_printf(f->mem, "unreplied %u ", UNREPLIED_S) : "",
	    proto == PH_UDP ? "replied" : "established", idle_s),
	    ph_arena_printf(f->mem, "delete timeout %s", name));
	return name;
}

static bool
family_seen(const struct fixer *f, unsigned family)
{
	for (int id = 0; id < IPT_NTABLES; id++)
		if (f->edit.priv->table[family == PH_FAMILY_6][id].seen)
			return true;
	return false;
}

static bool
timer(struct fixer *f, const struct ph_fix *x)
{
	bool output = x->host && x->req->direction == PH_OUT;

	if (x->req->proto != PH_UDP && x->req->proto != PH_TCP)
		return cannot(f, x->cause, "only UDP and TCP have timers of their own");
	for (unsigned family = PH_FAMILY_4; family <= PH_FAMILY_6; family <<= 1) {
		struct ph_timeout t = { 0 };
		struct ph_act act = { .kind = PH_ACT_TIMEOUT, .timeout = &t };
		const char *lines;

		if (!family_seen(f, family))
			continue;
		t.name = ph_arena_printf(f->mem, "ph-%s-%u%s", ph_proto_name(x->req->proto),
		    x->idle_s, family == PH_FAMILY_4 ? "" : "-6");
		lines = lines_for(f, x, &x->cube, family, &act);
		if (*lines == '\0')
			continue;
		make_policy(f, x->req->proto, x->idle_s, family);
		ph_ipt_edit_raw(&f->edit, family, output ? "OUTPUT" : "PREROUTING", lines);
	}
	return true;
}

/* Was the same line changed for another flow? */
static bool
seen_cause(const struct fixer *f, const struct ph_fix *x)
{
	for (size_t i = 0; i < f->n_done; i++)
		if (f->done[i].kind == x->kind && f->done[i].cause.off == x->cause.off)
			return true;
	return false;
}

/* The rule as text without its head, with only the actions in ${acts}. */
static const char *
rule_text(struct fixer *f, const struct ipt_table *t, const struct ph_rule *r,
    const struct ph_act *acts, size_t n)
{
	struct ipt_writer w = {
		.mem = f->mem, .diags = f->diags, .priv = f->edit.priv,
		.family = t->family, .ok = true,
	};
	struct ph_rule copy = *r;
	struct ph_buf b;

	copy.acts = acts;
	copy.n_acts = (uint16_t)n;
	ph_buf_init(&b, f->mem);
	ph_ipt_write_rule(&w, "", &copy, &b);
	f->ok &= w.ok;
	return b.len == 0 ? "\n" : b.s;
}

/* The actions of a rule but one, written by their meaning. */
static size_t
other_acts(const struct ph_rule *r, enum ph_act_kind kind, struct ph_act *out)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_acts; i++) {
		if (r->acts[i].kind == kind || r->acts[i].kind == PH_ACT_NOTE)
			continue;
		out[n] = r->acts[i];
		out[n++].at = (struct ph_span){ 0 };
	}
	return n;
}

/* Take out the rule with the action ${kind} at ${x}->cause; what else it does stays. */
static bool
take_rule(struct fixer *f, const struct ph_fix *x, enum ph_act_kind kind)
{
	struct ipt_table *t;
	struct ipt_chain *c;
	struct ph_act *rest;
	size_t index, n;

	if (seen_cause(f, x))
		return true;
	if (!ph_ipt_edit_rule_at(&f->edit, IPT_RAW, x->cause, &t, &c, &index))
		return cannot(f, x->cause, "the rule that does this is not in the text");
	rest = ph_arena_array(f->mem, c->out->rules[index].n_acts, sizeof(*rest));
	n = other_acts(&c->out->rules[index], kind, rest);
	if (n > 0)
		ph_ipt_edit_insert(&f->edit, t, c, index,
		    rule_text(f, t, &c->out->rules[index], rest, n));
	ph_ipt_edit_remove(&f->edit, t, c, index, rule_text(f, t, &c->out->rules[index],
	    c->out->rules[index].acts, c->out->rules[index].n_acts));
	return true;
}

/* Would passing by the rest of the chain skip anything but switching tracking off? */
static bool
rest_matters(const struct ph_chain *c, size_t from)
{
	for (size_t i = from; i < c->n; i++)
		for (size_t k = 0; k < c->rules[i].n_acts; k++)
			if (c->rules[i].acts[k].kind != PH_ACT_NOTRACK &&
			    c->rules[i].acts[k].kind != PH_ACT_NOTE &&
			    c->rules[i].acts[k].kind != PH_ACT_ACCEPT)
				return true;
	return false;
}

static struct ph_cube
reversed(const struct ph_cube *c)
{
	struct ph_cube r = *c;

	r.d[PH_SRC] = c->d[PH_DST];
	r.d[PH_DST] = c->d[PH_SRC];
	r.d[PH_SPORT] = c->d[PH_DPORT];
	r.d[PH_DPORT] = c->d[PH_SPORT];
	r.d[PH_IIF] = c->d[PH_OIF];
	r.d[PH_OIF] = c->d[PH_IIF];
	return r;
}

/* Can the rule meet packets of the cube? */
static bool
may_meet(const struct ph_rule *r, const struct ph_cube *c)
{
	for (size_t i = 0; i < r->n_conds; i++) {
		const struct ph_cond *k = &r->conds[i];

		if (k->kind == PH_COND_RANGES && !k->neg && k->dim <= PH_PROTO &&
		    !ph_ranges_overlap(k->ranges, c->d[k->dim]))
			return false;
	}
	return true;
}

static bool
track(struct fixer *f, const struct ph_fix *x)
{
	static const struct ph_act leave = { .kind = PH_ACT_RETURN };
	struct ph_cube way[2] = { x->cube, reversed(&x->cube) };
	struct ipt_table *t;
	struct ipt_chain *c;
	size_t index;

	if (!ph_ipt_edit_rule_at(&f->edit, IPT_RAW, x->cause, &t, &c, &index))
		return cannot(f, x->cause, "the rule that does this is not in the text");
	if (rest_matters(c->out, index))
		return take_rule(f, x, PH_ACT_NOTRACK);
	for (int i = 0; i < 2; i++) {
		way[i].d[PH_IIF] = way[i].d[PH_OIF] = NULL;
		if (may_meet(&c->out->rules[index], &way[i]))
			ph_ipt_edit_insert(&f->edit, t, c, index,
			    lines_for(f, x, &way[i], t->family, &leave));
	}
	return true;
}

static bool
apply(struct fixer *f, const struct ph_fix *x)
{
	switch (x->kind) {
	case PH_FIX_PERMIT:
		return permit(f, x);
	case PH_FIX_TIMER:
		return timer(f, x);
	case PH_FIX_NO_HELPER:
		return take_rule(f, x, PH_ACT_HELPER);
	case PH_FIX_TRACK:
		return track(f, x);
	}
	return cannot(f, x->cause, "this change has no form in iptables");
}

/* Sets that the new rules refer to come before them. */
static void
add_sets(struct fixer *f)
{
	struct ph_buf b;

	ph_buf_init(&b, f->mem);
	ph_ipt_opening_sets(&f->opening, &b, "");
	for (const char *p = b.s; p != NULL && *p != '\0'; ) {
		const char *nl = strchr(p, '\n');
		const char *line = ph_arena_dup(f->mem, p, (size_t)(nl - p));
		const char *undo = strncmp(line, "create ", 7) == 0 ?
		    ph_arena_printf(f->mem, "destroy %.*s", (int)strcspn(line + 7, " "),
		    line + 7) : ph_arena_printf(f->mem, "del%s", line + 3);

		ph_ipt_edit_beside(&f->edit, "ipset", line, undo);
		p = nl + 1;
	}
}

bool
ph_ipt_fix(struct ph_arena *mem, struct ph_diags *d, struct ph_ruleset *rs,
    const struct ph_fix *v, size_t n, struct ph_fix_text *out)
{
	struct fixer f = { .mem = mem, .diags = d, .done = v, .ok = true };
	struct ph_buf commands;

	ph_buf_init(&commands, mem);
	ph_ipt_edit_init(&f.edit, mem, rs, out);
	ph_ipt_opening_init(&f.opening, mem, d);
	for (size_t i = 0; i < n; i++) {
		f.n_done = i;
		apply(&f, &v[i]);
	}
	if (f.opening.sets != NULL) {
		/* their commands go first */
		struct ph_buf rules = out->commands, back = f.edit.back;

		out->commands = commands;
		ph_buf_init(&f.edit.back, mem);
		add_sets(&f);
		ph_buf_add(&out->commands, rules.s, rules.len);
		ph_buf_add(&back, f.edit.back.s, f.edit.back.len);
		f.edit.back = back;
	}
	ph_ipt_edit_finish(&f.edit);
	return f.ok && !f.opening.bad;
}
