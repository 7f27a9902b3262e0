/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>

#include "net/names.h"
#include "os/udp.h"
#include "probe/plan.h"
#include "probe/sample.h"

static struct ph_range
family_range(bool v6)
{
	return v6 ? PH_ANY_V6 : PH_ANY_V4;
}

static bool
has_family(const struct ph_ranges *r, bool v6)
{
	struct ph_range f = family_range(v6);

	if (r == NULL)
		return true;
	for (size_t i = 0; i < r->n; i++)
		if (r->r[i].lo <= f.hi && r->r[i].hi >= f.lo)
			return true;
	return false;
}

/* The first address of a family; the list has one. */
static ph_u128
first_of(const struct ph_ranges *r, bool v6)
{
	struct ph_range f = family_range(v6);

	for (size_t i = 0; i < r->n; i++)
		if (r->r[i].lo <= f.hi && r->r[i].hi >= f.lo)
			return r->r[i].lo > f.lo ? r->r[i].lo : f.lo;
	return 0;
}

bool
ph_plan_is_tls(uint16_t port)
{
	return port == 443 || port == 5061 || port == 5349 || port == 8443;
}

static const struct ph_ranges *
ports_of(struct ph_arena *mem, const struct ph_requirement *r)
{
	const struct ph_ranges *usable = ph_ranges_one(mem, 1, 65535);

	return r->ports == NULL ? usable : ph_ranges_intersect(mem, r->ports, usable);
}

/*
 * The ports of all flows of one kind; of each flow so many that one with few of them is
 * tested whole.  ${steps} 0: all of them.
 */
static const struct ph_ranges *
collect(struct ph_arena *mem, const struct ph_test_family *f, uint8_t proto,
    enum ph_direction dir, unsigned whole, unsigned steps)
{
	const struct ph_ranges *all = ph_ranges_none();

	for (size_t i = 0; i < f->n_reqs; i++) {
		const struct ph_requirement *r = f->reqs[i];
		const struct ph_ranges *p;

		if (r->proto != proto || r->direction != dir || !has_family(r->far, f->v6))
			continue;
		p = ports_of(mem, r);
		all = ph_ranges_union(mem, all, steps == 0 ? p :
		    ph_sample_ports(mem, p, whole, steps));
	}
	return all;
}

static size_t
count(const struct ph_ranges *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += (size_t)(r->r[i].hi - r->r[i].lo) + 1;
	return n;
}

static void
set_ports(struct ph_arena *mem, struct ph_test_family *f)
{
	struct ph_test_ports *p = &f->ports;

	p->udp = collect(mem, f, PH_UDP, PH_OUT, 0, 0);
	f->thin = count(p->udp) > PH_PLAN_PORTS;
	if (f->thin)
		p->udp = collect(mem, f, PH_UDP, PH_OUT, PH_PLAN_UDP_WHOLE, PH_PLAN_UDP_STEPS);
	p->tcp = collect(mem, f, PH_TCP, PH_OUT, PH_PLAN_TCP_WHOLE, PH_PLAN_TCP_STEPS);
	p->tcp_whole = collect(mem, f, PH_TCP, PH_OUT, 0, 0);
	p->udp_in = collect(mem, f, PH_UDP, PH_IN, PH_PLAN_IN_WHOLE, PH_PLAN_IN_STEPS);
	p->tcp_in = collect(mem, f, PH_TCP, PH_IN, PH_PLAN_IN_WHOLE, PH_PLAN_IN_STEPS);
	p->tls = ph_ranges_none();
	for (size_t i = 0; i < p->tcp->n; i++)
		for (ph_u128 port = p->tcp->r[i].lo; port <= p->tcp->r[i].hi; port++)
			if (ph_plan_is_tls((uint16_t)port))
				p->tls = ph_ranges_union(mem, p->tls,
				    ph_ranges_one(mem, port, port));
}

static void
set_family(struct ph_arena *mem, const struct ph_probe_opts *o, struct ph_test_family *f)
{
	int err;

	if (o->via == NULL) {
		f->why = "no test server was named (--via)";
		return;
	}
	if (!has_family(o->addrs, f->v6)) {
		f->why = f->v6 ? "the test server has no IPv6 address" :
		    "the test server has no IPv4 address";
		return;
	}
	if (f->v6 ? o->only_v4 : o->only_v6) {
		f->why = "left out as asked";
		return;
	}
	f->to = first_of(o->addrs, f->v6);
	err = ph_udp_source(f->to, &f->from);
	f->possible = err == 0;
	if (err != 0)
		f->why = ph_arena_printf(mem, "this computer has no way to %s addresses: %s",
		    f->v6 ? "IPv6" : "IPv4", strerror(-err));
}

void
ph_plan_families(struct ph_arena *mem, const struct ph_probe_opts *o,
    const struct ph_requirement *const *reqs, size_t n, struct ph_test_family fam[2])
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct ph_test_family *f = &fam[v6];

		*f = (struct ph_test_family){ .v6 = v6 != 0, .reqs = reqs, .n_reqs = n };
		set_ports(mem, f);
		set_family(mem, o, f);
	}
}

bool
ph_plan_counts(const struct ph_requirement *r)
{
	return r->need == PH_REQUIRED &&
	    (r->direction == PH_OUT || r->initiator != PH_BY_CLIENT);
}

/*
 * A family that nobody named is worth a line only when it can be tested: where the
 * addresses of the service are "any", a host without IPv6 lacks nothing.
 */
static bool
is_worth(const struct ph_test_family *f, const struct ph_test_family *other)
{
	return f->possible || !other->possible;
}

void
ph_plan_flows(struct ph_arena *mem, const struct ph_test_family fam[2],
    const struct ph_requirement *const *reqs, size_t n, struct ph_probe_result *out)
{
	struct ph_measured *v = ph_arena_array(mem, 2 * n + 1, sizeof(*v));

	out->flows = v;
	out->n_flows = 0;
	for (int v6 = 0; v6 < 2; v6++)
		for (size_t i = 0; i < n; i++) {
			if (!has_family(reqs[i]->far, v6 != 0) || !is_worth(&fam[v6], &fam[!v6]))
				continue;
			v[out->n_flows++] = (struct ph_measured){
				.req = reqs[i], .v6 = v6 != 0, .verdict = PH_NOT_TESTED,
				.why = fam[v6].why, .counts = ph_plan_counts(reqs[i]),
			};
		}
}
