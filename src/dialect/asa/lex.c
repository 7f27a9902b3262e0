/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "dialect/asa/lex.h"

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* A pager's mark and the backspaces that wipe it out. */
static uint32_t
skip_pager(const char *t, uint32_t len)
{
	static const char mark[] = "<--- More --->";
	uint32_t i = 0;

	if (len < sizeof(mark) - 1 || memcmp(t, mark, sizeof(mark) - 1) != 0)
		return 0;
	for (i = sizeof(mark) - 1; i < len && (is_space(t[i]) || t[i] == '\b'); i++)
		continue;
	return i;
}

bool
ph_asa_line_next(struct ph_asa_line *l, struct ph_src *src, uint32_t *pos)
{
	const char *t = src->text + *pos, *end;
	uint32_t skip;

	if (*pos >= src->len)
		return false;
	end = memchr(t, '\n', src->len - *pos);
	l->src = src;
	l->off = *pos;
	l->len = end == NULL ? src->len - *pos : (uint32_t)(end - t);
	*pos += l->len + 1;
	if (*t == '<') {
		skip = skip_pager(t, l->len);
		l->off += skip;
		l->len -= skip;
		t += skip;
	}
	l->indented = l->len > 0 && is_space(*t);
	return true;
}

void
ph_asa_line_at(struct ph_asa_line *l, struct ph_src *src, uint32_t off, uint32_t len)
{
	l->src = src;
	l->off = off;
	l->len = len;
	l->indented = len > 0 && is_space(src->text[off]);
	ph_asa_line_split(l);
}

void
ph_asa_line_split(struct ph_asa_line *l)
{
	const char *t = l->src->text;
	uint32_t i = l->off, end = l->off + l->len;

	l->n = l->at = 0;
	l->more = false;
	for (;;) {
		uint32_t from;

		while (i < end && is_space(t[i]))
			i++;
		if (i == end)
			return;
		from = i;
		while (i < end && !is_space(t[i]))
			i++;
		if (l->n == PH_ASA_WORDS) {
			l->more = true;
			return;
		}
		l->w[l->n].off = from;
		l->w[l->n++].len = i - from;
	}
}

struct ph_span
ph_asa_span(const struct ph_asa_line *l, unsigned i)
{
	if (i >= l->n) {
		struct ph_span s = ph_asa_line_span(l);

		return (struct ph_span){ l->src, s.off + s.len, 1 };
	}
	return (struct ph_span){ l->src, l->w[i].off, l->w[i].len };
}

struct ph_span
ph_asa_line_span(const struct ph_asa_line *l)
{
	const char *t = l->src->text;
	uint32_t off = l->off, end = l->off + l->len;

	while (off < end && is_space(t[off]))
		off++;
	while (end > off && is_space(t[end - 1]))
		end--;
	return (struct ph_span){ l->src, off, end - off };
}

struct ph_span
ph_asa_rest_span(const struct ph_asa_line *l, unsigned i)
{
	struct ph_span all = ph_asa_line_span(l), from = ph_asa_span(l, i);

	from.len = all.off + all.len > from.off ? all.off + all.len - from.off : 1;
	return from;
}

struct ph_str
ph_asa_next(struct ph_asa_line *l)
{
	struct ph_str w = ph_asa_word(l, l->at);

	if (l->at < l->n)
		l->at++;
	return w;
}

struct ph_str
ph_asa_peek(const struct ph_asa_line *l)
{
	return ph_asa_word(l, l->at);
}

struct ph_span
ph_asa_here(const struct ph_asa_line *l)
{
	return ph_asa_span(l, l->at);
}
