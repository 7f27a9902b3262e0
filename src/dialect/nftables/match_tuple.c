/* SPDX-License-Identifier: ISC */
/*
 * DOC: Concatenations and keys of maps
 *
 * An element of "ip saddr . tcp dport" is a cube; a match on a set of them is
 * one condition on a union of cubes.  What the selectors imply (TCP, IPv4) stands
 * beside it, once.
 */
#include "dialect/nftables/field.h"
#include "dialect/nftables/match.h"
#include "dialect/nftables/word.h"

enum { FIELDS_MAX = 16 };

typedef const struct ph_nft_field *const *fields;

static enum ph_nft_got
worst(enum ph_nft_got a, enum ph_nft_got b)
{
	return a == PH_NFT_WRONG || b == PH_NFT_WRONG ? PH_NFT_WRONG : a > b ? a : b;
}

/* One component of a key, as a dimension of the cube. */
static enum ph_nft_got
component(struct ph_nft_lower *l, const struct ph_nft_field *f,
    const struct ph_nft_expr *e, struct ph_cube *out)
{
	const struct ph_ranges *r;
	enum ph_nft_got got;

	if (f->sense != PH_NFT_S_DIM && f->sense != PH_NFT_S_FAMILY && f->sense != PH_NFT_S_TH)
		return PH_NFT_UNKNOWN;
	got = ph_nft_values_read(l->p, l->table, e, f->type, &r);
	if (got != PH_NFT_GOT)
		return got;
	if (!ph_nft_match_ranges(l, f, r, &r))
		return PH_NFT_UNKNOWN;
	out->d[f->dim] = out->d[f->dim] == NULL ? r :
	    ph_ranges_intersect(l->mem, out->d[f->dim], r);
	return PH_NFT_GOT;
}

enum ph_nft_got
ph_nft_match_cube(struct ph_nft_lower *l, fields f, size_t n,
    const struct ph_nft_expr *key, struct ph_cube *out)
{
	const struct ph_nft_expr *e = key->kind == PH_NFT_E_CONCAT ? key->first : key;
	enum ph_nft_got got = PH_NFT_GOT;

	*out = (struct ph_cube){ .d = { NULL } };
	if (key->kind == PH_NFT_E_ANY)
		return PH_NFT_GOT;
	if ((key->kind == PH_NFT_E_CONCAT ? key->n : 1) != n) {
		ph_nft_lex_error(&l->p->lx, "bad-key", key->at,
		    "expected %zu values joined by dots", n);
		return PH_NFT_WRONG;
	}
	for (size_t i = 0; i < n; i++, e = e->next)
		got = worst(got, component(l, f[i], e, out));
	return got;
}

/* The elements of a set as cubes. */
static enum ph_nft_got
cubes(struct ph_nft_lower *l, fields f, size_t n, const struct ph_nft_expr *e,
    struct ph_set *out)
{
	enum ph_nft_got all = PH_NFT_GOT;
	struct ph_cube c;

	for (; e != NULL; e = e->next) {
		enum ph_nft_got got = ph_nft_match_cube(l, f, n,
		    e->kind == PH_NFT_E_ELEM ? e->l : e, &c);

		all = worst(all, got);
		if (got == PH_NFT_GOT)
			ph_set_add(l->mem, out, &c);
	}
	return all;
}

/* Cubes of a named set, read once for every list of selectors it is used with. */
static enum ph_nft_got
named(struct ph_nft_lower *l, fields f, size_t n, struct ph_nft_set *s,
    const struct ph_set **out)
{
	struct ph_nft_tuples *c;
	struct ph_set *v;
	size_t i;

	if (ph_nft_values_changing(s) != NULL || s->removed != NULL)
		return PH_NFT_UNKNOWN;
	for (c = s->tuples; c != NULL; c = c->next) {
		for (i = 0; i < n && c->n == n && c->f[i] == f[i]; i++)
			continue;
		if (i == n) {
			*out = c->set;
			return (enum ph_nft_got)c->got;
		}
	}
	c = PH_NEW(l->mem, struct ph_nft_tuples);
	v = PH_NEW(l->mem, struct ph_set);
	c->f = ph_arena_array(l->mem, n, sizeof(*c->f));
	for (i = 0; i < n; i++)
		c->f[i] = f[i];
	c->n = n;
	c->got = (int)cubes(l, f, n, s->first, v);
	c->set = *out = v;
	c->next = s->tuples;
	s->tuples = c;
	return (enum ph_nft_got)c->got;
}

static enum ph_nft_got
read_tuples(struct ph_nft_lower *l, fields f, size_t n, const struct ph_nft_expr *rhs,
    const struct ph_set **out)
{
	struct ph_set *v = PH_NEW(l->mem, struct ph_set);
	struct ph_nft_set *s;

	*out = v;
	if (rhs->kind == PH_NFT_E_SET)
		return cubes(l, f, n, rhs->first, v);
	if (rhs->kind != PH_NFT_E_REF)
		return cubes(l, f, n, rhs, v);
	s = ph_nft_values_set(l->p, l->table, rhs);
	return s == NULL ? PH_NFT_WRONG : named(l, f, n, s, out);
}

/* Are all ports among ${f} those of protocols that have ports? */
static bool
ports_sure(fields f, size_t n, const struct ph_nft_draft *d, const struct ph_set *v)
{
	bool th = false;

	for (size_t i = 0; i < n; i++)
		th |= f[i]->sense == PH_NFT_S_TH;
	if (!th || ph_nft_match_ports_sure(d->d[PH_PROTO]))
		return true;
	for (size_t i = 0; i < v->n; i++)
		if (!ph_nft_match_ports_sure(v->v[i].d[PH_PROTO]))
			return false;
	return true;
}

static void
implied(struct ph_nft_lower *l, struct ph_nft_draft *d, fields f, size_t n,
    struct ph_span at)
{
	for (size_t i = 0; i < n; i++)
		ph_nft_match_implied(l, d, f[i], at);
}

static bool
opaque(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	ph_nft_draft_opaque(l, d, s, "cannot be told from the text");
	return true;
}

bool
ph_nft_match_tuples(struct ph_nft_lower *l, struct ph_nft_draft *d,
    const struct ph_nft_stmt *s)
{
	const struct ph_nft_field *f[FIELDS_MAX];
	size_t n = ph_nft_match_fields(s->l, f, FIELDS_MAX);
	const struct ph_set *v;
	enum ph_nft_got got;
	struct ph_cond *c;

	if (n == 0 || s->rel > PH_NFT_NE)
		return opaque(l, d, s);
	got = read_tuples(l, f, n, s->r, &v);
	if (got == PH_NFT_WRONG)
		return false;
	implied(l, d, f, n, s->at);
	if (got == PH_NFT_UNKNOWN || !ports_sure(f, n, d, v))
		return opaque(l, d, s);
	if (s->rel == PH_NFT_NE)	/* by value only when it holds */
		for (size_t i = 0; i < n; i++)
			ph_nft_draft_implied(l, d, f[i]->family, f[i]->proto, s->at);
	c = ph_nft_draft_cond(l, d, PH_COND_TUPLES, s->at);
	c->neg = s->rel == PH_NFT_NE;
	c->tuples = v;
	return true;
}

enum ph_nft_got
ph_nft_match_key(struct ph_nft_lower *l, struct ph_nft_draft *d,
    const struct ph_nft_stmt *s, const struct ph_nft_expr *lhs,
    const struct ph_nft_expr *key)
{
	const struct ph_nft_field *f[FIELDS_MAX];
	size_t n = ph_nft_match_fields(lhs, f, FIELDS_MAX);
	struct ph_set one = { 0 };
	enum ph_nft_got got;
	struct ph_cube c;

	if (n == 0)
		return PH_NFT_UNKNOWN;
	got = ph_nft_match_cube(l, f, n, key, &c);
	if (got != PH_NFT_GOT)
		return got;
	implied(l, d, f, n, s->at);
	ph_set_add(l->mem, &one, &c);
	if (!ports_sure(f, n, d, &one))
		return PH_NFT_UNKNOWN;
	for (int i = 0; i < PH_NDIMS; i++)
		if (c.d[i] != NULL)
			ph_nft_draft_limit(l, d, (enum ph_dim)i, c.d[i], key->at);
	return PH_NFT_GOT;
}
