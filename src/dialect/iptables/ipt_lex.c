/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_lex.h"

/*
 * DOC: Words
 *
 * iptables-restore splits a line at blanks; "..." keeps them, and inside it
 * a backslash keeps the next byte.  A shell also knows '...', a backslash
 * anywhere, a newline after a backslash, # comments, and the operators that
 * end a command.
 */

enum { MAX_WORDS = 4096 };

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static uint32_t
line_end(const struct ipt_lex *x)
{
	const char *from = x->src->text + x->pos;
	const char *nl = memchr(from, '\n', x->src->len - x->pos);

	return nl == NULL ? x->src->len : (uint32_t)(nl - x->src->text);
}

bool
ph_ipt_lex_peek(struct ipt_lex *x, struct ph_span *out)
{
	const char *t = x->src->text;
	uint32_t end;

	if (x->pos >= x->src->len)
		return false;
	end = line_end(x);
	while (x->pos < end && is_blank(t[x->pos]))
		x->pos++;
	while (end > x->pos && is_blank(t[end - 1]))
		end--;
	*out = (struct ph_span){ x->src, x->pos, end - x->pos };
	return true;
}

void
ph_ipt_lex_skip(struct ipt_lex *x)
{
	x->pos = line_end(x);
	x->pos += x->pos < x->src->len;
}

/* Blanks, and in a shell a backslash before the end of the line. */
static void
skip_blanks(struct ipt_lex *x)
{
	const char *t = x->src->text;

	for (; x->pos < x->src->len; x->pos++) {
		if (is_blank(t[x->pos]))
			continue;
		if (!x->shell || t[x->pos] != '\\' || x->pos + 1 >= x->src->len ||
		    t[x->pos + 1] != '\n')
			break;
		x->pos++;
	}
}

/* Bytes that end a plain word. */
static bool
ends_word(const struct ipt_lex *x, char c)
{
	if (is_blank(c) || c == '\n')
		return true;
	return x->shell && (c == ';' || c == '|' || c == '&' || c == '>' || c == '<');
}

/* The length of a word without any quote in it, 0 when it has one. */
static uint32_t
plain_length(const struct ipt_lex *x)
{
	const char *t = x->src->text;
	uint32_t i;

	for (i = x->pos; i < x->src->len && !ends_word(x, t[i]); i++)
		if (t[i] == '"' || (x->shell &&
		    (t[i] == '\'' || t[i] == '\\' || t[i] == '$' || t[i] == '`')))
			return 0;
	return i - x->pos;
}

/* What stands between quotes goes to ${b}; pos is after the closing one. */
static void
read_quoted(struct ipt_lex *x, char quote, struct ph_buf *b, struct ipt_line *l,
    struct ipt_word *w)
{
	const char *t = x->src->text;

	for (x->pos++; x->pos < x->src->len && t[x->pos] != quote; x->pos++) {
		if (t[x->pos] == '\n' && !x->shell)
			break;
		if (t[x->pos] == '\\' && quote == '"' && x->pos + 1 < x->src->len &&
		    t[x->pos + 1] != '\n')
			x->pos++;
		else if (x->shell && quote == '"' && (t[x->pos] == '$' || t[x->pos] == '`'))
			w->variable = true;
		ph_buf_putc(b, t[x->pos]);
	}
	if (x->pos >= x->src->len || t[x->pos] != quote)
		l->unclosed = true;
	else
		x->pos++;
}

/* word = ( BYTE | '"' ... '"' | "'" ... "'" )+ */
static void
read_word(struct ipt_lex *x, struct ipt_line *l, struct ipt_word *w)
{
	const char *t = x->src->text;
	uint32_t from = x->pos, plain = plain_length(x);
	struct ph_buf b;

	*w = (struct ipt_word){ .at = { x->src, from, plain } };
	if (plain > 0) {
		w->s = (struct ph_str){ t + from, plain };
		x->pos += plain;
		return;
	}
	ph_buf_init(&b, x->mem);
	while (x->pos < x->src->len && !ends_word(x, t[x->pos])) {
		char c = t[x->pos];

		if (c == '"' || (x->shell && c == '\'')) {
			w->quoted = true;
			read_quoted(x, c, &b, l, w);
			continue;
		}
		if (x->shell && (c == '$' || c == '`'))
			w->variable = true;
		if (x->shell && c == '\\' && x->pos + 1 < x->src->len)
			x->pos++;
		ph_buf_putc(&b, t[x->pos++]);
	}
	w->s = (struct ph_str){ b.len == 0 ? "" : b.s, b.len };
	w->at.len = x->pos - from;
}

/* "2>" is no argument: take the number back. */
static void
drop_descriptor(struct ipt_lex *x, struct ipt_line *l)
{
	const struct ipt_word *w;

	if (l->n == 0)
		return;
	w = &l->w[l->n - 1];
	if (x->src->text[x->pos] == '>' && w->s.len == 1 &&
	    w->at.off + w->at.len == x->pos && w->s.s[0] >= '0' && w->s.s[0] <= '9')
		l->n--;
}

/*
 * At an operator of the shell: step over what it brings; false when a new
 * command follows on the same line.
 */
static bool
pass_operator(struct ipt_lex *x)
{
	const char *t = x->src->text;
	char c = t[x->pos];
	bool both = x->pos + 1 < x->src->len && t[x->pos + 1] == c;

	if (c == ';' || (c == '&' && both)) {
		x->pos += c == '&' ? 2 : 1;
		return false;
	}
	while (x->pos < x->src->len && t[x->pos] != '\n' && t[x->pos] != ';')
		x->pos++;
	return true;
}

void
ph_ipt_lex_line(struct ipt_lex *x, struct ipt_line *l)
{
	const char *t = x->src->text;
	uint32_t from = x->pos, last = x->pos;

	l->n = 0;
	l->too_long = l->unclosed = false;
	for (;;) {
		skip_blanks(x);
		if (x->pos >= x->src->len || t[x->pos] == '\n')
			break;
		if (x->shell && t[x->pos] == '#')
			x->pos = line_end(x);
		else if (x->shell && ends_word(x, t[x->pos])) {
			drop_descriptor(x, l);
			if (!pass_operator(x))
				break;
		} else if (l->n == MAX_WORDS) {
			l->too_long = true;
			x->pos = line_end(x);
		} else {
			read_word(x, l, PH_PUSH(x->mem, l->w, l->n, l->cap));
			last = x->pos;
		}
	}
	l->at = (struct ph_span){ x->src, from, last - from };
	l->nul = memchr(t + from, '\0', last - from) != NULL;
}

bool
ph_ipt_lex_check(struct ph_diags *d, const struct ipt_line *l)
{
	if (l->nul)
		ph_diag(d, PH_ERROR, "nul-byte", l->at, "a NUL byte has no place here");
	else if (l->unclosed)
		ph_diag(d, PH_ERROR, "unclosed-quote", l->at, "a quote is not closed");
	else if (l->too_long)
		ph_diag(d, PH_ERROR, "line-too-long", l->at, "too many words");
	return !l->nul && !l->unclosed && !l->too_long;
}

void
ph_ipt_lex_quote(struct ph_buf *b, struct ph_str s)
{
	bool plain = s.len > 0;

	for (size_t i = 0; i < s.len; i++)
		plain &= s.s[i] > ' ' && strchr("\"'\\", s.s[i]) == NULL;
	if (plain) {
		ph_buf_add(b, s.s, s.len);
		return;
	}
	ph_buf_putc(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.s[i] == '"' || s.s[i] == '\\')
			ph_buf_putc(b, '\\');
		ph_buf_putc(b, s.s[i]);
	}
	ph_buf_putc(b, '"');
}
