/* SPDX-License-Identifier: ISC */
#ifndef PH_LAB_TRANSLATE_H
#define PH_LAB_TRANSLATE_H

#include "dialect/dialect.h"
#include "lab/lab.h"

/*
 * ph_lab_translate(mem, rs, to, lab, read):
 * Write ${rs} in the language ${to}, what cannot be said left out and noted among the
 * skips of ${lab}, and read it back into *${read}, whose source is the text.  False,
 * with the reason in ${lab}->refused, when nothing came of it.
 */
bool ph_lab_translate(struct ph_arena *, const struct ph_ruleset *,
    const struct ph_dialect *, struct ph_lab *, struct ph_ruleset *read);

#endif
