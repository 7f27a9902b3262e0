/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "net/names.h"
#include "report/check.h"

enum { UNDER_FLOW = 11, MAX_PARTS = 6 };

static const char *
family(bool v6)
{
	return v6 ? "IPv6" : "IPv4";
}

static const char *
fate(const struct ph_observed *o)
{
	if (o->verdict == PH_BLOCKED)
		return o->by_host ? "stopped by this computer" : "blocked";
	return o->verdict == PH_NOT_TESTED ? "not tested" : ph_verdict_name(o->verdict);
}

/* "; rejected by 192.0.2.1", "; last heard of at 192.0.2.1" */
static const char *
trail(struct ph_arena *mem, const struct ph_evidence *e)
{
	char text[PH_ADDR_TEXT];

	if (e->has_icmp)
		return ph_arena_printf(mem, "; so says %s", ph_addr_format(e->icmp_from, text));
	if (e->has_hop)
		return ph_arena_printf(mem, "; last heard of at %s, step %u of the way",
		    ph_addr_format(e->hop, text), e->hop_ttl);
	return "";
}

static void
part(const struct ph_text *t, const struct ph_observed *o)
{
	ph_text_wrap(t, UNDER_FLOW, "%s: %s%s%s%s", ph_text_ranges(t->mem, PH_DPORT, o->ports),
	    fate(o), o->why != NULL ? ": " : "", o->why != NULL ? o->why : "",
	    trail(t->mem, &o->evidence));
}

static void
flow(const struct ph_text *t, const struct ph_measured *m)
{
	const struct ph_requirement *q = m->req;
	size_t shown = 0;

	fputs("  ", t->out);
	ph_text_tone(t, ph_text_verdict_tone(m->verdict), "%-8s", m->verdict == PH_NOT_TESTED ?
	    "untested" : ph_verdict_name(m->verdict));
	fprintf(t->out, " %s, %s %s%s%s\n", q->purpose, ph_proto_name(q->proto),
	    ph_text_ranges(t->mem, PH_DPORT, q->ports),
	    q->direction == PH_IN ? ", from outside" : "",
	    q->need == PH_OPTIONAL ? " (not needed)" : q->need == PH_FALLBACK ? " (detour)" : "");
	for (size_t i = 0; i < m->n && m->verdict != PH_OPEN; i++)
		if (m->v[i].verdict != PH_OPEN && shown++ < MAX_PARTS)
			part(t, &m->v[i]);
	if (shown > MAX_PARTS)
		ph_text_wrap(t, UNDER_FLOW, "and %zu more: --json has them all",
		    shown - MAX_PARTS);
	if (m->why != NULL && m->n == 0)
		ph_text_wrap(t, UNDER_FLOW, "%s", m->why);
}

static void
flows(const struct ph_text *t, const struct ph_check *c)
{
	const char *service = "";
	int v6 = -1;

	for (size_t i = 0; i < c->r.n_flows; i++) {
		const struct ph_measured *m = &c->r.flows[i];

		if (m->req->direction == PH_IN && !m->counts)
			continue;
		if (strcmp(service, m->req->service) != 0 || v6 != m->v6) {
			service = m->req->service;
			v6 = m->v6;
			fprintf(t->out, "\n%s, %s\n", m->req->title != NULL ? m->req->title :
			    service, family(m->v6));
		}
		flow(t, m);
	}
}

static void
own_rules(const struct ph_text *t, const struct ph_check *c)
{
	static const char *const word[] = {
		[PH_OPEN] = "lets all of it out", [PH_PARTLY] = "stops a part of it",
		[PH_BLOCKED] = "stops it", [PH_UNKNOWN] = "has rules that could not be understood",
		[PH_NOT_TESTED] = "was not asked",
	};

	if (c->own.read)
		fprintf(t->out, "\nThis computer's own firewall: %s\n",
		    word[c->own.audit->verdict]);
}

static void
finding(const struct ph_text *t, const struct ph_finding *f)
{
	fputc('\n', t->out);
	ph_text_tone(t, PH_TONE_MIDDLING, "%s[%s]", ph_severity_name(f->severity), f->id);
	fputc('\n', t->out);
	ph_text_wrap(t, 2, "%s", f->message);
}

/* One opening: what, between whom, why, on whose word, what was seen. */
static void
opening(const struct ph_text *t, size_t number, const struct ph_requirement *q,
    const struct ph_ranges *ports, const char *seen)
{
	ph_text_wrap(t, 2, "%zu. %s port %s, %s %s", number,
	    q->proto == PH_TCP ? "TCP" : q->proto == PH_UDP ? "UDP" : "IP",
	    ph_text_ranges(t->mem, PH_DPORT, ports),
	    q->direction == PH_OUT ? "from this network to" : "to this network from",
	    ph_text_ranges(t->mem, PH_DST, q->far));
	ph_text_wrap(t, 5, "for: %s (%s)", q->purpose, q->title != NULL ? q->title : q->service);
	if (q->source != NULL)
		ph_text_wrap(t, 5, "says: %s%s%s", q->source, q->checked != NULL ?
		    ", checked " : "", q->checked != NULL ? q->checked : "");
	ph_text_wrap(t, 5, "seen: %s", seen);
}

static void
own_part(const struct ph_text *t, const struct ph_check *c, size_t *number)
{
	bool said = false;

	for (size_t i = 0; i < c->r.n_flows; i++)
		for (size_t k = 0; k < c->r.flows[i].n; k++) {
			const struct ph_observed *o = &c->r.flows[i].v[k];

			if (!o->by_host || o->verdict != PH_BLOCKED)
				continue;
			if (!said)
				ph_text_wrap(t, 0, "Please allow in the firewall of this "
				    "computer itself:");
			said = true;
			opening(t, ++*number, c->r.flows[i].req, o->ports,
			    o->why != NULL ? o->why : "refused");
		}
}

bool
ph_report_check_asks(const struct ph_check *c)
{
	if (c->r.n_asks > 0 || c->n_doubts > 0)
		return true;
	for (size_t i = 0; i < c->r.n_flows; i++)
		for (size_t k = 0; k < c->r.flows[i].n; k++)
			if (c->r.flows[i].v[k].by_host &&
			    c->r.flows[i].v[k].verdict == PH_BLOCKED)
				return true;
	return false;
}

/* What is shut, then what may be. */
static void
request(const struct ph_text *t, const struct ph_check *c)
{
	size_t number = 0;

	own_part(t, c, &number);
	if (c->r.n_asks > 0)
		ph_text_wrap(t, 0, "Please open in the firewall:");
	for (size_t i = 0; i < c->r.n_asks; i++)
		opening(t, ++number, c->r.asks[i].req, c->r.asks[i].ports, c->r.asks[i].evidence);
	if (c->n_doubts > 0)
		ph_text_wrap(t, 0, "Please check that this is open; from here it could not be "
		    "told:");
	for (size_t i = 0; i < c->n_doubts; i++)
		opening(t, ++number, c->doubts[i].req, c->doubts[i].ports, c->doubts[i].why);
}

void
ph_report_letter(const struct ph_text *t, const struct ph_check *c, const char *date)
{
	ph_text_wrap(t, 0, "Request to the administrator of the network");
	ph_text_wrap(t, 0, "%s, from this computer: %s.", date, c->r.headline);
	fputc('\n', t->out);
	request(t, c);
	fputc('\n', t->out);
	ph_text_wrap(t, 0, "Nothing else is needed, and nothing from outside that is not listed. "
	    "Measured with pinhole check%s.", c->responder ? " against a test server outside" :
	    " by asking the service's own servers");
}

void
ph_report_check(const struct ph_text *t, const struct ph_check *c)
{
	ph_text_wrap(t, 0, "%s.", c->r.headline);
	flows(t, c);
	own_rules(t, c);
	for (size_t i = 0; i < c->r.n_findings; i++)
		finding(t, &c->r.findings[i]);
	if (c->n_untested > 0)
		fputs("\nNot tested\n", t->out);
	for (size_t i = 0; i < c->n_untested; i++)
		ph_text_wrap(t, 2, "%s", c->untested[i]);
	if (c->request == NULL && ph_report_check_asks(c)) {
		fputs("\nRequest to the administrator of the network\n", t->out);
		request(t, c);
	}
	fputc('\n', t->out);
	ph_text_wrap(t, 0, "In short: %s.", c->in_short);
}
