/* SPDX-License-Identifier: ISC */
#ifndef PH_MODEL_RULESET_H
#define PH_MODEL_RULESET_H

#include "base/diag.h"
#include "space/set.h"

/*
 * DOC: The neutral model of a firewall
 *
 * A ruleset is a program over packets.  Base chains hang on hooks, in the
 * order of their priority; a packet that goes through the firewall visits
 *
 *	PREROUTING -> FORWARD -> POSTROUTING		through it
 *	PREROUTING -> INPUT				to it
 *	OUTPUT -> POSTROUTING				from it
 *
 * and must be accepted by every base chain on its way.  A chain is a list of
 * rules; a rule is a conjunction of conditions and a list of actions, done in
 * order; a verdict ends it.  At the end of a chain control returns to the
 * caller, at the end of a base chain the policy decides.
 *
 * Platforms without hooks fit in: a Cisco interface list is a chain jumped to
 * from a FORWARD base chain under a condition on IIF or OIF.
 *
 * What a reader did not understand stays in as PH_COND_OPAQUE or
 * PH_ACT_OPAQUE, with its place and the reason; the evaluator follows both
 * possibilities and answers "unknown" where they differ.
 *
 * All memory is the arena's of the parse.  Nothing changes after parsing.
 */

enum ph_cond_kind {
	PH_COND_RANGES,			/* dimension ${dim} is in ${ranges} */
	PH_COND_MASK,			/* address or mark ${dim}: (v & mask) == value, */
					/* too many holes to list as ranges */
	PH_COND_TUPLES,			/* the packet is in one of ${tuples} */
	PH_COND_ORIG,			/* like RANGES, on the connection's first */
					/* packet as it was sent, before NAT */
	PH_COND_SRC_LOCAL,		/* source is an address of the firewall */
	PH_COND_DST_LOCAL,		/* destination is one */
	PH_COND_UID,			/* sent by a user id in ${ranges} */
	PH_COND_APP,			/* program ${text} on this host */
	PH_COND_RATE,			/* holds until a rate or quota is exceeded */
	PH_COND_OPAQUE,			/* not understood, or not knowable: ${text} */
};

struct ph_cond {
	enum ph_cond_kind kind;
	enum ph_dim dim;
	bool neg;			/* condition holds when the test does not */
	bool v6;			/* MASK: of an IPv6 address */
	bool nobody;			/* UID: holds for packets of no local program, too */
	struct ph_span at;
	union {
		const struct ph_ranges *ranges;
		const struct ph_set *tuples;
		const char *text;	/* RATE: as written.  OPAQUE: the reason */
		const struct ph_masked *masked;
	};
};

/* A condition on bits that are not in a row; 32 or 128 bits, host order. */
struct ph_masked {
	ph_u128 value, mask;
};

enum ph_act_kind {
	/* verdicts */
	PH_ACT_ACCEPT, PH_ACT_DROP, PH_ACT_REJECT,
	PH_ACT_JUMP, PH_ACT_GOTO, PH_ACT_RETURN,
	PH_ACT_OPAQUE,			/* could be any verdict, or none: ${text} */
	/* address translation; they also accept, in their own base chain */
	PH_ACT_SNAT, PH_ACT_DNAT, PH_ACT_MASQUERADE, PH_ACT_REDIRECT,
	/* connection tracking */
	PH_ACT_NOTRACK, PH_ACT_TIMEOUT, PH_ACT_HELPER, PH_ACT_OFFLOAD,
	/* marks: mark = (mark & ~mask) ^ value */
	PH_ACT_MARK, PH_ACT_CTMARK, PH_ACT_MARK_TO_CT, PH_ACT_CT_TO_MARK,
	PH_ACT_TPROXY,			/* to a socket of the firewall itself */
	PH_ACT_NOTE,			/* log, counter, …: no effect on the answer */
};

/* NAT to a range of addresses and ports. */
struct ph_nat {
	const struct ph_ranges *addr;	/* NULL: unchanged, or the interface's */
	const struct ph_ranges *port;	/* NULL: kept where possible */
	bool netmap;			/* one to one: keep the offset within ${addr} */
	struct ph_range from;		/* netmap: the range that maps onto addr */
};

struct ph_act {
	enum ph_act_kind kind;
	bool tmpl;		/* TIMEOUT, HELPER: for a connection that tracking will begin, */
				/* by a template (xt_CT); else for one it has begun */
	struct ph_span at;
	union {
		struct ph_chain *chain;			/* JUMP, GOTO */
		const struct ph_nat *nat;
		const struct ph_timeout *timeout;	/* TIMEOUT */
		const char *text;	/* HELPER: "sip", "h323", …; OPAQUE: reason; */
					/* REJECT: with what; NOTE: as written */
		struct { uint32_t mask, value; } mark;
	};
};

struct ph_rule {
	struct ph_span at;		/* the text it came from */
	const struct ph_cond *conds;
	const struct ph_act *acts;
	uint16_t n_conds, n_acts;
	bool implicit;			/* not written: a platform's default, at its cause */
	const char *comment;		/* NULL, or the platform's remark on it */
};

struct ph_chain {
	const char *table;		/* "inet fw4", "filter"; NULL where there is none */
	const char *name;
	struct ph_span at;		/* where it is declared */
	struct ph_rule *rules;
	size_t n, cap;
	struct ph_chain *next;		/* of the ruleset */
	void *index;			/* audit's: search structure, made when needed */
};

enum ph_hook_point {
	PH_PREROUTING, PH_INPUT, PH_FORWARD, PH_OUTPUT, PH_POSTROUTING,
	PH_SERVICE,			/* no verdicts: timers and inspection (Cisco MPF) */
	PH_NHOOKS,
};

enum ph_hook_kind { PH_HOOK_FILTER, PH_HOOK_NAT, PH_HOOK_ROUTE };

enum { PH_FAMILY_4 = 1, PH_FAMILY_6 = 2 };

/* Linux priorities that matter: connection tracking starts at -200. */
enum { PH_PRIO_CONNTRACK = -200, PH_PRIO_DSTNAT = -100, PH_PRIO_SRCNAT = 100 };

struct ph_hook {			/* a base chain */
	enum ph_hook_point point;
	enum ph_hook_kind kind;		/* NAT: sees only a connection's first packet */
	int priority;			/* lower first; of equals the last defined */
	unsigned families;		/* PH_FAMILY_*: which packets it sees */
	struct ph_chain *chain;
	enum ph_act_kind policy;	/* ACCEPT or DROP */
	struct ph_span policy_at;	/* chain's declaration when not written */
};

/* Idle timers, by facts of connection tracking. */
enum ph_timer {
	PH_TIMER_UDP_UNREPLIED,		/* only one side has sent */
	PH_TIMER_UDP,			/* both have: "stream", "replied" */
	PH_TIMER_TCP,			/* established */
	PH_TIMER_SIP, PH_TIMER_SIP_MEDIA, PH_TIMER_H323, PH_TIMER_H225,
	PH_TIMER_XLATE,			/* an address translation's slot */
	PH_TIMER_FLOWTABLE_UDP, PH_TIMER_FLOWTABLE_TCP,
	PH_NTIMERS,
};

struct ph_timer_value {
	bool set;			/* false: not known here */
	bool is_default;		/* the platform's documented default, not written */
	uint32_t s;			/* seconds; 0: never times out */
	struct ph_span at;
};

/* A timeout policy that rules refer to, or (name NULL) the global one. */
struct ph_timeout {
	const char *name;
	unsigned families;		/* PH_FAMILY_*; 0 means both */
	uint8_t proto;			/* 0: any */
	struct ph_span at;
	struct ph_timer_value t[PH_NTIMERS];
};

struct ph_iface {
	const char *name;		/* what rules say: nameif, device, zone */
	const char *device;		/* hardware name or NULL */
	const struct ph_ranges *addrs;	/* its own addresses; NULL: not known */
	const struct ph_ranges *nets;	/* networks on it; NULL: not known */
	int level;			/* Cisco security level, -1: none */
	struct ph_span at;
	struct ph_iface *next;
};

/* Something about the whole file that a question may run into. */
struct ph_gap {
	struct ph_span at;
	const char *why;
	struct ph_gap *next;
};

struct ph_ruleset {
	const struct ph_dialect *dialect;
	struct ph_src *src;		/* the main input */
	struct ph_chain *chains, **chains_tail;
	struct ph_hook *hooks;		/* in order of definition */
	size_t n_hooks, cap_hooks;
	struct ph_iface *ifaces, **ifaces_tail;
	const struct ph_timeout *timers;/* global timers, never NULL after parse */
	struct ph_gap *gaps;		/* statements not understood that belong to no */
					/* rule and could change any answer */
	bool stateful;			/* replies are let through without a rule */
	bool host_only;			/* filters programs on this host, routes nothing */
	bool live_timers;		/* timers were read from this host, not the text */
	bool no_nat_info;		/* file says nothing of NAT though platform does NAT */
	void *priv;			/* the dialect's own, for emit and fix */
};

/* ph_ruleset_init(rs, d, src): empty, with its tails set. */
void ph_ruleset_init(struct ph_ruleset *, const struct ph_dialect *, struct ph_src *);

/*
 * ph_ruleset_chain(mem, rs, table, name, at): append a new chain.
 * ph_ruleset_hook(mem, rs): append a new, zeroed base chain.
 * ph_ruleset_iface(mem, rs, name): find an interface or append it.
 * ph_ruleset_gap(mem, rs, at, why): note what was not understood.
 * ph_ruleset_merge(mem, rs, more): add chains, base chains, gaps and interfaces of
 * another ruleset that filters the same packets.
 * ph_chain_add(mem, c): append a zeroed rule; valid until the next is added.
 */
struct ph_chain *ph_ruleset_chain(struct ph_arena *, struct ph_ruleset *,
    const char *table, const char *name, struct ph_span);
struct ph_hook *ph_ruleset_hook(struct ph_arena *, struct ph_ruleset *);
struct ph_iface *ph_ruleset_iface(struct ph_arena *, struct ph_ruleset *, struct ph_str);
void ph_ruleset_gap(struct ph_arena *, struct ph_ruleset *, struct ph_span, const char *);
void ph_ruleset_merge(struct ph_arena *, struct ph_ruleset *, const struct ph_ruleset *);
struct ph_rule *ph_chain_add(struct ph_arena *, struct ph_chain *);

/* ph_timer_name(t): "udp", "sip_media"…, stable words for text and JSON. */
const char *ph_timer_name(enum ph_timer);

#endif
