/* SPDX-License-Identifier: ISC */
#ifndef PH_CMD_NEEDS_H
#define PH_CMD_NEEDS_H

#include "audit/audit.h"
#include "catalog/site.h"
#include "cmd/cat.h"

/* What services need at a site, from --site and the flags that win over it. */
struct ph_needs {
	struct ph_run *run;
	struct ph_catalog cat;
	struct ph_site site;
	struct ph_requirements reqs;
	struct ph_sides sides;		/* as named, before the configuration is asked */
	const char *date;		/* "2026-11-23": today, or SOURCE_DATE_EPOCH */
};

/*
 * ph_needs_load(run, names, n, firewall, out):
 * Requirements of the ${n} services.  On "live" without a word about clients or
 * interfaces, the client is this host.  ${firewall} is NULL where there is none.
 * 0, or the exit code after everything wrong has been reported.
 */
int ph_needs_load(struct ph_run *, const char *const *, size_t, const char *firewall,
    struct ph_needs *);

/*
 * ph_needs_via(run, names, n, via, out):
 * The same for a probe: this host is the client, and groups that nobody named have the
 * addresses ${via}, "A,B", of who stands in for them.
 */
int ph_needs_via(struct ph_run *, const char *const *, size_t, const char *via,
    struct ph_needs *);

/*
 * ph_needs_both(run, needs, rs):
 * For FIREWALL SERVICE...: the requirements and the configuration.  Errors of
 * both are reported in one run.
 */
int ph_needs_both(struct ph_run *, struct ph_needs *, struct ph_ruleset *);

#endif
