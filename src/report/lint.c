/* SPDX-License-Identifier: ISC */
#include "report/audit.h"
#include "report/json.h"
#include "report/lint.h"

void
ph_report_lint(const struct ph_text *t, const char *name, const struct ph_finding *v,
    size_t n)
{
	if (n == 0)
		ph_text_wrap(t, 0, "CLEAN: every line of %s has an effect.", name);
	else
		ph_text_wrap(t, 0, "%zu FINDING%s in %s.", n, n == 1 ? "" : "S", name);
	for (size_t i = 0; i < n; i++) {
		fputc('\n', t->out);
		ph_report_finding(t, &v[i]);
	}
}

json_t *
ph_json_lint(struct ph_arena *mem, const struct ph_finding *v, size_t n)
{
	json_t *doc = ph_json_document(mem, "lint");

	ph_json_set(mem, doc, "findings", ph_json_findings(mem, v, n));
	return doc;
}
