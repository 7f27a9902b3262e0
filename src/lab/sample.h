/* SPDX-License-Identifier: ISC */
#ifndef PH_LAB_SAMPLE_H
#define PH_LAB_SAMPLE_H

#include "lab/sweep.h"

/* Connections to be tried; grows. */
struct ph_lab_conns {
	struct ph_arena *mem;
	struct ph_lab_conn *v;
	size_t n, cap;
};

/*
 * ph_lab_sample(cube, proto, part, not, max, out):
 * Connections for every port of ${cube}, or for at most about ${max} spread over them,
 * the ends of its ranges always; each with other addresses and source ports of it,
 * first and last ones among them.  ${not} are addresses nobody at the ends can have.
 * False when there is no connection at all to try.
 */
bool ph_lab_sample(const struct ph_cube *, uint8_t proto, size_t part,
    const struct ph_ranges *not, size_t max, struct ph_lab_conns *);

#endif
