/* SPDX-License-Identifier: ISC */
#ifndef PH_BASE_DIAG_H
#define PH_BASE_DIAG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"

/*
 * DOC: Sources, spans, diagnostics
 *
 * Every input is kept in memory as a ph_src, every token, rule and condition
 * carries a ph_span into one.  Line and column are computed only when
 * something is printed.  A diagnostic looks like
 *
 *	file:line:col: error[id]: message
 *	    offending source line
 *	        ^~~~
 *
 * The id is stable, documented in pinhole-diagnostics(7) and switched by
 * -W id, -W no-id and -E id.
 */

/* A whole input, kept in memory so that carets never reread the file. */
struct ph_src {
	const char *name;		/* shown to the user; "-" is stdin */
	const char *text;
	uint32_t len;			/* bytes, below UINT32_MAX; larger inputs are refused */
	uint32_t row_base;		/* lines before the first, usually 0 */
	/* where ph_src_locate() was last: a line, the one after it, its number */
	uint32_t hint_line, hint_next, hint_row;
	const uint32_t *lines;		/* where each begins, or NULL: ph_src_index() */
	uint32_t n_lines;
};

/* A byte range of one input. */
struct ph_span {
	struct ph_src *src;		/* NULL: no place to point at */
	uint32_t off, len;		/* bytes */
};

/* Where a span begins. */
struct ph_place {
	const char *line;		/* first byte of the line */
	uint32_t line_len;		/* bytes, without the newline */
	uint32_t row, col;		/* from 1; col in bytes */
};

/*
 * ph_src_locate(at):
 * Find line and column of ${at}, whose src is not NULL.  Cost is the distance
 * from the place asked for last, so rising order is linear in all.
 */
struct ph_place ph_src_locate(struct ph_span);

/*
 * ph_src_index(mem, src):
 * From now on answer ph_src_locate() in any order in logarithmic time: for
 * reports that point here and there.  Memory from ${mem}, which must last as
 * long as ${src}.
 */
void ph_src_index(struct ph_arena *, struct ph_src *);

/*
 * ph_span_join(a, b):
 * The span from the start of ${a} to the end of ${b}, in the same input.
 */
struct ph_span ph_span_join(struct ph_span, struct ph_span);

enum ph_sev { PH_NOTE, PH_WARN, PH_ERROR };

/* What -W id, -W no-id and -E id have set for one id. */
struct ph_diag_switch {
	const char *id;
	enum { PH_DIAG_OFF, PH_DIAG_WARN, PH_DIAG_ERROR } as;
	struct ph_diag_switch *next;
};

struct ph_diags {
	FILE *out;			/* NULL: count only */
	unsigned errors, warnings;
	unsigned max_shown;		/* of errors, and of warnings; 0: no limit */
	unsigned held_back;
	bool quiet;			/* notes: what they explain was held back */
	const struct ph_diag_switch *switches;
	const char *first_error;	/* id, for tests and exit codes */
};

/*
 * ph_diag(d, sev, id, at, fmt, ...):
 * Report one finding at ${at}.  ${id} must be a string constant.  Notes follow
 * the error or warning they explain and carry its id.
 */
void ph_diag(struct ph_diags *, enum ph_sev, const char *, struct ph_span,
    const char *, ...) __attribute__((format(printf, 5, 6)));

/*
 * ph_diags_end(d):
 * Say how many diagnostics ${d}->max_shown kept back, if any.
 */
void ph_diags_end(struct ph_diags *);

#endif
