/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "audit/act.h"
#include "audit/fates.h"
#include "audit/match.h"
#include "audit/path.h"
#include "audit/resolve.h"
#include "audit/seen.h"
#include "audit/slice.h"
#include "net/names.h"

/*
 * DOC: The walk
 *
 * A stack of pieces; each is followed through rule after rule until its fate
 * is known.  A rule that matches a part of a piece splits it.  Where a match or
 * an action is not certain, the piece goes both ways and carries the doubt;
 * ph_resolve() joins such possible fates.  Both ways often meet again at the
 * same rule: the second one to come is dropped (audit/seen.h), so that doubts
 * add up and do not multiply.
 */

enum { MAX_DOUBTFUL = 50000 };		/* pieces; beyond, the answer is unknown */

struct walk {
	struct ph_arena *keep;		/* of the answer */
	struct ph_arena *mem;		/* of the pieces, rewound on the way */
	const struct ph_ruleset *rs;
	const struct ph_question *q;
	struct ph_match_env env;
	struct ph_hooks hooks;
	struct ph_pieces todo;
	struct ph_seen seen;
	size_t doubtful;
	struct ph_fates certain, possible;	/* possible: with a doubt */
};

/* The fate of ${p} is ${verdict}. */
static void
finish(struct walk *w, const struct ph_piece *p, enum ph_verdict verdict,
    const char *why)
{
	struct ph_part part = p->fate;

	part.cube = p->q;
	part.verdict = verdict;
	part.stage = p->stage;
	part.why = why;
	if (p->doubt.why == NULL) {
		ph_fates_add(&w->certain, &part);
		return;
	}
	if (verdict == PH_OPEN) {
		part.by = p->doubt.at;
		part.why = p->doubt.why;
	}
	ph_fates_add(&w->possible, &part);
}

static void
decided_by(struct ph_piece *p, enum ph_hook_point point, struct ph_span at,
    size_t index)
{
	p->fate.point = point;
	p->fate.by = at;
	p->fate.chain = p->frame->chain;
	p->fate.index = index;
}

/* The opener's first acceptance by a written filter rule is what opened it. */
static void
note_accept(struct ph_piece *p, const struct ph_hook *h, struct ph_span at,
    size_t index, bool written)
{
	bool filter = h->kind == PH_HOOK_FILTER && (h->point == PH_FORWARD ||
	    h->point == PH_INPUT || h->point == PH_OUTPUT);

	if (p->stage != PH_STAGE_FIRST || p->decided_in_filter || !filter)
		return;
	decided_by(p, h->point, at, index);
	p->decided_in_filter = written;
}

static bool
one_value(const struct ph_ranges *r)
{
	return r != NULL && r->n == 1 && r->r[0].lo == r->r[0].hi;
}

static bool
is_proto(const struct ph_piece *p, uint8_t proto)
{
	const struct ph_ranges *r = p->q.d[PH_PROTO];

	return one_value(r) && r->r[0].lo == proto;
}

/* Of ICMP only requests are answered (RFC 792, RFC 4443). */
static bool
is_answered(const struct ph_piece *p)
{
	static const uint8_t requests[] = { 8, 13, 15, 17 };
	const struct ph_ranges *type = p->q.d[PH_DPORT];

	if (is_proto(p, PH_ICMPV6))
		return one_value(type) && type->r[0].lo == 128;
	if (!is_proto(p, PH_ICMP))
		return true;
	for (size_t i = 0; one_value(type) && i < sizeof(requests); i++)
		if (type->r[0].lo == requests[i])
			return true;
	return false;
}

/* Platforms that know connections ask no rule about the rest of one. */
static bool
replies_pass(const struct walk *w, const struct ph_piece *p)
{
	return w->rs->stateful && !is_proto(p, PH_ICMP) && !is_proto(p, PH_ICMPV6);
}

/* The opener passed; remember how it looked and send the reply. */
static void
end_first(struct walk *w, struct ph_piece *p)
{
	if (p->diverted && w->q->path != PH_PATH_TO) {
		p->fate.by = p->fate.nat_at;
		finish(w, p, PH_BLOCKED, "redirected to the firewall itself");
		return;
	}
	if (p->rerouted && w->q->path == PH_PATH_TO) {
		p->fate.by = p->fate.nat_at;
		finish(w, p, PH_BLOCKED, "translated to another host's address");
		return;
	}
	if (w->q->first_only || !is_answered(p) || replies_pass(w, p)) {
		finish(w, p, PH_OPEN, NULL);
		return;
	}
	for (int d = PH_SRC; d <= PH_DPORT; d++)
		p->nat[d] = p->view[d];
	p->first_untracked = p->untracked;
	ph_path_start(w->mem, p, PH_STAGE_REPLY);
	ph_pieces_push(&w->todo, p);
}

static void
end_stage(struct walk *w, struct ph_piece *p)
{
	enum ph_cut wrong = ph_path_untranslated(p);

	if (wrong != PH_CUT_NONE) {
		p->fate.by = p->fate.nat_at;
		finish(w, p, wrong == PH_CUT_ALL ? PH_BLOCKED : PH_UNKNOWN,
		    "not translated, because it is not tracked");
		return;
	}
	switch (p->stage) {
	case PH_STAGE_FIRST:
		end_first(w, p);
		break;
	case PH_STAGE_REPLY:
		p->reply_untracked = p->untracked;
		ph_path_start(w->mem, p, PH_STAGE_LATER);
		ph_pieces_push(&w->todo, p);
		break;
	case PH_STAGE_LATER:
		finish(w, p, PH_OPEN, NULL);
		break;
	}
}

/* Go both ways.  ${p} stays with the caller, the copy goes on as ${other}. */
static void
fork_piece(struct walk *w, struct ph_piece *p, struct ph_doubt why)
{
	if (p->doubt.why == NULL)
		p->doubt = why;
	w->doubtful++;
}

static bool
is_repeat(struct walk *w, const struct ph_piece *p)
{
	return p->doubt.why != NULL && ph_seen_before(w->keep, &w->seen, p);
}

/*
 * Base chain passed: the next one, or the end of the stage.  A later packet comes to
 * a nat chain only if tracking takes it for the first one of a connection.
 */
static bool
next_hook(struct walk *w, struct ph_piece *p)
{
	const struct ph_hook *h = ph_path_next(w->mem, &w->hooks, p);
	struct ph_piece past;

	if (h == NULL) {
		end_stage(w, p);
		return false;
	}
	if (h->kind == PH_HOOK_NAT && p->stage == PH_STAGE_LATER) {
		fork_piece(w, p, (struct ph_doubt){ "tracking meets the connection in its "
		    "middle", h->chain->at });
		past = *p;
		if (next_hook(w, &past))
			ph_pieces_push(&w->todo, &past);
	}
	return !is_repeat(w, p);
}

static bool
drop(struct walk *w, struct ph_piece *p, const struct ph_hook *h,
    struct ph_span at, size_t index)
{
	decided_by(p, h->point, at, index);
	finish(w, p, PH_BLOCKED, NULL);
	return false;
}

static bool
end_of_base(struct walk *w, struct ph_piece *p, const struct ph_hook *h)
{
	if (h->policy == PH_ACT_DROP)
		return drop(w, p, h, h->policy_at, p->frame->chain->n);
	note_accept(p, h, h->policy_at, h->chain->n, false);
	return next_hook(w, p);
}

/* Back to the caller; when there is none, the policy decides. */
static bool
end_of_chain(struct walk *w, struct ph_piece *p, const struct ph_hook *h)
{
	return ph_act_return(p) ? !is_repeat(w, p) : end_of_base(w, p, h);
}

/*
 * Any verdict is possible: all are followed.  Where packets can be sent elsewhere, by
 * translation or by a program, that cannot.
 */
static bool
anything(struct walk *w, struct ph_piece *p, const struct ph_hook *h,
    const struct ph_rule *r)
{
	struct ph_piece dropped = *p, accepted = *p, elsewhere = *p;

	drop(w, &dropped, h, r->at, p->next);
	if (h->kind == PH_HOOK_NAT || h->point == PH_PREROUTING) {
		decided_by(&elsewhere, h->point, r->at, p->next);
		finish(w, &elsewhere, PH_UNKNOWN, p->doubt.why);
	}
	if (next_hook(w, &accepted))
		ph_pieces_push(&w->todo, &accepted);
	p->next++;
	return !is_repeat(w, p);
}

static bool
perform(struct walk *w, struct ph_piece *p, const struct ph_hook *h,
    const struct ph_rule *r, struct ph_doubt *doubt)
{
	size_t index = p->next;

	switch (ph_act_run(w->mem, p, r, doubt)) {
	case PH_GO_ON:
		return true;
	case PH_MOVED:
		return !is_repeat(w, p);
	case PH_ACCEPTED:
		note_accept(p, h, r->at, index, !r->implicit);
		return next_hook(w, p);
	case PH_DROPPED:
		return drop(w, p, h, r->at, index);
	case PH_POLICY:
		return end_of_base(w, p, h);
	case PH_ANYTHING:
		fork_piece(w, p, *doubt);
		return anything(w, p, h, r);
	}
	return false;
}

/* One rule; false when the piece is done or handed on. */
static bool
step(struct walk *w, struct ph_piece *p, const struct ph_hook *h)
{
	const struct ph_rule *r = &p->frame->chain->rules[p->next];
	struct ph_doubt doubt = { 0 };
	struct ph_piece other;

	w->env.point = h->point;
	if (!ph_match_rule(&w->env, p, r, &doubt)) {
		p->next++;
		return true;
	}
	if (doubt.why != NULL && ph_act_matters(r)) {
		fork_piece(w, p, doubt);
		other = *p;
		other.next++;
		if (!is_repeat(w, &other))
			ph_pieces_push(&w->todo, &other);
	}
	return perform(w, p, h, r, &doubt);
}

static void
follow(struct walk *w, struct ph_piece *p)
{
	if (p->frame == NULL && !next_hook(w, p))
		return;
	ph_slice_narrow(w->keep, w->mem, p);
	for (;;) {
		const struct ph_hook *h = ph_path_hook(&w->hooks, p);

		if (p->doubt.why != NULL && w->doubtful > MAX_DOUBTFUL) {
			finish(w, p, PH_UNKNOWN, "too many possibilities to follow");
			return;
		}
		ph_slice_next(w->keep, w->mem, p);
		if (p->next >= p->frame->chain->n ? !end_of_chain(w, p, h) :
		    !step(w, p, h))
			return;
	}
}

/* Statements of no rule that could change any answer. */
static bool
whole_file_unknown(struct walk *w)
{
	struct ph_piece p = { .q = w->q->cube };

	if (w->rs->gaps == NULL)
		return false;
	p.fate.by = w->rs->gaps->at;
	finish(w, &p, PH_UNKNOWN, w->rs->gaps->why);
	return true;
}

static void
start_with(struct walk *w, const struct ph_cube *c)
{
	struct ph_piece p = { .q = *c, .path = w->q->path, .ifaces = w->rs->ifaces };

	ph_path_start(w->mem, &p, PH_STAGE_FIRST);
	ph_pieces_push(&w->todo, &p);
}

/* TCP and ICMP have flags and types to follow: each protocol on its own. */
static void
start(struct walk *w)
{
	static const uint8_t own[] = { PH_TCP, PH_ICMP, PH_ICMPV6 };
	struct ph_cube rest = w->q->cube, part;
	struct ph_set left = { 0 };

	rest.d[PH_IIF] = w->q->path == PH_PATH_FROM ? NULL : w->q->iif;
	rest.d[PH_OIF] = w->q->path == PH_PATH_TO ? NULL : w->q->oif;
	ph_set_add(w->mem, &left, &rest);
	for (size_t i = 0; i < sizeof(own); i++) {
		struct ph_cube only = { 0 };

		only.d[PH_PROTO] = ph_ranges_one(w->mem, own[i], own[i]);
		if (!ph_cube_intersect(w->mem, &rest, &only, &part))
			continue;
		start_with(w, &part);
		ph_set_subtract_cube(w->mem, &left, &only);
	}
	for (size_t i = 0; i < left.n; i++)
		start_with(w, &left.v[i]);
}

/* Addresses the configuration says are the firewall's own. */
static const struct ph_ranges *
local_addresses(struct ph_arena *mem, const struct ph_ruleset *rs)
{
	const struct ph_ranges *all = ph_ranges_none();

	for (const struct ph_iface *i = rs->ifaces; i != NULL; i = i->next)
		if (i->addrs != NULL)
			all = ph_ranges_union(mem, all, i->addrs);
	return all;
}

static void
follow_all(struct walk *w)
{
	while (w->todo.n > 0) {
		struct ph_piece p = w->todo.v[--w->todo.n];

		ph_arena_rewind(w->mem, p.mark);
		follow(w, &p);
	}
	free(w->todo.v);
}

static void
answer(struct walk *w, struct ph_answer *out)
{
	struct ph_part *v;
	size_t n;

	v = ph_fates_end(&w->certain, &n);
	ph_answer_take(w->keep, out, v, n);
	v = ph_fates_end(&w->possible, &n);
	ph_resolve(w->keep, v, n, out);
}

void
ph_walk(struct ph_arena *mem, const struct ph_ruleset *rs,
    const struct ph_question *q, struct ph_answer *out)
{
	struct ph_arena scratch = { .oom = mem->oom, .pages = mem->pages };
	struct walk w = {
		.keep = mem, .mem = &scratch, .rs = rs, .q = q,
		.todo = { .scratch = &scratch },
		.certain = { .mem = mem }, .possible = { .mem = mem },
	};

	w.env = (struct ph_match_env){
		.mem = &scratch, .q = q, .local = local_addresses(mem, rs),
		.rates_exceeded = q->rates_exceeded, .rest = &w.todo,
	};
	ph_path_hooks(mem, rs, &w.hooks);
	if (!whole_file_unknown(&w))
		start(&w);
	follow_all(&w);
	answer(&w, out);
	ph_arena_fini(&scratch);
}
