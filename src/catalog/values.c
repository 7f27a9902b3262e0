/* SPDX-License-Identifier: ISC */
#include "catalog/catalog.h"
#include "catalog/ports.h"
#include "catalog/values.h"
#include "net/names.h"

enum { MAX_PORTS = 256 };		/* items of a list */

/* A name: letters and digits in small, joined by "-". */
static bool
is_name(struct ph_str s)
{
	bool dash = true;

	for (size_t i = 0; i < s.len; i++) {
		bool alnum = (s.s[i] >= 'a' && s.s[i] <= 'z') ||
		    (s.s[i] >= '0' && s.s[i] <= '9');

		if (!alnum && (dash || s.s[i] != '-'))
			return false;
		dash = !alnum;
	}
	return s.len > 0 && !dash;
}

void
ph_value_check_name(struct ph_reader *rd, struct ph_span at, struct ph_str s)
{
	if (!is_name(s))
		ph_diag(rd->diags, PH_ERROR, "bad-name", at,
		    "a name is small letters and digits joined by \"-\"");
}

void
ph_value_name(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	ph_field_text(rd, f, v, to);
	if (v->kind == PH_YAML_SCALAR)
		ph_value_check_name(rd, v->at, v->text);
}

/* date ::= YYYY "-" MM "-" DD */
void
ph_value_date(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	static const char form[] = "dddd-dd-dd";
	uint64_t month = 0, day = 0;
	bool ok = v->kind == PH_YAML_SCALAR && v->text.len == sizeof(form) - 1;

	ph_field_text(rd, f, v, to);
	for (size_t i = 0; ok && i < v->text.len; i++)
		ok = form[i] == '-' ? v->text.s[i] == '-' :
		    v->text.s[i] >= '0' && v->text.s[i] <= '9';
	ok = ok && ph_str_u64((struct ph_str){ v->text.s + 5, 2 }, 10, 12, &month) &&
	    ph_str_u64((struct ph_str){ v->text.s + 8, 2 }, 10, 31, &day);
	if (v->kind == PH_YAML_SCALAR && (!ok || month == 0 || day == 0))
		ph_diag(rd->diags, PH_ERROR, "bad-date", v->at,
		    "a date is written YYYY-MM-DD");
}

/* A page, or a document that everyone finds by its name. */
static void
check_url(struct ph_reader *rd, const struct ph_yaml *v)
{
	static const char *const begin[] = {
		"https://", "http://", "RFC ", "ITU-T ", "IANA ", "sample ",
		"documentation of ",
	};

	for (size_t i = 0; i < sizeof(begin) / sizeof(*begin); i++)
		if (ph_str_starts(v->text, begin[i]))
			return;
	ph_diag(rd->diags, PH_ERROR, "bad-source", v->at, "a source is a URL, or begins "
	    "with RFC, ITU-T, IANA, \"sample\" or \"documentation of\"");
}

void
ph_value_url(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	ph_field_text(rd, f, v, to);
	if (v->kind == PH_YAML_SCALAR)
		check_url(rd, v);
}

void
ph_value_app(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	const char **out = to;
	struct ph_str s;

	ph_field_text(rd, f, v, to);
	if (v->kind != PH_YAML_SCALAR)
		return;
	s = ph_str(*out);
	if (!ph_str_starts(s, "/"))
		ph_diag(rd->diags, PH_ERROR, "bad-app", v->at,
		    "expected the full path of a program");
	if (s.len > 4 && ph_str_eq((struct ph_str){ s.s + s.len - 4, 4 }, ".app"))
		*out = ph_arena_dup(rd->mem, s.s, s.len - 4);
}

/* source ::= URL | "[" URL* "]" */
void
ph_value_sources(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	const char *const **out = to;
	const char **list = ph_arena_array(rd->mem, v->n + 2, sizeof(*list));
	size_t n = 0;

	if (v->kind == PH_YAML_SCALAR)
		ph_value_url(rd, f, v, &list[n++]);
	else if (ph_fields_is(rd, v, PH_YAML_SEQ))
		for (const struct ph_yaml *m = v->child; m != NULL; m = m->next)
			ph_value_url(rd, f, m, &list[n++]);
	if (n == 0 && v->kind == PH_YAML_SEQ)
		ph_diag(rd->diags, PH_ERROR, "empty-value", v->key_at, "no source is named");
	*out = list;
}

void
ph_value_bool(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	static const char *const words[] = { "false", "true", NULL };
	struct ph_field as = *f;
	int value = 0;

	as.words = words;
	ph_field_word(rd, &as, v, &value);
	*(bool *)to = value == 1;
}

/* ports ::= NUMBERS | "[" NUMBERS* "]" */
const struct ph_ranges *
ph_value_read_ports(struct ph_reader *rd, const struct ph_yaml *v)
{
	const struct ph_ranges *out = NULL, *more = NULL;
	struct ph_span at = v->at;

	if (v->kind == PH_YAML_SEQ && v->n > MAX_PORTS) {
		ph_diag(rd->diags, PH_ERROR, "too-many", at, "at most %d ports", MAX_PORTS);
		return NULL;
	}
	if (v->kind == PH_YAML_SEQ) {
		for (const struct ph_yaml *m = v->child; m != NULL; m = m->next) {
			more = ph_value_read_ports(rd, m);
			if (more != NULL)
				out = out == NULL ? more : ph_ranges_union(rd->mem, out, more);
		}
		if (v->n == 0)
			ph_diag(rd->diags, PH_ERROR, "bad-port", at, "no port is named");
		return out;
	}
	if (!ph_fields_is(rd, v, PH_YAML_SCALAR))
		return NULL;
	if (v->quoted && at.len >= 2) {
		at.off++;
		at.len -= 2;
	}
	ph_ports_parse(rd->mem, rd->diags, at, &out);
	return out;
}

void
ph_value_ports(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	const struct ph_ranges **out = to;

	(void)f;
	*out = ph_value_read_ports(rd, v);
}

static void
add_proto(struct ph_reader *rd, struct ph_service_flow *flow, const struct ph_yaml *v)
{
	static const char *const words[] = { "tcp", "udp", NULL };
	static const uint8_t number[] = { PH_TCP, PH_UDP };
	const struct ph_field f = { .key = "proto", .words = words };
	int i = -1;

	ph_field_word(rd, &f, v, &i);
	if (i < 0)
		return;
	if (flow->n_protos == PH_MAX_PROTOS ||
	    (flow->n_protos == 1 && flow->protos[0] == number[i]))
		ph_diag(rd->diags, PH_ERROR, "bad-word", v->at, "protocol named twice");
	else
		flow->protos[flow->n_protos++] = number[i];
}

/* proto ::= WORD | "[" WORD WORD? "]"; ${to} is the flow itself. */
void
ph_value_protos(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	(void)f;
	if (v->kind != PH_YAML_SEQ) {
		add_proto(rd, to, v);
		return;
	}
	if (v->n == 0)
		ph_diag(rd->diags, PH_ERROR, "empty-value", v->at, "no protocol is named");
	for (const struct ph_yaml *m = v->child; m != NULL; m = m->next)
		add_proto(rd, to, m);
}
