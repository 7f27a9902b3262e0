/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "net/names.h"
#include "probe/result.h"

/*
 * DOC: From observations to one sentence
 *
 * Flows that count are summed up as an audit does it.  The first line then says
 * what a person can do, in the order in which causes hide each other: our own
 * far end, this computer, the network, and only then what works less well.
 */
enum ph_verdict
ph_result_sum(const struct ph_observed *v, size_t n)
{
	bool open = false, shut = false, unsure = false, tested = false;

	for (size_t i = 0; i < n; i++) {
		open |= v[i].verdict == PH_OPEN;
		shut |= v[i].verdict == PH_BLOCKED;
		unsure |= v[i].verdict == PH_UNKNOWN || v[i].verdict == PH_NOT_TESTED;
		tested |= v[i].verdict != PH_NOT_TESTED;
	}
	if (shut)
		return open || unsure ? PH_PARTLY : PH_BLOCKED;
	if (open && !unsure)
		return PH_OPEN;
	return tested ? PH_UNKNOWN : PH_NOT_TESTED;
}

static enum ph_verdict
overall(const struct ph_probe_result *r)
{
	unsigned n[PH_NOT_TESTED + 1] = { 0 };

	for (size_t i = 0; i < r->n_flows; i++)
		if (r->flows[i].counts)
			n[r->flows[i].verdict]++;
	if (n[PH_PARTLY] > 0 || (n[PH_BLOCKED] > 0 &&
	    n[PH_OPEN] + n[PH_UNKNOWN] + n[PH_NOT_TESTED] > 0))
		return PH_PARTLY;
	if (n[PH_BLOCKED] > 0)
		return PH_BLOCKED;
	if (n[PH_UNKNOWN] > 0)
		return PH_UNKNOWN;
	if (n[PH_NOT_TESTED] > 0)
		return n[PH_OPEN] > 0 ? PH_UNKNOWN : PH_NOT_TESTED;
	return n[PH_OPEN] > 0 ? PH_OPEN : PH_UNKNOWN;
}

static struct ph_finding *
find(struct ph_arena *mem, struct ph_probe_result *r, const char *id,
    enum ph_severity severity, const char *message)
{
	struct ph_finding *f = PH_PUSH(mem, r->findings, r->n_findings, r->cap_findings);

	*f = (struct ph_finding){
		.id = id, .severity = severity, .degrades = severity != PH_INFO,
		.message = message,
	};
	return f;
}

/* The flow that may be silent longest. */
static const struct ph_requirement *
most_patient(const struct ph_probe_result *r)
{
	const struct ph_requirement *best = NULL;

	for (size_t i = 0; i < r->n_flows; i++) {
		const struct ph_requirement *q = r->flows[i].req;

		if (q->proto == PH_UDP && q->idle_s > 0 &&
		    (best == NULL || q->idle_s > best->idle_s))
			best = q;
	}
	return best;
}

static void
judge_timers(struct ph_arena *mem, struct ph_probe_result *r)
{
	const struct ph_idle_timer *t = &r->timers.stream;
	const struct ph_requirement *q = most_patient(r);
	struct ph_finding *f;

	if (q == NULL || !t->tested || !t->has_dead || t->dead_ms >= q->idle_s * 1000)
		return;
	f = find(mem, r, "udp-timeout-short", PH_WARNING, ph_arena_printf(mem,
	    "calls that are silent for %u seconds are cut off: the firewall forgets "
	    "UDP that was in use after %u to %u s, %s needs %u s",
	    (t->alive_ms + 999) / 1000, t->alive_ms / 1000, (t->dead_ms + 999) / 1000,
	    q->service, q->idle_s));
	f->has_timer = true;
	f->have_s = t->alive_ms / 1000;
	f->need_s = q->idle_s;
	f->req = q;
}

/* Does a service of this run speak that protocol? */
static const struct ph_requirement *
who_speaks(const struct ph_probe_result *r, const char *protocol)
{
	for (size_t i = 0; i < r->n_flows; i++) {
		const struct ph_requirement *q = r->flows[i].req;

		if (q->alg_protocol != NULL && strcmp(q->alg_protocol, protocol) == 0)
			return q;
	}
	return NULL;
}

static void
judge_limits(struct ph_arena *mem, struct ph_probe_result *r)
{
	for (size_t i = 0; i < r->n_flows; i++) {
		const struct ph_measured *m = &r->flows[i];

		if (m->limit_pps > 0)
			find(mem, r, "rate-limited", PH_WARNING, ph_arena_printf(mem,
			    "of %s no more than about %u packets a second get through: a rate "
			    "limit that the flow should be taken out of", m->req->flow,
			    m->limit_pps))->req = m->req;
	}
}

static void
judge_algs(struct ph_arena *mem, struct ph_probe_result *r)
{
	for (size_t i = 0; i < r->n_algs; i++) {
		const struct ph_alg *a = &r->algs[i];
		bool sip = strcmp(a->protocol, "sip") == 0;
		struct ph_finding *f;

		if (a->verdict != PH_PARTLY && a->verdict != PH_BLOCKED)
			continue;
		f = find(mem, r, sip ? "sip-alg" : "h323-alg", PH_WARNING,
		    ph_arena_printf(mem, "something on the way %s %s on %s port %u: an "
		    "application layer gateway (ALG) that should be switched off",
		    a->verdict == PH_BLOCKED ? "swallows" : "rewrites",
		    sip ? "SIP" : "H.323", a->transport, a->port));
		f->req = who_speaks(r, a->protocol);
	}
}

static void
judge_path(struct ph_arena *mem, struct ph_probe_result *r, const struct ph_path_seen *p)
{
	static const char *const way[] = { "from here", "to here" };

	for (int d = 0; d < 2; d++) {
		if (p->fragments[d] == PH_BLOCKED)
			find(mem, r, "fragments-lost", PH_INFO, ph_arena_printf(mem,
			    "fragments of large UDP packets %s are lost", way[d]));
		if (p->mtu[d].tested && !p->mtu[d].told && p->mtu[d].bytes < 1280)
			find(mem, r, "mtu-small", PH_WARNING, ph_arena_printf(mem,
			    "packets %s of more than %u bytes vanish without a word", way[d],
			    p->mtu[d].bytes));
		if (p->stream[d].tested && p->stream[d].mos > 0 && p->stream[d].mos < 3.6)
			find(mem, r, "quality-poor", PH_WARNING, ph_arena_printf(mem,
			    "sound %s is poor: %.1f %% lost, jitter %.0f ms (estimated MOS "
			    "%.1f)", way[d], p->stream[d].loss * 100,
			    p->stream[d].jitter_ms, p->stream[d].mos));
	}
}

/* What the page warns of, of the flow that serves instead of ${q}. */
static const char *
fallback_note(const struct ph_probe_result *r, const struct ph_requirement *q)
{
	for (size_t i = 0; i < r->n_flows; i++)
		if (strcmp(r->flows[i].req->service, q->service) == 0 &&
		    strcmp(r->flows[i].req->flow, q->fallback) == 0)
			return r->flows[i].req->note;
	return NULL;
}

static void
judge_fallback(struct ph_arena *mem, struct ph_probe_result *r)
{
	for (size_t i = 0; i < r->n_flows; i++) {
		struct ph_measured *f = &r->flows[i];
		const char *note;

		if (!f->counts || f->verdict == PH_OPEN || f->verdict == PH_UNKNOWN ||
		    f->verdict == PH_NOT_TESTED || !ph_result_served(r, f))
			continue;
		note = fallback_note(r, f->req);
		find(mem, r, "fallback-only", PH_WARNING, ph_arena_printf(mem,
		    "%s %s is not open, %s serves instead, not as well%s%s", f->req->service,
		    f->req->flow, f->req->fallback, note != NULL ? ": " : "",
		    note != NULL ? note : ""))->req = f->req;
	}
}

/* "192.168.1.1, after 2 steps" */
static const char *
evidence(struct ph_arena *mem, const struct ph_observed *o, bool inbound)
{
	const struct ph_evidence *e = &o->evidence;
	char text[PH_ADDR_TEXT];
	struct ph_buf b;

	ph_buf_init(&b, mem);
	if (o->by_host)
		ph_buf_printf(&b, "this computer refused to send (%s)",
		    o->why != NULL ? o->why : "its own rules");
	else
		ph_buf_printf(&b, "%u sent, %u arrived%s, %u answers came back", e->sent,
		    e->received_out, inbound ? " here" : " there", e->received_in);
	if (e->tries > 1)
		ph_buf_printf(&b, ", tried %u times", e->tries);
	if (e->has_icmp)
		ph_buf_printf(&b, "; rejected by %s (ICMP type %u code %u)",
		    ph_addr_format(e->icmp_from, text), e->icmp_type, e->icmp_code);
	else if (e->has_hop)
		ph_buf_printf(&b, "; lost at or just after %s, step %u of the way",
		    ph_addr_format(e->hop, text), e->hop_ttl);
	return b.s;
}

static void
collect_asks(struct ph_arena *mem, struct ph_probe_result *r)
{
	struct ph_ask *v = NULL;
	size_t cap = 0;

	r->n_asks = 0;
	for (size_t i = 0; i < r->n_flows; i++) {
		const struct ph_measured *f = &r->flows[i];

		if (!f->counts && f->req->need == PH_REQUIRED)
			continue;
		for (size_t k = 0; k < f->n; k++) {
			if (f->v[k].verdict != PH_BLOCKED || f->v[k].by_host)
				continue;
			*PH_PUSH(mem, v, r->n_asks, cap) = (struct ph_ask){
				.req = f->req, .ports = f->v[k].ports, .v6 = f->v6,
				.evidence = evidence(mem, &f->v[k],
				    f->req->direction == PH_IN),
			};
		}
	}
	r->asks = v;
}

/* Addresses of homes and offices, and of providers' own translation. */
static enum ph_owner
owner_of(ph_u128 a)
{
	static const struct { const char *prefix; enum ph_owner owner; } row[] = {
		{ "10.0.0.0/8", PH_OWNER_NETWORK }, { "172.16.0.0/12", PH_OWNER_NETWORK },
		{ "192.168.0.0/16", PH_OWNER_NETWORK }, { "169.254.0.0/16", PH_OWNER_NETWORK },
		{ "fc00::/7", PH_OWNER_NETWORK }, { "fe80::/10", PH_OWNER_NETWORK },
		{ "100.64.0.0/10", PH_OWNER_PROVIDER },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct ph_range range;

		if (ph_prefix_parse(ph_str(row[i].prefix), &range, NULL) &&
		    a >= range.lo && a <= range.hi)
			return row[i].owner;
	}
	return PH_OWNER_UNKNOWN;
}

/* The first part that is blocked among the flows that count. */
static const struct ph_observed *
first_block(const struct ph_probe_result *r, const struct ph_measured **flow)
{
	for (size_t i = 0; i < r->n_flows; i++)
		for (size_t k = 0; k < r->flows[i].n && r->flows[i].counts; k++)
			if (r->flows[i].v[k].verdict == PH_BLOCKED) {
				*flow = &r->flows[i];
				return &r->flows[i].v[k];
			}
	return NULL;
}

static enum ph_owner
who_blocks(const struct ph_observed *o)
{
	if (o->by_host)
		return PH_OWNER_HOST;
	if (o->evidence.has_icmp)
		return owner_of(o->evidence.icmp_from);
	if (o->evidence.has_hop)
		return owner_of(o->evidence.hop);
	return PH_OWNER_UNKNOWN;
}

static const char *
whose(enum ph_owner owner)
{
	static const char *const word[] = {
		[PH_OWNER_HOST] = "by this computer itself",
		[PH_OWNER_NETWORK] = "by the firewall of your network",
		[PH_OWNER_PROVIDER] = "by your Internet provider",
		[PH_OWNER_UNKNOWN] = "by a firewall between here and the service",
	};

	return word[owner] != NULL ? word[owner] : word[PH_OWNER_UNKNOWN];
}

/* What to do about it. */
static const char *
remedy(enum ph_owner owner)
{
	if (owner == PH_OWNER_HOST)
		return "allow it in this computer's own firewall";
	if (owner == PH_OWNER_PROVIDER)
		return "send the request below to your Internet provider";
	return "send the request below to whoever runs your network";
}

static const char *
services(struct ph_arena *mem, const struct ph_probe_result *r)
{
	const char *last = NULL;
	struct ph_buf b;

	ph_buf_init(&b, mem);
	for (size_t i = 0; i < r->n_flows; i++) {
		const struct ph_requirement *q = r->flows[i].req;
		const char *name = q->title != NULL ? q->title : q->service;

		if (last == NULL || strcmp(last, q->service) != 0)
			ph_buf_printf(&b, "%s%s", b.len > 0 ? ", " : "", name);
		last = q->service;
	}
	return b.len > 0 ? b.s : "nothing";
}

static const char *
shut(const struct ph_measured *f)
{
	return f->verdict == PH_PARTLY ? "partly blocked" : "blocked";
}

static const char *
blocked_line(struct ph_arena *mem, struct ph_probe_result *r)
{
	const struct ph_measured *f = NULL;
	const struct ph_observed *o = first_block(r, &f);

	r->owner = who_blocks(o);
	if (ph_result_fallback_only(r))
		return ph_arena_printf(mem, "WORKS ONLY BY A DETOUR: %s: %s is %s %s; "
		    "%s serves instead, not as well. For good calls %s", services(mem, r),
		    f->req->purpose, shut(f), whose(r->owner), f->req->fallback,
		    remedy(r->owner));
	return ph_arena_printf(mem, "%s: %s: %s is %s %s: %s%s",
	    r->verdict == PH_BLOCKED ? "DOES NOT WORK" : "DOES NOT WORK FULLY",
	    services(mem, r), f->req->purpose, shut(f), whose(r->owner), remedy(r->owner),
	    r->best != NULL && strcmp(r->best, "direct") != 0 ?
	    "; until then calls that can use the relay get through by it" : "");
}

static const struct ph_finding *
worst_finding(const struct ph_probe_result *r)
{
	for (size_t i = 0; i < r->n_findings; i++)
		if (r->findings[i].degrades)
			return &r->findings[i];
	return NULL;
}

/* Only a relay was tried: what the best rung of it is. */
static const char *
relay_line(struct ph_arena *mem, struct ph_probe_result *r)
{
	bool shut = false, detour = r->best != NULL && strcmp(r->best, "turn-udp") != 0;
	const struct ph_finding *f = worst_finding(r);

	r->degraded |= detour;
	for (size_t i = 0; i < r->n_rungs; i++)
		shut |= r->rungs[i].verdict == PH_BLOCKED;
	r->verdict = r->best != NULL ? PH_OPEN : shut ? PH_BLOCKED : PH_UNKNOWN;
	if (r->best != NULL && !detour && f != NULL)
		return ph_arena_printf(mem, "WORKS, BUT NOT WELL: calls get through the relay, "
		    "by UDP; but %s", f->message);
	if (r->best != NULL)
		return ph_arena_printf(mem, "%s: calls get through the relay, by %s; the services "
		    "themselves were not tested (--via)", detour ? "WORKS BY A DETOUR" :
		    "THE RELAY WORKS", strcmp(r->best, "turn-udp") == 0 ? "UDP" :
		    strcmp(r->best, "turn-tcp") == 0 ? "TCP only, not as well" :
		    "TLS only, not as well");
	r->owner = shut ? PH_OWNER_NETWORK : PH_OWNER_UNKNOWN;
	return shut ? "DOES NOT WORK: something on the way keeps calls from the relay: send what "
	    "is below to whoever runs your network" :
	    "COULD NOT TELL: nothing came back through the relay, and it is not known why";
}

static const char *
headline(struct ph_arena *mem, struct ph_probe_result *r)
{
	const struct ph_finding *f = worst_finding(r);

	r->owner = PH_OWNER_NOBODY;
	if (r->via == NULL)
		return relay_line(mem, r);
	if (r->verdict == PH_PARTLY || r->verdict == PH_BLOCKED)
		return blocked_line(mem, r);
	if (r->failure != NULL) {
		r->owner = PH_OWNER_FAR_END;
		return ph_arena_printf(mem, "COULD NOT TELL: %s", r->failure);
	}
	if (r->verdict != PH_OPEN) {
		r->owner = PH_OWNER_UNKNOWN;
		return ph_arena_printf(mem, "COULD NOT TELL: not all that %s needs could be "
		    "tested; what was tested gets through", services(mem, r));
	}
	if (f == NULL)
		return ph_arena_printf(mem, "WORKS: all that %s needs gets through from here",
		    services(mem, r));
	r->owner = PH_OWNER_NETWORK;
	return ph_arena_printf(mem, "WORKS, BUT NOT WELL: %s: %s", services(mem, r), f->message);
}

void
ph_result_judge(struct ph_arena *mem, struct ph_probe_result *r)
{
	r->findings = NULL;
	r->n_findings = r->cap_findings = 0;
	for (size_t i = 0; i < r->n_flows; i++)
		if (r->flows[i].n > 0)
			r->flows[i].verdict = ph_result_sum(r->flows[i].v, r->flows[i].n);
	r->verdict = overall(r);
	judge_fallback(mem, r);
	if (r->intercepted)
		find(mem, r, "tls-intercepted", PH_WARNING, "somebody on the way opens TLS "
		    "connections and reads them: what is not a web page fails there");
	judge_timers(mem, r);
	judge_limits(mem, r);
	judge_algs(mem, r);
	for (int v6 = 0; v6 < 2; v6++)
		if (r->paths[v6].tested)
			judge_path(mem, r, &r->paths[v6]);
	r->degraded = worst_finding(r) != NULL;
	collect_asks(mem, r);
	r->headline = headline(mem, r);
}
