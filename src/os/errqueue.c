/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/errqueue.h>

#include "os/clock.h"
#include "os/errqueue.h"
#include "os/sockaddr.h"

static uint64_t
arrival(const struct cmsghdr *c)
{
	struct timespec t;

	memcpy(&t, CMSG_DATA(c), sizeof(t));
	return ph_clock_from_real(&t);
}

static void
take_extended(const struct cmsghdr *c, struct ph_errqueue_item *out)
{
	struct sock_extended_err e;
	const char *data = (const char *)CMSG_DATA(c);
	union {
		struct sockaddr sa;
		struct sockaddr_storage room;
	} who = { .sa.sa_family = AF_UNSPEC };
	size_t left = c->cmsg_len - CMSG_LEN(sizeof(e));

	memcpy(&e, data, sizeof(e));
	if (left > 0)
		memcpy(&who, data + sizeof(e), left < sizeof(who) ? left : sizeof(who));
	out->local = e.ee_origin == SO_EE_ORIGIN_LOCAL;
	out->err = (int)e.ee_errno;
	out->type = e.ee_type;
	out->code = e.ee_code;
	out->mtu = e.ee_errno == EMSGSIZE ? e.ee_info : 0;
	out->has_offender = !out->local && ph_sockaddr_addr(&who.sa, &out->offender);
}

int
ph_errqueue_take(int fd, uint8_t *data, size_t room, struct ph_errqueue_item *out)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
	_Alignas(struct cmsghdr) char control[512];
	struct iovec iov = { data, room };
	struct msghdr h = {
		.msg_name = &sa, .msg_namelen = sizeof(sa), .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &h, MSG_ERRQUEUE | MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	*out = (struct ph_errqueue_item){ .len = (size_t)n, .at_us = ph_clock_us() };
	if (ph_sockaddr_addr((struct sockaddr *)&sa, &out->to))
		out->to_port = ph_sockaddr_port((struct sockaddr *)&sa);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c != NULL; c = CMSG_NXTHDR(&h, c))
		if (((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) &&
		    c->cmsg_len >= CMSG_LEN(sizeof(struct sock_extended_err)))
			take_extended(c, out);
		else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS)
			out->at_us = arrival(c);
	return 1;
}

enum ph_errqueue_kind
ph_errqueue_kind(bool v6, uint8_t type)
{
	if (type == (v6 ? ICMP6_DST_UNREACH : ICMP_DEST_UNREACH))
		return PH_ERRQUEUE_UNREACHABLE;
	if (type == (v6 ? ICMP6_TIME_EXCEEDED : ICMP_TIME_EXCEEDED))
		return PH_ERRQUEUE_EXCEEDED;
	return PH_ERRQUEUE_OTHER;
}

bool
ph_errqueue_prohibits(bool v6, uint8_t type, uint8_t code)
{
	if (v6)
		return type == ICMP6_DST_UNREACH && (code == ICMP6_DST_UNREACH_ADMIN ||
		    code == 5 || code == 6);
	return type == ICMP_DEST_UNREACH && (code == ICMP_NET_ANO || code == ICMP_HOST_ANO ||
	    code == ICMP_PKT_FILTERED);
}

void
ph_errqueue_drain(int fd)
{
	struct ph_errqueue_item item;
	uint8_t bytes[64];

	while (ph_errqueue_take(fd, bytes, sizeof(bytes), &item) == 1)
		;
}
