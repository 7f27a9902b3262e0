/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/nftables/store.h"
#include "dialect/nftables/values.h"
#include "dialect/nftables/word.h"

enum { IFACE_MAX = 15, SHOWN = 60 };

struct vec {
	struct ph_range *v;
	size_t n, cap;
};

bool
ph_nft_values_bits(enum ph_nft_type type)
{
	return type == PH_NFT_T_STATE || type == PH_NFT_T_STATUS || type == PH_NFT_T_FLAGS;
}

struct ph_range
ph_nft_values_domain(enum ph_nft_type type)
{
	switch (type) {
	case PH_NFT_T_V4:
		return PH_ANY_V4;
	case PH_NFT_T_V6:
		return PH_ANY_V6;
	case PH_NFT_T_PORT:
	case PH_NFT_T_ETHERTYPE:
	case PH_NFT_T_FRAG:
		return (struct ph_range){ 0, 65535 };
	case PH_NFT_T_MARK:
	case PH_NFT_T_UID:
	case PH_NFT_T_STATUS:
		return (struct ph_range){ 0, UINT32_MAX };
	case PH_NFT_T_IFACE:
		return PH_ANY;
	default:
		return (struct ph_range){ 0, 255 };
	}
}

static enum ph_nft_got
wrong(struct ph_nft_parser *p, const struct ph_nft_expr *e, enum ph_nft_type type)
{
	const char *near = NULL;

	if (e->kind == PH_NFT_E_WORD)
		near = ph_nft_word_nearest(type, e->s);
	if (near != NULL)
		ph_nft_lex_error(&p->lx, "bad-value", e->at,
		    "\"%.*s\" is not %s; did you mean \"%s\"?",
		    (int)(e->s.len > SHOWN ? SHOWN : e->s.len), e->s.s,
		    ph_nft_word_type_title(type), near);
	else
		ph_nft_lex_error(&p->lx, "bad-value", e->at, "expected %s",
		    ph_nft_word_type_title(type));
	return PH_NFT_WRONG;
}

static bool
is_name(struct ph_str s)
{
	return s.len > 0 && ((s.s[0] >= 'a' && s.s[0] <= 'z') ||
	    (s.s[0] >= 'A' && s.s[0] <= 'Z'));
}

static enum ph_nft_got
address(struct ph_nft_parser *p, const struct ph_nft_expr *e, enum ph_nft_type type,
    ph_u128 *out)
{
	if (ph_addr_parse(e->s, out))
		return ph_addr_is_v4(*out) == (type == PH_NFT_T_V4) ? PH_NFT_GOT :
		    wrong(p, e, type);
	if (!is_name(e->s) || memchr(e->s.s, ':', e->s.len) != NULL)
		return wrong(p, e, type);
	ph_diag(p->lx.diags, PH_WARN, "unresolved-name", e->at,
	    "the address of a name is not in the text; treated as unknown");
	return PH_NFT_UNKNOWN;
}

/* An interface's name; a trailing star stands for any ending. */
static enum ph_nft_got
iface(struct ph_nft_parser *p, const struct ph_nft_expr *e, struct ph_range *out)
{
	struct ph_str s = e->s;
	uint64_t index;

	if (!e->quoted && ph_str_u64(s, 10, UINT32_MAX, &index))
		return PH_NFT_UNKNOWN;
	if (s.len > 1 && s.s[s.len - 1] == '*' && s.s[s.len - 2] != '\\') {
		s.len--;
		if (s.len > IFACE_MAX)
			return wrong(p, e, PH_NFT_T_IFACE);
		*out = ph_iface_range(s);
		return PH_NFT_GOT;
	}
	if (s.len > 2 && s.s[s.len - 2] == '\\') {
		char *plain = ph_arena_dup(p->mem, s.s, s.len - 1);

		plain[s.len - 2] = '*';
		s = ph_str(plain);
	}
	if (s.len == 0 || s.len > IFACE_MAX)
		return wrong(p, e, PH_NFT_T_IFACE);
	ph_nft_word_iface(p, s);
	out->lo = out->hi = ph_iface_encode(s);
	return PH_NFT_GOT;
}

/* Users and marks may have names on the host that we do not know. */
static bool
named_elsewhere(enum ph_nft_type type, struct ph_str s)
{
	return (type == PH_NFT_T_UID || type == PH_NFT_T_MARK ||
	    type == PH_NFT_T_ADDRTYPE) && is_name(s);
}

static enum ph_nft_got
word(struct ph_nft_parser *p, const struct ph_nft_expr *e, enum ph_nft_type type,
    ph_u128 *out)
{
	struct ph_range r;
	uint64_t v;

	if (type == PH_NFT_T_V4 || type == PH_NFT_T_V6)
		return address(p, e, type, out);
	if (type == PH_NFT_T_IFACE) {
		enum ph_nft_got got = iface(p, e, &r);

		*out = r.lo;
		return got == PH_NFT_GOT && r.lo != r.hi ? PH_NFT_UNKNOWN : got;
	}
	if (type == PH_NFT_T_UID && ph_str_eq(e->s, "root")) {
		*out = 0;
		return PH_NFT_GOT;
	}
	if (ph_nft_word_value(type, e->s, &v)) {
		*out = v;
		return PH_NFT_GOT;
	}
	return named_elsewhere(type, e->s) ? PH_NFT_UNKNOWN : wrong(p, e, type);
}

static enum ph_nft_got
binary(struct ph_nft_parser *p, const struct ph_nft_expr *e, enum ph_nft_type type,
    ph_u128 *out)
{
	ph_u128 l, r;
	enum ph_nft_got got = ph_nft_values_one(p, e->l, type, &l);

	if (got == PH_NFT_GOT)
		got = ph_nft_values_one(p, e->r, type, &r);
	if (got != PH_NFT_GOT)
		return got;
	switch (e->op) {
	case '&':
		*out = l & r;
		return got;
	case '|':
		*out = l | r;
		return got;
	case '^':
		*out = l ^ r;
		return got;
	default:
		if (r > 31)
			return wrong(p, e->r, type);
		*out = (uint32_t)(e->op == '<' ? l << (unsigned)r : l >> (unsigned)r);
		return got;
	}
}

enum ph_nft_got
ph_nft_values_one(struct ph_nft_parser *p, const struct ph_nft_expr *e,
    enum ph_nft_type type, ph_u128 *out)
{
	enum ph_nft_got got = PH_NFT_GOT;
	ph_u128 v;

	switch (e->kind) {
	case PH_NFT_E_WORD:
		return word(p, e, type, out);
	case PH_NFT_E_BIN:
		return binary(p, e, type, out);
	case PH_NFT_E_LIST:
		*out = 0;
		for (e = e->first; e != NULL && got == PH_NFT_GOT; e = e->next) {
			got = ph_nft_values_one(p, e, type, &v);
			*out |= got == PH_NFT_GOT ? v : 0;
		}
		return got;
	case PH_NFT_E_RANGE:
	case PH_NFT_E_PREFIX:
	case PH_NFT_E_SET:
	case PH_NFT_E_REF:
	case PH_NFT_E_CONCAT:
		ph_nft_lex_error(&p->lx, "bad-value", e->at, "expected a single value: %s",
		    ph_nft_word_type_title(type));
		return PH_NFT_WRONG;
	default:
		return PH_NFT_UNKNOWN;
	}
}

static enum ph_nft_got
range(struct ph_nft_parser *p, const struct ph_nft_expr *e, enum ph_nft_type type,
    struct ph_range *out)
{
	enum ph_nft_got got = ph_nft_values_one(p, e->l, type, &out->lo);

	if (got == PH_NFT_GOT)
		got = ph_nft_values_one(p, e->r, type, &out->hi);
	if (got != PH_NFT_GOT || out->lo <= out->hi)
		return got;
	ph_nft_lex_error(&p->lx, "bad-range", e->at, "this range does not rise");
	return PH_NFT_WRONG;
}

static enum ph_nft_got
prefix(struct ph_nft_parser *p, const struct ph_nft_expr *e, enum ph_nft_type type,
    struct ph_range *out)
{
	bool v6 = type == PH_NFT_T_V6;
	enum ph_nft_got got;
	ph_u128 base;
	uint64_t len;

	if (type != PH_NFT_T_V4 && !v6)
		return wrong(p, e, type);
	got = ph_nft_values_one(p, e->l, type, &base);
	if (got != PH_NFT_GOT)
		return got;
	if (e->r->kind != PH_NFT_E_WORD || !ph_str_u64(e->r->s, 10, v6 ? 128 : 32, &len)) {
		ph_nft_lex_error(&p->lx, "bad-prefix", e->r->at,
		    "expected a prefix length within 0-%d", v6 ? 128 : 32);
		return PH_NFT_WRONG;
	}
	*out = ph_prefix_range(base, (unsigned)len);
	return PH_NFT_GOT;
}

static enum ph_nft_got collect(struct ph_nft_parser *, const struct ph_nft_expr *,
    enum ph_nft_type, struct vec *);

static enum ph_nft_got
elements(struct ph_nft_parser *p, const struct ph_nft_expr *e, enum ph_nft_type type,
    struct vec *out)
{
	enum ph_nft_got all = PH_NFT_GOT;

	for (; e != NULL; e = e->next) {
		enum ph_nft_got got = collect(p, e->kind == PH_NFT_E_ELEM ? e->l : e, type, out);

		if (got > all)
			all = got;
	}
	return all;
}

static enum ph_nft_got
collect(struct ph_nft_parser *p, const struct ph_nft_expr *e, enum ph_nft_type type,
    struct vec *out)
{
	struct ph_range r = { 0, 0 };
	enum ph_nft_got got;

	switch (e->kind) {
	case PH_NFT_E_SET:
		return elements(p, e->first, type, out);
	case PH_NFT_E_ANY:
		r = ph_nft_values_domain(type);
		got = PH_NFT_GOT;
		break;
	case PH_NFT_E_RANGE:
		got = range(p, e, type, &r);
		break;
	case PH_NFT_E_PREFIX:
		got = prefix(p, e, type, &r);
		break;
	case PH_NFT_E_WORD:
		if (type == PH_NFT_T_IFACE) {
			got = iface(p, e, &r);
			break;
		}
		/* fall through */
	default:
		got = ph_nft_values_one(p, e, type, &r.lo);
		r.hi = r.lo;
	}
	if (got == PH_NFT_GOT)
		*PH_PUSH(p->mem, out->v, out->n, out->cap) = r;
	return got;
}

struct ph_nft_set *
ph_nft_values_set(struct ph_nft_parser *p, struct ph_nft_table *t,
    const struct ph_nft_expr *e)
{
	struct ph_nft_set *s = ph_nft_store_set_find(t, e->s);
	const char *words[256], *near;
	size_t n = 0;

	if (s != NULL)
		return s;
	for (s = t->sets; s != NULL && n < 256; s = s->next)
		words[n++] = s->name;
	near = ph_str_nearest(e->s, words, n);
	ph_nft_lex_error(&p->lx, "unknown-set", e->at,
	    "there is no set \"%.*s\" in table \"%s\"%s%s%s", (int)e->s.len, e->s.s, t->title,
	    near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
	    near == NULL ? "" : "\"?");
	return NULL;
}

const char *
ph_nft_values_changing(const struct ph_nft_set *s)
{
	if (s->dynamic || s->changed)
		return "rules change what is in this set";
	return s->expires || (s->timeout && s->n > 0) ? "elements of this set expire" : NULL;
}

/* The elements of a named set, read once for every type it is used with. */
static enum ph_nft_got
named(struct ph_nft_parser *p, struct ph_nft_table *t, const struct ph_nft_expr *e,
    enum ph_nft_type type, const struct ph_ranges **out)
{
	struct ph_nft_set *s = ph_nft_values_set(p, t, e);
	struct vec v = { 0 }, gone = { 0 };
	struct ph_nft_values *c;

	if (s == NULL)
		return PH_NFT_WRONG;
	if (ph_nft_values_changing(s) != NULL)
		return PH_NFT_UNKNOWN;
	for (c = s->cache; c != NULL; c = c->next)
		if (c->type == type) {
			*out = c->in;
			return c->got;
		}
	c = PH_NEW(p->mem, struct ph_nft_values);
	c->type = type;
	c->got = elements(p, s->first, type, &v);
	c->in = ph_ranges_from(p->mem, v.v, v.n);
	if (s->removed != NULL && elements(p, s->removed, type, &gone) == PH_NFT_GOT)
		c->in = ph_ranges_subtract(p->mem, c->in,
		    ph_ranges_from(p->mem, gone.v, gone.n));
	c->next = s->cache;
	s->cache = c;
	*out = c->in;
	return c->got;
}

enum ph_nft_got
ph_nft_values_read(struct ph_nft_parser *p, struct ph_nft_table *t,
    const struct ph_nft_expr *e, enum ph_nft_type type, const struct ph_ranges **out)
{
	struct ph_range few[4];		/* nearly always enough */
	struct vec v = { few, 0, sizeof(few) / sizeof(*few) };
	enum ph_nft_got got;

	if (e->kind == PH_NFT_E_REF)
		return named(p, t, e, type, out);
	got = collect(p, e, type, &v);
	if (got == PH_NFT_GOT)
		*out = ph_ranges_from(p->mem, v.v, v.n);
	return got;
}
