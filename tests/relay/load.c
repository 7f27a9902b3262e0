/* SPDX-License-Identifier: ISC */
/*
 * Load for a TURN relay, ours or another:
 *
 *	load SERVER PORT USER PASSWORD PEER-ADDR up|down FLOWS BYTES PPS BURST SECONDS PID
 *
 * Allocates and binds a channel for each flow, all over UDP, then sends for so long: "up", from
 * the clients through the relay to one socket of the peer, or "down".  The PPS of all flows
 * together go out evenly, in bursts of so many packets of one flow; 0: as fast as it goes.
 * Says how many arrived, and the processor time of the process PID meanwhile, as
 * "sent N arrived N cpu_us N".
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "engine/turn_client.h"
#include "os/clock.h"
#include "os/udp.h"
#include "wire/channel.h"

enum { ROOM = 2048, BATCH = 64, MOST = 1000, US = 1000000, SETTLE_US = 300000 };

struct flow {
	struct ph_turn x;
	int fd;
};

static struct flow flow[MOST];
static struct ph_stun_addr server, peer;
static int sink;
static unsigned n_flows, bytes_each;

static void
give_random(void *arg, void *out, size_t n)
{
	(void)arg;
	if (getrandom(out, n, 0) != (ssize_t)n)
		abort();
}

static void
die(const char *what)
{
	fprintf(stderr, "load: %s\n", what);
	exit(70);
}

static void
put(int fd, struct ph_stun_addr to, uint8_t *p, size_t n)
{
	struct ph_udp_msg m = { .data = p, .len = (uint32_t)n, .addr = to.addr, .port = to.port };

	ph_udp_send(fd, &m, 1);
}

/* What waits on a socket, thrown away; how many, and bytes of the last. */
static unsigned
drain(int fd)
{
	static uint8_t room[BATCH][ROOM];
	struct ph_udp_msg m[BATCH];
	unsigned n = 0;
	int got = BATCH;

	while (got == BATCH) {
		for (int i = 0; i < BATCH; i++)
			m[i] = (struct ph_udp_msg){ .data = room[i], .len = ROOM };
		got = ph_udp_recv(fd, m, BATCH);
		n += got > 0 ? (unsigned)got : 0;
	}
	return n;
}

static void
hold(struct flow *f)
{
	uint64_t now = ph_clock_us();
	struct ph_turn_got got;
	uint8_t p[ROOM];
	struct ph_udp_msg m = { .data = p, .len = ROOM };
	size_t n;

	while ((n = ph_turn_output(&f->x, now, p, sizeof(p))) > 0)
		put(f->fd, server, p, n);
	while (ph_udp_recv(f->fd, &m, 1) == 1) {
		ph_turn_input(&f->x, now, m.data, m.len, &got);
		m.len = ROOM;
	}
}

/* One after the other: a relay may not like many at once. */
static void
open_flow(struct flow *f, const char *user, const char *password)
{
	struct ph_turn_opts o = {
		.username = ph_str(user), .password = ph_str(password), .random = give_random,
	};
	struct ph_udp_opts u = { .addr = PH_V4(0), .rcvbuf = 1 << 20 };
	uint64_t end = ph_clock_us() + 3 * US;

	if (ph_udp_open(&u, &f->fd) != 0 || !ph_turn_init(&f->x, &o, ph_clock_us()))
		die("no socket");
	ph_turn_permit(&f->x, ph_clock_us(), peer, true);
	while (ph_clock_us() < end && (f->x.outcome != PH_TURN_READY ||
	    f->x.peer[0].state != PH_TURN_PEER_READY)) {
		struct pollfd p = { .fd = f->fd, .events = POLLIN };

		hold(f);
		poll(&p, 1, 1);
	}
	if (f->x.peer[0].state != PH_TURN_PEER_READY)
		die(ph_turn_outcome_sentence(f->x.outcome));
}

/* One burst of a flow. */
static unsigned
fire(struct flow *f, bool up, unsigned burst)
{
	static uint8_t bytes[ROOM];
	struct ph_udp_msg m[BATCH];
	int n;

	ph_channel_head(bytes, f->x.peer[0].channel, (uint16_t)bytes_each);
	for (unsigned i = 0; i < burst; i++)
		m[i] = (struct ph_udp_msg){
			.data = up ? bytes : bytes + PH_CHANNEL_HEAD,
			.len = bytes_each + (up ? (unsigned)PH_CHANNEL_HEAD : 0),
			.addr = up ? server.addr : f->x.relayed.addr,
			.port = up ? server.port : f->x.relayed.port,
		};
	n = ph_udp_send(up ? f->fd : sink, m, burst);
	return n > 0 ? (unsigned)n : 0;
}

static uint64_t
cpu_us(const char *pid)
{
	unsigned long long run = 0, sum = 0;
	char command[128];
	FILE *p;

	/* all threads; nanoseconds on a processor, in the kernel too */
	snprintf(command, sizeof(command), "cat /proc/%.10s/task/*/schedstat", pid);
	p = popen(command, "r");
	while (p != NULL && fscanf(p, "%llu %*u %*u", &run) == 1)
		sum += run;
	if (p != NULL)
		pclose(p);
	return sum / 1000;
}

static unsigned
arrived(bool up)
{
	unsigned n = up ? drain(sink) : 0;

	for (unsigned i = 0; !up && i < n_flows; i++)
		n += drain(flow[i].fd);
	return n;
}

int
main(int argc, char **argv)
{
	struct ph_udp_opts u = { .rcvbuf = 1 << 24 };
	uint64_t start, end, before, sent = 0, got = 0;
	unsigned pps, burst, next = 0;
	bool up;

	if (argc != 13 || !ph_addr_parse(ph_str(argv[1]), &server.addr) ||
	    !ph_addr_parse(ph_str(argv[5]), &u.addr))
		die("see the source for how to call it");
	server.port = (uint16_t)atoi(argv[2]);
	up = strcmp(argv[6], "up") == 0;
	n_flows = (unsigned)atoi(argv[7]);
	bytes_each = (unsigned)atoi(argv[8]);
	pps = (unsigned)atoi(argv[9]);
	burst = (unsigned)atoi(argv[10]);
	if (n_flows > MOST || bytes_each > ROOM - 4 || burst > BATCH ||
	    ph_udp_open(&u, &sink) != 0 || ph_udp_local(sink, &peer.addr, &peer.port) != 0)
		die("too much, or no socket");
	ph_udp_files(n_flows + 64);
	for (unsigned i = 0; i < n_flows; i++)
		open_flow(&flow[i], argv[3], argv[4]);
	before = cpu_us(argv[12]);
	start = ph_clock_us();
	end = start + (uint64_t)atoi(argv[11]) * US;
	for (uint64_t now = start; now < end; now = ph_clock_us()) {
		if (pps == 0 || sent < (now - start) * pps / US)
			sent += fire(&flow[next++ % n_flows], up, burst);
		if (pps == 0 ? next % 4 == 0 : true)
			got += arrived(up);
	}
	usleep(SETTLE_US);
	got += arrived(up);
	printf("sent %llu arrived %llu cpu_us %llu\n", (unsigned long long)sent,
	    (unsigned long long)got, (unsigned long long)(cpu_us(argv[12]) - before));
	return 0;
}
