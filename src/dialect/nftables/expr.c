/* SPDX-License-Identifier: ISC */
/*
 * DOC: Reading expressions
 *
 *	lhs     = bits {"." bits}
 *	rhs     = concat {"," concat}
 *	value   = concat ["map" setref]
 *	concat  = range {"." range}
 *	range   = bits ["-" bits | "/" NUMBER]
 *	bits    = primary {("&" | "|" | "^" | "<<" | ">>") primary}
 *	primary = "(" bits ")" | "[" ADDRESS "]" | set | "@" NAME | "*" | selector | WORD
 *	set     = "{" [element {"," element} [","]] "}"
 *	element = concat {option} [":" (verdict | concat)] {option}
 *
 * Selectors are looked for only where ${side} allows them: in "ip protocol tcp" the
 * last word is a value.  Bit operators bind in C's order.
 */
#include <string.h>

#include "dialect/nftables/expr.h"
#include "dialect/nftables/selector.h"

enum { NESTED_MAX = 64 };

enum side { LHS, RHS, ANY };

static struct ph_nft_expr *bits(struct ph_nft_parser *, enum side, int);

struct ph_nft_expr *
ph_nft_expr_new(struct ph_nft_parser *p, uint8_t kind, struct ph_span at)
{
	struct ph_nft_expr *e = PH_NEW(p->mem, struct ph_nft_expr);

	e->kind = kind;
	e->at = at;
	return e;
}

void
ph_nft_expr_expected(struct ph_nft_parser *p, const char *what)
{
	if (p->lx.tok.kind != PH_NFT_BAD)
		ph_nft_lex_error(&p->lx, "syntax", p->lx.tok.at, "expected %s", what);
}

struct ph_nft_expr *
ph_nft_expr_word(struct ph_nft_parser *p, const char *what)
{
	const struct ph_nft_tok *t = &p->lx.tok;
	struct ph_nft_expr *e;

	if (t->kind != PH_NFT_WORD && t->kind != PH_NFT_QUOTED) {
		ph_nft_expr_expected(p, what);
		return NULL;
	}
	e = ph_nft_expr_new(p, PH_NFT_E_WORD, t->at);
	e->s = t->s;
	e->quoted = t->kind == PH_NFT_QUOTED;
	ph_nft_lex_next(&p->lx);
	return e;
}

bool
ph_nft_expr_starts(struct ph_nft_parser *p)
{
	return ph_nft_selector_starts(p) || ph_nft_lex_is_op(&p->lx, "(");
}

static struct ph_nft_expr *
closed(struct ph_nft_parser *p, struct ph_nft_expr *e, const char *close)
{
	if (e == NULL)
		return NULL;
	if (!ph_nft_lex_accept(&p->lx, close)) {
		ph_nft_expr_expected(p, close);
		return NULL;
	}
	return e;
}

static struct ph_nft_expr *
setref(struct ph_nft_parser *p)
{
	struct ph_span at = p->lx.tok.at;
	struct ph_nft_expr *e;

	ph_nft_lex_next(&p->lx);
	e = ph_nft_expr_word(p, "the name of a set");
	if (e != NULL) {
		e->kind = PH_NFT_E_REF;
		e->at = ph_span_join(at, e->at);
	}
	return e;
}

static struct ph_nft_expr *
primary_inside(struct ph_nft_parser *p, enum side side)
{
	struct ph_nft_lex *lx = &p->lx;
	struct ph_span at = lx->tok.at;

	if (side != RHS && ph_nft_selector_starts(p))
		return ph_nft_selector(p);
	if (ph_nft_lex_accept(lx, "("))
		return closed(p, bits(p, side, 0), ")");
	if (side == LHS) {
		ph_nft_expr_expected(p, "a selector");
		return NULL;
	}
	if (ph_nft_lex_accept(lx, "["))
		return closed(p, ph_nft_expr_word(p, "an address"), "]");
	if (ph_nft_lex_is_op(lx, "{"))
		return ph_nft_expr_set(p);
	if (ph_nft_lex_is_op(lx, "@"))
		return setref(p);
	if (ph_nft_lex_accept(lx, "*"))
		return ph_nft_expr_new(p, PH_NFT_E_ANY, at);
	return ph_nft_expr_word(p, "a value");
}

static struct ph_nft_expr *
primary(struct ph_nft_parser *p, enum side side)
{
	struct ph_nft_expr *e;

	if (p->depth == NESTED_MAX) {
		ph_nft_lex_error(&p->lx, "too-deep", p->lx.tok.at,
		    "expressions nested too deep");
		return NULL;
	}
	p->depth++;
	e = primary_inside(p, side);
	p->depth--;
	return e;
}

static const struct {
	const char *sign, *word;
	char op;
	int prec;
} operators[] = {
	{ "|", "or", '|', 1 }, { "^", "xor", '^', 2 }, { "&", "and", '&', 3 },
	{ "<<", "lshift", '<', 4 }, { ">>", "rshift", '>', 4 },
};

enum { N_OPERATORS = sizeof(operators) / sizeof(*operators) };

static int
operator_at(const struct ph_nft_parser *p)
{
	for (int i = 0; i < N_OPERATORS; i++)
		if (ph_nft_lex_is_op(&p->lx, operators[i].sign) ||
		    ph_nft_lex_is(&p->lx, operators[i].word))
			return i;
	return -1;
}

/* Operators of at least ${prec}; what stands right of one is a value. */
static struct ph_nft_expr *
bits(struct ph_nft_parser *p, enum side side, int prec)
{
	struct ph_nft_expr *l = primary(p, side), *r, *e;
	int op;

	while (l != NULL && (op = operator_at(p)) >= 0 && operators[op].prec > prec) {
		ph_nft_lex_next(&p->lx);
		r = bits(p, side == LHS ? RHS : side, operators[op].prec);
		if (r == NULL)
			return NULL;
		e = ph_nft_expr_new(p, PH_NFT_E_BIN, ph_span_join(l->at, r->at));
		e->op = operators[op].op;
		e->l = l;
		e->r = r;
		l = e;
	}
	return l;
}

static bool
number_follows(struct ph_nft_parser *p)
{
	const struct ph_nft_tok *t = ph_nft_lex_peek(&p->lx, 0);

	return t->kind == PH_NFT_WORD && t->s.s[0] >= '0' && t->s.s[0] <= '9';
}

static struct ph_nft_expr *
range(struct ph_nft_parser *p, enum side side)
{
	struct ph_nft_expr *l = bits(p, side, 0), *r, *e;
	bool dash = ph_nft_lex_is_op(&p->lx, "-");

	if (l == NULL || (!dash && (!ph_nft_lex_is_op(&p->lx, "/") || !number_follows(p))))
		return l;
	ph_nft_lex_next(&p->lx);
	r = bits(p, RHS, 0);
	if (r == NULL)
		return NULL;
	e = ph_nft_expr_new(p, dash ? PH_NFT_E_RANGE : PH_NFT_E_PREFIX,
	    ph_span_join(l->at, r->at));
	e->l = l;
	e->r = r;
	return e;
}

static struct ph_nft_expr *
concat(struct ph_nft_parser *p, enum side side)
{
	struct ph_nft_expr *e = range(p, side), *all, **tail;

	if (e == NULL || !ph_nft_lex_is_op(&p->lx, "."))
		return e;
	all = ph_nft_expr_new(p, PH_NFT_E_CONCAT, e->at);
	all->first = e;
	all->n = 1;
	for (tail = &e->next; ph_nft_lex_accept(&p->lx, "."); tail = &e->next) {
		e = range(p, side);
		if (e == NULL)
			return NULL;
		*tail = e;
		all->n++;
	}
	all->at = ph_span_join(all->at, e->at);
	return all;
}

struct ph_nft_expr *
ph_nft_expr_lhs(struct ph_nft_parser *p)
{
	return concat(p, LHS);
}

struct ph_nft_expr *
ph_nft_expr_rhs(struct ph_nft_parser *p)
{
	struct ph_nft_expr *e = concat(p, RHS), *all, **tail;

	if (e == NULL || !ph_nft_lex_is_op(&p->lx, ","))
		return e;
	all = ph_nft_expr_new(p, PH_NFT_E_LIST, e->at);
	all->first = e;
	all->n = 1;
	for (tail = &e->next; ph_nft_lex_accept(&p->lx, ","); tail = &e->next) {
		ph_nft_lex_newlines(&p->lx);
		e = concat(p, RHS);
		if (e == NULL)
			return NULL;
		*tail = e;
		all->n++;
	}
	all->at = ph_span_join(all->at, e->at);
	return all;
}

struct ph_nft_expr *
ph_nft_expr_value(struct ph_nft_parser *p)
{
	struct ph_nft_expr *l = concat(p, ANY), *r, *e;

	if (l == NULL || !ph_nft_lex_accept(&p->lx, "map"))
		return l;
	r = ph_nft_expr_setref(p);
	if (r == NULL)
		return NULL;
	e = ph_nft_expr_new(p, PH_NFT_E_MAP, ph_span_join(l->at, r->at));
	e->l = l;
	e->r = r;
	return e;
}

struct ph_nft_expr *
ph_nft_expr_setref(struct ph_nft_parser *p)
{
	if (ph_nft_lex_is_op(&p->lx, "@"))
		return setref(p);
	if (ph_nft_lex_is_op(&p->lx, "{"))
		return ph_nft_expr_set(p);
	ph_nft_expr_expected(p, "\"{\" or the \"@\" of a set's name");
	return NULL;
}

static bool
is_option(const struct ph_nft_lex *lx)
{
	static const char *const words[] = {
		"timeout", "expires", "comment", "counter", "limit", "quota", "last",
		"ct",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (ph_nft_lex_is(lx, words[i]))
			return true;
	return false;
}

/* option = "timeout" T | "expires" T | "comment" S | "counter" … | "limit" … */
static bool
element_options(struct ph_nft_parser *p, struct ph_nft_expr *e)
{
	struct ph_nft_lex *lx = &p->lx;

	if (ph_nft_lex_at_end(lx) || ph_nft_lex_is_op(lx, ",") || ph_nft_lex_is_op(lx, ":"))
		return true;
	if (!is_option(lx)) {
		ph_nft_expr_expected(p, "\",\", \":\" or \"}\"");
		return false;
	}
	/* up to what goes on with the element, or ends it */
	for (; !ph_nft_lex_at_end(lx) && !ph_nft_lex_is_op(lx, ",") &&
	    !ph_nft_lex_is_op(lx, ":"); ph_nft_lex_next(lx)) {
		if (ph_nft_lex_is_op(lx, "{") || lx->tok.kind == PH_NFT_BAD)
			return false;
		e->timed |= ph_nft_lex_is(lx, "timeout") || ph_nft_lex_is(lx, "expires");
		e->rated |= ph_nft_lex_is(lx, "limit") || ph_nft_lex_is(lx, "quota");
	}
	return true;
}

static const struct {
	const char *word;
	uint8_t act;
} verdicts[] = {
	{ "accept", PH_ACT_ACCEPT }, { "drop", PH_ACT_DROP },
	{ "jump", PH_ACT_JUMP }, { "goto", PH_ACT_GOTO },
	{ "return", PH_ACT_RETURN }, { "continue", PH_ACT_NOTE },
	{ "queue", PH_ACT_OPAQUE },
};

/* verdict = "accept" | "drop" | "return" | "continue" | ("jump" | "goto") NAME */
static struct ph_nft_expr *
data(struct ph_nft_parser *p)
{
	struct ph_nft_tok t = p->lx.tok;
	struct ph_nft_expr *e, *name;

	for (size_t i = 0; t.kind == PH_NFT_WORD &&
	    i < sizeof(verdicts) / sizeof(*verdicts); i++) {
		if (!ph_nft_lex_same(t.s, verdicts[i].word))
			continue;
		ph_nft_lex_next(&p->lx);
		e = ph_nft_expr_new(p, PH_NFT_E_VERDICT, t.at);
		e->op = (char)verdicts[i].act;
		if (e->op != PH_ACT_JUMP && e->op != PH_ACT_GOTO)
			return e;
		name = ph_nft_expr_word(p, "the name of a chain");
		if (name == NULL)
			return NULL;
		e->s = name->s;
		e->at = ph_span_join(t.at, name->at);
		return e;
	}
	return concat(p, RHS);
}

static struct ph_nft_expr *
element(struct ph_nft_parser *p)
{
	struct ph_nft_expr *key = concat(p, RHS), *e;

	if (key == NULL || key->kind == PH_NFT_E_SET)
		return key;
	e = ph_nft_expr_new(p, PH_NFT_E_ELEM, key->at);
	e->l = key;
	if (!element_options(p, e))
		return NULL;
	if (ph_nft_lex_accept(&p->lx, ":")) {
		ph_nft_lex_newlines(&p->lx);
		e->r = data(p);
		if (e->r == NULL || !element_options(p, e))
			return NULL;
		e->at = ph_span_join(e->at, e->r->at);
	}
	return e;
}

/*
 * A statement's word inside a set means that the closing brace was forgotten: go on
 * as if it were there, so that the next brace closes what it should.
 */
static struct ph_nft_expr *
unclosed(struct ph_nft_parser *p, unsigned outside)
{
	static const char *const words[] = {
		"accept", "drop", "reject", "return", "jump", "goto", "log", "counter",
		"comment", "masquerade", "meta", "ip", "ip6", "tcp", "udp", "iifname", "oifname",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (ph_nft_lex_is(&p->lx, words[i]))
			p->lx.braces = outside;
	return NULL;
}

struct ph_nft_expr *
ph_nft_expr_set(struct ph_nft_parser *p)
{
	struct ph_nft_expr *set = ph_nft_expr_new(p, PH_NFT_E_SET, p->lx.tok.at), *e;
	struct ph_nft_expr **tail = &set->first;
	struct ph_nft_lex *lx = &p->lx;
	unsigned outside = lx->braces;

	if (!ph_nft_lex_accept(lx, "{")) {
		ph_nft_expr_expected(p, "\"{\"");
		return NULL;
	}
	for (ph_nft_lex_newlines(lx); !ph_nft_lex_is_op(lx, "}"); ph_nft_lex_newlines(lx)) {
		e = element(p);
		if (e == NULL)
			return unclosed(p, outside);
		set->n += e->kind == PH_NFT_E_SET ? e->n : 1;
		*tail = e->kind == PH_NFT_E_SET ? e->first : e;	/* of a variable */
		while (*tail != NULL)
			tail = &(*tail)->next;
		ph_nft_lex_newlines(lx);
		if (!ph_nft_lex_accept(lx, ","))
			break;
	}
	if (!ph_nft_lex_is_op(lx, "}")) {
		ph_nft_expr_expected(p, "\",\" or \"}\"");
		return unclosed(p, outside);
	}
	set->at = ph_span_join(set->at, lx->tok.at);
	ph_nft_lex_next(lx);
	return set;
}
