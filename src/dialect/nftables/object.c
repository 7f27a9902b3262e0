/* SPDX-License-Identifier: ISC */
/*
 * DOC: Named objects
 *
 *	object = kind NAME ["{" {item} "}"]
 *	kind   = "ct" ("helper" | "timeout" | "expectation") | "counter" | "quota" | "limit"
 *	       | "secmark" | "synproxy" | "flowtable"
 *
 * Every item is kept as text, to be written again; those that matter for an
 * answer are looked into: a helper's protocol, a timeout's seconds, whether a
 * limit is "over", a flowtable's devices.
 */
#include "dialect/nftables/block.h"
#include "dialect/nftables/expr.h"
#include "dialect/nftables/word.h"
#include "net/names.h"

struct items {
	const struct ph_nft_tok *v;
	size_t n;
};

static bool
tok_is(const struct items *it, size_t i, const char *word)
{
	return i < it->n && ph_str_eq(it->v[i].s, word);
}

static void
take_protocol(struct ph_nft_obj *o, const struct items *it, size_t i)
{
	uint8_t proto;

	if (i < it->n && ph_proto_parse(it->v[i].s, &proto))
		o->proto = o->timeout.proto = proto;
}

/* item = "type" STRING "protocol" P | "l3proto" FAMILY */
static void
read_helper(struct ph_nft_parser *p, struct ph_nft_obj *o, const struct items *it)
{
	if (tok_is(it, 0, "type") && it->n > 1)
		o->helper = ph_arena_dup(p->mem, it->v[1].s.s, it->v[1].s.len);
	if (tok_is(it, 2, "protocol"))
		take_protocol(o, it, 3);
	if (tok_is(it, 0, "l3proto"))
		o->family = tok_is(it, 1, "ip") ? PH_FAMILY_4 :
		    tok_is(it, 1, "ip6") ? PH_FAMILY_6 : 0;
}

/* "30", "5m", "1d2h3m4s" */
static bool
read_seconds(struct ph_str s, uint32_t *out)
{
	static const struct { char unit; uint32_t s; } units[] = {
		{ 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 },
	};
	uint64_t total = 0, v = 0;
	size_t i = 0;

	if (ph_str_u64(s, 10, UINT32_MAX, &v)) {
		*out = (uint32_t)v;
		return true;
	}
	while (i < s.len) {
		size_t from = i;
		bool found = false;

		while (i < s.len && s.s[i] >= '0' && s.s[i] <= '9')
			i++;
		if (i == s.len || !ph_str_u64((struct ph_str){ s.s + from, i - from }, 10,
		    UINT32_MAX, &v))
			return false;
		for (size_t u = 0; u < 4; u++)
			if (s.s[i] == units[u].unit) {
				total += v * units[u].s;
				found = true;
			}
		if (!found || total > UINT32_MAX)
			return false;
		i++;
	}
	*out = (uint32_t)total;
	return s.len > 0;
}

static void
set_timer(struct ph_nft_obj *o, struct ph_str state, struct ph_span at, uint32_t s)
{
	static const struct {
		const char *state;
		uint8_t proto, timer;
	} timers[] = {
		{ "unreplied", PH_UDP, PH_TIMER_UDP_UNREPLIED },
		{ "replied", PH_UDP, PH_TIMER_UDP },
		{ "established", PH_TCP, PH_TIMER_TCP },
	};

	for (size_t i = 0; i < sizeof(timers) / sizeof(*timers); i++)
		if (o->proto == timers[i].proto && ph_str_eq(state, timers[i].state))
			o->timeout.t[timers[i].timer] = (struct ph_timer_value){
				.set = true, .s = s, .at = at,
			};
}

/* item = "protocol" P | "l3proto" FAMILY | "policy" "=" "{" {STATE ":" TIME} "}" */
static void
read_timeout(struct ph_nft_parser *p, struct ph_nft_obj *o, const struct items *it)
{
	uint32_t s;

	if (tok_is(it, 0, "protocol"))
		take_protocol(o, it, 1);
	if (tok_is(it, 0, "l3proto"))
		o->timeout.families = tok_is(it, 1, "ip") ? PH_FAMILY_4 :
		    tok_is(it, 1, "ip6") ? PH_FAMILY_6 : 0;
	if (!tok_is(it, 0, "policy"))
		return;
	for (size_t i = 1; i + 2 < it->n; i++) {
		if (!tok_is(it, i + 1, ":"))
			continue;
		if (read_seconds(it->v[i + 2].s, &s))
			set_timer(o, it->v[i].s, ph_span_join(it->v[i].at, it->v[i + 2].at), s);
		else
			ph_nft_lex_error(&p->lx, "bad-time", it->v[i + 2].at,
			    "expected seconds, or a time like 1h30m");
	}
}

static void
read_over(struct ph_nft_parser *p, struct ph_nft_obj *o, const struct items *it)
{
	(void)p;
	for (size_t i = 0; i < it->n; i++)
		o->over |= tok_is(it, i, "over");
}

/* item = "devices" "=" "{" NAME {"," NAME} "}" | "hook" … | "flags" … | "counter" */
static void
read_flowtable(struct ph_nft_parser *p, struct ph_nft_obj *o, const struct items *it)
{
	(void)o;
	if (!tok_is(it, 0, "devices"))
		return;
	for (size_t i = 1; i < it->n; i++)
		if (it->v[i].kind == PH_NFT_WORD || it->v[i].kind == PH_NFT_QUOTED)
			ph_nft_word_iface(p, it->v[i].s);
}

static void
read_nothing(struct ph_nft_parser *p, struct ph_nft_obj *o, const struct items *it)
{
	(void)p;
	(void)o;
	(void)it;
}

typedef void read_h(struct ph_nft_parser *, struct ph_nft_obj *, const struct items *);

static const struct {
	const char *word, *more;	/* more: second word, or NULL */
	read_h *read;
} kinds[PH_NFT_NOBJS] = {
	[PH_NFT_O_HELPER] = { "ct", "helper", read_helper },
	[PH_NFT_O_TIMEOUT] = { "ct", "timeout", read_timeout },
	[PH_NFT_O_EXPECT] = { "ct", "expectation", read_nothing },
	[PH_NFT_O_COUNTER] = { "counter", NULL, read_nothing },
	[PH_NFT_O_QUOTA] = { "quota", NULL, read_over },
	[PH_NFT_O_LIMIT] = { "limit", NULL, read_over },
	[PH_NFT_O_SECMARK] = { "secmark", NULL, read_nothing },
	[PH_NFT_O_SYNPROXY] = { "synproxy", NULL, read_nothing },
	[PH_NFT_O_FLOWTABLE] = { "flowtable", NULL, read_flowtable },
};

bool
ph_nft_block_obj_kind(struct ph_nft_parser *p, enum ph_nft_obj_kind *kind)
{
	for (int i = 0; i < PH_NFT_NOBJS; i++) {
		if (!ph_nft_lex_is(&p->lx, kinds[i].word))
			continue;
		if (kinds[i].more != NULL &&
		    !ph_str_eq(ph_nft_lex_peek(&p->lx, 0)->s, kinds[i].more))
			continue;
		ph_nft_lex_next(&p->lx);
		if (kinds[i].more != NULL)
			ph_nft_lex_next(&p->lx);
		*kind = (enum ph_nft_obj_kind)i;
		return true;
	}
	return false;
}

/* Keep an item's text on its own line. */
static void
keep(struct ph_nft_parser *p, struct ph_buf *b, struct ph_nft_obj *o, size_t from)
{
	struct items it = { .n = p->lx.n_rec - from };

	if (it.n == 0)
		return;
	it.v = p->lx.rec + from;
	ph_buf_printf(b, "\t\t%s;\n", ph_nft_lex_join(p->mem, it.v, it.n));
	kinds[o->kind].read(p, o, &it);
}

/* items = "{" {item SEP} "}", or one item up to the end of a command */
void
ph_nft_block_obj(struct ph_nft_parser *p, struct ph_nft_obj *o)
{
	struct ph_nft_lex *lx = &p->lx;
	bool outer = lx->recording, braced = ph_nft_lex_accept(lx, "{");
	unsigned braces = lx->braces;
	struct ph_buf b;

	o->timeout.name = o->name;
	o->timeout.at = o->at;
	ph_buf_init(&b, p->mem);
	lx->recording = true;
	do {
		size_t from = lx->n_rec;

		ph_nft_lex_skip(lx, braces);
		keep(p, &b, o, from);
		if (lx->tok.kind == PH_NFT_SEP && braced)
			ph_nft_lex_next(lx);
	} while (braced && lx->tok.kind != PH_NFT_EOF && !ph_nft_lex_is_op(lx, "}"));
	lx->recording = outer;
	if (b.len > 0)
		o->text = b.s;
	if (braced && !ph_nft_lex_accept(lx, "}"))
		ph_nft_lex_error(lx, "unclosed-block", o->at, "this block is not closed");
}
