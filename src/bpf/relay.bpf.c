/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/relay.h"

/*
 * DOC: The fast path
 *
 * Two programs, for XDP and for tc, of one reading and one writing:
 *
 *	read a plain UDP frame -> find its flow -> may it go, and where -> make room
 *	-> count and limit -> write the new headers -> out
 *
 * Until room was made nothing is changed, and whatever is out of the ordinary (fragments,
 * options, VLAN, bytes behind the datagram, another family, no route, too long, expired)
 * goes on to the kernel and so to user space, which does it right, slowly.
 *
 * The UDP checksum is changed by what the headers change, never computed: a packet that
 * came broken leaves broken.
 *
 * The next hop is asked for as if the loopback interface forwarded, which is how the kernel
 * sees its own packets; the interface that packets come in by need not forward.
 */
enum {
	AF_INET = 2, AF_INET6 = 10,
	IP_DF = 0x4000,
	LOOPBACK = 1,			/* its index in every network */
	HEADS = ETH_HLEN + sizeof(struct ipv6hdr) + sizeof(struct udphdr) + 4,
	CHANNEL = 4,			/* bytes of the header of ChannelData */
};

struct tally {
	struct bpf_spin_lock lock;
	__u32 hop_len;
	struct ph_bpf_hop hop;
	__u64 hop_until_ns, packets, bytes, over_packets, over_bytes, warm_ns;
};

struct meter {
	struct bpf_spin_lock lock;
	__u32 pad;
	__u64 due_ns, byte_cost, burst_ns;
};

_Static_assert(sizeof(struct tally) == sizeof(struct ph_bpf_tally), "as user space sees it");
_Static_assert(sizeof(struct meter) == sizeof(struct ph_bpf_meter), "as user space sees it");

/* Sizes of the first four are set by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 2);
	__type(key, struct ph_bpf_key);
	__type(value, struct ph_bpf_flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct tally);
} tallies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct meter);
} meters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct ph_bpf_port);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ph_bpf_lease);
} lease SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PH_BPF_N_PASSES);
	__type(key, __u32);
	__type(value, __u64);
} passes SEC(".maps");

/* A frame, from what came to what is to leave. */
struct job {
	struct ph_bpf_key key;
	__u16 to[3];			/* address of Ethernet */
	__u8 tos, ttl;
	__be16 df;			/* as in the header of IPv4 */
	__be16 check;			/* of UDP, as it came */
	__be16 chan, chan_len;		/* the first four bytes of the payload */
	__u16 udp_len;			/* with its header */
	__u32 in;			/* interface */
	struct ph_bpf_hop hop;
	__u64 now;
	struct ph_bpf_flow *flow;
	struct tally *tally;
};

/* The headers of what is to leave, behind Ethernet's; ${chan} is left out on the way up. */
struct out4 {
	struct iphdr ip;
	struct udphdr udp;
	__be16 chan, chan_len;
};

struct out6 {
	struct ipv6hdr ip;
	struct udphdr udp;
	__be16 chan, chan_len;
};

static __always_inline __u16
fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)((sum & 0xffff) + (sum >> 16));
}

/* The sum of an IPv4 header without options; 0xffff when its checksum is right. */
static __always_inline __u16
sum_ip4(const void *ip)
{
	const __u32 *w = ip;
	__u64 sum = (__u64)w[0] + w[1] + w[2] + w[3] + w[4];

	sum = (sum & 0xffffffff) + (sum >> 32);
	return fold((__u32)((sum & 0xffff) + (sum >> 16)));
}

static __always_inline int
pass(__u32 why)
{
	__u64 *n = bpf_map_lookup_elem(&passes, &why);

	if (n)
		(*n)++;
	return 0;
}

/* The UDP header, and what may be one of ChannelData.  ${room} bytes are behind IP's. */
static __always_inline int
read_udp(struct job *j, struct udphdr *udp, void *end, __u32 room)
{
	__be16 *word = (void *)(udp + 1);

	if ((void *)(udp + 1) > end)
		return 0;
	j->udp_len = bpf_ntohs(udp->len);
	if (j->udp_len != room || room < sizeof(*udp))
		return 0;
	j->key.sport = udp->source;
	j->key.dport = udp->dest;
	j->check = udp->check;
	if (room >= sizeof(*udp) + CHANNEL && (void *)(word + 2) <= end) {
		j->chan = word[0];
		j->chan_len = word[1];
	}
	return 1;
}

static __always_inline int
read_ip4(struct job *j, struct iphdr *ip, void *end, __u32 room)
{
	__u32 len;

	if ((void *)(ip + 1) > end || *(__u8 *)ip != 0x45 || ip->protocol != IPPROTO_UDP)
		return 0;
	len = bpf_ntohs(ip->tot_len);
	if ((ip->frag_off & ~bpf_htons(IP_DF)) != 0 || len != room || ip->ttl <= 1 ||
	    len < sizeof(*ip) || sum_ip4(ip) != 0xffff)
		return 0;
	j->key.family = 4;
	j->key.src[0] = ip->saddr;
	j->key.dst[0] = ip->daddr;
	j->tos = ip->tos;
	j->ttl = ip->ttl;
	j->df = ip->frag_off;
	return read_udp(j, (void *)(ip + 1), end, len - sizeof(*ip));
}

static __always_inline int
read_ip6(struct job *j, struct ipv6hdr *ip, void *end, __u32 room)
{
	__u32 len;

	if ((void *)(ip + 1) > end || *(__u8 *)ip >> 4 != 6 || ip->nexthdr != IPPROTO_UDP)
		return 0;
	len = bpf_ntohs(ip->payload_len);
	if (len + sizeof(*ip) != room || ip->hop_limit <= 1)
		return 0;
	j->key.family = 6;
	__builtin_memcpy(j->key.src, &ip->saddr, sizeof(j->key.src));
	__builtin_memcpy(j->key.dst, &ip->daddr, sizeof(j->key.dst));
	j->tos = (__u8)(bpf_ntohl(*(__be32 *)ip) >> 20);
	j->ttl = ip->hop_limit;
	return read_udp(j, (void *)(ip + 1), end, len);
}

/* Read a frame of ${len} bytes; false: it is not of the plain kind. */
static __always_inline int
read(struct job *j, void *data, void *end, __u32 len)
{
	struct ethhdr *eth = data;
	__u16 *word = data;

	if ((void *)(eth + 1) > end)
		return 0;
	j->to[0] = word[0];
	j->to[1] = word[1];
	j->to[2] = word[2];
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return read_ip4(j, (void *)(eth + 1), end, len - ETH_HLEN);
	if (eth->h_proto == bpf_htons(ETH_P_IPV6))
		return read_ip6(j, (void *)(eth + 1), end, len - ETH_HLEN);
	return 0;
}

/* A channel's data if it looks like it and that channel is bound, else a peer's datagram. */
static __always_inline int
find(struct job *j)
{
	__u16 chan = bpf_ntohs(j->chan);

	if (chan >= PH_BPF_CHANNEL_MIN && chan <= PH_BPF_CHANNEL_MAX &&
	    bpf_ntohs(j->chan_len) + CHANNEL + sizeof(struct udphdr) == j->udp_len) {
		j->key.channel = chan;
		j->flow = bpf_map_lookup_elem(&flows, &j->key);
		if (j->flow)
			return 1;
		j->key.channel = 0;
	}
	j->flow = bpf_map_lookup_elem(&flows, &j->key);
	return j->flow != 0;
}

/* Bytes of IP, UDP and payload when it leaves. */
static __always_inline __u32
out_len(const struct job *j)
{
	return j->udp_len + (j->flow->channel ? CHANNEL : -CHANNEL) +
	    (j->key.family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
}

/*
 * A sender on this host, or in a machine on it, may have left the checksum to hardware
 * that never came: then its field has the sum of the pseudo-header.
 */
static __always_inline int
unchecked(const struct job *j)
{
	if (j->check == 0)
		return j->key.family == 6;
	return fold(j->flow->pseudo + bpf_htons(j->udp_len)) == j->check;
}

/* Is the path open for it? */
static __always_inline int
admit(struct job *j)
{
	__u32 zero = 0;
	struct ph_bpf_lease *l = bpf_map_lookup_elem(&lease, &zero);

	if (!l || j->now > l->touched_ns + PH_BPF_LEASE_S * 1000000000ULL)
		return pass(PH_BPF_LEASE);
	if (j->now >= j->flow->expires_ns)
		return pass(PH_BPF_EXPIRED);
	if (unchecked(j))
		return pass(PH_BPF_CHECKSUM);
	if (out_len(j) + ETH_HLEN < PH_BPF_MIN_FRAME)
		return pass(PH_BPF_SHORT);
	j->tally = bpf_map_lookup_elem(&tallies, &j->flow->tally);
	if (!j->tally)
		return 0;
	if (l->warm_ns && j->now >= j->tally->warm_ns) {
		j->tally->warm_ns = j->now + l->warm_ns;
		return pass(PH_BPF_WARM);
	}
	return 1;
}

/* The next hop, by the kernel's own tables. */
static __always_inline int
route(void *ctx, struct job *j)
{
	struct bpf_fib_lookup f = {
		.l4_protocol = IPPROTO_UDP, .sport = j->flow->sport, .dport = j->flow->dport,
		.tot_len = (__u16)out_len(j), .ifindex = LOOPBACK,
	};
	long rc;

	if (j->key.family == 4) {
		f.family = AF_INET;
		f.tos = j->tos;
		f.ipv4_src = j->flow->src[0];
		f.ipv4_dst = j->flow->dst[0];
	} else {
		f.family = AF_INET6;
		__builtin_memcpy(f.ipv6_src, j->flow->src, sizeof(f.ipv6_src));
		__builtin_memcpy(f.ipv6_dst, j->flow->dst, sizeof(f.ipv6_dst));
	}
	rc = bpf_fib_lookup(ctx, &f, sizeof(f), 0);
	if (rc != BPF_FIB_LKUP_RET_SUCCESS)
		return pass(rc == BPF_FIB_LKUP_RET_FRAG_NEEDED ? PH_BPF_MTU : PH_BPF_ROUTE);
	__builtin_memcpy(j->hop.dst, f.dmac, ETH_ALEN);
	__builtin_memcpy(j->hop.src, f.smac, ETH_ALEN);
	j->hop.ifindex = f.ifindex;
	return 1;
}

/* May frames leave by it? */
static __always_inline int
leaves(const struct job *j, int xdp)
{
	struct ph_bpf_port *out;

	if (j->hop.ifindex == j->in)
		return 1;
	out = bpf_map_lookup_elem(&ports, &j->hop.ifindex);
	if (!out || out->kind == PH_BPF_FOREIGN || (xdp && out->kind != PH_BPF_XDP))
		return pass(PH_BPF_EGRESS);
	return 1;
}

/* The next hop as it was a moment ago, else asked for anew. */
static __always_inline int
next_hop(void *ctx, struct job *j, int xdp)
{
	struct tally *t = j->tally;
	int known;

	bpf_spin_lock(&t->lock);
	known = j->now < t->hop_until_ns && out_len(j) <= t->hop_len;
	j->hop = t->hop;
	bpf_spin_unlock(&t->lock);
	if (known)
		return 1;
	if (!route(ctx, j) || !leaves(j, xdp))
		return 0;
	bpf_spin_lock(&t->lock);
	t->hop = j->hop;
	t->hop_len = out_len(j);
	t->hop_until_ns = j->now + PH_BPF_HOP_S * 1000000000ULL;
	bpf_spin_unlock(&t->lock);
	return 1;
}

/* Everything before the first change: false leaves the frame to the kernel. */
static __always_inline int
decide(void *ctx, struct job *j, int xdp)
{
	struct ph_bpf_port *in = bpf_map_lookup_elem(&ports, &j->in);

	if (!in || in->kind == PH_BPF_FOREIGN || in->mac[0] != j->to[0] ||
	    in->mac[1] != j->to[1] || in->mac[2] != j->to[2] || !find(j))
		return 0;
	j->now = bpf_ktime_get_coarse_ns();
	if (!admit(j))
		return 0;
	j->hop.ifindex = j->in;
	return j->flow->loop || next_hop(ctx, j, xdp);
}

/* May ${bytes} more pass? */
static __always_inline int
within(struct job *j, __u32 bytes)
{
	struct meter *m;
	__u64 cost;
	int ok;

	if (!j->flow->meter)
		return 1;
	m = bpf_map_lookup_elem(&meters, &j->flow->meter);
	if (!m)
		return 0;
	bpf_spin_lock(&m->lock);
	cost = (bytes * m->byte_cost) >> 16;
	if (m->due_ns < j->now)
		m->due_ns = j->now;
	ok = m->due_ns + cost <= j->now + m->burst_ns;
	if (ok)
		m->due_ns += cost;
	bpf_spin_unlock(&m->lock);
	return ok;
}

/* Limit and count; false: to be dropped.  *${id} tells packets of one flow apart. */
static __always_inline int
account(struct job *j, __u16 *id)
{
	__u32 bytes = j->udp_len - sizeof(struct udphdr) - (j->flow->channel ? 0 : CHANNEL);
	int ok = within(j, bytes);

	bpf_spin_lock(&j->tally->lock);
	if (ok) {
		j->tally->packets++;
		j->tally->bytes += bytes;
	} else {
		j->tally->over_packets++;
		j->tally->over_bytes += bytes;
	}
	*id = (__u16)(j->tally->packets + j->flow->id_salt);
	bpf_spin_unlock(&j->tally->lock);
	return ok;
}

/* Of a peer's datagram, as ChannelData has it. */
static __always_inline __be16
payload_len(const struct job *j)
{
	return bpf_htons(j->udp_len - (__u16)sizeof(struct udphdr));
}

/* RFC 1624: the checksum with what changes in the pseudo-header and the first bytes. */
static __always_inline __be16
new_check(const struct job *j, __be16 len)
{
	__u32 sum = (__u16)~j->check + j->flow->delta +
	    2 * ((__u32)(__u16)~bpf_htons(j->udp_len) + len);
	__u16 check;

	if (j->check == 0)
		return 0;
	if (j->flow->channel)
		sum += (__u32)bpf_htons(j->flow->channel) + payload_len(j);
	else
		sum += (__u32)(__u16)~j->chan + (__u16)~j->chan_len;
	check = (__u16)~fold(sum);
	return check ? check : 0xffff;
}

static __always_inline void
write_udp(struct udphdr *udp, const struct job *j)
{
	udp->source = j->flow->sport;
	udp->dest = j->flow->dport;
	udp->len = bpf_htons(j->udp_len + (j->flow->channel ? CHANNEL : -CHANNEL));
	udp->check = new_check(j, udp->len);
}

/* RFC 8656 14: type of service and DF as they came, one hop less. */
static __always_inline void
write_ip4(struct iphdr *ip, const struct job *j, __u16 id)
{
	*(__u8 *)ip = 0x45;
	ip->tos = j->tos;
	ip->tot_len = bpf_htons((__u16)out_len(j));
	ip->id = j->df ? 0 : bpf_htons(id);
	ip->frag_off = j->df;
	ip->ttl = j->ttl - 1;
	ip->protocol = IPPROTO_UDP;
	ip->check = 0;
	ip->saddr = j->flow->src[0];
	ip->daddr = j->flow->dst[0];
	ip->check = (__u16)~sum_ip4(ip);
}

static __always_inline void
write_ip6(struct ipv6hdr *ip, const struct job *j)
{
	*(__be32 *)ip = bpf_htonl(6U << 28 | (__u32)j->tos << 20) | j->flow->label;
	ip->payload_len = bpf_htons((__u16)(out_len(j) - sizeof(*ip)));
	ip->nexthdr = IPPROTO_UDP;
	ip->hop_limit = j->ttl - 1;
	__builtin_memcpy(&ip->saddr, j->flow->src, sizeof(ip->saddr));
	__builtin_memcpy(&ip->daddr, j->flow->dst, sizeof(ip->daddr));
}

static __always_inline void
write_eth(struct ethhdr *eth, const struct job *j)
{
	__u16 *w = (__u16 *)(void *)eth;

	w[0] = j->hop.dst[0];
	w[1] = j->hop.dst[1];
	w[2] = j->hop.dst[2];
	w[3] = j->hop.src[0];
	w[4] = j->hop.src[1];
	w[5] = j->hop.src[2];
	w[6] = j->key.family == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
}

static __always_inline int
write_xdp(struct xdp_md *ctx, const struct job *j, __u16 id)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct out4 *o4 = data + ETH_HLEN;
	struct out6 *o6 = data + ETH_HLEN;
	__be16 *chan;

	if (j->key.family == 4) {
		chan = &o4->chan;
		if ((void *)chan > end)
			return 0;
		write_ip4(&o4->ip, j, id);
		write_udp(&o4->udp, j);
	} else {
		chan = &o6->chan;
		if ((void *)chan > end)
			return 0;
		write_ip6(&o6->ip, j);
		write_udp(&o6->udp, j);
	}
	write_eth(data, j);
	if (j->flow->channel) {
		if ((void *)(chan + 2) > end)
			return 0;
		chan[0] = bpf_htons(j->flow->channel);
		chan[1] = payload_len(j);
	}
	return 1;
}

SEC("xdp")
int
ph_relay_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct job j = { .in = ctx->ingress_ifindex };
	__u16 id;

	if (!read(&j, data, end, (__u32)(end - data)) || !decide(ctx, &j, 1))
		return XDP_PASS;
	if (bpf_xdp_adjust_head(ctx, j.flow->channel ? -CHANNEL : CHANNEL) != 0) {
		pass(PH_BPF_ROOM);
		return XDP_PASS;
	}
	if (!account(&j, &id) || !write_xdp(ctx, &j, id))
		return XDP_DROP;
	/* Not XDP_TX: a veth wakes its other end for that only when a program is there. */
	return (int)bpf_redirect(j.hop.ifindex, 0);
}

/* A sum that hardware made over the whole packet is kept right by the helper. */
static __always_inline int
write_tc(struct __sk_buff *skb, const struct job *j, __u16 id)
{
	__u32 chan = j->flow->channel ? CHANNEL : 0;
	struct ethhdr eth;
	struct out4 o4;
	struct out6 o6;

	write_eth(&eth, j);
	if (bpf_skb_store_bytes(skb, 0, &eth, sizeof(eth), 0) != 0)
		return 0;
	if (j->key.family == 4) {
		write_ip4(&o4.ip, j, id);
		write_udp(&o4.udp, j);
		o4.chan = bpf_htons(j->flow->channel);
		o4.chan_len = payload_len(j);
		return bpf_skb_store_bytes(skb, ETH_HLEN, &o4, sizeof(o4) - CHANNEL + chan,
		    BPF_F_RECOMPUTE_CSUM) == 0;
	}
	write_ip6(&o6.ip, j);
	write_udp(&o6.udp, j);
	o6.chan = bpf_htons(j->flow->channel);
	o6.chan_len = payload_len(j);
	return bpf_skb_store_bytes(skb, ETH_HLEN, &o6, sizeof(o6) - CHANNEL + chan,
	    BPF_F_RECOMPUTE_CSUM) == 0;
}

SEC("tc")
int
ph_relay_tc(struct __sk_buff *skb)
{
	struct job j = { .in = skb->ifindex };
	__u16 id;

	if (skb->vlan_present || skb->gso_size || skb->pkt_type != 0 ||
	    (skb->protocol != bpf_htons(ETH_P_IP) && skb->protocol != bpf_htons(ETH_P_IPV6)))
		return TC_ACT_UNSPEC;
	if (skb->data_end - skb->data < HEADS &&
	    bpf_skb_pull_data(skb, skb->len < HEADS ? skb->len : HEADS) != 0)
		return TC_ACT_UNSPEC;
	if (!read(&j, (void *)(long)skb->data, (void *)(long)skb->data_end, skb->len) ||
	    !decide(skb, &j, 0))
		return TC_ACT_UNSPEC;
	if (bpf_skb_adjust_room(skb, j.flow->channel ? CHANNEL : -CHANNEL,
	    BPF_ADJ_ROOM_MAC, 0) != 0) {
		pass(PH_BPF_ROOM);
		return TC_ACT_UNSPEC;
	}
	if (!account(&j, &id) || !write_tc(skb, &j, id))
		return TC_ACT_SHOT;
	return (int)bpf_redirect(j.hop.ifindex, 0);
}

char ph_license[] SEC("license") = "Dual BSD/GPL";
