/* SPDX-License-Identifier: ISC */
#ifndef PH_TUNNEL_IP_H
#define PH_TUNNEL_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

/*
 * DOC: Packets on the way to and from a TUN device
 *
 * RFC 791 and 8200, RFC 768, RFC 9293, RFC 792 and 4443, as far as a network of one host
 * and one way out needs them: read the headers of a packet, make a UDP datagram, put other
 * addresses and ports into a TCP segment, and say by ICMP or RST that something is
 * not to be reached.
 *
 * The device takes packets of 65,535 bytes, so that neither side ever has a
 * reason to cut one: fragments are dropped.  Of IPv6 extension headers, hop-by-hop and
 * destination options are passed over.
 */
enum {
	PH_IP_MAX = 65535,
	PH_IP_UDP_HEAD = 48,		/* bytes before UDP's data, at most, in what we make */
	PH_IP_ERROR_MAX = 1280,		/* bytes of an ICMP error that we make, at most */
};

/* A packet that was read; pointers go into it. */
struct ph_ip {
	uint8_t *p;			/* the whole of it */
	size_t len;
	bool v6;
	uint8_t proto;			/* 17, 6, 1, 58 or other */
	uint8_t tos;
	ph_u128 src, dst;
	uint16_t sport, dport;		/* UDP, TCP; 0 of others */
	uint8_t flags;			/* TCP: of its header */
	uint8_t *l4;			/* header after IP's */
	size_t l4_len;			/* with data */
	uint8_t *data;			/* UDP only */
	size_t data_len;
};

/* Who sends what to whom. */
struct ph_ip_way {
	ph_u128 src, dst;		/* of one family */
	uint16_t sport, dport;
	uint8_t tos;
};

/*
 * ph_ip_read(ip, p, n): false when it is no whole packet, a fragment, or a UDP or TCP
 * header is cut or does not fit.  Checksums are not looked at: the kernel next door made them.
 */
bool ph_ip_read(struct ph_ip *, uint8_t *, size_t);

/* ph_ip_udp(way, data, len, out, cap): a datagram; its bytes, or 0 when it is too long. */
size_t ph_ip_udp(const struct ph_ip_way *, const void *, size_t, uint8_t *, size_t);

/*
 * ph_ip_turn(ip, way): put the addresses and ports of ${way} into a TCP segment that was
 * read, and mend its checksums (RFC 1624).
 */
void ph_ip_turn(struct ph_ip *, const struct ph_ip_way *);

/* ph_ip_reset(ip, out, cap): the RST that refuses the SYN ${ip}; bytes. */
size_t ph_ip_reset(const struct ph_ip *, uint8_t *, size_t);

enum ph_ip_why { PH_IP_NO_HOST, PH_IP_NO_PORT, PH_IP_PROHIBITED };

/*
 * ph_ip_unreachable(ip, why, from, out, cap): ICMP's "destination unreachable" for ${ip}, from
 * the address ${from} of its family; bytes.
 */
size_t ph_ip_unreachable(const struct ph_ip *, enum ph_ip_why, ph_u128, uint8_t *, size_t);

#endif
