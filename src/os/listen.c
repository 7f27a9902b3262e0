/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/listen.h"
#include "os/sockaddr.h"

enum {
	BACKLOG = 1024, MAX_READY = 256,
	ALIVE_IDLE_S = 10, ALIVE_AGAIN_S = 4, ALIVE_TRIES = 3,
};

static int
open_listener(ph_u128 addr, uint16_t port, bool shared, int *out)
{
	struct sockaddr_storage sa;
	socklen_t n = ph_sockaddr_make(addr, port, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (shared)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (sa.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&sa, n) < 0 || listen(fd, BACKLOG) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

int
ph_listen(ph_u128 addr, uint16_t port, int *out)
{
	return open_listener(addr, port, false, out);
}

int
ph_listen_shared(ph_u128 addr, uint16_t port, int *out)
{
	return open_listener(addr, port, true, out);
}

/* Whoever is gone without a word is noticed after a while, whether we talk or not. */
static void
notice_absence(int fd)
{
	static const struct { int level, name, value; } row[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, ALIVE_IDLE_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, ALIVE_AGAIN_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, ALIVE_TRIES },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT,
		    (ALIVE_IDLE_S + ALIVE_AGAIN_S * ALIVE_TRIES) * 1000 },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		setsockopt(fd, row[i].level, row[i].name, &row[i].value, sizeof(row[i].value));
}

int
ph_listen_accept(int fd, ph_u128 *from, uint16_t *port, int *out)
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);
	int c = accept4(fd, (struct sockaddr *)&sa, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (c < 0)
		return -errno;
	ph_sockaddr_addr((struct sockaddr *)&sa, from);
	*port = ph_sockaddr_port((struct sockaddr *)&sa);
	notice_absence(c);
	*out = c;
	return 0;
}

int
ph_listen_bytes(int fd, void *p, size_t n)
{
	ssize_t r = recv(fd, p, n, 0);

	return r < 0 ? -errno : (int)r;
}

int
ph_listen_reply(int fd, const void *p, size_t n)
{
	ssize_t r = send(fd, p, n, MSG_NOSIGNAL);

	return r < 0 ? -errno : (int)r;
}

int
ph_pollset_new(int *out)
{
	*out = epoll_create1(EPOLL_CLOEXEC);
	return *out < 0 ? -errno : 0;
}

int
ph_pollset_add(int set, int fd, void *arg)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = arg };

	return epoll_ctl(set, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

int
ph_pollset_want(int set, int fd, void *arg, bool read, bool write)
{
	struct epoll_event e = {
		.events = (read ? EPOLLIN : 0) | (write ? EPOLLOUT : 0), .data.ptr = arg,
	};

	return epoll_ctl(set, EPOLL_CTL_MOD, fd, &e) < 0 ? -errno : 0;
}

int
ph_pollset_remove(int set, int fd)
{
	return epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL) < 0 ? -errno : 0;
}

size_t
ph_pollset_ready(int set, void **args, size_t max)
{
	return ph_pollset_wait(set, args, max, 0);
}

size_t
ph_pollset_wait(int set, void **args, size_t max, int ms)
{
	struct epoll_event v[MAX_READY];
	int n = epoll_wait(set, v, max < MAX_READY ? (int)max : MAX_READY, ms);

	for (int i = 0; i < n; i++)
		args[i] = v[i].data.ptr;
	return n < 0 ? 0 : (size_t)n;
}

int
ph_bell_new(int *out)
{
	*out = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return *out < 0 ? -errno : 0;
}

void
ph_bell_ring(int fd)
{
	eventfd_write(fd, 1);
}

void
ph_bell_answer(int fd)
{
	eventfd_t n;

	eventfd_read(fd, &n);
}
