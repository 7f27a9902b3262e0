/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "cmd/cat.h"

static const enum ph_opt_id opts[] = { PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END };

/*
 * DOC: Completion
 *
 * A bash script made from the tables of options: for every command its options,
 * and for every kind of word (enum ph_words) a way to complete it.  Services are
 * asked of the program itself, so that those added later are found.
 */

/* Shell text that fills COMPREPLY for one kind of word. */
static const char *const complete[] = {
	[PH_WORDS_NONE] = "COMPREPLY=()",
	[PH_WORDS_FILE] = "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\"))",
	[PH_WORDS_DIR] = "compopt -o filenames; COMPREPLY=($(compgen -d -- \"$cur\"))",
	[PH_WORDS_DIALECT] = "COMPREPLY=($(compgen -W \"$dialects\" -- \"$cur\"))",
	[PH_WORDS_SERVICE] = ("COMPREPLY=($(compgen -W "
	    "\"$(pinhole services 2>/dev/null | cut -d' ' -f1)\" -- \"$cur\"))"),
	[PH_WORDS_ID] = "COMPREPLY=()",
	[PH_WORDS_COMMAND] = "COMPREPLY=($(compgen -W \"$commands\" -- \"$cur\"))",
	[PH_WORDS_SHELL] = "COMPREPLY=($(compgen -W bash -- \"$cur\"))",
};

static void
write_names(FILE *out)
{
	size_t n;
	const struct ph_cmd *const *cmds = ph_opt_commands(&n);

	fputs("\tlocal commands='", out);
	for (size_t i = 0, k = 0; i < n; i++)
		if (!cmds[i]->hidden)
			fprintf(out, "%s%s", k++ > 0 ? " " : "", cmds[i]->name);
	fputs("'\n\tlocal dialects='", out);
	const struct ph_dialect *const *all = ph_dialects(&n);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s%s", i > 0 ? " " : "", all[i]->name);
	fputs("'\n", out);
}

/* What follows an option that takes a value. */
static void
write_values(FILE *out)
{
	fputs("\tcase \"$prev\" in\n", out);
	for (int id = PH_OPT_END + 1; id < PH_NOPTS; id++) {
		const struct ph_opt *o = ph_opt_find((enum ph_opt_id)id);

		if (o->arg != NULL)
			fprintf(out, "\t%s) %s; return ;;\n", o->name, complete[o->words]);
	}
	fputs("\tesac\n", out);
}

static void
write_command(const struct ph_cmd *c, FILE *out)
{
	fprintf(out, "\t%s)\n\t\tif [[ $cur == -* ]]; then\n"
	    "\t\t\tCOMPREPLY=($(compgen -W '", c->name);
	for (const enum ph_opt_id *o = c->opts; *o != PH_OPT_END; o++)
		fprintf(out, "%s%s", o != c->opts ? " " : "", ph_opt_find(*o)->name);
	fprintf(out, "' -- \"$cur\"))\n\t\telif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
	    "\t\t\t%s\n\t\telse\n\t\t\t%s\n\t\tfi ;;\n", complete[c->first],
	    complete[c->rest]);
}

static void
write_script(FILE *out)
{
	size_t n;
	const struct ph_cmd *const *cmds = ph_opt_commands(&n);

	fputs("# bash completion for pinhole; made by 'pinhole completion bash'\n"
	    "_pinhole()\n{\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n",
	    out);
	write_names(out);
	fputs("\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	    "\t\tCOMPREPLY=($(compgen -W \"$commands --help --version\" -- \"$cur\"))\n"
	    "\t\treturn\n\tfi\n", out);
	write_values(out);
	fputs("\tcase \"${COMP_WORDS[1]}\" in\n", out);
	for (size_t i = 0; i < n; i++)
		if (!cmds[i]->hidden)
			write_command(cmds[i], out);
	fputs("\tesac\n}\ncomplete -F _pinhole pinhole\n", out);
}

static int
run_completion(struct ph_run *run)
{
	if (strcmp(run->args.pos[0], "bash") != 0)
		return ph_run_usage(run, "unknown shell '%s'; there is: bash",
		    run->args.pos[0]);
	write_script(run->out);
	return PH_EXIT_OK;
}

const struct ph_cmd ph_cmd_completion = {
	.name = "completion",
	.args = "SHELL",
	.title = "write a script that completes commands in a shell",
	.about = "Writes a completion script to standard output. The only shell is bash.",
	.opts = opts,
	.min_args = 1, .max_args = 1,
	.first = PH_WORDS_SHELL,
	.run = run_completion,
};
