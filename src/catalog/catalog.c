/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/embedded.h"
#include "catalog/service.h"

struct ph_catalog_entry {
	const char *name;
	struct ph_src *src;
	const struct ph_service *service;	/* NULL: not read yet */
};

static int
by_name(const void *a, const void *b)
{
	const struct ph_catalog_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct ph_catalog_entry *
find(const struct ph_catalog *cat, const char *name, size_t n)
{
	struct ph_catalog_entry key = { .name = name };

	return n == 0 ? NULL : bsearch(&key, cat->v, n, sizeof(*cat->v), by_name);
}

/*
 * Read a service when it is first asked for.  Compiled-in files were checked by
 * the tests; an error in one is a bug.
 */
static const struct ph_service *
service_of(const struct ph_catalog *cat, struct ph_catalog_entry *e)
{
	struct ph_service *s;
	bool ok;

	if (e->service != NULL)
		return e->service;
	s = PH_NEW(cat->mem, struct ph_service);
	ok = ph_service_read(cat->mem, cat->diags, e->src, s);
	assert(ok && strcmp(s->name, e->name) == 0);
	e->service = s;
	return s;
}

static void
add_embedded(struct ph_catalog *cat)
{
	for (size_t i = 0; i < ph_embedded_n; i++) {
		struct ph_src *src = PH_NEW(cat->mem, struct ph_src);

		src->name = ph_embedded[i].file;
		src->text = ph_embedded[i].text;
		src->len = (uint32_t)ph_embedded[i].len;
		cat->v[cat->n++] = (struct ph_catalog_entry){
			.name = ph_embedded[i].name, .src = src,
		};
	}
	qsort(cat->v, cat->n, sizeof(*cat->v), by_name);
}

/* Add a file's service, or put it in the place of one compiled in. */
static bool
add_extra(struct ph_catalog *cat, struct ph_src *src, size_t n_embedded,
    struct ph_map *seen)
{
	struct ph_service *s = PH_NEW(cat->mem, struct ph_service);
	struct ph_catalog_entry *e;
	void **other;

	if (!ph_service_read(cat->mem, cat->diags, src, s))
		return false;
	other = ph_map_at(cat->mem, seen, s->name, strlen(s->name));
	if (*other != NULL) {
		ph_diag(cat->diags, PH_ERROR, "duplicate-service", s->at,
		    "service \"%s\" stands in two files", s->name);
		ph_diag(cat->diags, PH_NOTE, "duplicate-service",
		    ((struct ph_service *)*other)->at, "here too");
		return false;
	}
	*other = s;
	e = find(cat, s->name, n_embedded);
	if (e == NULL)
		e = &cat->v[cat->n++];
	*e = (struct ph_catalog_entry){ .name = s->name, .src = src, .service = s };
	return true;
}

bool
ph_catalog_load(struct ph_arena *mem, struct ph_diags *diags,
    struct ph_src *const *extra, size_t n, struct ph_catalog *cat)
{
	struct ph_map seen = { 0 };
	size_t n_embedded;
	bool ok = true;

	*cat = (struct ph_catalog){ .mem = mem, .diags = diags };
	cat->v = ph_arena_array(mem, ph_embedded_n + n, sizeof(*cat->v));
	add_embedded(cat);
	n_embedded = cat->n;
	for (size_t i = 0; i < n; i++)
		ok &= add_extra(cat, extra[i], n_embedded, &seen);
	qsort(cat->v, cat->n, sizeof(*cat->v), by_name);
	return ok;
}

const struct ph_service *
ph_catalog_find(struct ph_catalog *cat, const char *name)
{
	struct ph_catalog_entry *e = find(cat, name, cat->n);

	return e == NULL ? NULL : service_of(cat, e);
}

const char *
ph_catalog_nearest(const struct ph_catalog *cat, const char *name)
{
	const char **names = ph_arena_array(cat->mem, cat->n + 1, sizeof(*names));

	for (size_t i = 0; i < cat->n; i++)
		names[i] = cat->v[i].name;
	return ph_str_nearest(ph_str(name), names, cat->n);
}

const struct ph_service *
ph_catalog_ask(struct ph_catalog *cat, const char *name, struct ph_span at)
{
	const struct ph_service *s = ph_catalog_find(cat, name);
	const char *near;

	if (s != NULL)
		return s;
	near = ph_catalog_nearest(cat, name);
	if (near != NULL)
		ph_diag(cat->diags, PH_ERROR, "unknown-service", at,
		    "no service \"%s\"; did you mean \"%s\"?", name, near);
	else
		ph_diag(cat->diags, PH_ERROR, "unknown-service", at,
		    "no service \"%s\"; \"pinhole services\" lists them", name);
	return NULL;
}

const struct ph_service *
ph_catalog_get(struct ph_catalog *cat, size_t i)
{
	return service_of(cat, &cat->v[i]);
}

const struct ph_service_group *
ph_catalog_group(const struct ph_service *s, struct ph_str name)
{
	for (size_t i = 0; i < s->n_groups; i++)
		if (ph_str_eq(name, s->groups[i].name))
			return &s->groups[i];
	return NULL;
}

const struct ph_service_param *
ph_catalog_param(const struct ph_service *s, struct ph_str name)
{
	for (size_t i = 0; i < s->n_params; i++)
		if (ph_str_eq(name, s->params[i].name))
			return &s->params[i];
	return NULL;
}

const struct ph_service_flow *
ph_catalog_flow(const struct ph_service *s, struct ph_str id)
{
	for (size_t i = 0; i < s->n_flows; i++)
		if (ph_str_eq(id, s->flows[i].id))
			return &s->flows[i];
	return NULL;
}
