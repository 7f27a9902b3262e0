/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/asa/read.h"

enum { MAX_HOLES = 256 };		/* ranges a mask may become; more stays a mask */

/* A name from "name ADDR WORD", or an address. */
static bool
address(struct ph_asa *a, struct ph_str s, ph_u128 *out)
{
	const ph_u128 *named = ph_map_find(&a->names, s.s, s.len);

	if (named != NULL) {
		*out = *named;
		return true;
	}
	return ph_addr_parse(s, out);
}

bool
ph_asa_read_host(struct ph_asa *a, struct ph_asa_line *l, ph_u128 *out)
{
	struct ph_span at = ph_asa_here(l);

	if (address(a, ph_asa_next(l), out))
		return true;
	return ph_asa_error(a, "bad-address", at, "expected an IPv4 or IPv6 address");
}

/* An IPv4 network by address and mask, which may have holes. */
static bool
masked(struct ph_asa *a, ph_u128 addr, ph_u128 mask, struct ph_asa_addrs *out)
{
	struct ph_masked *m;

	if (ph_ranges_masked(a->mem, (uint32_t)addr, (uint32_t)mask, 32, PH_V4_BASE,
	    PH_ANY_V4, MAX_HOLES, &out->ranges))
		return true;
	m = PH_NEW(a->mem, struct ph_masked);
	m->value = (uint32_t)addr;
	m->mask = (uint32_t)mask;
	out->mask = m;
	return true;
}

bool
ph_asa_read_net(struct ph_asa *a, struct ph_asa_line *l, struct ph_asa_addrs *out)
{
	struct ph_span at = ph_asa_here(l);
	struct ph_str w = ph_asa_next(l);
	struct ph_range r;
	ph_u128 addr, mask;

	*out = (struct ph_asa_addrs){ 0 };
	if (memchr(w.s, '/', w.len) != NULL) {
		if (!ph_prefix_parse(w, &r, NULL))
			return ph_asa_error(a, "bad-address", at, "expected ADDRESS/LENGTH");
		out->ranges = ph_ranges_one(a->mem, r.lo, r.hi);
		return true;
	}
	if (!address(a, w, &addr))
		return ph_asa_error(a, "bad-address", at,
		    "expected any, host, object, object-group, interface or an address");
	at = ph_asa_here(l);
	if (!ph_addr_is_v4(addr) || !ph_addr_parse(ph_asa_next(l), &mask) ||
	    !ph_addr_is_v4(mask))
		return ph_asa_error(a, "bad-mask", at, "expected a netmask");
	return masked(a, addr, mask, out);
}

static bool
read_any(struct ph_asa *a, struct ph_range r, struct ph_asa_addrs *out)
{
	out->ranges = ph_ranges_one(a->mem, r.lo, r.hi);
	return true;
}

static bool
read_named(struct ph_asa *a, struct ph_asa_line *l, bool group,
    struct ph_asa_addrs *out)
{
	struct ph_span at = ph_asa_here(l);
	struct ph_asa_object *o;

	if (at.src == NULL || l->at >= l->n)
		return ph_asa_error(a, "bad-address", at, "expected a name");
	o = ph_asa_find(a, ph_asa_next(l), group, at);
	if (o == NULL)
		out->opaque = "names an object that is not defined";
	else if (o->kind != PH_ASA_NETWORK)
		return ph_asa_error(a, "wrong-object", at, "\"%.*s\" is no network object",
		    (int)o->name.len, o->name.s);
	else
		*out = o->addrs;
	return true;
}

static bool
read_iface(struct ph_asa *a, struct ph_asa_line *l, struct ph_asa_addrs *out)
{
	struct ph_str name = ph_asa_next(l);
	const struct ph_iface *i;

	for (i = a->rs->ifaces; i != NULL && !ph_str_eq(name, i->name); i = i->next)
		continue;
	if (i != NULL && i->addrs != NULL)
		out->ranges = i->addrs;
	else
		out->opaque = "an interface whose address is not in the file";
	return true;
}

bool
ph_asa_read_addrs(struct ph_asa *a, struct ph_asa_line *l, struct ph_asa_addrs *out)
{
	ph_u128 host;

	*out = (struct ph_asa_addrs){ 0 };
	if (ph_asa_take(l, "any"))
		return a->version != 0 && a->version < 900 ?
		    read_any(a, PH_ANY_V4, out) : true;
	if (ph_asa_take(l, "any4"))
		return read_any(a, PH_ANY_V4, out);
	if (ph_asa_take(l, "any6"))
		return read_any(a, PH_ANY_V6, out);
	if (ph_asa_take(l, "host")) {
		if (!ph_asa_read_host(a, l, &host))
			return false;
		out->ranges = ph_ranges_one(a->mem, host, host);
		return true;
	}
	if (ph_asa_take(l, "object-group"))
		return read_named(a, l, true, out);
	if (ph_asa_take(l, "object"))
		return read_named(a, l, false, out);
	if (ph_asa_take(l, "interface"))
		return read_iface(a, l, out);
	return ph_asa_read_net(a, l, out);
}
