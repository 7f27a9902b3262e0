/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/names.h"
#include "probe/sample.h"

static struct ph_arena mem;

static struct ph_sample
sample(uint16_t port, enum ph_verdict v)
{
	return (struct ph_sample){ .port = port, .verdict = v, .evidence = { .sent = 1 } };
}

/* What ports come out as, "1-5 open, 6 blocked". */
static const char *
parts(const struct ph_sample *v, size_t n, struct ph_range *ranges, size_t n_ranges,
    unsigned longest)
{
	struct ph_observed *o;
	struct ph_buf b;
	size_t n_out;

	assert_int_equal(ph_sample_parts(&mem, v, n,
	    ph_ranges_from(&mem, ranges, n_ranges), &o, &n_out), longest);
	ph_buf_init(&b, &mem);
	for (size_t i = 0; i < n_out; i++) {
		ph_buf_puts(&b, i > 0 ? ", " : "");
		ph_ranges_print(&b, PH_DPORT, o[i].ports);
		ph_buf_printf(&b, " %s", ph_verdict_name(o[i].verdict));
	}
	return b.len > 0 ? b.s : "";
}

static void
test_parts(void **state)
{
	struct ph_sample v[] = {
		sample(10, PH_OPEN), sample(20, PH_OPEN), sample(30, PH_BLOCKED),
		sample(31, PH_BLOCKED), sample(32, PH_OPEN),
	};
	struct ph_range all = { 10, 32 }, apart[] = { { 10, 10 }, { 20, 20 }, { 30, 40 } };

	(void)state;
	assert_string_equal(parts(v, 5, &all, 1, 9),
	    "10-20 open, 21-29 unknown, 30-31 blocked, 32 open");
	assert_string_equal(parts(v, 5, apart, 3, 0),
	    "10 open, 20 open, 30-31 blocked, 32 open");
	assert_string_equal(parts(v, 0, &all, 1, 0), "");
}

static void
test_ports(void **state)
{
	struct ph_range r[] = { { 5, 7 }, { 1000, 1999 } };
	const struct ph_ranges *s = ph_sample_ports(&mem, ph_ranges_from(&mem, r, 2), 10, 10);

	(void)state;
	assert_true(ph_ranges_has(s, 5) && ph_ranges_has(s, 6) && ph_ranges_has(s, 7));
	assert_true(ph_ranges_has(s, 1000) && ph_ranges_has(s, 1999));
	assert_true(ph_ranges_has(s, 1100) && !ph_ranges_has(s, 1050));
}

/* One flow, and what is said when these are its parts. */
struct flow {
	struct ph_requirement req;
	struct ph_observed part[2];
};

static void
set_flow(struct flow *f, const char *id, enum ph_verdict a, enum ph_verdict b)
{
	f->req = (struct ph_requirement){
		.service = "s", .title = "Service", .flow = id, .purpose = "sound",
		.proto = PH_UDP, .need = PH_REQUIRED, .ports = ph_ranges_one(&mem, 1, 2),
	};
	f->part[0] = (struct ph_observed){
		.ports = ph_ranges_one(&mem, 1, 1), .verdict = a, .evidence = { .sent = 3 },
	};
	f->part[1] = (struct ph_observed){
		.ports = ph_ranges_one(&mem, 2, 2), .verdict = b, .evidence = { .sent = 3 },
	};
}

static struct ph_measured
measured(struct flow *f)
{
	return (struct ph_measured){
		.req = &f->req, .v = f->part, .n = 2, .counts = f->req.need == PH_REQUIRED,
	};
}

static void
test_verdicts(void **state)
{
	static const struct {
		enum ph_verdict a, b, all;
		int exit;
		const char *says;
	} row[] = {
		{ PH_OPEN, PH_OPEN, PH_OPEN, 0, "WORKS:" },
		{ PH_OPEN, PH_BLOCKED, PH_PARTLY, 2, "DOES NOT WORK FULLY:" },
		{ PH_BLOCKED, PH_BLOCKED, PH_BLOCKED, 2, "DOES NOT WORK:" },
		{ PH_OPEN, PH_UNKNOWN, PH_UNKNOWN, 3, "COULD NOT TELL:" },
		{ PH_OPEN, PH_NOT_TESTED, PH_UNKNOWN, 3, "COULD NOT TELL:" },
		{ PH_BLOCKED, PH_UNKNOWN, PH_PARTLY, 2, "DOES NOT WORK FULLY:" },
		{ PH_NOT_TESTED, PH_NOT_TESTED, PH_NOT_TESTED, 3, "COULD NOT TELL:" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct ph_probe_result r = { .via = "far", .n_flows = 1 };
		struct ph_measured m;
		struct flow f;

		set_flow(&f, "media", row[i].a, row[i].b);
		m = measured(&f);
		r.flows = &m;
		ph_result_judge(&mem, &r);
		assert_int_equal(r.verdict, row[i].all);
		assert_int_equal(ph_result_exit(&r), row[i].exit);
		assert_int_equal(strncmp(r.headline, row[i].says, strlen(row[i].says)), 0);
		assert_int_equal(r.n_asks, (row[i].a == PH_BLOCKED) + (row[i].b == PH_BLOCKED));
	}
}

/* A responder that is not there says nothing about the network. */
static void
test_failure(void **state)
{
	struct ph_probe_result r = {
		.via = "far", .n_flows = 1, .failure = "the test server is away",
	};
	struct ph_measured m;
	struct flow f;

	(void)state;
	set_flow(&f, "media", PH_NOT_TESTED, PH_NOT_TESTED);
	m = measured(&f);
	r.flows = &m;
	ph_result_judge(&mem, &r);
	assert_int_equal(ph_result_exit(&r), 3);
	assert_int_equal(r.owner, PH_OWNER_FAR_END);
	assert_non_null(strstr(r.headline, "the test server is away"));
	assert_int_equal(r.n_asks, 0);
}

/* What serves instead makes it work, with a finding; unless it is shut, too. */
static void
test_fallback(void **state)
{
	struct flow f[2];
	struct ph_measured m[2];

	(void)state;
	for (int open = 0; open < 2; open++) {
		struct ph_probe_result r = { .via = "far", .flows = m, .n_flows = 2 };

		set_flow(&f[0], "media", PH_BLOCKED, PH_BLOCKED);
		f[0].req.fallback = "proxy";
		set_flow(&f[1], "proxy", open ? PH_OPEN : PH_BLOCKED,
		    open ? PH_OPEN : PH_BLOCKED);
		f[1].req.need = PH_FALLBACK;
		m[0] = measured(&f[0]);
		m[1] = measured(&f[1]);
		ph_result_judge(&mem, &r);
		assert_int_equal(r.verdict, PH_BLOCKED);
		assert_int_equal(ph_result_exit(&r), open ? 1 : 2);
		assert_int_equal(r.n_findings, open);
	}
}

/* The first line names whose it is. */
static void
test_owner(void **state)
{
	static const struct { bool host; ph_u128 icmp; enum ph_owner owner; } row[] = {
		{ true, 0, PH_OWNER_HOST }, { false, PH_V4(0xc0a80101), PH_OWNER_NETWORK },
		{ false, PH_V4(0x64400001), PH_OWNER_PROVIDER }, { false, 0, PH_OWNER_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct ph_probe_result r = { .via = "far", .n_flows = 1 };
		struct ph_measured m;
		struct flow f;

		set_flow(&f, "media", PH_BLOCKED, PH_OPEN);
		f.part[0].by_host = row[i].host;
		f.part[0].evidence.has_icmp = row[i].icmp != 0;
		f.part[0].evidence.icmp_from = row[i].icmp;
		m = measured(&f);
		r.flows = &m;
		ph_result_judge(&mem, &r);
		assert_int_equal(r.owner, row[i].owner);
		assert_int_equal(r.n_asks, row[i].host ? 0 : 1);
	}
}

static void
test_timers(void **state)
{
	static const struct { uint32_t dead_ms, need_s; int exit; } row[] = {
		{ 120000, 300, 1 }, { 301000, 300, 0 }, { 120000, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct ph_probe_result r = { .via = "far", .n_flows = 1 };
		struct ph_measured m;
		struct flow f;

		set_flow(&f, "media", PH_OPEN, PH_OPEN);
		f.req.idle_s = row[i].need_s;
		m = measured(&f);
		r.flows = &m;
		r.timers.tested = true;
		r.timers.stream = (struct ph_idle_timer){
			.tested = true, .has_dead = true, .dead_ms = row[i].dead_ms,
			.alive_ms = row[i].dead_ms - 1000,
		};
		ph_result_judge(&mem, &r);
		assert_int_equal(ph_result_exit(&r), row[i].exit);
	}
}

/* Without a responder the rungs to the relay are all there is. */
static void
test_relay(void **state)
{
	static const struct {
		enum ph_verdict udp, tcp, all;
		int exit;
		const char *best, *says;
	} row[] = {
		{ PH_OPEN, PH_OPEN, PH_OPEN, 0, "turn-udp", "THE RELAY WORKS:" },
		{ PH_BLOCKED, PH_OPEN, PH_OPEN, 1, "turn-tcp", "WORKS BY A DETOUR:" },
		{ PH_BLOCKED, PH_UNKNOWN, PH_BLOCKED, 2, NULL, "DOES NOT WORK:" },
		{ PH_UNKNOWN, PH_UNKNOWN, PH_UNKNOWN, 3, NULL, "COULD NOT TELL:" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct ph_rung rung[] = {
			{ .transport = "turn-udp", .verdict = row[i].udp },
			{ .transport = "turn-tcp", .verdict = row[i].tcp },
		};
		struct ph_probe_result r = { .rungs = rung, .n_rungs = 2, .best = row[i].best };

		ph_result_judge(&mem, &r);
		assert_int_equal(r.verdict, row[i].all);
		assert_int_equal(ph_result_exit(&r), row[i].exit);
		assert_ptr_equal(strstr(r.headline, row[i].says), r.headline);
	}
}

static int
end(void **state)
{
	(void)state;
	ph_arena_fini(&mem);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts), cmocka_unit_test(test_ports),
		cmocka_unit_test(test_verdicts), cmocka_unit_test(test_failure),
		cmocka_unit_test(test_fallback), cmocka_unit_test(test_owner),
		cmocka_unit_test(test_timers), cmocka_unit_test(test_relay),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
