/* SPDX-License-Identifier: ISC */
#ifndef PH_CATALOG_PARTS_H
#define PH_CATALOG_PARTS_H

#include "catalog/site.h"

/*
 * ph_parts_group(site, s, name, at), ph_parts_param(site, s, name, at):
 * A part of ${s} by the name that a site gives; NULL, reported at ${at} with the
 * one most like it (unknown-group, unknown-param).
 */
const struct ph_service_group *ph_parts_group(struct ph_site *,
    const struct ph_service *, struct ph_str, struct ph_span);
const struct ph_service_param *ph_parts_param(struct ph_site *,
    const struct ph_service *, struct ph_str, struct ph_span);

/*
 * ph_parts_narrow(word, directions): which of ${directions} addresses under
 * ${word} serve: "in", "out", or the name of a cluster, which changes nothing.
 */
unsigned ph_parts_narrow(struct ph_str, unsigned);

#endif
