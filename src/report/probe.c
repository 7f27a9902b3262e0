/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "net/names.h"
#include "report/probe.h"

enum { UNDER_FLOW = 11, MAX_ENTRIES = 8, LABEL = 12 };

static const char *
family(bool v6)
{
	return v6 ? "IPv6" : "IPv4";
}

/* "12 of 36 arrived there, 12 answers; rejected by 192.0.2.1" */
static const char *
evidence(struct ph_arena *mem, const struct ph_observed *o)
{
	const struct ph_evidence *e = &o->evidence;
	char text[PH_ADDR_TEXT];
	struct ph_buf b;

	ph_buf_init(&b, mem);
	ph_buf_printf(&b, "%u sent, %u arrived, %u answered", e->sent, e->received_out,
	    e->received_in);
	if (e->tries > 1)
		ph_buf_printf(&b, ", %u tries", e->tries);
	if (e->has_icmp)
		ph_buf_printf(&b, "; rejected by %s", ph_addr_format(e->icmp_from, text));
	else if (e->has_hop)
		ph_buf_printf(&b, "; lost at or just after %s (step %u)",
		    ph_addr_format(e->hop, text), e->hop_ttl);
	return b.s;
}

static const char *
fate(const struct ph_observed *o)
{
	static const char *const way[] = {
		[PH_WAY_NONE] = "blocked", [PH_WAY_FORTH] = "blocked on the way there",
		[PH_WAY_BACK] = "answers are blocked on the way back",
		[PH_WAY_UNSURE] = "blocked, there or back",
	};

	if (o->verdict == PH_OPEN)
		return "open";
	if (o->verdict != PH_BLOCKED)
		return ph_verdict_name(o->verdict);
	return o->by_host ? "refused by this computer" : way[o->way];
}

static void
part(const struct ph_text *t, const struct ph_observed *o)
{
	const char *ports = ph_text_ranges(t->mem, PH_DPORT, o->ports);

	if (o->verdict == PH_OPEN)
		ph_text_wrap(t, UNDER_FLOW, "%s: open", ports);
	else if (o->evidence.sent == 0)
		ph_text_wrap(t, UNDER_FLOW, "%s: %s: %s", ports, fate(o),
		    o->why != NULL ? o->why : "nothing could be sent");
	else
		ph_text_wrap(t, UNDER_FLOW, "%s: %s: %s%s%s", ports, fate(o),
		    o->why != NULL ? o->why : "", o->why != NULL ? "; " : "",
		    evidence(t->mem, o));
}

void
ph_report_measured(const struct ph_text *t, const struct ph_measured *f)
{
	const struct ph_requirement *r = f->req;
	const char *proto = ph_proto_name(r->proto);
	size_t shown = 0;

	fputs("  ", t->out);
	ph_text_tone(t, ph_text_verdict_tone(f->verdict), "%-8s", ph_verdict_name(f->verdict));
	fprintf(t->out, " %-20s %-3s %s %s%s%s%s\n", r->flow, ph_direction_name(r->direction),
	    proto != NULL ? proto : "?", ph_text_ranges(t->mem, PH_DPORT, r->ports),
	    r->need == PH_REQUIRED ? "" : " (",
	    r->need == PH_REQUIRED ? "" : ph_need_name(r->need),
	    r->need == PH_REQUIRED ? "" : ")");
	for (size_t i = 0; i < f->n && f->verdict != PH_OPEN; i++, shown++)
		if (shown < MAX_ENTRIES)
			part(t, &f->v[i]);
	if (shown > MAX_ENTRIES)
		ph_text_wrap(t, UNDER_FLOW, "and %zu more: --json has them all",
		    shown - MAX_ENTRIES);
	if (f->why != NULL)
		ph_text_wrap(t, UNDER_FLOW, "%s", f->why);
	if (f->sampled && f->verdict != PH_NOT_TESTED)
		ph_text_wrap(t, UNDER_FLOW, "sampled: every blocked run of %u ports or more "
		    "was found; --exhaustive tests each port", f->hole);
	if (!f->counts && r->need == PH_REQUIRED && f->verdict != PH_OPEN)
		ph_text_wrap(t, UNDER_FLOW, "not needed as long as the client opens the flow");
}

static void
flows(const struct ph_text *t, const struct ph_probe_result *r)
{
	const char *service = "";
	int v6 = -1;

	for (size_t i = 0; i < r->n_flows; i++) {
		const struct ph_measured *f = &r->flows[i];

		if (strcmp(service, f->req->service) != 0 || v6 != f->v6) {
			service = f->req->service;
			v6 = f->v6;
			fprintf(t->out, "\n%s (%s), %s\n", f->req->title != NULL ?
			    f->req->title : service, service, family(f->v6));
		}
		ph_report_measured(t, f);
	}
}

static void
label(const struct ph_text *t, const char *word, const char *text)
{
	ph_text_wrap(t, 2, "%-*s %s", LABEL, word, text);
}

static const char *
idle(struct ph_arena *mem, const struct ph_idle_timer *i)
{
	if (!i->tested)
		return i->why != NULL ? i->why : "not tested";
	if (!i->has_dead)
		return ph_arena_printf(mem, "more than %.1f s", i->alive_ms / 1000.0);
	return ph_arena_printf(mem, "%.1f to %.1f s", i->alive_ms / 1000.0, i->dead_ms / 1000.0);
}

static void
timers(const struct ph_text *t, const struct ph_idle_timers *i)
{
	if (!i->tested)
		return;
	fprintf(t->out, "\nHow long idle UDP is remembered (%s)\n", family(i->v6));
	label(t, "unanswered", idle(t->mem, &i->unreplied));
	label(t, "answered", idle(t->mem, &i->replied));
	label(t, "in use", idle(t->mem, &i->stream));
	label(t, "kept by in", idle(t->mem, &i->inbound_refreshes));
	label(t, "kept by out", idle(t->mem, &i->outbound_refreshes));
	if (i->looks_like != NULL)
		label(t, "looks like", i->looks_like);
}

static void
nat(const struct ph_text *t, const struct ph_nat_seen *n)
{
	char in[PH_ADDR_TEXT], out[PH_ADDR_TEXT];

	if (!n->tested)
		return;
	if (!n->translated) {
		label(t, "translation", "none: the far end sees this computer's own address");
		return;
	}
	label(t, "translation", ph_arena_printf(t->mem, "%s becomes %s, ports %s; mapping %s, "
	    "filtering %s, hairpin %s", ph_addr_format(n->inside, in),
	    ph_addr_format(n->outside, out), n->port_preserved ? "kept" : "changed",
	    n->mapping != NULL ? n->mapping : "unknown",
	    n->filtering != NULL ? n->filtering : "unknown",
	    n->hairpin != NULL ? n->hairpin : "unknown"));
	if (n->why != NULL && (n->mapping == NULL || n->filtering == NULL || n->hairpin == NULL))
		ph_text_wrap(t, 2 + LABEL + 1, "not known: %s", n->why);
}

static void
stream(const struct ph_text *t, const struct ph_stream_result *s, const char *way)
{
	if (!s->tested)
		return;
	label(t, "sound", ph_arena_printf(t->mem, "%s: %.2f %% lost, jitter %.1f ms, "
	    "estimated MOS %.1f", way, s->loss * 100, s->jitter_ms, s->mos));
}

static void
marks(const struct ph_text *t, const struct ph_path_seen *p)
{
	static const char *const way[] = { "from here", "to here" };

	for (int d = 0; d < 2; d++) {
		struct ph_buf b;

		ph_buf_init(&b, t->mem);
		for (size_t i = 0; i < p->n_dscp; i++) {
			const struct ph_dscp_result *m = &p->dscp[i];

			if (!m->tested[d] || (m->arrived[d] && m->seen[d] == m->dscp))
				continue;
			ph_buf_printf(&b, "%s%u ", b.len > 0 ? ", " : "", m->dscp);
			if (m->arrived[d])
				ph_buf_printf(&b, "becomes %u", m->seen[d]);
			else
				ph_buf_puts(&b, "is lost");
		}
		if (p->n_dscp > 0 && p->dscp[0].tested[d])
			label(t, "priority", ph_arena_printf(t->mem, "%s: marks (DSCP) %s",
			    way[d], b.len > 0 ? b.s : "arrive as sent"));
	}
}

static void
path(const struct ph_text *t, const struct ph_path_seen *p)
{
	static const char *const way[] = { "from here", "to here" };

	for (int d = 0; d < 2; d++) {
		if (p->mtu[d].tested)
			label(t, "packets", ph_arena_printf(t->mem, "%s: up to %u bytes%s",
			    way[d], p->mtu[d].bytes, p->fragments[d] == PH_OPEN ?
			    ", larger ones in fragments" : p->fragments[d] == PH_BLOCKED ?
			    "; fragments are lost" : ""));
		stream(t, &p->stream[d], way[d]);
	}
	marks(t, p);
	if (p->rtt_us > 0)
		label(t, "round trip", ph_arena_printf(t->mem, "%.1f ms", p->rtt_us / 1000.0));
}

static void
alg(const struct ph_text *t, const struct ph_alg *a)
{
	const char *name = strcmp(a->protocol, "sip") == 0 ? "SIP" : "H.323";

	label(t, name, ph_arena_printf(t->mem, "%s port %u %s: %s%s%s", a->transport, a->port,
	    a->outbound ? "from here" : "to here",
	    a->verdict == PH_OPEN ? "arrives as sent" : a->verdict == PH_PARTLY ?
	    "is rewritten on the way" : a->verdict == PH_BLOCKED ? "is swallowed" :
	    ph_verdict_name(a->verdict), a->why != NULL ? ": " : "",
	    a->why != NULL ? a->why : ""));
	for (size_t i = 0; i < a->n_changes; i++)
		ph_text_wrap(t, 2 + LABEL + 1, "%s: \"%s\" became \"%s\"", a->changes[i].what,
		    a->changes[i].before, a->changes[i].after);
}

static void
ladder(const struct ph_text *t, const struct ph_probe_result *r)
{
	for (size_t i = 0; i < r->n_rungs; i++) {
		const struct ph_rung *g = &r->rungs[i];

		label(t, g->transport, ph_arena_printf(t->mem, "%s %s: %s%s%s%s", family(g->v6),
		    g->server, g->verdict == PH_OPEN ? "works" : ph_verdict_name(g->verdict),
		    g->rtt_us > 0 ? ph_arena_printf(t->mem, ", %.0f ms", g->rtt_us / 1000.0) :
		    "", g->why != NULL ? ": " : "", g->why != NULL ? g->why : ""));
	}
}

static void
measurements(const struct ph_text *t, const struct ph_probe_result *r)
{
	for (int v6 = 0; v6 < 2; v6++) {
		if (!r->nat[v6].tested && !r->paths[v6].tested)
			continue;
		fprintf(t->out, "\nThe path, %s\n", family(v6));
		nat(t, &r->nat[v6]);
		path(t, &r->paths[v6]);
	}
	if (r->n_algs > 0)
		fputs("\nMeddling with signalling\n", t->out);
	for (size_t i = 0; i < r->n_algs; i++)
		alg(t, &r->algs[i]);
	if (r->n_rungs > 0)
		fputs("\nWays for media, best first\n", t->out);
	ladder(t, r);
	timers(t, &r->timers);
}

static void
finding(const struct ph_text *t, const struct ph_finding *f)
{
	fputc('\n', t->out);
	ph_text_tone(t, f->severity == PH_INFO ? PH_TONE_PLAIN : PH_TONE_MIDDLING, "%s[%s]",
	    ph_severity_name(f->severity), f->id);
	fputc('\n', t->out);
	ph_text_wrap(t, 2, "%s", f->message);
}

/* One opening: what, between whom, why, on whose word, what was seen. */
static void
ask(const struct ph_text *t, const struct ph_ask *a, size_t number)
{
	const struct ph_requirement *q = a->req;
	const char *proto = ph_proto_name(q->proto);

	ph_text_wrap(t, 2, "%zu. allow %s %s %s %s %s (%s)", number, proto,
	    ph_text_ranges(t->mem, PH_DPORT, a->ports),
	    q->direction == PH_OUT ? "from here to" : "to here from",
	    q->group != NULL ? q->group : "the service", ph_text_ranges(t->mem, PH_DST, q->far),
	    family(a->v6));
	ph_text_wrap(t, 5, "for: %s (%s)", q->purpose, q->title != NULL ? q->title : q->service);
	if (q->source != NULL)
		ph_text_wrap(t, 5, "source: %s%s%s", q->source,
		    q->checked != NULL ? ", checked " : "", q->checked != NULL ? q->checked : "");
	ph_text_wrap(t, 5, "measured: %s", a->evidence);
}

void
ph_report_request(const struct ph_text *t, const struct ph_probe_result *r)
{
	size_t number = 0;

	if (r->n_asks == 0 && r->n_findings == 0)
		return;
	ph_text_wrap(t, 0, "Request to the administrator of the firewall");
	for (size_t i = 0; i < r->n_asks; i++)
		ask(t, &r->asks[i], ++number);
	for (size_t i = 0; i < r->n_findings; i++)
		if (r->findings[i].degrades && strcmp(r->findings[i].id, "fallback-only") != 0)
			ph_text_wrap(t, 2, "%zu. %s", ++number, r->findings[i].message);
}

void
ph_report_probe(const struct ph_text *t, const struct ph_probe_result *r)
{
	bool wants = r->n_asks > 0;

	ph_text_wrap(t, 0, "%s.", r->headline);
	if (r->failure != NULL && r->owner != PH_OWNER_FAR_END)
		ph_text_wrap(t, 0, "Not everything could be tested: %s.", r->failure);
	flows(t, r);
	measurements(t, r);
	for (size_t i = 0; i < r->n_findings; i++) {
		finding(t, &r->findings[i]);
		wants |= r->findings[i].degrades;
	}
	if (r->n_skipped > 0)
		fputs("\nNot tested\n", t->out);
	for (size_t i = 0; i < r->n_skipped; i++)
		ph_text_wrap(t, 2, "%s", r->skipped[i]);
	if (!wants)
		return;
	fputc('\n', t->out);
	ph_report_request(t, r);
}
