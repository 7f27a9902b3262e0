/* SPDX-License-Identifier: ISC */
/*
 * Cisco ASA text: what can be read and written must, read again, be written
 * the same.
 *
 * seeds: src/dialect/asa/t
 */
#include <assert.h>
#include <string.h>

#include "dialect/dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool
rewrite(struct ph_arena *mem, const char *text, size_t n, struct ph_buf *out)
{
	const struct ph_dialect *d = ph_dialect_find("asa");
	const struct ph_parse_opts opts = { 0 };
	struct ph_src *src = PH_NEW(mem, struct ph_src);
	struct ph_diags diags = { 0 };
	struct ph_ruleset rs;

	*src = (struct ph_src){ .name = "fuzz", .text = text, .len = (uint32_t)n };
	ph_buf_init(out, mem);
	return d->parse(mem, &diags, src, &opts, &rs) && d->emit(mem, &diags, &rs, out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ph_arena mem = { 0 };
	struct ph_buf once, twice;
	char *text = ph_arena_dup(&mem, (const char *)data, n);

	(void)ph_dialect_find("asa")->recognise((struct ph_str){ text, n });
	if (rewrite(&mem, text, n, &once)) {
		assert(rewrite(&mem, once.s, once.len, &twice));
		assert(once.len == twice.len && memcmp(once.s, twice.s, once.len) == 0);
	}
	ph_arena_fini(&mem);
	return 0;
}
