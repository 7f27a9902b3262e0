/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "report/parts.h"

enum { EXACT_CUBES = 256 };		/* more are listed by address without a closer look */

struct group {
	const struct ph_part *part;
	struct ph_set set;
	struct group *next;		/* in order of appearance */
};

struct list {
	struct ph_entry *v;
	size_t n, cap;
};

/* What two parts must share to be told as one. */
static const char *
key_of(struct ph_arena *mem, const struct ph_part *p, size_t *len)
{
	struct ph_buf b;

	ph_buf_init(&b, mem);
	ph_buf_printf(&b, "%d %d %d %p %u %u %s", (int)p->verdict, (int)p->stage,
	    (int)p->rejected, (const void *)p->by.src, p->by.off, p->by.len,
	    p->why != NULL ? p->why : "");
	*len = b.len;
	return b.s;
}

static struct group *
make_groups(struct ph_arena *mem, const struct ph_flow *f)
{
	struct ph_map map = { 0 };
	struct group *first = NULL, **tail = &first;

	for (size_t i = 0; i < f->n_parts; i++) {
		const struct ph_part *p = &f->parts[i];
		const char *key;
		size_t len;
		void **at;

		if (p->verdict == PH_OPEN)
			continue;
		key = key_of(mem, p, &len);
		at = ph_map_at(mem, &map, key, len);
		if (*at == NULL) {
			struct group *g = PH_NEW(mem, struct group);

			*at = g;
			g->part = p;
			*tail = g;
			tail = &g->next;
		}
		ph_set_add(mem, &((struct group *)*at)->set, &p->cube);
	}
	return first;
}

/* What the flow needs, without the packets between families. */
static struct ph_set
need_of(struct ph_arena *mem, const struct ph_requirement *r)
{
	const struct ph_range family[] = { PH_ANY_V4, PH_ANY_V6 };
	struct ph_set need = { 0 };

	for (int i = 0; i < 2; i++) {
		struct ph_cube c = { 0 };

		c.d[PH_SRC] = c.d[PH_DST] = ph_ranges_one(mem, family[i].lo, family[i].hi);
		if (ph_cube_intersect(mem, &r->need_cube, &c, &c))
			ph_set_add(mem, &need, &c);
	}
	return need;
}

/* Ports of ${g} for which it does not hold all that is needed. */
static const struct ph_ranges *
partial_ports(struct ph_arena *mem, const struct group *g, const struct ph_set *need,
    const struct ph_ranges *ports)
{
	struct ph_set rest = { 0 };

	if (g->set.n > EXACT_CUBES)
		return ports;
	ph_set_add_all(mem, &rest, need);
	ph_set_subtract(mem, &rest, &g->set);
	if (ph_set_empty(&rest))
		return ph_ranges_none();
	return ph_ranges_intersect(mem, ph_set_project(mem, &rest, PH_DPORT), ports);
}

static struct ph_entry *
add_entry(struct ph_arena *mem, struct list *l, const struct group *g,
    const struct ph_cube *c)
{
	struct ph_entry *e = PH_PUSH(mem, l->v, l->n, l->cap);

	e->part = g->part;
	e->ports = c->d[PH_DPORT];
	e->witness = ph_cube_witness(c);
	return e;
}

/* NULL when ${have} is all of what is needed. */
static const struct ph_ranges *
only_if_less(const struct ph_ranges *need, const struct ph_ranges *have)
{
	return ph_ranges_subset(need, have) ? NULL : have;
}

/* The same for destinations of the families that the sources ${src} are of. */
static const struct ph_ranges *
only_if_less_to(struct ph_arena *mem, const struct ph_ranges *need,
    const struct ph_ranges *have, const struct ph_ranges *src)
{
	const struct ph_range family[] = { PH_ANY_V4, PH_ANY_V6 };

	for (int i = 0; i < 2; i++) {
		const struct ph_ranges *f =
		    ph_ranges_one(mem, family[i].lo, family[i].hi);

		if (ph_ranges_overlap(src, f) &&
		    !ph_ranges_subset(ph_ranges_intersect(mem, need, f), have))
			return have;
	}
	return NULL;
}

static void
add_partial(struct ph_arena *mem, const struct ph_requirement *r,
    const struct group *g, const struct ph_ranges *ports, struct list *l)
{
	struct ph_cube only = { .d[PH_DPORT] = ports };
	const struct ph_cube *need = &r->need_cube;
	struct ph_set s = { 0 };

	for (size_t i = 0; i < g->set.n; i++) {
		struct ph_cube c;

		if (ph_cube_intersect(mem, &g->set.v[i], &only, &c))
			ph_set_add(mem, &s, &c);
	}
	if (s.n <= EXACT_CUBES)
		ph_set_simplify(mem, &s);
	for (size_t i = 0; i < s.n; i++) {
		const struct ph_cube *c = &s.v[i];
		struct ph_entry *e = add_entry(mem, l, g, c);

		e->src = only_if_less(need->d[PH_SRC], c->d[PH_SRC]);
		e->dst = only_if_less_to(mem, need->d[PH_DST], c->d[PH_DST], c->d[PH_SRC]);
		e->sport = only_if_less(need->d[PH_SPORT], c->d[PH_SPORT]);
	}
}

static void
add_full(struct ph_arena *mem, const struct group *g, const struct ph_ranges *ports,
    struct list *l)
{
	struct ph_cube c = { .d[PH_DPORT] = ports };

	for (size_t i = 0; i < g->set.n; i++)
		if (ph_cube_intersect(mem, &g->set.v[i], &c, &c)) {
			add_entry(mem, l, g, &c)->ports = ports;
			return;
		}
}

static void
add_group(struct ph_arena *mem, const struct ph_requirement *r,
    const struct ph_set *need, const struct group *g, struct list *l)
{
	const struct ph_ranges *ports = ph_set_project(mem, &g->set, PH_DPORT);
	const struct ph_ranges *partial = partial_ports(mem, g, need, ports);
	const struct ph_ranges *full = ph_ranges_subtract(mem, ports, partial);

	if (!ph_ranges_empty(full))
		add_full(mem, g, full, l);
	if (!ph_ranges_empty(partial))
		add_partial(mem, r, g, partial, l);
}

static ph_u128
first_port(const struct ph_entry *e)
{
	return e->ports != NULL && e->ports->n > 0 ? e->ports->r[0].lo : 0;
}

static int
by_port(const void *x, const void *y)
{
	ph_u128 a = first_port(x), b = first_port(y);
	const struct ph_span *s = &((const struct ph_entry *)x)->part->by;
	const struct ph_span *t = &((const struct ph_entry *)y)->part->by;

	if (a != b)
		return a < b ? -1 : 1;
	return (s->off > t->off) - (s->off < t->off);
}

static void
sort_entries(struct list *l)
{
	if (l->n > 1)
		qsort(l->v, l->n, sizeof(*l->v), by_port);
}

/* All ports of the flow but those of which any part is not open. */
static const struct ph_ranges *
open_ports(struct ph_arena *mem, const struct ph_flow *f)
{
	const struct ph_ranges *all = f->req->need_cube.d[PH_DPORT];
	struct ph_set shut = { 0 };

	if (f->n_parts == 0)
		return ph_ranges_none();
	for (size_t i = 0; i < f->n_parts; i++)
		if (f->parts[i].verdict != PH_OPEN)
			ph_set_add(mem, &shut, &f->parts[i].cube);
	return ph_set_empty(&shut) ? all :
	    ph_ranges_subtract(mem, all, ph_set_project(mem, &shut, PH_DPORT));
}

void
ph_parts_list(struct ph_arena *mem, const struct ph_flow *f, struct ph_entries *out)
{
	const struct ph_requirement *r = f->req;
	struct ph_set need = need_of(mem, r);
	struct list blocked = { 0 }, unknown = { 0 };

	out->open = open_ports(mem, f);
	for (const struct group *g = make_groups(mem, f); g != NULL; g = g->next)
		add_group(mem, r, &need, g,
		    g->part->verdict == PH_BLOCKED ? &blocked : &unknown);
	sort_entries(&blocked);
	sort_entries(&unknown);
	out->blocked = blocked.v;
	out->n_blocked = blocked.n;
	out->unknown = unknown.v;
	out->n_unknown = unknown.n;
}
