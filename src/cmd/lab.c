/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "cmd/answer.h"
#include "lab/lab.h"
#include "os/file.h"
#include "os/progress.h"
#include "report/json.h"
#include "report/lab.h"
#include "report/site.h"

static const enum ph_opt_id opts[] = {
	PH_OPT_SCALE_TIME, PH_OPT_LOAD, PH_OPT_SITE, PH_OPT_CLIENTS, PH_OPT_AT, PH_OPT_SET,
	PH_OPT_INSIDE, PH_OPT_OUTSIDE, PH_OPT_HOST, PH_OPT_RESOLVE, PH_OPT_ADDR,
	PH_OPT_STATEFUL_ONLY, PH_OPT_CATALOG, PH_OPT_DIALECT, PH_OPT_IPSET, PH_OPT_W,
	PH_OPT_E, PH_OPT_JSON, PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END,
};

enum { MAX_SCALE = 100000 };

/* "edge/fw.nft" is in "edge"; what comes from a pipe is nowhere. */
static const char *
directory(struct ph_arena *mem, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? "." : ph_arena_dup(mem, path, (size_t)(slash - path) + 1);
}

static int
read_text(struct ph_run *run, enum ph_opt_id id, const char **out)
{
	const char *path = ph_opt_last(&run->args, id);
	struct ph_src *src;
	int err;

	if (path == NULL)
		return 0;
	err = ph_file_read(&run->mem, path, &src);
	if (err != 0)
		return ph_run_cannot_read(run, path, err);
	*out = src->text;
	return 0;
}

static int
read_opts(struct ph_run *run, struct ph_lab_opts *o)
{
	const char *scale = ph_opt_last(&run->args, PH_OPT_SCALE_TIME);
	uint64_t v = 1;
	int err;

	if (scale != NULL && (!ph_str_u64(ph_str(scale), 10, MAX_SCALE, &v) || v == 0))
		return ph_run_usage(run, "--scale-time: '%s' is no number from 1 to %d", scale,
		    MAX_SCALE);
	o->scale = (unsigned)v;
	o->dir = directory(&run->mem, run->args.pos[0]);
	err = read_text(run, PH_OPT_LOAD, &o->instead);
	return err != 0 ? err : read_text(run, PH_OPT_IPSET, &o->sets);
}

static void
report(struct ph_run *run, const struct ph_ruleset *rs, const struct ph_lab *lab,
    const struct ph_needs *n)
{
	struct ph_text t = ph_answer_text(run);
	json_t *doc;

	if (!run->json) {
		ph_report_lab(&t, rs->src->name, lab);
		ph_report_names(&t, &n->site, n->date);
		return;
	}
	doc = ph_json_lab(&run->mem, lab);
	ph_json_set(&run->mem, doc, "names", ph_json_names(&run->mem, &n->site));
	ph_json_set(&run->mem, doc, "date", ph_json_text(&run->mem, n->date));
	ph_json_write(run->out, doc);
}

static int
run_lab(struct ph_run *run)
{
	struct ph_audit_opts o = { .skip_wide = true };
	struct ph_lab_opts lo = { .audit = &o };
	struct ph_ruleset rs;
	struct ph_audit a;
	struct ph_needs n;
	struct ph_lab lab;
	int err = read_opts(run, &lo);

	if (err == 0)
		err = ph_needs_both(run, &n, &rs);
	if (err != 0)
		return err;
	o.sides = n.sides;
	err = ph_answer_sides(run, &rs, n.reqs.v, n.reqs.n, &o.sides);
	if (err != 0)
		return err;
	ph_lab_plan(&run->mem, &rs, &lo);
	ph_progress_phase("predicting");
	ph_audit_run(&run->mem, &rs, n.reqs.v, n.reqs.n, &o, &a);
	ph_answer_switches(run, &a);
	ph_progress_phase("sending");
	ph_lab_run(&run->mem, &rs, &a, &lo, &lab);
	ph_progress_stop();
	report(run, &rs, &lab, &n);
	return ph_lab_exit(&lab);
}

const struct ph_cmd ph_cmd_lab = {
	.name = "lab",
	.args = "FIREWALL SERVICE...",
	.title = "run a configuration in a kernel here and measure what it lets through",
	.about = "Loads the configuration into a kernel between two networks that exist "
	    "only for that, or with --host on the client, sends every port of every flow "
	    "through it both ways, and sets what was predicted beside what was measured. "
	    "Needs no far end, no rights, and touches nothing of this host.",
	.opts = opts,
	.min_args = 2,
	.first = PH_WORDS_FILE, .rest = PH_WORDS_SERVICE,
	.run = run_lab,
};
