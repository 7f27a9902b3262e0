/* SPDX-License-Identifier: ISC */
#include "cmd/cat.h"
#include "os/file.h"

int
ph_cat_load(struct ph_run *run, struct ph_catalog *out)
{
	const char *dir = ph_opt_last(&run->args, PH_OPT_CATALOG), **paths = NULL;
	struct ph_src **extra;
	size_t n = 0;
	int err = dir != NULL ? ph_file_list(&run->mem, dir, ".yaml", &paths, &n) : 0;

	if (err != 0)
		return ph_run_cannot_read(run, dir, err);
	extra = ph_arena_array(&run->mem, n, sizeof(*extra));
	for (size_t i = 0; i < n; i++) {
		err = ph_file_read(&run->mem, paths[i], &extra[i]);
		if (err != 0)
			return ph_run_cannot_read(run, paths[i], err);
	}
	if (!ph_catalog_load(&run->mem, &run->diags, extra, n, out) ||
	    run->diags.errors > 0) {
		ph_diags_end(&run->diags);
		return PH_EXIT_DATA;
	}
	return 0;
}

const struct ph_service *
ph_cat_service(struct ph_run *run, struct ph_catalog *cat, const char *name, int *err)
{
	const struct ph_service *s = ph_catalog_find(cat, name);
	const char *near;

	*err = 0;
	if (s != NULL && run->diags.errors == 0)
		return s;
	if (run->diags.errors > 0) {
		*err = PH_EXIT_DATA;
		return NULL;
	}
	near = ph_catalog_nearest(cat, name);
	*err = ph_run_usage(run, "unknown service '%s'%s%s%s\n"
	    "'pinhole services' lists them.", name, near != NULL ? "; did you mean '" : "",
	    near != NULL ? near : "", near != NULL ? "'?" : "");
	return NULL;
}
