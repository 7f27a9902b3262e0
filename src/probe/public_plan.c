/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>

#include "net/names.h"
#include "os/udp.h"
#include "probe/plan.h"
#include "probe/public.h"

enum {
	WIDEST = 8,			/* addresses in a row; more are a network */
	UDP_PORTS = 4,			/* of one flow */
};

/* UDP ports on which servers answer STUN requests of everybody. */
static const struct ph_range stun_ports[] = { { 3478, 3481 }, { 19302, 19309 } };

static bool
answers_everybody(uint16_t port)
{
	for (size_t i = 0; i < sizeof(stun_ports) / sizeof(*stun_ports); i++)
		if (port >= stun_ports[i].lo && port <= stun_ports[i].hi)
			return true;
	return false;
}

bool
ph_public_has(const struct ph_public_flow *f, const struct ph_public_end *e)
{
	return f->req->direction == PH_OUT && f->req->proto == e->proto &&
	    f->v6 == !ph_addr_is_v4(e->to) && ph_ranges_has(f->req->far, e->to) &&
	    ph_ranges_has(f->req->ports, e->port);
}

static const struct ph_ranges *
of_family(struct ph_arena *mem, const struct ph_ranges *r, bool v6)
{
	struct ph_range f = v6 ? PH_ANY_V6 : PH_ANY_V4;

	return ph_ranges_intersect(mem, r, ph_ranges_one(mem, f.lo, f.hi));
}

/* Up to PH_PUBLIC_HOSTS of them; how many. */
static size_t
hosts_of(const struct ph_ranges *r, ph_u128 *out)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		for (ph_u128 a = r->r[i].lo; r->r[i].hi - r->r[i].lo < WIDEST; a++) {
			if (n == PH_PUBLIC_HOSTS)
				return n;
			out[n++] = a;
			if (a == r->r[i].hi)
				break;
		}
	return n;
}

/* Up to ${max} of them, whole or the ends of each range; how many. */
static size_t
ports_of(const struct ph_ranges *r, size_t max, uint16_t *out)
{
	size_t all = 0, n = 0;

	for (size_t i = 0; r != NULL && i < r->n; i++)
		all += (size_t)(r->r[i].hi - r->r[i].lo) + 1;
	for (size_t i = 0; r != NULL && i < r->n; i++)
		for (ph_u128 p = r->r[i].lo; p <= r->r[i].hi && n < max; p++) {
			if (p > 0 && (all <= max || p == r->r[i].lo || p == r->r[i].hi))
				out[n++] = (uint16_t)p;
		}
	return n;
}

static bool
too_many(const struct ph_requirement *q)
{
	size_t n = 0;

	if (q->proto != PH_TCP)
		return false;
	for (size_t i = 0; q->ports != NULL && i < q->ports->n; i++)
		n += (size_t)(q->ports->r[i].hi - q->ports->r[i].lo) + 1;
	return q->ports == NULL || n > PH_PUBLIC_PORTS;
}

static const char *
name_of(const struct ph_public_opts *o, ph_u128 a)
{
	for (size_t i = 0; i < o->n_names; i++)
		if (o->names[i].addrs != NULL && ph_ranges_has(o->names[i].addrs, a))
			return o->names[i].name;
	return NULL;
}

static void
add_end(struct ph_arena *mem, const struct ph_public_opts *o, struct ph_public *p, uint8_t proto,
    ph_u128 to, uint16_t port)
{
	for (size_t i = 0; i < p->n_ends; i++)
		if (p->ends[i].to == to && p->ends[i].port == port && p->ends[i].proto == proto)
			return;
	if (p->n_ends == PH_PUBLIC_MAX)
		return;
	*PH_PUSH(mem, p->ends, p->n_ends, p->cap_ends) = (struct ph_public_end){
		.to = to, .port = port, .proto = proto, .name = name_of(o, to),
		.tls = proto == PH_TCP && ph_plan_is_tls(port),
		.answers = proto == PH_UDP && answers_everybody(port),
	};
}

static const char *
name_one(struct ph_arena *mem, const struct ph_requirement *q)
{
	return ph_arena_printf(mem, "name one with --at %s.GROUP=NAME ('pinhole services %s' lists "
	    "the groups)", q->service, q->service);
}

/* Why a flow cannot be tried at all, or NULL. */
static const char *
hopeless(struct ph_arena *mem, const struct ph_requirement *q, const struct ph_ranges *far)
{
	ph_u128 hosts[PH_PUBLIC_HOSTS];

	if (q->direction == PH_IN)
		return "begun by the other side: only a test server outside (--via) can try that";
	if (q->proto != PH_TCP && q->proto != PH_UDP)
		return "neither UDP nor TCP: not tried";
	if (far == NULL || ph_ranges_has(far, PH_V4(0)) || ph_ranges_has(far, 0))
		return ph_arena_printf(mem, "nobody said which servers: %s", name_one(mem, q));
	if (hosts_of(far, hosts) == 0)
		return ph_arena_printf(mem, "only whole networks are named, and those are not "
		    "searched: %s", name_one(mem, q));
	if (too_many(q))
		return "used during calls only: nobody listens there now";
	return NULL;
}

static void
add_flow(struct ph_arena *mem, const struct ph_public_opts *o, const struct ph_requirement *q,
    bool v6, struct ph_public *p)
{
	struct ph_public_flow *f = &p->flows[p->n_flows++];
	const struct ph_ranges *far = of_family(mem, q->far, v6);
	ph_u128 hosts[PH_PUBLIC_HOSTS];
	uint16_t ports[PH_PUBLIC_PORTS];
	size_t n_hosts, n_ports;

	*f = (struct ph_public_flow){ .req = q, .v6 = v6, .why = hopeless(mem, q, far) };
	if (f->why == NULL)
		f->why = p->no_family[v6];
	if (f->why != NULL)
		return;
	n_hosts = hosts_of(far, hosts);
	n_ports = ports_of(q->ports, q->proto == PH_TCP ? PH_PUBLIC_PORTS : UDP_PORTS, ports);
	for (size_t i = 0; i < n_hosts; i++)
		for (size_t k = 0; k < n_ports; k++)
			add_end(mem, o, p, q->proto, hosts[i], ports[k]);
}

/* Has this computer a route to a server of that family?  Also true when there is none. */
static bool
has_way(struct ph_arena *mem, const struct ph_requirement *const *reqs, size_t n, bool v6)
{
	ph_u128 from;
	int err = 0;

	for (size_t i = 0; i < n; i++) {
		const struct ph_ranges *far = of_family(mem, reqs[i]->far, v6);

		for (size_t k = 0; k < far->n; k++) {
			err = ph_udp_source(far->r[k].lo, &from);
			if (err == 0)
				return true;
		}
	}
	return err == 0;
}

static bool
is_named(struct ph_arena *mem, const struct ph_requirement *const *reqs, size_t n, bool v6)
{
	for (size_t i = 0; i < n; i++)
		if (of_family(mem, reqs[i]->far, v6)->n > 0)
			return true;
	return false;
}

/*
 * Why a family is left out.  Where the other one works, nothing is lacking; a computer without
 * any way out is to be told so by trying.
 */
static void
check_families(struct ph_arena *mem, const struct ph_public_opts *o,
    const struct ph_requirement *const *reqs, size_t n, struct ph_public *p)
{
	static const char *const why[] = {
		"this computer has no way to IPv4 addresses",
		"this computer has no way to IPv6 addresses",
	};
	const bool unwanted[] = { o->only_v6, o->only_v4 };

	for (int v6 = 0; v6 < 2; v6++)
		if (unwanted[v6])
			p->no_family[v6] = "left out as asked";
		else if (!has_way(mem, reqs, n, v6 != 0) && !unwanted[!v6] &&
		    is_named(mem, reqs, n, v6 == 0) && has_way(mem, reqs, n, v6 == 0))
			p->no_family[v6] = why[v6];
}

void
ph_public_plan(struct ph_arena *mem, const struct ph_public_opts *o,
    const struct ph_requirement *const *reqs, size_t n, struct ph_public *p)
{
	*p = (struct ph_public){ .flows = ph_arena_array(mem, 2 * n + 1, sizeof(*p->flows)) };
	check_families(mem, o, reqs, n, p);
	for (int v6 = 0; v6 < 2; v6++)
		for (size_t i = 0; i < n; i++) {
			bool other = p->no_family[!v6] == NULL &&
			    of_family(mem, reqs[i]->far, !v6)->n > 0;

			if (of_family(mem, reqs[i]->far, v6 != 0)->n > 0 &&
			    (p->no_family[v6] == NULL || !other))
				add_flow(mem, o, reqs[i], v6 != 0, p);
		}
}
