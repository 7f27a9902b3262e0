/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "catalog/address.h"
#include "catalog/parts.h"
#include "catalog/ports.h"

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
	unsigned directions = PH_BOTH_WAYS;

	if (s == NULL)
		return;
	dot = find(name, eq, '.');
	dot = dot == NULL ? eq : dot;
	g = ph_parts_group(site, s, (struct ph_str){ name, (size_t)(dot - name) },
	    part(src, name, dot));
	for (const char *word; dot < eq; dot = word) {
		const char *after = find(dot + 1, eq, '.');

		word = after == NULL ? eq : after;
		directions = ph_parts_narrow((struct ph_str){ dot + 1, (size_t)(word - dot - 1) },
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
	const struct ph_service_param *p = s == NULL ? NULL : ph_parts_param(site, s,
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

	flag_addrs(site, src, eq + 1, PH_BOTH_WAYS, &addrs);
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
		flag_addrs(site, src, src->text, PH_BOTH_WAYS, &site->clients);
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
