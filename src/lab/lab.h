/* SPDX-License-Identifier: ISC */
#ifndef PH_LAB_LAB_H
#define PH_LAB_LAB_H

#include "audit/audit.h"
#include "lab/sweep.h"

/*
 * DOC: Prediction beside measurement
 *
 * An audit says of every part of a flow what becomes of it.  The lab loads the same
 * configuration into a kernel, sends every port of every part through it, with
 * addresses from all over the part, and says what became of them.  Where the two
 * differ, one of them is wrong: that is a disagreement, and there must be none.
 */

/* Ports in the order in which they were tried. */
struct ph_lab_ports {
	struct ph_range *v;
	size_t n, cap;
};

/* A part whose fate was another than predicted; the first connection of it. */
struct ph_lab_disagreement {
	const struct ph_flow *flow;	/* as predicted */
	const struct ph_part *part;
	struct ph_lab_ports list;
	const struct ph_ranges *ports;	/* the same, sorted */
	size_t n;			/* connections */
	struct ph_packet witness;
	enum ph_lab_reach reach;	/* how far the witness came */
};

/* What was not tried, and why. */
struct ph_lab_skip {
	const struct ph_flow *flow;	/* NULL: the configuration as such */
	const struct ph_ranges *ports;	/* NULL: all */
	struct ph_span at;		/* the line that is in the way; src NULL: none */
	const char *why;
};

/* How long a connection of a flow may be silent. */
struct ph_lab_timer {
	bool wanted;			/* the flow needs to know */
	bool measured;
	const char *why;		/* not measured: the reason */
	struct ph_span at;		/* the line that sets it */
	uint32_t predicted_s, need_s;
	uint32_t set_s;			/* in the lab, after scaling */
	double alive_s, dead_s;		/* longest silence survived, shortest not */
	bool disagrees;
};

struct ph_lab_flow {
	const struct ph_flow *predicted;
	enum ph_verdict verdict;	/* measured; NOT_TESTED when nothing was */
	const struct ph_ranges *open;	/* ports on which all connections succeed */
	const struct ph_ranges *some;	/* for some addresses only */
	const struct ph_ranges *blocked;	/* on which none does */
	size_t tried;			/* connections */
	struct ph_lab_timer timer;
};

struct ph_lab {
	const struct ph_audit *audit;	/* the prediction */
	const char *refused;		/* why nothing could be tried, or NULL */
	bool not_permitted;		/* refused for want of a permission */
	const char *translated;		/* runs as our writer of this dialect says it; */
					/* NULL: as it is */
	unsigned scale;			/* timers were divided by it; 1: as they are */
	struct ph_lab_flow *flows;
	size_t n_flows;
	struct ph_lab_disagreement *disagreements;
	size_t n_disagreements, cap_disagreements;
	struct ph_lab_skip *skips;
	size_t n_skips, cap_skips;
	enum ph_verdict verdict;	/* measured, of all required flows */
	uint64_t packets;		/* sent */
	uint64_t us;			/* time for sending them, without timers */
};

struct ph_lab_opts {
	const struct ph_audit_opts *audit;	/* sides complete */
	unsigned scale;			/* 1: timers as they are */
	bool skip_timers;
	const char *dir;		/* of the configuration, for its includes, or NULL */
	const char *sets;		/* text of --ipset, or NULL */
	const char *instead;		/* nftables to load instead of it, or NULL */
};

/*
 * ph_lab_plan(mem, rs, opts): give interfaces of ${rs} without addresses those of the
 * lab; before the audit, so that both know the same.
 */
void ph_lab_plan(struct ph_arena *, struct ph_ruleset *, const struct ph_lab_opts *);

/*
 * ph_lab_run(mem, rs, audit, opts, out):
 * Build the networks, load, send, compare.  The process is in a network of the lab
 * afterwards, and must have had one thread before.  Never fails: what could not be
 * done is in ${out}->refused, or among the skips.
 */
void ph_lab_run(struct ph_arena *, struct ph_ruleset *, const struct ph_audit *,
    const struct ph_lab_opts *, struct ph_lab *);

/* ph_lab_exit(lab): exit code of pinhole-lab(1). */
int ph_lab_exit(const struct ph_lab *);

/* ph_lab_skip(mem, lab, flow, ports, at, why): note what was not tried. */
void ph_lab_skip(struct ph_arena *, struct ph_lab *, const struct ph_flow *,
    const struct ph_ranges *, struct ph_span, const char *why);

#endif
