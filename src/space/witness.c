/* SPDX-License-Identifier: ISC */
#include "net/names.h"
#include "space/cube.h"

/* The wanted value when the list has it, else its first. */
static ph_u128
prefer(const struct ph_ranges *r, ph_u128 wanted)
{
	return ph_ranges_has(r, wanted) ? wanted : r->r[0].lo;
}

/* A host: the one after a network's own address, when there is room. */
static ph_u128
host_of(const struct ph_ranges *r)
{
	struct ph_range first = r == NULL ? PH_ANY_V4 : r->r[0];

	if (r == NULL)
		return PH_V4(0xc0000201);
	return first.hi - first.lo >= 2 ? first.lo + 1 : first.lo;
}

/* An address of the family of ${like}. */
static ph_u128
host_like(struct ph_range within, const struct ph_ranges *r)
{
	if (r == NULL)
		return within.lo == 0 ? (ph_u128)0x20010db8 << 96 | 1 : PH_V4(0xc6336401);
	for (size_t i = 0; i < r->n; i++)
		if (r->r[i].lo <= within.hi && r->r[i].hi >= within.lo) {
			ph_u128 lo = r->r[i].lo > within.lo ? r->r[i].lo : within.lo;

			return r->r[i].hi > lo + 1 && within.hi > lo + 1 ? lo + 1 : lo;
		}
	return host_of(r);
}

struct ph_packet
ph_cube_witness(const struct ph_cube *c)
{
	const struct ph_ranges *lead = c->d[PH_SRC] != NULL ? c->d[PH_SRC] : c->d[PH_DST];
	bool v4 = lead == NULL || ph_addr_is_v4(host_of(lead));
	struct ph_range family = v4 ? PH_ANY_V4 : PH_ANY_V6;
	struct ph_packet p = { 0 };
	bool ports;

	p.v[PH_SRC] = host_like(family, c->d[PH_SRC]);
	p.v[PH_DST] = host_like(family, c->d[PH_DST]);
	p.v[PH_PROTO] = c->d[PH_PROTO] == NULL ? PH_UDP :
	    prefer(c->d[PH_PROTO], ph_ranges_has(c->d[PH_PROTO], PH_UDP) ? PH_UDP : PH_TCP);
	ports = ph_proto_has_ports((uint8_t)p.v[PH_PROTO]);
	p.v[PH_SPORT] = prefer(c->d[PH_SPORT], ports ? 49152 : 0);
	p.v[PH_DPORT] = c->d[PH_DPORT] == NULL ? 0 : c->d[PH_DPORT]->r[0].lo;
	p.v[PH_FLAGS] = prefer(c->d[PH_FLAGS],
	    p.v[PH_PROTO] == PH_TCP ? ph_flags_encode(PH_SYN) : 0);
	p.v[PH_STATE] = prefer(c->d[PH_STATE], PH_NEW);
	for (int d = PH_STATUS; d < PH_NDIMS; d++)
		p.v[d] = prefer(c->d[d], 0);
	return p;
}
