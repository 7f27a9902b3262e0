/* SPDX-License-Identifier: ISC */
/*
 * A far end for programs that only know open from silent:
 *
 *	bench-echo ADDRESS LO HI
 *
 * Every datagram to these ports goes back to where it came from, and something to those
 * who send nothing.  Says "ready" when all ports listen.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { READY = 256, BYTES = 2048 };

static void
die(const char *what)
{
	perror(what);
	exit(70);
}

static void
listen_on(int set, struct in_addr addr, unsigned port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_addr = addr, .sin_port = htons((uint16_t)port),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    epoll_ctl(set, EPOLL_CTL_ADD, fd, &e) != 0)
		die("listen");
}

static void
answer(int fd)
{
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	char bytes[BYTES];
	ssize_t n = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &size);

	if (n >= 0)
		sendto(fd, bytes, n > 0 ? (size_t)n : 1, 0, (struct sockaddr *)&from, size);
}

int
main(int argc, char **argv)
{
	struct rlimit files;
	struct epoll_event e[READY];
	struct in_addr addr;
	int set = epoll_create1(0);

	if (argc != 4 || inet_pton(AF_INET, argv[1], &addr) != 1) {
		fprintf(stderr, "usage: bench-echo ADDRESS LO HI\n");
		return 64;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	for (unsigned port = (unsigned)atoi(argv[2]); port <= (unsigned)atoi(argv[3]); port++)
		listen_on(set, addr, port);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(set, e, READY, -1);

		for (int i = 0; i < n; i++)
			answer(e[i].data.fd);
	}
}
