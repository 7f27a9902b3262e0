/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_read.h"

/*
 * DOC: Address translation
 *
 *	-j DNAT --to-destination [ADDR[-ADDR]][:PORT[-PORT][/BASE]]
 *	-j SNAT --to-source [ADDR[-ADDR]][:PORT[-PORT]]
 *	-j MASQUERADE [--to-ports PORT[-PORT]]
 *	-j REDIRECT [--to-ports PORT[-PORT]]
 *	-j NETMAP --to ADDR[/MASK]
 *
 * IPv6 addresses with ports stand in brackets.
 */

/* What the options gave, in the arena, as struct ipt_use.p */
struct to {
	struct ph_nat nat;
	bool given, flags;		/* flags: --random and the like */
};

static struct to *
to_of(struct ipt_rule *r, struct ipt_use *u)
{
	if (u->p == NULL)
		u->p = PH_NEW(r->rd->mem, struct to);
	return (struct to *)(uintptr_t)u->p;
}

static bool
bad_to(struct ipt_rule *r, const struct ipt_word *w)
{
	return ph_ipt_rule_fail(r, "bad-nat-address", w->at, "expected ADDRESS, "
	    "FROM-TO, :PORT or ADDRESS:PORT of the table's family");
}

/* "A" or "A-B", maybe in brackets */
static bool
parse_addrs(struct ipt_rule *r, struct ph_str s, const struct ph_ranges **out)
{
	const char *dash;
	struct ph_str lo, hi;
	ph_u128 from, to;

	if (s.len > 1 && s.s[0] == '[' && s.s[s.len - 1] == ']')
		s = (struct ph_str){ s.s + 1, s.len - 2 };
	dash = memchr(s.s, '-', s.len);
	lo = hi = (struct ph_str){ s.s, dash == NULL ? s.len : (size_t)(dash - s.s) };
	if (dash != NULL)
		hi = (struct ph_str){ dash + 1, s.len - lo.len - 1 };
	/* "[A]-[B]" */
	if (lo.len > 1 && lo.s[lo.len - 1] == ']')
		lo.len--;
	if (hi.len > 1 && hi.s[0] == '[')
		hi = (struct ph_str){ hi.s + 1, hi.len - 1 };
	if (!ph_addr_parse(lo, &from) || !ph_addr_parse(hi, &to) || from > to ||
	    ph_addr_is_v4(from) != (r->table->family == PH_FAMILY_4) ||
	    ph_addr_is_v4(from) != ph_addr_is_v4(to))
		return false;
	*out = ph_ranges_one(r->rd->mem, from, to);
	return true;
}

/* Where the ":" before the ports is, or NULL. */
static const char *
port_colon(const struct ipt_rule *r, struct ph_str s)
{
	const char *last = memrchr(s.s, ':', s.len);

	if (last == NULL || r->table->family == PH_FAMILY_4)
		return last;
	return last > s.s && last[-1] == ']' ? last : last == s.s ? last : NULL;
}

static bool
parse_ports(struct ipt_rule *r, const struct ipt_word *w, struct ph_str s,
    const struct ph_ranges **out)
{
	struct ph_range v;

	if (!ph_ipt_port_range(r, w, s, '-', &v))
		return false;
	*out = ph_ranges_one(r->rd->mem, v.lo, v.hi);
	return true;
}

/* --to-destination, --to-source */
static bool
read_to(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	struct to *to = to_of(r, u);
	struct ph_str s = a->v.s, addr = s;
	const char *colon = port_colon(r, s);

	if (to->given)
		return ph_ipt_rule_fail(r, "duplicate-option", a->at,
		    "one target address or range only");
	to->given = true;
	if (colon != NULL) {
		struct ph_str ports = { colon + 1, (size_t)(s.s + s.len - colon - 1) };

		addr.len = (size_t)(colon - s.s);
		if (memchr(ports.s, '/', ports.len) != NULL)
			return ph_ipt_rule_fail(r, "bad-nat-address", a->v.at,
			    "shifted port ranges are not supported");
		if (!parse_ports(r, &a->v, ports, &to->nat.port))
			return false;
	}
	if (addr.len > 0 && !parse_addrs(r, addr, &to->nat.addr))
		return bad_to(r, &a->v);
	return addr.len > 0 || colon != NULL || bad_to(r, &a->v);
}

static bool
read_ports(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	return parse_ports(r, &a->v, a->v.s, &to_of(r, u)->nat.port);
}

static bool
read_flag(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	(void)a;
	to_of(r, u)->flags = true;
	return true;
}

/* NETMAP --to: the network that takes the place of the other. */
static bool
read_net(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	struct to *to = to_of(r, u);
	struct ph_range v;

	if (!ph_ipt_base_address(r, a->v.s, &v))
		return bad_to(r, &a->v);
	to->given = true;
	to->nat.addr = ph_ranges_one(r->rd->mem, v.lo, v.hi);
	return true;
}

static bool
end_to(struct ipt_rule *r, struct ipt_use *u)
{
	bool src = strcmp(u->m->name, "SNAT") == 0;
	struct to *to = to_of(r, u);

	if (!to->given)
		return ph_ipt_rule_fail(r, "missing-value", u->at, "%s needs --to-%s",
		    u->m->name, src ? "source" : "destination");
	ph_ipt_rule_act(r, &(struct ph_act){
		.kind = src ? PH_ACT_SNAT : PH_ACT_DNAT, .at = u->at, .nat = &to->nat,
	});
	return true;
}

static bool
end_here(struct ipt_rule *r, struct ipt_use *u)
{
	bool masq = strcmp(u->m->name, "MASQUERADE") == 0;

	ph_ipt_rule_act(r, &(struct ph_act){
		.kind = masq ? PH_ACT_MASQUERADE : PH_ACT_REDIRECT, .at = u->at,
		.nat = &to_of(r, u)->nat,
	});
	return true;
}

/* The network that is replaced: that of -s or -d, by the chain's place. */
static const struct ph_ranges *
mapped_from(const struct ipt_rule *r, enum ph_dim dim)
{
	for (size_t i = 0; i < r->rd->n_conds; i++) {
		const struct ph_cond *c = &r->rd->conds[i];

		if (c->kind == PH_COND_RANGES && c->dim == dim && !c->neg)
			return c->ranges;
	}
	return NULL;
}

/* Only a map between two networks of one size, in a built-in chain, is exact. */
static bool
end_netmap(struct ipt_rule *r, struct ipt_use *u)
{
	struct to *to = to_of(r, u);
	int point = ph_ipt_table_point(r->table->id, r->chain);
	bool dst = point == PH_PREROUTING || point == PH_OUTPUT;
	const struct ph_ranges *from = mapped_from(r, dst ? PH_DST : PH_SRC);
	struct ph_act a = { .at = u->at, .nat = &to->nat };

	if (!to->given)
		return ph_ipt_rule_fail(r, "missing-value", u->at, "NETMAP needs --to");
	a.kind = dst ? PH_ACT_DNAT : PH_ACT_SNAT;
	to->nat.netmap = true;
	if (from != NULL && from->n == 1)
		to->nat.from = from->r[0];
	if (point < 0 || from == NULL || from->n != 1 || to->nat.from.hi -
	    to->nat.from.lo != to->nat.addr->r[0].hi - to->nat.addr->r[0].lo) {
		a.kind = PH_ACT_OPAQUE;
		a.text = "a network mapped bit by bit, in a way not followed";
	}
	ph_ipt_rule_act(r, &a);
	return true;
}

static const struct ipt_opt dnat_opts[] = {
	{ "to-destination", IPT_ONE, false, 0, read_to },
	{ "random", IPT_FLAG, false, 0, read_flag },
	{ "persistent", IPT_FLAG, false, 0, read_flag },
};
static const struct ipt_opt snat_opts[] = {
	{ "to-source", IPT_ONE, false, 0, read_to },
	{ "random", IPT_FLAG, false, 0, read_flag },
	{ "random-fully", IPT_FLAG, false, 0, read_flag },
	{ "persistent", IPT_FLAG, false, 0, read_flag },
};
static const struct ipt_opt here_opts[] = {
	{ "to-ports", IPT_ONE, false, 0, read_ports },
	{ "random", IPT_FLAG, false, 0, read_flag },
	{ "random-fully", IPT_FLAG, false, 0, read_flag },
};
static const struct ipt_opt netmap_opts[] = {
	{ "to", IPT_ONE, false, 0, read_net },
};

static const struct ipt_module modules[] = {
	{ .name = "DNAT", IPT_OPTS(dnat_opts), .flags = IPT_KEEP, .end = end_to,
	    .tables = 1 << IPT_NAT },
	{ .name = "SNAT", IPT_OPTS(snat_opts), .flags = IPT_KEEP, .end = end_to,
	    .tables = 1 << IPT_NAT },
	{ .name = "MASQUERADE", IPT_OPTS(here_opts), .flags = IPT_KEEP,
	    .end = end_here, .tables = 1 << IPT_NAT },
	{ .name = "REDIRECT", IPT_OPTS(here_opts), .flags = IPT_KEEP,
	    .end = end_here, .tables = 1 << IPT_NAT },
	{ .name = "NETMAP", IPT_OPTS(netmap_opts), .flags = IPT_KEEP,
	    .end = end_netmap, .tables = 1 << IPT_NAT },
};

const struct ipt_modules ph_ipt_nat_modules = {
	modules, sizeof(modules) / sizeof(*modules),
};
