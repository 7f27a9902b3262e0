/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/clock.h"
#include "os/errqueue.h"
#include "os/tcp.h"
#include "os/udp.h"

static const ph_u128 lo4 = PH_V4(0x7f000001), lo6 = 1;

/* An address of ${lo} on which a socket can be had, or skip. */
static int
open_on(ph_u128 addr, uint16_t *port)
{
	struct ph_udp_opts o = { .addr = addr };
	ph_u128 bound;
	int fd, err = ph_udp_open(&o, &fd);

	if (err == -EADDRNOTAVAIL || err == -EAFNOSUPPORT)
		skip();
	assert_int_equal(err, 0);
	assert_int_equal(ph_udp_local(fd, &bound, port), 0);
	assert_true(bound == addr);
	return fd;
}

static void
wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	assert_int_equal(poll(&p, 1, 2000), 1);
}

enum { N = 100 };

/* A batch larger than the system call takes, each with its own ToS and TTL. */
static void
exchange(ph_u128 addr)
{
	static uint8_t text[N][8], room[N][8];
	struct ph_udp_msg out[N], in[N];
	uint16_t a_port, b_port;
	int a = open_on(addr, &a_port), b = open_on(addr, &b_port), got = 0;
	uint64_t before = ph_clock_us();

	for (uint8_t i = 0; i < N; i++) {
		memset(text[i], i, sizeof(text[i]));
		out[i] = (struct ph_udp_msg){ .data = text[i], .len = 4, .addr = addr,
			.port = b_port, .ttl = (uint8_t)(i + 1), .has_tos = true,
			.tos = (uint8_t)(i << 2) };
		in[i] = (struct ph_udp_msg){ .data = room[i], .len = sizeof(room[i]) };
	}
	assert_int_equal(ph_udp_send(a, out, N), N);
	while (got < N) {
		int n;

		wait_for(b, POLLIN);
		n = ph_udp_recv(b, in + got, (size_t)(N - got));
		assert_true(n > 0);
		got += n;
	}
	for (int i = 0; i < N; i++) {
		assert_int_equal(in[i].len, 4);
		assert_int_equal(in[i].data[0], i);
		assert_true(in[i].addr == addr);
		assert_int_equal(in[i].port, a_port);
		assert_int_equal(in[i].ttl, i + 1);
		assert_int_equal(in[i].tos, (uint8_t)(i << 2));
		assert_true(in[i].at_us + 1000 >= before && in[i].at_us <= ph_clock_us());
	}
	assert_int_equal(ph_udp_recv(b, in, 1), 0);
	close(a);
	close(b);
}

static void
test_exchange_v4(void **state)
{
	(void)state;
	exchange(lo4);
}

static void
test_exchange_v6(void **state)
{
	(void)state;
	exchange(lo6);
}

/* Nobody listens: the answer names who said so and what we sent. */
static void
refused(ph_u128 addr, int type, int code)
{
	uint8_t text[] = "hello", back[64];
	struct ph_udp_msg m = { .data = text, .len = 5, .addr = addr };
	struct ph_errqueue_item e;
	uint16_t port;
	int a = open_on(addr, &port), b = open_on(addr, &m.port);

	close(b);
	assert_int_equal(ph_udp_send(a, &m, 1), 1);
	wait_for(a, 0);
	assert_int_equal(ph_errqueue_take(a, back, sizeof(back), &e), 1);
	assert_false(e.local);
	assert_int_equal(e.err, ECONNREFUSED);
	assert_int_equal(e.type, type);
	assert_int_equal(e.code, code);
	assert_true(e.has_offender && e.offender == addr);
	assert_true(e.to == addr);
	assert_int_equal(e.to_port, m.port);
	assert_int_equal(e.len, 5);
	assert_memory_equal(back, text, 5);
	assert_false(ph_errqueue_prohibits(!ph_addr_is_v4(addr), e.type, e.code));
	assert_int_equal(ph_errqueue_take(a, back, sizeof(back), &e), 0);
	m = (struct ph_udp_msg){ .data = back, .len = sizeof(back) };
	assert_int_equal(ph_udp_recv(a, &m, 1), 0);
	close(a);
}

static void
test_refused_v4(void **state)
{
	(void)state;
	refused(lo4, 3, 3);
}

static void
test_refused_v6(void **state)
{
	(void)state;
	refused(lo6, 1, 4);
}

static void
test_prohibits(void **state)
{
	static const struct { bool v6, yes; uint8_t type, code; } row[] = {
		{ false, true, 3, 9 }, { false, true, 3, 10 }, { false, true, 3, 13 },
		{ false, false, 3, 0 }, { false, false, 3, 1 }, { false, false, 11, 13 },
		{ true, true, 1, 1 }, { true, true, 1, 5 }, { true, false, 1, 0 },
		{ true, false, 3, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		assert_int_equal(ph_errqueue_prohibits(row[i].v6, row[i].type, row[i].code),
		    row[i].yes);
}

static void
test_errors(void **state)
{
	struct ph_udp_opts o = { .addr = PH_V4(0xc0000201) };
	uint8_t big[2000];
	struct ph_udp_msg m = { .data = big, .len = sizeof(big), .addr = lo4 };
	uint16_t port;
	int fd, a = open_on(lo4, &port);

	(void)state;
	assert_int_equal(ph_udp_open(&o, &fd), -EADDRNOTAVAIL);
	o = (struct ph_udp_opts){ .addr = lo4, .port = port };
	assert_int_equal(ph_udp_open(&o, &fd), -EADDRINUSE);
	m.port = port;
	assert_int_equal(ph_udp_send(a, &m, 1), 1);
	m.len = 16;
	assert_int_equal(ph_udp_recv(a, &m, 1), 1);
	assert_true(m.truncated);
	close(a);
}

static void
test_source(void **state)
{
	ph_u128 from;

	(void)state;
	assert_int_equal(ph_udp_source(lo4, &from), 0);
	assert_true(from == lo4);
}

static void
test_tcp_refused(void **state)
{
	uint16_t port;
	int udp = open_on(lo4, &port), fd, err;

	(void)state;
	/* where UDP listens, TCP most likely does not */
	assert_int_equal(ph_tcp_connect(lo4, port, 0, &fd), 0);
	wait_for(fd, POLLOUT);
	assert_int_equal(ph_tcp_outcome(fd, &err), PH_TCP_REFUSED);
	ph_tcp_abort(fd);
	close(udp);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange_v4), cmocka_unit_test(test_exchange_v6),
		cmocka_unit_test(test_refused_v4), cmocka_unit_test(test_refused_v6),
		cmocka_unit_test(test_prohibits), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_source), cmocka_unit_test(test_tcp_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
