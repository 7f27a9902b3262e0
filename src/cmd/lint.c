/* SPDX-License-Identifier: ISC */
#include "cmd/answer.h"
#include "os/progress.h"
#include "report/json.h"
#include "report/lint.h"

static const enum ph_opt_id opts[] = {
	PH_OPT_SITE, PH_OPT_CLIENTS, PH_OPT_AT, PH_OPT_SET, PH_OPT_HOST,
	PH_OPT_RESOLVE, PH_OPT_CATALOG, PH_OPT_DIALECT, PH_OPT_IPSET,
	PH_OPT_W, PH_OPT_E, PH_OPT_JSON, PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END,
};

static int
run_lint(struct ph_run *run)
{
	struct ph_text t = ph_answer_text(run);
	struct ph_needs n = { 0 };
	struct ph_ruleset rs;
	struct ph_finding *v;
	size_t count;
	int err = run->args.n_pos > 1 ? ph_needs_both(run, &n, &rs) :
	    ph_run_firewall(run, run->args.pos[0], &rs);

	if (err != 0)
		return err;
	ph_progress_phase("comparing lines");
	ph_lint_run(&run->mem, &rs, n.reqs.v, n.reqs.n, &v, &count);
	ph_progress_stop();
	count = ph_answer_filter(run, v, count);
	if (run->json)
		ph_json_write(run->out, ph_json_lint(&run->mem, v, count));
	else
		ph_report_lint(&t, rs.src->name, v, count);
	return count > 0 ? PH_EXIT_DEGRADED : PH_EXIT_OK;
}

const struct ph_cmd ph_cmd_lint = {
	.name = "lint",
	.args = "FIREWALL [SERVICE]...",
	.title = "find lines without effect, and openings wider than needed",
	.about = "Finds lines that can never match, alone or because several others "
	    "together cover them, and lines that change nothing. With services, also "
	    "openings wider than any of them needs.",
	.opts = opts,
	.min_args = 1,
	.first = PH_WORDS_FILE, .rest = PH_WORDS_SERVICE,
	.run = run_lint,
};
