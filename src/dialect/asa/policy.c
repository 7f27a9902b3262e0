/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/asa/read.h"
#include "dialect/asa/words.h"
#include "net/names.h"

/*
 * Modular policy: class maps say which connections, policy maps what is done to
 * them, service policies where.
 */

static struct ph_asa_class *
open_class(struct ph_asa *a, struct ph_str name, struct ph_span at)
{
	void **slot = ph_map_at(a->mem, &a->classes, name.s, name.len);
	struct ph_asa_class *c = *slot;

	if (c != NULL)
		return c;
	c = PH_NEW(a->mem, struct ph_asa_class);
	c->name = name;
	c->at = at;
	*slot = c;
	*a->classes_tail = c;
	a->classes_tail = &c->next;
	return c;
}

/* "class-map [match-any|match-all] NAME"; "class-map type …" is of no concern */
void
ph_asa_class_begin(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_span at;

	a->class = NULL;
	if (ph_str_eq(ph_asa_peek(l), "type"))
		return;
	if (!ph_asa_take(l, "match-any"))
		ph_asa_take(l, "match-all");
	at = ph_asa_here(l);
	if (l->at < l->n)
		a->class = open_class(a, ph_asa_next(l), at);
}

static void
match_port(struct ph_asa *a, struct ph_asa_line *l, struct ph_asa_class *c)
{
	struct ph_cube term = { 0 };

	if (ph_asa_read_proto(a, l, &term.d[PH_PROTO]) &&
	    ph_asa_read_ports(a, l, &term.d[PH_DPORT]))
		ph_set_add(a->mem, &c->ports, &term);
}

bool
ph_asa_class_line(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_asa_class *c = a->class;

	if (c == NULL || !ph_asa_take(l, "match"))
		return l->indented;
	if (ph_asa_take(l, "access-list")) {
		c->list_at = ph_asa_here(l);
		c->list = ph_asa_next(l);
	} else if (ph_asa_take(l, "any")) {
		c->any = true;
	} else if (ph_asa_take(l, "default-inspection-traffic")) {
		c->default_inspection = true;
	} else if (ph_asa_take(l, "port")) {
		match_port(a, l, c);
	} else {
		c->opaque = "a class of traffic that is not understood";
	}
	return true;
}

static struct ph_asa_policy *
open_policy(struct ph_asa *a, struct ph_str name)
{
	void **slot = ph_map_at(a->mem, &a->policies, name.s, name.len);
	struct ph_asa_policy *p = *slot;

	if (p != NULL)
		return p;
	p = PH_NEW(a->mem, struct ph_asa_policy);
	p->name = name;
	p->tail = &p->actions;
	*slot = p;
	*a->policies_tail = p;
	a->policies_tail = &p->next;
	return p;
}

/* "policy-map NAME"; "policy-map type inspect …" only tunes an inspection */
void
ph_asa_policy_begin(struct ph_asa *a, struct ph_asa_line *l)
{
	a->policy = NULL;
	a->policy_class = (struct ph_str){ "", 0 };
	if (!ph_str_eq(ph_asa_peek(l), "type") && l->at < l->n)
		a->policy = open_policy(a, ph_asa_next(l));
}

static struct ph_asa_action *
action_add(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_asa_action *x = PH_NEW(a->mem, struct ph_asa_action);

	x->class = a->policy_class;
	x->class_at = a->policy_class_at;
	x->at = ph_asa_line_span(l);
	*a->policy->tail = x;
	a->policy->tail = &x->next;
	return x;
}

static void
remove_inspect(struct ph_asa *a, struct ph_str what, struct ph_str sub)
{
	struct ph_asa_action **p = &a->policy->actions;

	while (*p != NULL) {
		struct ph_asa_action *x = *p;
		bool same = x->inspect.len == what.len && x->class.len == a->policy_class.len &&
		    memcmp(x->class.s, a->policy_class.s, x->class.len) == 0 &&
		    memcmp(x->inspect.s, what.s, what.len) == 0;

		if (same && what.len > 0 && (sub.len == 0 || (sub.len == x->what.len &&
		    memcmp(sub.s, x->what.s, sub.len) == 0)))
			*p = x->next;
		else
			p = &x->next;
	}
	a->policy->tail = p;
}

/* "inspect PROTOCOL [h225|ras] [MAP]", "set connection timeout idle TIME …" */
static void
class_action(struct ph_asa *a, struct ph_asa_line *l, bool no)
{
	struct ph_asa_action *x;
	struct ph_str what, sub;

	if (ph_asa_take(l, "inspect")) {
		what = ph_asa_next(l);
		sub = ph_asa_next(l);
		if (no) {
			remove_inspect(a, what, sub);
			return;
		}
		x = action_add(a, l);
		x->inspect = what;
		x->what = sub;
		return;
	}
	if (no || !ph_asa_take(l, "set") || !ph_asa_take(l, "connection") ||
	    !ph_asa_take(l, "timeout"))
		return;
	while (l->at < l->n) {
		struct ph_str w = ph_asa_next(l);
		struct ph_span at = ph_asa_here(l);
		uint32_t s;

		if (!ph_str_eq(w, "idle") && !ph_str_eq(w, "tcp"))
			continue;
		if (!ph_asa_read_time(ph_asa_next(l), &s)) {
			ph_asa_error(a, "bad-time", at, "expected hours:minutes:seconds");
			return;
		}
		x = action_add(a, l);
		x->idle_s = s;
		x->what = w;
	}
}

bool
ph_asa_policy_line(struct ph_asa *a, struct ph_asa_line *l)
{
	bool no;

	if (a->policy == NULL)
		return l->indented;
	if (ph_asa_take(l, "class")) {
		a->policy_class_at = ph_asa_here(l);
		a->policy_class = ph_asa_next(l);
		return true;
	}
	no = ph_str_eq(ph_asa_peek(l), "no") && ph_str_eq(ph_asa_word(l, l->at + 1), "inspect");
	if (!no && !l->indented && !ph_str_eq(ph_asa_peek(l), "inspect") &&
	    !ph_str_eq(ph_asa_peek(l), "set"))
		return false;
	l->at += no;
	if (a->policy_class.len > 0)
		class_action(a, l, no);
	return true;
}

/* "service-policy NAME global|interface IF" */
void
ph_asa_service_policy(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_asa_service *s = PH_NEW(a->mem, struct ph_asa_service);

	s->at = ph_asa_line_span(l);
	s->policy = ph_asa_next(l);
	if (ph_asa_take(l, "interface"))
		s->iface = ph_asa_next(l);
	*a->services_tail = s;
	a->services_tail = &s->next;
}

/* PIX 6: "[no] fixup protocol NAME [h225|ras|udp] [PORT[-PORT]]" */
void
ph_asa_fixup(struct ph_asa *a, struct ph_asa_line *l, bool no)
{
	struct ph_asa_action *x;

	if (!ph_asa_take(l, "protocol") || no)
		return;
	x = PH_NEW(a->mem, struct ph_asa_action);
	x->at = ph_asa_line_span(l);
	x->inspect = ph_asa_next(l);
	x->what = ph_asa_next(l);
	*a->fixups_tail = x;
	a->fixups_tail = &x->next;
}
