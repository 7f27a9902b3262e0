/* SPDX-License-Identifier: ISC */
#ifndef PH_REPORT_JSON_H
#define PH_REPORT_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "model/verdict.h"

/*
 * Pieces of the JSON documents described in docs/schema.  Keys come in the
 * order in which they are set.  What jansson cannot allocate ends the run
 * through the arena's hook.
 */

/* ph_json_text(mem, s): a string; NULL gives null, bytes that are no text '?'. */
json_t *ph_json_text(struct ph_arena *, const char *);

/* ph_json_lines(mem, b): a whole text as one string, line ends kept. */
json_t *ph_json_lines(struct ph_arena *, const struct ph_buf *);

/* ph_json_ranges(mem, dim, r): one string, "60000-65535" or "any". */
json_t *ph_json_ranges(struct ph_arena *, enum ph_dim, const struct ph_ranges *);

/* ph_json_place(mem, at): { file, line, column, text }, or null. */
json_t *ph_json_place(struct ph_arena *, struct ph_span);

/* ph_json_packet(mem, p): { src, sport, dst, dport }, by protocol. */
json_t *ph_json_packet(struct ph_arena *, const struct ph_packet *);

/* ph_json_region(mem, c): the dimensions that are not any, as text. */
json_t *ph_json_region(struct ph_arena *, const struct ph_cube *);

/* ph_json_flow(mem, f), ph_json_finding(mem, f): entries of an audit. */
json_t *ph_json_flow(struct ph_arena *, const struct ph_flow *);
json_t *ph_json_finding(struct ph_arena *, const struct ph_finding *);

/* ph_json_findings(mem, v, n): a list of them. */
json_t *ph_json_findings(struct ph_arena *, const struct ph_finding *, size_t);

/*
 * ph_json_audit(mem, command, a): a whole document, "pinhole.COMMAND/1".
 */
json_t *ph_json_audit(struct ph_arena *, const char *, const struct ph_audit *);

/* ph_json_document(mem, command): an object with its schema. */
json_t *ph_json_document(struct ph_arena *, const char *);

/*
 * ph_json_set(mem, obj, key, value), ph_json_add(mem, list, value): take over
 * ${value}.
 */
void ph_json_set(struct ph_arena *, json_t *, const char *, json_t *);
void ph_json_add(struct ph_arena *, json_t *, json_t *);

/* ph_json_write(out, doc): print and release the document. */
void ph_json_write(FILE *, json_t *);

#endif
