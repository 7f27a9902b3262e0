/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "fastgen.h"

/*
 * For tests/bench/fast.c: a generator of many flows out of one frame, and two sinks.  Flow
 * i has i added to two words of its headers, and the checksum knows what has changed.
 *
 * Frames are used again with what was done to them, so all headers are written each time.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fastgen);
} plans SEC(".maps");

static __always_inline void
vary(__u8 *udp, const struct fastgen *p, __u16 i)
{
	__be16 *first = (void *)udp, *check = (void *)(udp + 6);
	__be16 *other = (void *)(udp + (p->down ? 2 : 8));
	__u32 sum = (__u16)~*check;

	sum += (__u16)~*first + (__u32)(__u16)~*other;
	*first = bpf_htons(bpf_ntohs(*first) + i);
	*other = bpf_htons(bpf_ntohs(*other) + i);
	sum += (__u32)*first + *other;
	sum = (sum & 0xffff) + (sum >> 16);
	*check = (__u16)~((sum & 0xffff) + (sum >> 16));
}

SEC("xdp")
int
bench_send(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 zero = 0;
	struct fastgen *p = bpf_map_lookup_elem(&plans, &zero);

	if (!p || data + FASTGEN_HEADS > end)
		return XDP_ABORTED;
	__builtin_memcpy(data, p->heads, FASTGEN_HEADS);
	if (++p->at >= p->flows)
		p->at = 0;
	vary(data + (p->six ? 54 : 34), p, (__u16)p->at);
	return XDP_TX;
}

SEC("xdp")
int
bench_drop(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_DROP;
}

SEC("tc")
int
bench_shot(struct __sk_buff *skb)
{
	(void)skb;
	return TC_ACT_SHOT;
}

char bench_license[] SEC("license") = "Dual BSD/GPL";
