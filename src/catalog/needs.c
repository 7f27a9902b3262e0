/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "catalog/address.h"
#include "net/names.h"

/*
 * DOC: From flows to requirements
 *
 * A flow, the site's addresses, and a direction make one requirement.  What
 * nobody named is asked for: once for each group, with the flag and the line of
 * the file that would answer it.
 */
struct needs {
	struct ph_site *site;
	const struct ph_site_opts *opts;
	struct ph_requirements *out;
	struct ph_map said;		/* groups and parameters already asked for */
	const struct ph_service *s;
	const struct ph_ranges *near[2];	/* the protected side, by direction */
};

/* True the first time it is called for "kind service.name". */
static bool
first_time(struct needs *n, const char *kind, const char *name)
{
	const char *key = ph_arena_printf(n->site->mem, "%s %s.%s", kind, n->s->name, name);
	void **slot = ph_map_at(n->site->mem, &n->said, key, strlen(key));
	bool first = *slot == NULL;

	*slot = n;
	return first;
}

static bool
said_before(const struct needs *n, const char *kind, const char *name)
{
	const char *key = ph_arena_printf(n->site->mem, "%s %s.%s", kind, n->s->name, name);

	return ph_map_find(&n->said, key, strlen(key)) != NULL;
}

/* Where the site's file speaks of the service, if it does. */
static struct ph_span
service_place(const struct needs *n)
{
	return ph_site_group(n->site, n->s->name, "")->addrs.at;
}

/* Ask for a group that a flow needs; what is not required is left out aloud. */
static void
ask_group(struct needs *n, const struct ph_service_group *g,
    const struct ph_service_flow *f, enum ph_direction dir, bool other_way_known)
{
	bool needed = f->need == PH_REQUIRED;
	const char *id = needed ? "missing-group" : "group-unnamed";
	const char *service = n->s->name, *way = "", *name;

	if (other_way_known)
		way = dir == PH_OUT ? ".out" : ".in";
	name = ph_arena_printf(n->site->mem, "%s%s", g->name, way);
	if (said_before(n, "missing-group", name) || !first_time(n, id, name))
		return;
	ph_diag(n->site->diags, needed ? PH_ERROR : PH_WARN, id, service_place(n),
	    "%s %s the addresses of \"%s%s\": %s", service,
	    needed ? "needs" : "leaves a flow out for want of", g->name, way, g->what);
	ph_diag(n->site->diags, PH_NOTE, id, (struct ph_span){ 0 },
	    "give them as --at %s.%s%s=ADDR[,ADDR...], or in the site's file as "
	    "services: { %s: { %s: [ADDR, ...] } }", service, g->name, way, service, g->name);
	ph_diag(n->site->diags, PH_NOTE, id, (struct ph_span){ 0 },
	    "where to get them: %s", g->how);
}

/* The addresses of one group for one direction; NULL when not known. */
static const struct ph_ranges *
group_ranges(struct needs *n, const struct ph_service_group *g,
    const struct ph_service_flow *f, enum ph_direction dir)
{
	struct ph_site *site = n->site;
	const struct ph_site_addrs *a = &ph_site_group(site, n->s->name, g->name)->addrs;
	const struct ph_ranges *r;

	if (a->n == 0 && g->any)
		return ph_ranges_one(site->mem, 0, PH_U128_MAX);
	if (a->n > 0 && !ph_address_ranges(site, a, dir, n->opts, &r))
		return NULL;
	if (a->n > 0 && r->n > 0)
		return r;
	ask_group(n, g, f, dir, a->n > 0);
	return NULL;
}

static const struct ph_ranges *
far_side(struct needs *n, const struct ph_service_flow *f, enum ph_direction dir)
{
	const struct ph_ranges *all = ph_ranges_none();
	bool ok = true;

	for (size_t i = 0; i < f->n_groups; i++) {
		const struct ph_ranges *r = group_ranges(n, f->groups[i], f, dir);

		ok = ok && r != NULL;
		if (r != NULL)
			all = r->n == 1 && r->r[0].lo == 0 && r->r[0].hi == PH_U128_MAX ?
			    r : ph_ranges_union(n->site->mem, all, r);
		if (all == NULL)
			all = ph_ranges_one(n->site->mem, 0, PH_U128_MAX);
	}
	return ok ? all : NULL;
}

/* The side behind the firewall: clients, or the servers of who runs it. */
static bool
near_side(struct needs *n)
{
	struct ph_site *site = n->site;
	const struct ph_site_addrs *a = &site->clients;
	bool server = n->s->viewpoint == PH_VIEW_SERVER, ok = true;

	if (server)
		a = &ph_site_group(site, n->s->name, "servers")->addrs;
	for (int dir = PH_OUT; dir <= PH_IN && a->n > 0; dir++)
		ok &= ph_address_ranges(site, a, (enum ph_direction)dir, n->opts,
		    &n->near[dir]);
	if (a->n > 0)
		return ok;
	if (server)
		ph_diag(site->diags, PH_ERROR, "missing-group", service_place(n),
		    "%s needs the addresses of \"servers\": give them as "
		    "--at %s.servers=ADDR[,ADDR...]", n->s->name, n->s->name);
	else if (first_time(n, "clients", ""))
		ph_diag(site->diags, PH_ERROR, "missing-clients", (struct ph_span){ 0 },
		    "the clients' networks are not named: give them as "
		    "--clients ADDR[,ADDR...], or in the site's file as clients: [ADDR, ...]");
	return false;
}

static const struct ph_ranges *
flow_ports(struct needs *n, const struct ph_service_flow *f)
{
	struct ph_site *site = n->site;
	const struct ph_service_param *p = f->param;
	const struct ph_ranges *given;
	struct ph_buf text;

	if (p == NULL)
		return f->ports;
	given = ph_site_param(site, n->s->name, p->name)->ports;
	if (given != NULL || !first_time(n, "param", p->name))
		return given != NULL ? given : p->ports;
	if (p->ports == NULL) {
		ph_diag(site->diags, PH_ERROR, "missing-param", service_place(n),
		    "%s needs \"%s\", %s: give it as --set %s.%s=PORTS, or in the site's "
		    "file as services: { %s: { params: { %s: PORTS } } }", n->s->name,
		    p->name, p->what, n->s->name, p->name, n->s->name, p->name);
		return NULL;
	}
	ph_buf_init(&text, site->mem);
	ph_ranges_print(&text, PH_DPORT, p->ports);
	ph_diag(site->diags, PH_WARN, "param-default", service_place(n),
	    "%s: \"%s\", %s, is not given: %s is used%s%s; "
	    "--set %s.%s=PORTS says better", n->s->name, p->name, p->what, text.s,
	    p->why != NULL ? ", since " : "", p->why != NULL ? p->why : "", n->s->name,
	    p->name);
	return p->ports;
}

/* Is there a family of which both have addresses? */
static bool
can_talk(const struct ph_ranges *a, const struct ph_ranges *b)
{
	bool four = ph_addr_is_v4(ph_ranges_hull(a).hi) && ph_addr_is_v4(ph_ranges_hull(b).hi);
	bool six = !ph_addr_is_v4(ph_ranges_hull(a).lo) && !ph_addr_is_v4(ph_ranges_hull(b).lo);

	return four || six;
}

static const char *
group_names(struct ph_arena *mem, const struct ph_service_flow *f)
{
	struct ph_buf b;

	ph_buf_init(&b, mem);
	for (size_t i = 0; i < f->n_groups; i++)
		ph_buf_printf(&b, "%s%s", i > 0 ? "-" : "", f->groups[i]->name);
	return b.s;
}

static bool
has_udp(const struct ph_service_flow *f)
{
	return memchr(f->protos, PH_UDP, f->n_protos) != NULL;
}

/* What a flow by UDP and TCP may be silent for is said of UDP. */
static void
add(struct needs *n, const struct ph_service_flow *f, uint8_t proto,
    enum ph_direction dir, const struct ph_ranges *ports, const struct ph_ranges *far)
{
	struct ph_arena *mem = n->site->mem;
	struct ph_requirement *r = PH_NEW(mem, struct ph_requirement);

	*r = (struct ph_requirement){
		.service = n->s->name, .flow = f->id, .title = n->s->title,
		.purpose = f->purpose, .direction = dir, .page = f->direction,
		.initiator = f->initiator, .need = f->need,
		.fallback = f->fallback == NULL ? NULL : f->fallback->id,
		.idle_s = proto == PH_UDP || !has_udp(f) ? f->idle_s : 0,
		.alg = f->alg, .alg_protocol = f->alg_protocol, .app = n->s->app,
		.group = group_names(mem, f), .proto = proto, .ports = ports,
		.sports = dir == PH_OUT ? f->sports : NULL,
		.clients = n->near[dir], .far = far,
		.source = f->source, .checked = f->checked, .note = f->note,
	};
	ph_requirement_seal(mem, r);
	*PH_PUSH(mem, n->out->v, n->out->n, n->out->cap) = r;
}

/* Does ${f} need a rule of its own in this direction? */
static bool
goes(const struct ph_service_flow *f, enum ph_direction dir, bool stateful_only)
{
	if (f->direction != PH_PAGE_BOTH)
		return (f->direction == PH_PAGE_OUT) == (dir == PH_OUT);
	if (!stateful_only || f->initiator == PH_BY_EITHER)
		return true;
	return (f->initiator == PH_BY_CLIENT) == (dir == PH_OUT);
}

static void
add_direction(struct needs *n, const struct ph_service_flow *f, enum ph_direction dir,
    const struct ph_ranges *ports)
{
	const struct ph_ranges *far = far_side(n, f, dir);

	if (far == NULL || n->near[dir] == NULL || ports == NULL)
		return;
	if (n->near[dir]->n == 0 || !can_talk(n->near[dir], far)) {
		if (first_time(n, "family", f->id))
			ph_diag(n->site->diags, f->need == PH_REQUIRED ? PH_ERROR : PH_WARN,
			    "no-common-family", service_place(n), "%s %s: one side has IPv4 "
			    "addresses only, the other IPv6", n->s->name, f->id);
		return;
	}
	for (size_t i = 0; i < f->n_protos; i++)
		add(n, f, f->protos[i], dir, ports, far);
}

static void
add_service(struct needs *n, const char *name)
{
	n->s = ph_catalog_ask(n->site->catalog, name, (struct ph_span){ 0 });
	n->near[PH_OUT] = n->near[PH_IN] = NULL;
	if (n->s == NULL || !first_time(n, "service", ""))
		return;
	near_side(n);
	for (size_t i = 0; i < n->s->n_flows; i++) {
		const struct ph_service_flow *f = &n->s->flows[i];
		const struct ph_ranges *ports = flow_ports(n, f);

		for (int dir = PH_OUT; dir <= PH_IN; dir++)
			if (goes(f, (enum ph_direction)dir, n->opts->stateful_only))
				add_direction(n, f, (enum ph_direction)dir, ports);
	}
}

bool
ph_site_requirements(struct ph_site *site, const char *const *services, size_t n,
    const struct ph_site_opts *opts, struct ph_requirements *out)
{
	unsigned before = site->diags->errors;
	struct needs needs = { .site = site, .opts = opts, .out = out };

	*out = (struct ph_requirements){ 0 };
	for (size_t i = 0; i < n; i++)
		add_service(&needs, services[i]);
	return site->diags->errors == before;
}
