/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/device.h"
#include "os/sockaddr.h"
#include "os/tcp.h"
#include "os/udp.h"

/* How many routers its packets may pass; 0: the usual. */
static void
set_ttl(int fd, bool v6, int ttl)
{
	if (ttl == 0)
		return;
	if (v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof(ttl));
	else
		setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
}

struct way {
	ph_u128 from;			/* 0: any */
	uint16_t from_port;		/* 0: any; else one that is shared */
	uint8_t ttl;			/* 0: the usual */
	const char *device;		/* NULL: as routed */
};

/* What is to be said of the socket before it is connected. */
static int
prepare(int fd, bool v6, const struct way *w)
{
	struct sockaddr_storage me;
	socklen_t len = ph_sockaddr_make(w->from, w->from_port, &me);
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	else
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	set_ttl(fd, v6, w->ttl);
	if (w->from_port != 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	}
	if (w->from != 0 && bind(fd, (struct sockaddr *)&me, len) != 0)
		return -errno;
	return w->device != NULL ? ph_device_bind(fd, w->device) : 0;
}

static int
begin(ph_u128 to, uint16_t port, const struct way *w, int *out)
{
	struct sockaddr_storage sa;
	socklen_t len = ph_sockaddr_make(to, port, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	err = prepare(fd, !ph_addr_is_v4(to), w);
	if (err == 0 && connect(fd, (struct sockaddr *)&sa, len) != 0 && errno != EINPROGRESS)
		err = -errno;
	if (err != 0 && err != -ECONNREFUSED) {
		close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

int
ph_tcp_connect(ph_u128 to, uint16_t port, ph_u128 from, int *out)
{
	return begin(to, port, &(struct way){ .from = from }, out);
}

int
ph_tcp_connect_near(ph_u128 to, uint16_t port, ph_u128 from, uint8_t ttl, int *out)
{
	return begin(to, port, &(struct way){ .from = from, .ttl = ttl }, out);
}

int
ph_tcp_connect_from(ph_u128 to, uint16_t port, ph_u128 from, uint16_t from_port, int *out)
{
	return begin(to, port, &(struct way){ .from = from, .from_port = from_port }, out);
}

int
ph_tcp_connect_by(ph_u128 to, uint16_t port, const char *device, int *out)
{
	return begin(to, port, &(struct way){ .device = device }, out);
}

enum ph_tcp_fate
ph_tcp_outcome(int fd, int *err)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(*err);

	*err = 0;
	if (poll(&p, 1, 0) == 0)
		return PH_TCP_PENDING;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, err, &len) != 0)
		*err = errno;
	switch (*err) {
	case 0:
		return (p.revents & POLLHUP) != 0 ? PH_TCP_REFUSED : PH_TCP_OPEN;
	case ECONNREFUSED:
	case ECONNRESET:
		return PH_TCP_REFUSED;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENOPROTOOPT:
	case EACCES:
	case EPROTO:
	case EHOSTDOWN:
		return PH_TCP_UNREACHABLE;
	case ETIMEDOUT:
		return PH_TCP_PENDING;
	default:
		return PH_TCP_LOCAL;
	}
}

unsigned
ph_tcp_syns(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return 0;
	return 1 + info.tcpi_total_retrans;
}

int
ph_tcp_send(int fd, const void *p, size_t n)
{
	ssize_t sent = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	return sent < 0 ? errno == EINTR ? -EAGAIN : -errno : (int)sent;
}

int
ph_tcp_recv(int fd, void *p, size_t n)
{
	ssize_t got = recv(fd, p, n, MSG_DONTWAIT);

	return got < 0 ? errno == EINTR ? -EAGAIN : -errno : (int)got;
}

void
ph_tcp_shut(int fd)
{
	shutdown(fd, SHUT_WR);
}

int
ph_tcp_peek(int fd, void *p, size_t n)
{
	ssize_t r = recv(fd, p, n, MSG_PEEK | MSG_DONTWAIT);

	return r < 0 ? -errno : (int)r;
}

void
ph_tcp_wake_at(int fd, size_t n)
{
	int bytes = (int)n;

	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
}

void
ph_tcp_abort(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

int
ph_tcp_local(int fd, ph_u128 *addr, uint16_t *port)
{
	return ph_udp_local(fd, addr, port);
}
