/* SPDX-License-Identifier: ISC */
/*
 * A site, as a file and as a flag; what the requirements of it are is sealed
 * and not empty.
 *
 * seeds: tests/fuzz/seeds/site
 */
#include <assert.h>
#include <stdint.h>

#include "catalog/site.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char *const services[] = { "vidyoconnect", "h323-sip", "webrtc" };

static void
check(const struct ph_requirements *reqs)
{
	for (size_t i = 0; i < reqs->n; i++) {
		const struct ph_requirement *r = reqs->v[i];

		assert(r->service != NULL && r->flow != NULL && r->group != NULL);
		assert(r->clients->n > 0 && r->far->n > 0 && r->ports->n > 0);
		assert(!ph_cube_empty(&r->need_cube));
		assert(ph_cube_subset(&r->need_cube, &r->may_cube));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ph_arena mem = { 0 };
	struct ph_diags diags = { 0 };
	struct ph_src src = { .name = "-", .text = (const char *)data, .len = (uint32_t)len };
	const struct ph_site_opts opts = { 0 };
	struct ph_requirements reqs;
	struct ph_catalog catalog;
	struct ph_site site;

	ph_catalog_load(&mem, &diags, NULL, 0, &catalog);
	ph_site_init(&site, &mem, &diags, &catalog);
	assert(ph_site_read(&site, &src) == (diags.errors == 0));
	ph_site_requirements(&site, services, 3, &opts, &reqs);
	check(&reqs);
	for (int flag = PH_SITE_CLIENTS; flag <= PH_SITE_RESOLVE; flag++)
		ph_site_flag(&site, (enum ph_site_flag)flag, "--flag",
		    ph_arena_dup(&mem, src.text, len));
	ph_arena_fini(&mem);
	return 0;
}
