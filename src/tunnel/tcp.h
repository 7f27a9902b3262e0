/* SPDX-License-Identifier: ISC */
#ifndef PH_TUNNEL_TCP_H
#define PH_TUNNEL_TCP_H

#include "tunnel/dial.h"
#include "tunnel/ip.h"
#include "tunnel/want.h"

/*
 * DOC: TCP connections of the program
 *
 * Somebody has to be the other end of a TCP connection whose packets come out of the
 * device.  A TCP of one's own is a long way to a bad copy of the kernel's; lwIP, which Debian
 * has as a library, has windows of 128 kB, no SACK, and accepts a connection before anybody can
 * know whether there is one.  But there is a kernel right here, that of the program's network,
 * and packets can be sent to it: so each segment is sent back through the device with other
 * addresses, to a socket that listens in the same network and that this process holds.
 *
 *	program  HERE:p -> FAR:443   ==>   GATE:n -> HERE:listener
 *	         HERE:p <- FAR:443   <==   GATE:n <- HERE:listener
 *
 * ${n} is the number of the connection.  The kernel does both ends of TCP; here are only bytes,
 * which go on in a connection of this host, or of the relay (tunnel/dial.h).  The SYN is kept until
 * that is there: so what is refused outside is refused inside, and a program that tries one
 * address after the other learns what it would without us.
 *
 * The device takes packets of 65,535 bytes, and segments are as long: a segment costs a read, a
 * few sums and a write for 64 kB of data.
 */
enum { PH_TCP_MAX = 2048 };		/* connections at a time */

struct ph_tcp_counts {
	uint64_t up_bytes, down_bytes;	/* through the relay */
	uint64_t direct_up, direct_down;	/* bytes */
	unsigned open, relayed;		/* connections now; of them through the relay */
};

struct ph_tcp_opts {
	struct ph_via *via;
	struct ph_dial *dial;		/* connections through the relay; NULL: none */
	const struct ph_want *want;
	int tun;
	int listen4, listen6;		/* -1: none */
	ph_u128 here4, here6, gate4, gate6;
};

struct ph_tcp;

/* ph_tcp_new(opts, out): 0, or -errno. */
int ph_tcp_new(const struct ph_tcp_opts *, struct ph_tcp **);

/* ph_tcp_free(t): reset all connections; NULL is fine. */
void ph_tcp_free(struct ph_tcp *);

/* ph_tcp_packet(t, ip): a segment of the program, or of our listener. */
void ph_tcp_packet(struct ph_tcp *, struct ph_ip *);

/* ph_tcp_counts(t): what passed so far. */
const struct ph_tcp_counts *ph_tcp_counts(const struct ph_tcp *);

#endif
