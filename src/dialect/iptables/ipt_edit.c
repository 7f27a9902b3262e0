/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "dialect/iptables/ipt_edit.h"
#include "dialect/iptables/ipt_lex.h"

/*
 * DOC: Changing a text
 *
 * In a save file a new rule is a line of its own before the line it must
 * precede.  In a script, and in a chain that the text itself edits with -I,
 * the text's order is not the chain's: there the same command that a person
 * types stands at the end.  The commands number rules as the kernel has them
 * after the commands before.
 */

void
ph_ipt_edit_init(struct ipt_edit *e, struct ph_arena *mem,
    const struct ph_ruleset *rs, struct ph_fix_text *out)
{
	*e = (struct ipt_edit){
		.mem = mem, .src = rs->src, .priv = rs->priv, .out = out,
	};
	ph_buf_init(&e->back, mem);
	ph_buf_init(&e->fresh[0], mem);
	ph_buf_init(&e->fresh[1], mem);
}

struct ipt_chain *
ph_ipt_edit_find(struct ipt_edit *e, const struct ph_chain *c,
    struct ipt_table **table)
{
	for (int f = 0; f < 2; f++)
		for (int id = 0; id < IPT_NTABLES; id++) {
			struct ipt_table *t = &e->priv->table[f][id];
			struct ipt_chain *o = ph_ipt_table_find(t, ph_str(c->name));

			*table = t;
			if (o != NULL && o->out == c)
				return o;
		}
	return NULL;
}

static bool
holds(struct ph_span rule, struct ph_span at)
{
	return rule.src == at.src && at.off >= rule.off && at.off < rule.off + rule.len;
}

bool
ph_ipt_edit_rule_at(struct ipt_edit *e, enum ipt_table_id id, struct ph_span at,
    struct ipt_table **t, struct ipt_chain **c, size_t *index)
{
	for (int f = 0; f < 2; f++) {
		*t = &e->priv->table[f][id];
		for (*c = (*t)->first; *c != NULL; *c = (*c)->next)
			for (*index = 0; *index < (*c)->out->n; ++*index)
				if (holds((*c)->out->rules[*index].at, at))
					return true;
	}
	return false;
}

static void
change(struct ipt_edit *e, uint32_t off, uint32_t del, const char *text)
{
	size_t order = e->n;

	*PH_PUSH(e->mem, e->v, e->n, e->cap) =
	    (struct ipt_change){ off, del, text, order };
}

static uint32_t
line_start(const struct ipt_edit *e, uint32_t off)
{
	while (off > 0 && e->src->text[off - 1] != '\n')
		off--;
	return off;
}

static uint32_t
line_next(const struct ipt_edit *e, uint32_t off)
{
	const char *nl = memchr(e->src->text + off, '\n', e->src->len - off);

	return nl == NULL ? e->src->len : (uint32_t)(nl - e->src->text) + 1;
}

/* Where the block of a table ends: before its COMMIT. */
static uint32_t
block_end(const struct ipt_edit *e, const struct ipt_table *t)
{
	uint32_t end, line;

	if (e->priv->script || t->at.src == NULL)
		return e->src->len;
	end = t->at.off + t->at.len;
	line = line_start(e, end);
	if (e->src->len - line >= 6 && memcmp(e->src->text + line, "COMMIT", 6) == 0)
		return line;
	return line_next(e, end);
}

static const char *
program(unsigned family)
{
	return family == PH_FAMILY_4 ? "iptables" : "ip6tables";
}

/* "iptables -t TABLE", the table left out when it is filter. */
static const char *
command_head(struct ipt_edit *e, const struct ipt_table *t)
{
	if (t->id == IPT_FILTER)
		return program(t->family);
	return ph_arena_printf(e->mem, "%s -t %s", program(t->family),
	    ph_ipt_table_name(t->id));
}

static const char *
quoted(struct ipt_edit *e, struct ph_str name)
{
	struct ph_buf b;

	ph_buf_init(&b, e->mem);
	ph_ipt_lex_quote(&b, name);
	return b.s;
}

/* The kernel's number, from 1, of the rule that was read as ${before}. */
static size_t
number_now(const struct ipt_edit *e, const struct ipt_chain *c, size_t before)
{
	long n = (long)before + 1;

	for (size_t i = 0; i < e->n_placed; i++)
		if (e->placed[i].chain == c && e->placed[i].before <= before)
			n += e->placed[i].lines;
	return (size_t)n;
}

/* Undo goes last first. */
static void
push_back(struct ipt_edit *e, const char *line)
{
	struct ph_buf b;

	ph_buf_init(&b, e->mem);
	ph_buf_puts(&b, line);
	ph_buf_add(&b, e->back.s, e->back.len);
	e->back = b;
}

/* How the line looks in the text. */
static const char *
text_line(struct ipt_edit *e, const struct ipt_table *t, const char *name,
    size_t number, const char *rest)
{
	const char *family = !e->priv->both ? "" : t->family == PH_FAMILY_4 ? "-4 " : "-6 ";

	if (e->priv->script)
		return ph_arena_printf(e->mem, "%s -I %s %zu%s\n", command_head(e, t), name,
		    number, rest);
	if (number > 0)
		return ph_arena_printf(e->mem, "%s-I %s %zu%s\n", family, name, number,
		    rest);
	return ph_arena_printf(e->mem, "%s-A %s%s\n", family, name, rest);
}

/* The place in the text for a rule before number ${before}. */
static uint32_t
place(const struct ipt_edit *e, const struct ipt_table *t, const struct ipt_chain *c,
    size_t before)
{
	const struct ph_chain *o = c->out;

	if (e->priv->script || c->edited || o->n == 0)
		return block_end(e, t);
	if (before < o->n)
		return line_start(e, o->rules[before].at.off);
	return line_next(e, o->rules[o->n - 1].at.off);
}

void
ph_ipt_edit_insert(struct ipt_edit *e, const struct ipt_table *t,
    const struct ipt_chain *c, size_t before, const char *lines)
{
	const char *name = quoted(e, c->name);
	bool by_number = e->priv->script || c->edited;

	/* rules of one line stay together */
	while (before > 0 && before < c->out->n &&
	    c->out->rules[before - 1].at.off == c->out->rules[before].at.off)
		before--;
	while (*lines != '\0') {
		const char *nl = strchr(lines, '\n');
		const char *rest = ph_arena_dup(e->mem, lines, (size_t)(nl - lines));
		size_t number = number_now(e, c, before);

		ph_buf_printf(&e->out->commands, "%s -I %s %zu%s\n", command_head(e, t),
		    name, number, rest);
		push_back(e, ph_arena_printf(e->mem, "%s -D %s %zu\n", command_head(e, t),
		    name, number));
		change(e, place(e, t, c, before), 0,
		    text_line(e, t, name, by_number ? number : 0, rest));
		*PH_PUSH(e->mem, e->placed, e->n_placed, e->cap_placed) =
		    (struct ipt_placed){ c, before, 1 };
		lines = nl + 1;
	}
}

void
ph_ipt_edit_remove(struct ipt_edit *e, const struct ipt_table *t,
    const struct ipt_chain *c, size_t index, const char *again)
{
	const char *name = quoted(e, c->name);
	size_t number = number_now(e, c, index);
	uint32_t from = line_start(e, c->out->rules[index].at.off);

	ph_buf_printf(&e->out->commands, "%s -D %s %zu\n", command_head(e, t), name,
	    number);
	push_back(e, ph_arena_printf(e->mem, "%s -I %s %zu%s", command_head(e, t), name,
	    number, again));
	if (e->priv->script || c->edited)
		change(e, block_end(e, t), 0, e->priv->script ?
		    ph_arena_printf(e->mem, "%s -D %s %zu\n", command_head(e, t), name,
		    number) : ph_arena_printf(e->mem, "-D %s %zu\n", name, number));
	else
		change(e, from, line_next(e, from) - from, "");
	*PH_PUSH(e->mem, e->placed, e->n_placed, e->cap_placed) =
	    (struct ipt_placed){ c, index, -1 };
}

/* The table is not in the text: its lines are kept for a block of their own. */
static void
add_fresh(struct ipt_edit *e, unsigned family, const char *chain, const char *lines)
{
	while (*lines != '\0') {
		const char *nl = strchr(lines, '\n');
		int len = (int)(nl - lines);

		ph_buf_printf(&e->fresh[family == PH_FAMILY_6], "-A %s%.*s\n", chain, len,
		    lines);
		ph_buf_printf(&e->out->commands, "%s -t raw -A %s%.*s\n", program(family),
		    chain, len, lines);
		push_back(e, ph_arena_printf(e->mem, "%s -t raw -D %s%.*s\n",
		    program(family), chain, len, lines));
		lines = nl + 1;
	}
}

void
ph_ipt_edit_raw(struct ipt_edit *e, unsigned family, const char *chain,
    const char *lines)
{
	const struct ipt_table *t = &e->priv->table[family == PH_FAMILY_6][IPT_RAW];
	const struct ipt_chain *c = ph_ipt_table_find(t, ph_str(chain));

	if (c != NULL && (c->out->n > 0 || t->at.src != NULL))
		ph_ipt_edit_insert(e, t, c, 0, lines);
	else
		add_fresh(e, family, chain, lines);
}

void
ph_ipt_edit_beside(struct ipt_edit *e, const char *tool, const char *command,
    const char *undo)
{
	ph_buf_printf(&e->out->commands, "%s %s\n", tool, command);
	push_back(e, ph_arena_printf(e->mem, "%s %s\n", tool, undo));
	if (e->priv->script)
		change(e, e->src->len, 0, ph_arena_printf(e->mem, "%s %s\n", tool, command));
	else
		change(e, 0, 0, ph_arena_printf(e->mem, "# %s: %s\n", tool, command));
}

static int
by_place(const void *a, const void *b)
{
	const struct ipt_change *x = a, *y = b;

	if (x->off != y->off)
		return x->off < y->off ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Blocks for tables that the text did not have. */
static void
write_fresh(struct ipt_edit *e, struct ph_buf *out)
{
	for (int f = 0; f < 2; f++) {
		const struct ph_buf *b = &e->fresh[f];

		if (b->len == 0)
			continue;
		if (e->priv->script) {
			for (const char *p = b->s; *p != '\0'; p = strchr(p, '\n') + 1)
				ph_buf_printf(out, "%s -t raw %.*s\n",
				    program(f == 0 ? PH_FAMILY_4 : PH_FAMILY_6),
				    (int)strcspn(p, "\n"), p);
			continue;
		}
		ph_buf_printf(out, "# Generated by %s-save (pinhole)\n*raw\n"
		    ":PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n",
		    program(f == 0 ? PH_FAMILY_4 : PH_FAMILY_6));
		ph_buf_add(out, b->s, b->len);
		ph_buf_puts(out, "COMMIT\n");
	}
}

void
ph_ipt_edit_finish(struct ipt_edit *e)
{
	struct ph_buf *out = &e->out->text;
	uint32_t at = 0;

	if (e->n > 0)
		qsort(e->v, e->n, sizeof(*e->v), by_place);
	for (size_t i = 0; i < e->n; i++) {
		const struct ipt_change *c = &e->v[i];

		if (c->off > at) {
			ph_buf_add(out, e->src->text + at, c->off - at);
			at = c->off;
		}
		if (out->len > 0 && out->s[out->len - 1] != '\n')
			ph_buf_putc(out, '\n');
		ph_buf_puts(out, c->text);
		if (c->off + c->del > at)
			at = c->off + c->del;
	}
	ph_buf_add(out, e->src->text + at, e->src->len - at);
	if (out->len > 0 && out->s[out->len - 1] != '\n')
		ph_buf_putc(out, '\n');
	write_fresh(e, out);
	ph_buf_add(&e->out->rollback, e->back.s, e->back.len);
}
