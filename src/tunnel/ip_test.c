/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/names.h"
#include "tunnel/ip.h"
#include "wire/cursor.h"

/* The slow twin: the sum of RFC 1071 over a pseudo header written out, 0 when all is right. */
static uint16_t
slow_sum(const uint8_t *p, size_t n, uint32_t s)
{
	for (size_t i = 0; i < n; i++)
		s += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (s > 0xffff)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static bool
sums_are_right(const uint8_t *p, size_t n)
{
	bool v6 = p[0] >> 4 == 6;
	size_t head = v6 ? 40 : 20, ends = v6 ? 8 : 12;
	uint8_t proto = v6 ? p[6] : p[9];
	uint32_t pseudo = proto + (uint32_t)(n - head);

	if (proto == PH_ICMP)
		return slow_sum(p, 20, 0) == 0 && slow_sum(p + head, n - head, 0) == 0;
	for (size_t i = 0; i < (v6 ? 32U : 8U); i += 2)
		pseudo += (uint32_t)p[ends + i] << 8 | p[ends + i + 1];
	return (v6 || slow_sum(p, 20, 0) == 0) && slow_sum(p + head, n - head, pseudo) == 0;
}

static ph_u128
addr(const char *s)
{
	ph_u128 a;

	assert_true(ph_addr_parse(ph_str(s), &a));
	return a;
}

static struct ph_ip_way
way(bool v6)
{
	return (struct ph_ip_way){ .src = addr(v6 ? "2001:db8::1" : "192.0.2.1"),
	    .dst = addr(v6 ? "2001:db8:ffff::2" : "198.51.100.255"), .sport = 50000,
	    .dport = 3478, .tos = 0xb8 };
}

static void
datagrams(void **state)
{
	static uint8_t data[PH_IP_MAX], out[PH_IP_MAX + 1];
	static const size_t lens[] = { 0, 1, 2, 3, 4, 5, 160, 1201, 65487, 65507 };
	struct ph_ip ip;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	for (unsigned v6 = 0; v6 < 2; v6++)
		for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
			struct ph_ip_way w = way(v6);
			size_t n = ph_ip_udp(&w, data, lens[i], out, sizeof(out));

			if (v6 && lens[i] > 65487) {
				assert_int_equal(n, 0);
				continue;
			}
			assert_int_equal(n, lens[i] + (v6 ? 48 : 28));
			assert_true(sums_are_right(out, n));
			assert_true(ph_ip_read(&ip, out, n));
			assert_true(ip.src == w.src && ip.dst == w.dst && ip.v6 == v6);
			assert_int_equal(ip.sport, 50000);
			assert_int_equal(ip.dport, 3478);
			assert_int_equal(ip.tos, 0xb8);
			assert_int_equal(ip.data_len, lens[i]);
			assert_memory_equal(ip.data, data, lens[i]);
			assert_false(ph_ip_read(&ip, out, n - 1));
		}
}

/* A SYN, by way of the RST that answers one. */
static size_t
make_segment(bool v6, uint8_t *out, size_t cap)
{
	struct ph_ip_way w = way(v6);
	uint8_t udp[128];
	struct ph_ip ip;
	size_t n = ph_ip_udp(&w, "123456789012", 12, udp, sizeof(udp));

	assert_true(ph_ip_read(&ip, udp, n));
	ip.proto = PH_TCP;
	memset(ip.l4 + 4, 0, 16);
	ip.l4[12] = 0x50;
	ip.l4[13] = ip.flags = 2;
	ph_put32(ip.l4 + 4, 0xfffffffe);
	return ph_ip_reset(&ip, out, cap);
}

static void
segments(void **state)
{
	uint64_t seed = getenv("PH_SEED") != NULL ? strtoull(getenv("PH_SEED"), NULL, 10) : 1;
	uint8_t p[128];
	struct ph_ip ip;

	(void)state;
	print_message("# PH_SEED=%llu\n", (unsigned long long)seed);
	for (unsigned i = 0; i < 20000; i++) {
		bool v6 = i % 2 != 0;
		size_t n = make_segment(v6, p, sizeof(p));
		struct ph_ip_way w = way(v6);

		assert_true(sums_are_right(p, n));
		assert_true(ph_ip_read(&ip, p, n));
		assert_int_equal(ip.sport, 3478);
		assert_int_equal(ph_be32(ip.l4 + 8), 0xffffffff);	/* SYN counts */
		for (ph_u128 *a = &w.src; a <= &w.dst; a++) {
			seed = seed * 6364136223846793005U + 1442695040888963407U;
			*a = v6 ? (ph_u128)seed << 32 | seed >> 40 : PH_V4(seed >> 32);
		}
		w.sport = (uint16_t)(seed >> 20);
		w.dport = (uint16_t)(seed >> 36);
		ph_ip_turn(&ip, &w);
		assert_true(sums_are_right(p, n));
		assert_true(ph_ip_read(&ip, p, n) && ip.src == w.src && ip.dst == w.dst);
		assert_int_equal(ip.sport, w.sport);
		assert_int_equal(ip.dport, w.dport);
	}
}

static void
errors(void **state)
{
	static uint8_t big[3000];
	uint8_t p[3100], e[PH_IP_ERROR_MAX];
	struct ph_ip ip;

	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++)
		for (size_t len = 0; len <= sizeof(big); len += 100) {
			struct ph_ip_way w = way(v6);
			size_t n = ph_ip_udp(&w, big, len, p, sizeof(p)), m;

			assert_true(ph_ip_read(&ip, p, n));
			m = ph_ip_unreachable(&ip, PH_IP_NO_PORT, w.dst, e, sizeof(e));
			assert_in_range(m, 1, v6 ? 1280 : 576);
			assert_true(sums_are_right(e, m));
			assert_int_equal(e[v6 ? 40 : 20], v6 ? 1 : 3);
			assert_int_equal(e[v6 ? 41 : 21], v6 ? 4 : 3);
			assert_memory_equal(e + (v6 ? 48 : 28), p, m - (v6 ? 48 : 28));
			assert_int_equal(ph_ip_unreachable(&ip, PH_IP_NO_PORT,
			    v6 ? PH_V4(1) : 1, e, sizeof(e)), 0);
		}
}

static void
no_packets(void **state)
{
	uint8_t p[128], q[128];
	struct ph_ip_way w = way(false);
	size_t n = ph_ip_udp(&w, "data", 4, p, sizeof(p));
	struct ph_ip ip;

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_false(ph_ip_read(&ip, p, i));
	memcpy(q, p, n);
	ph_put16(q + 6, 0x2000);	/* more fragments */
	assert_false(ph_ip_read(&ip, q, n));
	memcpy(q, p, n);
	q[0] = 0x44;			/* a header shorter than headers are */
	assert_false(ph_ip_read(&ip, q, n));
	memcpy(q, p, n);
	ph_put16(q + 24, 13);		/* UDP longer than the packet */
	assert_false(ph_ip_read(&ip, q, n));
	w = way(true);
	n = ph_ip_udp(&w, "data", 4, p, sizeof(p));
	p[6] = 44;			/* IPv6 fragment */
	assert_false(ph_ip_read(&ip, p, n));
	p[6] = 60;			/* options that go on after the end */
	p[41] = 200;
	assert_false(ph_ip_read(&ip, p, n));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams), cmocka_unit_test(segments), cmocka_unit_test(errors),
		cmocka_unit_test(no_packets),
	};

	return cmocka_run_group_tests_name("tunnel-ip", tests, NULL, NULL);
}
