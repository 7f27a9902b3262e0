/* SPDX-License-Identifier: ISC */
#include <string.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/pkt_cls.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>

#include "os/clock.h"
#include "relay/fast_priv.h"

/*
 * DOC: The self-test
 *
 * A frame and what it is to become are both written by one function that knows nothing of
 * changing packets: headers, a checksum over all of it.  The kernel runs the program on the
 * first, on the loopback interface, and what comes out must be the second to the last byte.
 * Addresses are of documentation, and no program is attached to a network yet.
 */
enum {
	PAYLOAD = 61,			/* bytes: odd on purpose */
	ETH = 14,
	FRAME = 256,
	LOOPBACK = 1,
	TTL = 64,
	CHANNEL = 0x4abc,
	TOS = 0xb8,			/* expedited forwarding */
};

struct ends {
	ph_u128 src, dst;
	uint16_t sport, dport;
};

static size_t
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return 2;
}

static size_t
put_ip(uint8_t *p, ph_u128 a)
{
	size_t n = ph_addr_is_v4(a) ? 4 : 16;

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(a >> (8 * (n - 1 - i)));
	return n;
}

static uint32_t
sum16(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	return sum;
}

static unsigned
checksum(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static size_t
put_ip_header(uint8_t *p, const struct ends *e, size_t len, uint8_t ttl, uint32_t label)
{
	if (ph_addr_is_v4(e->src)) {
		memset(p, 0, 20);
		p[0] = 0x45;
		p[1] = TOS;
		put16(p + 2, (unsigned)(20 + len));
		p[6] = 0x40;		/* DF */
		p[8] = ttl;
		p[9] = IPPROTO_UDP;
		put_ip(p + 12, e->src);
		put_ip(p + 16, e->dst);
		put16(p + 10, checksum(sum16(p, 20, 0)));
		return 20;
	}
	put16(p, 0x6000 | TOS << 4 | label >> 16);
	put16(p + 2, label & 0xffff);
	put16(p + 4, (unsigned)len);
	p[6] = IPPROTO_UDP;
	p[7] = ttl;
	put_ip(p + 8, e->src);
	put_ip(p + 24, e->dst);
	return 40;
}

/* A frame from ${e}, as ChannelData of ${channel} unless 0. */
static size_t
put_frame(uint8_t *p, const struct ends *e, unsigned channel, uint8_t ttl, uint32_t label)
{
	size_t len = 8 + (channel != 0 ? 4 : 0) + PAYLOAD, at = ETH, udp, alen;
	uint8_t *addrs;

	memset(p, 0, FRAME);
	put16(p + 12, ph_addr_is_v4(e->src) ? 0x0800 : 0x86dd);
	at += put_ip_header(p + at, e, len, ttl, label);
	alen = ph_addr_is_v4(e->src) ? 8 : 32;
	addrs = p + at - alen;
	udp = at;
	at += put16(p + at, e->sport);
	at += put16(p + at, e->dport);
	at += put16(p + at, (unsigned)len);
	at += 2;
	if (channel != 0) {
		at += put16(p + at, channel);
		at += put16(p + at, PAYLOAD);
	}
	for (unsigned i = 0; i < PAYLOAD; i++)
		p[at++] = (uint8_t)(i * 37 + 11);
	put16(p + udp + 6, checksum(sum16(p + udp, len, sum16(addrs, alen,
	    (uint32_t)(IPPROTO_UDP + len)))));
	return at;
}

/* One direction: ${in} becomes ${out}. */
static bool
turns_into(int prog, const uint8_t *in, size_t in_len, const uint8_t *out, size_t out_len)
{
	uint8_t got[FRAME];
	struct bpf_test_run_opts o = { .sz = sizeof(o), .data_in = in,
	    .data_size_in = (uint32_t)in_len, .data_out = got, .data_size_out = sizeof(got),
	    .repeat = 1 };

	return bpf_prog_test_run_opts(prog, &o) == 0 && o.data_size_out == out_len &&
	    memcmp(got, out, out_len) == 0;
}

static bool
both_ways(struct ph_fast *f, int prog, const struct ph_fast_binding *b)
{
	struct ends up_in = { b->client, b->server, b->client_port, b->server_port };
	struct ends up_out = { b->relay, b->peer, b->relay_port, b->peer_port };
	struct ends down_in = { b->peer, b->relay, b->peer_port, b->relay_port };
	struct ends down_out = { b->server, b->client, b->server_port, b->client_port };
	struct ph_bpf_key key[2];
	struct ph_bpf_flow flow[2];
	uint8_t in[FRAME], out[FRAME];
	uint32_t slot = 0;
	size_t n, m;
	bool right;

	if (ph_fast_table_make(b, key, flow) != 0)
		return false;
	for (int i = 0; i < 2; i++) {
		flow[i].tally = slot;
		flow[i].loop = 1;
		if (bpf_map_update_elem(f->map[PH_FAST_FLOWS], &key[i], &flow[i], BPF_ANY) != 0)
			return false;
	}
	n = put_frame(in, &up_in, b->channel, TTL, 0);
	m = put_frame(out, &up_out, 0, TTL - 1, ntohl(flow[0].label));
	right = turns_into(prog, in, n, out, m);
	n = put_frame(in, &down_in, 0, TTL, 0);
	m = put_frame(out, &down_out, b->channel, TTL - 1, ntohl(flow[1].label));
	right = right && turns_into(prog, in, n, out, m);
	bpf_map_delete_elem(f->map[PH_FAST_FLOWS], &key[0]);
	bpf_map_delete_elem(f->map[PH_FAST_FLOWS], &key[1]);
	return right;
}

const char *
ph_fast_selftest(struct ph_fast *f, int prog, bool xdp)
{
	static const ph_u128 net6 = (ph_u128)0x20010db8 << 96;
	struct ph_fast_binding b = {
		.client = PH_V4(0xc0000201), .server = PH_V4(0xc0000202),
		.relay = PH_V4(0xc6336401), .peer = PH_V4(0xcb007101),
		.client_port = 40001, .server_port = 3478, .relay_port = 50001, .peer_port = 60001,
		.channel = CHANNEL, .expires_us = ph_clock_us() + 60000000,
	};
	struct ph_bpf_port lo = { .kind = xdp ? PH_BPF_XDP : PH_BPF_TC }, none = { 0 };
	struct ph_bpf_tally clear = { .warm_ns = UINT64_MAX };
	uint32_t loopback = LOOPBACK, slot = 0;
	const char *wrong = NULL;

	if (bpf_map_update_elem(f->map[PH_FAST_PORTS], &loopback, &lo, BPF_ANY) != 0 ||
	    bpf_map_update_elem(f->map[PH_FAST_TALLIES], &slot, &clear, BPF_F_LOCK) != 0)
		return "the program cannot be tested";
	if (!both_ways(f, prog, &b))
		wrong = "the self-test with IPv4 failed";
	b.client = net6 + 1;
	b.server = net6 + 2;
	b.relay = net6 + 0x10003;
	b.peer = net6 + 0xfffff0004;
	if (wrong == NULL && !both_ways(f, prog, &b))
		wrong = "the self-test with IPv6 failed";
	bpf_map_update_elem(f->map[PH_FAST_PORTS], &loopback, &none, BPF_ANY);
	return wrong;
}
