/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/asa/read.h"
#include "net/names.h"

/*
 * DOC: A security appliance as hooks and chains
 *
 *	FORWARD  -100	destinations translated back (8.3 and later)
 *	FORWARD     0	the list bound to the interface a packet comes in on, then
 *			the global one; where neither is, security levels
 *	FORWARD     5	destinations translated back (before 8.3)
 *	FORWARD    10	the list bound to the interface it leaves by
 *	FORWARD    20	translation that only works the other way
 *	SERVICE		inspection and timers
 *	POSTROUTING	sources translated
 *
 * A list ends with an implicit deny.  Connections that exist pass all lists;
 * rules for what the device does by itself are implicit and stand at the line
 * that causes it.
 */

void
ph_asa_cond(struct ph_asa_rule *r, enum ph_dim d, const struct ph_ranges *v,
    struct ph_span at)
{
	if (v != NULL)
		r->c[r->n++] = (struct ph_cond){
			.kind = PH_COND_RANGES, .dim = d, .at = at, .ranges = v,
		};
}

void
ph_asa_cond_iface(struct ph_asa *a, struct ph_asa_rule *r, enum ph_dim d,
    struct ph_str name, struct ph_span at)
{
	ph_u128 v = ph_iface_encode(name);

	if (name.len > 0)
		ph_asa_cond(r, d, ph_ranges_one(a->mem, v, v), at);
}

void
ph_asa_cond_addrs(struct ph_asa_rule *r, enum ph_dim d, const struct ph_asa_addrs *v,
    struct ph_span at)
{
	if (v->opaque != NULL)
		r->c[r->n++] = (struct ph_cond){
			.kind = PH_COND_OPAQUE, .at = at, .text = v->opaque,
		};
	else if (v->mask != NULL)
		r->c[r->n++] = (struct ph_cond){
			.kind = PH_COND_MASK, .dim = d, .at = at, .masked = v->mask,
		};
	else
		ph_asa_cond(r, d, v->ranges, at);
}

/* Most rules just permit or deny: those actions are shared. */
static const struct ph_act *
act_of(struct ph_asa *a, struct ph_act act)
{
	static const struct ph_act accept = { .kind = PH_ACT_ACCEPT };
	static const struct ph_act drop = { .kind = PH_ACT_DROP };
	struct ph_act *v;

	if (act.kind == PH_ACT_ACCEPT)
		return &accept;
	if (act.kind == PH_ACT_DROP)
		return &drop;
	v = PH_NEW(a->mem, struct ph_act);
	*v = act;
	return v;
}

struct ph_rule *
ph_asa_rule_add(struct ph_asa *a, struct ph_chain *c, const struct ph_asa_rule *r,
    struct ph_act act, struct ph_span at, bool implicit)
{
	struct ph_rule *rule = ph_chain_add(a->mem, c);
	struct ph_cond *conds = ph_arena_array(a->mem, r->n, sizeof(*conds));

	memcpy(conds, r->c, r->n * sizeof(*conds));
	*rule = (struct ph_rule){
		.at = at, .conds = conds, .n_conds = (uint16_t)r->n,
		.acts = act_of(a, act), .n_acts = 1, .implicit = implicit,
	};
	return rule;
}

static struct ph_chain *
base(struct ph_asa *a, const char *name, int priority, enum ph_act_kind policy)
{
	struct ph_hook *h = ph_ruleset_hook(a->mem, a->rs);
	struct ph_chain *c = ph_ruleset_chain(a->mem, a->rs, NULL, name,
	    (struct ph_span){ 0 });

	*h = (struct ph_hook){
		.point = PH_FORWARD, .priority = priority,
		.families = PH_FAMILY_4 | PH_FAMILY_6, .chain = c, .policy = policy,
	};
	return c;
}

static void
accept_known(struct ph_asa *a, struct ph_chain *c)
{
	struct ph_range protos[] = {
		{ 0, PH_ICMP - 1 }, { PH_ICMP + 1, PH_ICMPV6 - 1 }, { PH_ICMPV6 + 1, 255 },
	};
	struct ph_asa_rule r = { .n = 0 };

	ph_asa_cond(&r, PH_STATE, ph_ranges_one(a->mem, PH_EST_ORIG, PH_REL_REPLY),
	    (struct ph_span){ 0 });
	/* answers to ICMP pass only where it is inspected */
	if (!ph_asa_inspects(a, "icmp"))
		ph_asa_cond(&r, PH_PROTO, ph_ranges_from(a->mem, protos, 3), (struct ph_span){ 0 });
	ph_asa_rule_add(a, c, &r, (struct ph_act){ .kind = PH_ACT_ACCEPT },
	    (struct ph_span){ 0 }, true);
}

static const struct ph_asa_bind *
bound(const struct ph_asa *a, const char *iface, bool out)
{
	const struct ph_asa_bind *last = NULL;

	for (const struct ph_asa_bind *b = a->binds; b != NULL; b = b->next)
		if (b->out == out && (iface == NULL ? b->iface.len == 0 :
		    b->iface.len > 0 && ph_str_eq(b->iface, iface)))
			last = b;
	return last;
}

static struct ph_act
jump(const struct ph_asa_bind *b)
{
	if (b->list->n == 0)
		return (struct ph_act){ .kind = PH_ACT_OPAQUE, .at = b->at,
			.text = "the access list is not in this file" };
	return (struct ph_act){ .kind = PH_ACT_JUMP, .at = b->at, .chain = b->list->chain };
}

/* Everything that leaves by an interface less secure, or as secure. */
static void
level_rules(struct ph_asa *a, struct ph_chain *c, const struct ph_iface *in)
{
	struct ph_range *v = NULL;
	size_t n = 0, cap = 0;
	struct ph_asa_rule r = { .n = 0 };

	for (const struct ph_iface *o = a->rs->ifaces; o != NULL; o = o->next) {
		ph_u128 id = ph_iface_encode(ph_str(o->name));
		bool pass = o == in ? a->same_intra :
		    o->level < in->level || (o->level == in->level && a->same_inter);

		if (pass)
			*PH_PUSH(a->mem, v, n, cap) = (struct ph_range){ id, id };
	}
	ph_asa_cond_iface(a, &r, PH_IIF, ph_str(in->name), in->at);
	ph_asa_cond(&r, PH_OIF, n == 0 ? ph_ranges_none() : ph_ranges_from(a->mem, v, n),
	    in->at);
	ph_asa_rule_add(a, c, &r, (struct ph_act){ .kind = PH_ACT_ACCEPT }, in->at, true);
}

/* The list of one interface, the global one, or levels; then the implicit deny. */
static void
iface_rules(struct ph_asa *a, struct ph_chain *c, const struct ph_iface *i)
{
	const struct ph_asa_bind *own = bound(a, i->name, false);
	const struct ph_asa_bind *global = bound(a, NULL, false);
	struct ph_span at = i->at;
	struct ph_asa_rule r = { .n = 0 };

	ph_asa_cond_iface(a, &r, PH_IIF, ph_str(i->name), i->at);
	if (own != NULL) {
		at = own->at;
		ph_asa_rule_add(a, c, &r, jump(own), own->at, true);
	}
	if (global != NULL) {
		at = own != NULL ? at : global->at;
		ph_asa_rule_add(a, c, &r, jump(global), global->at, true);
	}
	if (own == NULL && global == NULL && i->level >= 0)
		level_rules(a, c, i);
	if (own == NULL && global == NULL && i->level < 0)
		ph_asa_rule_add(a, c, &r, (struct ph_act){ .kind = PH_ACT_OPAQUE,
		    .text = "neither a list nor a security level is known for this interface" },
		    at, true);
	ph_asa_rule_add(a, c, &r, (struct ph_act){ .kind = PH_ACT_DROP }, at, true);
}

/* Lists that nothing binds say nothing about any packet. */
static bool
nothing_bound(struct ph_asa *a, struct ph_chain *c)
{
	struct ph_asa_rule r = { .n = 0 };
	struct ph_span at = { a->src, 0, 0 };

	if (a->rs->ifaces != NULL || a->binds != NULL)
		return false;
	if (a->list_list != NULL && a->list_list->chain != NULL)
		at = a->list_list->chain->at;
	ph_asa_rule_add(a, c, &r, (struct ph_act){ .kind = PH_ACT_OPAQUE, .at = at,
	    .text = "no interface and no access-group is in this file, so nothing says "
	    "which list applies" }, at, true);
	return true;
}

static void
ingress(struct ph_asa *a)
{
	struct ph_chain *c = base(a, "(in)", 0, PH_ACT_DROP);

	accept_known(a, c);
	if (nothing_bound(a, c))
		return;
	for (const struct ph_iface *i = a->rs->ifaces; i != NULL; i = i->next)
		iface_rules(a, c, i);
	if (bound(a, NULL, false) != NULL) {
		struct ph_asa_rule r = { .n = 0 };

		ph_asa_rule_add(a, c, &r, jump(bound(a, NULL, false)),
		    bound(a, NULL, false)->at, true);
	}
}

static void
egress(struct ph_asa *a)
{
	struct ph_chain *c = NULL;

	for (const struct ph_iface *i = a->rs->ifaces; i != NULL; i = i->next) {
		const struct ph_asa_bind *b = bound(a, i->name, true);
		struct ph_asa_rule r = { .n = 0 };

		if (b == NULL)
			continue;
		if (c == NULL) {
			c = base(a, "(out)", 10, PH_ACT_ACCEPT);
			accept_known(a, c);
		}
		ph_asa_cond_iface(a, &r, PH_OIF, ph_str(i->name), b->at);
		ph_asa_rule_add(a, c, &r, jump(b), b->at, true);
		ph_asa_rule_add(a, c, &r, (struct ph_act){ .kind = PH_ACT_DROP }, b->at, true);
	}
}

static void
check_list(struct ph_asa *a, const struct ph_asa_bind *b)
{
	const char **names = NULL, *near;
	size_t n = 0, cap = 0;

	if (b->list->n > 0)
		return;
	for (const struct ph_asa_list *l = a->list_list; l != NULL; l = l->next)
		if (l->n > 0)
			*PH_PUSH(a->mem, names, n, cap) =
			    ph_arena_dup(a->mem, l->name.s, l->name.len);
	near = ph_str_nearest(b->list->name, names, n);
	ph_diag(a->diags, PH_WARN, "undefined-list", b->list_at,
	    "list \"%.*s\" is not defined%s%s%s", (int)b->list->name.len, b->list->name.s,
	    near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
	    near == NULL ? "" : "\"?");
}

/* Where interfaces have names at all, a list is bound to one of them. */
static void
check_iface(struct ph_asa *a, const struct ph_asa_bind *b)
{
	const char **names = NULL, *near;
	size_t n = 0, cap = 0;

	for (const struct ph_iface *i = a->rs->ifaces; i != NULL; i = i->next) {
		if (i->device != NULL)
			*PH_PUSH(a->mem, names, n, cap) = i->name;
		if (i->device != NULL && ph_str_eq(b->iface, i->name))
			return;
	}
	if (n == 0 || b->iface.len == 0)
		return;
	near = ph_str_nearest(b->iface, names, n);
	ph_diag(a->diags, PH_WARN, "undefined-interface", b->iface_at,
	    "no interface has the name \"%.*s\"%s%s%s", (int)b->iface.len, b->iface.s,
	    near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
	    near == NULL ? "" : "\"?");
}

void
ph_asa_model(struct ph_asa *a)
{
	for (const struct ph_asa_bind *b = a->binds; b != NULL; b = b->next) {
		check_list(a, b);
		check_iface(a, b);
	}
	a->rs->stateful = true;
	ingress(a);
	egress(a);
	ph_asa_model_nat(a);
	ph_asa_model_policy(a);
}
