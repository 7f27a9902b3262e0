/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_read.h"
#include "net/names.h"

/*
 * DOC: Options
 *
 *	option  = [ "!" ] ( "-" LETTER | "--" WORD [ "=" VALUE ] ) [ "!" ] VALUE*
 *
 * Options belong to the rule itself or to a match or target loaded before; a
 * protocol brings its own match.  As in getopt_long(), a word may be cut short
 * while it stays unique.  Options of a module that is not known belong to it
 * up to the next one that is.
 */
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
consider(struct found *f, const struct found *c, struct ph_str s)
{
	bool exact = c->name_len == s.len;

	if (c->name_len < s.len || memcmp(c->name, s.s, s.len) != 0)
		return;
	if (f->name != NULL && !f->near)
		return;			/* the first exact one counts */
	if (f->name != NULL && !exact) {
		f->two |= f->name_len != c->name_len ||
		    memcmp(f->name, c->name, c->name_len) != 0;
		return;
	}
	*f = *c;
	f->near = !exact;
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
		consider(f, &(struct found){
			.use = u, .args_kept = args, .name = p, .name_len = len,
		}, s);
		p += n + (p[n] == ' ');
	}
}

static void
search_rows(struct found *f, const struct ipt_opt *v, size_t n, struct ipt_use *u,
    struct ph_str s)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].name[0] == s.s[0])
			consider(f, &(struct found){
				.opt = &v[i], .use = u, .name = v[i].name,
				.name_len = strlen(v[i].name),
			}, s);
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

	search_rows(&f, ph_ipt_base_opts, ph_ipt_base_n, NULL, s);
	for (size_t i = 0; i < r->n_uses && (f.name == NULL || f.near); i++) {
		struct ipt_use *u = &r->uses[i];

		if (u->m == NULL)
			continue;
		search_rows(&f, u->m->opts, u->m->n_opts, u, s);
		search_args(&f, u, s);
	}
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
bool
ph_ipt_option_read(struct ipt_rule *r)
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
