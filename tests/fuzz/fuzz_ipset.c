/* SPDX-License-Identifier: ISC */
/*
 * "ipset save" text beside rules that ask every set it may hold, in both ways.
 *
 * seeds: src/dialect/iptables/t/sets.sets
 */
#include <string.h>

#include "dialect/dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char rules[] =
    "*filter\n:FORWARD DROP [0:0]\n"
    "-A FORWARD -m set --match-set hosts src -j ACCEPT\n"
    "-A FORWARD -m set ! --match-set nets dst -j ACCEPT\n"
    "-A FORWARD -m set --match-set nets src --return-nomatch -j DROP\n"
    "-A FORWARD -m set --match-set hostports dst,dst -j ACCEPT\n"
    "-A FORWARD -m set --match-set pairs src,dst -j ACCEPT\n"
    "-A FORWARD -m set --match-set triples src,dst,dst -j ACCEPT\n"
    "-A FORWARD -m set --match-set wires src,src -j ACCEPT\n"
    "-A FORWARD -m set --match-set ports dst -j ACCEPT\n"
    "-A FORWARD -m set --match-set gone src -j DROP\n"
    "-A FORWARD -m set --match-set all src,dst -j ACCEPT\n"
    "COMMIT\n";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct ph_dialect *d = ph_dialect_find("iptables");
	struct ph_arena mem = { 0 };
	struct ph_diags diags = { 0 };
	struct ph_src src = { .name = "rules", .text = rules, .len = sizeof(rules) - 1 };
	struct ph_src sets = {
		.name = "sets", .text = ph_arena_dup(&mem, (const char *)data, n),
		.len = (uint32_t)n,
	};
	const struct ph_parse_opts opts = { .sets = &sets };
	struct ph_ruleset rs;
	struct ph_buf out;

	ph_buf_init(&out, &mem);
	if (d->parse(&mem, &diags, &src, &opts, &rs))
		d->emit(&mem, &diags, &rs, &out);
	ph_arena_fini(&mem);
	return 0;
}
