/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "relay/fast_twin_test.h"

enum { ETH = 14, UDP = 8, CHANNEL = 4, SHORTEST = 60 };

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static ph_u128
get_addr(const uint8_t *p, bool v4)
{
	ph_u128 a = 0;

	for (int i = 0; i < (v4 ? 4 : 16); i++)
		a = a << 8 | p[i];
	return v4 ? PH_V4((uint32_t)a) : a;
}

static void
put_addr(uint8_t *p, ph_u128 a)
{
	int n = ph_addr_is_v4(a) ? 4 : 16;

	for (int i = n - 1; i >= 0; i--, a >>= 8)
		p[i] = (uint8_t)a;
}

static bool
frame_is_v4(const struct twin_frame *f)
{
	return get16(f->b + 12) == 0x0800;
}

/* Where UDP begins. */
static size_t
udp_at(const struct twin_frame *f)
{
	return ETH + (frame_is_v4(f) ? 20 : 40);
}

static unsigned
add(unsigned a, unsigned b)
{
	return (a + b) % 0x10000 + (a + b) / 0x10000;
}

static unsigned
sum(const uint8_t *p, size_t n)
{
	unsigned s = 0;

	for (size_t i = 0; i < n; i++)
		s = add(s, i % 2 == 0 ? (unsigned)p[i] << 8 : p[i]);
	return s;
}

static unsigned
pseudo(const struct twin_frame *f)
{
	size_t udp = udp_at(f), n = frame_is_v4(f) ? 8 : 32;

	return add(add(sum(f->b + udp - n, n), 17), get16(f->b + udp + 4));
}

uint16_t
twin_checksum(const struct twin_frame *f)
{
	size_t udp = udp_at(f);
	unsigned s = add(pseudo(f), sum(f->b + udp, 6));

	s = add(s, sum(f->b + udp + UDP, f->len - udp - UDP));
	return (uint16_t)(s == 0xffff ? 0xffff : 0xffff - s);
}

void
twin_fix_ip(struct twin_frame *f)
{
	put16(f->b + ETH + 10, 0);
	put16(f->b + ETH + 10, 0xffff - sum(f->b + ETH, 20));
}

void
twin_write(const struct twin_packet *p, const uint8_t *src_mac, const uint8_t *dst_mac,
    struct twin_frame *f)
{
	bool v4 = ph_addr_is_v4(p->src);
	size_t udp = ETH + (v4 ? 20 : 40);
	uint8_t *ip = f->b + ETH;

	memset(f, 0, sizeof(*f));
	memcpy(f->b, dst_mac, 6);
	memcpy(f->b + 6, src_mac, 6);
	put16(f->b + 12, v4 ? 0x0800 : 0x86dd);
	f->len = udp + UDP + p->len;
	if (v4) {
		ip[0] = 0x45;
		ip[1] = p->tos;
		put16(ip + 2, (unsigned)(f->len - ETH));
		put16(ip + 4, p->id);
		put16(ip + 6, p->df ? 0x4000 : 0);
		ip[8] = p->ttl;
		ip[9] = 17;
		put_addr(ip + 12, p->src);
		put_addr(ip + 16, p->dst);
		twin_fix_ip(f);
	} else {
		put16(ip, 0x6000 | (unsigned)p->tos << 4 | p->label >> 16);
		put16(ip + 2, p->label & 0xffff);
		put16(ip + 4, (unsigned)(UDP + p->len));
		ip[6] = 17;
		ip[7] = p->ttl;
		put_addr(ip + 8, p->src);
		put_addr(ip + 24, p->dst);
	}
	put16(f->b + udp, p->sport);
	put16(f->b + udp + 2, p->dport);
	put16(f->b + udp + 4, (unsigned)(UDP + p->len));
	memcpy(f->b + udp + UDP, p->payload, p->len);
	put16(f->b + udp + 6, twin_checksum(f));
}

/* Is the IP header of the plain kind and all of the frame in it? */
static bool
plain_ip(const struct twin_frame *f)
{
	const uint8_t *ip = f->b + ETH;

	if (f->len < ETH)
		return false;
	if (frame_is_v4(f))
		return f->len >= ETH + 20 && ip[0] == 0x45 && ip[9] == 17 && ip[8] > 1 &&
		    get16(ip + 2) == f->len - ETH && (get16(ip + 6) & 0xbfff) == 0 &&
		    sum(ip, 20) == 0xffff;
	return get16(f->b + 12) == 0x86dd && f->len >= ETH + 40 && ip[0] >> 4 == 6 &&
	    ip[6] == 17 && ip[7] > 1 && get16(ip + 4) == f->len - ETH - 40;
}

static bool
read_frame(const struct twin_frame *f, struct twin_packet *p)
{
	const uint8_t *ip = f->b + ETH, *udp;
	bool v4 = frame_is_v4(f);

	if (!plain_ip(f))
		return false;
	udp = f->b + udp_at(f);
	if (f->len < udp_at(f) + UDP || get16(udp + 4) != f->len - udp_at(f))
		return false;
	*p = (struct twin_packet){
		.src = get_addr(ip + (v4 ? 12 : 8), v4), .dst = get_addr(ip + (v4 ? 16 : 24), v4),
		.sport = (uint16_t)get16(udp), .dport = (uint16_t)get16(udp + 2),
		.tos = v4 ? ip[1] : (uint8_t)(get16(ip) >> 4), .ttl = v4 ? ip[8] : ip[7],
		.df = v4 && get16(ip + 6) == 0x4000, .len = f->len - udp_at(f) - UDP,
	};
	memcpy(p->payload, udp + UDP, p->len);
	return true;
}

static bool
from(const struct twin_packet *p, ph_u128 src, uint16_t sport, ph_u128 dst, uint16_t dport)
{
	return p->src == src && p->sport == sport && p->dst == dst && p->dport == dport;
}

static struct twin_end *
find_up(struct twin *t, const struct twin_packet *p)
{
	if (p->len < CHANNEL || get16(p->payload + 2) != p->len - CHANNEL)
		return NULL;
	for (size_t i = 0; i < t->n_ends; i++) {
		const struct ph_fast_binding *b = &t->end[i].b;

		if (from(p, b->client, b->client_port, b->server, b->server_port) &&
		    get16(p->payload) == b->channel)
			return &t->end[i];
	}
	return NULL;
}

static struct twin_end *
find_down(struct twin *t, const struct twin_packet *p)
{
	for (size_t i = 0; i < t->n_ends; i++) {
		const struct ph_fast_binding *b = &t->end[i].b;

		if (from(p, b->peer, b->peer_port, b->relay, b->relay_port))
			return &t->end[i];
	}
	return NULL;
}

/* The datagram as it is to leave. */
static void
change(struct twin_packet *p, const struct twin_end *e, bool up)
{
	const struct ph_fast_binding *b = &e->b;

	p->src = up ? b->relay : b->server;
	p->sport = up ? b->relay_port : b->server_port;
	p->dst = up ? b->peer : b->client;
	p->dport = up ? b->peer_port : b->client_port;
	p->ttl--;
	p->label = e->label[!up];
	if (up) {
		p->len -= CHANNEL;
		memmove(p->payload, p->payload + CHANNEL, p->len);
	} else {
		memmove(p->payload + CHANNEL, p->payload, p->len);
		put16(p->payload, b->channel);
		put16(p->payload + 2, (unsigned)p->len);
		p->len += CHANNEL;
	}
}

static const struct twin_route *
find_route(const struct twin *t, ph_u128 to)
{
	for (size_t i = 0; i < t->n_routes; i++)
		if (to >= t->route[i].to.lo && to <= t->route[i].to.hi)
			return &t->route[i];
	return NULL;
}

/* Left to hardware, or none where one must be. */
static bool
unchecked(const struct twin_frame *f)
{
	unsigned check = get16(f->b + udp_at(f) + 6);

	return check == 0 ? !frame_is_v4(f) : check == pseudo(f);
}

/* As right, or as wrong, as it came. */
static void
carry_checksum(const struct twin_frame *in, struct twin_frame *out)
{
	unsigned was = get16(in->b + udp_at(in) + 6);
	unsigned wrong = add(was, 0xffff - twin_checksum(in));
	unsigned now = add(twin_checksum(out), wrong);

	if (was != 0)
		put16(out->b + udp_at(out) + 6, now == 0 ? 0xffff : now);
	else
		put16(out->b + udp_at(out) + 6, 0);
}

enum twin_fate
twin_run(struct twin *t, const struct twin_frame *in, struct twin_frame *out)
{
	const struct twin_route *r;
	struct ph_fast_way *n;
	struct twin_packet p;
	struct twin_end *e;
	size_t bytes;
	bool up;

	if (!read_frame(in, &p) || memcmp(in->b, t->mac, 6) != 0)
		return TWIN_PASS;
	e = find_up(t, &p);
	up = e != NULL;
	if (!up)
		e = find_down(t, &p);
	if (e == NULL || t->now_us >= e->b.expires_us || unchecked(in))
		return TWIN_PASS;
	bytes = p.len - (up ? CHANNEL : 0);
	change(&p, e, up);
	r = find_route(t, p.dst);
	if (r == NULL || udp_at(in) + UDP + p.len < SHORTEST ||
	    udp_at(in) - ETH + UDP + p.len > r->mtu)
		return TWIN_PASS;
	n = up ? &e->n.up : &e->n.down;
	n->packets++;
	n->bytes += bytes;
	p.id = p.df ? 0 : (uint16_t)(n->packets + e->salt[!up]);
	twin_write(&p, r->src_mac, r->dst_mac, out);
	carry_checksum(in, out);
	return TWIN_SEND;
}
