/* SPDX-License-Identifier: ISC */
#include "audit/judge.h"
#include "cmd/answer.h"
#include "net/names.h"
#include "os/progress.h"
#include "report/diff.h"
#include "report/json.h"

static const enum ph_opt_id opts[] = {
	PH_OPT_INSIDE, PH_OPT_OUTSIDE, PH_OPT_DIALECT, PH_OPT_IPSET,
	PH_OPT_W, PH_OPT_E, PH_OPT_JSON, PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END,
};

/*
 * DOC: What diff asks
 *
 * Every packet there is: both families, every protocol, every port.  Where both
 * configurations speak of the same interfaces, on all of them at once; where
 * they are of different platforms, out and in between the sides of each, since
 * names then differ.  Packets to and from the firewall itself where it filters
 * them.
 */
struct asked {
	struct ph_arena *mem;
	const struct ph_ruleset *rs[2];	/* old, new */
	struct ph_sides sides[2];
	bool named;			/* between sides, not on all interfaces */
	struct ph_question *q[2];
	size_t n[2], cap[2];
	const char **ways;		/* by question, for the report */
	size_t n_ways, cap_ways;
};

/* One class of protocols whose ports mean the same. */
struct class {
	struct ph_range proto[4];
	unsigned n;
	unsigned families;
	ph_u128 max_sport, max_dport;
};

static const struct class classes[] = {
	{ { { PH_TCP, PH_TCP } }, 1, PH_FAMILY_4 | PH_FAMILY_6, 65535, 65535 },
	{ { { PH_UDP, PH_UDP } }, 1, PH_FAMILY_4 | PH_FAMILY_6, 65535, 65535 },
	{ { { PH_ICMP, PH_ICMP } }, 1, PH_FAMILY_4, 255, 255 },
	{ { { PH_ICMPV6, PH_ICMPV6 } }, 1, PH_FAMILY_6, 255, 255 },
	{ { { PH_DCCP, PH_DCCP }, { PH_SCTP, PH_SCTP }, { PH_UDPLITE, PH_UDPLITE } }, 3,
	    PH_FAMILY_4 | PH_FAMILY_6, 65535, 65535 },
	{ { { 0, 0 }, { 2, 5 }, { 7, 16 }, { 18, 32 } }, 4, PH_FAMILY_4 | PH_FAMILY_6, 0, 0 },
	{ { { 34, 57 }, { 59, 131 }, { 133, 135 }, { 137, 255 } }, 4,
	    PH_FAMILY_4 | PH_FAMILY_6, 0, 0 },
};

static struct ph_cube
cube_of(struct ph_arena *mem, const struct class *c, bool v6)
{
	struct ph_range family = v6 ? PH_ANY_V6 : PH_ANY_V4, proto[4];
	struct ph_cube q = { 0 };

	for (unsigned i = 0; i < c->n; i++)
		proto[i] = c->proto[i];
	q.d[PH_SRC] = q.d[PH_DST] = ph_ranges_one(mem, family.lo, family.hi);
	q.d[PH_PROTO] = ph_ranges_from(mem, proto, c->n);
	q.d[PH_SPORT] = ph_ranges_one(mem, 0, c->max_sport);
	q.d[PH_DPORT] = ph_ranges_one(mem, 0, c->max_dport);
	return q;
}

static void
ask(struct asked *a, const struct ph_cube *cube, enum ph_path path, bool inwards)
{
	static const char *const name[] = {
		[PH_PATH_TO] = "to", [PH_PATH_FROM] = "from",
	};
	const char *through = !a->named ? NULL : inwards ? "in" : "out";

	*PH_PUSH(a->mem, a->ways, a->n_ways, a->cap_ways) =
	    path == PH_PATH_THROUGH ? through : name[path];
	for (int side = 0; side < 2; side++) {
		const struct ph_sides *s = &a->sides[side];
		const struct ph_ranges *in = ph_judge_ifaces(a->mem, s->inside, s->n_inside);
		const struct ph_ranges *out = ph_judge_ifaces(a->mem, s->outside, s->n_outside);
		struct ph_question *q = PH_PUSH(a->mem, a->q[side], a->n[side], a->cap[side]);

		q->path = path;
		q->cube = *cube;
		if (!a->named || path != PH_PATH_THROUGH)
			continue;
		q->iif = inwards ? out : in;
		q->oif = inwards ? in : out;
	}
}

static bool
has_hook(const struct ph_ruleset *rs, enum ph_hook_point point)
{
	for (size_t i = 0; i < rs->n_hooks; i++)
		if (rs->hooks[i].point == point)
			return true;
	return false;
}

/* Is this way filtered so that both can be asked? */
static bool
both_filter(const struct asked *a, enum ph_hook_point point)
{
	bool old = has_hook(a->rs[0], point), new = has_hook(a->rs[1], point);

	return a->rs[0]->dialect == a->rs[1]->dialect ? old || new : old && new;
}

static void
ask_all(struct asked *a)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		for (int v6 = 0; v6 < 2; v6++) {
			struct ph_cube cube;

			if ((classes[i].families & (v6 ? PH_FAMILY_6 : PH_FAMILY_4)) == 0)
				continue;
			cube = cube_of(a->mem, &classes[i], v6);
			ask(a, &cube, PH_PATH_THROUGH, false);
			if (a->named)
				ask(a, &cube, PH_PATH_THROUGH, true);
			if (both_filter(a, PH_INPUT))
				ask(a, &cube, PH_PATH_TO, false);
			if (both_filter(a, PH_OUTPUT))
				ask(a, &cube, PH_PATH_FROM, false);
		}
}

/* --inside and --outside: the first word is for OLD, the second for NEW. */
static void
named_side(struct ph_run *run, enum ph_opt_id opt, int which,
    const char *const **names, size_t *n)
{
	const char *const *all;
	size_t count = ph_opt_all(&run->mem, &run->args, opt, &all);

	*n = count > 0;
	*names = all + (count > 1 ? which : 0);
}

static int
find_sides(struct ph_run *run, struct asked *a)
{
	bool said = ph_opt_given(&run->args, PH_OPT_INSIDE) ||
	    ph_opt_given(&run->args, PH_OPT_OUTSIDE);

	a->named = said || a->rs[0]->dialect != a->rs[1]->dialect;
	for (int i = 0; i < 2 && a->named; i++) {
		struct ph_sides *s = &a->sides[i];
		const char *why;

		named_side(run, PH_OPT_INSIDE, i, &s->inside, &s->n_inside);
		named_side(run, PH_OPT_OUTSIDE, i, &s->outside, &s->n_outside);
		if (!ph_audit_sides(&run->mem, a->rs[i], NULL, NULL, s, &why))
			return ph_run_usage(run, "%s: %s\nSay which with --inside OLD,NEW "
			    "and --outside OLD,NEW.", a->rs[i]->src->name, why);
	}
	return 0;
}

/* Same: 0.  Different: 1.  As far as it could be told, the same: 3. */
static int
exit_of(const struct ph_disagreements *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (!d->v[i].first->unknown)
			return PH_EXIT_DEGRADED;
	return d->n > 0 ? PH_EXIT_UNKNOWN : PH_EXIT_OK;
}

static int
compare(struct ph_run *run, struct asked *a)
{
	struct ph_text t = ph_answer_text(run);
	struct ph_disagreements joined;
	struct ph_diff d;

	ph_progress_phase("comparing");
	ask_all(a);
	ph_diff_pairs(&run->mem, &(struct ph_diff_side){ a->rs[0], a->q[0] },
	    &(struct ph_diff_side){ a->rs[1], a->q[1] }, a->n[0], &d);
	ph_diff_join(&run->mem, &d, a->ways, &joined);
	ph_progress_stop();
	if (run->json)
		ph_json_write(run->out, ph_json_diff(&run->mem, &joined));
	else
		ph_report_diff(&t, a->rs[0]->src->name, a->rs[1]->src->name, &joined);
	return exit_of(&joined);
}

static int
run_diff(struct ph_run *run)
{
	struct ph_ruleset old, new;
	struct asked a = { .mem = &run->mem, .rs = { &old, &new } };
	int err = ph_run_firewall(run, run->args.pos[0], &old);
	int err_new = ph_run_firewall(run, run->args.pos[1], &new);

	if (err == 0)
		err = err_new;
	if (err == 0)
		err = find_sides(run, &a);
	return err != 0 ? err : compare(run, &a);
}

const struct ph_cmd ph_cmd_diff = {
	.name = "diff",
	.args = "OLD NEW",
	.title = "show the packets on which two configurations disagree",
	.about = "Compares two configurations, of any platforms, for every packet there "
	    "is: each disagreement with both lines and a packet that shows it.",
	.opts = opts,
	.min_args = 2, .max_args = 2,
	.first = PH_WORDS_FILE, .rest = PH_WORDS_FILE,
	.run = run_diff,
};
