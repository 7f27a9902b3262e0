/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_SAMPLE_H
#define PH_PROBE_SAMPLE_H

#include "probe/result.h"

/*
 * Ports tested one by one, of long ranges only some: from these to parts of a flow.
 * Ports between two that are alike are taken to be like them, which the report says;
 * ports between two that differ are unknown.
 */
struct ph_sample {
	uint16_t port;
	enum ph_verdict verdict;
	enum ph_way way;
	bool by_host;
	const char *why;		/* compared by address: string constants */
	struct ph_evidence evidence;
};

/*
 * ph_sample_ports(mem, ports, whole, steps): all ports of ranges of up to ${whole}, of longer
 * ones about ${steps}, with their ends.
 */
const struct ph_ranges *ph_sample_ports(struct ph_arena *, const struct ph_ranges *,
    unsigned whole, unsigned steps);

/*
 * ph_sample_parts(mem, v, n, ports, out, n_out): of the ${n} samples at ${v}, in rising order,
 * those in ${ports}; the longest run of ports between two samples, 0 when all were tested.
 */
unsigned ph_sample_parts(struct ph_arena *, const struct ph_sample *, size_t,
    const struct ph_ranges *, struct ph_observed **, size_t *);

#endif
