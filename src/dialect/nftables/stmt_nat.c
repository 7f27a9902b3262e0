/* SPDX-License-Identifier: ISC */
#include "dialect/nftables/expr.h"
#include "dialect/nftables/stmt.h"

/*
 *	nat  = ("snat" | "dnat") [FAMILY] ["prefix" | "addr" "." "port"] ["to"] to {flag}
 *	to   = value [":" value] | ":" value
 *	flag = "random" | "fully-random" | "persistent", also with commas
 */
static void
nat_flags(struct ph_nft_parser *p)
{
	while (ph_nft_lex_accept(&p->lx, "random") ||
	    ph_nft_lex_accept(&p->lx, "fully-random") ||
	    ph_nft_lex_accept(&p->lx, "persistent") || ph_nft_lex_accept(&p->lx, ","))
		continue;
}

static bool
nat_to(struct ph_nft_parser *p, struct ph_nft_stmt *s)
{
	if (!ph_nft_lex_is_op(&p->lx, ":")) {
		s->r = ph_nft_expr_value(p);
		if (s->r == NULL)
			return false;
	}
	if (ph_nft_lex_accept(&p->lx, ":")) {
		s->l = ph_nft_expr_value(p);
		if (s->l == NULL)
			return false;
	}
	return true;
}

static void
nat_family(struct ph_nft_parser *p, struct ph_nft_stmt *s)
{
	if (ph_nft_lex_accept(&p->lx, "ip"))
		s->family = PH_FAMILY_4;
	else if (ph_nft_lex_accept(&p->lx, "ip6"))
		s->family = PH_FAMILY_6;
	s->prefix = ph_nft_lex_accept(&p->lx, "prefix");
	if (ph_nft_lex_accept(&p->lx, "interval"))
		return;
	while (ph_nft_lex_accept(&p->lx, "addr") || ph_nft_lex_accept(&p->lx, ".") ||
	    ph_nft_lex_accept(&p->lx, "port"))
		continue;
}

static struct ph_nft_stmt *
nat(struct ph_nft_parser *p, struct ph_span at, enum ph_act_kind act)
{
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, PH_NFT_NAT, at);

	s->act = (uint8_t)act;
	nat_family(p, s);
	ph_nft_lex_accept(&p->lx, "to");
	if (!nat_to(p, s))
		return NULL;
	nat_flags(p);
	return s;
}

struct ph_nft_stmt *
ph_nft_stmt_snat(struct ph_nft_parser *p, struct ph_span at)
{
	return nat(p, at, PH_ACT_SNAT);
}

struct ph_nft_stmt *
ph_nft_stmt_dnat(struct ph_nft_parser *p, struct ph_span at)
{
	return nat(p, at, PH_ACT_DNAT);
}

/* local = ("masquerade" | "redirect") ["to" ":" value] {flag} */
static struct ph_nft_stmt *
nat_local(struct ph_nft_parser *p, struct ph_span at, enum ph_act_kind act)
{
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, PH_NFT_NAT, at);

	s->act = (uint8_t)act;
	nat_family(p, s);
	if (ph_nft_lex_accept(&p->lx, "to") && !nat_to(p, s))
		return NULL;
	if (s->r != NULL && s->l == NULL) {	/* the colon may be left out */
		s->l = s->r;
		s->r = NULL;
	}
	nat_flags(p);
	return s;
}

struct ph_nft_stmt *
ph_nft_stmt_masquerade(struct ph_nft_parser *p, struct ph_span at)
{
	return nat_local(p, at, PH_ACT_MASQUERADE);
}

struct ph_nft_stmt *
ph_nft_stmt_redirect(struct ph_nft_parser *p, struct ph_span at)
{
	return nat_local(p, at, PH_ACT_REDIRECT);
}

/* tproxy = "tproxy" [FAMILY] "to" to */
struct ph_nft_stmt *
ph_nft_stmt_tproxy(struct ph_nft_parser *p, struct ph_span at)
{
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, PH_NFT_TPROXY, at);

	nat_family(p, s);
	if (!ph_nft_lex_accept(&p->lx, "to")) {
		ph_nft_expr_expected(p, "\"to\"");
		return NULL;
	}
	return nat_to(p, s) ? s : NULL;
}
