/* SPDX-License-Identifier: ISC */
#include "audit/judge.h"

const struct ph_ranges *
ph_judge_ifaces(struct ph_arena *mem, const char *const *names, size_t n)
{
	struct ph_range *v = ph_arena_array(mem, n, sizeof(*v));

	for (size_t i = 0; i < n; i++)
		v[i].lo = v[i].hi = ph_iface_encode(ph_str(names[i]));
	return n == 0 ? NULL : ph_ranges_from(mem, v, n);
}

/* A host talks to others on every interface but the loopback. */
static const struct ph_ranges *
host_ifaces(struct ph_arena *mem, const struct ph_ranges *named)
{
	ph_u128 lo = ph_iface_encode(PH_STR("lo"));
	struct ph_range not_lo[] = { { 1, lo - 1 }, { lo + 1, PH_U128_MAX } };

	return named != NULL ? named : ph_ranges_from(mem, not_lo, 2);
}

static void
set_sides(struct ph_arena *mem, const struct ph_requirement *r,
    const struct ph_audit_opts *o, struct ph_question *q)
{
	const struct ph_sides *s = &o->sides;
	const struct ph_ranges *in = ph_judge_ifaces(mem, s->inside, s->n_inside);
	const struct ph_ranges *out = ph_judge_ifaces(mem, s->outside, s->n_outside);

	if (s->host) {
		q->path = r->direction == PH_OUT ? PH_PATH_FROM : PH_PATH_TO;
		q->iif = q->oif = host_ifaces(mem, out);
		return;
	}
	q->path = PH_PATH_THROUGH;
	q->iif = r->direction == PH_OUT ? in : out;
	q->oif = r->direction == PH_OUT ? out : in;
}

size_t
ph_judge_question(struct ph_arena *mem, const struct ph_requirement *r,
    const struct ph_audit_opts *o, struct ph_question q[2])
{
	const struct ph_range family[] = { PH_ANY_V4, PH_ANY_V6 };
	size_t n = 0;

	for (int f = 0; f < 2; f++) {
		struct ph_cube only = { 0 };

		only.d[PH_SRC] = only.d[PH_DST] =
		    ph_ranges_one(mem, family[f].lo, family[f].hi);
		q[n] = (struct ph_question){ .uid = o->uid, .app = r->app };
		if (!ph_cube_intersect(mem, &r->need_cube, &only, &q[n].cube))
			continue;
		set_sides(mem, r, o, &q[n]);
		n++;
	}
	return n;
}

enum ph_verdict
ph_judge_sum(const struct ph_part *parts, size_t n)
{
	bool open = false, shut = false, unknown = false;

	for (size_t i = 0; i < n; i++) {
		open |= parts[i].verdict == PH_OPEN;
		shut |= parts[i].verdict == PH_BLOCKED;
		unknown |= parts[i].verdict == PH_UNKNOWN;
	}
	if (shut)
		return open || unknown ? PH_PARTLY : PH_BLOCKED;
	return unknown || !open ? PH_UNKNOWN : PH_OPEN;
}

void
ph_judge(struct ph_arena *mem, const struct ph_ruleset *rs,
    const struct ph_requirement *r, const struct ph_audit_opts *o,
    struct ph_flow *f)
{
	struct ph_question q[2];
	size_t n = ph_judge_question(mem, r, o, q);
	struct ph_answer a = { 0 };

	for (size_t i = 0; i < n; i++)
		ph_walk(mem, rs, &q[i], &a);
	*f = (struct ph_flow){
		.req = r, .parts = a.parts, .n_parts = a.n,
		.verdict = ph_judge_sum(a.parts, a.n),
	};
}
