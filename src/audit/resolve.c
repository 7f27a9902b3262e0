/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "audit/resolve.h"

void
ph_answer_take(struct ph_arena *mem, struct ph_answer *a, struct ph_part *v, size_t n)
{
	struct ph_part *all = v;

	if (a->n > 0 && n > 0) {
		all = ph_arena_array(mem, a->n + n, sizeof(*all));
		memcpy(all, a->parts, a->n * sizeof(*all));
		memcpy(all + a->n, v, n * sizeof(*all));
	}
	if (n > 0) {
		a->parts = all;
		a->n += n;
		a->cap = a->n;
	}
}

static void
answer_add(struct ph_arena *mem, struct ph_answer *a, const struct ph_part *p)
{
	if (a->n == a->cap)
		a->parts = ph_arena_grow(mem, a->parts, a->n, &a->cap, sizeof(*p));
	a->parts[a->n++] = *p;
}

static const char in_any_case[] = "not certain where, but stopped in any case";

/* Append what of ${c} was not given before, with the facts of ${p}. */
static void
give_new(struct ph_arena *mem, struct ph_answer *a, const struct ph_part *p,
    enum ph_verdict verdict, const struct ph_cube *c, struct ph_set *given)
{
	struct ph_set s = { 0 };

	ph_set_add(mem, &s, c);
	ph_set_subtract(mem, &s, given);
	for (size_t i = 0; i < s.n; i++) {
		struct ph_part q = *p;

		q.cube = s.v[i];
		q.verdict = verdict;
		if (verdict != PH_UNKNOWN)
			q.why = verdict == PH_BLOCKED ? in_any_case : NULL;
		answer_add(mem, a, &q);
		ph_set_add(mem, given, &s.v[i]);
	}
}

/* Append the packets of ${p} inside ${in} (NULL: any), as ${verdict}. */
static void
give(struct ph_arena *mem, struct ph_answer *a, const struct ph_part *p,
    enum ph_verdict verdict, const struct ph_set *in, struct ph_set *given)
{
	struct ph_set s = { 0 };

	ph_set_add(mem, &s, &p->cube);
	if (in != NULL)
		ph_set_intersect(mem, &s, in);
	for (size_t i = 0; i < s.n; i++)
		give_new(mem, a, p, verdict, &s.v[i], given);
}

void
ph_resolve(struct ph_arena *mem, const struct ph_part *v, size_t n,
    struct ph_answer *out)
{
	struct ph_set shut = { 0 }, given = { 0 };

	for (size_t i = 0; i < n; i++)
		if (v[i].verdict == PH_BLOCKED)
			ph_set_add(mem, &shut, &v[i].cube);
	for (size_t i = 0; i < n; i++)
		if (v[i].verdict == PH_UNKNOWN)
			give(mem, out, &v[i], PH_UNKNOWN, NULL, &given);
	for (size_t i = 0; i < n; i++)
		if (v[i].verdict == PH_OPEN)
			give(mem, out, &v[i], PH_UNKNOWN, &shut, &given);
	for (size_t i = 0; i < n; i++)
		if (v[i].verdict == PH_OPEN)
			give(mem, out, &v[i], PH_OPEN, NULL, &given);
	for (size_t i = 0; i < n; i++)
		if (v[i].verdict == PH_BLOCKED)
			give(mem, out, &v[i], PH_BLOCKED, NULL, &given);
}
