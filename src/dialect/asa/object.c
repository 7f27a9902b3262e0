/* SPDX-License-Identifier: ISC */
#include "dialect/asa/read.h"
#include "dialect/asa/words.h"
#include "net/names.h"

enum { MAX_NESTING = 200 };		/* groups in groups */

/* "name ADDR WORD" */
void
ph_asa_name(struct ph_asa *a, struct ph_asa_line *l)
{
	ph_u128 *v = PH_NEW(a->mem, ph_u128);
	struct ph_span at = ph_asa_here(l);
	struct ph_str w;

	if (!ph_addr_parse(ph_asa_next(l), v)) {
		ph_asa_error(a, "bad-address", at, "expected an address");
		return;
	}
	w = ph_asa_next(l);
	if (w.len > 0)
		*ph_map_at(a->mem, &a->names, w.s, w.len) = v;
}

static struct ph_asa_object *
open_object(struct ph_asa *a, struct ph_map *m, struct ph_str name,
    struct ph_span at, enum ph_asa_kind kind)
{
	void **slot = ph_map_at(a->mem, m, name.s, name.len);
	struct ph_asa_object *o = *slot;

	if (o == NULL) {
		o = PH_NEW(a->mem, struct ph_asa_object);
		o->name = name;
		o->at = at;
		o->kind = kind;
		o->is_group = m == &a->groups;
		*slot = o;
		*a->objects_tail = o;
		a->objects_tail = &o->next;
	}
	a->object = o;
	return o;
}

/* "object network|service NAME" */
void
ph_asa_object_begin(struct ph_asa *a, struct ph_asa_line *l)
{
	bool net = ph_asa_take(l, "network"), svc = !net && ph_asa_take(l, "service");
	struct ph_span at = ph_asa_here(l);
	struct ph_str name = ph_asa_next(l);

	if (!net && !svc)
		ph_diag(a->diags, PH_WARN, "unread-object", ph_asa_line_span(l),
		    "this kind of object is not understood");
	else if (name.len == 0)
		ph_asa_error(a, "bad-object", at, "expected a name");
	else
		open_object(a, &a->objects, name, at, net ? PH_ASA_NETWORK : PH_ASA_SERVICE);
}

static const struct { const char *word; enum ph_asa_kind kind; } group_kinds[] = {
	{ "network", PH_ASA_NETWORK }, { "service", PH_ASA_SERVICE },
	{ "protocol", PH_ASA_PROTOCOL }, { "icmp-type", PH_ASA_ICMP },
	{ "user", PH_ASA_OTHER }, { "security", PH_ASA_OTHER },
};

/* "object-group KIND NAME [tcp|udp|tcp-udp]" */
void
ph_asa_group_begin(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_str kind = ph_asa_next(l);
	struct ph_span at = ph_asa_here(l);
	struct ph_str name = ph_asa_next(l);
	struct ph_asa_object *o;

	for (size_t i = 0; i < sizeof(group_kinds) / sizeof(*group_kinds); i++) {
		if (!ph_str_eq(kind, group_kinds[i].word))
			continue;
		if (name.len == 0) {
			ph_asa_error(a, "bad-object", at, "expected a name");
			return;
		}
		o = open_object(a, &a->groups, name, at, group_kinds[i].kind);
		o->ports_only |= o->kind == PH_ASA_SERVICE && l->at < l->n &&
		    *ph_asa_peek(l).s != '!';
		return;
	}
	ph_diag(a->diags, PH_WARN, "unread-object", ph_asa_line_span(l),
	    "this kind of group is not understood");
	open_object(a, &a->groups, name, at, PH_ASA_OTHER);
}

static struct ph_asa_member *
member_add(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_asa_object *o = a->object;
	struct ph_asa_member *m = PH_PUSH(a->mem, o->v, o->n, o->cap);

	m->at = ph_asa_line_span(l);
	return m;
}

static bool
add_addrs(struct ph_asa *a, struct ph_asa_line *l, const struct ph_asa_addrs *v)
{
	member_add(a, l)->addrs = *v;
	return true;
}

static bool
add_ref(struct ph_asa *a, struct ph_asa_line *l, bool group)
{
	struct ph_asa_member *m = member_add(a, l);

	m->at = ph_asa_here(l);
	m->kind = group ? PH_ASA_REF_GROUP : PH_ASA_REF_OBJECT;
	m->name = ph_asa_next(l);
	return m->name.len > 0 ||
	    ph_asa_error(a, "bad-object", m->at, "expected a name");
}

/* host A | subnet NET | range A B | fqdn NAME */
static bool
line_host(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_asa_addrs v = { 0 };
	ph_u128 h;

	if (!ph_asa_read_host(a, l, &h))
		return false;
	v.ranges = ph_ranges_one(a->mem, h, h);
	return add_addrs(a, l, &v);
}

static bool
line_subnet(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_asa_addrs v;

	return ph_asa_read_net(a, l, &v) && add_addrs(a, l, &v);
}

static bool
line_range(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_asa_addrs v = { 0 };
	ph_u128 lo, hi;

	if (!ph_asa_read_host(a, l, &lo) || !ph_asa_read_host(a, l, &hi))
		return false;
	if (lo > hi || ph_addr_is_v4(lo) != ph_addr_is_v4(hi))
		return ph_asa_error(a, "bad-range", ph_asa_line_span(l),
		    "expected a rising range of one family");
	v.ranges = ph_ranges_one(a->mem, lo, hi);
	return add_addrs(a, l, &v);
}

static bool
line_fqdn(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_asa_addrs v = {
		.opaque = "a domain name, whose addresses the device looks up by itself",
	};

	return add_addrs(a, l, &v);
}

/* network-object host A | object N | NET */
static bool
line_network(struct ph_asa *a, struct ph_asa_line *l)
{
	if (ph_asa_take(l, "host"))
		return line_host(a, l);
	if (ph_asa_take(l, "object"))
		return add_ref(a, l, false);
	return line_subnet(a, l);
}

static bool
line_group(struct ph_asa *a, struct ph_asa_line *l)
{
	return add_ref(a, l, true);
}

static bool
line_term(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_asa_member *m;
	struct ph_cube term;

	if (ph_asa_take(l, "object"))
		return add_ref(a, l, false);
	if (!ph_asa_read_term(a, l, &term))
		return false;
	/* on the command line "destination" may be left out after a source */
	if (term.d[PH_DPORT] == NULL && !ph_asa_read_ports(a, l, &term.d[PH_DPORT]))
		return false;
	m = member_add(a, l);
	m->kind = PH_ASA_TERM;
	m->term = term;
	return true;
}

static bool
line_port(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_cube term = { 0 };
	struct ph_asa_member *m;

	if (!ph_asa_read_ports(a, l, &term.d[PH_DPORT]))
		return false;
	if (term.d[PH_DPORT] == NULL)
		return ph_asa_error(a, "bad-port", ph_asa_here(l), "expected eq or range");
	m = member_add(a, l);
	m->kind = PH_ASA_TERM;
	m->term = term;
	return true;
}

static bool
line_icmp(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_span at = ph_asa_here(l);
	struct ph_asa_member *m;
	uint8_t type;

	if (!ph_asa_icmp_type(ph_asa_peek(l), false, &type) &&
	    !ph_asa_icmp_type(ph_asa_peek(l), true, &type))
		return ph_asa_error(a, "bad-icmp", at, "expected an ICMP type");
	m = member_add(a, l);
	m->kind = PH_ASA_TERM;
	m->term.d[PH_DPORT] = ph_ranges_one(a->mem, type, type);
	return true;
}

static bool
line_nat(struct ph_asa *a, struct ph_asa_line *l)
{
	ph_asa_nat_object(a, l);
	return true;
}

static bool
line_nothing(struct ph_asa *a, struct ph_asa_line *l)
{
	(void)a;
	(void)l;
	return true;
}

static const struct {
	const char *word;
	bool (*read)(struct ph_asa *, struct ph_asa_line *);
} words[] = {
	{ "host", line_host }, { "subnet", line_subnet }, { "range", line_range },
	{ "fqdn", line_fqdn }, { "nat", line_nat }, { "service", line_term },
	{ "network-object", line_network }, { "group-object", line_group },
	{ "service-object", line_term }, { "port-object", line_port },
	{ "protocol-object", line_term }, { "icmp-object", line_icmp },
	{ "description", line_nothing },
};

/* Where lines lost their indent: a translation of its own, not the object's? */
static bool
is_twice_nat(const struct ph_asa_line *l)
{
	struct ph_str pair = ph_asa_word(l, l->at + 1);
	struct ph_str w = ph_asa_word(l, l->at + 1 + (*pair.s == '('));

	return !l->indented && ph_str_eq(ph_asa_peek(l), "nat") &&
	    !ph_str_eq(w, "static") && !ph_str_eq(w, "dynamic");
}

bool
ph_asa_object_line(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_str w = ph_asa_peek(l);
	struct ph_asa_addrs lost = { .opaque = "a line of its group is not understood" };

	if (is_twice_nat(l))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (ph_str_eq(w, words[i].word)) {
			l->at++;
			words[i].read(a, l);
			return true;
		}
	if (!l->indented)
		return false;
	ph_diag(a->diags, PH_WARN, "unread-object", ph_asa_line_span(l),
	    "this line of an object is not understood");
	add_addrs(a, l, &lost);
	a->object->opaque = lost.opaque;
	return true;
}

/* --- resolving --- */

static void resolve(struct ph_asa *a, struct ph_asa_object *o, unsigned depth);

/* Service objects named like a protocol are built in. */
static struct ph_asa_object *
builtin(struct ph_asa *a, struct ph_str name)
{
	struct ph_asa_object *o;
	struct ph_cube term = { 0 };
	uint8_t proto;

	if (!ph_asa_proto(name, &proto))
		return NULL;
	o = PH_NEW(a->mem, struct ph_asa_object);
	o->name = name;
	o->kind = PH_ASA_SERVICE;
	o->state = PH_ASA_DONE;
	term.d[PH_PROTO] = ph_ranges_one(a->mem, proto, proto);
	ph_set_add(a->mem, &o->terms, &term);
	*ph_map_at(a->mem, &a->objects, name.s, name.len) = o;
	return o;
}

static struct ph_asa_object *
find(struct ph_asa *a, struct ph_str name, bool group)
{
	struct ph_asa_object *o =
	    ph_map_find(group ? &a->groups : &a->objects, name.s, name.len);

	return o != NULL || group ? o : builtin(a, name);
}

/* What a member refers to, resolved; NULL: reported, and the rest is unknown. */
static struct ph_asa_object *
referred(struct ph_asa *a, const struct ph_asa_member *m, unsigned depth)
{
	struct ph_asa_object *o = find(a, m->name, m->kind == PH_ASA_REF_GROUP);

	if (o == NULL) {
		ph_diag(a->diags, PH_WARN, "undefined-object", m->at,
		    "\"%.*s\" is not defined; what it would hold is unknown",
		    (int)m->name.len, m->name.s);
		return NULL;
	}
	if (o->state == PH_ASA_BUSY) {
		ph_asa_error(a, "group-cycle", m->at, "group \"%.*s\" contains itself",
		    (int)m->name.len, m->name.s);
		return NULL;
	}
	if (depth >= MAX_NESTING) {
		ph_asa_error(a, "nesting-too-deep", m->at,
		    "groups are nested more than %d deep", MAX_NESTING);
		return NULL;
	}
	resolve(a, o, depth + 1);
	return o;
}

static void
join_addrs(struct ph_asa *a, struct ph_asa_object *o, struct ph_range **v,
    size_t *n, size_t *cap, const struct ph_asa_addrs *m)
{
	if (m->opaque != NULL)
		o->addrs.opaque = m->opaque;
	if (m->mask != NULL)
		o->addrs.opaque = "a mask with many holes inside a group";
	if (m->opaque == NULL && m->mask == NULL && m->ranges == NULL)
		*PH_PUSH(a->mem, *v, *n, *cap) = PH_ANY;
	for (size_t i = 0; m->ranges != NULL && i < m->ranges->n; i++)
		*PH_PUSH(a->mem, *v, *n, *cap) = m->ranges->r[i];
}

static void
resolve_network(struct ph_asa *a, struct ph_asa_object *o, unsigned depth)
{
	static const struct ph_asa_addrs unknown = {
		.opaque = "a group that is not wholly defined",
	};
	struct ph_range *v = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < o->n; i++) {
		const struct ph_asa_member *m = &o->v[i];
		const struct ph_asa_object *r;

		if (m->kind == PH_ASA_ADDRS) {
			join_addrs(a, o, &v, &n, &cap, &m->addrs);
			continue;
		}
		r = m->kind == PH_ASA_TERM ? NULL : referred(a, m, depth);
		join_addrs(a, o, &v, &n, &cap, r == NULL ? &unknown : &r->addrs);
	}
	/* a single object may be a mask that stays one */
	if (o->n == 1 && o->v[0].kind == PH_ASA_ADDRS)
		o->addrs = o->v[0].addrs;
	else
		o->addrs.ranges = n == 0 ? ph_ranges_none() : ph_ranges_from(a->mem, v, n);
}

static void
resolve_terms(struct ph_asa *a, struct ph_asa_object *o, unsigned depth)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct ph_asa_member *m = &o->v[i];
		const struct ph_asa_object *r;

		if (m->kind == PH_ASA_TERM) {
			ph_set_add(a->mem, &o->terms, &m->term);
			continue;
		}
		r = m->kind == PH_ASA_ADDRS ? NULL : referred(a, m, depth);
		if (r == NULL || r->opaque != NULL)
			o->opaque = "a group that is not wholly defined";
		else
			ph_set_add_all(a->mem, &o->terms, &r->terms);
	}
}

static void
resolve(struct ph_asa *a, struct ph_asa_object *o, unsigned depth)
{
	if (o->state != PH_ASA_NEW)
		return;
	o->state = PH_ASA_BUSY;
	if (o->kind == PH_ASA_NETWORK)
		resolve_network(a, o, depth);
	else if (o->kind == PH_ASA_OTHER)
		o->opaque = "a kind of group that is not understood";
	else
		resolve_terms(a, o, depth);
	o->state = PH_ASA_DONE;
}

struct ph_asa_object *
ph_asa_find(struct ph_asa *a, struct ph_str name, bool group, struct ph_span at)
{
	struct ph_asa_object *o = find(a, name, group);

	if (o == NULL) {
		ph_diag(a->diags, PH_WARN, "undefined-object", at,
		    "\"%.*s\" is not defined; what it would hold is unknown",
		    (int)name.len, name.s);
		return NULL;
	}
	resolve(a, o, 0);
	return o;
}
