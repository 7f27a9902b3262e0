/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/diag.h"

enum {
	LINE_SHOWN = 160,		/* bytes of a source line printed */
	CONTEXT = 60,			/* bytes kept before the caret in a longer one */
};

/* Row of ${off}, counting from the last answer in either direction. */
static uint32_t
row_of(struct ph_src *s, uint32_t off)
{
	const char *p, *end;
	uint32_t row = s->hint_row;

	if (off >= s->hint_off) {
		p = s->text + s->hint_off;
		end = s->text + off;
		while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
			row++;
			p++;
		}
	} else {
		for (uint32_t i = off; i < s->hint_off; i++)
			row -= s->text[i] == '\n';
	}
	s->hint_off = off;
	s->hint_row = row;
	return row;
}

struct ph_place
ph_src_locate(struct ph_span at)
{
	struct ph_src *s = at.src;
	uint32_t off = at.off < s->len ? at.off : s->len;
	const char *line = s->text + off, *end;

	while (line > s->text && line[-1] != '\n')
		line--;
	end = memchr(s->text + off, '\n', s->len - off);
	if (end == NULL)
		end = s->text + s->len;
	return (struct ph_place){
		.line = line,
		.line_len = (uint32_t)(end - line),
		.row = row_of(s, off) + 1 + s->row_base,
		.col = (uint32_t)(s->text + off - line) + 1,
	};
}

struct ph_span
ph_span_join(struct ph_span a, struct ph_span b)
{
	if (a.src == NULL)
		return b;
	if (b.src == a.src && b.off + b.len > a.off + a.len)
		a.len = b.off + b.len - a.off;
	return a;
}

/* Bytes a terminal would act on are shown as '?'. */
static void
put_clean(FILE *f, const char *s, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		fputc(c == '\t' || (c >= ' ' && c != 0x7f) ? c : '?', f);
	}
}

/* Keep tabs, so that the caret lands under the byte at any tab width. */
static void
print_caret(FILE *f, struct ph_place p, uint32_t len)
{
	uint32_t skip = 0, shown = p.line_len, room;

	if (p.line_len > 0 && p.line[p.line_len - 1] == '\r')
		shown--;
	if (shown > LINE_SHOWN) {
		skip = p.col > CONTEXT ? p.col - CONTEXT : 0;
		shown -= skip;
		if (shown > LINE_SHOWN)
			shown = LINE_SHOWN;
	}
	fputs("    ", f);
	put_clean(f, p.line + skip, shown);
	fputs("\n    ", f);
	for (uint32_t i = skip; i + 1 < p.col; i++)
		fputc(p.line[i] == '\t' ? '\t' : ' ', f);
	fputc('^', f);
	room = p.col - 1 < skip + shown ? skip + shown - (p.col - 1) : 0;
	for (uint32_t i = 1; i < len && i < room; i++)
		fputc('~', f);
	fputc('\n', f);
}

/* What -W and -E make of ${sev}; false: say nothing. */
static bool
switched(const struct ph_diags *d, const char *id, enum ph_sev *sev)
{
	for (const struct ph_diag_switch *w = d->switches; w != NULL; w = w->next) {
		if (strcmp(w->id, id) != 0 || *sev == PH_ERROR)
			continue;
		if (w->as == PH_DIAG_OFF)
			return false;
		if (*sev == PH_WARN && w->as == PH_DIAG_ERROR)
			*sev = PH_ERROR;
		return true;
	}
	return true;
}

void
ph_diag(struct ph_diags *d, enum ph_sev sev, const char *id,
    struct ph_span at, const char *fmt, ...)
{
	static const char *const word[] = {
		[PH_NOTE] = "note", [PH_WARN] = "warning", [PH_ERROR] = "error",
	};
	struct ph_place p = { 0 };
	va_list ap;

	if (!switched(d, id, &sev))
		return;
	d->errors += sev == PH_ERROR;
	d->warnings += sev == PH_WARN;
	if (sev == PH_ERROR && d->first_error == NULL)
		d->first_error = id;
	if (d->max_shown != 0 && d->shown >= d->max_shown) {
		d->held_back += sev != PH_NOTE;
		return;
	}
	d->shown++;
	if (d->out == NULL)
		return;
	if (at.src != NULL) {
		p = ph_src_locate(at);
		fprintf(d->out, "%s:%u:%u: ", at.src->name, p.row, p.col);
	}
	fprintf(d->out, "%s[%s]: ", word[sev], id);
	va_start(ap, fmt);
	vfprintf(d->out, fmt, ap);
	va_end(ap);
	fputc('\n', d->out);
	if (at.src != NULL)
		print_caret(d->out, p, at.len);
}

void
ph_diags_end(struct ph_diags *d)
{
	if (d->held_back > 0 && d->out != NULL)
		fprintf(d->out, "%u more not shown (%u errors, %u warnings in all)\n",
		    d->held_back, d->errors, d->warnings);
	d->held_back = 0;
}
