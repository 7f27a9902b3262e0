/* SPDX-License-Identifier: ISC */
#ifndef PH_AUDIT_PATH_H
#define PH_AUDIT_PATH_H

#include "audit/piece.h"

/*
 * DOC: The way of a connection
 *
 * Three packets stand for a connection: the one that opens it, the reply, and
 * the next one from the opener.  Each visits hooks in the kernel's order:
 *
 *	path     opener                              reply
 *	THROUGH  PREROUTING FORWARD POSTROUTING      the same, interfaces swapped
 *	TO       PREROUTING INPUT                    OUTPUT POSTROUTING
 *	FROM     OUTPUT POSTROUTING                  PREROUTING INPUT
 *
 * Connection tracking attaches at priority -200 of PREROUTING and OUTPUT; before,
 * the state is "invalid".  Destinations are translated at -100 there, sources at
 * 100 of POSTROUTING and INPUT, whatever priority the nat chains name.  Only
 * openers see nat chains; what they decided is applied to the later packets, and
 * reversed for replies (nf_nat_packet(), HOOK2MANIP).
 *
 * A platform's service policy (PH_SERVICE) is looked up by openers after FORWARD.
 */

struct ph_hooks {			/* base chains, by point and priority */
	const struct ph_hook **v[PH_NHOOKS];
	bool *translated[PH_NHOOKS];	/* answers come there as translation leaves them */
	size_t n[PH_NHOOKS];
};

/* ph_path_hooks(mem, rs, out): sort the base chains of ${rs}. */
void ph_path_hooks(struct ph_arena *, const struct ph_ruleset *, struct ph_hooks *);

/* ph_path_start(mem, p, stage): views and place for the first hook of ${stage}. */
void ph_path_start(struct ph_arena *, struct ph_piece *, enum ph_stage);

/*
 * ph_path_next(mem, hooks, p):
 * Step to the next base chain that ${p} visits and return it, with state,
 * interfaces and translation as they are there; NULL when the stage is over.
 */
const struct ph_hook *ph_path_next(struct ph_arena *, const struct ph_hooks *,
    struct ph_piece *);

/*
 * ph_path_untranslated(p):
 * Is ${p}, not an opener, left with the addresses it has although its connection is
 * translated to others?  So it is with packets that tracking does not see or takes
 * for others.  PH_CUT_ALL: yes; PH_CUT_UNSURE: depends on which addresses it has.
 */
enum ph_cut ph_path_untranslated(const struct ph_piece *);

/* ph_path_hook(hooks, p): the base chain ${p} is in. */
const struct ph_hook *ph_path_hook(const struct ph_hooks *, const struct ph_piece *);

#endif
