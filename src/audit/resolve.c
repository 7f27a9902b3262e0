/* SPDX-License-Identifier: ISC */
#include "audit/resolve.h"

void
ph_answer_add(struct ph_arena *mem, struct ph_answer *a, const struct ph_part *p)
{
	*PH_PUSH(mem, a->parts, a->n, a->cap) = *p;
}

/* All packets of the possible fates with verdict ${v}. */
static void
collect(struct ph_arena *mem, const struct ph_part *v, size_t n,
    enum ph_verdict verdict, struct ph_set *out)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].verdict == verdict)
			ph_set_add(mem, out, &v[i].cube);
}

/*
 * Append those packets of ${p} that are inside ${in} (NULL: any) and outside ${out}
 * and were not given before, as ${verdict}.
 */
static void
give(struct ph_arena *mem, struct ph_answer *a, const struct ph_part *p,
    enum ph_verdict verdict, const struct ph_set *in, const struct ph_set *out,
    struct ph_set *given)
{
	struct ph_set s = { 0 };

	ph_set_add(mem, &s, &p->cube);
	if (in != NULL)
		ph_set_intersect(mem, &s, in);
	ph_set_subtract(mem, &s, out);
	ph_set_subtract(mem, &s, given);
	for (size_t i = 0; i < s.n; i++) {
		struct ph_part q = *p;

		q.cube = s.v[i];
		q.verdict = verdict;
		if (verdict != PH_UNKNOWN)
			q.why = NULL;
		ph_answer_add(mem, a, &q);
		ph_set_add(mem, given, &s.v[i]);
	}
}

void
ph_resolve(struct ph_arena *mem, const struct ph_part *v, size_t n,
    struct ph_answer *out)
{
	struct ph_set open = { 0 }, shut = { 0 }, never = { 0 }, given = { 0 };

	collect(mem, v, n, PH_OPEN, &open);
	collect(mem, v, n, PH_BLOCKED, &shut);
	for (size_t i = 0; i < n; i++)
		if (v[i].verdict == PH_UNKNOWN)
			give(mem, out, &v[i], PH_UNKNOWN, NULL, &never, &given);
	for (size_t i = 0; i < n; i++)
		if (v[i].verdict == PH_OPEN)
			give(mem, out, &v[i], PH_UNKNOWN, &shut, &never, &given);
	for (size_t i = 0; i < n; i++)
		if (v[i].verdict == PH_OPEN)
			give(mem, out, &v[i], PH_OPEN, NULL, &never, &given);
	for (size_t i = 0; i < n; i++)
		if (v[i].verdict == PH_BLOCKED)
			give(mem, out, &v[i], PH_BLOCKED, NULL, &never, &given);
}
