/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/sockios.h>

#include "relay/fast_priv.h"

/* Of the generic netlink family "netdev" of Linux 6.3, newer than the headers we need. */
enum {
	NETDEV_DEV_GET = 1, NETDEV_IFINDEX = 1, NETDEV_XDP_FEATURES = 3,
	NETDEV_XDP_NDO_XMIT = 4,
	ROOM = 4096,
};

struct ask {
	struct nlmsghdr nl;
	struct genlmsghdr ge;
	struct nlattr attr;
	char value[16];
};

static int
ifreq(const char *name, unsigned long what, struct ifreq *r)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	snprintf(r->ifr_name, sizeof(r->ifr_name), "%s", name);
	if (ioctl(fd, what, r) != 0)
		err = -errno;
	close(fd);
	return err;
}

int
ph_fast_link_mac(const char *name, uint16_t mac[3], bool *ether)
{
	struct ifreq r = { 0 }, flags = { 0 };
	int err = ifreq(name, SIOCGIFHWADDR, &r);

	if (err == 0)
		err = ifreq(name, SIOCGIFFLAGS, &flags);
	memcpy(mac, r.ifr_hwaddr.sa_data, 6);
	*ether = err == 0 && r.ifr_hwaddr.sa_family == ARPHRD_ETHER &&
	    (flags.ifr_flags & IFF_UP) != 0;
	return err;
}

void
ph_fast_link_driver(const char *name, char *out, size_t n)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq r = { .ifr_data = (void *)&info };

	snprintf(out, n, "%s", ifreq(name, SIOCETHTOOL, &r) == 0 ? info.driver : "");
}

/* Sizes of headers, all of them padded to 4. */
static const size_t heads = sizeof(struct nlmsghdr) + sizeof(struct genlmsghdr);
static const size_t attr_head = sizeof(struct nlattr);

static size_t
padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* One attribute of an answer to one question; 0 and its value in ${out}, or -errno. */
static int
ask(int fd, struct ask *q, uint16_t want, void *out, size_t len)
{
	_Alignas(struct nlmsghdr) char buf[ROOM];
	struct nlmsghdr *h = (void *)buf;
	ssize_t got;

	q->nl.nlmsg_len = (uint32_t)(heads + padded(q->attr.nla_len));
	q->nl.nlmsg_flags = NLM_F_REQUEST;
	if (send(fd, q, q->nl.nlmsg_len, 0) < 0 || (got = recv(fd, buf, sizeof(buf), 0)) < 0)
		return -errno;
	if (!NLMSG_OK(h, (size_t)got) || h->nlmsg_type == NLMSG_ERROR)
		return -ENOENT;
	for (size_t at = heads; at + attr_head <= h->nlmsg_len;) {
		struct nlattr a;

		memcpy(&a, buf + at, sizeof(a));
		if (a.nla_len < attr_head || at + a.nla_len > h->nlmsg_len)
			break;
		if ((a.nla_type & NLA_TYPE_MASK) == want && a.nla_len >= attr_head + len) {
			memcpy(out, buf + at + attr_head, len);
			return 0;
		}
		at += padded(a.nla_len);
	}
	return -ENOENT;
}

int
ph_fast_link_xmit(unsigned ifindex)
{
	struct ask family = { .nl.nlmsg_type = GENL_ID_CTRL,
		.ge = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 },
		.attr = { sizeof(struct nlattr) + sizeof("netdev"), CTRL_ATTR_FAMILY_NAME },
		.value = "netdev" };
	struct ask dev = { .ge = { .cmd = NETDEV_DEV_GET, .version = 1 },
		.attr = { sizeof(struct nlattr) + sizeof(ifindex), NETDEV_IFINDEX } };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC), err;
	uint64_t features = 0;

	if (fd < 0)
		return -errno;
	err = ask(fd, &family, CTRL_ATTR_FAMILY_ID, &dev.nl.nlmsg_type,
	    sizeof(dev.nl.nlmsg_type));
	memcpy(dev.value, &ifindex, sizeof(ifindex));
	if (err == 0)
		err = ask(fd, &dev, NETDEV_XDP_FEATURES, &features, sizeof(features));
	close(fd);
	return err != 0 ? err : (features & NETDEV_XDP_NDO_XMIT) != 0;
}
