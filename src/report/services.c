/* SPDX-License-Identifier: ISC */
#include "net/names.h"
#include "report/json.h"
#include "report/services.h"

void
ph_report_services(const struct ph_text *t, const struct ph_service *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(t->out, "%-24s%s\n", v[i]->name, v[i]->title);
}

static const char *
protocols(struct ph_arena *mem, const struct ph_service_flow *f)
{
	struct ph_buf b;

	ph_buf_init(&b, mem);
	for (size_t i = 0; i < f->n_protos; i++)
		ph_buf_printf(&b, "%s%s", i > 0 ? " and " : "",
		    ph_proto_name(f->protos[i]));
	return b.s;
}

static const struct ph_ranges *
ports_of(const struct ph_service_flow *f)
{
	return f->ports == NULL && f->param != NULL ? f->param->ports : f->ports;
}

/* Ports, or how to give them. */
static const char *
ports_text(struct ph_arena *mem, const struct ph_service *s,
    const struct ph_service_flow *f)
{
	const struct ph_ranges *r = ports_of(f);

	if (f->param != NULL && r == NULL)
		return ph_arena_printf(mem, "given with --set %s.%s=RANGE", s->name,
		    f->param->name);
	return ph_text_ranges(mem, PH_DPORT, r);
}

static const char *
groups_text(struct ph_arena *mem, const struct ph_service_flow *f)
{
	struct ph_buf b;

	ph_buf_init(&b, mem);
	for (size_t i = 0; i < f->n_groups; i++)
		ph_buf_printf(&b, "%s%s", i > 0 ? ", " : "", f->groups[i]->name);
	return b.len > 0 ? b.s : "";
}

static void
field(const struct ph_text *t, const char *name, const char *value)
{
	if (value != NULL)
		ph_text_wrap(t, 4, "%s: %s", name, value);
}

static void
report_flow(const struct ph_text *t, const struct ph_service *s,
    const struct ph_service_flow *f)
{
	static const char *const way[] = {
		"out, from the clients", "in, to the clients", "both ways",
	};
	static const char *const who[] = {
		"the client", "the far end", "either side",
	};

	fprintf(t->out, "\n  %s: %s %s, %s\n", f->id, protocols(t->mem, f),
	    ports_text(t->mem, s, f), ph_need_name(f->need));
	field(t, "purpose", f->purpose);
	ph_text_wrap(t, 4, "direction: %s; opened by %s", way[f->direction],
	    who[f->initiator]);
	field(t, "with", groups_text(t->mem, f));
	if (f->fallback != NULL)
		field(t, "when shut", ph_arena_printf(t->mem, "%s serves instead",
		    f->fallback->id));
	if (f->idle_s > 0)
		field(t, "idle", ph_arena_printf(t->mem,
		    "may be silent for %u seconds and must stay open", f->idle_s));
	if (f->alg_protocol != NULL)
		field(t, "inspection (ALG)", ph_arena_printf(t->mem, "%s: %s",
		    f->alg_protocol, f->alg != NULL ? f->alg : "off"));
	field(t, "note", f->note);
	if (f->source != s->source || f->checked != s->checked)
		field(t, "source", ph_arena_printf(t->mem, "%s, %s%s", f->source,
		    f->checked != NULL ? "checked " : "date not recorded",
		    f->checked != NULL ? f->checked : ""));
}

static void
report_groups(const struct ph_text *t, const struct ph_service *s)
{
	if (s->n_groups > 0)
		fputs("\nAddresses to give:\n", t->out);
	for (size_t i = 0; i < s->n_groups; i++) {
		const struct ph_service_group *g = &s->groups[i];

		fprintf(t->out, "  --at %s.%s=ADDRS%s\n", s->name, g->name,
		    g->any ? "  (else any address)" : "");
		field(t, "who", g->what);
		field(t, "how to get them", g->how);
	}
	for (size_t i = 0; i < s->n_params; i++) {
		const struct ph_service_param *p = &s->params[i];

		fprintf(t->out, "  --set %s.%s=RANGE\n", s->name, p->name);
		field(t, "what", p->what);
		if (p->ports != NULL)
			field(t, "default", ph_text_ranges(t->mem, PH_DPORT, p->ports));
		field(t, "because", p->why);
	}
}

void
ph_report_service(const struct ph_text *t, const struct ph_service *s)
{
	ph_text_wrap(t, 0, "%s: %s", s->name, s->title);
	ph_text_wrap(t, 2, "source: %s", s->source);
	if (s->checked != NULL)
		ph_text_wrap(t, 2, "checked %s, confidence %c", s->checked, s->confidence);
	else
		ph_text_wrap(t, 2, "date not recorded, confidence %c", s->confidence);
	if (s->app != NULL)
		ph_text_wrap(t, 2, "program to allow on a host: %s", s->app);
	if (s->note != NULL)
		ph_text_wrap(t, 2, "note: %s", s->note);
	report_groups(t, s);
	fputs("\nFlows:\n", t->out);
	for (size_t i = 0; i < s->n_flows; i++)
		report_flow(t, s, &s->flows[i]);
}

static json_t *
json_group(struct ph_arena *mem, const struct ph_service_group *g)
{
	json_t *o = json_object();

	ph_json_set(mem, o, "name", ph_json_text(mem, g->name));
	ph_json_set(mem, o, "what", ph_json_text(mem, g->what));
	ph_json_set(mem, o, "how", ph_json_text(mem, g->how));
	ph_json_set(mem, o, "any", json_boolean(g->any));
	return o;
}

static json_t *
json_param(struct ph_arena *mem, const struct ph_service_param *p)
{
	json_t *o = json_object();

	ph_json_set(mem, o, "name", ph_json_text(mem, p->name));
	ph_json_set(mem, o, "what", ph_json_text(mem, p->what));
	ph_json_set(mem, o, "default", p->ports == NULL ? json_null() :
	    ph_json_ranges(mem, PH_DPORT, p->ports));
	ph_json_set(mem, o, "why", ph_json_text(mem, p->why));
	return o;
}

/* What is not needed to open ports, but to understand why. */
static void
json_flow_more(struct ph_arena *mem, json_t *o, const struct ph_service_flow *f)
{
	ph_json_set(mem, o, "param", ph_json_text(mem,
	    f->param != NULL ? f->param->name : NULL));
	ph_json_set(mem, o, "alg", ph_json_text(mem, f->alg));
	ph_json_set(mem, o, "alg_protocol", ph_json_text(mem, f->alg_protocol));
	ph_json_set(mem, o, "note", ph_json_text(mem, f->note));
	ph_json_set(mem, o, "source", ph_json_text(mem, f->source));
	ph_json_set(mem, o, "checked", ph_json_text(mem, f->checked));
	ph_json_set(mem, o, "confidence",
	    json_string(ph_arena_printf(mem, "%c", f->confidence)));
}

static json_t *
json_flow(struct ph_arena *mem, const struct ph_service_flow *f, uint8_t proto)
{
	const struct ph_ranges *ports = ports_of(f);
	json_t *o = json_object(), *groups = json_array();

	for (size_t i = 0; i < f->n_groups; i++)
		ph_json_add(mem, groups, ph_json_text(mem, f->groups[i]->name));
	ph_json_set(mem, o, "id", ph_json_text(mem, f->id));
	ph_json_set(mem, o, "purpose", ph_json_text(mem, f->purpose));
	ph_json_set(mem, o, "proto", ph_json_text(mem, ph_proto_name(proto)));
	ph_json_set(mem, o, "ports", f->param != NULL && ports == NULL ? json_null() :
	    ph_json_ranges(mem, PH_DPORT, ports));
	ph_json_set(mem, o, "direction",
	    json_string(ph_page_direction_name(f->direction)));
	ph_json_set(mem, o, "initiator", json_string(ph_initiator_name(f->initiator)));
	ph_json_set(mem, o, "groups", groups);
	ph_json_set(mem, o, "need", json_string(ph_need_name(f->need)));
	ph_json_set(mem, o, "fallback", ph_json_text(mem,
	    f->fallback != NULL ? f->fallback->id : NULL));
	ph_json_set(mem, o, "idle_s", json_integer(f->idle_s));
	json_flow_more(mem, o, f);
	return o;
}

static json_t *
json_service(struct ph_arena *mem, const struct ph_service *s)
{
	json_t *o = json_object(), *groups = json_array(), *params = json_array();
	json_t *flows = json_array();

	for (size_t i = 0; i < s->n_groups; i++)
		ph_json_add(mem, groups, json_group(mem, &s->groups[i]));
	for (size_t i = 0; i < s->n_params; i++)
		ph_json_add(mem, params, json_param(mem, &s->params[i]));
	for (size_t i = 0; i < s->n_flows; i++)
		for (size_t p = 0; p < s->flows[i].n_protos; p++)
			ph_json_add(mem, flows, json_flow(mem, &s->flows[i],
			    s->flows[i].protos[p]));
	ph_json_set(mem, o, "name", ph_json_text(mem, s->name));
	ph_json_set(mem, o, "title", ph_json_text(mem, s->title));
	ph_json_set(mem, o, "source", ph_json_text(mem, s->source));
	ph_json_set(mem, o, "checked", ph_json_text(mem, s->checked));
	ph_json_set(mem, o, "confidence",
	    json_string(ph_arena_printf(mem, "%c", s->confidence)));
	ph_json_set(mem, o, "app", ph_json_text(mem, s->app));
	ph_json_set(mem, o, "note", ph_json_text(mem, s->note));
	ph_json_set(mem, o, "groups", groups);
	ph_json_set(mem, o, "params", params);
	ph_json_set(mem, o, "flows", flows);
	return o;
}

json_t *
ph_json_services(struct ph_arena *mem, const struct ph_service *const *v, size_t n)
{
	json_t *doc = ph_json_document(mem, "services"), *list = json_array();

	for (size_t i = 0; i < n; i++)
		ph_json_add(mem, list, json_service(mem, v[i]));
	ph_json_set(mem, doc, "services", list);
	return doc;
}
