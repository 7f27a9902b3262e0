/* SPDX-License-Identifier: ISC */
#include "audit/audit.h"
#include "audit/findings.h"
#include "audit/judge.h"

/* All required flows together. */
static enum ph_verdict
overall(const struct ph_flow *f, size_t n)
{
	bool open = false, shut = false, partly = false, unknown = false;

	for (size_t i = 0; i < n; i++) {
		if (f[i].req->need != PH_REQUIRED)
			continue;
		open |= f[i].verdict == PH_OPEN;
		shut |= f[i].verdict == PH_BLOCKED;
		partly |= f[i].verdict == PH_PARTLY;
		unknown |= f[i].verdict == PH_UNKNOWN;
	}
	if (partly || (shut && (open || unknown)))
		return PH_PARTLY;
	if (shut)
		return PH_BLOCKED;
	return unknown ? PH_UNKNOWN : PH_OPEN;
}

/* What is open beyond need is said, but makes nothing worse. */
static void
add_wide(struct ph_arena *mem, const struct ph_ruleset *rs,
    const struct ph_requirement *const *reqs, size_t n, struct ph_findings *found)
{
	struct ph_finding *wide;
	size_t n_wide;

	ph_lint_wide(mem, rs, reqs, n, &wide, &n_wide);
	for (size_t i = 0; i < n_wide; i++) {
		wide[i].severity = PH_INFO;
		*PH_PUSH(mem, found->v, found->n, found->cap) = wide[i];
	}
}

void
ph_audit_run(struct ph_arena *mem, const struct ph_ruleset *rs,
    const struct ph_requirement *const *reqs, size_t n,
    const struct ph_audit_opts *o, struct ph_audit *out)
{
	struct ph_flow *flows = ph_arena_array(mem, n, sizeof(*flows));
	struct ph_findings found = { 0 };
	struct ph_findings_of of = { mem, rs, o, flows, n, &found };

	for (size_t i = 0; i < n; i++)
		ph_judge(mem, rs, reqs[i], o, &flows[i]);
	for (size_t i = 0; i < n && !o->skip_findings; i++)
		ph_findings_of(&of, &flows[i]);
	if (!o->skip_findings && !o->skip_wide)
		add_wide(mem, rs, reqs, n, &found);
	*out = (struct ph_audit){
		.verdict = overall(flows, n), .flows = flows, .n_flows = n,
		.findings = found.v, .n_findings = found.n,
	};
	for (size_t i = 0; i < found.n; i++) {
		out->degraded |= found.v[i].degrades;
		ph_fix_suggest(mem, rs, &found.v[i]);
	}
}

int
ph_audit_exit(const struct ph_audit *a)
{
	switch (a->verdict) {
	case PH_OPEN:
		return a->degraded;
	case PH_PARTLY:
	case PH_BLOCKED:
		return 2;
	default:
		return 3;
	}
}
