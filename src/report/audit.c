/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "net/names.h"
#include "report/audit.h"
#include "report/parts.h"
#include "report/place.h"

enum {
	MAX_ENTRIES = 6,		/* of one flow; --json has them all */
	MAX_INFO = 10,			/* findings that are no more than information */
	UNDER_FLOW = 11, UNDER_ENTRY = 13,
};

struct tally {
	unsigned all, by[PH_NOT_TESTED + 1];
};

static struct tally
count_required(const struct ph_audit *a)
{
	struct tally t = { 0 };

	for (size_t i = 0; i < a->n_flows; i++) {
		if (a->flows[i].req->need != PH_REQUIRED)
			continue;
		t.all++;
		t.by[a->flows[i].verdict]++;
	}
	return t;
}

static const char *
flows_word(unsigned n)
{
	return n == 1 ? "required flow" : "required flows";
}

/* ", 2 are blocked" for every verdict that some flows have. */
static const char *
counts(struct ph_arena *mem, const struct tally *t)
{
	static const struct { enum ph_verdict v; const char *word; } row[] = {
		{ PH_BLOCKED, "blocked" }, { PH_PARTLY, "only partly open" },
		{ PH_UNKNOWN, "unknown" },
	};
	struct ph_buf b;

	ph_buf_init(&b, mem);
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		if (t->by[row[i].v] > 0)
			ph_buf_printf(&b, "%s%u %s %s", b.len > 0 ? ", " : "",
			    t->by[row[i].v], t->by[row[i].v] == 1 ? "is" : "are",
			    row[i].word);
	return b.len > 0 ? b.s : "";
}

static const char *
headline(const struct ph_audit *a)
{
	static const char *const word[] = {
		"OPEN", "PARTLY OPEN", "BLOCKED", "UNKNOWN", "NOT TESTED",
	};

	if (a->verdict == PH_OPEN && a->degraded)
		return "OPEN, BUT DEGRADED";
	return word[a->verdict];
}

/* What one flow's ports do: a query has no other. */
static const char *
only_flow(struct ph_arena *mem, const struct ph_flow *f)
{
	const char *ports = ph_text_ranges(mem, PH_DPORT, f->req->ports);
	const char *proto = ph_proto_name(f->req->proto);
	struct ph_entries e;

	if (proto == NULL)
		proto = ph_arena_printf(mem, "protocol %u", f->req->proto);
	if (f->verdict != PH_PARTLY)
		return ph_arena_printf(mem, "%s %s %s", proto, ports,
		    f->verdict == PH_OPEN ? "gets through" :
		    f->verdict == PH_BLOCKED ? "does not get through" :
		    "may or may not get through");
	ph_parts_list(mem, f, &e);
	if (ph_ranges_empty(e.open))
		return ph_arena_printf(mem, "%s %s gets through for some only", proto, ports);
	return ph_arena_printf(mem, "of %s %s only %s gets through", proto, ports,
	    ph_text_ranges(mem, PH_DPORT, e.open));
}

static const char *
explanation(struct ph_arena *mem, const struct ph_audit *a)
{
	struct tally n = count_required(a);

	if (n.all == 0)
		return "nothing is required here";
	if (a->n_flows == 1)
		return only_flow(mem, &a->flows[0]);
	if (a->verdict == PH_OPEN && a->degraded)
		return "all required flows get through, but what is found below "
		    "disturbs calls";
	if (a->verdict == PH_OPEN)
		return n.all == 1 ? "the required flow gets through" :
		    ph_arena_printf(mem, "all %u required flows get through", n.all);
	return ph_arena_printf(mem, "of %u %s %s", n.all, flows_word(n.all),
	    counts(mem, &n));
}

static void
summary(const struct ph_text *t, const char *name, const struct ph_audit *a)
{
	const char *head = headline(a), *rest = explanation(t->mem, a);

	if (t->colour) {
		ph_text_tone(t, a->verdict == PH_OPEN && a->degraded ?
		    PH_TONE_MIDDLING : ph_text_verdict_tone(a->verdict), "%s", head);
		fprintf(t->out, ": %s: %s.\n", name, rest);
	} else {
		ph_text_wrap(t, 0, "%s: %s: %s.", head, name, rest);
	}
}

/* " from A to B" for what concerns only some addresses. */
static const char *
limits(struct ph_arena *mem, const struct ph_entry *e)
{
	struct ph_buf b;

	ph_buf_init(&b, mem);
	ph_buf_puts(&b, "");
	if (e->src != NULL)
		ph_buf_printf(&b, " from %s", ph_text_ranges(mem, PH_SRC, e->src));
	if (e->sport != NULL)
		ph_buf_printf(&b, " source port %s",
		    ph_text_ranges(mem, PH_SPORT, e->sport));
	if (e->dst != NULL)
		ph_buf_printf(&b, " to %s", ph_text_ranges(mem, PH_DST, e->dst));
	return b.len > 0 ? b.s : "";
}

/* "later packets are rejected by", "unknown, because of". */
static const char *
fate(struct ph_arena *mem, const struct ph_part *p)
{
	static const char *const whose[] = { "", "the answer is ", "later packets are " };

	if (p->verdict == PH_UNKNOWN)
		return "unknown, because of";
	return ph_arena_printf(mem, "%s%s by", whose[p->stage],
	    p->rejected ? "rejected" : "blocked");
}

static void
entry(const struct ph_text *t, const struct ph_entry *e)
{
	const struct ph_part *p = e->part;
	struct ph_shown_place at;
	bool shown = ph_place_show(t->mem, p->by, &at);

	ph_text_wrap(t, UNDER_FLOW, "%s%s: %s %s",
	    ph_text_ranges(t->mem, PH_DPORT, e->ports), limits(t->mem, e),
	    fate(t->mem, p), ph_text_place(t->mem, p->by));
	if (shown)
		ph_text_quote(t, UNDER_ENTRY, at.text);
	if (p->why != NULL)
		ph_text_wrap(t, UNDER_ENTRY, "%s", p->why);
	ph_text_wrap(t, UNDER_ENTRY, "for example %s",
	    ph_text_packet(t->mem, &e->witness));
}

static void
entries(const struct ph_text *t, const struct ph_entry *v, size_t n)
{
	for (size_t i = 0; i < n && i < MAX_ENTRIES; i++)
		entry(t, &v[i]);
	if (n > MAX_ENTRIES)
		ph_text_wrap(t, UNDER_FLOW, "and %zu more: --json has them all",
		    n - MAX_ENTRIES);
}

void
ph_report_flow(const struct ph_text *t, const struct ph_flow *f)
{
	const struct ph_requirement *r = f->req;
	const char *proto = ph_proto_name(r->proto);
	struct ph_entries e;

	ph_parts_list(t->mem, f, &e);
	fputs("  ", t->out);
	ph_text_tone(t, ph_text_verdict_tone(f->verdict), "%-8s",
	    ph_verdict_name(f->verdict));
	fprintf(t->out, " %-20s %-3s %s %s%s%s%s\n", r->flow,
	    ph_direction_name(r->direction),
	    proto != NULL ? proto : ph_arena_printf(t->mem, "protocol %u", r->proto),
	    ph_text_ranges(t->mem, PH_DPORT, r->ports),
	    r->need == PH_REQUIRED ? "" : " (",
	    r->need == PH_REQUIRED ? "" : ph_need_name(r->need),
	    r->need == PH_REQUIRED ? "" : ")");
	if (f->verdict == PH_PARTLY && !ph_ranges_empty(e.open))
		ph_text_wrap(t, UNDER_FLOW, "%s: open",
		    ph_text_ranges(t->mem, PH_DPORT, e.open));
	entries(t, e.blocked, e.n_blocked);
	entries(t, e.unknown, e.n_unknown);
	if (f->verdict != PH_OPEN && r->fallback != NULL)
		ph_text_wrap(t, UNDER_FLOW, "%s serves instead, not as well", r->fallback);
}

void
ph_report_finding(const struct ph_text *t, const struct ph_finding *f)
{
	static const enum ph_tone tone[] = {
		PH_TONE_PLAIN, PH_TONE_MIDDLING, PH_TONE_BAD,
	};
	struct ph_shown_place at;
	bool shown = ph_place_show(t->mem, f->at, &at);

	ph_text_tone(t, tone[f->severity], "%s[%s]", ph_severity_name(f->severity), f->id);
	if (shown)
		fprintf(t->out, " %s:%u", at.file, at.line);
	fputc('\n', t->out);
	if (shown)
		ph_text_quote(t, 4, at.text);
	ph_text_wrap(t, 2, "%s", f->message);
	for (size_t i = 0; i < f->n_others && i < MAX_ENTRIES; i++)
		if (ph_place_show(t->mem, f->others[i], &at)) {
			ph_text_wrap(t, 2, "see %s:%u", at.file, at.line);
			ph_text_quote(t, 4, at.text);
		}
	if (f->fix == NULL || f->fix[0] == NULL)
		return;
	ph_text_wrap(t, 2, "to type:");
	for (size_t i = 0; f->fix[i] != NULL; i++)
		ph_text_type(t, f->fix[i]);
}

/* All that disturbs, and of what is only said for information the first few. */
static void
findings(const struct ph_text *t, const struct ph_audit *a)
{
	size_t info = 0;

	for (size_t i = 0; i < a->n_findings; i++) {
		info += a->findings[i].severity == PH_INFO;
		if (a->findings[i].severity == PH_INFO && info > MAX_INFO)
			continue;
		fputc('\n', t->out);
		ph_report_finding(t, &a->findings[i]);
	}
	if (info > MAX_INFO)
		fprintf(t->out, "\nand %zu more for information: --json has them all\n",
		    info - MAX_INFO);
}

void
ph_report_audit(const struct ph_text *t, const char *name, const struct ph_audit *a,
    const char *advice)
{
	const char *service = "";

	summary(t, name, a);
	for (size_t i = 0; i < a->n_flows; i++) {
		const struct ph_requirement *r = a->flows[i].req;

		if (strcmp(service, r->service) != 0) {
			service = r->service;
			fputc('\n', t->out);
			if (r->title != NULL)
				ph_text_wrap(t, 0, "%s (%s)", r->title, service);
		}
		ph_report_flow(t, &a->flows[i]);
	}
	findings(t, a);
	if (advice != NULL && (a->verdict != PH_OPEN || a->degraded)) {
		fputc('\n', t->out);
		ph_text_wrap(t, 0, "%s", advice);
	}
}
