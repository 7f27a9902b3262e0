/* SPDX-License-Identifier: ISC */
/*
 * DOC: Reading selectors
 *
 *	selector = PROTO FIELD | META-KEY
 *	         | "ct" ("original" | "reply") ["ip" | "ip6"] FIELD
 *	         | "fib" KEY {"." KEY} RESULT
 *	         | PROTO ("option" | "chunk") NAME [FIELD]
 *	         | "numgen" … | "jhash" … | "symhash" … | "@" BASE "," OFF "," LEN | …
 *
 * What is looked at but not judged (options, hashes of packets, routing) is read
 * with as much syntax as it takes to find its end.
 */
#include "dialect/nftables/expr.h"
#include "dialect/nftables/field.h"
#include "dialect/nftables/selector.h"
#include "net/names.h"

typedef struct ph_nft_expr *read_h(struct ph_nft_parser *, struct ph_span);

static struct ph_nft_expr *
field_expr(struct ph_nft_parser *p, const struct ph_nft_field *f, struct ph_span from)
{
	struct ph_nft_expr *e = ph_nft_expr_new(p, PH_NFT_E_FIELD,
	    ph_span_join(from, p->lx.last));

	e->field = f;
	p->mark_tests += f->type == PH_NFT_T_MARK;
	return e;
}

static struct ph_nft_expr *
dark(struct ph_nft_parser *p, struct ph_span from)
{
	return field_expr(p, ph_nft_field_opaque(), from);
}

static bool
accept_any(struct ph_nft_parser *p, const char *const *words)
{
	for (; *words != NULL; words++)
		if (ph_nft_lex_accept(&p->lx, *words))
			return true;
	return false;
}

/* Pass a word, or report. */
static bool
pass_word(struct ph_nft_parser *p, const char *what)
{
	if (p->lx.tok.kind != PH_NFT_WORD && p->lx.tok.kind != PH_NFT_QUOTED) {
		ph_nft_expr_expected(p, what);
		return false;
	}
	ph_nft_lex_next(&p->lx);
	return true;
}

/* fib = "fib" KEY {"." KEY} ("oif" | "oifname" | "type" | "check") */
static struct ph_nft_expr *
read_fib(struct ph_nft_parser *p, struct ph_span from)
{
	bool dst = ph_nft_lex_is(&p->lx, "daddr"), src = ph_nft_lex_is(&p->lx, "saddr");
	unsigned keys = 0;
	bool type;

	do {
		if (!pass_word(p, "saddr, daddr, mark, iif or oif"))
			return NULL;
		keys++;
	} while (ph_nft_lex_accept(&p->lx, "."));
	type = ph_nft_lex_is(&p->lx, "type");
	if (!pass_word(p, "oif, oifname, type or check"))
		return NULL;
	if (type && keys == 1 && (dst || src))
		return field_expr(p, ph_nft_field_local(dst), from);
	return dark(p, from);
}

/* ct = "ct" [DIRECTION] ["ip" | "ip6"] FIELD */
static struct ph_nft_expr *
read_ct(struct ph_nft_parser *p, struct ph_span from)
{
	static const char *const words[] = { "original", "reply", NULL };
	bool original = ph_nft_lex_is(&p->lx, "original"), v6 = false;
	bool directed = accept_any(p, words);
	const struct ph_nft_field *f;
	struct ph_str word;

	if (directed && !ph_nft_lex_accept(&p->lx, "ip"))
		v6 = ph_nft_lex_accept(&p->lx, "ip6");
	word = p->lx.tok.s;
	f = ph_nft_field_find(PH_STR("ct"), word);
	if (f == NULL || p->lx.tok.kind != PH_NFT_WORD) {
		const char *near = ph_nft_field_nearest(PH_STR("ct"), word);

		ph_nft_expr_expected(p, near == NULL ? "a key of \"ct\"" : near);
		return NULL;
	}
	ph_nft_lex_next(&p->lx);
	if (original)
		f = ph_nft_field_orig(word, v6);
	else if (directed)
		f = NULL;
	return f == NULL ? dark(p, from) : field_expr(p, f, from);
}

/* numgen = "numgen" ("inc" | "random") "mod" NUM ["offset" NUM] */
static struct ph_nft_expr *
read_choice(struct ph_nft_parser *p, struct ph_span from)
{
	static const char *const words[] = { "inc", "random", NULL };

	if (!accept_any(p, words) && !ph_nft_lex_is(&p->lx, "mod") &&
	    ph_nft_expr_lhs(p) == NULL)
		return NULL;
	if (!ph_nft_lex_accept(&p->lx, "mod")) {
		ph_nft_expr_expected(p, "mod");
		return NULL;
	}
	if (!pass_word(p, "a number"))
		return NULL;
	while (ph_nft_lex_accept(&p->lx, "seed") || ph_nft_lex_accept(&p->lx, "offset"))
		if (!pass_word(p, "a number"))
			return NULL;
	return ph_nft_expr_new(p, PH_NFT_E_CHOICE, ph_span_join(from, p->lx.last));
}

/* exthdr = "exthdr" NAME */
static struct ph_nft_expr *
read_exthdr(struct ph_nft_parser *p, struct ph_span from)
{
	bool frag = ph_nft_lex_is(&p->lx, "frag");

	if (!pass_word(p, "the name of an extension header"))
		return NULL;
	return frag ? field_expr(p, ph_nft_field_find(PH_STR("frag"), PH_STR("frag-off")),
	    from) : dark(p, from);
}

/* socket = "socket" ("transparent" | "mark" | "wildcard" | "cgroupv2" "level" NUM) */
static struct ph_nft_expr *
read_socket(struct ph_nft_parser *p, struct ph_span from)
{
	if (!pass_word(p, "transparent, mark, wildcard or cgroupv2"))
		return NULL;
	if (ph_nft_lex_accept(&p->lx, "level") && !pass_word(p, "a number"))
		return NULL;
	return dark(p, from);
}

/* ipsec = "ipsec" ("in" | "out") ["spnum" NUM] (["ip" | "ip6"] "saddr" | … | "spi") */
static struct ph_nft_expr *
read_ipsec(struct ph_nft_parser *p, struct ph_span from)
{
	static const char *const family[] = { "ip", "ip6", NULL };

	if (!pass_word(p, "in or out"))
		return NULL;
	if (ph_nft_lex_accept(&p->lx, "spnum") && !pass_word(p, "a number"))
		return NULL;
	accept_any(p, family);
	return pass_word(p, "saddr, daddr, reqid or spi") ? dark(p, from) : NULL;
}

/* rt = "rt" ["ip" | "ip6"] FIELD */
static struct ph_nft_expr *
read_rt(struct ph_nft_parser *p, struct ph_span from)
{
	static const char *const family[] = { "ip", "ip6", NULL };

	accept_any(p, family);
	return pass_word(p, "classid, nexthop, mtu or ipsec") ? dark(p, from) : NULL;
}

/* osf = "osf" ["ttl" WORD] ("name" | "version") */
static struct ph_nft_expr *
read_osf(struct ph_nft_parser *p, struct ph_span from)
{
	if (ph_nft_lex_accept(&p->lx, "ttl") && !pass_word(p, "loose or skip"))
		return NULL;
	return pass_word(p, "name or version") ? dark(p, from) : NULL;
}

static const struct {
	const char *word;
	read_h *read;
} special[] = {
	{ "ct", read_ct }, { "fib", read_fib }, { "numgen", read_choice },
	{ "jhash", read_choice }, { "symhash", read_choice },
	{ "exthdr", read_exthdr }, { "socket", read_socket },
	{ "ipsec", read_ipsec }, { "rt", read_rt }, { "osf", read_osf },
};

enum { N_SPECIAL = sizeof(special) / sizeof(*special) };

static read_h *
special_find(struct ph_str word)
{
	for (size_t i = 0; i < N_SPECIAL; i++)
		if (ph_nft_lex_same(word, special[i].word))
			return special[i].read;
	return NULL;
}

/* raw = "@" ("ll" | "nh" | "th" | "ih") "," OFF "," LEN */
static struct ph_nft_expr *
read_raw(struct ph_nft_parser *p)
{
	struct ph_span from = p->lx.tok.at;

	ph_nft_lex_next(&p->lx);
	ph_nft_lex_next(&p->lx);
	for (int i = 0; i < 2; i++)
		if (!ph_nft_lex_accept(&p->lx, ",") || !pass_word(p, "a number of bits")) {
			ph_nft_expr_expected(p, "offset and length");
			return NULL;
		}
	return dark(p, from);
}

/* option = PROTO ("option" | "chunk") NAME [FIELD] */
static struct ph_nft_expr *
read_option(struct ph_nft_parser *p, struct ph_str proto, struct ph_span from)
{
	static const char *const fields[] = {
		"kind", "length", "size", "count", "left", "right", "tsval", "tsecr",
		"type", "ptr", "value", "addr", "seq", "flags", "tsn", "stream", "ssn",
		"ppid", "init-tag", "a-rwnd", "num-outbound-streams", "mptcp", "subtype",
		"num-inbound-streams", "initial-tsn", "cum-tsn-ack", "num-gap-ack-blocks",
		"num-dup-tsns", "lowest-tsn", "seqno", "new-cum-tsn", "offset", NULL,
	};
	const struct ph_nft_field *f;

	ph_nft_lex_next(&p->lx);
	if (ph_nft_lex_accept(&p->lx, "@")) {
		while (!ph_nft_lex_at_end(&p->lx) && (p->lx.tok.kind == PH_NFT_WORD ||
		    ph_nft_lex_is_op(&p->lx, ",")))
			ph_nft_lex_next(&p->lx);
		return dark(p, from);
	}
	if (!pass_word(p, "the name of an option"))
		return NULL;
	accept_any(p, fields);
	/* the row of something that is not judged and implies the same */
	f = ph_nft_field_find(proto, ph_nft_lex_same(proto, "tcp") ? PH_STR("window") :
	    ph_nft_lex_same(proto, "ip") ? PH_STR("id") :
	    ph_nft_lex_same(proto, "sctp") ? PH_STR("vtag") : PH_STR("type"));
	return f == NULL ? dark(p, from) : field_expr(p, f, from);
}

bool
ph_nft_selector_starts(struct ph_nft_parser *p)
{
	const struct ph_nft_tok *t = &p->lx.tok, *next;

	if (ph_nft_lex_is_op(&p->lx, "@")) {
		next = ph_nft_lex_peek(&p->lx, 0);
		return next->kind == PH_NFT_WORD && next->s.len == 2 &&
		    ph_nft_lex_peek(&p->lx, 1)->kind == PH_NFT_OP &&
		    ph_nft_lex_same(ph_nft_lex_peek(&p->lx, 1)->s, ",");
	}
	if (t->kind != PH_NFT_WORD)
		return false;
	if (special_find(t->s) != NULL || ph_nft_field_bare(t->s) != NULL)
		return true;
	next = ph_nft_lex_peek(&p->lx, 0);
	return next->kind == PH_NFT_WORD && ph_nft_field_is_proto(t->s);
}

static struct ph_nft_expr *
unknown_field(struct ph_nft_parser *p, struct ph_str proto)
{
	const char *near = ph_nft_field_nearest(proto, p->lx.tok.s);

	if (p->lx.tok.kind == PH_NFT_BAD)
		return NULL;
	ph_nft_lex_error(&p->lx, "unknown-field", p->lx.tok.at,
	    "\"%.*s\" has no field \"%.*s\"%s%s%s", (int)proto.len, proto.s,
	    (int)p->lx.tok.s.len, p->lx.tok.s.s,
	    near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
	    near == NULL ? "" : "\"?");
	return NULL;
}

struct ph_nft_expr *
ph_nft_selector(struct ph_nft_parser *p)
{
	struct ph_nft_tok t = p->lx.tok;
	const struct ph_nft_field *f;
	read_h *read;

	if (ph_nft_lex_is_op(&p->lx, "@"))
		return read_raw(p);
	read = special_find(t.s);
	f = read == NULL ? ph_nft_field_bare(t.s) : NULL;
	ph_nft_lex_next(&p->lx);
	if (read != NULL)
		return read(p, t.at);
	if (f != NULL)
		return field_expr(p, f, t.at);
	if (ph_nft_lex_is(&p->lx, "option") || ph_nft_lex_is(&p->lx, "chunk"))
		return read_option(p, t.s, t.at);
	f = ph_nft_field_find(t.s, p->lx.tok.s);
	if (f == NULL || p->lx.tok.kind != PH_NFT_WORD)
		return unknown_field(p, t.s);
	ph_nft_lex_next(&p->lx);
	return field_expr(p, f, t.at);
}
