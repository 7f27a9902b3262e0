/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/asa/read.h"
#include "net/names.h"

/*
 * Inspections and timers as one chain on the SERVICE hook.  The device lets the
 * first class of a policy that matches decide each feature; here the last action
 * counts, so classes are written in reverse order.
 */

/* Where each inspection listens by default; port 0 ends a row. */
static const struct {
	const char *inspect, *what, *helper;
	uint8_t proto;
	uint16_t lo, hi;
} defaults[] = {
	{ "sip", "", "sip", PH_UDP, 5060, 5060 },
	{ "sip", "", "sip", PH_TCP, 5060, 5060 },
	{ "h323", "h225", "h323", PH_TCP, 1720, 1720 },
	{ "h323", "ras", "h323", PH_UDP, 1718, 1719 },
	{ "skinny", "", "skinny", PH_TCP, 2000, 2000 },
	{ "rtsp", "", "rtsp", PH_TCP, 554, 554 },
	{ "ftp", "", "ftp", PH_TCP, 21, 21 },
};

static bool
is_what(struct ph_str given, const char *what)
{
	return *what == '\0' || given.len == 0 || ph_str_eq(given, what) ||
	    (!ph_str_eq(given, "h225") && !ph_str_eq(given, "ras"));
}

bool
ph_asa_inspects(const struct ph_asa *a, const char *what)
{
	for (const struct ph_asa_service *s = a->services; s != NULL; s = s->next) {
		const struct ph_asa_policy *p =
		    ph_map_find(&a->policies, s->policy.s, s->policy.len);

		for (const struct ph_asa_action *x = p == NULL ? NULL : p->actions; x != NULL;
		    x = x->next)
			if (ph_str_eq(x->inspect, what))
				return true;
	}
	return false;
}

static struct ph_act
helper(const char *name, struct ph_span at)
{
	return (struct ph_act){ .kind = PH_ACT_HELPER, .at = at, .text = name };
}

/* An inspection on its default ports, within ${where}. */
static void
on_default_ports(struct ph_asa *a, struct ph_chain *c, const struct ph_asa_rule *where,
    const struct ph_asa_action *x)
{
	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++) {
		struct ph_asa_rule r = *where;

		if (!ph_str_eq(x->inspect, defaults[i].inspect) ||
		    !is_what(x->what, defaults[i].what))
			continue;
		if (ph_str_eq(x->what, "udp") && defaults[i].proto != PH_UDP)
			continue;
		ph_asa_cond(&r, PH_PROTO,
		    ph_ranges_one(a->mem, defaults[i].proto, defaults[i].proto), x->at);
		ph_asa_cond(&r, PH_DPORT,
		    ph_ranges_one(a->mem, defaults[i].lo, defaults[i].hi), x->at);
		ph_asa_rule_add(a, c, &r, helper(defaults[i].helper, x->at), x->at, false);
	}
}

static const char *
helper_name(struct ph_asa *a, const struct ph_asa_action *x)
{
	return ph_arena_dup(a->mem, x->inspect.s, x->inspect.len);
}

static struct ph_act
action_of(struct ph_asa *a, const struct ph_asa_action *x)
{
	static const enum ph_timer all[] = {
		PH_TIMER_TCP, PH_TIMER_UDP, PH_TIMER_UDP_UNREPLIED,
	};
	struct ph_timeout *t;

	if (x->inspect.len > 0)
		return helper(helper_name(a, x), x->at);
	t = PH_NEW(a->mem, struct ph_timeout);
	t->name = ph_arena_dup(a->mem, x->class.s, x->class.len);
	t->at = x->at;
	for (size_t i = 0; i < (ph_str_eq(x->what, "tcp") ? 1 : 3); i++)
		t->t[all[i]] = (struct ph_timer_value){ .set = true, .s = x->idle_s, .at = x->at };
	return (struct ph_act){ .kind = PH_ACT_TIMEOUT, .at = x->at, .timeout = t };
}

/* A chain that does ${act} to what the list permits; deny leaves the class. */
static void
by_list(struct ph_asa *a, struct ph_chain *c, const struct ph_asa_rule *where,
    const struct ph_asa_class *class, const struct ph_asa_action *x)
{
	const struct ph_asa_list *list = ph_map_find(&a->lists, class->list.s, class->list.len);
	struct ph_act act = action_of(a, x);
	struct ph_chain *sub;

	if (list == NULL || list->chain == NULL) {
		ph_diag(a->diags, PH_WARN, "undefined-object", class->list_at,
		    "list \"%.*s\" is not defined", (int)class->list.len, class->list.s);
		return;
	}
	sub = ph_ruleset_chain(a->mem, a->rs, NULL, ph_arena_printf(a->mem, "(class %.*s)",
	    (int)class->name.len, class->name.s), class->at);
	for (size_t i = 0; i < list->chain->n; i++) {
		const struct ph_rule *line = &list->chain->rules[i];
		struct ph_rule *r = ph_chain_add(a->mem, sub);
		struct ph_act *v = ph_arena_array(a->mem, 2, sizeof(*v));

		*r = *line;
		v[0] = act;
		v[1] = (struct ph_act){ .kind = PH_ACT_RETURN };
		r->acts = line->acts[0].kind == PH_ACT_ACCEPT ? v : v + 1;
		r->n_acts = line->acts[0].kind == PH_ACT_ACCEPT ? 2 : 1;
		r->at = x->at;
	}
	ph_asa_rule_add(a, c, where, (struct ph_act){ .kind = PH_ACT_JUMP, .chain = sub },
	    x->at, true);
}

static void
by_ports(struct ph_asa *a, struct ph_chain *c, const struct ph_asa_rule *where,
    const struct ph_asa_class *class, const struct ph_asa_action *x)
{
	struct ph_asa_rule r = *where;

	r.c[r.n++] = (struct ph_cond){
		.kind = PH_COND_TUPLES, .at = class->at, .tuples = &class->ports,
	};
	ph_asa_rule_add(a, c, &r, action_of(a, x), x->at, false);
}

static void
by_class(struct ph_asa *a, struct ph_chain *c, const struct ph_asa_rule *where,
    const struct ph_asa_action *x)
{
	const struct ph_asa_class *class = ph_map_find(&a->classes, x->class.s, x->class.len);
	struct ph_asa_rule r = *where;

	if (class == NULL) {
		if (ph_str_eq(x->class, "class-default"))
			ph_asa_rule_add(a, c, where, action_of(a, x), x->at, false);
		else if (ph_str_eq(x->class, "inspection_default"))
			on_default_ports(a, c, where, x);
		else
			ph_diag(a->diags, PH_WARN, "undefined-class", x->class_at,
			    "class \"%.*s\" is not defined", (int)x->class.len, x->class.s);
		return;
	}
	if (class->default_inspection && x->inspect.len > 0) {
		on_default_ports(a, c, where, x);
	} else if (class->list.len > 0) {
		by_list(a, c, where, class, x);
	} else if (class->ports.n > 0) {
		by_ports(a, c, where, class, x);
	} else if (class->any || class->opaque != NULL) {
		if (class->opaque != NULL)
			r.c[r.n++] = (struct ph_cond){
				.kind = PH_COND_OPAQUE, .at = class->at, .text = class->opaque,
			};
		ph_asa_rule_add(a, c, &r, action_of(a, x), x->at, false);
	}
}

/* Last action first. */
static void
reversed(struct ph_asa *a, struct ph_chain *c, const struct ph_asa_rule *where,
    const struct ph_asa_policy *p)
{
	const struct ph_asa_action **v = NULL;
	size_t n = 0, cap = 0;

	for (const struct ph_asa_action *x = p->actions; x != NULL; x = x->next)
		*PH_PUSH(a->mem, v, n, cap) = x;
	while (n > 0)
		by_class(a, c, where, v[--n]);
}

static void
service(struct ph_asa *a, struct ph_chain *c, const struct ph_asa_service *s)
{
	const struct ph_asa_policy *p = ph_map_find(&a->policies, s->policy.s, s->policy.len);
	struct ph_asa_rule in = { .n = 0 }, out = { .n = 0 };

	if (p == NULL) {
		ph_diag(a->diags, PH_WARN, "undefined-policy", s->at,
		    "policy \"%.*s\" is not defined", (int)s->policy.len, s->policy.s);
		return;
	}
	ph_asa_cond_iface(a, &in, PH_IIF, s->iface, s->at);
	reversed(a, c, &in, p);
	if (s->iface.len == 0)
		return;
	ph_asa_cond_iface(a, &out, PH_OIF, s->iface, s->at);
	reversed(a, c, &out, p);
}

void
ph_asa_model_policy(struct ph_asa *a)
{
	struct ph_asa_rule all = { .n = 0 };
	struct ph_hook *h;
	struct ph_chain *c;

	if (a->services == NULL && a->fixups == NULL)
		return;
	c = ph_ruleset_chain(a->mem, a->rs, NULL, "(service policy)", (struct ph_span){ 0 });
	h = ph_ruleset_hook(a->mem, a->rs);
	*h = (struct ph_hook){
		.point = PH_SERVICE, .families = PH_FAMILY_4 | PH_FAMILY_6, .chain = c,
		.policy = PH_ACT_ACCEPT,
	};
	/* a policy on an interface goes before the global one, so it is written later */
	for (int own = 0; own < 2; own++)
		for (const struct ph_asa_service *s = a->services; s != NULL; s = s->next)
			if ((s->iface.len > 0) == (own == 1))
				service(a, c, s);
	for (const struct ph_asa_action *x = a->fixups; x != NULL; x = x->next)
		on_default_ports(a, c, &all, x);
}
