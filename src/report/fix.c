/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "report/audit.h"
#include "report/fix.h"
#include "report/json.h"

static bool
passes(const struct ph_audit *a)
{
	return a->verdict == PH_OPEN && !a->degraded;
}

static void
headline(const struct ph_text *t, const char *name, const struct ph_fix_result *r)
{
	const char *s = r->n_changes == 1 ? "" : "s";

	if (r->n_changes == 0 && passes(&r->before))
		ph_text_wrap(t, 0, "NOTHING TO FIX: %s lets everything required through.",
		    name);
	else if (r->n_changes == 0)
		ph_text_wrap(t, 0, "NO FIX FOUND: what is wrong with %s cannot be put "
		    "right by changing it.", name);
	else if (passes(&r->after))
		ph_text_wrap(t, 0, "FIXED BY %zu CHANGE%s: then %s lets everything "
		    "required through.", r->n_changes, r->n_changes == 1 ? "" : "S", name);
	else
		ph_text_wrap(t, 0, "FIXED IN PART: %zu change%s to %s help%s, but not "
		    "everything required gets through or lasts.", r->n_changes, s, name,
		    r->n_changes == 1 ? "s" : "");
}

/* What is still wrong, flows first. */
static void
remaining(const struct ph_text *t, const struct ph_audit *a)
{
	if (passes(a))
		return;
	fputs("\nWhat remains:\n", t->out);
	for (size_t i = 0; i < a->n_flows; i++)
		if (a->flows[i].verdict != PH_OPEN)
			ph_report_flow(t, &a->flows[i]);
	for (size_t i = 0; i < a->n_findings; i++)
		if (a->findings[i].degrades)
			ph_report_finding(t, &a->findings[i]);
}

void
ph_report_fix(const struct ph_text *t, const char *name, const struct ph_fix_result *r,
    const char *written)
{
	size_t open = 0;

	headline(t, name, r);
	if (r->n_changes > 0) {
		fputs("\nType:\n", t->out);
		ph_text_type(t, r->text.commands.s);
		fputs("\nTo take it back:\n", t->out);
		ph_text_type(t, r->text.rollback.s);
	}
	for (size_t i = 0; i < r->after.n_flows; i++)
		open += r->after.flows[i].verdict == PH_OPEN;
	if (r->n_changes > 0) {
		fputc('\n', t->out);
		ph_text_wrap(t, 0, "Proof: the changed configuration was read back and "
		    "audited again; %zu of %zu flows are open in it.", open,
		    r->after.n_flows);
	}
	remaining(t, &r->after);
	if (written != NULL)
		ph_text_wrap(t, 0, "The changed configuration is in %s.", written);
}

static json_t *
lines(struct ph_arena *mem, const struct ph_buf *b)
{
	json_t *list = json_array();

	for (const char *s = b->len > 0 ? b->s : ""; *s != '\0';) {
		size_t n = strcspn(s, "\n");

		ph_json_add(mem, list, ph_json_text(mem, ph_arena_dup(mem, s, n)));
		s += n + (s[n] == '\n');
	}
	return list;
}

json_t *
ph_json_fix(struct ph_arena *mem, const struct ph_fix_result *r, const char *written)
{
	json_t *doc = ph_json_audit(mem, "fix", &r->after), *before = json_object();

	ph_json_set(mem, before, "verdict", json_string(ph_verdict_name(r->before.verdict)));
	ph_json_set(mem, before, "degraded", json_boolean(r->before.degraded));
	ph_json_set(mem, doc, "before", before);
	ph_json_set(mem, doc, "changes", json_integer((json_int_t)r->n_changes));
	ph_json_set(mem, doc, "commands", lines(mem, &r->text.commands));
	ph_json_set(mem, doc, "rollback", lines(mem, &r->text.rollback));
	ph_json_set(mem, doc, "written", ph_json_text(mem, written));
	return doc;
}
