/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "cmd/answer.h"
#include "os/progress.h"
#include "report/audit.h"
#include "report/json.h"
#include "report/site.h"

bool
ph_answer_uid(struct ph_run *run, const struct ph_ranges **out)
{
	const char *text = ph_opt_last(&run->args, PH_OPT_UID);
	uint64_t uid;

	*out = NULL;
	if (text == NULL)
		return true;
	if (!ph_str_u64(ph_str(text), 10, UINT32_MAX, &uid)) {
		ph_run_usage(run, "--uid: '%s' is no user id", text);
		return false;
	}
	*out = ph_ranges_one(&run->mem, uid, uid);
	return true;
}

/* All addresses of one end; NULL: any. */
static const struct ph_ranges *
all_of(struct ph_arena *mem, const struct ph_requirement *const *reqs, size_t n,
    bool clients)
{
	const struct ph_ranges *all = ph_ranges_none();

	for (size_t i = 0; i < n; i++)
		all = ph_ranges_union(mem, all, clients ? reqs[i]->clients : reqs[i]->far);
	return all;
}

/* What the command at hand calls the two sides. */
static const char *
side_options(const struct ph_cmd *cmd)
{
	for (const enum ph_opt_id *o = cmd->opts; *o != PH_OPT_END; o++)
		if (*o == PH_OPT_INSIDE)
			return "--inside and --outside";
	return "--in and --out";
}

/*
 * Where interfaces have names and levels of their own (Cisco), one that is not
 * there is a slip, and no list would be bound to it.  Elsewhere rules need not
 * name every interface.
 */
static int
check_iface(struct ph_run *run, const struct ph_ruleset *rs, const char *name)
{
	const char **words = NULL, *near;
	size_t n = 0, cap = 0;
	bool complete = false;

	for (const struct ph_iface *i = rs->ifaces; i != NULL; i = i->next) {
		if (strcmp(i->name, name) == 0)
			return 0;
		*PH_PUSH(&run->mem, words, n, cap) = i->name;
		complete |= i->level >= 0;
	}
	if (!complete)
		return 0;
	near = ph_str_nearest(ph_str(name), words, n);
	return ph_run_usage(run, "%s has no interface '%s'%s%s%s", rs->src->name, name,
	    near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
	    near != NULL ? "'?" : "");
}

static int
check_sides(struct ph_run *run, const struct ph_ruleset *rs, const struct ph_sides *s)
{
	int err = 0;

	for (size_t i = 0; i < s->n_inside && err == 0; i++)
		err = check_iface(run, rs, s->inside[i]);
	for (size_t i = 0; i < s->n_outside && err == 0; i++)
		err = check_iface(run, rs, s->outside[i]);
	return err;
}

int
ph_answer_sides(struct ph_run *run, const struct ph_ruleset *rs,
    const struct ph_requirement *const *reqs, size_t n, struct ph_sides *s)
{
	const char *why = "";
	int err = check_sides(run, rs, s);

	if (err != 0)
		return err;
	if (ph_audit_sides(&run->mem, rs, all_of(&run->mem, reqs, n, true),
	    all_of(&run->mem, reqs, n, false), s, &why))
		return 0;
	return ph_run_usage(run, "%s\nSay which with %s.", why, side_options(run->cmd));
}

size_t
ph_answer_filter(struct ph_run *run, struct ph_finding *v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		const struct ph_diag_switch *w = run->diags.switches;

		while (w != NULL && strcmp(w->id, v[i].id) != 0)
			w = w->next;
		if (w != NULL && w->as == PH_DIAG_OFF)
			continue;
		v[kept] = v[i];
		if (w != NULL && w->as == PH_DIAG_ERROR) {
			v[kept].severity = PH_SERIOUS;
			v[kept].degrades = true;
		}
		kept++;
	}
	return kept;
}

void
ph_answer_switches(struct ph_run *run, struct ph_audit *a)
{
	struct ph_finding *v = ph_arena_array(&run->mem, a->n_findings, sizeof(*v));

	if (a->n_findings > 0)
		memcpy(v, a->findings, a->n_findings * sizeof(*v));
	a->n_findings = ph_answer_filter(run, v, a->n_findings);
	a->findings = v;
	a->degraded = false;
	for (size_t i = 0; i < a->n_findings; i++)
		a->degraded |= v[i].degrades;
}

struct ph_text
ph_answer_text(struct ph_run *run)
{
	return (struct ph_text){
		.mem = &run->mem, .out = run->out, .colour = run->colour,
	};
}

static void
report_json(struct ph_run *run, const struct ph_audit *a, const struct ph_needs *n)
{
	json_t *doc = ph_json_audit(&run->mem, run->cmd->name, a);

	if (n != NULL)
		ph_json_set(&run->mem, doc, "names", ph_json_names(&run->mem, &n->site));
	if (n != NULL)
		ph_json_set(&run->mem, doc, "date", ph_json_text(&run->mem, n->date));
	ph_json_write(run->out, doc);
}

/* A command that helps, as far as it can be said without knowing all flags. */
static const char *
advice(struct ph_run *run)
{
	struct ph_buf b;

	ph_buf_init(&b, &run->mem);
	ph_buf_puts(&b, "What to type on the firewall: pinhole fix");
	for (unsigned i = 0; i < run->args.n_pos; i++)
		ph_buf_printf(&b, " %s", run->args.pos[i]);
	ph_buf_puts(&b, run->args.opts != NULL ? " with the same options says it." :
	    " says it.");
	return b.s;
}

int
ph_answer_audit(struct ph_run *run, const struct ph_ruleset *rs,
    const struct ph_requirements *reqs, struct ph_audit_opts *o,
    const struct ph_needs *n)
{
	struct ph_text t = ph_answer_text(run);
	struct ph_audit a;
	int err = ph_answer_sides(run, rs, reqs->v, reqs->n, &o->sides);

	if (err != 0)
		return err;
	ph_progress_phase("following packets");
	ph_audit_run(&run->mem, rs, reqs->v, reqs->n, o, &a);
	ph_answer_switches(run, &a);
	ph_progress_stop();
	if (run->json) {
		report_json(run, &a, n);
	} else {
		ph_report_audit(&t, rs->src->name, &a, n != NULL ? advice(run) : NULL);
		if (n != NULL)
			ph_report_names(&t, &n->site, n->date);
	}
	return ph_audit_exit(&a);
}
