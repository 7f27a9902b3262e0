/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <string.h>

#include "catalog/address.h"
#include "catalog/ports.h"
#include "catalog/values.h"

enum { BOTH_WAYS = 1U << PH_OUT | 1U << PH_IN };

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

/* The names of all groups, or of all parameters, of a service. */
static size_t
part_names(struct ph_arena *mem, const struct ph_service *s, bool params,
    const char *const **out)
{
	size_t n = params ? s->n_params : s->n_groups;
	const char **names = ph_arena_array(mem, n + 1, sizeof(*names));

	for (size_t i = 0; i < n; i++)
		names[i] = params ? s->params[i].name : s->groups[i].name;
	*out = names;
	return n;
}

/* Say that ${s} has no such part, and which is most like it. */
static void
unknown(struct ph_site *site, const struct ph_service *s, bool params,
    struct ph_str name, struct ph_span at)
{
	const char *id = params ? "unknown-param" : "unknown-group";
	const char *kind = params ? "parameter" : "group", *near;
	const char *const *names;
	size_t n = part_names(site->mem, s, params, &names);

	near = ph_str_nearest(name, names, n);
	if (near == NULL && n == 1)
		near = names[0];
	if (near != NULL)
		ph_diag(site->diags, PH_ERROR, id, at,
		    "%s has no %s \"%.*s\"; did you mean \"%s\"?", s->name, kind,
		    (int)name.len, name.s, near);
	else
		ph_diag(site->diags, PH_ERROR, id, at,
		    "%s has no %s \"%.*s\"; \"pinhole services %s\" lists them", s->name,
		    kind, (int)name.len, name.s, s->name);
}

static const struct ph_service_group *
ask_group(struct ph_site *site, const struct ph_service *s, struct ph_str name,
    struct ph_span at)
{
	const struct ph_service_group *g = ph_catalog_group(s, name);

	if (g == NULL)
		unknown(site, s, false, name, at);
	return g;
}

static const struct ph_service_param *
ask_param(struct ph_site *site, const struct ph_service *s, struct ph_str name,
    struct ph_span at)
{
	const struct ph_service_param *p = ph_catalog_param(s, name);

	if (p == NULL)
		unknown(site, s, true, name, at);
	return p;
}

/* Which directions addresses under the word ${s} serve, of those in ${now}. */
static unsigned
narrow(struct ph_str s, unsigned now)
{
	if (ph_str_eq(s, "in"))
		return now & 1U << PH_IN;
	if (ph_str_eq(s, "out"))
		return now & 1U << PH_OUT;
	return now;
}

/* --- the file --- */

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
		    narrow(m->key, directions) : directions, to);
}

static void
read_into(struct ph_site *site, const struct ph_yaml *v, struct ph_site_addrs *to)
{
	struct ph_site_addrs unused = { 0 };

	read_addrs(site, v, BOTH_WAYS, to->by_flag ? &unused : to);
}

static void
read_params(struct ph_site *site, struct ph_reader *rd, const struct ph_service *s,
    const struct ph_yaml *v)
{
	if (!ph_fields_is(rd, v, PH_YAML_MAP))
		return;
	for (const struct ph_yaml *m = v->child; m != NULL; m = m->next) {
		const struct ph_service_param *p = ask_param(site, s, m->key, m->key_at);
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
		g = ask_group(site, s, m->key, m->key_at);
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

/* --- flags --- */

/* The text of a flag as an input of its own, so that carets point into it. */
static struct ph_src *
flag_src(struct ph_site *site, const char *option, const char *text)
{
	struct ph_src *src = PH_NEW(site->mem, struct ph_src);
	size_t len = strlen(text);

	src->name = option;
	src->text = ph_arena_dup(site->mem, text, len);
	src->len = (uint32_t)len;
	return src;
}

static struct ph_span
part(struct ph_src *src, const char *from, const char *to)
{
	return (struct ph_span){ src, (uint32_t)(from - src->text), (uint32_t)(to - from) };
}

/* list ::= ITEM ("," ITEM)*: the next item at *${p}; false at the end. */
static bool
next_item(struct ph_src *src, const char **p, struct ph_span *item)
{
	const char *end = src->text + src->len, *comma;

	if (*p > end)
		return false;
	comma = memchr(*p, ',', (size_t)(end - *p));
	comma = comma == NULL ? end : comma;
	*item = part(src, *p, comma);
	*p = comma + 1;
	return true;
}

static void
flag_addrs(struct ph_site *site, struct ph_src *src, const char *from,
    unsigned directions, struct ph_site_addrs *to)
{
	struct ph_span item;

	if (!to->by_flag)
		*to = (struct ph_site_addrs){ .by_flag = true };
	while (next_item(src, &from, &item))
		ph_address_read(site, item, directions, to);
}

static void
flag_words(struct ph_site *site, struct ph_src *src, struct ph_site_words *to)
{
	const char *from = src->text;
	struct ph_span item;

	if (!to->by_flag)
		*to = (struct ph_site_words){ .by_flag = true };
	while (next_item(src, &from, &item)) {
		if (item.len == 0)
			ph_diag(site->diags, PH_ERROR, "empty-list", item, "a name is missing");
		else
			*PH_PUSH(site->mem, to->v, to->n, to->cap) =
			    ph_arena_dup(site->mem, src->text + item.off, item.len);
	}
}

/* The first ${c} in from..end, or NULL. */
static const char *
find(const char *from, const char *end, char c)
{
	return memchr(from, c, (size_t)(end - from));
}

/* path ::= SERVICE "." PART: split at the first dot, and know the service. */
static const struct ph_service *
flag_service(struct ph_site *site, struct ph_src *src, const char *end, const char **rest)
{
	const char *dot = find(src->text, end, '.');
	size_t n = dot == NULL ? (size_t)(end - src->text) : (size_t)(dot - src->text);

	if (dot == NULL) {
		ph_diag(site->diags, PH_ERROR, "bad-flag", part(src, src->text, end),
		    "expected %s", strcmp(src->name, "--set") == 0 ?
		    "SERVICE.PARAMETER=PORTS" : "SERVICE.GROUP=ADDR[,ADDR...]");
		return NULL;
	}
	*rest = dot + 1;
	return ph_catalog_ask(site->catalog, ph_arena_dup(site->mem, src->text, n),
	    part(src, src->text, dot));
}

/* at ::= SERVICE "." GROUP ("." (CLUSTER | "in" | "out"))* "=" ADDR ("," ADDR)* */
static void
flag_at(struct ph_site *site, struct ph_src *src, const char *eq)
{
	const char *name = NULL, *dot;
	const struct ph_service *s = flag_service(site, src, eq, &name);
	const struct ph_service_group *g;
	unsigned directions = BOTH_WAYS;

	if (s == NULL)
		return;
	dot = find(name, eq, '.');
	dot = dot == NULL ? eq : dot;
	g = ask_group(site, s, (struct ph_str){ name, (size_t)(dot - name) },
	    part(src, name, dot));
	for (const char *word; dot < eq; dot = word) {
		const char *after = find(dot + 1, eq, '.');

		word = after == NULL ? eq : after;
		directions = narrow((struct ph_str){ dot + 1, (size_t)(word - dot - 1) },
		    directions);
	}
	if (g != NULL)
		flag_addrs(site, src, eq + 1, directions,
		    &ph_site_group(site, s->name, g->name)->addrs);
}

/* set ::= SERVICE "." PARAM "=" PORTS */
static void
flag_set(struct ph_site *site, struct ph_src *src, const char *eq)
{
	const char *name = NULL;
	const struct ph_service *s = flag_service(site, src, eq, &name);
	const struct ph_service_param *p = s == NULL ? NULL : ask_param(site, s,
	    (struct ph_str){ name, (size_t)(eq - name) }, part(src, name, eq));
	struct ph_site_entry *e;

	if (p == NULL)
		return;
	e = ph_site_param(site, s->name, p->name);
	e->ports_by_flag = true;
	ph_ports_parse(site->mem, site->diags, part(src, eq + 1, src->text + src->len),
	    &e->ports);
}

/* resolve ::= NAME "=" ADDR ("," ADDR)* */
static void
flag_resolve(struct ph_site *site, struct ph_src *src, const char *eq)
{
	const struct ph_site_opts opts = { 0 };
	struct ph_site_addrs addrs = { .by_flag = true };
	const struct ph_ranges *r;

	flag_addrs(site, src, eq + 1, BOTH_WAYS, &addrs);
	if (ph_address_ranges(site, &addrs, PH_OUT, &opts, &r) && r->n > 0)
		ph_address_pin(site, ph_arena_dup(site->mem, src->text,
		    (size_t)(eq - src->text)), r);
}

static const struct {
	void (*read)(struct ph_site *, struct ph_src *, const char *eq);
	const char *form;
} paired[] = {
	[PH_SITE_AT] = { flag_at, "SERVICE.GROUP=ADDR[,ADDR...]" },
	[PH_SITE_SET] = { flag_set, "SERVICE.PARAMETER=PORTS" },
	[PH_SITE_RESOLVE] = { flag_resolve, "NAME=ADDR[,ADDR...]" },
};

bool
ph_site_flag(struct ph_site *site, enum ph_site_flag flag, const char *option,
    const char *text)
{
	unsigned before = site->diags->errors;
	struct ph_src *src = flag_src(site, option, text);
	const char *eq;

	switch (flag) {
	case PH_SITE_CLIENTS:
		flag_addrs(site, src, src->text, BOTH_WAYS, &site->clients);
		break;
	case PH_SITE_INSIDE:
	case PH_SITE_OUTSIDE:
		flag_words(site, src,
		    flag == PH_SITE_INSIDE ? &site->inside : &site->outside);
		break;
	case PH_SITE_AT:
	case PH_SITE_SET:
	case PH_SITE_RESOLVE:
		eq = strchr(src->text, '=');
		if (eq != NULL)
			paired[flag].read(site, src, eq);
		else
			ph_diag(site->diags, PH_ERROR, "bad-flag",
			    (struct ph_span){ src, 0, src->len }, "expected %s",
			    paired[flag].form);
		break;
	}
	return site->diags->errors == before;
}
