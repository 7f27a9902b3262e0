/* SPDX-License-Identifier: ISC */
#ifndef PH_NFTABLES_LEX_H
#define PH_NFTABLES_LEX_H

#include "base/diag.h"
#include "base/map.h"
#include "base/str.h"

enum ph_nft_tok_kind {
	PH_NFT_EOF,
	PH_NFT_SEP,			/* newline or ';' */
	PH_NFT_WORD,			/* identifier, number, address, time */
	PH_NFT_QUOTED,			/* s is without the quotes */
	PH_NFT_OP,			/* one or two characters of punctuation */
	PH_NFT_XT,			/* an "# xt_..." remark of iptables-nft */
	PH_NFT_BAD,			/* reported already */
};

struct ph_nft_tok {
	struct ph_str s;
	struct ph_span at;		/* of a variable's value: where it is used */
	uint8_t kind;
	bool glued;			/* no blank before it */
	bool expanded;			/* came out of a variable */
};

/* What a "define" stands for. */
struct ph_nft_var {
	struct ph_str name;
	const struct ph_nft_tok *v;	/* NULL: undefined again */
	size_t n;
	struct ph_span at;
};

/* Variables are visible in the block that defines them and below. */
struct ph_nft_scope {
	struct ph_map vars;		/* name -> struct ph_nft_var */
	struct ph_nft_scope *up;
};

struct ph_nft_lex {
	struct ph_arena *mem;
	struct ph_diags *diags;
	struct ph_nft_input *in;	/* innermost of the nested inputs */
	unsigned depth;			/* how many there are */
	struct ph_nft_tok tok;		/* the current token */
	struct ph_span last;		/* of the token before it */
	struct ph_nft_tok ahead[2];
	unsigned n_ahead;
	struct ph_nft_scope *scope;
	unsigned braces;		/* open before the current token */
	uint64_t handle;		/* from the last "# handle N", 0: none */
	bool failed;			/* an error was reported */
	bool expanded;			/* set when a token of a variable is passed */
	struct ph_nft_tok *rec;		/* while recording: tokens passed */
	size_t n_rec, cap_rec;
	bool recording;
};

/* ph_nft_lex_init(lx, mem, diags, src): stand on the first token of ${src}. */
void ph_nft_lex_init(struct ph_nft_lex *, struct ph_arena *, struct ph_diags *,
    struct ph_src *);

/* ph_nft_lex_next(lx): pass the current token. */
void ph_nft_lex_next(struct ph_nft_lex *);

/* ph_nft_lex_peek(lx, i): the token after the current (i 0) or the one after it. */
const struct ph_nft_tok *ph_nft_lex_peek(struct ph_nft_lex *, unsigned);

/*
 * ph_nft_lex_push(lx, src):
 * Go on with ${src}, then with what follows the current token.  False when
 * inputs are nested too deep.
 */
bool ph_nft_lex_push(struct ph_nft_lex *, struct ph_src *);

/* ph_nft_lex_inside(lx, name): is the input called ${name} being read? */
bool ph_nft_lex_inside(const struct ph_nft_lex *, const char *name);

/* ph_nft_lex_same(a, s): ph_str_eq(), fast where most words differ. */
static inline bool
ph_nft_lex_same(struct ph_str a, const char *s)
{
	return a.len > 0 && a.s[0] == s[0] && ph_str_eq(a, s);
}

/* Tests of the current token. */
bool ph_nft_lex_is(const struct ph_nft_lex *, const char *word);
bool ph_nft_lex_is_op(const struct ph_nft_lex *, const char *op);
bool ph_nft_lex_at_end(const struct ph_nft_lex *);	/* of a statement */

/* ph_nft_lex_accept(lx, s): pass the word or operator ${s} if it is next. */
bool ph_nft_lex_accept(struct ph_nft_lex *, const char *);

/* ph_nft_lex_newlines(lx): pass line ends, as allowed inside braces. */
void ph_nft_lex_newlines(struct ph_nft_lex *);

/*
 * ph_nft_lex_skip(lx, braces):
 * Resynchronise: pass tokens up to the end of the statement that began with
 * ${braces} open, or to the brace that closes its block.
 */
void ph_nft_lex_skip(struct ph_nft_lex *, unsigned);

/*
 * ph_nft_lex_var(lx, name), ph_nft_lex_define(lx, name, at, v, n):
 * Find a variable (NULL: none); set one in the innermost scope.
 */
struct ph_nft_var *ph_nft_lex_var(struct ph_nft_lex *, struct ph_str);
void ph_nft_lex_define(struct ph_nft_lex *, struct ph_str, struct ph_span,
    const struct ph_nft_tok *, size_t);

/*
 * ph_nft_lex_join(mem, v, n), ph_nft_lex_text(mem, at):
 * Tokens, or those of a piece of source, as one line with single blanks.
 * ph_nft_lex_join_block(mem, v, n): as lines, indented by braces.
 */
const char *ph_nft_lex_join_block(struct ph_arena *, const struct ph_nft_tok *, size_t);
const char *ph_nft_lex_join(struct ph_arena *, const struct ph_nft_tok *, size_t);
const char *ph_nft_lex_text(struct ph_arena *, struct ph_span);

/* ph_nft_lex_error(lx, id, at, fmt, ...): report, and remember to have. */
void ph_nft_lex_error(struct ph_nft_lex *, const char *, struct ph_span,
    const char *, ...) __attribute__((format(printf, 4, 5)));

#endif
