/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "wire/http_get.h"

/* "METHOD SP TARGET SP HTTP/1.x", without the end of the line. */
static enum ph_http_get
read_line(struct ph_str line, struct ph_str *path)
{
	static const char version[] = "HTTP/1.";
	const char *end = line.s + line.len;
	const char *target = memchr(line.s, ' ', line.len), *last, *query;
	size_t method = target == NULL ? 0 : (size_t)(target - line.s);

	if (method == 0)
		return PH_HTTP_GET_BAD;
	target++;
	last = memchr(target, ' ', (size_t)(end - target));
	if (last == NULL || last == target || *target != '/' ||
	    (size_t)(end - last) != sizeof(version) + 1 ||
	    memcmp(last + 1, version, sizeof(version) - 1) != 0)
		return PH_HTTP_GET_BAD;
	*path = (struct ph_str){ target, (size_t)(last - target) };
	query = memchr(path->s, '?', path->len);
	if (query != NULL)
		path->len = (size_t)(query - path->s);
	return method == 3 && memcmp(line.s, "GET", 3) == 0 ? PH_HTTP_GET_READY :
	    PH_HTTP_GET_OTHER;
}

enum ph_http_get
ph_http_get_read(const void *p, size_t n, struct ph_str *path)
{
	const char *s = p, *end = n == 0 ? NULL : memchr(s, '\n', n);
	struct ph_str line = { s, end == NULL ? 0 : (size_t)(end - s) };
	enum ph_http_get what;

	if (end == NULL)
		return PH_HTTP_GET_MORE;
	if (line.len > 0 && line.s[line.len - 1] == '\r')
		line.len--;
	what = read_line(line, path);
	if (what != PH_HTTP_GET_READY)
		return what;
	for (const char *at = end; at != NULL; at = memchr(at, '\n', n - (size_t)(at - s))) {
		at++;
		if (at < s + n && *at == '\r')
			at++;
		if (at < s + n && *at == '\n')
			return PH_HTTP_GET_READY;
	}
	return PH_HTTP_GET_MORE;
}
