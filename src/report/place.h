/* SPDX-License-Identifier: ISC */
#ifndef PH_REPORT_PLACE_H
#define PH_REPORT_PLACE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/diag.h"

/* A span as a person is shown it. */
struct ph_shown_place {
	const char *file;
	unsigned line, column;		/* from 1 */
	const char *text;		/* the line, trimmed; the span of a very long one */
};

/*
 * ph_place_show(mem, at, out): false when ${at} points nowhere.  Text is valid
 * UTF-8 without control characters; other bytes have become '?'.
 */
bool ph_place_show(struct ph_arena *, struct ph_span, struct ph_shown_place *);

/* ph_place_clean(mem, s, n): ${n} bytes as text that may be printed anywhere. */
const char *ph_place_clean(struct ph_arena *, const char *, size_t);

#endif
