/* SPDX-License-Identifier: ISC */
#ifndef PH_ASA_LEX_H
#define PH_ASA_LEX_H

#include <stdbool.h>

#include "base/diag.h"
#include "base/str.h"

/*
 * DOC: Lines and words
 *
 * The language is lines of words.  A line that begins with a space belongs to
 * the stanza above it.  Prompts, pager marks and carriage returns, which come
 * along when a terminal is copied, are taken off.
 */
enum { PH_ASA_WORDS = 96 };		/* of one line; the rest is in ${more} */

struct ph_asa_line {
	struct ph_src *src;
	uint32_t off, len;		/* the line without its newline */
	bool indented;
	bool more;			/* had more than PH_ASA_WORDS words */
	unsigned n, at;			/* words; the next one to read */
	struct { uint32_t off, len; } w[PH_ASA_WORDS];
};

/*
 * ph_asa_line_next(l, src, pos):
 * Find the line at *${pos} and step over it; false at the end.  Words are not
 * split yet: see ph_asa_line_split().
 */
bool ph_asa_line_next(struct ph_asa_line *, struct ph_src *, uint32_t *pos);

/* ph_asa_line_at(l, src, off, len): a line that was found before, split. */
void ph_asa_line_at(struct ph_asa_line *, struct ph_src *, uint32_t, uint32_t);

/* ph_asa_line_split(l): split into words; the first one is next. */
void ph_asa_line_split(struct ph_asa_line *);

/* Word ${i}, empty past the end; its place, past the end the line's end. */
static inline struct ph_str
ph_asa_word(const struct ph_asa_line *l, unsigned i)
{
	return i >= l->n ? (struct ph_str){ "", 0 } :
	    (struct ph_str){ l->src->text + l->w[i].off, l->w[i].len };
}
struct ph_span ph_asa_span(const struct ph_asa_line *, unsigned i);

/* The whole line without surrounding space, for rules and messages. */
struct ph_span ph_asa_line_span(const struct ph_asa_line *);

/* From word ${i} to the end of the line. */
struct ph_span ph_asa_rest_span(const struct ph_asa_line *, unsigned i);

/* The next word, if it is ${s}, is taken. */
static inline bool
ph_asa_take(struct ph_asa_line *l, const char *s)
{
	if (!ph_str_eq(ph_asa_word(l, l->at), s))
		return false;
	l->at++;
	return true;
}

/* The next word is taken whatever it is; empty at the end. */
struct ph_str ph_asa_next(struct ph_asa_line *);
struct ph_str ph_asa_peek(const struct ph_asa_line *);
struct ph_span ph_asa_here(const struct ph_asa_line *);

#endif
