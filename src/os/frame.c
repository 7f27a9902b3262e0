/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/frame.h"

enum { RECEIVE_BYTES = 16 << 20, ENDS = 8 };

static void
set_options(int fd)
{
	int bytes = RECEIVE_BYTES, on = 1;

	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
}

int
ph_frame_open(const char *link)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(link),
	};
	int fd, err;

	if (at.sll_ifindex == 0)
		return -errno;
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	set_options(fd);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

void
ph_frame_close(int fd)
{
	close(fd);
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

int
ph_frame_send(int fd, const struct ph_frame *v, size_t n)
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
	for (size_t i = 0; i < n && i < PH_FRAME_BATCH; i++) {
		io[i] = (struct iovec){ (void *)(uintptr_t)v[i].b, v[i].len };
		m[i].msg_hdr = (struct msghdr){
			.msg_name = &to[v[i].b[0] >> 4 == 6], .msg_namelen = sizeof(to[0]),
			.msg_iov = &io[i], .msg_iovlen = 1,
		};
	}
	sent = sendmmsg(fd, m, n < PH_FRAME_BATCH ? (unsigned)n : PH_FRAME_BATCH, 0);
	return sent >= 0 ? sent : -errno;
}

int
ph_frame_receive(int fd, struct ph_frame *v)
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

bool
ph_frame_wait(const int *fds, size_t n, int ms)
{
	struct pollfd p[ENDS];

	for (size_t i = 0; i < n && i < ENDS; i++)
		p[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	return poll(p, n < ENDS ? n : ENDS, ms) > 0;
}
