/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "audit/prove.h"
#include "cmd/needs.h"
#include "os/progress.h"
#include "report/json.h"
#include "report/site.h"

static const enum ph_opt_id opts[] = {
	PH_OPT_FOR, PH_OPT_SITE, PH_OPT_CLIENTS, PH_OPT_AT, PH_OPT_SET,
	PH_OPT_INSIDE, PH_OPT_OUTSIDE, PH_OPT_HOST, PH_OPT_RESOLVE,
	PH_OPT_STATEFUL_ONLY, PH_OPT_CATALOG, PH_OPT_W, PH_OPT_E, PH_OPT_JSON,
	PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END,
};

static struct ph_plan
plan_of(const struct ph_run *run, const struct ph_needs *n)
{
	return (struct ph_plan){
		.reqs = n->reqs.v, .n_reqs = n->reqs.n,
		.inside = n->sides.inside, .n_inside = n->sides.n_inside,
		.outside = n->sides.outside, .n_outside = n->sides.n_outside,
		.stateful_only = ph_opt_given(&run->args, PH_OPT_STATEFUL_ONLY),
		.host = n->sides.host,
		.date = n->date,
	};
}

static void
report_json(struct ph_run *run, const struct ph_dialect *d, const struct ph_needs *n,
    const struct ph_buf *text)
{
	json_t *doc = ph_json_document(&run->mem, "plan"), *flows = json_array();

	for (size_t i = 0; i < n->reqs.n; i++)
		ph_json_add(&run->mem, flows,
		    ph_json_requirement(&run->mem, n->reqs.v[i]));
	ph_json_set(&run->mem, doc, "dialect", json_string(d->name));
	ph_json_set(&run->mem, doc, "proven", json_true());
	ph_json_set(&run->mem, doc, "text", ph_json_lines(&run->mem, text));
	ph_json_set(&run->mem, doc, "flows", flows);
	ph_json_set(&run->mem, doc, "names", ph_json_names(&run->mem, &n->site));
	ph_json_set(&run->mem, doc, "date", ph_json_text(&run->mem, n->date));
	ph_json_write(run->out, doc);
}

/* Nothing is shown that was not read back and found to open just what is needed. */
static int
prove_and_show(struct ph_run *run, const struct ph_dialect *d, const struct ph_needs *n)
{
	struct ph_plan plan = plan_of(run, n);
	struct ph_buf text, why;

	ph_buf_init(&text, &run->mem);
	ph_buf_init(&why, &run->mem);
	ph_progress_phase("writing");
	if (!d->plan(&run->mem, &run->diags, &plan, &text))
		return PH_EXIT_DATA;
	ph_progress_phase("proving");
	if (!ph_prove_plan(&run->mem, d, &plan, &text, &why)) {
		fprintf(run->err, "pinhole: a bug: the plan for %s does not do what it "
		    "should and is not shown: %s\n", d->title, why.len > 0 ? why.s : "");
		return PH_EXIT_BUG;
	}
	ph_progress_stop();
	if (run->json)
		report_json(run, d, n, &text);
	else
		fwrite(text.s, 1, text.len, run->out);
	return PH_EXIT_OK;
}

static int
run_plan(struct ph_run *run)
{
	const struct ph_dialect *d;
	struct ph_needs n;
	int err = ph_run_dialect(run, PH_OPT_FOR, &d);

	if (err != 0)
		return err;
	if (d == NULL)
		return ph_run_usage(run, "for which platform? Say --for DIALECT");
	if (d->plan == NULL)
		return ph_run_usage(run, "no plans can be written for %s", d->title);
	err = ph_needs_load(run, run->args.pos, run->args.n_pos, NULL, &n);
	return err != 0 ? err : prove_and_show(run, d, &n);
}

const struct ph_cmd ph_cmd_plan = {
	.name = "plan",
	.args = "SERVICE...",
	.title = "write the smallest rules that let services through",
	.about = "Writes rules for the platform named with --for, in its own words: "
	    "every opening that the services need and not one packet more, timers, "
	    "inspection, the commands that show them and take them back. What is "
	    "written has been read back and proven.",
	.opts = opts,
	.min_args = 1,
	.first = PH_WORDS_SERVICE, .rest = PH_WORDS_SERVICE,
	.run = run_plan,
};
