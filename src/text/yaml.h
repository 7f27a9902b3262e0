/* SPDX-License-Identifier: ISC */
#ifndef PH_TEXT_YAML_H
#define PH_TEXT_YAML_H

#include "base/diag.h"
#include "base/map.h"
#include "base/str.h"

/*
 * DOC: YAML as a tree with places
 *
 * The subset that Pinhole's own files need: one document of maps with plain
 * keys, sequences and scalars.  Anchors, aliases, tags and keys that are not
 * scalars are errors, so a small file cannot unfold into a large tree; depth,
 * nodes and bytes have limits.  Every node knows the text it came from.
 *
 * After a syntax error reading goes on at the next line that begins in the
 * first column, so that one run shows every error; the tree then lacks what
 * could not be read, and is marked as broken.
 */
enum ph_yaml_kind { PH_YAML_SCALAR, PH_YAML_SEQ, PH_YAML_MAP };

enum ph_yaml_limits {
	PH_YAML_MAX_BYTES = 16 << 20,
	PH_YAML_MAX_NODES = 1 << 19,
	PH_YAML_MAX_DEPTH = 24,
	PH_YAML_MAX_RESTARTS = 20,
};

struct ph_yaml {
	enum ph_yaml_kind kind;
	bool quoted;			/* SCALAR: written in quotes or as a block */
	struct ph_span at;		/* SCALAR: all of it; else where it begins */
	struct ph_str text;		/* SCALAR: NUL-terminated, holds no NUL */
	struct ph_str key;		/* in a map: what it is called */
	struct ph_span key_at;
	struct ph_yaml *child, *next;	/* members, in order of the file */
	size_t n;			/* of members */
};

struct ph_yaml_doc {
	struct ph_yaml *root;		/* NULL: empty */
	struct ph_src *src;
	bool broken;			/* parts are missing after an error */
};

/*
 * ph_yaml_parse(mem, diags, src, out):
 * Read all of ${src}.  False when anything was wrong; every error has then
 * been reported and *${out} holds what could be read.  Nodes live in ${mem}.
 * Ids: yaml-bytes, yaml-syntax, yaml-limit, yaml-alias, yaml-tag, yaml-key,
 * yaml-duplicate, yaml-documents.
 */
bool ph_yaml_parse(struct ph_arena *, struct ph_diags *, struct ph_src *,
    struct ph_yaml_doc *);

/* ph_yaml_get(map, key): the member called ${key}, or NULL. */
const struct ph_yaml *ph_yaml_get(const struct ph_yaml *, const char *);

/* ph_yaml_kind_name(k): "a word", "a list", "a map", for messages. */
const char *ph_yaml_kind_name(enum ph_yaml_kind);

#endif
