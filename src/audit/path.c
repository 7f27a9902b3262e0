/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "audit/path.h"
#include "net/names.h"

enum { MAX_POINTS = 4, HOOK_BITS = 16 };

static const enum ph_hook_point way[3][2][MAX_POINTS] = {
	[PH_PATH_THROUGH] = {
		{ PH_PREROUTING, PH_FORWARD, PH_SERVICE, PH_POSTROUTING },
		{ PH_PREROUTING, PH_FORWARD, PH_POSTROUTING, PH_NHOOKS },
	},
	[PH_PATH_TO] = {
		{ PH_PREROUTING, PH_INPUT, PH_SERVICE, PH_NHOOKS },
		{ PH_OUTPUT, PH_POSTROUTING, PH_NHOOKS, PH_NHOOKS },
	},
	[PH_PATH_FROM] = {
		{ PH_OUTPUT, PH_SERVICE, PH_POSTROUTING, PH_NHOOKS },
		{ PH_PREROUTING, PH_INPUT, PH_NHOOKS, PH_NHOOKS },
	},
};

/* Where in the kernel's order; nat chains hang on fixed places. */
static int
effective_priority(const struct ph_hook *h)
{
	if (h->kind != PH_HOOK_NAT)
		return h->priority;
	switch (h->point) {
	case PH_PREROUTING:
	case PH_OUTPUT:
		return PH_PRIO_DSTNAT;
	case PH_INPUT:
	case PH_POSTROUTING:
		return PH_PRIO_SRCNAT;
	default:
		return h->priority;
	}
}

/* Where a base chain stands among those of its hook. */
struct rank {
	const struct ph_hook *hook;
	size_t since;			/* when its place was taken */
	int priority;			/* of that place */
};

/*
 * Of equals the one that came last goes first (nf_hook_entries_grow()).  All nat
 * chains share the place that the first of them took, and are ordered there.
 */
static int
compare(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	if (x->since != y->since)
		return x->since > y->since ? -1 : 1;
	if (x->hook->priority != y->hook->priority)
		return x->hook->priority < y->hook->priority ? -1 : 1;
	return x->hook > y->hook ? -1 : x->hook < y->hook;
}

/* The first nat chain that sees what ${h} sees; n_hooks: none. */
static size_t
nat_since(const struct ph_ruleset *rs, const struct ph_hook *h)
{
	size_t i = 0;

	while (i < rs->n_hooks && (rs->hooks[i].kind != PH_HOOK_NAT ||
	    (rs->hooks[i].families & h->families) == 0))
		i++;
	return i;
}

static size_t
since(const struct ph_ruleset *rs, const struct ph_hook *h)
{
	return h->kind == PH_HOOK_NAT ? nat_since(rs, h) : (size_t)(h - rs->hooks);
}

/* Does ${h} stand behind the place of translation, which is for all points alike? */
static bool
behind_nat(const struct ph_ruleset *rs, const struct ph_hook *h)
{
	bool dst = h->point == PH_PREROUTING || h->point == PH_OUTPUT;
	int place = dst ? PH_PRIO_DSTNAT : PH_PRIO_SRCNAT;
	size_t nat = nat_since(rs, h);

	if (h->point == PH_FORWARD || effective_priority(h) != place)
		return h->point != PH_FORWARD && effective_priority(h) > place;
	return h->kind == PH_HOOK_NAT || nat > since(rs, h);
}

static void
sort_point(struct ph_arena *mem, const struct ph_ruleset *rs,
    enum ph_hook_point point, struct ph_hooks *out)
{
	struct rank *v = ph_arena_array(mem, rs->n_hooks, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < rs->n_hooks; i++) {
		const struct ph_hook *h = &rs->hooks[i];

		if (h->point == point)
			v[n++] = (struct rank){ h, since(rs, h), effective_priority(h) };
	}
	qsort(v, n, sizeof(*v), compare);
	out->v[point] = ph_arena_array(mem, n, sizeof(*out->v[point]));
	out->translated[point] = ph_arena_array(mem, n, sizeof(*out->translated[point]));
	out->n[point] = n;
	for (size_t i = 0; i < n; i++) {
		out->v[point][i] = v[i].hook;
		out->translated[point][i] = behind_nat(rs, v[i].hook);
	}
}

void
ph_path_hooks(struct ph_arena *mem, const struct ph_ruleset *rs,
    struct ph_hooks *out)
{
	*out = (struct ph_hooks){ 0 };
	for (int point = 0; point < PH_NHOOKS; point++)
		sort_point(mem, rs, (enum ph_hook_point)point, out);
}

static struct ph_view
same(enum ph_dim d)
{
	return (struct ph_view){ .kind = PH_VIEW_SAME, .of = d };
}

static bool
is_v4(const struct ph_piece *p)
{
	const struct ph_ranges *src = p->q.d[PH_SRC];

	return src == NULL || src->n == 0 || ph_addr_is_v4(src->r[0].lo);
}

static bool
only_proto(const struct ph_piece *p, uint8_t proto)
{
	const struct ph_ranges *r = p->q.d[PH_PROTO];

	return r != NULL && r->n == 1 && r->r[0].lo == proto && r->r[0].hi == proto;
}

static bool
is_icmp(const struct ph_piece *p)
{
	return only_proto(p, PH_ICMP) || only_proto(p, PH_ICMPV6);
}

static void
view_flags(struct ph_arena *mem, struct ph_piece *p)
{
	static const unsigned flags[] = {
		[PH_STAGE_FIRST] = PH_SYN, [PH_STAGE_REPLY] = PH_SYN | PH_ACK,
		[PH_STAGE_LATER] = PH_ACK,
	};

	if (p->stage == PH_STAGE_FIRST && p->q.d[PH_FLAGS] != NULL)
		return;
	p->view[PH_FLAGS] = ph_view_const(mem, only_proto(p, PH_TCP) ?
	    ph_flags_encode(flags[p->stage]) : 0);
}

/* A reply comes from where the translated opener went. */
static void
view_reply(struct ph_piece *p)
{
	p->view[PH_SRC] = p->nat[PH_DST];
	p->view[PH_DST] = p->nat[PH_SRC];
	p->view[PH_SPORT] = p->nat[PH_DPORT];
	p->view[PH_DPORT] = p->nat[PH_SPORT];
}

static void
view_icmp_reply(struct ph_arena *mem, struct ph_piece *p)
{
	ph_u128 type = p->q.d[PH_DPORT]->r[0].lo;

	p->view[PH_SPORT] = ph_view_const(mem, 0);
	p->view[PH_DPORT] = ph_view_const(mem, !is_v4(p) ? type + 1 :
	    type == 8 ? 0 : type + 1);
}

void
ph_path_start(struct ph_arena *mem, struct ph_piece *p, enum ph_stage stage)
{
	struct ph_view zero = ph_view_const(mem, 0);

	p->stage = stage;
	p->hook = 0;
	p->frame = NULL;
	p->tmpl = NULL;
	p->untracked = p->src_done = p->dst_done = false;
	for (int d = PH_SRC; d <= PH_PROTO; d++)
		p->view[d] = same((enum ph_dim)d);
	if (stage == PH_STAGE_FIRST) {
		p->view[PH_STATUS] = p->view[PH_CTMARK] = zero;
		p->view[PH_FLAGS] = same(PH_FLAGS);
	}
	p->view[PH_MARK] = zero;
	view_flags(mem, p);
	if (stage != PH_STAGE_REPLY)
		return;
	view_reply(p);
	if (is_icmp(p))
		view_icmp_reply(mem, p);
}

/* Translation of a connection that the opener's nat chains decided. */
static void
apply_dst(struct ph_piece *p)
{
	bool reply = p->stage == PH_STAGE_REPLY;

	if (p->dst_done || p->stage == PH_STAGE_FIRST || p->first_untracked)
		return;
	p->dst_done = true;
	p->view[PH_DST] = reply ? same(PH_SRC) : p->nat[PH_DST];
	if (!is_icmp(p))
		p->view[PH_DPORT] = reply ? same(PH_SPORT) : p->nat[PH_DPORT];
}

static void
apply_src(struct ph_piece *p)
{
	bool reply = p->stage == PH_STAGE_REPLY;

	if (p->src_done || p->stage == PH_STAGE_FIRST || p->first_untracked)
		return;
	p->src_done = true;
	p->view[PH_SRC] = reply ? same(PH_DST) : p->nat[PH_SRC];
	if (!is_icmp(p))
		p->view[PH_SPORT] = reply ? same(PH_DPORT) : p->nat[PH_SPORT];
}

static void
apply_nat(struct ph_piece *p, enum ph_hook_point point)
{
	if (point == PH_PREROUTING || point == PH_OUTPUT)
		apply_dst(p);
	if (point == PH_POSTROUTING || point == PH_INPUT)
		apply_src(p);
}

/* Tracking has seen the opener only, and TCP does not go on without the answer. */
static bool
lost_answer(const struct ph_piece *p)
{
	return p->stage == PH_STAGE_LATER && p->reply_untracked && !p->first_untracked;
}

/*
 * Met in its middle: TCP from the side that tracking does not expect, and answers of
 * ICMP, which begin nothing (icmp_new(), icmpv6_new()).
 */
static bool
no_beginning(const struct ph_piece *p)
{
	bool answer = p->stage == PH_STAGE_REPLY && p->first_untracked;

	return (answer && is_icmp(p)) || (only_proto(p, PH_TCP) && (answer || lost_answer(p)));
}

/* Does translation give dimension ${d} another value? */
static enum ph_cut
translated(const struct ph_piece *p, int d)
{
	const struct ph_view *v = &p->nat[d];
	const struct ph_ranges *was = p->q.d[d];

	if (v->kind == PH_VIEW_SAME && (int)v->of == d)
		return PH_CUT_NONE;
	if (v->kind == PH_VIEW_SHIFT)
		return PH_CUT_ALL;
	if (v->kind == PH_VIEW_SAME)
		return PH_CUT_UNSURE;
	if (!ph_ranges_overlap(v->own, was))
		return PH_CUT_ALL;
	return v->own != NULL && was != NULL && ph_ranges_equal(v->own, was) &&
	    was->n == 1 && was->r[0].lo == was->r[0].hi ? PH_CUT_NONE : PH_CUT_UNSURE;
}

enum ph_cut
ph_path_untranslated(const struct ph_piece *p)
{
	enum ph_cut all = PH_CUT_NONE;

	if (p->stage == PH_STAGE_FIRST || !(p->untracked || no_beginning(p)))
		return PH_CUT_NONE;
	for (int d = PH_SRC; d <= PH_DPORT && all != PH_CUT_ALL; d++) {
		enum ph_cut one = translated(p, d);

		all = one == PH_CUT_NONE ? all : one;
	}
	return all;
}

/* What connection tracking says of this packet of the connection. */
static struct ph_view
state_now(struct ph_arena *mem, const struct ph_piece *p)
{
	if (p->untracked)
		return ph_view_const(mem, PH_UNTRACKED);
	if (p->no_ct)
		return ph_view_const(mem, PH_INVALID);
	if (p->stage == PH_STAGE_FIRST || lost_answer(p))
		return ph_view_const(mem, PH_NEW);
	if (!p->first_untracked)
		return ph_view_const(mem, p->stage == PH_STAGE_REPLY ?
		    PH_EST_REPLY : PH_EST_ORIG);
	/* tracking meets the connection in its middle */
	if (p->stage == PH_STAGE_REPLY)
		return ph_view_const(mem, PH_NEW);
	return (struct ph_view){
		/* "invalid" may have been made "untracked" since */
		.kind = PH_VIEW_OWN, .own = ph_ranges_one(mem, PH_NEW, PH_UNTRACKED),
	};
}

static void
view_ifaces(struct ph_arena *mem, struct ph_piece *p, enum ph_hook_point point)
{
	bool reply = p->stage == PH_STAGE_REPLY;
	bool has_in = point != PH_OUTPUT &&
	    (point != PH_POSTROUTING || p->path == PH_PATH_THROUGH);
	bool has_out = point != PH_PREROUTING && point != PH_INPUT;
	struct ph_view none = ph_view_const(mem, 0);
	/* our answer to whom INPUT had translated is routed before that is undone */
	bool astray = reply && point == PH_OUTPUT && p->nat[PH_SRC].kind != PH_VIEW_SAME;

	p->view[PH_IIF] = has_in ? same(reply ? PH_OIF : PH_IIF) : none;
	p->view[PH_OIF] = has_out ? same(reply ? PH_IIF : PH_OIF) : none;
	if (p->rerouted && (reply ? has_in : has_out))
		p->view[reply ? PH_IIF : PH_OIF] = (struct ph_view){ .kind = PH_VIEW_OWN };
	if (astray)
		p->view[PH_OIF] = (struct ph_view){ .kind = PH_VIEW_OWN };
}

static enum ph_hook_point
point_at(const struct ph_piece *p)
{
	unsigned step = p->hook >> HOOK_BITS;

	return step >= MAX_POINTS ? PH_NHOOKS :
	    way[p->path][p->stage == PH_STAGE_REPLY][step];
}

const struct ph_hook *
ph_path_hook(const struct ph_hooks *hooks, const struct ph_piece *p)
{
	/* hook counts from 1 inside a point: it is the next one's number */
	return hooks->v[point_at(p)][(p->hook & ((1U << HOOK_BITS) - 1)) - 1];
}

/* After PREROUTING the destination decides whether it stays here. */
static void
route(struct ph_piece *p)
{
	if (p->stage != PH_STAGE_FIRST)
		return;
	if (p->path == PH_PATH_THROUGH && p->diverted)
		p->path = PH_PATH_TO;
	else if (p->path == PH_PATH_TO && !p->diverted &&
	    p->view[PH_DST].kind != PH_VIEW_SAME) {
		p->path = PH_PATH_THROUGH;
		p->rerouted = true;
	}
}

static void
leave_point(struct ph_piece *p, enum ph_hook_point point)
{
	apply_nat(p, point);
	if (point == PH_PREROUTING)
		route(p);
	p->hook = ((p->hook >> HOOK_BITS) + 1) << HOOK_BITS;
}

/* Tracking, which has not seen the opener, takes this for one, or may do so. */
static bool
seems_first(const struct ph_piece *p)
{
	return p->stage == PH_STAGE_FIRST || (p->first_untracked && !no_beginning(p));
}

static bool
visits(const struct ph_piece *p, const struct ph_hook *h)
{
	if ((h->families & (is_v4(p) ? PH_FAMILY_4 : PH_FAMILY_6)) == 0)
		return false;
	return h->kind != PH_HOOK_NAT ||
	    (seems_first(p) && !p->untracked);
}

static void
enter_hook(struct ph_arena *mem, struct ph_piece *p, const struct ph_hook *h,
    bool translated)
{
	struct ph_frame *f = PH_NEW(mem, struct ph_frame);

	f->chain = h->chain;
	p->frame = f;
	p->next = 0;
	if (translated)
		apply_nat(p, h->point);
	p->no_ct = p->untracked || (effective_priority(h) < PH_PRIO_CONNTRACK &&
	    (h->point == PH_PREROUTING || h->point == PH_OUTPUT)) || no_beginning(p);
	p->view[PH_STATE] = state_now(mem, p);
	view_ifaces(mem, p, h->point);
}

const struct ph_hook *
ph_path_next(struct ph_arena *mem, const struct ph_hooks *hooks,
    struct ph_piece *p)
{
	enum ph_hook_point point;

	while ((point = point_at(p)) != PH_NHOOKS) {
		unsigned i = p->hook & ((1U << HOOK_BITS) - 1);
		const struct ph_hook *h;

		if (i >= hooks->n[point]) {
			leave_point(p, point);
			continue;
		}
		h = hooks->v[point][i];
		p->hook++;
		if (!visits(p, h))
			continue;
		enter_hook(mem, p, h, hooks->translated[point][i]);
		return h;
	}
	return NULL;
}
