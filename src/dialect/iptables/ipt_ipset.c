/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_read.h"
#include "dialect/iptables/ipt_set.h"
#include "net/names.h"

/*
 * DOC: Sets
 *
 *	line    = "create" NAME TYPE option* | "add" NAME member option*
 *	TYPE    = ( "hash:" | "bitmap:" | "list:" ) part ( "," part )*
 *	part    = "ip" | "net" | "port" | "iface" | "mac" | "mark" | "set"
 *	member  = value ( "," value )*
 *
 * as "ipset save" prints them, in a file beside or after "# ipset: " in the
 * rules' own text, which iptables-restore skips.
 */

struct line {
	struct ipt_reader *rd;
	const struct ipt_line *l;
	size_t pos;
	struct ipt_set *set;
};

static bool
fail(const struct line *x, const char *id, struct ph_span at, const char *why)
{
	ph_diag(x->rd->diags, PH_ERROR, id, at, "%s", why);
	return false;
}

static const struct {
	const char *name;
	enum ipt_part part;
	bool net;
} part_names[] = {
	{ "ip", IPT_PART_ADDR, false }, { "net", IPT_PART_ADDR, true },
	{ "port", IPT_PART_PORT, false }, { "iface", IPT_PART_IFACE, false },
	{ "mac", IPT_PART_MAC, false }, { "mark", IPT_PART_MARK, false },
	{ "set", IPT_PART_SET, false },
};

static bool
parse_type(struct ipt_set *set, struct ph_str s)
{
	static const char *const kinds[] = { "hash:", "bitmap:", "list:" };
	size_t skip = 0;

	for (size_t i = 0; i < 3; i++)
		if (ph_str_starts(s, kinds[i]))
			skip = strlen(kinds[i]);
	if (skip == 0)
		return false;
	s = (struct ph_str){ s.s + skip, s.len - skip };
	for (;;) {
		const char *comma = memchr(s.s, ',', s.len);
		struct ph_str one = { s.s, comma == NULL ? s.len : (size_t)(comma - s.s) };
		size_t i, n = sizeof(part_names) / sizeof(*part_names);

		for (i = 0; i < n && !ph_str_eq(one, part_names[i].name); i++)
			continue;
		if (i == n || set->n_parts == IPT_PARTS)
			return false;
		set->parts[set->n_parts++] = part_names[i].part;
		set->nets |= part_names[i].net;
		set->macs |= part_names[i].part == IPT_PART_MAC;
		if (comma == NULL)
			return true;
		s = (struct ph_str){ comma + 1, s.len - one.len - 1 };
	}
}

/* Options of "create" and of "add"; the letter says what is done. */
static const struct {
	const char *name;
	unsigned args;
	char what;
} create_opts[] = {
	{ "family", 1, 'f' }, { "timeout", 1, 't' }, { "netmask", 1, 'n' },
	{ "bitmask", 1, 'o' }, { "markmask", 1, 'o' }, { "hashsize", 1, 0 },
	{ "maxelem", 1, 0 }, { "bucketsize", 1, 0 }, { "initval", 1, 0 },
	{ "range", 1, 'r' }, { "size", 1, 0 }, { "probes", 1, 0 }, { "resize", 1, 0 },
	{ "gc", 1, 0 }, { "counters", 0, 0 }, { "comment", 0, 0 }, { "skbinfo", 0, 0 },
	{ "forceadd", 0, 0 }, { "-exist", 0, 0 }, { "-!", 0, 0 },
}, add_opts[] = {
	{ "timeout", 1, 't' }, { "nomatch", 0, 'x' }, { "comment", 1, 0 },
	{ "packets", 1, 0 }, { "bytes", 1, 0 }, { "skbmark", 1, 0 },
	{ "skbprio", 1, 0 }, { "skbqueue", 1, 0 }, { "before", 1, 0 },
	{ "after", 1, 0 }, { "-exist", 0, 0 }, { "-!", 0, 0 },
};

static bool
create_value(struct line *x, char what, const struct ipt_word *w)
{
	uint64_t n;

	switch (what) {
	case 'f':
		x->set->v6 = ph_str_eq(w->s, "inet6");
		return x->set->v6 || ph_str_eq(w->s, "inet") ||
		    fail(x, "bad-set", w->at, "expected inet or inet6");
	case 't':
		if (!ph_str_u64(w->s, 10, UINT32_MAX, &n))
			return fail(x, "bad-number", w->at, "expected seconds");
		x->set->timeouts = n > 0;
		return true;
	case 'n':
		if (!ph_str_u64(w->s, 10, 128, &n))
			return fail(x, "bad-number", w->at, "expected a prefix length");
		x->set->netmask = (unsigned)n;
		return true;
	case 'r':
		x->set->range = ph_arena_dup(x->rd->mem, w->s.s, w->s.len);
		return true;
	case 'o':
		x->set->odd = true;
		return true;
	}
	return true;
}

static bool
read_create_options(struct line *x)
{
	while (x->pos < x->l->n) {
		const struct ipt_word *w = &x->l->w[x->pos++];
		size_t i, n = sizeof(create_opts) / sizeof(*create_opts);

		for (i = 0; i < n && !ph_str_eq(w->s, create_opts[i].name); i++)
			continue;
		if (i == n)
			return fail(x, "bad-set", w->at, "no option of a set");
		if (x->pos + create_opts[i].args > x->l->n)
			return fail(x, "missing-value", w->at, "a value is missing");
		if (!create_value(x, create_opts[i].what, &x->l->w[x->pos]))
			return false;
		x->pos += create_opts[i].args;
	}
	return true;
}

/* "create" NAME TYPE option* */
static bool
read_create(struct line *x)
{
	struct ipt_reader *rd = x->rd;
	const struct ipt_word *name = &x->l->w[x->pos], *type = name + 1;
	struct ipt_set *set = PH_NEW(rd->mem, struct ipt_set);

	if (x->l->n < x->pos + 2)
		return fail(x, "bad-set", x->l->at, "expected create NAME TYPE");
	set->name = ph_arena_dup(rd->mem, name->s.s, name->s.len);
	set->type = ph_arena_dup(rd->mem, type->s.s, type->s.len);
	set->at = x->l->at;
	x->set = set;
	x->pos += 2;
	if (!parse_type(set, type->s))
		return fail(x, "bad-set", type->at, "no type of a set that is known");
	if (!read_create_options(x))
		return false;
	*ph_map_at(rd->mem, &rd->priv->sets, set->name, name->s.len) = set;
	*rd->priv->sets_tail = set;
	rd->priv->sets_tail = &set->next;
	return true;
}

/* "A", "A/LEN", "A-B"; of a prefix the host bits do not count. */
static bool
parse_addr(const struct ipt_set *set, struct ph_str s, struct ph_range *out)
{
	const char *dash = memchr(s.s, '-', s.len);
	size_t n = dash == NULL ? s.len : (size_t)(dash - s.s);
	struct ph_range hi;

	if (!ph_prefix_parse((struct ph_str){ s.s, n }, out, NULL))
		return false;
	if (dash != NULL) {
		if (!ph_prefix_parse((struct ph_str){ dash + 1, s.len - n - 1 }, &hi, NULL))
			return false;
		out->hi = hi.hi;
	}
	if (out->lo > out->hi || ph_addr_is_v4(out->lo) == set->v6 ||
	    ph_addr_is_v4(out->hi) == set->v6)
		return false;
	if (set->netmask > 0) {
		out->lo = ph_prefix_range(out->lo, set->netmask).lo;
		out->hi = ph_prefix_range(out->hi, set->netmask).hi;
	}
	return true;
}

/* ICMP type of "icmp:8/0" or "icmp:echo-request" */
static bool
parse_icmp(struct ph_str s, struct ipt_elem *e, struct ph_range *out)
{
	static const struct { const char *name; uint8_t v4, v6; } names[] = {
		{ "echo-request", 8, 128 }, { "ping", 8, 128 }, { "echo-reply", 0, 129 },
		{ "pong", 0, 129 },
	};
	const char *slash = memchr(s.s, '/', s.len);
	size_t n = slash == NULL ? s.len : (size_t)(slash - s.s);
	uint64_t type, code = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (ph_str_eq(s, names[i].name)) {
			out->lo = out->hi = e->proto == PH_ICMP ? names[i].v4 : names[i].v6;
			e->code = (struct ph_range){ 0, 0 };
			return true;
		}
	if (!ph_str_u64((struct ph_str){ s.s, n }, 10, 255, &type) ||
	    (slash != NULL && !ph_str_u64((struct ph_str){ slash + 1, s.len - n - 1 },
	    10, 255, &code)))
		return false;
	out->lo = out->hi = type;
	e->code.lo = e->code.hi = code;
	return true;
}

/* [PROTO:]PORT[-PORT] */
static bool
parse_port(const struct ipt_set *set, struct ph_str s, struct ipt_elem *e,
    struct ph_range *out)
{
	const char *colon = memchr(s.s, ':', s.len), *dash;
	uint16_t lo, hi;

	e->proto = PH_TCP;
	e->any_proto = strcmp(set->type, "bitmap:port") == 0;
	e->code = (struct ph_range){ 0, 65535 };
	if (colon != NULL) {
		size_t n = (size_t)(colon - s.s);

		if (!ph_proto_parse((struct ph_str){ s.s, n }, &e->proto))
			return false;
		s = (struct ph_str){ colon + 1, s.len - n - 1 };
	}
	if (e->proto == PH_ICMP || e->proto == PH_ICMPV6)
		return parse_icmp(s, e, out);
	dash = memchr(s.s, '-', s.len);
	if (ph_port_parse(s, &lo)) {
		hi = lo;
	} else if (dash == NULL || !ph_port_parse((struct ph_str){ s.s,
	    (size_t)(dash - s.s) }, &lo) || !ph_port_parse((struct ph_str){ dash + 1,
	    (size_t)(s.s + s.len - dash - 1) }, &hi) || lo > hi) {
		return false;
	}
	*out = (struct ph_range){ lo, hi };
	return true;
}

static bool
parse_iface(struct ph_str s, struct ipt_elem *e, struct ph_range *out)
{
	static const char physdev[] = "physdev:";

	if (ph_str_starts(s, physdev)) {
		e->physdev = true;
		s = (struct ph_str){ s.s + sizeof(physdev) - 1, s.len - sizeof(physdev) + 1 };
	}
	if (s.len == 0 || s.len > 16)
		return false;
	if (s.s[s.len - 1] == '+') {
		*out = ph_iface_range((struct ph_str){ s.s, s.len - 1 });
		return s.len > 1;
	}
	out->lo = out->hi = ph_iface_encode(s);
	return true;
}

static bool
parse_mark(struct ph_str s, struct ph_range *out)
{
	uint64_t n;

	if (!ph_str_u64(s, 0, UINT32_MAX, &n))
		return false;
	*out = (struct ph_range){ n, n };
	return true;
}

static bool
parse_part(struct line *x, enum ipt_part part, struct ph_str s,
    struct ipt_elem *e, struct ph_range *out)
{
	switch (part) {
	case IPT_PART_ADDR:
		return parse_addr(x->set, s, out);
	case IPT_PART_PORT:
		return parse_port(x->set, s, e, out);
	case IPT_PART_IFACE:
		return parse_iface(s, e, out);
	case IPT_PART_MARK:
		return parse_mark(s, out);
	case IPT_PART_MAC:
		return s.len == 17;
	case IPT_PART_SET:
		e->set = ph_map_find(&x->rd->priv->sets, s.s, s.len);
		return e->set != NULL && e->set->parts[0] != IPT_PART_SET;
	default:
		return false;
	}
}

static bool
read_member(struct line *x, struct ipt_elem *e)
{
	const struct ipt_word *w = &x->l->w[x->pos++];
	struct ph_str s = w->s;

	for (unsigned i = 0; i < x->set->n_parts; i++) {
		const char *comma = memchr(s.s, ',', s.len);
		struct ph_str one = { s.s, comma == NULL ? s.len : (size_t)(comma - s.s) };

		/* a MAC address may be left out */
		if (one.len == 0 && x->set->parts[i] == IPT_PART_MAC)
			continue;
		if (!parse_part(x, x->set->parts[i], one, e, &e->part[i]))
			return fail(x, "bad-set-member", w->at, "this is no member of "
			    "a set of that type");
		s = comma == NULL ? (struct ph_str){ "", 0 } :
		    (struct ph_str){ comma + 1, s.len - one.len - 1 };
	}
	return s.len == 0 || fail(x, "bad-set-member", w->at,
	    "more parts than the set has");
}

static bool
read_add_options(struct line *x, struct ipt_elem *e)
{
	e->timed = x->set->timeouts;
	while (x->pos < x->l->n) {
		const struct ipt_word *w = &x->l->w[x->pos++];
		size_t i, n = sizeof(add_opts) / sizeof(*add_opts);
		uint64_t seconds;

		for (i = 0; i < n && !ph_str_eq(w->s, add_opts[i].name); i++)
			continue;
		if (i == n)
			return fail(x, "bad-set-member", w->at, "no option of a member");
		if (x->pos + add_opts[i].args > x->l->n)
			return fail(x, "missing-value", w->at, "a value is missing");
		if (add_opts[i].what == 'x')
			e->nomatch = true;
		if (add_opts[i].what == 't') {
			if (!ph_str_u64(x->l->w[x->pos].s, 10, UINT32_MAX, &seconds))
				return fail(x, "bad-number", w->at, "expected seconds");
			e->timed = seconds > 0;
		}
		x->pos += add_opts[i].args;
	}
	return true;
}

static void
push(struct line *x, const struct ipt_elem *e)
{
	struct ipt_set *set = x->set;

	*PH_PUSH(x->rd->mem, set->v, set->n, set->cap) = *e;
	set->nomatches |= e->nomatch;
	set->timed |= e->timed;
	set->odd |= e->physdev;
}

/* "add" NAME MEMBER option* */
static bool
read_add(struct line *x)
{
	struct ipt_elem e = { .part = { PH_ANY, PH_ANY, PH_ANY } };
	const struct ipt_word *name = &x->l->w[x->pos];
	struct ph_range rest, one;

	if (x->l->n < x->pos + 2)
		return fail(x, "bad-set", x->l->at, "expected add NAME MEMBER");
	x->set = ph_map_find(&x->rd->priv->sets, name->s.s, name->s.len);
	if (x->set == NULL)
		return fail(x, "unknown-set", name->at, "no such set was created before");
	x->pos++;
	if (!read_member(x, &e) || !read_add_options(x, &e))
		return false;
	if (!x->set->nets || x->set->parts[0] != IPT_PART_ADDR) {
		push(x, &e);
		return true;
	}
	/* networks: each prefix counts by itself */
	for (rest = e.part[0]; ; ) {
		bool more = ph_range_next_prefix(&rest, &one);

		e.part[0] = one;
		push(x, &e);
		if (!more)
			return true;
	}
}

bool
ph_ipt_ipset_line(struct ipt_reader *rd, const struct ipt_line *l, size_t from)
{
	struct line x = { rd, l, from + 1, NULL };
	const struct ipt_word *w = &l->w[from];

	if (from >= l->n)
		return true;
	if (ph_str_eq(w->s, "create") || ph_str_eq(w->s, "-N"))
		return read_create(&x);
	if (ph_str_eq(w->s, "add") || ph_str_eq(w->s, "-A"))
		return read_add(&x);
	ph_diag(rd->diags, PH_WARN, "unread-line", l->at, "expected \"create\" or "
	    "\"add\"; this command of ipset is not followed");
	return true;
}

void
ph_ipt_ipset_read(struct ipt_reader *rd, struct ph_src *src)
{
	struct ipt_lex x = { .mem = rd->mem, .src = src, .shell = true };
	struct ph_span at;

	while (ph_ipt_lex_peek(&x, &at)) {
		ph_ipt_lex_line(&x, &rd->line);
		if (ph_ipt_lex_check(rd->diags, &rd->line) && rd->line.n > 0)
			ph_ipt_ipset_line(rd, &rd->line, 0);
		ph_ipt_lex_skip(&x);
	}
}
