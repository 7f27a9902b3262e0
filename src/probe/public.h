/* SPDX-License-Identifier: ISC */
#ifndef PH_PROBE_PUBLIC_H
#define PH_PROBE_PUBLIC_H

#include "engine/hop.h"
#include "probe/result.h"

/*
 * DOC: Without a responder
 *
 * The service's own servers are asked what anybody may ask them: a TCP connection, with the
 * TLS handshake where TLS is spoken, and a STUN Binding request by UDP.  Only hosts that were
 * named are asked, a few of each group, never a network from end to end.
 *
 * An answer proves that the way is open.  Silence proves little: a server need not answer
 * strangers.  So what is silent, or refused, is traced with packets of rising TTL, beside a
 * flow to the same host that works when there is one, and what the routers on the way say is
 * kept.  Who is to blame is decided elsewhere.
 */
enum {
	PH_PUBLIC_HOSTS = 4,		/* of one flow and family */
	PH_PUBLIC_PORTS = 8,		/* TCP; more are for calls, and nobody listens */
	PH_PUBLIC_MAX = 200,		/* host, protocol and port: all together */
	PH_PUBLIC_TRACES = 6,
};

enum ph_public_fate {
	PH_PUBLIC_PENDING,
	PH_PUBLIC_OPEN,			/* it answers as a service does */
	PH_PUBLIC_HOST,			/* this computer refused to send, by a rule of its own */
	PH_PUBLIC_NO_WAY,		/* this computer has no route to it */
	PH_PUBLIC_FORBIDDEN,		/* a router says that a rule forbids it */
	PH_PUBLIC_UNREACHABLE,		/* a router says that nobody is there */
	PH_PUBLIC_REFUSED,		/* it says that nobody listens */
	PH_PUBLIC_CUT,			/* connected, then closed or silent before a word */
	PH_PUBLIC_OTHER,		/* what answers is not what should */
	PH_PUBLIC_SILENT,
};

/* One port of one host. */
struct ph_public_end {
	ph_u128 to;
	uint16_t port;
	uint8_t proto;			/* PH_TCP, PH_UDP */
	bool tls;			/* TLS is spoken there */
	bool answers;			/* UDP: a STUN server, which answers everybody */
	const char *name;		/* of the host, or NULL */
	enum ph_public_fate fate;
	const char *why;		/* in words; NULL when open */
	bool untrusted;			/* open, but the certificate is not one for ${name} */
	bool rewritten;			/* UDP: addresses in the answer were changed on the way */
	struct ph_evidence evidence;
	uint32_t rtt_us;		/* 0: not known */
	bool traced, has_control;
	struct ph_hop_result hop;	/* traced */
	uint8_t answer_ttl;		/* traced: least TTL that got an answer; 0: none */
};

/* One requirement over one family; its ends are those that it matches. */
struct ph_public_flow {
	const struct ph_requirement *req;
	bool v6;
	const char *why;		/* nothing of it is tested: the reason; or NULL */
};

struct ph_public {
	struct ph_public_end *ends;
	size_t n_ends, cap_ends;
	struct ph_public_flow *flows;
	size_t n_flows;
	const char *failure;		/* this computer's, or NULL */
	const char *no_family[2];	/* IPv4, IPv6: why it was left out; or NULL */
};

/* Names that were given for addresses. */
struct ph_public_name {
	const char *name;
	const struct ph_ranges *addrs;
};

struct ph_public_opts {
	const struct ph_public_name *names;
	size_t n_names;
	bool only_v4, only_v6;
	void (*phase)(void *, const char *);	/* or NULL */
	void *arg;
};

/*
 * ph_public_run(mem, opts, reqs, n, out): ask what can be asked for the ${n} requirements; a few
 * seconds.  Never fails: what went wrong is in *${out}.
 */
void ph_public_run(struct ph_arena *, const struct ph_public_opts *,
    const struct ph_requirement *const *, size_t, struct ph_public *);

/* ph_public_has(f, e): does the flow need that port of that host? */
bool ph_public_has(const struct ph_public_flow *, const struct ph_public_end *);

/*
 * ph_public_plan(mem, opts, reqs, n, out): only say what would be asked; nothing is sent.
 */
void ph_public_plan(struct ph_arena *, const struct ph_public_opts *,
    const struct ph_requirement *const *, size_t, struct ph_public *);

#endif
