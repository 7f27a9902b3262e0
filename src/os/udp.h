/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_UDP_H
#define PH_OS_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

/*
 * DOC: UDP sockets that see what happens on the way
 *
 * Datagrams go in and out in batches.  Every one that arrives brings its ToS
 * byte, its TTL and the kernel's arrival time; what routers and hosts on the
 * way answer by ICMP is in the error queue (os/errqueue.h).  All of that is given
 * to any user.
 */
struct ph_udp_msg {
	uint8_t *data;
	uint32_t len;			/* bytes; receiving: room before, length after */
	ph_u128 addr;			/* of the other end */
	uint16_t port;
	uint8_t ttl;			/* sending: 0 is the socket's */
	bool has_tos;			/* sending: use ${tos}, not the socket's */
	uint8_t tos;			/* DSCP and ECN */
	bool truncated;			/* receiving: longer than the room */
	uint64_t at_us;			/* receiving: arrival, ph_clock_us() */
};

enum ph_udp_df {
	PH_UDP_MAY_FRAGMENT,		/* never set DF: the kernel and routers cut */
	PH_UDP_NO_FRAGMENT,		/* DF set, what the kernel knows of the path ignored */
};

struct ph_udp_opts {
	ph_u128 addr;			/* to bind to; 0 is any of IPv6, PH_V4(0) of IPv4 */
	uint16_t port;			/* 0: the kernel chooses */
	enum ph_udp_df df;
	uint32_t rcvbuf;		/* bytes asked for; 0: the kernel's default */
	uint32_t sndbuf;
};

/*
 * ph_udp_open(opts, fd): a non-blocking socket, closed on exec.  0, or -errno:
 * -EADDRINUSE, -EADDRNOTAVAIL, -EACCES for low ports, -EMFILE, -EAFNOSUPPORT.
 */
int ph_udp_open(const struct ph_udp_opts *, int *);

/* ph_udp_df(fd, v6, df): change whether datagrams may be cut. */
int ph_udp_df(int, bool v6, enum ph_udp_df);

/*
 * ph_udp_send(fd, v, n): how many of the ${n} were sent, in order.  When none was,
 * -errno of the first: -EAGAIN, -EPERM (this host's own firewall), -ENETUNREACH
 * (no route), -EMSGSIZE, or an ICMP error that came for an earlier datagram.
 */
int ph_udp_send(int, const struct ph_udp_msg *, size_t);

/*
 * ph_udp_recv(fd, v, n): how many arrived and were put into ${v}, whose data and
 * room the caller set; 0 when none waits.  Pending ICMP errors stay in the
 * error queue.  -errno when the socket is broken.
 */
int ph_udp_recv(int, struct ph_udp_msg *, size_t);

/* ph_udp_local(fd, addr, port): what it is bound to.  0, or -errno. */
int ph_udp_local(int, ph_u128 *, uint16_t *);

/*
 * ph_udp_source(to, from): the address of this host from which packets to ${to} leave.  0, or
 * -errno: -ENETUNREACH when there is no route.  Sends nothing.
 */
int ph_udp_source(ph_u128, ph_u128 *);

/*
 * ph_udp_files(n): raise the limit of open files to at least ${n}, as far as
 * allowed; what it is then.
 */
size_t ph_udp_files(size_t);

#endif
