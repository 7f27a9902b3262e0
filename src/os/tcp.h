/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_TCP_H
#define PH_OS_TCP_H

#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

/*
 * What came of opening a connection.  Silence is the caller's to find: a
 * connection that is not decided when its time is over.
 */
enum ph_tcp_fate {
	PH_TCP_PENDING,			/* not decided yet */
	PH_TCP_OPEN,
	PH_TCP_REFUSED,			/* a RST: nobody listens, or a firewall rejects */
	PH_TCP_UNREACHABLE,		/* an ICMP message, of the network or this host */
	PH_TCP_LOCAL,			/* this host did not even try: no route, not permitted */
};

/*
 * ph_tcp_connect(to, port, from, fd):
 * Begin to connect, from the address ${from} unless that is 0.  0, or -errno when
 * this host refuses: -ENETUNREACH without a route, -EPERM or -EACCES by its own
 * rules, -EMFILE, -EADDRNOTAVAIL.
 */
int ph_tcp_connect(ph_u128, uint16_t, ph_u128 from, int *);

/* ph_tcp_connect_by(to, port, device, fd): the same, leaving by that interface. */
int ph_tcp_connect_by(ph_u128, uint16_t, const char *, int *);

/*
 * ph_tcp_connect_near(to, port, from, ttl, fd): the same, with packets that pass no more than
 * ${ttl} - 1 routers; the next one says so in the error queue.  0: as many as usual.
 */
int ph_tcp_connect_near(ph_u128, uint16_t, ph_u128 from, uint8_t ttl, int *);

/*
 * ph_tcp_connect_from(to, port, from, from_port, fd): the same, from a port at which others of this
 * process listen.
 */
int ph_tcp_connect_from(ph_u128, uint16_t, ph_u128 from, uint16_t, int *);

/*
 * ph_tcp_outcome(fd, err): how it stands; *${err} is the errno that tells more.
 */
enum ph_tcp_fate ph_tcp_outcome(int, int *);

/*
 * ph_tcp_syns(fd): of a connection that is not decided, how many SYNs were
 * sent; 0 when the kernel does not say.
 */
unsigned ph_tcp_syns(int);

/*
 * ph_tcp_send(fd, p, n), ph_tcp_recv(fd, p, n): bytes sent or received, never waiting; 0 of
 * recv: the other end closed.  -EAGAIN, or another -errno when the connection broke.
 */
int ph_tcp_send(int, const void *, size_t);
int ph_tcp_recv(int, void *, size_t);

/* ph_tcp_shut(fd): send no more; the other end reads its end after what was sent. */
void ph_tcp_shut(int);

/* ph_tcp_peek(fd, p, n): the same as recv, and the bytes are still there. */
int ph_tcp_peek(int, void *, size_t);

/* ph_tcp_wake_at(fd, n): it counts as readable from so many bytes on; 1 is usual. */
void ph_tcp_wake_at(int, size_t);

/* ph_tcp_abort(fd): close at once, with a RST where there is a connection. */
void ph_tcp_abort(int);

/* ph_tcp_local(fd, addr, port): our end of it.  0, or -errno. */
int ph_tcp_local(int, ph_u128 *, uint16_t *);

#endif
