/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>

#include "lab/net.h"
#include "os/frame.h"
#include "os/netns.h"

enum { CLIENTS, FIREWALL, FAR };

enum {
	NAME_MAX_BYTES = 15,		/* what Linux takes */
	TABLE = 100,			/* of routes, by the link packets come from */
};

/* 198.18.N.1 and 2001:2:0:N::1, for tests (RFC 2544, RFC 5180). */
#define TEST_V4(n) PH_V4(0xc6120001U + ((uint32_t)(n) << 8))
#define TEST_V6(n) ((ph_u128)0x20010002 << 96 | (ph_u128)(n) << 64 | 1)

static bool
has_link(const struct ph_lab_net *net, const char *name)
{
	for (size_t i = 0; i < net->n; i++)
		if (strcmp(net->links[i].name, name) == 0)
			return true;
	return false;
}

static size_t
add_links(struct ph_lab_net *net, const char *const *names, size_t n, const char *otherwise)
{
	size_t before = net->n;

	for (size_t i = 0; i < n; i++)
		if (!has_link(net, names[i]))
			net->links[net->n++] = (struct ph_lab_link){ .name = names[i] };
	if (n == 0)
		net->links[net->n++] = (struct ph_lab_link){ .name = otherwise };
	return net->n - before;
}

static size_t
count_ifaces(const struct ph_ruleset *rs)
{
	size_t n = 0;

	for (const struct ph_iface *i = rs->ifaces; i != NULL; i = i->next)
		n++;
	return n;
}

static void
own_addresses(struct ph_lab_net *net, struct ph_ruleset *rs)
{
	for (size_t k = 0; k < net->n; k++) {
		struct ph_iface *i = ph_ruleset_iface(net->mem, rs,
		    ph_str(net->links[k].name));
		struct ph_range own[] = {
			{ TEST_V4(k), TEST_V4(k) },
			{ TEST_V6(k), TEST_V6(k) },
		};

		if (i->addrs == NULL)
			i->addrs = ph_ranges_from(net->mem, own, 2);
		net->links[k].own = i->addrs;
	}
}

void
ph_lab_net_plan(struct ph_arena *mem, struct ph_ruleset *rs, const struct ph_sides *s,
    struct ph_lab_net *net)
{
	*net = (struct ph_lab_net){
		.mem = mem, .ns = { -1, -1, -1 }, .host = s->host || rs->host_only,
	};
	net->links = ph_arena_array(mem, s->n_inside + s->n_outside + count_ifaces(rs) + 2,
	    sizeof(*net->links));
	if (!net->host)
		net->n_inside = add_links(net, s->inside, s->n_inside, "inside0");
	net->n_outside = add_links(net, s->outside, s->n_outside, "outside0");
	for (const struct ph_iface *i = rs->ifaces; i != NULL; i = i->next)
		if (strcmp(i->name, "lo") != 0 && strchr(i->name, '*') == NULL &&
		    !has_link(net, i->name))
			net->links[net->n++] = (struct ph_lab_link){ .name = i->name };
	own_addresses(net, rs);
}

static bool
name_fits(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= NAME_MAX_BYTES && strpbrk(name, "/: \t\n\"'\\*?") == NULL;
}

/* Every link's other end is with the clients or with all others. */
static void
say_links(struct ph_lab_net *net, struct ph_buf *b)
{
	ph_buf_puts(b, "link set lo up\n");
	for (size_t i = 0; i < net->n; i++) {
		const struct ph_lab_link *l = &net->links[i];

		ph_buf_printf(b, "link add %s address " PH_FRAME_MAC " type veth peer name p%zu "
		    "netns %s\n", l->name, i,
		    ph_netns_path(net->mem, net->ns[i < net->n_inside ? CLIENTS : FAR]));
		ph_buf_printf(b, "link set %s arp off addrgenmode none\nlink set %s up\n",
		    l->name, l->name);
	}
}

/* The firewall's own addresses, and where packets go: told by where they come from. */
static const char *
say_routes(struct ph_lab_net *net, bool v6)
{
	char text[PH_ADDR_TEXT];
	struct ph_buf b;

	ph_buf_init(&b, net->mem);
	for (size_t i = 0; i < net->n; i++) {
		const struct ph_lab_link *l = &net->links[i];

		for (size_t k = 0; k < l->own->n; k++)
			if (l->own->r[k].lo == l->own->r[k].hi &&
			    ph_addr_is_v4(l->own->r[k].lo) == !v6)
				ph_buf_printf(&b, "addr add %s dev %s%s\n",
				    ph_addr_format(l->own->r[k].lo, text), l->name,
				    v6 ? " nodad" : "");
		if (i < net->n_inside + net->n_outside)
			ph_buf_printf(&b, "rule add iif %s priority %d lookup %d\n", l->name,
			    TABLE + (int)i, TABLE + (int)i);
		if (net->host)		/* whatever comes is for this host */
			ph_buf_printf(&b, "route add local default dev lo table %d\n",
			    TABLE + (int)i);
	}
	return b.s;
}

static int
set_options(const char **why)
{
	static const struct { const char *name, *value; bool needed; } row[] = {
		{ "net/ipv4/ip_forward", "1", true },
		{ "net/ipv6/conf/all/forwarding", "1", false },
		{ "net/ipv4/conf/all/rp_filter", "0", true },
		{ "net/ipv4/conf/default/rp_filter", "0", true },
		{ "net/ipv4/conf/all/send_redirects", "0", false },
		{ "net/ipv4/conf/default/send_redirects", "0", false },
		{ "net/ipv6/conf/default/accept_dad", "0", false },
		{ "net/ipv6/conf/default/accept_ra", "0", false },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		int err = ph_netns_sysctl(row[i].name, row[i].value);

		if (err != 0 && row[i].needed) {
			*why = "a kernel setting of the lab's own network cannot be written "
			    "(/proc/sys/net)";
			return err;
		}
	}
	return 0;
}

/* At an end nobody answers but the lab. */
static int
open_end(struct ph_lab_net *net, int end, const char **why)
{
	size_t from = end == CLIENTS ? 0 : net->n_inside;
	size_t to = end == CLIENTS ? net->n_inside : net->n;
	struct ph_buf b;
	int err = ph_netns_enter(net->ns[end]);

	if (err != 0 || from == to)
		return err;
	ph_netns_sysctl("net/ipv6/conf/all/disable_ipv6", "1");
	ph_netns_sysctl("net/ipv6/conf/default/disable_ipv6", "1");
	ph_buf_init(&b, net->mem);
	for (size_t i = from; i < to; i++)
		ph_buf_printf(&b, "link set p%zu up\n", i);
	if (!ph_netns_ip(net->mem, false, b.s, why))
		return -EIO;
	for (size_t i = from; i < to && i < net->n_inside + net->n_outside; i++) {
		err = ph_frame_open(ph_arena_printf(net->mem, "p%zu", i), &net->links[i].end);
		if (err != 0)
			return err;
	}
	return 0;
}

static int
make_networks(struct ph_lab_net *net, const char **why)
{
	int err = ph_netns_enter_user(why);

	for (int i = 0; i < 3 && err == 0; i++) {
		/* the first one is there; the firewall's is the last, where we stay */
		static const int order[] = { CLIENTS, FAR, FIREWALL };

		err = i == 0 ? 0 : ph_netns_new();
		net->ns[order[i]] = err == 0 ? ph_netns_open() : -1;
		if (err == 0 && net->ns[order[i]] < 0)
			err = net->ns[order[i]];
	}
	return err;
}

int
ph_lab_net_open(struct ph_lab_net *net, const char **why)
{
	struct ph_buf b;
	int err;

	*why = NULL;
	for (size_t i = 0; i < net->n; i++)
		if (!name_fits(net->links[i].name)) {
			*why = ph_arena_printf(net->mem, "no interface of Linux can be called "
			    "'%s'", net->links[i].name);
			return -EINVAL;
		}
	err = make_networks(net, why);
	if (err == 0)
		err = set_options(why);
	if (err != 0)
		return err;
	ph_buf_init(&b, net->mem);
	say_links(net, &b);
	if (!ph_netns_ip(net->mem, false, b.s, why) ||
	    !ph_netns_ip(net->mem, false, say_routes(net, false), why) ||
	    !ph_netns_ip(net->mem, true, say_routes(net, true), why))
		return -EIO;
	err = open_end(net, CLIENTS, why);
	if (err == 0)
		err = open_end(net, FAR, why);
	if (err == 0)
		err = ph_netns_enter(net->ns[FIREWALL]);
	return err == 0 && net->host ? ph_frame_open_host(&net->self) : err;
}

bool
ph_lab_net_route(struct ph_lab_net *net, size_t in, size_t out, const char **why)
{
	const char *batch = net->host ? ph_arena_printf(net->mem,
	    "route replace default dev %s\n", net->links[out].name) : ph_arena_printf(net->mem,
	    "route replace default dev %s table %d\nroute replace default dev %s table %d\n",
	    net->links[out].name, TABLE + (int)in, net->links[in].name, TABLE + (int)out);

	return ph_netns_ip(net->mem, false, batch, why) &&
	    ph_netns_ip(net->mem, true, batch, why);
}

void
ph_lab_net_close(struct ph_lab_net *net)
{
	for (size_t i = 0; i < net->n; i++)
		ph_frame_close(&net->links[i].end);
	ph_frame_close(&net->self);
	for (int i = 0; i < 3; i++)
		if (net->ns[i] >= 0)
			ph_netns_close(net->ns[i]);
}
