/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "report/place.h"
#include "text/utf8.h"

enum { LINE_SHOWN = 400 };		/* bytes; of longer lines the span is shown */

const char *
ph_place_clean(struct ph_arena *mem, const char *s, size_t n)
{
	char *out = ph_arena_dup(mem, s, n);

	for (size_t i = 0, len; i < n; i += len) {
		unsigned char c = (unsigned char)out[i];

		len = ph_utf8_len(out + i, n - i);
		if (len == 0 || c < ' ' || c == 0x7f) {
			out[i] = c == '\t' ? ' ' : '?';
			len = 1;
		}
	}
	return out;
}

static void
trim(const char **s, size_t *n)
{
	while (*n > 0 && strchr(" \t\r\n", **s) != NULL) {
		++*s;
		--*n;
	}
	while (*n > 0 && strchr(" \t\r\n", (*s)[*n - 1]) != NULL)
		--*n;
}

bool
ph_place_show(struct ph_arena *mem, struct ph_span at, struct ph_shown_place *out)
{
	struct ph_place p;
	const char *s;
	size_t n;

	if (at.src == NULL)
		return false;
	if (at.src->lines == NULL)
		ph_src_index(mem, at.src);
	p = ph_src_locate(at);
	s = p.line;
	n = p.line_len;
	trim(&s, &n);
	if (n > LINE_SHOWN) {
		s = at.src->text + at.off;
		n = at.len < LINE_SHOWN ? at.len : LINE_SHOWN;
	}
	*out = (struct ph_shown_place){
		.file = at.src->name, .line = p.row, .column = p.col,
		.text = ph_place_clean(mem, s, n),
	};
	return true;
}
