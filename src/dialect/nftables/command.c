/* SPDX-License-Identifier: ISC */
/*
 * DOC: Commands
 *
 *	file    = {[common | command] SEP}
 *	command = ["nft"] [verb] object
 *	object  = "table" [FAMILY] T [block] | "chain" [FAMILY] T C [block]
 *	        | "rule" [FAMILY] T C [place] rule | "element" [FAMILY] T S set
 *	        | ("set" | "map") [FAMILY] T S [block] | kind [FAMILY] T NAME [block]
 *	        | "ruleset" [FAMILY]
 *	place   = ("handle" | "position" | "index") NUMBER
 *
 * They are applied as they come, so that what is left at the end is what the
 * kernel would hold.  A rule can be named by a handle that only the kernel knows:
 * then what the command did is not known, and that is a gap.
 */
#include "dialect/nftables/block.h"
#include "dialect/nftables/command.h"
#include "dialect/nftables/expr.h"
#include "dialect/nftables/stmt.h"
#include "dialect/nftables/store.h"
#include "dialect/nftables/word.h"

enum verb { ADD, INSERT, REPLACE, DELETE, FLUSH, RENAME, IGNORE };

struct place {
	enum { NOWHERE, HANDLE, INDEX } kind;
	uint64_t n;
	struct ph_span at;
};

/* The table that a command names. */
struct target {
	struct ph_str family, table;
	struct ph_span at;
};

static bool
read_target(struct ph_nft_parser *p, struct target *t)
{
	struct ph_nft_lex *lx = &p->lx;

	t->family = PH_STR("ip");
	t->at = lx->tok.at;
	if (lx->tok.kind == PH_NFT_WORD && ph_nft_store_is_family(lx->tok.s)) {
		t->family = lx->tok.s;
		ph_nft_lex_next(lx);
	}
	t->table = ph_nft_block_name(p, "the name of a table");
	t->at = ph_span_join(t->at, lx->last);
	return t->table.s != NULL;
}

/* The table, which must be there unless the command makes it. */
static struct ph_nft_table *
find_table(struct ph_nft_parser *p, const struct target *t, bool quiet)
{
	struct ph_nft_table *found = ph_nft_store_table_find(p, t->family, t->table);

	if (found == NULL && !quiet)
		ph_nft_lex_error(&p->lx, "unknown-table", t->at,
		    "there is no table \"%.*s %.*s\"", (int)t->family.len, t->family.s,
		    (int)t->table.len, t->table.s);
	return found;
}

static void
unknown_change(struct ph_nft_parser *p, struct ph_span at, const char *why)
{
	ph_ruleset_gap(p->mem, p->rs, at, why);
	ph_diag(p->lx.diags, PH_WARN, "unread-command", at, "%s", why);
}

/* table = "table" [FAMILY] T [block] */
static bool
do_table(struct ph_nft_parser *p, enum verb verb)
{
	struct target name;
	struct ph_nft_table *t;

	if (!read_target(p, &name))
		return false;
	if (verb == ADD) {
		t = ph_nft_store_table(p, name.family, name.table, name.at);
		if (ph_nft_lex_is_op(&p->lx, "{"))
			ph_nft_block_table(p, t);
		return true;
	}
	t = find_table(p, &name, true);
	if (t != NULL && verb == FLUSH)
		ph_nft_store_flush(t);
	if (t != NULL && verb == DELETE)
		ph_nft_store_remove_table(p, t);
	return true;
}

/* chain = "chain" [FAMILY] T C [block | NAME] */
static bool
do_chain(struct ph_nft_parser *p, enum verb verb)
{
	struct target name;
	struct ph_nft_table *t;
	struct ph_nft_chain *c;
	struct ph_span at;
	struct ph_str chain;

	if (!read_target(p, &name))
		return false;
	at = p->lx.tok.at;
	chain = ph_nft_block_name(p, "the name of a chain");
	t = chain.s == NULL ? NULL : find_table(p, &name, verb == DELETE);
	if (t == NULL)
		return chain.s != NULL && verb == DELETE;
	c = ph_nft_store_chain_find(t, chain);
	if (verb == ADD) {
		c = ph_nft_store_chain(p, t, chain, at);
		p->table = t;
		if (ph_nft_lex_is_op(&p->lx, "{"))
			ph_nft_block_chain(p, c);
		return true;
	}
	if (c != NULL && verb == FLUSH)
		ph_nft_store_flush_chain(c);
	if (c != NULL && verb == DELETE)
		ph_nft_store_remove_chain(p, c);
	if (c != NULL && verb == RENAME) {
		chain = ph_nft_block_name(p, "the new name");
		if (chain.s == NULL)
			return false;
		ph_nft_store_rename_chain(p, c, chain);
	}
	return true;
}

/* place = ("handle" | "position" | "index") NUMBER */
static bool
read_place(struct ph_nft_parser *p, struct place *place)
{
	struct ph_nft_lex *lx = &p->lx;
	struct ph_nft_expr *n;

	*place = (struct place){ .at = lx->tok.at };
	if (ph_nft_lex_accept(lx, "handle") || ph_nft_lex_accept(lx, "position"))
		place->kind = HANDLE;
	else if (ph_nft_lex_accept(lx, "index"))
		place->kind = INDEX;
	else
		return true;
	n = ph_nft_expr_word(p, "a number");
	if (n == NULL)
		return false;
	place->at = ph_span_join(place->at, n->at);
	if (ph_str_u64(n->s, 10, UINT64_MAX, &place->n))
		return true;
	ph_nft_lex_error(lx, "bad-number", n->at, "expected a number");
	return false;
}

static struct ph_nft_rule *
find_rule(struct ph_nft_chain *c, const struct place *place)
{
	struct ph_nft_rule *r = c->first;
	uint64_t i = 0;

	while (r != NULL && (place->kind == HANDLE ? r->handle != place->n : i != place->n)) {
		r = r->next;
		i++;
	}
	return r;
}

static bool
change_rule(struct ph_nft_parser *p, struct ph_nft_chain *c, enum verb verb,
    const struct place *place)
{
	struct ph_nft_rule *at = NULL, *r = NULL;

	if (place->kind != NOWHERE)
		at = find_rule(c, place);
	if (verb != DELETE) {
		r = ph_nft_stmt_rule_kept(p);
		if (r == NULL)
			return true;
	}
	if (place->kind != NOWHERE && at == NULL) {
		unknown_change(p, place->at, "which rule this is about is not in the text");
		return true;
	}
	if (verb == INSERT)
		ph_nft_store_rule_before(c, r, at);
	else if (r != NULL)
		ph_nft_store_rule_after(c, r, at);
	if (at != NULL && (verb == REPLACE || verb == DELETE))
		ph_nft_store_rule_remove(c, at);
	return true;
}

/* rule = "rule" [FAMILY] T C [place] rule */
static bool
do_rule(struct ph_nft_parser *p, enum verb verb)
{
	struct target name;
	struct ph_nft_table *t;
	struct ph_nft_chain *c;
	struct ph_span at;
	struct ph_str chain;
	struct place place;

	if (!read_target(p, &name))
		return false;
	at = p->lx.tok.at;
	chain = ph_nft_block_name(p, "the name of a chain");
	if (chain.s == NULL || !read_place(p, &place))
		return false;
	t = find_table(p, &name, false);
	c = t == NULL ? NULL : ph_nft_store_chain_find(t, chain);
	if (c == NULL) {
		if (t != NULL)
			ph_nft_lex_error(&p->lx, "unknown-chain", at,
			    "there is no chain \"%.*s\" in table \"%s\"", (int)chain.len,
			    chain.s, t->title);
		ph_nft_stmt_rule(p);	/* its own errors count, too */
		return true;
	}
	p->table = t;
	return change_rule(p, c, verb, &place);
}

/* element = "element" [FAMILY] T S set */
static bool
do_element(struct ph_nft_parser *p, enum verb verb)
{
	struct target name;
	struct ph_nft_table *t;
	struct ph_nft_set *s;
	struct ph_nft_expr *e, *last;
	struct ph_span at;
	struct ph_str set;

	if (!read_target(p, &name))
		return false;
	at = p->lx.tok.at;
	set = ph_nft_block_name(p, "the name of a set");
	e = set.s == NULL ? NULL : ph_nft_expr_set(p);
	if (e == NULL)
		return false;
	t = find_table(p, &name, false);
	s = t == NULL ? NULL : ph_nft_store_set_find(t, set);
	if (s == NULL) {
		if (t != NULL)
			ph_nft_lex_error(&p->lx, "unknown-set", at,
			    "there is no set \"%.*s\" in table \"%s\"", (int)set.len, set.s,
			    t->title);
		return true;
	}
	if (verb == ADD) {
		ph_nft_store_elements(s, e);
		return true;
	}
	/* taken away again: judged when the set is */
	last = e->first;
	while (last != NULL && last->next != NULL)
		last = last->next;
	if (last != NULL) {
		last->next = s->removed;
		s->removed = e->first;
	}
	return true;
}

static bool
named_set(struct ph_nft_parser *p, enum verb verb, bool map)
{
	struct target name;
	struct ph_nft_table *t;
	struct ph_nft_set *s;
	struct ph_span at;
	struct ph_str set;

	if (!read_target(p, &name))
		return false;
	at = p->lx.tok.at;
	set = ph_nft_block_name(p, "the name of a set");
	t = set.s == NULL ? NULL : find_table(p, &name, verb == DELETE);
	if (t == NULL)
		return set.s != NULL && verb == DELETE;
	if (verb == ADD) {
		s = ph_nft_store_set(p, t, set, at);
		s->is_map = map;
		if (ph_nft_lex_is_op(&p->lx, "{"))
			ph_nft_block_set(p, s);
		return true;
	}
	s = ph_nft_store_set_find(t, set);
	if (s != NULL && verb == FLUSH)
		ph_nft_store_flush_set(s);
	if (s != NULL && verb == DELETE)
		ph_nft_store_remove_set(p, s);
	return true;
}

static bool
do_set(struct ph_nft_parser *p, enum verb verb)
{
	return named_set(p, verb, false);
}

static bool
do_map(struct ph_nft_parser *p, enum verb verb)
{
	return named_set(p, verb, true);
}

/* ruleset = "ruleset" [FAMILY] */
static bool
do_ruleset(struct ph_nft_parser *p, enum verb verb)
{
	struct ph_str family = p->lx.tok.s;
	bool all = ph_nft_lex_at_end(&p->lx);

	if (!all)
		ph_nft_lex_next(&p->lx);
	if (verb != FLUSH)
		return true;
	for (struct ph_nft_table *t = p->tables; t != NULL; t = t->next)
		if (!t->gone && (all || ph_str_eq(family, t->family)))
			ph_nft_store_remove_table(p, t);
	return true;
}

/* kind [FAMILY] T NAME [block] */
static bool
do_obj(struct ph_nft_parser *p, enum verb verb, enum ph_nft_obj_kind kind)
{
	struct target name;
	struct ph_nft_table *t;
	struct ph_span at;
	struct ph_str obj;

	if (!read_target(p, &name))
		return false;
	at = p->lx.tok.at;
	obj = ph_nft_block_name(p, "a name");
	t = obj.s == NULL ? NULL : find_table(p, &name, verb == DELETE);
	if (t == NULL)
		return obj.s != NULL && verb == DELETE;
	if (verb == ADD)
		ph_nft_block_obj(p, ph_nft_store_obj(p, t, kind, obj, at));
	else
		ph_nft_lex_skip(&p->lx, p->lx.braces);
	return true;
}

static const struct {
	const char *word;
	enum verb verb;
} verbs[] = {
	{ "add", ADD }, { "create", ADD }, { "insert", INSERT }, { "replace", REPLACE },
	{ "delete", DELETE }, { "destroy", DELETE }, { "flush", FLUSH },
	{ "rename", RENAME }, { "list", IGNORE }, { "reset", IGNORE }, { "monitor", IGNORE },
	{ "describe", IGNORE }, { "get", IGNORE }, { "export", IGNORE },
};

static const struct {
	const char *word;
	bool (*run)(struct ph_nft_parser *, enum verb);
} objects[] = {
	{ "table", do_table }, { "chain", do_chain }, { "rule", do_rule },
	{ "element", do_element }, { "set", do_set }, { "map", do_map },
	{ "ruleset", do_ruleset },
};

static bool
run_object(struct ph_nft_parser *p, enum verb verb, bool written)
{
	enum ph_nft_obj_kind kind;

	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++)
		if (ph_nft_lex_accept(&p->lx, objects[i].word))
			return objects[i].run(p, verb);
	if (ph_nft_block_obj_kind(p, &kind))
		return do_obj(p, verb, kind);
	if (ph_nft_lex_is_op(&p->lx, "{")) {
		ph_nft_lex_error(&p->lx, "unknown-command", p->lx.tok.at,
		    "this is JSON; rules are read as \"nft list ruleset\" prints them "
		    "without -j");
		return false;
	}
	ph_nft_word_unknown(p, "unknown-command", p->lx.tok.at,
	    written ? PH_NFT_W_OBJECT : PH_NFT_W_COMMAND);
	return false;
}

static bool
command(struct ph_nft_parser *p)
{
	enum verb verb = ADD;
	bool written = false;

	ph_nft_lex_accept(&p->lx, "nft");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs) && !written; i++)
		if (ph_nft_lex_accept(&p->lx, verbs[i].word)) {
			verb = verbs[i].verb;
			written = true;
		}
	if (verb == IGNORE) {
		ph_nft_lex_skip(&p->lx, p->lx.braces);
		return true;
	}
	return run_object(p, verb, written);
}

void
ph_nft_command_file(struct ph_nft_parser *p)
{
	struct ph_nft_lex *lx = &p->lx;

	while (lx->tok.kind != PH_NFT_EOF) {
		unsigned braces = lx->braces;

		if (lx->tok.kind == PH_NFT_SEP) {
			ph_nft_lex_next(lx);
			continue;
		}
		if (ph_nft_block_common(p))
			continue;
		if (!command(p)) {
			ph_nft_lex_skip(lx, braces);
		} else if (!ph_nft_lex_at_end(lx) && !(lx->last.src != NULL &&
		    lx->last.src->text[lx->last.off] == '}')) {
			ph_nft_expr_expected(p, "the end of the command");
			ph_nft_lex_skip(lx, braces);
		}
		if (ph_nft_lex_is_op(lx, "}") && lx->braces == 0) {
			ph_nft_lex_error(lx, "syntax", lx->tok.at, "nothing is open here");
			ph_nft_lex_next(lx);
		}
	}
}
