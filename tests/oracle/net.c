/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/names.h"
#include "oracle.h"
#include "run.h"

#define V6(net, host) ((ph_u128)0xfd00 << 112 | (ph_u128)(net) << 96 | (host))
#define V4NET(a, len) { PH_V4(a), PH_V4((a) | (0xffffffffU >> (len))) }
#define V6NET(net) { V6(net, 0), V6(net, UINT64_MAX) }

struct iface ifaces[N_IFACES] = {
	{ .name = "lan0", .own = { PH_V4(0x0a010001), V6(1, 1) },
	    .net = { V4NET(0x0a010000, 16), V6NET(1) } },
	{ .name = "wan0", .own = { PH_V4(0xcb007101), V6(0xff, 1) },
	    .net = { V4NET(0xcb007100, 24), V6NET(0xff) } },	/* and all else */
	{ .name = "dmz0", .own = { PH_V4(0x0a020001), V6(2, 1) },
	    .net = { V4NET(0x0a020000, 16), V6NET(2) } },
	{ .name = "eth1.7", .own = { PH_V4(0xac100501), V6(7, 1) },
	    .net = { V4NET(0xac100500, 24), V6NET(7) } },
};

enum { WAN = 1 };

static const struct { bool v6; uint8_t proto; } heard[] = {
	{ false, PH_UDP }, { false, PH_TCP }, { false, PH_ICMP }, { false, PH_ESP },
	{ true, PH_UDP }, { true, PH_TCP }, { true, PH_ICMPV6 }, { true, PH_ESP },
};

enum { N_HEARD = sizeof(heard) / sizeof(heard[0]) };

static int world_fd = -1, send_fd[2], local_fd[N_HEARD], nl_fd;

static bool
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) >= 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* A user namespace of our own, in which we are root. */
static bool
become_root(void)
{
	char map[64];
	unsigned uid = getuid(), gid = getgid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/setgroups", "deny");
	if (!write_file("/proc/self/uid_map", map))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return write_file("/proc/self/gid_map", map);
}

static bool
make_links(int world_ns)
{
	char text[4096] = "link set lo up\n", line[512];

	for (int i = 0; i < N_IFACES; i++) {
		const char *n = ifaces[i].name;
		char v4[PH_ADDR_TEXT], v6[PH_ADDR_TEXT];

		snprintf(line, sizeof(line),
		    "link add %s type veth peer name w%d netns /proc/self/fd/%d\n"
		    "link set %s address 02:00:00:00:00:%02d arp off addrgenmode none\n"
		    "link set %s up\n"
		    "addr add %s/%d dev %s\naddr add %s/64 dev %s nodad\n",
		    n, i, world_ns, n, i + 1, n, ph_addr_format(ifaces[i].own[0], v4),
		    ph_range_prefix_len(ifaces[i].net[0]), n,
		    ph_addr_format(ifaces[i].own[1], v6), n);
		strcat(text, line);
		ifaces[i].mac[0] = 2;
		ifaces[i].mac[5] = (uint8_t)(i + 1);
	}
	snprintf(line, sizeof(line), "route add default dev %s\n"
	    "route add ::/0 dev %s\n", ifaces[WAN].name, ifaces[WAN].name);
	strcat(text, line);
	return run_quiet((const char *const []){ "ip", "-batch", "-", NULL }, text);
}

static bool
set_options(void)
{
	static const struct { const char *path, *value; bool needed; } options[] = {
		{ "/proc/sys/net/ipv4/ip_forward", "1", true },
		{ "/proc/sys/net/ipv6/conf/all/forwarding", "1", true },
		{ "/proc/sys/net/ipv4/conf/all/rp_filter", "0", true },
		{ "/proc/sys/net/ipv4/conf/default/rp_filter", "0", true },
		{ "/proc/sys/net/ipv4/conf/all/send_redirects", "0", false },
		{ "/proc/sys/net/ipv4/conf/default/send_redirects", "0", false },
		{ "/proc/sys/net/ipv4/icmp_echo_ignore_all", "1", true },
		{ "/proc/sys/net/ipv6/icmp/echo_ignore_all", "1", true },
		{ "/proc/sys/net/ipv6/conf/default/accept_dad", "0", false },
		{ "/proc/sys/net/netfilter/nf_conntrack_checksum", "0", true },
		{ "/proc/sys/net/netfilter/nf_conntrack_log_invalid", "0", false },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!write_file(options[i].path, options[i].value) &&
		    options[i].needed)
			return false;
	return true;
}

static bool
raise_world(int world_ns, int firewall_ns)
{
	char text[256] = "";
	bool ok;

	if (setns(world_ns, CLONE_NEWNET) < 0)
		return false;
	write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	for (int i = 0; i < N_IFACES; i++) {
		char line[64];

		snprintf(line, sizeof(line), "link set w%d up\n", i);
		strcat(text, line);
	}
	ok = run_quiet((const char *const []){ "ip", "-batch", "-", NULL }, text);
	for (int i = 0; i < N_IFACES; i++) {
		char name[8];

		snprintf(name, sizeof(name), "w%d", i);
		ifaces[i].world = (int)if_nametoindex(name);
	}
	return setns(firewall_ns, CLONE_NEWNET) == 0 && ok;
}

static void
large_buffer(int fd)
{
	int bytes = 16 << 20;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

static bool
open_local(void)
{
	int on = 1;

	for (int i = 0; i < N_HEARD; i++) {
		local_fd[i] = socket(heard[i].v6 ? AF_INET6 : AF_INET,
		    SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, heard[i].proto);
		if (local_fd[i] < 0)
			return false;
		if (heard[i].v6)
			setsockopt(local_fd[i], IPPROTO_IPV6, IPV6_RECVPKTINFO, &on,
			    sizeof(on));
		large_buffer(local_fd[i]);
	}
	send_fd[0] = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	send_fd[1] = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	nl_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	return send_fd[0] >= 0 && send_fd[1] >= 0 && nl_fd >= 0;
}

bool
net_open(const char **why)
{
	int world_ns, firewall_ns, on = 1;

	*why = "network namespaces are not permitted";
	if (unshare(CLONE_NEWNET) < 0 && !become_root())
		return false;
	world_ns = open("/proc/self/ns/net", O_RDONLY);
	world_fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    htons(ETH_P_ALL));
	if (world_ns < 0 || world_fd < 0 || unshare(CLONE_NEWNET) < 0)
		return false;
	setsockopt(world_fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	large_buffer(world_fd);
	firewall_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	*why = "the kernel options of the lab cannot be set";
	if (!set_options())
		return false;
	*why = "the lab's interfaces cannot be made (iproute2, veth)";
	if (!make_links(world_ns) || !raise_world(world_ns, firewall_ns))
		return false;
	*why = "raw sockets are not permitted";
	return open_local();
}

int
net_route(bool v6, ph_u128 a)
{
	for (int i = 0; i < N_IFACES; i++) {
		struct ph_range n = ifaces[i].net[v6];

		if (a == ifaces[i].own[v6])
			return AT_FIREWALL;
		if (a == n.lo || (a == n.hi && !v6))
			return NOWHERE;
		if (a >= n.lo && a <= n.hi)
			return i;
	}
	if (v6)
		return a >> 125 == 1 || a >> 120 == 0xfd ? WAN : NOWHERE;
	a &= UINT32_MAX;
	if (a >> 24 == 0 || a >> 24 == 127 || a >> 28 >= 14 || a >> 16 == 0xa9fe)
		return NOWHERE;
	return WAN;
}

static void
send_local(const struct packet *p, const uint8_t *b, size_t len)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (p->t.v6) {
		memcpy(&v6.sin6_addr, b + 24, 16);
		(void)!sendto(send_fd[1], b, len, 0, (struct sockaddr *)&v6, sizeof(v6));
	} else {
		memcpy(&v4.sin_addr, b + 16, 4);
		(void)!sendto(send_fd[0], b, len, 0, (struct sockaddr *)&v4, sizeof(v4));
	}
}

void
net_send(const struct packet *p, int from)
{
	uint8_t b[MAX_PACKET];
	size_t len = packet_build(p, b);
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_halen = ETH_ALEN,
		.sll_protocol = htons(p->t.v6 ? ETH_P_IPV6 : ETH_P_IP),
	};

	if (from == AT_FIREWALL) {
		send_local(p, b, len);
		return;
	}
	to.sll_ifindex = ifaces[from].world;
	memcpy(to.sll_addr, ifaces[from].mac, ETH_ALEN);
	(void)!sendto(world_fd, b, len, 0, (struct sockaddr *)&to, sizeof(to));
}

typedef void got_h(void *, const struct packet *, int at);

static bool
receive_world(got_h *got, void *arg)
{
	uint8_t b[2048];
	struct sockaddr_ll from;
	socklen_t slen = sizeof(from);
	ssize_t n = recvfrom(world_fd, b, sizeof(b), 0, (struct sockaddr *)&from, &slen);
	struct packet p;

	if (n < 0)
		return false;
	if (!packet_parse(b, (size_t)n, &p))
		return true;
	for (int i = 0; i < N_IFACES; i++)
		if (ifaces[i].world == from.sll_ifindex)
			got(arg, &p, i);
	return true;
}

static ph_u128
address_of(const struct in6_addr *a)
{
	ph_u128 v = 0;

	for (int i = 0; i < 16; i++)
		v = v << 8 | a->s6_addr[i];
	return v;
}

static ph_u128
destination_of(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			return address_of(&info.ipi6_addr);
		}
	return 0;
}

static bool
receive_local(int i, got_h *got, void *arg)
{
	uint8_t b[2048], control[128];
	struct sockaddr_in6 from = { 0 };
	struct iovec io = { b, sizeof(b) };
	struct msghdr m = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &io,
		.msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(local_fd[i], &m, 0);
	struct packet p = { .t = { .v6 = true, .proto = heard[i].proto } };

	if (n < 0)
		return false;
	if (heard[i].v6) {
		p.t.src = address_of(&from.sin6_addr);
		p.t.dst = destination_of(&m);
		if (!packet_parse_payload(b, (size_t)n, &p))
			return true;
	} else if (!packet_parse(b, (size_t)n, &p)) {
		return true;
	}
	got(arg, &p, AT_FIREWALL);
	return true;
}

void
net_collect(int quiet_ms, got_h *got, void *arg)
{
	struct pollfd fds[N_HEARD + 1] = { { .fd = world_fd, .events = POLLIN } };

	for (int i = 0; i < N_HEARD; i++)
		fds[i + 1] = (struct pollfd){ .fd = local_fd[i], .events = POLLIN };
	while (poll(fds, N_HEARD + 1, quiet_ms) > 0) {
		if (fds[0].revents != 0)
			while (receive_world(got, arg))
				;
		for (int i = 0; i < N_HEARD; i++)
			if (fds[i + 1].revents != 0)
				while (receive_local(i, got, arg))
					;
	}
}

void
net_forget(void)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
	} m = {
		.h = {
			.nlmsg_len = sizeof(m),
			.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
	};
	char answer[512];

	if (send(nl_fd, &m, sizeof(m), 0) == (ssize_t)sizeof(m))
		(void)!recv(nl_fd, answer, sizeof(answer), 0);
}
