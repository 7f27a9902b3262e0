/* SPDX-License-Identifier: ISC */
/*
 * DOC: Conditions as text
 *
 * The model says "source in these ranges, port in those"; the language says
 * "ip saddr", "tcp dport", and each of these is about one family or protocol.  So
 * a rule becomes a product of alternatives that exclude each other:
 *
 *	families x protocols with their ports x states x status x the rest
 *
 * Nearly always there is one of each, and the rule is one line.
 */
#include <string.h>

#include "dialect/nftables/emit.h"
#include "dialect/nftables/values.h"
#include "net/names.h"

enum { VARIANTS_MAX = 4096 };

/* The ranges of a rule, one list a dimension. */
struct dims {
	const struct ph_ranges *d[PH_NDIMS];
	bool never;
};

void
ph_nft_emit_alt(struct ph_nft_emit *em, struct ph_nft_alts *a, const char *text)
{
	*PH_PUSH(em->mem, a->v, a->n, a->cap) = text;
}

/* ${all} x ${more}; false when that is too much. */
static bool
multiply(struct ph_nft_emit *em, struct ph_nft_alts *all, const struct ph_nft_alts *more)
{
	struct ph_nft_alts out = { 0 };

	if (more->n * all->n > VARIANTS_MAX)
		return false;
	for (size_t i = 0; i < all->n; i++)
		for (size_t j = 0; j < more->n; j++)
			ph_nft_emit_alt(em, &out, all->v[i][0] == '\0' ? more->v[j] :
			    more->v[j][0] == '\0' ? all->v[i] :
			    ph_arena_printf(em->mem, "%s%s", all->v[i], more->v[j]));
	*all = out;
	return true;
}

static void
collect(struct ph_nft_emit *em, const struct ph_rule *r, struct dims *out)
{
	*out = (struct dims){ .never = false };
	for (size_t i = 0; i < r->n_conds; i++) {
		const struct ph_cond *c = &r->conds[i];
		const struct ph_ranges *v;

		if (c->kind != PH_COND_RANGES)
			continue;
		v = c->neg ? ph_ranges_subtract(em->mem,
		    ph_ranges_one(em->mem, 0, ph_dim_max(c->dim)), c->ranges) : c->ranges;
		out->d[c->dim] = out->d[c->dim] == NULL ? v :
		    ph_ranges_intersect(em->mem, out->d[c->dim], v);
	}
	for (int i = 0; i < PH_NDIMS; i++) {
		const struct ph_ranges *v = out->d[i];

		if (v == NULL)
			continue;
		out->never |= v->n == 0;
		if (v->n == 1 && v->r[0].lo == 0 && v->r[0].hi >= ph_dim_max((enum ph_dim)i))
			out->d[i] = NULL;
	}
}

static bool
is_whole(const struct ph_ranges *r, struct ph_range family)
{
	return r == NULL || (r->n == 1 && r->r[0].lo <= family.lo && r->r[0].hi >= family.hi);
}

/* The part of a range list that is of one family. */
static const struct ph_ranges *
part(struct ph_nft_emit *em, const struct ph_ranges *r, struct ph_range family)
{
	const struct ph_ranges *f = ph_ranges_one(em->mem, family.lo, family.hi);

	return r == NULL ? f : ph_ranges_intersect(em->mem, r, f);
}

/* The addresses of one family, as one alternative. */
static void
family_alt(struct ph_nft_emit *em, const struct dims *d, unsigned family, bool icmp,
    struct ph_nft_alts *out)
{
	bool v4 = family == PH_FAMILY_4;
	struct ph_range all = v4 ? PH_ANY_V4 : PH_ANY_V6;
	const struct ph_ranges *side[2] = {
		part(em, d->d[PH_SRC], all), part(em, d->d[PH_DST], all),
	};
	struct ph_buf b;

	if (side[0]->n == 0 || side[1]->n == 0)
		return;
	ph_buf_init(&b, em->mem);
	for (int i = 0; i < 2; i++) {
		if (is_whole(side[i], all))
			continue;
		ph_buf_printf(&b, "%s %s ", v4 ? "ip" : "ip6", i == 0 ? "saddr" : "daddr");
		ph_nft_emit_values(em, &b, v4 ? PH_NFT_T_V4 : PH_NFT_T_V6, side[i]);
		ph_buf_putc(&b, ' ');
	}
	if (b.len == 0 && em->families != family && !icmp)
		ph_buf_printf(&b, "meta nfproto %s ", v4 ? "ipv4" : "ipv6");
	ph_nft_emit_alt(em, out, b.s);
}

static bool
is_proto(const struct ph_ranges *r, ph_u128 v)
{
	return r != NULL && r->n == 1 && r->r[0].lo == v && r->r[0].hi == v;
}

static void
families(struct ph_nft_emit *em, const struct dims *d, struct ph_nft_alts *out)
{
	bool ports = d->d[PH_SPORT] != NULL || d->d[PH_DPORT] != NULL;

	if (is_whole(d->d[PH_SRC], PH_ANY) && is_whole(d->d[PH_DST], PH_ANY)) {
		ph_nft_emit_alt(em, out, "");
		return;
	}
	if (em->families & PH_FAMILY_4)
		family_alt(em, d, PH_FAMILY_4, ports && is_proto(d->d[PH_PROTO], PH_ICMP), out);
	if (em->families & PH_FAMILY_6)
		family_alt(em, d, PH_FAMILY_6, ports && is_proto(d->d[PH_PROTO], PH_ICMPV6), out);
}

/* "tcp sport 1 tcp dport 2 " */
static void
put_ports(struct ph_nft_emit *em, struct ph_buf *b, const struct dims *d, const char *proto)
{
	static const struct { enum ph_dim dim; const char *word; } sides[] = {
		{ PH_SPORT, "sport" }, { PH_DPORT, "dport" },
	};

	for (int i = 0; i < 2; i++) {
		if (d->d[sides[i].dim] == NULL)
			continue;
		ph_buf_printf(b, "%s %s ", proto, sides[i].word);
		ph_nft_emit_values(em, b, PH_NFT_T_PORT, d->d[sides[i].dim]);
		ph_buf_putc(b, ' ');
	}
}

/* "icmp type 8 icmp code 0 " */
static void
put_icmp(struct ph_nft_emit *em, struct ph_buf *b, const struct dims *d, bool v6)
{
	const struct ph_ranges *byte = ph_ranges_one(em->mem, 0, 255);
	const struct ph_ranges *type = d->d[PH_DPORT], *code = d->d[PH_SPORT];

	if (type != NULL) {
		ph_buf_printf(b, "icmp%s type ", v6 ? "v6" : "");
		ph_nft_emit_values(em, b, v6 ? PH_NFT_T_ICMP6_TYPE : PH_NFT_T_ICMP_TYPE,
		    ph_ranges_intersect(em->mem, type, byte));
		ph_buf_putc(b, ' ');
	}
	if (code != NULL) {
		ph_buf_printf(b, "icmp%s code ", v6 ? "v6" : "");
		ph_nft_emit_values(em, b, v6 ? PH_NFT_T_ICMP6_CODE : PH_NFT_T_ICMP_CODE,
		    ph_ranges_intersect(em->mem, code, byte));
		ph_buf_putc(b, ' ');
	}
}

static void
put_protos(struct ph_nft_emit *em, struct ph_buf *b, const struct ph_ranges *r)
{
	ph_buf_puts(b, "meta l4proto ");
	ph_nft_emit_values(em, b, PH_NFT_T_PROTO, r);
	ph_buf_putc(b, ' ');
}

static const struct ph_ranges *
with_ports(struct ph_arena *mem)
{
	struct ph_range r[] = {
		{ PH_TCP, PH_TCP }, { PH_UDP, PH_UDP }, { PH_DCCP, PH_DCCP },
		{ PH_SCTP, PH_SCTP }, { PH_UDPLITE, PH_UDPLITE },
	};

	return ph_ranges_from(mem, r, sizeof(r) / sizeof(*r));
}

/* Protocols that have ports; several at once share "th". */
static void
ported_alt(struct ph_nft_emit *em, const struct dims *d, const struct ph_ranges *protos,
    struct ph_nft_alts *out)
{
	const char *name = NULL;
	struct ph_buf b;

	if (protos->n == 0)
		return;
	ph_buf_init(&b, em->mem);
	if (protos->n == 1 && protos->r[0].lo == protos->r[0].hi)
		name = ph_proto_name((uint8_t)protos->r[0].lo);
	if (name == NULL)
		put_protos(em, &b, protos);
	put_ports(em, &b, d, name == NULL ? "th" : name);
	if (b.len == 0)
		put_protos(em, &b, protos);
	ph_nft_emit_alt(em, out, b.s);
}

/* TCP with its flags, and ports when they matter. */
static void
tcp_alt(struct ph_nft_emit *em, const struct dims *d, struct ph_nft_alts *out)
{
	struct ph_nft_alts one = { 0 };
	struct ph_buf b;

	ph_nft_emit_flags(em, d->d[PH_FLAGS], &one);
	if (one.n == 0)
		return;
	ph_buf_init(&b, em->mem);
	put_ports(em, &b, d, "tcp");
	ph_buf_puts(&b, one.v[0]);
	ph_nft_emit_alt(em, out, b.s);
}

static void
icmp_alt(struct ph_nft_emit *em, const struct dims *d, uint8_t proto, struct ph_nft_alts *out)
{
	struct ph_buf b;

	ph_buf_init(&b, em->mem);
	put_icmp(em, &b, d, proto == PH_ICMPV6);
	if (b.len == 0)
		put_protos(em, &b, ph_ranges_one(em->mem, proto, proto));
	ph_nft_emit_alt(em, out, b.s);
}

/* What has neither ports nor types nor flags: they count as 0. */
static void
plain_alt(struct ph_nft_emit *em, const struct dims *d, const struct ph_ranges *protos,
    struct ph_nft_alts *out)
{
	struct ph_buf b;

	if (protos->n == 0 || !ph_ranges_has(d->d[PH_SPORT], 0) ||
	    !ph_ranges_has(d->d[PH_DPORT], 0) || !ph_ranges_has(d->d[PH_FLAGS], 0))
		return;
	ph_buf_init(&b, em->mem);
	put_protos(em, &b, protos);
	ph_nft_emit_alt(em, out, b.s);
}

static void
protocols(struct ph_nft_emit *em, const struct dims *d, bool in_tuple,
    struct ph_nft_alts *out)
{
	const struct ph_ranges *p = d->d[PH_PROTO], *tcp, *ported, *rest;
	bool ports = d->d[PH_SPORT] != NULL || d->d[PH_DPORT] != NULL;
	bool flags = d->d[PH_FLAGS] != NULL;
	struct ph_buf b;

	if (!ports && !flags) {
		ph_buf_init(&b, em->mem);
		if (p != NULL && !(in_tuple && p->n == 1 && p->r[0].lo == p->r[0].hi))
			put_protos(em, &b, p);
		ph_nft_emit_alt(em, out, b.s);
		return;
	}
	p = p != NULL ? p : ph_ranges_one(em->mem, 0, 255);
	tcp = ph_ranges_one(em->mem, PH_TCP, PH_TCP);
	ported = ph_ranges_intersect(em->mem, p, with_ports(em->mem));
	rest = ph_ranges_subtract(em->mem, p, with_ports(em->mem));
	if (flags && ph_ranges_has(p, PH_TCP))
		tcp_alt(em, d, out);
	if (flags)
		ported = ph_ranges_subtract(em->mem, ported, tcp);
	if (!flags || ph_ranges_has(d->d[PH_FLAGS], 0)) {
		ported_alt(em, d, ported, out);
		if (ports)
			for (uint8_t v = PH_ICMP; ; v = PH_ICMPV6) {
				if (ph_ranges_has(rest, v))
					icmp_alt(em, d, v, out);
				rest = ph_ranges_subtract(em->mem, rest,
				    ph_ranges_one(em->mem, v, v));
				if (v == PH_ICMPV6)
					break;
			}
		plain_alt(em, d, rest, out);
	}
}

/* Dimensions that are said with one selector. */
static void
simple(struct ph_nft_emit *em, const struct dims *d, enum ph_dim dim, const char *selector,
    enum ph_nft_type type, struct ph_nft_alts *out)
{
	struct ph_buf b;

	ph_buf_init(&b, em->mem);
	if (d->d[dim] != NULL) {
		ph_buf_printf(&b, "%s ", selector);
		ph_nft_emit_values(em, &b, type, d->d[dim]);
		ph_buf_putc(&b, ' ');
	}
	ph_nft_emit_alt(em, out, b.s);
}

static void
state(struct ph_nft_emit *em, const struct dims *d, struct ph_nft_alts *out)
{
	if (d->d[PH_STATE] == NULL)
		ph_nft_emit_alt(em, out, "");
	else
		ph_nft_emit_state(em, d->d[PH_STATE], out);
}

static void
status(struct ph_nft_emit *em, const struct dims *d, struct ph_nft_alts *out)
{
	if (d->d[PH_STATUS] == NULL)
		ph_nft_emit_alt(em, out, "");
	else
		ph_nft_emit_status(em, d->d[PH_STATUS], out);
}

/* "ip saddr & 255.0.255.0 == 10.0.1.0 "; the protocol of a port stands before it. */
static void
masked(struct ph_nft_emit *em, const struct ph_cond *c, struct ph_nft_alts *out)
{
	static const char *const words[PH_NDIMS] = {
		[PH_SRC] = "saddr", [PH_DST] = "daddr", [PH_SPORT] = "th sport",
		[PH_DPORT] = "th dport", [PH_MARK] = "meta mark", [PH_CTMARK] = "ct mark",
	};
	bool address = c->dim == PH_SRC || c->dim == PH_DST;
	enum ph_nft_type type = !address ? PH_NFT_T_MARK : c->v6 ? PH_NFT_T_V6 : PH_NFT_T_V4;
	ph_u128 base = type == PH_NFT_T_V4 ? PH_V4_BASE : 0;
	ph_u128 mask = base + c->masked->mask, value = base + (c->masked->value & c->masked->mask);
	struct ph_buf b;

	ph_buf_init(&b, em->mem);
	ph_buf_printf(&b, "%s%s & ", !address ? "" : c->v6 ? "ip6 " : "ip ", words[c->dim]);
	ph_nft_emit_item(&b, type, (struct ph_range){ mask, mask });
	ph_buf_puts(&b, c->neg ? " != " : " == ");
	ph_nft_emit_item(&b, type, (struct ph_range){ value, value });
	ph_buf_putc(&b, ' ');
	ph_nft_emit_alt(em, out, b.s);
}

/* "ct protocol tcp " */
static void
original_proto(struct ph_nft_emit *em, const struct ph_cond *c, struct ph_nft_alts *out)
{
	const struct ph_ranges *r = c->ranges;
	struct ph_buf b;

	if (c->dim != PH_PROTO) {
		ph_nft_emit_cannot(em, c->at, "this of the original packet");
		return;
	}
	if (c->neg)
		r = ph_ranges_subtract(em->mem, ph_ranges_one(em->mem, 0, 255), r);
	ph_buf_init(&b, em->mem);
	ph_buf_puts(&b, "ct protocol ");
	ph_nft_emit_values(em, &b, PH_NFT_T_PROTO, r);
	ph_buf_putc(&b, ' ');
	ph_nft_emit_alt(em, out, b.s);
}

/* "ct original ip saddr 10.0.0.1 " */
static void
original(struct ph_nft_emit *em, const struct ph_cond *c, struct ph_nft_alts *out)
{
	static const char *const word[PH_NDIMS] = {
		[PH_SRC] = "saddr", [PH_DST] = "daddr", [PH_SPORT] = "proto-src",
		[PH_DPORT] = "proto-dst",
	};
	bool ports = c->dim == PH_SPORT || c->dim == PH_DPORT;
	const struct ph_ranges *r = c->ranges;
	struct ph_buf b;

	if (word[c->dim] == NULL) {
		original_proto(em, c, out);
		return;
	}
	for (int v6 = 0; v6 < (ports ? 1 : 2); v6++) {
		struct ph_range all = ports ? (struct ph_range){ 0, 65535 } :
		    v6 ? PH_ANY_V6 : PH_ANY_V4;
		const struct ph_ranges *f = part(em, r, all);

		if (c->neg)
			f = ph_ranges_subtract(em->mem, ph_ranges_one(em->mem, all.lo, all.hi), f);
		if (f->n == 0)
			continue;
		if (is_whole(f, all) && !ports) {
			ph_nft_emit_alt(em, out, v6 ? "ct l3proto ipv6 " : "ct l3proto ipv4 ");
			continue;
		}
		ph_buf_init(&b, em->mem);
		ph_buf_printf(&b, "ct original %s%s ", ports ? "" : v6 ? "ip6 " : "ip ",
		    word[c->dim]);
		ph_nft_emit_values(em, &b, ports ? PH_NFT_T_PORT : v6 ? PH_NFT_T_V6 :
		    PH_NFT_T_V4, f);
		ph_buf_putc(&b, ' ');
		ph_nft_emit_alt(em, out, b.s);
	}
}

static void
uid(struct ph_nft_emit *em, const struct ph_cond *c, struct ph_nft_alts *out)
{
	struct ph_buf b;
	const struct ph_ranges *r = c->ranges;

	if (c->nobody) {
		ph_nft_emit_cannot(em, c->at, "not of a user, or of none");
		return;
	}
	if (c->neg)
		r = ph_ranges_subtract(em->mem, ph_ranges_one(em->mem, 0, UINT32_MAX), r);
	ph_buf_init(&b, em->mem);
	ph_buf_puts(&b, "meta skuid ");
	ph_nft_emit_values(em, &b, PH_NFT_T_UID, r);
	ph_buf_putc(&b, ' ');
	ph_nft_emit_alt(em, out, b.s);
}

static void
own_text(struct ph_nft_emit *em, const struct ph_cond *c, struct ph_nft_alts *out)
{
	const char *text = c->kind == PH_COND_OPAQUE ? ph_nft_emit_text(em, c->text) : c->text;

	if (em->priv == NULL || text == NULL)
		ph_nft_emit_cannot(em, c->at, c->text);
	else
		ph_nft_emit_alt(em, out, ph_arena_printf(em->mem, "%s ", text));
}

/* A condition that is not plain ranges. */
static void
other(struct ph_nft_emit *em, const struct ph_cond *c, const struct dims *d,
    struct ph_nft_alts *out)
{
	switch (c->kind) {
	case PH_COND_MASK:
		masked(em, c, out);
		break;
	case PH_COND_TUPLES:
		ph_nft_emit_tuples(em, c, d->d[PH_PROTO], out);
		break;
	case PH_COND_ORIG:
		original(em, c, out);
		break;
	case PH_COND_SRC_LOCAL:
	case PH_COND_DST_LOCAL:
		ph_nft_emit_alt(em, out, ph_arena_printf(em->mem, "fib %s type %slocal ",
		    c->kind == PH_COND_DST_LOCAL ? "daddr" : "saddr", c->neg ? "!= " : ""));
		break;
	case PH_COND_UID:
		uid(em, c, out);
		break;
	case PH_COND_RATE:
	case PH_COND_OPAQUE:
		own_text(em, c, out);
		break;
	default:
		ph_nft_emit_cannot(em, c->at, "a condition on a program");
	}
}

static bool
add(struct ph_nft_emit *em, const struct ph_rule *r, struct ph_nft_alts *all,
    struct ph_nft_alts *more)
{
	bool ok = multiply(em, all, more);

	if (!ok)
		ph_nft_emit_cannot(em, r->at, "so many alternatives");
	*more = (struct ph_nft_alts){ 0 };
	return ok;
}

bool
ph_nft_emit_conds(struct ph_nft_emit *em, const struct ph_rule *r, struct ph_nft_alts *out)
{
	struct ph_nft_alts part_of = { 0 };
	bool ok = true, in_tuple = false;
	bool failed = em->failed;
	struct dims d;

	*out = (struct ph_nft_alts){ 0 };
	collect(em, r, &d);
	if (d.never) {
		ph_nft_emit_alt(em, out, PH_NFT_EMIT_NEVER);
		return true;
	}
	em->failed = false;
	for (size_t i = 0; i < r->n_conds; i++)
		in_tuple |= r->conds[i].kind == PH_COND_TUPLES &&
		    r->conds[i].tuples->n > 0 && (r->conds[i].tuples->v[0].d[PH_DPORT] != NULL ||
		    r->conds[i].tuples->v[0].d[PH_SPORT] != NULL) &&
		    r->conds[i].tuples->v[0].d[PH_PROTO] == NULL;
	ph_nft_emit_alt(em, out, "");
	simple(em, &d, PH_IIF, "iifname", PH_NFT_T_IFACE, &part_of);
	ok &= add(em, r, out, &part_of);
	simple(em, &d, PH_OIF, "oifname", PH_NFT_T_IFACE, &part_of);
	ok &= add(em, r, out, &part_of);
	families(em, &d, &part_of);
	ok &= add(em, r, out, &part_of);
	protocols(em, &d, in_tuple, &part_of);
	ok &= add(em, r, out, &part_of);
	state(em, &d, &part_of);
	ok &= add(em, r, out, &part_of);
	status(em, &d, &part_of);
	ok &= add(em, r, out, &part_of);
	simple(em, &d, PH_MARK, "meta mark", PH_NFT_T_MARK, &part_of);
	ok &= add(em, r, out, &part_of);
	simple(em, &d, PH_CTMARK, "ct mark", PH_NFT_T_MARK, &part_of);
	ok &= add(em, r, out, &part_of);
	for (size_t i = 0; i < r->n_conds && ok; i++) {
		if (r->conds[i].kind == PH_COND_RANGES)
			continue;
		other(em, &r->conds[i], &d, &part_of);
		ok &= add(em, r, out, &part_of);
	}
	if (ok && !em->failed && out->n == 0)
		ph_nft_emit_alt(em, out, PH_NFT_EMIT_NEVER);
	ok &= !em->failed;
	em->failed |= failed;
	return ok;
}
