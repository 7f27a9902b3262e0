/* SPDX-License-Identifier: ISC */
#ifndef PH_ASA_PLAN_H
#define PH_ASA_PLAN_H

#include "dialect/dialect.h"

/* The dialect's plan hook; see dialect/dialect.h. */
bool ph_asa_plan(struct ph_arena *, struct ph_diags *, const struct ph_plan *,
    struct ph_buf *);

#endif
