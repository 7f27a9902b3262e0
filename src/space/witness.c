/* SPDX-License-Identifier: ISC */
#include "net/names.h"
#include "space/cube.h"

enum { CLIENT_PORT = 49152, ECHO_4 = 8, ECHO_6 = 128 };

#define V6_DOC		((ph_u128)0x20010db8 << 96)	/* 2001:db8::/32 */
#define V6_UNICAST	((ph_u128)0x2000 << 112)	/* 2000::/3 */

/* Addresses for documentation, tried first where a cube leaves a choice. */
static const ph_u128 usual[2][2] = {
	[PH_SRC] = { PH_V4(0xc0000201), V6_DOC + 1 },
	[PH_DST] = { PH_V4(0xc6336401), V6_DOC + ((ph_u128)1 << 80) + 1 },
};

static const struct ph_range family[2] = {
	{ PH_V4_BASE, PH_U128_MAX }, { 0, PH_V4_BASE - 1 },
};

static bool
has_v4(const struct ph_ranges *r)
{
	return r == NULL || (r->n > 0 && r->r[r->n - 1].hi >= PH_V4_BASE);
}

/* A host rather than the network's own address; not in 0.0.0.0/8 or ::/3. */
static ph_u128
host_in(struct ph_range r)
{
	ph_u128 first = ph_addr_is_v4(r.lo) ? PH_V4(0x01000001) : V6_UNICAST + 1;

	if (r.lo < first && r.hi >= first)
		return first;
	return r.hi - r.lo >= 2 && (r.lo & 1) == 0 ? r.lo + 1 : r.lo;
}

static ph_u128
pick_addr(const struct ph_ranges *r, enum ph_dim d, int v6)
{
	struct ph_range f = family[v6];

	if (ph_ranges_has(r, usual[d][v6]))
		return usual[d][v6];
	for (size_t i = 0; i < r->n; i++) {
		struct ph_range x = r->r[i];

		if (x.hi < f.lo || x.lo > f.hi)
			continue;
		x.lo = x.lo < f.lo ? f.lo : x.lo;
		x.hi = x.hi > f.hi ? f.hi : x.hi;
		return host_in(x);
	}
	return host_in(r->r[0]);
}

/* The first of ${n} wishes that is allowed, else the lowest value, if need be 0. */
static ph_u128
pick(const struct ph_ranges *r, const ph_u128 *wish, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ph_ranges_has(r, wish[i]))
			return wish[i];
	return r == NULL ? 0 : r->r[0].lo;
}

#define PICK(r, ...) pick((r), (const ph_u128[]){ __VA_ARGS__ },	\
	sizeof((const ph_u128[]){ __VA_ARGS__ }) / sizeof(ph_u128))

static ph_u128
pick_sport(const struct ph_ranges *r)
{
	if (ph_ranges_has(r, CLIENT_PORT))
		return CLIENT_PORT;
	for (size_t i = 0; i < r->n; i++)
		if (r->r[i].hi >= 1024)
			return r->r[i].lo < 1024 ? 1024 : r->r[i].lo;
	return PICK(r, 1);
}

static ph_u128
pick_dport(const struct ph_ranges *r)
{
	return r == NULL ? 443 : r->r[0].lo == 0 ? PICK(r, 443, 1) : r->r[0].lo;
}

static void
pick_ports(const struct ph_cube *c, struct ph_packet *p)
{
	unsigned proto = (unsigned)p->v[PH_PROTO];

	if (ph_proto_has_ports((uint8_t)proto)) {
		p->v[PH_SPORT] = pick_sport(c->d[PH_SPORT]);
		p->v[PH_DPORT] = pick_dport(c->d[PH_DPORT]);
		return;
	}
	p->v[PH_SPORT] = PICK(c->d[PH_SPORT], 0);
	p->v[PH_DPORT] = proto == PH_ICMP ? PICK(c->d[PH_DPORT], ECHO_4) :
	    proto == PH_ICMPV6 ? PICK(c->d[PH_DPORT], ECHO_6) : PICK(c->d[PH_DPORT], 0);
}

struct ph_packet
ph_cube_witness(const struct ph_cube *c)
{
	int v6 = !(has_v4(c->d[PH_SRC]) && has_v4(c->d[PH_DST]));
	struct ph_packet p;

	for (int d = PH_FLAGS; d < PH_NDIMS; d++)
		p.v[d] = PICK(c->d[d], 0);
	p.v[PH_SRC] = pick_addr(c->d[PH_SRC], PH_SRC, v6);
	p.v[PH_DST] = pick_addr(c->d[PH_DST], PH_DST, v6);
	p.v[PH_PROTO] = PICK(c->d[PH_PROTO], PH_TCP, PH_UDP, v6 ? PH_ICMPV6 : PH_ICMP);
	pick_ports(c, &p);
	if (p.v[PH_PROTO] == PH_TCP)
		p.v[PH_FLAGS] = PICK(c->d[PH_FLAGS], ph_flags_encode(PH_SYN),
		    ph_flags_encode(PH_SYN | PH_ACK), ph_flags_encode(PH_ACK));
	p.v[PH_STATE] = PICK(c->d[PH_STATE], PH_NEW);
	return p;
}
