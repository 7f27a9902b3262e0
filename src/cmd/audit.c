/* SPDX-License-Identifier: ISC */
#include "cmd/answer.h"
#include "cmd/needs.h"

static const enum ph_opt_id opts[] = {
	PH_OPT_SITE, PH_OPT_CLIENTS, PH_OPT_AT, PH_OPT_SET, PH_OPT_INSIDE,
	PH_OPT_OUTSIDE, PH_OPT_HOST, PH_OPT_RESOLVE, PH_OPT_UID, PH_OPT_ADDR,
	PH_OPT_STATEFUL_ONLY, PH_OPT_CATALOG, PH_OPT_DIALECT, PH_OPT_IPSET,
	PH_OPT_W, PH_OPT_E, PH_OPT_JSON, PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END,
};

static int
run_audit(struct ph_run *run)
{
	struct ph_audit_opts o = { 0 };
	struct ph_ruleset rs;
	struct ph_needs n;
	int err;

	if (!ph_answer_uid(run, &o.uid))
		return PH_EXIT_USAGE;
	err = ph_needs_both(run, &n, &rs);
	if (err != 0)
		return err;
	o.sides = n.sides;
	return ph_answer_audit(run, &rs, &n.reqs, &o, &n);
}

const struct ph_cmd ph_cmd_audit = {
	.name = "audit",
	.args = "FIREWALL SERVICE...",
	.title = "say exactly what a configuration does to the flows of services",
	.about = "Reads a firewall's configuration and says of every flow that the "
	    "services need whether it is open, partly open, blocked or unknown, and by "
	    "which line; and what else will disturb calls.",
	.opts = opts,
	.min_args = 2,
	.first = PH_WORDS_FILE, .rest = PH_WORDS_SERVICE,
	.run = run_audit,
};
