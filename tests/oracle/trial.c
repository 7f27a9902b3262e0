/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "net/names.h"
#include "oracle.h"

/* ---- questions ---- */

static const struct ph_ranges *
one(struct ph_arena *mem, struct ph_range r)
{
	return ph_ranges_one(mem, r.lo, r.hi);
}

static const struct ph_ranges *
name_of(struct ph_arena *mem, int iface)
{
	ph_u128 v;

	if (iface == AT_FIREWALL)
		return NULL;
	v = ph_iface_encode(ph_str(ifaces[iface].name));
	return ph_ranges_one(mem, v, v);
}

/* Around ${a}, within the network it is in: itself, a prefix, all of it. */
static struct ph_range
around(struct rng *r, ph_u128 a, struct ph_range net)
{
	unsigned bits = ph_addr_is_v4(a) ? 32 : 128;
	struct ph_range p;

	if (rng_chance(r, 30))
		return (struct ph_range){ a, a };
	if (rng_chance(r, 40))
		return net;
	p = ph_prefix_range(a, bits - (unsigned)rng_below(r, 16));
	p.lo = p.lo < net.lo ? net.lo : p.lo;
	p.hi = p.hi > net.hi ? net.hi : p.hi;
	return p;
}

/* An address beyond interface ${i}; *${net}: others that are, too. */
static ph_u128
address_beyond(struct rng *r, const struct pool *pool, bool v6, int i,
    struct ph_range *net)
{
	struct ph_range all = v6 ? PH_ANY_V6 : PH_ANY_V4;

	*net = ifaces[i].net[v6];
	for (int k = 0; k < 10 && i == 1; k++) {
		ph_u128 a = pool_pick(r, pool, PH_DST, v6, all);

		if (net_route(v6, a) != i)
			continue;
		if (a < net->lo || a > net->hi)
			*net = (struct ph_range){ a, a };
		return a;
	}
	return pool_pick(r, pool, PH_DST, v6, *net);
}

static const struct ph_ranges *
ports(struct rng *r, const struct pool *pool, struct ph_arena *mem)
{
	struct ph_range all = { 1, 65535 };
	ph_u128 a = pool_pick(r, pool, PH_DPORT, false, all), b;

	if (rng_chance(r, 50))
		return one(mem, all);
	b = rng_chance(r, 40) ? a : pool_pick(r, pool, PH_DPORT, false, all);
	return a < b ? ph_ranges_one(mem, a, b) : ph_ranges_one(mem, b, a);
}

static void
set_transport(struct rng *r, const struct pool *pool, struct ph_arena *mem,
    bool v6, struct ph_cube *c)
{
	static const uint8_t requests[] = { 8, 13, 15, 17 };
	unsigned roll = (unsigned)rng_below(r, 100);
	uint8_t proto = roll < 45 ? PH_UDP : PH_TCP;

	if (roll >= 97) {
		c->d[PH_PROTO] = ph_ranges_one(mem, PH_ESP, PH_ESP);
		c->d[PH_SPORT] = c->d[PH_DPORT] = ph_ranges_one(mem, 0, 0);
		return;
	}
	if (roll >= 88) {
		uint8_t type = v6 ? 128 : requests[rng_below(r, sizeof(requests))];

		proto = v6 ? PH_ICMPV6 : PH_ICMP;
		c->d[PH_PROTO] = ph_ranges_one(mem, proto, proto);
		c->d[PH_DPORT] = ph_ranges_one(mem, type, type);
		c->d[PH_SPORT] = ph_ranges_one(mem, 0, 0);
		return;
	}
	c->d[PH_SPORT] = ports(r, pool, mem);
	c->d[PH_DPORT] = ports(r, pool, mem);
	c->d[PH_PROTO] = rng_chance(r, 15) ? ph_ranges_one(mem, PH_TCP, PH_UDP) :
	    ph_ranges_one(mem, proto, proto);
}

void
trial_question(struct rng *r, const struct pool *pool, bool v6,
    struct ph_arena *mem, struct question *q)
{
	unsigned roll = (unsigned)rng_below(r, 100);
	struct ph_range src, dst;
	ph_u128 a;

	*q = (struct question){ .v6 = v6, .iif = (int)rng_below(r, N_IFACES) };
	q->oif = (q->iif + 1 + (int)rng_below(r, N_IFACES - 1)) % N_IFACES;
	q->q.path = roll < 60 ? PH_PATH_THROUGH : roll < 80 ? PH_PATH_TO : PH_PATH_FROM;
	a = address_beyond(r, pool, v6, q->iif, &src);
	src = around(r, a, src);
	a = address_beyond(r, pool, v6, q->oif, &dst);
	dst = around(r, a, dst);
	if (q->q.path == PH_PATH_TO) {
		int at = rng_chance(r, 80) ? q->iif : q->oif;

		q->oif = AT_FIREWALL;
		dst.lo = dst.hi = ifaces[at].own[v6];
	} else if (q->q.path == PH_PATH_FROM) {
		q->iif = AT_FIREWALL;
		src.lo = src.hi = ifaces[q->oif].own[v6];
		q->q.uid = ph_ranges_one(mem, 0, 0);
	}
	q->q.cube.d[PH_SRC] = one(mem, src);
	q->q.cube.d[PH_DST] = one(mem, dst);
	q->q.iif = name_of(mem, q->iif);
	q->q.oif = name_of(mem, q->oif);
	set_transport(r, pool, mem, v6, &q->q.cube);
}

/* ---- sessions ---- */

static ph_u128
pick(struct rng *r, const struct pool *pool, const struct question *q,
    enum ph_dim d)
{
	return pool_pick(r, pool, d, q->v6, q->q.cube.d[d]->r[0]);
}

static bool
goes_there(const struct question *q, const struct tuple *t)
{
	int from = net_route(q->v6, t->src), to = net_route(q->v6, t->dst);

	return from == q->iif && to == q->oif;
}

void
trial_pick(struct rng *r, const struct pool *pool, const struct question *q,
    struct session *s)
{
	struct packet *p = &s->first;

	*s = (struct session){ .q = q };
	p->t.v6 = q->v6;
	p->stage = PH_STAGE_FIRST;
	p->flags = PH_SYN;
	p->seq = (uint32_t)rng_next(r);
	p->icmp_id = (uint16_t)rng_next(r);
	for (int i = 0; i < 20; i++) {
		p->t.src = pick(r, pool, q, PH_SRC);
		p->t.dst = pick(r, pool, q, PH_DST);
		if (goes_there(q, &p->t))
			break;
	}
	p->t.proto = (uint8_t)q->q.cube.d[PH_PROTO]->r[0].lo;
	if (q->q.cube.d[PH_PROTO]->r[0].hi != p->t.proto && rng_chance(r, 50))
		p->t.proto = PH_UDP;
	p->t.sport = (uint16_t)pick(r, pool, q, PH_SPORT);
	p->t.dport = (uint16_t)pick(r, pool, q, PH_DPORT);
	if (!goes_there(q, &p->t))
		s->q = NULL;
}

static ph_u128
iface_value(int i)
{
	return i == AT_FIREWALL ? 0 : ph_iface_encode(ph_str(ifaces[i].name));
}

static enum fate
fate_of(const struct ph_part *p)
{
	if (p->verdict == PH_OPEN)
		return PASSES;
	if (p->verdict != PH_BLOCKED)
		return UNSURE;
	return p->stage == PH_STAGE_FIRST ? BLOCKED_FIRST :
	    p->stage == PH_STAGE_REPLY ? BLOCKED_REPLY : BLOCKED_LATER;
}

void
trial_predict(struct session *s)
{
	const struct ph_answer *a = &s->q->answer;
	const struct tuple *t = &s->first.t;
	struct ph_packet p = { .v = {
		[PH_SRC] = t->src, [PH_DST] = t->dst, [PH_SPORT] = t->sport,
		[PH_DPORT] = t->dport, [PH_PROTO] = t->proto, [PH_STATE] = PH_NEW,
		[PH_FLAGS] = t->proto == PH_TCP ? ph_flags_encode(PH_SYN) : 0,
		[PH_IIF] = iface_value(s->q->iif), [PH_OIF] = iface_value(s->q->oif),
	} };

	s->part = NULL;
	s->predicted = CONTRADICTION;
	for (size_t i = 0; i < a->n; i++) {
		if (!ph_cube_has(&a->parts[i].cube, &p))
			continue;
		if (s->part != NULL) {
			s->predicted = CONTRADICTION;
			return;
		}
		s->part = &a->parts[i];
		s->predicted = fate_of(s->part);
	}
}

/* ---- in the kernel ---- */

struct flight {
	struct session *s;
	size_t n;
};

static bool
is_expected(const struct session *s, int at)
{
	return (at == AT_FIREWALL) == (s->q->q.path == PH_PATH_TO);
}

static bool
same_tuple(const struct tuple *a, const struct tuple *b)
{
	return a->src == b->src && a->dst == b->dst && a->proto == b->proto &&
	    a->sport == b->sport && a->dport == b->dport;
}

/* An answer helps only with the addresses of those who were asked, put back. */
static bool
is_answer(const struct session *s, const struct packet *p)
{
	struct packet wanted;

	packet_reply(&s->first, &wanted);
	return same_tuple(&wanted.t, &p->t);
}

static void
arrived(void *arg, const struct packet *p, int at)
{
	struct flight *f = arg;
	struct session *s;

	if (p->id >= f->n)
		return;
	s = &f->s[p->id];
	if (p->stage == PH_STAGE_FIRST && is_expected(s, at)) {
		s->arrived = *p;
		s->arrived_at = at;
		s->seen = BLOCKED_REPLY;
	} else if (p->stage == PH_STAGE_REPLY && s->seen == BLOCKED_REPLY && is_answer(s, p)) {
		s->seen = BLOCKED_LATER;
	} else if (p->stage == PH_STAGE_LATER && s->seen == BLOCKED_LATER &&
	    same_tuple(&s->arrived.t, &p->t)) {
		s->seen = PASSES;
	}
}

static void
send_stage(const struct session *s, enum ph_stage stage)
{
	struct packet p;

	switch (stage) {
	case PH_STAGE_FIRST:
		net_send(&s->first, s->q->iif);
		break;
	case PH_STAGE_REPLY:
		packet_reply(&s->arrived, &p);
		net_send(&p, s->arrived_at);
		break;
	case PH_STAGE_LATER:
		packet_later(&s->first, &p);
		net_send(&p, s->q->iif);
		break;
	}
}

void
trial_run(struct session *s, size_t n, int quiet_ms)
{
	struct flight f = { s, n };

	net_forget();
	for (size_t i = 0; i < n; i++) {
		s[i].seen = BLOCKED_FIRST;
		s[i].first.id = (uint32_t)i;
	}
	for (int stage = PH_STAGE_FIRST; stage <= PH_STAGE_LATER; stage++) {
		for (size_t i = 0; i < n; i++) {
			if ((int)s[i].seen != stage)
				continue;
			send_stage(&s[i], (enum ph_stage)stage);
			if (i % 32 == 31)
				net_collect(0, arrived, &f);
		}
		net_collect(quiet_ms, arrived, &f);
	}
}

const char *
fate_name(enum fate f)
{
	static const char *const names[] = {
		[BLOCKED_FIRST] = "first packet stopped",
		[BLOCKED_REPLY] = "reply stopped",
		[BLOCKED_LATER] = "later packet stopped",
		[PASSES] = "passes", [UNSURE] = "unknown",
		[CONTRADICTION] = "in no part of the answer, or in several",
	};

	return names[f];
}
