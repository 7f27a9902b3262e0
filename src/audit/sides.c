/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "audit/audit.h"

/*
 * DOC: Which side is inside
 *
 * Taken from the configuration where it tells: networks of interfaces (Cisco
 * addresses and routes), the interface on which the way out is masqueraded,
 * security levels, names that say it.  Otherwise asked for, never guessed.
 */

static const char *const inside_names[] = {
	"inside", "lan", "br-lan", "internal", "trust", "private",
};
static const char *const outside_names[] = {
	"outside", "wan", "pppoe-wan", "external", "untrust", "internet", "public",
};

struct names {
	struct ph_arena *mem;
	const char **v;
	size_t n, cap;
};

static void
names_add(struct names *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i], name) == 0)
			return;
	*PH_PUSH(s->mem, s->v, s->n, s->cap) = name;
}

static bool
names_have(const struct names *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i], name) == 0)
			return true;
	return false;
}

static bool
rule_asks_iface(const struct ph_rule *r)
{
	for (size_t i = 0; i < r->n_conds; i++) {
		const struct ph_cond *c = &r->conds[i];

		if (c->kind == PH_COND_RANGES && (c->dim == PH_IIF || c->dim == PH_OIF))
			return true;
		if (c->kind != PH_COND_TUPLES)
			continue;
		for (size_t t = 0; t < c->tuples->n; t++)
			if (c->tuples->v[t].d[PH_IIF] != NULL ||
			    c->tuples->v[t].d[PH_OIF] != NULL)
				return true;
	}
	return false;
}

static bool
chain_asks_iface(const struct ph_chain *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (rule_asks_iface(&c->rules[i]))
			return true;
	return false;
}

/* Base chains first: they are short and ask most often. */
static bool
asks_ifaces(const struct ph_ruleset *rs)
{
	for (size_t i = 0; i < rs->n_hooks; i++)
		if (chain_asks_iface(rs->hooks[i].chain))
			return true;
	for (const struct ph_chain *c = rs->chains; c != NULL; c = c->next)
		if (chain_asks_iface(c))
			return true;
	return false;
}

/* Interfaces whose networks hold some of ${who}; a default route comes last. */
static void
by_networks(const struct ph_ruleset *rs, const struct ph_ranges *who,
    struct names *out)
{
	for (int wide = 0; wide < 2 && out->n == 0; wide++)
		for (const struct ph_iface *i = rs->ifaces; i != NULL; i = i->next) {
			bool dflt = i->nets != NULL &&
			    (ph_ranges_has(i->nets, PH_V4(0x08080808)) ||
			    ph_ranges_has(i->nets, (ph_u128)0x2001 << 112));

			if (i->nets != NULL && who != NULL && dflt == (wide == 1) &&
			    ph_ranges_overlap(i->nets, who))
				names_add(out, i->name);
		}
}

/* The names a rule gives one dimension, when each is exactly one interface. */
static void
add_cond_names(const struct ph_rule *r, enum ph_dim dim, struct names *out)
{
	char text[17];

	for (size_t i = 0; i < r->n_conds; i++) {
		const struct ph_cond *c = &r->conds[i];

		if (c->kind != PH_COND_RANGES || c->dim != dim || c->neg ||
		    c->ranges == NULL)
			continue;
		for (size_t k = 0; k < c->ranges->n; k++)
			if (c->ranges->r[k].lo == c->ranges->r[k].hi)
				names_add(out, ph_arena_printf(out->mem, "%s",
				    ph_iface_decode(c->ranges->r[k].lo, text)));
	}
}

static bool
masquerades(const struct ph_rule *r)
{
	for (size_t i = 0; i < r->n_acts; i++)
		if (r->acts[i].kind == PH_ACT_MASQUERADE)
			return true;
	return false;
}

/* Where clients are hidden is the way out. */
static void
by_masquerade(const struct ph_ruleset *rs, struct names *outside)
{
	for (const struct ph_chain *c = rs->chains; c != NULL; c = c->next)
		for (size_t i = 0; i < c->n; i++)
			if (masquerades(&c->rules[i]))
				add_cond_names(&c->rules[i], PH_OIF, outside);
}

static void
by_name(const struct ph_ruleset *rs, const char *const *words, size_t n,
    struct names *out)
{
	for (const struct ph_iface *i = rs->ifaces; i != NULL; i = i->next)
		for (size_t w = 0; w < n; w++)
			if (strcasecmp(i->name, words[w]) == 0)
				names_add(out, i->name);
}

/* The highest and the lowest security level, when they differ and are alone. */
static void
by_level(const struct ph_ruleset *rs, bool highest, struct names *out)
{
	const struct ph_iface *best = NULL;
	bool alone = true;

	for (const struct ph_iface *i = rs->ifaces; i != NULL; i = i->next) {
		if (i->level < 0)
			continue;
		if (best != NULL && i->level == best->level)
			alone = false;
		if (best == NULL || (highest ? i->level > best->level :
		    i->level < best->level)) {
			best = i;
			alone = true;
		}
	}
	if (best != NULL && alone)
		names_add(out, best->name);
}

/* Of two interfaces the other one. */
static void
by_elimination(const struct ph_ruleset *rs, const struct names *known,
    struct names *out)
{
	const struct ph_iface *other = NULL;
	size_t n = 0;

	for (const struct ph_iface *i = rs->ifaces; i != NULL; i = i->next) {
		if (strcmp(i->name, "lo") == 0 || names_have(known, i->name))
			continue;
		other = i;
		n++;
	}
	if (known->n > 0 && n == 1)
		names_add(out, other->name);
}

static const char *
list_ifaces(struct ph_arena *mem, const struct ph_ruleset *rs)
{
	struct ph_buf b;

	ph_buf_init(&b, mem);
	for (const struct ph_iface *i = rs->ifaces; i != NULL; i = i->next)
		ph_buf_printf(&b, "%s%s", b.len > 0 ? ", " : "", i->name);
	return b.s;
}

static void
find_outside(const struct ph_ruleset *rs, const struct ph_ranges *far,
    struct names *out)
{
	by_networks(rs, far, out);
	if (out->n == 0)
		by_masquerade(rs, out);
	if (out->n == 0)
		by_name(rs, outside_names, sizeof(outside_names) / sizeof(char *), out);
	if (out->n == 0)
		by_level(rs, false, out);
}

static void
find_inside(const struct ph_ruleset *rs, const struct ph_ranges *clients,
    struct names *out)
{
	by_networks(rs, clients, out);
	if (out->n == 0)
		by_name(rs, inside_names, sizeof(inside_names) / sizeof(char *), out);
	if (out->n == 0)
		by_level(rs, true, out);
}

bool
ph_audit_sides(struct ph_arena *mem, const struct ph_ruleset *rs,
    const struct ph_ranges *clients, const struct ph_ranges *far,
    struct ph_sides *s, const char **why)
{
	struct names in = { .mem = mem }, out = { .mem = mem };

	if (rs->host_only)
		s->host = true;
	for (size_t i = 0; i < s->n_inside; i++)
		names_add(&in, s->inside[i]);
	for (size_t i = 0; i < s->n_outside; i++)
		names_add(&out, s->outside[i]);
	if (s->host || ((in.n == 0 || out.n == 0) && !asks_ifaces(rs)))
		return true;
	if (out.n == 0)
		find_outside(rs, far, &out);
	if (in.n == 0)
		find_inside(rs, clients, &in);
	if (in.n == 0)
		by_elimination(rs, &out, &in);
	if (out.n == 0)
		by_elimination(rs, &in, &out);
	s->inside = in.v;
	s->n_inside = in.n;
	s->outside = out.v;
	s->n_outside = out.n;
	if (in.n > 0 && out.n > 0)
		return true;
	*why = ph_arena_printf(mem, "rules depend on interfaces, and the configuration "
	    "does not tell which is %s; choose from: %s",
	    in.n > 0 ? "outside" : out.n > 0 ? "inside" : "inside and which outside",
	    list_ifaces(mem, rs));
	return false;
}
