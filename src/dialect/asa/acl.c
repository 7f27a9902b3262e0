/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/asa/read.h"
#include "dialect/asa/words.h"
#include "net/names.h"

/* A line of a list while it is read. */
struct ace {
	struct ph_asa_rule rule;
	struct ph_act act;
	struct ph_span at;
	bool skip;			/* inactive, remark: no rule */
	bool has_ports, is_icmp, v6;
	const char *opaque;
	struct ph_span opaque_at;
};

struct ph_asa_list *
ph_asa_list(struct ph_asa *a, struct ph_str name)
{
	struct ph_asa_list *list = a->last_list;
	void **slot;

	if (list != NULL && list->name.len == name.len &&
	    memcmp(list->name.s, name.s, name.len) == 0)
		return list;
	slot = ph_map_at(a->mem, &a->lists, name.s, name.len);
	list = *slot;
	if (list == NULL) {
		list = PH_NEW(a->mem, struct ph_asa_list);
		list->name = name;
		*slot = list;
		*a->lists_tail = list;
		a->lists_tail = &list->next;
	}
	a->last_list = list;
	return list;
}

/* The word that begins at ${*i} of the line; ${*i} moves behind it. */
static struct ph_str
quick_word(const struct ph_asa_line *l, uint32_t *i)
{
	const char *t = l->src->text + l->off;
	uint32_t from;

	while (*i < l->len && (t[*i] == ' ' || t[*i] == '\t'))
		(*i)++;
	from = *i;
	while (*i < l->len && t[*i] != ' ' && t[*i] != '\t' && t[*i] != '\r')
		(*i)++;
	return (struct ph_str){ t + from, *i - from };
}

/* First pass: only the name counts.  Expanded lines of "show" are indented. */
void
ph_asa_list_line(struct ph_asa *a, struct ph_asa_line *l, bool v6)
{
	uint32_t i = 0;
	struct ph_asa_list *list;
	struct ph_str name;

	if (l->indented)
		return;
	for (int skip = v6 ? 2 : 1; skip > 0; skip--)
		quick_word(l, &i);
	name = quick_word(l, &i);
	if (name.len > 0 && name.s[name.len - 1] == ';')
		return;			/* "access-list NAME; 3 elements" */
	if (name.len == 0 || ph_str_eq(name, "cached") || ph_str_eq(name, "alert-interval") ||
	    ph_str_eq(name, "deny-flow-max"))
		return;
	list = ph_asa_list(a, name);
	list->v6 |= v6;
	*PH_PUSH(a->mem, list->v, list->n, list->cap) = (struct ph_asa_ace){ l->off, l->len };
}

/* "clear configure access-list NAME", "no access-list NAME" */
void
ph_asa_list_clear(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_str name = ph_asa_next(l);

	if (name.len > 0)
		ph_asa_list(a, name)->n = 0;
}

/* "access-group NAME in|out interface IF [per-user-override]" | "... global" */
void
ph_asa_bind_line(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_asa_bind *b = PH_NEW(a->mem, struct ph_asa_bind);

	b->at = ph_asa_line_span(l);
	b->list_at = ph_asa_here(l);
	b->list = ph_asa_list(a, ph_asa_next(l));
	if (!ph_asa_take(l, "global")) {
		b->out = ph_asa_take(l, "out");
		if ((!b->out && !ph_asa_take(l, "in")) || !ph_asa_take(l, "interface") ||
		    l->at >= l->n) {
			ph_asa_error(a, "bad-access-group", ph_asa_here(l),
			    "expected \"in interface NAME\", \"out interface NAME\" or \"global\"");
			return;
		}
		b->iface_at = ph_asa_here(l);
		b->iface = ph_asa_next(l);
		ph_ruleset_iface(a->mem, a->rs, b->iface);
	}
	if (ph_asa_take(l, "control-plane"))
		return;			/* filters traffic to the device itself */
	*a->binds_tail = b;
	a->binds_tail = &b->next;
}

static void
set_opaque(struct ace *e, const char *why, struct ph_span at)
{
	if (e->opaque == NULL) {
		e->opaque = why;
		e->opaque_at = at;
	}
}

/* A set of terms: one becomes plain conditions, several become tuples. */
static void
add_terms(struct ph_asa *a, struct ace *e, const struct ph_asa_object *o,
    struct ph_span at)
{
	const enum ph_dim dims[] = { PH_PROTO, PH_SPORT, PH_DPORT };

	if (o->opaque != NULL) {
		set_opaque(e, o->opaque, at);
		return;
	}
	if (o->terms.n == 1) {
		for (size_t i = 0; i < 3; i++)
			ph_asa_cond(&e->rule, dims[i], o->terms.v[0].d[dims[i]], at);
		return;
	}
	(void)a;
	e->rule.c[e->rule.n++] = (struct ph_cond){
		.kind = PH_COND_TUPLES, .at = at, .tuples = &o->terms,
	};
}

/* service = "object" N | "object-group" N | PROTO */
static bool
read_service(struct ph_asa *a, struct ph_asa_line *l, struct ace *e)
{
	bool group = ph_asa_take(l, "object-group");
	bool object = !group && ph_asa_take(l, "object");
	struct ph_span at = ph_asa_here(l);
	struct ph_str w = ph_asa_next(l);
	struct ph_asa_object *o;
	uint8_t proto;

	if (group || object) {
		o = ph_asa_find(a, w, group, at);
		if (o == NULL)
			set_opaque(e, "names a service that is not defined", at);
		else if (o->kind == PH_ASA_NETWORK)
			return ph_asa_error(a, "wrong-object", at,
			    "\"%.*s\" is a network, no service", (int)w.len, w.s);
		else
			add_terms(a, e, o, at);
		e->has_ports = group;
		return true;
	}
	if (ph_str_eq(w, "ip"))
		return true;
	if (!ph_asa_proto(w, &proto))
		return ph_asa_bad_proto(a, w, at);
	e->is_icmp = proto == PH_ICMP || proto == PH_ICMPV6;
	e->v6 = proto == PH_ICMPV6;
	e->has_ports = ph_proto_has_ports(proto);
	ph_asa_cond(&e->rule, PH_PROTO, ph_ranges_one(a->mem, proto, proto), at);
	return true;
}

/* user and security tags stand before the address they narrow */
static void
read_tags(struct ph_asa_line *l, struct ace *e)
{
	static const char *const tags[] = {
		"user", "user-group", "object-group-user", "security-group",
		"object-group-security",
	};

	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		struct ph_span at;

		if (!ph_str_eq(ph_asa_peek(l), tags[i]))
			continue;
		at = ph_asa_here(l);
		l->at++;
		if (i == 3 && !ph_asa_take(l, "any"))
			l->at++;	/* name|tag VALUE */
		l->at += l->at < l->n;
		set_opaque(e, "depends on a user or security group", at);
	}
}

/* "object-group" in port position names ports; in address position addresses. */
static bool
is_port_group(struct ph_asa *a, const struct ph_asa_line *l)
{
	struct ph_str w = ph_asa_word(l, l->at + 1);
	const struct ph_asa_object *o;

	if (!ph_str_eq(ph_asa_peek(l), "object-group"))
		return false;
	o = ph_map_find(&a->groups, w.s, w.len);
	return o != NULL && o->kind == PH_ASA_SERVICE;
}

static const struct ph_ranges *
group_ports(struct ph_asa *a, const struct ph_asa_object *o)
{
	return ph_set_project(a->mem, &o->terms, PH_DPORT);
}

static bool
read_port_side(struct ph_asa *a, struct ph_asa_line *l, struct ace *e, enum ph_dim d)
{
	const struct ph_ranges *ports = NULL;
	struct ph_span at = ph_asa_here(l);
	const struct ph_asa_object *o;

	if (is_port_group(a, l)) {
		l->at++;
		o = ph_asa_find(a, ph_asa_next(l), true, at);
		if (o == NULL || o->opaque != NULL)
			set_opaque(e, "names ports that are not defined", at);
		else
			ph_asa_cond(&e->rule, d, group_ports(a, o), at);
		return true;
	}
	if (!ph_asa_read_ports(a, l, &ports))
		return false;
	ph_asa_cond(&e->rule, d, ports, at);
	return true;
}

/* end = [ tags ] ADDRS [ ports ] */
static bool
read_end(struct ph_asa *a, struct ph_asa_line *l, struct ace *e, enum ph_dim addr,
    enum ph_dim port)
{
	struct ph_asa_addrs v;
	struct ph_span at;

	read_tags(l, e);
	at = ph_asa_here(l);
	if (!ph_asa_read_addrs(a, l, &v))
		return false;
	if (v.opaque != NULL)
		set_opaque(e, v.opaque, at);
	else
		ph_asa_cond_addrs(&e->rule, addr, &v, at);
	return e->is_icmp || read_port_side(a, l, e, port);
}

static bool
read_icmp(struct ph_asa *a, struct ph_asa_line *l, struct ace *e)
{
	struct ph_span at = ph_asa_here(l);
	const struct ph_asa_object *o;
	uint64_t code;
	uint8_t type;

	if (ph_asa_take(l, "object-group")) {
		o = ph_asa_find(a, ph_asa_next(l), true, at);
		if (o == NULL || o->opaque != NULL)
			set_opaque(e, "names ICMP types that are not defined", at);
		else
			ph_asa_cond(&e->rule, PH_DPORT, group_ports(a, o), at);
		return true;
	}
	if (!ph_asa_icmp_type(ph_asa_peek(l), e->v6, &type))
		return true;
	l->at++;
	ph_asa_cond(&e->rule, PH_DPORT, ph_ranges_one(a->mem, type, type), at);
	if (ph_str_u64(ph_asa_peek(l), 10, 255, &code)) {
		ph_asa_cond(&e->rule, PH_SPORT, ph_ranges_one(a->mem, code, code),
		    ph_asa_here(l));
		l->at++;
	}
	return true;
}

static bool
is_number(struct ph_str s)
{
	uint64_t v;

	return ph_str_u64(s, 10, UINT32_MAX, &v);
}

/* "log" [LEVEL] ["interval" N] */
static void
skip_log(struct ph_asa_line *l)
{
	static const char *const levels[] = {
		"alerts", "critical", "debugging", "disable", "emergencies",
		"errors", "informational", "notifications", "warnings", "default",
	};

	if (is_number(ph_asa_peek(l)))
		l->at++;
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		if (ph_asa_take(l, levels[i]))
			break;
	if (ph_asa_take(l, "interval"))
		l->at++;
}

static bool
read_tail(struct ph_asa *a, struct ph_asa_line *l, struct ace *e)
{
	while (l->at < l->n) {
		struct ph_span at = ph_asa_here(l);
		struct ph_str w = ph_asa_next(l);

		if (ph_str_eq(w, "log")) {
			skip_log(l);
		} else if (ph_str_eq(w, "inactive")) {
			e->skip = true;
		} else if (ph_str_eq(w, "time-range")) {
			l->at += l->at < l->n;
			set_opaque(e, "depends on the time of day (time-range)", at);
		} else if (ph_str_starts(w, "(hitcnt=") || ph_str_starts(w, "0x") ||
		    ph_str_starts(w, "(inactive)") || *w.s == '!') {
			break;
		} else {
			ph_diag(a->diags, PH_WARN, "unread-ace", at,
			    "\"%.*s\" is not understood; the line counts as unknown",
			    (int)w.len, w.s);
			set_opaque(e, "a word of its line is not understood", at);
			break;
		}
	}
	if (l->more)
		return ph_asa_error(a, "bad-ace", e->at, "the line has too many words");
	return true;
}

/* extended = ("permit" | "deny") service end end [ icmp ] tail */
static bool
read_extended(struct ph_asa *a, struct ph_asa_line *l, struct ace *e)
{
	if (!read_service(a, l, e) || !read_end(a, l, e, PH_SRC, PH_SPORT) ||
	    !read_end(a, l, e, PH_DST, PH_DPORT))
		return false;
	return (!e->is_icmp || read_icmp(a, l, e)) && read_tail(a, l, e);
}

/* standard = ("permit" | "deny") ADDRS: a list of networks */
static bool
read_standard(struct ph_asa *a, struct ph_asa_line *l, struct ace *e)
{
	struct ph_span at = ph_asa_here(l);
	struct ph_asa_addrs v;

	if (!ph_asa_read_addrs(a, l, &v))
		return false;
	if (v.opaque != NULL)
		set_opaque(e, v.opaque, at);
	else
		ph_asa_cond_addrs(&e->rule, PH_SRC, &v, at);
	return read_tail(a, l, e);
}

static bool
read_action(struct ph_asa *a, struct ph_asa_line *l, struct ace *e)
{
	struct ph_span at = ph_asa_here(l);

	e->act.at = at;
	if (ph_asa_take(l, "permit"))
		e->act.kind = PH_ACT_ACCEPT;
	else if (ph_asa_take(l, "deny"))
		e->act.kind = PH_ACT_DROP;
	else
		return ph_asa_error(a, "bad-ace", at,
		    "expected permit, deny, remark, extended or standard");
	return true;
}

/* ace = "access-list" NAME ["line" N] ("remark" … | ["extended"] … | "standard" …) */
static bool
read_ace(struct ph_asa *a, struct ph_asa_line *l, const struct ph_asa_list *list,
    struct ace *e)
{
	bool standard;

	l->at = list->v6 && ph_str_eq(ph_asa_word(l, 0), "ipv6") ? 3 : 2;
	if (ph_asa_take(l, "line"))
		l->at++;
	if (ph_asa_take(l, "remark")) {
		e->skip = true;
		return true;
	}
	if (ph_asa_take(l, "ethertype") || ph_asa_take(l, "webtype")) {
		e->skip = true;
		return true;
	}
	standard = ph_asa_take(l, "standard");
	if (!standard)
		ph_asa_take(l, "extended");
	if (!read_action(a, l, e))
		return false;
	return standard ? read_standard(a, l, e) : read_extended(a, l, e);
}

static void
read_one(struct ph_asa *a, struct ph_asa_list *list, const struct ph_asa_ace *at,
    const char **remark)
{
	struct ace e = { .rule = { .n = 0 } };
	struct ph_asa_line l;
	struct ph_rule *r;

	ph_asa_line_at(&l, a->src, at->off, at->len);
	e.at = ph_asa_line_span(&l);
	if (!read_ace(a, &l, list, &e) || e.skip) {
		if (e.skip && ph_str_eq(ph_asa_word(&l, l.at - 1), "remark"))
			*remark = ph_arena_dup(a->mem, ph_asa_peek(&l).s,
			    ph_asa_rest_span(&l, l.at).len - (l.at >= l.n));
		return;
	}
	if (e.opaque != NULL)
		e.rule.c[e.rule.n++] = (struct ph_cond){
			.kind = PH_COND_OPAQUE, .at = e.opaque_at, .text = e.opaque,
		};
	r = ph_asa_rule_add(a, list->chain, &e.rule, e.act, e.at, false);
	r->comment = *remark;
	*remark = NULL;
}

/* Second pass. */
void
ph_asa_lists_read(struct ph_asa *a)
{
	for (struct ph_asa_list *list = a->list_list; list != NULL; list = list->next) {
		struct ph_span at = { 0 };
		const char *remark = NULL;

		if (list->n > 0)
			at = (struct ph_span){ a->src, list->v[0].off, list->v[0].len };
		list->chain = ph_ruleset_chain(a->mem, a->rs, NULL,
		    ph_arena_dup(a->mem, list->name.s, list->name.len), at);
		list->chain->rules = ph_arena_array(a->mem, list->n,
		    sizeof(*list->chain->rules));
		list->chain->cap = list->n;
		for (size_t i = 0; i < list->n; i++)
			read_one(a, list, &list->v[i], &remark);
	}
}
