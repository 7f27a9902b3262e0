/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "dialect/asa/read.h"

struct chains {
	struct ph_chain *back, *check, *forth;
};

static struct ph_chain *
nat_base(struct ph_asa *a, const char *name, enum ph_hook_point point,
    enum ph_hook_kind kind, int priority)
{
	struct ph_hook *h = ph_ruleset_hook(a->mem, a->rs);

	*h = (struct ph_hook){
		.point = point, .kind = kind, .priority = priority,
		.families = PH_FAMILY_4 | PH_FAMILY_6, .policy = PH_ACT_ACCEPT,
		.chain = ph_ruleset_chain(a->mem, a->rs, NULL, name, (struct ph_span){ 0 }),
	};
	return h->chain;
}

static int
compare(const void *x, const void *y)
{
	const struct ph_asa_nat *p = *(const struct ph_asa_nat *const *)x;
	const struct ph_asa_nat *q = *(const struct ph_asa_nat *const *)y;

	if (p->section != q->section)
		return p->section - q->section;
	if ((p->section == 2 || p->section == 3) && p->prefix != q->prefix)
		return p->prefix > q->prefix ? -1 : 1;
	return p->order - q->order;
}

/* Where a one-to-one mapping is exact; else the address is one of the target's. */
static const struct ph_nat *
target(struct ph_asa *a, const struct ph_asa_addrs *from,
    const struct ph_asa_addrs *to, const struct ph_ranges *port)
{
	struct ph_nat *n = PH_NEW(a->mem, struct ph_nat);
	struct ph_range f, t;

	n->addr = to->ranges;
	n->port = port;
	if (from->ranges == NULL || to->ranges == NULL || from->ranges->n != 1 ||
	    to->ranges->n != 1)
		return n;
	f = from->ranges->r[0];
	t = to->ranges->r[0];
	n->netmap = f.hi - f.lo == t.hi - t.lo && f.lo != f.hi;
	n->from = f;
	return n;
}

static struct ph_act
translate(struct ph_asa *a, const struct ph_asa_nat *n, bool src)
{
	const struct ph_asa_addrs *from = src ? &n->real : &n->mapped;
	const struct ph_asa_addrs *to = src ? &n->mapped : &n->real;
	const struct ph_ranges *port = src ? n->mapped_port : n->real_port;

	if (to->opaque != NULL || to->mask != NULL)
		return (struct ph_act){ .kind = PH_ACT_OPAQUE, .at = n->at,
		    .text = to->opaque != NULL ? to->opaque : "translation by a mask with holes" };
	return (struct ph_act){
		.kind = !src ? PH_ACT_DNAT : n->to_iface ? PH_ACT_MASQUERADE : PH_ACT_SNAT,
		.at = n->at, .nat = target(a, from, to, port),
	};
}

static void
add(struct ph_asa *a, struct ph_chain *c, const struct ph_asa_rule *r,
    struct ph_act act, const struct ph_asa_nat *n)
{
	ph_asa_rule_add(a, c, r, act, n->at, false);
}

/* The addresses of the mapped interface, for "interface". */
static struct ph_asa_addrs
mapped_addrs(const struct ph_asa *a, const struct ph_asa_nat *n)
{
	struct ph_asa_addrs v = n->mapped;

	if (!n->to_iface)
		return v;
	for (const struct ph_iface *i = a->rs->ifaces; i != NULL; i = i->next)
		if (ph_str_eq(n->mapped_if, i->name) && i->addrs != NULL) {
			v.ranges = i->addrs;
			return v;
		}
	v.opaque = "an interface whose address is not in the file";
	return v;
}

/* A packet for a mapped address goes to the real one. */
static void
go_back(struct ph_asa *a, struct ph_chain *c, const struct ph_asa_nat *n)
{
	struct ph_asa_addrs mapped = mapped_addrs(a, n);
	struct ph_asa_rule r = { .n = 0 };

	if (n->dynamic || n->identity || n->only != NULL)
		return;
	ph_asa_cond_iface(a, &r, PH_IIF, n->mapped_if, n->at);
	ph_asa_cond_addrs(&r, PH_DST, &mapped, n->at);
	if (n->has_dst)
		ph_asa_cond_addrs(&r, PH_SRC, &n->dst_real, n->at);
	if (!n->has_dst) {
		ph_asa_cond(&r, PH_PROTO, n->proto, n->at);
		ph_asa_cond(&r, PH_DPORT, n->mapped_port, n->at);
	}
	add(a, c, &r, translate(a, n, false), n);
}

/* Twice NAT: what a packet is addressed to inside is something else outside. */
static void
go_there(struct ph_asa *a, struct ph_chain *c, const struct ph_asa_nat *n)
{
	struct ph_asa_rule r = { .n = 0 };

	if (!n->has_dst || ph_ranges_equal(n->dst_mapped.ranges, n->dst_real.ranges))
		return;
	ph_asa_cond_iface(a, &r, PH_IIF, n->real_if, n->at);
	ph_asa_cond_addrs(&r, PH_SRC, &n->real, n->at);
	ph_asa_cond_addrs(&r, PH_DST, &n->dst_mapped, n->at);
	ph_asa_cond(&r, PH_PROTO, n->proto, n->at);
	add(a, c, &r, (struct ph_act){ .kind = PH_ACT_DNAT, .at = n->at,
	    .nat = target(a, &n->dst_mapped, &n->dst_real, NULL) }, n);
}

static void
real_conds(struct ph_asa *a, struct ph_asa_rule *r, const struct ph_asa_nat *n,
    bool reverse)
{
	ph_asa_cond_iface(a, r, reverse ? PH_OIF : PH_IIF, n->real_if, n->at);
	ph_asa_cond_iface(a, r, reverse ? PH_IIF : PH_OIF, n->mapped_if, n->at);
	ph_asa_cond_addrs(r, reverse ? PH_DST : PH_SRC, &n->real, n->at);
	if (n->has_dst)
		ph_asa_cond_addrs(r, reverse ? PH_SRC : PH_DST, &n->dst_real, n->at);
}

/* One rule for each line of the list that an exemption is written with. */
static void
exempt(struct ph_asa *a, struct ph_chain *c, const struct ph_asa_nat *n, bool reverse)
{
	const struct ph_chain *list = n->only->chain;

	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const struct ph_rule *line = &list->rules[i];
		struct ph_asa_rule r = { .n = 0 };

		ph_asa_cond_iface(a, &r, reverse ? PH_OIF : PH_IIF, n->real_if, n->at);
		for (size_t k = 0; k < line->n_conds && r.n < 15; k++) {
			struct ph_cond cond = line->conds[k];

			if (reverse && (cond.dim == PH_SRC || cond.dim == PH_DST))
				cond.dim = cond.dim == PH_SRC ? PH_DST : PH_SRC;
			r.c[r.n++] = cond;
		}
		add(a, c, &r, (struct ph_act){ .kind = PH_ACT_RETURN }, n);
	}
}

/*
 * The device looks at the reverse flow too: a connection to a real address
 * that would leave translated is refused, unless it came by that translation.
 */
static void
check_reverse(struct ph_asa *a, struct ph_chain *c, const struct ph_asa_nat *n)
{
	struct ph_asa_rule r = { .n = 0 };
	struct ph_act ok = { .kind = PH_ACT_RETURN };

	if (n->only != NULL) {
		exempt(a, c, n, true);
		return;
	}
	if (n->proto != NULL)
		return;			/* only some ports: the others are not its own */
	real_conds(a, &r, n, true);
	if (!n->identity && !n->dynamic) {
		struct ph_asa_rule came = r;

		ph_asa_cond(&came, PH_STATUS, ph_ranges_one(a->mem, PH_STATUS_DNAT, 3), n->at);
		add(a, c, &came, ok, n);
	}
	add(a, c, &r, n->identity ? ok : (struct ph_act){ .kind = PH_ACT_DROP }, n);
}

static void
go_forth(struct ph_asa *a, struct ph_chain *c, const struct ph_asa_nat *n)
{
	struct ph_asa_rule r = { .n = 0 };

	if (n->only != NULL) {
		exempt(a, c, n, false);
		return;
	}
	real_conds(a, &r, n, false);
	if (n->proto != NULL && !n->has_dst) {
		ph_asa_cond(&r, PH_PROTO, n->proto, n->at);
		ph_asa_cond(&r, PH_SPORT, n->real_port, n->at);
	}
	add(a, c, &r, n->identity ? (struct ph_act){ .kind = PH_ACT_RETURN } :
	    translate(a, n, true), n);
}

void
ph_asa_model_nat(struct ph_asa *a)
{
	bool old = ph_asa_old_nat(a);
	const struct ph_asa_nat **v;
	struct chains c;
	size_t n = 0;

	ph_asa_pools_join(a);
	if (a->nats == NULL)
		return;
	v = ph_arena_array(a->mem, (size_t)a->n_nats, sizeof(*v));
	for (const struct ph_asa_nat *x = a->nats; x != NULL; x = x->next)
		if (x->section != 0)
			v[n++] = x;
	qsort(v, n, sizeof(*v), compare);
	c.back = nat_base(a, "(untranslate)", PH_FORWARD, PH_HOOK_NAT, old ? 5 : -100);
	c.check = nat_base(a, "(translation check)", PH_FORWARD, PH_HOOK_FILTER, 20);
	c.forth = nat_base(a, "(translate)", PH_POSTROUTING, PH_HOOK_NAT, PH_PRIO_SRCNAT);
	for (size_t i = 0; i < n; i++) {
		go_back(a, c.back, v[i]);
		go_there(a, c.back, v[i]);
		check_reverse(a, c.check, v[i]);
		go_forth(a, c.forth, v[i]);
	}
}
