/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>

#include "audit/judge.h"
#include "lab/lab.h"
#include "lab/load.h"
#include "lab/net.h"
#include "lab/sample.h"
#include "lab/timer.h"
#include "lab/translate.h"
#include "net/names.h"
#include "os/clock.h"
#include "os/netns.h"

enum {
	MAX_CONNS = 200000,		/* of one flow on one pair of interfaces */
	AT_ONCE = 16384,		/* done before the first could be forgotten */
	MAX_RATED = 3,			/* of a part that a rate limit lets through */
	RATED_PAUSE_MS = 120,
};

/* Everything that one run needs. */
struct run {
	struct ph_arena *mem;
	struct ph_arena scratch;	/* for one flow's connections */
	struct ph_ruleset *rs;
	const struct ph_lab_opts *opts;
	struct ph_lab *lab;
	struct ph_lab_net net;
	const struct ph_ranges *own;	/* all addresses of the firewall, but a client's */
	const char *text;		/* rules in nftables that run, or NULL */
	bool *doubtful;			/* by flow: the translation is not the original */
	struct ph_ruleset read;		/* the translation, read back */
	struct ph_lab_ladder *ladders;
	size_t n_ladders;
	uint32_t next_id;
};

/* What became of the ports of a flow. */
struct tally {
	struct ph_lab_ports good, bad;
};

void
ph_lab_skip(struct ph_arena *mem, struct ph_lab *lab, const struct ph_flow *f,
    const struct ph_ranges *ports, struct ph_span at, const char *why)
{
	*PH_PUSH(mem, lab->skips, lab->n_skips, lab->cap_skips) =
	    (struct ph_lab_skip){ f, ports, at, why };
}

void
ph_lab_plan(struct ph_arena *mem, struct ph_ruleset *rs, const struct ph_lab_opts *o)
{
	struct ph_lab_net net;

	ph_lab_net_plan(mem, rs, &o->audit->sides, &net);
}

static enum ph_lab_reach
predicted(const struct ph_part *p)
{
	return p->verdict == PH_OPEN ? PH_LAB_ALL : (enum ph_lab_reach)p->stage;
}

static struct ph_packet
packet_of(const struct ph_lab_tuple *t)
{
	struct ph_packet p = { 0 };

	p.v[PH_SRC] = t->src;
	p.v[PH_DST] = t->dst;
	p.v[PH_SPORT] = t->sport;
	p.v[PH_DPORT] = t->dport;
	p.v[PH_PROTO] = t->proto;
	return p;
}

/* The disagreement on a part in which connections came as far as this one. */
static struct ph_lab_disagreement *
disagreement_of(struct run *r, const struct ph_flow *f, const struct ph_lab_conn *c)
{
	struct ph_lab *lab = r->lab;
	const struct ph_part *part = &f->parts[c->part];
	struct ph_lab_disagreement *d;

	for (size_t i = lab->n_disagreements; i > 0; i--) {
		d = &lab->disagreements[i - 1];
		if (d->flow != f)
			break;
		if (d->part == part && d->reach == c->reach)
			return d;
	}
	d = PH_PUSH(r->mem, lab->disagreements, lab->n_disagreements, lab->cap_disagreements);
	*d = (struct ph_lab_disagreement){
		.flow = f, .part = part, .reach = c->reach, .witness = packet_of(&c->first),
	};
	return d;
}

/* One more port of a list in which neighbours come after each other. */
static void
add_port(struct ph_arena *mem, struct ph_lab_ports *l, uint16_t port)
{
	struct ph_range *last = l->n > 0 ? &l->v[l->n - 1] : NULL;

	if (last != NULL && last->lo <= port && port <= last->hi)
		return;
	if (last != NULL && last->hi + 1 == port)
		last->hi = port;
	else
		*PH_PUSH(mem, l->v, l->n, l->cap) = (struct ph_range){ port, port };
}

static void
take(struct run *r, const struct ph_flow *f, const struct ph_lab_conns *c, struct tally *t)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct ph_part *p = &f->parts[c->v[i].part];

		add_port(r->mem, c->v[i].reach == PH_LAB_ALL ? &t->good : &t->bad,
		    c->v[i].first.dport);
		if (p->verdict != PH_UNKNOWN && c->v[i].reach != predicted(p)) {
			struct ph_lab_disagreement *d = disagreement_of(r, f, &c->v[i]);

			add_port(r->mem, &d->list, c->v[i].first.dport);
			d->n++;
		}
	}
}

static struct ph_lab_ends
ends_of(struct run *r, const struct ph_flow *f, size_t in, size_t out)
{
	const struct ph_frame_end *near = r->net.host ? &r->net.self : &r->net.links[in].end;
	const struct ph_frame_end *far = &r->net.links[out].end;
	bool outward = f->req->direction == PH_OUT;

	return (struct ph_lab_ends){
		.opener = outward ? near : far, .other = outward ? far : near,
		.next_id = r->next_id,
	};
}

/* Is a part about connections between these two interfaces? */
static bool
is_between(const struct run *r, const struct ph_flow *f, const struct ph_part *p,
    size_t in, size_t out)
{
	bool outward = f->req->direction == PH_OUT;
	ph_u128 i = ph_iface_encode(ph_str(r->net.links[outward ? in : out].name));
	ph_u128 o = ph_iface_encode(ph_str(r->net.links[outward ? out : in].name));

	return ph_ranges_has(p->cube.d[PH_IIF], i) && ph_ranges_has(p->cube.d[PH_OIF], o);
}

/* What passes only below a rate is tried a few times, slowly, from a clean table. */
static void
try_rated(struct run *r, const struct ph_flow *f, size_t part, struct ph_lab_ends *e,
    struct tally *t)
{
	const struct ph_part *p = &f->parts[part];
	struct ph_lab_conns c = { .mem = r->mem };

	if (!ph_lab_sample(&p->cube, f->req->proto, part, r->own, MAX_RATED, &c))
		return;
	c.n = c.n > MAX_RATED ? MAX_RATED : c.n;
	for (size_t i = 0; i < c.n; i++) {
		for (int again = 0; again < 3 && c.v[i].reach != PH_LAB_ALL; again++) {
			ph_netns_forget();
			ph_frame_wait(NULL, RATED_PAUSE_MS);
			c.v[i].reach = PH_LAB_NOTHING;
			ph_lab_sweep(e, &c.v[i], 1);
		}
	}
	take(r, f, &c, t);
	r->lab->flows[f - r->lab->audit->flows].tried += c.n;
	ph_lab_skip(r->mem, r->lab, f, p->cube.d[PH_DPORT], p->rate_at, ph_arena_printf(r->mem,
	    "passes only below a rate: %zu connections were tried, slowly", c.n));
}

static void
fail(struct run *r, int err, const char *why)
{
	if (r->lab->refused == NULL)
		r->lab->refused = why != NULL ? why : strerror(-err);
	r->lab->not_permitted |= err == -EPERM || err == -EACCES || err == -ENOSPC ||
	    err == -EUSERS;
}

/* Why a part is not tried, or NULL. */
static const char *
untried(const struct run *r, const struct ph_flow *f, const struct ph_part *p)
{
	if (f->req->proto != PH_UDP && f->req->proto != PH_TCP)
		return "the lab sends UDP and TCP only";
	if (r->lab->translated != NULL && p->verdict == PH_UNKNOWN)
		return p->why != NULL ? p->why : "it could not be translated";
	if (r->doubtful[f - r->lab->audit->flows])
		return "the translation does not say the same";
	return NULL;
}

/*
 * Would some of a part fare otherwise when every rate limit were exceeded, as it is
 * when thousands of connections come at once?
 */
static bool
depends_on_rate(struct run *r, const struct ph_flow *f, const struct ph_part *p)
{
	struct ph_question q[2];
	size_t n = ph_judge_question(r->mem, f->req, r->opts->audit, q);
	struct ph_answer a = { 0 };

	if (p->rate_at.src == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!ph_cube_intersect(r->mem, &q[i].cube, &p->cube, &q[i].cube))
			continue;
		q[i].rates_exceeded = true;
		ph_walk(r->mem, r->rs, &q[i], &a);
	}
	for (size_t i = 0; i < a.n; i++)
		if (a.parts[i].verdict != p->verdict || (p->verdict != PH_OPEN &&
		    a.parts[i].stage != p->stage))
			return true;
	return false;
}

static void
try_parts(struct run *r, const struct ph_flow *f, struct ph_lab_ends *e, size_t in,
    size_t out, struct tally *t)
{
	struct ph_lab_flow *lf = &r->lab->flows[f - r->lab->audit->flows];
	struct ph_lab_conns c = { .mem = &r->scratch };
	size_t max = MAX_CONNS / (f->n_parts > 0 ? f->n_parts : 1) + 8;
	int err = 0;

	for (size_t i = 0; i < f->n_parts; i++) {
		const struct ph_part *p = &f->parts[i];
		const char *why = untried(r, f, p);

		if (!is_between(r, f, p, in, out))
			continue;
		if (why != NULL)
			ph_lab_skip(r->mem, r->lab, f, p->cube.d[PH_DPORT], p->by, why);
		else if (depends_on_rate(r, f, p))
			try_rated(r, f, i, e, t);
		else if (!ph_lab_sample(&p->cube, f->req->proto, i, r->own, max, &c))
			ph_lab_skip(r->mem, r->lab, f, p->cube.d[PH_DPORT], p->by,
			    "nobody can have these addresses but the firewall, or nobody at all");
	}
	ph_netns_forget();
	for (size_t i = 0; i < c.n && err == 0; i += AT_ONCE)
		err = ph_lab_sweep(e, c.v + i, c.n - i < AT_ONCE ? c.n - i : AT_ONCE);
	if (err != 0)
		fail(r, err, "the lab's packets could not be sent");
	take(r, f, &c, t);
	lf->tried += c.n;
	ph_arena_fini(&r->scratch);
}

static void
sum_up(struct run *r, struct ph_lab_flow *lf, struct tally *t)
{
	const struct ph_ranges *good = ph_ranges_from(r->mem, t->good.v, t->good.n);
	const struct ph_ranges *bad = ph_ranges_from(r->mem, t->bad.v, t->bad.n);

	lf->some = ph_ranges_intersect(r->mem, good, bad);
	lf->open = ph_ranges_subtract(r->mem, good, bad);
	lf->blocked = ph_ranges_subtract(r->mem, bad, good);
	lf->verdict = lf->tried == 0 ? PH_NOT_TESTED : t->bad.n == 0 ? PH_OPEN :
	    t->good.n == 0 ? PH_BLOCKED : PH_PARTLY;
}

/* A connection for a flow's timer, on the pair of interfaces that is up. */
static void
plan_timer(struct run *r, const struct ph_flow *f, const struct ph_lab_ends *e,
    size_t in, size_t out)
{
	struct ph_lab_flow *lf = &r->lab->flows[f - r->lab->audit->flows];
	struct ph_lab_conns c = { .mem = r->mem };
	const struct ph_part *p;

	if (r->opts->skip_timers || lf->timer.wanted || lf->tried == 0)
		return;
	p = ph_lab_timer_plan(r->mem, r->rs, f, r->lab->scale, &lf->timer);
	if (p == NULL || !is_between(r, f, p, in, out) || !ph_lab_sample(&p->cube,
	    f->req->proto, 0, r->own, 1, &c))
		return;
	r->ladders[r->n_ladders++] = (struct ph_lab_ladder){
		.timer = &lf->timer, .in = in, .out = out, .ends = *e, .first = c.v[0].first,
		.sports = p->cube.d[PH_SPORT],
	};
}

static void
run_pair(struct run *r, size_t in, size_t out, struct tally *t)
{
	const struct ph_audit *a = r->lab->audit;
	const char *why = NULL;

	if (!ph_lab_net_route(&r->net, in, out, &why)) {
		fail(r, -EIO, why);
		return;
	}
	for (size_t i = 0; i < a->n_flows; i++) {
		struct ph_lab_ends e = ends_of(r, &a->flows[i], in, out);
		uint64_t begun = ph_clock_us();

		try_parts(r, &a->flows[i], &e, in, out, &t[i]);
		r->lab->us += ph_clock_us() - begun;
		r->lab->packets += e.packets;
		r->next_id = e.next_id;
		plan_timer(r, &a->flows[i], &e, in, out);
	}
}

/* All of one end's packets: did the translation keep the fate of each? */
static void
compare(struct run *r)
{
	const struct ph_audit *a = r->lab->audit;

	for (size_t i = 0; i < a->n_flows; i++) {
		struct ph_question q[2];
		size_t n = ph_judge_question(r->mem, a->flows[i].req, r->opts->audit, q);
		struct ph_diff d = { 0 };

		ph_diff_run(r->mem, r->rs, &r->read, q, n, &d);
		for (size_t k = 0; k < d.n; k++) {
			if (d.v[k].old_part->verdict == PH_UNKNOWN)
				continue;	/* not tried anyway */
			r->doubtful[i] = true;
			ph_lab_skip(r->mem, r->lab, &a->flows[i], d.v[k].cube.d[PH_DPORT],
			    d.v[k].old_part->by, "the translation does not say the same");
			break;
		}
	}
}

/* Rules of iptables as they are, or as our own writer has them. */
static bool
load_iptables(struct run *r, const char **why)
{
	const char *as_is;

	if (ph_lab_load_iptables(r->mem, r->rs, &as_is))
		return true;
	*why = as_is;
	if (!ph_lab_translate(r->mem, r->rs, r->rs->dialect, r->lab, &r->read))
		return false;
	compare(r);
	return ph_lab_load_iptables(r->mem, &r->read, why);
}

/* The configuration into the kernel. */
static bool
load(struct run *r, const char **why)
{
	const char *name = r->rs->dialect->name;

	if (r->opts->sets != NULL && !ph_lab_load_sets(r->mem, r->opts->sets, why))
		return false;
	if (r->opts->instead != NULL) {
		r->text = r->opts->instead;
	} else if (strcmp(name, "nftables") == 0) {
		r->text = r->rs->src->text;
	} else if (strcmp(name, "iptables") == 0) {
		return load_iptables(r, why);
	} else {
		if (!ph_lab_translate(r->mem, r->rs, ph_dialect_find("nftables"), r->lab,
		    &r->read)) {
			*why = r->lab->refused;
			return false;
		}
		compare(r);
		r->text = r->read.src->text;
	}
	return ph_lab_load_nft(r->mem, r->text, r->opts->dir, why);
}

/* The same once more, with timers that run faster. */
static bool
reload_faster(struct run *r, const char **why)
{
	if (r->lab->scale <= 1)
		return true;
	if (!ph_lab_load_timers(r->rs->timers, r->lab->scale, why))
		return false;
	return r->text == NULL || (ph_lab_load_nft(r->mem, "flush ruleset", NULL, why) &&
	    ph_lab_load_nft(r->mem, ph_lab_load_faster(r->mem, r->text, r->lab->scale),
	    r->opts->dir, why) && (!r->net.host || ph_lab_load_quiet(r->mem, why)));
}

static void
run_timers(struct run *r)
{
	const char *why = NULL;
	size_t done = 0;

	if (r->n_ladders == 0)
		return;
	for (size_t i = 0; i < r->n_ladders; i++)
		r->ladders[i].ends.next_id = UINT32_C(1) << 30 | (uint32_t)i << 12;
	if (!reload_faster(r, &why)) {
		for (size_t i = 0; i < r->n_ladders; i++)
			r->ladders[i].timer->why = why;
		return;
	}
	while (done < r->n_ladders) {
		struct ph_lab_ladder *first = &r->ladders[done];
		size_t n = 1;

		while (done + n < r->n_ladders && first[n].in == first->in &&
		    first[n].out == first->out)
			n++;
		ph_netns_forget();
		if (ph_lab_net_route(&r->net, first->in, first->out, &why))
			ph_lab_timer_run(r->mem, first, n);
		done += n;
	}
}

static void
measure(struct run *r)
{
	size_t n = r->lab->n_flows;
	struct tally *t = ph_arena_array(r->mem, n, sizeof(*t));

	for (size_t out = 0; r->net.host && out < r->net.n_outside; out++)
		run_pair(r, out, out, t);
	for (size_t in = 0; in < r->net.n_inside; in++)
		for (size_t out = 0; out < r->net.n_outside; out++)
			run_pair(r, in, r->net.n_inside + out, t);
	for (size_t i = 0; i < n; i++)
		sum_up(r, &r->lab->flows[i], &t[i]);
	for (size_t i = 0; i < r->lab->n_disagreements; i++) {
		struct ph_lab_disagreement *d = &r->lab->disagreements[i];

		d->ports = ph_ranges_from(r->mem, d->list.v, d->list.n);
	}
	run_timers(r);
}

/* Of all required flows together, as an audit does it. */
static enum ph_verdict
overall(const struct ph_lab *lab)
{
	bool by[PH_NOT_TESTED + 1] = { false };

	for (size_t i = 0; i < lab->n_flows; i++)
		if (lab->flows[i].predicted->req->need == PH_REQUIRED)
			by[lab->flows[i].verdict] = true;
	if (by[PH_PARTLY] || (by[PH_BLOCKED] && by[PH_OPEN]))
		return PH_PARTLY;
	return by[PH_BLOCKED] ? PH_BLOCKED : by[PH_NOT_TESTED] ? PH_NOT_TESTED : PH_OPEN;
}

static void
prepare(struct run *r)
{
	struct ph_lab *lab = r->lab;
	size_t n = lab->audit->n_flows;

	lab->n_flows = n;
	lab->flows = ph_arena_array(r->mem, n, sizeof(*lab->flows));
	r->doubtful = ph_arena_array(r->mem, n, sizeof(*r->doubtful));
	r->ladders = ph_arena_array(r->mem, n, sizeof(*r->ladders));
	for (size_t i = 0; i < n; i++)
		lab->flows[i] = (struct ph_lab_flow){
			.predicted = &lab->audit->flows[i], .verdict = PH_NOT_TESTED,
			.open = ph_ranges_none(), .some = ph_ranges_none(),
			.blocked = ph_ranges_none(),
		};
	ph_lab_net_plan(r->mem, r->rs, &r->opts->audit->sides, &r->net);
	r->own = ph_ranges_none();
	for (size_t i = 0; i < r->net.n && !r->net.host; i++)
		r->own = ph_ranges_union(r->mem, r->own, r->net.links[i].own);
}

void
ph_lab_run(struct ph_arena *mem, struct ph_ruleset *rs, const struct ph_audit *a,
    const struct ph_lab_opts *o, struct ph_lab *lab)
{
	struct run r = { .mem = mem, .rs = rs, .opts = o, .lab = lab };
	const char *why = NULL;
	int err;

	*lab = (struct ph_lab){ .audit = a, .scale = o->scale > 0 ? o->scale : 1 };
	r.scratch.oom = mem->oom;
	prepare(&r);
	if ((err = ph_lab_net_open(&r.net, &why)) != 0) {
		fail(&r, err, why);
	} else if (!ph_lab_load_timers(rs->timers, 1, &why) || !load(&r, &why) ||
	    (r.net.host && !ph_lab_load_quiet(mem, &why))) {
		lab->refused = why;
	} else {
		measure(&r);
	}
	ph_lab_net_close(&r.net);
	lab->verdict = lab->refused != NULL ? PH_NOT_TESTED : overall(lab);
}

static bool
timers_disagree(const struct ph_lab *lab)
{
	for (size_t i = 0; i < lab->n_flows; i++)
		if (lab->flows[i].timer.disagrees)
			return true;
	return false;
}

static bool
is_unsure(const struct ph_lab *lab)
{
	for (size_t i = 0; i < lab->n_flows; i++) {
		const struct ph_lab_flow *f = &lab->flows[i];

		if (f->predicted->req->need == PH_REQUIRED && (f->verdict == PH_NOT_TESTED ||
		    f->predicted->verdict == PH_UNKNOWN))
			return true;
	}
	return false;
}

int
ph_lab_exit(const struct ph_lab *lab)
{
	if (lab->not_permitted)
		return 77;
	if (lab->n_disagreements > 0 || timers_disagree(lab))
		return 70;
	if (lab->verdict == PH_BLOCKED || lab->verdict == PH_PARTLY)
		return 2;
	if (lab->refused != NULL || is_unsure(lab))
		return 3;
	return lab->audit->degraded ? 1 : 0;
}
