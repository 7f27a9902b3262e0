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
	uint32_t *fresh;		/* a ring of those that changed since they were told */
	uint64_t fresh_from, fresh_to;	/* its ends, never wrapped */
	bool *is_fresh;			/* by index: it is in the ring */
};

/* ph_receipts_note(r, a, at_us): a request arrived.  False: no memory. */
bool ph_receipts_note(struct ph_receipts *, const struct ph_answer_to *, uint64_t);

/*
 * ph_receipts_fresh(r, now, out, max): those that changed and were not told by this yet, the
 * first first; how many.
 */
size_t ph_receipts_fresh(struct ph_receipts *, uint64_t now_us, struct ph_control_receipt *,
    size_t max);

/* ph_receipts_get(r, i, now): the receipt with that index, as of now. */
struct ph_control_receipt ph_receipts_get(const struct ph_receipts *, size_t, uint64_t now_us);

void ph_receipts_fini(struct ph_receipts *);

#endif
