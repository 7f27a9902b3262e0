/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/nftables/store.h"

static const struct {
	const char *word;
	unsigned families;
} families[] = {
	{ "inet", PH_FAMILY_4 | PH_FAMILY_6 }, { "ip", PH_FAMILY_4 },
	{ "ip6", PH_FAMILY_6 }, { "bridge", 0 }, { "netdev", 0 }, { "arp", 0 },
};

enum { N_FAMILIES = sizeof(families) / sizeof(*families) };

bool
ph_nft_store_is_family(struct ph_str word)
{
	for (size_t i = 0; i < N_FAMILIES; i++)
		if (ph_str_eq(word, families[i].word))
			return true;
	return false;
}

struct ph_nft_table *
ph_nft_store_table_find(struct ph_nft_parser *p, struct ph_str family,
    struct ph_str name)
{
	const char *key = ph_arena_printf(p->mem, "%.*s %.*s", (int)family.len,
	    family.s, (int)name.len, name.s);

	return ph_map_find(&p->table_map, key, strlen(key));
}

static struct ph_nft_table *
table_new(struct ph_nft_parser *p, const char *title, struct ph_str family,
    struct ph_str name)
{
	struct ph_nft_table *t = PH_NEW(p->mem, struct ph_nft_table);

	t->title = title;
	t->name = ph_arena_dup(p->mem, name.s, name.len);
	for (size_t i = 0; i < N_FAMILIES; i++)
		if (ph_str_eq(family, families[i].word)) {
			t->family = families[i].word;
			t->families = families[i].families;
		}
	t->chains_tail = &t->chains;
	t->sets_tail = &t->sets;
	t->objs_tail = &t->objs;
	*p->tables_tail = t;
	p->tables_tail = &t->next;
	return t;
}

struct ph_nft_table *
ph_nft_store_table(struct ph_nft_parser *p, struct ph_str family,
    struct ph_str name, struct ph_span at)
{
	const char *key = ph_arena_printf(p->mem, "%.*s %.*s", (int)family.len,
	    family.s, (int)name.len, name.s);
	void **place = ph_map_at(p->mem, &p->table_map, key, strlen(key));

	if (*place == NULL) {
		struct ph_nft_table *t = table_new(p, key, family, name);

		t->at = at;
		*place = t;
	}
	return *place;
}

struct ph_nft_chain *
ph_nft_store_chain_find(struct ph_nft_table *t, struct ph_str name)
{
	return ph_map_find(&t->chain_map, name.s, name.len);
}

struct ph_nft_chain *
ph_nft_store_chain(struct ph_nft_parser *p, struct ph_nft_table *t,
    struct ph_str name, struct ph_span at)
{
	void **place = ph_map_at(p->mem, &t->chain_map, name.s, name.len);
	struct ph_nft_chain *c = *place;

	if (c == NULL) {
		*place = c = PH_NEW(p->mem, struct ph_nft_chain);
		c->table = t;
		c->name = ph_arena_dup(p->mem, name.s, name.len);
		c->at = at;
		*t->chains_tail = c;
		t->chains_tail = &c->next;
	}
	return c;
}

struct ph_nft_set *
ph_nft_store_set_find(struct ph_nft_table *t, struct ph_str name)
{
	return ph_map_find(&t->set_map, name.s, name.len);
}

struct ph_nft_set *
ph_nft_store_set(struct ph_nft_parser *p, struct ph_nft_table *t,
    struct ph_str name, struct ph_span at)
{
	void **place = ph_map_at(p->mem, &t->set_map, name.s, name.len);
	struct ph_nft_set *s = *place;

	if (s == NULL) {
		*place = s = PH_NEW(p->mem, struct ph_nft_set);
		s->table = t;
		s->name = ph_arena_dup(p->mem, name.s, name.len);
		s->at = at;
		*t->sets_tail = s;
		t->sets_tail = &s->next;
	}
	return s;
}

struct ph_nft_obj *
ph_nft_store_obj_find(struct ph_nft_table *t, enum ph_nft_obj_kind kind,
    struct ph_str name)
{
	return ph_map_find(&t->obj_map[kind], name.s, name.len);
}

struct ph_nft_obj *
ph_nft_store_obj(struct ph_nft_parser *p, struct ph_nft_table *t,
    enum ph_nft_obj_kind kind, struct ph_str name, struct ph_span at)
{
	void **place = ph_map_at(p->mem, &t->obj_map[kind], name.s, name.len);
	struct ph_nft_obj *o = *place;

	if (o == NULL) {
		*place = o = PH_NEW(p->mem, struct ph_nft_obj);
		o->kind = (uint8_t)kind;
		o->name = ph_arena_dup(p->mem, name.s, name.len);
		o->at = at;
		*t->objs_tail = o;
		t->objs_tail = &o->next;
	}
	return o;
}

void
ph_nft_store_flush_chain(struct ph_nft_chain *c)
{
	c->first = c->last = NULL;
}

void
ph_nft_store_flush_set(struct ph_nft_set *s)
{
	s->first = s->last = s->removed = NULL;
	s->n = 0;
}

void
ph_nft_store_flush(struct ph_nft_table *t)
{
	for (struct ph_nft_chain *c = t->chains; c != NULL; c = c->next)
		ph_nft_store_flush_chain(c);
}

void
ph_nft_store_remove_table(struct ph_nft_parser *p, struct ph_nft_table *t)
{
	t->gone = true;
	*ph_map_at(p->mem, &p->table_map, t->title, strlen(t->title)) = NULL;
}

void
ph_nft_store_remove_chain(struct ph_nft_parser *p, struct ph_nft_chain *c)
{
	c->gone = true;
	*ph_map_at(p->mem, &c->table->chain_map, c->name, strlen(c->name)) = NULL;
}

void
ph_nft_store_rename_chain(struct ph_nft_parser *p, struct ph_nft_chain *c,
    struct ph_str name)
{
	ph_nft_store_remove_chain(p, c);
	c->gone = false;
	c->name = ph_arena_dup(p->mem, name.s, name.len);
	*ph_map_at(p->mem, &c->table->chain_map, c->name, name.len) = c;
}

void
ph_nft_store_remove_set(struct ph_nft_parser *p, struct ph_nft_set *s)
{
	s->gone = true;
	*ph_map_at(p->mem, &s->table->set_map, s->name, strlen(s->name)) = NULL;
}

void
ph_nft_store_rule_before(struct ph_nft_chain *c, struct ph_nft_rule *r,
    struct ph_nft_rule *at)
{
	if (at == NULL)
		at = c->first;
	r->next = at;
	r->prev = at == NULL ? NULL : at->prev;
	*(r->prev == NULL ? &c->first : &r->prev->next) = r;
	*(at == NULL ? &c->last : &at->prev) = r;
}

void
ph_nft_store_rule_after(struct ph_nft_chain *c, struct ph_nft_rule *r,
    struct ph_nft_rule *at)
{
	if (at == NULL)
		at = c->last;
	r->prev = at;
	r->next = at == NULL ? NULL : at->next;
	*(r->next == NULL ? &c->last : &r->next->prev) = r;
	*(at == NULL ? &c->first : &at->next) = r;
}

void
ph_nft_store_rule_remove(struct ph_nft_chain *c, struct ph_nft_rule *r)
{
	*(r->prev == NULL ? &c->first : &r->prev->next) = r->next;
	*(r->next == NULL ? &c->last : &r->next->prev) = r->prev;
}

void
ph_nft_store_elements(struct ph_nft_set *s, struct ph_nft_expr *set)
{
	struct ph_nft_expr *e = set->first;

	if (e == NULL)
		return;
	*(s->last == NULL ? &s->first : &s->last->next) = e;
	s->expires |= e->timed;
	while (e->next != NULL) {
		e = e->next;
		s->expires |= e->timed;
	}
	s->last = e;
	s->n += set->n;
}
