/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_PROBE_H
#define PH_PROBE_PROBE_H

#include "probe/result.h"

struct ph_tls_key;

/* Any TURN server, with ordinary credentials. */
struct ph_probe_turn {
	const struct ph_ranges *addrs;	/* NULL: none */
	uint16_t port;			/* UDP and TCP */
	uint16_t tls_port;		/* TLS; 0: 443 and 5349 are tried */
	unsigned only;			/* bits 1 << PH_RELAYING_*; 0: all transports */
	const char *name;		/* for TLS */
	const char *user, *password;
	const char *ca_file;		/* TLS: who signs its certificate; NULL: the system's */
	const uint8_t *peer;		/* TLS: or the key it must show; NULL: a certificate */
};

struct ph_probe_opts {
	const char *via;		/* the responder, as given; NULL: none */
	const struct ph_ranges *addrs;	/* all its addresses */
	uint16_t port;			/* of its control channel */
	const struct ph_tls_key *key;	/* ours */
	const uint8_t *peer;		/* its raw public key, 32 bytes */
	struct ph_probe_turn turn;
	bool quick;			/* 6 s: what decides, nothing else */
	bool exhaustive;		/* every port of every range */
	bool timers;			/* the idle ladder, last */
	uint32_t stop_at_s;		/* timers: only ask whether they reach this */
	uint32_t cap_s;			/* timers: look no longer than this; 0: the usual */
	unsigned pps;			/* 0: the usual pace */
	bool unpaced;			/* no pace: for networks of one's own */
	bool only_v4, only_v6;
	uint64_t seed;
	/* Called as things become known; both may be NULL. */
	void (*phase)(void *, const char *);
	void (*flow)(void *, const struct ph_measured *);
	void *arg;
};

/*
 * ph_probe_run(mem, opts, reqs, n, out):
 * Test the ${n} requirements against the responder, judge, and return when all is
 * known.  Never fails: what went wrong is in *${out}.
 */
void ph_probe_run(struct ph_arena *, const struct ph_probe_opts *,
    const struct ph_requirement *const *, size_t, struct ph_probe_result *);

#endif
