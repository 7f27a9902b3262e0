/* SPDX-License-Identifier: ISC */
#ifndef PH_CHECK_CHECK_H
#define PH_CHECK_CHECK_H

#include "probe/public.h"
#include "probe/result.h"

/*
 * DOC: One answer from all that can be known here
 *
 * For a person who only knows that the call fails.  Three sources, each with its limits:
 *
 *	this computer's own firewall	exact, but only its administrator may read it
 *	a responder outside		every port, both ways, whose receipts tell directions
 *	the service's own servers	only what answers anybody
 *
 * Everything becomes flows as a probe has them; then each flow that fails gets an owner, and
 * all of them one sentence.  Somebody is named only where packets or rules show it: the
 * network when a router in it forbids, or when a flow dies at it that another flow to the same
 * host survives; the far end when its own address says no, or the router before it misses it.
 * Silence alone is nobody's.
 */
struct ph_check_own {
	bool read;
	const char *why;		/* not read: the reason */
	const struct ph_audit *audit;	/* read */
};

/* Something that could not be tested or is not settled, to be looked at by who can. */
struct ph_check_doubt {
	const struct ph_requirement *req;
	const struct ph_ranges *ports;
	bool v6;
	const char *why;
};

struct ph_check_input {
	struct ph_check_own own;
	const struct ph_probe_result *probe;	/* against a responder; or NULL */
	const struct ph_public *open;		/* without one; or NULL */
	const char *request;			/* file for the request, or NULL */
};

struct ph_check {
	struct ph_probe_result r;	/* flows, verdict, first line, requests */
	bool responder;
	struct ph_check_own own;
	enum ph_owner *owners;		/* of each flow of ${r}: who has to act */
	const char *in_short;		/* the last line: what works, what not, whose, what to do */
	const char *todo;		/* its last part */
	struct ph_check_doubt *doubts;
	size_t n_doubts, cap_doubts;
	const char **untested;		/* what all this leaves open, a sentence each */
	size_t n_untested, cap_untested;
	const char *request;
};

/* ph_check_judge(mem, in, out): never fails. */
void ph_check_judge(struct ph_arena *, const struct ph_check_input *, struct ph_check *);

/*
 * ph_check_exit(c): 0 to 3, as pinhole(1) has them.
 */
int ph_check_exit(const struct ph_check *);

/* ph_check_owner_word(owner): "this-computer" …, NULL for nobody. */
const char *ph_check_owner_word(enum ph_owner);

/* Between the files of this folder. */

/* ph_check_ends(mem, p, c): flows of ${c}, with owners, from what public ends said. */
void ph_check_ends(struct ph_arena *, const struct ph_public *, struct ph_check *);

/* ph_check_own_rules(mem, c): what this computer's own rules do to the flows. */
void ph_check_own_rules(struct ph_arena *, struct ph_check *);

/* ph_check_untested(mem, c, fmt, ...): something that is left open. */
void ph_check_untested(struct ph_arena *, struct ph_check *, const char *, ...)
    __attribute__((format(printf, 3, 4)));

/* ph_check_speak(mem, c, open): the first line and the last. */
void ph_check_speak(struct ph_arena *, struct ph_check *, const struct ph_public *);

#endif
