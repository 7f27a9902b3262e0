/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "net/names.h"
#include "report/place.h"
#include "report/text.h"
#include "text/utf8.h"

/* Columns of ${s}: one a character. */
static size_t
columns(const char *s, size_t n)
{
	size_t col = 0;

	for (size_t i = 0; i < n; col++) {
		unsigned len = ph_utf8_len(s + i, n - i);

		i += len > 0 ? len : 1;
	}
	return col;
}

static void
wrap(FILE *out, unsigned indent, const char *s)
{
	size_t col = 0;

	while (*s != '\0') {
		size_t n = strcspn(s, " "), wide = columns(s, n);

		if (col > 0 && col + 1 + wide > PH_TEXT_WIDTH) {
			fputc('\n', out);
			col = 0;
		}
		if (col == 0) {
			fprintf(out, "%*s", (int)indent, "");
			col = indent;
		} else {
			fputc(' ', out);
			col++;
		}
		fwrite(s, 1, n, out);
		col += wide;
		s += n + (s[n] == ' ');
	}
	fputc('\n', out);
}

void
ph_text_wrap(const struct ph_text *t, unsigned indent, const char *fmt, ...)
{
	struct ph_buf b;
	va_list ap;

	ph_buf_init(&b, t->mem);
	va_start(ap, fmt);
	ph_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	wrap(t->out, indent, ph_place_clean(t->mem, b.s, b.len));
}

void
ph_text_quote(const struct ph_text *t, unsigned indent, const char *s)
{
	size_t room = PH_TEXT_WIDTH - indent, n = strlen(s), cut = 0, col = 0;

	if (columns(s, n) <= room) {
		fprintf(t->out, "%*s%s\n", (int)indent, "", s);
		return;
	}
	while (col + 3 < room) {
		unsigned len = ph_utf8_len(s + cut, n - cut);

		cut += len > 0 ? len : 1;
		col++;
	}
	fprintf(t->out, "%*s%.*s...\n", (int)indent, "", (int)cut, s);
}

void
ph_text_type(const struct ph_text *t, const char *s)
{
	size_t n = strlen(s);

	fputs(s, t->out);
	if (n > 0 && s[n - 1] != '\n')
		fputc('\n', t->out);
}

void
ph_text_tone(const struct ph_text *t, enum ph_tone tone, const char *fmt, ...)
{
	static const char *const code[] = {
		[PH_TONE_GOOD] = "\033[32m", [PH_TONE_MIDDLING] = "\033[33m",
		[PH_TONE_BAD] = "\033[31m", [PH_TONE_UNSURE] = "\033[35m",
	};
	bool colour = t->colour && tone != PH_TONE_PLAIN;
	va_list ap;

	if (colour)
		fputs(code[tone], t->out);
	va_start(ap, fmt);
	vfprintf(t->out, fmt, ap);
	va_end(ap);
	if (colour)
		fputs("\033[0m", t->out);
}

enum ph_tone
ph_text_verdict_tone(enum ph_verdict v)
{
	static const enum ph_tone tone[] = {
		[PH_OPEN] = PH_TONE_GOOD, [PH_PARTLY] = PH_TONE_MIDDLING,
		[PH_BLOCKED] = PH_TONE_BAD, [PH_UNKNOWN] = PH_TONE_UNSURE,
		[PH_NOT_TESTED] = PH_TONE_UNSURE,
	};

	return tone[v];
}

static void
endpoint(struct ph_buf *b, ph_u128 addr, bool port, unsigned number)
{
	char text[PH_ADDR_TEXT];
	bool brackets = port && !ph_addr_is_v4(addr);

	ph_buf_printf(b, "%s%s%s", brackets ? "[" : "", ph_addr_format(addr, text),
	    brackets ? "]" : "");
	if (port)
		ph_buf_printf(b, ":%u", number);
}

const char *
ph_text_packet(struct ph_arena *mem, const struct ph_packet *p)
{
	uint8_t proto = (uint8_t)p->v[PH_PROTO];
	bool ports = ph_proto_has_ports(proto);
	const char *name = ph_proto_name(proto);
	struct ph_buf b;

	ph_buf_init(&b, mem);
	if (name != NULL)
		ph_buf_printf(&b, "%s ", name);
	else
		ph_buf_printf(&b, "protocol %u ", proto);
	endpoint(&b, p->v[PH_SRC], ports, (unsigned)p->v[PH_SPORT]);
	ph_buf_puts(&b, " -> ");
	endpoint(&b, p->v[PH_DST], ports, (unsigned)p->v[PH_DPORT]);
	if (proto == PH_ICMP || proto == PH_ICMPV6)
		ph_buf_printf(&b, " type %u code %u", (unsigned)p->v[PH_DPORT],
		    (unsigned)p->v[PH_SPORT]);
	return b.s;
}

const char *
ph_text_place(struct ph_arena *mem, struct ph_span at)
{
	struct ph_shown_place p;

	if (!ph_place_show(mem, at, &p))
		return "the configuration";
	return ph_arena_printf(mem, "%s:%u", p.file, p.line);
}

const char *
ph_text_ranges(struct ph_arena *mem, enum ph_dim dim, const struct ph_ranges *r)
{
	struct ph_buf b;

	if (r == NULL)
		return "any";
	ph_buf_init(&b, mem);
	ph_ranges_print(&b, dim, r);
	return b.s;
}
