/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "os/file.h"
#include "os/input.h"

enum { MAX_DEPTH = 16, MAX_FILES = 4096 };

struct ph_input_file {
	struct ph_src *src;
	const struct ph_input_file *from;	/* which included it, or NULL */
	unsigned depth;
	dev_t dev;
	ino_t ino;
	struct ph_input_file *next;
};

static struct ph_input_file *
file_of(const struct ph_input *in, const struct ph_src *src)
{
	struct ph_input_file *f = in->files;

	while (f != NULL && f->src != src)
		f = f->next;
	return f;
}

static void
remember(struct ph_input *in, struct ph_src *src, const struct ph_input_file *from,
    const struct stat *st)
{
	struct ph_input_file *f = PH_NEW(in->mem, struct ph_input_file);

	f->src = src;
	f->from = from;
	f->depth = from != NULL ? from->depth + 1 : 0;
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->next = in->files;
	in->files = f;
	in->n++;
}

int
ph_input_open(struct ph_input *in, const char *path, struct ph_src **out)
{
	struct stat st = { 0 };
	int err;

	if (strcmp(path, "-") != 0 && stat(path, &st) != 0)
		return -errno;
	err = ph_file_read(in->mem, path, out);
	if (err == 0)
		remember(in, *out, NULL, &st);
	return err;
}

/* ${path} as seen from the file that names it. */
static const char *
beside(struct ph_input *in, const struct ph_src *from, const char *path)
{
	const char *slash = from != NULL ? strrchr(from->name, '/') : NULL;

	if (*path == '/' || slash == NULL)
		return path;
	return ph_arena_printf(in->mem, "%.*s/%s", (int)(slash - from->name),
	    from->name, path);
}

static bool
may_include(struct ph_input *in, const struct ph_input_file *from,
    const struct stat *st, const char *path, struct ph_span at)
{
	if (in->n >= MAX_FILES) {
		ph_diag(in->diags, PH_ERROR, "include-depth", at,
		    "more than %d files included", (int)MAX_FILES);
		return false;
	}
	if (from != NULL && from->depth + 1 > MAX_DEPTH) {
		ph_diag(in->diags, PH_ERROR, "include-depth", at,
		    "files include each other more than %d deep", (int)MAX_DEPTH);
		return false;
	}
	for (; from != NULL; from = from->from) {
		if (from->ino != st->st_ino || from->dev != st->st_dev)
			continue;
		ph_diag(in->diags, PH_ERROR, "include-cycle", at,
		    "'%s' is being read already: it includes itself", path);
		return false;
	}
	return true;
}

struct ph_src *
ph_input_include(void *arg, const char *name, struct ph_span at)
{
	struct ph_input *in = arg;
	const struct ph_input_file *from = file_of(in, at.src);
	const char *path = beside(in, at.src, name);
	struct ph_src *src;
	struct stat st;
	int err;

	err = stat(path, &st) != 0 ? -errno : 0;
	if (err == 0 && !may_include(in, from, &st, path, at))
		return NULL;
	if (err == 0)
		err = ph_file_read(in->mem, path, &src);
	if (err != 0) {
		ph_diag(in->diags, PH_ERROR, "include-unreadable", at,
		    "cannot read '%s': %s", path, strerror(-err));
		return NULL;
	}
	remember(in, src, from, &st);
	return src;
}

/* What matches, as ph_input_include() takes it: beside the file that asks. */
void
ph_input_glob(void *arg, const char *pattern, struct ph_span at,
    void (*each)(void *, const char *), void *each_arg)
{
	struct ph_input *in = arg;
	const char *path = beside(in, at.src, pattern);
	size_t skip = strlen(path) - strlen(pattern);
	glob_t found = { 0 };

	if (glob(path, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *hit = found.gl_pathv[i] + skip;

			each(each_arg, ph_arena_dup(in->mem, hit, strlen(hit)));
		}
	globfree(&found);
}
