/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_read.h"
#include "net/names.h"

/*
 * DOC: Ports
 *
 *	-p tcp [-m tcp] [!] --dport 80 | 1024:65535 | :1023 | http
 *	-p tcp -m multiport [!] --dports 80,443,8000:8080	(15 slots)
 *	-p tcp [!] --tcp-flags MASK SET | [!] --syn
 *
 * "--ports" means source or destination.  A port match without a protocol
 * that has ports is refused, as the kernel does.
 */

enum { MAX_SLOTS = 15 };

/* struct ipt_module.protos: one protocol, or any with ports. */
enum { NEEDS_PORTS = 256 };

bool
ph_ipt_port_range(struct ipt_rule *r, const struct ipt_word *w, struct ph_str s,
    char sep, struct ph_range *out)
{
	const char *c = memchr(s.s, sep, s.len);
	size_t n = c == NULL ? s.len : (size_t)(c - s.s);
	struct ph_str lo = { s.s, n };
	uint16_t from = 0, to = 65535;

	if ((n > 0 || c == NULL) && !ph_port_parse(lo, &from))
		goto bad;
	if (c == NULL)
		to = from;
	else if (s.len > n + 1 &&
	    !ph_port_parse((struct ph_str){ c + 1, s.len - n - 1 }, &to))
		goto bad;
	if (from > to || s.len == 0)
		goto bad;
	*out = (struct ph_range){ from, to };
	return true;
bad:
	return ph_ipt_rule_fail(r, "bad-port", w->at, "expected a port or a rising "
	    "range like 1024%c65535, 0 to 65535", sep);
}

/* A port name like "ftp-data" has a "-": only ":" separates. */
static bool
read_port(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	struct ph_range v;

	(void)u;
	if (!ph_ipt_port_range(r, &a->v, a->v.s, ':', &v))
		return false;
	if (v.lo == 0 && v.hi == 65535)
		ph_ipt_rule_ranges(r, (enum ph_dim)a->code, NULL, a->neg, a->at);
	else
		ph_ipt_rule_one(r, (enum ph_dim)a->code, v.lo, v.hi, a->neg, a->at);
	return true;
}

static const struct {
	const char *name;
	unsigned bits;
} flag_names[] = {
	{ "FIN", PH_FIN }, { "SYN", PH_SYN }, { "RST", PH_RST }, { "PSH", PH_PSH },
	{ "ACK", PH_ACK }, { "URG", PH_URG }, { "ALL", 0x3f }, { "NONE", 0 },
};

/* "SYN,ACK", "ALL", "NONE" */
static bool
parse_flags(struct ipt_rule *r, const struct ipt_word *w, unsigned *out)
{
	struct ph_str s = w->s;

	*out = 0;
	while (s.len > 0) {
		const char *comma = memchr(s.s, ',', s.len);
		struct ph_str one = { s.s, comma == NULL ? s.len : (size_t)(comma - s.s) };
		size_t i, n = sizeof(flag_names) / sizeof(*flag_names);

		for (i = 0; i < n && !ph_str_case_eq(one, flag_names[i].name); i++)
			continue;
		if (i == n)
			break;
		*out |= flag_names[i].bits;
		if (comma == NULL)
			return true;
		s = (struct ph_str){ comma + 1, s.len - one.len - 1 };
	}
	return ph_ipt_rule_fail(r, "bad-tcp-flags", w->at,
	    "expected a list of SYN ACK FIN RST URG PSH, or ALL or NONE");
}

static void
add_flags(struct ipt_rule *r, unsigned mask, unsigned value,
    const struct ipt_arg *a)
{
	const struct ph_ranges *v = (value & ~mask) != 0 ? ph_ranges_none() :
	    ph_flags_ranges(r->rd->mem, mask, value);

	ph_ipt_rule_ranges(r, PH_FLAGS, v, a->neg, a->at);
}

static bool
read_flags(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	unsigned mask, value;

	(void)u;
	if (!parse_flags(r, &a->v, &mask) || !parse_flags(r, &a->v2, &value))
		return false;
	add_flags(r, mask, value, a);
	return true;
}

static bool
read_syn(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	(void)u;
	add_flags(r, PH_SYN | PH_RST | PH_ACK | PH_FIN, PH_SYN, a);
	return true;
}

/* What has no dimension: an option, a chunk, a packet type. */
static bool
read_inside(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	struct ph_buf b;

	ph_buf_init(&b, r->rd->mem);
	ph_buf_printf(&b, "-m %s%s --%s ", u->m->name, a->neg ? " !" : "",
	    u->m->opts[a->code].name);
	ph_ipt_lex_quote(&b, a->v.s);
	if (a->v2.at.src != NULL) {
		ph_buf_putc(&b, ' ');
		ph_ipt_lex_quote(&b, a->v2.s);
	}
	ph_ipt_rule_words(r, a->at, b.s);
	ph_ipt_rule_opaque(r, a->at, "depends on what is inside the packet");
	return true;
}

/* The protocol that a port match needs must be asked for. */
static bool
end_proto(struct ipt_rule *r, struct ipt_use *u)
{
	unsigned want = u->m->protos;
	bool right = r->proto >= 0 && !r->proto_neg && (want == NEEDS_PORTS ?
	    ph_proto_has_ports((uint8_t)r->proto) : (unsigned)r->proto == want);

	if (right)
		return true;
	if (want == NEEDS_PORTS)
		return ph_ipt_rule_fail(r, "needs-protocol", u->at,
		    "%s needs -p tcp, udp, udplite, sctp or dccp", u->m->name);
	return ph_ipt_rule_fail(r, "needs-protocol", u->at,
	    "the match %s needs -p %s in the same rule", u->m->name, u->m->name);
}

/* PORT[:PORT],...  into ranges. */
static bool
parse_ports(struct ipt_rule *r, const struct ipt_arg *a,
    const struct ph_ranges **out)
{
	struct ph_range v[MAX_SLOTS];
	size_t n = 0, slots = 0;
	struct ph_str s = a->v.s;

	for (;;) {
		const char *comma = memchr(s.s, ',', s.len);
		struct ph_str one = { s.s, comma == NULL ? s.len : (size_t)(comma - s.s) };

		slots += memchr(one.s, ':', one.len) == NULL ? 1 : 2;
		if (slots > MAX_SLOTS)
			return ph_ipt_rule_fail(r, "too-many-ports", a->v.at,
			    "more than %d ports; a range counts twice", MAX_SLOTS);
		if (!ph_ipt_port_range(r, &a->v, one, ':', &v[n++]))
			return false;
		if (comma == NULL)
			break;
		s = (struct ph_str){ comma + 1, s.len - one.len - 1 };
	}
	*out = ph_ranges_from(r->rd->mem, v, n);
	return true;
}

/* --ports: source or destination */
static void
add_either(struct ipt_rule *r, struct ipt_use *u, const struct ph_ranges *v,
    const struct ipt_arg *a)
{
	struct ph_set *set = PH_NEW(r->rd->mem, struct ph_set);
	struct ph_cube src = { 0 }, dst = { 0 };

	(void)u;
	src.d[PH_SPORT] = dst.d[PH_DPORT] = v;
	ph_set_add(r->rd->mem, set, &src);
	ph_set_add(r->rd->mem, set, &dst);
	ph_ipt_rule_words(r, a->at, ph_arena_printf(r->rd->mem,
	    "-m multiport%s --ports %.*s", a->neg ? " !" : "", (int)a->v.s.len,
	    a->v.s.s));
	ph_ipt_rule_cond(r, &(struct ph_cond){
		.kind = PH_COND_TUPLES, .neg = a->neg, .at = a->at, .tuples = set,
	});
}

static bool
read_ports(struct ipt_rule *r, struct ipt_use *u, const struct ipt_arg *a)
{
	const struct ph_ranges *v;

	if (!parse_ports(r, a, &v))
		return false;
	if (a->code == PH_NDIMS)
		add_either(r, u, v, a);
	else
		ph_ipt_rule_ranges(r, (enum ph_dim)a->code, v, a->neg, a->at);
	return true;
}

#define PORT_ROWS							\
	{ "source-port", IPT_ONE, true, PH_SPORT, read_port },		\
	{ "sport", IPT_ONE, true, PH_SPORT, read_port },		\
	{ "destination-port", IPT_ONE, true, PH_DPORT, read_port },	\
	{ "dport", IPT_ONE, true, PH_DPORT, read_port }

/* The code of read_inside() is the row's own number. */
static const struct ipt_opt udp_opts[] = { PORT_ROWS };
static const struct ipt_opt tcp_opts[] = {
	PORT_ROWS,
	{ "tcp-option", IPT_ONE, true, 4, read_inside },
	{ "tcp-flags", IPT_TWO, true, 0, read_flags },
	{ "syn", IPT_FLAG, true, 0, read_syn },
};
static const struct ipt_opt sctp_opts[] = {
	PORT_ROWS,
	{ "chunk-types", IPT_TWO, true, 4, read_inside },
};
static const struct ipt_opt dccp_opts[] = {
	PORT_ROWS,
	{ "dccp-types", IPT_ONE, true, 4, read_inside },
	{ "dccp-option", IPT_ONE, true, 5, read_inside },
};
static const struct ipt_opt multiport_opts[] = {
	{ "source-ports", IPT_ONE, true, PH_SPORT, read_ports },
	{ "sports", IPT_ONE, true, PH_SPORT, read_ports },
	{ "destination-ports", IPT_ONE, true, PH_DPORT, read_ports },
	{ "dports", IPT_ONE, true, PH_DPORT, read_ports },
	{ "ports", IPT_ONE, true, PH_NDIMS, read_ports },
};

static const struct ipt_module modules[] = {
	{ .name = "tcp", IPT_OPTS(tcp_opts), .protos = PH_TCP, .end = end_proto },
	{ .name = "udp", IPT_OPTS(udp_opts), .protos = PH_UDP, .end = end_proto },
	{ .name = "udplite", IPT_OPTS(udp_opts), .protos = PH_UDPLITE, .end = end_proto },
	{ .name = "sctp", IPT_OPTS(sctp_opts), .protos = PH_SCTP, .end = end_proto },
	{ .name = "dccp", IPT_OPTS(dccp_opts), .protos = PH_DCCP, .end = end_proto },
	{ .name = "multiport", IPT_OPTS(multiport_opts), .protos = NEEDS_PORTS,
	    .end = end_proto },
};

const struct ipt_modules ph_ipt_port_modules = {
	modules, sizeof(modules) / sizeof(*modules),
};
