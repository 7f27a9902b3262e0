/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "net/names.h"
#include "oracle.h"

/* The last bytes of every packet say which session it belongs to. */
static const uint8_t magic[3] = { 'p', 'h', 'o' };

enum { TAG = 8, IP4 = 20, IP6 = 40, TCP = 20, UDP = 8, TTL = 64 };

static void
put(uint8_t *p, ph_u128 v, size_t len)
{
	while (len-- > 0) {
		p[len] = (uint8_t)v;
		v >>= 8;
	}
}

static ph_u128
get(const uint8_t *p, size_t len)
{
	ph_u128 v = 0;

	for (size_t i = 0; i < len; i++)
		v = v << 8 | p[i];
	return v;
}

static uint32_t
sum(uint32_t s, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		s += (uint32_t)p[i] << 8 | p[i + 1];
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static bool
is_icmp(uint8_t proto)
{
	return proto == PH_ICMP || proto == PH_ICMPV6;
}

static size_t
header_len(uint8_t proto)
{
	return proto == PH_TCP ? TCP : UDP;
}

/* Transport header with room for a checksum, which is wrong but for ICMPv6. */
static void
build_transport(const struct packet *p, uint8_t *b, size_t len)
{
	const struct tuple *t = &p->t;

	put(b, t->sport, 2);
	put(b + 2, t->dport, 2);
	if (t->proto == PH_TCP) {
		put(b + 4, p->seq, 4);
		put(b + 8, p->ack, 4);
		b[12] = TCP / 4 << 4;
		b[13] = p->flags;
		put(b + 14, 0xffff, 2);
	} else if (t->proto == PH_UDP) {
		put(b + 4, len, 2);
		put(b + 6, 1 + (p->id & 0x7fff), 2);
	} else if (is_icmp(t->proto)) {
		b[0] = (uint8_t)t->dport;
		b[1] = (uint8_t)t->sport;
		put(b + 2, 0, 2);
		put(b + 4, p->icmp_id, 2);
		put(b + 6, 1, 2);
	} else {
		put(b, 0x1000 + p->id, 4);
	}
}

static void
build_tag(const struct packet *p, uint8_t *b)
{
	memcpy(b, magic, sizeof(magic));
	b[3] = p->stage;
	put(b + 4, p->id, 4);
}

static size_t
build_v4(const struct packet *p, uint8_t *b, size_t len)
{
	memset(b, 0, IP4);
	b[0] = 0x45;
	put(b + 2, IP4 + len, 2);
	put(b + 4, p->id & 0xffff, 2);
	b[8] = TTL;
	b[9] = p->t.proto;
	put(b + 12, p->t.src & UINT32_MAX, 4);
	put(b + 16, p->t.dst & UINT32_MAX, 4);
	put(b + 10, ~sum(0, b, IP4) & 0xffff, 2);
	return IP4;
}

static size_t
build_v6(const struct packet *p, uint8_t *b, size_t len)
{
	memset(b, 0, IP6);
	b[0] = 0x60;
	put(b + 4, len, 2);
	b[6] = p->t.proto;
	b[7] = TTL;
	put(b + 8, p->t.src, 16);
	put(b + 24, p->t.dst, 16);
	return IP6;
}

size_t
packet_build(const struct packet *p, uint8_t *b)
{
	size_t len = header_len(p->t.proto) + TAG;
	size_t ip = p->t.v6 ? build_v6(p, b, len) : build_v4(p, b, len);
	uint32_t s;

	memset(b + ip, 0, len);
	build_transport(p, b + ip, len);
	build_tag(p, b + ip + len - TAG);
	if (p->t.proto == PH_ICMPV6) {
		s = sum((uint32_t)len + PH_ICMPV6, b + 8, 32);
		put(b + ip + 2, ~sum(s, b + ip, len) & 0xffff, 2);
	}
	return ip + len;
}

bool
packet_parse_payload(const uint8_t *b, size_t len, struct packet *p)
{
	struct tuple *t = &p->t;

	if (len != header_len(t->proto) + TAG ||
	    memcmp(b + len - TAG, magic, sizeof(magic)) != 0)
		return false;
	p->stage = b[len - TAG + 3];
	p->id = (uint32_t)get(b + len - 4, 4);
	t->sport = t->dport = 0;
	if (is_icmp(t->proto)) {
		t->dport = b[0];
		t->sport = b[1];
		p->icmp_id = (uint16_t)get(b + 4, 2);
	} else if (ph_proto_has_ports(t->proto)) {
		t->sport = (uint16_t)get(b, 2);
		t->dport = (uint16_t)get(b + 2, 2);
	}
	if (t->proto == PH_TCP) {
		p->seq = (uint32_t)get(b + 4, 4);
		p->ack = (uint32_t)get(b + 8, 4);
		p->flags = b[13];
	}
	return true;
}

bool
packet_parse(const uint8_t *b, size_t len, struct packet *p)
{
	*p = (struct packet){ 0 };
	if (len >= IP4 && b[0] == 0x45) {
		p->t.proto = b[9];
		p->t.src = PH_V4(get(b + 12, 4));
		p->t.dst = PH_V4(get(b + 16, 4));
		return packet_parse_payload(b + IP4, len - IP4, p);
	}
	if (len >= IP6 && b[0] >> 4 == 6) {
		p->t.v6 = true;
		p->t.proto = b[6];
		p->t.src = get(b + 8, 16);
		p->t.dst = get(b + 24, 16);
		return packet_parse_payload(b + IP6, len - IP6, p);
	}
	return false;
}

static uint16_t
icmp_answer(const struct tuple *t)
{
	if (t->proto == PH_ICMP)
		return t->dport == 8 ? 0 : (uint16_t)(t->dport + 1);
	return (uint16_t)(t->dport + 1);
}

void
packet_reply(const struct packet *p, struct packet *out)
{
	*out = *p;
	out->t.src = p->t.dst;
	out->t.dst = p->t.src;
	out->t.sport = p->t.dport;
	out->t.dport = p->t.sport;
	out->stage = PH_STAGE_REPLY;
	if (is_icmp(p->t.proto)) {
		out->t.sport = 0;
		out->t.dport = icmp_answer(&p->t);
	}
	out->flags = PH_SYN | PH_ACK;
	out->ack = p->seq + 1 + TAG;
	out->seq = 0x20000000;
}

void
packet_later(const struct packet *first, struct packet *out)
{
	*out = *first;
	out->stage = PH_STAGE_LATER;
	out->flags = PH_ACK;
	out->seq = first->seq + 1 + TAG;
	out->ack = 0x20000000 + 1 + TAG;
}
