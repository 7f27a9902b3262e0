/* SPDX-License-Identifier: ISC */
#ifndef PH_TEXT_FIELDS_H
#define PH_TEXT_FIELDS_H

#include "text/yaml.h"

/*
 * DOC: Files by table
 *
 * What a map may hold is a table of fields: the key, whether it must be there,
 * a function that reads the value, and where in the C struct it goes.  One walk
 * over the map fills the struct and reports every unknown key (with the one
 * most like it), every missing one and every value of the wrong kind.
 */
struct ph_reader {
	struct ph_arena *mem;
	struct ph_diags *diags;
	bool broken;			/* YAML had errors: do not ask for what is missing */
	void *arg;			/* the caller's */
};

struct ph_field {
	const char *key;
	bool required;
	/* Read ${v} into the member at ${to}; reports what is wrong with it. */
	void (*read)(struct ph_reader *, const struct ph_field *,
	    const struct ph_yaml *, void *to);
	size_t off;			/* of the member in the struct */
	const char *const *words;	/* ph_field_word: NULL-terminated */
};

/*
 * ph_fields_read(rd, v, what, fields, n, obj):
 * Read the map ${v}, called ${what} in messages, into the struct at ${obj}.
 * Ids: wrong-kind, unknown-key, missing-key.
 */
void ph_fields_read(struct ph_reader *, const struct ph_yaml *, const char *,
    const struct ph_field *, size_t, void *);

/*
 * ph_fields_is(rd, v, kind): is ${v} of that kind?  If not, reports wrong-kind.
 */
bool ph_fields_is(struct ph_reader *, const struct ph_yaml *, enum ph_yaml_kind);

/*
 * Readers for fields.  Members: const char *, on one line; int (an enum);
 * uint32_t.
 */
void ph_field_text(struct ph_reader *, const struct ph_field *,
    const struct ph_yaml *, void *);
void ph_field_word(struct ph_reader *, const struct ph_field *,
    const struct ph_yaml *, void *);
void ph_field_u32(struct ph_reader *, const struct ph_field *,
    const struct ph_yaml *, void *);

/* ph_field_port(): into a uint32_t, 0 to 65535.  Id: bad-port. */
void ph_field_port(struct ph_reader *, const struct ph_field *,
    const struct ph_yaml *, void *);

/*
 * ph_field_each(rd, v, take, id, wanted):
 * One word, or a list of them: ${take} gets each, with the reader's ${arg}.  What it does not
 * want is reported as ${id}, "expected ${wanted}".
 */
typedef bool ph_field_word_fn(struct ph_reader *, void *arg, struct ph_str);

void ph_field_each(struct ph_reader *, const struct ph_yaml *, ph_field_word_fn *,
    const char *, const char *);

#endif
