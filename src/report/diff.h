/* SPDX-License-Identifier: ISC */
#ifndef PH_REPORT_DIFF_H
#define PH_REPORT_DIFF_H

#include <jansson.h>

#include "audit/audit.h"
#include "report/text.h"

/* Differences with the same lines on both sides, put together. */
struct ph_disagreement {
	const struct ph_difference *first;
	struct ph_set where;
};

struct ph_disagreements {
	const char *const *ways;	/* by question: "out", "in", "to", "from"; NULL: any */
	struct ph_disagreement *v;
	size_t n, cap;
};

/*
 * ph_diff_join(mem, d, ways, out): in order of first appearance; ${ways} tells of
 * every question which way its packets go, NULL through on any interface.
 */
void ph_diff_join(struct ph_arena *, const struct ph_diff *, const char *const *ways,
    struct ph_disagreements *);

/* ph_report_diff(t, old, new, d): names of both files, and every disagreement. */
void ph_report_diff(const struct ph_text *, const char *, const char *,
    const struct ph_disagreements *);

/* ph_json_diff(mem, d): the document pinhole.diff/1. */
json_t *ph_json_diff(struct ph_arena *, const struct ph_disagreements *);

#endif
