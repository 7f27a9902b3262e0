/* SPDX-License-Identifier: ISC */
#ifndef PH_CATALOG_WORLD_TEST_H
#define PH_CATALOG_WORLD_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "catalog/site.h"

/* What a test of the catalog or a site needs; diagnostics are kept as text. */
struct world {
	struct ph_arena mem;
	struct ph_diags diags;
	char *said;			/* all diagnostics; after world_said() */
	size_t said_len;
	struct ph_catalog catalog;
	struct ph_site site;
	struct ph_requirements reqs;
};

/* world_init(w, extra): with a further file of the catalog, or NULL. */
bool world_init(struct world *, const char *extra);
void world_fini(struct world *);

/* world_src(w, name, text): the text as an input. */
struct ph_src *world_src(struct world *, const char *, const char *);

/* world_said(w): all diagnostics so far. */
const char *world_said(struct world *);

/* world_expect(w, text): fail unless ${text} was said. */
void world_expect(struct world *, const char *);

/* world_site(w, text), world_at(w, text): a site's file; a flag --at. */
bool world_site(struct world *, const char *);
bool world_at(struct world *, const char *);

/* world_needs(w, service, stateful_only): compute ${w}->reqs. */
bool world_needs(struct world *, const char *, bool);

/* world_req(w, flow, proto, dir): that requirement, or NULL. */
const struct ph_requirement *world_req(const struct world *, const char *, uint8_t,
    enum ph_direction);

/* assert_ranges(r, dim, text): printed, the values read so. */
void assert_ranges(const struct ph_ranges *, enum ph_dim, const char *);

#endif
