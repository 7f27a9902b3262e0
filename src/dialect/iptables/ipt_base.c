/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_read.h"
#include "net/names.h"

/*
 * DOC: Options of the rule itself
 *
 *	command = -A CHAIN | -I CHAIN [N] | -R CHAIN N | -D CHAIN [N] | -N CHAIN
 *	        | -P CHAIN TARGET | -F [CHAIN] | -X [CHAIN] | -Z [CHAIN] ...
 *	match   = [!] -p PROTO | [!] -s ADDRS | [!] -d ADDRS
 *	        | [!] -i IFACE[+] | [!] -o IFACE[+] | [!] -f
 *	ADDRS   = ADDR [ "/" MASK ] ( "," ... )*
 */

enum {
	SEEN_SRC = 1, SEEN_DST = 2, SEEN_IN = 4, SEEN_OUT = 8, SEEN_PROTO = 16,
	MAX_MASK_RANGES = 64, MAX_IFACE = 15,
};

bool
ph_ipt_base_number(struct ipt_rule *r, const struct ipt_word *w, uint64_t max,
    uint64_t *out)
{
	if (ph_str_u64(w->s, 0, max, out))
		return true;
	return ph_ipt_rule_fail(r, "bad-number", w->at,
	    "expected a number of at most %llu", (unsigned long long)max);
}

static bool
once(struct ipt_rule *r, unsigned bit, struct ph_span at)
{
	if ((r->seen & bit) != 0)
		return ph_ipt_rule_fail(r, "duplicate-option", at,
		    "this option is given twice");
	r->seen |= bit;
	return true;
}

/* A number that may follow a command's chain. */
static bool
maybe_number(struct ipt_rule *r, bool needed)
{
	const struct ipt_line *l = &r->rd->line;

	if (r->pos < l->n && l->w[r->pos].s.len > 0 && l->w[r->pos].s.s[0] >= '0' &&
	    l->w[r->pos].s.s[0] <= '9')
		return ph_ipt_base_number(r, &l->w[r->pos++], UINT32_MAX, &r->number) &&
		    (r->number > 0 || ph_ipt_rule_fail(r, "bad-number",
		    l->w[r->pos - 1].at, "rules are counted from 1"));
	return !needed || ph_ipt_rule_fail(r, "missing-value", r->chain_at,
	    "a rule number is missing");
}

static bool
read_command(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	(void)u;
	if (r->command != 0)
		return ph_ipt_rule_fail(r, "duplicate-option", a->at,
		    "a line holds one command only");
	r->command = (char)a->code;
	r->chain = a->v.s;
	r->chain_at = a->v.at;
	r->second = a->v2.s;
	r->second_at = a->v2.at;
	if (a->v.at.src != NULL && r->chain.len == 0)
		return ph_ipt_rule_fail(r, "missing-value", a->at, "a chain is missing");
	if (a->code == 'I' || a->code == 'D' || a->code == 'R')
		return maybe_number(r, a->code == 'R');
	return true;
}

static bool
read_proto(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	uint8_t n;

	(void)u;
	if (!once(r, SEEN_PROTO, a->at))
		return false;
	r->proto_neg = a->neg;
	r->proto_at = a->at;
	if (ph_str_case_eq(a->v.s, "all"))
		n = 0;
	else if (!ph_proto_parse(a->v.s, &n))
		return ph_ipt_rule_fail(r, "bad-proto", a->v.at,
		    "expected a protocol's name or its number, 0 to 255");
	if (n == 0 && a->neg)
		return ph_ipt_rule_fail(r, "bad-negation", a->at,
		    "no packet has none of all protocols");
	r->proto = n == 0 ? -1 : n;
	return true;
}

/* "10/8" is 10.0.0.0/8: up to four parts, the missing ones are 0. */
static bool
short_v4(struct ph_str s, uint32_t *out)
{
	uint32_t v = 0;
	unsigned parts = 0;

	while (parts < 4) {
		const char *dot = memchr(s.s, '.', s.len);
		size_t n = dot == NULL ? s.len : (size_t)(dot - s.s);
		uint64_t part;

		if (!ph_str_u64((struct ph_str){ s.s, n }, 10, 255, &part))
			return false;
		v |= (uint32_t)part << (24 - 8 * parts++);
		if (dot == NULL) {
			*out = v;
			return true;
		}
		s = (struct ph_str){ dot + 1, s.len - n - 1 };
	}
	return false;
}

static bool
parse_addr(struct ph_str s, ph_u128 *out)
{
	uint32_t v4;

	if (ph_addr_parse(s, out))
		return true;
	if (!short_v4(s, &v4))
		return false;
	*out = PH_V4(v4);
	return true;
}

/* An address with the mask that stands after its slash. */
struct masked_addr {
	ph_u128 addr, mask;		/* 32 or 128 bits, host order */
	bool v6;
};

static bool
parse_mask(struct ph_str s, bool v6, ph_u128 *out)
{
	ph_u128 m;
	uint64_t len;
	unsigned bits = v6 ? 128 : 32;

	if (ph_str_u64(s, 10, bits, &len)) {
		*out = len == 0 ? 0 : ~(ph_u128)0 << (bits - len);
		if (!v6)
			*out &= UINT32_MAX;
		return true;
	}
	if (!ph_addr_parse(s, &m) || ph_addr_is_v4(m) == v6)
		return false;
	*out = v6 ? m : (uint32_t)(m - PH_V4_BASE);
	return true;
}

static bool
parse_masked(struct ph_str s, struct masked_addr *out)
{
	const char *slash = memchr(s.s, '/', s.len);
	size_t n = slash == NULL ? s.len : (size_t)(slash - s.s);
	ph_u128 a;

	if (!parse_addr((struct ph_str){ s.s, n }, &a))
		return false;
	out->v6 = !ph_addr_is_v4(a);
	out->addr = out->v6 ? a : (uint32_t)(a - PH_V4_BASE);
	out->mask = out->v6 ? ~(ph_u128)0 : UINT32_MAX;
	return slash == NULL || parse_mask((struct ph_str){ slash + 1, s.len - n - 1 },
	    out->v6, &out->mask);
}

/* Is the mask a prefix? */
static bool
is_prefix(const struct masked_addr *m)
{
	ph_u128 all = m->v6 ? ~(ph_u128)0 : UINT32_MAX, holes = ~m->mask & all;

	return (holes & (holes + 1)) == 0;
}

static struct ph_range
range_of(const struct masked_addr *m)
{
	ph_u128 all = m->v6 ? ~(ph_u128)0 : UINT32_MAX, base = m->v6 ? 0 : PH_V4_BASE;
	ph_u128 lo = m->addr & m->mask;

	return (struct ph_range){ base + lo, base + (lo | (~m->mask & all)) };
}

static bool
right_family(struct ipt_rule *r, bool v6, struct ph_span at)
{
	if (v6 == (r->table->family == PH_FAMILY_6))
		return true;
	return ph_ipt_rule_fail(r, "wrong-family", at,
	    "an IPv%c address in an IPv%c table", v6 ? '6' : '4', v6 ? '4' : '6');
}

bool
ph_ipt_base_address(struct ipt_rule *r, struct ph_str s, struct ph_range *out)
{
	struct masked_addr m;

	if (!parse_masked(s, &m) || !is_prefix(&m) ||
	    m.v6 != (r->table->family == PH_FAMILY_6))
		return false;
	*out = range_of(&m);
	return true;
}

/* A mask with holes: as ranges while they are few. */
static void
add_holes(struct ipt_rule *r, enum ph_dim dim, const struct masked_addr *m,
    const struct ipt_arg *a)
{
	struct ph_cond c = {
		.kind = PH_COND_RANGES, .dim = dim, .neg = a->neg, .at = a->at,
		.v6 = m->v6,
	};
	struct ph_masked *holes;

	if (!ph_ranges_masked(r->rd->mem, m->addr, m->mask, m->v6 ? 128 : 32,
	    m->v6 ? 0 : PH_V4_BASE, PH_ANY, MAX_MASK_RANGES, &c.ranges)) {
		holes = PH_NEW(r->rd->mem, struct ph_masked);
		*holes = (struct ph_masked){ m->addr & m->mask, m->mask };
		c.kind = PH_COND_MASK;
		c.masked = holes;
	}
	ph_ipt_rule_words(r, a->at, ph_arena_printf(r->rd->mem, "%s%s %.*s",
	    a->neg ? "! " : "", dim == PH_SRC ? "-s" : "-d", (int)a->v.s.len, a->v.s.s));
	ph_ipt_rule_cond(r, &c);
}

/* A name that only the resolver of the loading host knows. */
static bool
add_name(struct ipt_rule *r, const struct ipt_arg *a, struct ph_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (strchr("-._", s.s[i]) == NULL &&
		    !((s.s[i] | 0x20) >= 'a' && (s.s[i] | 0x20) <= 'z') &&
		    !(s.s[i] >= '0' && s.s[i] <= '9'))
			goto bad;
	if (s.len == 0 || strspn(s.s, "0123456789./") >= s.len)
		goto bad;
	ph_ipt_rule_warn(r, "host-name", a->v.at, "a name's addresses are known only "
	    "where the rules are loaded; the audit treats this match as unknown");
	ph_ipt_rule_words(r, a->at, ph_arena_printf(r->rd->mem, "%s-%c %.*s",
	    a->neg ? "! " : "", (int)a->code, (int)a->v.s.len, a->v.s.s));
	ph_ipt_rule_opaque(r, a->at, "depends on the addresses of a name");
	return true;
bad:
	return ph_ipt_rule_fail(r, "bad-address", a->v.at,
	    "expected an address, a network or a name");
}

/* One address: straight to a condition. */
static bool
add_address(struct ipt_rule *r, enum ph_dim dim, const struct ipt_arg *a)
{
	struct masked_addr m;
	struct ph_range v;

	if (!parse_masked(a->v.s, &m))
		return add_name(r, a, a->v.s);
	if (!right_family(r, m.v6, a->v.at))
		return false;
	if (!is_prefix(&m)) {
		add_holes(r, dim, &m, a);
		return true;
	}
	v = range_of(&m);
	if (m.mask != 0)
		ph_ipt_rule_one(r, dim, v.lo, v.hi, a->neg, a->at);
	else
		ph_ipt_rule_ranges(r, dim, NULL, a->neg, a->at);
	return true;
}

/* A list: each address makes a rule of its own. */
static bool
add_list(struct ipt_rule *r, const struct ipt_arg *a, struct ph_range **out,
    size_t *n)
{
	struct ph_str s = a->v.s;

	*out = ph_arena_array(r->rd->mem, IPT_MAX_LIST, sizeof(**out));
	while (s.len > 0) {
		const char *comma = memchr(s.s, ',', s.len);
		struct ph_str one = { s.s, comma == NULL ? s.len : (size_t)(comma - s.s) };

		if (*n == IPT_MAX_LIST)
			return ph_ipt_rule_fail(r, "too-many-addresses", a->at,
			    "more than %d addresses in a list", IPT_MAX_LIST);
		if (!ph_ipt_base_address(r, one, &(*out)[(*n)++]))
			return ph_ipt_rule_fail(r, "bad-address", a->v.at,
			    "\"%.*s\" is no address of this family", (int)one.len, one.s);
		if (comma == NULL)
			return true;
		s = (struct ph_str){ comma + 1, s.len - one.len - 1 };
	}
	return ph_ipt_rule_fail(r, "bad-address", a->v.at, "an address is missing");
}

/* -s, -d */
static bool
read_addr(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	bool src = a->code == 's';
	struct ph_range *list;

	(void)u;
	if (!once(r, src ? SEEN_SRC : SEEN_DST, a->at))
		return false;
	if (memchr(a->v.s.s, ',', a->v.s.len) == NULL)
		return add_address(r, src ? PH_SRC : PH_DST, a);
	if (a->neg)
		return ph_ipt_rule_fail(r, "bad-negation", a->at,
		    "\"!\" is not possible with a list of addresses");
	if (!add_list(r, a, &list, src ? &r->n_src : &r->n_dst))
		return false;
	*(src ? &r->src : &r->dst) = list;
	*(src ? &r->src_at : &r->dst_at) = a->at;
	return true;
}

/* Note the name of an interface; each once. */
static void
see_iface(struct ipt_rule *r, struct ph_str name)
{
	struct ipt_reader *rd = r->rd;
	struct ph_iface *i;

	if (ph_map_find(&rd->ifaces, name.s, name.len) != NULL)
		return;
	i = PH_NEW(rd->mem, struct ph_iface);
	i->name = ph_arena_dup(rd->mem, name.s, name.len);
	i->level = -1;
	i->at = r->at;
	*rd->rs->ifaces_tail = i;
	rd->rs->ifaces_tail = &i->next;
	*ph_map_at(rd->mem, &rd->ifaces, i->name, name.len) = i;
}

/* -i, -o: a name, or with a "+" all that begin so */
static bool
read_iface(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	bool in = a->code == 'i';
	enum ph_dim dim = in ? PH_IIF : PH_OIF;
	struct ph_str s = a->v.s;
	bool wild = s.len > 0 && s.s[s.len - 1] == '+';
	struct ph_range v;

	(void)u;
	if (!once(r, in ? SEEN_IN : SEEN_OUT, a->at))
		return false;
	s.len -= wild;
	if (s.len > MAX_IFACE || (s.len == 0 && !wild) || memchr(s.s, 0, s.len) != NULL)
		return ph_ipt_rule_fail(r, "bad-interface", a->v.at,
		    "an interface's name has 1 to %d bytes", MAX_IFACE);
	if (!wild) {
		v.lo = v.hi = ph_iface_encode(s);
		see_iface(r, s);
	} else if (s.len > 0) {
		v = ph_iface_range(s);
	} else {
		ph_ipt_rule_ranges(r, dim, NULL, a->neg, a->at);
		return true;
	}
	ph_ipt_rule_one(r, dim, v.lo, v.hi, a->neg, a->at);
	return true;
}

/* -f: never true of a whole packet, and only whole ones are asked about. */
static bool
read_fragment(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	(void)u;
	if (r->table->family == PH_FAMILY_6)
		return ph_ipt_rule_fail(r, "wrong-family", a->at, "-f is for IPv4");
	ph_ipt_rule_words(r, a->at, a->neg ? "! -f" : "-f");
	ph_ipt_rule_ranges(r, PH_PROTO, ph_ranges_none(), a->neg, a->at);
	return true;
}

static bool
read_family(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	(void)u;
	r->skip = r->table->family != (a->code == '4' ? PH_FAMILY_4 : PH_FAMILY_6);
	return true;
}

static bool
read_nothing(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	(void)r;
	(void)u;
	(void)a;
	return true;
}

const struct ipt_opt ph_ipt_base_opts[] = {
	{ "append", IPT_ONE, false, 'A', read_command },
	{ "insert", IPT_ONE, false, 'I', read_command },
	{ "replace", IPT_ONE, false, 'R', read_command },
	{ "delete", IPT_ONE, false, 'D', read_command },
	{ "new-chain", IPT_ONE, false, 'N', read_command },
	{ "policy", IPT_TWO, false, 'P', read_command },
	{ "rename-chain", IPT_TWO, false, 'E', read_command },
	{ "flush", IPT_MAYBE, false, 'F', read_command },
	{ "delete-chain", IPT_MAYBE, false, 'X', read_command },
	{ "zero", IPT_MAYBE, false, 'Z', read_command },
	{ "list", IPT_MAYBE, false, 'L', read_command },
	{ "list-rules", IPT_MAYBE, false, 'S', read_command },
	{ "check", IPT_ONE, false, 'C', read_command },
	{ "protocol", IPT_ONE, true, 'p', read_proto },
	{ "source", IPT_ONE, true, 's', read_addr },
	{ "src", IPT_ONE, true, 's', read_addr },
	{ "destination", IPT_ONE, true, 'd', read_addr },
	{ "dst", IPT_ONE, true, 'd', read_addr },
	{ "in-interface", IPT_ONE, true, 'i', read_iface },
	{ "out-interface", IPT_ONE, true, 'o', read_iface },
	{ "fragments", IPT_FLAG, true, 'f', read_fragment },
	{ "match", IPT_ONE, false, 'm', NULL },
	{ "jump", IPT_ONE, false, 'j', NULL },
	{ "goto", IPT_ONE, false, 'g', NULL },
	{ "table", IPT_ONE, false, 't', read_nothing },
	{ "set-counters", IPT_TWO, false, 'c', read_nothing },
	{ "ipv4", IPT_FLAG, false, '4', read_family },
	{ "ipv6", IPT_FLAG, false, '6', read_family },
	{ "wait", IPT_MAYBE, false, 'w', read_nothing },
	{ "wait-interval", IPT_MAYBE, false, 'W', read_nothing },
	{ "verbose", IPT_FLAG, false, 'v', read_nothing },
	{ "numeric", IPT_FLAG, false, 'n', read_nothing },
	{ "exact", IPT_FLAG, false, 'x', read_nothing },
	{ "line-numbers", IPT_FLAG, false, 0, read_nothing },
	{ "modprobe", IPT_ONE, false, 'M', read_nothing },
};

const size_t ph_ipt_base_n = sizeof(ph_ipt_base_opts) / sizeof(*ph_ipt_base_opts);

const struct ipt_opt *
ph_ipt_base_short(char c)
{
	for (size_t i = 0; i < ph_ipt_base_n; i++)
		if (ph_ipt_base_opts[i].code == (unsigned char)c && c != 0)
			return &ph_ipt_base_opts[i];
	return NULL;
}

static int
rank(const struct ph_cond *c)
{
	static const int order[PH_NDIMS] = {
		[PH_SRC] = 4, [PH_DST] = 3, [PH_IIF] = 2, [PH_OIF] = 1,
	};

	return c->kind == PH_COND_RANGES || c->kind == PH_COND_MASK ?
	    -order[c->dim] : 0;
}

/* The few conditions of the base options, in the order of iptables-save. */
bool
ph_ipt_base_end(struct ipt_rule *r)
{
	struct ph_cond *v = r->rd->conds;
	size_t n = r->rd->n_conds;

	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && rank(&v[k - 1]) > rank(&v[k]); k--) {
			struct ph_cond swap = v[k];

			v[k] = v[k - 1];
			v[k - 1] = swap;
		}
	if (r->proto >= 0)
		ph_ipt_rule_one(r, PH_PROTO, (unsigned)r->proto, (unsigned)r->proto,
		    r->proto_neg, r->proto_at);
	return true;
}
