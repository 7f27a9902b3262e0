/* SPDX-License-Identifier: ISC */
/*
 * DOC: Statements that count, limit, log or hand over
 *
 * Most have no effect on the answer and are kept as their text.  What stops at a
 * rate becomes a RATE condition; what hands the packet to somebody else is not
 * ours to judge and becomes opaque.
 */
#include "dialect/nftables/expr.h"
#include "dialect/nftables/stmt.h"

/* Words that a statement may go on with, each with what follows it. */
struct option {
	const char *word;
	enum { ALONE, WITH_WORD, WITH_VALUE } takes;
};

/* Pass options as long as there are any. */
static bool
pass_options(struct ph_nft_parser *p, const struct option *o, size_t n)
{
	size_t i = 0;

	while (i < n) {
		if (!ph_nft_lex_accept(&p->lx, o[i].word)) {
			i++;
			continue;
		}
		if (o[i].takes == WITH_WORD && ph_nft_expr_word(p, "a value") == NULL)
			return false;
		if (o[i].takes == WITH_VALUE && ph_nft_expr_value(p) == NULL)
			return false;
		i = 0;
	}
	return true;
}

#define PASS(p, table)	pass_options((p), (table), sizeof(table) / sizeof(*(table)))

static struct ph_nft_stmt *
opaque_act(struct ph_nft_parser *p, struct ph_span at, const char *why)
{
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, PH_NFT_OPAQUE_ACT, at);

	s->why = why;
	return s;
}

/* counter = "counter" ["packets" N "bytes" N | "name" value] */
struct ph_nft_stmt *
ph_nft_stmt_counter(struct ph_nft_parser *p, struct ph_span at)
{
	static const struct option numbers[] = {
		{ "packets", WITH_WORD }, { "bytes", WITH_WORD },
	};
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, PH_NFT_NOTE, at);

	if (ph_nft_lex_accept(&p->lx, "name"))
		return ph_nft_expr_value(p) == NULL ? NULL : s;
	s->text = "counter";
	return PASS(p, numbers) ? s : NULL;
}

/* limit or quota by name: whether it is "over" is said where it is defined */
static struct ph_nft_stmt *
named(struct ph_nft_parser *p, struct ph_nft_stmt *s, enum ph_nft_obj_kind kind)
{
	s->kind = PH_NFT_RATE_OBJ;
	s->act = (uint8_t)kind;
	s->l = ph_nft_expr_value(p);
	return s->l == NULL ? NULL : s;
}

/* limit = "limit" ("rate" ["over"] N "/" UNIT ["burst" N "packets"] | "name" value) */
struct ph_nft_stmt *
ph_nft_stmt_limit(struct ph_nft_parser *p, struct ph_span at)
{
	static const struct option burst[] = { { "burst", WITH_WORD } };
	static const char *const units[] = { "packets", "bytes", "kbytes", "mbytes" };
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, PH_NFT_RATE, at);

	if (ph_nft_lex_accept(&p->lx, "name"))
		return named(p, s, PH_NFT_O_LIMIT);
	ph_nft_lex_accept(&p->lx, "rate");
	s->neg = ph_nft_lex_accept(&p->lx, "over");
	if (ph_nft_expr_word(p, "a rate") == NULL)
		return NULL;
	/* "10/second", "10 mbytes/second" */
	if (p->lx.tok.kind == PH_NFT_WORD && !ph_nft_lex_is(&p->lx, "burst"))
		ph_nft_lex_next(&p->lx);
	if (ph_nft_lex_accept(&p->lx, "/") && ph_nft_expr_word(p, "a unit of time") == NULL)
		return NULL;
	if (!PASS(p, burst))
		return NULL;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (ph_nft_lex_accept(&p->lx, units[i]))
			break;
	return s;
}

/* quota = "quota" (["over" | "until"] N UNIT ["used" N UNIT] | "name" value) */
struct ph_nft_stmt *
ph_nft_stmt_quota(struct ph_nft_parser *p, struct ph_span at)
{
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, PH_NFT_RATE, at);

	if (ph_nft_lex_accept(&p->lx, "name"))
		return named(p, s, PH_NFT_O_QUOTA);
	s->neg = ph_nft_lex_accept(&p->lx, "over");
	ph_nft_lex_accept(&p->lx, "until");
	do {
		if (ph_nft_expr_word(p, "a number") == NULL ||
		    ph_nft_expr_word(p, "a unit of bytes") == NULL)
			return NULL;
	} while (ph_nft_lex_accept(&p->lx, "used"));
	return s;
}

/* count = "ct" "count" ["over"] N */
struct ph_nft_stmt *
ph_nft_stmt_ct_count(struct ph_nft_parser *p, struct ph_span at)
{
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, PH_NFT_RATE, at);

	s->neg = ph_nft_lex_accept(&p->lx, "over");
	return ph_nft_expr_word(p, "a number") == NULL ? NULL : s;
}

/* flags = "flags" ("all" | "skuid" | "ether" | ("tcp" | "ip") WORD {"," WORD}) */
static bool
log_flags(struct ph_nft_parser *p)
{
	bool two = ph_nft_lex_is(&p->lx, "tcp") || ph_nft_lex_is(&p->lx, "ip");

	if (ph_nft_expr_word(p, "a flag") == NULL)
		return false;
	if (two && ph_nft_expr_word(p, "a flag") == NULL)
		return false;
	while (ph_nft_lex_accept(&p->lx, ","))
		if (ph_nft_expr_word(p, "a flag") == NULL)
			return false;
	return true;
}

/* log = "log" {"prefix" S | "level" W | "group" N | "flags" flags | …} */
struct ph_nft_stmt *
ph_nft_stmt_log(struct ph_nft_parser *p, struct ph_span at)
{
	static const struct option words[] = {
		{ "prefix", WITH_WORD }, { "level", WITH_WORD }, { "group", WITH_WORD },
		{ "snaplen", WITH_WORD }, { "queue-threshold", WITH_WORD },
	};
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, PH_NFT_NOTE, at);

	do {
		if (!PASS(p, words))
			return NULL;
		if (!ph_nft_lex_accept(&p->lx, "flags"))
			return s;
	} while (log_flags(p));
	return NULL;
}

/* last = "last" ["used" T] */
struct ph_nft_stmt *
ph_nft_stmt_last(struct ph_nft_parser *p, struct ph_span at)
{
	static const struct option used[] = { { "used", WITH_WORD } };
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, PH_NFT_NOTE, at);

	s->text = "last";
	return PASS(p, used) ? s : NULL;
}

/* queue = "queue" {"flags" W {"," W} | "num" value | "to" value | "bypass" | "fanout"} */
struct ph_nft_stmt *
ph_nft_stmt_queue(struct ph_nft_parser *p, struct ph_span at)
{
	static const struct option words[] = {
		{ "flags", WITH_WORD }, { ",", WITH_WORD }, { "num", WITH_VALUE },
		{ "to", WITH_VALUE }, { "bypass", ALONE }, { "fanout", ALONE },
	};

	return PASS(p, words) ?
	    opaque_act(p, at, "a program decides about packets of this queue") : NULL;
}

/* synproxy = "synproxy" {"mss" N | "wscale" N | "timestamp" | "sack-perm" | "name" V} */
struct ph_nft_stmt *
ph_nft_stmt_synproxy(struct ph_nft_parser *p, struct ph_span at)
{
	static const struct option words[] = {
		{ "mss", WITH_WORD }, { "wscale", WITH_WORD }, { "timestamp", ALONE },
		{ "sack-perm", ALONE }, { "name", WITH_VALUE },
	};

	return PASS(p, words) ?
	    opaque_act(p, at, "synproxy answers in the server's place") : NULL;
}

/* dup = "dup" "to" value ["device" value] */
struct ph_nft_stmt *
ph_nft_stmt_dup(struct ph_nft_parser *p, struct ph_span at)
{
	static const struct option words[] = { { "to", WITH_VALUE }, { "device", WITH_VALUE } };

	return PASS(p, words) ? ph_nft_stmt_new(p, PH_NFT_NOTE, at) : NULL;
}

/* fwd = "fwd" [FAMILY] "to" value ["device" value] */
struct ph_nft_stmt *
ph_nft_stmt_fwd(struct ph_nft_parser *p, struct ph_span at)
{
	static const struct option words[] = {
		{ "ip", ALONE }, { "ip6", ALONE }, { "to", WITH_VALUE }, { "device", WITH_VALUE },
	};

	return PASS(p, words) ? opaque_act(p, at, "the packet leaves another way") : NULL;
}

/* flow = "flow" ("add" | "offload") "@" NAME */
struct ph_nft_stmt *
ph_nft_stmt_flow(struct ph_nft_parser *p, struct ph_span at)
{
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, PH_NFT_FLOW, at);
	struct ph_nft_expr *name;

	if (!ph_nft_lex_accept(&p->lx, "add") && !ph_nft_lex_accept(&p->lx, "offload")) {
		ph_nft_expr_expected(p, "\"add\"");
		return NULL;
	}
	if (!ph_nft_lex_accept(&p->lx, "@")) {
		ph_nft_expr_expected(p, "the \"@\" of a flowtable's name");
		return NULL;
	}
	name = ph_nft_expr_word(p, "the name of a flowtable");
	if (name == NULL)
		return NULL;
	s->name = name->s;
	return s;
}

/* The braces of a meter or of an addition: a key, options, statements. */
static bool
key_and_statements(struct ph_nft_parser *p, struct ph_nft_stmt *s)
{
	struct ph_nft_lex *lx = &p->lx;
	unsigned outside = lx->braces;

	if (!ph_nft_lex_accept(lx, "{")) {
		ph_nft_expr_expected(p, "\"{\"");
		return false;
	}
	while (lx->tok.kind != PH_NFT_EOF && lx->tok.kind != PH_NFT_BAD &&
	    !(ph_nft_lex_is_op(lx, "}") && lx->braces == outside + 1)) {
		s->rated |= ph_nft_lex_is(lx, "limit") || ph_nft_lex_is(lx, "quota") ||
		    ph_nft_lex_is(lx, "count");
		s->neg |= ph_nft_lex_is(lx, "over");
		ph_nft_lex_next(lx);
	}
	if (ph_nft_lex_accept(lx, "}"))
		return true;
	ph_nft_expr_expected(p, "\"}\"");
	return false;
}

/* meter = "meter" NAME ["size" N] "{" … "}" */
struct ph_nft_stmt *
ph_nft_stmt_meter(struct ph_nft_parser *p, struct ph_span at)
{
	static const struct option size[] = { { "size", WITH_WORD } };
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, PH_NFT_RATE, at);

	if (ph_nft_expr_word(p, "the name of a meter") == NULL || !PASS(p, size) ||
	    !key_and_statements(p, s))
		return NULL;
	if (!s->rated)
		s->kind = PH_NFT_NOTE;
	return s;
}

/*
 *	dynset = ("add" | "update" | "delete") "@" NAME "{" … "}"
 *	       | "set" ("add" | "update") lhs "@" NAME
 */
struct ph_nft_stmt *
ph_nft_stmt_dynset(struct ph_nft_parser *p, struct ph_span at)
{
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, PH_NFT_DYNSET, at);
	bool old = ph_nft_lex_accept(&p->lx, "add") || ph_nft_lex_accept(&p->lx, "update");
	struct ph_nft_expr *name;

	if (old && ph_nft_expr_lhs(p) == NULL)
		return NULL;
	if (old && ph_nft_lex_accept(&p->lx, "timeout") &&
	    ph_nft_expr_word(p, "a time") == NULL)
		return NULL;
	if (!ph_nft_lex_accept(&p->lx, "@")) {
		ph_nft_expr_expected(p, "the \"@\" of a set's name");
		return NULL;
	}
	name = ph_nft_expr_word(p, "the name of a set");
	if (name == NULL || (!old && !key_and_statements(p, s)))
		return NULL;
	s->name = name->s;
	return s;
}

/* xt = "xt" ("match" | "target" | "watcher") STRING */
struct ph_nft_stmt *
ph_nft_stmt_xt(struct ph_nft_parser *p, struct ph_span at)
{
	static const char *const harmless[] = {
		"LOG", "NFLOG", "TCPMSS", "CHECKSUM", "CLASSIFY", "DSCP", "TOS", "TTL",
		"HL", "TRACE", "AUDIT", "LED", "IDLETIMER", "RATEEST", "TCPOPTSTRIP",
	};
	bool target = ph_nft_lex_is(&p->lx, "target");
	struct ph_nft_stmt *s = ph_nft_stmt_new(p, target ? PH_NFT_OPAQUE_ACT :
	    PH_NFT_OPAQUE_MATCH, at);
	struct ph_nft_expr *name;

	s->why = "an extension of iptables, which nft lists by name only";
	if (ph_nft_expr_word(p, "match or target") == NULL)
		return NULL;
	name = ph_nft_expr_word(p, "a name");
	if (name == NULL)
		return NULL;
	for (size_t i = 0; target && i < sizeof(harmless) / sizeof(*harmless); i++)
		if (ph_str_eq(name->s, harmless[i]))
			s->kind = PH_NFT_NOTE;
	return s;
}

/* reset = "reset" "tcp" "option" NAME */
struct ph_nft_stmt *
ph_nft_stmt_reset(struct ph_nft_parser *p, struct ph_span at)
{
	static const struct option words[] = { { "tcp", ALONE }, { "option", WITH_WORD } };

	return PASS(p, words) ? ph_nft_stmt_new(p, PH_NFT_NOTE, at) : NULL;
}
