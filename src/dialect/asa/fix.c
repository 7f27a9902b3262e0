/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "dialect/asa/fix.h"
#include "dialect/asa/read.h"
#include "dialect/asa/write.h"

/* A change of the text: ${cut} bytes at ${off} make way for ${add}. */
struct edit {
	uint32_t off, cut;
	const char *add;
	size_t order;			/* of edits at the same place */
};

/* Lines already put into a list: later numbers count them. */
struct inserted {
	const struct ph_asa_list *list;
	size_t line, n;
};

struct fixer {
	struct ph_arena *mem;
	struct ph_diags *diags;
	const struct ph_asa *a;
	struct ph_fix_text *out;
	struct ph_asa_writer w;
	struct edit *v;
	size_t n, cap;
	struct ph_buf tail;		/* what goes to the end of the file */
	struct ph_buf undo_tail;
	struct ph_map classes;		/* made by this fix */
	struct inserted *ins;
	size_t n_ins, cap_ins;
	bool ok, policy_made;
};

static void
edit(struct fixer *f, uint32_t off, uint32_t cut, const char *add)
{
	*PH_PUSH(f->mem, f->v, f->n, f->cap) = (struct edit){ off, cut, add, f->n };
}

static bool
cannot(struct fixer *f, struct ph_span at, const char *why)
{
	ph_diag(f->diags, PH_ERROR, "cannot-fix", at, "%s", why);
	f->ok = false;
	return false;
}

/* The list a chain was made from. */
static const struct ph_asa_list *
list_of(const struct fixer *f, const struct ph_chain *c)
{
	const struct ph_asa_list *l = f->a->list_list;

	while (l != NULL && l->chain != c)
		l = l->next;
	return l;
}

/* An implicit deny stands at the access-group that binds its list. */
static const struct ph_asa_list *
list_bound_at(const struct fixer *f, struct ph_span at)
{
	for (const struct ph_asa_bind *b = f->a->binds; b != NULL; b = b->next)
		if (b->at.off == at.off)
			return b->list;
	return NULL;
}

/* Which line of the list, counting remarks as the device does; n: behind all. */
static size_t
line_in_list(const struct ph_asa_list *l, struct ph_span at)
{
	size_t i = 0;

	while (i < l->n && (at.src == NULL || l->v[i].off + l->v[i].len <= at.off))
		i++;
	return i;
}

/* Remarks right above a line belong to it. */
static size_t
above_remarks(const struct fixer *f, const struct ph_asa_list *l, size_t i)
{
	while (i > 0 && memmem(f->a->src->text + l->v[i - 1].off, l->v[i - 1].len,
	    " remark ", 8) != NULL)
		i--;
	return i;
}

static uint32_t
next_line(const struct ph_src *src, uint32_t off)
{
	const char *nl = memchr(src->text + off, '\n', src->len - off);

	return nl == NULL ? src->len : (uint32_t)(nl - src->text) + 1;
}

/* "access-list L permit …" as a command that names the line to stand at. */
static void
numbered(struct fixer *f, const struct ph_asa_list *l, const char *aces, size_t line)
{
	struct ph_buf *cmd = &f->out->commands, *undo = &f->out->rollback;
	size_t head = strlen("access-list ") + l->name.len, first = line + 1, n = 0;

	for (size_t i = 0; i < f->n_ins; i++)
		if (f->ins[i].list == l && f->ins[i].line <= line)
			first += f->ins[i].n;
	for (const char *p = aces; *p != '\0'; n++) {
		const char *nl = strchrnul(p, '\n');

		ph_buf_printf(cmd, "%.*s line %zu%.*s\n", (int)head, p, first + n,
		    (int)(nl - p - (long)head), p + head);
		ph_buf_printf(undo, "no %.*s\n", (int)(nl - p), p);
		p = *nl == '\0' ? nl : nl + 1;
	}
	*PH_PUSH(f->mem, f->ins, f->n_ins, f->cap_ins) = (struct inserted){ l, line, n };
}

static const char *
group_hint(struct fixer *f, const struct ph_fix *x, bool far)
{
	return ph_asa_object_name(f->mem, x->req->service,
	    far ? (x->req->group != NULL ? x->req->group : x->req->flow) : "CLIENTS");
}

static const char *
aces_for(struct fixer *f, const struct ph_fix *x, struct ph_str list)
{
	bool out = x->req->direction == PH_OUT;
	struct ph_cube c = x->cube;
	struct ph_buf b;

	ph_buf_init(&b, f->mem);
	ph_asa_write_aces(&f->w, &b, ph_arena_printf(f->mem,
	    "access-list %.*s extended permit", (int)list.len, list.s), &c,
	    group_hint(f, x, !out), group_hint(f, x, out));
	return b.s;
}

static bool
permit(struct fixer *f, const struct ph_fix *x)
{
	const struct ph_asa_list *l = list_of(f, x->chain);
	const char *aces;
	size_t line;
	uint32_t off;

	if (l != NULL && x->before < x->chain->n) {
		line = above_remarks(f, l, line_in_list(l, x->chain->rules[x->before].at));
	} else {
		l = list_bound_at(f, x->cause);
		if (l == NULL)
			return cannot(f, x->cause, "no access list decides here: security levels "
			    "or translation do; bind a list first");
		line = l->n;
	}
	aces = aces_for(f, x, l->name);
	off = line < l->n ? l->v[line].off : l->n > 0 ?
	    next_line(f->a->src, l->v[l->n - 1].off) : f->a->src->len;
	edit(f, off, 0, aces);
	numbered(f, l, aces, line);
	return true;
}

/* The policy in force everywhere, or the one this fix adds. */
static const char *
global_policy(struct fixer *f)
{
	for (const struct ph_asa_service *s = f->a->services; s != NULL; s = s->next)
		if (s->iface.len == 0)
			return ph_arena_dup(f->mem, s->policy.s, s->policy.len);
	f->policy_made = true;
	return "global_policy";
}

static void
add_tail(struct fixer *f, const char *text, const char *undo)
{
	struct ph_buf back;

	ph_buf_puts(&f->tail, text);
	ph_buf_puts(&f->out->commands, text);
	ph_buf_init(&back, f->mem);
	ph_buf_puts(&back, undo);
	ph_buf_puts(&back, f->undo_tail.s);
	f->undo_tail = back;
}

static bool
timer(struct fixer *f, const struct ph_fix *x)
{
	const char *name = ph_asa_object_name(f->mem, x->req->service, x->req->flow);
	void **made = ph_map_at(f->mem, &f->classes, name, strlen(name));
	const char *policy = global_policy(f);
	struct ph_buf b;

	ph_buf_init(&b, f->mem);
	ph_buf_puts(&b, aces_for(f, x, ph_str(name)));
	if (*made != NULL) {
		add_tail(f, b.s, "");
		return true;
	}
	*made = f;
	ph_buf_printf(&b, "class-map %s\n match access-list %s\npolicy-map %s\n class %s\n"
	    "  set connection timeout idle ", name, name, policy, name);
	ph_asa_write_time(&b, x->idle_s);
	ph_buf_putc(&b, '\n');
	add_tail(f, b.s, ph_arena_printf(f->mem, "policy-map %s\n no class %s\n"
	    "no class-map %s\nclear configure access-list %s\n", policy, name, name, name));
	return true;
}

static bool
fixup_off(struct fixer *f, const struct ph_fix *x)
{
	for (const struct ph_asa_action *p = f->a->fixups; p != NULL; p = p->next) {
		if (p->at.off != x->cause.off)
			continue;
		edit(f, p->at.off, 0, "no ");
		ph_buf_printf(&f->out->commands, "no %.*s\n", (int)p->at.len,
		    f->a->src->text + p->at.off);
		ph_buf_printf(&f->out->rollback, "%.*s\n", (int)p->at.len,
		    f->a->src->text + p->at.off);
		return true;
	}
	return cannot(f, x->cause, "the line that inspects is not found");
}

/* Another flow has asked for the same. */
static bool
is_cut(const struct fixer *f, uint32_t off)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].off == off && f->v[i].cut > 0)
			return true;
	return false;
}

/* Take the inspection out of its class. */
static bool
no_inspect(struct fixer *f, const struct ph_fix *x)
{
	for (const struct ph_asa_policy *p = f->a->policy_list; p != NULL; p = p->next)
		for (const struct ph_asa_action *q = p->actions; q != NULL; q = q->next) {
			const char *line = f->a->src->text + q->at.off;
			uint32_t from = q->at.off, to = next_line(f->a->src, from);

			if (q->at.off != x->cause.off || q->inspect.len == 0)
				continue;
			while (from > 0 && f->a->src->text[from - 1] != '\n')
				from--;
			if (is_cut(f, from))
				return true;
			edit(f, from, to - from, "");
			ph_buf_printf(&f->out->commands,
			    "policy-map %.*s\n class %.*s\n  no %.*s\n", (int)p->name.len,
			    p->name.s, (int)q->class.len, q->class.s, (int)q->at.len, line);
			ph_buf_printf(&f->out->rollback,
			    "policy-map %.*s\n class %.*s\n  %.*s\n", (int)p->name.len,
			    p->name.s, (int)q->class.len, q->class.s, (int)q->at.len, line);
			return true;
		}
	return fixup_off(f, x);
}

static bool
fix_one(struct fixer *f, const struct ph_fix *x)
{
	switch (x->kind) {
	case PH_FIX_PERMIT:
		return permit(f, x);
	case PH_FIX_TIMER:
		return timer(f, x);
	case PH_FIX_NO_HELPER:
		return no_inspect(f, x);
	case PH_FIX_TRACK:
		break;
	}
	return cannot(f, x->cause, "this platform always tracks connections");
}

static int
compare(const void *x, const void *y)
{
	const struct edit *p = x, *q = y;

	if (p->off != q->off)
		return p->off < q->off ? -1 : 1;
	return p->order < q->order ? -1 : p->order > q->order;
}

/* Where the configuration proper ends: before ": end" and the checksum. */
static uint32_t
end_of_text(const struct ph_src *src)
{
	uint32_t off = src->len, from;

	for (;;) {
		from = off;
		while (from > 0 && src->text[from - 1] == '\n')
			from--;
		while (from > 0 && src->text[from - 1] != '\n')
			from--;
		if (from >= off || (src->text[from] != ':' &&
		    strncmp(src->text + from, "Cryptochecksum", 14) != 0))
			return off;
		off = from;
	}
}

/* Groups must stand before the lists that name them. */
static uint32_t
first_list(const struct fixer *f)
{
	uint32_t off = f->a->src->len;

	for (const struct ph_asa_list *l = f->a->list_list; l != NULL; l = l->next)
		if (l->n > 0 && l->v[0].off < off)
			off = l->v[0].off;
	return off;
}

static void
apply(struct fixer *f)
{
	const struct ph_src *src = f->a->src;
	struct ph_buf *text = &f->out->text;
	uint32_t at = 0;

	qsort(f->v, f->n, sizeof(*f->v), compare);
	for (size_t i = 0; i < f->n; i++) {
		const struct edit *e = &f->v[i];

		if (e->off < at)
			continue;	/* the same line is cut twice */
		ph_buf_add(text, src->text + at, e->off - at);
		if (text->len > 0 && text->s[text->len - 1] != '\n' && e->cut == 0 &&
		    strcmp(e->add, "no ") != 0)
			ph_buf_putc(text, '\n');
		ph_buf_puts(text, e->add);
		at = e->off + e->cut;
	}
	ph_buf_add(text, src->text + at, src->len - at);
}

bool
ph_asa_fix(struct ph_arena *mem, struct ph_diags *diags, struct ph_ruleset *rs,
    const struct ph_fix *fixes, size_t n, struct ph_fix_text *out)
{
	struct fixer f = { .mem = mem, .diags = diags, .a = rs->priv, .out = out, .ok = true };
	struct ph_buf commands;

	ph_asa_writer_init(&f.w, mem, f.a);
	ph_buf_init(&f.tail, mem);
	ph_buf_init(&f.undo_tail, mem);
	for (size_t i = 0; i < n; i++)
		fix_one(&f, &fixes[i]);
	if (f.policy_made)
		add_tail(&f, "service-policy global_policy global\n",
		    "no service-policy global_policy global\n");
	if (f.w.defs.len > 0)
		edit(&f, first_list(&f), 0, f.w.defs.s);
	if (f.tail.len > 0)
		edit(&f, end_of_text(f.a->src), 0, f.tail.s);
	ph_buf_init(&commands, mem);
	ph_buf_puts(&commands, f.w.defs.s);
	ph_buf_puts(&commands, out->commands.s);
	out->commands = commands;
	ph_buf_puts(&out->rollback, f.undo_tail.s);
	apply(&f);
	return f.ok;
}
