/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "check/check.h"
#include "net/names.h"

/* Addresses: the service's host, a router at home, the provider's, one of nobody in particular. */
#define FAR	PH_V4(0xcb00710a)	/* 203.0.113.10 */
#define HOME	PH_V4(0xc0a80701)	/* 192.168.7.1 */
#define SHARED	PH_V4(0x64400001)	/* 100.64.0.1 */
#define AWAY	PH_V4(0xc6336401)	/* 198.51.100.1 */

/* What one end said, beside a port that works, and whose it must be. */
static const struct row {
	uint8_t proto;
	uint16_t port;
	enum ph_public_fate fate;
	ph_u128 icmp_from;
	uint8_t icmp_code;
	bool control;
	struct ph_hop_result hop;
	uint8_t answer_ttl;
	enum ph_verdict verdict;
	enum ph_owner owner;
} rows[] = {
	{ PH_TCP, 443, PH_PUBLIC_OPEN, .verdict = PH_OPEN, .owner = PH_OWNER_NOBODY },
	{ PH_TCP, 443, PH_PUBLIC_HOST, .verdict = PH_BLOCKED, .owner = PH_OWNER_HOST },
	{ PH_TCP, 443, PH_PUBLIC_NO_WAY, .verdict = PH_BLOCKED, .owner = PH_OWNER_HOST },
	{ PH_TCP, 443, PH_PUBLIC_CUT, .verdict = PH_UNKNOWN, .owner = PH_OWNER_UNKNOWN },
	{ PH_TCP, 443, PH_PUBLIC_OTHER, .verdict = PH_UNKNOWN, .owner = PH_OWNER_UNKNOWN },
	/* a rule forbids it: whose router says so? */
	{ PH_TCP, 443, PH_PUBLIC_FORBIDDEN, HOME, 13, .verdict = PH_BLOCKED,
	    .owner = PH_OWNER_NETWORK },
	{ PH_UDP, 3478, PH_PUBLIC_FORBIDDEN, SHARED, 13, .verdict = PH_BLOCKED,
	    .owner = PH_OWNER_PROVIDER },
	{ PH_UDP, 3478, PH_PUBLIC_FORBIDDEN, AWAY, 13, .verdict = PH_BLOCKED,
	    .owner = PH_OWNER_UNKNOWN },
	{ PH_UDP, 3478, PH_PUBLIC_FORBIDDEN, FAR, 13, .verdict = PH_UNKNOWN,
	    .owner = PH_OWNER_FAR_END },
	/* nobody is there: a router at home cannot know */
	{ PH_TCP, 443, PH_PUBLIC_UNREACHABLE, AWAY, 1, .verdict = PH_UNKNOWN,
	    .owner = PH_OWNER_FAR_END },
	{ PH_TCP, 443, PH_PUBLIC_UNREACHABLE, AWAY, 0, .verdict = PH_UNKNOWN,
	    .owner = PH_OWNER_UNKNOWN },
	{ PH_TCP, 443, PH_PUBLIC_UNREACHABLE, HOME, 1, .verdict = PH_UNKNOWN,
	    .owner = PH_OWNER_UNKNOWN },
	/* refused: from as far away as the host itself, or from nearer */
	{ PH_TCP, 443, PH_PUBLIC_REFUSED, .verdict = PH_UNKNOWN, .owner = PH_OWNER_FAR_END },
	{ PH_TCP, 443, PH_PUBLIC_REFUSED, .control = true, .hop = { .far = 7 }, .answer_ttl = 7,
	    .verdict = PH_UNKNOWN, .owner = PH_OWNER_FAR_END },
	{ PH_TCP, 443, PH_PUBLIC_REFUSED, .control = true, .hop = { .far = 7 }, .answer_ttl = 2,
	    .verdict = PH_BLOCKED, .owner = PH_OWNER_NETWORK },
	{ PH_TCP, 443, PH_PUBLIC_REFUSED, .control = true, .hop = { .far = 7 }, .answer_ttl = 5,
	    .verdict = PH_BLOCKED, .owner = PH_OWNER_UNKNOWN },
	/* silent */
	{ PH_TCP, 443, PH_PUBLIC_SILENT, .verdict = PH_UNKNOWN, .owner = PH_OWNER_UNKNOWN },
	{ PH_UDP, 3478, PH_PUBLIC_SILENT, .verdict = PH_UNKNOWN, .owner = PH_OWNER_UNKNOWN },
	{ PH_TCP, 443, PH_PUBLIC_SILENT, .control = true, .hop = { .where = PH_HOP_AT_OR_AFTER,
	    .hop = 1, .addr = HOME, .far = 7, .owner = PH_HOP_EDGE }, .verdict = PH_BLOCKED,
	    .owner = PH_OWNER_NETWORK },
	{ PH_UDP, 3478, PH_PUBLIC_SILENT, .control = true, .hop = { .where = PH_HOP_AT_OR_AFTER,
	    .hop = 3, .addr = AWAY, .far = 7, .owner = PH_HOP_PROVIDER }, .verdict = PH_BLOCKED,
	    .owner = PH_OWNER_UNKNOWN },
	/* it gets to the last router: the far end itself may be silent */
	{ PH_UDP, 3478, PH_PUBLIC_SILENT, .control = true, .hop = { .where = PH_HOP_AT_OR_AFTER,
	    .hop = 6, .addr = AWAY, .far = 7, .owner = PH_HOP_FAR }, .verdict = PH_UNKNOWN,
	    .owner = PH_OWNER_UNKNOWN },
	{ PH_TCP, 443, PH_PUBLIC_SILENT, .control = true, .hop = { .where = PH_HOP_AT_OR_AFTER,
	    .hop = 6, .addr = AWAY, .far = 7, .owner = PH_HOP_FAR }, .verdict = PH_BLOCKED,
	    .owner = PH_OWNER_UNKNOWN },
};

static struct ph_requirement
requirement(struct ph_arena *mem, uint8_t proto, uint16_t lo, uint16_t hi)
{
	return (struct ph_requirement){
		.service = "s", .flow = "f", .purpose = "p", .direction = PH_OUT,
		.need = PH_REQUIRED, .proto = proto, .ports = ph_ranges_one(mem, lo, hi),
		.far = ph_ranges_one(mem, FAR, FAR),
	};
}

static void
judge(struct ph_arena *mem, const struct ph_requirement *q, struct ph_public_end *e,
    struct ph_check *c)
{
	struct ph_public_flow f = { .req = q };
	struct ph_public p = { .ends = e, .n_ends = 1, .flows = &f, .n_flows = 1 };
	struct ph_check_input in = { .own = { .why = "not read" }, .open = &p };

	ph_check_judge(mem, &in, c);
}

static void
owners(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		struct ph_arena mem = { 0 };
		struct ph_requirement q = requirement(&mem, r->proto, r->port, r->port);
		struct ph_public_end e = {
			.to = FAR, .port = r->port, .proto = r->proto, .fate = r->fate,
			.answers = r->proto == PH_UDP, .why = r->fate == PH_PUBLIC_OPEN ? NULL :
			    "because", .traced = r->control, .has_control = r->control,
			.hop = r->hop, .answer_ttl = r->answer_ttl,
			.evidence = { .sent = 1, .tries = 1, .has_icmp = r->icmp_from != 0,
			    .icmp_from = r->icmp_from, .icmp_type = 3, .icmp_code = r->icmp_code },
		};
		struct ph_check c;

		judge(&mem, &q, &e, &c);
		if (c.r.flows[0].verdict != r->verdict || c.owners[0] != r->owner)
			fail_msg("row %zu: verdict %u, owner %u", i, c.r.flows[0].verdict,
			    c.owners[0]);
		if (r->owner == PH_OWNER_FAR_END) {
			assert_int_equal(c.n_doubts, 0);
			assert_int_equal(c.r.n_asks, 0);
		}
		assert_int_equal(ph_check_exit(&c), r->verdict == PH_OPEN ? 0 :
		    r->verdict == PH_BLOCKED ? 2 : 3);
		ph_arena_fini(&mem);
	}
}

/* Of a wide range a call takes some: neither silence nor refusal says anything. */
static void
media(void **state)
{
	static const enum ph_public_fate fate[] = { PH_PUBLIC_SILENT, PH_PUBLIC_REFUSED };

	(void)state;
	for (size_t i = 0; i < sizeof(fate) / sizeof(*fate); i++) {
		struct ph_arena mem = { 0 };
		struct ph_requirement q = requirement(&mem, PH_UDP, 50000, 65535);
		struct ph_public_end e = {
			.to = FAR, .port = 50000, .proto = PH_UDP, .fate = fate[i], .why = "w",
		};
		struct ph_check c;

		judge(&mem, &q, &e, &c);
		assert_int_equal(c.r.flows[0].verdict, PH_NOT_TESTED);
		assert_int_equal(ph_check_exit(&c), 3);
		assert_true(c.n_doubts > 0);
		assert_non_null(strstr(c.r.headline, i == 0 ? "NO ANSWER AT ALL" :
		    "WORKS AS FAR AS CAN BE SEEN"));
		ph_arena_fini(&mem);
	}
}

/* What its own rules say of a port outweighs that nobody tried it. */
static void
own(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_requirement q = requirement(&mem, PH_UDP, 50000, 65535);
	struct ph_public_end e = {
		.to = FAR, .port = 50000, .proto = PH_UDP, .fate = PH_PUBLIC_SILENT, .why = "w",
	};
	struct ph_part part = { .verdict = PH_BLOCKED };
	struct ph_flow flow = { .req = &q, .verdict = PH_PARTLY, .parts = &part, .n_parts = 1 };
	struct ph_audit audit = { .verdict = PH_PARTLY, .flows = &flow, .n_flows = 1 };
	struct ph_public_flow f = { .req = &q };
	struct ph_public p = { .ends = &e, .n_ends = 1, .flows = &f, .n_flows = 1 };
	struct ph_check_input in = { .own = { .read = true, .audit = &audit }, .open = &p };
	struct ph_check c;

	(void)state;
	part.cube.d[PH_DPORT] = ph_ranges_one(&mem, 60000, 65535);
	ph_check_judge(&mem, &in, &c);
	assert_int_equal(c.r.flows[0].verdict, PH_PARTLY);
	assert_int_equal(c.owners[0], PH_OWNER_HOST);
	assert_int_equal(c.r.owner, PH_OWNER_HOST);
	assert_int_equal(c.r.n_asks, 0);
	assert_int_equal(ph_check_exit(&c), 2);
	ph_arena_fini(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owners),
		cmocka_unit_test(media),
		cmocka_unit_test(own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
