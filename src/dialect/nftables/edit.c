/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "dialect/nftables/edit.h"

struct ph_nft_edit {
	uint32_t off, len;		/* bytes replaced */
	const char *text;
	size_t order;			/* of the calls, for equal places */
};

void
ph_nft_edit_replace(struct ph_nft_edits *e, uint32_t off, uint32_t len, const char *text)
{
	struct ph_nft_edit *d = PH_PUSH(e->mem, e->v, e->n, e->cap);

	*d = (struct ph_nft_edit){ off, len, text, e->n };
}

/* Start of the line that ${off} is on; whether only blanks are before it there. */
static uint32_t
line_start(const struct ph_src *s, uint32_t off, bool *alone)
{
	uint32_t i = off;

	while (i > 0 && (s->text[i - 1] == ' ' || s->text[i - 1] == '\t'))
		i--;
	*alone = i == 0 || s->text[i - 1] == '\n';
	while (i > 0 && s->text[i - 1] != '\n')
		i--;
	return i;
}

static uint32_t
indent_len(const struct ph_src *s, uint32_t start)
{
	uint32_t i = start;

	while (i < s->len && (s->text[i] == ' ' || s->text[i] == '\t'))
		i++;
	return i - start;
}

void
ph_nft_edit_line_before(struct ph_nft_edits *e, uint32_t off, const char *line)
{
	bool alone;
	uint32_t start = line_start(e->src, off, &alone), n = indent_len(e->src, start);

	ph_nft_edit_replace(e, off, 0, ph_arena_printf(e->mem, "%s%s\n%.*s",
	    alone ? "" : "\n\t\t", line, (int)n, e->src->text + start));
}

void
ph_nft_edit_line_end(struct ph_nft_edits *e, uint32_t off, const char *line)
{
	bool alone;
	uint32_t start = line_start(e->src, off, &alone), n = indent_len(e->src, start);
	const char *indent = e->src->text + start;

	if (alone)
		ph_nft_edit_replace(e, start, 0, ph_arena_printf(e->mem, "%.*s\t%s\n", (int)n,
		    indent, line));
	else
		ph_nft_edit_replace(e, off, 0, ph_arena_printf(e->mem, "\n%.*s\t%s\n%.*s", (int)n,
		    indent, line, (int)n, indent));
}

static int
by_place(const void *a, const void *b)
{
	const struct ph_nft_edit *x = a, *y = b;

	if (x->off != y->off)
		return x->off < y->off ? -1 : 1;
	if ((x->len == 0) != (y->len == 0))
		return x->len == 0 ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void
ph_nft_edit_apply(struct ph_nft_edits *e, struct ph_buf *out)
{
	uint32_t at = 0;

	if (e->n > 0)
		qsort(e->v, e->n, sizeof(*e->v), by_place);
	for (size_t i = 0; i < e->n; i++) {
		if (e->v[i].off < at)
			continue;
		ph_buf_add(out, e->src->text + at, e->v[i].off - at);
		ph_buf_puts(out, e->v[i].text);
		at = e->v[i].off + e->v[i].len;
	}
	ph_buf_add(out, e->src->text + at, e->src->len - at);
	if (e->tail.len == 0)
		return;
	if (out->len > 0 && out->s[out->len - 1] != '\n')
		ph_buf_putc(out, '\n');
	ph_buf_add(out, e->tail.s, e->tail.len);
}
