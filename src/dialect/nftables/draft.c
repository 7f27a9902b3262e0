/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/nftables/draft.h"

const char *
ph_nft_draft_text(struct ph_nft_lower *l, const struct ph_nft_stmt *s)
{
	return s->text != NULL ? s->text : ph_nft_lex_text(l->mem, s->at);
}

void
ph_nft_draft_limit(struct ph_nft_lower *l, struct ph_nft_draft *d, enum ph_dim dim,
    const struct ph_ranges *r, struct ph_span at)
{
	ph_nft_draft_settle(l, d);
	d->d[dim] = d->d[dim] == NULL ? r : ph_ranges_intersect(l->mem, d->d[dim], r);
	if (d->at[dim].src == NULL)
		d->at[dim] = at;
}

static const struct ph_ranges *
family_ranges(struct ph_nft_lower *l, unsigned families)
{
	struct ph_range r = families == PH_FAMILY_4 ? PH_ANY_V4 : PH_ANY_V6;

	return ph_ranges_one(l->mem, r.lo, r.hi);
}

void
ph_nft_draft_implied(struct ph_nft_lower *l, struct ph_nft_draft *d, unsigned families,
    uint8_t proto, struct ph_span at)
{
	if (proto != 0)
		ph_nft_draft_limit(l, d, PH_PROTO, ph_ranges_one(l->mem, proto, proto), at);
	if (families == PH_FAMILY_4 || families == PH_FAMILY_6)
		if (l->table->families != families)
			ph_nft_draft_limit(l, d, PH_SRC, family_ranges(l, families), at);
}

struct ph_cond *
ph_nft_draft_cond(struct ph_nft_lower *l, struct ph_nft_draft *d,
    enum ph_cond_kind kind, struct ph_span at)
{
	struct ph_cond *c;

	ph_nft_draft_settle(l, d);
	c = PH_PUSH(l->mem, d->conds, d->n_conds, d->cap_conds);
	*c = (struct ph_cond){ .kind = kind, .at = at };
	return c;
}

/* A reason that is found again, by its address, when text is asked for. */
static const char *
reason(struct ph_nft_lower *l, const struct ph_nft_stmt *s, const char *why)
{
	const char *text = ph_nft_draft_text(l, s);
	const char **key = PH_NEW(l->mem, const char *);

	*key = ph_arena_printf(l->mem, "\"%.*s\": %s", 60, text, why);
	*ph_map_at(l->mem, l->texts, (const char *)key, sizeof(*key)) = (void *)(uintptr_t)text;
	return *key;
}

void
ph_nft_draft_opaque(struct ph_nft_lower *l, struct ph_nft_draft *d,
    const struct ph_nft_stmt *s, const char *why)
{
	ph_nft_draft_cond(l, d, PH_COND_OPAQUE, s->at)->text = reason(l, s, why);
}

struct ph_act *
ph_nft_draft_act(struct ph_nft_lower *l, struct ph_nft_draft *d,
    enum ph_act_kind kind, struct ph_span at)
{
	struct ph_act *a = PH_PUSH(l->mem, d->acts, d->n_acts, d->cap_acts);

	*a = (struct ph_act){ .kind = kind, .at = at };
	d->effects |= kind != PH_ACT_NOTE;
	return a;
}

void
ph_nft_draft_opaque_act(struct ph_nft_lower *l, struct ph_nft_draft *d,
    const struct ph_nft_stmt *s, const char *why)
{
	ph_nft_draft_act(l, d, PH_ACT_OPAQUE, s->at)->text = reason(l, s, why);
}

/* A mark that was just set is not what it was tested for. */
static void
forget_mark(struct ph_nft_lower *l, struct ph_nft_draft *d, enum ph_dim dim,
    enum ph_act_kind a, enum ph_act_kind b)
{
	bool set = false;

	for (size_t i = 0; i < d->n_acts; i++)
		set |= d->acts[i].kind == a || d->acts[i].kind == b;
	if (!set || d->d[dim] == NULL)
		return;
	d->d[dim] = NULL;
	d->at[dim] = (struct ph_span){ NULL, 0, 0 };
	PH_PUSH(l->mem, d->conds, d->n_conds, d->cap_conds)[0] = (struct ph_cond){
		.kind = PH_COND_OPAQUE, .at = l->rule->at,
		.text = "a rule that tests and sets the same mark, then matches again",
	};
}

/* A rule that asks for the mark of a connection ends where there is none. */
static void
need_connection(struct ph_nft_lower *l, struct ph_nft_draft *d)
{
	bool reads = false;

	for (size_t i = 0; i < d->n_acts; i++)
		reads |= d->acts[i].kind == PH_ACT_CT_TO_MARK ||
		    (d->acts[i].kind == PH_ACT_CTMARK && d->acts[i].mark.mask != UINT32_MAX);
	if (reads)
		PH_PUSH(l->mem, d->conds, d->n_conds, d->cap_conds)[0] = (struct ph_cond){
			.kind = PH_COND_RANGES, .dim = PH_CTMARK, .at = l->rule->at,
			.ranges = ph_ranges_one(l->mem, 0, UINT32_MAX),
		};
}

void
ph_nft_draft_settle(struct ph_nft_lower *l, struct ph_nft_draft *d)
{
	if (!d->effects)
		return;
	ph_nft_draft_finish(l, d, l->rule->at);
	d->effects = false;
	need_connection(l, d);
	forget_mark(l, d, PH_MARK, PH_ACT_MARK, PH_ACT_CT_TO_MARK);
	forget_mark(l, d, PH_CTMARK, PH_ACT_CTMARK, PH_ACT_MARK_TO_CT);
	d->acts = NULL;
	d->n_acts = d->cap_acts = 0;
}

static bool
within(const struct ph_ranges *r, struct ph_range family)
{
	return r != NULL && r->n > 0 && r->r[0].lo >= family.lo && r->r[r->n - 1].hi <= family.hi;
}

static bool
is_family(const struct ph_ranges *r, struct ph_range family)
{
	return r != NULL && r->n == 1 && r->r[0].lo == family.lo && r->r[0].hi == family.hi;
}

/* Do cubes say the family? All elements of a set are of one type. */
static bool
tuples_within(const struct ph_nft_draft *d, struct ph_range family)
{
	for (size_t i = 0; i < d->n_conds; i++) {
		const struct ph_cond *c = &d->conds[i];

		if (c->kind == PH_COND_TUPLES && !c->neg && c->tuples->n > 0 &&
		    (within(c->tuples->v[0].d[PH_SRC], family) ||
		    within(c->tuples->v[0].d[PH_DST], family)))
			return true;
	}
	return false;
}

/* Drop a family condition that says no more than the destination or the table. */
static bool
redundant(const struct ph_nft_lower *l, const struct ph_nft_draft *d, enum ph_dim dim)
{
	enum ph_dim other = dim == PH_SRC ? PH_DST : PH_SRC;

	if (dim != PH_SRC && dim != PH_DST)
		return false;
	if (is_family(d->d[dim], PH_ANY_V4))
		return l->table->families == PH_FAMILY_4 || tuples_within(d, PH_ANY_V4) ||
		    (dim == PH_SRC && within(d->d[other], PH_ANY_V4));
	if (is_family(d->d[dim], PH_ANY_V6))
		return l->table->families == PH_FAMILY_6 || tuples_within(d, PH_ANY_V6) ||
		    (dim == PH_SRC && within(d->d[other], PH_ANY_V6));
	return false;
}

static size_t
put_dims(const struct ph_nft_lower *l, const struct ph_nft_draft *d, struct ph_cond *out)
{
	size_t n = 0;

	for (int i = 0; i < PH_NDIMS; i++)
		if (d->d[i] != NULL && !redundant(l, d, (enum ph_dim)i))
			out[n++] = (struct ph_cond){
				.kind = PH_COND_RANGES, .dim = (enum ph_dim)i,
				.at = d->at[i], .ranges = d->d[i],
			};
	return n;
}

void
ph_nft_draft_finish(struct ph_nft_lower *l, struct ph_nft_draft *d, struct ph_span at)
{
	struct ph_cond dims[PH_NDIMS], *conds;
	struct ph_act *acts;
	struct ph_rule *r;
	size_t n = put_dims(l, d, dims);

	conds = ph_arena_array(l->mem, n + d->n_conds, sizeof(*conds));
	memcpy(conds, dims, n * sizeof(*conds));
	if (d->n_conds > 0)
		memcpy(conds + n, d->conds, d->n_conds * sizeof(*conds));
	acts = ph_arena_array(l->mem, d->n_acts, sizeof(*acts));
	if (d->n_acts > 0)
		memcpy(acts, d->acts, d->n_acts * sizeof(*acts));
	r = ph_chain_add(l->mem, l->chain->model);
	*r = (struct ph_rule){
		.at = at, .conds = conds, .acts = acts,
		.n_conds = (uint16_t)(n + d->n_conds), .n_acts = (uint16_t)d->n_acts,
		.comment = l->rule->comment,
	};
	*PH_PUSH(l->mem, l->chain->origin, l->chain->n_origin, l->chain->cap_origin) = l->rule;
	l->made++;
}
