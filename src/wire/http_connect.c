/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "wire/http_connect.h"

enum { ACCOUNT_MAX = 512, BASE64_MAX = (ACCOUNT_MAX + 2) / 3 * 4 + 1 };

static void
base64(struct ph_str s, char *out)
{
	static const char digit[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < s.len; i += 3) {
		uint32_t v = 0;

		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (i + k < s.len ? (uint8_t)s.s[i + k] : 0);
		for (int k = 3; k >= 0; k--)
			*out++ = i + (size_t)(3 - k) > s.len ? '=' : digit[v >> (6 * k) & 63];
	}
	*out = '\0';
}

/* Nothing that could end the line, or be taken for another part of it. */
static bool
is_plain(struct ph_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((uint8_t)s.s[i] <= ' ' || (uint8_t)s.s[i] >= 0x7f)
			return false;
	return s.len > 0;
}

size_t
ph_http_connect_ask(struct ph_str host, uint16_t port, struct ph_str account, char *out,
    size_t cap)
{
	bool v6 = memchr(host.s, ':', host.len) != NULL;
	char at[300], word[BASE64_MAX], credentials[BASE64_MAX + 40] = "";
	int n;

	if (!is_plain(host) || host.len > 255 || account.len > ACCOUNT_MAX)
		return 0;
	snprintf(at, sizeof(at), "%s%.*s%s:%u", v6 ? "[" : "", (int)host.len, host.s,
	    v6 ? "]" : "", (unsigned)port);
	if (account.len > 0) {
		base64(account, word);
		snprintf(credentials, sizeof(credentials), "Proxy-Authorization: Basic %s\r\n",
		    word);
	}
	n = snprintf(out, cap, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", at, at, credentials);
	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

/* "HTTP/1.x NNN": the status, or 0. */
static unsigned
read_status(const char *s, size_t n)
{
	if (n < 12 || memcmp(s, "HTTP/1.", 7) != 0 || s[8] != ' ')
		return 0;
	for (int i = 9; i < 12; i++)
		if (s[i] < '0' || s[i] > '9')
			return 0;
	return (unsigned)((s[9] - '0') * 100 + (s[10] - '0') * 10 + (s[11] - '0'));
}

enum ph_http_connect
ph_http_connect_read(const void *p, size_t n, size_t *head, unsigned *status)
{
	static const char start[] = "HTTP/1.";
	size_t most = n < PH_HTTP_CONNECT_MAX ? n : PH_HTTP_CONNECT_MAX;
	const char *end = memmem(p, most, "\r\n\r\n", 4);

	if (memcmp(p, start, n < sizeof(start) - 1 ? n : sizeof(start) - 1) != 0)
		return PH_HTTP_BAD;
	if (end == NULL)
		return n < PH_HTTP_CONNECT_MAX ? PH_HTTP_MORE : PH_HTTP_BAD;
	*head = (size_t)(end - (const char *)p) + 4;
	*status = read_status(p, *head);
	if (*status / 100 == 1)
		return PH_HTTP_BAD;	/* nobody asked for a provisional answer */
	if (*status == 0)
		return PH_HTTP_BAD;
	return *status / 100 == 2 ? PH_HTTP_OPEN : PH_HTTP_REFUSED;
}
