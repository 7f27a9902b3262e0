/* SPDX-License-Identifier: ISC */
#ifndef PH_REPORT_PROBE_H
#define PH_REPORT_PROBE_H

#include <jansson.h>

#include "probe/result.h"
#include "report/text.h"

/*
 * ph_report_probe(t, r): the verdict in the first line, what was measured, and the
 * request to the administrator when something has to be opened.
 */
void ph_report_probe(const struct ph_text *, const struct ph_probe_result *);

/* ph_report_request(t, r): only the request, as it can be sent. */
void ph_report_request(const struct ph_text *, const struct ph_probe_result *);

/* ph_report_measured(t, f): one line, and below it what is in the way. */
void ph_report_measured(const struct ph_text *, const struct ph_measured *);

/* ph_json_probe(mem, r): the document pinhole.probe/1. */
json_t *ph_json_probe(struct ph_arena *, const struct ph_probe_result *);

/*
 * ph_json_measured(mem, f): one entry of its flows; also a line of --json-lines.
 */
json_t *ph_json_measured(struct ph_arena *, const struct ph_measured *);

/* ph_json_ask(mem, a): one opening that is asked for. */
json_t *ph_json_ask(struct ph_arena *, const struct ph_ask *);

#endif
