/* SPDX-License-Identifier: ISC */
#ifndef PH_CATALOG_SITE_H
#define PH_CATALOG_SITE_H

#include "catalog/catalog.h"
#include "text/yaml.h"

/*
 * DOC: Sites
 *
 * Whose firewall: the clients' networks, the addresses of each group of each
 * service, interfaces or zones.  A file says it (--site), or flags do, or both;
 * what a flag says of a group replaces what the file says of it.
 *
 *	clients: [192.0.2.0/24, 2001:db8:1::/64]
 *	services:
 *	  vidyoconnect:
 *	    portals: [203.0.113.10]
 *	    routers: [198.51.100.0/28, router.example.org]
 *	  h323-sip:
 *	    gateways:				a cluster's name, or "in" and "out"
 *	      geneva: [198.51.100.32/29]		for addresses that serve only calls
 *	      chicago: { in: [203.0.113.32], out: [203.0.113.33] }	of one direction
 *	    params: { media: 16384-32767 }
 *	firewall: { inside: [lan], outside: [wan] }
 *
 * An address is a host, a prefix, a range "A-B", "any", "any4", "any6", or a
 * name, of which all addresses are used.
 */

/* Addresses that nobody narrowed serve both directions. */
enum { PH_BOTH_WAYS = 1U << PH_OUT | 1U << PH_IN };

/* One address as written, for one direction or both. */
struct ph_site_addr {
	struct ph_span at;
	const char *name;		/* to be resolved; NULL: ${range} is it */
	struct ph_range range;
	unsigned directions;		/* 1 << PH_OUT | 1 << PH_IN */
};

struct ph_site_addrs {
	struct ph_site_addr *v;
	size_t n, cap;
	bool by_flag;
	struct ph_span at;		/* src NULL: nobody named them */
};

/* What is said of one group or parameter: "service.name". */
struct ph_site_entry {
	struct ph_site_addrs addrs;
	const struct ph_ranges *ports;	/* a parameter's */
	bool ports_by_flag;
};

/* The addresses of a name, for the report. */
struct ph_site_name {
	const char *name;
	const struct ph_ranges *addrs;	/* NULL: could not be resolved */
	bool pinned;			/* by --resolve */
	struct ph_site_name *next;
};

/* Names of interfaces or zones. */
struct ph_site_words {
	const char **v;			/* NULL when n is 0 */
	size_t n, cap;
	bool by_flag;
};

struct ph_site {
	struct ph_arena *mem;
	struct ph_diags *diags;
	struct ph_catalog *catalog;
	struct ph_src *file;		/* NULL: flags only */
	struct ph_site_addrs clients;
	struct ph_map entries;		/* "service.group": struct ph_site_entry */
	struct ph_site_words inside, outside;
	struct ph_map names;		/* struct ph_site_name */
	struct ph_site_name *name_list;
};

/*
 * ph_site_group(site, service, group), ph_site_param(): what was said, made new.
 * Group "" is the service itself: ${addrs.at} is where the file names it.
 */
struct ph_site_entry *ph_site_group(struct ph_site *, const char *, const char *);
struct ph_site_entry *ph_site_param(struct ph_site *, const char *, const char *);

/* ph_site_init(site, mem, diags, catalog): nothing is named yet. */
void ph_site_init(struct ph_site *, struct ph_arena *, struct ph_diags *,
    struct ph_catalog *);

/*
 * ph_site_read(site, src):
 * Read a site's file; at most once, before or after flags.  False when it had
 * an error; all were reported.  Ids: those of text/yaml.h and text/fields.h,
 * bad-address, host-bits (warning), empty-list, unknown-service, unknown-group,
 * unknown-param, bad-port.
 */
bool ph_site_read(struct ph_site *, struct ph_src *);

enum ph_site_flag {
	PH_SITE_CLIENTS,		/* ADDR[,ADDR...] */
	PH_SITE_AT,			/* SERVICE.GROUP[.CLUSTER][.in|.out]=ADDR[,ADDR...] */
	PH_SITE_SET,			/* SERVICE.PARAM=PORTS */
	PH_SITE_INSIDE, PH_SITE_OUTSIDE,	/* NAME[,NAME...] */
	PH_SITE_RESOLVE,		/* NAME=ADDR[,ADDR...] */
};

/*
 * ph_site_flag(site, flag, option, text):
 * Add what a flag says; ${option} is how it was called ("--at"), for carets.
 * Repeated flags add up.  False when it had an error; reported.
 */
bool ph_site_flag(struct ph_site *, enum ph_site_flag, const char *, const char *);

struct ph_site_opts {
	bool stateful_only;		/* no rule for what answers an opened flow */
	/*
	 * All addresses of ${name}, or NULL after having reported at ${at} why
	 * not.  NULL: names cannot be resolved here, and are errors.
	 */
	const struct ph_ranges *(*resolve)(void *arg, const char *name, struct ph_span at);
	void *arg;
};

struct ph_requirements {
	const struct ph_requirement **v;
	size_t n, cap;
};

/*
 * ph_site_requirements(site, services, n, opts, out):
 * What the ${n} named services need at this site: one requirement a flow, a
 * protocol and a direction, in the order of ${services} and their files.  A
 * flow that goes both ways gives OUT and IN; with ${stateful_only} only the
 * direction of who opens it.  False when something that a required flow needs
 * is missing or wrong; every such thing was reported, with what to type.
 * Ids: missing-group, missing-clients, missing-param, param-default (warning),
 * group-unnamed (warning: an optional flow is left out), no-common-family,
 * unknown-service, unknown-name.
 */
bool ph_site_requirements(struct ph_site *, const char *const *, size_t,
    const struct ph_site_opts *, struct ph_requirements *);

#endif
