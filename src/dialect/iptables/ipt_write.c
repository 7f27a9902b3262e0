/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_lex.h"
#include "dialect/iptables/ipt_write.h"

/*
 * DOC: Writing a rule
 *
 * Every condition becomes a text, or several of which one must hold; those
 * multiply into lines.  What only the reader could tell (a match without a
 * dimension) is written as it was read.  A rule with several effects becomes
 * one line an effect, in order.
 */

enum { MAX_LINES = 1024 };

void
ph_ipt_write_fail(struct ipt_writer *w, struct ph_span at, const char *what)
{
	ph_diag(w->diags, PH_ERROR, "cannot-emit", at,
	    "%s cannot be said in iptables", what);
	w->ok = false;
}

const char *
ph_ipt_write_words(const struct ipt_writer *w, struct ph_span at)
{
	if (w->priv == NULL || at.src == NULL)
		return NULL;
	return ph_map_find(&w->priv->words, (const char *)&at.off, sizeof(at.off));
}

void
ph_ipt_write_fixed(struct ipt_writer *w, struct ipt_parts *p, const char *text)
{
	struct ipt_alts *a;

	if (p->n == IPT_MAX_ALTS) {
		/* the last one is always fixed text: lengthen it */
		a = &p->alt[p->n - 1];
		for (size_t i = 0; i < a->n; i++)
			a->v[i] = ph_arena_printf(w->mem, "%s %s", a->v[i], text);
		return;
	}
	a = &p->alt[p->n++];
	*a = (struct ipt_alts){ 0 };
	*PH_PUSH(w->mem, a->v, a->n, a->cap) = text;
}

/* Where a product of alternatives stands. */
struct product {
	const struct ipt_parts *p;
	size_t at[IPT_MAX_ALTS];
};

static bool
advance(struct product *x)
{
	for (size_t i = x->p->n; i > 0; i--) {
		if (++x->at[i - 1] < x->p->alt[i - 1].n)
			return true;
		x->at[i - 1] = 0;
	}
	return false;
}

static size_t
product_size(const struct ipt_parts *p)
{
	size_t n = 1;

	for (size_t i = 0; i < p->n && n <= MAX_LINES; i++)
		n *= p->alt[i].n;
	return n;
}

static void
write_line(const struct product *x, const char *head, const char *comment,
    const char *target, struct ph_buf *out)
{
	ph_buf_puts(out, head);
	for (size_t i = 0; i < x->p->n; i++)
		if (*x->p->alt[i].v[x->at[i]] != '\0')
			ph_buf_printf(out, " %s", x->p->alt[i].v[x->at[i]]);
	if (comment != NULL) {
		ph_buf_puts(out, " -m comment --comment ");
		ph_ipt_lex_quote(out, ph_str(comment));
	}
	ph_buf_printf(out, "%s%s\n", *target == '\0' ? "" : " ", target);
}

/* One target for all lines of the product. */
static size_t
write_lines(struct ipt_writer *w, const char *head, const struct ph_rule *r,
    const struct ipt_parts *p, const char *target, struct ph_buf *out)
{
	struct product x = { .p = p };
	size_t n = product_size(p);

	if (n > MAX_LINES) {
		ph_ipt_write_fail(w, r->at, "a rule with so many alternatives");
		return 0;
	}
	do
		write_line(&x, head, r->comment, target, out);
	while (advance(&x));
	return n;
}

/* Several effects: all but the last must leave the conditions as they are. */
static void
check_order(struct ipt_writer *w, const struct ph_rule *r, unsigned targets)
{
	if (targets < 2)
		return;
	for (size_t i = 0; i < r->n_conds; i++)
		if (r->conds[i].kind == PH_COND_RANGES && (r->conds[i].dim == PH_MARK ||
		    r->conds[i].dim == PH_CTMARK || r->conds[i].dim == PH_STATE))
			ph_ipt_write_fail(w, r->at, "a rule with several effects that "
			    "change what it asks");
}

/* All effects of a rule; without any, a line that only counts. */
static size_t
write_targets(struct ipt_writer *w, const char *head, const struct ph_rule *r,
    struct ipt_parts *p, struct ph_buf *out)
{
	unsigned targets = 0;
	struct ph_buf b;
	size_t n = 0;
	const char *last = "";

	for (size_t i = 0; i < r->n_acts; i++) {
		const struct ph_act *a = &r->acts[i];

		if (a->kind == PH_ACT_NOTE && w->priv != NULL &&
		    strncmp(a->text, "-m ", 3) == 0) {
			ph_ipt_write_fixed(w, p, a->text);
			continue;
		}
		ph_buf_init(&b, w->mem);
		if (!ph_ipt_write_target(w, a, p->proto, &b))
			continue;
		if (strcmp(b.s, last) == 0)
			continue;	/* another part of the same target */
		last = b.s;
		targets++;
		n += write_lines(w, head, r, p, b.s, out);
	}
	check_order(w, r, targets);
	return targets > 0 ? n : write_lines(w, head, r, p, "", out);
}

static size_t
write_conds(struct ipt_writer *w, const char *head, const struct ph_rule *r,
    struct ph_buf *out)
{
	struct ipt_parts p = { 0 };

	ph_ipt_match_conds(w, r->conds, r->n_conds, &p);
	if (w->extra != NULL)
		ph_ipt_write_fixed(w, &p, w->extra);
	return p.never ? 0 : write_targets(w, head, r, &p, out);
}

/* The conditions of one cube in place of number ${at}. */
static struct ph_rule
with_cube(struct ipt_writer *w, const struct ph_rule *r, size_t at,
    const struct ph_cube *c)
{
	struct ph_cond *v = ph_arena_array(w->mem, r->n_conds + PH_NDIMS, sizeof(*v));
	struct ph_rule out = *r;
	size_t n = 0;

	for (size_t i = 0; i < r->n_conds; i++)
		if (i != at)
			v[n++] = r->conds[i];
	for (int d = 0; d < PH_NDIMS; d++)
		if (c->d[d] != NULL)
			v[n++] = (struct ph_cond){
				.kind = PH_COND_RANGES, .dim = (enum ph_dim)d,
				.ranges = c->d[d],
			};
	out.conds = v;
	out.n_conds = (uint16_t)n;
	return out;
}

/* The first union of cubes that no words are kept for; n_conds: none. */
static size_t
find_tuples(const struct ipt_writer *w, const struct ph_rule *r)
{
	size_t i;

	for (i = 0; i < r->n_conds; i++)
		if (r->conds[i].kind == PH_COND_TUPLES && !r->conds[i].neg &&
		    ph_ipt_write_words(w, r->conds[i].at) == NULL)
			break;
	return i;
}

/* The list of protocols of a rule that asks for ports; n_conds: none. */
static size_t
find_protos(const struct ph_rule *r)
{
	size_t at = r->n_conds;
	bool ports = false;

	for (size_t i = 0; i < r->n_conds; i++) {
		const struct ph_cond *c = &r->conds[i];

		if (c->kind != PH_COND_RANGES || c->ranges == NULL)
			continue;
		ports |= c->dim == PH_SPORT || c->dim == PH_DPORT;
		if (c->dim == PH_PROTO && !c->neg && c->ranges->n > 0 &&
		    (c->ranges->n > 1 || c->ranges->r[0].lo != c->ranges->r[0].hi))
			at = i;
	}
	return ports ? at : r->n_conds;
}

/* A line for each protocol, since a port needs one. */
static size_t
write_protos(struct ipt_writer *w, const char *head, const struct ph_rule *r,
    size_t at, struct ph_buf *out)
{
	const struct ph_ranges *v = r->conds[at].ranges;
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		for (ph_u128 p = v->r[i].lo; p <= v->r[i].hi && p < 256; p++) {
			struct ph_cube c = { 0 };
			struct ph_rule one;

			c.d[PH_PROTO] = ph_ranges_one(w->mem, p, p);
			one = with_cube(w, r, at, &c);
			n += write_conds(w, head, &one, out);
		}
	return n;
}

size_t
ph_ipt_write_rule(struct ipt_writer *w, const char *head, const struct ph_rule *r,
    struct ph_buf *out)
{
	size_t at = find_tuples(w, r), protos, n = 0;
	const struct ph_set *set;

	if (at == r->n_conds) {
		protos = find_protos(r);
		return protos == r->n_conds ? write_conds(w, head, r, out) :
		    write_protos(w, head, r, protos, out);
	}
	set = r->conds[at].tuples;
	if (set->n > MAX_LINES) {
		ph_ipt_write_fail(w, r->at, "a rule with so many alternatives");
		return 0;
	}
	for (size_t i = 0; i < set->n; i++) {
		struct ph_rule one = with_cube(w, r, at, &set->v[i]);

		n += ph_ipt_write_rule(w, head, &one, out);
	}
	return n;
}
