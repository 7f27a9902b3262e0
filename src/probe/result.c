/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "probe/result.h"

void
ph_result_skip(struct ph_arena *mem, struct ph_probe_result *r, const char *fmt, ...)
{
	struct ph_buf b;
	va_list ap;

	ph_buf_init(&b, mem);
	va_start(ap, fmt);
	ph_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	*PH_PUSH(mem, r->skipped, r->n_skipped, r->cap_skipped) = b.s;
}

bool
ph_result_served(const struct ph_probe_result *r, const struct ph_measured *f)
{
	if (f->req->fallback == NULL)
		return false;
	for (size_t i = 0; i < r->n_flows; i++) {
		const struct ph_measured *g = &r->flows[i];

		if (g->v6 == f->v6 && g->verdict == PH_OPEN &&
		    strcmp(g->req->service, f->req->service) == 0 &&
		    strcmp(g->req->flow, f->req->fallback) == 0)
			return true;
	}
	return false;
}

bool
ph_result_fallback_only(const struct ph_probe_result *r)
{
	bool any = false;

	for (size_t i = 0; i < r->n_flows; i++) {
		const struct ph_measured *f = &r->flows[i];

		if (!f->counts || f->verdict == PH_OPEN)
			continue;
		if (!ph_result_served(r, f))
			return false;
		any = true;
	}
	return any;
}

int
ph_result_exit(const struct ph_probe_result *r)
{
	switch (r->verdict) {
	case PH_OPEN:
		return r->degraded;
	case PH_PARTLY:
	case PH_BLOCKED:
		return ph_result_fallback_only(r) ? 1 : 2;
	default:
		return 3;
	}
}
