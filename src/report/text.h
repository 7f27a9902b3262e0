/* SPDX-License-Identifier: ISC */
#ifndef PH_REPORT_TEXT_H
#define PH_REPORT_TEXT_H

#include <stdio.h>

#include "base/buf.h"
#include "model/verdict.h"

enum { PH_TEXT_WIDTH = 80 };

/* Where a report for people goes. */
struct ph_text {
	struct ph_arena *mem;
	FILE *out;
	bool colour;
};

enum ph_tone { PH_TONE_PLAIN, PH_TONE_GOOD, PH_TONE_MIDDLING, PH_TONE_BAD, PH_TONE_UNSURE };

/*
 * ph_text_wrap(t, indent, fmt, ...):
 * A paragraph of at most PH_TEXT_WIDTH columns; every line begins with ${indent}
 * spaces.  A word longer than that stays whole.
 */
void ph_text_wrap(const struct ph_text *, unsigned, const char *, ...)
    __attribute__((format(printf, 3, 4)));

/* ph_text_quote(t, indent, s): one line as it is, cut with "..." to the width. */
void ph_text_quote(const struct ph_text *, unsigned, const char *);

/*
 * ph_text_type(t, s): lines to type, from the first column and never cut: they
 * may hold what a shell ends at a word in that column.
 */
void ph_text_type(const struct ph_text *, const char *);

/* ph_text_tone(t, tone, fmt, ...): text in a colour. */
void ph_text_tone(const struct ph_text *, enum ph_tone, const char *, ...)
    __attribute__((format(printf, 3, 4)));

/* ph_text_verdict_tone(v): the colour of a verdict. */
enum ph_tone ph_text_verdict_tone(enum ph_verdict);

/* ph_text_packet(mem, p): "udp 192.0.2.1:49152 -> 198.51.100.1:60000". */
const char *ph_text_packet(struct ph_arena *, const struct ph_packet *);

/* ph_text_place(mem, at): "edge.asa:40", or "the configuration". */
const char *ph_text_place(struct ph_arena *, struct ph_span);

/* ph_text_ranges(mem, dim, r): "60000-65535", "any". */
const char *ph_text_ranges(struct ph_arena *, enum ph_dim, const struct ph_ranges *);

#endif
