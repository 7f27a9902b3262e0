/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/diag.h"

static struct ph_src
source(const char *text)
{
	return (struct ph_src){ .name = "f", .text = text, .len = (uint32_t)strlen(text) };
}

/* What one error at ${off} of ${text} prints. */
static char *
said(const char *text, uint32_t off, uint32_t len, const char *message)
{
	struct ph_src src = source(text);
	struct ph_diags d = { 0 };
	char *out = NULL;
	size_t n;

	d.out = open_memstream(&out, &n);
	assert_non_null(d.out);
	ph_diag(&d, PH_ERROR, "id", (struct ph_span){ &src, off, len }, "%s", message);
	fclose(d.out);
	assert_int_equal(d.errors, 1);
	return out;
}

static void
expect(const char *text, uint32_t off, uint32_t len, const char *want)
{
	char *got = said(text, off, len, "m");

	assert_string_equal(got, want);
	free(got);
}

static void
test_carets(void **state)
{
	(void)state;
	expect("one\ntwo three\n", 8, 5,
	    "f:2:5: error[id]: m\n    two three\n        ^~~~~\n");
	/* one column for each byte asked for, at least the caret */
	expect("abc", 0, 0, "f:1:1: error[id]: m\n    abc\n    ^\n");
	expect("abc", 2, 1, "f:1:3: error[id]: m\n    abc\n      ^\n");
	/* never past the end of the line */
	expect("abc\ndef", 1, 6, "f:1:2: error[id]: m\n    abc\n     ^~\n");
	/* the end of a line, the end of the text, past it, nothing at all */
	expect("abc\ndef", 3, 1, "f:1:4: error[id]: m\n    abc\n       ^\n");
	expect("abc\n", 4, 1, "f:2:1: error[id]: m\n    \n    ^\n");
	expect("abc", 999, 9, "f:1:4: error[id]: m\n    abc\n       ^\n");
	expect("", 0, 0, "f:1:1: error[id]: m\n    \n    ^\n");
}

static void
test_carets_under_tabs_and_line_ends(void **state)
{
	(void)state;
	expect("\ta\tbc\n", 3, 2, "f:1:4: error[id]: m\n    \ta\tbc\n    \t \t^~\n");
	expect("ab cd\r\nx\r\n", 3, 9, "f:1:4: error[id]: m\n    ab cd\n       ^~\n");
	expect("ab\r\n", 2, 1, "f:1:3: error[id]: m\n    ab\n      ^\n");
}

static void
test_what_a_terminal_would_act_on(void **state)
{
	char *got = said("x", 0, 1, "bad word '\x1b[2J\n'");

	(void)state;
	assert_string_equal(got, "f:1:1: error[id]: bad word '?[2J?'\n    x\n    ^\n");
	free(got);
	expect("a\x1b[2Jb\x7f\x01\n", 6, 2, "f:1:7: error[id]: m\n    a?[2Jb??\n          ^~\n");
	/* a whole character is one column; a C1 control or half a character is '?' */
	expect("\xc3\xa9\xe2\x82\xac x", 6, 1,
	    "f:1:7: error[id]: m\n    \xc3\xa9\xe2\x82\xac x\n       ^\n");
	expect("\xc3\xa9\xe2\x82\xac x", 0, 5,
	    "f:1:1: error[id]: m\n    \xc3\xa9\xe2\x82\xac x\n    ^~\n");
	expect("\xc2\x9bx\xff\xc3", 2, 1, "f:1:3: error[id]: m\n    ??x??\n      ^\n");
}

static void
test_nul_bytes(void **state)
{
	struct ph_src src = { .name = "f", .text = "a\0b\n\0c", .len = 6 };
	struct ph_place p = ph_src_locate((struct ph_span){ &src, 5, 1 });

	(void)state;
	assert_int_equal(p.row, 2);
	assert_int_equal(p.col, 2);
	assert_int_equal(p.line_len, 2);
}

/* Of a line of any length some 160 bytes are shown, the caret under its byte. */
static void
test_long_lines(void **state)
{
	enum { LEN = 100000 };
	static const uint32_t off[] = { 0, 59, 60, 61, 159, 160, 5000, LEN - 1, LEN };
	char *text = malloc(LEN + 1);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < sizeof(off) / sizeof(*off); i++) {
		char *got, *line, *caret;

		memset(text, '.', LEN);
		text[LEN] = '\0';
		if (off[i] < LEN)
			text[off[i]] = '#';
		got = said(text, off[i], LEN, "m");
		line = strchr(got, '\n') + 1;
		caret = strchr(line, '\n') + 1;
		assert_true(strlen(got) < 400);
		if (off[i] < LEN)
			assert_int_equal(strchr(line, '#') - line, strchr(caret, '^') - caret);
		else
			assert_int_equal(strchr(line, '\n') - line, strchr(caret, '^') - caret);
		free(got);
	}
	free(text);
}

/* The cached place must not change an answer: any order, against counting. */
static void
test_locate_in_any_order(void **state)
{
	char text[2000];
	struct ph_src src = { .name = "f", .text = text, .len = sizeof(text) };
	const char *seed_text = getenv("PH_SEED");
	unsigned seed = seed_text != NULL ? (unsigned)atoi(seed_text) : 20;

	(void)state;
	print_message("# seed %u\n", seed);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = rand_r(&seed) % 9 == 0 ? '\n' : 'x';
	for (int i = 0; i < 20000; i++) {
		uint32_t off = (uint32_t)rand_r(&seed) % (sizeof(text) + 1);
		struct ph_place p = ph_src_locate((struct ph_span){ &src, off, 0 });
		uint32_t row = 1, col = 1;

		for (uint32_t k = 0; k < off; k++) {
			col = text[k] == '\n' ? 1 : col + 1;
			row += text[k] == '\n';
		}
		assert_int_equal(p.row, row);
		assert_int_equal(p.col, col);
		assert_ptr_equal(p.line, text + off - (col - 1));
		assert_true(p.line + p.line_len == text + sizeof(text) ||
		    p.line[p.line_len] == '\n');
		assert_null(memchr(p.line, '\n', p.line_len));
	}
}

static void
test_switches(void **state)
{
	struct ph_diag_switch off = { "off", PH_DIAG_OFF, NULL };
	struct ph_diag_switch up = { "up", PH_DIAG_ERROR, &off };
	struct ph_diags d = { .switches = &up };
	const struct ph_span nowhere = { 0 };

	(void)state;
	ph_diag(&d, PH_WARN, "plain", nowhere, "m");
	ph_diag(&d, PH_WARN, "off", nowhere, "m");
	ph_diag(&d, PH_NOTE, "off", nowhere, "m");
	assert_int_equal(d.warnings, 1);
	assert_null(d.first_error);
	ph_diag(&d, PH_WARN, "up", nowhere, "m");
	ph_diag(&d, PH_NOTE, "up", nowhere, "m");
	assert_int_equal(d.errors, 1);
	assert_string_equal(d.first_error, "up");
	/* an error cannot be switched off */
	ph_diag(&d, PH_ERROR, "off", nowhere, "m");
	assert_int_equal(d.errors, 2);
	assert_string_equal(d.first_error, "up");
}

static void
test_held_back_are_counted(void **state)
{
	struct ph_diags d = { .max_shown = 2 };
	char *out = NULL;
	size_t n;

	(void)state;
	d.out = open_memstream(&out, &n);
	for (int i = 0; i < 4; i++) {
		ph_diag(&d, PH_WARN, "w", (struct ph_span){ 0 }, "%d", i);
		ph_diag(&d, PH_NOTE, "w", (struct ph_span){ 0 }, "of %d", i);
	}
	/* many warnings must not hide the error that comes after them */
	for (int i = 0; i < 3; i++)
		ph_diag(&d, PH_ERROR, "e", (struct ph_span){ 0 }, "%d", i);
	ph_diags_end(&d);
	ph_diags_end(&d);
	fclose(d.out);
	assert_string_equal(out, "warning[w]: 0\nnote[w]: of 0\n"
	    "warning[w]: 1\nnote[w]: of 1\nerror[e]: 0\nerror[e]: 1\n"
	    "3 more not shown (3 errors, 4 warnings in all)\n");
	free(out);
}

static void
test_span_join(void **state)
{
	struct ph_src a = source("abcdef"), b = source("x");
	struct ph_span j = ph_span_join((struct ph_span){ &a, 1, 1 }, (struct ph_span){ &a, 4, 2 });

	(void)state;
	assert_int_equal(j.off, 1);
	assert_int_equal(j.len, 5);
	j = ph_span_join((struct ph_span){ 0 }, (struct ph_span){ &b, 0, 1 });
	assert_ptr_equal(j.src, &b);
	j = ph_span_join((struct ph_span){ &a, 1, 4 }, (struct ph_span){ &a, 2, 1 });
	assert_int_equal(j.len, 4);
	j = ph_span_join((struct ph_span){ &a, 1, 2 }, (struct ph_span){ &b, 0, 9 });
	assert_ptr_equal(j.src, &a);
	assert_int_equal(j.len, 2);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_carets),
		cmocka_unit_test(test_carets_under_tabs_and_line_ends),
		cmocka_unit_test(test_what_a_terminal_would_act_on),
		cmocka_unit_test(test_nul_bytes),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_locate_in_any_order),
		cmocka_unit_test(test_switches),
		cmocka_unit_test(test_held_back_are_counted),
		cmocka_unit_test(test_span_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
