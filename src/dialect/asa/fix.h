/* SPDX-License-Identifier: ISC */
#ifndef PH_ASA_FIX_H
#define PH_ASA_FIX_H

#include "dialect/dialect.h"

/* The dialect's fix hook; see dialect/dialect.h. */
bool ph_asa_fix(struct ph_arena *, struct ph_diags *, struct ph_ruleset *,
    const struct ph_fix *, size_t, struct ph_fix_text *);

#endif
