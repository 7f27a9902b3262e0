/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/needs.h"
#include "os/file.h"
#include "os/live.h"
#include "os/resolve.h"

/* Errors of these ids are answered by typing another flag. */
static const char *const usage_ids[] = {
	"missing-group", "missing-clients", "missing-param", "unknown-service",
};

static int
site_error(const struct ph_run *run)
{
	const char *id = run->diags.first_error;

	for (size_t i = 0; i < sizeof(usage_ids) / sizeof(*usage_ids); i++)
		if (id != NULL && strcmp(id, usage_ids[i]) == 0)
			return PH_EXIT_USAGE;
	return PH_EXIT_DATA;
}

static int
read_file(struct ph_run *run, struct ph_needs *n)
{
	const char *path = ph_opt_last(&run->args, PH_OPT_SITE);
	struct ph_src *src;
	int err;

	if (path == NULL)
		return 0;
	err = ph_file_read(&run->mem, path, &src);
	if (err != 0)
		return ph_run_cannot_read(run, path, err);
	return ph_site_read(&n->site, src) ? 0 : PH_EXIT_DATA;
}

static int
read_flags(struct ph_run *run, struct ph_needs *n)
{
	static const struct { enum ph_opt_id opt; enum ph_site_flag flag; } row[] = {
		{ PH_OPT_CLIENTS, PH_SITE_CLIENTS }, { PH_OPT_AT, PH_SITE_AT },
		{ PH_OPT_SET, PH_SITE_SET }, { PH_OPT_INSIDE, PH_SITE_INSIDE },
		{ PH_OPT_OUTSIDE, PH_SITE_OUTSIDE }, { PH_OPT_RESOLVE, PH_SITE_RESOLVE },
	};
	int err = 0;

	for (const struct ph_arg *a = run->args.opts; a != NULL; a = a->next)
		for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
			if (row[i].opt == a->id && !ph_site_flag(&n->site, row[i].flag,
			    ph_opt_find(a->id)->name, a->value))
				err = PH_EXIT_USAGE;
	return err;
}

/* This host's own addresses but those that only it can reach. */
static const char *
own_addresses(struct ph_run *run)
{
	struct ph_ruleset host;
	struct ph_buf b;

	ph_ruleset_init(&host, NULL, NULL);
	ph_live_addrs(&run->mem, &host);
	ph_buf_init(&b, &run->mem);
	for (const struct ph_iface *i = host.ifaces; i != NULL; i = i->next)
		for (size_t k = 0; strcmp(i->name, "lo") != 0 && k < i->addrs->n; k++) {
			ph_buf_puts(&b, b.len > 0 ? "," : "");
			ph_range_print(&b, i->addrs->r[k]);
		}
	return b.len > 0 ? b.s : "any";
}

/* Who the clients are when nobody says so: on a live host, the host. */
static void
assume_host(struct ph_run *run, struct ph_needs *n, const char *firewall)
{
	bool live = firewall != NULL && strcmp(firewall, "live") == 0;
	bool silent = n->site.clients.n == 0;

	n->sides.host = ph_opt_given(&run->args, PH_OPT_HOST) ||
	    (live && silent && n->site.inside.n == 0 && n->site.outside.n == 0);
	if (live && silent && n->sides.host)
		ph_site_flag(&n->site, PH_SITE_CLIENTS, "live", own_addresses(run));
}

static const struct ph_ranges *
resolve(void *arg, const char *name, struct ph_span at)
{
	struct ph_run *run = arg;
	const char *why;
	const struct ph_ranges *r = ph_resolve_name(&run->mem, name, &why);

	if (r != NULL)
		return r;
	ph_diag(&run->diags, PH_ERROR, "name-unresolved", at,
	    "cannot find the addresses of '%s': %s", name, why);
	ph_diag(&run->diags, PH_NOTE, "name-unresolved", (struct ph_span){ 0 },
	    "give them with --resolve %s=ADDR[,ADDR...]", name);
	return NULL;
}

static const char *
today(struct ph_arena *mem)
{
	const char *fixed = getenv("SOURCE_DATE_EPOCH");
	uint64_t epoch;
	time_t now = time(NULL);
	struct tm tm;
	char text[16];

	if (fixed != NULL && ph_str_u64(ph_str(fixed), 10, INT32_MAX, &epoch))
		now = (time_t)epoch;
	if (gmtime_r(&now, &tm) == NULL || strftime(text, sizeof(text), "%F", &tm) == 0)
		return "";
	return ph_arena_dup(mem, text, strlen(text));
}

static int
check_services(struct ph_run *run, struct ph_needs *n, const char *const *names, size_t count)
{
	int err = 0, first = 0;

	for (size_t i = 0; i < count; i++) {
		ph_cat_service(run, &n->cat, names[i], &err);
		first = first != 0 ? first : err;
	}
	return first;
}

static int
read_site(struct ph_run *run, struct ph_needs *n)
{
	int file = read_file(run, n), flags = read_flags(run, n);

	return file != 0 ? file : flags;
}

/* What the services' pages and the site say, before anything is assumed. */
static int
load(struct ph_run *run, const char *const *names, size_t count, struct ph_needs *n)
{
	int err;

	*n = (struct ph_needs){ .run = run, .date = today(&run->mem) };
	err = ph_cat_load(run, &n->cat);
	if (err == 0)
		err = check_services(run, n, names, count);
	if (err != 0)
		return err;
	ph_site_init(&n->site, &run->mem, &run->diags, &n->cat);
	return read_site(run, n);
}

static int
require(struct ph_run *run, const char *const *names, size_t count, struct ph_needs *n)
{
	struct ph_site_opts o = {
		.stateful_only = ph_opt_given(&run->args, PH_OPT_STATEFUL_ONLY),
		.resolve = resolve, .arg = run,
	};

	n->sides.inside = n->site.inside.v;
	n->sides.n_inside = n->site.inside.n;
	n->sides.outside = n->site.outside.v;
	n->sides.n_outside = n->site.outside.n;
	if (!ph_site_requirements(&n->site, names, count, &o, &n->reqs) ||
	    run->diags.errors > 0)
		return site_error(run);
	return 0;
}

int
ph_needs_load(struct ph_run *run, const char *const *names, size_t count,
    const char *firewall, struct ph_needs *n)
{
	int err = load(run, names, count, n);

	if (err != 0)
		return err;
	assume_host(run, n, firewall);
	return require(run, names, count, n);
}

/* Groups of a service that nobody named. */
static void
stand_in(struct ph_run *run, struct ph_needs *n, const struct ph_service *s, const char *via,
    const char *here)
{
	for (size_t i = 0; i < s->n_groups; i++) {
		const char *name = s->groups[i].name;
		bool near = s->viewpoint == PH_VIEW_SERVER && strcmp(name, "servers") == 0;

		if (ph_site_group(&n->site, s->name, name)->addrs.n == 0)
			ph_site_flag(&n->site, PH_SITE_AT, "--via", ph_arena_printf(&run->mem,
			    "%s.%s=%s", s->name, name, near ? here : via));
	}
}

int
ph_needs_via(struct ph_run *run, const char *const *names, size_t count, const char *via,
    struct ph_needs *n)
{
	int err = load(run, names, count, n);
	const char *here;

	if (err != 0)
		return err;
	here = own_addresses(run);
	n->sides.host = true;
	if (n->site.clients.n == 0)
		ph_site_flag(&n->site, PH_SITE_CLIENTS, "live", here);
	for (size_t i = 0; i < count; i++)
		stand_in(run, n, ph_catalog_find(&n->cat, names[i]), via, here);
	return require(run, names, count, n);
}

int
ph_needs_both(struct ph_run *run, struct ph_needs *n, struct ph_ruleset *rs)
{
	const char *firewall = run->args.pos[0];
	int needs = ph_needs_load(run, run->args.pos + 1, run->args.n_pos - 1, firewall, n);
	int fw;

	if (needs == PH_EXIT_USAGE)
		return needs;
	fw = ph_run_firewall(run, firewall, rs);
	return needs != 0 ? needs : fw;
}
