/* SPDX-License-Identifier: ISC */
#include "catalog/world_test.h"

#include <stdlib.h>
#include <string.h>

struct ph_src *
world_src(struct world *w, const char *name, const char *text)
{
	struct ph_src *src = PH_NEW(&w->mem, struct ph_src);

	src->name = name;
	src->text = text;
	src->len = (uint32_t)strlen(text);
	return src;
}

bool
world_init(struct world *w, const char *extra)
{
	struct ph_src *src;
	bool ok;

	*w = (struct world){ 0 };
	w->diags.out = open_memstream(&w->said, &w->said_len);
	src = world_src(w, "extra.yaml", extra != NULL ? extra : "");
	ok = ph_catalog_load(&w->mem, &w->diags, &src, extra != NULL, &w->catalog);
	ph_site_init(&w->site, &w->mem, &w->diags, &w->catalog);
	return ok;
}

void
world_fini(struct world *w)
{
	fclose(w->diags.out);
	free(w->said);
	ph_arena_fini(&w->mem);
}

const char *
world_said(struct world *w)
{
	fflush(w->diags.out);
	return w->said;
}

void
world_expect(struct world *w, const char *text)
{
	if (strstr(world_said(w), text) == NULL)
		fail_msg("expected \"%s\" in:\n%s", text, w->said);
}

bool
world_site(struct world *w, const char *text)
{
	return ph_site_read(&w->site, world_src(w, "site.yaml", text));
}

bool
world_at(struct world *w, const char *text)
{
	return ph_site_flag(&w->site, PH_SITE_AT, "--at", text);
}

bool
world_needs(struct world *w, const char *service, bool stateful_only)
{
	const struct ph_site_opts opts = { .stateful_only = stateful_only };

	return ph_site_requirements(&w->site, &service, 1, &opts, &w->reqs);
}

const struct ph_requirement *
world_req(const struct world *w, const char *flow, uint8_t proto, enum ph_direction dir)
{
	for (size_t i = 0; i < w->reqs.n; i++) {
		const struct ph_requirement *r = w->reqs.v[i];

		if (strcmp(r->flow, flow) == 0 && r->proto == proto && r->direction == dir)
			return r;
	}
	return NULL;
}

void
assert_ranges(const struct ph_ranges *r, enum ph_dim dim, const char *text)
{
	struct ph_arena mem = { 0 };
	struct ph_buf b;

	ph_buf_init(&b, &mem);
	ph_ranges_print(&b, dim, r);
	assert_string_equal(b.s, text);
	ph_arena_fini(&mem);
}
