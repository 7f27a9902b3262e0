/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "dialect/iptables/ipt_read.h"
#include "net/names.h"

/*
 * DOC: One rule
 *
 *	command = [ "[" PKTS ":" BYTES "]" ] option*
 *	option  = [ "!" ] ( "-" LETTER | "--" WORD [ "=" VALUE ] ) [ "!" ] VALUE*
 *
 * Options belong to the rule itself or to a match or target loaded before; a
 * protocol brings its own match.  As in getopt_long(), a word may be cut short
 * while it stays unique.  Options of a module that is not known belong to it
 * up to the next one that is.  Every module sees its options one by one and is
 * asked for its conditions or actions at the end.
 */

bool
ph_ipt_rule_fail(struct ipt_rule *r, const char *id, struct ph_span at,
    const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ph_diag(r->rd->diags, PH_ERROR, id, at, "%s", text);
	r->failed = true;
	return false;
}

void
ph_ipt_rule_warn(struct ipt_rule *r, const char *id, struct ph_span at,
    const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (r->rd->again)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ph_diag(r->rd->diags, PH_WARN, id, at, "%s", text);
}

const char *
ph_ipt_rule_text(struct ipt_rule *r, struct ph_str s)
{
	return ph_arena_dup(r->rd->mem, s.s, s.len);
}

void
ph_ipt_rule_cond(struct ipt_rule *r, const struct ph_cond *c)
{
	struct ipt_reader *rd = r->rd;

	*PH_PUSH(rd->mem, rd->conds, rd->n_conds, rd->cap_conds) = *c;
}

void
ph_ipt_rule_ranges(struct ipt_rule *r, enum ph_dim dim,
    const struct ph_ranges *v, bool neg, struct ph_span at)
{
	struct ph_cond c = {
		.kind = PH_COND_RANGES, .dim = dim, .neg = neg, .at = at, .ranges = v,
	};

	if (v == NULL && !neg)
		return;
	if (v == NULL) {
		c.ranges = ph_ranges_none();
		c.neg = false;
	}
	ph_ipt_rule_cond(r, &c);
}

void
ph_ipt_rule_one(struct ipt_rule *r, enum ph_dim dim, ph_u128 lo, ph_u128 hi,
    bool neg, struct ph_span at)
{
	ph_ipt_rule_ranges(r, dim, ph_ranges_one(r->rd->mem, lo, hi), neg, at);
}

void
ph_ipt_rule_opaque(struct ipt_rule *r, struct ph_span at, const char *why)
{
	ph_ipt_rule_cond(r, &(struct ph_cond){
		.kind = PH_COND_OPAQUE, .at = at, .text = why,
	});
}

void
ph_ipt_rule_act(struct ipt_rule *r, const struct ph_act *a)
{
	struct ipt_reader *rd = r->rd;

	*PH_PUSH(rd->mem, rd->acts, rd->n_acts, rd->cap_acts) = *a;
}

void
ph_ipt_rule_words(struct ipt_rule *r, struct ph_span at, const char *words)
{
	struct ph_arena *mem = r->rd->mem;
	uint32_t *key = PH_NEW(mem, uint32_t);

	*key = at.off;
	*ph_map_at(mem, &r->rd->priv->words, (const char *)key, sizeof(*key)) =
	    (void *)(uintptr_t)words;
}

struct ipt_use *
ph_ipt_rule_use(struct ipt_rule *r, const char *name)
{
	for (size_t i = 0; i < r->n_uses; i++)
		if (r->uses[i].m != NULL && strcmp(r->uses[i].m->name, name) == 0)
			return &r->uses[i];
	return NULL;
}

/* Load a match or target; NULL: too many. */
static struct ipt_use *
load(struct ipt_rule *r, const struct ipt_module *m, struct ph_str name,
    struct ph_span at, const char *option)
{
	struct ipt_use *u;

	if (r->n_uses == IPT_MAX_USES) {
		ph_ipt_rule_fail(r, "too-many-matches", at, "more than %d matches",
		    IPT_MAX_USES);
		return NULL;
	}
	u = &r->uses[r->n_uses++];
	*u = (struct ipt_use){ .m = m, .name = name, .at = at };
	if (m != NULL && (m->flags & IPT_KEEP) == 0)
		return u;
	ph_buf_init(&u->words, r->rd->mem);
	ph_buf_printf(&u->words, "%s ", option);
	ph_ipt_lex_quote(&u->words, name);
	return u;
}

/* "-m NAME" */
static bool
read_match(struct ipt_rule *r, const struct ipt_word *w, struct ph_span at)
{
	struct ipt_reader *rd = r->rd;
	const struct ipt_module *m = ph_map_find(&rd->matches, w->s.s, w->s.len);

	if (m == NULL)
		ph_ipt_rule_warn(r, "unread-match", at, "match \"%.*s\" is not known; "
		    "the audit treats it as unknown", (int)w->s.len, w->s.s);
	return load(r, m, w->s, at, "-m") != NULL;
}

/* Is the word before ${i} one that an option of an unknown target could be? */
static bool
options_follow(const struct ipt_rule *r)
{
	const struct ipt_line *l = &r->rd->line;

	return r->pos < l->n && l->w[r->pos].s.len > 2 &&
	    l->w[r->pos].s.s[0] == '-' && l->w[r->pos].s.s[1] == '-';
}

/* "-j NAME" | "-g CHAIN" */
static bool
read_jump(struct ipt_rule *r, const struct ipt_word *w, struct ph_span at, bool go)
{
	struct ipt_reader *rd = r->rd;
	const struct ipt_module *m = ph_map_find(&rd->targets, w->s.s, w->s.len);

	if (r->target != NULL || r->jump.len > 0)
		return ph_ipt_rule_fail(r, "duplicate-option", at,
		    "a rule has one target only");
	if (m != NULL && !go)
		return (r->target = load(r, m, w->s, at, "-j")) != NULL;
	if (!go && options_follow(r) && ph_ipt_table_find(r->table, w->s) == NULL) {
		ph_ipt_rule_warn(r, "unread-target", at, "target \"%.*s\" is not "
		    "known; the audit treats it as unknown", (int)w->s.len, w->s.s);
		return (r->target = load(r, NULL, w->s, at, "-j")) != NULL;
	}
	if (w->s.len == 0)
		return ph_ipt_rule_fail(r, "missing-value", at, "a target is missing");
	r->jump = w->s;
	r->jump_at = at;
	r->go = go;
	return true;
}

/* One option on its way to the module it belongs to. */
struct found {
	const struct ipt_opt *opt;
	struct ipt_use *use;
	unsigned args_kept;		/* of a module known by its names only */
	const char *name;
	size_t name_len;
	bool near;			/* by a unique beginning only */
	bool two;			/* more than one begins so */
};

static void
consider(struct found *f, const struct ipt_opt *o, struct ipt_use *u,
    const char *name, size_t len, unsigned args, struct ph_str s)
{
	bool exact = len == s.len;

	if (len < s.len || memcmp(name, s.s, s.len) != 0)
		return;
	if (f->name != NULL && !f->near)
		return;			/* the first exact one counts */
	if (f->name != NULL && !exact) {
		f->two |= f->name_len != len || memcmp(f->name, name, len) != 0;
		return;
	}
	f->opt = o;
	f->use = u;
	f->args_kept = args;
	f->name = name;
	f->name_len = len;
	f->near = !exact;
	f->two = false;
}

/* Names of a module without rows: "name name* name= ...". */
static void
search_args(struct found *f, struct ipt_use *u, struct ph_str s)
{
	const char *p = u->m->args;

	while (p != NULL && *p != '\0') {
		size_t n = strcspn(p, " "), len = n;
		unsigned args = IPT_ONE;

		if (p[n - 1] == '*')
			args = IPT_FLAG;
		else if (p[n - 1] == '=')
			args = IPT_TWO;
		else if (p[n - 1] == '?')
			args = IPT_MAYBE;
		len -= args != IPT_ONE;
		consider(f, NULL, u, p, len, args, s);
		p += n + (p[n] == ' ');
	}
}

static void
search_use(struct found *f, struct ipt_use *u, struct ph_str s)
{
	if (u->m == NULL)
		return;
	for (size_t i = 0; i < u->m->n_opts; i++) {
		const struct ipt_opt *o = &u->m->opts[i];

		if (o->name[0] == s.s[0])
			consider(f, o, u, o->name, strlen(o->name), o->args, s);
	}
	search_args(f, u, s);
}

static void
search_base(struct found *f, struct ph_str s)
{
	for (size_t i = 0; i < ph_ipt_base_n; i++)
		if (ph_ipt_base_opts[i].name[0] == s.s[0])
			consider(f, &ph_ipt_base_opts[i], NULL, ph_ipt_base_opts[i].name,
			    strlen(ph_ipt_base_opts[i].name), ph_ipt_base_opts[i].args, s);
}

/* The match that a protocol brings along. */
static void
load_implicit(struct ipt_rule *r)
{
	const char *name = r->proto < 0 ? NULL : ph_proto_name((uint8_t)r->proto);
	const struct ipt_module *m;

	if (name == NULL || r->proto_neg)
		return;
	if (r->proto == PH_ICMPV6)
		name = "icmp6";
	m = ph_map_find(&r->rd->matches, name, strlen(name));
	if (m == NULL || m->protos == 0 || ph_ipt_rule_use(r, m->name) != NULL ||
	    r->n_uses == IPT_MAX_USES)
		return;
	r->uses[r->n_uses] = (struct ipt_use){
		.m = m, .name = ph_str(m->name), .at = r->proto_at, .implicit = true,
	};
	if ((m->flags & IPT_KEEP) != 0) {
		ph_buf_init(&r->uses[r->n_uses].words, r->rd->mem);
		ph_buf_printf(&r->uses[r->n_uses].words, "-m %s", m->name);
	}
	r->n_uses++;
}

/* The row of "--s", or none. */
static struct found
find_option(struct ipt_rule *r, struct ph_str s)
{
	struct found f = { 0 };

	search_base(&f, s);
	for (size_t i = 0; i < r->n_uses && (f.name == NULL || f.near); i++)
		search_use(&f, &r->uses[i], s);
	return f;
}

static struct ipt_use *
unknown_use(struct ipt_rule *r)
{
	for (size_t i = r->n_uses; i > 0; i--)
		if (r->uses[i - 1].m == NULL)
			return &r->uses[i - 1];
	return NULL;
}

/* Take one value; a "!" before it is the old place of the negation. */
static bool
take_value(struct ipt_rule *r, struct ipt_arg *a, struct ipt_word *out,
    bool may_neg)
{
	const struct ipt_line *l = &r->rd->line;

	if (may_neg && r->pos + 1 < l->n && ph_str_eq(l->w[r->pos].s, "!") &&
	    !l->w[r->pos].quoted) {
		a->neg = !a->neg;
		r->pos++;
	}
	if (r->pos >= l->n)
		return ph_ipt_rule_fail(r, "missing-value", a->at,
		    "a value is missing after this option");
	*out = l->w[r->pos++];
	a->at = ph_span_join(a->at, out->at);
	return true;
}

/* Is the next word a value and no option? */
static bool
value_follows(const struct ipt_rule *r)
{
	const struct ipt_line *l = &r->rd->line;

	return r->pos < l->n && l->w[r->pos].s.len > 0 &&
	    l->w[r->pos].s.s[0] != '-' && !ph_str_eq(l->w[r->pos].s, "!");
}

static bool
take_values(struct ipt_rule *r, struct ipt_arg *a, unsigned args, bool may_neg)
{
	if (args == IPT_FLAG || (args == IPT_MAYBE && !value_follows(r)))
		return true;
	if (!take_value(r, a, &a->v, may_neg))
		return false;
	return args != IPT_TWO || take_value(r, a, &a->v2, false);
}

/* Append "[!] --name value..." to the words that are kept. */
static void
keep_words(struct ipt_use *u, const struct found *f, const struct ipt_arg *a)
{
	if (u->words.mem == NULL)
		return;
	ph_buf_printf(&u->words, "%s --%.*s", a->neg ? " !" : "", (int)f->name_len,
	    f->name);
	if (a->v.at.src != NULL) {
		ph_buf_putc(&u->words, ' ');
		ph_ipt_lex_quote(&u->words, a->v.s);
	}
	if (a->v2.at.src != NULL) {
		ph_buf_putc(&u->words, ' ');
		ph_ipt_lex_quote(&u->words, a->v2.s);
	}
}

/* Any option of a match or target that is not known, with its values. */
static bool
read_unknown(struct ipt_rule *r, struct ipt_use *u, struct ph_str name,
    struct ph_span at, bool neg)
{
	const struct ipt_line *l = &r->rd->line;

	ph_buf_printf(&u->words, "%s --", neg ? " !" : "");
	ph_buf_add(&u->words, name.s, name.len);
	while (value_follows(r)) {
		ph_buf_putc(&u->words, ' ');
		ph_ipt_lex_quote(&u->words, l->w[r->pos].s);
		at = ph_span_join(at, l->w[r->pos++].at);
	}
	u->at = ph_span_join(u->at, at);
	return true;
}

static bool
unknown_option(struct ipt_rule *r, struct ph_str s, struct ph_span at)
{
	const char *names[512], *near;
	size_t n = 0;

	for (size_t i = 0; i < ph_ipt_base_n; i++)
		names[n++] = ph_ipt_base_opts[i].name;
	for (size_t i = 0; i < r->n_uses; i++)
		for (size_t k = 0; r->uses[i].m != NULL && k < r->uses[i].m->n_opts &&
		    n < sizeof(names) / sizeof(*names); k++)
			names[n++] = r->uses[i].m->opts[k].name;
	near = ph_str_nearest(s, names, n);
	if (near != NULL)
		return ph_ipt_rule_fail(r, "unknown-option", at,
		    "unknown option; did you mean \"--%s\"?", near);
	return ph_ipt_rule_fail(r, "unknown-option", at, "unknown option; a match "
	    "(-m) or protocol (-p) that has it must stand before it");
}

/* Give an option to its module, or carry it out. */
static bool
run_option(struct ipt_rule *r, const struct found *f, struct ipt_arg *a)
{
	bool may_neg = f->opt == NULL || f->opt->may_neg;
	unsigned args = f->opt == NULL ? f->args_kept : f->opt->args;

	if (!(a->v.at.src != NULL && args == IPT_ONE) &&
	    !take_values(r, a, args, may_neg))
		return false;
	if (a->neg && !may_neg)
		return ph_ipt_rule_fail(r, "bad-negation", a->at,
		    "\"!\" has no meaning for this option");
	if (f->use != NULL) {
		f->use->touched = true;
		f->use->at = f->use->implicit && f->use->words.mem == NULL ?
		    f->use->at : ph_span_join(f->use->at, a->at);
		keep_words(f->use, f, a);
	}
	if (f->opt == NULL)
		return true;
	a->code = f->opt->code;
	switch (f->opt->code) {
	case 'm':
		if (f->use == NULL)
			return read_match(r, &a->v, a->at);
		break;
	case 'j':
	case 'g':
		if (f->use == NULL)
			return read_jump(r, &a->v, a->at, f->opt->code == 'g');
		break;
	}
	return f->opt->read(r, f->use, a);
}

/* "--name" or "--name=value"; ${at} is where a "!" before it begins. */
static bool
read_long(struct ipt_rule *r, const struct ipt_word *w, struct ph_span at, bool neg)
{
	struct ph_str s = { w->s.s + 2, w->s.len - 2 };
	const char *eq = memchr(s.s, '=', s.len);
	struct ipt_arg a = { .at = at, .neg = neg };
	struct ipt_use *u;
	struct found f;

	if (eq != NULL) {
		a.v = *w;
		a.v.s = (struct ph_str){ eq + 1, (size_t)(s.s + s.len - eq - 1) };
		s.len = (size_t)(eq - s.s);
	}
	f = find_option(r, s);
	if (f.name == NULL) {
		load_implicit(r);
		f = find_option(r, s);
	}
	if (f.two)
		return ph_ipt_rule_fail(r, "unknown-option", w->at,
		    "this could be more than one option; write it in full");
	if (f.name != NULL && (!f.near || unknown_use(r) == NULL))
		return run_option(r, &f, &a);
	u = unknown_use(r);
	return u != NULL ? read_unknown(r, u, s, at, neg) :
	    unknown_option(r, s, w->at);
}

/* "-s VALUE" or "-sVALUE" */
static bool
read_short(struct ipt_rule *r, const struct ipt_word *w, struct ph_span at, bool neg)
{
	const struct ipt_opt *o = ph_ipt_base_short(w->s.s[1]);
	struct ipt_arg a = { .at = at, .neg = neg };
	struct found f = { .opt = o };

	if (o == NULL)
		return ph_ipt_rule_fail(r, "unknown-option", w->at, "unknown option");
	if (w->s.len > 2 && o->args == IPT_ONE) {
		a.v = *w;
		a.v.s = (struct ph_str){ w->s.s + 2, w->s.len - 2 };
	} else if (w->s.len > 2 && o->args != IPT_FLAG) {
		return ph_ipt_rule_fail(r, "unknown-option", w->at, "unknown option");
	}
	return run_option(r, &f, &a);
}

/* option = [ "!" ] ( "-" LETTER | "--" WORD ) ... */
static bool
read_option(struct ipt_rule *r)
{
	const struct ipt_line *l = &r->rd->line;
	struct ph_span at = l->w[r->pos].at;
	bool neg = false;
	const struct ipt_word *w;

	if (ph_str_eq(l->w[r->pos].s, "!") && !l->w[r->pos].quoted) {
		neg = true;
		if (++r->pos == l->n)
			return ph_ipt_rule_fail(r, "missing-value", at,
			    "an option is missing after \"!\"");
	}
	w = &l->w[r->pos++];
	at = ph_span_join(at, w->at);
	if (w->s.len > 2 && w->s.s[0] == '-' && w->s.s[1] == '-')
		return read_long(r, w, at, neg);
	if (w->s.len > 1 && w->s.s[0] == '-' && w->s.s[1] != '-')
		return read_short(r, w, at, neg);
	return ph_ipt_rule_fail(r, "unknown-word", w->at,
	    "expected an option; a text of several words needs quotes");
}

/* The protocol, and the family, that a match needs. */
static bool
check_use(struct ipt_rule *r, const struct ipt_use *u)
{
	const struct ipt_module *m = u->m;

	if (m == NULL)
		return true;
	if ((m->flags & IPT_V4) != 0 && r->table->family == PH_FAMILY_6)
		return ph_ipt_rule_fail(r, "wrong-family", u->at,
		    "%s is for IPv4, the table is for IPv6", m->name);
	if ((m->flags & IPT_V6) != 0 && r->table->family == PH_FAMILY_4)
		return ph_ipt_rule_fail(r, "wrong-family", u->at,
		    "%s is for IPv6, the table is for IPv4", m->name);
	if (m->tables != 0 && (m->tables & 1U << r->table->id) == 0)
		return ph_ipt_rule_fail(r, "wrong-table", u->at,
		    "%s has no place in table %s", m->name,
		    ph_ipt_table_name(r->table->id));
	return true;
}

static void
end_unknown(struct ipt_rule *r, struct ipt_use *u)
{
	ph_ipt_rule_words(r, u->at, u->words.s);
	if (u == r->target)
		ph_ipt_rule_act(r, &(struct ph_act){
			.kind = PH_ACT_OPAQUE, .at = u->at,
			.text = "a target that is not known",
		});
	else
		ph_ipt_rule_opaque(r, u->at, "a match that is not known");
}

static bool
end_use(struct ipt_rule *r, struct ipt_use *u)
{
	if (u->m == NULL) {
		end_unknown(r, u);
		return true;
	}
	if (!check_use(r, u))
		return false;
	if (u->words.mem != NULL)
		ph_ipt_rule_words(r, u->at, u->words.s);
	return u->m->end == NULL || u->m->end(r, u);
}

/* Conditions in the order of iptables-save, then the target. */
static bool
end_rule(struct ipt_rule *r)
{
	bool ok = ph_ipt_base_end(r);

	for (size_t i = 0; i < r->n_uses; i++)
		if (&r->uses[i] != r->target)
			ok &= end_use(r, &r->uses[i]);
	return ok && (r->target == NULL || end_use(r, r->target));
}

static bool
add_jump(struct ipt_rule *r)
{
	struct ipt_chain *c;

	if (r->jump.len == 0)
		return true;
	c = ph_ipt_table_chain(r->rd->mem, r->rd->rs, r->table, r->jump, r->jump_at);
	if (c->point >= 0)
		return ph_ipt_rule_fail(r, "bad-jump", r->jump_at,
		    "%s is a built-in chain: no rule can jump to it", c->name.s);
	ph_ipt_rule_act(r, &(struct ph_act){
		.kind = r->go ? PH_ACT_GOTO : PH_ACT_JUMP, .at = r->jump_at,
		.chain = c->out,
	});
	return true;
}

/* Copy what was collected into a rule of its own. */
static void
fill(const struct ipt_rule *r, struct ph_rule *out, const struct ph_cond *conds,
    size_t n, const struct ph_act *acts)
{
	*out = (struct ph_rule){
		.at = r->at, .conds = conds, .n_conds = (uint16_t)n, .acts = acts,
		.n_acts = (uint16_t)r->rd->n_acts, .comment = r->comment,
	};
}

static struct ph_cond *
list_cond(struct ph_arena *mem, struct ph_cond *to, enum ph_dim dim,
    const struct ph_range *v, struct ph_span at)
{
	*to = (struct ph_cond){ .kind = PH_COND_RANGES, .dim = dim, .at = at };
	to->ranges = ph_ranges_one(mem, v->lo, v->hi);
	return to + 1;
}

/* The rule for one pair of the lists of -s and -d. */
static void
place_pair(struct ipt_rule *r, struct ph_rule *out, size_t s, size_t d,
    const struct ph_act *acts)
{
	struct ipt_reader *rd = r->rd;
	size_t n = rd->n_conds + (r->n_src > 0) + (r->n_dst > 0);
	struct ph_cond *v = ph_arena_array(rd->mem, n, sizeof(*v)), *to = v;

	if (r->n_src > 0)
		to = list_cond(rd->mem, to, PH_SRC, &r->src[s], r->src_at);
	if (r->n_dst > 0)
		to = list_cond(rd->mem, to, PH_DST, &r->dst[d], r->dst_at);
	if (rd->n_conds > 0)
		memcpy(to, rd->conds, rd->n_conds * sizeof(*v));
	fill(r, out, v, n, acts);
}

/* -A, -I, -R: a list of addresses makes a rule each, as iptables does. */
static bool
place(struct ipt_rule *r, struct ipt_chain *c)
{
	struct ipt_reader *rd = r->rd;
	struct ph_act *acts = ph_arena_array(rd->mem, rd->n_acts, sizeof(*acts));
	size_t at = r->command == 'A' ? ph_ipt_table_count(c) :
	    r->number == 0 ? 0 : r->number - 1;

	c->edited |= r->command != 'A';
	if (rd->n_acts > 0)
		memcpy(acts, rd->acts, rd->n_acts * sizeof(*acts));
	if (at > ph_ipt_table_count(c) - (r->command == 'R'))
		return ph_ipt_rule_fail(r, "bad-rule-number", r->at,
		    "chain %s has only %zu rules", c->name.s, ph_ipt_table_count(c));
	if (r->command == 'R')
		ph_ipt_table_remove(c, at);
	for (size_t s = 0; s < r->n_src + (r->n_src == 0); s++)
		for (size_t d = 0; d < r->n_dst + (r->n_dst == 0); d++)
			place_pair(r, r->command == 'A' ? ph_chain_add(rd->mem, c->out) :
			    ph_ipt_table_place(rd->mem, c, at++), s, d, acts);
	return true;
}

/* What stands behind the chain's name, with the blanks as they are. */
static struct ph_str
behind_chain(struct ph_span line, struct ph_str chain)
{
	const char *text = line.src->text + line.off, *end = text + line.len;
	const char *name = memmem(text, line.len, chain.s, chain.len);

	if (name == NULL)
		return (struct ph_str){ text, line.len };
	name += chain.len;
	return (struct ph_str){ name, (size_t)(end - name) };
}

/* The first rule that is written like the one to delete; count: none. */
static size_t
find_written(struct ipt_rule *r, struct ipt_chain *c)
{
	struct ph_str want = behind_chain(r->at, r->chain);
	size_t n = ph_ipt_table_count(c), i;

	for (i = 0; i < n; i++) {
		struct ph_str have = behind_chain(ph_ipt_table_rule(c, i)->at, r->chain);

		if (have.len == want.len && memcmp(have.s, want.s, want.len) == 0)
			break;
	}
	return i;
}

/* -D CHAIN NUMBER, or the rule as it was written */
static bool
delete_rule(struct ipt_rule *r, struct ipt_chain *c)
{
	size_t n = ph_ipt_table_count(c), i = r->number - 1;

	if (r->number == 0) {
		i = find_written(r, c);
		if (i == n && n > 0) {
			ph_ipt_rule_warn(r, "unread-command", r->at, "no rule is written "
			    "like the one deleted here; it could be any");
			ph_ruleset_gap(r->rd->mem, r->rd->rs, r->at,
			    "a rule is deleted by a text that no rule has");
		}
		if (i == n)
			return true;
	}
	if (i >= n)
		return ph_ipt_rule_fail(r, "bad-rule-number", r->at,
		    "chain %s has only %zu rules", c->name.s, n);
	c->edited = true;
	ph_ipt_table_remove(c, i);
	return true;
}

static bool
set_policy(struct ipt_rule *r, struct ipt_chain *c)
{
	bool drop = ph_str_eq(r->second, "DROP");

	if (c->point < 0)
		return ph_ipt_rule_fail(r, "bad-policy", r->chain_at,
		    "%s is no built-in chain: it has no policy", c->name.s);
	if (!drop && !ph_str_eq(r->second, "ACCEPT"))
		return ph_ipt_rule_fail(r, "bad-policy", r->second_at,
		    "a policy is ACCEPT or DROP");
	c->policy = drop ? PH_ACT_DROP : PH_ACT_ACCEPT;
	c->policy_at = r->at;
	return true;
}

static void
flush_all(struct ipt_rule *r)
{
	for (struct ipt_chain *c = r->table->first; c != NULL; c = c->next)
		if (r->chain.len == 0 || (c->name.len == r->chain.len &&
		    memcmp(c->name.s, r->chain.s, c->name.len) == 0))
			ph_ipt_table_flush(c);
}

/* Carry the command out. */
static bool
obey(struct ipt_rule *r)
{
	struct ipt_chain *c;

	switch (r->command) {
	case 'F':
		flush_all(r);
		return true;
	case 'X': case 'Z': case 'L': case 'S': case 'C': case 'E':
		return true;		/* no effect on what follows */
	case 0:
		return ph_ipt_rule_fail(r, "no-command", r->at,
		    "expected a command like -A CHAIN");
	}
	c = ph_ipt_table_chain(r->rd->mem, r->rd->rs, r->table, r->chain, r->chain_at);
	switch (r->command) {
	case 'N':
		c->declared = true;
		return true;
	case 'P':
		return set_policy(r, c);
	case 'D':
		return delete_rule(r, c);
	default:
		return add_jump(r) && place(r, c);
	}
}

bool
ph_ipt_rule_read(struct ipt_reader *rd, struct ipt_table *t, size_t from)
{
	struct ipt_rule r;
	bool ok = true;

	/* the uses are set when they are taken */
	memset(&r, 0, offsetof(struct ipt_rule, uses));
	r.rd = rd;
	r.table = t;
	r.at = rd->line.at;
	r.pos = from;
	r.proto = -1;
	rd->n_conds = rd->n_acts = 0;
	while (ok && !r.skip && r.pos < rd->line.n)
		ok = read_option(&r);
	if (!ok || r.skip)
		return ok;
	if (r.command != 0 && strchr("AIRD", r.command) != NULL &&
	    !(r.command == 'D' && r.number > 0) && !end_rule(&r))
		return false;
	return obey(&r);
}
