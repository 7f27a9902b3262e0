/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>

#include "cmd/answer.h"
#include "os/file.h"
#include "os/progress.h"
#include "report/fix.h"
#include "report/json.h"

static const enum ph_opt_id opts[] = {
	PH_OPT_WRITE, PH_OPT_SITE, PH_OPT_CLIENTS, PH_OPT_AT, PH_OPT_SET,
	PH_OPT_INSIDE, PH_OPT_OUTSIDE, PH_OPT_HOST, PH_OPT_RESOLVE, PH_OPT_UID,
	PH_OPT_STATEFUL_ONLY, PH_OPT_CATALOG, PH_OPT_DIALECT, PH_OPT_IPSET,
	PH_OPT_W, PH_OPT_E, PH_OPT_JSON, PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END,
};

static int
write_changed(struct ph_run *run, const char *path, const struct ph_buf *text)
{
	int err = ph_file_write(path, text->len > 0 ? text->s : "", text->len);

	if (err == 0)
		return 0;
	fprintf(run->err, "pinhole: cannot write '%s': %s; it is as it was\n", path,
	    strerror(-err));
	return err == -EACCES || err == -EPERM ? PH_EXIT_NO_PERMISSION :
	    PH_EXIT_NO_INPUT;
}

static int
solve(struct ph_run *run, struct ph_ruleset *rs, const struct ph_requirements *reqs,
    const struct ph_audit_opts *o, struct ph_fix_result *out)
{
	struct ph_parse_opts po;
	struct ph_fix_job job = { rs, &po, reqs->v, reqs->n, o };
	unsigned errors = run->diags.errors;
	bool said;
	int err = ph_run_parse_opts(run, &po);

	if (err != 0)
		return err;
	ph_progress_phase("looking for the smallest change");
	said = ph_fix_solve(&run->mem, &run->diags, &job, out);
	ph_progress_stop();
	ph_answer_switches(run, &out->before);
	ph_answer_switches(run, &out->after);
	if (!said && run->diags.errors == errors)
		fprintf(run->err, "pinhole fix: there is no way to change %s here\n",
		    rs->dialect->title);
	return 0;
}

/* Only a change that was proven to help is written. */
static int
report(struct ph_run *run, const struct ph_ruleset *rs, const struct ph_fix_result *r)
{
	const char *path = ph_opt_last(&run->args, PH_OPT_WRITE);
	struct ph_text t = ph_answer_text(run);
	int err;

	if (r->n_changes == 0)
		path = NULL;
	err = path != NULL ? write_changed(run, path, &r->text.text) : 0;
	if (err != 0)
		return err;
	if (run->json)
		ph_json_write(run->out, ph_json_fix(&run->mem, r, path));
	else
		ph_report_fix(&t, rs->src->name, r, path);
	return ph_audit_exit(&r->after);
}

static int
run_fix(struct ph_run *run)
{
	struct ph_audit_opts o = { 0 };
	struct ph_fix_result r;
	struct ph_ruleset rs;
	struct ph_needs n;
	int err;

	if (!ph_answer_uid(run, &o.uid))
		return PH_EXIT_USAGE;
	err = ph_needs_both(run, &n, &rs);
	if (err != 0)
		return err;
	o.sides = n.sides;
	err = ph_answer_sides(run, &rs, n.reqs.v, n.reqs.n, &o.sides);
	if (err == 0)
		err = solve(run, &rs, &n.reqs, &o, &r);
	return err != 0 ? err : report(run, &rs, &r);
}

const struct ph_cmd ph_cmd_fix = {
	.name = "fix",
	.args = "FIREWALL SERVICE...",
	.title = "write the smallest change that makes the audit pass",
	.about = "Says what to type on the firewall so that every required flow gets "
	    "through and lasts, how to take it back, and what that proves. The changed "
	    "configuration is read back and audited before anything is shown.",
	.opts = opts,
	.min_args = 2,
	.first = PH_WORDS_FILE, .rest = PH_WORDS_SERVICE,
	.run = run_fix,
};
