/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/map.h"
#include "report/diff.h"
#include "report/json.h"
#include "report/place.h"

enum {
	MAX_JOINED = 2000,		/* regions of one pair of lines that are joined */
	MAX_REGIONS = 6,		/* of one disagreement in text; --json has all */
};

/* What makes differences one: the way, verdicts and lines on both sides. */
static const char *
key_of(struct ph_arena *mem, const struct ph_difference *d, const char *way,
    size_t *len)
{
	const struct ph_part *a = d->old_part, *b = d->new_part;
	struct ph_buf s;

	ph_buf_init(&s, mem);
	ph_buf_printf(&s, "%s %d %p %u %u %d %p %u %u", way != NULL ? way : "",
	    (int)a->verdict, (const void *)a->by.src, a->by.off, a->by.len, (int)b->verdict,
	    (const void *)b->by.src, b->by.off, b->by.len);
	*len = s.len;
	return s.s;
}

void
ph_diff_join(struct ph_arena *mem, const struct ph_diff *d, const char *const *ways,
    struct ph_disagreements *out)
{
	struct ph_map map = { 0 };

	*out = (struct ph_disagreements){ .ways = ways };
	for (size_t i = 0; i < d->n; i++) {
		size_t len;
		const char *key = key_of(mem, &d->v[i], ways[d->v[i].question], &len);
		void **at = ph_map_at(mem, &map, key, len);
		size_t *place = *at;		/* a number: the array moves as it grows */

		if (place == NULL) {
			*at = place = PH_NEW(mem, size_t);
			*place = out->n;
			PH_PUSH(mem, out->v, out->n, out->cap)->first = &d->v[i];
		}
		ph_set_add(mem, &out->v[*place].where, &d->v[i].cube);
	}
	for (size_t i = 0; i < out->n; i++)
		if (out->v[i].where.n <= MAX_JOINED)
			ph_set_simplify(mem, &out->v[i].where);
}

static const char *
region_text(struct ph_arena *mem, const struct ph_cube *c)
{
	struct ph_buf b;

	ph_buf_init(&b, mem);
	ph_cube_print(&b, c);
	return b.len > 0 ? b.s : "everything";
}

static void
side(const struct ph_text *t, const char *which, const struct ph_part *p)
{
	struct ph_shown_place at;

	ph_text_wrap(t, 4, "%s: %s by %s%s%s", which, ph_verdict_name(p->verdict),
	    ph_text_place(t->mem, p->by), p->why != NULL ? ": " : "",
	    p->why != NULL ? p->why : "");
	if (ph_place_show(t->mem, p->by, &at))
		ph_text_quote(t, 8, at.text);
}

/* Where the packets go, for people. */
static const char *
way_text(const char *way)
{
	static const struct { const char *way, *text; } row[] = {
		{ "out", " from inside to outside" }, { "in", " from outside to inside" },
		{ "to", " to the firewall itself" }, { "from", " from the firewall itself" },
	};

	for (size_t i = 0; way != NULL && i < sizeof(row) / sizeof(*row); i++)
		if (strcmp(way, row[i].way) == 0)
			return row[i].text;
	return "";
}

static void
disagreement(const struct ph_text *t, const char *old, const char *new,
    const struct ph_disagreement *x, const char *way)
{
	const struct ph_difference *d = x->first;

	fputc('\n', t->out);
	if (d->unknown)
		ph_text_wrap(t, 0, "Cannot be told of one of them%s:", way_text(way));
	else
		ph_text_wrap(t, 0, "Only %s lets through%s:", d->only_old ? old : new,
		    way_text(way));
	for (size_t i = 0; i < x->where.n && i < MAX_REGIONS; i++)
		ph_text_wrap(t, 2, "%s", region_text(t->mem, &x->where.v[i]));
	if (x->where.n > MAX_REGIONS)
		ph_text_wrap(t, 2, "and %zu more: --json has them all",
		    x->where.n - MAX_REGIONS);
	side(t, "old", d->old_part);
	side(t, "new", d->new_part);
	ph_text_wrap(t, 4, "for example %s", ph_text_packet(t->mem, &d->witness));
}

void
ph_report_diff(const struct ph_text *t, const char *old, const char *new,
    const struct ph_disagreements *d)
{
	size_t unknown = 0;

	for (size_t i = 0; i < d->n; i++)
		unknown += d->v[i].first->unknown;
	if (d->n == 0)
		ph_text_wrap(t, 0, "THE SAME: %s and %s let the same packets through.",
		    old, new);
	else if (unknown == d->n)
		ph_text_wrap(t, 0, "UNKNOWN: %s and %s could only be compared in part.",
		    old, new);
	else
		ph_text_wrap(t, 0, "DIFFERENT: %s and %s disagree in %zu way%s.", old, new,
		    d->n - unknown, d->n - unknown == 1 ? "" : "s");
	for (size_t i = 0; i < d->n; i++)
		disagreement(t, old, new, &d->v[i], d->ways[d->v[i].first->question]);
}

static json_t *
json_side(struct ph_arena *mem, const struct ph_part *p)
{
	json_t *o = json_object();

	ph_json_set(mem, o, "verdict", json_string(ph_verdict_name(p->verdict)));
	ph_json_set(mem, o, "by", ph_json_place(mem, p->by));
	ph_json_set(mem, o, "reason", ph_json_text(mem, p->why));
	return o;
}

static json_t *
json_difference(struct ph_arena *mem, const struct ph_difference *d,
    const char *way, const struct ph_cube *where)
{
	struct ph_packet witness = ph_cube_witness(where);
	json_t *o = json_object();

	ph_json_set(mem, o, "only", d->unknown ? json_null() :
	    json_string(d->only_old ? "old" : "new"));
	ph_json_set(mem, o, "way", ph_json_text(mem, way));
	ph_json_set(mem, o, "region", ph_json_region(mem, where));
	ph_json_set(mem, o, "witness", ph_json_packet(mem, &witness));
	ph_json_set(mem, o, "old", json_side(mem, d->old_part));
	ph_json_set(mem, o, "new", json_side(mem, d->new_part));
	return o;
}

json_t *
ph_json_diff(struct ph_arena *mem, const struct ph_disagreements *d)
{
	json_t *doc = ph_json_document(mem, "diff"), *list = json_array();

	for (size_t i = 0; i < d->n; i++)
		for (size_t k = 0; k < d->v[i].where.n; k++)
			ph_json_add(mem, list, json_difference(mem, d->v[i].first,
			    d->ways[d->v[i].first->question],
			    &d->v[i].where.v[k]));
	ph_json_set(mem, doc, "same", json_boolean(d->n == 0));
	ph_json_set(mem, doc, "differences", list);
	return doc;
}
