/* SPDX-License-Identifier: ISC */
#ifndef PH_CATALOG_VALUES_H
#define PH_CATALOG_VALUES_H

#include "space/ranges.h"
#include "text/fields.h"

/*
 * Readers of single values, for tables of fields (text/fields.h).  Each reports
 * what is wrong with the value: bad-name, bad-date, bad-source, bad-app,
 * bad-port, bad-word, empty-value, wrong-kind.
 */

/* Members: const char *, the text as it stands. */
void ph_value_name(struct ph_reader *, const struct ph_field *,
    const struct ph_yaml *, void *);
void ph_value_date(struct ph_reader *, const struct ph_field *,
    const struct ph_yaml *, void *);
void ph_value_url(struct ph_reader *, const struct ph_field *,
    const struct ph_yaml *, void *);

/* Member: const char *, the path of a program, without ".app". */
void ph_value_app(struct ph_reader *, const struct ph_field *,
    const struct ph_yaml *, void *);

/* Member: const char *const *, NULL-terminated. */
void ph_value_sources(struct ph_reader *, const struct ph_field *,
    const struct ph_yaml *, void *);

/* Member: bool. */
void ph_value_bool(struct ph_reader *, const struct ph_field *,
    const struct ph_yaml *, void *);

/* Member: const struct ph_ranges *; NULL when wrong. */
void ph_value_ports(struct ph_reader *, const struct ph_field *,
    const struct ph_yaml *, void *);

/* Member: the whole struct ph_service_flow, of which protos are set. */
void ph_value_protos(struct ph_reader *, const struct ph_field *,
    const struct ph_yaml *, void *);

/* ph_value_read_ports(rd, v): a number, a range or a list of them; or NULL. */
const struct ph_ranges *ph_value_read_ports(struct ph_reader *, const struct ph_yaml *);

/* ph_value_check_name(rd, at, s): is ${s} fit to be a name?  Reports bad-name. */
void ph_value_check_name(struct ph_reader *, struct ph_span, struct ph_str);

#endif
