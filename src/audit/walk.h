/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_WALK_H
#define PH_AUDIT_WALK_H

#include "model/verdict.h"

/* Through the firewall, to a program on it, from one. */
enum ph_path { PH_PATH_THROUGH, PH_PATH_TO, PH_PATH_FROM };

/*
 * What is asked: the fate of the connections whose first packets are in ${cube}
 * (SRC DST SPORT DPORT PROTO, of one family), which enter on ${iif} and leave
 * on ${oif} (NULL: any; on PATH_TO no oif, on PATH_FROM no iif).
 */
struct ph_question {
	enum ph_path path;
	struct ph_cube cube;
	const struct ph_ranges *iif, *oif;
	const struct ph_ranges *uid;	/* of the program on PATH_FROM; NULL: not known */
	const char *app;		/* program for application firewalls; NULL: none */
	bool first_only;		/* only the opening packet, not the answers */
	bool rates_exceeded;		/* as if every rate limit were exceeded */
};

struct ph_answer {
	struct ph_part *parts;		/* disjoint; together the question's cube */
	size_t n, cap;
};

/*
 * ph_walk(mem, rs, q, out):
 * Follow every packet of ${q} through ${rs}: symbolically, splitting only where
 * a rule does.  Exact: parts are OPEN, BLOCKED or, where something that was not
 * understood could change the outcome, UNKNOWN with the reason.
 */
void ph_walk(struct ph_arena *, const struct ph_ruleset *,
    const struct ph_question *, struct ph_answer *);

#endif
