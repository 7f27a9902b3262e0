/* SPDX-License-Identifier: ISC */
#ifndef PH_CATALOG_ADDRESS_H
#define PH_CATALOG_ADDRESS_H

#include "catalog/site.h"

/*
 * ph_address_read(site, at, directions, to):
 * Read the text at ${at} as one address, prefix, range or name and add it to
 * ${to}.  Reports bad-address, and host-bits as a warning.
 */
bool ph_address_read(struct ph_site *, struct ph_span, unsigned, struct ph_site_addrs *);

/*
 * ph_address_ranges(site, addrs, direction, opts, out):
 * All addresses that serve ${direction}, names resolved.  False when a name
 * could not be; reported once a name.
 */
bool ph_address_ranges(struct ph_site *, const struct ph_site_addrs *,
    enum ph_direction, const struct ph_site_opts *, const struct ph_ranges **);

/* ph_address_pin(site, name, addrs): what --resolve says. */
void ph_address_pin(struct ph_site *, const char *, const struct ph_ranges *);

#endif
