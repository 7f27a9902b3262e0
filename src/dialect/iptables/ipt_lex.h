/* SPDX-License-Identifier: ISC */
#ifndef PH_IPT_LEX_H
#define PH_IPT_LEX_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/str.h"

/* One word of a line; ${s} is without quotes and escapes. */
struct ipt_word {
	struct ph_span at;		/* with its quotes */
	struct ph_str s;
	bool quoted;
	bool variable;			/* a shell variable or command inside */
};

/* A line, or one command of a shell line. */
struct ipt_line {
	struct ph_span at;
	struct ipt_word *w;
	size_t n, cap;
	bool too_long;			/* more words than any loader takes */
	bool unclosed, nul;		/* an open quote, a NUL byte */
};

/* Where reading stands in one input. */
struct ipt_lex {
	struct ph_arena *mem;
	struct ph_src *src;
	uint32_t pos;			/* of the next byte */
	bool shell;			/* words as a shell splits them */
};

/*
 * ph_ipt_lex_peek(x, out): the rest of the line at ${x}->pos, without its
 * newline and leading blanks; false at the end of the input.
 */
bool ph_ipt_lex_peek(struct ipt_lex *, struct ph_span *);

/* ph_ipt_lex_skip(x): go to the start of the next line. */
void ph_ipt_lex_skip(struct ipt_lex *);

/*
 * ph_ipt_lex_line(x, line): split up to the end of the line, or in shell mode
 * of the command, into ${line}, whose memory is used again.
 */
void ph_ipt_lex_line(struct ipt_lex *, struct ipt_line *);

/* ph_ipt_lex_check(d, l): report what makes a line unfit to read; false: it is. */
bool ph_ipt_lex_check(struct ph_diags *, const struct ipt_line *);

/* ph_ipt_lex_quote(b, s): append ${s} as iptables-save writes a word. */
void ph_ipt_lex_quote(struct ph_buf *, struct ph_str);

#endif
