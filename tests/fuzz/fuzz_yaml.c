/* SPDX-License-Identifier: ISC */
/*
 * YAML as a tree: every node points into the text, members are counted right,
 * and an error is reported whenever the answer is no.
 *
 * seeds: catalog tests/fuzz/seeds/yaml tests/fuzz/seeds/site
 */
#include <assert.h>
#include <stdint.h>

#include "text/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(const struct ph_yaml *v, const struct ph_src *src)
{
	size_t n = 0;

	assert(v->at.off <= src->len && v->at.len <= src->len - v->at.off + 1);
	assert(v->kind != PH_YAML_SCALAR || (v->child == NULL && v->text.s != NULL &&
	    v->text.s[v->text.len] == '\0'));
	for (const struct ph_yaml *m = v->child; m != NULL; m = m->next, n++)
		check(m, src);
	assert(n == v->n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ph_arena mem = { 0 };
	struct ph_diags diags = { 0 };
	struct ph_src src = { .name = "-", .text = (const char *)data, .len = (uint32_t)len };
	struct ph_yaml_doc doc;
	bool ok = ph_yaml_parse(&mem, &diags, &src, &doc);

	assert(ok == (diags.errors == 0));
	assert(ok != doc.broken);
	if (doc.root != NULL)
		check(doc.root, &src);
	ph_arena_fini(&mem);
	return 0;
}
