/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "audit/bounds.h"
#include "audit/slice.h"

/*
 * DOC: Slices
 *
 * Slice to the question first: of a long chain only the rules whose bounds touch
 * a piece are looked at.  The list is made when the piece enters and inherited
 * by the pieces cut from it; one that has become much smaller makes a list of
 * its own out of what is left, so that lists shrink with the pieces.
 */

enum {
	SHORT_CHAIN = 16,		/* rules; shorter chains are simply walked */
	SHORT_LIST = 24,		/* indexes; shorter lists are not narrowed */
};

static struct ph_bounds_box
box_of(struct ph_arena *mem, const struct ph_bounds *b, const struct ph_piece *p)
{
	struct ph_range hull[PH_NBOUNDS];

	for (size_t k = 0; k < PH_NBOUNDS; k++) {
		const struct ph_ranges *r = ph_piece_dim(mem, p, ph_bounds_dim(k));

		hull[k] = r == NULL || r->n == 0 ?
		    (struct ph_range){ 0, ph_dim_max(ph_bounds_dim(k)) } :
		    ph_ranges_hull(r);
	}
	return ph_bounds_box(b, hull);
}

static const struct ph_bounds *
bounds_of(struct ph_arena *mem, const struct ph_piece *p)
{
	return ph_bounds_of(mem, (struct ph_chain *)p->frame->chain);
}

/* Give ${p} a frame of its own with the ${n} indexes at ${v}. */
static void
set_list(struct ph_arena *mem, struct ph_piece *p, const uint32_t *v, size_t n)
{
	struct ph_frame *f = PH_NEW(mem, struct ph_frame);
	uint32_t *list = ph_arena_array(mem, n + 1, sizeof(*list));

	memcpy(list, v, n * sizeof(*list));
	*f = *p->frame;
	f->list = list;
	f->n_list = n;
	p->frame = f;
}

static void
first_list(struct ph_arena *mem, const struct ph_bounds *b, struct ph_piece *p)
{
	struct ph_bounds_box box = box_of(mem, b, p);

	set_list(mem, p, b->room, ph_bounds_scan(b, &box, p->next, b->n, b->room));
}

/* The first place in the list that is not before rule ${next}. */
static size_t
list_place(const struct ph_frame *f, size_t next)
{
	size_t lo = 0, hi = f->n_list;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (f->list[mid] < next)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void
ph_slice_next(struct ph_arena *keep, struct ph_arena *mem, struct ph_piece *p)
{
	const struct ph_frame *f;
	const struct ph_bounds *b;
	struct ph_bounds_box box;
	size_t i;

	if (p->frame->chain->n <= SHORT_CHAIN)
		return;
	b = bounds_of(keep, p);
	if (p->frame->list == NULL)
		first_list(mem, b, p);
	f = p->frame;
	box = box_of(mem, b, p);
	i = list_place(f, p->next);
	while (i < f->n_list && !ph_bounds_touch(b, &box, f->list[i]))
		i++;
	p->next = i < f->n_list ? f->list[i] : f->chain->n;
}

void
ph_slice_narrow(struct ph_arena *keep, struct ph_arena *mem, struct ph_piece *p)
{
	const struct ph_frame *f = p->frame;
	const struct ph_bounds *b;
	struct ph_bounds_box box;
	size_t from, n;

	if (f == NULL || f->list == NULL || f->n_list < SHORT_LIST)
		return;
	from = list_place(f, p->next);
	if (f->n_list - from < SHORT_LIST)
		return;
	b = bounds_of(keep, p);
	box = box_of(mem, b, p);
	n = ph_bounds_filter(b, &box, f->list + from, f->n_list - from, b->room);
	if (n < (f->n_list - from) / 2)
		set_list(mem, p, b->room, n);
}
