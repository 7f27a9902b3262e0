/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lab/load.h"
#include "lab/packet.h"
#include "lab/sample.h"
#include "net/names.h"

static ph_u128
addr(const char *s)
{
	ph_u128 a = 0;

	assert_true(ph_addr_parse(ph_str(s), &a));
	return a;
}

/* The sum of all 16-bit words, folded: 0xffff where the checksum is right. */
static uint32_t
fold(uint32_t s, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i += 2)
		s += (uint32_t)p[i] << 8 | (i + 1 < len ? p[i + 1] : 0);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static void
check_packet(const char *src, const char *dst, uint8_t proto, enum ph_stage stage)
{
	struct ph_lab_packet p = {
		.t = { addr(src), addr(dst), 49152, 50031, proto }, .id = 0x12345678,
		.stage = stage,
	}, q;
	struct ph_frame f;
	bool v4 = ph_addr_is_v4(p.t.src);
	size_t ip = v4 ? 20 : 40;

	ph_lab_packet_build(&p, &f);
	assert_true(ph_lab_packet_parse(&f, &q));
	assert_true(ph_lab_tuple_equal(&p.t, &q.t));
	assert_int_equal(q.id, p.id);
	assert_int_equal(q.stage, stage);
	if (v4)
		assert_int_equal(fold(0, f.b, 20), 0xffff);
	assert_int_equal(fold((uint32_t)(f.len - ip) + proto + fold(0, f.b + (v4 ? 12 : 8),
	    v4 ? 8 : 32), f.b + ip, f.len - ip), 0xffff);
	f.len--;
	assert_false(ph_lab_packet_parse(&f, &q));
}

static void
packets(void **state)
{
	(void)state;
	for (int stage = PH_STAGE_FIRST; stage <= PH_STAGE_LATER; stage++) {
		check_packet("192.0.2.1", "198.51.100.255", PH_UDP, (enum ph_stage)stage);
		check_packet("192.0.2.1", "198.51.100.255", PH_TCP, (enum ph_stage)stage);
		check_packet("2001:db8::1", "2001:db8:ffff::1", PH_UDP, (enum ph_stage)stage);
		check_packet("2001:db8::1", "2001:db8:ffff::1", PH_TCP, (enum ph_stage)stage);
	}
}

static struct ph_cube
cube(struct ph_arena *mem, const char *src, const char *dst, unsigned lo, unsigned hi)
{
	struct ph_cube c = { 0 };
	struct ph_range r;

	assert_true(ph_prefix_parse(ph_str(src), &r, NULL));
	c.d[PH_SRC] = ph_ranges_one(mem, r.lo, r.hi);
	assert_true(ph_prefix_parse(ph_str(dst), &r, NULL));
	c.d[PH_DST] = ph_ranges_one(mem, r.lo, r.hi);
	c.d[PH_DPORT] = ph_ranges_one(mem, lo, hi);
	return c;
}

static void
every_port(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_lab_conns c = { .mem = &mem };
	struct ph_cube q = cube(&mem, "192.0.2.0/24", "198.51.100.0/28", 50000, 65535);
	const struct ph_ranges *own = ph_ranges_one(&mem, addr("192.0.2.0"), addr("192.0.2.0"));

	(void)state;
	assert_true(ph_lab_sample(&q, PH_UDP, 7, own, 100000, &c));
	assert_int_equal(c.n, 15536);
	for (size_t i = 0; i < c.n; i++) {
		const struct ph_lab_tuple *t = &c.v[i].first;

		assert_int_equal(t->dport, 50000 + i);
		assert_true(ph_ranges_has(q.d[PH_SRC], t->src));
		assert_true(ph_ranges_has(q.d[PH_DST], t->dst));
		assert_false(ph_ranges_has(own, t->src));
		assert_int_equal(c.v[i].part, 7);
	}
	ph_arena_fini(&mem);
}

static void
spread(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_lab_conns c = { .mem = &mem };
	struct ph_cube one = cube(&mem, "192.0.2.0/24", "198.51.100.0/28", 443, 443);
	struct ph_cube many = cube(&mem, "192.0.2.0/24", "198.51.100.1/32", 1, 65535);
	struct ph_cube none = cube(&mem, "127.0.0.0/8", "198.51.100.1/32", 1, 65535);

	(void)state;
	assert_true(ph_lab_sample(&one, PH_TCP, 0, ph_ranges_none(), 100, &c));
	assert_int_equal(c.n, 8);		/* of one port several addresses */
	for (size_t i = 0; i < c.n; i++)
		for (size_t k = 0; k < i; k++)
			assert_false(ph_lab_tuple_equal(&c.v[i].first, &c.v[k].first));
	c.n = 0;
	assert_true(ph_lab_sample(&many, PH_TCP, 0, ph_ranges_none(), 100, &c));
	assert_in_range(c.n, 90, 110);
	assert_int_equal(c.v[0].first.dport, 1);
	assert_int_equal(c.v[c.n - 1].first.dport, 65535);
	c.n = 0;
	assert_false(ph_lab_sample(&none, PH_TCP, 0, ph_ranges_none(), 100, &c));
	ph_arena_fini(&mem);
}

static void
faster(void **state)
{
	static const struct { const char *text, *sixty; } row[] = {
		{ "policy = { unreplied : 30, replied : 120 }",
		    "policy = { unreplied : 1, replied : 2 }" },
		{ "\tpolicy={replied:1h2m}", "\tpolicy={replied:62}" },
		{ "policy\n=\n{ established : 2d }\nudp dport 120 accept",
		    "policy\n=\n{ established : 2880 }\nudp dport 120 accept" },
		{ "type filter hook input priority 0; policy drop;",
		    "type filter hook input priority 0; policy drop;" },
		{ "policy = { replied : 120", "policy = { replied : 2" },
		{ "", "" },
	};
	struct ph_arena mem = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		assert_string_equal(ph_lab_load_faster(&mem, row[i].text, 60), row[i].sixty);
		assert_string_equal(ph_lab_load_faster(&mem, row[i].text, 1), row[i].text);
	}
	assert_int_equal(ph_lab_load_scaled(30, 60), 1);
	assert_int_equal(ph_lab_load_scaled(300, 60), 5);
	assert_int_equal(ph_lab_load_scaled(300, 1), 300);
	ph_arena_fini(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets), cmocka_unit_test(every_port),
		cmocka_unit_test(spread), cmocka_unit_test(faster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
