/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <string.h>
#include <yaml.h>

#include "text/utf8.h"
#include "text/yaml.h"

struct yaml {
	struct ph_arena *mem;
	struct ph_diags *diags;
	struct ph_yaml_doc *doc;
	yaml_parser_t p;
	uint32_t base;			/* byte where this piece began */
	size_t chars;			/* libyaml counts characters of the piece: */
	uint32_t bytes;			/* this many end at this byte of the input */
	size_t nodes;
	uint32_t stopped;		/* byte at which reading a piece ended early */
};

/* The byte at which character ${index} of the piece begins. */
static uint32_t
byte_of(struct yaml *y, size_t index)
{
	const struct ph_src *s = y->doc->src;

	if (index < y->chars) {
		y->chars = 0;
		y->bytes = y->base;
	}
	for (; y->chars < index && y->bytes < s->len; y->chars++)
		do
			y->bytes++;
		while (y->bytes < s->len && (s->text[y->bytes] & 0xc0) == 0x80);
	return y->bytes;
}

static struct ph_span
span(struct yaml *y, yaml_mark_t from, yaml_mark_t to)
{
	uint32_t off = byte_of(y, from.index), end = byte_of(y, to.index);

	return (struct ph_span){ y->doc->src, off, end > off ? end - off : 1 };
}

static bool
stop(struct yaml *y, uint32_t at)
{
	y->stopped = at;
	y->doc->broken = true;
	return false;
}

/* libyaml's words, and what people mostly did to earn them. */
static const struct {
	const char *problem, *hint;
} hints[] = {
	{ "mapping values are not allowed in this context",
	  "unexpected ':': wrong indentation, or a value that needs quotes" },
	{ "did not find expected key",
	  "wrong indentation, or a key without ':'" },
	{ "could not find expected ':'",
	  "a key without ':'" },
	{ "did not find expected '-' indicator",
	  "wrong indentation: an item of the list was expected here" },
	{ "did not find expected ',' or ']'", "',' or ']' is missing" },
	{ "did not find expected ',' or '}'", "',' or '}' is missing" },
	{ "found unexpected end of stream", "the text ends inside quotes" },
};

static const char *
explain(const char *problem)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++)
		if (strcmp(hints[i].problem, problem) == 0)
			return hints[i].hint;
	return problem;
}

static bool
syntax_error(struct yaml *y)
{
	const struct ph_src *s = y->doc->src;
	const char *problem = y->p.problem != NULL ? y->p.problem : "not YAML";
	struct ph_span at = span(y, y->p.problem_mark, y->p.problem_mark);

	if (y->p.error == YAML_MEMORY_ERROR)
		problem = "out of memory";
	if (at.off < s->len && s->text[at.off] == '\t')
		problem = "a tab cannot indent: use spaces";
	ph_diag(y->diags, PH_ERROR, "yaml-syntax", at, "%s", explain(problem));
	if (y->p.context != NULL && y->p.context_mark.line != y->p.problem_mark.line)
		ph_diag(y->diags, PH_NOTE, "yaml-syntax",
		    span(y, y->p.context_mark, y->p.context_mark), "%s that begins here",
		    y->p.context);
	return stop(y, at.off);
}

static bool
next_event(struct yaml *y, yaml_event_t *ev)
{
	return yaml_parser_parse(&y->p, ev) != 0 || syntax_error(y);
}

static void
complain(struct yaml *y, const char *id, struct ph_span at, const char *what)
{
	y->doc->broken = true;
	ph_diag(y->diags, PH_ERROR, id, at, "%s", what);
}

static struct ph_yaml *
new_node(struct yaml *y, enum ph_yaml_kind kind, const yaml_event_t *ev)
{
	struct ph_yaml *n = PH_NEW(y->mem, struct ph_yaml);

	n->kind = kind;
	n->at = span(y, ev->start_mark,
	    kind == PH_YAML_SCALAR ? ev->end_mark : ev->start_mark);
	return n;
}

/* Escapes in double quotes can spell what ph_utf8_check() keeps out. */
static bool
is_text(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)s[i] < ' ' && s[i] != '\n' && s[i] != '\t') ||
		    s[i] == 0x7f)
			return false;
	return true;
}

static struct ph_yaml *
scalar(struct yaml *y, const yaml_event_t *ev)
{
	struct ph_yaml *n = new_node(y, PH_YAML_SCALAR, ev);
	const char *s = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;

	if (!is_text(s, len)) {
		complain(y, "yaml-bytes", n->at, "control characters are not text");
		len = 0;
	}
	n->text.s = ph_arena_dup(y->mem, s, len);
	n->text.len = len;
	n->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return n;
}

static const char *
anchor_or_tag(const yaml_event_t *ev, const char **id)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		anchor = ev->data.scalar.anchor;
		tag = ev->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = ev->data.sequence_start.anchor;
		tag = ev->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = ev->data.mapping_start.anchor;
		tag = ev->data.mapping_start.tag;
		break;
	default:
		break;
	}
	*id = anchor != NULL ? "yaml-alias" : "yaml-tag";
	return anchor != NULL ? "anchors are not used here: write it out" :
	    tag != NULL ? "tags are not used here" : NULL;
}

static bool read_node(struct yaml *, yaml_event_t *, unsigned, struct ph_yaml **);

/* seq ::= SEQUENCE-START node* SEQUENCE-END */
static bool
read_seq(struct yaml *y, struct ph_yaml *seq, unsigned depth)
{
	struct ph_yaml **tail = &seq->child;
	yaml_event_t ev;
	bool ok = true;

	while (ok && next_event(y, &ev)) {
		if (ev.type == YAML_SEQUENCE_END_EVENT)
			return true;
		ok = read_node(y, &ev, depth, tail);
		if (*tail != NULL) {
			tail = &(*tail)->next;
			seq->n++;
		}
	}
	return false;
}

/* Give ${v} its name; false when the map has it already or it is no word. */
static bool
name_member(struct yaml *y, struct ph_map *seen, struct ph_yaml *v,
    const struct ph_yaml *key)
{
	void **slot;

	if (key->kind != PH_YAML_SCALAR) {
		complain(y, "yaml-key", key->at, "a key must be a word");
		return false;
	}
	v->key = key->text;
	v->key_at = key->at;
	slot = ph_map_at(y->mem, seen, v->key.s, v->key.len);
	if (*slot != NULL) {
		const struct ph_yaml *first = *slot;

		complain(y, "yaml-duplicate", v->key_at, "this key was given before");
		ph_diag(y->diags, PH_NOTE, "yaml-duplicate", first->key_at, "here");
		return false;
	}
	*slot = v;
	return true;
}

/* map ::= MAPPING-START (node node)* MAPPING-END */
static bool
read_map(struct yaml *y, struct ph_yaml *map, unsigned depth)
{
	struct ph_yaml **tail = &map->child;
	struct ph_map seen = { 0 };
	yaml_event_t ev;
	bool ok = true;

	while (ok && next_event(y, &ev)) {
		struct ph_yaml *key = NULL, *v = NULL;

		if (ev.type == YAML_MAPPING_END_EVENT)
			return true;
		ok = read_node(y, &ev, depth, &key) && next_event(y, &ev) &&
		    read_node(y, &ev, depth, &v);
		if (key != NULL && v != NULL && name_member(y, &seen, v, key)) {
			*tail = v;
			tail = &v->next;
			map->n++;
		}
	}
	return false;
}

/*
 * node ::= SCALAR | seq | map
 * Takes ${ev} over.  False after a syntax error; *${out} then holds a part.
 */
static bool
read_node(struct yaml *y, yaml_event_t *ev, unsigned depth, struct ph_yaml **out)
{
	struct ph_span at = span(y, ev->start_mark, ev->start_mark);
	bool is_map = ev->type == YAML_MAPPING_START_EVENT, flat = true;
	const char *id, *odd = anchor_or_tag(ev, &id);

	if (odd != NULL)
		complain(y, id, at, odd);
	if (ev->type == YAML_SCALAR_EVENT) {
		*out = scalar(y, ev);
	} else if (ev->type == YAML_ALIAS_EVENT) {
		complain(y, "yaml-alias", at, "aliases are not used here: write it out");
		*out = new_node(y, PH_YAML_SCALAR, ev);
		(*out)->text = PH_STR("");
	} else {
		*out = new_node(y, is_map ? PH_YAML_MAP : PH_YAML_SEQ, ev);
		flat = false;
	}
	yaml_event_delete(ev);
	if (++y->nodes > PH_YAML_MAX_NODES || (!flat && depth == 0)) {
		complain(y, "yaml-limit", at, y->nodes > PH_YAML_MAX_NODES ?
		    "too many values in one file" : "nested too deeply");
		return stop(y, y->nodes > PH_YAML_MAX_NODES ? y->doc->src->len : at.off);
	}
	if (flat)
		return true;
	return is_map ? read_map(y, *out, depth - 1) : read_seq(y, *out, depth - 1);
}

/* Put what a piece held behind what came before it. */
static void
add_piece(struct ph_yaml_doc *doc, struct ph_yaml *root)
{
	struct ph_yaml **tail;

	if (doc->root == NULL) {
		doc->root = root;
		return;
	}
	if (root == NULL || root->kind != PH_YAML_MAP || doc->root->kind != PH_YAML_MAP)
		return;
	for (tail = &doc->root->child; *tail != NULL;)
		tail = &(*tail)->next;
	*tail = root->child;
	doc->root->n += root->n;
}

/* stream ::= STREAM-START (DOCUMENT-START node DOCUMENT-END)? STREAM-END */
static void
read_stream(struct yaml *y)
{
	struct ph_yaml *root = NULL;
	yaml_event_t ev;
	bool more = true, seen = false;

	while (more && next_event(y, &ev)) {
		yaml_event_type_t type = ev.type;
		struct ph_span at = span(y, ev.start_mark, ev.start_mark);

		if (type == YAML_DOCUMENT_START_EVENT && seen) {
			complain(y, "yaml-documents", at, "only one document to a file");
			type = YAML_STREAM_END_EVENT;
		}
		seen = seen || type == YAML_DOCUMENT_START_EVENT;
		if (type >= YAML_ALIAS_EVENT)
			more = read_node(y, &ev, PH_YAML_MAX_DEPTH, &root);
		else
			yaml_event_delete(&ev);
		more = more && type != YAML_STREAM_END_EVENT;
	}
	add_piece(y->doc, root);
}

static void
read_piece(struct yaml *y, uint32_t from)
{
	const struct ph_src *s = y->doc->src;

	y->base = y->bytes = from;
	y->chars = 0;
	y->stopped = s->len;
	if (yaml_parser_initialize(&y->p) == 0) {
		complain(y, "yaml-syntax", (struct ph_span){ y->doc->src, from, 1 },
		    "out of memory");
		return;
	}
	yaml_parser_set_encoding(&y->p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&y->p, (const unsigned char *)s->text + from,
	    s->len - from);
	read_stream(y);
	yaml_parser_delete(&y->p);
}

/* The next line after ${off} on which something begins in the first column. */
static uint32_t
next_statement(const struct ph_src *s, uint32_t off)
{
	static const char not_here[] = " \t\r\n#-]},.?:|>%@`";

	while (off < s->len) {
		const char *nl = memchr(s->text + off, '\n', s->len - off);

		if (nl == NULL)
			return s->len;
		off = (uint32_t)(nl - s->text) + 1;
		if (off < s->len && strchr(not_here, s->text[off]) == NULL)
			return off;
	}
	return s->len;
}

bool
ph_yaml_parse(struct ph_arena *mem, struct ph_diags *diags, struct ph_src *src,
    struct ph_yaml_doc *doc)
{
	struct yaml y = { .mem = mem, .diags = diags, .doc = doc };
	uint32_t from = src->len >= 3 && memcmp(src->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	*doc = (struct ph_yaml_doc){ .src = src };
	if (src->len > PH_YAML_MAX_BYTES) {
		complain(&y, "yaml-limit", (struct ph_span){ src, 0, 1 },
		    "a file of this kind may have at most 16 MiB");
		return false;
	}
	if (!ph_utf8_check(diags, "yaml-bytes", src)) {
		doc->broken = true;
		return false;
	}
	for (unsigned i = 0; i <= PH_YAML_MAX_RESTARTS; i++) {
		read_piece(&y, from);
		if (y.stopped >= src->len)
			break;
		from = next_statement(src, y.stopped);
		if (from >= src->len)
			break;
	}
	return !doc->broken;
}

const struct ph_yaml *
ph_yaml_get(const struct ph_yaml *map, const char *key)
{
	if (map == NULL || map->kind != PH_YAML_MAP)
		return NULL;
	for (const struct ph_yaml *v = map->child; v != NULL; v = v->next)
		if (ph_str_eq(v->key, key))
			return v;
	return NULL;
}

const char *
ph_yaml_kind_name(enum ph_yaml_kind k)
{
	static const char *const name[] = { "a word", "a list", "a map" };

	return name[k];
}
