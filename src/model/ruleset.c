/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "model/ruleset.h"

void
ph_ruleset_init(struct ph_ruleset *rs, const struct ph_dialect *d,
    struct ph_src *src)
{
	static const struct ph_timeout no_timers;

	*rs = (struct ph_ruleset){
		.dialect = d, .src = src, .timers = &no_timers,
	};
	rs->chains_tail = &rs->chains;
	rs->ifaces_tail = &rs->ifaces;
}

struct ph_chain *
ph_ruleset_chain(struct ph_arena *mem, struct ph_ruleset *rs,
    const char *table, const char *name, struct ph_span at)
{
	struct ph_chain *c = PH_NEW(mem, struct ph_chain);

	c->table = table;
	c->name = name;
	c->at = at;
	*rs->chains_tail = c;
	rs->chains_tail = &c->next;
	return c;
}

struct ph_hook *
ph_ruleset_hook(struct ph_arena *mem, struct ph_ruleset *rs)
{
	return PH_PUSH(mem, rs->hooks, rs->n_hooks, rs->cap_hooks);
}

struct ph_iface *
ph_ruleset_iface(struct ph_arena *mem, struct ph_ruleset *rs, struct ph_str name)
{
	struct ph_iface *i;

	for (i = rs->ifaces; i != NULL; i = i->next)
		if (ph_str_eq(name, i->name))
			return i;
	i = PH_NEW(mem, struct ph_iface);
	i->name = ph_arena_dup(mem, name.s, name.len);
	i->level = -1;
	*rs->ifaces_tail = i;
	rs->ifaces_tail = &i->next;
	return i;
}

void
ph_ruleset_gap(struct ph_arena *mem, struct ph_ruleset *rs, struct ph_span at,
    const char *why)
{
	struct ph_gap *g = PH_NEW(mem, struct ph_gap);

	g->at = at;
	g->why = why;
	g->next = rs->gaps;
	rs->gaps = g;
}

void
ph_ruleset_merge(struct ph_arena *mem, struct ph_ruleset *rs,
    const struct ph_ruleset *more)
{
	if (more->chains != NULL) {
		*rs->chains_tail = more->chains;
		rs->chains_tail = more->chains_tail;
	}
	for (size_t i = 0; i < more->n_hooks; i++)
		*ph_ruleset_hook(mem, rs) = more->hooks[i];
	for (const struct ph_gap *g = more->gaps; g != NULL; g = g->next)
		ph_ruleset_gap(mem, rs, g->at, g->why);
	for (const struct ph_iface *i = more->ifaces; i != NULL; i = i->next)
		ph_ruleset_iface(mem, rs, ph_str(i->name));
}

struct ph_rule *
ph_chain_add(struct ph_arena *mem, struct ph_chain *c)
{
	return PH_PUSH(mem, c->rules, c->n, c->cap);
}

const char *
ph_timer_name(enum ph_timer t)
{
	static const char *const name[PH_NTIMERS] = {
		[PH_TIMER_UDP_UNREPLIED] = "udp-unreplied",
		[PH_TIMER_UDP] = "udp",
		[PH_TIMER_TCP] = "tcp",
		[PH_TIMER_SIP] = "sip",
		[PH_TIMER_SIP_MEDIA] = "sip-media",
		[PH_TIMER_H323] = "h323",
		[PH_TIMER_H225] = "h225",
		[PH_TIMER_XLATE] = "xlate",
		[PH_TIMER_FLOWTABLE_UDP] = "flowtable-udp",
		[PH_TIMER_FLOWTABLE_TCP] = "flowtable-tcp",
	};

	return name[t];
}
