/* SPDX-License-Identifier: ISC */
#include "lab/sample.h"

enum {
	ADDRS = 8,			/* that are tried of one end */
	FEW = 8,			/* connections at least, where there are so many */
};

/* Values of one dimension from which connections are made. */
struct choice {
	ph_u128 v[ADDRS];
	size_t n;
};

/* Addresses that no packet on a network comes from or goes to. */
static bool
is_martian(ph_u128 a)
{
	uint32_t v4 = (uint32_t)a;

	if (!ph_addr_is_v4(a))
		return a >> 125 != 1 && a >> 121 != 0x7e;	/* 2000::/3, fc00::/7 */
	return v4 >> 24 == 0 || v4 >> 24 == 127 || v4 >> 28 >= 14 || v4 >> 16 == 0xa9fe;
}

static void
choose(struct choice *c, ph_u128 v)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i] == v)
			return;
	if (c->n < ADDRS)
		c->v[c->n++] = v;
}

/* First and last of each range, and some between. */
static void
choose_from(const struct ph_ranges *r, const struct ph_ranges *not, bool address,
    struct choice *c)
{
	static const unsigned eighths[] = { 0, 8, 4, 1, 6, 3 };

	for (size_t e = 0; e < sizeof(eighths) / sizeof(*eighths); e++)
		for (size_t i = 0; i < r->n && c->n < ADDRS; i++) {
			ph_u128 width = r->r[i].hi - r->r[i].lo;
			ph_u128 v = eighths[e] == 8 ? r->r[i].hi :
			    r->r[i].lo + width / 8 * eighths[e];

			if (!address || (!is_martian(v) && !ph_ranges_has(not, v)))
				choose(c, v);
		}
}

static const struct ph_ranges *
or_any(struct ph_arena *mem, const struct ph_ranges *r, ph_u128 lo, ph_u128 hi)
{
	return r != NULL ? r : ph_ranges_one(mem, lo, hi);
}

struct sample {
	struct choice src, dst, sport;
	uint8_t proto;
	size_t part, k;			/* connections so far */
	struct ph_lab_conns *out;
};

static void
add(struct sample *s, uint16_t dport)
{
	size_t k = s->k++;
	ph_u128 src = s->src.v[k % s->src.n], dst = s->dst.v[k / s->src.n % s->dst.n];
	struct ph_lab_conn *c;

	if (src == dst || ph_addr_is_v4(src) != ph_addr_is_v4(dst))
		return;
	c = PH_PUSH(s->out->mem, s->out->v, s->out->n, s->out->cap);
	c->part = s->part;
	c->first = (struct ph_lab_tuple){
		.src = src, .dst = dst, .proto = s->proto, .dport = dport,
		.sport = (uint16_t)s->sport.v[k / (s->src.n * s->dst.n) % s->sport.n],
	};
}

static size_t
count_ports(const struct ph_ranges *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += (size_t)(r->r[i].hi - r->r[i].lo) + 1;
	return n;
}

static void
add_ports(struct sample *s, const struct ph_ranges *ports, size_t step)
{
	for (size_t i = 0; i < ports->n; i++) {
		uint32_t lo = (uint32_t)ports->r[i].lo, hi = (uint32_t)ports->r[i].hi;

		for (uint32_t p = lo; p <= hi; p += (uint32_t)step)
			add(s, (uint16_t)p);
		if ((hi - lo) % step != 0)
			add(s, (uint16_t)hi);
	}
}

bool
ph_lab_sample(const struct ph_cube *cube, uint8_t proto, size_t part,
    const struct ph_ranges *not, size_t max, struct ph_lab_conns *out)
{
	struct ph_arena *mem = out->mem;
	const struct ph_ranges *ports = or_any(mem, cube->d[PH_DPORT], 1, UINT16_MAX);
	size_t n = count_ports(ports), combinations, before = out->n;
	struct sample s = { .proto = proto, .part = part, .out = out };

	choose_from(or_any(mem, cube->d[PH_SRC], 0, PH_U128_MAX), not, true, &s.src);
	choose_from(or_any(mem, cube->d[PH_DST], 0, PH_U128_MAX), not, true, &s.dst);
	choose(&s.sport, ph_cube_witness(cube).v[PH_SPORT]);
	choose_from(or_any(mem, cube->d[PH_SPORT], 1024, UINT16_MAX), NULL, false, &s.sport);
	if (n == 0 || s.src.n == 0 || s.dst.n == 0 || s.sport.n == 0 || max == 0)
		return false;
	combinations = s.src.n * s.dst.n * s.sport.n;
	add_ports(&s, ports, n > max ? (n + max - 1) / max : 1);
	/* of few ports each is tried with several addresses */
	while (n == 1 && s.k < FEW && s.k < combinations)
		add(&s, (uint16_t)ports->r[0].lo);
	return out->n > before;
}
