/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tunnel/heard.h"
#include "wire/cursor.h"

static void
take(struct ph_heard *h, uint32_t ssrc, uint16_t seq, uint8_t type)
{
	uint8_t p[12] = { 0x80, type };

	ph_put16(p + 2, seq);
	ph_put32(p + 8, ssrc);
	ph_heard_take(h, 5004, p, sizeof(p));
}

static void
gaps(void **state)
{
	struct ph_heard h = { .uses = 0 };

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		if (i % 100 != 50)
			take(&h, 1, (uint16_t)(65000 + i), 96);	/* over the end of the numbers */
	assert_int_equal(h.received, 990);
	assert_int_equal(ph_heard_lost(&h), 10);
}

static void
order_and_jumps(void **state)
{
	struct ph_heard h = { .uses = 0 };

	(void)state;
	take(&h, 1, 10, 0);
	take(&h, 1, 12, 0);
	take(&h, 1, 11, 0);		/* late is not lost */
	assert_int_equal(ph_heard_lost(&h), 0);
	take(&h, 1, 40000, 0);		/* a new beginning */
	take(&h, 2, 7, 0);		/* another stream */
	assert_int_equal(ph_heard_lost(&h), 0);
	take(&h, 2, 9, 0);
	assert_int_equal(ph_heard_lost(&h), 1);
	take(&h, 1, 100, 72);		/* RTCP has no numbers */
	ph_heard_take(&h, 5004, (const uint8_t *)"no RTP", 6);
	assert_int_equal(h.received, 6);
}

static void
more_streams_than_places(void **state)
{
	struct ph_heard h = { .uses = 0 };

	(void)state;
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < 2 * PH_HEARD_STREAMS; i++)
			take(&h, i, (uint16_t)(1000 * round), 0);
	assert_int_equal(ph_heard_lost(&h), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gaps), cmocka_unit_test(order_and_jumps),
		cmocka_unit_test(more_streams_than_places),
	};

	return cmocka_run_group_tests_name("tunnel-heard", tests, NULL, NULL);
}
