/* SPDX-License-Identifier: ISC */
#ifndef PH_TUNNEL_NAT_H
#define PH_TUNNEL_NAT_H

#include "catalog/site.h"
#include "tunnel/heard.h"
#include "tunnel/ip.h"
#include "tunnel/ladder.h"
#include "tunnel/leg.h"
#include "tunnel/want.h"

/*
 * DOC: UDP sockets of the program
 *
 * Each of the program's UDP sockets, an address and port of its network, gets at most two
 * faces outside: a socket of this host for what goes directly, and an allocation of its own
 * at the relay for what belongs to the service.  So whoever it talks to sees one mapping for
 * one socket (RFC 4787 REQ-1), whichever peers come first.  What comes back to a face goes to
 * the socket, whoever sent it; who may send is the firewall's and the relay's affair.
 *
 *	packet -- want? -- yes --> socket's leg ---> relay ---> peer
 *	             \---- no ---> socket of the host --------> peer
 *
 * When a leg is lost, the socket gets another one on the way that the ladder picks, and its
 * peers are permitted there as they are sent to; the program's socket notices nothing but
 * the packets missing meanwhile.  What it sends while there is no leg waits, the newest
 * ${PENDING} datagrams and no longer than half a second.
 *
 * A face that nothing passed for five minutes is given up; a DNS question's after 30 seconds.
 */
enum { PH_NAT_MAX_SOCKETS = 1024, PH_NAT_MAX_LEGS = 256 };

struct ph_nat_counts {
	uint64_t up_packets, up_bytes, down_packets, down_bytes;	/* through the relay */
	uint64_t dropped;		/* of them, here: no room, no way, refused */
	uint64_t direct_up, direct_down;	/* packets */
	unsigned legs;			/* allocations now */
	uint64_t changes;		/* of way, of a socket that had one */
};

struct ph_nat_opts {
	struct ph_via *via;
	struct ph_ladder *ladder;
	const struct ph_want *want;
	struct ph_str username, password;
	int tun;
	ph_u128 from4, from6;		/* who sends ICMP errors to the program */
	void (*changed)(void *arg);	/* a way failed, or works */
	/* the relay gives no address, or lets nothing through to ${peer} */
	void (*refused)(void *arg, enum ph_turn_outcome);
	void (*forbidden)(void *arg, struct ph_stun_addr peer);
	void *arg;
};

struct ph_nat;

/* ph_nat_new(opts): NULL: no memory. */
struct ph_nat *ph_nat_new(const struct ph_nat_opts *);

/* ph_nat_free(n): give all addresses back; NULL is fine. */
void ph_nat_free(struct ph_nat *);

/* ph_nat_packet(n, ip): a UDP datagram of the program. */
void ph_nat_packet(struct ph_nat *, struct ph_ip *);

/* ph_nat_spare(n, leg, way): an allocation that the next socket of that family may have. */
void ph_nat_spare(struct ph_nat *, struct ph_leg *, unsigned);

/*
 * ph_nat_move(n): a better way works: sockets that are on a worse one get another leg there, and
 * change over when it is ready.
 */
void ph_nat_move(struct ph_nat *);

/* ph_nat_heard(n): media that came through the relay. */
const struct ph_heard *ph_nat_heard(const struct ph_nat *);

/* ph_nat_counts(n): what passed so far. */
const struct ph_nat_counts *ph_nat_counts(const struct ph_nat *);

#endif
