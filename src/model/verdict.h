/* SPDX-License-Identifier: ISC */
#ifndef PH_MODEL_VERDICT_H
#define PH_MODEL_VERDICT_H

#include "model/requirement.h"
#include "model/ruleset.h"

/* The words of cli.md, from best to worst for a required flow. */
enum ph_verdict {
	PH_OPEN, PH_PARTLY, PH_BLOCKED, PH_UNKNOWN, PH_NOT_TESTED,
};

/* Which packet of a connection was decided on. */
enum ph_stage {
	PH_STAGE_FIRST,			/* the one that opens it */
	PH_STAGE_REPLY,			/* the answer to it */
	PH_STAGE_LATER,			/* those that follow, by the opener */
};

/*
 * One part of the packets asked about, all with the same fate.  ${cube} is in
 * the coordinates of the question: the opening packet as it was sent.
 */
struct ph_part {
	struct ph_cube cube;
	enum ph_verdict verdict;	/* OPEN, BLOCKED or UNKNOWN */
	enum ph_stage stage;		/* BLOCKED, UNKNOWN: where it ended */
	struct ph_span by;		/* the text that decided */
	const struct ph_chain *chain;	/* where that stands, or NULL */
	size_t index;			/* of the rule in it; chain->n: policy or end */
	enum ph_hook_point point;	/* on which hook's way */
	const char *why;		/* UNKNOWN: the reason; BLOCKED: NULL or a hint */
	bool rejected;			/* BLOCKED, and the sender is told */
	bool untracked;			/* connection tracking was switched off */
	const struct ph_timeout *timeout;	/* timeout policy set, or NULL */
	struct ph_span timeout_at, untracked_at;
	const char *helper;		/* ALG assigned, or NULL */
	struct ph_span helper_at;
	struct ph_span rate_at;		/* src not NULL: open only below a rate */
	struct ph_span offload_at;	/* src not NULL: flowtable */
	struct ph_span nat_at;		/* src not NULL: first translation */
};

struct ph_flow {
	const struct ph_requirement *req;
	enum ph_verdict verdict;
	const struct ph_part *parts;
	size_t n_parts;
};

enum ph_severity { PH_INFO, PH_WARNING, PH_SERIOUS };

struct ph_finding {
	const char *id;			/* stable, documented in pinhole-diagnostics(7) */
	enum ph_severity severity;
	bool degrades;			/* works, but not as well: exit code 1 */
	struct ph_span at;		/* src NULL: the file as a whole */
	const char *message;
	const struct ph_requirement *req;	/* or NULL */
	bool has_timer;
	uint32_t have_s, need_s;	/* timers */
	const struct ph_cube *region;	/* too wide, dead, …: the packets; or NULL */
	const struct ph_span *others;	/* lines that cover it; NULL */
	size_t n_others;
	const char *const *fix;		/* what to type; NULL-terminated or NULL */
};

struct ph_audit {
	enum ph_verdict verdict;	/* of all required flows together */
	bool degraded;			/* open, but a finding or fallback says less */
	const struct ph_flow *flows;
	size_t n_flows;
	const struct ph_finding *findings;
	size_t n_findings;
};

/* "open", "partly", "blocked", "unknown", "not-tested". */
const char *ph_verdict_name(enum ph_verdict);

/* "info", "warning", "error". */
const char *ph_severity_name(enum ph_severity);

#endif
