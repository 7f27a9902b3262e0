/* SPDX-License-Identifier: ISC */
#ifndef PH_CMD_OPT_H
#define PH_CMD_OPT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"

/*
 * DOC: One table of options
 *
 * Every option stands once in opt.c with its argument and help.  A command
 * lists the ids it takes, and from that list come parsing, --help, shell
 * completion and the check that its manual page names the same.
 */
enum ph_opt_id {
	PH_OPT_END,			/* closes a command's list */
	PH_OPT_JSON, PH_OPT_DIALECT, PH_OPT_FOR, PH_OPT_W, PH_OPT_E,
	PH_OPT_SITE, PH_OPT_CLIENTS, PH_OPT_AT, PH_OPT_SET,
	PH_OPT_INSIDE, PH_OPT_OUTSIDE, PH_OPT_HOST, PH_OPT_RESOLVE,
	PH_OPT_CATALOG, PH_OPT_IPSET, PH_OPT_UID, PH_OPT_ADDR, PH_OPT_STATEFUL_ONLY,
	PH_OPT_FROM, PH_OPT_TO, PH_OPT_UDP, PH_OPT_TCP, PH_OPT_ICMP,
	PH_OPT_SPORT, PH_OPT_IN, PH_OPT_OUT, PH_OPT_WRITE,
	PH_OPT_VIA, PH_OPT_KEY, PH_OPT_PEER_KEY, PH_OPT_QUICK, PH_OPT_EXHAUSTIVE,
	PH_OPT_RATE, PH_OPT_TIMERS, PH_OPT_STOP_AT, PH_OPT_CAP, PH_OPT_IPV4, PH_OPT_IPV6,
	PH_OPT_JSON_LINES,
	PH_OPT_CONFIG, PH_OPT_CLIENT, PH_OPT_LISTEN, PH_OPT_PORT, PH_OPT_STUN, PH_OPT_STUNS,
	PH_OPT_REQUEST,
	PH_OPT_SCALE_TIME, PH_OPT_LOAD,
	PH_OPT_TURN, PH_OPT_TURN_USER, PH_OPT_TURN_PASSWORD, PH_OPT_TURN_PORT, PH_OPT_CA_FILE,
	PH_OPT_RUNGS, PH_OPT_PROXY, PH_OPT_PROXY_ACCOUNT, PH_OPT_SYSTEM,
	PH_OPT_HELP, PH_OPT_VERSION,
	PH_NOPTS,
};

/* What completes a word; also what positional arguments are. */
enum ph_words {
	PH_WORDS_NONE, PH_WORDS_FILE, PH_WORDS_DIR, PH_WORDS_DIALECT,
	PH_WORDS_SERVICE, PH_WORDS_ID, PH_WORDS_COMMAND, PH_WORDS_SHELL,
};

struct ph_opt {
	const char *name;		/* with its dashes */
	const char *arg;		/* NULL: takes none */
	enum ph_words words;		/* what the argument is */
	const char *help;
};

/* One use of an option, in the order of the command line. */
struct ph_arg {
	enum ph_opt_id id;
	const char *value;		/* NULL: takes none */
	const struct ph_arg *next;
};

struct ph_run;

struct ph_cmd {
	const char *name;
	const char *args;		/* synopsis of the positional arguments */
	const char *title;		/* one line, a verb first */
	const char *about;		/* a paragraph for --help */
	const enum ph_opt_id *opts;	/* closed by PH_OPT_END */
	unsigned min_args, max_args;	/* positional; max 0: no limit */
	enum ph_words first, rest;	/* what the positional arguments are */
	bool hidden;			/* for tests and scripts, not in the list */
	int (*run)(struct ph_run *);	/* exit code */
};

/* A parsed command line. */
struct ph_args {
	const struct ph_arg *opts;
	const char **pos;
	unsigned n_pos;
	unsigned n_before;		/* of them before "--"; all when there is none */
};

/* ph_opt_find(id): the row of an option. */
const struct ph_opt *ph_opt_find(enum ph_opt_id);

/*
 * ph_opt_parse(mem, cmd, argv, err, out):
 * Read the words after the command, up to the NULL.  False, with the reason and
 * a suggestion on ${err}: an unknown option, a missing or forbidden argument,
 * too few or too many positional ones.  --help and --version stop the reading.
 */
bool ph_opt_parse(struct ph_arena *, const struct ph_cmd *, const char *const *,
    FILE *err, struct ph_args *);

/* ph_opt_given(a, id): was it given? */
bool ph_opt_given(const struct ph_args *, enum ph_opt_id);

/* ph_opt_last(a, id): the last value given, or NULL. */
const char *ph_opt_last(const struct ph_args *, enum ph_opt_id);

/*
 * ph_opt_all(mem, a, id, out):
 * All values in order, comma lists split, into *${out}; returns how many.
 */
size_t ph_opt_all(struct ph_arena *, const struct ph_args *, enum ph_opt_id,
    const char *const **);

/* ph_opt_help(cmd, out): the text of --help. */
void ph_opt_help(const struct ph_cmd *, FILE *);

/* ph_opt_commands(n): all commands, in the order of commands.def. */
const struct ph_cmd *const *ph_opt_commands(size_t *);

/* ph_opt_command(name, err): by name; NULL, with a suggestion on ${err}. */
const struct ph_cmd *ph_opt_command(const char *, FILE *);

#endif
