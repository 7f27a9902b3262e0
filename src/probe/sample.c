/* SPDX-License-Identifier: ISC */
#include "probe/sample.h"

const struct ph_ranges *
ph_sample_ports(struct ph_arena *mem, const struct ph_ranges *ports, unsigned whole,
    unsigned steps)
{
	struct ph_range *v = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < ports->n; i++) {
		struct ph_range r = ports->r[i];
		unsigned len = (unsigned)(r.hi - r.lo) + 1;
		unsigned stride = len <= whole ? 1 : (len + steps - 1) / steps;

		for (ph_u128 p = r.lo; p < r.hi; p += stride)
			*PH_PUSH(mem, v, n, cap) = (struct ph_range){ p, p };
		*PH_PUSH(mem, v, n, cap) = (struct ph_range){ r.hi, r.hi };
	}
	return ph_ranges_from(mem, v, n);
}

static bool
alike(const struct ph_sample *a, const struct ph_sample *b)
{
	return a->verdict == b->verdict && a->way == b->way && a->by_host == b->by_host &&
	    a->why == b->why;
}

static void
add_up(struct ph_evidence *sum, const struct ph_evidence *e)
{
	sum->sent += e->sent;
	sum->received_out += e->received_out;
	sum->received_in += e->received_in;
	sum->tries = sum->tries > e->tries ? sum->tries : e->tries;
	if (e->has_icmp && !sum->has_icmp) {
		sum->has_icmp = true;
		sum->icmp_from = e->icmp_from;
		sum->icmp_type = e->icmp_type;
		sum->icmp_code = e->icmp_code;
	}
}

struct parts {
	struct ph_arena *mem;
	struct ph_observed *v;
	size_t n, cap;
};

static void
add_between(struct parts *p, unsigned lo, unsigned hi)
{
	*PH_PUSH(p->mem, p->v, p->n, p->cap) = (struct ph_observed){
		.ports = ph_ranges_one(p->mem, lo, hi), .verdict = PH_UNKNOWN,
		.why = "between ports with different fates, not tested one by one",
	};
}

static void
add(struct parts *p, const struct ph_sample *s)
{
	*PH_PUSH(p->mem, p->v, p->n, p->cap) = (struct ph_observed){
		.ports = ph_ranges_one(p->mem, s->port, s->port), .verdict = s->verdict,
		.way = s->way, .by_host = s->by_host, .why = s->why, .evidence = s->evidence,
	};
}

/* The last part goes on up to ${s}. */
static void
extend(struct parts *p, unsigned from, const struct ph_sample *s)
{
	struct ph_observed *o = &p->v[p->n - 1];

	o->ports = ph_ranges_union(p->mem, o->ports, ph_ranges_one(p->mem, from, s->port));
	add_up(&o->evidence, &s->evidence);
}

unsigned
ph_sample_parts(struct ph_arena *mem, const struct ph_sample *v, size_t n,
    const struct ph_ranges *ports, struct ph_observed **out, size_t *n_out)
{
	struct parts parts = { .mem = mem };
	const struct ph_sample *last = NULL;
	unsigned longest = 0;

	for (size_t i = 0; i < n; i++) {
		const struct ph_sample *s = &v[i];
		unsigned gap;

		if (!ph_ranges_has(ports, s->port))
			continue;
		if (last != NULL && !ph_ranges_subset(ph_ranges_one(mem, last->port, s->port),
		    ports))
			last = NULL;
		gap = last == NULL ? 0 : s->port - last->port - 1U;
		longest = gap > longest ? gap : longest;
		if (last != NULL && alike(last, s)) {
			extend(&parts, last->port, s);
		} else {
			if (gap > 0)
				add_between(&parts, last->port + 1U, s->port - 1U);
			add(&parts, s);
		}
		last = s;
	}
	*out = parts.v;
	*n_out = parts.n;
	return longest;
}
