/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_TURN_SERVER_PRIV_H
#define PH_ENGINE_TURN_SERVER_PRIV_H

#include "engine/turn_login.h"
#include "engine/turn_nonce.h"
#include "engine/turn_ports.h"
#include "engine/turn_quota.h"
#include "engine/turn_slab.h"
#include "engine/turn_wheel.h"

/*
 * DOC: Inside the TURN server
 *
 *	alloc --- port (one a family) ---- relay id: place | turn << 20
 *	  |  `--- permits, channels: lists, and each in indexes by their keys
 *	  |  `--- links of RFC 6062
 *	5-tuple index
 *
 * All are things of slabs and refer to each other by place.  What has an end has a timer,
 * and what a timer has not yet collected but is over counts as gone everywhere.  Each
 * kind is let go of in one function, whatever the cause.
 *
 *	turn_server.c		configuration, time
 *	turn_server_request.c	who asks, and for what; answers
 *	turn_login.c		users, keys, signatures
 *	turn_server_alloc.c	Allocate, Refresh, the end
 *	turn_server_port.c	ports and reservations
 *	turn_server_acl.c	who may be a peer
 *	turn_server_peer.c	CreatePermission, ChannelBind
 *	turn_server_data.c	data either way, ICMP
 *	turn_server_link.c	RFC 6062
 */
enum {
	PH_TURN_US = 1000000,
	PH_TURN_PLACE_BITS = 20,	/* of a relay id */
	PH_TURN_SOURCES = 4096,		/* buckets for who has not signed; shared by hash */
	PH_TURN_MAX_LINKS = 4095,	/* what a CONNECTION-ID can name */
	PH_TURN_MSG = 2048,		/* bytes of a message of ours */
};

enum ph_turn_timer_kind {
	PH_TURN_TIMER_ALLOC, PH_TURN_TIMER_PERMIT, PH_TURN_TIMER_CHANNEL, PH_TURN_TIMER_RESERVE,
	PH_TURN_TIMER_LINK, PH_TURN_TIMER_HALF,
};

struct ph_turn_port_slot {		/* an open port */
	uint64_t handle;
	uint32_t alloc;			/* 0: reserved */
	uint16_t port;
	uint8_t relay;			/* which own address */
	bool tcp;
};

struct ph_turn_alloc {
	struct ph_turn_conn conn;
	struct ph_turn_timer timer;	/* at_us: until when */
	struct ph_turn_timer half;	/* one of two families ends before the other */
	uint64_t until_us[2];		/* of each family's address (RFC 8656 6) */
	uint64_t since_us;
	uint64_t up_ns, down_ns, icmp_ns;	/* buckets */
	struct ph_turn_counters n;
	struct ph_turn_share share;
	uint32_t next;			/* of the 5-tuple's chain */
	uint32_t relay[2];		/* IPv4, IPv6: ids; 0: none */
	uint32_t permits, channels, links;	/* heads of lists */
	uint16_t n_permits, n_channels;
	uint8_t owner[16];
	uint8_t id[12];			/* of the Allocate that made it */
	uint8_t token[8];
	bool has_token, tcp;
	uint16_t more_error;		/* why there is no port of the additional family, or 0 */
	uint8_t n_user;
	char user[PH_TURN_USER_TEXT];
};

struct ph_turn_permit {
	ph_u128 addr;			/* on the wire */
	struct ph_turn_timer timer;
	uint32_t alloc, next;		/* next: of the chain */
	uint32_t sib, *sib_back;	/* of the allocation's list */
};

struct ph_turn_chan {
	struct ph_stun_addr peer;	/* on the wire */
	struct ph_turn_timer timer;
	uint32_t alloc;
	uint32_t next_number, next_peer;
	uint32_t sib, *sib_back;
	uint16_t number;
};

struct ph_turn_reserve {
	struct ph_turn_timer timer;
	uint32_t relay;
	uint8_t owner[16], secret[5];
};

enum ph_turn_link_state { PH_TURN_LINK_CONNECTING, PH_TURN_LINK_WAITING, PH_TURN_LINK_JOINED };

struct ph_turn_link {
	struct ph_stun_addr peer;
	struct ph_turn_timer timer;
	uint32_t alloc, secret;
	uint32_t sib, *sib_back;
	uint8_t state;
	uint8_t id[12];			/* CONNECTING: of the request, and how to sign the answer */
	struct ph_turn_login login;
};

struct ph_turn_server {
	struct ph_turn_server_config c;	/* pointers: into ${kept} */
	void *kept;
	struct ph_turn_logins *logins;
	struct ph_turn_ops ops;
	struct ph_turn_quota *own_quota;
	struct ph_stun_auth auth, nonce;
	uint64_t seed[2], tag[2];	/* keys of hashes: ours, and of what others see */
	struct ph_turn_ports pool;
	struct ph_turn_slab allocs, ports, permits, channels, reserves, links;
	struct ph_turn_index by_conn, by_permit, by_number, by_peer;
	uint16_t *turns;		/* of each place of ${ports} */
	struct ph_turn_wheel wheel;
	uint64_t *sources, everybody;	/* buckets */
	bool started, draining;		/* started: the wheel knows the time */
	struct ph_stun_addr alternate;	/* port 0: none */
	uint64_t stats[PH_TURN_N_STATS];
	uint8_t msg[PH_TURN_MSG];
};

/* A request on its way through. */
struct ph_turn_req {
	struct ph_turn_server *s;
	const struct ph_turn_in *in;
	const struct ph_stun *m;
	uint64_t now;
	uint32_t alloc;			/* of the 5-tuple; 0: none */
	struct ph_turn_login login;
};

/* What an Allocate asks for. */
struct ph_turn_want {
	bool family[2], tcp, more;	/* more: the second is welcome, not needed */
	unsigned pair;			/* 1: an even port, 2: and reserve the next */
	uint32_t relay[2], sibling;
	uint32_t reserve;		/* the reservation it comes with */
};

static inline struct ph_turn_alloc *
ph_turn_alloc_at(const struct ph_turn_server *s, uint32_t at)
{
	return ph_turn_slab_at(&s->allocs, at);
}

/*
 * A bucket that says when it will be empty again, in nanoseconds: ${cost} of ${rate} a second
 * fit if that is no more than ${burst_ms} away.
 */
static inline bool
ph_turn_bucket(uint64_t *empty_ns, uint64_t now_us, uint64_t cost, uint32_t rate, uint32_t burst_ms)
{
	uint64_t now = now_us * 1000, at = *empty_ns > now ? *empty_ns : now;

	if (rate == 0)
		return true;
	if (at - now > (uint64_t)burst_ms * PH_TURN_US)
		return false;
	*empty_ns = at + cost * 1000000000U / rate;
	return true;
}

/* --- turn_server_request.c --- */

/* ph_turn_server_reply(r, a): send ${a}, signed as the request was. */
void ph_turn_server_reply(struct ph_turn_req *, struct ph_stun *);

/* ph_turn_server_refuse(r, code): an error without more to say; counted. */
void ph_turn_server_refuse(struct ph_turn_req *, uint16_t);

/* ph_turn_server_send(s, conn, login, m): to a client, signed; ${login} NULL: not. */
void ph_turn_server_send(struct ph_turn_server *, const struct ph_turn_conn *,
    const struct ph_turn_login *, const struct ph_stun *);

/* ph_turn_server_note(s, n): tell it, when somebody listens. */
void ph_turn_server_note(struct ph_turn_server *, const struct ph_turn_note *);

/* --- turn_server_alloc.c --- */

/* ph_turn_alloc_find(s, conn, now): the allocation of the 5-tuple that is not over, or 0. */
uint32_t ph_turn_alloc_find(struct ph_turn_server *, const struct ph_turn_conn *, uint64_t);

/* ph_turn_alloc_peek(s, conn, now): the same; what is over is left for the wheel. */
uint32_t ph_turn_alloc_peek(struct ph_turn_server *, const struct ph_turn_conn *, uint64_t);

/* ph_turn_alloc_end(s, at, reason, now): with all that it has. */
void ph_turn_alloc_end(struct ph_turn_server *, uint32_t, enum ph_turn_reason, uint64_t);

/* ph_turn_alloc_half(s, at, now): the address of the family that is over. */
void ph_turn_alloc_half(struct ph_turn_server *, uint32_t, uint64_t);

/* ph_turn_alloc_note(s, at, kind, now): a note of it with what every kind says. */
struct ph_turn_note ph_turn_alloc_note(struct ph_turn_server *, uint32_t, enum ph_turn_note_kind,
    uint64_t);

void ph_turn_alloc_allocate(struct ph_turn_req *);
void ph_turn_alloc_refresh(struct ph_turn_req *);

/* --- turn_server_port.c --- */

/* ph_turn_port_slot(s, relay): the port of an id that is open; _find(s, relay): of any, or NULL. */
struct ph_turn_port_slot *ph_turn_port_slot(struct ph_turn_server *, uint32_t);
struct ph_turn_port_slot *ph_turn_port_find(struct ph_turn_server *, uint32_t);

/* ph_turn_port_has_family(s, v6), _is_of(s, own, v6): of the own addresses, of one of them. */
bool ph_turn_port_has_family(const struct ph_turn_server *, bool);
bool ph_turn_port_is_of(const struct ph_turn_server *, unsigned, bool);

/* ph_turn_port_open(s, w, v6, now): one as wanted, into ${w}; false: there is none. */
bool ph_turn_port_open(struct ph_turn_server *, struct ph_turn_want *, bool, uint64_t);
void ph_turn_port_close(struct ph_turn_server *, uint32_t, uint64_t);

/* ph_turn_reserve_make(r, relay, token), _find(r): for who asks; by the token of the request. */
bool ph_turn_reserve_make(struct ph_turn_req *, uint32_t, uint8_t [8]);
uint32_t ph_turn_reserve_find(struct ph_turn_req *);

/* ph_turn_reserve_end(s, at, keep, now): ${keep}: its port has a user now. */
void ph_turn_reserve_end(struct ph_turn_server *, uint32_t, bool keep, uint64_t);

/* --- turn_server_acl.c --- */

/* ph_turn_peer_wire(s, a), _shown(s, a): own addresses that are translated on the way; or ${a}. */
struct ph_stun_addr ph_turn_peer_wire(const struct ph_turn_server *, struct ph_stun_addr);
struct ph_stun_addr ph_turn_peer_shown(const struct ph_turn_server *, struct ph_stun_addr);

/* ph_turn_server_may_link(s, peer): may a TCP connection go there, or come from there? */
bool ph_turn_server_may_link(const struct ph_turn_server *, struct ph_stun_addr);

/* ph_turn_peer_refusal(r, peer, port): 0, or 403 or 443; ${port}: that counts too. */
uint16_t ph_turn_peer_refusal(struct ph_turn_req *, struct ph_stun_addr, bool port);

/* --- turn_server_peer.c --- */

/* ph_turn_peer_permitted(s, alloc, addr, now): a permission for it? */
bool ph_turn_peer_permitted(struct ph_turn_server *, uint32_t, ph_u128, uint64_t);

/* ph_turn_peer_number(s, alloc, number, now), _channel(s, alloc, peer, now): the channel, or 0. */
uint32_t ph_turn_peer_number(struct ph_turn_server *, uint32_t, uint16_t, uint64_t);
uint32_t ph_turn_peer_channel(struct ph_turn_server *, uint32_t, struct ph_stun_addr, uint64_t);

/* ph_turn_peer_unbind(s, at, now), _unpermit(s, at, now): let go of it. */
void ph_turn_peer_unbind(struct ph_turn_server *, uint32_t, uint64_t);
void ph_turn_peer_unpermit(struct ph_turn_server *, uint32_t, uint64_t);

/* ph_turn_peer_purge(s, now): all whose peer is denied now. */
void ph_turn_peer_purge(struct ph_turn_server *, uint64_t);

void ph_turn_peer_create_permission(struct ph_turn_req *);
void ph_turn_peer_channel_bind(struct ph_turn_req *);

/* --- turn_server_data.c --- */

/* ph_turn_data_send(s, in, m, now): a Send indication. */
void ph_turn_data_send(struct ph_turn_server *, const struct ph_turn_in *, const struct ph_stun *,
    uint64_t);

/* --- turn_server_link.c --- */

void ph_turn_link_connect(struct ph_turn_req *);
void ph_turn_link_bind(struct ph_turn_req *);

/* ph_turn_link_end(s, at, tell): ${tell}: the caller closes its sockets. */
void ph_turn_link_end(struct ph_turn_server *, uint32_t, bool);

/* ph_turn_link_purge(s): all whose peer is denied now. */
void ph_turn_link_purge(struct ph_turn_server *);

/* ph_turn_link_over(s, at): its time is over. */
void ph_turn_link_over(struct ph_turn_server *, uint32_t);

#endif
