/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "text/utf8.h"

/* First bytes, and what the second may be; the others are 80-bf. */
static const struct {
	unsigned char lo, hi, second_lo, second_hi, len;
} forms[] = {
	{ 0x00, 0x7f, 0, 0, 1 },
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 },
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

unsigned
ph_utf8_len(const char *s, size_t n)
{
	const unsigned char *b = (const unsigned char *)s;
	size_t i = 0;

	while (i < sizeof(forms) / sizeof(*forms) && !(b[0] >= forms[i].lo && b[0] <= forms[i].hi))
		i++;
	if (i == sizeof(forms) / sizeof(*forms) || forms[i].len > n)
		return 0;
	if (forms[i].len > 1 && (b[1] < forms[i].second_lo || b[1] > forms[i].second_hi))
		return 0;
	for (unsigned k = 2; k < forms[i].len; k++)
		if ((b[k] & 0xc0) != 0x80)
			return 0;
	return forms[i].len;
}

static const char *
wrong(unsigned char c, unsigned len)
{
	if (c == 0)
		return "NUL byte: this is not a text file";
	if (len == 0)
		return "not UTF-8";
	if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
		return "control character";
	return NULL;
}

bool
ph_utf8_check(struct ph_diags *diags, const char *id, struct ph_src *src)
{
	bool ok = true;

	for (uint32_t i = 0; i < src->len;) {
		unsigned len = ph_utf8_len(src->text + i, src->len - i);
		const char *why = wrong((unsigned char)src->text[i], len), *nl;

		if (why == NULL) {
			i += len;
			continue;
		}
		ok = false;
		ph_diag(diags, PH_ERROR, id, (struct ph_span){ src, i, 1 }, "%s", why);
		nl = memchr(src->text + i, '\n', src->len - i);
		i = nl == NULL ? src->len : (uint32_t)(nl - src->text) + 1;
	}
	return ok;
}
