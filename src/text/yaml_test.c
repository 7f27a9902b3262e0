/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text/utf8.h"
#include "text/yaml.h"

struct doc {
	struct ph_arena mem;
	struct ph_diags diags;
	char *said;
	size_t said_len;
	struct ph_src src;
	struct ph_yaml_doc doc;
	bool ok;
};

static void
read_bytes(struct doc *d, const char *text, size_t len)
{
	*d = (struct doc){ 0 };
	d->diags.out = open_memstream(&d->said, &d->said_len);
	d->src = (struct ph_src){ .name = "y", .text = text, .len = (uint32_t)len };
	d->ok = ph_yaml_parse(&d->mem, &d->diags, &d->src, &d->doc);
	fclose(d->diags.out);
	assert_int_equal(d->ok, d->diags.errors == 0);
	assert_int_equal(d->ok, !d->doc.broken);
}

static void
read_text(struct doc *d, const char *text)
{
	read_bytes(d, text, strlen(text));
}

static void
done(struct doc *d)
{
	free(d->said);
	ph_arena_fini(&d->mem);
}

/* Where a node stands, as "row:col+len". */
static void
assert_place(struct ph_span at, uint32_t row, uint32_t col, uint32_t len)
{
	struct ph_place p = ph_src_locate(at);

	assert_int_equal(p.row, row);
	assert_int_equal(p.col, col);
	assert_int_equal(at.len, len);
}

static void
tree(void **state)
{
	const struct ph_yaml *v;
	struct doc d;

	(void)state;
	read_text(&d, "# c\na: one\n\"b\":\n  - 'x y'\n  - {k: v}\nc: [1, 2, 3]\n");
	assert_true(d.ok);
	assert_int_equal(d.doc.root->kind, PH_YAML_MAP);
	assert_int_equal(d.doc.root->n, 3);
	v = ph_yaml_get(d.doc.root, "a");
	assert_string_equal(v->text.s, "one");
	assert_false(v->quoted);
	assert_place(v->at, 2, 4, 3);
	assert_place(v->key_at, 2, 1, 1);
	v = ph_yaml_get(d.doc.root, "b");
	assert_int_equal(v->kind, PH_YAML_SEQ);
	assert_place(v->child->at, 4, 5, 5);
	assert_true(v->child->quoted);
	assert_string_equal(ph_yaml_get(v->child->next, "k")->text.s, "v");
	assert_int_equal(ph_yaml_get(d.doc.root, "c")->n, 3);
	assert_null(ph_yaml_get(d.doc.root, "d"));
	assert_null(ph_yaml_get(v, "a"));
	assert_null(ph_yaml_get(NULL, "a"));
	done(&d);
}

/* Bytes, not characters, are what carets count. */
static void
places_in_utf8(void **state)
{
	struct doc d;

	(void)state;
	read_text(&d, "\xef\xbb\xbf""caf\xc3\xa9: \xe2\x82\xac\r\nb: x\r\n");
	assert_true(d.ok);
	assert_place(ph_yaml_get(d.doc.root, "caf\xc3\xa9")->at, 1, 11, 3);
	assert_place(ph_yaml_get(d.doc.root, "b")->at, 2, 4, 1);
	done(&d);
}

static const struct {
	const char *text, *said;
} wrong[] = {
	{ "a: b: c\n", "y:1:5: error[yaml-syntax]: unexpected ':'" },
	{ "a:\n\tb: c\n", "y:2:1: error[yaml-syntax]: a tab cannot indent: use spaces" },
	{ "a: [1, 2\nb: 3\n", "error[yaml-syntax]: ',' or ']' is missing" },
	{ "a: {b: 1\n", "error[yaml-syntax]: ',' or '}' is missing" },
	{ "a: 'x\n", "error[yaml-syntax]: the text ends inside quotes" },
	{ "a: 1\n b: 2\n", "y:2:3: error[yaml-syntax]" },
	{ "a: x\nb\nc: y\n", "error[yaml-syntax]: a key without ':'" },
	{ "a: 1\na: 2\n", "y:2:1: error[yaml-duplicate]: this key was given before\n"
	  "    a: 2\n    ^\ny:1:1: note[yaml-duplicate]: here" },
	{ "a: &x 1\nb: *x\n", "y:1:4: error[yaml-alias]: anchors are not used here" },
	{ "a: &x 1\nb: *x\n", "y:2:4: error[yaml-alias]: aliases are not used here" },
	{ "a: !!str 1\n", "y:1:4: error[yaml-tag]" },
	{ "? [a]\n: b\n", "y:1:3: error[yaml-key]: a key must be a word" },
	{ "a: 1\n---\nb: 2\n", "y:2:1: error[yaml-documents]" },
	{ "a: \"\\0\"\n", "y:1:4: error[yaml-bytes]: control characters" },
	{ "a: \"\\e[31m\"\n", "y:1:4: error[yaml-bytes]" },
	{ "a: \x01\n", "y:1:4: error[yaml-bytes]: control character" },
	{ "a: \xff\n", "y:1:4: error[yaml-bytes]: not UTF-8" },
	{ "a: \xed\xa0\x80\n", "y:1:4: error[yaml-bytes]: not UTF-8" },
	{ "%bad\n", "error[yaml-syntax]" },
	{ "@\n", "error[yaml-syntax]" },
};

static void
errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct doc d;

		read_text(&d, wrong[i].text);
		assert_false(d.ok);
		if (strstr(d.said, wrong[i].said) == NULL)
			fail_msg("%zu: expected \"%s\" in:\n%s", i, wrong[i].said, d.said);
		done(&d);
	}
}

/* Reading goes on at the next line that begins in the first column. */
static void
goes_on(void **state)
{
	struct doc d;

	(void)state;
	read_text(&d, "a: 1\nb: x: y\n  - z\nc: 3\nd: [1}\ne: 5\n");
	assert_int_equal(d.diags.errors, 2);
	assert_non_null(strstr(d.said, "y:2:5: error"));
	assert_non_null(strstr(d.said, "y:5:6: error"));
	assert_string_equal(ph_yaml_get(d.doc.root, "a")->text.s, "1");
	assert_string_equal(ph_yaml_get(d.doc.root, "c")->text.s, "3");
	assert_string_equal(ph_yaml_get(d.doc.root, "e")->text.s, "5");
	done(&d);
}

static void
nothing(void **state)
{
	static const char *const empty[] = { "", "\n\n", "# only a comment\n", "---\n" };
	struct doc d;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		read_text(&d, empty[i]);
		assert_true(d.ok);
		assert_null(d.doc.root);
		done(&d);
	}
	read_text(&d, empty[3]);
	assert_true(d.ok);
	assert_int_equal(d.doc.root->text.len, 0);
	done(&d);
}

static void
nul_bytes(void **state)
{
	static const char text[] = "a: \0\nb: 1\nc\0: 2\n";
	struct doc d;

	(void)state;
	read_bytes(&d, text, sizeof(text) - 1);
	assert_int_equal(d.diags.errors, 2);
	assert_non_null(strstr(d.said, "y:1:4: error[yaml-bytes]: NUL byte"));
	assert_non_null(strstr(d.said, "y:3:2: error[yaml-bytes]: NUL byte"));
	done(&d);
}

/* Deep nesting, in one line or many, ends soon and is no crash. */
static void
deep(void **state)
{
	enum { DEPTH = 10000 };
	char *text = malloc(4 * DEPTH);
	struct doc d;

	(void)state;
	memset(text, '[', DEPTH);
	read_bytes(&d, text, DEPTH);
	assert_non_null(strstr(d.said, "error[yaml-limit]: nested too deeply"));
	assert_int_equal(d.diags.errors, 1);
	done(&d);
	for (size_t i = 0; i < DEPTH; i++)
		memcpy(text + 4 * i, "- {\n", 4);
	read_bytes(&d, text, 4 * DEPTH);
	assert_false(d.ok);
	assert_true(d.diags.errors <= PH_YAML_MAX_RESTARTS + 1);
	done(&d);
	free(text);
}

static void
too_much(void **state)
{
	size_t len = 2 * (size_t)PH_YAML_MAX_NODES + 64;
	char *text = malloc(PH_YAML_MAX_BYTES + 1);
	struct doc d;

	(void)state;
	text[0] = '[';
	for (size_t i = 1; i < len; i++)
		text[i] = i % 2 == 1 ? 'a' : ',';
	read_bytes(&d, text, len);
	assert_non_null(strstr(d.said, "error[yaml-limit]: too many values"));
	assert_int_equal(d.diags.errors, 1);
	done(&d);
	memset(text, ' ', PH_YAML_MAX_BYTES + 1);
	read_bytes(&d, text, PH_YAML_MAX_BYTES + 1);
	assert_non_null(strstr(d.said, "at most 16 MiB"));
	done(&d);
	free(text);
}

/* RFC 3629: every boundary of every form. */
static void
utf8(void **state)
{
	static const struct {
		const char *s;
		size_t n;
		unsigned len;
	} v[] = {
		{ "\0", 1, 1 }, { "\x7f", 1, 1 }, { "\x80", 1, 0 }, { "\xc1\xbf", 2, 0 },
		{ "\xc2\x80", 2, 2 }, { "\xdf\xbf", 2, 2 }, { "\xc2", 1, 0 },
		{ "\xc2\x7f", 2, 0 }, { "\xe0\x9f\xbf", 3, 0 }, { "\xe0\xa0\x80", 3, 3 },
		{ "\xed\x9f\xbf", 3, 3 }, { "\xed\xa0\x80", 3, 0 }, { "\xee\x80\x80", 3, 3 },
		{ "\xef\xbf\xbf", 3, 3 }, { "\xe2\x82", 2, 0 }, { "\xe2\x82\xc0", 3, 0 },
		{ "\xf0\x8f\xbf\xbf", 4, 0 }, { "\xf0\x90\x80\x80", 4, 4 },
		{ "\xf4\x8f\xbf\xbf", 4, 4 }, { "\xf4\x90\x80\x80", 4, 0 },
		{ "\xf5\x80\x80\x80", 4, 0 }, { "\xff", 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		assert_int_equal(ph_utf8_len(v[i].s, v[i].n), v[i].len);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree),
		cmocka_unit_test(places_in_utf8),
		cmocka_unit_test(errors),
		cmocka_unit_test(goes_on),
		cmocka_unit_test(nothing),
		cmocka_unit_test(nul_bytes),
		cmocka_unit_test(deep),
		cmocka_unit_test(too_much),
		cmocka_unit_test(utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
