/* SPDX-License-Identifier: ISC */
#ifndef PH_SERVE_LATER_H
#define PH_SERVE_LATER_H

#include "serve/answer.h"

/* Datagrams that have to wait for their time: a heap, the earliest on top. */
struct ph_later_item {
	uint64_t due_us;
	int fd;				/* the socket it leaves by */
	bool unasked;			/* ${to.id} and ${to.from} only */
	uint16_t count;			/* which of the replies */
	struct ph_answer_to to;
};

struct ph_later {
	struct ph_later_item *v;
	size_t n, cap, max;
};

/* ph_later_put(l, item): false when too many wait, or there is no memory. */
bool ph_later_put(struct ph_later *, const struct ph_later_item *);

/* ph_later_due(l): when the earliest is due; UINT64_MAX: none waits. */
uint64_t ph_later_due(const struct ph_later *);

/* ph_later_take(l): the earliest; there must be one. */
struct ph_later_item ph_later_take(struct ph_later *);

void ph_later_fini(struct ph_later *);

#endif
