/* SPDX-License-Identifier: ISC */
/*
 * DOC: nftables
 *
 * The language of nft(8): rule files and what "nft list ruleset" prints.  What is
 * understood, and what is not, is in pinhole-nftables(5).
 *
 *	lex.c            tokens, variables, included files
 *	command.c        commands; common.c: define, include
 *	block.c          tables, chains, sets; object.c: named objects
 *	stmt*.c          statements of rules
 *	selector.c, expr.c  expressions; field.c, word.c: their words
 *	store.c          what the commands have made so far
 *	lower*.c, match*.c, values.c, draft.c  to the neutral model
 *	emit*.c          back to text
 *	plan.c, fix.c    what to type
 */
#include <string.h>

#include "dialect/dialect.h"
#include "dialect/nftables/command.h"
#include "dialect/nftables/emit.h"
#include "dialect/nftables/fix.h"
#include "dialect/nftables/plan.h"

extern const struct ph_dialect ph_dialect_nftables;

static bool
parse(struct ph_arena *mem, struct ph_diags *diags, struct ph_src *src,
    const struct ph_parse_opts *opts, struct ph_ruleset *rs)
{
	struct ph_nft_parser *p = PH_NEW(mem, struct ph_nft_parser);

	ph_ruleset_init(rs, &ph_dialect_nftables, src);
	p->mem = mem;
	p->rs = rs;
	p->opts = opts;
	p->tables_tail = &p->tables;
	ph_nft_lex_init(&p->lx, mem, diags, src);
	ph_nft_command_file(p);
	ph_nft_lower_all(p);
	return !p->lx.failed;
}

/* Words at the start of a line, each with the certainty that it gives. */
static const struct {
	const char *word;
	int score;
} signs[] = {
	{ "table inet ", 100 }, { "table ip ", 100 }, { "table ip6 ", 100 },
	{ "table bridge ", 100 }, { "table netdev ", 100 }, { "table arp ", 100 },
	{ "flush ruleset", 100 }, { "#!/usr/sbin/nft", 100 }, { "#!/sbin/nft", 100 },
	{ "#!/usr/bin/env -S nft", 100 }, { "#!/usr/bin/nft", 100 },
	{ "add rule ", 95 }, { "add table ", 95 }, { "add chain ", 95 },
	{ "add element ", 95 }, { "insert rule ", 95 }, { "nft ", 80 }, { "table ", 60 },
	{ "define ", 50 }, { "chain ", 40 }, { "include \"", 30 },
};

static int
line_score(struct ph_str line)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (ph_str_starts(line, signs[i].word))
			return signs[i].score;
	return 0;
}

static int
recognise(struct ph_str text)
{
	int best = 0;

	while (text.len > 0 && best < 100) {
		const char *nl = memchr(text.s, '\n', text.len);
		size_t len = nl == NULL ? text.len : (size_t)(nl - text.s), skip = 0;
		int score;

		while (skip < len && (text.s[skip] == ' ' || text.s[skip] == '\t'))
			skip++;
		score = line_score((struct ph_str){ text.s + skip, len - skip });
		best = score > best ? score : best;
		len += nl != NULL;
		text.s += len;
		text.len -= len;
	}
	return best;
}

const struct ph_dialect ph_dialect_nftables = {
	.name = "nftables",
	.title = "nftables",
	.caps = PH_CAP_PACKETS | PH_CAP_TIMERS | PH_CAP_GROUPS | PH_CAP_LIVE,
	.recognise = recognise,
	.parse = parse,
	.emit = ph_nft_emit,
	.plan = ph_nft_plan,
	.fix = ph_nft_fix,
};
