/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/names.h"
#include "report/parts.h"
#include "report/text.h"

static struct ph_arena mem;
static struct ph_src src = { .name = "t", .text = "one\ntwo\nthree\n", .len = 14 };

#define LINE(n) ((struct ph_span){ &src, (uint32_t)((n) * 4 - 4), 3 })

static struct ph_requirement
require(const char *from, const char *to)
{
	struct ph_requirement r = { .proto = PH_UDP };
	struct ph_range f, t;

	assert_true(ph_prefix_parse(ph_str(from), &f, NULL));
	assert_true(ph_prefix_parse(ph_str(to), &t, NULL));
	r.clients = ph_ranges_one(&mem, f.lo, f.hi);
	r.far = ph_ranges_one(&mem, t.lo, t.hi);
	r.ports = ph_ranges_one(&mem, 100, 199);
	ph_requirement_seal(&mem, &r);
	return r;
}

/* A part of all that ${r} needs on these ports. */
static struct ph_part
part(const struct ph_requirement *r, unsigned lo, unsigned hi, enum ph_verdict v,
    struct ph_span by)
{
	struct ph_part p = { .cube = r->need_cube, .verdict = v, .by = by };

	p.cube.d[PH_DPORT] = ph_ranges_one(&mem, lo, hi);
	return p;
}

static void
assert_ports(const struct ph_ranges *r, const char *want)
{
	assert_string_equal(ph_text_ranges(&mem, PH_DPORT, r), want);
}

/* Two stretches shut by one line are one entry; what another shuts is another. */
static void
test_join(void **state)
{
	struct ph_requirement r = require("192.0.2.0/24", "198.51.100.1");
	struct ph_part v[] = {
		part(&r, 100, 119, PH_BLOCKED, LINE(2)), part(&r, 120, 149, PH_OPEN, LINE(1)),
		part(&r, 150, 159, PH_BLOCKED, LINE(2)), part(&r, 160, 179, PH_BLOCKED, LINE(1)),
		part(&r, 180, 199, PH_UNKNOWN, LINE(1)),
	};
	struct ph_flow f = { .req = &r, .parts = v, .n_parts = 5 };
	struct ph_entries e;

	(void)state;
	ph_parts_list(&mem, &f, &e);
	assert_ports(e.open, "120-149");
	assert_int_equal(e.n_blocked, 2);
	assert_ports(e.blocked[0].ports, "100-119,150-159");
	assert_ports(e.blocked[1].ports, "160-179");
	assert_null(e.blocked[0].src);
	assert_null(e.blocked[0].dst);
	assert_null(e.blocked[0].sport);
	assert_int_equal(e.n_unknown, 1);
	assert_ports(e.unknown[0].ports, "180-199");
}

/* A port that is shut for some addresses is not open, and says for whom. */
static void
test_some_addresses(void **state)
{
	struct ph_requirement r = require("192.0.2.0/24", "198.51.100.1");
	struct ph_part v[] = {
		part(&r, 100, 199, PH_OPEN, LINE(1)), part(&r, 100, 149, PH_BLOCKED, LINE(2)),
		part(&r, 150, 199, PH_OPEN, LINE(1)),
	};
	struct ph_flow f = { .req = &r, .parts = v, .n_parts = 3 };
	struct ph_entries e;

	(void)state;
	v[0].cube.d[PH_SRC] = ph_ranges_one(&mem, PH_V4(0xc0000200), PH_V4(0xc000027f));
	v[1].cube.d[PH_SRC] = ph_ranges_one(&mem, PH_V4(0xc0000280), PH_V4(0xc00002ff));
	v[0].cube.d[PH_DPORT] = ph_ranges_one(&mem, 100, 149);
	ph_parts_list(&mem, &f, &e);
	assert_ports(e.open, "150-199");
	assert_int_equal(e.n_blocked, 1);
	assert_ports(e.blocked[0].ports, "100-149");
	assert_string_equal(ph_text_ranges(&mem, PH_SRC, e.blocked[0].src), "192.0.2.128/25");
	assert_null(e.blocked[0].dst);
	assert_true(ph_ranges_has(v[1].cube.d[PH_SRC], e.blocked[0].witness.v[PH_SRC]));
}

/* Both families shut by the same line are all that is needed: no addresses. */
static void
test_families(void **state)
{
	struct ph_requirement r = require("192.0.2.0/24", "198.51.100.1");
	struct ph_part v[2];
	struct ph_flow f = { .req = &r, .parts = v, .n_parts = 2 };
	struct ph_entries e;

	(void)state;
	r.clients = r.far = NULL;
	ph_requirement_seal(&mem, &r);
	for (int i = 0; i < 2; i++) {
		struct ph_range family = i == 0 ? PH_ANY_V4 : PH_ANY_V6;

		v[i] = part(&r, 100, 199, PH_BLOCKED, LINE(3));
		v[i].cube.d[PH_SRC] = v[i].cube.d[PH_DST] =
		    ph_ranges_one(&mem, family.lo, family.hi);
	}
	ph_parts_list(&mem, &f, &e);
	assert_int_equal(e.n_blocked, 1);
	assert_null(e.blocked[0].src);
	assert_true(ph_ranges_empty(e.open));
	f.n_parts = 1;
	v[0].verdict = PH_UNKNOWN;
	ph_parts_list(&mem, &f, &e);
	assert_int_equal(e.n_unknown, 1);
	assert_non_null(e.unknown[0].src);
}

/* Nothing known is nothing open. */
static void
test_nothing(void **state)
{
	struct ph_requirement r = require("192.0.2.0/24", "198.51.100.1");
	struct ph_flow f = { .req = &r };
	struct ph_entries e;

	(void)state;
	ph_parts_list(&mem, &f, &e);
	assert_true(ph_ranges_empty(e.open));
	assert_int_equal(e.n_blocked + e.n_unknown, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_some_addresses),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_nothing),
	};
	int failed = cmocka_run_group_tests_name("parts", tests, NULL, NULL);

	ph_arena_fini(&mem);
	return failed;
}
