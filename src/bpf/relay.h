/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PH_BPF_RELAY_H
#define PH_BPF_RELAY_H

#include <linux/types.h>

/*
 * DOC: What the kernel's fast path and its loader share
 *
 * A bound channel is two flows, each found by the addresses and ports of the packets that
 * come in:
 *
 *	client -> server, ChannelData 0x4000 ...	becomes	relay -> peer, the payload
 *	peer -> relay, payload				becomes	server -> client, ChannelData
 *
 *	flows	key -> what the packet is to become.  Replaced as a whole by user space.
 *	tallies	slot -> what was moved, and to which next hop.  Written by the programs only,
 *		so that a change of a flow loses no count.
 *	meters	slot -> the rate limit that several flows share, an allocation's one way.
 *	ports	interface -> its address.  Only these are entered and left.
 *	lease	when user space was last alive.
 *	passes	why packets of known flows were left to user space.
 *
 * Addresses, ports and sums are in network byte order as they stand in the packet, an IPv4
 * address in the first of the four words.  Times are nanoseconds of CLOCK_MONOTONIC.
 */
enum {
	PH_BPF_LEASE_S = 5,			/* seconds without a sign of life close the path */
	PH_BPF_MIN_FRAME = 60,		/* shorter frames would need padding */
	PH_BPF_CHANNEL_MIN = 0x4000,	/* RFC 8656 12 */
	PH_BPF_CHANNEL_MAX = 0x7fff,
	PH_BPF_HOP_S = 1,		/* a next hop is believed for so long */
};

struct ph_bpf_key {
	__be32 src[4], dst[4];
	__be16 sport, dport;
	__u16 channel;			/* 0: a peer's datagram */
	__u16 family;			/* 4 or 6 */
};

struct ph_bpf_flow {
	__be32 src[4], dst[4];		/* what they become */
	__be16 sport, dport;
	__u16 channel;			/* to be put before the payload; 0: taken away */
	__u16 loop;			/* self-test: back out of where it came in */
	__u32 delta;			/* new addresses and ports less the old ones, as a sum */
	__u32 pseudo;			/* old addresses and the protocol, as a sum */
	__be32 label;			/* flow label of IPv6 */
	__u32 tally, meter;		/* slots; meter 0: no limit */
	__u32 id_salt;			/* first identification of IPv4 */
	__u64 expires_ns;
};

/* Where a flow's packets leave.  Asking the kernel's tables costs as much as all else. */
struct ph_bpf_hop {
	__u16 dst[3], src[3];		/* addresses of Ethernet, as their bytes stand */
	__u32 ifindex;
};

struct ph_bpf_tally {
	__u32 lock;			/* struct bpf_spin_lock for the programs */
	__u32 hop_len;			/* bytes of IP that are known to pass it */
	struct ph_bpf_hop hop;
	__u64 hop_until_ns;
	__u64 packets, bytes;		/* relayed; bytes of payload */
	__u64 over_packets, over_bytes;	/* dropped by the limit */
	__u64 warm_ns;			/* when user space is to see the next packet */
};

/* A leaky bucket: ${due_ns} is when all that was let through would have been due. */
struct ph_bpf_meter {
	__u32 lock;
	__u32 pad;
	__u64 due_ns;
	__u64 byte_cost;		/* nanoseconds of a byte, times 2^16 */
	__u64 burst_ns;			/* how far ${due_ns} may be ahead */
};

struct ph_bpf_port {			/* at the place of its index */
	__u16 mac[3];			/* as its bytes stand */
	__u16 kind;
};

enum ph_bpf_kind {
	PH_BPF_FOREIGN,
	PH_BPF_TC,
	PH_BPF_XDP,			/* frames can be redirected to its driver */
};

struct ph_bpf_lease {
	__u64 touched_ns;
	__u64 warm_ns;			/* so often user space gets a packet of a flow; 0: never */
};

/* Why a packet of a known flow was passed. */
enum ph_bpf_pass {
	PH_BPF_LEASE,			/* user space gives no sign of life */
	PH_BPF_EXPIRED,
	PH_BPF_CHECKSUM,		/* none on IPv6, or left to hardware */
	PH_BPF_SHORT,			/* would need padding */
	PH_BPF_ROUTE,			/* none, or no known neighbour */
	PH_BPF_MTU,
	PH_BPF_EGRESS,			/* out of an interface that is not ours */
	PH_BPF_WARM,			/* to keep neighbours and tracked connections alive */
	PH_BPF_ROOM,			/* the driver leaves no room for a longer header */
	PH_BPF_N_PASSES
};

#endif
