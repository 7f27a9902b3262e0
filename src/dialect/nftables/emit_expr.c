/* SPDX-License-Identifier: ISC */
#include "dialect/nftables/emit.h"

enum { PER_LINE = 8 };

static void
put_list(struct ph_buf *b, const struct ph_nft_expr *e, const char *sep)
{
	for (; e != NULL; e = e->next) {
		ph_nft_emit_expr(b, e);
		ph_buf_puts(b, e->next == NULL ? "" : sep);
	}
}

static void
put_set(struct ph_buf *b, const struct ph_nft_expr *e)
{
	size_t n = 0;

	ph_buf_puts(b, "{ ");
	for (; e != NULL; e = e->next) {
		ph_nft_emit_expr(b, e);
		ph_buf_puts(b, e->next == NULL ? "" : ++n % PER_LINE == 0 ? ",\n\t\t\t" : ", ");
	}
	ph_buf_puts(b, " }");
}

static void
put_verdict(struct ph_buf *b, const struct ph_nft_expr *e)
{
	static const char *const word[] = {
		[PH_ACT_ACCEPT] = "accept", [PH_ACT_DROP] = "drop", [PH_ACT_JUMP] = "jump ",
		[PH_ACT_GOTO] = "goto ", [PH_ACT_RETURN] = "return", [PH_ACT_NOTE] = "continue",
		[PH_ACT_OPAQUE] = "queue",
	};

	ph_buf_puts(b, word[(int)e->op]);
	if (e->op == PH_ACT_JUMP || e->op == PH_ACT_GOTO)
		ph_buf_add(b, e->s.s, e->s.len);
}

static void
put_pair(struct ph_buf *b, const struct ph_nft_expr *e, const char *between)
{
	ph_nft_emit_expr(b, e->l);
	if (e->r == NULL)
		return;
	ph_buf_puts(b, between);
	ph_nft_emit_expr(b, e->r);
}

static void
put_word(struct ph_buf *b, const struct ph_nft_expr *e)
{
	const char *quote = e->quoted ? "\"" : "";

	ph_buf_puts(b, e->kind == PH_NFT_E_REF ? "@" : quote);
	ph_buf_add(b, e->s.s, e->s.len);
	ph_buf_puts(b, quote);
}

void
ph_nft_emit_expr(struct ph_buf *b, const struct ph_nft_expr *e)
{
	switch (e->kind) {
	case PH_NFT_E_WORD:
	case PH_NFT_E_REF:
		put_word(b, e);
		break;
	case PH_NFT_E_RANGE:
		put_pair(b, e, "-");
		break;
	case PH_NFT_E_PREFIX:
		put_pair(b, e, "/");
		break;
	case PH_NFT_E_BIN:
		put_pair(b, e, e->op == '<' ? " << " : e->op == '>' ? " >> " :
		    e->op == '|' ? " | " : e->op == '&' ? " & " : " ^ ");
		break;
	case PH_NFT_E_ELEM:
		put_pair(b, e, " : ");
		break;
	case PH_NFT_E_LIST:
		put_list(b, e->first, ",");
		break;
	case PH_NFT_E_CONCAT:
		put_list(b, e->first, " . ");
		break;
	case PH_NFT_E_SET:
		put_set(b, e->first);
		break;
	case PH_NFT_E_VERDICT:
		put_verdict(b, e);
		break;
	case PH_NFT_E_ANY:
		ph_buf_putc(b, '*');
		break;
	default:
		break;
	}
}
