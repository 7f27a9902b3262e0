/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/asa/read.h"

struct ph_asa_nat *
ph_asa_nat_add(struct ph_asa *a, struct ph_span at, int section)
{
	struct ph_asa_nat *n = PH_NEW(a->mem, struct ph_asa_nat);

	n->at = at;
	n->section = section;
	n->order = a->n_nats++;
	*a->nats_tail = n;
	a->nats_tail = &n->next;
	return n;
}

static struct ph_str
not_any(struct ph_str s)
{
	return ph_str_eq(s, "any") ? (struct ph_str){ "", 0 } : s;
}

/* pair = "(" REAL-IF "," MAPPED-IF ")" */
bool
ph_asa_nat_pair(struct ph_asa *a, struct ph_asa_line *l, struct ph_str *real,
    struct ph_str *mapped)
{
	struct ph_span at = ph_asa_here(l);
	struct ph_str w = ph_asa_next(l);
	const char *comma = memchr(w.s, ',', w.len);

	if (comma == NULL || w.len < 5 || w.s[0] != '(' || w.s[w.len - 1] != ')')
		return ph_asa_error(a, "bad-nat", at, "expected (interface,interface)");
	*real = not_any((struct ph_str){ w.s + 1, (size_t)(comma - w.s) - 1 });
	*mapped = not_any((struct ph_str){ comma + 1,
	    (size_t)(w.s + w.len - 1 - comma) - 1 });
	return true;
}

/* An object, a group, "any", "interface" or an address. */
static bool
read_mapped(struct ph_asa *a, struct ph_asa_line *l, struct ph_asa_nat *n,
    struct ph_asa_addrs *out)
{
	struct ph_span at = ph_asa_here(l);
	struct ph_str w = ph_asa_peek(l);
	const struct ph_asa_object *o;
	struct ph_range r;

	*out = (struct ph_asa_addrs){ 0 };
	if (ph_str_eq(w, "pat-pool"))
		l->at++;
	w = ph_asa_next(l);
	if (ph_str_eq(w, "any") || ph_str_eq(w, "any4") || ph_str_eq(w, "any6"))
		return true;
	if (ph_str_eq(w, "interface")) {
		n->to_iface = true;
		return true;
	}
	if (ph_prefix_parse(w, &r, NULL)) {
		out->ranges = ph_ranges_one(a->mem, r.lo, r.hi);
		return true;
	}
	o = ph_map_find(&a->objects, w.s, w.len) != NULL ?
	    ph_asa_find(a, w, false, at) : ph_asa_find(a, w, true, at);
	if (o == NULL || o->kind != PH_ASA_NETWORK)
		out->opaque = "translation names an object that is not defined";
	else
		*out = o->addrs;
	return true;
}

static void
read_options(struct ph_asa *a, struct ph_asa_line *l)
{
	static const char *const known[] = {
		"dns", "no-proxy-arp", "route-lookup", "unidirectional", "interface",
		"ipv6", "round-robin", "extended", "flat", "include-reserve",
		"block-allocation", "net-to-net", "inactive",
	};

	for (; l->at < l->n; l->at++) {
		struct ph_str w = ph_asa_peek(l);
		bool found = *w.s == '!';

		if (ph_str_eq(w, "description") || found)
			return;
		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
			found |= ph_str_eq(w, known[i]);
		if (!found)
			ph_diag(a->diags, PH_WARN, "unread-nat", ph_asa_here(l),
			    "\"%.*s\" is not understood", (int)w.len, w.s);
	}
}

static bool
has_word(const struct ph_asa_line *l, const char *s)
{
	for (unsigned i = l->at; i < l->n; i++)
		if (ph_str_eq(ph_asa_word(l, i), s))
			return true;
	return false;
}

/* service = "service" REAL-OBJECT MAPPED-OBJECT */
static void
read_service_objects(struct ph_asa *a, struct ph_asa_line *l, struct ph_asa_nat *n)
{
	struct ph_span at = ph_asa_here(l);
	const struct ph_asa_object *real = ph_asa_find(a, ph_asa_next(l), false, at);
	const struct ph_asa_object *mapped = ph_asa_find(a, ph_asa_next(l), false, at);

	if (real == NULL || mapped == NULL || real->terms.n != 1 || mapped->terms.n != 1) {
		n->real.opaque = "translation of ports that is not understood";
		return;
	}
	n->proto = real->terms.v[0].d[PH_PROTO];
	n->real_port = real->terms.v[0].d[n->has_dst ? PH_DPORT : PH_SPORT];
	n->mapped_port = mapped->terms.v[0].d[n->has_dst ? PH_DPORT : PH_SPORT];
}

static bool
same_addrs(const struct ph_asa_addrs *x, const struct ph_asa_addrs *y)
{
	return x->opaque == NULL && y->opaque == NULL && x->mask == NULL &&
	    y->mask == NULL && ph_ranges_equal(x->ranges, y->ranges);
}

/*
 * twice = "nat" pair [ LINE | "after-auto" [LINE] ] "source" ("static"|"dynamic")
 *	REAL MAPPED [ "destination" "static" MAPPED REAL ] [ service ] options
 */
void
ph_asa_nat_line(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_asa_nat *n;
	struct ph_str real, mapped;
	int section = 1;
	uint64_t line;

	if (!ph_asa_nat_pair(a, l, &real, &mapped))
		return;
	if (ph_asa_take(l, "after-auto"))
		section = 4;
	if (ph_str_u64(ph_asa_peek(l), 10, UINT32_MAX, &line))
		l->at++;
	if (!ph_asa_take(l, "source")) {
		ph_asa_error(a, "bad-nat", ph_asa_here(l), "expected \"source\"");
		return;
	}
	n = ph_asa_nat_add(a, ph_asa_line_span(l), section);
	n->real_if = real;
	n->mapped_if = mapped;
	n->dynamic = ph_asa_take(l, "dynamic");
	if (!n->dynamic)
		ph_asa_take(l, "static");
	read_mapped(a, l, n, &n->real);
	n->to_iface = false;
	read_mapped(a, l, n, &n->mapped);
	if (has_word(l, "inactive")) {
		n->section = 0;
		return;
	}
	if (n->dynamic && ph_asa_take(l, "interface"))
		n->to_iface = true;
	n->has_dst = ph_asa_take(l, "destination");
	if (n->has_dst) {
		ph_asa_take(l, "static");
		read_mapped(a, l, n, &n->dst_mapped);
		read_mapped(a, l, n, &n->dst_real);
	}
	if (ph_asa_take(l, "service"))
		read_service_objects(a, l, n);
	n->identity = !n->dynamic && same_addrs(&n->real, &n->mapped);
	read_options(a, l);
}

/* service = "service" ("tcp"|"udp") REAL-PORT MAPPED-PORT */
static void
read_service_ports(struct ph_asa *a, struct ph_asa_line *l, struct ph_asa_nat *n)
{
	if (!ph_asa_read_proto(a, l, &n->proto) ||
	    !ph_asa_read_port(a, l, &n->real_port) ||
	    !ph_asa_read_port(a, l, &n->mapped_port))
		n->section = 0;
}

/* auto = "nat" [pair] ("static"|"dynamic") MAPPED [service] options, in an object */
void
ph_asa_nat_object(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_asa_nat *n = ph_asa_nat_add(a, ph_asa_line_span(l), 2);
	struct ph_asa_object *o = a->object;
	struct ph_range one;

	if (*ph_asa_peek(l).s == '(' &&
	    !ph_asa_nat_pair(a, l, &n->real_if, &n->mapped_if)) {
		n->section = 0;
		return;
	}
	n->dynamic = ph_asa_take(l, "dynamic");
	if (!n->dynamic && !ph_asa_take(l, "static")) {
		ph_asa_error(a, "bad-nat", ph_asa_here(l), "expected static or dynamic");
		n->section = 0;
		return;
	}
	if (n->dynamic)
		n->section = 3;
	o = ph_asa_find(a, o->name, false, o->at);
	if (o != NULL)
		n->real = o->addrs;
	read_mapped(a, l, n, &n->mapped);
	if (ph_asa_take(l, "service"))
		read_service_ports(a, l, n);
	if (n->real.ranges != NULL && n->real.ranges->n == 1) {
		one = n->real.ranges->r[0];
		n->prefix = ph_range_prefix_len(one) < 0 ? 0 :
		    (unsigned)ph_range_prefix_len(one);
		/* "static 192.168.3.0" maps a network onto one that starts there */
		if (!n->dynamic && n->mapped.ranges != NULL && n->mapped.ranges->n == 1 &&
		    n->mapped.ranges->r[0].lo == n->mapped.ranges->r[0].hi)
			n->mapped.ranges = ph_ranges_one(a->mem, n->mapped.ranges->r[0].lo,
			    n->mapped.ranges->r[0].lo + (one.hi - one.lo));
	}
	n->identity = !n->dynamic && !n->to_iface && same_addrs(&n->real, &n->mapped);
	read_options(a, l);
}
