/* SPDX-License-Identifier: ISC */
/*
 * DOC: Matches
 *
 * "lhs relation rhs" becomes ranges of one dimension in three steps:
 *
 *  1. the left side is a selector, perhaps with bits changed: x -> (x & and) ^ xor;
 *  2. the right side is a set of numbers as the kernel compares them (values.c);
 *  3. those x that satisfy the relation are turned into numbers of the dimension.
 *
 * Selectors with few values (states, flags, families) are tried value by value.
 * What has no answer in the text becomes an opaque condition.
 */
#include "dialect/nftables/field.h"
#include "dialect/nftables/lower.h"
#include "dialect/nftables/match.h"
#include "net/names.h"

enum { MASK_RANGES = 64, BYTE_RANGES = 257, POINTS = 256 };

/* A selector with bits changed. */
struct side {
	const struct ph_nft_field *f;
	bool changed;
	ph_u128 and, xor;
};

/* What is compared: numbers, or one number whose bits are tested. */
struct test {
	const struct ph_ranges *in;
	ph_u128 one;
	bool single, bits, neg;
};

/* A value as the kernel sees it, and what it is in the model. */
struct point {
	ph_u128 raw;
	struct ph_range dim;
};

static size_t
points_of(enum ph_nft_type type, struct point *out)
{
	static const struct { uint8_t raw, state; } states[] = {
		{ 8, PH_NEW }, { 2, PH_EST_ORIG }, { 2, PH_EST_REPLY }, { 4, PH_REL_ORIG },
		{ 4, PH_REL_REPLY }, { 1, PH_INVALID }, { 64, PH_UNTRACKED },
	};
	static const struct { uint8_t raw, state; } directions[] = {
		{ 0, PH_NEW }, { 0, PH_EST_ORIG }, { 1, PH_EST_REPLY }, { 0, PH_REL_ORIG },
		{ 1, PH_REL_REPLY },
	};
	size_t n = 0;

	switch (type) {
	case PH_NFT_T_STATE:
		for (; n < sizeof(states) / sizeof(*states); n++)
			out[n] = (struct point){ states[n].raw,
			    { states[n].state, states[n].state } };
		return n;
	case PH_NFT_T_DIRECTION:
		for (; n < sizeof(directions) / sizeof(*directions); n++)
			out[n] = (struct point){ directions[n].raw,
			    { directions[n].state, directions[n].state } };
		return n;
	case PH_NFT_T_STATUS:
		for (; n < 4; n++)
			out[n] = (struct point){ (n & PH_STATUS_SNAT ? 16U : 0U) |
			    (n & PH_STATUS_DNAT ? 32U : 0U), { n, n } };
		return n;
	case PH_NFT_T_FLAGS:
		for (; n < POINTS; n++) {
			unsigned v = ph_flags_encode((unsigned)n);

			out[n] = (struct point){ n, { v, v } };
		}
		return n;
	case PH_NFT_T_NFPROTO:
		out[0] = (struct point){ 2, PH_ANY_V4 };
		out[1] = (struct point){ 10, PH_ANY_V6 };
		return 2;
	case PH_NFT_T_ETHERTYPE:
		out[0] = (struct point){ 0x0800, PH_ANY_V4 };
		out[1] = (struct point){ 0x86dd, PH_ANY_V6 };
		return 2;
	default:
		return 0;
	}
}

static bool
holds(const struct test *t, const struct side *s, ph_u128 raw)
{
	ph_u128 v = s->changed ? (raw & s->and) ^ s->xor : raw;
	bool is = t->bits ? (v & t->one) != 0 : ph_ranges_has(t->in, v);

	return is != t->neg;
}

static const struct ph_ranges *
try_points(struct ph_arena *mem, const struct point *pt, size_t n, const struct test *t,
    const struct side *s)
{
	struct ph_range hit[POINTS];
	size_t n_hit = 0;

	for (size_t i = 0; i < n; i++)
		if (holds(t, s, pt[i].raw))
			hit[n_hit++] = pt[i].dim;
	return ph_ranges_from(mem, hit, n_hit);
}

bool
ph_nft_match_ranges(struct ph_nft_lower *l, const struct ph_nft_field *f,
    const struct ph_ranges *in, const struct ph_ranges **out)
{
	struct test t = { .in = in };
	struct side s = { .f = f };
	struct point pt[POINTS];
	size_t n = points_of(f->type, pt);

	if (f->type == PH_NFT_T_STATUS)
		return false;	/* other bits than those we follow count as well */
	*out = n > 0 ? try_points(l->mem, pt, n, &t, &s) : in;
	return true;
}

/* Reduce "selector op value op value" to and, xor. */
static enum ph_nft_got
reduce(struct ph_nft_lower *l, const struct ph_nft_expr *e, struct side *s)
{
	enum ph_nft_got got;
	ph_u128 v;

	if (e->kind == PH_NFT_E_FIELD) {
		*s = (struct side){ .f = e->field, .and = PH_U128_MAX };
		return PH_NFT_GOT;
	}
	if (e->kind != PH_NFT_E_BIN)
		return PH_NFT_UNKNOWN;
	got = reduce(l, e->l, s);
	if (got != PH_NFT_GOT)
		return got;
	if (s->f->type == PH_NFT_T_OTHER || s->f->type == PH_NFT_T_IFACE || e->op == '<' ||
	    e->op == '>')
		return PH_NFT_UNKNOWN;
	got = ph_nft_values_one(l->p, e->r, s->f->type, &v);
	if (got != PH_NFT_GOT)
		return got;
	if (s->f->type == PH_NFT_T_V4)
		v = (uint32_t)v;
	s->changed = true;
	if (e->op == '&')
		s->xor &= v;
	if (e->op == '|')
		s->xor = (s->xor & ~v) ^ v;
	if (e->op == '^')
		s->xor ^= v;
	s->and &= e->op == '&' ? v : e->op == '|' ? ~v : PH_U128_MAX;
	return PH_NFT_GOT;
}

static bool
is_one(const struct ph_nft_expr *e)
{
	return e->kind == PH_NFT_E_WORD || e->kind == PH_NFT_E_LIST || e->kind == PH_NFT_E_BIN;
}

/* Everything below or above a number. */
static const struct ph_ranges *
ordered(struct ph_arena *mem, enum ph_nft_rel rel, ph_u128 v, struct ph_range all)
{
	switch (rel) {
	case PH_NFT_LT:
		return v <= all.lo ? ph_ranges_none() : ph_ranges_one(mem, all.lo, v - 1);
	case PH_NFT_LE:
		return ph_ranges_one(mem, all.lo, v);
	case PH_NFT_GT:
		return v >= all.hi ? ph_ranges_none() : ph_ranges_one(mem, v + 1, all.hi);
	default:
		return ph_ranges_one(mem, v, all.hi);
	}
}

static enum ph_nft_got
read_test(struct ph_nft_lower *l, const struct ph_nft_stmt *s, enum ph_nft_type type,
    struct test *t)
{
	bool bits = ph_nft_values_bits(type);
	enum ph_nft_got got;

	*t = (struct test){ .neg = s->rel == PH_NFT_NE || s->rel == PH_NFT_NOT };
	if (is_one(s->r) && type != PH_NFT_T_IFACE) {
		got = ph_nft_values_one(l->p, s->r, type, &t->one);
		if (got != PH_NFT_GOT)
			return got;
		t->single = true;
		t->in = ph_ranges_one(l->mem, t->one, t->one);
		t->bits = bits && s->mask == NULL &&
		    (s->rel == PH_NFT_IMPLICIT || s->rel == PH_NFT_NOT);
	} else {
		got = ph_nft_values_read(l->p, l->table, s->r, type, &t->in);
		if (got != PH_NFT_GOT)
			return got;
	}
	if (s->rel >= PH_NFT_LT && s->rel <= PH_NFT_GE) {
		if (!t->single)
			return PH_NFT_UNKNOWN;
		t->in = ordered(l->mem, s->rel, t->one, ph_nft_values_domain(type));
		t->single = false;
	}
	return PH_NFT_GOT;
}

static unsigned
width(enum ph_nft_type type)
{
	switch (type) {
	case PH_NFT_T_V6:
		return 128;
	case PH_NFT_T_V4:
	case PH_NFT_T_MARK:
		return 32;
	case PH_NFT_T_PORT:
		return 16;
	default:
		return 8;
	}
}

/* "(x & mask) == value" with too many ranges to list. */
static void
add_masked(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct side *side, ph_u128 value, bool neg)
{
	struct ph_masked *m = PH_NEW(l->mem, struct ph_masked);
	struct ph_cond *c = ph_nft_draft_cond(l, d, PH_COND_MASK, s->at);

	m->value = value;
	m->mask = side->and;
	if (width(side->f->type) == 32) {
		m->value = (uint32_t)m->value;
		m->mask = (uint32_t)m->mask;
	}
	c->dim = (enum ph_dim)side->f->dim;
	c->neg = neg;
	c->v6 = side->f->type == PH_NFT_T_V6;
	c->masked = m;
	if (neg && side->f->family != 0)	/* the mask itself holds for one family only */
		ph_nft_draft_implied(l, d, side->f->family, 0, s->at);
}

/* All x with (x & and) ^ xor in the numbers tested, as ranges; false: too many. */
static bool
unmask(struct ph_nft_lower *l, const struct side *s, const struct test *t,
    const struct ph_ranges **out)
{
	bool v4 = s->f->type == PH_NFT_T_V4;
	struct ph_range all = ph_nft_values_domain(s->f->type);
	const struct ph_ranges *r = ph_ranges_none(), *one;
	unsigned bits = width(s->f->type);
	size_t left = bits == 8 ? BYTE_RANGES : MASK_RANGES;
	const size_t most = left;

	for (size_t i = 0; i < t->in->n; i++) {
		if (t->in->r[i].hi - t->in->r[i].lo >= left)
			return false;
		for (ph_u128 v = t->in->r[i].lo;; v++) {
			ph_u128 want = (v4 ? (uint32_t)v : v) ^ s->xor;

			if ((want & ~s->and & (bits == 128 ? PH_U128_MAX :
			    ((ph_u128)1 << bits) - 1)) == 0) {
				if (!ph_ranges_masked(l->mem, want, s->and, bits,
				    v4 ? PH_V4_BASE : 0, all, left, &one))
					return false;
				r = ph_ranges_union(l->mem, r, one);
				if (r == NULL || r->n >= most)
					return false;
			}
			left--;
			if (v == t->in->r[i].hi)
				break;
			if (left == 0)
				return false;
		}
	}
	*out = r;
	return true;
}

void
ph_nft_match_implied(struct ph_nft_lower *l, struct ph_nft_draft *d,
    const struct ph_nft_field *f, struct ph_span at)
{
	bool by_value = f->sense == PH_NFT_S_DIM && (f->dim == PH_SRC || f->dim == PH_DST);

	ph_nft_draft_implied(l, d, by_value ? 0 : f->family, f->proto, at);
}

bool
ph_nft_match_ports_sure(const struct ph_ranges *proto)
{
	for (size_t i = 0; proto != NULL && i < proto->n; i++)
		for (ph_u128 v = proto->r[i].lo; v <= proto->r[i].hi; v++)
			if (v > 255 || !ph_proto_has_ports((uint8_t)v))
				return false;
	return proto != NULL;
}

static bool
has_no_ports(const struct ph_ranges *proto)
{
	for (size_t i = 0; proto != NULL && i < proto->n; i++)
		for (ph_u128 v = proto->r[i].lo; v <= proto->r[i].hi && v <= 255; v++)
			if (ph_proto_has_ports((uint8_t)v))
				return false;
	return proto != NULL;
}

/*
 * "th dport" without a protocol: for those that have no ports it reads other bytes.
 * They get a rule of their own, which is not certain to match.
 */
static bool
other_protocols(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	static const uint8_t ported[] = { PH_TCP, PH_UDP, PH_DCCP, PH_SCTP, PH_UDPLITE };
	static const char why[] = "a port of a protocol that has none";
	struct ph_range r[sizeof(ported)];
	const struct ph_ranges *with;
	struct ph_nft_draft rest;

	for (size_t i = 0; i < sizeof(ported); i++)
		r[i] = (struct ph_range){ ported[i], ported[i] };
	with = ph_ranges_from(l->mem, r, sizeof(ported));
	ph_nft_draft_settle(l, d);
	rest = *d;
	ph_nft_draft_limit(l, &rest, PH_PROTO, ph_ranges_subtract(l->mem,
	    ph_ranges_one(l->mem, 0, 255), with), s->at);
	if (s == l->stmt) {
		ph_nft_draft_opaque(l, &rest, s, why);
		if (!ph_nft_lower_from(l, &rest, s->next))
			return false;
	} else {
		ph_nft_draft_opaque_act(l, &rest, s, why);
		ph_nft_draft_finish(l, &rest, l->rule->at);
	}
	ph_nft_draft_limit(l, d, PH_PROTO, with, s->at);
	return true;
}

/*
 * A packet that is for this host or goes through it came in a frame to this host;
 * only group addresses and broadcasts come in others.  Which addresses are the
 * broadcasts of networks is not in the text: those count as hosts here.
 */
static bool
match_pkttype(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct test *t)
{
	enum { HOST, BROADCAST, MULTICAST };
	const struct point all[] = {
		{ HOST, { PH_V4(0), PH_V4(0xdfffffff) } },
		{ MULTICAST, { PH_V4(0xe0000000), PH_V4(0xefffffff) } },
		{ HOST, { PH_V4(0xf0000000), PH_V4(0xfffffffe) } },
		{ BROADCAST, { PH_V4(0xffffffff), PH_V4(0xffffffff) } },
		{ HOST, { 0, ((ph_u128)0xff << 120) - 1 } },
		{ MULTICAST, { (ph_u128)0xff << 120, PH_V4_BASE - 1 } },
	};
	struct side none = { .changed = false };
	const struct ph_ranges *r;

	r = try_points(l->mem, all, sizeof(all) / sizeof(*all), t, &none);
	if (r != NULL)
		ph_nft_draft_limit(l, d, PH_DST, r, s->at);
	return true;
}

static bool
opaque(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct ph_nft_field *f)
{
	if (f != NULL)
		ph_nft_match_implied(l, d, f, s->at);
	ph_nft_draft_opaque(l, d, s, "cannot be told from the text");
	return true;
}

/* "fib daddr type local" and its likes. */
static bool
match_local(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct side *side, const struct test *t)
{
	enum { LOCAL = 2 };
	struct ph_cond *c;

	if (!t->single || t->one != LOCAL || side->changed)
		return opaque(l, d, s, NULL);
	c = ph_nft_draft_cond(l, d, side->f->dim == PH_DST ? PH_COND_DST_LOCAL :
	    PH_COND_SRC_LOCAL, s->at);
	c->neg = t->neg;
	return true;
}

/* Connection tracking puts fragments together before any rule of ours sees them. */
static bool
match_frag(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct side *side, const struct test *t)
{
	enum { DONT_FRAGMENT = 0x4000 };
	bool whole = holds(t, side, 0), df = holds(t, side, DONT_FRAGMENT);

	if (whole != df)
		return opaque(l, d, s, side->f);
	if (!whole)
		ph_nft_draft_limit(l, d, PH_PROTO, ph_ranges_none(), s->at);
	return true;
}

/* Long lists come from named sets and are turned around once. */
static const struct ph_ranges *
outside(struct ph_nft_lower *l, const struct ph_ranges *r, struct ph_range all)
{
	enum { LONG = 16 };
	const struct ph_ranges **key, *whole = ph_ranges_one(l->mem, all.lo, all.hi);
	void **place;

	if (r == NULL || r->n < LONG)
		return ph_ranges_subtract(l->mem, whole, r);
	key = PH_NEW(l->mem, const struct ph_ranges *);
	*key = r;
	place = ph_map_at(l->mem, &l->outsides, (const char *)key, sizeof(*key));
	if (*place == NULL)
		*place = (void *)(uintptr_t)ph_ranges_subtract(l->mem, whole, r);
	return *place;
}

static const struct ph_ranges *
numbers(struct ph_nft_lower *l, const struct side *s, const struct test *t)
{
	const struct ph_ranges *r = t->in;
	struct ph_range all = ph_nft_values_domain(s->f->type);

	return t->neg ? outside(l, r, all) : r;
}

/* A test of one dimension. */
static bool
match_dim(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct side *side, struct test *t)
{
	const struct ph_nft_field *f = side->f;
	struct point pt[POINTS];
	size_t n = points_of(f->type, pt);
	const struct ph_ranges *r;

	if (f->type == PH_NFT_T_STATUS && (((t->bits ? t->one : side->and) & ~(ph_u128)48) != 0 ||
	    (!t->bits && !side->changed)))
		return opaque(l, d, s, f);
	ph_nft_match_implied(l, d, f, s->at);
	if (n > 0) {
		r = try_points(l->mem, pt, n, t, side);
	} else if (!side->changed) {
		r = numbers(l, side, t);
	} else if (unmask(l, side, t, &r)) {
		struct test all = { .in = r, .neg = t->neg };

		r = numbers(l, side, &all);
	} else if (t->single && f->sense != PH_NFT_S_ORIG) {
		add_masked(l, d, s, side, t->one ^ side->xor, t->neg);
		return true;
	} else {
		return opaque(l, d, s, f);
	}
	if (f->sense == PH_NFT_S_ORIG) {
		struct ph_cond *c = ph_nft_draft_cond(l, d, PH_COND_ORIG, s->at);

		c->dim = (enum ph_dim)f->dim;
		c->ranges = r;
		return true;
	}
	if (r != NULL)
		ph_nft_draft_limit(l, d, (enum ph_dim)f->dim, r, s->at);
	return true;
}

static bool
match_uid(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct test *t)
{
	struct ph_cond *c = ph_nft_draft_cond(l, d, PH_COND_UID, s->at);

	c->ranges = t->in;
	c->neg = t->neg;
	return true;
}

static bool
match_field(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct side *side, struct test *t)
{
	switch (side->f->sense) {
	case PH_NFT_S_UID:
		return side->changed ? opaque(l, d, s, side->f) : match_uid(l, d, s, t);
	case PH_NFT_S_LOCAL:
		return match_local(l, d, s, side, t);
	case PH_NFT_S_PKTTYPE:
		return side->changed ? opaque(l, d, s, side->f) : match_pkttype(l, d, s, t);
	case PH_NFT_S_FRAG:
		return match_frag(l, d, s, side, t);
	case PH_NFT_S_TH:
		if (has_no_ports(d->d[PH_PROTO]))
			return opaque(l, d, s, side->f);
		if (!ph_nft_match_ports_sure(d->d[PH_PROTO]) && !other_protocols(l, d, s))
			return false;
		return match_dim(l, d, s, side, t);
	default:
		return match_dim(l, d, s, side, t);
	}
}

bool
ph_nft_match(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	enum ph_nft_got got;
	struct side side;
	struct test t;
	ph_u128 mask;

	if (s->l->kind == PH_NFT_E_CONCAT)
		return ph_nft_match_tuples(l, d, s);
	got = reduce(l, s->l, &side);
	if (got != PH_NFT_GOT)
		return got == PH_NFT_UNKNOWN && opaque(l, d, s, NULL);
	if (side.f->sense == PH_NFT_S_OPAQUE || side.f->type == PH_NFT_T_OTHER)
		return opaque(l, d, s, side.f);
	if (side.f->type == PH_NFT_T_FRAG && s->r->kind == PH_NFT_E_WORD &&
	    (ph_str_eq(s->r->s, "exists") || ph_str_eq(s->r->s, "missing"))) {
		if (ph_str_eq(s->r->s, "exists"))
			ph_nft_draft_limit(l, d, PH_PROTO, ph_ranges_none(), s->at);
		return true;
	}
	got = read_test(l, s, side.f->type, &t);
	if (got == PH_NFT_GOT && s->mask != NULL) {
		got = ph_nft_values_one(l->p, s->mask, side.f->type, &mask);
		side.changed = true;
		side.and &= got == PH_NFT_GOT ? mask : 0;
		side.xor &= got == PH_NFT_GOT ? mask : 0;
	}
	if (got == PH_NFT_UNKNOWN)
		return opaque(l, d, s, side.f);
	return got == PH_NFT_GOT && match_field(l, d, s, &side, &t);
}

size_t
ph_nft_match_fields(const struct ph_nft_expr *lhs, const struct ph_nft_field **out,
    size_t max)
{
	const struct ph_nft_expr *e = lhs->kind == PH_NFT_E_CONCAT ? lhs->first : lhs;
	size_t n = 0;

	for (; e != NULL; e = lhs->kind == PH_NFT_E_CONCAT ? e->next : NULL) {
		if (n == max || e->kind != PH_NFT_E_FIELD)
			return 0;
		out[n++] = e->field;
	}
	return n;
}
