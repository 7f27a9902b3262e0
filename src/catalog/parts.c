/* SPDX-License-Identifier: ISC */
#include "catalog/parts.h"

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

const struct ph_service_group *
ph_parts_group(struct ph_site *site, const struct ph_service *s, struct ph_str name,
    struct ph_span at)
{
	const struct ph_service_group *g = ph_catalog_group(s, name);

	if (g == NULL)
		unknown(site, s, false, name, at);
	return g;
}

const struct ph_service_param *
ph_parts_param(struct ph_site *site, const struct ph_service *s, struct ph_str name,
    struct ph_span at)
{
	const struct ph_service_param *p = ph_catalog_param(s, name);

	if (p == NULL)
		unknown(site, s, true, name, at);
	return p;
}

unsigned
ph_parts_narrow(struct ph_str s, unsigned now)
{
	if (ph_str_eq(s, "in"))
		return now & 1U << PH_IN;
	if (ph_str_eq(s, "out"))
		return now & 1U << PH_OUT;
	return now;
}
