/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "audit/audit.h"
#include "audit/prove.h"
#include "catalog/site.h"
#include "net/names.h"
#include "os/file.h"
#include "os/pages.h"

/*
 * DOC: bench WHAT REPEATS FILE [FILE]
 *
 * What one step costs inside the program, the steps before it not counted: processor
 * time (it has one thread and waits for nothing), so that others on the machine count
 * little; median, fastest and slowest of several runs in milliseconds, the most memory
 * the process had in KiB, and a number that says what came out.
 *
 *	parse FILE	read a configuration
 *	flows FILE	the flows of the three first services, after parsing
 *	again FILE	the same, asked for the second time
 *	media FILE	any to any over the media range, partitioned
 *	lint FILE	every line that can never match
 *	audit FILE	parse and flows and findings
 *	diff FILE FILE	two configurations over everything
 *	plan FILE	a site's plan for the dialect in BENCH_FOR, read back and proven
 */

enum { MAX_REPEATS = 101 };

struct bench {
	struct ph_src *src[2];
	const struct ph_dialect *d;
	struct ph_arena kept;		/* the catalog and the requirements */
	struct ph_diags diags;
	struct ph_requirements reqs;
	struct ph_site site;
	struct ph_ruleset rs[2];	/* of one run */
	struct ph_arena mem;
	size_t result;
};

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(70);
}

static void
parse(struct bench *b, int i)
{
	struct ph_diags quiet = { 0 };
	struct ph_parse_opts none = { 0 };

	if (!b->d->parse(&b->mem, &quiet, b->src[i], &none, &b->rs[i]))
		die("the configuration has errors");
}

static struct ph_audit_opts
options(struct bench *b, const struct ph_requirement *r)
{
	static const char *const lan[] = { "lan" }, *const wan[] = { "wan" };
	struct ph_audit_opts o = { 0 };
	const char *why;

	if (ph_audit_sides(&b->mem, &b->rs[0], r->clients, r->far, &o.sides, &why) &&
	    o.sides.n_inside > 0 && o.sides.n_outside > 0)
		return o;
	o.sides = (struct ph_sides){ .inside = lan, .outside = wan, .n_inside = 1,
		.n_outside = 1 };
	return o;
}

static void
do_flows(struct bench *b, bool findings)
{
	struct ph_audit a;
	struct ph_audit_opts o = options(b, b->reqs.v[0]);

	o.skip_findings = !findings;
	ph_audit_run(&b->mem, &b->rs[0], b->reqs.v, b->reqs.n, &o, &a);
	for (size_t i = 0; i < a.n_flows; i++)
		b->result += a.flows[i].n_parts;
}

static struct ph_question
any_to_any(struct bench *b, unsigned lo, unsigned hi, int proto)
{
	struct ph_question q = { .path = PH_PATH_THROUGH };
	struct ph_audit_opts o = options(b, b->reqs.v[0]);
	ph_u128 in = ph_iface_encode(ph_str(o.sides.inside[0]));
	ph_u128 out = ph_iface_encode(ph_str(o.sides.outside[0]));

	q.cube.d[PH_SRC] = ph_ranges_one(&b->mem, PH_ANY_V4.lo, PH_ANY_V4.hi);
	q.cube.d[PH_DST] = q.cube.d[PH_SRC];
	q.cube.d[PH_SPORT] = ph_ranges_one(&b->mem, 1024, 65535);
	q.cube.d[PH_DPORT] = ph_ranges_one(&b->mem, lo, hi);
	if (proto != 0)
		q.cube.d[PH_PROTO] = ph_ranges_one(&b->mem, (unsigned)proto, (unsigned)proto);
	q.iif = ph_ranges_one(&b->mem, in, in);
	q.oif = ph_ranges_one(&b->mem, out, out);
	return q;
}

static void
do_media(struct bench *b)
{
	struct ph_question q = any_to_any(b, 50000, 65535, PH_UDP);
	struct ph_answer a = { 0 };

	ph_walk(&b->mem, &b->rs[0], &q, &a);
	b->result = a.n;
}

static void
do_lint(struct bench *b)
{
	struct ph_finding *v;

	ph_lint_run(&b->mem, &b->rs[0], NULL, 0, &v, &b->result);
}

static void
do_diff(struct bench *b)
{
	struct ph_question q[2] = {
		any_to_any(b, 0, 65535, PH_TCP), any_to_any(b, 0, 65535, PH_UDP),
	};
	struct ph_diff d = { 0 };

	ph_diff_run(&b->mem, &b->rs[0], &b->rs[1], q, 2, &d);
	b->result = d.n;
}

static void
do_plan(struct bench *b)
{
	struct ph_plan plan = {
		.reqs = b->reqs.v, .n_reqs = b->reqs.n, .date = "2020-01-01",
		.inside = b->site.inside.v, .n_inside = b->site.inside.n,
		.outside = b->site.outside.v, .n_outside = b->site.outside.n,
	};
	struct ph_buf text, why;

	ph_buf_init(&text, &b->mem);
	ph_buf_init(&why, &b->mem);
	if (!b->d->plan(&b->mem, &b->diags, &plan, &text))
		die("no plan");
	if (!ph_prove_plan(&b->mem, b->d, &plan, &text, &why))
		die(why.s);
	b->result = text.len;
}

/* ---- what is done before, and what is measured ---- */

static void
before_none(struct bench *b)
{
	(void)b;
}

static void
before_parse(struct bench *b)
{
	parse(b, 0);
	if (b->src[1] != NULL)
		parse(b, 1);
}

static void
do_services(struct bench *b)
{
	do_flows(b, false);
}

static void
before_again(struct bench *b)
{
	parse(b, 0);
	do_services(b);
	b->result = 0;
}

static void
do_parse(struct bench *b)
{
	parse(b, 0);
	for (const struct ph_chain *c = b->rs[0].chains; c != NULL; c = c->next)
		b->result += c->n;
}

static void
do_audit(struct bench *b)
{
	parse(b, 0);
	do_flows(b, true);
}

static const struct {
	const char *name;
	void (*before)(struct bench *), (*run)(struct bench *);
} steps[] = {
	{ "parse", before_none, do_parse }, { "flows", before_parse, do_services },
	{ "again", before_again, do_services },
	{ "media", before_parse, do_media }, { "lint", before_parse, do_lint },
	{ "audit", before_none, do_audit }, { "diff", before_parse, do_diff },
	{ "plan", before_none, do_plan },
};

static void
take_site(struct bench *b, struct ph_catalog *cat, bool file)
{
	static const char *const all[] = { "vidyoconnect", "h323-sip", "webrtc" };
	static const char *const at[] = {
		"vidyoconnect.portals=203.0.113.10", "vidyoconnect.routers=52.1.2.0/28",
		"h323-sip.gateways=52.3.4.32/29", "webrtc.web=203.0.113.20",
		"webrtc.turn=52.5.6.21",
	};
	struct ph_site_opts o = { 0 };

	ph_site_init(&b->site, &b->kept, &b->diags, cat);
	if (file) {
		if (!ph_site_read(&b->site, b->src[0]) ||
		    !ph_site_requirements(&b->site, all, 1, &o, &b->reqs))
			die("the site has errors");
		return;
	}
	ph_site_flag(&b->site, PH_SITE_CLIENTS, "--clients", "10.0.0.0/8");
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		ph_site_flag(&b->site, PH_SITE_AT, "--at", at[i]);
	if (!ph_site_requirements(&b->site, all, 3, &o, &b->reqs))
		die("the site has errors");
}

static int
by_value(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return a < b ? -1 : a > b;
}

static void
measure(struct bench *b, size_t step, size_t n)
{
	double ms[MAX_REPEATS], start;
	struct rusage u;

	for (size_t i = 0; i < n; i++) {
		b->result = 0;
		steps[step].before(b);
		start = now_ms();
		steps[step].run(b);
		ms[i] = now_ms() - start;
		ph_arena_fini(&b->mem);
	}
	qsort(ms, n, sizeof(ms[0]), by_value);
	getrusage(RUSAGE_SELF, &u);
	printf("%s %.2f %.2f %.2f %ld %zu\n", steps[step].name, ms[n / 2], ms[0],
	    ms[n - 1], u.ru_maxrss, b->result);
}

static void
choose_dialect(struct bench *b)
{
	const char *name = getenv("BENCH_FOR");

	b->d = name != NULL ? ph_dialect_find(name) :
	    ph_dialect_recognise((struct ph_str){ b->src[0]->text, b->src[0]->len });
	if (b->d == NULL)
		die("no such dialect");
}

int
main(int argc, char **argv)
{
	struct bench b = { 0 };
	struct ph_catalog cat;
	size_t step = 0, n;

	if (argc < 4) {
		fprintf(stderr, "usage: bench WHAT REPEATS FILE [FILE]\n");
		return 64;
	}
	while (step < sizeof(steps) / sizeof(steps[0]) && strcmp(steps[step].name, argv[1]) != 0)
		step++;
	n = strtoul(argv[2], NULL, 10);
	if (step == sizeof(steps) / sizeof(steps[0]) || n == 0 || n > MAX_REPEATS)
		die("no such step, or not so often");
	b.diags.out = stderr;
	b.mem.pages = b.kept.pages = &ph_pages;
	for (int i = 3; i < argc && i < 5; i++)
		if (ph_file_read(&b.kept, argv[i], &b.src[i - 3]) != 0)
			die("the file cannot be read");
	choose_dialect(&b);
	if (!ph_catalog_load(&b.kept, &b.diags, NULL, 0, &cat))
		die("the catalog is broken");
	take_site(&b, &cat, steps[step].run == do_plan);
	measure(&b, step, n);
	return 0;
}
