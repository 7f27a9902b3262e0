/* SPDX-License-Identifier: ISC */
#include "oracle.h"

const char *
gen_word(struct gen *g, const char *const *words, size_t n)
{
	return words[rng_below(g->rng, n)];
}

ph_u128
gen_host_on(struct gen *g, bool v6, size_t iface)
{
	ph_u128 a = ifaces[iface].net[v6].lo + 2 + rng_below(g->rng, 30);

	pool_addr(g->pool, v6, a);
	return a;
}

/* Few different hosts, so that rules and packets meet. */
ph_u128
gen_host(struct gen *g, bool v6)
{
	struct ph_range net = ifaces[rng_below(g->rng, N_IFACES)].net[v6];
	ph_u128 a = net.lo + 2 + rng_below(g->rng, 30);

	if (!v6 && rng_chance(g->rng, 8))
		a = PH_V4(0xc6336400U + (uint32_t)rng_below(g->rng, 8) + 1);
	pool_addr(g->pool, v6, a);
	return a;
}

const char *
gen_host_text(struct gen *g, bool v6)
{
	char text[PH_ADDR_TEXT];

	return ph_arena_printf(g->rules.mem, "%s", ph_addr_format(gen_host(g, v6), text));
}

const char *
gen_prefix_text(struct gen *g, bool v6)
{
	unsigned bits = v6 ? 128 : 32, less = (unsigned)rng_below(g->rng, 7);
	struct ph_range p;
	char text[PH_ADDR_TEXT];

	if (rng_chance(g->rng, 25))
		less = v6 ? 64 : 8 + (unsigned)rng_below(g->rng, 17);
	p = ph_prefix_range(gen_host(g, v6), bits - less);
	pool_addr(g->pool, v6, p.lo);
	pool_addr(g->pool, v6, p.hi);
	return ph_arena_printf(g->rules.mem, "%s/%u", ph_addr_format(p.lo, text),
	    bits - less);
}

const char *
gen_iface(struct gen *g)
{
	return ifaces[rng_below(g->rng, N_IFACES)].name;
}

unsigned
gen_port(struct gen *g)
{
	static const uint16_t often[] = {
		22, 53, 80, 443, 1023, 1024, 1720, 3478, 5060, 5061, 17990,
		49999, 50000, 59999, 60000, 61000, 65535,
	};
	unsigned p = rng_chance(g->rng, 75) ?
	    often[rng_below(g->rng, sizeof(often) / sizeof(often[0]))] :
	    (unsigned)rng_below(g->rng, 65535) + 1;

	pool_port(g->pool, p);
	return p;
}

struct gen_move
gen_move(struct gen *g, bool v6)
{
	size_t on = rng_below(g->rng, N_IFACES);
	unsigned bits = v6 ? 128 : 32, less = (unsigned)rng_below(g->rng, 6);
	struct ph_range from = ph_prefix_range(gen_host_on(g, v6, on), bits - less);
	char text[PH_ADDR_TEXT];
	struct gen_move m;

	pool_addr(g->pool, v6, from.lo);
	pool_addr(g->pool, v6, from.hi);
	m.from = ph_arena_printf(g->rules.mem, "%s/%u", ph_addr_format(from.lo, text),
	    bits - less);
	m.to = ph_arena_printf(g->rules.mem, "%s",
	    ph_addr_format(gen_host_on(g, v6, on), text));
	return m;
}
