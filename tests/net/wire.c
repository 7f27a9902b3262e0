/* SPDX-License-Identifier: ISC */
/*
 * A long wire between two interfaces of one host: what comes in at one goes out at the
 * other, later, in another order, or never.
 *
 *	wire IF-A IF-B SEED FORTH BACK
 *
 * FORTH (A to B) and BACK are "DELAY,JITTER,LOSS": milliseconds, milliseconds to either
 * side of it with equal chance (so that packets overtake each other), and per cent.
 * For kernels without netem.  Checksums that are still to be computed and segments
 * still to be cut are handed on as such (PACKET_VNET_HDR).
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 70000, BUFFER = 16 << 20, MOST = 100000, BATCH = 64 };

struct way {
	double delay_us, jitter_us, loss;
	int from, to;
};

struct frame {
	uint64_t due_us, number;
	int to;
	size_t len;
	uint8_t bytes[];
};

static struct frame *heap[MOST];
static size_t n_heap;
static uint64_t counter;

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
open_raw(const char *name)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0), one = 1, room = BUFFER;
	struct sockaddr_ll a = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(name),
	};

	if (fd < 0 || a.sll_ifindex == 0)
		die(name);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) != 0 ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		die(name);
	return fd;
}

static bool
before(size_t i, size_t j)
{
	return heap[i]->due_us != heap[j]->due_us ? heap[i]->due_us < heap[j]->due_us :
	    heap[i]->number < heap[j]->number;
}

static void
swap(size_t i, size_t j)
{
	struct frame *f = heap[i];

	heap[i] = heap[j];
	heap[j] = f;
}

static void
put(struct frame *f)
{
	size_t i = n_heap++;

	heap[i] = f;
	for (; i > 0 && before(i, (i - 1) / 2); i = (i - 1) / 2)
		swap(i, (i - 1) / 2);
}

static struct frame *
take(void)
{
	struct frame *f = heap[0];

	heap[0] = heap[--n_heap];
	for (size_t i = 0, least;; i = least) {
		least = i;
		for (size_t k = 2 * i + 1; k <= 2 * i + 2; k++)
			if (k < n_heap && before(k, least))
				least = k;
		if (least == i)
			return f;
		swap(i, least);
	}
}

static void
hear(const struct way *w)
{
	static uint8_t bytes[FRAME];
	ssize_t n;

	for (int i = 0; i < BATCH && (n = recv(w->from, bytes, sizeof(bytes), 0)) > 0; i++) {
		struct frame *f;

		if (drand48() * 100 < w->loss || n_heap == MOST)
			continue;
		f = malloc(sizeof(*f) + (size_t)n);
		if (f == NULL)
			die("memory");
		f->due_us = now_us() + (uint64_t)(w->delay_us +
		    w->jitter_us * (2 * drand48() - 1));
		f->number = counter++;
		f->to = w->to;
		f->len = (size_t)n;
		memcpy(f->bytes, bytes, (size_t)n);
		put(f);
	}
}

static uint64_t
send_due(void)
{
	while (n_heap > 0 && heap[0]->due_us <= now_us()) {
		struct frame *f = take();

		send(f->to, f->bytes, f->len, 0);
		free(f);
	}
	return n_heap > 0 ? heap[0]->due_us : 0;
}

static void
wake_at(int timer, uint64_t us)
{
	struct itimerspec t = {
		.it_value = { (time_t)(us / 1000000), (long)(us % 1000000) * 1000 },
	};

	timerfd_settime(timer, TFD_TIMER_ABSTIME, &t, NULL);
}

int
main(int argc, char **argv)
{
	struct way w[2] = { 0 };
	struct pollfd p[3];

	if (argc != 6) {
		fputs("usage: wire IF-A IF-B SEED FORTH BACK\n", stderr);
		return 64;
	}
	srand48(atol(argv[3]));
	for (int i = 0; i < 2; i++) {
		if (sscanf(argv[4 + i], "%lf,%lf,%lf", &w[i].delay_us, &w[i].jitter_us,
		    &w[i].loss) != 3)
			die(argv[4 + i]);
		w[i].delay_us *= 1000;
		w[i].jitter_us *= 1000;
		w[i].from = open_raw(argv[1 + i]);
		p[i] = (struct pollfd){ .fd = w[i].from, .events = POLLIN };
	}
	w[0].to = w[1].from;
	w[1].to = w[0].from;
	p[2] = (struct pollfd){ .fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK),
		.events = POLLIN };
	signal(SIGPIPE, SIG_IGN);
	puts("ready");
	fflush(stdout);
	for (;;) {
		wake_at(p[2].fd, send_due());
		if (poll(p, 3, -1) < 0)
			die("poll");
		for (int i = 0; i < 2; i++)
			if (p[i].revents != 0)
				hear(&w[i]);
	}
}
