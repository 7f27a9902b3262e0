/* SPDX-License-Identifier: ISC */
/*
 * DOC: Cubes as text
 *
 * Cubes that all constrain the same dimensions are one set of concatenations; other
 * unions become one alternative a cube, which need not exclude each other: the
 * actions are the same.
 */
#include "dialect/nftables/emit.h"
#include "dialect/nftables/values.h"
#include "net/names.h"

/* One component of a concatenation. */
struct component {
	enum ph_dim dim;
	enum ph_nft_type type;
	char selector[24];
};

static const enum ph_dim order[] = {
	PH_SRC, PH_DST, PH_PROTO, PH_SPORT, PH_DPORT, PH_IIF, PH_OIF, PH_MARK, PH_CTMARK,
};

enum { N_ORDER = sizeof(order) / sizeof(*order) };

static bool
in_order(enum ph_dim dim)
{
	for (int i = 0; i < N_ORDER; i++)
		if (order[i] == dim)
			return true;
	return false;
}

/* Do all cubes constrain the same dimensions, each of them sayable in a set? */
static bool
is_uniform(const struct ph_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		for (int d = 0; d < PH_NDIMS; d++) {
			const struct ph_ranges *r = s->v[i].d[d];

			if ((r == NULL) != (s->v[0].d[d] == NULL) ||
			    (r != NULL && !in_order((enum ph_dim)d)))
				return false;
		}
	return s->n > 0;
}

/* The family that all addresses of a dimension are of, 0 when they differ. */
static unsigned
family(const struct ph_set *s, enum ph_dim dim)
{
	unsigned f = PH_FAMILY_4 | PH_FAMILY_6;

	for (size_t i = 0; i < s->n; i++) {
		const struct ph_ranges *r = s->v[i].d[dim];

		for (size_t j = 0; j < r->n; j++)
			f &= r->r[j].lo >= PH_V4_BASE ? PH_FAMILY_4 :
			    r->r[j].hi < PH_V4_BASE ? PH_FAMILY_6 : 0U;
	}
	return f == (PH_FAMILY_4 | PH_FAMILY_6) ? 0 : f;
}

static ph_u128
single(const struct ph_ranges *r)
{
	return r != NULL && r->n == 1 && r->r[0].lo == r->r[0].hi ? r->r[0].lo : 0;
}

static void
name(struct component *c, const char *a, const char *b)
{
	snprintf(c->selector, sizeof(c->selector), "%s%s", a, b);
}

/* "tcp dport", "th dport" or "icmp type" */
static void
port_component(struct component *c, ph_u128 proto)
{
	bool dst = c->dim == PH_DPORT;
	const char *word = ph_proto_name((uint8_t)proto);

	c->type = PH_NFT_T_PORT;
	if (proto == PH_ICMP || proto == PH_ICMPV6) {
		name(c, proto == PH_ICMP ? "icmp" : "icmpv6", dst ? " type" : " code");
		c->type = proto == PH_ICMP ? dst ? PH_NFT_T_ICMP_TYPE : PH_NFT_T_ICMP_CODE :
		    dst ? PH_NFT_T_ICMP6_TYPE : PH_NFT_T_ICMP6_CODE;
	} else {
		name(c, ph_proto_has_ports((uint8_t)proto) && word != NULL ? word : "th",
		    dst ? " dport" : " sport");
	}
}

static bool
component(const struct ph_set *s, enum ph_dim dim, ph_u128 proto, struct component *c)
{
	static const struct {
		enum ph_dim dim;
		enum ph_nft_type type;
		const char *word;
	} plain[] = {
		{ PH_PROTO, PH_NFT_T_PROTO, "meta l4proto" }, { PH_IIF, PH_NFT_T_IFACE, "iifname" },
		{ PH_OIF, PH_NFT_T_IFACE, "oifname" }, { PH_MARK, PH_NFT_T_MARK, "meta mark" },
		{ PH_CTMARK, PH_NFT_T_MARK, "ct mark" },
	};
	unsigned f;

	*c = (struct component){ .dim = dim };
	if (dim == PH_SPORT || dim == PH_DPORT) {
		port_component(c, s->v[0].d[PH_PROTO] != NULL ? 0 : proto);
		return true;
	}
	if (dim == PH_SRC || dim == PH_DST) {
		f = family(s, dim);
		c->type = f == PH_FAMILY_4 ? PH_NFT_T_V4 : PH_NFT_T_V6;
		name(c, f == PH_FAMILY_4 ? "ip" : "ip6", dim == PH_SRC ? " saddr" : " daddr");
		return f != 0;
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (plain[i].dim == dim) {
			name(c, plain[i].word, "");
			c->type = plain[i].type;
		}
	return true;
}

/* All combinations of the ranges of one cube. */
static void
put_cube(struct ph_buf *b, const struct ph_cube *cube, const struct component *c, size_t n,
    size_t *count)
{
	size_t at[N_ORDER] = { 0 }, i;

	for (i = 0; i < n; i++)
		if (cube->d[c[i].dim]->n == 0)
			return;
	do {
		ph_buf_puts(b, *count == 0 ? "" : *count % 4 == 0 ? ",\n\t\t\t" : ", ");
		(*count)++;
		for (i = 0; i < n; i++) {
			ph_buf_puts(b, i == 0 ? "" : " . ");
			ph_nft_emit_item(b, c[i].type, cube->d[c[i].dim]->r[at[i]]);
		}
		for (i = 0; i < n && ++at[i] == cube->d[c[i].dim]->n; i++)
			at[i] = 0;
	} while (i < n);
}

static bool
concatenation(struct ph_nft_emit *em, const struct ph_cond *cond,
    const struct ph_ranges *proto, struct ph_nft_alts *out)
{
	const struct ph_set *s = cond->tuples;
	struct component c[N_ORDER];
	size_t n = 0, count = 0;
	struct ph_buf b;

	for (int i = 0; i < N_ORDER; i++)
		if (s->v[0].d[order[i]] != NULL &&
		    !component(s, order[i], single(proto), &c[n++]))
			return false;
	if (n < 2)
		return false;
	ph_buf_init(&b, em->mem);
	for (size_t i = 0; i < n; i++)
		ph_buf_printf(&b, "%s%s", i == 0 ? "" : " . ", c[i].selector);
	ph_buf_puts(&b, cond->neg ? " != { " : " { ");
	for (size_t i = 0; i < s->n; i++)
		put_cube(&b, &s->v[i], c, n, &count);
	ph_buf_puts(&b, " } ");
	if (count > 0)
		ph_nft_emit_alt(em, out, b.s);
	return true;
}

/* Each cube as the conditions of a rule of its own. */
static void
one_by_one(struct ph_nft_emit *em, const struct ph_cond *cond, struct ph_nft_alts *out)
{
	for (size_t i = 0; i < cond->tuples->n; i++) {
		struct ph_cond conds[PH_NDIMS];
		struct ph_rule r = { .at = cond->at, .conds = conds };
		struct ph_nft_alts one;

		for (int d = 0; d < PH_NDIMS; d++)
			if (cond->tuples->v[i].d[d] != NULL)
				conds[r.n_conds++] = (struct ph_cond){
					.kind = PH_COND_RANGES, .dim = (enum ph_dim)d,
					.ranges = cond->tuples->v[i].d[d],
				};
		if (ph_nft_emit_conds(em, &r, &one))
			for (size_t j = 0; j < one.n; j++)
				ph_nft_emit_alt(em, out, one.v[j]);
	}
}

bool
ph_nft_emit_tuples(struct ph_nft_emit *em, const struct ph_cond *cond,
    const struct ph_ranges *proto, struct ph_nft_alts *out)
{
	if (cond->tuples->n == 0 && cond->neg)
		ph_nft_emit_alt(em, out, "");
	if (cond->tuples->n == 0)
		return true;
	if (is_uniform(cond->tuples) && concatenation(em, cond, proto, out))
		return true;
	if (cond->neg) {
		ph_nft_emit_cannot(em, cond->at, "what is in none of several unlike sets");
		return false;
	}
	one_by_one(em, cond, out);
	return true;
}
