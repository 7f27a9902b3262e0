/* SPDX-License-Identifier: ISC */
/*
 * A file of the catalog: what is accepted is complete.
 *
 * seeds: catalog
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "catalog/catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_flow(const struct ph_service_flow *f)
{
	assert(f->id != NULL && f->purpose != NULL && f->source != NULL);
	assert(f->checked == NULL || strlen(f->checked) == 10);
	assert(f->confidence == 'A' || f->confidence == 'B');
	assert(f->n_protos >= 1 && f->n_protos <= PH_MAX_PROTOS);
	assert(f->n_groups >= 1 && (f->ports != NULL || f->param != NULL));
	assert(f->fallback != f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ph_arena mem = { 0 };
	struct ph_diags diags = { 0 };
	struct ph_src src = { .name = "-", .text = (const char *)data, .len = (uint32_t)len };
	struct ph_src *extra = &src;
	struct ph_catalog catalog;
	bool ok = ph_catalog_load(&mem, &diags, &extra, 1, &catalog);

	assert(ok == (diags.errors == 0));
	for (size_t i = 0; ok && i < catalog.n; i++) {
		const struct ph_service *s = ph_catalog_get(&catalog, i);

		assert(s != NULL && s->n_groups > 0 && s->n_flows > 0);
		for (size_t k = 0; k < s->n_flows; k++)
			check_flow(&s->flows[k]);
	}
	ph_arena_fini(&mem);
	return 0;
}
