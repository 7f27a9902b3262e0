/* SPDX-License-Identifier: ISC */
/*
 * DOC: Reading blocks
 *
 *	table = "{" {common | chain | set | object | "flags" … | "comment" S} "}"
 *	chain = "chain" NAME ["{" {common | hook | policy | "flags" … | rule} "}"]
 *	hook  = "type" T "hook" H {"device" D | "devices" "=" set} "priority" prio
 *	prio  = ["-"] NUMBER | NAME [("+" | "-") NUMBER]
 *	set   = ("set" | "map") NAME ["{" {property} "}"]
 *
 * Statements end at line ends and semicolons.  A block reads on after an error in
 * one of them.
 */
#include <string.h>

#include "dialect/nftables/block.h"
#include "dialect/nftables/expr.h"
#include "dialect/nftables/stmt.h"
#include "dialect/nftables/store.h"
#include "dialect/nftables/word.h"

struct ph_str
ph_nft_block_name(struct ph_nft_parser *p, const char *what)
{
	struct ph_nft_expr *e = ph_nft_expr_word(p, what);

	return e == NULL ? (struct ph_str){ NULL, 0 } : e->s;
}

/* One statement of a block; false when it is wrong, which was reported. */
typedef bool item_h(struct ph_nft_parser *, void *);

/* A statement ends at a separator; a block is one by itself. */
static bool
ended(const struct ph_nft_lex *lx)
{
	return ph_nft_lex_at_end(lx) || lx->tok.kind == PH_NFT_XT ||
	    (lx->last.src != NULL && lx->last.src->text[lx->last.off] == '}');
}

static void
item_read(struct ph_nft_parser *p, item_h *item, void *what, unsigned braces)
{
	if (ph_nft_block_common(p))
		return;
	if (!item(p, what)) {
		ph_nft_lex_skip(&p->lx, braces);
	} else if (!ended(&p->lx)) {
		ph_nft_expr_expected(p, "the end of the line or \";\"");
		ph_nft_lex_skip(&p->lx, braces);
	}
}

/* block = "{" {item SEP} "}" */
static void
block(struct ph_nft_parser *p, item_h *item, void *what)
{
	struct ph_nft_lex *lx = &p->lx;
	struct ph_span open = lx->tok.at;
	unsigned braces = lx->braces + 1;
	struct ph_nft_scope scope = { .up = lx->scope };

	if (!ph_nft_lex_accept(lx, "{")) {
		ph_nft_expr_expected(p, "\"{\"");
		ph_nft_lex_skip(lx, braces - 1);
		return;
	}
	lx->scope = &scope;
	while (lx->tok.kind != PH_NFT_EOF && !ph_nft_lex_is_op(lx, "}"))
		if (lx->tok.kind == PH_NFT_SEP)
			ph_nft_lex_next(lx);
		else
			item_read(p, item, what, braces);
	lx->scope = scope.up;
	if (lx->tok.kind == PH_NFT_EOF)
		ph_nft_lex_error(lx, "unclosed-block", open, "this block is not closed");
	ph_nft_lex_next(lx);
}

/* Pass the rest of a property that does not matter here. */
static bool
pass_rest(struct ph_nft_parser *p)
{
	ph_nft_lex_skip(&p->lx, p->lx.braces);
	return true;
}

/* devices = ["="] (NAME | set): interfaces are worth knowing for questions */
static bool
devices(struct ph_nft_parser *p)
{
	struct ph_nft_expr *e;

	ph_nft_lex_accept(&p->lx, "=");
	e = ph_nft_expr_rhs(p);
	if (e == NULL)
		return false;
	if (e->kind == PH_NFT_E_WORD)
		ph_nft_word_iface(p, e->s);
	if (e->kind == PH_NFT_E_SET)
		for (e = e->first; e != NULL; e = e->next)
			if (e->l->kind == PH_NFT_E_WORD)
				ph_nft_word_iface(p, e->l->s);
	return true;
}

/* prio = ["-"] NUMBER | NAME [("+" | "-") NUMBER] */
static bool
priority(struct ph_nft_parser *p, int *out)
{
	bool minus = ph_nft_lex_accept(&p->lx, "-");
	struct ph_nft_tok t = p->lx.tok;
	struct ph_nft_expr *w = ph_nft_expr_word(p, "a priority");
	uint64_t v;
	int base = 0;

	if (w == NULL)
		return false;
	if (!ph_str_u64(w->s, 10, INT32_MAX / 2, &v)) {
		if (!ph_nft_word_priority(w->s, &base)) {
			ph_nft_word_unknown(p, "bad-priority", t.at, PH_NFT_W_PRIORITY);
			return false;
		}
		*out = base;
		minus = ph_nft_lex_is_op(&p->lx, "-");
		if (!minus && !ph_nft_lex_is_op(&p->lx, "+"))
			return true;
		ph_nft_lex_next(&p->lx);
		t = p->lx.tok;
		w = ph_nft_expr_word(p, "a number");
		if (w == NULL)
			return false;
		if (!ph_str_u64(w->s, 10, INT32_MAX / 2, &v)) {
			ph_nft_lex_error(&p->lx, "bad-priority", t.at, "expected a number");
			return false;
		}
	}
	*out = minus ? base - (int)v : base + (int)v;
	return true;
}

/* Translation is not done where packets are forwarded, and "route" is for our own. */
static bool
hook_suits(struct ph_nft_parser *p, const struct ph_nft_hook *h, struct ph_span at)
{
	if (h->type == PH_HOOK_NAT ? h->point >= 0 && h->point != PH_FORWARD :
	    h->type != PH_HOOK_ROUTE || h->point == PH_OUTPUT)
		return true;
	ph_nft_lex_error(&p->lx, "bad-hook", at, "a chain of type %s cannot be on this hook",
	    h->type == PH_HOOK_NAT ? "nat" : "route");
	return false;
}

/* hook = "type" T "hook" H {"device" D | "devices" "=" set} "priority" prio */
static bool
read_hook(struct ph_nft_parser *p, struct ph_nft_chain *c)
{
	struct ph_nft_hook *h = &c->hook;
	struct ph_nft_lex *lx = &p->lx;
	struct ph_span at = lx->tok.at;

	h->at = lx->last;
	h->type = ph_nft_word_chain_type(lx->tok.s);
	if (h->type < 0) {
		ph_nft_word_unknown(p, "bad-chain-type", at, PH_NFT_W_CHAIN_TYPE);
		return false;
	}
	ph_nft_lex_next(lx);
	if (!ph_nft_lex_accept(lx, "hook")) {
		ph_nft_expr_expected(p, "\"hook\"");
		return false;
	}
	h->ingress = ph_nft_lex_is(lx, "ingress") || ph_nft_lex_is(lx, "egress");
	h->point = ph_nft_word_hook(lx->tok.s);
	if (h->point < 0 && !h->ingress) {
		ph_nft_word_unknown(p, "bad-hook", lx->tok.at, PH_NFT_W_HOOK);
		return false;
	}
	if (!hook_suits(p, h, lx->tok.at))
		return false;
	ph_nft_lex_next(lx);
	while (ph_nft_lex_accept(lx, "device") || ph_nft_lex_accept(lx, "devices"))
		if (!devices(p))
			return false;
	if (!ph_nft_lex_accept(lx, "priority")) {
		ph_nft_expr_expected(p, "\"priority\"");
		return false;
	}
	if (!priority(p, &h->priority))
		return false;
	h->at = ph_span_join(h->at, lx->last);
	h->written = true;
	return true;
}

/* policy = "policy" ("accept" | "drop") */
static bool
read_policy(struct ph_nft_parser *p, struct ph_nft_chain *c)
{
	struct ph_span at = p->lx.last;
	struct ph_str word = p->lx.tok.s;

	if (!ph_str_eq(word, "drop") && !ph_str_eq(word, "accept")) {
		ph_nft_expr_expected(p, "\"accept\" or \"drop\"");
		return false;
	}
	ph_nft_lex_next(&p->lx);
	c->hook.policy = ph_str_eq(word, "drop") ? PH_ACT_DROP : PH_ACT_ACCEPT;
	c->hook.policy_at = ph_span_join(at, p->lx.last);
	return true;
}

static bool
chain_item(struct ph_nft_parser *p, void *what)
{
	struct ph_nft_chain *c = what;
	struct ph_nft_lex *lx = &p->lx;
	struct ph_nft_rule *r;

	if (ph_nft_lex_accept(lx, "type"))
		return read_hook(p, c);
	if (ph_nft_lex_accept(lx, "policy"))
		return read_policy(p, c);
	if (ph_nft_lex_accept(lx, "devices") || ph_nft_lex_accept(lx, "device"))
		return devices(p);
	if (ph_nft_lex_accept(lx, "flags") || ph_nft_lex_accept(lx, "comment"))
		return pass_rest(p);
	r = ph_nft_stmt_rule_kept(p);
	if (r != NULL) {
		r->in_block = true;
		ph_nft_store_rule_after(c, r, NULL);
	}
	return true;
}

void
ph_nft_block_chain(struct ph_nft_parser *p, struct ph_nft_chain *c)
{
	block(p, chain_item, c);
	c->end = p->lx.last;
}

/* Look into the properties that make elements come and go. */
static void
look_into(struct ph_nft_set *s, const struct ph_nft_tok *v, size_t n)
{
	bool flags = n > 0 && ph_str_eq(v[0].s, "flags");

	s->timeout |= n > 0 && ph_str_eq(v[0].s, "timeout");
	for (size_t i = 1; flags && i < n; i++) {
		s->dynamic |= ph_str_eq(v[i].s, "dynamic");
		s->constant |= ph_str_eq(v[i].s, "constant");
	}
}

/* Keep a property as text, to be written again. */
static bool
keep_property(struct ph_nft_parser *p, struct ph_nft_set *s)
{
	struct ph_nft_lex *lx = &p->lx;
	bool outer = lx->recording;
	size_t from = lx->n_rec;

	lx->recording = true;
	ph_nft_lex_skip(lx, lx->braces);
	lx->recording = outer;
	look_into(s, lx->rec + from, lx->n_rec - from);
	s->text = ph_arena_printf(p->mem, "%s\t\t%s;\n", s->text == NULL ? "" : s->text,
	    ph_nft_lex_join(p->mem, lx->rec + from, lx->n_rec - from));
	if (!outer)
		lx->n_rec = from;
	return true;
}

/* property = "type" … | "flags" … | "elements" "=" set | … */
static bool
set_item(struct ph_nft_parser *p, void *what)
{
	static const char *const plain[] = {
		"type", "typeof", "flags", "timeout", "gc-interval", "size", "auto-merge",
		"policy", "comment", "counter", "limit", "quota", "ct", "last",
	};
	struct ph_nft_set *s = what;
	struct ph_nft_expr *e;

	if (ph_nft_lex_accept(&p->lx, "elements")) {
		ph_nft_lex_accept(&p->lx, "=");
		e = ph_nft_expr_set(p);
		if (e != NULL)
			ph_nft_store_elements(s, e);
		return e != NULL;
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (ph_nft_lex_is(&p->lx, plain[i]))
			return keep_property(p, s);
	ph_nft_expr_expected(p, "a property of a set");
	return false;
}

void
ph_nft_block_set(struct ph_nft_parser *p, struct ph_nft_set *s)
{
	block(p, set_item, s);
}

/* chain = "chain" NAME [block] */
static bool
table_chain(struct ph_nft_parser *p, struct ph_nft_table *t)
{
	struct ph_span word = p->lx.last, at = p->lx.tok.at;
	struct ph_str name = ph_nft_block_name(p, "the name of a chain");
	struct ph_nft_chain *c;

	if (name.s == NULL)
		return false;
	c = ph_nft_store_chain(p, t, name, at);
	c->word = word;
	if (ph_nft_lex_is_op(&p->lx, "{"))
		ph_nft_block_chain(p, c);
	return true;
}

/* set = ("set" | "map") NAME [block] */
static bool
table_set(struct ph_nft_parser *p, struct ph_nft_table *t, bool map)
{
	struct ph_span at = p->lx.tok.at;
	struct ph_str name = ph_nft_block_name(p, "the name of a set");
	struct ph_nft_set *s;

	if (name.s == NULL)
		return false;
	s = ph_nft_store_set(p, t, name, at);
	s->is_map = map;
	if (ph_nft_lex_is_op(&p->lx, "{"))
		ph_nft_block_set(p, s);
	return true;
}

static bool
table_obj(struct ph_nft_parser *p, struct ph_nft_table *t, enum ph_nft_obj_kind kind)
{
	struct ph_span at = p->lx.tok.at;
	struct ph_str name = ph_nft_block_name(p, "a name");

	if (name.s == NULL)
		return false;
	ph_nft_block_obj(p, ph_nft_store_obj(p, t, kind, name, at));
	return true;
}

static bool
table_item(struct ph_nft_parser *p, void *what)
{
	struct ph_nft_table *t = what;
	struct ph_nft_lex *lx = &p->lx;
	enum ph_nft_obj_kind kind;

	if (ph_nft_lex_accept(lx, "chain"))
		return table_chain(p, t);
	if (ph_nft_lex_is(lx, "set") || ph_nft_lex_is(lx, "map")) {
		bool map = ph_nft_lex_is(lx, "map");

		ph_nft_lex_next(lx);
		return table_set(p, t, map);
	}
	if (ph_nft_block_obj_kind(p, &kind))
		return table_obj(p, t, kind);
	if (ph_nft_lex_accept(lx, "flags")) {
		for (; !ph_nft_lex_at_end(lx); ph_nft_lex_next(lx))
			t->dormant |= ph_nft_lex_is(lx, "dormant");
		return true;
	}
	if (ph_nft_lex_accept(lx, "comment"))
		return pass_rest(p);
	ph_nft_word_unknown(p, "syntax", lx->tok.at, PH_NFT_W_TABLE_ITEM);
	return false;
}

void
ph_nft_block_table(struct ph_nft_parser *p, struct ph_nft_table *t)
{
	struct ph_nft_lex *lx = &p->lx;
	bool outer = lx->recording;
	size_t from = outer ? lx->n_rec : 0;

	p->table = t;
	if (t->families != 0) {
		block(p, table_item, t);
		return;
	}
	/* not judged: its text is all that emit can say of it */
	lx->recording = true;
	lx->n_rec = from;
	block(p, table_item, t);
	lx->recording = outer;
	t->text = ph_nft_lex_join_block(p->mem, lx->rec + from, lx->n_rec - from);
}
