/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/macos/firewall.h"

const char ph_macos_tool[] = "/usr/libexec/ApplicationFirewall/socketfilterfw";

void
ph_macos_init(struct ph_macos *fw)
{
	*fw = (struct ph_macos){ 0 };
	fw->apps_tail = &fw->apps;
}

/* Take ${tail} off the end of ${s}, if it stands there. */
static bool
drop(struct ph_str *s, const char *tail)
{
	size_t n = strlen(tail);

	if (s->len <= n || memcmp(s->s + s->len - n, tail, n) != 0)
		return false;
	s->len -= n;
	return true;
}

const char *
ph_macos_program(struct ph_arena *mem, struct ph_str path)
{
	static const char inner[] = ".app/Contents/MacOS";
	struct ph_str dir = path;

	drop(&path, "/");
	for (dir = path; dir.len > 1 && dir.s[dir.len - 1] != '/';)
		dir.len--;
	dir.len -= dir.len > 1;
	if (drop(&dir, inner))
		path = dir;
	else
		drop(&path, ".app");
	return ph_arena_dup(mem, path.s, path.len);
}

struct ph_macos_app *
ph_macos_app(struct ph_arena *mem, struct ph_macos *fw, struct ph_str path)
{
	const char *program = ph_macos_program(mem, path);
	void **slot = ph_map_at(mem, &fw->by_program, program, strlen(program));
	struct ph_macos_app *app = *slot;

	if (app == NULL) {
		app = *slot = PH_NEW(mem, struct ph_macos_app);
		app->path = ph_arena_dup(mem, path.s, path.len);
		app->program = program;
		*fw->apps_tail = app;
		fw->apps_tail = &app->next;
	}
	return app;
}

struct ph_macos_app *
ph_macos_app_find(const struct ph_macos *fw, const char *program)
{
	struct ph_macos_app *app = ph_map_find(&fw->by_program, program, strlen(program));

	return app == NULL || app->removed ? NULL : app;
}

void
ph_macos_quote(struct ph_buf *b, const char *path)
{
	ph_buf_putc(b, '\'');
	for (; *path != '\0'; path++)
		if (*path == '\'')
			ph_buf_puts(b, "'\\''");
		else
			ph_buf_putc(b, *path);
	ph_buf_putc(b, '\'');
}

void
ph_macos_command(struct ph_buf *b, const char *option, const char *path)
{
	ph_buf_printf(b, "sudo %s %s", ph_macos_tool, option);
	if (path != NULL) {
		ph_buf_putc(b, ' ');
		ph_macos_quote(b, path);
	}
	ph_buf_putc(b, '\n');
}

static const char *const setters[PH_MACOS_NSWITCHES] = {
	[PH_MACOS_GLOBAL] = "--setglobalstate",
	[PH_MACOS_BLOCK_ALL] = "--setblockall",
	[PH_MACOS_SIGNED_BUILTIN] = "--setallowsigned",
	[PH_MACOS_SIGNED_DOWNLOADED] = "--setallowsignedapp",
	[PH_MACOS_STEALTH] = "--setstealthmode",
};

static void
write_app(struct ph_buf *b, const struct ph_macos_app *app)
{
	if (app->listed)
		ph_macos_command(b, "--add", app->path);
	if (app->allowed != PH_MACOS_UNSAID)
		ph_macos_command(b, app->allowed == PH_MACOS_ON ?
		    "--unblockapp" : "--blockapp", app->path);
}

void
ph_macos_write(struct ph_buf *b, const struct ph_macos *fw)
{
	for (int i = 0; i < PH_MACOS_NSWITCHES; i++)
		if (fw->v[i].say != PH_MACOS_UNSAID)
			ph_buf_printf(b, "sudo %s %s %s\n", ph_macos_tool, setters[i],
			    fw->v[i].say == PH_MACOS_ON ? "on" : "off");
	for (const struct ph_macos_app *a = fw->apps; a != NULL; a = a->next)
		if (!a->removed)
			write_app(b, a);
}
