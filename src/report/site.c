/* SPDX-License-Identifier: ISC */
#include "net/names.h"
#include "report/json.h"
#include "report/site.h"

void
ph_report_names(const struct ph_text *t, const struct ph_site *site, const char *date)
{
	if (site->name_list != NULL)
		fprintf(t->out, "\nNames stand for these addresses (%s):\n", date);
	for (const struct ph_site_name *n = site->name_list; n != NULL; n = n->next)
		ph_text_wrap(t, 2, "%s = %s%s", n->name,
		    n->addrs == NULL ? "nothing" : ph_text_ranges(t->mem, PH_SRC, n->addrs),
		    n->pinned ? " (by --resolve)" : "");
}

json_t *
ph_json_names(struct ph_arena *mem, const struct ph_site *site)
{
	json_t *list = json_array();

	for (const struct ph_site_name *n = site->name_list; n != NULL; n = n->next) {
		json_t *o = json_object();

		ph_json_set(mem, o, "name", ph_json_text(mem, n->name));
		ph_json_set(mem, o, "addresses", n->addrs == NULL ? json_string("") :
		    ph_json_ranges(mem, PH_SRC, n->addrs));
		ph_json_set(mem, o, "pinned", json_boolean(n->pinned));
		ph_json_add(mem, list, o);
	}
	return list;
}

json_t *
ph_json_requirement(struct ph_arena *mem, const struct ph_requirement *r)
{
	json_t *o = json_object();

	ph_json_set(mem, o, "service", ph_json_text(mem, r->service));
	ph_json_set(mem, o, "flow", ph_json_text(mem, r->flow));
	ph_json_set(mem, o, "purpose", ph_json_text(mem, r->purpose));
	ph_json_set(mem, o, "direction", json_string(ph_direction_name(r->direction)));
	ph_json_set(mem, o, "proto", ph_json_text(mem, ph_proto_name(r->proto)));
	ph_json_set(mem, o, "ports", ph_json_ranges(mem, PH_DPORT, r->ports));
	ph_json_set(mem, o, "src", ph_json_ranges(mem, PH_SRC, r->may_cube.d[PH_SRC]));
	ph_json_set(mem, o, "dst", ph_json_ranges(mem, PH_DST, r->may_cube.d[PH_DST]));
	ph_json_set(mem, o, "need", json_string(ph_need_name(r->need)));
	ph_json_set(mem, o, "fallback", ph_json_text(mem, r->fallback));
	ph_json_set(mem, o, "idle_s", json_integer(r->idle_s));
	ph_json_set(mem, o, "source", ph_json_text(mem, r->source));
	ph_json_set(mem, o, "checked", ph_json_text(mem, r->checked));
	return o;
}
