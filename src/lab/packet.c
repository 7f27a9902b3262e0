/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "lab/packet.h"
#include "net/names.h"

/*
 * DOC: What the lab sends
 *
 * UDP datagrams and TCP segments of a connection in which everybody says one tag:
 *
 *	'p' 'h' 'l' stage | id (4 bytes)
 *
 * SYN, SYN and ACK, and the segments that follow carry it too, and sequence numbers
 * count it, so that a tracking firewall finds every segment in its window.
 */
static const uint8_t magic[3] = { 'p', 'h', 'l' };

enum {
	TAG = 8, IP4 = 20, IP6 = 40, TCP = 20, UDP = 8, HOPS = 64,
	SEQ_OPENER = 0x10000000, SEQ_OTHER = 0x20000000,
};

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

/* The Internet checksum's sum; all that is summed here has even length. */
static uint32_t
sum(uint32_t s, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		s += (uint32_t)p[i] << 8 | p[i + 1];
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static void
put_tcp(const struct ph_lab_packet *p, uint8_t *b)
{
	static const uint8_t flags[] = {
		[PH_STAGE_FIRST] = PH_SYN, [PH_STAGE_REPLY] = PH_SYN | PH_ACK,
		[PH_STAGE_LATER] = PH_ACK,
	};
	bool reply = p->stage == PH_STAGE_REPLY;
	uint32_t past = p->stage == PH_STAGE_LATER ? 1 + TAG : 0;

	put(b + 4, (reply ? SEQ_OTHER : SEQ_OPENER) + past, 4);
	if (p->stage != PH_STAGE_FIRST)
		put(b + 8, (reply ? SEQ_OPENER : SEQ_OTHER) + 1 + TAG, 4);
	b[12] = TCP / 4 << 4;
	b[13] = flags[p->stage];
	put(b + 14, UINT16_MAX, 2);
}

static size_t
put_ip4(const struct ph_lab_packet *p, uint8_t *b, size_t len)
{
	b[0] = 0x45;
	put(b + 2, IP4 + len, 2);
	put(b + 6, 0x4000, 2);
	b[8] = HOPS;
	b[9] = p->t.proto;
	put(b + 12, p->t.src & UINT32_MAX, 4);
	put(b + 16, p->t.dst & UINT32_MAX, 4);
	put(b + 10, ~sum(0, b, IP4) & 0xffff, 2);
	return IP4;
}

static size_t
put_ip6(const struct ph_lab_packet *p, uint8_t *b, size_t len)
{
	b[0] = 0x60;
	put(b + 4, len, 2);
	b[6] = p->t.proto;
	b[7] = HOPS;
	put(b + 8, p->t.src, 16);
	put(b + 24, p->t.dst, 16);
	return IP6;
}

void
ph_lab_packet_build(const struct ph_lab_packet *p, struct ph_frame *f)
{
	bool v4 = ph_addr_is_v4(p->t.dst), tcp = p->t.proto == PH_TCP;
	size_t head = tcp ? TCP : UDP, len = head + TAG, ip;
	uint8_t *t;
	uint32_t s;

	memset(f->b, 0, IP6 + len);
	ip = v4 ? put_ip4(p, f->b, len) : put_ip6(p, f->b, len);
	t = f->b + ip;
	put(t, p->t.sport, 2);
	put(t + 2, p->t.dport, 2);
	if (tcp)
		put_tcp(p, t);
	else
		put(t + 4, len, 2);
	memcpy(t + head, magic, sizeof(magic));
	t[head + 3] = (uint8_t)p->stage;
	put(t + head + 4, p->id, 4);
	s = sum((uint32_t)len + p->t.proto, v4 ? f->b + 12 : f->b + 8, v4 ? 8 : 32);
	s = ~sum(s, t, len) & 0xffff;
	put(t + (tcp ? 16 : 6), s == 0 ? 0xffff : s, 2);
	f->len = (uint16_t)(ip + len);
}

static bool
parse_transport(const uint8_t *b, size_t len, struct ph_lab_packet *p)
{
	size_t head = p->t.proto == PH_TCP ? TCP : UDP;
	const uint8_t *tag = b + head;

	if ((p->t.proto != PH_TCP && p->t.proto != PH_UDP) || len != head + TAG ||
	    memcmp(tag, magic, sizeof(magic)) != 0 || tag[3] > PH_STAGE_LATER)
		return false;
	p->stage = tag[3];
	p->id = (uint32_t)get(tag + 4, 4);
	p->t.sport = (uint16_t)get(b, 2);
	p->t.dport = (uint16_t)get(b + 2, 2);
	return true;
}

bool
ph_lab_packet_parse(const struct ph_frame *f, struct ph_lab_packet *p)
{
	const uint8_t *b = f->b;

	*p = (struct ph_lab_packet){ 0 };
	if (f->len > IP4 && b[0] == 0x45) {
		p->t.proto = b[9];
		p->t.src = PH_V4(get(b + 12, 4));
		p->t.dst = PH_V4(get(b + 16, 4));
		return parse_transport(b + IP4, f->len - (size_t)IP4, p);
	}
	if (f->len > IP6 && b[0] >> 4 == 6) {
		p->t.proto = b[6];
		p->t.src = get(b + 8, 16);
		p->t.dst = get(b + 24, 16);
		return parse_transport(b + IP6, f->len - (size_t)IP6, p);
	}
	return false;
}

struct ph_lab_tuple
ph_lab_tuple_reverse(const struct ph_lab_tuple *t)
{
	return (struct ph_lab_tuple){
		.src = t->dst, .dst = t->src, .sport = t->dport, .dport = t->sport,
		.proto = t->proto,
	};
}

bool
ph_lab_tuple_equal(const struct ph_lab_tuple *a, const struct ph_lab_tuple *b)
{
	return a->src == b->src && a->dst == b->dst && a->sport == b->sport &&
	    a->dport == b->dport && a->proto == b->proto;
}
