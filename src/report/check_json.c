/* SPDX-License-Identifier: ISC */
#include "net/names.h"
#include "report/check.h"
#include "report/json.h"
#include "report/probe.h"

/* Only a responder tells what arrived there. */
static void
forget_arrivals(struct ph_arena *mem, json_t *o)
{
	static const char *const list[] = { "blocked", "unknown" };
	json_t *part;
	size_t i;

	ph_json_set(mem, json_object_get(o, "evidence"), "received_out", json_null());
	for (size_t k = 0; k < sizeof(list) / sizeof(*list); k++)
		json_array_foreach(json_object_get(o, list[k]), i, part)
			ph_json_set(mem, json_object_get(part, "evidence"), "received_out",
			    json_null());
}

static json_t *
flows(struct ph_arena *mem, const struct ph_check *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->r.n_flows; i++) {
		const struct ph_measured *m = &c->r.flows[i];
		json_t *o = ph_json_measured(mem, m);

		if (!c->responder)
			forget_arrivals(mem, o);
		ph_json_set(mem, o, "owner", ph_json_text(mem, m->verdict == PH_OPEN ? NULL :
		    ph_check_owner_word(c->owners[i])));
		ph_json_add(mem, list, o);
	}
	return list;
}

static json_t *
own(struct ph_arena *mem, const struct ph_check_own *own)
{
	json_t *o = json_object(), *list = json_array();

	ph_json_set(mem, o, "read", json_boolean(own->read));
	ph_json_set(mem, o, "why", ph_json_text(mem, own->why));
	ph_json_set(mem, o, "verdict", ph_json_text(mem, own->read ?
	    ph_verdict_name(own->audit->verdict) : NULL));
	for (size_t i = 0; own->read && i < own->audit->n_flows; i++)
		ph_json_add(mem, list, ph_json_flow(mem, &own->audit->flows[i]));
	ph_json_set(mem, o, "flows", list);
	return o;
}

static json_t *
doubt(struct ph_arena *mem, const struct ph_check_doubt *d)
{
	struct ph_ask a = { .req = d->req, .ports = d->ports, .v6 = d->v6, .evidence = d->why };

	return ph_json_ask(mem, &a);
}

json_t *
ph_json_check(struct ph_arena *mem, const struct ph_check *c)
{
	json_t *o = ph_json_document(mem, "check"), *asks = json_array();
	json_t *doubts = json_array(), *untested = json_array();

	for (size_t i = 0; i < c->r.n_asks; i++)
		ph_json_add(mem, asks, ph_json_ask(mem, &c->r.asks[i]));
	for (size_t i = 0; i < c->n_doubts; i++)
		ph_json_add(mem, doubts, doubt(mem, &c->doubts[i]));
	for (size_t i = 0; i < c->n_untested; i++)
		ph_json_add(mem, untested, ph_json_text(mem, c->untested[i]));
	ph_json_set(mem, o, "mode", json_string(c->responder ? "responder" : "public"));
	ph_json_set(mem, o, "verdict", json_string(ph_verdict_name(c->r.verdict)));
	ph_json_set(mem, o, "degraded", json_boolean(c->r.degraded));
	ph_json_set(mem, o, "owner", ph_json_text(mem, ph_check_owner_word(c->r.owner)));
	ph_json_set(mem, o, "sentence", ph_json_text(mem, c->r.headline));
	ph_json_set(mem, o, "in_short", ph_json_text(mem, c->in_short));
	ph_json_set(mem, o, "to_do", ph_json_text(mem, c->todo));
	ph_json_set(mem, o, "own_firewall", own(mem, &c->own));
	ph_json_set(mem, o, "flows", flows(mem, c));
	ph_json_set(mem, o, "findings", ph_json_findings(mem, c->r.findings, c->r.n_findings));
	ph_json_set(mem, o, "requests", asks);
	ph_json_set(mem, o, "to_be_checked", doubts);
	ph_json_set(mem, o, "untested", untested);
	return o;
}
