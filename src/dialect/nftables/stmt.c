/* SPDX-License-Identifier: ISC */
/*
 * DOC: Reading rules
 *
 *	rule      = {statement} ["comment" STRING]
 *	statement = WORD …                         a row of the table below
 *	          | lhs ("vmap" setref | "set" value | [relation] rhs)
 *	relation  = "==" | "!=" | "<" | ">" | "<=" | ">=" | "!"
 *
 * A word that is none of these but much like one is a slip, and an error.  Any other
 * may be newer than this program: the rest of the rule is kept as not understood.
 */
#include "dialect/nftables/block.h"
#include "dialect/nftables/expr.h"
#include "dialect/nftables/field.h"
#include "dialect/nftables/stmt.h"
#include "dialect/nftables/store.h"
#include "net/names.h"

enum {
	HELP_UP_TO = 1000,		/* errors; looking for likely words takes time */
	BLOCKS_MAX = 16,		/* chains in chains, as the kernel's limit on jumps */
};

struct ph_nft_stmt *
ph_nft_stmt_new(struct ph_nft_parser *p, uint8_t kind, struct ph_span at)
{
	struct ph_nft_stmt *s = PH_NEW(p->mem, struct ph_nft_stmt);

	s->kind = kind;
	s->at = at;
	return s;
}

/* "jump { … }": a chain that only this rule goes to. */
static struct ph_nft_stmt *
chain_in_place(struct ph_nft_parser *p, struct ph_nft_stmt *s)
{
	struct ph_nft_lex *lx = &p->lx;
	struct ph_nft_tok *rec = lx->rec;
	size_t n_rec = lx->n_rec, cap_rec = lx->cap_rec;
	bool recording = lx->recording;
	struct ph_nft_chain *c;

	if (++p->depth > BLOCKS_MAX) {
		ph_nft_lex_error(lx, "too-deep", lx->tok.at, "blocks nested too deep");
		return NULL;
	}
	do
		s->name = ph_str(ph_arena_printf(p->mem, "block_%u", ++p->n_blocks));
	while (ph_nft_store_chain_find(p->table, s->name) != NULL);
	c = ph_nft_store_chain(p, p->table, s->name, lx->tok.at);
	lx->recording = false;	/* its rules record themselves */
	lx->rec = NULL;
	lx->n_rec = lx->cap_rec = 0;
	ph_nft_block_chain(p, c);
	lx->rec = rec;
	lx->n_rec = n_rec;
	lx->cap_rec = cap_rec;
	lx->recording = recording;
	p->depth--;
	return s;
}

static struct ph_nft_stmt *
verdict(struct ph_nft_parser *p, struct ph_span at, enum ph_act_kind act)
{
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, PH_NFT_VERDICT, at);
	struct ph_nft_expr *name;

	s->act = (uint8_t)act;
	if (act == PH_ACT_JUMP || act == PH_ACT_GOTO) {
		if (ph_nft_lex_is_op(&p->lx, "{") && p->table != NULL)
			return chain_in_place(p, s);
		name = ph_nft_expr_word(p, "the name of a chain");
		if (name == NULL)
			return NULL;
		s->name = name->s;
	}
	return s;
}

static struct ph_nft_stmt *
read_accept(struct ph_nft_parser *p, struct ph_span at)
{
	return verdict(p, at, PH_ACT_ACCEPT);
}

static struct ph_nft_stmt *
read_drop(struct ph_nft_parser *p, struct ph_span at)
{
	return verdict(p, at, PH_ACT_DROP);
}

static struct ph_nft_stmt *
read_return(struct ph_nft_parser *p, struct ph_span at)
{
	return verdict(p, at, PH_ACT_RETURN);
}

static struct ph_nft_stmt *
read_continue(struct ph_nft_parser *p, struct ph_span at)
{
	struct ph_nft_stmt *s = verdict(p, at, PH_ACT_NOTE);

	s->kind = PH_NFT_NOTE;
	return s;
}

/* jump = ("jump" | "goto") NAME */
static struct ph_nft_stmt *
read_jump(struct ph_nft_parser *p, struct ph_span at)
{
	return verdict(p, at, PH_ACT_JUMP);
}

static struct ph_nft_stmt *
read_goto(struct ph_nft_parser *p, struct ph_span at)
{
	return verdict(p, at, PH_ACT_GOTO);
}

/* reject = "reject" ["with" ("tcp" "reset" | ICMP ["type"] WORD)] */
static struct ph_nft_stmt *
read_reject(struct ph_nft_parser *p, struct ph_span at)
{
	static const struct {
		const char *word;
		uint8_t family, proto;
	} with[] = {
		{ "tcp", 0, PH_TCP }, { "icmpx", 0, 0 }, { "icmp", PH_FAMILY_4, 0 },
		{ "icmpv6", PH_FAMILY_6, 0 },
	};
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, PH_NFT_REJECT, at);

	if (!ph_nft_lex_accept(&p->lx, "with"))
		return s;
	for (size_t i = 0; i < sizeof(with) / sizeof(*with); i++) {
		if (!ph_nft_lex_accept(&p->lx, with[i].word))
			continue;
		s->family = with[i].family;
		s->proto = with[i].proto;
		ph_nft_lex_accept(&p->lx, "type");
		return ph_nft_expr_word(p, "a reason") == NULL ? NULL : s;
	}
	ph_nft_expr_expected(p, "tcp, icmp, icmpv6 or icmpx");
	return NULL;
}

static struct ph_nft_stmt *
read_notrack(struct ph_nft_parser *p, struct ph_span at)
{
	return ph_nft_stmt_new(p, PH_NFT_NOTRACK, at);
}

static const struct {
	const char *word;
	ph_nft_stmt_h *read;
} statements[] = {
	{ "accept", read_accept }, { "drop", read_drop }, { "jump", read_jump },
	{ "goto", read_goto }, { "return", read_return }, { "continue", read_continue },
	{ "counter", ph_nft_stmt_counter }, { "limit", ph_nft_stmt_limit },
	{ "log", ph_nft_stmt_log }, { "reject", read_reject },
	{ "masquerade", ph_nft_stmt_masquerade }, { "snat", ph_nft_stmt_snat },
	{ "dnat", ph_nft_stmt_dnat }, { "redirect", ph_nft_stmt_redirect },
	{ "tproxy", ph_nft_stmt_tproxy }, { "notrack", read_notrack },
	{ "queue", ph_nft_stmt_queue }, { "quota", ph_nft_stmt_quota },
	{ "synproxy", ph_nft_stmt_synproxy }, { "dup", ph_nft_stmt_dup },
	{ "fwd", ph_nft_stmt_fwd }, { "flow", ph_nft_stmt_flow },
	{ "meter", ph_nft_stmt_meter }, { "add", ph_nft_stmt_dynset },
	{ "update", ph_nft_stmt_dynset }, { "delete", ph_nft_stmt_dynset },
	{ "set", ph_nft_stmt_dynset }, { "xt", ph_nft_stmt_xt },
	{ "last", ph_nft_stmt_last }, { "reset", ph_nft_stmt_reset },
};

enum { N_STATEMENTS = sizeof(statements) / sizeof(*statements) };

static enum ph_nft_rel
relation(struct ph_nft_parser *p)
{
	static const struct {
		const char *sign, *word;
		enum ph_nft_rel rel;
	} rels[] = {
		{ "==", "eq", PH_NFT_EQ }, { "!=", "ne", PH_NFT_NE }, { "<", "lt", PH_NFT_LT },
		{ ">", "gt", PH_NFT_GT }, { "<=", "le", PH_NFT_LE }, { ">=", "ge", PH_NFT_GE },
		{ "!", "not", PH_NFT_NOT },
	};

	for (size_t i = 0; i < sizeof(rels) / sizeof(*rels); i++)
		if (ph_nft_lex_accept(&p->lx, rels[i].sign) ||
		    ph_nft_lex_accept(&p->lx, rels[i].word))
			return rels[i].rel;
	return PH_NFT_IMPLICIT;
}

/* Values that are none of ours go on: the second part of a class, more events. */
static bool
read_more(struct ph_nft_parser *p, const struct ph_nft_stmt *s)
{
	bool dark = s->l->kind == PH_NFT_E_FIELD && s->l->field->sense == PH_NFT_S_OPAQUE;

	while (dark && (ph_nft_lex_accept(&p->lx, ":") || ph_nft_lex_accept(&p->lx, ",")))
		if (ph_nft_expr_word(p, "a value") == NULL)
			return false;
	return true;
}

static struct ph_nft_stmt *
read_match(struct ph_nft_parser *p)
{
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, PH_NFT_MATCH, p->lx.tok.at);

	s->l = ph_nft_expr_lhs(p);
	if (s->l == NULL)
		return NULL;
	if (ph_nft_lex_accept(&p->lx, "vmap")) {
		s->kind = PH_NFT_VMAP;
		s->r = ph_nft_expr_setref(p);
	} else if (ph_nft_lex_accept(&p->lx, "set")) {
		s->kind = PH_NFT_SET;
		if (s->l->kind == PH_NFT_E_FIELD)
			p->mark_tests -= s->l->field->type == PH_NFT_T_MARK;
		s->r = ph_nft_expr_value(p);
	} else {
		s->rel = (uint8_t)relation(p);
		s->r = ph_nft_expr_rhs(p);
		if (s->r != NULL && ph_nft_lex_accept(&p->lx, "/")) {
			s->mask = ph_nft_expr_rhs(p);
			if (s->mask == NULL)
				return NULL;
		}
	}
	return s->r == NULL || !read_more(p, s) ? NULL : s;
}

/* The statement or selector that ${word} is a slip of, or NULL. */
static const char *
nearest(struct ph_str word)
{
	static const char *const more[] = {
		"tcp", "udp", "ip", "ip6", "meta", "icmp", "icmpv6", "iifname", "oifname",
		"iif", "oif", "mark", "comment", "skuid", "sctp", "ether",
	};
	enum { MORE = sizeof(more) / sizeof(*more) };
	const char *words[N_STATEMENTS + MORE];
	size_t n = 0;

	for (size_t i = 0; i < N_STATEMENTS; i++)
		words[n++] = statements[i].word;
	for (size_t i = 0; i < MORE; i++)
		words[n++] = more[i];
	return ph_str_nearest(word, words, n);
}

/* Keep the rest of the rule, or call it a slip. */
static struct ph_nft_stmt *
read_unknown(struct ph_nft_parser *p)
{
	struct ph_nft_lex *lx = &p->lx;
	struct ph_nft_tok t = lx->tok;
	const char *near = NULL;
	struct ph_nft_stmt *s;

	if (t.kind == PH_NFT_WORD && lx->diags->errors < HELP_UP_TO)
		near = nearest(t.s);

	if (t.kind != PH_NFT_WORD && t.kind != PH_NFT_XT) {
		ph_nft_expr_expected(p, "a statement");
		return NULL;
	}
	if (near != NULL || lx->diags->errors >= HELP_UP_TO) {
		ph_nft_lex_error(lx, "unknown-word", t.at,
		    "\"%.*s\" is no statement%s%s%s", (int)t.s.len, t.s.s,
		    near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
		    near == NULL ? "" : "\"?");
		return NULL;
	}
	ph_nft_lex_skip(lx, lx->braces);
	s = ph_nft_stmt_new(p, PH_NFT_OPAQUE_ACT, ph_span_join(t.at, lx->last));
	s->why = t.kind == PH_NFT_XT ?
	    "an extension of iptables, which nft lists by name only" :
	    "this part of the rule is not understood";
	ph_diag(lx->diags, PH_WARN, "unread-statement", s->at,
	    "not understood; what this rule does is treated as unknown");
	return s;
}

static struct ph_nft_stmt *
read_statement(struct ph_nft_parser *p)
{
	struct ph_nft_tok t = p->lx.tok;

	if (t.kind == PH_NFT_WORD)
		for (size_t i = 0; i < N_STATEMENTS; i++)
			if (ph_nft_lex_same(t.s, statements[i].word)) {
				ph_nft_lex_next(&p->lx);
				return statements[i].read(p, t.at);
			}
	if (ph_nft_lex_same(t.s, "ct") && ph_nft_lex_same(ph_nft_lex_peek(&p->lx, 0)->s, "count")) {
		ph_nft_lex_next(&p->lx);
		ph_nft_lex_next(&p->lx);
		return ph_nft_stmt_ct_count(p, t.at);
	}
	return ph_nft_expr_starts(p) ? read_match(p) : read_unknown(p);
}

/* comment = "comment" STRING */
static bool
read_comment(struct ph_nft_parser *p, struct ph_nft_rule *r)
{
	struct ph_nft_expr *text;

	if (!ph_nft_lex_accept(&p->lx, "comment"))
		return true;
	text = ph_nft_expr_word(p, "the text of the comment");
	if (text == NULL)
		return false;
	r->comment = ph_arena_dup(p->mem, text->s.s, text->s.len);
	if (!ph_nft_lex_at_end(&p->lx)) {
		ph_nft_expr_expected(p, "the end of the rule after its comment");
		return false;
	}
	return true;
}

static bool
read_statements(struct ph_nft_parser *p, struct ph_nft_rule *r)
{
	struct ph_nft_stmt **tail = &r->stmts, *s = NULL;
	struct ph_nft_lex *lx = &p->lx;

	while (!ph_nft_lex_at_end(lx) && !ph_nft_lex_is(lx, "comment")) {
		size_t from = lx->n_rec;

		lx->expanded = false;
		if (s != NULL && (s->kind == PH_NFT_VERDICT || s->kind == PH_NFT_REJECT)) {
			ph_nft_lex_error(lx, "after-verdict", lx->tok.at,
			    "nothing can follow a verdict");
			return false;
		}
		s = read_statement(p);
		if (s == NULL)
			return false;
		s->at = ph_span_join(s->at, lx->last);
		if (lx->expanded && s->text == NULL)
			s->text = ph_nft_lex_join(p->mem, lx->rec + from, lx->n_rec - from);
		*tail = s;
		tail = &s->next;
	}
	return read_comment(p, r);
}

struct ph_nft_rule *
ph_nft_stmt_rule(struct ph_nft_parser *p)
{
	struct ph_nft_rule *r = PH_NEW(p->mem, struct ph_nft_rule);
	struct ph_nft_lex *lx = &p->lx;
	unsigned braces = lx->braces;
	bool outer = lx->recording, ok;

	lx->handle = 0;
	if (!outer)
		lx->n_rec = 0;
	lx->recording = true;
	r->at = lx->tok.at;
	ok = read_statements(p, r);
	lx->recording = outer;
	if (!ok) {
		ph_nft_lex_skip(lx, braces);
		return NULL;
	}
	r->at = ph_span_join(r->at, lx->last);
	r->handle = lx->handle;
	return r;
}

struct ph_nft_rule *
ph_nft_stmt_rule_kept(struct ph_nft_parser *p)
{
	struct ph_arena_mark mark = ph_arena_mark(p->mem);
	const struct ph_nft_input *in = p->lx.in;
	const struct ph_nft_tok *rec = p->lx.rec;
	struct ph_nft_rule *r = ph_nft_stmt_rule(p);

	if (p->lx.diags->errors < HELP_UP_TO || p->lx.in != in || p->lx.rec != rec)
		return r;
	ph_arena_rewind(p->mem, mark);
	return NULL;
}
