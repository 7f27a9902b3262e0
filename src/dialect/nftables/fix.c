/* SPDX-License-Identifier: ISC */
/*
 * DOC: Fixes
 *
 *  - An opening is a rule before the one that blocks, or at the end of its chain.
 *  - A longer timer is a timeout object and a rule in a table of our own.
 *  - What a helper, "notrack" or a flowtable takes, it takes by a rule: that rule moves
 *    into a chain which these packets leave before it, and a jump takes its place, so
 *    that nothing else changes for anyone else.
 *
 * The text is changed at the same places as the commands change the kernel's rules.
 * Where the text has no block to change (rules given by commands, or in an
 * included file) the command itself goes to its end.
 */
#include <stdlib.h>
#include <string.h>

#include "dialect/nftables/edit.h"
#include "dialect/nftables/emit.h"
#include "dialect/nftables/fix.h"
#include "dialect/nftables/plan.h"
#include "net/names.h"

#define DETOUR "_but_"			/* in the names of such chains */

/* A rule that some packets must not come to. */
struct detour {
	struct ph_nft_chain *chain;
	const struct ph_nft_rule *rule;
	size_t index;			/* of the rule in its chain */
	struct ph_buf leave;		/* rules that leave before it, a line each */
	const char *name;
};

/* A command, and where in its chain; the last places are typed first. */
struct typed {
	const struct ph_nft_chain *chain;
	size_t index, order;
	size_t group;			/* order of the first of its chain */
	const char *command, *rollback;
};

/* A rule that gives packets a timer. */
struct timer {
	uint32_t idle_s;
	size_t order;
	const char *line;
};

struct fixer {
	struct ph_arena *mem;
	struct ph_nft_emit em;
	struct ph_ruleset *rs;
	const struct ph_nft_priv *priv;
	struct ph_nft_edits edits;
	struct detour *detours;
	size_t n_detours, cap_detours;
	struct typed *typed;
	size_t n_typed, cap_typed;
	struct ph_buf objects;		/* timers: objects, */
	struct timer *timers;		/* and rules */
	size_t n_timers, cap_timers;
	struct ph_map names;
};

/* The argument of nft as a shell takes it. */
static const char *
shell(struct fixer *f, const char *command)
{
	struct ph_buf b;

	ph_buf_init(&b, f->mem);
	ph_buf_puts(&b, "nft '");
	for (; *command != '\0'; command++)
		if (*command == '\'')
			ph_buf_puts(&b, "'\\''");
		else
			ph_buf_putc(&b, *command);
	ph_buf_puts(&b, "'\n");
	return b.s;
}

static void
type(struct fixer *f, const struct ph_nft_chain *c, size_t index, const char *command,
    const char *rollback)
{
	struct typed *t = PH_PUSH(f->mem, f->typed, f->n_typed, f->cap_typed);

	*t = (struct typed){ c, index, f->n_typed, f->n_typed, command, rollback };
	for (size_t i = 0; i + 1 < f->n_typed; i++)
		if (f->typed[i].chain == c) {
			t->group = f->typed[i].group;
			break;
		}
}

static size_t
index_of(const struct ph_nft_chain *c, const struct ph_nft_rule *rule)
{
	size_t i = 0;

	for (const struct ph_nft_rule *r = c->first; r != NULL && r != rule; r = r->next)
		i++;
	return i;
}

/* The conditions of a cube, each text one rule's. */
static bool
conditions(struct fixer *f, const struct ph_cube *cube, unsigned families,
    struct ph_nft_alts *out)
{
	struct ph_cond conds[PH_NDIMS];
	struct ph_rule r = { .conds = conds };

	f->em.families = families;
	for (int d = 0; d < PH_NDIMS; d++)
		if (cube->d[d] != NULL)
			conds[r.n_conds++] = (struct ph_cond){
				.kind = PH_COND_RANGES, .dim = (enum ph_dim)d, .ranges = cube->d[d],
			};
	if (!ph_nft_emit_conds(&f->em, &r, out))
		return false;
	if (out->n != 1 || strcmp(out->v[0], PH_NFT_EMIT_NEVER) != 0)
		return true;
	ph_nft_emit_cannot(&f->em, (struct ph_span){ NULL, 0, 0 },
	    "packets of this family in this table");
	return false;
}

/* A comment by which the rule is found again to delete it. */
static const char *
undo(struct fixer *f, const struct ph_nft_chain *c, const char *comment)
{
	return ph_arena_printf(f->mem,
	    "nft delete rule %s %s handle $(nft -a list chain %s %s |\n"
	    "    grep -F 'comment \"%s\"' | sed 's/.*# handle //' | head -n 1)\n",
	    c->table->title, c->name, c->table->title, c->name, comment);
}

static struct ph_nft_chain *
chain_of(const struct fixer *f, const struct ph_chain *c)
{
	return ph_map_find(&f->priv->origins, (const char *)&c, sizeof(c));
}

/* Put one line before ${at}, or at the end of its chain when that is NULL. */
static void
insert(struct fixer *f, struct ph_nft_chain *c, const struct ph_nft_rule *at,
    const char *line, const char *comment)
{
	const char *command;
	size_t index = index_of(c, at);

	if (at == NULL)
		command = ph_arena_printf(f->mem, "add rule %s %s %s", c->table->title, c->name,
		    line);
	else
		command = ph_arena_printf(f->mem, "insert rule %s %s index %zu %s",
		    c->table->title, c->name, index, line);
	if (at != NULL && at->in_block && at->at.src == f->rs->src)
		ph_nft_edit_line_before(&f->edits, at->at.off, line);
	else if (at == NULL && c->end.src == f->rs->src)
		ph_nft_edit_line_end(&f->edits, c->end.off, line);
	else
		ph_buf_printf(&f->edits.tail, "%s\n", command);
	type(f, c, index, shell(f, command), undo(f, c, comment));
}

/* Comments are typed inside quotes of a shell. */
static const char *
comment_of(struct fixer *f, const struct ph_requirement *r)
{
	const char *text = ph_nft_plan_comment(f->mem, r);
	char *s = ph_arena_dup(f->mem, text, strlen(text));

	for (char *c = s; *c != '\0'; c++)
		if (*c == '\'')
			*c = '`';
	return s;
}

static bool
permit(struct fixer *f, const struct ph_fix *x)
{
	struct ph_nft_chain *c = chain_of(f, x->chain);
	const char *comment = comment_of(f, x->req);
	struct ph_nft_alts conds;

	if (c == NULL || !conditions(f, &x->cube, c->table->families, &conds))
		return false;
	for (size_t i = 0; i < conds.n; i++)
		insert(f, c, x->before < c->n_origin ? c->origin[x->before] : NULL,
		    ph_arena_printf(f->mem, "%saccept comment \"%s\"", conds.v[i], comment),
		    comment);
	return true;
}

static bool
holds(struct ph_span outer, struct ph_span inner)
{
	return outer.src == inner.src && inner.off >= outer.off &&
	    inner.off < outer.off + outer.len;
}

/* The rule that ${at} is in. */
static bool
find_rule(const struct fixer *f, struct ph_span at, struct ph_nft_chain **chain,
    const struct ph_nft_rule **rule)
{
	for (const struct ph_nft_table *t = f->priv->p->tables; t != NULL; t = t->next)
		for (struct ph_nft_chain *c = t->chains; c != NULL; c = c->next)
			for (const struct ph_nft_rule *r = c->first; r != NULL; r = r->next)
				if (!t->gone && !c->gone && holds(r->at, at)) {
					*chain = c;
					*rule = r;
					return true;
				}
	return false;
}

static struct detour *
detour_of(struct fixer *f, struct ph_nft_chain *c, const struct ph_nft_rule *r)
{
	struct detour *d;

	for (size_t i = 0; i < f->n_detours; i++)
		if (f->detours[i].rule == r)
			return &f->detours[i];
	d = PH_PUSH(f->mem, f->detours, f->n_detours, f->cap_detours);
	*d = (struct detour){ .chain = c, .rule = r, .index = index_of(c, r) };
	ph_buf_init(&d->leave, f->mem);
	for (unsigned i = 1; ; i++) {
		struct ph_str name;

		d->name = ph_arena_printf(f->mem, "%s" DETOUR "%u", c->name, i);
		name = ph_str(d->name);
		if (ph_map_find(&c->table->chain_map, name.s, name.len) == NULL &&
		    ph_map_find(&f->names, name.s, name.len) == NULL) {
			*ph_map_at(f->mem, &f->names, name.s, name.len) = d;
			return d;
		}
	}
}

static struct ph_cube
reversed(struct ph_cube c)
{
	struct ph_cube r = c;

	r.d[PH_SRC] = c.d[PH_DST];
	r.d[PH_DST] = c.d[PH_SRC];
	r.d[PH_SPORT] = c.d[PH_DPORT];
	r.d[PH_DPORT] = c.d[PH_SPORT];
	return r;
}

static bool
leave_by(struct fixer *f, struct detour *d, const struct ph_cube *cube, const char *comment)
{
	struct ph_nft_alts conds;

	if (!conditions(f, cube, d->chain->table->families, &conds))
		return false;
	for (size_t i = 0; i < conds.n; i++)
		ph_buf_printf(&d->leave, "%sreturn comment \"%s\"\n", conds.v[i], comment);
	return true;
}

/* The same in a chain that is a detour already. */
static bool
return_before(struct fixer *f, struct ph_nft_chain *c, const struct ph_nft_rule *r,
    const struct ph_cube *cube, const char *comment)
{
	struct ph_nft_alts conds;

	if (!conditions(f, cube, c->table->families, &conds))
		return false;
	for (size_t i = 0; i < conds.n; i++)
		insert(f, c, r, ph_arena_printf(f->mem, "%sreturn comment \"%s\"", conds.v[i],
		    comment), comment);
	return true;
}

/* Keep packets of a flow, and their answers, from the rule that is the cause. */
static bool
exclude(struct fixer *f, const struct ph_fix *x)
{
	struct ph_nft_chain *c = NULL;
	const struct ph_nft_rule *r = NULL;
	struct ph_cube back = reversed(x->cube);
	struct detour *d;

	if (!find_rule(f, x->cause, &c, &r)) {
		ph_diag(f->em.diags, PH_ERROR, "cannot-fix", x->cause,
		    "no rule of this text is the cause");
		return false;
	}
	if (strstr(c->name, DETOUR) != NULL)	/* made by an earlier fix */
		return return_before(f, c, r, &x->cube, comment_of(f, x->req)) &&
		    return_before(f, c, r, &back, comment_of(f, x->req));
	d = detour_of(f, c, r);
	return leave_by(f, d, &x->cube, comment_of(f, x->req)) &&
	    leave_by(f, d, &back, comment_of(f, x->req));
}

static const char *
rule_text(struct fixer *f, const struct ph_nft_rule *r)
{
	return ph_nft_lex_text(f->mem, r->at);
}

/* Each line of ${lines} behind ${head}. */
static void
put_lines(struct ph_buf *b, const char *lines, const char *head)
{
	for (const char *s = lines, *end; *s != '\0'; s = end + 1) {
		end = strchr(s, '\n');
		ph_buf_puts(b, head);
		ph_buf_add(b, s, (size_t)(end - s) + 1);
	}
}

/* The commands of a detour; ${for_shell} or as lines of a file. */
static const char *
detour_commands(struct fixer *f, const struct detour *d, bool for_shell)
{
	const char *title = d->chain->table->title, *old = rule_text(f, d->rule);
	struct ph_buf b, lines;

	ph_buf_init(&b, f->mem);
	ph_buf_init(&lines, f->mem);
	ph_buf_printf(&lines, "add chain %s %s\n", title, d->name);
	put_lines(&lines, d->leave.s, ph_arena_printf(f->mem, "add rule %s %s ", title, d->name));
	ph_buf_printf(&lines, "add rule %s %s %s\n", title, d->name, old);
	ph_buf_printf(&lines, "insert rule %s %s index %zu jump %s\n", title, d->chain->name,
	    d->index, d->name);
	if (!for_shell)
		return lines.s;
	for (const char *s = lines.s, *end; *s != '\0'; s = end + 1) {
		end = strchr(s, '\n');
		ph_buf_puts(&b, shell(f, ph_arena_dup(f->mem, s, (size_t)(end - s))));
	}
	ph_buf_printf(&b, "nft delete rule %s %s handle $(nft -a list chain %s %s |\n"
	    "    sed -n 's/.*# handle //p' | sed -n %zup)\n", title, d->chain->name, title,
	    d->chain->name, d->index + 3);	/* after the chain's own, and the jump's */
	return b.s;
}

static const char *
detour_rollback(struct fixer *f, const struct detour *d)
{
	const char *title = d->chain->table->title, *name = d->chain->name;

	return ph_arena_printf(f->mem, "%s"
	    "nft delete rule %s %s handle $(nft -a list chain %s %s |\n"
	    "    grep -F 'jump %s' | sed 's/.*# handle //' | head -n 1)\n"
	    "nft delete chain %s %s\n",
	    shell(f, ph_arena_printf(f->mem, "insert rule %s %s index %zu %s", title, name,
	    d->index, rule_text(f, d->rule))), title, name, title, name, d->name, title,
	    d->name);
}

static bool
put_detour(struct fixer *f, const struct detour *d)
{
	const struct ph_nft_rule *r = d->rule;
	struct ph_buf b;

	if (!r->in_block || r->at.src != f->rs->src || d->chain->word.src != f->rs->src) {
		ph_diag(f->em.diags, PH_ERROR, "cannot-fix", r->at,
		    "this rule is not in a block of the file given; change it there");
		return false;
	}
	ph_buf_init(&b, f->mem);
	ph_buf_printf(&b, "chain %s {\n", d->name);
	put_lines(&b, d->leave.s, "\t\t");
	ph_buf_printf(&b, "\t\t%s\n\t}\n", rule_text(f, r));
	ph_nft_edit_line_before(&f->edits, d->chain->word.off, b.s);
	ph_nft_edit_replace(&f->edits, r->at.off, r->at.len,
	    ph_arena_printf(f->mem, "jump %s", d->name));
	type(f, d->chain, d->index, detour_commands(f, d, true), detour_rollback(f, d));
	return true;
}

/* A timeout object for each protocol, time and family, once. */
static const char *
timer_object(struct fixer *f, const struct ph_fix *x, bool v6)
{
	bool udp = x->req->proto == PH_UDP;
	const char *name = ph_arena_printf(f->mem, "idle_%s_%u_v%d", udp ? "udp" : "tcp",
	    x->idle_s, v6 ? 6 : 4);
	void **place = ph_map_at(f->mem, &f->names, name, strlen(name));

	if (*place == NULL)
		ph_buf_printf(&f->objects, "\tct timeout %s {\n\t\tprotocol %s;\n\t\tl3proto %s;\n"
		    "\t\tpolicy = { %s%s : %u }\n\t}\n", name, udp ? "udp" : "tcp",
		    v6 ? "ip6" : "ip", udp ? "unreplied : 60, " : "",
		    udp ? "replied" : "established", x->idle_s);
	*place = f;
	return name;
}

static void
add_timer(struct fixer *f, uint32_t idle_s, const char *line)
{
	void **place = ph_map_at(f->mem, &f->names, line, strlen(line));

	if (*place == NULL) {
		struct timer *t = PH_PUSH(f->mem, f->timers, f->n_timers, f->cap_timers);

		*t = (struct timer){ idle_s, f->n_timers, line };
	}
	*place = f;
}

static bool
lengthen(struct fixer *f, const struct ph_fix *x)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct ph_range all = v6 ? PH_ANY_V6 : PH_ANY_V4;
		struct ph_cube cube = x->cube;
		struct ph_nft_alts conds;

		cube.d[PH_SRC] = ph_ranges_intersect(f->mem, cube.d[PH_SRC],
		    ph_ranges_one(f->mem, all.lo, all.hi));
		cube.d[PH_DST] = ph_ranges_intersect(f->mem, cube.d[PH_DST],
		    ph_ranges_one(f->mem, all.lo, all.hi));
		if (ph_ranges_empty(cube.d[PH_SRC]) || ph_ranges_empty(cube.d[PH_DST]))
			continue;
		cube.d[PH_IIF] = cube.d[PH_OIF] = NULL;
		if (!conditions(f, &cube, PH_FAMILY_4 | PH_FAMILY_6, &conds))
			return false;
		for (size_t i = 0; i < conds.n; i++)
			add_timer(f, x->idle_s, ph_arena_printf(f->mem,
			    "%sct timeout set \"%s\"\n", conds.v[i], timer_object(f, x, v6)));
	}
	return true;
}

static bool
is_offload(const struct fixer *f, const struct ph_fix *x)
{
	struct ph_nft_chain *c;
	const struct ph_nft_rule *r;

	if (x->cause.src == NULL || !find_rule(f, x->cause, &c, &r))
		return false;
	for (const struct ph_nft_stmt *s = r->stmts; s != NULL; s = s->next)
		if (s->kind == PH_NFT_FLOW)
			return true;
	return false;
}

/* The last rule that matches counts: the longest timers come last. */
static int
longest_last(const void *a, const void *b)
{
	const struct timer *x = a, *y = b;

	if (x->idle_s != y->idle_s)
		return x->idle_s < y->idle_s ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static bool
sets_timeouts(const struct ph_ruleset *rs)
{
	for (const struct ph_chain *c = rs->chains; c != NULL; c = c->next)
		for (size_t i = 0; i < c->n; i++)
			for (size_t k = 0; k < c->rules[i].n_acts; k++)
				if (c->rules[i].acts[k].kind == PH_ACT_TIMEOUT)
					return true;
	return false;
}

/* After every chain that may set a timer of its own: the last one set counts. */
static const char *
timer_priority(const struct fixer *f, enum ph_hook_point point)
{
	enum { EARLY = -145 };
	int prio = EARLY;

	for (size_t i = 0; i < f->rs->n_hooks && sets_timeouts(f->rs); i++)
		if (f->rs->hooks[i].point == point && f->rs->hooks[i].kind != PH_HOOK_NAT &&
		    f->rs->hooks[i].priority >= prio)
			prio = f->rs->hooks[i].priority + 5;
	return prio == EARLY ? "mangle + 5" : ph_arena_printf(f->mem, "%d", prio);
}

/* A table of our own, with its timers at both ways into connection tracking. */
static void
put_timers(struct fixer *f)
{
	struct ph_buf b, lines;

	if (f->n_timers == 0)
		return;
	qsort(f->timers, f->n_timers, sizeof(*f->timers), longest_last);
	ph_buf_init(&b, f->mem);
	ph_buf_init(&lines, f->mem);
	for (size_t i = 0; i < f->n_timers; i++)
		ph_buf_puts(&lines, f->timers[i].line);
	ph_buf_puts(&b, "table inet pinhole_timers {\n");
	ph_buf_puts(&b, f->objects.s);
	ph_buf_printf(&b, "\tchain prerouting {\n"
	    "\t\ttype filter hook prerouting priority %s; policy accept;\n",
	    timer_priority(f, PH_PREROUTING));
	put_lines(&b, lines.s, "\t\t");
	ph_buf_printf(&b, "\t}\n\tchain output {\n"
	    "\t\ttype filter hook output priority %s; policy accept;\n",
	    timer_priority(f, PH_OUTPUT));
	put_lines(&b, lines.s, "\t\t");
	ph_buf_puts(&b, "\t}\n}\n");
	ph_buf_puts(&f->edits.tail, b.s);
	type(f, NULL, 0, ph_arena_printf(f->mem, "nft -f - <<'END'\n%sEND\n", b.s),
	    "nft delete table inet pinhole_timers\n");
}

static int
last_first(const void *a, const void *b)
{
	const struct typed *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->index != y->index)
		return x->index > y->index ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void
put_commands(struct fixer *f, struct ph_fix_text *out)
{
	if (f->n_typed > 0)
		qsort(f->typed, f->n_typed, sizeof(*f->typed), last_first);
	for (size_t i = 0; i < f->n_typed; i++)
		ph_buf_puts(&out->commands, f->typed[i].command);
	for (size_t i = f->n_typed; i > 0; i--)
		ph_buf_puts(&out->rollback, f->typed[i - 1].rollback);
}

static bool
apply(struct fixer *f, const struct ph_fix *x)
{
	switch (x->kind) {
	case PH_FIX_PERMIT:
		return permit(f, x);
	case PH_FIX_TIMER:
		return is_offload(f, x) ? exclude(f, x) : lengthen(f, x);
	default:
		return exclude(f, x);
	}
}

bool
ph_nft_fix(struct ph_arena *mem, struct ph_diags *diags, struct ph_ruleset *rs,
    const struct ph_fix *v, size_t n, struct ph_fix_text *out)
{
	struct fixer f = {
		.mem = mem, .rs = rs, .priv = rs->priv,
		.em = { .mem = mem, .diags = diags, .rs = rs, .priv = rs->priv },
		.edits = { .mem = mem, .src = rs->src },
	};
	bool ok = true;

	ph_buf_init(&f.edits.tail, mem);
	ph_buf_init(&f.objects, mem);
	for (size_t i = 0; i < n; i++)
		ok &= apply(&f, &v[i]);
	for (size_t i = 0; i < f.n_detours; i++)
		ok &= put_detour(&f, &f.detours[i]);
	if (!ok)
		return false;
	put_timers(&f);
	put_commands(&f, out);
	ph_nft_edit_apply(&f.edits, &out->text);
	return true;
}
