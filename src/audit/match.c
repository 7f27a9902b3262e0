/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "audit/match.h"
#include "net/names.h"

enum {
	MAX_MASK_RANGES = 65536,
	MAX_PIECE_RANGES = 8,		/* of one dimension, in chains of at least */
	LONG_CHAIN = 256,		/* so many rules */
};

/* The ${n} ranges from number ${from} on, as a list of their own. */
static const struct ph_ranges *
some_ranges(struct ph_arena *mem, const struct ph_ranges *r, size_t from, size_t n)
{
	struct ph_range *v = ph_arena_array(mem, n, sizeof(*v));

	memcpy(v, r->r + from, n * sizeof(*v));
	return ph_ranges_from(mem, v, n);
}

/*
 * What is left of a wide piece after many cuts is a long list, which every
 * further cut would copy.  In long chains it falls into halves, which also look
 * at fewer rules each.
 */
static void
push_halves(const struct ph_match_env *env, const struct ph_piece *p)
{
	static const enum ph_dim dims[] = { PH_SRC, PH_DST, PH_DPORT };
	struct ph_piece half = *p;

	for (size_t i = 0; i < sizeof(dims) / sizeof(*dims); i++) {
		const struct ph_ranges *r = p->q.d[dims[i]];

		if (r == NULL || r->n <= MAX_PIECE_RANGES ||
		    p->frame->chain->n < LONG_CHAIN)
			continue;
		half.q.d[dims[i]] = some_ranges(env->mem, r, 0, r->n / 2);
		push_halves(env, &half);
		half.q.d[dims[i]] = some_ranges(env->mem, r, r->n / 2, r->n - r->n / 2);
		push_halves(env, &half);
		return;
	}
	ph_pieces_push(env->rest, p);
}

/* Push what is outside to the next rule. */
static void
push_rest(const struct ph_match_env *env, struct ph_piece *out)
{
	out->next++;
	push_halves(env, out);
}

static void
doubt_set(struct ph_doubt *d, const char *why, struct ph_span at)
{
	if (d->why == NULL)
		*d = (struct ph_doubt){ why, at };
}

/* Go on with the inside or, for ${neg}, the outside of a cut. */
static bool
take_side(const struct ph_match_env *env, struct ph_piece *p, enum ph_cut cut,
    struct ph_piece *out, const struct ph_cond *c, struct ph_doubt *doubt)
{
	struct ph_piece swap;

	switch (cut) {
	case PH_CUT_ALL:
		return !c->neg;
	case PH_CUT_NONE:
		return c->neg;
	case PH_CUT_UNSURE:
		doubt_set(doubt, "depends on an address or port that translation "
		    "chooses from a pool", c->at);
		return true;
	case PH_CUT_SPLIT:
		break;
	}
	if (c->neg) {
		swap = *p;
		*p = *out;
		*out = swap;
	}
	push_rest(env, out);
	return true;
}

static bool
match_ranges(const struct ph_match_env *env, struct ph_piece *p,
    const struct ph_cond *c, struct ph_doubt *doubt)
{
	struct ph_piece out;

	/* without a connection there is nothing to compare, negated or not */
	if (p->no_ct && (c->dim == PH_CTMARK || c->dim == PH_STATUS))
		return false;
	return take_side(env, p, ph_piece_cut(env->mem, p, c->dim, c->ranges, &out),
	    &out, c, doubt);
}

static bool
match_orig(const struct ph_match_env *env, struct ph_piece *p,
    const struct ph_cond *c, struct ph_doubt *doubt)
{
	struct ph_piece out;

	if (p->no_ct)
		return false;
	if (p->first_untracked && p->stage != PH_STAGE_FIRST) {
		doubt_set(doubt, "tracking met the connection in its middle", c->at);
		return true;
	}
	return take_side(env, p, ph_piece_cut_q(env->mem, p, c->dim, c->ranges, &out),
	    &out, c, doubt);
}

static bool
match_mask(const struct ph_match_env *env, struct ph_piece *p,
    const struct ph_cond *c, struct ph_doubt *doubt)
{
	const struct ph_ranges *now = ph_piece_dim(env->mem, p, c->dim), *in;
	struct ph_range within = now == NULL ? PH_ANY : ph_ranges_hull(now);
	bool v4 = !c->v6 && (c->dim == PH_SRC || c->dim == PH_DST);
	struct ph_piece out;

	if (p->no_ct && c->dim == PH_CTMARK)
		return false;
	if (!ph_ranges_masked(env->mem, c->masked->value, c->masked->mask,
	    c->v6 ? 128 : 32, v4 ? PH_V4_BASE : 0, within, MAX_MASK_RANGES, &in)) {
		doubt_set(doubt, "a mask with too many holes for so wide a question",
		    c->at);
		return true;
	}
	return take_side(env, p, ph_piece_cut(env->mem, p, c->dim, in, &out), &out,
	    c, doubt);
}

/*
 * Cut *${p} down to one cube; pieces outside go to ${to}.  NONE leaves *${p}
 * alone and pushes nothing.
 */
static enum ph_cut
cut_cube(const struct ph_match_env *env, struct ph_piece *p,
    const struct ph_cube *t, struct ph_pieces *to)
{
	size_t before = to->n;
	struct ph_piece whole = *p, out;
	bool unsure = false;

	for (int d = 0; d < PH_NDIMS; d++) {
		if (t->d[d] == NULL)
			continue;
		switch (ph_piece_cut(env->mem, p, (enum ph_dim)d, t->d[d], &out)) {
		case PH_CUT_ALL:
			break;
		case PH_CUT_UNSURE:
			unsure = true;
			break;
		case PH_CUT_SPLIT:
			ph_pieces_push(to, &out);
			break;
		case PH_CUT_NONE:
			to->n = before;
			*p = whole;
			return PH_CUT_NONE;
		}
	}
	if (unsure) {
		to->n = before;
		*p = whole;
		return PH_CUT_UNSURE;
	}
	return to->n > before ? PH_CUT_SPLIT : PH_CUT_ALL;
}

/* May any packet of ${p}, as it looks now, be in ${t}?  None without a connection. */
static bool
may_touch(const struct ph_match_env *env, const struct ph_piece *p,
    const struct ph_cube *t)
{
	if (p->no_ct && (t->d[PH_STATUS] != NULL || t->d[PH_CTMARK] != NULL))
		return false;
	for (int d = 0; d < PH_NDIMS; d++)
		if (t->d[d] != NULL && !ph_ranges_overlap(
		    ph_piece_dim(env->mem, p, (enum ph_dim)d), t->d[d]))
			return false;
	return true;
}

/* How a condition on tuples divides a piece. */
struct division {
	struct ph_pieces in, out;
	struct ph_pieces maybe;		/* depends on what is not known before */
};

/* Divide ${from} by one tuple; what is outside stays in it. */
static void
divide_list(const struct ph_match_env *env, struct division *to, struct ph_pieces *from,
    const struct ph_cube *t)
{
	struct ph_pieces kept = { 0 };

	for (size_t i = 0; i < from->n; i++) {
		struct ph_piece p = from->v[i];

		switch (cut_cube(env, &p, t, &kept)) {
		case PH_CUT_NONE:
			ph_pieces_push(&kept, &p);
			break;
		case PH_CUT_UNSURE:
			ph_pieces_push(&to->maybe, &p);
			break;
		default:
			ph_pieces_push(&to->in, &p);
		}
	}
	free(from->v);
	*from = kept;
}

/* What may be in an earlier tuple can still be certain to be in this one. */
static void
divide(const struct ph_match_env *env, struct division *d, const struct ph_cube *t)
{
	struct ph_pieces before = d->maybe;

	d->maybe = (struct ph_pieces){ 0 };
	divide_list(env, d, &before, t);
	divide_list(env, d, &d->out, t);
	for (size_t i = 0; i < before.n; i++)
		ph_pieces_push(&d->maybe, &before.v[i]);
	free(before.v);
}

/*
 * In one of several cubes: a piece falls apart.  One part goes on in *${p}; the
 * others that are inside, or may be, come back to this very rule later and then
 * are wholly so.
 */
static bool
match_tuples(const struct ph_match_env *env, struct ph_piece *p,
    const struct ph_cond *c, struct ph_doubt *doubt)
{
	struct division d = { 0 };
	struct ph_pieces *hit = c->neg ? &d.out : &d.in, *miss = c->neg ? &d.in : &d.out;
	size_t n_hit, n_maybe;

	ph_pieces_push(&d.out, p);
	for (size_t i = 0; i < c->tuples->n && d.out.n + d.maybe.n > 0; i++)
		if (may_touch(env, p, &c->tuples->v[i]))
			divide(env, &d, &c->tuples->v[i]);
	n_hit = hit->n;
	n_maybe = d.maybe.n;
	if (n_hit == 0 && n_maybe > 0)
		doubt_set(doubt, "depends on an address or port that translation "
		    "chooses from a pool", c->at);
	if (n_hit + n_maybe > 0) {
		*p = n_hit > 0 ? hit->v[0] : d.maybe.v[0];
		for (size_t i = 0; i < miss->n; i++)
			push_rest(env, &miss->v[i]);
	}
	for (size_t i = 1; i < n_hit; i++)
		ph_pieces_push(env->rest, &hit->v[i]);
	for (size_t i = n_hit == 0; i < n_maybe; i++)
		ph_pieces_push(env->rest, &d.maybe.v[i]);
	free(d.in.v);
	free(d.out.v);
	free(d.maybe.v);
	return n_hit + n_maybe > 0;
}

enum local { NOT_LOCAL, LOCAL, PERHAPS_LOCAL };

/* A translated source: what masquerading lends is ours, the rest is not said. */
static enum local
lent_local(const struct ph_piece *p, bool dst)
{
	bool source = dst == (p->stage == PH_STAGE_REPLY);

	if (!source)
		return NOT_LOCAL;
	return p->masqueraded ? LOCAL : PERHAPS_LOCAL;
}

static enum local
is_local(const struct ph_match_env *env, const struct ph_piece *p, bool dst)
{
	bool forth = p->stage != PH_STAGE_REPLY;
	const struct ph_view *v = &p->view[dst ? PH_DST : PH_SRC];
	const struct ph_ranges *now = ph_piece_dim(env->mem, p, dst ? PH_DST : PH_SRC);

	if (env->local->n > 0 && now != NULL && ph_ranges_subset(now, env->local))
		return LOCAL;
	if (dst && p->diverted && forth)
		return LOCAL;
	if (v->kind != PH_VIEW_SAME)
		return lent_local(p, dst);
	return p->path == (dst == forth ? PH_PATH_TO : PH_PATH_FROM) ? LOCAL : NOT_LOCAL;
}

static bool
match_local(const struct ph_match_env *env, struct ph_piece *p,
    const struct ph_cond *c, struct ph_doubt *doubt)
{
	enum local is = is_local(env, p, c->kind == PH_COND_DST_LOCAL);

	if (is != PERHAPS_LOCAL)
		return (is == LOCAL) != c->neg;
	doubt_set(doubt, "depends on whether a translated address is the firewall's own",
	    c->at);
	return true;
}

static bool
may_be(const struct ph_match_env *env, const struct ph_piece *p, uint8_t proto)
{
	const struct ph_ranges *now = ph_piece_dim(env->mem, p, PH_PROTO);

	return now == NULL || ph_ranges_has(now, proto);
}

/*
 * Packets of a local socket have its user: those it sent and, where the kernel finds
 * the socket before the input hook, those that come to it.  That is so for all of a
 * connection but the first, and for UDP if the socket is connected.
 */
static bool
match_uid(const struct ph_match_env *env, struct ph_piece *p,
    const struct ph_cond *c, struct ph_doubt *doubt)
{
	bool ours = p->stage == PH_STAGE_REPLY ? p->path == PH_PATH_TO :
	    p->path == PH_PATH_FROM;
	const struct ph_ranges *uid = env->q->uid;

	if (env->point == PH_INPUT && (p->stage != PH_STAGE_FIRST || may_be(env, p, PH_UDP))) {
		doubt_set(doubt, "depends on whether the kernel finds the receiver early", c->at);
		return true;
	}
	if (!ours)
		return c->nobody;
	if (p->stage == PH_STAGE_REPLY && (may_be(env, p, PH_ICMP) || may_be(env, p, PH_ICMPV6))) {
		doubt_set(doubt, "depends on whether the kernel itself answers", c->at);
		return true;
	}
	if (uid != NULL && ph_ranges_subset(uid, c->ranges))
		return !c->neg;
	if (uid != NULL && !ph_ranges_overlap(uid, c->ranges))
		return c->neg;
	doubt_set(doubt, "depends on which user runs the program", c->at);
	return true;
}

static bool
match_app(const struct ph_match_env *env, struct ph_piece *p,
    const struct ph_cond *c, struct ph_doubt *doubt)
{
	(void)p;
	if (env->q->app != NULL)
		return (strcmp(env->q->app, c->text) == 0) != c->neg;
	doubt_set(doubt, "depends on which program receives it", c->at);
	return true;
}

static bool
match_rate(const struct ph_match_env *env, struct ph_piece *p,
    const struct ph_cond *c, struct ph_doubt *doubt)
{
	(void)doubt;
	if (p->fate.rate_at.src == NULL)
		p->fate.rate_at = c->at;
	return env->rates_exceeded == c->neg;
}

static bool
match_opaque(const struct ph_match_env *env, struct ph_piece *p,
    const struct ph_cond *c, struct ph_doubt *doubt)
{
	(void)env;
	(void)p;
	doubt_set(doubt, c->text, c->at);
	return true;
}

typedef bool match_h(const struct ph_match_env *, struct ph_piece *,
    const struct ph_cond *, struct ph_doubt *);

static match_h *const matchers[] = {
	[PH_COND_RANGES] = match_ranges,
	[PH_COND_MASK] = match_mask,
	[PH_COND_TUPLES] = match_tuples,
	[PH_COND_ORIG] = match_orig,
	[PH_COND_SRC_LOCAL] = match_local,
	[PH_COND_DST_LOCAL] = match_local,
	[PH_COND_UID] = match_uid,
	[PH_COND_APP] = match_app,
	[PH_COND_RATE] = match_rate,
	[PH_COND_OPAQUE] = match_opaque,
};

/* Conditions that only look come first: a rule that fails them costs nothing. */
static bool
fails_early(const struct ph_match_env *env, const struct ph_piece *p,
    const struct ph_rule *r)
{
	for (size_t i = 0; i < r->n_conds; i++) {
		const struct ph_cond *c = &r->conds[i];

		if (c->kind == PH_COND_RANGES && !c->neg && !ph_ranges_overlap(
		    ph_piece_dim(env->mem, p, c->dim), c->ranges))
			return true;
	}
	return false;
}

/*
 * Destinations first: what is left then are strips of all sources, and the many
 * rules from anywhere to one place cut only the strip of that place.
 */
static bool
match_conds(const struct ph_match_env *env, struct ph_piece *p,
    const struct ph_rule *r, bool dst, struct ph_doubt *doubt)
{
	for (size_t i = 0; i < r->n_conds; i++)
		if ((r->conds[i].dim == PH_DST) == dst &&
		    !matchers[r->conds[i].kind](env, p, &r->conds[i], doubt))
			return false;
	return true;
}

bool
ph_match_rule(const struct ph_match_env *env, struct ph_piece *p,
    const struct ph_rule *r, struct ph_doubt *doubt)
{
	*doubt = (struct ph_doubt){ 0 };
	if (fails_early(env, p, r))
		return false;
	return match_conds(env, p, r, true, doubt) && match_conds(env, p, r, false, doubt);
}
