/* SPDX-License-Identifier: ISC */
/*
 * A wire that takes its time, where the kernel has no netem:
 *
 *	bench-delay ONE OTHER MS
 *
 * Frames that arrive at one of two network devices leave by the other ${MS} milliseconds
 * later, in order, at most ROOM of them under way in each direction.  What their checksums
 * still lack goes along (PACKET_VNET_HDR).
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { ROOM = 32768, FRAME = 2048, BUFFER = 1 << 25 };

struct frame {
	uint64_t due_us;
	uint32_t len;
	uint8_t bytes[FRAME];
};

static struct way {
	int from, to;
	struct frame *ring;
	uint64_t head, tail;
} ways[2];

static void
die(const char *what)
{
	perror(what);
	exit(70);
}

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int
open_device(const char *name)
{
	struct sockaddr_ll a = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(name),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL)), on = 1;
	int room = BUFFER;

	if (fd < 0 || a.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) != 0)
		die(name);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return fd;
}

static void
take(struct way *w, uint64_t delay_us)
{
	while (w->tail - w->head < ROOM) {
		struct frame *f = &w->ring[w->tail % ROOM];
		ssize_t n = recv(w->from, f->bytes, FRAME, 0);

		if (n <= 0)
			return;
		f->len = (uint32_t)n;
		f->due_us = now_us() + delay_us;
		w->tail++;
	}
}

static void
give(struct way *w)
{
	for (uint64_t now = now_us(); w->head < w->tail; w->head++) {
		const struct frame *f = &w->ring[w->head % ROOM];

		if (f->due_us > now || send(w->to, f->bytes, f->len, 0) < 0)
			return;
	}
}

int
main(int argc, char **argv)
{
	uint64_t delay_us;

	if (argc != 4) {
		fprintf(stderr, "usage: bench-delay ONE OTHER MS\n");
		return 64;
	}
	delay_us = strtoul(argv[3], NULL, 10) * 1000;
	for (int i = 0; i < 2; i++) {
		ways[i].from = ways[!i].to = open_device(argv[1 + i]);
		ways[i].ring = calloc(ROOM, sizeof(*ways[i].ring));
		if (ways[i].ring == NULL)
			die("memory");
	}
	for (;;) {
		struct pollfd p[2] = {
			{ .fd = ways[0].from, .events = POLLIN },
			{ .fd = ways[1].from, .events = POLLIN },
		};

		poll(p, 2, 1);
		for (int i = 0; i < 2; i++) {
			take(&ways[i], delay_us);
			give(&ways[i]);
		}
	}
}
