/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "dialect/iptables/ipt_read.h"
#include "dialect/iptables/ipt_set.h"
#include "net/names.h"

/*
 * DOC: Matching against a set
 *
 *	-m set [!] --match-set NAME src|dst,... [--return-nomatch]
 *
 * One word a part of the set's type.  A set of addresses becomes ranges, any
 * other a union of cubes.  The most specific network decides: "nomatch" ones
 * take their part away.  Members that time out, sets that rules change, and
 * sets whose members are in no file make the match opaque.
 */

enum { MAX_DIRS = 6, RETURN_NOMATCH = 1, EXTRA = 2 };

/* A match against a set, before the last option was read. */
struct wanted {
	struct ph_str name;
	struct ph_span at;
	bool neg;
	bool src[MAX_DIRS];
	unsigned n;
};

static bool
parse_dirs(struct ph_str s, struct wanted *w)
{
	for (;;) {
		const char *comma = memchr(s.s, ',', s.len);
		struct ph_str one = { s.s, comma == NULL ? s.len : (size_t)(comma - s.s) };

		if (w->n == MAX_DIRS ||
		    (!ph_str_eq(one, "src") && !ph_str_eq(one, "dst")))
			return false;
		w->src[w->n++] = one.s[0] == 's';
		if (comma == NULL)
			return true;
		s = (struct ph_str){ comma + 1, s.len - one.len - 1 };
	}
}

static bool
read_match_set(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	struct wanted *w = PH_NEW(r->rd->mem, struct wanted);

	if (u->p != NULL)
		return ph_ipt_rule_fail(r, "duplicate-option", a->at,
		    "one set in a match; begin another with -m set");
	*w = (struct wanted){ .name = a->v.s, .at = a->v.at, .neg = a->neg };
	u->p = w;
	return parse_dirs(a->v2.s, w) || ph_ipt_rule_fail(r, "bad-set-flags",
	    a->v2.at, "expected a list of src and dst, one a part of the set");
}

static bool
read_flag(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	(void)r;
	u->flags |= a->code;
	return true;
}

/* A prefix's length, so that wide ones sort first. */
static int
width(const void *a, const void *b)
{
	const struct ipt_elem *x = a, *y = b;
	ph_u128 m = x->part[0].hi - x->part[0].lo, n = y->part[0].hi - y->part[0].lo;

	return m > n ? -1 : m < n;
}

/* From wide to narrow, each step adds its networks and takes its refusals. */
static void
fold_nomatch(struct ph_arena *mem, struct ipt_set *set)
{
	const struct ph_ranges *yes = ph_ranges_none(), *no = ph_ranges_none();
	struct ph_range *v[2];
	size_t n[2];

	qsort(set->v, set->n, sizeof(*set->v), width);
	for (size_t i = 0, k; i < set->n; i = k) {
		const struct ph_ranges *add[2];

		for (k = i; k < set->n && width(&set->v[i], &set->v[k]) == 0; k++)
			continue;
		for (int side = 0; side < 2; side++) {
			v[side] = ph_arena_array(mem, k - i, sizeof(*v[0]));
			n[side] = 0;
			for (size_t j = i; j < k; j++)
				if (set->v[j].nomatch == (side == 1))
					v[side][n[side]++] = set->v[j].part[0];
			add[side] = n[side] == 0 ? ph_ranges_none() :
			    ph_ranges_from(mem, v[side], n[side]);
		}
		yes = ph_ranges_subtract(mem, ph_ranges_union(mem, yes, add[0]), add[1]);
		no = ph_ranges_subtract(mem, ph_ranges_union(mem, no, add[1]), add[0]);
	}
	set->addrs = yes;
	set->refused = no;
}

/* All members of a set of addresses, computed once. */
static void
fold(struct ph_arena *mem, struct ipt_set *set)
{
	struct ph_range *v;

	if (set->addrs != NULL)
		return;
	if (set->nomatches) {
		fold_nomatch(mem, set);
		return;
	}
	set->refused = ph_ranges_none();
	set->addrs = ph_ranges_none();
	if (set->n == 0)
		return;
	v = ph_arena_array(mem, set->n, sizeof(*v));
	for (size_t i = 0; i < set->n; i++)
		v[i] = set->v[i].part[0];
	set->addrs = ph_ranges_from(mem, v, set->n);
}

static enum ph_dim
dim_of(enum ipt_part part, bool src)
{
	switch (part) {
	case IPT_PART_PORT:
		return src ? PH_SPORT : PH_DPORT;
	case IPT_PART_IFACE:
		return src ? PH_IIF : PH_OIF;
	case IPT_PART_MARK:
		return PH_MARK;
	default:
		return src ? PH_SRC : PH_DST;
	}
}

static void
limit(struct ph_arena *mem, struct ph_cube *c, enum ph_dim dim, struct ph_range v)
{
	c->d[dim] = ph_ranges_intersect(mem, c->d[dim], ph_ranges_one(mem, v.lo, v.hi));
}

static void
limit_port(struct ph_arena *mem, struct ph_cube *c, const struct ipt_elem *e,
    struct ph_range port, bool src)
{
	struct ph_range both[] = { { PH_TCP, PH_TCP }, { PH_UDP, PH_UDP } };
	bool icmp = e->proto == PH_ICMP || e->proto == PH_ICMPV6;

	c->d[PH_PROTO] = e->any_proto ? ph_ranges_from(mem, both, 2) :
	    ph_ranges_one(mem, e->proto, e->proto);
	if (icmp) {
		limit(mem, c, PH_DPORT, port);
		limit(mem, c, PH_SPORT, e->code);
	} else if (ph_proto_has_ports(e->proto) || e->any_proto) {
		limit(mem, c, src ? PH_SPORT : PH_DPORT, port);
	}
}

/* One member as a cube. */
static struct ph_cube
cube_of(struct ph_arena *mem, const struct ipt_set *set, const struct ipt_elem *e,
    const struct wanted *w)
{
	struct ph_cube c = { 0 };

	for (unsigned i = 0; i < set->n_parts; i++) {
		if (set->parts[i] == IPT_PART_PORT)
			limit_port(mem, &c, e, e->part[i], w->src[i]);
		else if (set->parts[i] != IPT_PART_MAC)
			limit(mem, &c, dim_of(set->parts[i], w->src[i]), e->part[i]);
	}
	return c;
}

/* Members that differ in their address only stand together. */
static int
by_rest(const void *a, const void *b)
{
	const struct ipt_elem *x = a, *y = b;

	for (int i = 1; i < IPT_PARTS; i++) {
		if (x->part[i].lo != y->part[i].lo)
			return x->part[i].lo < y->part[i].lo ? -1 : 1;
		if (x->part[i].hi != y->part[i].hi)
			return x->part[i].hi < y->part[i].hi ? -1 : 1;
	}
	if (x->code.lo != y->code.lo)
		return x->code.lo < y->code.lo ? -1 : 1;
	return x->proto - y->proto;
}

/* All members as cubes, those with the same other parts as one. */
static void
make_cubes(struct ph_arena *mem, struct ipt_set *set, const struct wanted *w,
    struct ph_set *out)
{
	bool join = set->parts[0] == IPT_PART_ADDR;
	enum ph_dim dim = dim_of(set->parts[0], w->src[0]);

	if (set->n > 0)
		qsort(set->v, set->n, sizeof(*set->v), by_rest);
	for (size_t i = 0, k; i < set->n; i = k) {
		struct ph_cube c = cube_of(mem, set, &set->v[i], w);
		struct ph_range *v;

		k = i + 1;
		while (join && k < set->n && by_rest(&set->v[i], &set->v[k]) == 0)
			k++;
		if (k > i + 1) {
			struct ipt_elem any = set->v[i];

			v = ph_arena_array(mem, k - i, sizeof(*v));
			for (size_t j = i; j < k; j++)
				v[j - i] = set->v[j].part[0];
			any.part[0] = PH_ANY;
			c = cube_of(mem, set, &any, w);
			c.d[dim] = ph_ranges_intersect(mem, c.d[dim],
			    ph_ranges_from(mem, v, k - i));
		}
		ph_set_add(mem, out, &c);
	}
}

/* The same, computed once for each way to ask. */
static const struct ph_set *
cubes_of(struct ph_arena *mem, struct ipt_set *set, const struct wanted *w)
{
	unsigned way = 0;
	struct ph_set *made;

	for (unsigned i = 0; i < set->n_parts; i++)
		way |= (unsigned)w->src[i] << i;
	if (set->cubes[way] == NULL) {
		made = PH_NEW(mem, struct ph_set);
		make_cubes(mem, set, w, made);
		set->cubes[way] = made;
	}
	return set->cubes[way];
}

static bool
only_addrs(const struct ipt_set *set)
{
	return set->n_parts == 1 && set->parts[0] == IPT_PART_ADDR;
}

/* Why the set's members do not decide, or NULL. */
static const char *
why_opaque(const struct ipt_set *set, unsigned flags)
{
	if (set->live)
		return "rules change the members of this set";
	if (set->timed)
		return "members of this set time out";
	if (set->macs)
		return "depends on the sender's hardware address";
	if (set->odd || (flags & EXTRA) != 0)
		return "a kind of set match that is not followed";
	if (set->nomatches && !only_addrs(set))
		return "a set of several parts with members that refuse";
	return NULL;
}

/* The members of the sets in a list, one after the other. */
static const char *
add_list(struct ipt_rule *r, struct ipt_set *list, const struct wanted *w,
    unsigned flags, struct ph_set *out)
{
	for (size_t i = 0; i < list->n; i++) {
		struct ipt_set *set = list->v[i].set;
		const char *why = why_opaque(set, flags);

		if (why == NULL && list->v[i].timed)
			why = "members of this set time out";
		if (why != NULL)
			return why;
		if (w->n < set->n_parts || set->v6 != (r->table->family == PH_FAMILY_6))
			continue;
		if (only_addrs(set)) {
			struct ph_cube c = { 0 };

			fold(r->rd->mem, set);
			c.d[dim_of(IPT_PART_ADDR, w->src[0])] = set->addrs;
			ph_set_add(r->rd->mem, out, &c);
		} else {
			ph_set_add_all(r->rd->mem, out, cubes_of(r->rd->mem, set, w));
		}
	}
	return NULL;
}

static void
add_tuples(struct ipt_rule *r, struct ipt_use *u, struct ipt_set *set,
    const struct wanted *w)
{
	const struct ph_set *out = NULL;
	const char *why = NULL;

	if (set->parts[0] == IPT_PART_SET) {
		struct ph_set *all = PH_NEW(r->rd->mem, struct ph_set);

		why = add_list(r, set, w, u->flags, all);
		out = all;
	} else {
		out = cubes_of(r->rd->mem, set, w);
	}
	if (why != NULL)
		ph_ipt_rule_opaque(r, u->at, why);
	else
		ph_ipt_rule_cond(r, &(struct ph_cond){
			.kind = PH_COND_TUPLES, .neg = w->neg, .at = u->at, .tuples = out,
		});
}

/* Of the wrong family, or asked with too few words: no packet is in it. */
static bool
never_in(const struct ipt_rule *r, const struct ipt_set *set, const struct wanted *w)
{
	bool any_family = set->parts[0] == IPT_PART_PORT ||
	    set->parts[0] == IPT_PART_SET || set->parts[0] == IPT_PART_MAC;

	return w->n < set->n_parts ||
	    (!any_family && set->v6 != (r->table->family == PH_FAMILY_6));
}

static void
add_missing(struct ipt_rule *r, struct ipt_use *u, const struct wanted *w)
{
	struct ipt_reader *rd = r->rd;
	const char *name = ph_ipt_rule_text(r, w->name);

	if (!rd->sets_missing && !rd->again)
		ph_diag(rd->diags, PH_WARN, "set-not-given", w->at, "set %s: its members "
		    "are in no file given; use --ipset FILE (\"ipset save\" writes it)",
		    name);
	rd->sets_missing = true;
	ph_ipt_rule_opaque(r, u->at, ph_arena_printf(rd->mem, "set %s: its members are "
	    "in no file given; use --ipset FILE", name));
}

static bool
end_set(struct ipt_rule *r, struct ipt_use *u)
{
	const struct wanted *w = u->p;
	struct ipt_set *set;
	const char *why;

	if (w == NULL)
		return ph_ipt_rule_fail(r, "missing-value", u->at,
		    "set needs --match-set NAME src|dst");
	set = ph_map_find(&r->rd->priv->sets, w->name.s, w->name.len);
	if (set == NULL) {
		add_missing(r, u, w);
		return true;
	}
	set->used = true;
	why = why_opaque(set, u->flags);
	if (never_in(r, set, w)) {
		ph_ipt_rule_ranges(r, PH_PROTO, ph_ranges_none(), w->neg, u->at);
	} else if (why != NULL) {
		ph_ipt_rule_opaque(r, u->at, why);
	} else if (only_addrs(set)) {
		fold(r->rd->mem, set);
		ph_ipt_rule_ranges(r, dim_of(IPT_PART_ADDR, w->src[0]),
		    (u->flags & RETURN_NOMATCH) != 0 ? set->refused : set->addrs, w->neg,
		    u->at);
	} else {
		add_tuples(r, u, set, w);
	}
	return true;
}

static const struct ipt_opt set_opts[] = {
	{ "match-set", IPT_TWO, true, 0, read_match_set },
	{ "set", IPT_TWO, true, 0, read_match_set },
	{ "return-nomatch", IPT_FLAG, false, RETURN_NOMATCH, read_flag },
	{ "update-counters", IPT_FLAG, true, 0, read_flag },
	{ "update-subcounters", IPT_FLAG, true, 0, read_flag },
	{ "packets-eq", IPT_ONE, true, EXTRA, read_flag },
	{ "packets-lt", IPT_ONE, false, EXTRA, read_flag },
	{ "packets-gt", IPT_ONE, false, EXTRA, read_flag },
	{ "bytes-eq", IPT_ONE, true, EXTRA, read_flag },
	{ "bytes-lt", IPT_ONE, false, EXTRA, read_flag },
	{ "bytes-gt", IPT_ONE, false, EXTRA, read_flag },
};

static const struct ipt_module modules[] = {
	{ .name = "set", IPT_OPTS(set_opts), .flags = IPT_KEEP, .end = end_set },
};

const struct ipt_modules ph_ipt_sets_modules = {
	modules, sizeof(modules) / sizeof(*modules),
};
