/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "audit/cover.h"
#include "audit/stab.h"

/*
 * DOC: Rules that can never match
 *
 * Rules are taken in order.  To see whether the earlier ones leave a rule any
 * packet, take one packet of it and look up who holds that (audit/stab.h).
 * Nobody: the rule is alive, after one look-up in most cases.  Else subtract what
 * was found from the rule and go on with the pieces, one at a time, until one
 * has a packet that nobody holds or none is left.
 *
 * Only rules that are alive, certain and end the chain for their packets are
 * filed: what a dead rule holds, others hold.  A rule that depends on a mark, or
 * anything else that rules change, no longer counts after a rule that may have
 * changed it.
 */
enum {
	MAX_STEPS = 100000,		/* pieces looked at for one rule */
	MAX_HITS = 8,			/* to choose the best of */
	MAX_REDUCE = 24,		/* rules, to find out which are needed */
};

struct cover {
	uint32_t rule;
	bool of_connection;		/* matches only packets that have a connection */
	bool stale;			/* depends on what has changed since */
	const struct ph_cube *cube;	/* NULL: as ph_shape_plain() says */
};

struct ids {
	uint32_t *v;
	size_t n, cap;
};

struct finder {
	struct ph_arena *mem;		/* of the result */
	struct ph_arena scratch;
	const struct ph_chain *chain;
	struct ph_stab stab;
	struct { struct cover *v; size_t n, cap; } covers;
	struct ids fragile[PH_NDIMS];	/* covers that depend on a dimension rules change */
	struct ids used;		/* covers subtracted from the present rule */
};

static const struct ph_cube *
cover_cube(const struct finder *f, uint32_t id, struct ph_cube *tmp)
{
	const struct cover *c = &f->covers.v[id];

	if (c->cube != NULL)
		return c->cube;
	ph_shape_plain(&f->chain->rules[c->rule], tmp);
	return tmp;
}

static struct ph_range
cover_hull(const void *arg, uint32_t id, enum ph_dim d)
{
	struct ph_cube tmp;
	const struct ph_cube *c = cover_cube(arg, id, &tmp);

	return c->d[d] == NULL ? (struct ph_range){ 0, ph_dim_max(d) } :
	    ph_ranges_hull(c->d[d]);
}

static struct ph_packet
corner(const struct ph_cube *c)
{
	struct ph_packet p;

	for (int d = 0; d < PH_NDIMS; d++)
		p.v[d] = c->d[d] == NULL ? 0 : c->d[d]->r[0].lo;
	return p;
}

/* Which of the covers that hold ${p} takes most of ${piece}? */
struct choice {
	const struct finder *f;
	const struct ph_cube *piece;
	struct ph_packet p;
	bool of_connection;
	unsigned hits;
	int best_dims;			/* dimensions in which it takes all; -1: none found */
	uint32_t best;
};

static bool
choose(void *arg, uint32_t id)
{
	struct choice *ch = arg;
	const struct cover *c = &ch->f->covers.v[id];
	struct ph_cube tmp;
	const struct ph_cube *cube;
	int dims = 0;

	if (c->stale || (c->of_connection && !ch->of_connection))
		return false;
	cube = cover_cube(ch->f, id, &tmp);
	if (!ph_cube_has(cube, &ch->p))
		return false;
	for (int d = 0; d < PH_NDIMS; d++)
		dims += cube->d[d] == NULL || ph_ranges_subset(ch->piece->d[d], cube->d[d]);
	if (dims > ch->best_dims) {
		ch->best_dims = dims;
		ch->best = id;
	}
	return dims == PH_NDIMS || ++ch->hits == MAX_HITS;
}

struct pieces {
	struct ph_cube *v;
	size_t n, cap;
};

/* Push what of ${piece} is outside ${by}, the widest last: it is looked at first. */
static void
push_outside(struct ph_arena *mem, struct pieces *todo, const struct ph_cube *piece,
    const struct ph_cube *by)
{
	struct ph_cube out[PH_NDIMS];
	size_t n = ph_cube_subtract(mem, piece, by, out);

	while (n-- > 0)
		*PH_PUSH(mem, todo->v, todo->n, todo->cap) = out[n];
}

/* Is every packet of ${c} held?  The covers that were found go to f->used. */
static bool
is_held(struct finder *f, const struct ph_cube *c, bool of_connection)
{
	struct pieces todo = { 0 };
	struct ph_cube piece = *c, tmp;

	for (unsigned steps = 0; steps < MAX_STEPS; steps++) {
		struct choice ch = { .f = f, .piece = &piece, .p = corner(&piece),
			.of_connection = of_connection, .best_dims = -1 };

		ph_stab_find(&f->stab, &ch.p, choose, &ch);
		if (ch.best_dims < 0)
			return false;
		*PH_PUSH(&f->scratch, f->used.v, f->used.n, f->used.cap) = ch.best;
		if (ch.best_dims < PH_NDIMS)
			push_outside(&f->scratch, &todo, &piece,
			    cover_cube(f, ch.best, &tmp));
		if (todo.n == 0)
			return true;
		piece = todo.v[--todo.n];
	}
	return false;
}

static bool
all_held(struct finder *f, const struct ph_shape *s)
{
	size_t n;
	const struct ph_cube *c = ph_shape_cubes(s, &n);

	for (size_t i = 0; i < n; i++)
		if (!is_held(f, &c[i], s->of_connection))
			return false;
	return true;
}

/* The earliest cover that takes a whole cube, though the search met others first. */
struct single {
	const struct finder *f;
	const struct ph_cube *c;
	bool of_connection, found;
	uint32_t id;
};

static bool
hit_single(void *arg, uint32_t id)
{
	struct single *s = arg;
	const struct cover *c = &s->f->covers.v[id];
	struct ph_cube tmp;

	if ((!s->found || id < s->id) && !c->stale && (!c->of_connection ||
	    s->of_connection) && ph_cube_subset(s->c, cover_cube(s->f, id, &tmp))) {
		s->found = true;
		s->id = id;
	}
	return false;
}

static int
by_id(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

static void
sort_unique(struct ids *ids)
{
	size_t n = 0;

	qsort(ids->v, ids->n, sizeof(*ids->v), by_id);
	for (size_t i = 0; i < ids->n; i++)
		if (n == 0 || ids->v[n - 1] != ids->v[i])
			ids->v[n++] = ids->v[i];
	ids->n = n;
}

/* Leave out every cover without which the others are enough. */
static void
reduce(struct finder *f, const struct ph_shape *s)
{
	const struct ph_cube *by[MAX_REDUCE], *c;
	struct ph_cube tmp[MAX_REDUCE];
	size_t n;

	c = ph_shape_cubes(s, &n);
	for (size_t i = 0; i < f->used.n; i++)
		by[i] = cover_cube(f, f->used.v[i], &tmp[i]);
	for (size_t i = f->used.n; i-- > 0;) {
		const struct ph_cube *out = by[i];
		bool enough = true;

		by[i] = by[f->used.n - 1];
		for (size_t k = 0; k < n && enough; k++)
			enough = ph_set_covered(&f->scratch, &c[k], by, f->used.n - 1, NULL);
		if (!enough) {
			by[i] = out;
			continue;
		}
		f->used.v[i] = f->used.v[--f->used.n];
	}
	sort_unique(&f->used);
}

/* Name few rules, not all that the search met. */
static void
choose_named(struct finder *f, const struct ph_shape *s)
{
	size_t n;
	const struct ph_cube *c = ph_shape_cubes(s, &n);
	struct single one = { .f = f, .c = c, .of_connection = s->of_connection };
	struct ph_packet p = corner(c);

	sort_unique(&f->used);
	if (f->used.n == 1)
		return;
	if (n == 1)
		ph_stab_find(&f->stab, &p, hit_single, &one);
	if (one.found) {
		f->used.v[0] = one.id;
		f->used.n = 1;
	} else if (f->used.n <= MAX_REDUCE) {
		reduce(f, s);
	}
}

const struct ph_cube *
ph_cover_copy(struct ph_arena *mem, const struct ph_cube *c)
{
	struct ph_cube *out = PH_NEW(mem, struct ph_cube);

	for (int d = 0; d < PH_NDIMS; d++) {
		size_t len = c->d[d] == NULL ? 0 : sizeof(*c->d[d]) +
		    c->d[d]->n * sizeof(*c->d[d]->r);

		if (c->d[d] != NULL)
			out->d[d] = memcpy(ph_arena_alloc(mem, len), c->d[d], len);
	}
	return out;
}

static void
report(struct finder *f, struct ph_deads *out, uint32_t rule, const struct ph_shape *s)
{
	struct ph_dead *d = PH_PUSH(f->mem, out->v, out->n, out->cap);
	struct ph_cube *plain;
	uint32_t *by;

	*d = (struct ph_dead){ .rule = rule, .empty = s->empty, .clash = s->clash,
		.clash_at = s->clash_at };
	if (s->empty)
		return;
	choose_named(f, s);
	by = ph_arena_array(f->mem, f->used.n, sizeof(*by));
	for (size_t i = 0; i < f->used.n; i++)
		by[i] = f->covers.v[f->used.v[i]].rule;
	d->by = by;
	d->n_by = (uint32_t)f->used.n;
	plain = PH_NEW(f->mem, struct ph_cube);
	d->region = ph_shape_plain(&f->chain->rules[rule], plain) ? plain :
	    ph_cover_copy(f->mem, ph_shape_cubes(s, &(size_t){ 0 }));
}

static void
add_cover(struct finder *f, uint32_t rule, const struct ph_cube *c, bool of_connection,
    bool plain)
{
	uint32_t id = (uint32_t)f->covers.n;

	*PH_PUSH(&f->scratch, f->covers.v, f->covers.n, f->covers.cap) = (struct cover){
		.rule = rule, .of_connection = of_connection,
		.cube = plain ? NULL : memcpy(PH_NEW(&f->scratch, struct ph_cube), c,
		    sizeof(*c)),
	};
	for (int d = PH_STATE; d < PH_NDIMS; d++)
		if (c->d[d] != NULL)
			*PH_PUSH(&f->scratch, f->fragile[d].v, f->fragile[d].n,
			    f->fragile[d].cap) = id;
	ph_stab_add(&f->stab, id);
}

static void
add_covers(struct finder *f, uint32_t rule, const struct ph_shape *s)
{
	struct ph_cube tmp;
	bool plain = ph_shape_plain(&f->chain->rules[rule], &tmp);
	size_t n;
	const struct ph_cube *c = ph_shape_cubes(s, &n);

	for (size_t i = 0; i < n; i++)
		add_cover(f, rule, plain ? &tmp : &c[i], s->of_connection, plain);
}

/* What depends on dimensions that have changed counts no more. */
static void
make_stale(struct finder *f, unsigned writes)
{
	for (int d = PH_STATE; d < PH_NDIMS; d++) {
		if ((writes >> d & 1) == 0)
			continue;
		for (size_t i = 0; i < f->fragile[d].n; i++)
			f->covers.v[f->fragile[d].v[i]].stale = true;
		f->fragile[d].n = 0;
	}
}

static void
take_rule(struct finder *f, uint32_t i, const struct ph_calls *calls,
    const struct ph_cube *within, struct ph_deads *out)
{
	const struct ph_rule *r = &f->chain->rules[i];
	struct ph_arena_mark start = ph_arena_mark(&f->scratch), shaped;
	bool ends = ph_shape_ends(r), dead;
	struct ph_shape s;

	ph_shape_of(&f->scratch, r, within, &s);
	shaped = ph_arena_mark(&f->scratch);
	dead = s.empty || all_held(f, &s);
	if (dead)
		report(f, out, i, &s);
	f->used = (struct ids){ 0 };
	ph_arena_rewind(&f->scratch, shaped);
	if (dead || !ends || !s.exact)
		ph_arena_rewind(&f->scratch, start);
	else
		add_covers(f, i, &s);
	if (!dead && !ends)
		make_stale(f, ph_calls_writes(calls, r));
}

void
ph_cover_find(struct ph_arena *mem, const struct ph_calls *calls,
    const struct ph_call *call, const struct ph_cube *within, struct ph_deads *out)
{
	struct finder f = { .mem = mem, .chain = call->chain, .scratch = { .oom = mem->oom } };

	ph_stab_init(&f.stab, &f.scratch,
	    ph_bounds_of(mem, (struct ph_chain *)call->chain), PH_STAB_PORTS, cover_hull,
	    &f);
	f.covers.cap = call->chain->n;
	f.covers.v = ph_arena_array(&f.scratch, f.covers.cap, sizeof(*f.covers.v));
	for (size_t i = 0; i < call->chain->n; i++)
		take_rule(&f, (uint32_t)i, calls, within, out);
	ph_arena_fini(&f.scratch);
}
