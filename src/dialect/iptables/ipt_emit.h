/* SPDX-License-Identifier: ISC */
#ifndef PH_IPT_EMIT_H
#define PH_IPT_EMIT_H

#include "dialect/dialect.h"

/* The dialect's emit, plan and fix: see dialect.h. */
bool ph_ipt_emit(struct ph_arena *, struct ph_diags *, const struct ph_ruleset *,
    struct ph_buf *);
bool ph_ipt_plan(struct ph_arena *, struct ph_diags *, const struct ph_plan *,
    struct ph_buf *);
bool ph_ipt_fix(struct ph_arena *, struct ph_diags *, struct ph_ruleset *,
    const struct ph_fix *, size_t, struct ph_fix_text *);

#endif
