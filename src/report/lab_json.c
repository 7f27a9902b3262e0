/* SPDX-License-Identifier: ISC */
#include "net/names.h"
#include "report/json.h"
#include "report/lab.h"
#include "report/place.h"

static const char *const reach_word[] = { "none", "first", "reply", "all" };

static json_t *
real(double v)
{
	return v < 0 ? json_null() : json_real((double)(long long)(v * 1000 + 0.5) / 1000);
}

static json_t *
timer(struct ph_arena *mem, const struct ph_lab_timer *t)
{
	json_t *o;

	if (!t->wanted)
		return json_null();
	o = json_object();
	ph_json_set(mem, o, "need_s", json_integer(t->need_s));
	ph_json_set(mem, o, "predicted_s", json_integer(t->predicted_s));
	ph_json_set(mem, o, "by", ph_json_place(mem, t->at));
	ph_json_set(mem, o, "set_s", json_integer(t->set_s));
	ph_json_set(mem, o, "alive_s", t->measured ? real(t->alive_s) : json_null());
	ph_json_set(mem, o, "dead_s", t->measured ? real(t->dead_s) : json_null());
	ph_json_set(mem, o, "agrees", t->measured ? json_boolean(!t->disagrees) : json_null());
	ph_json_set(mem, o, "not_tested", ph_json_text(mem, t->measured ? NULL : t->why));
	return o;
}

static json_t *
flow(struct ph_arena *mem, const struct ph_lab_flow *f)
{
	json_t *o = ph_json_flow(mem, f->predicted), *m = json_object();

	ph_json_set(mem, m, "verdict", ph_json_text(mem, ph_verdict_name(f->verdict)));
	ph_json_set(mem, m, "open", ph_json_ranges(mem, PH_DPORT, f->open));
	ph_json_set(mem, m, "some", ph_json_ranges(mem, PH_DPORT, f->some));
	ph_json_set(mem, m, "blocked", ph_json_ranges(mem, PH_DPORT, f->blocked));
	ph_json_set(mem, m, "connections", json_integer((json_int_t)f->tried));
	ph_json_set(mem, o, "measured", m);
	ph_json_set(mem, o, "timer", timer(mem, &f->timer));
	return o;
}

static void
name_flow(struct ph_arena *mem, json_t *o, const struct ph_flow *f)
{
	const struct ph_requirement *r = f == NULL ? NULL : f->req;

	ph_json_set(mem, o, "service", ph_json_text(mem, r == NULL ? NULL : r->service));
	ph_json_set(mem, o, "flow", ph_json_text(mem, r == NULL ? NULL : r->flow));
	ph_json_set(mem, o, "direction", ph_json_text(mem, r == NULL ? NULL :
	    ph_direction_name(r->direction)));
}

static json_t *
disagreement(struct ph_arena *mem, const struct ph_lab_disagreement *d)
{
	enum ph_lab_reach want = d->part->verdict == PH_OPEN ? PH_LAB_ALL :
	    (enum ph_lab_reach)d->part->stage;
	json_t *o = json_object();

	ph_json_set(mem, o, "kind", ph_json_text(mem, "packets"));
	name_flow(mem, o, d->flow);
	ph_json_set(mem, o, "ports", ph_json_ranges(mem, PH_DPORT, d->ports));
	ph_json_set(mem, o, "predicted", ph_json_text(mem, reach_word[want]));
	ph_json_set(mem, o, "measured", ph_json_text(mem, reach_word[d->reach]));
	ph_json_set(mem, o, "by", ph_json_place(mem, d->part->by));
	ph_json_set(mem, o, "witness", ph_json_packet(mem, &d->witness));
	ph_json_set(mem, o, "connections", json_integer((json_int_t)d->n));
	return o;
}

static json_t *
timer_disagreement(struct ph_arena *mem, const struct ph_lab_flow *f)
{
	json_t *o = json_object();

	ph_json_set(mem, o, "kind", ph_json_text(mem, "timer"));
	name_flow(mem, o, f->predicted);
	ph_json_set(mem, o, "timer", timer(mem, &f->timer));
	return o;
}

static json_t *
skip(struct ph_arena *mem, const struct ph_lab_skip *s)
{
	json_t *o = json_object();

	name_flow(mem, o, s->flow);
	ph_json_set(mem, o, "ports", s->ports == NULL ? json_null() :
	    ph_json_ranges(mem, PH_DPORT, s->ports));
	ph_json_set(mem, o, "by", ph_json_place(mem, s->at));
	ph_json_set(mem, o, "why", ph_json_text(mem, s->why));
	return o;
}

json_t *
ph_json_lab(struct ph_arena *mem, const struct ph_lab *lab)
{
	json_t *doc = ph_json_document(mem, "lab"), *list = json_array();

	ph_json_set(mem, doc, "verdict", ph_json_text(mem, ph_verdict_name(lab->verdict)));
	ph_json_set(mem, doc, "predicted",
	    ph_json_text(mem, ph_verdict_name(lab->audit->verdict)));
	ph_json_set(mem, doc, "degraded", json_boolean(lab->audit->degraded));
	ph_json_set(mem, doc, "refused", ph_json_text(mem, lab->refused));
	ph_json_set(mem, doc, "translated", ph_json_text(mem, lab->translated));
	ph_json_set(mem, doc, "scale_time", json_integer(lab->scale));
	ph_json_set(mem, doc, "packets", json_integer((json_int_t)lab->packets));
	ph_json_set(mem, doc, "ms", real((double)lab->us / 1000));
	for (size_t i = 0; i < lab->n_flows; i++)
		ph_json_add(mem, list, flow(mem, &lab->flows[i]));
	ph_json_set(mem, doc, "flows", list);
	list = json_array();
	for (size_t i = 0; i < lab->n_disagreements; i++)
		ph_json_add(mem, list, disagreement(mem, &lab->disagreements[i]));
	for (size_t i = 0; i < lab->n_flows; i++)
		if (lab->flows[i].timer.disagrees)
			ph_json_add(mem, list, timer_disagreement(mem, &lab->flows[i]));
	ph_json_set(mem, doc, "disagreements", list);
	list = json_array();
	for (size_t i = 0; i < lab->n_skips; i++)
		ph_json_add(mem, list, skip(mem, &lab->skips[i]));
	ph_json_set(mem, doc, "not_tested", list);
	ph_json_set(mem, doc, "findings",
	    ph_json_findings(mem, lab->audit->findings, lab->audit->n_findings));
	return doc;
}
