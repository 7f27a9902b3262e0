/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_lex.h"
#include "dialect/iptables/ipt_write.h"
#include "net/names.h"

/*
 * DOC: Conditions as matches
 *
 * In the order of iptables-save: -s -d -i -o -p, ports, then the rest as it
 * stands in the rule.
 */

enum { MAX_ALTS = 256 };

static void
add_alt(struct ipt_writer *w, struct ipt_parts *p, struct ipt_alts *a,
    const char *text)
{
	(void)p;
	*PH_PUSH(w->mem, a->v, a->n, a->cap) = text;
}

static struct ipt_alts *
new_alts(struct ipt_writer *w, struct ipt_parts *p, struct ph_span at)
{
	static struct ipt_alts none;

	if (p->n >= IPT_MAX_ALTS - 1) {
		ph_ipt_write_fail(w, at, "a rule with so many lists");
		none = (struct ipt_alts){ 0 };
		return &none;
	}
	p->alt[p->n] = (struct ipt_alts){ 0 };
	return &p->alt[p->n++];
}

bool
ph_ipt_match_bits(struct ph_arena *mem, const struct ph_ranges *v, unsigned bits,
    uint32_t *mask, uint32_t *value)
{
	uint32_t all = bits == 32 ? UINT32_MAX : (1U << bits) - 1, vary = 0;
	const struct ph_ranges *again;

	if (v == NULL || v->n == 0)
		return false;
	*value = (uint32_t)v->r[0].lo;
	for (size_t i = 0; i < v->n; i++) {
		uint32_t lo = (uint32_t)v->r[i].lo, hi = (uint32_t)v->r[i].hi;
		uint32_t in = lo ^ hi;

		for (unsigned s = 1; s < 32; s <<= 1)
			in |= in >> s;
		vary |= in | (lo ^ *value);
	}
	*mask = all & ~vary;
	*value &= *mask;
	return ph_ranges_masked(mem, *value, *mask, bits, 0,
	    (struct ph_range){ 0, all }, v->n, &again) && ph_ranges_equal(again, v);
}

/* -i, -o */
static void
write_iface(struct ipt_writer *w, const struct ph_cond *c, struct ipt_parts *p)
{
	const char *not = c->neg ? "! " : "";
	char o = c->dim == PH_IIF ? 'i' : 'o', text[17];
	struct ipt_alts *a;

	if (c->neg && c->ranges->n != 1) {
		ph_ipt_write_fail(w, c->at, "none of several interfaces");
		return;
	}
	a = new_alts(w, p, c->at);
	for (size_t i = 0; i < c->ranges->n; i++) {
		struct ph_range r = c->ranges->r[i], prefix;
		const char *name = ph_iface_decode(r.lo, text);

		prefix = ph_iface_range(ph_str(name));
		if (r.lo != r.hi && (prefix.lo != r.lo || prefix.hi != r.hi))
			ph_ipt_write_fail(w, c->at, "this set of interface names");
		else
			add_alt(w, p, a, ph_arena_printf(w->mem, "%s-%c %s%s", not, o, name,
			    r.lo == r.hi ? "" : "+"));
	}
	p->never |= a->n == 0;
}

static const char *
proto_text(struct ipt_writer *w, unsigned n)
{
	const char *name = ph_proto_name((uint8_t)n);

	if (n == PH_ICMPV6)
		return "ipv6-icmp";
	return name != NULL ? name : ph_arena_printf(w->mem, "%u", n);
}

/* -p */
static void
write_proto(struct ipt_writer *w, const struct ph_cond *c, struct ipt_parts *p)
{
	const struct ph_ranges *v = c->ranges;
	bool single = v->n == 1 && v->r[0].lo == v->r[0].hi;
	struct ipt_alts *a;

	if (single && !c->neg)
		p->proto = (uint8_t)v->r[0].lo;
	if (c->neg && !single) {
		v = ph_ranges_intersect(w->mem, ph_ranges_complement(w->mem, v),
		    ph_ranges_one(w->mem, 0, 255));
	}
	a = new_alts(w, p, c->at);
	for (size_t i = 0; i < v->n; i++)
		for (ph_u128 n = v->r[i].lo; n <= v->r[i].hi && a->n < MAX_ALTS; n++)
			add_alt(w, p, a, ph_arena_printf(w->mem, "%s-p %s",
			    c->neg && single ? "! " : "", proto_text(w, (unsigned)n)));
	p->never |= a->n == 0;
}

static void
write_mark(struct ipt_writer *w, const struct ph_cond *c, struct ipt_parts *p)
{
	const char *name = c->dim == PH_MARK ? "mark" : "connmark";
	const char *not = c->neg ? "! " : "";
	uint32_t mask, value;

	if (c->kind == PH_COND_MASK) {
		mask = (uint32_t)c->masked->mask;
		value = (uint32_t)c->masked->value;
	} else if (!ph_ipt_match_bits(w->mem, c->ranges, 32, &mask, &value)) {
		ph_ipt_write_fail(w, c->at, "this set of marks");
		return;
	}
	if (mask == UINT32_MAX)
		ph_ipt_write_fixed(w, p, ph_arena_printf(w->mem, "-m %s %s--mark %#x",
		    name, not, value));
	else
		ph_ipt_write_fixed(w, p, ph_arena_printf(w->mem,
		    "-m %s %s--mark %#x/%#x", name, not, value, mask));
}

/* A test of the connection's first packet. */
static void
write_orig(struct ipt_writer *w, const struct ph_cond *c, struct ipt_parts *p)
{
	static const char *const names[] = {
		[PH_SRC] = "ctorigsrc", [PH_DST] = "ctorigdst",
		[PH_SPORT] = "ctorigsrcport", [PH_DPORT] = "ctorigdstport",
		[PH_PROTO] = "ctproto",
	};
	struct ph_buf b;
	struct ph_range r;

	if (c->dim > PH_PROTO || c->ranges->n != 1) {
		ph_ipt_write_fail(w, c->at, "this test of a connection's first packet");
		return;
	}
	r = c->ranges->r[0];
	ph_buf_init(&b, w->mem);
	ph_buf_printf(&b, "-m conntrack %s--%s ", c->neg ? "! " : "", names[c->dim]);
	if (c->dim == PH_SRC || c->dim == PH_DST)
		ph_range_print(&b, r);
	else if (r.lo == r.hi)
		ph_u128_print(&b, r.lo);
	else
		ph_buf_printf(&b, "%u:%u", (unsigned)r.lo, (unsigned)r.hi);
	ph_ipt_write_fixed(w, p, b.s);
}

static void
write_uid(struct ipt_writer *w, const struct ph_cond *c, struct ipt_parts *p)
{
	struct ipt_alts *a = new_alts(w, p, c->at);

	for (size_t i = 0; i < c->ranges->n; i++)
		add_alt(w, p, a, ph_arena_printf(w->mem, "-m owner %s--uid-owner %u-%u",
		    c->neg ? "! " : "", (unsigned)c->ranges->r[i].lo,
		    (unsigned)c->ranges->r[i].hi));
	if (c->neg && a->n > 1)
		ph_ipt_write_fail(w, c->at, "none of several users");
}

static void
write_dim(struct ipt_writer *w, const struct ph_cond *c, struct ipt_parts *p)
{
	switch (c->dim) {
	case PH_STATE:
	case PH_STATUS:
		ph_ipt_match_state(w, c, p);
		break;
	case PH_MARK:
	case PH_CTMARK:
		write_mark(w, c, p);
		break;
	default:
		break;			/* written before: see the passes */
	}
}

static void
write_other(struct ipt_writer *w, const struct ph_cond *c, struct ipt_parts *p)
{
	switch (c->kind) {
	case PH_COND_RANGES:
		write_dim(w, c, p);
		break;
	case PH_COND_ORIG:
		write_orig(w, c, p);
		break;
	case PH_COND_SRC_LOCAL:
	case PH_COND_DST_LOCAL:
		ph_ipt_write_fixed(w, p, ph_arena_printf(w->mem,
		    "-m addrtype %s--%s-type LOCAL", c->neg ? "! " : "",
		    c->kind == PH_COND_SRC_LOCAL ? "src" : "dst"));
		break;
	case PH_COND_UID:
		write_uid(w, c, p);
		break;
	case PH_COND_MASK:
		if (c->dim == PH_MARK || c->dim == PH_CTMARK)
			write_mark(w, c, p);
		else
			ph_ipt_write_fail(w, c->at, "this mask");
		break;
	case PH_COND_TUPLES:
		ph_ipt_write_fail(w, c->at, "none of several combinations");
		break;
	default:
		ph_ipt_write_fail(w, c->at, "this condition");
	}
}

/* What the reader kept, once for all conditions of one match. */
static void
write_words(struct ipt_writer *w, const struct ph_cond *conds, size_t i,
    const char *words, struct ipt_parts *p)
{
	for (size_t k = 0; k < i; k++)
		if (conds[k].at.src == conds[i].at.src && conds[k].at.off == conds[i].at.off)
			return;
	ph_ipt_write_fixed(w, p, words);
}

/* One pass over the conditions for one dimension of the rule itself. */
static void
pass(struct ipt_writer *w, const struct ph_cond *conds, size_t n, enum ph_dim dim,
    struct ipt_parts *p)
{
	for (size_t i = 0; i < n; i++) {
		const struct ph_cond *c = &conds[i];
		const char *words;

		if (c->dim != dim || (c->kind != PH_COND_RANGES && c->kind != PH_COND_MASK))
			continue;
		words = ph_ipt_write_words(w, c->at);
		if (words != NULL) {
			if (words[0] != '-' || words[1] != 'm')
				write_words(w, conds, i, words, p);
		} else if (dim == PH_SRC || dim == PH_DST) {
			ph_ipt_match_address(w, c, p);
		} else if (dim == PH_PROTO) {
			write_proto(w, c, p);
		} else {
			write_iface(w, c, p);
		}
	}
}

static bool
is_early(const struct ph_cond *c)
{
	return c->kind == PH_COND_RANGES && c->dim != PH_STATE &&
	    c->dim != PH_STATUS && c->dim != PH_MARK && c->dim != PH_CTMARK;
}

void
ph_ipt_match_conds(struct ipt_writer *w, const struct ph_cond *conds, size_t n,
    struct ipt_parts *p)
{
	static const enum ph_dim early[] = { PH_SRC, PH_DST, PH_IIF, PH_OIF, PH_PROTO };

	for (size_t i = 0; i < sizeof(early) / sizeof(*early); i++)
		pass(w, conds, n, early[i], p);
	ph_ipt_match_ports(w, conds, n, p);
	for (size_t i = 0; i < n; i++) {
		const char *words = ph_ipt_write_words(w, conds[i].at);

		if (words != NULL && words[0] == '-' && words[1] == 'm')
			write_words(w, conds, i, words, p);
		else if (words == NULL && !is_early(&conds[i]))
			write_other(w, &conds[i], p);
		else if (words != NULL && !is_early(&conds[i]) &&
		    conds[i].kind != PH_COND_MASK)
			write_words(w, conds, i, words, p);
	}
}
