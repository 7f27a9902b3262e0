/* SPDX-License-Identifier: ISC */
/*
 * DOC: Tokens of nftables
 *
 * The language has no simple words: "br-lan", "10.0.0.0", "2001:db8::1", "1h30m"
 * and "eth*" are each one token, "1-5" and "10.0.0.0/8" are three.  The
 * lexer finds them like the reference does, longest first, on demand: no
 * list of all tokens exists, so that a large file costs no more memory than
 * what is kept of it.
 *
 * Inputs are stacked.  "include" puts a file on top; "$name" puts the tokens of
 * the variable's value there, each with the place of its use, so that every
 * caret points into text that a person wrote.
 *
 *	token   = word | quoted | op | newline | ";"
 *	word    = ADDRESS | MAC | NUMBER | TIME | NAME ["*"]
 *	comment = "#" up to the end of the line, no token
 */
#include <stdlib.h>
#include <string.h>

#include "dialect/nftables/lex.h"
#include "net/addr.h"

enum {
	DEPTH_MAX = 4200,		/* inputs waiting: included files, a variable */
	ADDRESS_MAX = 46,		/* bytes of the longest address */
	MAC_LEN = 17,
};

struct ph_nft_input {
	struct ph_src *src;		/* a text, or */
	const struct ph_nft_tok *v;	/* tokens of a variable */
	uint32_t pos, end;		/* bytes, or tokens */
	struct ph_span use;
	struct ph_nft_input *up;
	bool first;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_hex(char c)
{
	return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

static bool
is_name(char c)
{
	return is_digit(c) || is_letter(c) || c == '/' || c == '-' ||
	    c == '_' || c == '.';
}

void
ph_nft_lex_error(struct ph_nft_lex *lx, const char *id, struct ph_span at,
    const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ph_diag(lx->diags, PH_ERROR, id, at, "%s", text);
	lx->failed = true;
}

/* A MAC address is six pairs. */
static bool
is_mac(const char *s)
{
	for (unsigned i = 0; i < MAC_LEN; i++)
		if (i % 3 == 2 ? s[i] != ':' : !is_hex(s[i]))
			return false;
	return true;
}

/* Bytes of the IPv6 or MAC address that begins at ${s}, 0 when none does. */
static uint32_t
address_len(const char *s, uint32_t max)
{
	uint32_t n = 0, colons = 0;
	ph_u128 ignored;

	if (s[0] == ':' && (max < 2 || s[1] != ':' || (max > 2 && s[2] == ':')))
		return 0;

	while (n < max && n <= ADDRESS_MAX && (is_hex(s[n]) || s[n] == ':' || s[n] == '.'))
		colons += s[n++] == ':';
	if (colons < 2 || n > ADDRESS_MAX)
		return 0;
	if (n >= MAC_LEN && is_mac(s) && (n == MAC_LEN || s[MAC_LEN] != ':'))
		return MAC_LEN;
	for (; n >= 2; n--)
		if (ph_addr_parse((struct ph_str){ s, n }, &ignored))
			return n;
	return 0;
}

/* Bytes of the word at ${s}, 0 when none begins there. */
static uint32_t
word_len(const char *s, uint32_t max)
{
	uint32_t n = 0;

	if (is_hex(s[0]) || s[0] == ':') {
		n = address_len(s, max);
		if (n > 0)
			return n;
	}
	if (is_digit(s[0])) {
		while (n < max && (is_digit(s[n]) || is_letter(s[n]) ||
		    s[n] == '_' || s[n] == '.'))
			n++;
		return n;
	}
	if (!is_letter(s[0]) && s[0] != '_' && s[0] != '\\' &&
	    !(s[0] == '.' && max > 1 && is_name(s[1])))
		return 0;
	while (n < max && is_name(s[n]))
		n++;
	if (n < max && s[n] == '*')
		return n + 1;
	if (n + 1 < max && s[n] == '\\' && s[n + 1] == '*')
		return n + 2;
	return n;
}

static uint32_t
op_len(const char *s, uint32_t max)
{
	static const char two[][3] = { "==", "!=", "<=", ">=", "<<", ">>" };

	for (size_t i = 0; max > 1 && i < sizeof(two) / sizeof(*two); i++)
		if (s[0] == two[i][0] && s[1] == two[i][1])
			return 2;
	return s[0] != '\0' && strchr("=!<>{}()[]/.,:+-*&|^@$", s[0]) != NULL;
}

/* Remember "# handle N"; tell whether the remark is one of iptables-nft. */
static bool
read_comment(struct ph_nft_lex *lx, struct ph_str c)
{
	static const char handle[] = "# handle ";
	const size_t skip = sizeof(handle) - 1;
	uint64_t v;

	while (c.len > 0 && (c.s[c.len - 1] == ' ' || c.s[c.len - 1] == '\r'))
		c.len--;
	if (ph_str_starts(c, handle) && ph_str_u64((struct ph_str){ c.s + skip,
	    c.len - skip }, 10, UINT64_MAX, &v))
		lx->handle = v;
	return ph_str_starts(c, "# xt_");
}

static uint32_t
line_end(const struct ph_nft_input *in, uint32_t from)
{
	const char *t = in->src->text;
	const char *nl = memchr(t + from, '\n', in->end - from);

	return nl == NULL ? in->end : (uint32_t)(nl - t);
}

/* Pass blanks, continued lines and comments; true on an xt remark. */
static bool
skip_blank(struct ph_nft_lex *lx, struct ph_nft_input *in)
{
	const char *t = in->src->text;

	while (in->pos < in->end) {
		char c = t[in->pos];
		uint32_t after = in->pos + 1;

		if (c == '\\' && after < in->end && t[after] == '\r')
			after++;
		if (c == '#') {
			after = line_end(in, in->pos);
			if (read_comment(lx, (struct ph_str){ t + in->pos, after - in->pos }))
				return true;
			in->pos = after;
		} else if (c == '\\' && after < in->end && t[after] == '\n') {
			in->pos = after + 1;
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
			in->pos++;
		} else {
			break;
		}
	}
	return false;
}

static struct ph_nft_tok
token(struct ph_nft_input *in, uint8_t kind, uint32_t len)
{
	struct ph_nft_tok t = {
		.s = { in->src->text + in->pos, len },
		.at = { in->src, in->pos, len },
		.kind = kind,
	};

	in->pos += len;
	return t;
}

static struct ph_nft_tok
quoted(struct ph_nft_lex *lx, struct ph_nft_input *in)
{
	const char *t = in->src->text + in->pos;
	/* the quote before the line end: of the two it is the near one */
	const char *end = memchr(t + 1, '"', in->end - in->pos - 1);
	struct ph_nft_tok tok;

	if (end == NULL || memchr(t, '\n', (size_t)(end - t)) != NULL) {
		tok = token(in, PH_NFT_BAD, line_end(in, in->pos) - in->pos);
		ph_nft_lex_error(lx, "unterminated-string", tok.at,
		    "this string has no closing quote");
		return tok;
	}
	if (memchr(t, '\0', (size_t)(end - t)) != NULL) {
		tok = token(in, PH_NFT_BAD, (uint32_t)(end - t) + 1);
		ph_nft_lex_error(lx, "nul-byte", tok.at, "a NUL byte has no place here");
		return tok;
	}
	tok = token(in, PH_NFT_QUOTED, (uint32_t)(end - t) + 1);
	tok.s = (struct ph_str){ t + 1, (size_t)(end - t) - 1 };
	return tok;
}

/* A run of bytes that no token begins with, reported once. */
static struct ph_nft_tok
garbage(struct ph_nft_lex *lx, struct ph_nft_input *in)
{
	const char *t = in->src->text + in->pos;
	uint32_t n = 1, max = in->end - in->pos;
	struct ph_nft_tok tok;

	while (n < max && t[n] != '\n' && t[n] != ' ' && t[n] != '"' &&
	    word_len(t + n, max - n) == 0 && op_len(t + n, max - n) == 0)
		n++;
	tok = token(in, PH_NFT_BAD, n);
	ph_nft_lex_error(lx, "bad-character", tok.at, "this cannot begin a word");
	return tok;
}

/* The next token of a text, EOF at its end. */
static struct ph_nft_tok
scan(struct ph_nft_lex *lx, struct ph_nft_input *in)
{
	uint32_t from = in->pos, len, max;
	struct ph_nft_tok tok;
	const char *t;

	if (skip_blank(lx, in))
		return token(in, PH_NFT_XT, line_end(in, in->pos) - in->pos);
	max = in->end - in->pos;
	t = in->src->text + in->pos;
	if (max == 0)
		tok = token(in, PH_NFT_EOF, 0);
	else if (*t == '\n' || *t == ';')
		tok = token(in, PH_NFT_SEP, 1);
	else if (*t == '"')
		tok = quoted(lx, in);
	else if ((len = word_len(t, max)) > 0)
		tok = token(in, PH_NFT_WORD, len);
	else if ((len = op_len(t, max)) > 0)
		tok = token(in, PH_NFT_OP, len);
	else
		tok = garbage(lx, in);
	tok.glued = from > 0 && tok.at.off == from;
	return tok;
}

static bool
push(struct ph_nft_lex *lx, struct ph_nft_input in)
{
	struct ph_nft_input *top;

	if (lx->depth == DEPTH_MAX)
		return false;
	top = PH_NEW(lx->mem, struct ph_nft_input);
	*top = in;
	top->up = lx->in;
	lx->in = top;
	lx->depth++;
	return true;
}

static void
pop(struct ph_nft_lex *lx)
{
	lx->in = lx->in->up;
	lx->depth--;
}

struct ph_nft_var *
ph_nft_lex_var(struct ph_nft_lex *lx, struct ph_str name)
{
	for (struct ph_nft_scope *s = lx->scope; s != NULL; s = s->up) {
		struct ph_nft_var *v = ph_map_find(&s->vars, name.s, name.len);

		if (v != NULL && v->v != NULL)
			return v;
	}
	return NULL;
}

void
ph_nft_lex_define(struct ph_nft_lex *lx, struct ph_str name, struct ph_span at,
    const struct ph_nft_tok *v, size_t n)
{
	void **place = ph_map_at(lx->mem, &lx->scope->vars, name.s, name.len);
	struct ph_nft_var *var = *place;

	if (var == NULL)
		*place = var = PH_NEW(lx->mem, struct ph_nft_var);
	*var = (struct ph_nft_var){ name, v, n, at };
}

/* The name most like ${name} among all that are visible. */
static const char *
nearest_var(struct ph_nft_lex *lx, struct ph_str name)
{
	enum { MOST = 256 };
	const char *words[MOST];
	size_t n = 0;

	for (struct ph_nft_scope *s = lx->scope; s != NULL; s = s->up)
		for (size_t i = 0; n < MOST && i < s->vars.cap; i++) {
			struct ph_nft_var *v = ph_map_value(&s->vars, i);

			if (v != NULL && v->v != NULL)
				words[n++] = ph_arena_dup(lx->mem, v->name.s, v->name.len);
		}
	return ph_str_nearest(name, words, n);
}

/* variable = "$" NAME */
static struct ph_nft_tok
expand(struct ph_nft_lex *lx, struct ph_nft_tok dollar)
{
	struct ph_nft_tok name = scan(lx, lx->in);
	struct ph_nft_var *v;
	const char *near;

	name.at = ph_span_join(dollar.at, name.at);
	if (name.kind != PH_NFT_WORD) {
		ph_nft_lex_error(lx, "bad-variable", dollar.at,
		    "expected the name of a variable after \"$\"");
		name.kind = name.kind == PH_NFT_EOF ? PH_NFT_EOF : PH_NFT_BAD;
		return name;
	}
	v = ph_nft_lex_var(lx, name.s);
	if (v == NULL) {
		near = nearest_var(lx, name.s);
		ph_nft_lex_error(lx, "unknown-variable", name.at,
		    "\"%.*s\" is not defined%s%s%s", (int)name.s.len, name.s.s,
		    near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
		    near == NULL ? "" : "\"?");
		name.kind = PH_NFT_BAD;
		return name;
	}
	if (!push(lx, (struct ph_nft_input){ .v = v->v, .end = (uint32_t)v->n,
	    .use = name.at, .first = true }))
		ph_nft_lex_error(lx, "too-deep", name.at, "inputs nested too deep");
	return (struct ph_nft_tok){ .kind = PH_NFT_XT, .glued = dollar.glued };
}

/* The next token of whatever input is on top. */
static struct ph_nft_tok
fetch(struct ph_nft_lex *lx)
{
	bool glued = false;

	for (;;) {
		struct ph_nft_input *in = lx->in;
		struct ph_nft_tok tok;

		if (in->src == NULL && in->pos == in->end) {
			pop(lx);
			continue;
		}
		if (in->src == NULL) {
			tok = in->v[in->pos++];
			tok.at = in->use;
			tok.expanded = true;
			if (in->first)
				tok.glued = glued;
			in->first = false;
			return tok;
		}
		tok = scan(lx, in);
		if (tok.kind == PH_NFT_OP && tok.s.s[0] == '$') {
			tok = expand(lx, tok);
			if (tok.kind != PH_NFT_XT)
				return tok;
			glued = tok.glued;
			continue;
		}
		if (tok.kind != PH_NFT_EOF || in->up == NULL)
			return tok;
		pop(lx);
		tok.kind = PH_NFT_SEP;
		return tok;
	}
}

static bool
op_is(const struct ph_nft_tok *t, char c)
{
	return t->kind == PH_NFT_OP && t->s.len == 1 && t->s.s[0] == c;
}

void
ph_nft_lex_next(struct ph_nft_lex *lx)
{
	if (lx->recording && lx->tok.kind != PH_NFT_EOF)
		*PH_PUSH(lx->mem, lx->rec, lx->n_rec, lx->cap_rec) = lx->tok;
	lx->expanded |= lx->tok.expanded;
	lx->last = lx->tok.at;
	if (op_is(&lx->tok, '{'))
		lx->braces++;
	else if (op_is(&lx->tok, '}') && lx->braces > 0)
		lx->braces--;
	if (lx->n_ahead > 0) {
		lx->tok = lx->ahead[0];
		lx->ahead[0] = lx->ahead[1];
		lx->n_ahead--;
	} else {
		lx->tok = fetch(lx);
	}
}

const struct ph_nft_tok *
ph_nft_lex_peek(struct ph_nft_lex *lx, unsigned i)
{
	while (lx->n_ahead <= i) {
		lx->ahead[lx->n_ahead] = fetch(lx);
		lx->n_ahead++;
	}
	return &lx->ahead[i];
}

bool
ph_nft_lex_push(struct ph_nft_lex *lx, struct ph_src *src)
{
	return push(lx, (struct ph_nft_input){ .src = src, .end = src->len });
}

bool
ph_nft_lex_inside(const struct ph_nft_lex *lx, const char *name)
{
	for (const struct ph_nft_input *in = lx->in; in != NULL; in = in->up)
		if (in->src != NULL && strcmp(in->src->name, name) == 0)
			return true;
	return false;
}

void
ph_nft_lex_init(struct ph_nft_lex *lx, struct ph_arena *mem,
    struct ph_diags *diags, struct ph_src *src)
{
	*lx = (struct ph_nft_lex){ .mem = mem, .diags = diags };
	lx->scope = PH_NEW(mem, struct ph_nft_scope);
	ph_nft_lex_push(lx, src);
	lx->tok = fetch(lx);
}

bool
ph_nft_lex_is(const struct ph_nft_lex *lx, const char *word)
{
	return lx->tok.kind == PH_NFT_WORD && ph_nft_lex_same(lx->tok.s, word);
}

bool
ph_nft_lex_is_op(const struct ph_nft_lex *lx, const char *op)
{
	return lx->tok.kind == PH_NFT_OP && ph_nft_lex_same(lx->tok.s, op);
}

bool
ph_nft_lex_at_end(const struct ph_nft_lex *lx)
{
	return lx->tok.kind == PH_NFT_SEP || lx->tok.kind == PH_NFT_EOF ||
	    op_is(&lx->tok, '}');
}

bool
ph_nft_lex_accept(struct ph_nft_lex *lx, const char *s)
{
	if ((lx->tok.kind != PH_NFT_WORD && lx->tok.kind != PH_NFT_OP) ||
	    !ph_nft_lex_same(lx->tok.s, s))
		return false;
	ph_nft_lex_next(lx);
	return true;
}

void
ph_nft_lex_newlines(struct ph_nft_lex *lx)
{
	while (lx->tok.kind == PH_NFT_SEP && lx->tok.s.len > 0 && lx->tok.s.s[0] == '\n')
		ph_nft_lex_next(lx);
}

void
ph_nft_lex_skip(struct ph_nft_lex *lx, unsigned braces)
{
	for (; lx->tok.kind != PH_NFT_EOF; ph_nft_lex_next(lx)) {
		if (lx->braces > braces)
			continue;
		if (lx->braces < braces || lx->tok.kind == PH_NFT_SEP ||
		    (op_is(&lx->tok, '}') && braces > 0))
			return;
	}
}

static void
put_token(struct ph_buf *b, const struct ph_nft_tok *t)
{
	ph_buf_puts(b, t->kind == PH_NFT_QUOTED ? "\"" : "");
	ph_buf_add(b, t->s.s, t->s.len);
	ph_buf_puts(b, t->kind == PH_NFT_QUOTED ? "\"" : "");
}

static bool
is_newline(const struct ph_nft_tok *t)
{
	return t->kind == PH_NFT_SEP && (t->s.len == 0 || t->s.s[0] == '\n');
}

const char *
ph_nft_lex_join(struct ph_arena *mem, const struct ph_nft_tok *v, size_t n)
{
	bool remark = false;		/* just now: it reaches to the end of its line */
	struct ph_buf b;

	ph_buf_init(&b, mem);
	for (size_t i = 0; i < n; i++) {
		if (is_newline(&v[i]))
			continue;
		if (b.len > 0 && (remark || !v[i].glued))
			ph_buf_putc(&b, remark ? '\n' : ' ');
		put_token(&b, &v[i]);
		remark = v[i].kind == PH_NFT_XT;
	}
	return b.s;
}

const char *
ph_nft_lex_join_block(struct ph_arena *mem, const struct ph_nft_tok *v, size_t n)
{
	unsigned depth = 0;
	struct ph_buf b;

	ph_buf_init(&b, mem);
	for (size_t i = 0; i < n; i++) {
		bool fresh = b.len == 0 || b.s[b.len - 1] == '\n';

		if (is_newline(&v[i])) {
			ph_buf_puts(&b, fresh ? "" : "\n");
			continue;
		}
		if (op_is(&v[i], '}') && depth > 0)
			depth--;
		for (unsigned t = 0; fresh && b.len > 0 && t < depth; t++)
			ph_buf_putc(&b, '\t');
		if (!fresh && !v[i].glued)
			ph_buf_putc(&b, ' ');
		put_token(&b, &v[i]);
		depth += op_is(&v[i], '{');
	}
	return b.s;
}

const char *
ph_nft_lex_text(struct ph_arena *mem, struct ph_span at)
{
	struct ph_diags quiet = { 0 };
	struct ph_nft_lex lx = { .mem = mem, .diags = &quiet };
	struct ph_nft_input in = {
		.src = at.src, .pos = at.off, .end = at.off + at.len,
	};
	struct ph_nft_tok *v = NULL, t;
	size_t n = 0, cap = 0;

	while ((t = scan(&lx, &in)).kind != PH_NFT_EOF)
		*PH_PUSH(mem, v, n, cap) = t;
	return ph_nft_lex_join(mem, v, n);
}
