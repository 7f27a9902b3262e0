/* SPDX-License-Identifier: ISC */
#include "audit/bounds.h"
#include "audit/cover.h"
#include "audit/wide.h"
#include "net/names.h"

struct finder {
	struct ph_arena *mem;
	const struct ph_requirement *const *reqs;
	size_t n;
	struct ph_cube within;		/* packets of the chain that open a connection */
	struct ph_wides *out;
};

static bool
any_address(const struct ph_ranges *r)
{
	static const struct ph_range families[] = {
		{ PH_V4_BASE, PH_U128_MAX }, { 0, PH_V4_BASE - 1 },
	};

	for (size_t f = 0; f < 2; f++)
		for (size_t i = 0; r != NULL && i < r->n; i++)
			if (r->r[i].lo <= families[f].lo && r->r[i].hi >= families[f].hi)
				return true;
	return r == NULL;
}

static bool
any_port(const struct ph_cube *c)
{
	const struct ph_ranges *r = c->d[PH_DPORT];

	return r == NULL || (r->n == 1 && r->r[0].lo == 0 && r->r[0].hi >= 65535);
}

bool
ph_wide_is_all(const struct ph_cube *c)
{
	const struct ph_ranges *p = c->d[PH_PROTO];

	return any_address(c->d[PH_SRC]) && any_address(c->d[PH_DST]) && any_port(c) &&
	    (p == NULL || (p->n == 1 && p->r[0].lo == 0 && p->r[0].hi >= 255));
}

/* Wide enough to be worth a word though it serves no requirement. */
static bool
is_gate(const struct ph_cube *c)
{
	bool src = any_address(c->d[PH_SRC]), dst = any_address(c->d[PH_DST]);

	return (src && dst) || (any_port(c) && (src || dst));
}

/* Not about services: errors and echoes, and what never leaves the host. */
static bool
is_exempt(struct ph_arena *mem, const struct ph_cube *c)
{
	struct ph_range icmp[] = { { PH_ICMP, PH_ICMP }, { PH_ICMPV6, PH_ICMPV6 } };
	ph_u128 name = ph_iface_encode(PH_STR("lo"));
	const struct ph_ranges *lo = ph_ranges_one(mem, name, name);

	return ph_ranges_subset(c->d[PH_PROTO], ph_ranges_from(mem, icmp, 2)) ||
	    ph_ranges_equal(c->d[PH_IIF], lo) || ph_ranges_equal(c->d[PH_OIF], lo);
}

static const struct ph_requirement *
first_served(const struct finder *f, const struct ph_cube *c)
{
	for (size_t i = 0; i < f->n; i++)
		if (ph_cube_overlap(c, &f->reqs[i]->may_cube))
			return f->reqs[i];
	return NULL;
}

/* In which dimensions is ${c} wider than all that it serves together? */
static unsigned
wider_dims(const struct finder *f, const struct ph_cube *c)
{
	static const enum ph_dim dims[] = { PH_SRC, PH_DST, PH_PROTO, PH_DPORT };
	struct ph_set served = { 0 };
	unsigned wider = 0;

	for (size_t i = 0; i < f->n; i++)
		if (ph_cube_overlap(c, &f->reqs[i]->may_cube))
			ph_set_add(f->mem, &served, &f->reqs[i]->may_cube);
	for (size_t k = 0; k < sizeof(dims) / sizeof(*dims); k++)
		if (!ph_ranges_subset(c->d[dims[k]], ph_set_project(f->mem, &served, dims[k])))
			wider |= 1U << dims[k];
	return wider;
}

static bool
check_cube(struct finder *f, const struct ph_cube *c, struct ph_wide *w)
{
	const struct ph_requirement *req = first_served(f, c);
	struct ph_set rest = { 0 };

	if (req == NULL && !is_gate(c))
		return false;
	if (is_exempt(f->mem, c))
		return false;
	ph_set_add(f->mem, &rest, c);
	for (size_t i = 0; i < f->n && rest.n > 0; i++)
		ph_set_subtract_cube(f->mem, &rest, &f->reqs[i]->may_cube);
	if (rest.n == 0)
		return false;
	w->req = req;
	w->region = ph_cover_copy(f->mem, &rest.v[0]);
	w->dims = req == NULL ? 0 : wider_dims(f, c);
	return true;
}

static bool
accepts(const struct ph_rule *r)
{
	for (size_t i = 0; i < r->n_acts; i++)
		if (r->acts[i].kind == PH_ACT_ACCEPT)
			return true;
	return false;
}

static void
check_rule(struct finder *f, const struct ph_chain *chain, size_t i)
{
	struct ph_arena_mark start = ph_arena_mark(f->mem);
	const struct ph_rule *r = &chain->rules[i];
	struct ph_wide w = { .rule = (uint32_t)i };
	const struct ph_cube *c;
	struct ph_shape s;
	size_t n;

	ph_shape_of(f->mem, r, &f->within, &s);
	c = ph_shape_cubes(&s, &n);
	for (size_t k = 0; k < n && s.exact && !s.empty; k++)
		if (check_cube(f, &c[k], &w)) {
			*PH_PUSH(f->mem, f->out->v, f->out->n, f->out->cap) = w;
			return;
		}
	ph_arena_rewind(f->mem, start);
}

/* By bounds, of which IPv4 fills one half and IPv6 the other: perhaps a gate. */
static bool
may_be_gate(const struct ph_bounds *b, size_t i)
{
	bool src = b->hi[0][i] - b->lo[0][i] >= INT32_MAX;
	bool dst = b->hi[1][i] - b->lo[1][i] >= INT32_MAX;

	return (src && dst) || ((src || dst) && b->hi[2][i] - b->lo[2][i] >= 65535);
}

/* Mark the rules that may serve a requirement. */
static void
mark_served(const struct finder *f, const struct ph_bounds *b, uint32_t *hit, bool *look)
{
	for (size_t i = 0; i < f->n; i++) {
		struct ph_range hull[PH_NBOUNDS];
		struct ph_bounds_box box;
		size_t n;

		for (size_t k = 0; k < PH_NBOUNDS; k++) {
			enum ph_dim d = ph_bounds_dim(k);
			const struct ph_ranges *r = f->reqs[i]->may_cube.d[d];

			hull[k] = r == NULL || r->n == 0 ?
			    (struct ph_range){ 0, ph_dim_max(d) } : ph_ranges_hull(r);
		}
		box = ph_bounds_box(b, hull);
		n = ph_bounds_scan(b, &box, 0, b->n, hit);
		while (n-- > 0)
			look[hit[n]] = true;
	}
}

void
ph_wide_find(struct ph_arena *mem, const struct ph_call *call, const struct ph_cube *within,
    const struct ph_requirement *const *reqs, size_t n, struct ph_wides *out)
{
	struct finder f = { .mem = mem, .reqs = reqs, .n = n, .within = *within, .out = out };
	const struct ph_bounds *b = ph_bounds_of(mem, (struct ph_chain *)call->chain);
	struct ph_arena scratch = { .oom = mem->oom };
	bool *look = ph_arena_array(&scratch, b->n, sizeof(*look));

	f.within.d[PH_STATE] = ph_ranges_one(mem, PH_NEW, PH_NEW);
	mark_served(&f, b, ph_arena_array(&scratch, b->n + 1, sizeof(uint32_t)), look);
	for (size_t i = 0; i < call->chain->n; i++)
		if ((look[i] || may_be_gate(b, i)) && !call->chain->rules[i].implicit &&
		    accepts(&call->chain->rules[i]))
			check_rule(&f, call->chain, i);
	ph_arena_fini(&scratch);
}
