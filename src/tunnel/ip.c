/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "net/names.h"
#include "tunnel/ip.h"
#include "wire/cursor.h"

enum {
	V4_HEAD = 20, V6_HEAD = 40, UDP_HEAD = 8, TCP_HEAD = 20, ICMP_HEAD = 8,
	HOP_BY_HOP = 0, DESTINATION = 60, FRAGMENT = 44,
	TTL = 64, DONT_FRAGMENT = 0x4000, MORE_OR_OFFSET = 0x3fff,
	RST_ACK = 0x14, SYN_OR_FIN = 0x03,
	MAX_OPTIONS = 8,		/* extension headers passed over */
};

/* --- checksums, RFC 1071 --- */

static uint32_t
sum(const uint8_t *p, size_t n, uint32_t s)
{
	uint64_t wide = s;

	for (; n >= 4; p += 4, n -= 4)
		wide += ph_be32(p);
	if (n >= 2) {
		wide += ph_be16(p);
		p += 2;
		n -= 2;
	}
	if (n == 1)
		wide += (uint32_t)*p << 8;
	while (wide >> 16 != 0)
		wide = (wide & 0xffff) + (wide >> 16);
	return (uint32_t)wide;
}

static uint16_t
fold(uint32_t s)
{
	while (s >> 16 != 0)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

/* The addresses in network order, of the length of their family. */
static size_t
put_addr(uint8_t *p, ph_u128 a)
{
	if (ph_addr_is_v4(a)) {
		ph_put32(p, (uint32_t)(a - PH_V4_BASE));
		return 4;
	}
	for (int i = 15; i >= 0; i--, a >>= 8)
		p[i] = (uint8_t)a;
	return 16;
}

static ph_u128
get_addr(const uint8_t *p, bool v6)
{
	ph_u128 a = 0;

	if (!v6)
		return PH_V4(ph_be32(p));
	for (int i = 0; i < 16; i++)
		a = a << 8 | p[i];
	return a;
}

static uint32_t
sum_ends(ph_u128 src, ph_u128 dst)
{
	uint8_t a[32];
	size_t n = put_addr(a, src);

	return sum(a, n + put_addr(a + n, dst), 0);
}

/* --- reading --- */

static bool
read_v4(struct ph_ip *ip)
{
	size_t head = (size_t)(ip->p[0] & 15) * 4, total = ph_be16(ip->p + 2);

	if (ip->len < V4_HEAD || head < V4_HEAD || total < head || total > ip->len ||
	    (ph_be16(ip->p + 6) & MORE_OR_OFFSET) != 0)
		return false;
	ip->len = total;
	ip->tos = ip->p[1];
	ip->proto = ip->p[9];
	ip->src = get_addr(ip->p + 12, false);
	ip->dst = get_addr(ip->p + 16, false);
	ip->l4 = ip->p + head;
	ip->l4_len = total - head;
	return true;
}

static bool
read_v6(struct ph_ip *ip)
{
	size_t at = V6_HEAD, total;
	unsigned i;

	if (ip->len < V6_HEAD)
		return false;
	total = V6_HEAD + (size_t)ph_be16(ip->p + 4);
	if (total > ip->len)
		return false;
	ip->len = total;
	ip->v6 = true;
	ip->tos = (uint8_t)(ph_be16(ip->p) >> 4);
	ip->proto = ip->p[6];
	ip->src = get_addr(ip->p + 8, true);
	ip->dst = get_addr(ip->p + 24, true);
	for (i = 0; ip->proto == HOP_BY_HOP || ip->proto == DESTINATION; i++) {
		if (i == MAX_OPTIONS || total - at < 8)
			return false;
		ip->proto = ip->p[at];
		at += 8 + (size_t)ip->p[at + 1] * 8;
		if (at > total)
			return false;
	}
	ip->l4 = ip->p + at;
	ip->l4_len = total - at;
	return ip->proto != FRAGMENT;
}

static bool
read_udp(struct ph_ip *ip)
{
	size_t n;

	if (ip->l4_len < UDP_HEAD)
		return false;
	n = ph_be16(ip->l4 + 4);
	if (n < UDP_HEAD || n > ip->l4_len)
		return false;
	ip->data = ip->l4 + UDP_HEAD;
	ip->data_len = n - UDP_HEAD;
	return true;
}

bool
ph_ip_read(struct ph_ip *ip, uint8_t *p, size_t n)
{
	*ip = (struct ph_ip){ .p = p, .len = n };
	if (n < V4_HEAD || !(p[0] >> 4 == 4 ? read_v4(ip) : p[0] >> 4 == 6 && read_v6(ip)))
		return false;
	if (ip->proto != PH_UDP && ip->proto != PH_TCP)
		return true;
	if (ip->proto == PH_TCP ? ip->l4_len < TCP_HEAD : !read_udp(ip))
		return false;
	ip->sport = ph_be16(ip->l4);
	ip->dport = ph_be16(ip->l4 + 2);
	if (ip->proto == PH_TCP)
		ip->flags = ip->l4[13];
	return true;
}

/* --- making --- */

/* The IP header before ${n} bytes; its length. */
static size_t
put_head(uint8_t *p, const struct ph_ip_way *w, uint8_t proto, size_t n)
{
	if (!ph_addr_is_v4(w->src)) {
		ph_put32(p, 6U << 28 | (uint32_t)w->tos << 20);
		ph_put16(p + 4, (uint16_t)n);
		p[6] = proto;
		p[7] = TTL;
		put_addr(p + 8, w->src);
		put_addr(p + 24, w->dst);
		return V6_HEAD;
	}
	p[0] = 0x45;
	p[1] = w->tos;
	ph_put16(p + 2, (uint16_t)(V4_HEAD + n));
	ph_put16(p + 4, 0);
	ph_put16(p + 6, DONT_FRAGMENT);
	p[8] = TTL;
	p[9] = proto;
	ph_put16(p + 10, 0);
	put_addr(p + 12, w->src);
	put_addr(p + 16, w->dst);
	ph_put16(p + 10, fold(sum(p, V4_HEAD, 0)));
	return V4_HEAD;
}

static uint16_t
l4_checksum(const struct ph_ip_way *w, uint8_t proto, const uint8_t *p, size_t n)
{
	return fold(sum(p, n, sum_ends(w->src, w->dst) + proto + (uint32_t)n));
}

static size_t
head_len(ph_u128 a)
{
	return ph_addr_is_v4(a) ? V4_HEAD : V6_HEAD;
}

size_t
ph_ip_udp(const struct ph_ip_way *w, const void *data, size_t len, uint8_t *out, size_t cap)
{
	size_t head = head_len(w->src), n = UDP_HEAD + len;
	uint8_t *u = out + head;
	uint16_t check;

	if (head + n > cap || head + n > PH_IP_MAX)
		return 0;
	put_head(out, w, PH_UDP, n);
	ph_put16(u, w->sport);
	ph_put16(u + 2, w->dport);
	ph_put16(u + 4, (uint16_t)n);
	ph_put16(u + 6, 0);
	if (len > 0)
		memcpy(u + UDP_HEAD, data, len);
	check = l4_checksum(w, PH_UDP, u, n);
	ph_put16(u + 6, check != 0 ? check : 0xffff);	/* 0 says: none */
	return head + n;
}

/* RFC 1624: what of a checksum changes when ${n} bytes, at even places, become others. */
static void
mend(uint8_t *check, const uint8_t *before, const uint8_t *after, size_t n)
{
	uint32_t s = (uint16_t)~ph_be16(check);

	for (size_t i = 0; i < n; i += 2)
		s += (uint16_t)~ph_be16(before + i) + (uint32_t)ph_be16(after + i);
	ph_put16(check, fold(s));
}

void
ph_ip_turn(struct ph_ip *ip, const struct ph_ip_way *w)
{
	uint8_t *at = ip->p + (ip->v6 ? 8 : 12), new[36];
	size_t n = put_addr(new, w->src);

	n += put_addr(new + n, w->dst);
	ph_put16(new + n, w->sport);
	ph_put16(new + n + 2, w->dport);
	if (!ip->v6)
		mend(ip->p + 10, at, new, n);
	mend(ip->l4 + 16, at, new, n);
	mend(ip->l4 + 16, ip->l4, new + n, 4);
	memcpy(at, new, n);
	memcpy(ip->l4, new + n, 4);
	ip->src = w->src;
	ip->dst = w->dst;
	ip->sport = w->sport;
	ip->dport = w->dport;
}

size_t
ph_ip_reset(const struct ph_ip *ip, uint8_t *out, size_t cap)
{
	struct ph_ip_way w = { .src = ip->dst, .dst = ip->src };
	size_t head = head_len(w.src), data = (size_t)(ip->l4[12] >> 4) * 4;
	uint8_t *t = out + head;
	uint32_t acked;

	if (head + TCP_HEAD > cap)
		return 0;
	data = data < ip->l4_len ? ip->l4_len - data : 0;
	acked = ph_be32(ip->l4 + 4) + (uint32_t)data + ((ip->flags & SYN_OR_FIN) != 0);
	put_head(out, &w, PH_TCP, TCP_HEAD);
	memset(t, 0, TCP_HEAD);
	ph_put16(t, ip->dport);
	ph_put16(t + 2, ip->sport);
	ph_put32(t + 8, acked);
	t[12] = TCP_HEAD / 4 << 4;
	t[13] = RST_ACK;
	ph_put16(t + 16, l4_checksum(&w, PH_TCP, t, TCP_HEAD));
	return head + TCP_HEAD;
}

size_t
ph_ip_unreachable(const struct ph_ip *ip, enum ph_ip_why why, ph_u128 from, uint8_t *out,
    size_t cap)
{
	/* codes of type 3 of ICMP, and of type 1 of ICMPv6 */
	static const uint8_t code[][2] = {
		[PH_IP_NO_HOST] = { 1, 3 }, [PH_IP_NO_PORT] = { 3, 4 },
		[PH_IP_PROHIBITED] = { 13, 1 },
	};
	struct ph_ip_way w = { .src = from, .dst = ip->src };
	/* RFC 4443 3.1, RFC 1812 4.3.2.3 */
	size_t head = head_len(from), most = ip->v6 ? PH_IP_ERROR_MAX : 576;
	size_t quoted = ip->len < most - head - ICMP_HEAD ? ip->len : most - head - ICMP_HEAD;
	uint8_t *m = out + head, proto = ip->v6 ? PH_ICMPV6 : PH_ICMP;
	uint16_t check;

	if (head + ICMP_HEAD + quoted > cap || ph_addr_is_v4(from) == ip->v6)
		return 0;
	put_head(out, &w, proto, ICMP_HEAD + quoted);
	memset(m, 0, ICMP_HEAD);
	m[0] = ip->v6 ? 1 : 3;
	m[1] = code[why][ip->v6];
	memcpy(m + ICMP_HEAD, ip->p, quoted);
	check = ip->v6 ? l4_checksum(&w, proto, m, ICMP_HEAD + quoted) :
	    fold(sum(m, ICMP_HEAD + quoted, 0));
	ph_put16(m + 2, check);
	return head + ICMP_HEAD + quoted;
}
