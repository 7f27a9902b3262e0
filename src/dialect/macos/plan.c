/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/macos/firewall.h"
#include "net/names.h"

/* Where people look, before and after. */
static void
write_show(struct ph_buf *b)
{
	ph_buf_printf(b, "#\n# show:\n#   %s --getglobalstate --getblockall \\\n"
	    "#       --getallowsigned --getstealthmode\n#   %s --listapps\n",
	    ph_macos_tool, ph_macos_tool);
}

/* A line of what may hold any character, as a comment. */
static void
comment(struct ph_buf *b, const char *text)
{
	ph_buf_puts(b, "# ");
	for (; *text != '\0'; text++)
		ph_buf_putc(b, *text == '\n' ? ' ' : *text);
	ph_buf_putc(b, '\n');
}

static void
comment_flow(struct ph_arena *mem, struct ph_buf *b, const struct ph_requirement *q)
{
	comment(b, ph_arena_printf(mem, "%s %s %s %s: %s (%s)", q->service, q->flow,
	    ph_proto_name(q->proto), ph_direction_name(q->direction), q->purpose,
	    q->source));
}

/* The programs of a plan, each once. */
static void
collect(struct ph_arena *mem, const struct ph_plan *plan, struct ph_macos *fw)
{
	ph_macos_init(fw);
	for (size_t i = 0; i < plan->n_reqs; i++) {
		const struct ph_requirement *q = plan->reqs[i];

		if (q->direction == PH_IN && q->app != NULL)
			ph_macos_app(mem, fw, ph_str(q->app))->listed = true;
	}
}

static void
write_app(struct ph_arena *mem, struct ph_buf *b, const struct ph_plan *plan,
    const struct ph_macos_app *app)
{
	ph_buf_puts(b, "\n");
	for (size_t i = 0; i < plan->n_reqs; i++) {
		const struct ph_requirement *q = plan->reqs[i];

		if (q->direction == PH_IN && q->app != NULL &&
		    strcmp(ph_macos_program(mem, ph_str(q->app)), app->program) == 0)
			comment_flow(mem, b, q);
	}
	ph_macos_command(b, "--add", app->path);
	ph_macos_command(b, "--unblockapp", app->path);
}

static void
write_rollback(struct ph_buf *b, const struct ph_macos *fw)
{
	ph_buf_puts(b, "#\n# rollback:\n");
	for (const struct ph_macos_app *a = fw->apps; a != NULL; a = a->next) {
		ph_buf_puts(b, "#   ");
		ph_macos_command(b, "--remove", a->path);
	}
}

/* Flows that come in for a program nobody named; said, so that none is missed. */
static void
write_unnamed(struct ph_arena *mem, struct ph_buf *b, const struct ph_plan *plan)
{
	bool first = true;

	for (size_t i = 0; i < plan->n_reqs; i++) {
		const struct ph_requirement *q = plan->reqs[i];

		if (q->direction != PH_IN || q->app != NULL)
			continue;
		if (first)
			ph_buf_puts(b, "\n# These also come in, and name no program. If one "
			    "on this Mac is to be\n# connected to, allow it in the same way:\n");
		first = false;
		comment_flow(mem, b, q);
	}
}

bool
ph_macos_plan(struct ph_arena *mem, struct ph_diags *diags,
    const struct ph_plan *plan, struct ph_buf *b)
{
	struct ph_macos fw;

	(void)diags;
	collect(mem, plan, &fw);
	ph_buf_puts(b, "# The application firewall asks which program is connected to;\n"
	    "# what programs on this Mac open themselves always passes.\n");
	if (fw.apps == NULL) {
		ph_buf_puts(b, "# None of these flows names a program: nothing to allow.\n");
		write_unnamed(mem, b, plan);
		write_show(b);
		return true;
	}
	ph_buf_puts(b, "# A program may be a bundle, whose name then ends in \".app\".\n\n"
	    "# With \"block all incoming connections\" no program is reached.\n");
	ph_macos_command(b, "--setblockall off", NULL);
	for (const struct ph_macos_app *a = fw.apps; a != NULL; a = a->next)
		write_app(mem, b, plan, a);
	write_unnamed(mem, b, plan);
	write_show(b);
	write_rollback(b, &fw);
	return true;
}

/* --- fix --- */

struct fixing {
	struct ph_arena *mem;
	struct ph_diags *diags;
	struct ph_macos *fw;		/* changed as we go */
	struct ph_fix_text *out;
};

static void
unblock_all(struct fixing *x)
{
	struct ph_macos_value *v = &x->fw->v[PH_MACOS_BLOCK_ALL];

	if (v->say == PH_MACOS_OFF)
		return;
	ph_macos_command(&x->out->commands, "--setblockall off", NULL);
	if (v->say == PH_MACOS_ON)
		ph_macos_command(&x->out->rollback, "--setblockall on", NULL);
	v->say = PH_MACOS_OFF;
}

static void
allow(struct fixing *x, const char *path)
{
	const char *program = ph_macos_program(x->mem, ph_str(path));
	struct ph_macos_app *app = ph_macos_app_find(x->fw, program);
	bool listed = app != NULL && app->listed;

	if (listed && app->allowed == PH_MACOS_ON)
		return;
	if (app == NULL)
		app = ph_macos_app(x->mem, x->fw, ph_str(path));
	if (!listed) {
		ph_macos_command(&x->out->commands, "--add", app->path);
		ph_macos_command(&x->out->rollback, "--remove", app->path);
	} else if (app->allowed == PH_MACOS_OFF) {
		ph_macos_command(&x->out->rollback, "--blockapp", app->path);
	}
	ph_macos_command(&x->out->commands, "--unblockapp", app->path);
	app->listed = true;
	app->removed = false;
	app->allowed = PH_MACOS_ON;
}

static bool
fix_one(struct fixing *x, const struct ph_fix *f)
{
	if (f->kind != PH_FIX_PERMIT) {
		ph_diag(x->diags, PH_ERROR, "macos-no-such-thing", f->cause,
		    "the application firewall has no timers, helpers or tracking to change");
		return false;
	}
	if (f->req->direction == PH_OUT)
		return true;
	if (f->req->app == NULL) {
		ph_diag(x->diags, PH_ERROR, "macos-no-app", f->cause,
		    "%s %s names no program that could be allowed", f->req->service,
		    f->req->flow);
		return false;
	}
	unblock_all(x);
	allow(x, f->req->app);
	return true;
}

bool
ph_macos_fix(struct ph_arena *mem, struct ph_diags *diags, struct ph_ruleset *rs,
    const struct ph_fix *fixes, size_t n, struct ph_fix_text *out)
{
	struct fixing x = { .mem = mem, .diags = diags, .fw = rs->priv, .out = out };
	bool ok = true;

	for (size_t i = 0; i < n; i++)
		ok &= fix_one(&x, &fixes[i]);
	ph_macos_write(&out->text, x.fw);
	return ok;
}
