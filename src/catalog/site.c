/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <string.h>

#include "catalog/address.h"
#include "catalog/parts.h"
#include "catalog/values.h"

#define N(table) (sizeof(table) / sizeof(*(table)))

static struct ph_site_entry *
entry(struct ph_site *site, const char *key)
{
	void **slot = ph_map_at(site->mem, &site->entries, key, strlen(key));

	if (*slot == NULL)
		*slot = PH_NEW(site->mem, struct ph_site_entry);
	return *slot;
}

struct ph_site_entry *
ph_site_group(struct ph_site *site, const char *service, const char *group)
{
	return entry(site, ph_arena_printf(site->mem, "%s.%s", service, group));
}

struct ph_site_entry *
ph_site_param(struct ph_site *site, const char *service, const char *param)
{
	return entry(site, ph_arena_printf(site->mem, "%s$%s", service, param));
}

void
ph_site_init(struct ph_site *site, struct ph_arena *mem, struct ph_diags *diags,
    struct ph_catalog *catalog)
{
	*site = (struct ph_site){ .mem = mem, .diags = diags, .catalog = catalog };
}

static struct ph_span
inside_quotes(const struct ph_yaml *v)
{
	struct ph_span at = v->at;

	if (v->quoted && at.len >= 2) {
		at.off++;
		at.len -= 2;
	}
	return at;
}

/* addresses ::= ADDRESS | "[" ADDRESS+ "]" | "{" (NAME ":" addresses)* "}" */
static void
read_addrs(struct ph_site *site, const struct ph_yaml *v, unsigned directions,
    struct ph_site_addrs *to)
{
	if (v->kind == PH_YAML_SCALAR && v->text.len > 0) {
		ph_address_read(site, inside_quotes(v), directions, to);
		return;
	}
	if (v->n == 0)
		ph_diag(site->diags, PH_ERROR, "empty-list",
		    v->key_at.src != NULL ? v->key_at : v->at, "no address is named");
	for (const struct ph_yaml *m = v->child; m != NULL; m = m->next)
		read_addrs(site, m, v->kind == PH_YAML_MAP ?
		    ph_parts_narrow(m->key, directions) : directions, to);
}

static void
read_into(struct ph_site *site, const struct ph_yaml *v, struct ph_site_addrs *to)
{
	struct ph_site_addrs unused = { 0 };

	read_addrs(site, v, PH_BOTH_WAYS, to->by_flag ? &unused : to);
}

static void
read_params(struct ph_site *site, struct ph_reader *rd, const struct ph_service *s,
    const struct ph_yaml *v)
{
	if (!ph_fields_is(rd, v, PH_YAML_MAP))
		return;
	for (const struct ph_yaml *m = v->child; m != NULL; m = m->next) {
		const struct ph_service_param *p = ph_parts_param(site, s, m->key, m->key_at);
		const struct ph_ranges *ports = ph_value_read_ports(rd, m);
		struct ph_site_entry *e;

		if (p == NULL || ports == NULL)
			continue;
		e = ph_site_param(site, s->name, p->name);
		if (!e->ports_by_flag)
			e->ports = ports;
	}
}

/* service ::= NAME ":" "{" (GROUP ":" addresses | "params" ":" params)* "}" */
static void
read_service(struct ph_site *site, struct ph_reader *rd, const struct ph_yaml *v)
{
	const struct ph_service *s = ph_catalog_ask(site->catalog, v->key.s, v->key_at);

	if (s == NULL || !ph_fields_is(rd, v, PH_YAML_MAP))
		return;
	ph_site_group(site, s->name, "")->addrs.at = v->key_at;
	for (const struct ph_yaml *m = v->child; m != NULL; m = m->next) {
		const struct ph_service_group *g;

		if (ph_str_eq(m->key, "params")) {
			read_params(site, rd, s, m);
			continue;
		}
		g = ph_parts_group(site, s, m->key, m->key_at);
		if (g != NULL)
			read_into(site, m, &ph_site_group(site, s->name, g->name)->addrs);
	}
}

static void
field_clients(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	(void)f;
	read_into(rd->arg, v, to);
}

static void
field_services(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	(void)f;
	(void)to;
	if (!ph_fields_is(rd, v, PH_YAML_MAP))
		return;
	for (const struct ph_yaml *m = v->child; m != NULL; m = m->next)
		read_service(rd->arg, rd, m);
}

/* words ::= WORD | "[" WORD+ "]" */
static void
field_words(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	struct ph_site_words unused = { 0 }, *w = to;

	w = w->by_flag ? &unused : w;
	if (v->kind == PH_YAML_SCALAR && v->text.len > 0) {
		*PH_PUSH(rd->mem, w->v, w->n, w->cap) = v->text.s;
		return;
	}
	if (v->kind == PH_YAML_SCALAR || v->n == 0)
		ph_diag(rd->diags, PH_ERROR, "empty-list", v->key_at,
		    "\"%s\" names nothing", f->key);
	else if (ph_fields_is(rd, v, PH_YAML_SEQ))
		for (const struct ph_yaml *m = v->child; m != NULL; m = m->next)
			if (ph_fields_is(rd, m, PH_YAML_SCALAR))
				*PH_PUSH(rd->mem, w->v, w->n, w->cap) = m->text.s;
}

static const struct ph_field firewall_fields[] = {
	{ "inside", false, field_words, offsetof(struct ph_site, inside), NULL },
	{ "outside", false, field_words, offsetof(struct ph_site, outside), NULL },
};

static void
field_firewall(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	(void)f;
	(void)to;
	ph_fields_read(rd, v, "\"firewall\"", firewall_fields, N(firewall_fields), rd->arg);
}

static const struct ph_field site_fields[] = {
	{ "clients", false, field_clients, offsetof(struct ph_site, clients), NULL },
	{ "services", false, field_services, 0, NULL },
	{ "firewall", false, field_firewall, 0, NULL },
};

bool
ph_site_read(struct ph_site *site, struct ph_src *src)
{
	unsigned before = site->diags->errors;
	struct ph_reader rd = { .mem = site->mem, .diags = site->diags, .arg = site };
	struct ph_yaml_doc doc;

	site->file = src;
	rd.broken = !ph_yaml_parse(site->mem, site->diags, src, &doc);
	if (doc.root != NULL)
		ph_fields_read(&rd, doc.root, "a site", site_fields, N(site_fields), site);
	return site->diags->errors == before;
}
