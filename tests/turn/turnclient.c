/* SPDX-License-Identifier: ISC */
/*
 * The engines of STUN and TURN on real sockets, so that somebody else's server can judge
 * them:
 *
 *	turnclient stun SERVER PORT
 *	turnclient nat SERVER PORT
 *	turnclient udp|tcp SERVER PORT USER PASSWORD OWN [channel]
 *
 * The last sends ten datagrams through the relay to a socket of its own on the address
 * OWN, which sends them back, and says how it ended and how many came back.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "engine/behaviour.h"
#include "engine/turn_client.h"
#include "os/clock.h"
#include "os/tcp.h"
#include "os/udp.h"
#include "wire/stream.h"

enum { MS = 1000, ECHOES = 10, ROOM = 4096 };

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
	fprintf(stderr, "turnclient: %s\n", what);
	exit(70);
}

static struct ph_stun_addr
read_addr(const char *addr, const char *port)
{
	struct ph_stun_addr a;

	if (!ph_addr_parse(ph_str(addr), &a.addr))
		die("no address");
	a.port = (uint16_t)atoi(port);
	return a;
}

static int
open_udp(ph_u128 own, struct ph_stun_addr *local)
{
	struct ph_udp_opts opts = { .addr = own };
	int fd;

	if (ph_udp_open(&opts, &fd) < 0 || ph_udp_local(fd, &local->addr, &local->port) < 0)
		die("no UDP socket");
	return fd;
}

static int
open_udp_towards(struct ph_stun_addr to, struct ph_stun_addr *local)
{
	ph_u128 own;

	if (ph_udp_source(to.addr, &own) < 0)
		die("no route");
	return open_udp(own, local);
}

static void
send_udp(int fd, struct ph_stun_addr to, uint8_t *p, size_t n)
{
	struct ph_udp_msg m = { .data = p, .len = (uint32_t)n, .addr = to.addr,
		.port = to.port };

	ph_udp_send(fd, &m, 1);
}

static size_t
recv_udp(int fd, uint8_t *p, struct ph_stun_addr *from)
{
	struct ph_udp_msg m = { .data = p, .len = ROOM };

	if (ph_udp_recv(fd, &m, 1) < 1)
		return 0;
	*from = (struct ph_stun_addr){ m.addr, m.port };
	return m.len;
}

static int
wait_ms(uint64_t deadline)
{
	uint64_t now = ph_clock_us();

	if (deadline == UINT64_MAX)
		return 100;
	return deadline <= now ? 0 : (int)((deadline - now) / MS) + 1;
}

/* --- stun --- */

static int
run_stun(struct ph_stun_addr server)
{
	struct ph_stun_addr local, from;
	int fd = open_udp_towards(server, &local);
	struct ph_stun_client x;
	char text[PH_ADDR_TEXT];
	uint8_t id[12], p[ROOM];
	size_t n;

	give_random(NULL, id, sizeof(id));
	ph_stun_client_init(&x, id, false, ph_clock_us());
	while (x.outcome == PH_STUN_WAITING) {
		struct pollfd f = { .fd = fd, .events = POLLIN };

		while ((n = ph_stun_client_output(&x, ph_clock_us(), p, sizeof(p))) > 0)
			send_udp(fd, server, p, n);
		poll(&f, 1, wait_ms(ph_stun_client_deadline(&x)));
		while ((n = recv_udp(fd, p, &from)) > 0)
			ph_stun_client_input(&x, ph_clock_us(), p, n);
	}
	printf("%s %s same=%d rewritten=%d other=%d\n", ph_stun_outcome_word(x.outcome),
	    ph_addr_format(x.mapped.addr, text),
	    x.mapped.addr == local.addr && x.mapped.port == local.port, x.rewritten,
	    x.other.port);
	return x.outcome == PH_STUN_ANSWERED ? 0 : 1;
}

/* --- nat --- */

static int
run_nat(struct ph_stun_addr server)
{
	struct ph_behaviour_opts opts = { .server = server, .random = give_random };
	struct pollfd f[PH_BEHAVIOUR_SOCKETS];
	struct ph_behaviour_send s;
	struct ph_behaviour_got got;
	struct ph_behaviour x;
	uint8_t p[ROOM];

	for (unsigned i = 0; i < PH_BEHAVIOUR_SOCKETS; i++)
		f[i] = (struct pollfd){ .fd = open_udp_towards(server, &opts.local[i]),
			.events = POLLIN };
	ph_behaviour_init(&x, &opts, ph_clock_us());
	while (!x.result.done) {
		while (ph_behaviour_output(&x, ph_clock_us(), &s))
			send_udp(f[s.socket].fd, s.to, s.bytes, s.len);
		poll(f, PH_BEHAVIOUR_SOCKETS, wait_ms(ph_behaviour_deadline(&x)));
		for (unsigned i = 0; i < PH_BEHAVIOUR_SOCKETS; i++) {
			got = (struct ph_behaviour_got){ .socket = i, .p = p };
			while ((got.len = recv_udp(f[i].fd, p, &got.from)) > 0)
				ph_behaviour_input(&x, ph_clock_us(), &got);
		}
	}
	printf("mapping=%s filtering=%s other=%d %s\n",
	    x.result.mapping != PH_NAT_UNKNOWN ? ph_behaviour_word(x.result.mapping) : "unknown",
	    x.result.filtering != PH_NAT_UNKNOWN ? ph_behaviour_word(x.result.filtering) :
	    "unknown", x.result.other.port,
	    x.result.why_filtering != NULL ? x.result.why_filtering : "");
	return 0;
}

/* --- turn --- */

struct relay {
	struct ph_turn x;
	struct ph_stun_addr server;
	int fd, echo;			/* to the server; the peer */
	bool stream;
	struct ph_stream in;
	uint8_t buf[1 << 17];
	unsigned sent, back;
};

static void
send_to_server(struct relay *r, uint8_t *p, size_t n)
{
	if (!r->stream)
		send_udp(r->fd, r->server, p, n);
	else if (ph_tcp_send(r->fd, p, n) != (int)n)
		die("cannot send");
}

static void
take(struct relay *r, const uint8_t *p, size_t n)
{
	struct ph_turn_got got;

	if (ph_turn_input(&r->x, ph_clock_us(), p, n, &got) == PH_TURN_DATA && got.len == 5 &&
	    memcmp(got.data, "media", 5) == 0)
		r->back++;
}

static void
receive(struct relay *r)
{
	struct ph_stun_addr from;
	uint8_t p[ROOM], *to;
	struct ph_frame f;
	size_t n, room;
	int got;

	while (!r->stream && (n = recv_udp(r->fd, p, &from)) > 0)
		take(r, p, n);
	if (!r->stream)
		return;
	to = ph_stream_room(&r->in, &room);
	if ((got = ph_tcp_recv(r->fd, to, room)) > 0)
		ph_stream_added(&r->in, (size_t)got);
	for (;;) {
		enum ph_stream_kind kind = ph_stream_take(&r->in, &f);

		if (kind == PH_STREAM_BAD)
			die("the stream is lost");
		if (kind == PH_STREAM_MORE)
			return;
		take(r, f.p, f.len);
	}
}

static void
turn_round(struct relay *r)
{
	struct pollfd f[] = {
		{ .fd = r->fd, .events = POLLIN }, { .fd = r->echo, .events = POLLIN },
	};
	struct ph_stun_addr from;
	uint8_t p[ROOM];
	size_t n;
	int ms;

	while ((n = ph_turn_output(&r->x, ph_clock_us(), p, sizeof(p))) > 0)
		send_to_server(r, p, n);
	ms = wait_ms(ph_turn_deadline(&r->x));
	poll(f, 2, ms < 20 ? ms : 20);
	receive(r);
	while ((n = recv_udp(r->echo, p, &from)) > 0)
		send_udp(r->echo, from, p, n);
}

static void
connect_tcp(struct relay *r)
{
	int err;

	if (ph_tcp_connect(r->server.addr, r->server.port, 0, &r->fd) < 0)
		die("cannot connect");
	for (int i = 0; i < 100 && ph_tcp_outcome(r->fd, &err) == PH_TCP_PENDING; i++)
		usleep(10 * MS);
	if (ph_tcp_outcome(r->fd, &err) != PH_TCP_OPEN)
		die("no connection");
}

static void
start_relay(struct relay *r, char **argv, bool channel)
{
	struct ph_turn_opts opts = { .stream = r->stream, .username = ph_str(argv[4]),
		.password = ph_str(argv[5]), .random = give_random };
	struct ph_stun_addr local, peer;

	if (r->stream)
		connect_tcp(r);
	else
		r->fd = open_udp_towards(r->server, &local);
	r->echo = open_udp(read_addr(argv[6], "0").addr, &peer);
	ph_stream_init(&r->in, r->buf, sizeof(r->buf));
	if (!ph_turn_init(&r->x, &opts, ph_clock_us()))
		die("cannot begin");
	ph_turn_permit(&r->x, ph_clock_us(), peer, channel);
}

static int
run_relay(int argc, char **argv)
{
	static struct relay r;
	uint64_t end = ph_clock_us() + 8000ULL * MS;
	enum ph_turn_outcome outcome;
	uint8_t p[64];

	r.server = read_addr(argv[2], argv[3]);
	r.stream = strcmp(argv[1], "tcp") == 0;
	start_relay(&r, argv, argc > 7);
	while ((r.x.outcome == PH_TURN_BUSY || r.x.outcome == PH_TURN_READY) &&
	    r.back < ECHOES && r.x.peer[0].state != PH_TURN_PEER_REFUSED && ph_clock_us() < end) {
		if (r.x.peer[0].state == PH_TURN_PEER_READY && r.sent < ECHOES + 20) {
			size_t n = ph_turn_send(&r.x, 0,
			    (struct ph_bytes){ (const uint8_t *)"media", 5 }, p, sizeof(p));

			send_to_server(&r, p, n);
			r.sent++;
		}
		turn_round(&r);
	}
	outcome = r.x.outcome;
	ph_turn_close(&r.x, ph_clock_us());
	while (r.x.outcome == PH_TURN_READY && ph_clock_us() < end)
		turn_round(&r);
	printf("%s code=%d relayed=%d echoes=%u peer=%d,%d end=%s\n",
	    ph_turn_outcome_word(outcome), r.x.code, r.x.relayed.port != 0,
	    r.back < ECHOES ? r.back : ECHOES, (int)r.x.peer[0].state, r.x.peer[0].code,
	    ph_turn_outcome_word(r.x.outcome));
	ph_turn_fini(&r.x);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "stun") == 0)
		return run_stun(read_addr(argv[2], argv[3]));
	if (argc == 4 && strcmp(argv[1], "nat") == 0)
		return run_nat(read_addr(argv[2], argv[3]));
	if (argc >= 7 && (strcmp(argv[1], "udp") == 0 || strcmp(argv[1], "tcp") == 0))
		return run_relay(argc, argv);
	die("see the source for how to call it");
	return 64;
}
