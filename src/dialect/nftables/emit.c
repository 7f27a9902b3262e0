/* SPDX-License-Identifier: ISC */
/*
 * DOC: Writing a ruleset
 *
 * Tables in the order of their first chain, chains as they are, a rule a line.
 * Rulesets of other languages have no families in their tables' names and may have
 * a chain on several hooks, or hooked and jumped to, which nftables does not allow:
 * then a base chain that only jumps stands before it.
 */
#include <string.h>

#include "dialect/dialect.h"
#include "dialect/nftables/emit.h"
#include "dialect/nftables/store.h"
#include "dialect/nftables/word.h"

extern const struct ph_dialect ph_dialect_nftables;

enum { COMMENT_MAX = 120 };		/* bytes; the kernel takes 128 */

/* A table being written. */
struct table {
	const char *key;		/* ph_chain.table */
	const char *title;		/* "inet filter" */
	unsigned families;
	const struct ph_nft_table *own;	/* NULL: of another language */
};

void
ph_nft_emit_cannot(struct ph_nft_emit *em, struct ph_span at, const char *what)
{
	ph_diag(em->diags, PH_ERROR, "cannot-emit", at, "nftables cannot say: %s", what);
	em->failed = true;
}

const char *
ph_nft_emit_text(const struct ph_nft_emit *em, const char *reason)
{
	if (em->priv == NULL)
		return NULL;
	return ph_map_find(&em->priv->texts, (const char *)&reason, sizeof(reason));
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static size_t
count_hooks(const struct ph_ruleset *rs, const struct ph_chain *c)
{
	size_t n = 0;

	for (size_t i = 0; i < rs->n_hooks; i++)
		n += rs->hooks[i].chain == c;
	return n;
}

static bool
is_jumped_to(const struct ph_ruleset *rs, const struct ph_chain *to)
{
	for (const struct ph_chain *c = rs->chains; c != NULL; c = c->next)
		for (size_t i = 0; i < c->n; i++)
			for (size_t j = 0; j < c->rules[i].n_acts; j++) {
				const struct ph_act *a = &c->rules[i].acts[j];

				if ((a->kind == PH_ACT_JUMP || a->kind == PH_ACT_GOTO) &&
				    a->chain == to)
					return true;
			}
	return false;
}

/* A name that the language takes, and that no other chain has. */
static const char *
clean_name(struct ph_nft_emit *em, struct ph_map *taken, const char *name)
{
	struct ph_buf b;
	const char *base;

	ph_buf_init(&b, em->mem);
	if (ph_nft_word_is_keyword(ph_str(name)) || !((*name >= 'a' && *name <= 'z') ||
	    (*name >= 'A' && *name <= 'Z') || *name == '_'))
		ph_buf_puts(&b, "c_");
	for (; *name != '\0'; name++)
		ph_buf_putc(&b, strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "0123456789_-.", *name) != NULL ? *name : '_');
	base = b.s;
	for (unsigned i = 2; ph_map_find(taken, b.s, b.len) != NULL; i++) {
		ph_buf_init(&b, em->mem);
		ph_buf_printf(&b, "%s_%u", base, i);
	}
	*ph_map_at(em->mem, taken, b.s, b.len) = em;
	return b.s;
}

static void
name_chains(struct ph_nft_emit *em)
{
	struct ph_map taken = { 0 };

	for (const struct ph_chain *c = em->rs->chains; c != NULL; c = c->next) {
		const struct ph_chain **key = PH_NEW(em->mem, const struct ph_chain *);
		const char *name = em->priv != NULL ? c->name : clean_name(em, &taken, c->name);

		*key = c;
		*ph_map_at(em->mem, &em->chains, (const char *)key, sizeof(*key)) =
		    (void *)(uintptr_t)name;
	}
}

static const struct ph_nft_table *
own_table(const struct ph_nft_emit *em, const char *title)
{
	const struct ph_nft_table *t = em->priv == NULL ? NULL : em->priv->p->tables;

	while (t != NULL && (t->gone || strcmp(t->title, title) != 0))
		t = t->next;
	return t;
}

/* What a table of another language is called: by the packets its chains see. */
static struct table
table_of(struct ph_nft_emit *em, const char *key)
{
	struct table t = { .key = key };
	unsigned families = 0;

	if (em->priv != NULL) {
		t.own = own_table(em, key);
		t.title = key;
		t.families = t.own->families;
		return t;
	}
	for (size_t i = 0; i < em->rs->n_hooks; i++)
		if (same(em->rs->hooks[i].chain->table, key))
			families |= em->rs->hooks[i].families;
	t.families = families == 0 ? PH_FAMILY_4 | PH_FAMILY_6 : families;
	t.title = ph_arena_printf(em->mem, "%s %s", t.families == PH_FAMILY_4 ? "ip" :
	    t.families == PH_FAMILY_6 ? "ip6" : "inet", key == NULL ? "pinhole" : key);
	return t;
}

/* Comments have no quotes inside, and an end. */
static const char *
comment(struct ph_nft_emit *em, const char *text)
{
	size_t len;
	char *s;

	if (text == NULL || *text == '\0')
		return "";
	len = strlen(text);
	if (len > COMMENT_MAX)
		for (len = COMMENT_MAX; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
			continue;
	s = ph_arena_dup(em->mem, text, len);
	for (size_t i = 0; i < len; i++)
		if (s[i] == '"' || (unsigned char)s[i] < ' ')
			s[i] = '\'';
	return ph_arena_printf(em->mem, "comment \"%s\" ", s);
}

static void
put_rule(struct ph_nft_emit *em, const struct ph_rule *r, struct ph_buf *b)
{
	struct ph_nft_alts conds;
	struct ph_buf acts;

	ph_buf_init(&acts, em->mem);
	if (!ph_nft_emit_conds(em, r, &conds) || !ph_nft_emit_acts(em, r, &acts))
		return;
	if (conds.n == 1 && strcmp(conds.v[0], PH_NFT_EMIT_NEVER) == 0) {
		ph_buf_init(&acts, em->mem);	/* what it would do needs no saying */
		ph_buf_puts(&acts, "drop ");
	}
	ph_buf_puts(&acts, comment(em, r->comment));
	for (size_t i = 0; i < conds.n; i++) {
		if (conds.v[i][0] == '\0' && acts.len == 0)
			continue;	/* says nothing */
		ph_buf_printf(b, "\t\t%s%s", conds.v[i], acts.s);
		b->s[b->len - 1] = '\n';	/* instead of the last blank */
	}
}

static void
put_hook(struct ph_nft_emit *em, const struct ph_hook *h, struct ph_buf *b)
{
	const char *prio = ph_nft_word_priority_name(h->priority, h->point);
	const char *kind = ph_nft_word_chain_type_name(h->kind);
	const char *point = ph_nft_word_hook_name(h->point);
	unsigned other = em->families & ~h->families;

	if (point == NULL || kind == NULL) {
		ph_nft_emit_cannot(em, h->chain->at,
		    "a policy of inspection or timers by interface");
		return;
	}
	ph_buf_printf(b, "\t\ttype %s hook %s priority ", kind, point);
	if (prio != NULL)
		ph_buf_puts(b, prio);
	else
		ph_buf_printf(b, "%d", h->priority);
	ph_buf_printf(b, "; policy %s;\n", h->policy == PH_ACT_DROP ? "drop" : "accept");
	if (other != 0)		/* packets that this hook does not see */
		ph_buf_printf(b, "\t\tmeta nfproto %s accept\n",
		    other == PH_FAMILY_4 ? "ipv4" : "ipv6");
}

/* The hook of a chain that is not judged, as it was written. */
static void
put_ingress(struct ph_nft_emit *em, const struct ph_chain *c, struct ph_buf *b)
{
	const struct ph_nft_chain *own;

	if (em->priv == NULL)
		return;
	own = ph_map_find(&em->priv->origins, (const char *)&c, sizeof(c));
	if (own->hook.ingress)
		ph_buf_printf(b, "\t\t%s; policy %s;\n",
		    ph_nft_lex_text(em->mem, own->hook.at),
		    own->hook.policy == PH_ACT_DROP ? "drop" : "accept");
}

static void
put_chain(struct ph_nft_emit *em, const struct ph_chain *c, struct ph_buf *b)
{
	const char *name = ph_map_find(&em->chains, (const char *)&c, sizeof(c));
	size_t hooks = count_hooks(em->rs, c), n = 0;
	bool apart = em->priv == NULL && (hooks > 1 || (hooks == 1 && is_jumped_to(em->rs, c)));

	for (size_t i = 0; apart && i < em->rs->n_hooks; i++) {
		if (em->rs->hooks[i].chain != c)
			continue;
		ph_buf_printf(b, "\n\tchain %s_hook%zu {\n", name, ++n);
		put_hook(em, &em->rs->hooks[i], b);
		ph_buf_printf(b, "\t\tjump %s\n\t}\n", name);
	}
	ph_buf_printf(b, "\n\tchain %s {\n", name);
	put_ingress(em, c, b);
	for (size_t i = 0; !apart && i < em->rs->n_hooks; i++)
		if (em->rs->hooks[i].chain == c)
			put_hook(em, &em->rs->hooks[i], b);
	for (size_t i = 0; i < c->n; i++)
		put_rule(em, &c->rules[i], b);
	ph_buf_puts(b, "\t}\n");
}

static void
put_objects(struct ph_nft_emit *em, const struct ph_nft_table *t, struct ph_buf *b)
{
	static const char *const kind[PH_NFT_NOBJS] = {
		[PH_NFT_O_HELPER] = "ct helper", [PH_NFT_O_TIMEOUT] = "ct timeout",
		[PH_NFT_O_EXPECT] = "ct expectation", [PH_NFT_O_COUNTER] = "counter",
		[PH_NFT_O_QUOTA] = "quota", [PH_NFT_O_LIMIT] = "limit",
		[PH_NFT_O_SECMARK] = "secmark", [PH_NFT_O_SYNPROXY] = "synproxy",
		[PH_NFT_O_FLOWTABLE] = "flowtable",
	};

	(void)em;
	for (const struct ph_nft_obj *o = t->objs; o != NULL; o = o->next) {
		ph_buf_printf(b, "\n\t%s %s {\n", kind[o->kind], o->name);
		if (o->text != NULL && o->kind != PH_NFT_O_COUNTER)
			ph_buf_puts(b, o->text);
		ph_buf_puts(b, "\t}\n");
	}
}

/* Is "@name" a word of the text? */
static bool
mentions(const struct ph_buf *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *s = text->s; (s = strstr(s, name)) != NULL; s += len)
		if (s > text->s && s[-1] == '@' && strchr(" ,}\n", s[len]) != NULL)
			return true;
	return false;
}

/* Sets whose elements could not be put into the rules. */
static void
put_sets(struct ph_nft_emit *em, const struct ph_nft_table *t, const struct ph_buf *chains,
    struct ph_buf *b)
{
	(void)em;
	for (const struct ph_nft_set *s = t->sets; s != NULL; s = s->next) {
		if (s->gone || !mentions(chains, s->name))
			continue;
		ph_buf_printf(b, "\n\t%s %s {\n%s", s->is_map ? "map" : "set", s->name,
		    s->text == NULL ? "" : s->text);
		if (s->first != NULL) {
			struct ph_nft_expr all = { .kind = PH_NFT_E_SET };

			all.first = s->first;
			ph_buf_puts(b, "\t\telements = ");
			ph_nft_emit_expr(b, &all);
			ph_buf_putc(b, '\n');
		}
		ph_buf_puts(b, "\t}\n");
	}
}

static void
put_table(struct ph_nft_emit *em, const char *key, struct ph_buf *out)
{
	struct table t = table_of(em, key);
	struct ph_buf chains, declare;

	ph_buf_init(&chains, em->mem);
	ph_buf_init(&declare, em->mem);
	em->families = t.families;
	em->declare = &declare;
	em->objects = (struct ph_map){ 0 };
	for (const struct ph_chain *c = em->rs->chains; c != NULL; c = c->next)
		if (same(c->table, key))
			put_chain(em, c, &chains);
	ph_buf_printf(out, "table %s {", t.title);
	if (t.own != NULL) {
		put_objects(em, t.own, out);
		put_sets(em, t.own, &chains, out);
	}
	ph_buf_puts(out, declare.len > 0 ? "\n" : "");
	ph_buf_puts(out, declare.s);
	ph_buf_puts(out, chains.s);
	ph_buf_puts(out, "}\n");
}

/* Tables that are not judged are kept as they were. */
static void
put_unjudged(struct ph_nft_emit *em, struct ph_buf *out)
{
	const struct ph_nft_table *t = em->priv == NULL ? NULL : em->priv->p->tables;

	for (; t != NULL; t = t->next)
		if (!t->gone && t->text != NULL && t->families == 0)
			ph_buf_printf(out, "table %s %s\n", t->title, t->text);
}

static bool
is_first(const struct ph_ruleset *rs, const struct ph_chain *of)
{
	const struct ph_chain *c = rs->chains;

	while (!same(c->table, of->table))
		c = c->next;
	return c == of;
}

bool
ph_nft_emit(struct ph_arena *mem, struct ph_diags *diags, const struct ph_ruleset *rs,
    struct ph_buf *out)
{
	struct ph_nft_emit em = { .mem = mem, .diags = diags, .rs = rs };

	if (rs->dialect == &ph_dialect_nftables)
		em.priv = rs->priv;
	for (const struct ph_gap *g = rs->gaps; g != NULL; g = g->next)
		if (g->why != ph_nft_lower_ingress)
			ph_nft_emit_cannot(&em, g->at, g->why);
	name_chains(&em);
	put_unjudged(&em, out);
	for (const struct ph_chain *c = rs->chains; c != NULL; c = c->next)
		if (is_first(rs, c))
			put_table(&em, c->table, out);
	return !em.failed;
}
