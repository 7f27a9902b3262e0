/* SPDX-License-Identifier: ISC */
#ifndef PH_TUNNEL_TUNNEL_H
#define PH_TUNNEL_TUNNEL_H

#include "tunnel/nat.h"
#include "tunnel/tcp.h"

/*
 * DOC: The tunnel
 *
 * When the firewall cannot be opened: a program that knows nothing of relays runs in a
 * network of its own (os/jail.h), whose only way out is a TUN device.  Its other end is here:
 *
 *	program --- TUN --- want? -- no ---> sockets of this host ---------> anybody
 *	                        \--- yes --> TURN, on the best rung ------> relay --> service
 *
 * For a whole host there is no other network: the device stands in the host's own, and has the
 * routes to the services' endpoints.  Our own sockets that go there are bound to the interface that
 * led there before.  No rule, no mark, no route but those of the device, which goes with its
 * file: however this process ends, nothing is left.
 *
 * The kernel of the program's network does everything a program can ask of a network; this
 * side only ever sees whole packets.
 */
struct ph_tunnel_status {
	const struct ph_ladder *ladder;
	unsigned way;			/* in use */
	const struct ph_nat_counts *udp;
	const struct ph_tcp_counts *tcp;
	const struct ph_heard *heard;
	uint64_t us;			/* since the start */
};

struct ph_tunnel_opts {
	const char *host;		/* of the relay, as named */
	const struct ph_ranges *addrs;	/* its addresses; may be none with a proxy */
	uint16_t ports[PH_N_RUNGS];	/* 0: that rung is not to be tried */
	struct ph_str username, password;
	const uint8_t *peer_key;	/* as in struct ph_via */
	const char *ca_file;
	const struct ph_ranges *proxy_addrs;	/* of the proxy for TLS; NULL: none */
	uint16_t proxy_port;
	struct ph_str proxy_account;
	const struct ph_want *want;
	const char *const *argv;	/* the program; NULL: all of this host, until a signal */
	/* the way is known, the program about to start */
	void (*begun)(void *arg, const struct ph_tunnel_status *);
	/* once a second; when the way changes */
	void (*status)(void *arg, const struct ph_tunnel_status *);
	void (*changed)(void *arg, const struct ph_tunnel_status *);
	/*
	 * What does not work though the way does, each said once: no address of the relay, no
	 * TCP, nothing to that peer.
	 */
	void (*refused)(void *arg, enum ph_turn_outcome);
	void (*no_tcp)(void *arg, enum ph_turn_outcome);
	void (*forbidden)(void *arg, ph_u128 peer);
	void *arg;
};

enum ph_tunnel_fate {
	PH_TUNNEL_RAN,			/* the program: ${status} */
	PH_TUNNEL_NOT_PERMITTED,	/* no network of one's own here: ${why} */
	PH_TUNNEL_NO_WAY,		/* the relay is not to be reached: see ${ladder} */
	PH_TUNNEL_STOPPED,		/* by a signal, before the program began, or without one */
	PH_TUNNEL_BROKEN,		/* this system refuses something: ${why} */
};

struct ph_tunnel_end {
	enum ph_tunnel_fate fate;
	int status;			/* exit status to pass on */
	const char *why;
	struct ph_ladder ladder;
};

/* ph_tunnel_run(mem, opts, end): until the program ends, or nothing can be done. */
void ph_tunnel_run(struct ph_arena *, const struct ph_tunnel_opts *, struct ph_tunnel_end *);

#endif
