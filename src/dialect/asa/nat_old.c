/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/asa/read.h"

/*
 * Translation as it was written before 8.3.
 *
 *	static (REAL,MAPPED) MAPPED-ADDR REAL-ADDR [netmask MASK]
 *	static (REAL,MAPPED) tcp|udp MAPPED-ADDR|interface PORT REAL-ADDR PORT …
 *	nat (IF) ID NET [MASK]		nat (IF) 0 access-list LIST
 *	global (IF) ID A[-B]|interface [netmask MASK]
 */

bool
ph_asa_old_nat(const struct ph_asa *a)
{
	return a->version != 0 ? a->version < 803 : a->pools != NULL;
}

static void
set_host(struct ph_asa *a, struct ph_asa_addrs *out, ph_u128 lo, ph_u128 n)
{
	*out = (struct ph_asa_addrs){ .ranges = ph_ranges_one(a->mem, lo, lo + n) };
}

/* The size of a network minus 1, by its netmask; 0 when there is none. */
static ph_u128
read_netmask(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_span at;
	ph_u128 mask;

	if (!ph_asa_take(l, "netmask"))
		return 0;
	at = ph_asa_here(l);
	if (ph_addr_parse(ph_asa_next(l), &mask) && ph_addr_is_v4(mask))
		return (uint32_t)~(uint32_t)mask;
	ph_asa_error(a, "bad-mask", at, "expected a netmask");
	return 0;
}

static bool
static_ports(struct ph_asa *a, struct ph_asa_line *l, struct ph_asa_nat *n)
{
	ph_u128 mapped = 0, real;

	if (!ph_asa_read_proto(a, l, &n->proto))
		return false;
	n->to_iface = ph_asa_take(l, "interface");
	if ((!n->to_iface && !ph_asa_read_host(a, l, &mapped)) ||
	    !ph_asa_read_port(a, l, &n->mapped_port) ||
	    !ph_asa_read_host(a, l, &real) || !ph_asa_read_port(a, l, &n->real_port))
		return false;
	set_host(a, &n->real, real, 0);
	if (!n->to_iface)
		set_host(a, &n->mapped, mapped, 0);
	return true;
}

void
ph_asa_static(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_asa_nat *n = ph_asa_nat_add(a, ph_asa_line_span(l), 2);
	struct ph_str w;
	ph_u128 mapped, real, size;

	n->section = 0;
	if (!ph_asa_nat_pair(a, l, &n->real_if, &n->mapped_if))
		return;
	w = ph_asa_peek(l);
	if (ph_str_eq(w, "tcp") || ph_str_eq(w, "udp")) {
		n->section = static_ports(a, l, n) ? 2 : 0;
		return;
	}
	n->to_iface = ph_asa_take(l, "interface");
	if (!n->to_iface && !ph_asa_read_host(a, l, &mapped))
		return;
	if (ph_asa_take(l, "access-list")) {
		n->section = 2;
		n->real.opaque = "policy translation by an access list";
		return;
	}
	if (!ph_asa_read_host(a, l, &real))
		return;
	size = read_netmask(a, l);
	set_host(a, &n->real, real, size);
	if (!n->to_iface)
		set_host(a, &n->mapped, mapped, size);
	n->identity = !n->to_iface && mapped == real;
	n->section = 2;
}

static bool
one_iface(struct ph_asa *a, struct ph_asa_line *l, struct ph_str *out)
{
	struct ph_span at = ph_asa_here(l);
	struct ph_str w = ph_asa_next(l);

	if (w.len < 3 || w.s[0] != '(' || w.s[w.len - 1] != ')')
		return ph_asa_error(a, "bad-nat", at, "expected (interface)");
	*out = (struct ph_str){ w.s + 1, w.len - 2 };
	return true;
}

static struct ph_asa_pool *
pool_add(struct ph_asa *a, struct ph_asa_line *l, bool global)
{
	struct ph_asa_pool *p = PH_NEW(a->mem, struct ph_asa_pool);

	p->at = ph_asa_line_span(l);
	p->global = global;
	if (!one_iface(a, l, &p->iface))
		return NULL;
	if (!ph_str_u64(ph_asa_peek(l), 10, UINT32_MAX, &p->id)) {
		ph_asa_error(a, "bad-nat", ph_asa_here(l), "expected a number");
		return NULL;
	}
	l->at++;
	*a->pools_tail = p;
	a->pools_tail = &p->next;
	return p;
}

/* "0 0" is short for "0.0.0.0 0.0.0.0". */
static bool
read_local(struct ph_asa *a, struct ph_asa_line *l, struct ph_asa_addrs *out)
{
	if (ph_str_eq(ph_asa_peek(l), "0")) {
		l->at += 2;
		out->ranges = ph_ranges_one(a->mem, PH_V4_BASE, PH_U128_MAX);
		return true;
	}
	if (l->at + 1 >= l->n) {
		ph_u128 h;

		if (!ph_asa_read_host(a, l, &h))
			return false;
		set_host(a, out, h, 0);
		return true;
	}
	return ph_asa_read_net(a, l, out);
}

/* "nat (IF) 0 access-list LIST": what the list permits is not translated. */
static void
exempt(struct ph_asa *a, struct ph_asa_line *l, struct ph_str iface)
{
	struct ph_asa_nat *n = ph_asa_nat_add(a, ph_asa_line_span(l), 1);

	n->real_if = iface;
	n->only = ph_asa_list(a, ph_asa_next(l));
	n->identity = true;
}

void
ph_asa_nat_old(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_asa_pool *p = pool_add(a, l, false);
	struct ph_asa_nat *n;

	if (p == NULL)
		return;
	if (ph_asa_take(l, "access-list")) {
		if (p->id == 0) {
			exempt(a, l, p->iface);
			return;
		}
		p->addrs.opaque = "policy translation by an access list";
		return;
	}
	if (!read_local(a, l, &p->addrs) || p->id != 0)
		return;
	n = ph_asa_nat_add(a, p->at, 2);
	n->real_if = p->iface;
	n->real = n->mapped = p->addrs;
	n->identity = true;
}

/* "global (IF) ID A[-B]|interface" */
void
ph_asa_global(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_asa_pool *p = pool_add(a, l, true);
	const char *dash;
	struct ph_str w, lo, hi;
	ph_u128 from, to;

	if (p == NULL)
		return;
	p->to_iface = ph_asa_take(l, "interface");
	if (p->to_iface)
		return;
	w = lo = hi = ph_asa_peek(l);
	dash = memchr(w.s, '-', w.len);
	if (dash != NULL) {
		lo.len = (size_t)(dash - w.s);
		hi = (struct ph_str){ dash + 1, w.len - lo.len - 1 };
	}
	if (!ph_addr_parse(lo, &from) || !ph_addr_parse(hi, &to) || from > to) {
		ph_asa_error(a, "bad-address", ph_asa_here(l), "expected an address or range");
		return;
	}
	set_host(a, &p->addrs, from, to - from);
}

/* nat and global of the same number, on two interfaces, are one translation. */
void
ph_asa_pools_join(struct ph_asa *a)
{
	for (const struct ph_asa_pool *in = a->pools; in != NULL; in = in->next) {
		if (in->global || in->id == 0)
			continue;
		for (const struct ph_asa_pool *g = a->pools; g != NULL; g = g->next) {
			struct ph_asa_nat *n;

			if (!g->global || g->id != in->id)
				continue;
			n = ph_asa_nat_add(a, in->at, 3);
			n->dynamic = true;
			n->real_if = in->iface;
			n->mapped_if = g->iface;
			n->real = in->addrs;
			n->mapped = g->addrs;
			n->to_iface = g->to_iface;
		}
	}
}
