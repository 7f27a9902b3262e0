/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "space/set.h"

/*
 * DOC: Is it covered?
 *
 * Subtract the covering cubes one after the other, but follow one piece to
 * its end before the next: the first piece that meets no more cubes is the
 * answer "no", with a packet, long before all pieces are made.  Large pieces
 * go first because they are the least likely to be covered.
 *
 * The stack holds pieces with the number of the next cube to subtract.
 */
struct piece {
	struct ph_cube c;
	size_t next;
	double size;			/* to order by; need not be exact */
};

struct stack {
	struct piece *v;
	size_t n, cap;
};

static double
dim_size(enum ph_dim d, const struct ph_ranges *r)
{
	double n = 0;

	if (r == NULL)
		return (double)ph_dim_max(d) + 1;
	for (size_t i = 0; i < r->n; i++)
		n += (double)(r->r[i].hi - r->r[i].lo) + 1;
	return n;
}

/* At most 2^650, well within a double. */
static double
cube_size(const struct ph_cube *c)
{
	double size = 1;

	for (int d = 0; d < PH_NDIMS; d++)
		size *= dim_size((enum ph_dim)d, c->d[d]);
	return size;
}

/* The largest last, where it is popped first. */
static int
by_size(const void *x, const void *y)
{
	const struct piece *a = x, *b = y;

	return a->size < b->size ? -1 : a->size > b->size;
}

static void
push_pieces(struct ph_arena *mem, struct stack *s, const struct ph_cube *v, size_t n,
    size_t next)
{
	size_t from = s->n;

	for (size_t i = 0; i < n; i++) {
		struct piece *p = PH_PUSH(mem, s->v, s->n, s->cap);

		*p = (struct piece){ v[i], next, n == 1 ? 0 : cube_size(&v[i]) };
	}
	if (n > 1)
		qsort(s->v + from, n, sizeof(*s->v), by_size);
}

/* Pop pieces until one is uncovered; false when none is. */
static bool
find_uncovered(struct ph_arena *mem, struct stack *s, const struct ph_cube *const *by,
    size_t n, struct ph_cube *out)
{
	struct ph_cube piece[PH_NDIMS];

	while (s->n > 0) {
		struct piece p = s->v[--s->n];

		while (p.next < n && !ph_cube_overlap(&p.c, by[p.next]))
			p.next++;
		if (p.next == n) {
			*out = p.c;
			return true;
		}
		push_pieces(mem, s, piece,
		    ph_cube_subtract(mem, &p.c, by[p.next], piece), p.next + 1);
	}
	return false;
}

bool
ph_set_covered(struct ph_arena *mem, const struct ph_cube *c,
    const struct ph_cube *const *by, size_t n, struct ph_packet *witness)
{
	struct ph_arena_mark mark = ph_arena_mark(mem);
	struct stack s = { 0 };
	struct ph_cube open;
	bool found;

	if (ph_cube_empty(c))
		return true;
	for (size_t i = 0; i < n; i++)
		if (ph_cube_subset(c, by[i]))
			return true;
	push_pieces(mem, &s, c, 1, 0);
	found = find_uncovered(mem, &s, by, n, &open);
	if (found && witness != NULL)
		*witness = ph_cube_witness(&open);
	ph_arena_rewind(mem, mark);
	return !found;
}
