/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void
test_aligned_and_zeroed(void **state)
{
	static const unsigned char zero[5000];
	struct ph_arena mem = { 0 };

	(void)state;
	for (size_t n = 0; n < 5000; n += 7) {
		unsigned char *p = ph_arena_alloc(&mem, n);

		assert_int_equal((uintptr_t)p % 16, 0);
		assert_memory_equal(p, zero, n);
		memset(p, 0xff, n);
	}
	ph_arena_fini(&mem);
}

static void
test_larger_than_a_block(void **state)
{
	struct ph_arena mem = { 0 };
	char *small = ph_arena_dup(&mem, "abc", 2), *big;

	(void)state;
	big = ph_arena_alloc(&mem, 3 << 20);
	memset(big, 1, 3 << 20);
	assert_string_equal(small, "ab");
	assert_true(mem.used >= 3 << 20);
	ph_arena_fini(&mem);
	assert_int_equal(mem.used, 0);
	assert_string_equal(ph_arena_dup(&mem, "reused", 6), "reused");
	ph_arena_fini(&mem);
}

static void
test_rewind(void **state)
{
	static const char zero[64];
	struct ph_arena mem = { 0 };
	struct ph_arena_mark empty = ph_arena_mark(&mem), mark;
	char *kept = ph_arena_dup(&mem, "kept", 4), *scratch;
	size_t used = mem.used;

	(void)state;
	mark = ph_arena_mark(&mem);
	scratch = ph_arena_alloc(&mem, 64);
	memset(scratch, 0xee, 64);
	for (int i = 0; i < 100; i++)
		memset(ph_arena_alloc(&mem, 10000), 0xee, 10000);
	ph_arena_rewind(&mem, mark);
	assert_int_equal(mem.used, used);
	assert_string_equal(kept, "kept");
	assert_ptr_equal(ph_arena_alloc(&mem, 64), scratch);
	assert_memory_equal(scratch, zero, 64);
	ph_arena_rewind(&mem, empty);
	assert_null(mem.head);
	assert_int_equal(mem.used, 0);
	ph_arena_fini(&mem);
}

static void
test_push_grows(void **state)
{
	struct ph_arena mem = { 0 };
	size_t n = 0, cap = 0;
	int *v = NULL;

	(void)state;
	for (int i = 0; i < 100000; i++)
		*PH_PUSH(&mem, v, n, cap) = i;
	assert_int_equal(n, 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(v[i], i);
	/* doubling: what was left behind is less than what is in use */
	assert_true(mem.used < 4 * 100000 * sizeof(*v));
	ph_arena_fini(&mem);
}

static void
test_printf(void **state)
{
	struct ph_arena mem = { 0 };
	char wide[3000];

	(void)state;
	assert_string_equal(ph_arena_printf(&mem, "%s:%d", "a", 7), "a:7");
	assert_string_equal(ph_arena_printf(&mem, "%s", ""), "");
	memset(wide, 'x', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	assert_string_equal(ph_arena_printf(&mem, "%s", wide), wide);
	assert_string_equal(ph_arena_dup(&mem, NULL, 0), "");
	ph_arena_fini(&mem);
}

static jmp_buf exhausted;

static void
on_exhaustion(void)
{
	longjmp(exhausted, 1);
}

static void
test_exhaustion_calls_the_hook(void **state)
{
	static const size_t n[] = { SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 16 + 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(n) / sizeof(*n); i++) {
		struct ph_arena mem = { .oom = on_exhaustion };

		if (setjmp(exhausted) == 0) {
			ph_arena_array(&mem, n[i], 16);
			fail_msg("%zu times 16 bytes were handed out", n[i]);
		}
		ph_arena_fini(&mem);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aligned_and_zeroed),
		cmocka_unit_test(test_larger_than_a_block),
		cmocka_unit_test(test_rewind),
		cmocka_unit_test(test_push_grows),
		cmocka_unit_test(test_printf),
		cmocka_unit_test(test_exhaustion_calls_the_hook),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
