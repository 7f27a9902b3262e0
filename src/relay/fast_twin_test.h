/* SPDX-License-Identifier: ISC */
#ifndef PH_RELAY_FAST_TWIN_TEST_H
#define PH_RELAY_FAST_TWIN_TEST_H

#include "relay/fast.h"

/*
 * DOC: The twin of the fast path
 *
 * What the programs of bpf/relay.bpf.c do, written once more to be obvious: every checksum
 * over all bytes, tables searched from front to back.
 */
enum { TWIN_FRAME = 2048, TWIN_BINDINGS = 64, TWIN_ROUTES = 8 };

enum twin_fate { TWIN_PASS, TWIN_SEND };

/* To the addresses of ${to}: out of the interface with this address, to that neighbour. */
struct twin_route {
	struct ph_range to;
	uint8_t src_mac[6], dst_mac[6];
	unsigned mtu;			/* bytes; 0: there is no way */
};

struct twin_end {
	struct ph_fast_binding b;
	struct ph_fast_counts n;
	uint32_t label[2], salt[2];	/* as the table has chosen them; up, down */
};

struct twin {
	uint64_t now_us;
	uint8_t mac[6];			/* of the interface that packets come in by */
	struct twin_end end[TWIN_BINDINGS];
	size_t n_ends;
	struct twin_route route[TWIN_ROUTES];
	size_t n_routes;
};

struct twin_frame {
	uint8_t b[TWIN_FRAME];
	size_t len;
};

/* A datagram to be written as a frame. */
struct twin_packet {
	ph_u128 src, dst;
	uint16_t sport, dport;
	uint8_t tos, ttl;
	bool df;
	uint16_t id;			/* IPv4 */
	uint32_t label;			/* IPv6 */
	uint8_t payload[TWIN_FRAME];
	size_t len;
};

/* twin_write(p, src_mac, dst_mac, f): with right checksums. */
void twin_write(const struct twin_packet *, const uint8_t *, const uint8_t *,
    struct twin_frame *);

/* twin_checksum(f): of UDP, over all bytes, host order; what the field has does not count. */
uint16_t twin_checksum(const struct twin_frame *);

/* twin_fix_ip(f): write the checksum of the IPv4 header. */
void twin_fix_ip(struct twin_frame *);

/* twin_run(t, in, out): what becomes of a frame. */
enum twin_fate twin_run(struct twin *, const struct twin_frame *, struct twin_frame *out);

#endif
