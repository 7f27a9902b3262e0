/* SPDX-License-Identifier: ISC */
#ifndef PH_CMD_RUN_H
#define PH_CMD_RUN_H

#include "cmd/opt.h"
#include "dialect/dialect.h"
#include "os/input.h"

/* Exit codes of pinhole(1); 0 to 3 are verdicts. */
enum ph_exit {
	PH_EXIT_OK = 0,
	PH_EXIT_DEGRADED = 1,		/* lint: findings; diff: they differ */
	PH_EXIT_BLOCKED = 2,
	PH_EXIT_UNKNOWN = 3,
	PH_EXIT_USAGE = 64,
	PH_EXIT_DATA = 65,
	PH_EXIT_NO_INPUT = 66,
	PH_EXIT_BUG = 70,
	PH_EXIT_NO_PERMISSION = 77,
};

/* One run of one command: everything lives as long as the process. */
struct ph_run {
	struct ph_arena mem;
	const struct ph_cmd *cmd;
	struct ph_args args;
	struct ph_diags diags;
	struct ph_input input;
	FILE *out, *err;
	bool json, colour;
};

/*
 * ph_run_usage(run, fmt, ...): say what is wrong with the command line;
 * PH_EXIT_USAGE.
 */
int ph_run_usage(struct ph_run *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * ph_run_cannot_read(run, path, err): say why an input could not be read, ${err}
 * being -errno; the exit code for it.
 */
int ph_run_cannot_read(struct ph_run *, const char *, int);

/*
 * ph_run_dialect(run, id, out): the dialect named by option ${id}; NULL into *${out}
 * when not given.  0, or PH_EXIT_USAGE after a suggestion.
 */
int ph_run_dialect(struct ph_run *, enum ph_opt_id, const struct ph_dialect **);

/*
 * ph_run_firewall(run, path, rs): read a configuration: a file, "-" or "live".
 * 0, or the exit code after everything wrong has been reported.
 */
int ph_run_firewall(struct ph_run *, const char *, struct ph_ruleset *);

/*
 * ph_run_parse_opts(run, out): what readers need beside their text.  0, or the
 * exit code when --ipset cannot be read.
 */
int ph_run_parse_opts(struct ph_run *, struct ph_parse_opts *);

/*
 * ph_run_text(run, d, src, rs): read a text in memory; includes are followed.
 * 0, or PH_EXIT_DATA.
 */
int ph_run_text(struct ph_run *, const struct ph_dialect *, struct ph_src *,
    struct ph_ruleset *);

#endif
