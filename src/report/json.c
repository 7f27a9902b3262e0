/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "net/names.h"
#include "report/json.h"
#include "report/parts.h"
#include "report/place.h"

static void
exhausted(struct ph_arena *mem)
{
	if (mem->oom != NULL)
		mem->oom();
	abort();
}

void
ph_json_set(struct ph_arena *mem, json_t *obj, const char *key, json_t *value)
{
	if (value == NULL || json_object_set_new(obj, key, value) != 0)
		exhausted(mem);
}

void
ph_json_add(struct ph_arena *mem, json_t *list, json_t *value)
{
	if (value == NULL || json_array_append_new(list, value) != 0)
		exhausted(mem);
}

json_t *
ph_json_text(struct ph_arena *mem, const char *s)
{
	return s == NULL ? json_null() : json_string(ph_place_clean(mem, s, strlen(s)));
}

json_t *
ph_json_lines(struct ph_arena *mem, const struct ph_buf *b)
{
	const char *s = b->len > 0 ? b->s : "";
	json_t *o = json_stringn(s, b->len);

	return o != NULL ? o : ph_json_text(mem, s);
}

json_t *
ph_json_ranges(struct ph_arena *mem, enum ph_dim dim, const struct ph_ranges *r)
{
	struct ph_buf b;

	ph_buf_init(&b, mem);
	if (r == NULL)
		ph_buf_puts(&b, "any");
	else
		ph_ranges_print(&b, dim, r);
	return json_string(b.s);
}

static void
set_place(struct ph_arena *mem, json_t *o, struct ph_span at)
{
	struct ph_shown_place p;

	if (!ph_place_show(mem, at, &p))
		return;
	ph_json_set(mem, o, "file", ph_json_text(mem, p.file));
	ph_json_set(mem, o, "line", json_integer(p.line));
	ph_json_set(mem, o, "column", json_integer(p.column));
	ph_json_set(mem, o, "text", ph_json_text(mem, p.text));
}

json_t *
ph_json_place(struct ph_arena *mem, struct ph_span at)
{
	json_t *o;

	if (at.src == NULL)
		return json_null();
	o = json_object();
	set_place(mem, o, at);
	return o;
}

static json_t *
addr(ph_u128 a)
{
	char text[PH_ADDR_TEXT];

	return json_string(ph_addr_format(a, text));
}

json_t *
ph_json_packet(struct ph_arena *mem, const struct ph_packet *p)
{
	unsigned proto = (unsigned)p->v[PH_PROTO];
	bool icmp = proto == PH_ICMP || proto == PH_ICMPV6;
	json_t *o = json_object();

	ph_json_set(mem, o, "src", addr(p->v[PH_SRC]));
	if (!icmp)
		ph_json_set(mem, o, "sport", json_integer((json_int_t)p->v[PH_SPORT]));
	ph_json_set(mem, o, "dst", addr(p->v[PH_DST]));
	ph_json_set(mem, o, icmp ? "type" : "dport",
	    json_integer((json_int_t)p->v[PH_DPORT]));
	if (icmp)
		ph_json_set(mem, o, "code", json_integer((json_int_t)p->v[PH_SPORT]));
	return o;
}

json_t *
ph_json_region(struct ph_arena *mem, const struct ph_cube *c)
{
	static const char *const key[PH_NDIMS] = {
		"src", "dst", "sport", "ports", "proto", "flags", "state", "status",
		"in", "out", "mark", "ctmark",
	};
	json_t *o = json_object();

	for (int d = 0; d < PH_NDIMS; d++)
		if (c->d[d] != NULL)
			ph_json_set(mem, o, key[d],
			    ph_json_ranges(mem, (enum ph_dim)d, c->d[d]));
	return o;
}

/* Where only some of what the flow needs is meant. */
static void
set_limits(struct ph_arena *mem, json_t *o, const struct ph_entry *e)
{
	if (e->src != NULL)
		ph_json_set(mem, o, "src", ph_json_ranges(mem, PH_SRC, e->src));
	if (e->dst != NULL)
		ph_json_set(mem, o, "dst", ph_json_ranges(mem, PH_DST, e->dst));
	if (e->sport != NULL)
		ph_json_set(mem, o, "sport", ph_json_ranges(mem, PH_SPORT, e->sport));
}

static json_t *
entry(struct ph_arena *mem, const struct ph_entry *e)
{
	static const char *const stage[] = { "first", "reply", "later" };
	const struct ph_part *p = e->part;
	json_t *o = json_object();

	ph_json_set(mem, o, "ports", ph_json_ranges(mem, PH_DPORT, e->ports));
	set_limits(mem, o, e);
	if (p->verdict == PH_UNKNOWN)
		ph_json_set(mem, o, "reason",
		    ph_json_text(mem, p->why != NULL ? p->why : "not understood"));
	else if (p->why != NULL)
		ph_json_set(mem, o, "why", ph_json_text(mem, p->why));
	ph_json_set(mem, o, "by", ph_json_place(mem, p->by));
	if (p->verdict == PH_BLOCKED) {
		ph_json_set(mem, o, "stage", json_string(stage[p->stage]));
		ph_json_set(mem, o, "rejected", json_boolean(p->rejected));
	}
	ph_json_set(mem, o, "witness", ph_json_packet(mem, &e->witness));
	return o;
}

static json_t *
entries(struct ph_arena *mem, const struct ph_entry *v, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		ph_json_add(mem, list, entry(mem, &v[i]));
	return list;
}

/* One string a range, as the contract has it. */
static json_t *
port_list(struct ph_arena *mem, const struct ph_ranges *r)
{
	json_t *list = json_array();

	if (r == NULL)
		ph_json_add(mem, list, json_string("any"));
	for (size_t i = 0; r != NULL && i < r->n; i++)
		ph_json_add(mem, list, ph_json_ranges(mem, PH_DPORT,
		    ph_ranges_one(mem, r->r[i].lo, r->r[i].hi)));
	return list;
}

static json_t *
proto(struct ph_arena *mem, unsigned n)
{
	const char *name = ph_proto_name((uint8_t)n);

	return json_string(name != NULL ? name : ph_arena_printf(mem, "%u", n));
}

json_t *
ph_json_flow(struct ph_arena *mem, const struct ph_flow *f)
{
	const struct ph_requirement *r = f->req;
	struct ph_entries e;
	json_t *o = json_object();

	ph_parts_list(mem, f, &e);
	ph_json_set(mem, o, "service", ph_json_text(mem, r->service));
	ph_json_set(mem, o, "flow", ph_json_text(mem, r->flow));
	ph_json_set(mem, o, "direction", json_string(ph_direction_name(r->direction)));
	ph_json_set(mem, o, "proto", proto(mem, r->proto));
	ph_json_set(mem, o, "ports", ph_json_ranges(mem, PH_DPORT, r->ports));
	ph_json_set(mem, o, "need", json_string(ph_need_name(r->need)));
	ph_json_set(mem, o, "fallback", ph_json_text(mem, r->fallback));
	ph_json_set(mem, o, "verdict", json_string(ph_verdict_name(f->verdict)));
	ph_json_set(mem, o, "open", port_list(mem, e.open));
	ph_json_set(mem, o, "blocked", entries(mem, e.blocked, e.n_blocked));
	ph_json_set(mem, o, "unknown", entries(mem, e.unknown, e.n_unknown));
	return o;
}

/* What follows only where it is known. */
static void
finding_more(struct ph_arena *mem, json_t *o, const struct ph_finding *f)
{
	json_t *list;

	if (f->req != NULL) {
		ph_json_set(mem, o, "service", ph_json_text(mem, f->req->service));
		ph_json_set(mem, o, "flow", ph_json_text(mem, f->req->flow));
	}
	if (f->has_timer) {
		ph_json_set(mem, o, "have_s", json_integer(f->have_s));
		ph_json_set(mem, o, "need_s", json_integer(f->need_s));
	}
	if (f->region != NULL)
		ph_json_set(mem, o, "region", ph_json_region(mem, f->region));
	if (f->n_others > 0) {
		list = json_array();
		for (size_t i = 0; i < f->n_others; i++)
			ph_json_add(mem, list, ph_json_place(mem, f->others[i]));
		ph_json_set(mem, o, "others", list);
	}
	list = json_array();
	for (size_t i = 0; f->fix != NULL && f->fix[i] != NULL; i++)
		ph_json_add(mem, list, ph_json_text(mem, f->fix[i]));
	ph_json_set(mem, o, "fix", list);
}

json_t *
ph_json_finding(struct ph_arena *mem, const struct ph_finding *f)
{
	json_t *o = json_object();

	ph_json_set(mem, o, "id", json_string(f->id));
	ph_json_set(mem, o, "severity", json_string(ph_severity_name(f->severity)));
	set_place(mem, o, f->at);
	ph_json_set(mem, o, "message", ph_json_text(mem, f->message));
	finding_more(mem, o, f);
	return o;
}

json_t *
ph_json_findings(struct ph_arena *mem, const struct ph_finding *v, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		ph_json_add(mem, list, ph_json_finding(mem, &v[i]));
	return list;
}

json_t *
ph_json_document(struct ph_arena *mem, const char *command)
{
	json_t *o = json_object();

	ph_json_set(mem, o, "schema",
	    json_string(ph_arena_printf(mem, "pinhole.%s/1", command)));
	return o;
}

json_t *
ph_json_audit(struct ph_arena *mem, const char *command, const struct ph_audit *a)
{
	json_t *o = ph_json_document(mem, command), *flows = json_array();

	ph_json_set(mem, o, "verdict", json_string(ph_verdict_name(a->verdict)));
	ph_json_set(mem, o, "degraded", json_boolean(a->degraded));
	for (size_t i = 0; i < a->n_flows; i++)
		ph_json_add(mem, flows, ph_json_flow(mem, &a->flows[i]));
	ph_json_set(mem, o, "flows", flows);
	ph_json_set(mem, o, "findings", ph_json_findings(mem, a->findings, a->n_findings));
	return o;
}

void
ph_json_write(FILE *out, json_t *doc)
{
	json_dumpf(doc, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(doc);
}
