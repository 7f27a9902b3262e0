/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_TURN_SERVER_H
#define PH_ENGINE_TURN_SERVER_H

#include "wire/stun.h"

/*
 * DOC: A TURN server as a machine
 *
 * RFC 8489, 8656 and, when switched on, 6062.  It opens no socket and asks no clock: what came
 * from a client or a peer goes in with the time, and what is to be done comes back through a
 * small table of callbacks, which are called from within the function that was given the input
 * and must not call back into the server, but for ph_turn_server_account().
 *
 *	            ph_turn_server_input()            ops->open, close
 *	client ---- ph_turn_server_from_client() ----.  relayed port ---- peer
 *	       <--- ops->to_client                    `---> ops->to_peer, or the out struct
 *	       <--- the back struct ---- ph_turn_server_from_peer() <----
 *
 * The hot path are the two functions in the middle: they look up, count and fill in a struct,
 * and neither allocate nor send, so that their caller can batch.
 *
 * One instance belongs to one thread.  Several share only a struct ph_turn_quota, which
 * locks, and the key of nonces, so that any of them takes a nonce that another gave.
 *
 * Nothing is kept for a client before it has signed a request with a nonce that was sent
 * to its address: the nonce itself says when and for whom it was made (turn_nonce.h).
 *
 * Times are monotonic microseconds, the same clock in all instances.  Addresses are in host
 * order.  Memory is reserved at the start by the limits, and touched as it is needed.
 */
struct ph_turn_server;
struct ph_turn_quota;

enum {
	PH_TURN_REALM_SHA256 = 16,	/* bytes of the realm at most, when SHA-256 is offered, */
	PH_TURN_REALM_PLAIN = 36,	/* and when not: no answer is over twice the question */
	PH_TURN_USER_TEXT = 48,		/* bytes of a user's name that are kept for logs */
	PH_TURN_BACK_HEAD = 48,		/* bytes before the payload, to the client */
	PH_TURN_MAX_RELAYS = 8,		/* own addresses to relay from */
};

enum ph_turn_via { PH_TURN_VIA_UDP, PH_TURN_VIA_TCP, PH_TURN_VIA_TLS };

/* Whom we talk to: the 5-tuple.  */
struct ph_turn_conn {
	ph_u128 client, server;
	uint16_t client_port, server_port;
	uint8_t via;			/* enum ph_turn_via */
	uint64_t handle;		/* the caller's own; not part of the 5-tuple */
};

/* Of an IP header.  In: as received; out: as it is to be sent (RFC 8656 14). */
struct ph_turn_ip {
	uint8_t tos;			/* DSCP and ECN */
	uint8_t ttl;			/* 0: not known, the system's default */
	bool df;			/* do not fragment */
};

/* A port to relay from, as ops->open() is asked for it. */
struct ph_turn_port {
	uint32_t relay;			/* names it until close(); never 0, not used again soon */
	struct ph_stun_addr at;		/* local address and port to bind */
	bool tcp;			/* a listening port of RFC 6062 */
	uint64_t handle;		/* set by open(): the caller's own, always given back */
};

/* One datagram to a peer. */
struct ph_turn_out {
	uint32_t relay;
	uint64_t handle;		/* of the port */
	struct ph_stun_addr peer;	/* where to send to */
	const uint8_t *data;		/* borrowed from the input */
	size_t len;
	struct ph_turn_ip ip;
};

/* One message to a client: ${head}, the peer's payload, ${tail} zero bytes. */
struct ph_turn_back {
	const struct ph_turn_conn *conn;	/* until the next call */
	uint8_t head[PH_TURN_BACK_HEAD];
	uint8_t head_len, tail;
	struct ph_turn_ip ip;
};

enum ph_turn_verdict {
	PH_TURN_DROP,			/* forget it; counted */
	PH_TURN_RELAY,			/* the struct says what to send */
	PH_TURN_CONTROL,		/* from a client: give it to ph_turn_server_input() */
};

struct ph_turn_counters {		/* payload of peers, without headers */
	uint64_t up_packets, up_bytes;	/* client to peer */
	uint64_t down_packets, down_bytes;
};

enum ph_turn_reason {			/* why an allocation ended */
	PH_TURN_END_NONE,
	PH_TURN_END_CLIENT,		/* Refresh with LIFETIME 0 */
	PH_TURN_END_EXPIRED,
	PH_TURN_END_STREAM,		/* its TCP or TLS connection closed */
	PH_TURN_END_ADMIN,		/* ph_turn_server_end_all() */
	PH_TURN_END_PORT,		/* the relayed port failed: ph_turn_server_port_lost() */
	PH_TURN_N_ENDS
};

enum ph_turn_note_kind {
	PH_TURN_ALLOCATED, PH_TURN_REFRESHED, PH_TURN_ENDED,
	PH_TURN_PERMITTED,		/* a permission, new or for longer */
	PH_TURN_UNPERMITTED,
	PH_TURN_BOUND,			/* a channel, new or for longer */
	PH_TURN_UNBOUND,
	PH_TURN_REFUSED,		/* a request, with ${code}; ${allocation} may be 0 */
};

/*
 * What happened.  All pointers are borrowed for the call.  A fast path may carry the data of a
 * channel itself between BOUND and UNBOUND, while the channel (${until_us}) and a permission
 * for the peer's address (${permit_until_us}, sent again by PERMITTED) last, and within
 * ${bytes_per_s}; it tells what it moved by ph_turn_server_account().  When an allocation
 * ends its channels are unbound first, then its permissions go, then ENDED is told, and then its
 * ports are closed.
 */
struct ph_turn_note {
	enum ph_turn_note_kind kind;
	const struct ph_turn_conn *conn;
	uint32_t allocation;		/* names it, never 0 */
	struct ph_str user;		/* cut to PH_TURN_USER_TEXT */
	uint64_t at_us, since_us;	/* since: made */
	struct ph_stun_addr relayed[2];	/* as the client knows them; port 0: none */
	uint32_t lifetime_s;		/* ALLOCATED, REFRESHED */
	enum ph_turn_reason reason;	/* ENDED */
	uint16_t method, code;		/* REFUSED */
	struct ph_turn_counters n;	/* ENDED */
	/* PERMITTED to UNBOUND; of a permission only the peer's address counts: */
	uint32_t relay;
	uint64_t handle;		/* of the port */
	struct ph_stun_addr local;	/* the relayed port's own address, on the wire */
	struct ph_stun_addr peer;	/* as on the wire between us and it */
	uint16_t channel;
	uint64_t until_us, permit_until_us;
	uint32_t bytes_per_s;		/* of the allocation, each way; 0: any */
};

/* What the server asks of its caller.  ${arg} goes to every function. */
struct ph_turn_ops {
	void *arg;

	/* random(arg, p, n): unguessable bytes. */
	void (*random)(void *, void *, size_t);

	/* wall_s(arg): seconds since 1970, for credentials with an end. */
	uint64_t (*wall_s)(void *);

	/*
	 * open(arg, port): bind it, at once; false: this port cannot be had, and another is tried.
	 * What arrives before its allocation is ready is dropped by from_peer().
	 * close(arg, relay, handle): give it up; packets of it still queued may go on coming.
	 */
	bool (*open)(void *, struct ph_turn_port *);
	void (*close)(void *, uint32_t, uint64_t);

	/* to_client(arg, conn, p, n): send a message; ${p} is borrowed for the call. */
	void (*to_client)(void *, const struct ph_turn_conn *, const void *, size_t);

	/* to_peer(arg, out): send a datagram that came in a Send indication. */
	void (*to_peer)(void *, const struct ph_turn_out *);

	/* note(arg, n): for logs, metrics and the fast path; NULL: nobody listens. */
	void (*note)(void *, const struct ph_turn_note *);

	/*
	 * RFC 6062, NULL while ${tcp} is off.  A link is a TCP connection with a peer.
	 * connect(arg, link, port's handle, peer): begin; the result by ph_turn_server_connected().
	 * join(arg, link, conn): from now on bytes go both ways between the link and that stream;
	 * what the stream has sent behind its request is data already.
	 * drop(arg, link): close the link and what it is joined to.
	 */
	void (*connect)(void *, uint32_t, uint64_t, struct ph_stun_addr);
	void (*join)(void *, uint32_t, const struct ph_turn_conn *);
	void (*drop)(void *, uint32_t);
};

/* A user; either the password, or the keys that are kept in its place. */
struct ph_turn_user {
	struct ph_str name, password;
	bool keyed;			/* ${md5} and ${sha256} are it, for this realm */
	uint8_t md5[16], sha256[32];	/* RFC 8489 9.2.2 */
};

/* An own address to relay from. */
struct ph_turn_relay {
	ph_u128 local;
	ph_u128 shown;			/* as others know it; the same unless translated */
};

/* 0 is no limit, but for the first group, whose memory is reserved. */
struct ph_turn_limits {
	uint32_t allocations, permissions, channels, links;	/* of this instance */
	uint32_t allocation_permissions, allocation_channels;	/* of one allocation */
	uint32_t all, user, source;	/* allocations in all, of one user, of one /32 or /64 */
	uint32_t bytes_per_s;		/* of one allocation, each way */
	uint32_t unsigned_per_s;	/* answers to one source that has not signed */
	uint32_t all_unsigned_per_s;	/* and, over UDP, to everybody */
	uint32_t icmp_per_s;		/* ICMP errors told to the client of one allocation */
};

struct ph_turn_server_config {
	struct ph_str realm;
	bool sha256;			/* offer SHA-256 and USERHASH (RFC 8489) */
	bool hairpin;			/* own relayed ports may be peers: two clients of ours */
	bool only_allowed;		/* peers: nothing but what ${allow} has */
	bool tcp;			/* RFC 6062 */
	bool binding;			/* answer Binding requests too */
	bool dont_fragment;		/* ${df} can be set; else 420 to DONT-FRAGMENT */
	uint8_t nonce_key[32];		/* random; the same in all instances */
	const struct ph_turn_user *users;
	size_t n_users;
	const struct ph_str *secrets;	/* of time-limited credentials; any of them is right */
	size_t n_secrets;
	/*
	 * Peers: what ${deny} has is denied; else what ${allow} has is allowed; else special
	 * ranges (net/special.h), ${own} and ${relays} are denied.  The same for what hides in an
	 * address, such as an IPv4 address in one of NAT64.
	 */
	const struct ph_range *allow, *deny, *own;
	size_t n_allow, n_deny, n_own;
	/* Peers of TCP allocations: of those only these; none named: all of those. */
	const struct ph_range *links_to;
	size_t n_links_to;
	struct ph_turn_relay relays[PH_TURN_MAX_RELAYS];	/* tried in this order by family */
	size_t n_relays;
	/*
	 * Ports to relay from.  With several instances an instance has those pairs, an even port
	 * and the next, for which (port / 2) % ${n_workers} is ${worker}.
	 */
	uint16_t port_first, port_last;
	uint8_t worker, n_workers;
	uint32_t lifetime_s, lifetime_max_s;	/* 600, 3600 */
	uint32_t permission_s, channel_s;	/* 300, 600: RFC 8656 9 and 12 */
	uint32_t nonce_s;		/* 3600 at most */
	uint32_t reservation_s;		/* 30 */
	uint32_t quarantine_s;		/* a port is not given again so soon; 60 */
	struct ph_turn_limits limits;
	struct ph_turn_quota *quota;	/* shared; NULL: one of its own */
};

/* ph_turn_server_defaults(c): all that has a default; no users, secrets, addresses or key. */
void ph_turn_server_defaults(struct ph_turn_server_config *);

/*
 * ph_turn_server_new(c, ops, why): copies what it needs of both.  NULL: no memory, or *${why}
 * says what is wrong with ${c}.
 */
struct ph_turn_server *ph_turn_server_new(const struct ph_turn_server_config *,
    const struct ph_turn_ops *, const char **why);

/* ph_turn_server_free(s): closes every port, ends every allocation with reason ADMIN. */
void ph_turn_server_free(struct ph_turn_server *);

/*
 * ph_turn_server_reload(s, c, now, why): users, secrets, lists, switches, lifetimes and limits
 * from now on; memory, relay addresses, ports and workers stay as they were.  Permissions and
 * channels whose peer is denied now are purged.  False: as it was, *${why} says it.
 */
bool ph_turn_server_reload(struct ph_turn_server *, const struct ph_turn_server_config *,
    uint64_t, const char **why);

/*
 * ph_turn_server_drain(s, on): refuse new allocations with 300 to ${alternate} when not NULL,
 * else 508; those that are there live on.
 */
void ph_turn_server_drain(struct ph_turn_server *, bool, const struct ph_stun_addr *alternate);

/* ph_turn_server_end_all(s, now): all allocations, with reason ADMIN. */
void ph_turn_server_end_all(struct ph_turn_server *, uint64_t);

/* ph_turn_server_tick(s, now): let time pass; to be called once a second. */
void ph_turn_server_tick(struct ph_turn_server *, uint64_t);

/* --- the hot path --- */

/* One datagram from a client, or one frame of a stream, without its padding. */
struct ph_turn_in {
	struct ph_turn_conn conn;
	const uint8_t *data;
	size_t len;
	struct ph_turn_ip ip;
};

/* ph_turn_server_from_client(s, in, now, out): ChannelData; everything else is CONTROL. */
enum ph_turn_verdict ph_turn_server_from_client(struct ph_turn_server *, const struct ph_turn_in *,
    uint64_t, struct ph_turn_out *);

/* ph_turn_server_input(s, in, now): the rest: STUN. */
void ph_turn_server_input(struct ph_turn_server *, const struct ph_turn_in *, uint64_t);

/* One datagram at a relayed port; of its payload only the length is asked for. */
struct ph_turn_peer_in {
	uint32_t relay;
	struct ph_stun_addr peer;	/* source, as on the wire */
	size_t len;
	struct ph_turn_ip ip;
};

/* ph_turn_server_from_peer(s, in, now, back). */
enum ph_turn_verdict ph_turn_server_from_peer(struct ph_turn_server *,
    const struct ph_turn_peer_in *, uint64_t, struct ph_turn_back *);

/*
 * ph_turn_server_icmp(s, relay, peer, icmp, now): an ICMP error for what was sent to ${peer}; told
 * to the client when the peer is permitted (RFC 8656 11.5).
 */
void ph_turn_server_icmp(struct ph_turn_server *, uint32_t relay, struct ph_stun_addr peer,
    struct ph_stun_icmp, uint64_t);

/* ph_turn_server_account(s, relay, n): what a fast path has moved since it said so last. */
void ph_turn_server_account(struct ph_turn_server *, uint32_t, const struct ph_turn_counters *);

/* --- what happens to streams and ports --- */

/* ph_turn_server_stream_gone(s, conn, now): closed; its allocation ends with it. */
void ph_turn_server_stream_gone(struct ph_turn_server *, const struct ph_turn_conn *, uint64_t);

/* ph_turn_server_holds(s, conn): has this client an allocation?  Streams without one time out. */
bool ph_turn_server_holds(struct ph_turn_server *, const struct ph_turn_conn *);

/* ph_turn_server_port_lost(s, relay, now): it cannot be used any more; the allocation ends. */
void ph_turn_server_port_lost(struct ph_turn_server *, uint32_t, uint64_t);

/*
 * RFC 6062.  ph_turn_server_connected(s, link, ok, now): the result of ops->connect().
 * ph_turn_server_accepted(s, relay, peer, now): a peer has connected; the link, or 0: close it.
 * ph_turn_server_link_gone(s, link): either side closed it; ops->drop() does not follow.
 */
void ph_turn_server_connected(struct ph_turn_server *, uint32_t, bool, uint64_t);
uint32_t ph_turn_server_accepted(struct ph_turn_server *, uint32_t, struct ph_stun_addr, uint64_t);
void ph_turn_server_link_gone(struct ph_turn_server *, uint32_t);

/* --- other --- */

/* ph_turn_server_peer_denied(s, peer): why, for people; NULL: it may be a peer. */
const char *ph_turn_server_peer_denied(const struct ph_turn_server *, struct ph_stun_addr);

/* ph_turn_server_worker(p, n): who made the reservation or connection id in a request; or -1. */
int ph_turn_server_worker(const void *, size_t);

enum ph_turn_stat {
	PH_TURN_STAT_ALLOCATIONS,	/* now */
	PH_TURN_STAT_PERMISSIONS, PH_TURN_STAT_CHANNELS, PH_TURN_STAT_LINKS,	/* now */
	PH_TURN_STAT_PORTS,		/* open now, reserved ones too */
	PH_TURN_STAT_ALLOCATED,		/* ever, from here on */
	PH_TURN_STAT_REQUESTS, PH_TURN_STAT_BINDINGS,
	PH_TURN_STAT_CHALLENGES,	/* 401 to who had not signed */
	PH_TURN_STAT_STALE,		/* 438 */
	PH_TURN_STAT_DENIED,		/* peers: 403 */
	PH_TURN_STAT_QUOTA,		/* 486 */
	PH_TURN_STAT_CAPACITY,		/* 508 */
	PH_TURN_STAT_OTHER_ERRORS,
	PH_TURN_STAT_MALFORMED,		/* not answered: no STUN, unknown methods, cut */
	PH_TURN_STAT_LIMITED,		/* not answered: too many, or it would be too long */
	PH_TURN_STAT_UP_PACKETS, PH_TURN_STAT_UP_BYTES,
	PH_TURN_STAT_DOWN_PACKETS, PH_TURN_STAT_DOWN_BYTES,
	PH_TURN_STAT_NO_PERMISSION,	/* dropped, either way */
	PH_TURN_STAT_NO_CHANNEL,	/* ChannelData without one, or without an allocation */
	PH_TURN_STAT_OVER_RATE,
	PH_TURN_STAT_TTL,		/* dropped: had been forwarded too often */
	PH_TURN_N_STATS
};

/* ph_turn_server_stats(s): PH_TURN_N_STATS numbers, which change as things happen. */
const uint64_t *ph_turn_server_stats(const struct ph_turn_server *);

/* ph_turn_stat_name(stat): "allocations"; ph_turn_reason_word(reason): "expired". */
const char *ph_turn_stat_name(enum ph_turn_stat);
const char *ph_turn_reason_word(enum ph_turn_reason);

/*
 * ph_turn_quota_new(n): counts of allocations by user and source, shared by instances with up
 * to ${n} allocations together; NULL: no memory.  Any thread.  Freed after them.
 */
struct ph_turn_quota *ph_turn_quota_new(uint32_t);
void ph_turn_quota_free(struct ph_turn_quota *);

#endif
