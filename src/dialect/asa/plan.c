/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "dialect/asa/plan.h"
#include "dialect/asa/write.h"

struct planner {
	struct ph_arena *mem;
	const struct ph_plan *plan;
	struct ph_asa_writer w;
	struct ph_buf lists, classes, algs, undo;
	struct ph_map seen;		/* classes and inspections already written */
	const char *inside, *outside;
};

/* The device takes 100 characters a remark. */
static void
remark(struct ph_buf *b, const char *list, const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		size_t cut = n > 100 ? 100 : n;

		while (cut < n && cut > 1 && text[cut] != ' ')
			cut--;
		if (cut == 1)
			cut = n > 100 ? 100 : n;
		ph_buf_printf(b, "access-list %s remark %.*s\n", list, (int)cut, text);
		text += cut;
		text += *text == ' ';
		n = strlen(text);
	}
}

static void
explain(struct planner *p, const char *list, const struct ph_requirement *r)
{
	remark(&p->lists, list, ph_arena_printf(p->mem, "%s/%s: %s", r->service, r->flow,
	    r->purpose));
	remark(&p->lists, list, ph_arena_printf(p->mem, "%s, %s", r->source, r->checked));
}

static const char *
hint(struct planner *p, const struct ph_requirement *r, bool far)
{
	return far ? ph_asa_object_name(p->mem, r->service, r->group != NULL ? r->group : r->flow) :
	    "PH_CLIENTS";
}

static void
aces(struct planner *p, struct ph_buf *b, const char *list, const struct ph_requirement *r)
{
	bool out = r->direction == PH_OUT;

	ph_asa_write_aces(&p->w, b, ph_arena_printf(p->mem, "access-list %s extended permit",
	    list), &r->may_cube, hint(p, r, !out), hint(p, r, out));
}

static void
one_list(struct planner *p, enum ph_direction dir, const char *list, const char *iface)
{
	for (size_t i = 0; i < p->plan->n_reqs; i++) {
		if (p->plan->reqs[i]->direction != dir)
			continue;
		explain(p, list, p->plan->reqs[i]);
		aces(p, &p->lists, list, p->plan->reqs[i]);
	}
	ph_buf_printf(&p->lists, "access-list %s extended deny ip any any\n", list);
	ph_buf_printf(&p->undo, "! no access-group %s in interface %s\n"
	    "! clear configure access-list %s\n", list, iface, list);
}

/* First time that ${key} is met? */
static bool
first(struct planner *p, const char *key)
{
	void **slot = ph_map_at(p->mem, &p->seen, key, strlen(key));
	bool new = *slot == NULL;

	*slot = p;
	return new;
}

/* Per-service idle timers: never the global one, which fills the table. */
static void
timer_class(struct planner *p, const struct ph_requirement *r)
{
	const char *name = ph_asa_object_name(p->mem, r->service, r->flow);
	struct ph_buf *b = &p->classes;

	if (!first(p, name))
		return;
	for (size_t i = 0; i < p->plan->n_reqs; i++) {
		const struct ph_requirement *o = p->plan->reqs[i];

		if (strcmp(o->service, r->service) == 0 && strcmp(o->flow, r->flow) == 0)
			aces(p, b, name, o);
	}
	ph_buf_printf(b, "class-map %s\n match access-list %s\npolicy-map global_policy\n"
	    " class %s\n  set connection timeout idle ", name, name, name);
	ph_asa_write_time(b, r->idle_s);
	ph_buf_putc(b, '\n');
	ph_buf_printf(&p->undo, "! policy-map global_policy\n!  no class %s\n"
	    "! no class-map %s\n! clear configure access-list %s\n", name, name, name);
}

static int
longest_first(const void *a, const void *b)
{
	const struct ph_requirement *const *r = a, *const *s = b;

	return ((*s)->idle_s > (*r)->idle_s) - ((*s)->idle_s < (*r)->idle_s);
}

/* The first class that matches decides: of flows that overlap the patient one. */
static void
timers(struct planner *p)
{
	const struct ph_plan *plan = p->plan;
	const struct ph_requirement **v = ph_arena_array(p->mem, plan->n_reqs + 1, sizeof(*v));

	for (size_t i = 0; i < plan->n_reqs; i++)
		v[i] = plan->reqs[i];
	qsort(v, plan->n_reqs, sizeof(*v), longest_first);
	for (size_t i = 0; i < plan->n_reqs && v[i]->idle_s > 0; i++)
		timer_class(p, v[i]);
}

static void
alg_lines(struct planner *p, const struct ph_requirement *r)
{
	static const char head[] = "policy-map global_policy\n class inspection_default\n";

	if (r->alg == NULL || r->alg_protocol == NULL || strcmp(r->alg, "off") != 0 ||
	    !first(p, r->alg_protocol))
		return;
	if (p->algs.len == 0)
		ph_buf_puts(&p->algs, head);
	if (strcmp(r->alg_protocol, "h323") == 0)
		ph_buf_puts(&p->algs, "  no inspect h323 h225\n  no inspect h323 ras\n");
	else
		ph_buf_printf(&p->algs, "  no inspect %s\n", r->alg_protocol);
}

static void
head(struct planner *p, struct ph_buf *out)
{
	ph_buf_printf(out, "! Openings for video conferencing%s%s\n!\n"
	    "! Look first:\n"
	    "!   show running-config access-group\n!   show running-config timeout\n"
	    "!   show service-policy\n"
	    "! Where a list is bound already, put these lines into that list, above its\n"
	    "! deny, and leave out the access-group line.\n!\n",
	    p->plan->date != NULL ? ", " : "", p->plan->date != NULL ? p->plan->date : "");
}

static void
tail(struct planner *p, struct ph_buf *out)
{
	ph_buf_printf(out, "access-group PH_INSIDE in interface %s\n"
	    "access-group PH_OUTSIDE in interface %s\n", p->inside, p->outside);
	if (p->classes.len > 0)
		ph_buf_printf(out, "!\n! Idle timers for these flows alone\n%s"
		    "service-policy global_policy global\n", p->classes.s);
	if (p->algs.len > 0)
		ph_buf_printf(out, "!\n! The services' pages advise against inspection; then\n"
		    "! \"clear conn port 5060\": connections keep what they began with\n%s",
		    p->algs.s);
	ph_buf_printf(out, "!\n! See what it does:\n!   show access-list PH_INSIDE\n"
	    "!   show conn protocol udp detail\n!\n! Take it back:\n%s", p->undo.s);
}

bool
ph_asa_plan(struct ph_arena *mem, struct ph_diags *diags, const struct ph_plan *plan,
    struct ph_buf *out)
{
	struct planner p = { .mem = mem, .plan = plan };
	struct ph_buf *bufs[] = { &p.lists, &p.classes, &p.algs, &p.undo };

	if (plan->host) {
		ph_diag(diags, PH_ERROR, "cannot-plan", (struct ph_span){ 0 },
		    "this platform filters what goes through it, not programs of its own");
		return false;
	}
	ph_asa_writer_init(&p.w, mem, NULL);
	for (size_t i = 0; i < sizeof(bufs) / sizeof(*bufs); i++)
		ph_buf_init(bufs[i], mem);
	p.inside = plan->n_inside > 0 ? plan->inside[0] : "inside";
	p.outside = plan->n_outside > 0 ? plan->outside[0] : "outside";
	one_list(&p, PH_OUT, "PH_INSIDE", p.inside);
	one_list(&p, PH_IN, "PH_OUTSIDE", p.outside);
	timers(&p);
	for (size_t i = 0; i < plan->n_reqs; i++)
		alg_lines(&p, plan->reqs[i]);
	head(&p, out);
	ph_buf_puts(out, p.w.defs.s);
	ph_buf_puts(out, p.lists.s);
	tail(&p, out);
	return true;
}
