/* SPDX-License-Identifier: ISC */
#ifndef PH_DIALECT_DIALECT_H
#define PH_DIALECT_DIALECT_H

#include "base/buf.h"
#include "model/requirement.h"
#include "model/ruleset.h"

/*
 * A dialect reads and writes one platform's language.  It makes no system
 * call: text in, text out.  Adding a platform is its folder and one line in
 * dialects.def.
 */

enum {
	PH_CAP_PACKETS = 1,		/* filters packets (not applications) */
	PH_CAP_TIMERS = 2,		/* idle timers per service */
	PH_CAP_GROUPS = 4,		/* sets or object groups */
	PH_CAP_LIVE = 8,		/* can be read from this host */
};

/*
 * What a reader may need beside its text.  ${open} returns another input by
 * path (include, ipset), NULL after having reported why not; ${glob} calls
 * ${each} for every path that matches, in order.  Both may be NULL: then what
 * they would have brought is reported as not read.
 */
struct ph_parse_opts {
	struct ph_src *(*open)(void *arg, const char *path, struct ph_span at);
	void (*glob)(void *arg, const char *pattern, struct ph_span at,
	    void (*each)(void *each_arg, const char *path), void *each_arg);
	void *arg;
	struct ph_src *sets;		/* iptables: an ipset save file, or NULL */
};

/*
 * What a plan or fix is made of: openings in the neutral model.  Interfaces are
 * names in the site's words; NULL: rules do not say.
 */
struct ph_plan {
	const struct ph_requirement *const *reqs;
	size_t n_reqs;
	const char *const *inside, *const *outside;	/* interfaces or zones */
	size_t n_inside, n_outside;
	bool stateful_only;
	bool host;			/* the clients are the firewall itself */
	const char *date;		/* for comments, "2026-11-23" */
};

/* One change that a fix makes. */
enum ph_fix_kind {
	PH_FIX_PERMIT,			/* open ${cube} for ${req} */
	PH_FIX_TIMER,			/* let flows of ${cube} idle ${idle_s} */
	PH_FIX_NO_HELPER,		/* take helper ${helper} away from them */
	PH_FIX_TRACK,			/* undo notrack for them */
};

struct ph_fix {
	enum ph_fix_kind kind;
	const struct ph_requirement *req;
	struct ph_cube cube;		/* SRC DST SPORT DPORT PROTO IIF OIF */
	struct ph_chain *chain;		/* PERMIT, TRACK: the list to change */
	size_t before;			/* PERMIT: index of the rule to stand before; */
					/* chain->n: at its end */
	struct ph_span cause;		/* the line that is in the way */
	uint32_t idle_s;
	const char *helper;
	bool host;			/* the clients are the firewall itself */
};

/* ${commands} are what a person types; ${text} is the whole changed file. */
struct ph_fix_text {
	struct ph_buf commands, rollback, text;
};

struct ph_dialect {
	const char *name;		/* word of the command line, folder name */
	const char *title;		/* for people */
	unsigned caps;			/* PH_CAP_* */

	/* How surely ${text} is this language, 0 to 100; reads at most 64 KiB. */
	int (*recognise)(struct ph_str text);

	/*
	 * Read ${src} into *${rs}.  Reports every error and goes on; false when
	 * there was one.  What is not understood but could be right becomes
	 * opaque or a gap, with a warning, and is no error.
	 */
	bool (*parse)(struct ph_arena *, struct ph_diags *, struct ph_src *,
	    const struct ph_parse_opts *, struct ph_ruleset *);

	/*
	 * Write a ruleset in this language, canonically: what is written, read
	 * back, holds the same packets and is written the same.  False, with
	 * every reason reported, when something cannot be said.  May be NULL.
	 */
	bool (*emit)(struct ph_arena *, struct ph_diags *,
	    const struct ph_ruleset *, struct ph_buf *);

	/*
	 * Write the smallest configuration that meets the requirements: rules
	 * with purpose and source, timers, ALG lines, as this platform's own
	 * text, then show and rollback commands as comments.  Must be readable
	 * by ${parse}.
	 */
	bool (*plan)(struct ph_arena *, struct ph_diags *,
	    const struct ph_plan *, struct ph_buf *);

	/*
	 * Turn changes into commands and into the changed file.  May report
	 * that one cannot be expressed.
	 */
	bool (*fix)(struct ph_arena *, struct ph_diags *, struct ph_ruleset *,
	    const struct ph_fix *, size_t, struct ph_fix_text *);
};

/* ph_dialects(n): all of them, in the order of dialects.def. */
const struct ph_dialect *const *ph_dialects(size_t *);

/* ph_dialect_find(name): by name, or NULL. */
const struct ph_dialect *ph_dialect_find(const char *);

/* ph_dialect_recognise(text): the surest one, or NULL when none is or two tie. */
const struct ph_dialect *ph_dialect_recognise(struct ph_str);

#endif
