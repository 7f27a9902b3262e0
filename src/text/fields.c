/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "text/fields.h"

bool
ph_fields_is(struct ph_reader *rd, const struct ph_yaml *v, enum ph_yaml_kind kind)
{
	if (v->kind == kind)
		return true;
	ph_diag(rd->diags, PH_ERROR, "wrong-kind", v->at, "expected %s, not %s",
	    ph_yaml_kind_name(kind), ph_yaml_kind_name(v->kind));
	return false;
}

static void
unknown_key(struct ph_reader *rd, const struct ph_yaml *v, const char *what,
    const struct ph_field *fields, size_t n)
{
	const char **words = ph_arena_array(rd->mem, n, sizeof(*words)), *near;

	for (size_t i = 0; i < n; i++)
		words[i] = fields[i].key;
	near = ph_str_nearest(v->key, words, n);
	if (near != NULL)
		ph_diag(rd->diags, PH_ERROR, "unknown-key", v->key_at,
		    "%s has no \"%s\"; did you mean \"%s\"?", what, v->key.s, near);
	else
		ph_diag(rd->diags, PH_ERROR, "unknown-key", v->key_at,
		    "%s has no \"%s\"", what, v->key.s);
}

static size_t
find(const struct ph_field *fields, size_t n, struct ph_str key)
{
	size_t i = 0;

	while (i < n && !ph_str_eq(key, fields[i].key))
		i++;
	return i;
}

void
ph_fields_read(struct ph_reader *rd, const struct ph_yaml *v, const char *what,
    const struct ph_field *fields, size_t n, void *obj)
{
	if (!ph_fields_is(rd, v, PH_YAML_MAP))
		return;
	for (const struct ph_yaml *m = v->child; m != NULL; m = m->next) {
		size_t i = find(fields, n, m->key);

		if (i == n)
			unknown_key(rd, m, what, fields, n);
		else
			fields[i].read(rd, &fields[i], m, (char *)obj + fields[i].off);
	}
	for (size_t i = 0; i < n && !rd->broken; i++)
		if (fields[i].required && ph_yaml_get(v, fields[i].key) == NULL)
			ph_diag(rd->diags, PH_ERROR, "missing-key",
			    v->key_at.src != NULL ? v->key_at : v->at,
			    "%s needs \"%s\"", what, fields[i].key);
}

/* Line ends and tabs, which YAML lets in, would end a comment elsewhere. */
static const char *
one_line(struct ph_arena *mem, struct ph_str s)
{
	char *text;

	while (s.len > 0 && (s.s[s.len - 1] == '\n' || s.s[s.len - 1] == ' '))
		s.len--;
	text = ph_arena_dup(mem, s.s, s.len);
	for (size_t i = 0; i < s.len; i++)
		if (text[i] == '\n' || text[i] == '\t')
			text[i] = ' ';
	return text;
}

void
ph_field_text(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	const char **out = to;

	if (!ph_fields_is(rd, v, PH_YAML_SCALAR))
		return;
	*out = one_line(rd->mem, v->text);
	if (**out == '\0')
		ph_diag(rd->diags, PH_ERROR, "empty-value",
		    v->key_at.src != NULL ? v->key_at : v->at, "\"%s\" is empty", f->key);
}

static const char *
list_words(struct ph_arena *mem, const char *const *words, size_t n)
{
	struct ph_buf b;

	ph_buf_init(&b, mem);
	for (size_t i = 0; i < n; i++)
		ph_buf_printf(&b, "%s%s", i > 0 ? ", " : "", words[i]);
	return b.s;
}

void
ph_field_word(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	const char *near;
	size_t n = 0;
	int *out = to;

	if (!ph_fields_is(rd, v, PH_YAML_SCALAR))
		return;
	for (; f->words[n] != NULL; n++)
		if (ph_str_eq(v->text, f->words[n])) {
			*out = (int)n;
			return;
		}
	near = ph_str_nearest(v->text, f->words, n);
	if (near != NULL)
		ph_diag(rd->diags, PH_ERROR, "bad-word", v->at,
		    "\"%s\" cannot be \"%s\"; did you mean \"%s\"?", f->key,
		    v->text.s, near);
	else
		ph_diag(rd->diags, PH_ERROR, "bad-word", v->at,
		    "\"%s\" cannot be \"%s\"; it is one of: %s", f->key, v->text.s,
		    list_words(rd->mem, f->words, n));
}

void
ph_field_u32(struct ph_reader *rd, const struct ph_field *f,
    const struct ph_yaml *v, void *to)
{
	uint32_t *out = to;
	uint64_t n;

	if (!ph_fields_is(rd, v, PH_YAML_SCALAR))
		return;
	if (ph_str_u64(v->text, 10, UINT32_MAX, &n))
		*out = (uint32_t)n;
	else
		ph_diag(rd->diags, PH_ERROR, "bad-number", v->at,
		    "\"%s\" must be a number from 0 to %" PRIu32, f->key, UINT32_MAX);
}

void
ph_field_port(struct ph_reader *rd, const struct ph_field *f, const struct ph_yaml *v, void *to)
{
	uint32_t *port = to;

	ph_field_u32(rd, f, v, port);
	if (*port > 65535)
		ph_diag(rd->diags, PH_ERROR, "bad-port", v->at, "expected a port, 0-65535");
}

void
ph_field_each(struct ph_reader *rd, const struct ph_yaml *v, ph_field_word_fn *take,
    const char *id, const char *wanted)
{
	if (v->kind == PH_YAML_SEQ) {
		for (const struct ph_yaml *x = v->child; x != NULL; x = x->next)
			ph_field_each(rd, x, take, id, wanted);
	} else if (ph_fields_is(rd, v, PH_YAML_SCALAR) && !take(rd, rd->arg, v->text)) {
		ph_diag(rd->diags, PH_ERROR, id, v->at, "expected %s", wanted);
	}
}
