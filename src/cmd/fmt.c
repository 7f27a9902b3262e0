/* SPDX-License-Identifier: ISC */
#include "cmd/run.h"

static const enum ph_opt_id opts[] = {
	PH_OPT_DIALECT, PH_OPT_IPSET, PH_OPT_W, PH_OPT_E, PH_OPT_HELP,
	PH_OPT_VERSION, PH_OPT_END,
};

static int
run_fmt(struct ph_run *run)
{
	struct ph_ruleset rs;
	struct ph_buf text;
	int err = ph_run_firewall(run, run->args.pos[0], &rs);

	if (err != 0)
		return err;
	if (rs.dialect->emit == NULL)
		return ph_run_usage(run, "%s cannot be written this way", rs.dialect->name);
	ph_buf_init(&text, &run->mem);
	if (!rs.dialect->emit(&run->mem, &run->diags, &rs, &text))
		return PH_EXIT_DATA;
	fwrite(text.s, 1, text.len, run->out);
	return PH_EXIT_OK;
}

const struct ph_cmd ph_cmd_fmt = {
	.name = "fmt",
	.args = "FIREWALL",
	.title = "read a configuration and write it in one canonical form",
	.about = "Reads a configuration and writes what was understood of it, in the "
	    "same language and always in the same form.",
	.opts = opts,
	.min_args = 1, .max_args = 1,
	.first = PH_WORDS_FILE,
	.hidden = true,
	.run = run_fmt,
};
