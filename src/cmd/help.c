/* SPDX-License-Identifier: ISC */
#include "cmd/run.h"

static const enum ph_opt_id opts[] = { PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END };

static void
overview(FILE *out)
{
	size_t n;
	const struct ph_cmd *const *all = ph_opt_commands(&n);

	fputs("Usage: pinhole COMMAND [OPTION]... [ARGUMENT]...\n\n"
	    "Proves a firewall right or wrong for video conferencing.\n\n", out);
	for (size_t i = 0; i < n; i++)
		if (!all[i]->hidden)
			fprintf(out, "  %-12s%s\n", all[i]->name, all[i]->title);
	fputs("\nA FIREWALL is a file, - for standard input, or live for this host's "
	    "own rules.\n'pinhole help COMMAND' has the options, 'man pinhole' the "
	    "rest.\n", out);
}

static int
run_help(struct ph_run *run)
{
	const struct ph_cmd *cmd;

	if (run->args.n_pos == 0) {
		overview(run->out);
		return PH_EXIT_OK;
	}
	cmd = ph_opt_command(run->args.pos[0], run->err);
	if (cmd == NULL)
		return PH_EXIT_USAGE;
	ph_opt_help(cmd, run->out);
	return PH_EXIT_OK;
}

const struct ph_cmd ph_cmd_help = {
	.name = "help",
	.args = "[COMMAND]",
	.title = "say what a command does and takes",
	.about = "Lists the commands, or explains one.",
	.opts = opts,
	.max_args = 1,
	.first = PH_WORDS_COMMAND,
	.run = run_help,
};
