/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_RESULT_H
#define PH_PROBE_RESULT_H

#include "model/verdict.h"

/*
 * DOC: What a probe found
 *
 * Observations become the verdicts of an audit, with evidence in place of the
 * line that decides.  What could not be tested is NOT_TESTED with the reason,
 * what was tested without an answer that can be trusted is UNKNOWN; neither is
 * ever a statement about the network.  A failure of our own far end is one of
 * these two, never BLOCKED.
 */

/* Which way a packet was lost. */
enum ph_way {
	PH_WAY_NONE,			/* it was not */
	PH_WAY_FORTH,			/* what the opener sent never arrived */
	PH_WAY_BACK,			/* it arrived, its answer did not */
	PH_WAY_UNSURE,			/* no receipt: one of the two */
};

struct ph_evidence {
	uint32_t sent;			/* packets or connections */
	uint32_t received_out;		/* that arrived at the other side, by its receipts */
	uint32_t received_in;		/* answers that came back */
	uint32_t tries;			/* for one port, at most */
	bool has_icmp, has_hop;
	uint8_t icmp_type, icmp_code;
	ph_u128 icmp_from;		/* who rejected */
	ph_u128 hop;			/* the last that answered before the silence */
	uint8_t hop_ttl;
};

/* Ports of one flow with one fate. */
struct ph_observed {
	const struct ph_ranges *ports;
	enum ph_verdict verdict;	/* not PARTLY */
	enum ph_way way;		/* BLOCKED */
	bool by_host;			/* BLOCKED: this host's own rules or routes */
	const char *why;		/* or NULL */
	struct ph_evidence evidence;
};

/* One requirement over one family. */
struct ph_measured {
	const struct ph_requirement *req;
	bool v6;
	enum ph_verdict verdict;
	struct ph_observed *v;
	size_t n;
	const char *why;		/* UNKNOWN, NOT_TESTED; or NULL */
	bool counts;			/* towards the verdict of all */
	bool sampled;			/* edges are exact, small holes may be missed */
	uint32_t hole;			/* sampled: every blocked run of so many ports was found */
	uint32_t rtt_us;		/* median; 0: not known */
	uint32_t limit_pps;		/* a rate limit on the way lets so many through; 0: none */
};

/* Interval in which a timer lies: alive after ${alive_ms}, dead after ${dead_ms}. */
struct ph_idle_timer {
	bool tested, has_dead;		/* without: longer than ${alive_ms} */
	uint32_t alive_ms, dead_ms;
	const char *why;		/* not tested, or not trusted; or NULL */
};

struct ph_idle_timers {
	bool tested;
	bool v6;
	struct ph_idle_timer unreplied, replied, stream;
	struct ph_idle_timer inbound_refreshes, outbound_refreshes;
	const char *looks_like;		/* a hint, or NULL */
	const char *why;		/* NULL: done */
};

struct ph_nat_seen {
	bool tested, v6;
	bool translated;		/* the far end sees another address or port */
	const char *mapping, *filtering, *hairpin;	/* RFC 4787's words; NULL: not known */
	bool port_preserved;
	ph_u128 inside, outside;
	uint16_t inside_port, outside_port;
	const char *why;		/* not tested; or what is missing; or NULL */
};

struct ph_alg_change {
	const char *what;		/* "Contact", "rasAddress" */
	const char *before, *after;
};

struct ph_alg {
	const char *protocol;		/* "sip", "h323" */
	const char *transport;		/* "udp", "tcp", "tls" */
	uint16_t port;
	bool v6, outbound;		/* direction in which the bytes went */
	enum ph_verdict verdict;	/* OPEN: bytes as sent; PARTLY: changed; … */
	const struct ph_alg_change *changes;
	size_t n_changes;
	const char *why;		/* or NULL */
};

struct ph_rung {
	const char *transport;		/* "direct", "turn-udp", "turn-tcp", "turn-tls" */
	const char *server;		/* "192.0.2.1:3478" */
	bool v6;
	enum ph_verdict verdict;	/* OPEN only after an echo through the relay */
	uint32_t rtt_us;
	const char *why;		/* or NULL */
};

/* One direction of a stream of packets like those of a call. */
struct ph_stream_result {
	bool tested;
	uint32_t sent, received, reordered, duplicated;
	double loss, jitter_ms, mos;	/* loss 0..1; MOS is an estimate (G.107) */
	const char *why;
};

struct ph_dscp_result {
	uint8_t dscp;			/* as sent */
	bool tested[2], arrived[2];	/* out, in */
	uint8_t seen[2];		/* as received */
};

struct ph_path_seen {
	bool tested, v6;
	struct ph_size_seen {
		bool tested;
		uint32_t bytes;		/* largest packet, IP header included */
		bool told;		/* larger ones are answered, not just lost */
		const char *why;
	} mtu[2];			/* out, in */
	enum ph_verdict fragments[2];	/* out, in */
	const struct ph_dscp_result *dscp;
	size_t n_dscp;
	struct ph_stream_result stream[2];
	uint32_t rtt_us;
	const char *why;
};

/* Who has to act. */
enum ph_owner {
	PH_OWNER_NOBODY, PH_OWNER_HOST, PH_OWNER_NETWORK, PH_OWNER_PROVIDER, PH_OWNER_FAR_END,
	PH_OWNER_UNKNOWN,
};

/* One line of the request to the administrator. */
struct ph_ask {
	const struct ph_requirement *req;
	const struct ph_ranges *ports;	/* what does not get through */
	bool v6;
	const char *evidence;		/* for people */
};

struct ph_probe_result {
	enum ph_verdict verdict;	/* of all that counts */
	bool degraded, intercepted;	/* TLS shows somebody else's key */
	const char *headline;		/* one sentence to act on */
	enum ph_owner owner;
	const char *via;		/* responder, as given */
	const char *failure;		/* the far end's or this host's, or NULL */
	struct ph_measured *flows;
	size_t n_flows;
	struct ph_finding *findings;
	size_t n_findings, cap_findings;
	struct ph_idle_timers timers;
	struct ph_nat_seen nat[2];		/* IPv4, IPv6 */
	struct ph_alg *algs;
	size_t n_algs, cap_algs;
	struct ph_rung *rungs;
	size_t n_rungs, cap_rungs;
	const char *best;		/* of the rungs that work, or NULL */
	struct ph_path_seen paths[2];
	const struct ph_ask *asks;
	size_t n_asks;
	const char **skipped;		/* tests left out, with the reason each */
	size_t n_skipped, cap_skipped;
};

/* ph_result_sum(v, n): the verdict of a flow's parts together; UNKNOWN when there are none. */
enum ph_verdict ph_result_sum(const struct ph_observed *, size_t);

/* ph_result_judge(mem, r): verdict, headline, findings and requests from observations. */
void ph_result_judge(struct ph_arena *, struct ph_probe_result *);

/* ph_result_served(r, f): is the flow that serves instead of ${f} open, over its family? */
bool ph_result_served(const struct ph_probe_result *, const struct ph_measured *);

/*
 * ph_result_fallback_only(r): is something shut that is needed, and for each such flow
 * the one that serves instead open?
 */
bool ph_result_fallback_only(const struct ph_probe_result *);

/* ph_result_exit(r): 0 to 3, as pinhole(1) has them. */
int ph_result_exit(const struct ph_probe_result *);

/* ph_result_skip(mem, r, fmt, ...): a test that was left out, and why. */
void ph_result_skip(struct ph_arena *, struct ph_probe_result *, const char *, ...)
    __attribute__((format(printf, 3, 4)));

#endif
