/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/diag.h"

enum {
	LINE_SHOWN = 160,		/* bytes of a source line printed */
	CONTEXT = 60,			/* bytes kept before the caret in a longer one */
	TEXT_MAX = 1024,		/* bytes of a message, which may quote the input */
};

/* Where the line after the one at ${line} begins. */
static uint32_t
next_line(const struct ph_src *s, uint32_t line)
{
	const char *end = line >= s->len ? NULL :
	    memchr(s->text + line, '\n', s->len - line);

	return end == NULL ? s->len + 1 : (uint32_t)(end - s->text) + 1;
}

void
ph_src_index(struct ph_arena *mem, struct ph_src *s)
{
	uint32_t n = 1, *lines;
	const char *end = s->text + s->len, *p;

	for (p = s->text; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		n++;
	lines = ph_arena_array(mem, n, sizeof(*lines));
	p = s->text;
	for (uint32_t i = 1; i < n; i++) {
		p = (const char *)memchr(p, '\n', (size_t)(end - p)) + 1;
		lines[i] = (uint32_t)(p - s->text);
	}
	s->lines = lines;
	s->n_lines = n;
}

/* The same with an index of all lines. */
static void
find_indexed(struct ph_src *s, uint32_t off)
{
	uint32_t lo = 0, hi = s->n_lines;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (s->lines[mid] <= off)
			lo = mid;
		else
			hi = mid;
	}
	s->hint_row = lo;
	s->hint_line = s->lines[lo];
	s->hint_next = next_line(s, s->hint_line);
}

/* Move the hint to the line of ${off}, from the last answer in either direction. */
static void
find_line(struct ph_src *s, uint32_t off)
{
	if (s->lines != NULL) {
		find_indexed(s, off);
		return;
	}
	if (off < s->hint_line) {
		const char *before = memrchr(s->text, '\n', off);

		for (uint32_t i = off; i < s->hint_line; i++)
			s->hint_row -= s->text[i] == '\n';
		s->hint_line = before == NULL ? 0 : (uint32_t)(before - s->text) + 1;
		s->hint_next = 0;
	}
	if (s->hint_next == 0)
		s->hint_next = next_line(s, s->hint_line);
	while (off >= s->hint_next) {
		s->hint_line = s->hint_next;
		s->hint_next = next_line(s, s->hint_line);
		s->hint_row++;
	}
}

struct ph_place
ph_src_locate(struct ph_span at)
{
	struct ph_src *s = at.src;
	uint32_t off = at.off < s->len ? at.off : s->len;

	find_line(s, off);
	return (struct ph_place){
		.line = s->text + s->hint_line,
		.line_len = s->hint_next - s->hint_line - 1,
		.row = s->hint_row + 1 + s->row_base,
		.col = off - s->hint_line + 1,
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

/*
 * Length in bytes of the character at ${s} when a terminal would show and not
 * act on it, else 0: no control characters, no broken UTF-8.
 */
static uint32_t
shown_len(const char *s, uint32_t n)
{
	unsigned char c = (unsigned char)s[0];
	uint32_t len = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

	if (len > n || (len == 1 && c != '\t' && (c < ' ' || c == 0x7f)))
		return 0;
	for (uint32_t i = 1; i < len; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
	return c == 0xc2 && (unsigned char)s[1] < 0xa0 ? 0 : len;
}

/* What a terminal would act on is shown as '?'. */
static void
put_clean(FILE *f, const char *s, uint32_t n)
{
	for (uint32_t i = 0, len; i < n; i += len > 0 ? len : 1) {
		len = shown_len(s + i, n - i);
		if (len > 0)
			fwrite(s + i, 1, len, f);
		else
			fputc('?', f);
	}
}

/* A blank or a '~' for each character; tabs stay, so that any tab width will do. */
static void
put_under(FILE *f, char mark, const char *s, uint32_t n)
{
	for (uint32_t i = 0, len; i < n; i += len > 0 ? len : 1) {
		len = shown_len(s + i, n - i);
		fputc(s[i] == '\t' && mark == ' ' ? '\t' : mark, f);
	}
}

static void
print_caret(FILE *f, struct ph_place p, uint32_t len)
{
	uint32_t at = p.col - 1, from = 0, end = p.line_len, first;

	if (end > 0 && p.line[end - 1] == '\r')
		end--;
	if (end > LINE_SHOWN) {
		from = at > CONTEXT ? at - CONTEXT : 0;
		if (end > from + LINE_SHOWN)
			end = from + LINE_SHOWN;
	}
	fputs("    ", f);
	put_clean(f, p.line + from, end - from);
	fputs("\n    ", f);
	put_under(f, ' ', p.line + from, at - from);
	fputc('^', f);
	if (at < end) {
		first = shown_len(p.line + at, end - at);
		first = first > 0 ? first : 1;
		if (len > end - at)
			len = end - at;
		if (len > first)
			put_under(f, '~', p.line + at + first, len - first);
	}
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

/* Count it; is there still room to show it?  A note follows what it explains. */
static bool
counted(struct ph_diags *d, enum ph_sev sev, const char *id)
{
	unsigned *n = sev == PH_ERROR ? &d->errors : &d->warnings;

	if (sev == PH_NOTE)
		return !d->quiet;
	if (sev == PH_ERROR && d->first_error == NULL)
		d->first_error = id;
	++*n;
	d->quiet = d->max_shown != 0 && *n > d->max_shown;
	d->held_back += d->quiet;
	return !d->quiet;
}

void
ph_diag(struct ph_diags *d, enum ph_sev sev, const char *id,
    struct ph_span at, const char *fmt, ...)
{
	static const char *const word[] = {
		[PH_NOTE] = "note", [PH_WARN] = "warning", [PH_ERROR] = "error",
	};
	struct ph_place p = { 0 };
	char text[TEXT_MAX];
	va_list ap;
	int n;

	if (!switched(d, id, &sev) || !counted(d, sev, id) || d->out == NULL)
		return;
	if (at.src != NULL) {
		p = ph_src_locate(at);
		put_clean(d->out, at.src->name, (uint32_t)strlen(at.src->name));
		fprintf(d->out, ":%u:%u: ", p.row, p.col);
	}
	fprintf(d->out, "%s[%s]: ", word[sev], id);
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put_clean(d->out, text, n < TEXT_MAX ? (uint32_t)n : TEXT_MAX - 1);
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
