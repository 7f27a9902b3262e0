/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/map.h"
#include "dialect/iptables/ipt_emit.h"
#include "dialect/iptables/ipt_lex.h"
#include "dialect/iptables/ipt_set.h"
#include "dialect/iptables/ipt_write.h"

/*
 * DOC: Writing a ruleset
 *
 * As iptables-save and ip6tables-save would print it: a part for each family,
 * in it a block for each table, in it the built-in chains, the user's chains
 * and the rules.  A ruleset of another platform finds its place by the hooks of
 * its base chains.  Sets and timeout policies, which the kernel keeps
 * elsewhere, come first, as "# ipset: " and "# nfct: " lines.
 */

enum { MAX_NAME = 28 };

/* One chain to be written. */
struct slot {
	const struct ph_chain *chain;
	const struct ph_hook *hook;	/* NULL: a user chain */
};

struct sheet {				/* one table of one family */
	struct slot *v;
	size_t n, cap;
	struct ph_map seen;		/* by the chain's name */
};

struct emitter {
	struct ipt_writer w;
	struct ph_arena *mem;
	const struct ph_ruleset *rs;
	struct ph_buf *out;
	struct sheet sheet[IPT_NTABLES];
};

/* The table that a base chain would be in. */
static int
table_for(const struct ph_hook *h)
{
	for (int id = 0; id < IPT_NTABLES; id++) {
		enum ph_hook_kind kind;
		int priority;

		if (h->point > PH_POSTROUTING || ph_ipt_table_point((enum ipt_table_id)id,
		    ph_str(ph_ipt_table_builtin(h->point))) < 0)
			continue;
		ph_ipt_table_hook((enum ipt_table_id)id, h->point, &kind, &priority);
		if ((kind == PH_HOOK_NAT) == (h->kind == PH_HOOK_NAT) &&
		    (kind == PH_HOOK_NAT || h->priority == priority))
			return id;
	}
	return -1;
}

static bool
add_slot(struct emitter *e, struct sheet *s, const struct ph_chain *c,
    const struct ph_hook *h)
{
	const char *name = h == NULL ? c->name : ph_ipt_table_builtin(h->point);
	void **at = ph_map_at(e->mem, &s->seen, name, strlen(name));

	if (*at != NULL) {
		if (*at != c)
			ph_ipt_write_fail(&e->w, c->at, "two chains of one name");
		return false;
	}
	if (strlen(name) > MAX_NAME)
		ph_ipt_write_fail(&e->w, c->at, "so long a name of a chain");
	*at = (void *)(uintptr_t)c;
	*PH_PUSH(e->mem, s->v, s->n, s->cap) = (struct slot){ c, h };
	return true;
}

/* Chains that rules of the sheet jump to, and theirs; the sheet grows on. */
static void
add_reached(struct emitter *e, struct sheet *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct ph_chain *c = s->v[i].chain;

		for (size_t r = 0; r < c->n; r++)
			for (size_t k = 0; k < c->rules[r].n_acts; k++) {
				const struct ph_act *a = &c->rules[r].acts[k];

				if (a->kind == PH_ACT_JUMP || a->kind == PH_ACT_GOTO)
					add_slot(e, s, a->chain, NULL);
			}
	}
}

/* Built-in chains of the sheets, by their hooks. */
static void
add_hooks(struct emitter *e)
{
	for (size_t i = 0; i < e->rs->n_hooks; i++) {
		const struct ph_hook *h = &e->rs->hooks[i];
		int id;

		if ((h->families & e->w.family) == 0 ||
		    (h->chain->n == 1 && h->chain->rules[0].implicit))
			continue;
		id = table_for(h);
		if (id < 0)
			ph_ipt_write_fail(&e->w, h->chain->at, "a base chain of this "
			    "hook and priority");
		else
			add_slot(e, &e->sheet[id], h->chain, h);
	}
}

/* The reader's own tables, with chains that nothing jumps to. */
static void
add_own(struct emitter *e, const struct ipt_priv *priv)
{
	for (int id = 0; id < IPT_NTABLES; id++) {
		const struct ipt_table *t =
		    &priv->table[e->w.family == PH_FAMILY_6][id];

		for (const struct ipt_chain *c = t->first; c != NULL; c = c->next)
			if (c->point < 0)
				add_slot(e, &e->sheet[id], c->out, NULL);
	}
}

static void
write_chain_lines(struct emitter *e, const struct sheet *s, enum ipt_table_id id)
{
	for (int point = 0; point <= PH_POSTROUTING; point++) {
		const char *name = ph_ipt_table_builtin((enum ph_hook_point)point);
		const char *policy = "ACCEPT";

		if (ph_ipt_table_point(id, ph_str(name)) < 0)
			continue;
		for (size_t i = 0; i < s->n; i++)
			if (s->v[i].hook != NULL && (int)s->v[i].hook->point == point &&
			    s->v[i].hook->policy == PH_ACT_DROP)
				policy = "DROP";
		ph_buf_printf(e->out, ":%s %s [0:0]\n", name, policy);
	}
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].hook == NULL)
			ph_buf_printf(e->out, ":%s - [0:0]\n", s->v[i].chain->name);
}

static void
write_rules(struct emitter *e, const struct slot *s)
{
	const char *name = s->hook == NULL ? s->chain->name :
	    ph_ipt_table_builtin(s->hook->point);
	struct ph_buf head;

	ph_buf_init(&head, e->mem);
	ph_buf_puts(&head, "-A ");
	ph_ipt_lex_quote(&head, ph_str(name));
	for (size_t i = 0; i < s->chain->n; i++)
		if (!s->chain->rules[i].implicit)
			ph_ipt_write_rule(&e->w, head.s, &s->chain->rules[i], e->out);
}

static void
write_table(struct emitter *e, enum ipt_table_id id)
{
	struct sheet *s = &e->sheet[id];

	add_reached(e, s);
	if (s->n == 0)
		return;
	ph_buf_printf(e->out, "*%s\n", ph_ipt_table_name(id));
	write_chain_lines(e, s, id);
	for (int point = 0; point <= PH_POSTROUTING; point++)
		for (size_t i = 0; i < s->n; i++)
			if (s->v[i].hook != NULL && (int)s->v[i].hook->point == point)
				write_rules(e, &s->v[i]);
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].hook == NULL)
			write_rules(e, &s->v[i]);
	ph_buf_puts(e->out, "COMMIT\n");
}

/* One family's part; a family that the ruleset does not speak of has none. */
static void
write_family(struct emitter *e, const struct ipt_priv *own)
{
	bool any = false;
	size_t head = e->out->len, begin;

	memset(e->sheet, 0, sizeof(e->sheet));
	add_hooks(e);
	if (own != NULL)
		add_own(e, own);
	for (int id = 0; id < IPT_NTABLES; id++)
		any |= e->sheet[id].n > 0 ||
		    (own != NULL && own->table[e->w.family == PH_FAMILY_6][id].seen);
	if (!any)
		return;
	ph_buf_printf(e->out, "# Generated by %s-save (pinhole)\n",
	    e->w.family == PH_FAMILY_4 ? "iptables" : "ip6tables");
	begin = e->out->len;
	for (int id = 0; id < IPT_NTABLES; id++)
		write_table(e, (enum ipt_table_id)id);
	if (e->out->len == begin && own == NULL) {
		e->out->len = head;
		e->out->s[head] = '\0';
	} else if (e->out->len == begin) {
		ph_buf_puts(e->out, "*filter\n");
		write_chain_lines(e, &e->sheet[IPT_FILTER], IPT_FILTER);
		ph_buf_puts(e->out, "COMMIT\n");
	}
}

/* Policies with timers that are known. */
static void
write_timeouts(struct emitter *e, const struct ipt_priv *own)
{
	static const struct { enum ph_timer t; const char *state; } timers[] = {
		{ PH_TIMER_UDP_UNREPLIED, "unreplied" }, { PH_TIMER_UDP, "replied" },
		{ PH_TIMER_TCP, "established" },
	};

	for (size_t i = 0; i < own->n_timeouts; i++) {
		const struct ph_timeout *t = own->timeout_v[i];

		if (t->proto == 0)
			continue;
		ph_buf_puts(e->out, "# nfct: add timeout ");
		ph_ipt_lex_quote(e->out, ph_str(t->name));
		ph_buf_printf(e->out, " %s %s", t->families == PH_FAMILY_6 ? "inet6" : "inet",
		    t->proto == 6 ? "tcp" : t->proto == 17 ? "udp" : "generic");
		for (size_t k = 0; k < sizeof(timers) / sizeof(*timers); k++)
			if (t->t[timers[k].t].set)
				ph_buf_printf(e->out, " %s %u", timers[k].state,
				    t->t[timers[k].t].s);
		ph_buf_putc(e->out, '\n');
	}
}

static void
write_sets(struct emitter *e, const struct ipt_priv *own)
{
	for (const struct ipt_set *s = own->first_set; s != NULL; s = s->next)
		if (s->used && ph_map_find(&own->sets, s->name, strlen(s->name)) == s)
			ph_ipt_set_emit(e->out, s);
}

bool
ph_ipt_emit(struct ph_arena *mem, struct ph_diags *d, const struct ph_ruleset *rs,
    struct ph_buf *out)
{
	const struct ipt_priv *own = strcmp(rs->dialect->name, "iptables") == 0 ?
	    rs->priv : NULL;
	struct emitter e = {
		.w = { .mem = mem, .diags = d, .priv = own, .ok = true },
		.mem = mem, .rs = rs, .out = out,
	};

	for (const struct ph_gap *g = rs->gaps; g != NULL; g = g->next)
		ph_ipt_write_fail(&e.w, g->at, "what was not understood");
	if (own != NULL) {
		write_sets(&e, own);
		write_timeouts(&e, own);
	}
	for (unsigned f = PH_FAMILY_4; f <= PH_FAMILY_6; f <<= 1) {
		e.w.family = f;
		write_family(&e, own);
	}
	return e.w.ok;
}
