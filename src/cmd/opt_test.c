/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/opt.h"

/* Parse words for a command; what is said goes to ${said}. */
static bool
parse(struct ph_arena *mem, const char *cmd, const char *const *argv, struct ph_args *out,
    char said[static 512])
{
	FILE *f = fmemopen(said, 512, "w");
	const struct ph_cmd *c = ph_opt_command(cmd, f);
	bool good;

	assert_non_null(c);
	good = ph_opt_parse(mem, c, argv, f, out);
	fclose(f);
	return good;
}

static void
test_forms(void **state)
{
	const char *argv[] = { "fw", "--site", "a", "--site=b", "-W", "x", "-Wy", "--", "--json",
	    "-", NULL };
	struct ph_arena mem = { 0 };
	struct ph_args a;
	char said[512] = "";
	const char *const *w;

	(void)state;
	assert_true(parse(&mem, "audit", argv, &a, said));
	assert_int_equal(a.n_pos, 3);
	assert_string_equal(a.pos[1], "--json");
	assert_string_equal(a.pos[2], "-");
	assert_string_equal(ph_opt_last(&a, PH_OPT_SITE), "b");
	assert_int_equal(ph_opt_all(&mem, &a, PH_OPT_W, &w), 2);
	assert_string_equal(w[1], "y");
	assert_false(ph_opt_given(&a, PH_OPT_JSON));
	assert_null(ph_opt_last(&a, PH_OPT_DIALECT));
	ph_arena_fini(&mem);
}

static void
test_lists(void **state)
{
	const char *argv[] = { "fw", "s", "--inside", "a,b", "--inside", ",c,", NULL };
	struct ph_arena mem = { 0 };
	struct ph_args a;
	char said[512] = "";
	const char *const *v;

	(void)state;
	assert_true(parse(&mem, "audit", argv, &a, said));
	assert_int_equal(ph_opt_all(&mem, &a, PH_OPT_INSIDE, &v), 3);
	assert_string_equal(v[0], "a");
	assert_string_equal(v[1], "b");
	assert_string_equal(v[2], "c");
	ph_arena_fini(&mem);
}

static void
test_wrong(void **state)
{
	static const struct {
		const char *cmd;
		const char *argv[5];
		const char *says;
	} row[] = {
		{ "audit", { "fw", "s", "--sit", "x" }, "did you mean '--site'?" },
		{ "audit", { "fw", "s", "--site" }, "--site needs a value" },
		{ "audit", { "fw", "s", "--json=1" }, "--json takes no value" },
		{ "audit", { "fw" }, "something is missing" },
		{ "diff", { "a", "b", "c" }, "too many arguments" },
		{ "query", { "fw", "--clients", "x" }, "unknown option '--clients'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct ph_arena mem = { 0 };
		struct ph_args a;
		char said[512] = "";

		assert_false(parse(&mem, row[i].cmd, row[i].argv, &a, said));
		if (strstr(said, row[i].says) == NULL)
			fail_msg("%zu: %s", i, said);
		ph_arena_fini(&mem);
	}
}

/* Help stops everything: what is wrong beside it does not matter. */
static void
test_help(void **state)
{
	const char *argv[] = { "--help", "--nonsense", NULL };
	struct ph_arena mem = { 0 };
	struct ph_args a;
	char said[512] = "";

	(void)state;
	assert_true(parse(&mem, "audit", argv, &a, said));
	assert_true(ph_opt_given(&a, PH_OPT_HELP));
	ph_arena_fini(&mem);
}

/* Every command has a row for each of its options, and a way to run. */
static void
test_tables(void **state)
{
	size_t n;
	const struct ph_cmd *const *all = ph_opt_commands(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_non_null(all[i]->run);
		for (const enum ph_opt_id *o = all[i]->opts; *o != PH_OPT_END; o++) {
			assert_non_null(ph_opt_find(*o)->name);
			assert_non_null(ph_opt_find(*o)->help);
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
