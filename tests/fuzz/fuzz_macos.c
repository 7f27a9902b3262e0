/* SPDX-License-Identifier: ISC */
/*
 * The macOS dialect: what is read and written, read again, is written the same.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "dialect/dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool
through(struct ph_arena *mem, struct ph_src *src, struct ph_buf *out)
{
	const struct ph_dialect *d = ph_dialect_find("macos");
	struct ph_diags diags = { 0 };
	struct ph_ruleset rs;

	ph_buf_init(out, mem);
	return d->parse(mem, &diags, src, NULL, &rs) && d->emit(mem, &diags, &rs, out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ph_arena mem = { 0 };
	struct ph_src src = { .name = "-", .text = (const char *)data, .len = (uint32_t)len };
	struct ph_buf once, twice;

	if (through(&mem, &src, &once)) {
		src = (struct ph_src){ .name = "-", .text = once.s,
			.len = (uint32_t)once.len };
		assert(through(&mem, &src, &twice));
		assert(strcmp(once.s, twice.s) == 0);
	}
	ph_arena_fini(&mem);
	return 0;
}
