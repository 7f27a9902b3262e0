/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "check/check.h"

/* The audit's word on a measured flow; NULL when there is none. */
static const struct ph_flow *
judged(const struct ph_audit *a, const struct ph_requirement *q)
{
	for (size_t i = 0; i < a->n_flows; i++)
		if (a->flows[i].req == q)
			return &a->flows[i];
	return NULL;
}

static bool
of_family(const struct ph_part *p, bool v6)
{
	const struct ph_ranges *dst = p->cube.d[PH_DST];
	struct ph_range f = v6 ? PH_ANY_V6 : PH_ANY_V4;

	for (size_t i = 0; dst != NULL && i < dst->n; i++)
		if (dst->r[i].lo <= f.hi && dst->r[i].hi >= f.lo)
			return true;
	return dst == NULL;
}

/* Ports that were seen to work, or not to. */
static const struct ph_ranges *
seen(struct ph_arena *mem, const struct ph_measured *m, bool open)
{
	const struct ph_ranges *all = ph_ranges_none();

	for (size_t i = 0; i < m->n; i++)
		if (open ? m->v[i].verdict == PH_OPEN : m->v[i].by_host)
			all = ph_ranges_union(mem, all, m->v[i].ports);
	return all;
}

static const char *
rule(struct ph_arena *mem, const struct ph_part *p)
{
	struct ph_place at;
	const char *line;
	size_t n;

	if (p->by.src == NULL)
		return "no rule of this computer's own firewall allows it";
	at = ph_src_locate(p->by);
	line = at.line;
	n = at.line_len;
	while (n > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		n--;
	}
	return ph_arena_printf(mem, "this computer's own firewall: %.*s", (int)(n < 120 ? n : 120),
	    line);
}

/* What the flow was made of, without its untested rest, and one part more. */
static void
add(struct ph_arena *mem, struct ph_measured *m, const struct ph_ranges *ports, const char *why)
{
	struct ph_observed *v = ph_arena_array(mem, m->n + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct ph_ranges *rest = ph_ranges_subtract(mem, m->v[i].ports, ports);

		if (m->v[i].verdict == PH_OPEN || m->v[i].verdict == PH_BLOCKED)
			rest = m->v[i].ports;
		if (ph_ranges_empty(rest))
			continue;
		v[n] = m->v[i];
		v[n++].ports = rest;
	}
	v[n++] = (struct ph_observed){
		.ports = ports, .verdict = PH_BLOCKED, .by_host = true, .why = why,
	};
	m->v = v;
	m->n = n;
}

/* What was refused here is refused by that rule. */
static void
name_rule(struct ph_measured *m, const struct ph_ranges *ports,
    const char *why)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].by_host && m->v[i].verdict == PH_BLOCKED &&
		    ph_ranges_subset(m->v[i].ports, ports))
			m->v[i].why = why;
}

static void
look(struct ph_arena *mem, const struct ph_flow *f, struct ph_measured *m, enum ph_owner *owner)
{
	const struct ph_ranges *ports = ph_ranges_none(), *usable = ph_ranges_one(mem, 0, 65535);
	const struct ph_part *first = NULL;

	for (size_t i = 0; i < f->n_parts; i++) {
		if (f->parts[i].verdict != PH_BLOCKED || !of_family(&f->parts[i], m->v6))
			continue;
		first = first == NULL ? &f->parts[i] : first;
		ports = ph_ranges_union(mem, ports, ph_ranges_intersect(mem, usable,
		    f->parts[i].cube.d[PH_DPORT]));
	}
	if (first != NULL)
		name_rule(m, ports, rule(mem, first));
	ports = ph_ranges_subtract(mem, ports, seen(mem, m, true));
	ports = ph_ranges_subtract(mem, ports, seen(mem, m, false));
	if (first == NULL || ph_ranges_empty(ports))
		return;
	add(mem, m, ports, rule(mem, first));
	*owner = PH_OWNER_HOST;
}

void
ph_check_own_rules(struct ph_arena *mem, struct ph_check *c)
{
	for (size_t i = 0; i < c->r.n_flows; i++) {
		struct ph_measured *m = &c->r.flows[i];
		const struct ph_flow *f = judged(c->own.audit, m->req);

		if (f != NULL && (m->counts || m->req->direction == PH_OUT))
			look(mem, f, m, &c->owners[i]);
	}
}
