/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "check/check.h"
#include "net/names.h"
#include "probe/plan.h"

enum { WIDE = 16 };			/* ports */

/* What one end says of its flow. */
struct word {
	enum ph_verdict verdict;
	enum ph_owner owner;		/* BLOCKED, UNKNOWN: whose it is */
	const char *why;
};

static bool
within(ph_u128 a, const char *prefix)
{
	struct ph_range r;

	return ph_prefix_parse(ph_str(prefix), &r, NULL) && a >= r.lo && a <= r.hi;
}

/* Addresses of homes and offices. */
static bool
is_private(ph_u128 a)
{
	static const char *const prefix[] = {
		"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7",
		"fe80::/10",
	};

	for (size_t i = 0; i < sizeof(prefix) / sizeof(*prefix); i++)
		if (within(a, prefix[i]))
			return true;
	return false;
}

static enum ph_owner
owner_of_router(ph_u128 router, ph_u128 to)
{
	if (router == to)
		return PH_OWNER_FAR_END;
	if (is_private(router) && !is_private(to))
		return PH_OWNER_NETWORK;
	if (within(router, "100.64.0.0/10"))
		return PH_OWNER_PROVIDER;
	return is_private(router) ? PH_OWNER_NETWORK : PH_OWNER_UNKNOWN;
}

static struct word
forbidden(const struct ph_public_end *e)
{
	enum ph_owner owner = owner_of_router(e->evidence.icmp_from, e->to);

	return (struct word){
		.verdict = owner == PH_OWNER_FAR_END ? PH_UNKNOWN : PH_BLOCKED, .owner = owner,
		.why = e->why,
	};
}

/*
 * A router misses the host: the one beside it, by its place or because both are private.  A
 * router at home that misses a host on the Internet has lost its way, or plays the firewall.
 */
static struct word
unreachable(const struct ph_public_end *e)
{
	bool host = ph_addr_is_v4(e->to) ? e->evidence.icmp_code == 1 : e->evidence.icmp_code == 3;
	bool near = is_private(e->evidence.icmp_from) && !is_private(e->to);

	return (struct word){
		.verdict = PH_UNKNOWN, .why = e->why,
		.owner = host && !near ? PH_OWNER_FAR_END : PH_OWNER_UNKNOWN,
	};
}

/* Does the failing flow end before the last router, where another flow passes? */
static bool
dies_on_the_way(const struct ph_public_end *e)
{
	if (!e->traced || !e->has_control || e->hop.where != PH_HOP_AT_OR_AFTER)
		return false;
	if (e->hop.hop == 0 || e->hop.far == 0)
		return e->hop.next != 0 && (e->hop.far == 0 || e->hop.next < e->hop.far);
	return e->hop.hop + 1 < e->hop.far;
}

static enum ph_owner
owner_of_hop(const struct ph_public_end *e)
{
	switch (e->hop.owner) {
	case PH_HOP_LAN:
	case PH_HOP_EDGE:
		return PH_OWNER_NETWORK;
	case PH_HOP_HOST:
		return PH_OWNER_HOST;
	case PH_HOP_FAR:
		return PH_OWNER_FAR_END;
	default:
		return within(e->hop.addr, "100.64.0.0/10") ? PH_OWNER_PROVIDER : PH_OWNER_UNKNOWN;
	}
}

/* Ports of which each call takes some; a server listens on a few ports all the time. */
static bool
is_wide(const struct ph_requirement *q)
{
	struct ph_range all = q->ports == NULL ? PH_ANY : ph_ranges_hull(q->ports);

	return all.hi - all.lo >= WIDE;
}

/* An answer from nearer than the host is somebody else's. */
static struct word
refused(const struct ph_public_end *e, bool wide)
{
	if (e->traced && e->has_control && e->answer_ttl > 0 && e->answer_ttl < e->hop.far)
		return (struct word){
			.verdict = PH_BLOCKED,
			.owner = e->answer_ttl <= 2 ? PH_OWNER_NETWORK : PH_OWNER_UNKNOWN,
			.why = "something on the way refuses in its name",
		};
	if (e->proto == PH_UDP && wide)
		return (struct word){
			.verdict = PH_NOT_TESTED,
			.why = "gets there; nobody listens there but during a call",
		};
	return (struct word){ .verdict = PH_UNKNOWN, .owner = PH_OWNER_FAR_END, .why = e->why };
}

static struct word
silent(const struct ph_public_end *e)
{
	if (dies_on_the_way(e))
		return (struct word){
			.verdict = PH_BLOCKED, .owner = owner_of_hop(e),
			.why = "lost on the way, where other packets to the same host pass",
		};
	if (e->proto == PH_UDP && !e->answers)
		return (struct word){
			.verdict = PH_NOT_TESTED,
			.why = "no answer, as expected: it answers only during a call",
		};
	if (e->proto == PH_UDP)
		return (struct word){
			.verdict = PH_UNKNOWN, .owner = PH_OWNER_UNKNOWN,
			.why = "no answer to STUN: blocked somewhere, or the server keeps silent",
		};
	if (e->traced && e->has_control)
		return (struct word){
			.verdict = PH_BLOCKED, .owner = PH_OWNER_UNKNOWN,
			.why = "no answer, while the same host answers on another port",
		};
	return (struct word){ .verdict = PH_UNKNOWN, .owner = PH_OWNER_UNKNOWN, .why = e->why };
}

static struct word
judge_end(const struct ph_public_end *e, bool wide)
{
	switch (e->fate) {
	case PH_PUBLIC_OPEN:
		return (struct word){ .verdict = PH_OPEN };
	case PH_PUBLIC_HOST:
	case PH_PUBLIC_NO_WAY:
		return (struct word){
			.verdict = PH_BLOCKED, .owner = PH_OWNER_HOST, .why = e->why,
		};
	case PH_PUBLIC_FORBIDDEN:
		return forbidden(e);
	case PH_PUBLIC_UNREACHABLE:
		return unreachable(e);
	case PH_PUBLIC_REFUSED:
		return refused(e, wide);
	case PH_PUBLIC_SILENT:
		return silent(e);
	default:
		return (struct word){
			.verdict = PH_UNKNOWN, .owner = PH_OWNER_UNKNOWN, .why = e->why,
		};
	}
}

static const char *
host(struct ph_arena *mem, const struct ph_public_end *e)
{
	char text[PH_ADDR_TEXT];

	ph_addr_format(e->to, text);
	return e->name == NULL ? ph_arena_printf(mem, "%s", text) :
	    ph_arena_printf(mem, "%s (%s)", e->name, text);
}

/* Is the same port open on another of the flow's hosts? */
static bool
replaced(const struct ph_public *p, const struct ph_public_flow *f, const struct ph_public_end *e)
{
	for (size_t i = 0; i < p->n_ends; i++)
		if (p->ends[i].port == e->port && p->ends[i].fate == PH_PUBLIC_OPEN &&
		    ph_public_has(f, &p->ends[i]))
			return true;
	return false;
}

/* One that names somebody wins over one that does not. */
static enum ph_owner
worse(enum ph_owner a, enum ph_owner b)
{
	static const uint8_t rank[] = {
		[PH_OWNER_NOBODY] = 0, [PH_OWNER_UNKNOWN] = 1, [PH_OWNER_FAR_END] = 2,
		[PH_OWNER_PROVIDER] = 3, [PH_OWNER_NETWORK] = 4, [PH_OWNER_HOST] = 5,
	};

	return rank[b] > rank[a] ? b : a;
}

struct filling {
	struct ph_arena *mem;
	struct ph_check *c;
	struct ph_measured *m;
	size_t cap;
	enum ph_owner shut, unsure;	/* of what is blocked, of what is unknown */
	const struct ph_ranges *tried;
};

static void
add_end(struct filling *x, const struct ph_public *p, const struct ph_public_flow *f,
    const struct ph_public_end *e)
{
	struct word w = judge_end(e, is_wide(f->req));
	const struct ph_ranges *port = ph_ranges_one(x->mem, e->port, e->port);
	const char *why = w.why == NULL ? NULL : ph_arena_printf(x->mem, "%s: %s",
	    host(x->mem, e), w.why);

	x->tried = ph_ranges_union(x->mem, x->tried, port);
	if (w.verdict == PH_UNKNOWN && replaced(p, f, e)) {
		ph_check_untested(x->mem, x->c, "%s, %s %u: %s; another server of the service "
		    "answers there", host(x->mem, e), ph_proto_name(e->proto), e->port, w.why);
		return;
	}
	if (w.verdict == PH_BLOCKED)
		x->shut = worse(x->shut, w.owner);
	if (w.verdict == PH_UNKNOWN)
		x->unsure = worse(x->unsure, w.owner);
	if (e->rtt_us > 0 && (x->m->rtt_us == 0 || e->rtt_us < x->m->rtt_us))
		x->m->rtt_us = e->rtt_us;
	*PH_PUSH(x->mem, x->m->v, x->m->n, x->cap) = (struct ph_observed){
		.ports = port, .verdict = w.verdict, .by_host = w.owner == PH_OWNER_HOST,
		.way = w.verdict == PH_BLOCKED ? PH_WAY_UNSURE : PH_WAY_NONE,
		.why = why, .evidence = e->evidence,
	};
}

/* Ports of the flow that were not tried. */
static void
add_rest(struct filling *x, const struct ph_requirement *q)
{
	const struct ph_ranges *rest = ph_ranges_subtract(x->mem, q->ports, x->tried);

	if (ph_ranges_empty(rest))
		return;
	*PH_PUSH(x->mem, x->m->v, x->m->n, x->cap) = (struct ph_observed){
		.ports = rest, .verdict = PH_NOT_TESTED,
		.why = "used only during a call: nobody answers there now",
	};
}

static void
fill(struct ph_arena *mem, const struct ph_public *p, const struct ph_public_flow *f,
    struct ph_check *c, size_t at)
{
	struct filling x = {
		.mem = mem, .c = c, .m = &c->r.flows[at], .tried = ph_ranges_none(),
	};

	*x.m = (struct ph_measured){
		.req = f->req, .v6 = f->v6, .verdict = PH_NOT_TESTED, .why = f->why,
		.counts = ph_plan_counts(f->req),
	};
	for (size_t i = 0; i < p->n_ends && f->why == NULL; i++)
		if (ph_public_has(f, &p->ends[i]))
			add_end(&x, p, f, &p->ends[i]);
	if (f->why == NULL)
		add_rest(&x, f->req);
	c->owners[at] = x.shut != PH_OWNER_NOBODY ? x.shut : x.unsure;
}

/* Certificates that this computer does not trust, addresses changed inside packets. */
static void
remark(struct ph_arena *mem, const struct ph_public_end *e, struct ph_probe_result *r)
{
	if (!e->untrusted && !e->rewritten)
		return;
	*PH_PUSH(mem, r->findings, r->n_findings, r->cap_findings) = (struct ph_finding){
		.id = e->untrusted ? "tls-untrusted" : "stun-rewritten",
		.severity = PH_WARNING, .degrades = true,
		.message = e->untrusted ? ph_arena_printf(mem, "%s shows a certificate on port %u "
		    "that this computer does not trust: somebody on the way opens the "
		    "connection, or the service's certificate is wrong", host(mem, e), e->port) :
		    ph_arena_printf(mem, "something on the way changes addresses inside STUN "
		    "packets to %s: a gateway that means well and should be switched off",
		    host(mem, e)),
	};
}

void
ph_check_ends(struct ph_arena *mem, const struct ph_public *p, struct ph_check *c)
{
	c->r.flows = ph_arena_array(mem, p->n_flows + 1, sizeof(*c->r.flows));
	c->r.n_flows = p->n_flows;
	c->r.failure = p->failure;
	c->r.via = "the service's own servers";
	c->owners = ph_arena_array(mem, p->n_flows + 1, sizeof(*c->owners));
	for (size_t i = 0; i < p->n_flows; i++)
		fill(mem, p, &p->flows[i], c, i);
	ph_result_judge(mem, &c->r);
	for (size_t i = 0; i < p->n_ends; i++)
		remark(mem, &p->ends[i], &c->r);
	for (size_t i = 0; i < c->r.n_findings; i++)
		c->r.degraded |= c->r.findings[i].degrades;
}
