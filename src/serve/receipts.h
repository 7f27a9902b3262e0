/* SPDX-License-Identifier: ISC */
#ifndef PH_SERVE_RECEIPTS_H
#define PH_SERVE_RECEIPTS_H

#include "serve/answer.h"

/* What arrived, by kind and number, in the order of the first arrival. */
struct ph_receipts {
	struct ph_control_receipt *v;
	uint64_t *at_us;		/* of the last try */
	size_t n, cap;
	uint32_t *slots;		/* index + 1; 0 is free */
	size_t n_slots;
};

/* ph_receipts_note(r, a, at_us): a request arrived.  False: no memory. */
bool ph_receipts_note(struct ph_receipts *, const struct ph_answer_to *, uint64_t);

void ph_receipts_fini(struct ph_receipts *);

#endif
