/* SPDX-License-Identifier: ISC */
#include <math.h>

#include "net/names.h"
#include "report/json.h"
#include "report/probe.h"

static void
set_text(struct ph_arena *mem, json_t *o, const char *key, const char *s)
{
	ph_json_set(mem, o, key, ph_json_text(mem, s));
}

static json_t *
addr(ph_u128 a)
{
	char text[PH_ADDR_TEXT];

	return json_string(ph_addr_format(a, text));
}

/* Rounded to a millionth, so that documents do not differ in noise. */
static json_t *
real(double v)
{
	return json_real(round(v * 1e6) / 1e6);
}

static json_t *
family(bool v6)
{
	return json_string(v6 ? "ipv6" : "ipv4");
}

static json_t *
verdict(enum ph_verdict v)
{
	return json_string(ph_verdict_name(v));
}

static json_t *
hop(struct ph_arena *mem, const struct ph_evidence *e)
{
	json_t *o;

	if (!e->has_hop)
		return json_null();
	o = json_object();
	ph_json_set(mem, o, "address", addr(e->hop));
	ph_json_set(mem, o, "step", json_integer(e->hop_ttl));
	return o;
}

static json_t *
evidence(struct ph_arena *mem, const struct ph_evidence *e)
{
	json_t *o = json_object();

	ph_json_set(mem, o, "sent", json_integer(e->sent));
	ph_json_set(mem, o, "received_out", json_integer(e->received_out));
	ph_json_set(mem, o, "received_in", json_integer(e->received_in));
	ph_json_set(mem, o, "tries", json_integer(e->tries));
	ph_json_set(mem, o, "icmp_from", e->has_icmp ? addr(e->icmp_from) : json_null());
	if (e->has_icmp) {
		ph_json_set(mem, o, "icmp_type", json_integer(e->icmp_type));
		ph_json_set(mem, o, "icmp_code", json_integer(e->icmp_code));
	}
	ph_json_set(mem, o, "hop", hop(mem, e));
	return o;
}

static json_t *
observed(struct ph_arena *mem, const struct ph_observed *v)
{
	static const char *const way[] = {
		[PH_WAY_NONE] = "none", [PH_WAY_FORTH] = "forth", [PH_WAY_BACK] = "back",
		[PH_WAY_UNSURE] = "unknown",
	};
	json_t *o = json_object();

	ph_json_set(mem, o, "ports", ph_json_ranges(mem, PH_DPORT, v->ports));
	if (v->verdict == PH_BLOCKED) {
		ph_json_set(mem, o, "way", json_string(way[v->way]));
		ph_json_set(mem, o, "by_host", json_boolean(v->by_host));
	}
	if (v->verdict == PH_UNKNOWN || v->verdict == PH_NOT_TESTED)
		set_text(mem, o, "reason", v->why != NULL ? v->why : "no answer to be trusted");
	else if (v->why != NULL)
		set_text(mem, o, "why", v->why);
	ph_json_set(mem, o, "evidence", evidence(mem, &v->evidence));
	return o;
}

/* The parts with one of two verdicts. */
static json_t *
parts(struct ph_arena *mem, const struct ph_measured *f, enum ph_verdict a, enum ph_verdict b)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].verdict == a || f->v[i].verdict == b)
			ph_json_add(mem, list, observed(mem, &f->v[i]));
	return list;
}

static json_t *
open_ports(struct ph_arena *mem, const struct ph_measured *f)
{
	const struct ph_ranges *all = ph_ranges_none();
	json_t *list = json_array();

	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].verdict == PH_OPEN)
			all = ph_ranges_union(mem, all, f->v[i].ports);
	if (all == NULL)
		ph_json_add(mem, list, json_string("any"));
	for (size_t i = 0; all != NULL && i < all->n; i++)
		ph_json_add(mem, list, ph_json_ranges(mem, PH_DPORT,
		    ph_ranges_one(mem, all->r[i].lo, all->r[i].hi)));
	return list;
}

/* Everything that was sent for the flow. */
static struct ph_evidence
total(const struct ph_measured *f)
{
	struct ph_evidence sum = { 0 };

	for (size_t i = 0; i < f->n; i++) {
		const struct ph_evidence *e = &f->v[i].evidence;

		sum.sent += e->sent;
		sum.received_out += e->received_out;
		sum.received_in += e->received_in;
		sum.tries = sum.tries > e->tries ? sum.tries : e->tries;
		if (!sum.has_icmp && e->has_icmp) {
			sum.has_icmp = true;
			sum.icmp_from = e->icmp_from;
			sum.icmp_type = e->icmp_type;
			sum.icmp_code = e->icmp_code;
		}
		if (!sum.has_hop && e->has_hop) {
			sum.has_hop = true;
			sum.hop = e->hop;
			sum.hop_ttl = e->hop_ttl;
		}
	}
	return sum;
}

json_t *
ph_json_measured(struct ph_arena *mem, const struct ph_measured *f)
{
	const struct ph_requirement *r = f->req;
	const struct ph_evidence sum = total(f);
	json_t *o = json_object();

	set_text(mem, o, "service", r->service);
	set_text(mem, o, "flow", r->flow);
	ph_json_set(mem, o, "family", family(f->v6));
	set_text(mem, o, "direction", ph_direction_name(r->direction));
	set_text(mem, o, "proto", ph_proto_name(r->proto));
	ph_json_set(mem, o, "ports", ph_json_ranges(mem, PH_DPORT, r->ports));
	set_text(mem, o, "need", ph_need_name(r->need));
	set_text(mem, o, "fallback", r->fallback);
	ph_json_set(mem, o, "counts", json_boolean(f->counts));
	ph_json_set(mem, o, "verdict", verdict(f->verdict));
	set_text(mem, o, "why", f->why);
	ph_json_set(mem, o, "open", open_ports(mem, f));
	ph_json_set(mem, o, "blocked", parts(mem, f, PH_BLOCKED, PH_BLOCKED));
	ph_json_set(mem, o, "unknown", parts(mem, f, PH_UNKNOWN, PH_NOT_TESTED));
	ph_json_set(mem, o, "largest_missed", json_integer(f->sampled && f->hole > 0 ?
	    f->hole - 1 : 0));
	ph_json_set(mem, o, "rtt_ms", f->rtt_us > 0 ? real(f->rtt_us / 1000.0) : json_null());
	ph_json_set(mem, o, "evidence", evidence(mem, &sum));
	return o;
}

/* [alive, dead] in seconds; dead null when none was found. */
static json_t *
timer(struct ph_arena *mem, const struct ph_idle_timer *t)
{
	json_t *list;

	if (!t->tested)
		return json_null();
	list = json_array();
	ph_json_add(mem, list, real(t->alive_ms / 1000.0));
	ph_json_add(mem, list, t->has_dead ? real(t->dead_ms / 1000.0) : json_null());
	return list;
}

static json_t *
timers(struct ph_arena *mem, const struct ph_idle_timers *t)
{
	json_t *o = json_object();

	ph_json_set(mem, o, "tested", json_boolean(t->tested));
	ph_json_set(mem, o, "family", t->tested ? family(t->v6) : json_null());
	ph_json_set(mem, o, "unreplied_s", timer(mem, &t->unreplied));
	ph_json_set(mem, o, "replied_s", timer(mem, &t->replied));
	ph_json_set(mem, o, "stream_s", timer(mem, &t->stream));
	ph_json_set(mem, o, "inbound_refreshes", timer(mem, &t->inbound_refreshes));
	ph_json_set(mem, o, "outbound_refreshes", timer(mem, &t->outbound_refreshes));
	set_text(mem, o, "looks_like", t->looks_like);
	set_text(mem, o, "why", t->why);
	return o;
}

static json_t *
endpoint(struct ph_arena *mem, ph_u128 a, uint16_t port)
{
	char text[PH_ADDR_TEXT];
	bool v6 = !ph_addr_is_v4(a);

	return json_string(ph_arena_printf(mem, "%s%s%s:%u", v6 ? "[" : "",
	    ph_addr_format(a, text), v6 ? "]" : "", port));
}

static json_t *
nat(struct ph_arena *mem, const struct ph_nat_seen *n)
{
	json_t *o = json_object();

	ph_json_set(mem, o, "family", family(n->v6));
	ph_json_set(mem, o, "translated", json_boolean(n->translated));
	ph_json_set(mem, o, "inside", endpoint(mem, n->inside, n->inside_port));
	ph_json_set(mem, o, "outside", endpoint(mem, n->outside, n->outside_port));
	set_text(mem, o, "mapping", n->mapping);
	set_text(mem, o, "filtering", n->filtering);
	set_text(mem, o, "hairpin", n->hairpin);
	ph_json_set(mem, o, "port_preserved", json_boolean(n->port_preserved));
	set_text(mem, o, "why", n->why);
	return o;
}

static json_t *
alg(struct ph_arena *mem, const struct ph_alg *a)
{
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < a->n_changes; i++) {
		json_t *c = json_object();

		set_text(mem, c, "what", a->changes[i].what);
		set_text(mem, c, "before", a->changes[i].before);
		set_text(mem, c, "after", a->changes[i].after);
		ph_json_add(mem, list, c);
	}
	set_text(mem, o, "protocol", a->protocol);
	set_text(mem, o, "transport", a->transport);
	ph_json_set(mem, o, "port", json_integer(a->port));
	ph_json_set(mem, o, "family", family(a->v6));
	set_text(mem, o, "direction", a->outbound ? "out" : "in");
	ph_json_set(mem, o, "verdict", verdict(a->verdict));
	set_text(mem, o, "why", a->why);
	ph_json_set(mem, o, "changes", list);
	return o;
}

static json_t *
rung(struct ph_arena *mem, const struct ph_rung *g)
{
	json_t *o = json_object();

	set_text(mem, o, "transport", g->transport);
	set_text(mem, o, "server", g->server);
	ph_json_set(mem, o, "family", family(g->v6));
	ph_json_set(mem, o, "verdict", verdict(g->verdict));
	ph_json_set(mem, o, "rtt_ms", g->rtt_us > 0 ? real(g->rtt_us / 1000.0) : json_null());
	set_text(mem, o, "why", g->why);
	return o;
}

static json_t *
mtu(struct ph_arena *mem, const struct ph_path_seen *p, int d)
{
	json_t *o = json_object();

	ph_json_set(mem, o, "mtu", p->mtu[d].tested ? json_integer(p->mtu[d].bytes) : json_null());
	ph_json_set(mem, o, "told", json_boolean(p->mtu[d].told));
	ph_json_set(mem, o, "fragments", verdict(p->fragments[d]));
	set_text(mem, o, "why", p->mtu[d].why);
	return o;
}

static json_t *
stream(struct ph_arena *mem, const struct ph_stream_result *s)
{
	json_t *o;

	if (!s->tested)
		return json_null();
	o = json_object();
	ph_json_set(mem, o, "sent", json_integer(s->sent));
	ph_json_set(mem, o, "received", json_integer(s->received));
	ph_json_set(mem, o, "reordered", json_integer(s->reordered));
	ph_json_set(mem, o, "duplicated", json_integer(s->duplicated));
	ph_json_set(mem, o, "loss", real(s->loss));
	ph_json_set(mem, o, "jitter_ms", real(s->jitter_ms));
	ph_json_set(mem, o, "mos_estimate", s->mos > 0 ? real(s->mos) : json_null());
	return o;
}

static json_t *
marks(struct ph_arena *mem, const struct ph_path_seen *p, int d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->n_dscp; i++) {
		const struct ph_dscp_result *m = &p->dscp[i];
		json_t *o;

		if (!m->tested[d])
			continue;
		o = json_object();
		ph_json_set(mem, o, "sent", json_integer(m->dscp));
		ph_json_set(mem, o, "seen", m->arrived[d] ? json_integer(m->seen[d]) :
		    json_null());
		ph_json_add(mem, list, o);
	}
	return list;
}

static json_t *
path(struct ph_arena *mem, const struct ph_path_seen *p)
{
	static const char *const way[] = { "out", "in" };
	json_t *o = json_object();

	ph_json_set(mem, o, "family", family(p->v6));
	ph_json_set(mem, o, "rtt_ms", p->rtt_us > 0 ? real(p->rtt_us / 1000.0) : json_null());
	for (int d = 0; d < 2; d++) {
		json_t *w = mtu(mem, p, d);

		ph_json_set(mem, w, "dscp", marks(mem, p, d));
		ph_json_set(mem, w, "stream", stream(mem, &p->stream[d]));
		ph_json_set(mem, o, way[d], w);
	}
	return o;
}

json_t *
ph_json_ask(struct ph_arena *mem, const struct ph_ask *a)
{
	const struct ph_requirement *q = a->req;
	json_t *o = json_object();

	set_text(mem, o, "service", q->service);
	set_text(mem, o, "flow", q->flow);
	set_text(mem, o, "direction", ph_direction_name(q->direction));
	set_text(mem, o, "proto", ph_proto_name(q->proto));
	ph_json_set(mem, o, "ports", ph_json_ranges(mem, PH_DPORT, a->ports));
	ph_json_set(mem, o, "family", family(a->v6));
	ph_json_set(mem, o, "far", ph_json_ranges(mem, PH_DST, q->far));
	set_text(mem, o, "reason", q->purpose);
	set_text(mem, o, "source", q->source);
	set_text(mem, o, "evidence", a->evidence);
	return o;
}

static void
set_lists(struct ph_arena *mem, json_t *o, const struct ph_probe_result *r)
{
	json_t *nats = json_array(), *algs = json_array(), *rungs = json_array();
	json_t *paths = json_array(), *asks = json_array(), *skipped = json_array();

	for (int v6 = 0; v6 < 2; v6++) {
		if (r->nat[v6].tested)
			ph_json_add(mem, nats, nat(mem, &r->nat[v6]));
		if (r->paths[v6].tested)
			ph_json_add(mem, paths, path(mem, &r->paths[v6]));
	}
	for (size_t i = 0; i < r->n_algs; i++)
		ph_json_add(mem, algs, alg(mem, &r->algs[i]));
	for (size_t i = 0; i < r->n_rungs; i++)
		ph_json_add(mem, rungs, rung(mem, &r->rungs[i]));
	for (size_t i = 0; i < r->n_asks; i++)
		ph_json_add(mem, asks, ph_json_ask(mem, &r->asks[i]));
	for (size_t i = 0; i < r->n_skipped; i++)
		ph_json_add(mem, skipped, ph_json_text(mem, r->skipped[i]));
	ph_json_set(mem, o, "nat", nats);
	ph_json_set(mem, o, "alg", algs);
	ph_json_set(mem, o, "relay", rungs);
	set_text(mem, o, "path", r->best);
	ph_json_set(mem, o, "paths", paths);
	ph_json_set(mem, o, "requests", asks);
	ph_json_set(mem, o, "skipped", skipped);
}

json_t *
ph_json_probe(struct ph_arena *mem, const struct ph_probe_result *r)
{
	static const char *const owner[] = {
		[PH_OWNER_NOBODY] = NULL, [PH_OWNER_HOST] = "host",
		[PH_OWNER_NETWORK] = "network", [PH_OWNER_PROVIDER] = "provider",
		[PH_OWNER_FAR_END] = "far-end", [PH_OWNER_UNKNOWN] = "unknown",
	};
	json_t *o = ph_json_document(mem, "probe"), *flows = json_array();

	set_text(mem, o, "via", r->via);
	ph_json_set(mem, o, "verdict", verdict(r->verdict));
	ph_json_set(mem, o, "degraded", json_boolean(r->degraded));
	set_text(mem, o, "sentence", r->headline);
	set_text(mem, o, "owner", owner[r->owner]);
	set_text(mem, o, "failure", r->failure);
	for (size_t i = 0; i < r->n_flows; i++)
		ph_json_add(mem, flows, ph_json_measured(mem, &r->flows[i]));
	ph_json_set(mem, o, "flows", flows);
	ph_json_set(mem, o, "findings", ph_json_findings(mem, r->findings, r->n_findings));
	ph_json_set(mem, o, "udp_timeouts", timers(mem, &r->timers));
	set_lists(mem, o, r);
	return o;
}
