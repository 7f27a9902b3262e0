/* SPDX-License-Identifier: ISC */
/*
 * DOC: Statements that may stand anywhere
 *
 *	common  = "include" STRING
 *	        | ("define" | "redefine") NAME "=" TOKENS
 *	        | "undefine" NAME
 *
 * A variable is kept as tokens, with the variables in it already replaced, so
 * that a later "redefine" does not reach back.  An include goes on top of the
 * stack of inputs; its pattern may match many files, or none, which is usual.
 */
#include <string.h>

#include "dialect/dialect.h"
#include "dialect/nftables/block.h"
#include "dialect/nftables/expr.h"

enum {
	STORED_MAX = 1024 * 1024,	/* tokens of all variables */
	INCLUDES_MAX = 4096,
};

struct paths {
	struct ph_arena *mem;
	const char **v;
	size_t n, cap;
};

static void
add_path(void *arg, const char *path)
{
	struct paths *p = arg;

	*PH_PUSH(p->mem, p->v, p->n, p->cap) = ph_arena_dup(p->mem, path, strlen(path));
}

static void
not_read(struct ph_nft_parser *p, enum ph_sev sev, struct ph_span at, const char *why)
{
	ph_ruleset_gap(p->mem, p->rs, at, "an included file that was not read");
	ph_diag(p->lx.diags, sev, "include-not-read", at, "%s", why);
}

/* Put one file on top of the inputs. */
static void
push_file(struct ph_nft_parser *p, const char *path, struct ph_span at)
{
	struct ph_src *src;

	if (p->n_includes++ == INCLUDES_MAX || ph_nft_lex_inside(&p->lx, path)) {
		ph_nft_lex_error(&p->lx, "include-cycle", at,
		    "\"%s\" includes itself, or too many files are included", path);
		return;
	}
	src = p->opts->open(p->opts->arg, path, at);
	if (src == NULL)
		not_read(p, PH_WARN, at, "this file was not read; it could hold rules");
	else if (!ph_nft_lex_push(&p->lx, src))
		ph_nft_lex_error(&p->lx, "too-deep", at, "includes nested too deep");
}

static void
include(struct ph_nft_parser *p, const char *path, struct ph_span at)
{
	struct paths found = { .mem = p->mem };
	bool pattern = strpbrk(path, "*?[") != NULL;

	if (p->opts == NULL || p->opts->open == NULL ||
	    (pattern && p->opts->glob == NULL)) {
		not_read(p, PH_NOTE, at, "included files are not read here");
		return;
	}
	if (pattern)
		p->opts->glob(p->opts->arg, path, at, add_path, &found);
	else
		add_path(&found, path);
	if (found.n == 0)
		ph_diag(p->lx.diags, PH_NOTE, "include-empty", at,
		    "no file here matches \"%s\"", path);
	while (found.n > 0)
		push_file(p, found.v[--found.n], at);
}

/* include = "include" STRING */
static bool
read_include(struct ph_nft_parser *p)
{
	struct ph_nft_expr *path = ph_nft_expr_word(p, "the path of a file");

	if (path == NULL)
		return false;
	if (!ph_nft_lex_at_end(&p->lx)) {
		ph_nft_expr_expected(p, "the end of the line");
		return false;
	}
	include(p, ph_arena_dup(p->mem, path->s.s, path->s.len), path->at);
	/* what ends this line was read already; the next comes from the file */
	if (p->lx.tok.kind == PH_NFT_SEP)
		ph_nft_lex_next(&p->lx);
	return true;
}

/* Is there an operator outside braces and parentheses? */
static bool
needs_parens(const struct ph_nft_tok *v, size_t n)
{
	int depth = 0;

	for (size_t i = 0; i < n; i++) {
		char c = v[i].kind == PH_NFT_OP ? v[i].s.s[0] : '\0';

		depth += (c == '{' || c == '(') - (c == '}' || c == ')');
		if (depth == 0 && (c == '|' || c == '&' || c == '^' ||
		    (v[i].s.len == 2 && (c == '<' || c == '>'))))
			return true;
	}
	return false;
}

static struct ph_nft_tok
paren(const char *s, struct ph_span at)
{
	return (struct ph_nft_tok){ .s = ph_str(s), .at = at, .kind = PH_NFT_OP };
}

/* The tokens up to the end of the statement, in the arena. */
static struct ph_nft_tok *
collect(struct ph_nft_parser *p, size_t *n, struct ph_span at)
{
	struct ph_nft_lex *lx = &p->lx;
	struct ph_nft_tok *v = NULL, *w;
	unsigned braces = lx->braces;
	size_t cap = 0;

	*n = 0;
	for (; lx->tok.kind != PH_NFT_EOF; ph_nft_lex_next(lx)) {
		if (lx->braces == braces && ph_nft_lex_at_end(lx))
			break;
		if (lx->tok.kind == PH_NFT_BAD)
			return NULL;
		if (++p->stored > STORED_MAX) {
			ph_nft_lex_error(lx, "define-too-large", at,
			    "the variables of this file hold too much");
			return NULL;
		}
		if (lx->tok.kind != PH_NFT_SEP)
			*PH_PUSH(p->mem, v, *n, cap) = lx->tok;
	}
	if (!needs_parens(v, *n))
		return v;
	w = ph_arena_array(p->mem, *n + 2, sizeof(*w));
	w[0] = paren("(", at);
	memcpy(w + 1, v, *n * sizeof(*v));
	w[*n + 1] = paren(")", at);
	*n += 2;
	return w;
}

/* define = ("define" | "redefine") NAME "=" TOKENS */
static bool
define(struct ph_nft_parser *p, bool again)
{
	static const struct ph_nft_tok bad = { .s = { "", 0 }, .kind = PH_NFT_BAD };
	struct ph_nft_lex *lx = &p->lx;
	struct ph_span at = lx->tok.at;
	struct ph_str name = ph_nft_block_name(p, "the name of a variable");
	struct ph_nft_var *old;
	struct ph_nft_tok *v;
	size_t n;

	if (name.s == NULL)
		return false;
	if (!ph_nft_lex_accept(lx, "=")) {
		ph_nft_expr_expected(p, "\"=\"");
		return false;
	}
	v = collect(p, &n, at);
	if (v == NULL) {
		ph_nft_expr_expected(p, "a value");
		/* known, if not by value: one cause, one message */
		ph_nft_lex_define(lx, name, at, &bad, 1);
		return false;
	}
	old = ph_map_find(&lx->scope->vars, name.s, name.len);
	if (!again && old != NULL && old->v != NULL) {
		ph_nft_lex_error(lx, "duplicate-define", at, "\"%.*s\" is defined already",
		    (int)name.len, name.s);
		ph_diag(lx->diags, PH_NOTE, "duplicate-define", old->at, "here");
		return true;
	}
	ph_nft_lex_define(lx, name, at, v, n);
	return true;
}

static bool
read_define(struct ph_nft_parser *p)
{
	return define(p, false);
}

static bool
read_redefine(struct ph_nft_parser *p)
{
	return define(p, true);
}

/* undefine = "undefine" NAME */
static bool
read_undefine(struct ph_nft_parser *p)
{
	struct ph_span at = p->lx.tok.at;
	struct ph_str name = ph_nft_block_name(p, "the name of a variable");

	if (name.s == NULL)
		return false;
	if (ph_nft_lex_var(&p->lx, name) == NULL)
		ph_nft_lex_error(&p->lx, "unknown-variable", at,
		    "\"%.*s\" is not defined", (int)name.len, name.s);
	ph_nft_lex_define(&p->lx, name, at, NULL, 0);
	return true;
}

bool
ph_nft_block_common(struct ph_nft_parser *p)
{
	static const struct {
		const char *word;
		bool (*read)(struct ph_nft_parser *);
	} words[] = {
		{ "include", read_include }, { "define", read_define },
		{ "redefine", read_redefine }, { "undefine", read_undefine },
	};
	unsigned braces = p->lx.braces;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!ph_nft_lex_accept(&p->lx, words[i].word))
			continue;
		if (!words[i].read(p))
			ph_nft_lex_skip(&p->lx, braces);
		return true;
	}
	return false;
}
