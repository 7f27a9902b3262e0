/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>

#include "net/names.h"
#include "os/udp.h"
#include "probe/plan.h"

static struct ph_range
family_range(int v6)
{
	return v6 ? PH_ANY_V6 : PH_ANY_V4;
}

static bool
has_family(const struct ph_ranges *r, int v6)
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
first_of(const struct ph_ranges *r, int v6)
{
	struct ph_range f = family_range(v6);

	for (size_t i = 0; i < r->n; i++)
		if (r->r[i].lo <= f.hi && r->r[i].hi >= f.lo)
			return r->r[i].lo > f.lo ? r->r[i].lo : f.lo;
	return 0;
}

static void
add_ports(struct ph_arena *mem, const struct ph_ranges **to, const struct ph_ranges *more)
{
	*to = ph_ranges_union(mem, *to, more != NULL ? more : ph_ranges_one(mem, 0, 65535));
}

/* Ports on which every service speaks TLS: a probe may, too. */
static bool
is_tls(uint16_t port)
{
	return port == 443 || port == 5061 || port == 5349 || port == 8443;
}

static void
add_requirement(struct ph_arena *mem, struct ph_test_ports *p, const struct ph_requirement *r)
{
	if (r->proto == PH_UDP)
		add_ports(mem, r->direction == PH_OUT ? &p->udp_out : &p->udp_in, r->ports);
	else if (r->proto == PH_TCP && r->direction == PH_OUT)
		add_ports(mem, &p->tcp_out, r->ports);
}

static void
find_tls(struct ph_arena *mem, struct ph_test_ports *p)
{
	static const uint16_t port[] = { 443, 5061, 5349, 8443 };

	for (size_t i = 0; i < sizeof(port) / sizeof(*port); i++)
		if (is_tls(port[i]) && ph_ranges_has(p->tcp_out, port[i]))
			add_ports(mem, &p->tls, ph_ranges_one(mem, port[i], port[i]));
}

/* Port 0 is none that a packet could be sent to. */
static void
drop_zero(struct ph_arena *mem, const struct ph_ranges **r)
{
	*r = ph_ranges_subtract(mem, *r, ph_ranges_one(mem, 0, 0));
}

static void
set_family(struct ph_arena *mem, const struct ph_probe_opts *o, struct ph_test_family *f)
{
	int err;

	if (!has_family(o->addrs, f->v6)) {
		f->why = f->v6 ? "the responder has no IPv6 address" :
		    "the responder has no IPv4 address";
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
	const struct ph_ranges *none = ph_ranges_none();

	for (int v6 = 0; v6 < 2; v6++) {
		struct ph_test_family *f = &fam[v6];

		*f = (struct ph_test_family){
			.v6 = v6 != 0, .ports = { none, none, none, none },
		};
		for (size_t i = 0; i < n; i++)
			if (has_family(reqs[i]->far, v6))
				add_requirement(mem, &f->ports, reqs[i]);
		drop_zero(mem, &f->ports.udp_out);
		drop_zero(mem, &f->ports.udp_in);
		drop_zero(mem, &f->ports.tcp_out);
		find_tls(mem, &f->ports);
		set_family(mem, o, f);
	}
}

/* A flow that its client opens works without an opening for the other direction. */
static bool
counts(const struct ph_requirement *r)
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
			if (!has_family(reqs[i]->far, v6) || !is_worth(&fam[v6], &fam[!v6]))
				continue;
			v[out->n_flows++] = (struct ph_measured){
				.req = reqs[i], .v6 = v6 != 0, .verdict = PH_NOT_TESTED,
				.why = fam[v6].why, .counts = counts(reqs[i]),
			};
		}
}
