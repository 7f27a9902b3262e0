/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "net/names.h"
#include "report/lab.h"

enum { UNDER_FLOW = 11, MAX_SKIPS = 6 };

const char *
ph_report_lab_fate(enum ph_lab_reach r)
{
	static const char *const fate[] = {
		"the first packet did not arrive", "the answer did not arrive",
		"later packets did not arrive", "everything arrived",
	};

	return fate[r];
}

static const char *
predicted_fate(const struct ph_part *p)
{
	return ph_report_lab_fate(p->verdict == PH_OPEN ? PH_LAB_ALL :
	    (enum ph_lab_reach)p->stage);
}

static const char *
headline(const struct ph_lab *lab)
{
	static const char *const word[] = {
		"OPEN", "PARTLY OPEN", "BLOCKED", "UNKNOWN", "NOT TESTED",
	};

	if (lab->verdict == PH_OPEN && lab->audit->degraded)
		return "OPEN, BUT DEGRADED";
	return word[lab->verdict];
}

static size_t
count_disagreements(const struct ph_lab *lab)
{
	size_t n = lab->n_disagreements;

	for (size_t i = 0; i < lab->n_flows; i++)
		n += lab->flows[i].timer.disagrees;
	return n;
}

static void
summary(const struct ph_text *t, const char *name, const struct ph_lab *lab)
{
	size_t n = count_disagreements(lab), tried = 0;

	for (size_t i = 0; i < lab->n_flows; i++)
		tried += lab->flows[i].tried;
	if (lab->refused != NULL)
		ph_text_wrap(t, 0, "NOT TESTED: %s: %s.", name, lab->refused);
	else if (n > 0)
		ph_text_wrap(t, 0, "DISAGREEMENT: %s: in %zu places the kernel did not do what "
		    "was predicted. That is a mistake of Pinhole, or the rules that ran are "
		    "not those that were read.", name, n);
	else
		ph_text_wrap(t, 0, "%s: %s: %zu connections were sent through it, and every "
		    "one did what was predicted.", headline(lab), name, tried);
}

static void
timer(const struct ph_text *t, const struct ph_lab *lab, const struct ph_lab_timer *m)
{
	const char *scaled = lab->scale <= 1 ? "" : ph_arena_printf(t->mem,
	    " (set to %u s, 1/%u of it)", m->set_s, lab->scale);

	if (!m->wanted)
		return;
	if (!m->measured && m->predicted_s == 0) {
		ph_text_wrap(t, UNDER_FLOW, "idle timer: not tested: %s", m->why);
		return;
	}
	if (!m->measured) {
		ph_text_wrap(t, UNDER_FLOW, "idle timer, %u s by %s: not tested: %s",
		    m->predicted_s, ph_text_place(t->mem, m->at), m->why);
		return;
	}
	if (m->dead_s < 0)
		ph_text_wrap(t, UNDER_FLOW, "idle timer: predicted %u s%s by %s, measured: "
		    "still there after %.1f s", m->predicted_s, scaled,
		    ph_text_place(t->mem, m->at), m->alive_s);
	else
		ph_text_wrap(t, UNDER_FLOW, "idle timer: predicted %u s%s by %s, measured "
		    "between %.1f and %.1f s", m->predicted_s, scaled,
		    ph_text_place(t->mem, m->at), m->alive_s, m->dead_s);
	if (m->disagrees)
		ph_text_wrap(t, UNDER_FLOW, "DISAGREEMENT");
	if (m->predicted_s != 0 && m->predicted_s < m->need_s)
		ph_text_wrap(t, UNDER_FLOW, "too short: the flow needs %u s", m->need_s);
}

static void
ports(const struct ph_text *t, const char *what, const struct ph_ranges *r)
{
	if (!ph_ranges_empty(r))
		ph_text_wrap(t, UNDER_FLOW, "%s: %s", ph_text_ranges(t->mem, PH_DPORT, r), what);
}

static void
flow(const struct ph_text *t, const struct ph_lab *lab, const struct ph_lab_flow *f)
{
	const struct ph_requirement *r = f->predicted->req;
	const char *proto = ph_proto_name(r->proto);

	fputs("  ", t->out);
	ph_text_tone(t, ph_text_verdict_tone(f->predicted->verdict), "%-9s",
	    ph_verdict_name(f->predicted->verdict));
	ph_text_tone(t, ph_text_verdict_tone(f->verdict), " %-10s",
	    ph_verdict_name(f->verdict));
	fprintf(t->out, " %-20s %-3s %s %s%s%s%s\n", r->flow, ph_direction_name(r->direction),
	    proto != NULL ? proto : ph_arena_printf(t->mem, "protocol %u", r->proto),
	    ph_text_ranges(t->mem, PH_DPORT, r->ports), r->need == PH_REQUIRED ? "" : " (",
	    r->need == PH_REQUIRED ? "" : ph_need_name(r->need),
	    r->need == PH_REQUIRED ? "" : ")");
	if (f->verdict == PH_PARTLY) {
		ports(t, "open", f->open);
		ports(t, "open for some addresses only", f->some);
		ports(t, "blocked", f->blocked);
	}
	timer(t, lab, &f->timer);
}

static void
flows(const struct ph_text *t, const struct ph_lab *lab)
{
	const char *service = "";

	for (size_t i = 0; i < lab->n_flows; i++) {
		const struct ph_requirement *r = lab->flows[i].predicted->req;

		if (strcmp(service, r->service) != 0) {
			service = r->service;
			fprintf(t->out, "\n%s (%s)\n  predicted measured\n",
			    r->title != NULL ? r->title : r->service, r->service);
		}
		flow(t, lab, &lab->flows[i]);
	}
}

static void
disagreements(const struct ph_text *t, const struct ph_lab *lab)
{
	for (size_t i = 0; i < lab->n_disagreements; i++) {
		const struct ph_lab_disagreement *d = &lab->disagreements[i];
		const struct ph_requirement *r = d->flow->req;

		fputc('\n', t->out);
		ph_text_tone(t, PH_TONE_BAD, "DISAGREEMENT");
		fprintf(t->out, " %s/%s %s port %s\n", r->service, r->flow,
		    ph_direction_name(r->direction), ph_text_ranges(t->mem, PH_DPORT, d->ports));
		ph_text_wrap(t, 2, "predicted: %s, because of %s", predicted_fate(d->part),
		    ph_text_place(t->mem, d->part->by));
		ph_text_wrap(t, 2, "measured: %s, in %zu connections", ph_report_lab_fate(d->reach),
		    d->n);
		ph_text_wrap(t, 2, "for example %s", ph_text_packet(t->mem, &d->witness));
	}
}

static void
skips(const struct ph_text *t, const struct ph_lab *lab)
{
	if (lab->n_skips > 0)
		fputs("\nNot tested, or not all of it:\n", t->out);
	for (size_t i = 0; i < lab->n_skips && i < MAX_SKIPS; i++) {
		const struct ph_lab_skip *s = &lab->skips[i];
		const char *what = s->flow == NULL ? "" : ph_arena_printf(t->mem, "%s/%s %s %s: ",
		    s->flow->req->service, s->flow->req->flow,
		    ph_direction_name(s->flow->req->direction),
		    s->ports == NULL ? "" : ph_text_ranges(t->mem, PH_DPORT, s->ports));

		ph_text_wrap(t, 2, "%s%s%s%s", what,
		    s->at.src == NULL ? "" : ph_text_place(t->mem, s->at),
		    s->at.src == NULL ? "" : ": ", s->why);
	}
	if (lab->n_skips > MAX_SKIPS)
		ph_text_wrap(t, 2, "and %zu more: --json has them all",
		    lab->n_skips - MAX_SKIPS);
}

void
ph_report_lab(const struct ph_text *t, const char *name, const struct ph_lab *lab)
{
	summary(t, name, lab);
	flows(t, lab);
	disagreements(t, lab);
	skips(t, lab);
	if (lab->refused != NULL)
		return;
	fputc('\n', t->out);
	ph_text_wrap(t, 0, "%llu packets in %.0f ms, to and fro through a kernel that runs %s.%s",
	    (unsigned long long)lab->packets, (double)lab->us / 1000,
	    lab->translated == NULL ? "it" : ph_arena_printf(t->mem,
	    "its translation to %s, read back and compared", lab->translated),
	    lab->scale > 1 ? ph_arena_printf(t->mem,
	    " For their measurement all idle timers ran %u times as fast.", lab->scale) : "");
}
