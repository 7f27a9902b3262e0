/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_PLAN_H
#define PH_PROBE_PLAN_H

#include "probe/probe.h"

/*
 * DOC: From needs to tests
 *
 * The responder stands in for every group of endpoints: what is tested is whether
 * the firewall lets a protocol's ports through to an address outside.  Flows that
 * share ports share tests; each flow then reads its own ports from what was found.
 * Both families are tested on their own, where both ends have them.
 */
enum {
	PH_PLAN_PORTS = 16384,		/* UDP ports that a responder is asked for at once */
	/* else a sample of each flow: ranges up to WHOLE as they are, of others STEPS */
	PH_PLAN_UDP_WHOLE = 64, PH_PLAN_UDP_STEPS = 400,
	PH_PLAN_TCP_WHOLE = 64, PH_PLAN_TCP_STEPS = 48,
	PH_PLAN_IN_WHOLE = 16, PH_PLAN_IN_STEPS = 31,
};

struct ph_test_ports {
	const struct ph_ranges *udp, *tcp;	/* to the far end, opened from here */
	const struct ph_ranges *udp_in, *tcp_in;	/* here, opened by the far end */
	const struct ph_ranges *tcp_whole;	/* tcp is a sample of */
	const struct ph_ranges *tls;	/* of tcp: those on which TLS is spoken */
};

/* One flow over one family, still to be judged. */
struct ph_test_family {
	bool v6, possible;
	ph_u128 to, from;
	const char *why;		/* not possible: the reason */
	const struct ph_requirement *const *reqs;
	size_t n_reqs;
	struct ph_test_ports ports;
	bool thin;			/* ports.udp is a sample, too */
};

/*
 * ph_plan_families(mem, opts, reqs, n, out):
 * Which addresses talk to which, and the ports of all ${n} requirements together.
 */
void ph_plan_families(struct ph_arena *, const struct ph_probe_opts *,
    const struct ph_requirement *const *, size_t, struct ph_test_family [2]);

/*
 * ph_plan_flows(mem, fam, reqs, n, out): one entry of the result for each requirement and
 * family that it has addresses in, NOT_TESTED as yet.
 */
void ph_plan_flows(struct ph_arena *, const struct ph_test_family [2],
    const struct ph_requirement *const *, size_t, struct ph_probe_result *);

/* ph_plan_is_tls(port): one on which every service speaks TLS, so that a probe may, too. */
bool ph_plan_is_tls(uint16_t);

/*
 * ph_plan_counts(req): towards the verdict of all?  A flow that its client opens works without
 * an opening for the other direction.
 */
bool ph_plan_counts(const struct ph_requirement *);

#endif
