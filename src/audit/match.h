/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_MATCH_H
#define PH_AUDIT_MATCH_H

#include "audit/piece.h"

struct ph_match_env {
	struct ph_arena *mem;
	const struct ph_question *q;
	enum ph_hook_point point;	/* where the packets are */
	const struct ph_ranges *local;	/* addresses of the firewall; none known: empty */
	bool rates_exceeded;		/* judge as if every rate were exceeded */
	struct ph_pieces *rest;		/* pieces on which the rule does not match */
};

/*
 * ph_match_rule(env, p, r, doubt):
 * Cut *${p} down to the packets that ${r} matches; those it does not are pushed
 * on ${env}->rest, standing at the next rule.  False: it matches none of what is
 * left in *${p}.  When the match is not certain, *${doubt} says why.
 */
bool ph_match_rule(const struct ph_match_env *, struct ph_piece *,
    const struct ph_rule *, struct ph_doubt *doubt);

#endif
