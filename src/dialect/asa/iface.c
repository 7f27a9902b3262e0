/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/asa/read.h"

/* "interface GigabitEthernet0/1"; names come with "nameif". */
void
ph_asa_iface_begin(struct ph_asa *a, struct ph_asa_line *l)
{
	a->iface = NULL;
	a->device_at = ph_asa_line_span(l);
	a->device = ph_asa_next(l);
}

static void
nameif(struct ph_asa *a, struct ph_str name, struct ph_span at)
{
	struct ph_iface *i;

	if (name.len == 0) {
		ph_asa_error(a, "bad-interface", at, "expected a name");
		return;
	}
	i = ph_ruleset_iface(a->mem, a->rs, name);
	i->device = ph_arena_dup(a->mem, a->device.s, a->device.len);
	i->at = at;
	if (i->level < 0)
		i->level = ph_str_eq(name, "inside") ? 100 : 0;
	a->iface = i;
}

static void
level(struct ph_asa *a, struct ph_iface *i, struct ph_str s, struct ph_span at)
{
	uint64_t v;

	if (!ph_str_u64(s, 10, 100, &v)) {
		ph_asa_error(a, "bad-level", at, "expected a security level 0-100");
		return;
	}
	i->level = (int)v;
	i->at = at;
}

static void
add_addr(struct ph_asa *a, struct ph_iface *i, ph_u128 addr, struct ph_range net)
{
	const struct ph_ranges *one = ph_ranges_one(a->mem, addr, addr);
	const struct ph_ranges *all = ph_ranges_one(a->mem, net.lo, net.hi);

	i->addrs = i->addrs == NULL ? one : ph_ranges_union(a->mem, i->addrs, one);
	i->nets = i->nets == NULL ? all : ph_ranges_union(a->mem, i->nets, all);
}

/* "ip address A MASK [standby B]"; dhcp and pppoe leave it unknown. */
static void
ip_address(struct ph_asa *a, struct ph_asa_line *l, struct ph_iface *i)
{
	struct ph_str w = ph_asa_peek(l);
	struct ph_asa_addrs net;
	unsigned at = l->at;
	ph_u128 addr;

	if (ph_str_eq(w, "dhcp") || ph_str_eq(w, "pppoe"))
		return;
	if (!ph_asa_read_net(a, l, &net))
		return;
	l->at = at;
	if (net.ranges == NULL || !ph_asa_read_host(a, l, &addr))
		return;
	if (net.ranges->n != 1) {
		ph_asa_error(a, "bad-mask", ph_asa_here(l), "a mask with holes names no network");
		return;
	}
	add_addr(a, i, addr, net.ranges->r[0]);
}

/* "ipv6 address A/LEN [standby B]"; autoconfig and the like are unknown. */
static void
ipv6_address(struct ph_asa *a, struct ph_asa_line *l, struct ph_iface *i)
{
	struct ph_str w = ph_asa_peek(l), host = w;
	const char *slash = memchr(w.s, '/', w.len);
	struct ph_range net;
	ph_u128 addr;

	if (slash == NULL || !ph_prefix_parse(w, &net, NULL))
		return;
	host.len = (size_t)(slash - w.s);
	if (ph_addr_parse(host, &addr))
		add_addr(a, i, addr, net);
}

bool
ph_asa_iface_line(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_span at = ph_asa_line_span(l);

	if (!l->indented && l->n - l->at > 2 && ph_str_eq(ph_asa_peek(l), "nameif"))
		return false;		/* of PIX 6, which names the device too */
	if (ph_asa_take(l, "nameif")) {
		nameif(a, ph_asa_next(l), at);
		return true;
	}
	if (a->iface == NULL)
		return l->indented;
	if (ph_asa_take(l, "security-level")) {
		level(a, a->iface, ph_asa_next(l), at);
		return true;
	}
	if (ph_str_eq(ph_asa_word(l, l->at + 1), "address")) {
		bool v4 = ph_asa_take(l, "ip"), v6 = !v4 && ph_asa_take(l, "ipv6");

		if (v4 || v6) {
			l->at++;
			(v4 ? ip_address : ipv6_address)(a, l, a->iface);
			return true;
		}
	}
	return l->indented;
}

/* PIX 6: "nameif ethernet0 outside security0" */
void
ph_asa_nameif_pix(struct ph_asa *a, struct ph_asa_line *l)
{
	struct ph_span at = ph_asa_line_span(l);
	struct ph_str sec;

	a->device = ph_asa_next(l);
	nameif(a, ph_asa_next(l), at);
	sec = ph_asa_next(l);
	if (ph_str_starts(sec, "security")) {
		sec.s += 8;
		sec.len -= 8;
	}
	if (a->iface != NULL)
		level(a, a->iface, sec, at);
	a->iface = NULL;
}

/* PIX 6: "ip address outside A MASK" */
void
ph_asa_ip_pix(struct ph_asa *a, struct ph_asa_line *l)
{
	if (ph_asa_take(l, "address"))
		ip_address(a, l, ph_ruleset_iface(a->mem, a->rs, ph_asa_next(l)));
}

/* "route IF NET MASK GATEWAY", "ipv6 route IF NET/LEN GATEWAY" */
void
ph_asa_route(struct ph_asa *a, struct ph_asa_line *l, bool v6)
{
	struct ph_str name = ph_asa_next(l);
	struct ph_asa_addrs net;
	struct ph_iface *i;

	(void)v6;
	if (ph_str_eq(ph_asa_peek(l), "0") && ph_str_eq(ph_asa_word(l, l->at + 1), "0"))
		net.ranges = ph_ranges_one(a->mem, PH_V4_BASE, PH_U128_MAX);
	else if (!ph_asa_read_net(a, l, &net))
		return;
	if (net.ranges == NULL)
		return;
	i = ph_ruleset_iface(a->mem, a->rs, name);
	i->nets = i->nets == NULL ? net.ranges :
	    ph_ranges_union(a->mem, i->nets, net.ranges);
}

/* "same-security-traffic permit inter-interface|intra-interface" */
void
ph_asa_same_security(struct ph_asa *a, struct ph_asa_line *l)
{
	if (!ph_asa_take(l, "permit"))
		return;
	a->same_inter |= ph_str_eq(ph_asa_peek(l), "inter-interface");
	a->same_intra |= ph_str_eq(ph_asa_peek(l), "intra-interface");
}
