/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/names.h"
#include "space/cube.h"

/* One row a value: a dimension, up to three ranges, what people read. */
#define V6(hi, lo) ((ph_u128)(hi) << 64 | (lo))

static const struct {
	enum ph_dim d;
	struct ph_range r[3];
	size_t n;
	const char *text;
} values[] = {
	{ PH_SRC, { { PH_V4(0xc0000200), PH_V4(0xc00002ff) } }, 1, "192.0.2.0/24" },
	{ PH_SRC, { { PH_V4_BASE, PH_U128_MAX } }, 1, "any4" },
	{ PH_SRC, { { 0, PH_V4_BASE - 1 } }, 1, "any6" },
	{ PH_SRC, { { 0, PH_U128_MAX } }, 1, "any" },
	{ PH_SRC, { { 0, 0 } }, 0, "none" },
	{ PH_DST, { { PH_V4(0x0a000001), PH_V4(0x0a000003) }, { PH_V4(0x0a000007),
	    PH_V4(0x0a000007) } }, 2, "10.0.0.1-10.0.0.3,10.0.0.7" },
	{ PH_DST, { { PH_V4_BASE - 1, PH_V4_BASE } }, 1,
	    "ffff:ffff:ffff:ffff:ffff:fffe:ffff:ffff,0.0.0.0" },
	{ PH_DST, { { 0, PH_V4(0x00ffffff) } }, 1, "any6,0.0.0.0/8" },
	{ PH_DPORT, { { 80, 80 }, { 443, 443 }, { 50000, 59999 } }, 3, "80,443,50000-59999" },
	{ PH_DPORT, { { 0, 65535 } }, 1, "any" },
	{ PH_PROTO, { { 6, 6 }, { 17, 17 } }, 2, "tcp,udp" },
	{ PH_PROTO, { { 0, 5 }, { 7, 255 } }, 2, "not tcp" },
	{ PH_STATE, { { PH_EST_ORIG, PH_REL_REPLY } }, 1, "established,related" },
	{ PH_STATE, { { PH_NEW, PH_NEW }, { PH_EST_REPLY, PH_EST_REPLY } }, 2,
	    "new,established-reply" },
	{ PH_STATUS, { { 2, 3 } }, 1, "dnat,snat+dnat" },
	{ PH_MARK, { { 0, 0 }, { 16, 31 } }, 2, "0x0,0x10-0x1f" },
};

static void
test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct ph_arena mem = { 0 };
		struct ph_range r[3] = { values[i].r[0], values[i].r[1], values[i].r[2] };
		struct ph_buf b;

		ph_buf_init(&b, &mem);
		ph_ranges_print(&b, values[i].d, ph_ranges_from(&mem, r, values[i].n));
		assert_string_equal(b.s, values[i].text);
		ph_arena_fini(&mem);
	}
}

/* All masks and values: the header's own bits decide. */
static void
test_flags(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 256; v++) {
		assert_int_equal(ph_flags_decode(ph_flags_encode(v)), v);
		assert_true(ph_flags_encode(v) < 256);
	}
	for (unsigned mask = 0; mask < 256; mask += 3)
		for (unsigned value = 0; value < 256; value++) {
			struct ph_arena mem = { 0 };
			const struct ph_ranges *r = ph_flags_ranges(&mem, mask, value);

			for (unsigned v = 0; v < 256; v += 5)
				assert_int_equal(ph_ranges_has(r, ph_flags_encode(v)),
				    (v & mask) == value);
			ph_arena_fini(&mem);
		}
}

static const char *
flags_text(struct ph_arena *mem, const struct ph_ranges *r)
{
	struct ph_buf b;

	ph_buf_init(&b, mem);
	ph_ranges_print(&b, PH_FLAGS, r);
	return b.s;
}

static void
test_flags_text(void **state)
{
	struct ph_arena mem = { 0 };
	const struct ph_ranges *syn = ph_flags_ranges(&mem, PH_SYN | PH_ACK, PH_SYN);

	(void)state;
	assert_int_equal(syn->n, 1);
	assert_string_equal(flags_text(&mem, syn), "syn / syn|ack");
	assert_string_equal(flags_text(&mem, ph_ranges_subtract(&mem,
	    ph_ranges_one(&mem, 0, 255), syn)), "not syn / syn|ack");
	assert_string_equal(flags_text(&mem, ph_flags_ranges(&mem, 0xff, PH_SYN)), "syn");
	assert_string_equal(flags_text(&mem, ph_flags_ranges(&mem, PH_RST, 0)),
	    "none / rst");
	ph_arena_fini(&mem);
}

static void
test_ifaces(void **state)
{
	struct ph_range eth = ph_iface_range(PH_STR("eth")), all = ph_iface_range(PH_STR(""));
	ph_u128 longer = ph_iface_encode(PH_STR("GigabitEthernet0/0"));
	struct ph_arena mem = { 0 };
	struct ph_buf b;
	char out[17];

	(void)state;
	assert_string_equal(ph_iface_decode(ph_iface_encode(PH_STR("eth0")), out), "eth0");
	assert_string_equal(ph_iface_decode(ph_iface_encode(PH_STR("fifteen-letters")), out),
	    "fifteen-letters");
	assert_string_equal(ph_iface_decode(longer, out), "GigabitE*");
	assert_true(longer != ph_iface_encode(PH_STR("GigabitEthernet0/1")));
	assert_true(ph_iface_encode(PH_STR("a")) < ph_iface_encode(PH_STR("b")));
	assert_true(eth.lo == ph_iface_encode(PH_STR("eth")));
	assert_true(eth.hi >= ph_iface_encode(PH_STR("eth99999")));
	assert_true(eth.hi < ph_iface_encode(PH_STR("eti")));
	assert_true(eth.lo > ph_iface_encode(PH_STR("esh99")));
	assert_true(all.hi == PH_U128_MAX);
	ph_buf_init(&b, &mem);
	ph_ranges_print(&b, PH_IIF, ph_ranges_one(&mem, eth.lo, eth.hi));
	ph_buf_putc(&b, ' ');
	ph_ranges_print(&b, PH_IIF, ph_ranges_complement(&mem,
	    ph_ranges_one(&mem, eth.lo, eth.lo)));
	assert_string_equal(b.s, "eth* not eth");
	ph_arena_fini(&mem);
}

static struct ph_cube
cube(struct ph_arena *mem, unsigned proto, struct ph_range src, struct ph_range dst,
    struct ph_range dport)
{
	struct ph_cube c = { 0 };

	c.d[PH_PROTO] = ph_ranges_one(mem, proto, proto);
	c.d[PH_SRC] = ph_ranges_one(mem, src.lo, src.hi);
	c.d[PH_DST] = ph_ranges_one(mem, dst.lo, dst.hi);
	c.d[PH_DPORT] = ph_ranges_one(mem, dport.lo, dport.hi);
	return c;
}

static const char *
text(struct ph_arena *mem, const struct ph_cube *c)
{
	struct ph_buf b;

	ph_buf_init(&b, mem);
	ph_cube_print(&b, c);
	return b.s;
}

static void
test_cube_text(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_range net = { PH_V4(0xc0000200), PH_V4(0xc00002ff) };
	struct ph_range host = { PH_V4(0xc6336401), PH_V4(0xc6336401) };
	struct ph_cube c = cube(&mem, PH_UDP, net, host, (struct ph_range){ 50000, 59999 });
	struct ph_cube any = { 0 }, ping = cube(&mem, PH_ICMP, PH_ANY, PH_ANY,
	    (struct ph_range){ 8, 8 });

	(void)state;
	assert_string_equal(text(&mem, &any), "any packet");
	assert_string_equal(text(&mem, &c),
	    "udp 192.0.2.0/24 -> 198.51.100.1 port 50000-59999");
	c.d[PH_DST] = NULL;
	c.d[PH_SPORT] = ph_ranges_one(&mem, 5060, 5060);
	c.d[PH_STATE] = ph_ranges_one(&mem, PH_NEW, PH_NEW);
	assert_string_equal(text(&mem, &c),
	    "udp 192.0.2.0/24 port 5060 -> any port 50000-59999 state new");
	ping.d[PH_SPORT] = ph_ranges_one(&mem, 0, 0);
	assert_string_equal(text(&mem, &ping), "icmp type 8 code 0");
	ph_arena_fini(&mem);
}

static void
assert_addr(ph_u128 a, const char *want)
{
	char out[PH_ADDR_TEXT];

	assert_string_equal(ph_addr_format(a, out), want);
}

/* The packet that a person would think of. */
static void
test_witness(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_range net = { PH_V4(0x0a010000), PH_V4(0x0a01ffff) };
	struct ph_range six = { V6(0x20010db800010000, 0), V6(0x20010db800010000, ~0ULL) };
	struct ph_cube c = cube(&mem, PH_TCP, net, PH_ANY, (struct ph_range){ 1000, 2000 });
	struct ph_packet p = ph_cube_witness(&c);

	(void)state;
	assert_addr(p.v[PH_SRC], "10.1.0.1");
	assert_addr(p.v[PH_DST], "198.51.100.1");
	assert_int_equal(p.v[PH_SPORT], 49152);
	assert_int_equal(p.v[PH_DPORT], 1000);
	assert_int_equal(p.v[PH_FLAGS], ph_flags_encode(PH_SYN));
	assert_int_equal(p.v[PH_STATE], PH_NEW);
	c = cube(&mem, PH_ICMPV6, PH_ANY, six, (struct ph_range){ 0, 255 });
	p = ph_cube_witness(&c);
	assert_addr(p.v[PH_SRC], "2001:db8::1");
	assert_addr(p.v[PH_DST], "2001:db8:1::1");
	assert_int_equal(p.v[PH_DPORT], 128);
	assert_int_equal(p.v[PH_SPORT], 0);
	assert_int_equal(p.v[PH_FLAGS], 0);
	ph_arena_fini(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_flags_text),
		cmocka_unit_test(test_ifaces),
		cmocka_unit_test(test_cube_text),
		cmocka_unit_test(test_witness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
