/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <string.h>

#include "catalog/service.h"
#include "catalog/values.h"
#include "text/fields.h"

/*
 * DOC: A service's file
 *
 * docs/ADDING-A-SERVICE.md describes it for people, docs/schema/catalog.json
 * for programs, the tables below for us.  Reading has two steps: the tables
 * fill the structs; then flows are tied to the groups, parameters and other
 * flows they name.
 */
enum { MAX_PARTS = 256 };		/* groups, parameters, flows of a service */

struct raw_flow {
	struct ph_service_flow f;
	int confidence, direction, initiator, need, alg, alg_protocol;
	const struct ph_yaml *ports, *sports, *groups, *fallback;
};

struct raw_service {
	struct ph_service s;
	int viewpoint, confidence;
	struct ph_service_group *groups;
	struct ph_service_param *params;
	struct raw_flow *flows;
};

static const char *const viewpoint_words[] = { "site", "server", NULL };
static const char *const confidence_words[] = { "A", "B", NULL };
static const char *const direction_words[] = { "out", "in", "both", NULL };
static const char *const initiator_words[] = { "client", "far-end", "either", NULL };
static const char *const need_words[] = { "required", "optional", "fallback", NULL };
static const char *const alg_words[] = { "none", "off", NULL };
static const char *const alg_protocol_words[] = { "none", "sip", "h323", NULL };

static void
field_node(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	const struct ph_yaml **out = to;

	(void)rd;
	(void)f;
	*out = v;
}

static const struct ph_field group_fields[] = {
	{ "what", true, ph_field_text, offsetof(struct ph_service_group, what), NULL },
	{ "how", true, ph_field_text, offsetof(struct ph_service_group, how), NULL },
	{ "any", false, ph_value_bool, offsetof(struct ph_service_group, any), NULL },
};

static const struct ph_field param_fields[] = {
	{ "what", true, ph_field_text, offsetof(struct ph_service_param, what), NULL },
	{ "default", false, ph_value_ports, offsetof(struct ph_service_param, ports), NULL },
	{ "why", false, ph_field_text, offsetof(struct ph_service_param, why), NULL },
};

#define FLOW(m) offsetof(struct raw_flow, m)
static const struct ph_field flow_fields[] = {
	{ "purpose", true, ph_field_text, FLOW(f.purpose), NULL },
	{ "proto", true, ph_value_protos, FLOW(f), NULL },
	{ "ports", true, field_node, FLOW(ports), NULL },
	{ "source-ports", false, field_node, FLOW(sports), NULL },
	{ "direction", true, ph_field_word, FLOW(direction), direction_words },
	{ "initiator", true, ph_field_word, FLOW(initiator), initiator_words },
	{ "groups", true, field_node, FLOW(groups), NULL },
	{ "need", true, ph_field_word, FLOW(need), need_words },
	{ "fallback", false, field_node, FLOW(fallback), NULL },
	{ "idle", false, ph_field_u32, FLOW(f.idle_s), NULL },
	{ "alg", false, ph_field_word, FLOW(alg), alg_words },
	{ "alg-protocol", false, ph_field_word, FLOW(alg_protocol), alg_protocol_words },
	{ "note", false, ph_field_text, FLOW(f.note), NULL },
	{ "source", false, ph_value_url, FLOW(f.source), NULL },
	{ "checked", false, ph_value_date, FLOW(f.checked), NULL },
	{ "confidence", false, ph_field_word, FLOW(confidence), confidence_words },
};
#undef FLOW

#define N(table) (sizeof(table) / sizeof(*(table)))

/* Are the members of ${v} a map of named parts, not too many? */
static bool
is_parts(struct ph_reader *rd, const struct ph_yaml *v)
{
	if (!ph_fields_is(rd, v, PH_YAML_MAP))
		return false;
	if (v->n > MAX_PARTS)
		ph_diag(rd->diags, PH_ERROR, "too-many", v->key_at,
		    "at most %d of these to a service", MAX_PARTS);
	for (const struct ph_yaml *m = v->child; m != NULL; m = m->next)
		ph_value_check_name(rd, m->key_at, m->key);
	return v->n <= MAX_PARTS;
}

/* groups ::= "{" (NAME ":" group)* "}" */
static void
read_groups(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	struct ph_service *s = to;
	struct ph_service_group *g;

	(void)f;
	if (!is_parts(rd, v))
		return;
	g = ph_arena_array(rd->mem, v->n + 1, sizeof(*g));
	s->groups = g;
	s->n_groups = v->n;
	for (const struct ph_yaml *m = v->child; m != NULL; m = m->next, g++) {
		g->name = m->key.s;
		g->at = m->key_at;
		ph_fields_read(rd, m, "a group", group_fields, N(group_fields), g);
	}
}

/* params ::= "{" (NAME ":" param)* "}" */
static void
read_params(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	struct ph_service *s = to;
	struct ph_service_param *p;

	(void)f;
	if (!is_parts(rd, v))
		return;
	p = ph_arena_array(rd->mem, v->n + 1, sizeof(*p));
	s->params = p;
	s->n_params = v->n;
	for (const struct ph_yaml *m = v->child; m != NULL; m = m->next, p++) {
		p->name = m->key.s;
		p->at = m->key_at;
		ph_fields_read(rd, m, "a parameter", param_fields, N(param_fields), p);
	}
}

/* flows ::= "{" (NAME ":" flow)* "}"; ${to} is the raw service. */
static void
read_flows(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	struct raw_service *raw = to;
	struct raw_flow *r;

	(void)f;
	if (!is_parts(rd, v))
		return;
	r = ph_arena_array(rd->mem, v->n + 1, sizeof(*r));
	raw->flows = r;
	raw->s.n_flows = v->n;
	for (const struct ph_yaml *m = v->child; m != NULL; m = m->next, r++) {
		r->confidence = -1;
		r->f.id = m->key.s;
		r->f.at = m->key_at;
		ph_fields_read(rd, m, "a flow", flow_fields, N(flow_fields), r);
	}
}

#define SERVICE(m) offsetof(struct raw_service, m)
static const struct ph_field service_fields[] = {
	{ "name", true, ph_value_name, SERVICE(s.name), NULL },
	{ "title", true, ph_field_text, SERVICE(s.title), NULL },
	{ "viewpoint", false, ph_field_word, SERVICE(viewpoint), viewpoint_words },
	{ "source", true, ph_value_sources, SERVICE(s.sources), NULL },
	{ "checked", false, ph_value_date, SERVICE(s.checked), NULL },
	{ "confidence", true, ph_field_word, SERVICE(confidence), confidence_words },
	{ "app", false, ph_value_app, SERVICE(s.app), NULL },
	{ "note", false, ph_field_text, SERVICE(s.note), NULL },
	{ "groups", true, read_groups, SERVICE(s), NULL },
	{ "params", false, read_params, SERVICE(s), NULL },
	{ "flows", true, read_flows, 0, NULL },
};
#undef SERVICE

/* Say that nothing of this kind is called ${name}; ${names} are those there are. */
static void
unknown_part(struct ph_reader *rd, const struct ph_yaml *v, const char *kind,
    const char *const *names, size_t n)
{
	const char *near = ph_str_nearest(v->text, names, n);

	if (near != NULL)
		ph_diag(rd->diags, PH_ERROR, "unknown-part", v->at,
		    "no %s \"%s\"; did you mean \"%s\"?", kind, v->text.s, near);
	else
		ph_diag(rd->diags, PH_ERROR, "unknown-part", v->at,
		    "no %s \"%s\" in this file", kind, v->text.s);
}

static void
link_group(struct ph_reader *rd, const struct ph_service *s,
    struct ph_service_flow *f, const struct ph_yaml *v)
{
	const struct ph_service_group *g;
	const char *names[MAX_PARTS];

	if (!ph_fields_is(rd, v, PH_YAML_SCALAR))
		return;
	g = ph_catalog_group(s, v->text);
	if (g != NULL) {
		f->groups[f->n_groups++] = g;
		return;
	}
	for (size_t i = 0; i < s->n_groups; i++)
		names[i] = s->groups[i].name;
	unknown_part(rd, v, "group", names, s->n_groups);
}

/* groups ::= NAME | "[" NAME+ "]" */
static void
link_groups(struct ph_reader *rd, const struct ph_service *s, struct raw_flow *r)
{
	const struct ph_yaml *v = r->groups;

	if (v == NULL || v->kind == PH_YAML_MAP) {
		if (v != NULL)
			ph_fields_is(rd, v, PH_YAML_SEQ);
		return;
	}
	r->f.groups = ph_arena_array(rd->mem, v->n + 1, sizeof(*r->f.groups));
	if (v->kind == PH_YAML_SCALAR)
		link_group(rd, s, &r->f, v);
	else if (v->n == 0 || v->n > MAX_PARTS)
		ph_diag(rd->diags, PH_ERROR, "empty-value", v->at,
		    "a flow names 1 to %d groups", MAX_PARTS);
	else
		for (const struct ph_yaml *m = v->child; m != NULL; m = m->next)
			link_group(rd, s, &r->f, m);
}

/* ports ::= "$" NAME | NUMBERS */
static void
link_ports(struct ph_reader *rd, const struct ph_service *s, struct raw_flow *r)
{
	const struct ph_yaml *v = r->ports;
	const char *names[MAX_PARTS];

	if (r->sports != NULL)
		r->f.sports = ph_value_read_ports(rd, r->sports);
	if (v == NULL)
		return;
	if (v->kind != PH_YAML_SCALAR || !ph_str_starts(v->text, "$")) {
		r->f.ports = ph_value_read_ports(rd, v);
		return;
	}
	r->f.param = ph_catalog_param(s, (struct ph_str){ v->text.s + 1, v->text.len - 1 });
	if (r->f.param != NULL)
		return;
	for (size_t i = 0; i < s->n_params; i++)
		names[i] = s->params[i].name;
	unknown_part(rd, v, "parameter", names, s->n_params);
}

static void
link_fallback(struct ph_reader *rd, const struct ph_service *s,
    struct ph_service_flow *f, const struct ph_yaml *v)
{
	const char *names[MAX_PARTS];

	if (v == NULL || !ph_fields_is(rd, v, PH_YAML_SCALAR))
		return;
	f->fallback = ph_catalog_flow(s, v->text);
	if (f->fallback == f) {
		f->fallback = NULL;
		ph_diag(rd->diags, PH_ERROR, "bad-fallback", v->at,
		    "a flow cannot serve instead of itself");
		return;
	}
	if (f->fallback != NULL)
		return;
	for (size_t i = 0; i < s->n_flows; i++)
		names[i] = s->flows[i].id;
	unknown_part(rd, v, "flow", names, s->n_flows);
}

/* Who opens a flow must fit its direction; who meddles, the advice. */
static void
check_flow(struct ph_reader *rd, const struct raw_flow *r)
{
	const struct ph_service_flow *f = &r->f;

	if ((f->direction == PH_PAGE_OUT && f->initiator == PH_BY_FAR_END) ||
	    (f->direction == PH_PAGE_IN && f->initiator == PH_BY_CLIENT))
		ph_diag(rd->diags, PH_ERROR, "bad-initiator", f->at,
		    "\"out\" is opened by the client, \"in\" by the far end");
	if (f->alg != NULL && f->alg_protocol == NULL)
		ph_diag(rd->diags, PH_ERROR, "missing-key", f->at,
		    "\"alg\" needs \"alg-protocol\": sip or h323");
}

/* NULL for the word "none". */
static const char *
word_or_null(const char *const *words, int i)
{
	return i == 0 ? NULL : words[i];
}

static void
finish_flow(const struct ph_service *s, struct raw_flow *r)
{
	struct ph_service_flow *f = &r->f;

	f->direction = (enum ph_page_direction)r->direction;
	f->initiator = (enum ph_initiator)r->initiator;
	f->need = (enum ph_need)r->need;
	f->alg = word_or_null(alg_words, r->alg);
	f->alg_protocol = word_or_null(alg_protocol_words, r->alg_protocol);
	f->confidence = r->confidence < 0 ? s->confidence :
	    *confidence_words[r->confidence];
	f->source = f->source != NULL ? f->source : s->source;
	f->checked = f->checked != NULL ? f->checked : s->checked;
}

static void
finish(struct ph_reader *rd, struct raw_service *raw)
{
	struct ph_service *s = &raw->s;
	struct ph_service_flow *flows = ph_arena_array(rd->mem, s->n_flows + 1,
	    sizeof(*flows));

	s->viewpoint = (enum ph_viewpoint)raw->viewpoint;
	s->confidence = *confidence_words[raw->confidence];
	s->source = s->sources != NULL ? s->sources[0] : NULL;
	if (s->viewpoint == PH_VIEW_SERVER && !rd->broken &&
	    ph_catalog_group(s, PH_STR("servers")) == NULL)
		ph_diag(rd->diags, PH_ERROR, "missing-key", s->at,
		    "viewpoint \"server\" needs a group \"servers\"");
	s->flows = flows;
	for (size_t i = 0; i < s->n_flows; i++) {
		finish_flow(s, &raw->flows[i]);
		link_ports(rd, s, &raw->flows[i]);
		link_groups(rd, s, &raw->flows[i]);
		check_flow(rd, &raw->flows[i]);
		flows[i] = raw->flows[i].f;
	}
	for (size_t i = 0; i < s->n_flows; i++)
		link_fallback(rd, s, &flows[i], raw->flows[i].fallback);
}

bool
ph_service_read(struct ph_arena *mem, struct ph_diags *diags, struct ph_src *src,
    struct ph_service *out)
{
	unsigned before = diags->errors;
	struct raw_service raw = { 0 };
	struct ph_yaml_doc doc;
	struct ph_reader rd = { .mem = mem, .diags = diags };

	rd.broken = !ph_yaml_parse(mem, diags, src, &doc);
	raw.s.at = (struct ph_span){ src, 0, 1 };
	if (doc.root == NULL) {
		if (!rd.broken)
			ph_diag(diags, PH_ERROR, "missing-key", raw.s.at,
			    "a service's file cannot be empty");
		return false;
	}
	ph_fields_read(&rd, doc.root, "a service", service_fields, N(service_fields), &raw);
	finish(&rd, &raw);
	*out = raw.s;
	return diags->errors == before;
}
