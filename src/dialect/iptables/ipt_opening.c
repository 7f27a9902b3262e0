/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/iptables/ipt_opening.h"

/*
 * DOC: Openings
 *
 * A few addresses are written into the rules, since rules that say what they
 * do are read by people; many become a set, kept beside as "ipset restore"
 * takes it.
 */

enum {
	FEW = 16,			/* addresses on one side */
	FEW_PAIRS = 64,			/* lines of one opening */
	MAX_COMMENT = 255, MAX_SET_NAME = 31, DEFAULT_MAXELEM = 65536,
};

void
ph_ipt_opening_init(struct ipt_opening *o, struct ph_arena *mem, struct ph_diags *d)
{
	*o = (struct ipt_opening){ .mem = mem, .diags = d };
	o->tail = &o->sets;
}

/* The part of ${v} in one family. */
static const struct ph_ranges *
of_family(struct ph_arena *mem, const struct ph_ranges *v, unsigned family)
{
	struct ph_range r = family == PH_FAMILY_4 ? PH_ANY_V4 : PH_ANY_V6;

	return ph_ranges_intersect(mem, v, ph_ranges_one(mem, r.lo, r.hi));
}

static bool
name_taken(const struct ipt_opening *o, const char *name)
{
	for (const struct ipt_made_set *s = o->sets; s != NULL; s = s->next)
		if (strcmp(s->name, name) == 0)
			return true;
	return false;
}

/* "ph-GROUP-4", with a number when that is taken. */
static const char *
new_name(struct ipt_opening *o, const char *group, unsigned family)
{
	char clean[MAX_SET_NAME];
	const char *name;
	size_t n = 0;

	for (; *group != '\0' && n < sizeof(clean) - 12; group++)
		clean[n++] = (*group | 0x20) >= 'a' && (*group | 0x20) <= 'z' ? *group :
		    *group >= '0' && *group <= '9' ? *group : '-';
	clean[n] = '\0';
	name = ph_arena_printf(o->mem, "ph-%s-%c", clean, family == PH_FAMILY_4 ? '4' : '6');
	for (unsigned i = 2; name_taken(o, name); i++)
		name = ph_arena_printf(o->mem, "ph-%s-%c-%u", clean,
		    family == PH_FAMILY_4 ? '4' : '6', i);
	return name;
}

static const char *
set_for(struct ipt_opening *o, const struct ph_ranges *v, unsigned family,
    const char *group)
{
	struct ipt_made_set *s;

	for (s = o->sets; s != NULL; s = s->next)
		if (s->family == family && ph_ranges_equal(s->v, v))
			return s->name;
	s = PH_NEW(o->mem, struct ipt_made_set);
	s->family = family;
	s->v = v;
	s->name = new_name(o, group == NULL ? "addresses" : group, family);
	*o->tail = s;
	o->tail = &s->next;
	return s->name;
}

/* "Every interface but lo" as iptables says it; every one at all is no condition. */
static void
all_but_one(struct ph_arena *mem, struct ph_cond *c)
{
	const struct ph_ranges *v = c->ranges;

	if (v->n == 0 || v->r[0].lo > 1 || v->r[v->n - 1].hi != PH_U128_MAX)
		return;
	if (v->n == 1)
		c->ranges = NULL;
	if (v->n != 2 || v->r[0].hi + 2 != v->r[1].lo)
		return;
	c->ranges = ph_ranges_one(mem, v->r[0].hi + 1, v->r[0].hi + 1);
	c->neg = true;
}

/* The rule's conditions; sides that became sets are left to ${extra}. */
static size_t
fill_conds(struct ph_arena *mem, const struct ph_cube *c, bool src_set, bool dst_set,
    struct ph_cond *v)
{
	size_t n = 0;

	for (int d = 0; d < PH_NDIMS; d++) {
		if (c->d[d] == NULL || (d == PH_SRC && src_set) || (d == PH_DST && dst_set))
			continue;
		v[n] = (struct ph_cond){
			.kind = PH_COND_RANGES, .dim = (enum ph_dim)d, .ranges = c->d[d],
		};
		if (d == PH_IIF || d == PH_OIF)
			all_but_one(mem, &v[n]);
		n += v[n].ranges != NULL;
	}
	return n;
}

static const char *
set_match(struct ph_arena *mem, const char *before, const char *name, const char *dir)
{
	return ph_arena_printf(mem, "%s%s-m set --match-set %s %s",
	    before == NULL ? "" : before, before == NULL ? "" : " ", name, dir);
}

size_t
ph_ipt_opening_lines(struct ipt_opening *o, const struct ipt_opening_what *x,
    struct ph_buf *out)
{
	const struct ph_ranges *src = of_family(o->mem, x->cube->d[PH_SRC], x->family);
	const struct ph_ranges *dst = of_family(o->mem, x->cube->d[PH_DST], x->family);
	bool many = src->n * dst->n > FEW_PAIRS;
	bool src_set = src->n > FEW || (many && src->n > 1);
	bool dst_set = dst->n > FEW || (many && dst->n > 1);
	struct ipt_writer w = {
		.mem = o->mem, .diags = o->diags, .family = x->family, .ok = true,
	};
	struct ph_cond conds[PH_NDIMS];
	struct ph_rule r = {
		.conds = conds, .acts = x->act, .n_acts = 1, .comment = x->comment,
	};
	size_t n;

	if (src->n == 0 || dst->n == 0)
		return 0;
	if (src_set)
		w.extra = set_match(o->mem, NULL,
		    set_for(o, src, x->family, x->src_group), "src");
	if (dst_set)
		w.extra = set_match(o->mem, w.extra,
		    set_for(o, dst, x->family, x->dst_group), "dst");
	r.n_conds = (uint16_t)fill_conds(o->mem, x->cube, src_set, dst_set,
	    conds);
	n = ph_ipt_write_rule(&w, x->head, &r, out);
	o->bad |= !w.ok;
	return n;
}

static size_t
count_prefixes(const struct ph_ranges *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++) {
		struct ph_range rest = v->r[i], one;

		do
			n++;
		while (ph_range_next_prefix(&rest, &one));
	}
	return n;
}

void
ph_ipt_opening_sets(const struct ipt_opening *o, struct ph_buf *b, const char *lead)
{
	for (const struct ipt_made_set *s = o->sets; s != NULL; s = s->next) {
		size_t n = count_prefixes(s->v);

		ph_buf_printf(b, "%screate %s hash:net family %s", lead, s->name,
		    s->family == PH_FAMILY_4 ? "inet" : "inet6");
		if (n > DEFAULT_MAXELEM)
			ph_buf_printf(b, " maxelem %zu", n);
		ph_buf_putc(b, '\n');
		for (size_t i = 0; i < s->v->n; i++) {
			struct ph_range rest = s->v->r[i], one;
			char text[PH_ADDR_TEXT];
			bool more;

			do {
				more = ph_range_next_prefix(&rest, &one);
				ph_buf_printf(b, "%sadd %s %s/%d\n", lead, s->name,
				    ph_addr_format(one.lo, text), ph_range_prefix_len(one));
			} while (more);
		}
	}
}

const char *
ph_ipt_opening_comment(struct ph_arena *mem, const struct ph_requirement *r)
{
	char *s = ph_arena_printf(mem, "%s/%s: %s (%s)", r->service, r->flow,
	    r->purpose == NULL ? "" : r->purpose, r->source == NULL ? "" : r->source);
	size_t n = 0;

	for (; s[n] != '\0' && n < MAX_COMMENT; n++)
		if ((unsigned char)s[n] < ' ' || s[n] == '"' || s[n] == '\\' ||
		    s[n] == '\'' || s[n] == '$' || s[n] == '`')
			s[n] = ' ';
	/* not in the middle of a character */
	while (s[n] != '\0' && n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	s[n] = '\0';
	return s;
}
