/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_read.h"

/*
 * DOC: Address ranges, kinds of addresses, marks, owners, comments
 *
 *	-m iprange [!] --src-range A-B, --dst-range A-B
 *	-m addrtype [!] --src-type T, --dst-type T [--limit-iface-in|out]
 *	-m mark [!] --mark V[/M], -m connmark [!] --mark V[/M]
 *	-m owner [!] --uid-owner U[-U]
 *	-m comment --comment TEXT
 *
 * LOCAL and MULTICAST are exact; whether an address is a broadcast address of
 * a network on the firewall is not in the text.
 */

enum {
	MAX_MARK_RANGES = 64,
	/* flags of addrtype */
	SRC_SIDE = 1, DST_SIDE = 2, ONE_IFACE = 4,
};

/* A-B or a single address */
static bool
read_range(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	const char *dash = memchr(a->v.s.s, '-', a->v.s.len);
	size_t n = dash == NULL ? a->v.s.len : (size_t)(dash - a->v.s.s);
	struct ph_str lo = { a->v.s.s, n }, hi = lo;
	ph_u128 from, to;

	(void)u;
	if (dash != NULL)
		hi = (struct ph_str){ dash + 1, a->v.s.len - n - 1 };
	if (!ph_addr_parse(lo, &from) || !ph_addr_parse(hi, &to) || from > to ||
	    ph_addr_is_v4(from) != ph_addr_is_v4(to))
		return ph_ipt_rule_fail(r, "bad-range", a->v.at,
		    "expected two rising addresses, FROM-TO");
	if (ph_addr_is_v4(from) != (r->table->family == PH_FAMILY_4))
		return ph_ipt_rule_fail(r, "wrong-family", a->v.at,
		    "addresses of the other family than the table");
	ph_ipt_rule_one(r, (enum ph_dim)a->code, from, to, a->neg, a->at);
	return true;
}

static const char *const types[] = {
	"UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST",
	"BLACKHOLE", "UNREACHABLE", "PROHIBIT", "THROW", "NAT", "XRESOLVE",
};

enum { N_TYPES = sizeof(types) / sizeof(*types) };

static bool
check_types(struct ipt_rule *r, const struct ipt_word *w)
{
	struct ph_str s = w->s, one = s;
	const char *near;

	while (s.len > 0) {
		const char *comma = memchr(s.s, ',', s.len);
		size_t i;

		one = (struct ph_str){ s.s, comma == NULL ? s.len : (size_t)(comma - s.s) };
		for (i = 0; i < N_TYPES && !ph_str_case_eq(one, types[i]); i++)
			continue;
		if (i == N_TYPES)
			break;
		if (comma == NULL)
			return true;
		s = (struct ph_str){ comma + 1, s.len - one.len - 1 };
	}
	near = ph_str_nearest(one, types, N_TYPES);
	return ph_ipt_rule_fail(r, "bad-address-type", w->at,
	    "expected kinds of addresses like LOCAL%s%s%s",
	    near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
	    near == NULL ? "" : "\"?");
}

static void
add_multicast(struct ipt_rule *r, enum ph_dim dim, bool neg, struct ph_span at)
{
	ph_u128 v6 = (ph_u128)0xff << 120;

	if (r->table->family == PH_FAMILY_4)
		ph_ipt_rule_one(r, dim, PH_V4(0xe0000000U), PH_V4(0xefffffffU), neg, at);
	else
		ph_ipt_rule_one(r, dim, v6, PH_V4_BASE - 1, neg, at);
}

/* The kind is judged when the whole match was read: a flag may follow. */
static bool
read_type(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	struct ph_cond c = { .neg = a->neg, .at = a->at };
	bool src = a->code == SRC_SIDE;

	if (!check_types(r, &a->v))
		return false;
	u->flags |= a->code;
	ph_ipt_rule_words(r, a->at, ph_arena_printf(r->rd->mem, "-m addrtype%s --%s-type "
	    "%.*s", a->neg ? " !" : "", src ? "src" : "dst", (int)a->v.s.len, a->v.s.s));
	if (ph_str_case_eq(a->v.s, "MULTICAST")) {
		add_multicast(r, src ? PH_SRC : PH_DST, a->neg, a->at);
		return true;
	}
	c.kind = src ? PH_COND_SRC_LOCAL : PH_COND_DST_LOCAL;
	if (!ph_str_case_eq(a->v.s, "LOCAL")) {
		c.kind = PH_COND_OPAQUE;
		c.neg = false;
		c.text = "depends on the firewall's own addresses and routes";
	}
	ph_ipt_rule_cond(r, &c);
	return true;
}

/* --limit-iface-in and -out */
static bool
read_one_iface(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	(void)r;
	u->flags |= ONE_IFACE;
	u->p = a->code == 'i' ? " --limit-iface-in" : " --limit-iface-out";
	return true;
}

static bool
is_local(const struct ph_cond *c)
{
	return c->kind == PH_COND_SRC_LOCAL || c->kind == PH_COND_DST_LOCAL ||
	    c->kind == PH_COND_OPAQUE;
}

/* "LOCAL on this very interface" needs the interface's addresses. */
static bool
end_type(struct ipt_rule *r, struct ipt_use *u)
{
	struct ipt_reader *rd = r->rd;

	if ((u->flags & (SRC_SIDE | DST_SIDE)) == 0)
		return ph_ipt_rule_fail(r, "missing-value", u->at,
		    "addrtype needs --src-type or --dst-type");
	if ((u->flags & ONE_IFACE) == 0)
		return true;
	for (size_t i = 0; i < rd->n_conds; i++) {
		struct ph_cond *c = &rd->conds[i];
		char *words;

		if (!is_local(c) || c->at.off < u->at.off ||
		    c->at.off >= u->at.off + u->at.len)
			continue;
		words = ph_map_find(&rd->priv->words, (const char *)&c->at.off,
		    sizeof(c->at.off));
		ph_ipt_rule_words(r, c->at, ph_arena_printf(rd->mem, "%s%s", words,
		    (const char *)u->p));
		c->kind = PH_COND_OPAQUE;
		c->neg = false;
		c->text = "depends on the addresses of one interface";
	}
	return true;
}

/* VALUE[/MASK] */
static bool
read_mark(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	const char *slash = memchr(a->v.s.s, '/', a->v.s.len);
	size_t n = slash == NULL ? a->v.s.len : (size_t)(slash - a->v.s.s);
	uint64_t v, mask = UINT32_MAX;
	const struct ph_ranges *set = ph_ranges_none();
	struct ph_cond c = {
		.kind = PH_COND_MASK, .dim = (enum ph_dim)a->code, .neg = a->neg,
		.at = a->at,
	};
	struct ph_masked *bits;

	(void)u;
	if (!ph_str_u64((struct ph_str){ a->v.s.s, n }, 0, UINT32_MAX, &v) ||
	    (slash != NULL && !ph_str_u64((struct ph_str){ slash + 1,
	    a->v.s.len - n - 1 }, 0, UINT32_MAX, &mask)))
		return ph_ipt_rule_fail(r, "bad-mark", a->v.at,
		    "expected VALUE or VALUE/MASK, 32 bits each");
	if ((v & ~mask) != 0 || ph_ranges_masked(r->rd->mem, v, mask, 32, 0,
	    (struct ph_range){ 0, UINT32_MAX }, MAX_MARK_RANGES, &set)) {
		ph_ipt_rule_ranges(r, (enum ph_dim)a->code, mask == 0 && v == 0 ? NULL :
		    set, a->neg, a->at);
		return true;
	}
	bits = PH_NEW(r->rd->mem, struct ph_masked);
	*bits = (struct ph_masked){ v, mask };
	c.masked = bits;
	ph_ipt_rule_cond(r, &c);
	return true;
}

/*
 * Packets that no program here sent have no owner, and "! owner" holds
 * (owner_mt()).  Nothing sees such packets in OUTPUT, and other platforms need
 * not be able to say it.
 */
static bool
only_output(const struct ipt_rule *r)
{
	return (r->table->id != IPT_NAT && r->table->id != IPT_MANGLE) ||
	    ph_str_eq(r->chain, "OUTPUT");
}

static bool
read_uid(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	const char *dash = memchr(a->v.s.s, '-', a->v.s.len);
	size_t n = dash == NULL ? a->v.s.len : (size_t)(dash - a->v.s.s);
	uint64_t lo = 0, hi;
	bool known = ph_str_u64((struct ph_str){ a->v.s.s, n }, 10, UINT32_MAX, &lo) ||
	    ph_str_eq(a->v.s, "root");

	(void)u;
	hi = lo;
	if (known && dash != NULL)
		known = ph_str_u64((struct ph_str){ dash + 1, a->v.s.len - n - 1 }, 10,
		    UINT32_MAX, &hi) && lo <= hi;
	ph_ipt_rule_words(r, a->at, ph_arena_printf(r->rd->mem, "-m owner%s --uid-owner "
	    "%.*s", a->neg ? " !" : "", (int)a->v.s.len, a->v.s.s));
	if (!known) {
		ph_ipt_rule_opaque(r, a->at, "depends on who sent it");
		return true;
	}
	ph_ipt_rule_cond(r, &(struct ph_cond){
		.kind = PH_COND_UID, .neg = a->neg, .nobody = a->neg && !only_output(r),
		.at = a->at,
		.ranges = ph_ranges_one(r->rd->mem, lo, hi),
	});
	return true;
}

static bool
read_owner(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	ph_ipt_rule_words(r, a->at, ph_arena_printf(r->rd->mem, "-m owner%s --%s%s%.*s",
	    a->neg ? " !" : "", u->m->opts[a->code].name, a->v.s.len > 0 ? " " : "",
	    (int)a->v.s.len, a->v.s.len > 0 ? a->v.s.s : ""));
	ph_ipt_rule_opaque(r, a->at, "depends on which program sent it");
	return true;
}

static bool
read_comment(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	(void)u;
	r->comment = ph_ipt_rule_text(r, a->v.s);
	return true;
}

static const struct ipt_opt range_opts[] = {
	{ "src-range", IPT_ONE, true, PH_SRC, read_range },
	{ "dst-range", IPT_ONE, true, PH_DST, read_range },
};
static const struct ipt_opt type_opts[] = {
	{ "src-type", IPT_ONE, true, SRC_SIDE, read_type },
	{ "dst-type", IPT_ONE, true, DST_SIDE, read_type },
	{ "limit-iface-in", IPT_FLAG, false, 'i', read_one_iface },
	{ "limit-iface-out", IPT_FLAG, false, 'o', read_one_iface },
};
static const struct ipt_opt mark_opts[] = {
	{ "mark", IPT_ONE, true, PH_MARK, read_mark },
};
static const struct ipt_opt connmark_opts[] = {
	{ "mark", IPT_ONE, true, PH_CTMARK, read_mark },
};
static const struct ipt_opt owner_opts[] = {
	{ "uid-owner", IPT_ONE, true, 0, read_uid },
	{ "gid-owner", IPT_ONE, true, 1, read_owner },
	{ "socket-exists", IPT_FLAG, true, 2, read_owner },
	{ "suppl-groups", IPT_FLAG, true, 3, read_owner },
	{ "pid-owner", IPT_ONE, true, 4, read_owner },
	{ "sid-owner", IPT_ONE, true, 5, read_owner },
	{ "cmd-owner", IPT_ONE, true, 6, read_owner },
};
static const struct ipt_opt comment_opts[] = {
	{ "comment", IPT_ONE, false, 0, read_comment },
};

static const struct ipt_module modules[] = {
	{ .name = "iprange", IPT_OPTS(range_opts) },
	{ .name = "addrtype", IPT_OPTS(type_opts), .end = end_type },
	{ .name = "mark", IPT_OPTS(mark_opts) },
	{ .name = "connmark", IPT_OPTS(connmark_opts) },
	{ .name = "owner", IPT_OPTS(owner_opts) },
	{ .name = "comment", IPT_OPTS(comment_opts) },
};

const struct ipt_modules ph_ipt_addr_modules = {
	modules, sizeof(modules) / sizeof(*modules),
};
