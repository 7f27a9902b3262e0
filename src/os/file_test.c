/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/file.h"
#include "os/input.h"

static char dir[] = "/tmp/ph-file-XXXXXX";

static const char *
path(const char *name)
{
	static char text[4][64];
	static unsigned next;
	char *s = text[next++ % 4];

	snprintf(s, sizeof(text[0]), "%s/%s", dir, name);
	return s;
}

static void
assert_holds(const char *name, const char *text)
{
	struct ph_arena mem = { 0 };
	struct ph_src *src;

	assert_int_equal(ph_file_read(&mem, path(name), &src), 0);
	assert_int_equal(src->len, strlen(text));
	assert_memory_equal(src->text, text, src->len + 1);
	ph_arena_fini(&mem);
}

static void
test_replace(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(ph_file_write(path("a"), "one", 3), 0);
	assert_holds("a", "one");
	assert_int_equal(chmod(path("a"), 0640), 0);
	assert_int_equal(symlink(path("a"), path("link")), 0);
	assert_int_equal(ph_file_write(path("link"), "second", 6), 0);
	assert_holds("a", "second");
	assert_int_equal(lstat(path("link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(path("a"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(ph_file_write(path("no/such"), "x", 1), -ENOENT);
}

static void
test_read(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_src *src;
	char *big = malloc(300000);
	int fd[2];

	(void)state;
	assert_int_equal(ph_file_read(&mem, path("none"), &src), -ENOENT);
	assert_int_equal(ph_file_read(&mem, dir, &src), -EISDIR);
	assert_int_equal(ph_file_write(path("empty"), "", 0), 0);
	assert_holds("empty", "");
	memset(big, 'x', 300000);
	assert_int_equal(ph_file_write(path("big"), big, 300000), 0);
	assert_int_equal(ph_file_read(&mem, path("big"), &src), 0);
	assert_int_equal(src->len, 300000);
	assert_int_equal(src->text[300000], 0);
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], "piped", 5), 5);
	close(fd[1]);
	snprintf(big, 32, "/dev/fd/%d", fd[0]);
	assert_int_equal(ph_file_read(&mem, big, &src), 0);
	assert_string_equal(src->text, "piped");
	close(fd[0]);
	free(big);
	ph_arena_fini(&mem);
}

/* Larger than a span can count: refused before it is read. */
static void
test_too_large(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_src *src;

	(void)state;
	assert_int_equal(ph_file_write(path("huge"), "", 0), 0);
	assert_int_equal(truncate(path("huge"), (off_t)PH_FILE_MAX + 1), 0);
	assert_int_equal(ph_file_read(&mem, path("huge"), &src), -EFBIG);
	unlink(path("huge"));
	ph_arena_fini(&mem);
}

static void
test_list(void **state)
{
	struct ph_arena mem = { 0 };
	const char **v;
	size_t n;

	(void)state;
	assert_int_equal(ph_file_write(path("z.yaml"), "", 0), 0);
	assert_int_equal(ph_file_write(path("b.yaml"), "", 0), 0);
	assert_int_equal(ph_file_write(path(".h.yaml"), "", 0), 0);
	assert_int_equal(ph_file_list(&mem, dir, ".yaml", &v, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(v[0], path("b.yaml"));
	assert_int_equal(ph_file_list(&mem, path("none"), ".yaml", &v, &n), -ENOENT);
	ph_arena_fini(&mem);
}

/* An include is looked for beside the file that asks; circles are found. */
static void
test_include(void **state)
{
	struct ph_arena mem = { 0 };
	struct ph_diags diags = { 0 };
	struct ph_input in = { .mem = &mem, .diags = &diags };
	struct ph_src *main_src, *part;

	(void)state;
	assert_int_equal(ph_file_write(path("main"), "m", 1), 0);
	assert_int_equal(ph_file_write(path("part"), "p", 1), 0);
	assert_int_equal(ph_input_open(&in, path("main"), &main_src), 0);
	part = ph_input_include(&in, "part", (struct ph_span){ main_src, 0, 1 });
	assert_non_null(part);
	assert_string_equal(part->text, "p");
	assert_null(ph_input_include(&in, "main", (struct ph_span){ part, 0, 1 }));
	assert_string_equal(diags.first_error, "include-cycle");
	diags.first_error = NULL;
	assert_null(ph_input_include(&in, "none", (struct ph_span){ part, 0, 1 }));
	assert_string_equal(diags.first_error, "include-unreadable");
	ph_arena_fini(&mem);
}

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int
remove_dir(void **state)
{
	static const char *const name[] = {
		"a", "link", "empty", "big", "z.yaml", "b.yaml", ".h.yaml", "main", "part",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++)
		unlink(path(name[i]));
	return rmdir(dir);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_include),
	};

	return cmocka_run_group_tests_name("file", tests, make_dir, remove_dir);
}
