/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_AUDIT_H
#define PH_AUDIT_AUDIT_H

#include "audit/walk.h"
#include "dialect/dialect.h"

/*
 * The interfaces of the question, as names or NULL lists when not given; what
 * the configuration tells is filled in by ph_audit_sides().
 */
struct ph_sides {
	const char *const *inside, *const *outside;
	size_t n_inside, n_outside;
	bool host;			/* the clients are this host: hooks INPUT and OUTPUT */
};

/*
 * ph_audit_sides(mem, rs, clients, far, s, why):
 * Complete ${s} from interfaces, addresses and security levels in ${rs}.  False
 * when rules depend on interfaces and the sides cannot be told: ${why} then
 * lists the names to choose from.
 */
bool ph_audit_sides(struct ph_arena *, const struct ph_ruleset *,
    const struct ph_ranges *clients, const struct ph_ranges *far,
    struct ph_sides *, const char **why);

struct ph_audit_opts {
	struct ph_sides sides;
	const struct ph_ranges *uid;	/* for owner matches; NULL: not known */
	bool skip_findings;		/* verdicts only */
	bool skip_wide;			/* not what is open beyond the requirements */
};

/*
 * ph_audit_run(mem, rs, reqs, n, opts, out):
 * Judge every requirement.  Never fails; what cannot be told is UNKNOWN.
 */
void ph_audit_run(struct ph_arena *, const struct ph_ruleset *,
    const struct ph_requirement *const *, size_t,
    const struct ph_audit_opts *, struct ph_audit *);

/* ph_audit_exit(a): 0 to 3 of cli.md. */
int ph_audit_exit(const struct ph_audit *);

/*
 * ph_audit_fixes(mem, rs, reqs, n, opts, audit, out, n_out):
 * The smallest set of changes that would make ${audit} pass: what is missing of
 * each required flow, merged, each at the first line in its way.
 */
void ph_audit_fixes(struct ph_arena *, struct ph_ruleset *,
    const struct ph_audit_opts *, const struct ph_audit *,
    struct ph_fix **, size_t *);

/* What is to be fixed, for whom, and how its text is read back. */
struct ph_fix_job {
	struct ph_ruleset *rs;
	const struct ph_parse_opts *parse;
	const struct ph_requirement *const *reqs;
	size_t n;
	const struct ph_audit_opts *opts;
};

struct ph_fix_result {
	struct ph_fix_text text;	/* commands and rollback in order, changed file */
	struct ph_audit before, after;	/* what the changed file, read back, gives */
	size_t n_changes;
};

/*
 * ph_fix_solve(mem, diags, job, out):
 * Audit, change, read the changed text back and audit again, until there is
 * nothing more to change.  False when the dialect cannot say a change (it
 * reported why).  Whether it worked is in ${out}->after.
 */
bool ph_fix_solve(struct ph_arena *, struct ph_diags *, const struct ph_fix_job *,
    struct ph_fix_result *);

/*
 * ph_fix_suggest(mem, rs, f):
 * Fill ${f}->fix with the commands that remove its cause, where there are some.
 */
void ph_fix_suggest(struct ph_arena *, const struct ph_ruleset *, struct ph_finding *);

/* One region on which two rulesets disagree. */
struct ph_difference {
	bool only_old;			/* open in the old one, not in the new; else reverse */
	bool unknown;			/* at least one side could not be told */
	size_t question;		/* which of those asked */
	struct ph_cube cube;
	const struct ph_part *old_part, *new_part;
	struct ph_packet witness;
};

struct ph_diff {
	struct ph_difference *v;
	size_t n, cap;
};

/*
 * ph_diff_run(mem, old, new, q, n, out):
 * Compare the fate of all packets of the questions.
 */
void ph_diff_run(struct ph_arena *, const struct ph_ruleset *,
    const struct ph_ruleset *, const struct ph_question *, size_t,
    struct ph_diff *);

/* A ruleset and what it is asked, in its own words. */
struct ph_diff_side {
	const struct ph_ruleset *rs;
	const struct ph_question *q;
};

/*
 * ph_diff_pairs(mem, old, new, n, out):
 * The same where the two call their interfaces by different names: question i of
 * the one is question i of the other.  Interfaces are left out of the differences
 * of questions that name them.
 */
void ph_diff_pairs(struct ph_arena *, const struct ph_diff_side *old,
    const struct ph_diff_side *new, size_t, struct ph_diff *);

/*
 * ph_lint_run(mem, rs, reqs, n, out, n_out):
 * Lines that can never match (covered by earlier ones, singly or together),
 * lines that change nothing, openings wider than any of the ${n} requirements.
 * ${n} 0 skips the last.
 */
void ph_lint_run(struct ph_arena *, const struct ph_ruleset *,
    const struct ph_requirement *const *, size_t,
    struct ph_finding **, size_t *);

/*
 * ph_lint_wide(mem, rs, reqs, n, out, n_out): of these only the openings that are
 * wider than the requirements, for an audit.
 */
void ph_lint_wide(struct ph_arena *, const struct ph_ruleset *,
    const struct ph_requirement *const *, size_t,
    struct ph_finding **, size_t *);

#endif
