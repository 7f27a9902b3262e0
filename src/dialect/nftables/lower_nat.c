/* SPDX-License-Identifier: ISC */
#include "dialect/nftables/lower.h"
#include "dialect/nftables/match.h"

/* The first word of a value: for "[2001:db8::1]" and "10.0.0.1-10.0.0.9" the address. */
static const struct ph_nft_expr *
first_word(const struct ph_nft_expr *e)
{
	while (e != NULL && e->kind != PH_NFT_E_WORD)
		switch (e->kind) {
		case PH_NFT_E_RANGE:
		case PH_NFT_E_PREFIX:
			e = e->l;
			break;
		case PH_NFT_E_CONCAT:
			e = e->first;
			break;
		default:
			return NULL;
		}
	return e;
}

/* The family that a statement translates: as it says, as its table or address is. */
static unsigned
family_of(const struct ph_nft_lower *l, const struct ph_nft_stmt *s,
    const struct ph_nft_expr *v)
{
	unsigned family = s->family != 0 ? s->family : l->table->families;
	ph_u128 addr;

	if (family == PH_FAMILY_4 || family == PH_FAMILY_6)
		return family;
	v = first_word(v);
	if (v == NULL || !ph_addr_parse(v->s, &addr))
		return 0;
	return ph_addr_is_v4(addr) ? PH_FAMILY_4 : PH_FAMILY_6;
}

static enum ph_nft_got
read_target(struct ph_nft_lower *l, const struct ph_nft_stmt *s,
    const struct ph_nft_expr *v, const struct ph_nft_expr *port, struct ph_nat *nat)
{
	enum ph_nft_type type = family_of(l, s, v) == PH_FAMILY_6 ? PH_NFT_T_V6 : PH_NFT_T_V4;
	enum ph_nft_got got = PH_NFT_GOT;

	if (v != NULL && v->kind == PH_NFT_E_CONCAT && v->n == 2) {
		got = ph_nft_values_read(l->p, l->table, v->first, type, &nat->addr);
		if (got == PH_NFT_GOT)
			got = ph_nft_values_read(l->p, l->table, v->first->next, PH_NFT_T_PORT,
			    &nat->port);
	} else if (v != NULL) {
		got = ph_nft_values_read(l->p, l->table, v, type, &nat->addr);
	}
	if (got == PH_NFT_GOT && port != NULL)
		got = ph_nft_values_read(l->p, l->table, port, PH_NFT_T_PORT, &nat->port);
	return got;
}

static bool
add_nat(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct ph_nft_expr *v)
{
	struct ph_nat *nat = PH_NEW(l->mem, struct ph_nat);
	enum ph_nft_got got = read_target(l, s, v, s->l != NULL ? s->l : d->port, nat);

	if (got == PH_NFT_WRONG)
		return false;
	ph_nft_draft_implied(l, d, v == NULL ? s->family : family_of(l, s, v), 0, s->at);
	if (s->prefix) {	/* the network looked up is what maps onto this one */
		enum ph_dim dim = s->act == PH_ACT_SNAT ? PH_SRC : PH_DST;

		nat->netmap = true;
		if (d->d[dim] == NULL || d->d[dim]->n != 1 || nat->addr == NULL ||
		    nat->addr->n != 1 || d->d[dim]->r[0].hi - d->d[dim]->r[0].lo !=
		    nat->addr->r[0].hi - nat->addr->r[0].lo)
			got = PH_NFT_UNKNOWN;
		else
			nat->from = d->d[dim]->r[0];
	}
	if (got == PH_NFT_UNKNOWN)
		ph_nft_draft_opaque_act(l, d, s, "what it translates to cannot be told");
	else
		ph_nft_draft_act(l, d, (enum ph_act_kind)s->act, s->at)->nat = nat;
	return true;
}

/* "numgen … map { … }": any of the values. */
static bool
add_choice(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	struct ph_nat *nat = PH_NEW(l->mem, struct ph_nat), one = { .addr = NULL };
	const struct ph_nft_expr *e = s->r->r->kind == PH_NFT_E_SET ? s->r->r->first : NULL;
	bool ports = e != NULL, known = e != NULL;

	nat->addr = nat->port = ph_ranges_none();
	for (; e != NULL && known; e = e->next) {
		enum ph_nft_got got;

		one = (struct ph_nat){ .addr = NULL };
		got = e->r == NULL ? PH_NFT_UNKNOWN : read_target(l, s, e->r, s->l, &one);
		if (got == PH_NFT_WRONG)
			return false;
		known = got == PH_NFT_GOT && one.addr != NULL;
		ports = ports && one.port != NULL;
		if (known)
			nat->addr = ph_ranges_union(l->mem, nat->addr, one.addr);
		if (known && ports)
			nat->port = ph_ranges_union(l->mem, nat->port, one.port);
	}
	if (!ports)
		nat->port = NULL;
	ph_nft_draft_implied(l, d, s->family, 0, s->at);
	if (known)
		ph_nft_draft_act(l, d, (enum ph_act_kind)s->act, s->at)->nat = nat;
	else
		ph_nft_draft_opaque_act(l, d, s, "what it translates to cannot be told");
	return true;
}

static bool
keep_port(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct ph_nft_expr *v)
{
	(void)l;
	(void)s;
	d->port = v;
	return true;
}

/* "to … : tcp dport map { … }": for each port of the map, the rest of the statement. */
static enum ph_nft_step
mapped_port(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	struct ph_nft_stmt *look = PH_NEW(l->mem, struct ph_nft_stmt);
	struct ph_nft_stmt *rest = PH_NEW(l->mem, struct ph_nft_stmt);

	*look = *rest = *s;
	rest->l = NULL;
	look->next = rest;
	return ph_nft_lower_value(l, d, look, s->l, keep_port);
}

enum ph_nft_step
ph_nft_lower_nat(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	if (s->l != NULL && s->l->kind == PH_NFT_E_MAP)
		return mapped_port(l, d, s);
	if (s->r == NULL)
		return add_nat(l, d, s, NULL) ? PH_NFT_NEXT : PH_NFT_FAIL;
	if (s->r->kind == PH_NFT_E_MAP && s->r->l->kind == PH_NFT_E_CHOICE)
		return add_choice(l, d, s) ? PH_NFT_NEXT : PH_NFT_FAIL;
	return ph_nft_lower_value(l, d, s, s->r, add_nat);
}
