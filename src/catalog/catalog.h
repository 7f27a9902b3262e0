/* SPDX-License-Identifier: ISC */
#ifndef PH_CATALOG_CATALOG_H
#define PH_CATALOG_CATALOG_H

#include "base/diag.h"
#include "base/map.h"
#include "base/str.h"
#include "model/requirement.h"

/*
 * DOC: The catalog
 *
 * What services need, as data: one YAML file a service, described in
 * docs/ADDING-A-SERVICE.md, checked by a table (service.c), compiled into the
 * binary.  Further files add services or replace those of the same name.
 *
 * A file is read only when its service is asked for: a plan for one service
 * does not pay for the others.
 */
enum ph_viewpoint {
	PH_VIEW_SITE,			/* people at a site reach out to the service */
	PH_VIEW_SERVER,			/* who runs it protects group "servers" */
};

enum { PH_MAX_PROTOS = 2 };

/* Endpoints that have the same part in a service. */
struct ph_service_group {
	const char *name;
	const char *what;		/* who they are */
	const char *how;		/* where to get their addresses */
	bool any;			/* nobody named them: any address (the page says so) */
	struct ph_span at;
};

/* Ports that a site sets; asked for by name. */
struct ph_service_param {
	const char *name;
	const char *what;
	const struct ph_ranges *ports;	/* documented default; NULL: must be given */
	const char *why;		/* where the default stands, or NULL */
	struct ph_span at;
};

/* One opening that a service needs; words as in model/requirement.h. */
struct ph_service_flow {
	const char *id, *purpose;
	uint8_t protos[PH_MAX_PROTOS];
	size_t n_protos;
	const struct ph_ranges *ports;	/* NULL: ${param} says */
	const struct ph_service_param *param;
	const struct ph_ranges *sports;	/* NULL: any */
	enum ph_page_direction direction;
	enum ph_initiator initiator;
	const struct ph_service_group **groups;
	size_t n_groups;
	enum ph_need need;
	const struct ph_service_flow *fallback;	/* or NULL */
	uint32_t idle_s;
	const char *alg, *alg_protocol;	/* or NULL */
	const char *note;		/* or NULL */
	const char *source, *checked;	/* its own, or the service's; checked may be NULL */
	char confidence;		/* 'A': text seen; 'B': well known */
	struct ph_span at;
};

struct ph_service {
	const char *name, *title;
	enum ph_viewpoint viewpoint;
	const char *source;		/* URL of the page */
	const char *const *sources;	/* all pages; NULL-terminated */
	const char *checked;		/* YYYY-MM-DD; NULL: not recorded */
	char confidence;
	const char *app;		/* program to allow on a host, or NULL */
	const char *note;		/* or NULL */
	const struct ph_service_group *groups;
	const struct ph_service_param *params;
	const struct ph_service_flow *flows;
	size_t n_groups, n_params, n_flows;
	struct ph_span at;
};

struct ph_catalog {
	struct ph_arena *mem;
	struct ph_diags *diags;
	struct ph_catalog_entry *v;	/* by name */
	size_t n;
};

/*
 * ph_catalog_load(mem, diags, extra, n, out):
 * Know all services: those compiled in, and those of the ${n} files at
 * ${extra}, which replace any of the same name.  False when one of the extra
 * files is broken; all its errors have been reported.  ${mem} and ${diags}
 * must live as long as *${out}.
 */
bool ph_catalog_load(struct ph_arena *, struct ph_diags *,
    struct ph_src *const *, size_t, struct ph_catalog *);

/* ph_catalog_find(cat, name): the service, or NULL. */
const struct ph_service *ph_catalog_find(struct ph_catalog *, const char *);

/* ph_catalog_nearest(cat, name): a service's name like ${name}, or NULL. */
const char *ph_catalog_nearest(const struct ph_catalog *, const char *);

/*
 * ph_catalog_ask(cat, name, at):
 * The same as ph_catalog_find(), but an unknown name is reported at ${at}
 * (unknown-service) with the one most like it.
 */
const struct ph_service *ph_catalog_ask(struct ph_catalog *, const char *,
    struct ph_span at);

/* ph_catalog_get(cat, i): number ${i} < ${cat}->n in order of names. */
const struct ph_service *ph_catalog_get(struct ph_catalog *, size_t);

/*
 * ph_catalog_group(s, name), ph_catalog_param(s, name), ph_catalog_flow(s, id):
 * A part of a service by name, or NULL.
 */
const struct ph_service_group *ph_catalog_group(const struct ph_service *, struct ph_str);
const struct ph_service_param *ph_catalog_param(const struct ph_service *, struct ph_str);
const struct ph_service_flow *ph_catalog_flow(const struct ph_service *, struct ph_str);

#endif
