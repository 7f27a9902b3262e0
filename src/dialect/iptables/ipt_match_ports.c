/* SPDX-License-Identifier: ISC */
#include "dialect/iptables/ipt_write.h"
#include "net/names.h"

/*
 * DOC: Addresses, ports, ICMP types and TCP flags as matches
 *
 * One prefix is -s or -d, anything else of one piece an iprange.  One port or
 * range is --dport, several are a multiport of at most fifteen slots; longer
 * lists make more lines, or when negated more matches in one line.
 */

enum { MAX_SLOTS = 15 };

static const char *
address_text(struct ipt_writer *w, struct ph_range r, bool plain, bool src,
    const char *not)
{
	char lo[PH_ADDR_TEXT], hi[PH_ADDR_TEXT];
	int len = ph_range_prefix_len(r);

	ph_addr_format(r.lo, lo);
	ph_addr_format(r.hi, hi);
	if (plain && len >= 0)
		return ph_arena_printf(w->mem, "%s-%c %s/%d", not, src ? 's' : 'd', lo, len);
	return ph_arena_printf(w->mem, "-m iprange %s--%s-range %s-%s", not,
	    src ? "src" : "dst", lo, hi);
}

void
ph_ipt_match_address(struct ipt_writer *w, const struct ph_cond *c,
    struct ipt_parts *p)
{
	struct ph_range all = w->family == PH_FAMILY_4 ? PH_ANY_V4 : PH_ANY_V6;
	const struct ph_ranges *family = ph_ranges_one(w->mem, all.lo, all.hi), *v;
	bool src = c->dim == PH_SRC;
	bool plain = (p->addrs & (src ? 1U : 2U)) == 0;
	struct ipt_alts *a;

	v = ph_ranges_intersect(w->mem, c->ranges, family);
	if (c->neg && v->n > 1) {
		for (size_t i = 0; i < v->n; i++)
			ph_ipt_write_fixed(w, p, address_text(w, v->r[i], false, src, "! "));
		return;
	}
	if (c->neg ? v->n == 0 : ph_ranges_equal(v, family))
		return;			/* holds for the whole family */
	if (c->neg ? ph_ranges_equal(v, family) : v->n == 0) {
		p->never = true;
		return;
	}
	p->addrs |= src ? 1U : 2U;
	if (p->n >= IPT_MAX_ALTS - 1) {
		ph_ipt_write_fail(w, c->at, "a rule with so many lists");
		return;
	}
	a = &p->alt[p->n++];
	*a = (struct ipt_alts){ 0 };
	for (size_t i = 0; i < v->n; i++)
		*PH_PUSH(w->mem, a->v, a->n, a->cap) =
		    address_text(w, v->r[i], plain, src, c->neg ? "! " : "");
}

static void
put_range(struct ph_buf *b, struct ph_range r)
{
	if (r.lo == r.hi)
		ph_buf_printf(b, "%u", (unsigned)r.lo);
	else
		ph_buf_printf(b, "%u:%u", (unsigned)r.lo, (unsigned)r.hi);
}

/* Ports from number *${i} of the list on, as many as fit in one match. */
static const char *
multiport(struct ipt_writer *w, const struct ph_cond *c, size_t *i)
{
	struct ph_buf b;
	unsigned slots = 0;

	ph_buf_init(&b, w->mem);
	ph_buf_printf(&b, "-m multiport %s--%cports ", c->neg ? "! " : "",
	    c->dim == PH_SPORT ? 's' : 'd');
	for (; *i < c->ranges->n; ++*i) {
		struct ph_range r = c->ranges->r[*i];
		unsigned need = r.lo == r.hi ? 1 : 2;

		if (slots + need > MAX_SLOTS)
			break;
		if (slots > 0)
			ph_buf_putc(&b, ',');
		put_range(&b, r);
		slots += need;
	}
	return b.s;
}

static void
write_list(struct ipt_writer *w, const struct ph_cond *c, struct ipt_parts *p)
{
	struct ipt_alts *a;
	size_t i = 0;

	while (c->neg && i < c->ranges->n)
		ph_ipt_write_fixed(w, p, multiport(w, c, &i));
	if (c->neg)
		return;
	if (p->n >= IPT_MAX_ALTS - 1) {
		ph_ipt_write_fail(w, c->at, "a rule with so many lists");
		return;
	}
	a = &p->alt[p->n++];
	*a = (struct ipt_alts){ 0 };
	while (i < c->ranges->n)
		*PH_PUSH(w->mem, a->v, a->n, a->cap) = multiport(w, c, &i);
	p->never |= a->n == 0;
}

/* SYN,ACK and so on; "NONE" */
static void
put_flags(struct ph_buf *b, unsigned bits)
{
	static const struct { const char *name; unsigned bit; } names[] = {
		{ "FIN", PH_FIN }, { "SYN", PH_SYN }, { "RST", PH_RST }, { "PSH", PH_PSH },
		{ "ACK", PH_ACK }, { "URG", PH_URG },
	};
	unsigned seen = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if ((bits & names[i].bit) != 0) {
			ph_buf_printf(b, "%s%s", seen == 0 ? "" : ",", names[i].name);
			seen |= names[i].bit;
		}
	if (seen == 0)
		ph_buf_puts(b, "NONE");
}

static void
write_flags(struct ipt_writer *w, const struct ph_cond *c, struct ph_buf *b)
{
	uint32_t mask, value;

	if (c->ranges->n == 0) {
		/* a flag asked for that the mask leaves out */
		ph_buf_printf(b, " %s--tcp-flags NONE SYN", c->neg ? "! " : "");
		return;
	}
	if (!ph_ipt_match_bits(w->mem, c->ranges, 8, &mask, &value) ||
	    (ph_flags_decode(mask) & ~0x3fU) != 0) {
		ph_ipt_write_fail(w, c->at, "this set of TCP flags");
		return;
	}
	ph_buf_printf(b, " %s--tcp-flags ", c->neg ? "! " : "");
	put_flags(b, ph_flags_decode(mask));
	ph_buf_putc(b, ' ');
	put_flags(b, ph_flags_decode(value));
}

/* --icmp-type TYPE[/CODE], for every type and code. */
static void
write_icmp(struct ipt_writer *w, const struct ph_cond *type,
    const struct ph_cond *code, struct ipt_parts *p)
{
	const char *name = p->proto == PH_ICMP ? "icmp" : "icmp6";
	const char *opt = p->proto == PH_ICMP ? "icmp-type" : "icmpv6-type";
	struct ipt_alts *a = &p->alt[p->n++];

	*a = (struct ipt_alts){ 0 };
	if (type == NULL || (type->neg && code != NULL) || (code != NULL && code->neg)) {
		ph_ipt_write_fail(w, type == NULL ? code->at : type->at,
		    "this set of ICMP types and codes");
		return;
	}
	for (size_t i = 0; i < type->ranges->n; i++)
		for (ph_u128 t = type->ranges->r[i].lo; t <= type->ranges->r[i].hi &&
		    t < 256; t++) {
			const char *head = ph_arena_printf(w->mem, "-m %s %s--%s %u", name,
			    type->neg ? "! " : "", opt, (unsigned)t);

			if (code == NULL)
				*PH_PUSH(w->mem, a->v, a->n, a->cap) = head;
			for (size_t k = 0; code != NULL && k < code->ranges->n; k++)
				for (ph_u128 c = code->ranges->r[k].lo;
				    c <= code->ranges->r[k].hi && c < 256; c++)
					*PH_PUSH(w->mem, a->v, a->n, a->cap) =
					    ph_arena_printf(w->mem, "%s/%u", head, (unsigned)c);
		}
	p->never |= a->n == 0;
}

/* A condition that one option of the protocol's own match can say. */
static bool
is_single(const struct ph_cond *c)
{
	return c->dim == PH_FLAGS || (c->ranges != NULL && c->ranges->n == 1);
}

static bool
is_port(const struct ipt_writer *w, const struct ph_cond *c)
{
	return c->kind == PH_COND_RANGES && ph_ipt_write_words(w, c->at) == NULL &&
	    (c->dim == PH_SPORT || c->dim == PH_DPORT || c->dim == PH_FLAGS);
}

/* "-m tcp --sport A --dport B --tcp-flags M V" */
static void
write_own_match(struct ipt_writer *w, const struct ph_cond *conds, size_t n,
    struct ipt_parts *p)
{
	const char *name = ph_proto_name(p->proto);
	unsigned taken = 0;
	struct ph_buf b;

	ph_buf_init(&b, w->mem);
	for (size_t i = 0; i < n; i++) {
		const struct ph_cond *c = &conds[i];

		if (!is_port(w, c) || !is_single(c))
			continue;
		if (b.len == 0 || (taken & 1U << c->dim) != 0)
			ph_buf_printf(&b, "%s-m %s", b.len == 0 ? "" : " ", name);
		taken |= 1U << c->dim;
		if (c->dim == PH_FLAGS) {
			write_flags(w, c, &b);
			continue;
		}
		ph_buf_printf(&b, " %s--%cport ", c->neg ? "! " : "",
		    c->dim == PH_SPORT ? 's' : 'd');
		put_range(&b, c->ranges->r[0]);
	}
	if (b.len > 0)
		ph_ipt_write_fixed(w, p, b.s);
}

void
ph_ipt_match_ports(struct ipt_writer *w, const struct ph_cond *conds, size_t n,
    struct ipt_parts *p)
{
	const struct ph_cond *type = NULL, *code = NULL, *any = NULL;

	for (size_t i = 0; i < n; i++)
		if (is_port(w, &conds[i])) {
			any = &conds[i];
			*(any->dim == PH_DPORT ? &type : &code) = any;
		}
	if (any == NULL)
		return;
	if (p->proto == PH_ICMP || p->proto == PH_ICMPV6) {
		write_icmp(w, type, code, p);
		return;
	}
	if (!ph_proto_has_ports(p->proto)) {
		ph_ipt_write_fail(w, any->at, "a port without its protocol");
		return;
	}
	write_own_match(w, conds, n, p);
	for (size_t i = 0; i < n; i++)
		if (is_port(w, &conds[i]) && !is_single(&conds[i]))
			write_list(w, &conds[i], p);
}
