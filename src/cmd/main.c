/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/ids.h"
#include "cmd/run.h"
#include "cmd/version.h"
#include "os/pages.h"
#include "os/progress.h"

enum { MAX_SHOWN = 1000 };		/* diagnostics; a file of garbage has millions */

static void
out_of_memory(void)
{
	static const char text[] = "pinhole: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(PH_EXIT_BUG);
	_exit(PH_EXIT_BUG);
}

/* Colour is for people at a terminal who did not say no. */
static bool
want_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (no == NULL || *no == '\0') &&
	    term != NULL && strcmp(term, "dumb") != 0;
}

/*
 * -W id, -W no-id, -E id; later ones win, so they come first in the list.  False
 * when one is no id.
 */
static bool
read_switches(struct ph_run *run)
{
	struct ph_diag_switch *list = NULL;

	for (const struct ph_arg *a = run->args.opts; a != NULL; a = a->next) {
		struct ph_diag_switch *s;
		bool no = a->id == PH_OPT_W && strncmp(a->value, "no-", 3) == 0;
		const char *near;

		if (a->id != PH_OPT_W && a->id != PH_OPT_E)
			continue;
		s = PH_NEW(&run->mem, struct ph_diag_switch);
		s->id = a->value + (no && !ph_ids_known(a->value, &near) ? 3 : 0);
		if (!ph_ids_known(s->id, &near)) {
			ph_run_usage(run, "unknown diagnostic '%s'%s%s%s", s->id,
			    near != NULL ? "; did you mean '" : "",
			    near != NULL ? near : "", near != NULL ? "'?" : "");
			return false;
		}
		s->as = no && s->id != a->value ? PH_DIAG_OFF :
		    a->id == PH_OPT_E ? PH_DIAG_ERROR : PH_DIAG_WARN;
		s->next = list;
		list = s;
	}
	run->diags.switches = list;
	return true;
}

/* A report that nobody could read is no success. */
static int
finish(FILE *out, int code)
{
	if (fflush(out) == 0 && !ferror(out))
		return code;
	fprintf(stderr, "pinhole: cannot write to standard output: %s\n", strerror(errno));
	return PH_EXIT_BUG;
}

static int
run_command(struct ph_run *run, const char *const *argv)
{
	int code;

	if (!ph_opt_parse(&run->mem, run->cmd, argv, run->err, &run->args))
		return PH_EXIT_USAGE;
	if (ph_opt_given(&run->args, PH_OPT_HELP)) {
		ph_opt_help(run->cmd, run->out);
		return PH_EXIT_OK;
	}
	if (ph_opt_given(&run->args, PH_OPT_VERSION)) {
		fputs("pinhole " PH_VERSION "\n", run->out);
		return PH_EXIT_OK;
	}
	run->json = ph_opt_given(&run->args, PH_OPT_JSON);
	if (!read_switches(run))
		return PH_EXIT_USAGE;
	ph_progress_start();
	code = run->cmd->run(run);
	ph_progress_stop();
	return code;
}

/* Before a command: --help and --version only. */
static const struct ph_cmd *
find_command(struct ph_run *run, const char *const **argv)
{
	static const char *const no_more[] = { NULL };
	const char *word = (*argv)[1];

	if (word == NULL) {
		fputs("pinhole: no command given\nTry 'pinhole help'.\n", run->err);
		return NULL;
	}
	if (strcmp(word, "--help") == 0) {
		*argv = no_more;
		return ph_opt_command("help", run->err);
	}
	if (strcmp(word, "--version") == 0) {
		*argv += 1;
		return ph_opt_command("help", run->err);
	}
	*argv += 2;
	return ph_opt_command(word, run->err);
}

int
main(int argc, char **argv)
{
	struct ph_run run = { .out = stdout, .err = stderr };
	const char *const *words = (const char *const *)argv;
	int code;

	if (argc < 1)
		return PH_EXIT_USAGE;
	signal(SIGPIPE, SIG_IGN);
	run.mem.oom = out_of_memory;
	run.mem.pages = &ph_pages;
	run.diags.out = stderr;
	run.diags.max_shown = MAX_SHOWN;
	run.input.mem = &run.mem;
	run.input.diags = &run.diags;
	run.colour = want_colour();
	run.cmd = find_command(&run, &words);
	if (run.cmd == NULL)
		return PH_EXIT_USAGE;
	code = finish(run.out, run_command(&run, words));
	ph_arena_fini(&run.mem);
	return code;
}
