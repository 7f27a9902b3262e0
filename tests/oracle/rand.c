/* SPDX-License-Identifier: ISC */
#include "oracle.h"

/* splitmix64 (public domain algorithm by Steele, Lea, Flood) */
uint64_t
rng_next(struct rng *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint64_t
rng_below(struct rng *r, uint64_t n)
{
	return rng_next(r) % n;
}

bool
rng_chance(struct rng *r, unsigned pct)
{
	return rng_below(r, 100) < pct;
}

void
pool_addr(struct pool *p, bool v6, ph_u128 a)
{
	if (p->n_addr[v6] < MAX_CONSTANTS)
		p->addr[v6][p->n_addr[v6]++] = a;
}

void
pool_port(struct pool *p, unsigned port)
{
	if (p->n_port < MAX_CONSTANTS)
		p->port[p->n_port++] = (uint16_t)port;
}

static ph_u128
uniform(struct rng *r, struct ph_range in)
{
	ph_u128 span = in.hi - in.lo + 1;
	ph_u128 v = (ph_u128)rng_next(r) << 64 | rng_next(r);

	return in.lo + (span == 0 ? v : v % span);
}

ph_u128
pool_pick(struct rng *r, const struct pool *p, enum ph_dim d, bool v6,
    struct ph_range in)
{
	bool addr = d == PH_SRC || d == PH_DST;
	size_t n = addr ? p->n_addr[v6] : p->n_port;

	for (int i = 0; i < 12 && n > 0 && !rng_chance(r, 10); i++) {
		size_t k = rng_below(r, n);
		ph_u128 v = addr ? p->addr[v6][k] : p->port[k];

		v += rng_below(r, 2) == 0 ? 0 : rng_below(r, 3) - (ph_u128)1;
		if (v >= in.lo && v <= in.hi)
			return v;
	}
	if (addr && in.hi - in.lo > 64 && rng_chance(r, 70))
		return in.lo + 2 + rng_below(r, 32);
	return uniform(r, in);
}
