/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "dialect/iptables/ipt_read.h"

/*
 * DOC: One rule
 *
 *	command = [ "[" PKTS ":" BYTES "]" ] option*
 *
 * ipt_option.c reads the options one by one.  At the end every module is asked
 * for its conditions or actions, and ipt_command.c carries the command out.
 */

bool
ph_ipt_rule_fail(struct ipt_rule *r, const char *id, struct ph_span at,
    const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ph_diag(r->rd->diags, PH_ERROR, id, at, "%s", text);
	r->failed = true;
	return false;
}

void
ph_ipt_rule_warn(struct ipt_rule *r, const char *id, struct ph_span at,
    const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (r->rd->again)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ph_diag(r->rd->diags, PH_WARN, id, at, "%s", text);
}

const char *
ph_ipt_rule_text(struct ipt_rule *r, struct ph_str s)
{
	return ph_arena_dup(r->rd->mem, s.s, s.len);
}

void
ph_ipt_rule_cond(struct ipt_rule *r, const struct ph_cond *c)
{
	struct ipt_reader *rd = r->rd;

	*PH_PUSH(rd->mem, rd->conds, rd->n_conds, rd->cap_conds) = *c;
}

void
ph_ipt_rule_ranges(struct ipt_rule *r, enum ph_dim dim,
    const struct ph_ranges *v, bool neg, struct ph_span at)
{
	struct ph_cond c = {
		.kind = PH_COND_RANGES, .dim = dim, .neg = neg, .at = at, .ranges = v,
	};

	if (v == NULL && !neg)
		return;
	if (v == NULL) {
		c.ranges = ph_ranges_none();
		c.neg = false;
	}
	ph_ipt_rule_cond(r, &c);
}

void
ph_ipt_rule_one(struct ipt_rule *r, enum ph_dim dim, ph_u128 lo, ph_u128 hi,
    bool neg, struct ph_span at)
{
	ph_ipt_rule_ranges(r, dim, ph_ranges_one(r->rd->mem, lo, hi), neg, at);
}

void
ph_ipt_rule_opaque(struct ipt_rule *r, struct ph_span at, const char *why)
{
	ph_ipt_rule_cond(r, &(struct ph_cond){
		.kind = PH_COND_OPAQUE, .at = at, .text = why,
	});
}

void
ph_ipt_rule_act(struct ipt_rule *r, const struct ph_act *a)
{
	struct ipt_reader *rd = r->rd;

	*PH_PUSH(rd->mem, rd->acts, rd->n_acts, rd->cap_acts) = *a;
}

void
ph_ipt_rule_words(struct ipt_rule *r, struct ph_span at, const char *words)
{
	struct ph_arena *mem = r->rd->mem;
	uint32_t *key = PH_NEW(mem, uint32_t);

	*key = at.off;
	*ph_map_at(mem, &r->rd->priv->words, (const char *)key, sizeof(*key)) =
	    (void *)(uintptr_t)words;
}

struct ipt_use *
ph_ipt_rule_use(struct ipt_rule *r, const char *name)
{
	for (size_t i = 0; i < r->n_uses; i++)
		if (r->uses[i].m != NULL && strcmp(r->uses[i].m->name, name) == 0)
			return &r->uses[i];
	return NULL;
}

/* The protocol, and the family, that a match needs. */
static bool
check_use(struct ipt_rule *r, const struct ipt_use *u)
{
	const struct ipt_module *m = u->m;

	if (m == NULL)
		return true;
	if ((m->flags & IPT_V4) != 0 && r->table->family == PH_FAMILY_6)
		return ph_ipt_rule_fail(r, "wrong-family", u->at,
		    "%s is for IPv4, the table is for IPv6", m->name);
	if ((m->flags & IPT_V6) != 0 && r->table->family == PH_FAMILY_4)
		return ph_ipt_rule_fail(r, "wrong-family", u->at,
		    "%s is for IPv6, the table is for IPv4", m->name);
	if (m->tables != 0 && (m->tables & 1U << r->table->id) == 0)
		return ph_ipt_rule_fail(r, "wrong-table", u->at,
		    "%s has no place in table %s", m->name,
		    ph_ipt_table_name(r->table->id));
	return true;
}

static void
end_unknown(struct ipt_rule *r, struct ipt_use *u)
{
	ph_ipt_rule_words(r, u->at, u->words.s);
	if (u == r->target)
		ph_ipt_rule_act(r, &(struct ph_act){
			.kind = PH_ACT_OPAQUE, .at = u->at,
			.text = "a target that is not known",
		});
	else
		ph_ipt_rule_opaque(r, u->at, "a match that is not known");
}

static bool
end_use(struct ipt_rule *r, struct ipt_use *u)
{
	if (u->m == NULL) {
		end_unknown(r, u);
		return true;
	}
	if (!check_use(r, u))
		return false;
	if (u->words.mem != NULL)
		ph_ipt_rule_words(r, u->at, u->words.s);
	return u->m->end == NULL || u->m->end(r, u);
}

/* Conditions in the order of iptables-save, then the target. */
static bool
end_rule(struct ipt_rule *r)
{
	bool ok = ph_ipt_base_end(r);

	for (size_t i = 0; i < r->n_uses; i++)
		if (&r->uses[i] != r->target)
			ok &= end_use(r, &r->uses[i]);
	return ok && (r->target == NULL || end_use(r, r->target));
}

bool
ph_ipt_rule_read(struct ipt_reader *rd, struct ipt_table *t, size_t from)
{
	struct ipt_rule r;
	bool ok = true;

	/* the uses are set when they are taken */
	memset(&r, 0, offsetof(struct ipt_rule, uses));
	r.rd = rd;
	r.table = t;
	r.at = rd->line.at;
	r.pos = from;
	r.proto = -1;
	rd->n_conds = rd->n_acts = 0;
	while (ok && !r.skip && r.pos < rd->line.n)
		ok = ph_ipt_option_read(&r);
	if (!ok || r.skip)
		return ok;
	if (r.command != 0 && strchr("AIRD", r.command) != NULL &&
	    !(r.command == 'D' && r.number > 0) && !end_rule(&r))
		return false;
	return ph_ipt_command_obey(&r);
}
