/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/frame.h"

enum { RECEIVE_BYTES = 16 << 20, HOPS = 64 };

static void
set_room(int fd)
{
	int bytes = RECEIVE_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

void
ph_frame_close(struct ph_frame_end *e)
{
	for (size_t i = 0; i < e->n; i++)
		close(e->in[i]);
	for (size_t i = 0; i < 2 && e->host; i++)
		if (e->out[i] >= 0)
			close(e->out[i]);
	e->n = 0;
	e->host = false;
}

/* --- a link --- */

int
ph_frame_open(const char *link, struct ph_frame_end *e)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(link),
	};
	int on = 1, fd, err;

	*e = (struct ph_frame_end){ 0 };
	if (at.sll_ifindex == 0)
		return -errno;
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	set_room(fd);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	e->in[e->n++] = fd;
	return 0;
}

/* The link that a socket is bound to, and who is to take packets there. */
static int
taker(int fd, struct sockaddr_ll *to)
{
	socklen_t len = sizeof(*to);

	if (getsockname(fd, (struct sockaddr *)to, &len) < 0)
		return -errno;
	to->sll_halen = ETH_ALEN;
	memcpy(to->sll_addr, (const uint8_t []){ 2, 0, 0, 0, 0, 1 }, ETH_ALEN);
	return 0;
}

static int
link_send(int fd, const struct ph_frame *v, size_t n)
{
	struct sockaddr_ll to[2];
	struct mmsghdr m[PH_FRAME_BATCH] = { 0 };
	struct iovec io[PH_FRAME_BATCH];
	int err = taker(fd, &to[0]), sent;

	if (err != 0)
		return err;
	to[1] = to[0];
	to[0].sll_protocol = htons(ETH_P_IP);
	to[1].sll_protocol = htons(ETH_P_IPV6);
	for (size_t i = 0; i < n; i++) {
		io[i] = (struct iovec){ (void *)(uintptr_t)v[i].b, v[i].len };
		m[i].msg_hdr = (struct msghdr){
			.msg_name = &to[v[i].b[0] >> 4 == 6], .msg_namelen = sizeof(to[0]),
			.msg_iov = &io[i], .msg_iovlen = 1,
		};
	}
	sent = sendmmsg(fd, m, (unsigned)n, 0);
	return sent >= 0 ? sent : -errno;
}

static int
link_receive(int fd, struct ph_frame *v)
{
	struct mmsghdr m[PH_FRAME_BATCH] = { 0 };
	struct iovec io[PH_FRAME_BATCH];
	int n;

	for (int i = 0; i < PH_FRAME_BATCH; i++) {
		io[i] = (struct iovec){ v[i].b, PH_FRAME_MAX };
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &io[i], .msg_iovlen = 1 };
	}
	n = recvmmsg(fd, m, PH_FRAME_BATCH, MSG_DONTWAIT, NULL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR || errno == ENETDOWN ? 0 : -errno;
	for (int i = 0; i < n; i++)
		v[i].len = (uint16_t)m[i].msg_len;
	return n;
}

/* --- a host --- */

static int
raw(int family, int proto, int *out)
{
	int fd = socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, proto), on = 1;

	if (fd < 0)
		return -errno;
	set_room(fd);
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	*out = fd;
	return 0;
}

/* Receiving sockets in this order, so that their place tells family and protocol. */
static const struct { int family; uint8_t proto; } heard[PH_FRAME_SOCKETS] = {
	{ AF_INET, IPPROTO_UDP }, { AF_INET, IPPROTO_TCP },
	{ AF_INET6, IPPROTO_UDP }, { AF_INET6, IPPROTO_TCP },
};

int
ph_frame_open_host(struct ph_frame_end *e)
{
	int err;

	*e = (struct ph_frame_end){ .host = true, .out = { -1, -1 } };
	err = raw(AF_INET, IPPROTO_RAW, &e->out[0]);
	if (err == 0)
		err = raw(AF_INET6, IPPROTO_RAW, &e->out[1]);
	for (; err == 0 && e->n < PH_FRAME_SOCKETS; e->n += err == 0)
		err = raw(heard[e->n].family, heard[e->n].proto, &e->in[e->n]);
	if (err != 0)
		ph_frame_close(e);
	return err;
}

/* What the host's own rules do not let out is lost there, as it would be on the way. */
static bool
is_lost(int err)
{
	return err == EPERM || err == EACCES || err == ECONNREFUSED || err == EHOSTUNREACH ||
	    err == ENETUNREACH;
}

static int
host_send(const struct ph_frame_end *e, const struct ph_frame *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool v6 = v[i].b[0] >> 4 == 6;
		struct sockaddr_in to4 = { .sin_family = AF_INET };
		struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
		ssize_t sent;

		memcpy(&to4.sin_addr, v[i].b + 16, 4);
		memcpy(&to6.sin6_addr, v[i].b + 24, 16);
		sent = sendto(e->out[v6], v[i].b, v[i].len, 0, v6 ? (struct sockaddr *)&to6 :
		    (struct sockaddr *)&to4, v6 ? sizeof(to6) : sizeof(to4));
		if (sent < 0 && !is_lost(errno))
			return i > 0 ? (int)i : -errno;
	}
	return (int)n;
}

/* Of IPv6 the kernel keeps the header: it is made anew from what it tells. */
static void
put_header(struct ph_frame *f, uint8_t proto, size_t payload, const struct in6_addr *from,
    struct msghdr *m)
{
	struct ip6_hdr h = { .ip6_src = *from, .ip6_nxt = proto, .ip6_hlim = HOPS };

	h.ip6_vfc = 6 << 4;
	h.ip6_plen = htons((uint16_t)payload);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
			memcpy(&h.ip6_dst, CMSG_DATA(c), sizeof(h.ip6_dst));
	memcpy(f->b, &h, sizeof(h));
	f->len = (uint16_t)(sizeof(h) + payload);
}

static bool
host_receive_one(const struct ph_frame_end *e, size_t i, struct ph_frame *f)
{
	size_t header = heard[i].family == AF_INET6 ? sizeof(struct ip6_hdr) : 0;
	struct sockaddr_in6 from;
	struct iovec io = { f->b + header, PH_FRAME_MAX - header };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	struct msghdr m = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &io, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(e->in[i], &m, MSG_DONTWAIT);

	if (n < 0)
		return false;
	f->len = (uint16_t)n;
	if (header > 0)
		put_header(f, heard[i].proto, (size_t)n, &from.sin6_addr, &m);
	return true;
}

static int
host_receive(const struct ph_frame_end *e, struct ph_frame *v)
{
	int n = 0;

	for (size_t i = 0; i < e->n; i++)
		while (n < PH_FRAME_BATCH && host_receive_one(e, i, &v[n]))
			n++;
	return n;
}

/* --- either --- */

int
ph_frame_send(const struct ph_frame_end *e, const struct ph_frame *v, size_t n)
{
	n = n < PH_FRAME_BATCH ? n : PH_FRAME_BATCH;
	return e->host ? host_send(e, v, n) : link_send(e->in[0], v, n);
}

int
ph_frame_receive(const struct ph_frame_end *e, struct ph_frame *v)
{
	return e->host ? host_receive(e, v) : link_receive(e->in[0], v);
}

bool
ph_frame_wait(const struct ph_frame_end *e, int ms)
{
	struct pollfd p[PH_FRAME_SOCKETS];
	size_t n = e == NULL ? 0 : e->n;

	for (size_t i = 0; i < n; i++)
		p[i] = (struct pollfd){ .fd = e->in[i], .events = POLLIN };
	return poll(p, n, ms) > 0;
}
