/* SPDX-License-Identifier: ISC */
#ifndef PH_ASA_EMIT_H
#define PH_ASA_EMIT_H

#include "dialect/dialect.h"

/* The dialect's emit hook; see dialect/dialect.h. */
bool ph_asa_emit(struct ph_arena *, struct ph_diags *, const struct ph_ruleset *,
    struct ph_buf *);

#endif
