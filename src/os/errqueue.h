/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_ERRQUEUE_H
#define PH_OS_ERRQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

/*
 * What came of a packet that did not get through: the kernel keeps ICMP messages
 * for the socket whose packet they quote, UDP and TCP alike, with who said it
 * and how the packet's payload began.
 */
struct ph_errqueue_item {
	bool local;			/* this host said so; else an ICMP message */
	int err;			/* errno that stands for it */
	uint8_t type, code;		/* of ICMP or ICMPv6, by family of ${to} */
	bool has_offender;
	ph_u128 offender;		/* who sent the ICMP message */
	uint32_t mtu;			/* fragmentation needed, packet too big; else 0 */
	ph_u128 to;			/* where the packet was going; UDP only */
	uint16_t to_port;
	size_t len;			/* bytes of its payload that came back */
	uint64_t at_us;			/* ph_clock_us() of its arrival */
};

/*
 * ph_errqueue_take(fd, data, room, out): take one from the queue of a UDP or TCP
 * socket of this folder, with what is there of the packet's payload.  1, 0 when
 * there is none, or -errno.
 */
int ph_errqueue_take(int, uint8_t *, size_t, struct ph_errqueue_item *);

enum ph_errqueue_kind { PH_ERRQUEUE_OTHER, PH_ERRQUEUE_UNREACHABLE, PH_ERRQUEUE_EXCEEDED };

/* ph_errqueue_kind(v6, type): what an ICMP message of that type says. */
enum ph_errqueue_kind ph_errqueue_kind(bool v6, uint8_t);

/*
 * ph_errqueue_prohibits(v6, type, code): does that ICMP message say that a rule forbids
 * the packet, rather than that nobody is there?  RFC 1812 5.2.7.1, RFC 4443 3.1.
 */
bool ph_errqueue_prohibits(bool v6, uint8_t, uint8_t);

/* ph_errqueue_drain(fd): throw away what is in it: a socket with errors never rests. */
void ph_errqueue_drain(int);

#endif
