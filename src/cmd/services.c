/* SPDX-License-Identifier: ISC */
#include "cmd/cat.h"
#include "report/json.h"
#include "report/services.h"

static const enum ph_opt_id opts[] = {
	PH_OPT_CATALOG, PH_OPT_JSON, PH_OPT_HELP, PH_OPT_VERSION, PH_OPT_END,
};

/* The services named, or all of them. */
static int
choose(struct ph_run *run, struct ph_catalog *cat, const struct ph_service **v,
    size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n; i++) {
		if (run->args.n_pos == 0)
			v[i] = ph_catalog_get(cat, i);
		else
			v[i] = ph_cat_service(run, cat, run->args.pos[i], &err);
		if (err != 0)
			return err;
		if (v[i] == NULL || run->diags.errors > 0)
			return PH_EXIT_DATA;
	}
	return 0;
}

static int
run_services(struct ph_run *run)
{
	struct ph_text t = { .mem = &run->mem, .out = run->out, .colour = run->colour };
	const struct ph_service **v;
	struct ph_catalog cat;
	size_t n;
	int err = ph_cat_load(run, &cat);

	if (err != 0)
		return err;
	n = run->args.n_pos > 0 ? run->args.n_pos : cat.n;
	v = ph_arena_array(&run->mem, n, sizeof(*v));
	err = choose(run, &cat, v, n);
	if (err != 0)
		return err;
	if (run->json)
		ph_json_write(run->out, ph_json_services(&run->mem, v, n));
	else if (run->args.n_pos == 0)
		ph_report_services(&t, v, n);
	for (size_t i = 0; i < run->args.n_pos && !run->json; i++) {
		if (i > 0)
			fputc('\n', run->out);
		ph_report_service(&t, v[i]);
	}
	return PH_EXIT_OK;
}

const struct ph_cmd ph_cmd_services = {
	.name = "services",
	.args = "[NAME]...",
	.title = "list what is known of services, and every flow of those named",
	.about = "Without a name, lists the catalog. With names, says everything about "
	    "each: flows, ports, who opens them, what they are for, what serves instead, "
	    "how long they may be idle, what inspection does to them, and where that stands.",
	.opts = opts,
	.first = PH_WORDS_SERVICE, .rest = PH_WORDS_SERVICE,
	.run = run_services,
};
