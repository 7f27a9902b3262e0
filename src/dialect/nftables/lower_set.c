/* SPDX-License-Identifier: ISC */
/*
 * DOC: Statements that set something
 *
 * Marks are followed exactly, as mark = (mark & ~mask) ^ value.  Helpers and
 * timeouts belong to connections.  Setting a field of the packet that rules look at
 * makes it another packet, which is not followed; the rest has no effect on the
 * answer.
 */
#include <string.h>

#include "dialect/nftables/lower.h"
#include "dialect/nftables/match.h"
#include "dialect/nftables/store.h"

/* A mark made of a mark: (from & and) ^ xor; a constant has and == 0. */
struct mark {
	int from;			/* PH_MARK, PH_CTMARK; -1: none */
	uint32_t and, xor;
};

static enum ph_nft_got
read_mark(struct ph_nft_lower *l, const struct ph_nft_expr *e, struct mark *m)
{
	enum ph_nft_got got;
	ph_u128 v;

	if (e->kind == PH_NFT_E_FIELD) {
		if (e->field->type != PH_NFT_T_MARK)
			return PH_NFT_UNKNOWN;
		*m = (struct mark){ e->field->dim, UINT32_MAX, 0 };
		return PH_NFT_GOT;
	}
	if (e->kind == PH_NFT_E_BIN) {
		struct mark left;

		got = read_mark(l, e->l, &left);
		if (got == PH_NFT_GOT && left.from >= 0) {
			got = ph_nft_values_one(l->p, e->r, PH_NFT_T_MARK, &v);
			if (got != PH_NFT_GOT || e->op == '<' || e->op == '>')
				return got == PH_NFT_WRONG ? got : PH_NFT_UNKNOWN;
			*m = left;
			m->and &= e->op == '&' ? (uint32_t)v :
			    e->op == '|' ? ~(uint32_t)v : UINT32_MAX;
			m->xor = e->op == '&' ? m->xor & (uint32_t)v : e->op == '|' ?
			    (m->xor & ~(uint32_t)v) ^ (uint32_t)v : m->xor ^ (uint32_t)v;
			return PH_NFT_GOT;
		}
		if (got != PH_NFT_GOT)
			return got;
	}
	got = ph_nft_values_one(l->p, e, PH_NFT_T_MARK, &v);
	*m = (struct mark){ -1, 0, got == PH_NFT_GOT ? (uint32_t)v : 0 };
	return got;
}

/* A mark that is not known matters only where one is tested. */
static void
unknown_mark(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	if (l->p->mark_tests > 0)
		ph_nft_draft_opaque_act(l, d, s, "the mark it sets cannot be told");
	else
		ph_nft_draft_act(l, d, PH_ACT_NOTE, s->at)->text = ph_nft_draft_text(l, s);
}

static bool
set_mark(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct ph_nft_expr *v)
{
	enum ph_dim dim = (enum ph_dim)s->l->field->dim;
	enum ph_nft_got got;
	struct ph_act *a;
	struct mark m;

	got = read_mark(l, v, &m);
	if (got == PH_NFT_WRONG)
		return false;
	if (got == PH_NFT_UNKNOWN || (m.from >= 0 && m.from != (int)dim &&
	    (m.and != UINT32_MAX || m.xor != 0))) {
		unknown_mark(l, d, s);
		return true;
	}
	if (m.from >= 0 && m.from != (int)dim) {
		a = ph_nft_draft_act(l, d, dim == PH_MARK ? PH_ACT_CT_TO_MARK :
		    PH_ACT_MARK_TO_CT, s->at);
		a->mark.mask = UINT32_MAX;
		return true;
	}
	a = ph_nft_draft_act(l, d, dim == PH_MARK ? PH_ACT_MARK : PH_ACT_CTMARK, s->at);
	a->mark.mask = ~m.and;
	a->mark.value = m.xor;
	return true;
}

static struct ph_nft_obj *
find_obj(struct ph_nft_lower *l, enum ph_nft_obj_kind kind, const struct ph_nft_expr *v)
{
	struct ph_nft_obj *o = NULL;

	if (v->kind == PH_NFT_E_WORD)
		o = ph_nft_store_obj_find(l->table, kind, v->s);
	if (o == NULL)
		ph_nft_lex_error(&l->p->lx, "unknown-object", v->at,
		    "there is no such object in table \"%s\"", l->table->title);
	return o;
}

/* The protocol that an ALG is known by. */
static const char *
helper_protocol(const struct ph_nft_obj *o)
{
	static const char *const h323[] = { "RAS", "Q.931", "H.245" };

	for (size_t i = 0; i < sizeof(h323) / sizeof(*h323); i++)
		if (o->helper != NULL && strcmp(o->helper, h323[i]) == 0)
			return "h323";
	return o->helper == NULL ? o->name : o->helper;
}

/* The same as a text of its own, by which emit finds the object again. */
static const char *
helper_text(struct ph_nft_lower *l, struct ph_nft_obj *o)
{
	const char **key;

	if (o->protocol == NULL) {
		const char *s = helper_protocol(o);

		o->protocol = ph_arena_dup(l->mem, s, strlen(s));
		key = PH_NEW(l->mem, const char *);
		*key = o->protocol;
		*ph_map_at(l->mem, l->texts, (const char *)key, sizeof(*key)) =
		    (void *)(uintptr_t)o->name;
	}
	return o->protocol;
}

/*
 * A helper is for one protocol (and perhaps family), and ignored for others: a rule
 * of its own says so, and the statements after it go on for all.
 */
static bool
set_helper(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct ph_nft_expr *v)
{
	struct ph_nft_obj *o = find_obj(l, PH_NFT_O_HELPER, v);
	const struct ph_ranges *proto = d->d[PH_PROTO];
	struct ph_nft_draft own;

	if (o == NULL)
		return false;
	if (o->family == 0 && proto != NULL && proto->n == 1 &&
	    proto->r[0].lo == o->proto && proto->r[0].hi == o->proto) {
		ph_nft_draft_act(l, d, PH_ACT_HELPER, s->at)->text = helper_text(l, o);
		return true;
	}
	ph_nft_draft_settle(l, d);
	own = *d;
	own.acts = NULL;
	own.n_acts = own.cap_acts = 0;
	ph_nft_draft_implied(l, &own, o->family, o->proto, s->at);
	ph_nft_draft_act(l, &own, PH_ACT_HELPER, s->at)->text = helper_text(l, o);
	ph_nft_draft_finish(l, &own, l->rule->at);
	return true;
}

static bool
set_timeout(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct ph_nft_expr *v)
{
	struct ph_nft_obj *o = find_obj(l, PH_NFT_O_TIMEOUT, v);

	if (o == NULL)
		return false;
	ph_nft_draft_act(l, d, PH_ACT_TIMEOUT, s->at)->timeout = &o->timeout;
	return true;
}

static bool
set_nothing(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct ph_nft_expr *v)
{
	(void)v;
	ph_nft_draft_act(l, d, PH_ACT_NOTE, s->at)->text = ph_nft_draft_text(l, s);
	return true;
}

static bool
set_zone(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct ph_nft_expr *v)
{
	(void)v;
	ph_nft_draft_opaque_act(l, d, s, "whether replies come in the same zone");
	return true;
}

static bool
set_packet(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s,
    const struct ph_nft_expr *v)
{
	(void)v;
	ph_nft_draft_opaque_act(l, d, s, "it makes another packet of this one");
	return true;
}

/* What a selector is that something is set to. */
static ph_nft_apply_h *
apply_of(const struct ph_nft_expr *lhs)
{
	static const struct {
		const char *word;
		ph_nft_apply_h *apply;
	} objects[] = {
		{ "helper", set_helper }, { "timeout", set_timeout }, { "zone", set_zone },
	};
	const struct ph_nft_field *f;

	if (lhs->kind != PH_NFT_E_FIELD)
		return set_packet;
	f = lhs->field;
	if (f->type == PH_NFT_T_MARK)
		return set_mark;
	if (f->sense == PH_NFT_S_DIM || f->sense == PH_NFT_S_TH)
		return set_packet;
	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++)
		if (strcmp(f->word, objects[i].word) == 0)
			return objects[i].apply;
	return set_nothing;
}

/* Does a map look up what it sets? */
static bool
feeds_itself(const struct ph_nft_stmt *s)
{
	const struct ph_nft_field *f[16];
	size_t n = s->r->kind == PH_NFT_E_MAP ? ph_nft_match_fields(s->r->l, f, 16) : 0;

	for (size_t i = 0; i < n; i++)
		if (f[i] == s->l->field)
			return true;
	return false;
}

enum ph_nft_step
ph_nft_lower_set(struct ph_nft_lower *l, struct ph_nft_draft *d, const struct ph_nft_stmt *s)
{
	ph_nft_apply_h *apply = apply_of(s->l);

	if (apply != set_mark && s->l->kind == PH_NFT_E_FIELD)
		ph_nft_draft_implied(l, d, s->l->field->family, s->l->field->proto, s->at);
	if (apply == set_mark && feeds_itself(s)) {
		unknown_mark(l, d, s);
		return PH_NFT_NEXT;
	}
	if (apply == set_nothing || apply == set_packet || apply == set_zone)
		return apply(l, d, s, s->r) ? PH_NFT_NEXT : PH_NFT_FAIL;
	return ph_nft_lower_value(l, d, s, s->r, apply);
}
