/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/sockaddr.h"
#include "os/udp.h"

enum {
	BATCH = 64,
	/* room for ToS, TTL and time stamp, or for ToS and TTL to be sent */
	CONTROL = 256,
};

struct control {
	_Alignas(struct cmsghdr) char bytes[CONTROL];
};

static int
set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0 ? 0 : -errno;
}

int
ph_udp_df(int fd, bool v6, enum ph_udp_df df)
{
	static const int how[2][2] = {
		[PH_UDP_MAY_FRAGMENT] = { IP_PMTUDISC_DONT, IPV6_PMTUDISC_DONT },
		[PH_UDP_NO_FRAGMENT] = { IP_PMTUDISC_PROBE, IPV6_PMTUDISC_PROBE },
	};

	return v6 ? set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, how[df][1]) :
	    set(fd, IPPROTO_IP, IP_MTU_DISCOVER, how[df][0]);
}

/* What every socket is to report. */
static int
ask(int fd, bool v6)
{
	static const struct { int level, name; } row[2][5] = {
		{ { IPPROTO_IP, IP_RECVERR }, { IPPROTO_IP, IP_RECVTOS },
		    { IPPROTO_IP, IP_RECVTTL }, { SOL_SOCKET, SO_TIMESTAMPNS } },
		{ { IPPROTO_IPV6, IPV6_RECVERR }, { IPPROTO_IPV6, IPV6_RECVTCLASS },
		    { IPPROTO_IPV6, IPV6_RECVHOPLIMIT }, { SOL_SOCKET, SO_TIMESTAMPNS },
		    { IPPROTO_IPV6, IPV6_V6ONLY } },
	};

	for (size_t i = 0; i < 5; i++)
		if (row[v6][i].name != 0 && set(fd, row[v6][i].level, row[v6][i].name, 1) != 0)
			return -errno;
	return 0;
}

static int
prepare(int fd, const struct ph_udp_opts *o)
{
	struct sockaddr_storage sa;
	bool v6 = !ph_addr_is_v4(o->addr);
	int err = ask(fd, v6);

	if (err == 0)
		err = ph_udp_df(fd, v6, o->df);
	if (err == 0 && o->rcvbuf > 0)
		err = set(fd, SOL_SOCKET, SO_RCVBUF, (int)o->rcvbuf);
	if (err == 0 && o->sndbuf > 0)
		err = set(fd, SOL_SOCKET, SO_SNDBUF, (int)o->sndbuf);
	if (err == 0 && bind(fd, (struct sockaddr *)&sa,
	    ph_sockaddr_make(o->addr, o->port, &sa)) != 0)
		err = -errno;
	return err;
}

int
ph_udp_open(const struct ph_udp_opts *o, int *out)
{
	int fd = socket(ph_addr_is_v4(o->addr) ? AF_INET : AF_INET6,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	err = prepare(fd, o);
	if (err != 0) {
		close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

static void
put_int(struct msghdr *h, size_t room, int level, int type, int value)
{
	struct cmsghdr *c;

	h->msg_controllen += CMSG_SPACE(sizeof(int));
	if (h->msg_controllen > room)
		return;
	c = (struct cmsghdr *)(void *)((char *)h->msg_control + h->msg_controllen -
	    CMSG_SPACE(sizeof(int)));
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &value, sizeof(value));
}

static void
put_control(struct msghdr *h, const struct ph_udp_msg *m, struct control *c)
{
	bool v6 = !ph_addr_is_v4(m->addr);
	int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;

	if (!m->has_tos && m->ttl == 0)
		return;
	memset(c, 0, sizeof(*c));
	h->msg_control = c;
	if (m->has_tos)
		put_int(h, sizeof(*c), level, v6 ? IPV6_TCLASS : IP_TOS, m->tos);
	if (m->ttl != 0)
		put_int(h, sizeof(*c), level, v6 ? IPV6_HOPLIMIT : IP_TTL, m->ttl);
}

/* Send at most BATCH. */
static int
send_batch(int fd, const struct ph_udp_msg *v, size_t n)
{
	struct mmsghdr h[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_storage sa[BATCH];
	struct control control[BATCH];
	int sent;

	memset(h, 0, n * sizeof(*h));
	for (size_t i = 0; i < n; i++) {
		iov[i] = (struct iovec){ v[i].data, v[i].len };
		h[i].msg_hdr.msg_name = &sa[i];
		h[i].msg_hdr.msg_namelen = ph_sockaddr_make(v[i].addr, v[i].port, &sa[i]);
		h[i].msg_hdr.msg_iov = &iov[i];
		h[i].msg_hdr.msg_iovlen = 1;
		put_control(&h[i].msg_hdr, &v[i], &control[i]);
	}
	do
		sent = sendmmsg(fd, h, (unsigned)n, 0);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

int
ph_udp_send(int fd, const struct ph_udp_msg *v, size_t n)
{
	size_t done = 0;

	while (done < n) {
		size_t k = n - done < BATCH ? n - done : BATCH;
		int sent = send_batch(fd, v + done, k);

		if (sent < 0)
			return done > 0 ? (int)done : sent;
		done += (size_t)sent;
		if ((size_t)sent < k)
			break;
	}
	return (int)done;
}

static int
get_int(const struct cmsghdr *c)
{
	int v = 0;
	uint8_t byte;

	if (c->cmsg_len >= CMSG_LEN(sizeof(v))) {
		memcpy(&v, CMSG_DATA(c), sizeof(v));
	} else if (c->cmsg_len >= CMSG_LEN(1)) {
		memcpy(&byte, CMSG_DATA(c), 1);
		v = byte;
	}
	return v;
}

static uint64_t
get_time(const struct cmsghdr *c)
{
	struct timespec t;

	memcpy(&t, CMSG_DATA(c), sizeof(t));
	return ph_clock_from_real(&t);
}

static void
take_control(struct msghdr *h, struct ph_udp_msg *m)
{
	m->ttl = 0;
	m->tos = 0;
	m->has_tos = false;
	m->at_us = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
			m->at_us = get_time(c);
		} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
			m->ttl = (uint8_t)get_int(c);
		} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)) {
			m->tos = (uint8_t)get_int(c);
			m->has_tos = true;
		}
	}
	if (m->at_us == 0)
		m->at_us = ph_clock_us();
}

static int
recv_batch(int fd, struct ph_udp_msg *v, size_t n)
{
	struct mmsghdr h[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_storage sa[BATCH];
	struct control control[BATCH];
	int got;

	memset(h, 0, n * sizeof(*h));
	for (size_t i = 0; i < n; i++) {
		iov[i] = (struct iovec){ v[i].data, v[i].len };
		h[i].msg_hdr = (struct msghdr){
			.msg_name = &sa[i], .msg_namelen = sizeof(sa[i]),
			.msg_iov = &iov[i], .msg_iovlen = 1,
			.msg_control = &control[i], .msg_controllen = sizeof(control[i]),
		};
	}
	got = recvmmsg(fd, h, (unsigned)n, MSG_DONTWAIT, NULL);
	if (got < 0)
		return -errno;
	for (int i = 0; i < got; i++) {
		v[i].len = h[i].msg_len;
		v[i].truncated = (h[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
		ph_sockaddr_addr((struct sockaddr *)&sa[i], &v[i].addr);
		v[i].port = ph_sockaddr_port((struct sockaddr *)&sa[i]);
		take_control(&h[i].msg_hdr, &v[i]);
	}
	return got;
}

/*
 * An ICMP error makes the next call fail once, on any socket with error
 * reports; the datagrams that wait are still there.
 */
static bool
is_report(int err)
{
	return err == -ECONNREFUSED || err == -EHOSTUNREACH || err == -ENETUNREACH ||
	    err == -EACCES || err == -EMSGSIZE || err == -EPROTO || err == -EOPNOTSUPP ||
	    err == -ENOPROTOOPT || err == -EHOSTDOWN || err == -ENONET || err == -EINTR;
}

int
ph_udp_recv(int fd, struct ph_udp_msg *v, size_t n)
{
	int got;

	n = n < BATCH ? n : BATCH;
	for (unsigned tries = 0; tries < BATCH; tries++) {
		got = recv_batch(fd, v, n);
		if (!is_report(got))
			return got == -EAGAIN ? 0 : got;
	}
	return 0;
}

int
ph_udp_local(int fd, ph_u128 *addr, uint16_t *port)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		return -errno;
	ph_sockaddr_addr((struct sockaddr *)&sa, addr);
	*port = ph_sockaddr_port((struct sockaddr *)&sa);
	return 0;
}

int
ph_udp_source(ph_u128 to, ph_u128 *from)
{
	struct sockaddr_storage sa;
	socklen_t len = ph_sockaddr_make(to, 9, &sa);
	uint16_t port;
	int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	err = connect(fd, (struct sockaddr *)&sa, len) != 0 ? -errno :
	    ph_udp_local(fd, from, &port);
	close(fd);
	return err;
}

size_t
ph_udp_files(size_t n)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return 0;
	if (r.rlim_cur < n) {
		r.rlim_cur = r.rlim_max < n ? r.rlim_max : n;
		setrlimit(RLIMIT_NOFILE, &r);
		getrlimit(RLIMIT_NOFILE, &r);
	}
	return r.rlim_cur;
}
