/* SPDX-License-Identifier: ISC */
/*
 * Rule files of nftables.  What can be read and written must read back, and be
 * written the same again.
 *
 * seeds: src/dialect/nftables/t tests/fuzz/seeds/nftables
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "dialect/dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool
read_text(struct ph_arena *mem, const char *text, size_t n, struct ph_ruleset *rs)
{
	struct ph_src *src = PH_NEW(mem, struct ph_src);
	const struct ph_parse_opts opts = { 0 };
	struct ph_diags quiet = { 0 };

	*src = (struct ph_src){ .name = "fuzz", .text = text, .len = (uint32_t)n };
	return ph_dialect_find("nftables")->parse(mem, &quiet, src, &opts, rs);
}

static bool
write_text(struct ph_arena *mem, const struct ph_ruleset *rs, struct ph_buf *b)
{
	struct ph_diags quiet = { 0 };

	ph_buf_init(b, mem);
	return ph_dialect_find("nftables")->emit(mem, &quiet, rs, b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ph_arena mem = { 0 };
	char *text = ph_arena_dup(&mem, (const char *)data, n);
	struct ph_ruleset rs, again;
	struct ph_buf one, two;

	if (read_text(&mem, text, n, &rs) && write_text(&mem, &rs, &one)) {
		assert(read_text(&mem, one.s, one.len, &again));
		assert(write_text(&mem, &again, &two));
		assert(one.len == two.len && memcmp(one.s, two.s, one.len) == 0);
	}
	ph_arena_fini(&mem);
	return 0;
}
