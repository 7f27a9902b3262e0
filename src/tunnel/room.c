/* SPDX-License-Identifier: ISC */
#include <errno.h>

#include "os/device.h"
#include "os/tun.h"
#include "os/udp.h"
#include "tunnel/room.h"

static const char name[] = "pinhole0";

/* Which families lead anywhere from here. */
static bool
has_route(ph_u128 to)
{
	ph_u128 from;

	return ph_udp_source(to, &from) == 0;
}

static const char *
routes(struct ph_arena *mem, bool v6, const struct ph_want *want, bool only)
{
	const struct ph_ranges *hosts = ph_want_hosts(want, mem);
	struct ph_range family = v6 ? PH_ANY_V6 : PH_ANY_V4, r, part;
	struct ph_buf b;

	ph_buf_init(&b, mem);
	if (!only && (hosts == NULL ||
	    has_route(v6 ? (ph_u128)0x2000 << 112 | 1 : PH_V4(0x08000001))))
		return ph_arena_printf(mem, "route add default dev %s\n", name);
	for (size_t i = 0; i < hosts->n; i++) {
		r = hosts->r[i];
		if (r.hi < family.lo || r.lo > family.hi)
			continue;
		r.lo = r.lo < family.lo ? family.lo : r.lo;
		r.hi = r.hi > family.hi ? family.hi : r.hi;
		for (bool more = true; more; ) {
			more = ph_range_next_prefix(&r, &part);
			ph_buf_puts(&b, "route add ");
			ph_range_print(&b, part);
			ph_buf_puts(&b, ph_arena_printf(mem, " dev %s\n", name));
		}
	}
	return b.len > 0 ? b.s : NULL;
}

/*
 * A resolver on this host's loopback interface, as systemd-resolved and dnsmasq are: its port 53
 * alone leads out of the program's network, and here it is a direct flow like any other.
 */
static const char *
resolver_routes(struct ph_arena *mem)
{
	ph_u128 at[PH_JAIL_RESOLVERS];
	unsigned n = ph_jail_resolvers("/etc/resolv.conf", at);
	char addr[PH_ADDR_TEXT];
	struct ph_buf b;

	if (n == 0)
		return "";
	ph_buf_init(&b, mem);
	ph_buf_puts(&b, ph_arena_printf(mem, "rule add pref 10 lookup local\nrule del pref 0\n"
	    "route add default dev %s table 53\n", name));
	for (unsigned i = 0; i < n; i++) {
		ph_addr_format(at[i], addr);
		ph_buf_puts(&b, ph_arena_printf(mem,
		    "rule add pref 5 to %s ipproto udp dport 53 lookup 53\n"
		    "rule add pref 5 to %s ipproto tcp dport 53 lookup 53\n", addr, addr));
	}
	return b.s;
}

static struct ph_jail_opts
jail_opts(struct ph_arena *mem, const struct ph_want *want, bool only)
{
	char at4[PH_ADDR_TEXT], at6[PH_ADDR_TEXT];
	const char *to4 = routes(mem, false, want, only), *to6 = routes(mem, true, want, only);
	struct ph_jail_opts o = { .name = name, .addr4 = PH_ROOM_HERE4, .addr6 = PH_ROOM_HERE6 };

	o.lines4 = ph_arena_printf(mem, "link set %s mtu %d up\naddr add %s/30 dev %s\n%s", name,
	    PH_TUN_MTU, ph_addr_format(PH_ROOM_HERE4, at4), name, to4 != NULL ? to4 : "");
	if (to6 != NULL)
		o.lines6 = ph_arena_printf(mem, "addr add %s/64 dev %s nodad\n%s",
		    ph_addr_format(PH_ROOM_HERE6, at6), name, to6);
	return o;
}

int
ph_room_program(struct ph_arena *mem, const struct ph_want *want, const char *const *argv,
    struct ph_jail *jail, const char **why)
{
	struct ph_jail_opts o = jail_opts(mem, want, false);

	o.argv = argv;
	o.loopback = true;
	o.lines4 = ph_arena_printf(mem, "link set lo up\n%s%s", o.lines4, resolver_routes(mem));
	return ph_jail_new(mem, &o, jail, why);
}

int
ph_room_past(struct ph_arena *mem, const struct ph_want *want, struct ph_via *via,
    const char **why)
{
	char *device = ph_arena_alloc(mem, PH_DEVICE_NAME);

	via->taken = ph_want_hosts(want, mem);
	if (via->taken == NULL || via->taken->n == 0) {
		*why = "the services are to be anywhere: name the addresses of their endpoints";
		return -EINVAL;
	}
	if (ph_device_to(via->taken->r[via->taken->n - 1].lo, device) != 0) {
		*why = "no route leads to the services from here";
		return -ENETUNREACH;
	}
	via->device = device;
	return 0;
}

int
ph_room_system(struct ph_arena *mem, const struct ph_want *want, struct ph_jail *jail,
    const char **why)
{
	struct ph_jail_opts o = jail_opts(mem, want, true);

	return ph_jail_system(mem, &o, jail, why);
}
