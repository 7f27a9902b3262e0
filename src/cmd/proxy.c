/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "cmd/host.h"
#include "cmd/proxy.h"
#include "os/file.h"

enum { PROXY_PORT = 3128, HTTP_PORT = 80 };

static const char *
environment(const char *lower, const char *upper)
{
	const char *s = getenv(lower);

	if (s == NULL || *s == '\0')
		s = getenv(upper);
	return s != NULL && *s != '\0' ? s : NULL;
}

/* Is the host, or a domain it is in, in the list of those that want no proxy? */
static bool
is_exempt(const char *host)
{
	const char *list = environment("no_proxy", "NO_PROXY");
	size_t len = strlen(host);

	for (const char *p = list, *end; p != NULL && *p != '\0'; p = end + (*end == ',')) {
		size_t n;

		p += strspn(p, " .");
		end = p + strcspn(p, ",");
		n = (size_t)(end - p);
		while (n > 0 && p[n - 1] == ' ')
			n--;
		if ((n == 1 && *p == '*') || (n > 0 && n <= len &&
		    strncasecmp(host + len - n, p, n) == 0 &&
		    (n == len || host[len - n - 1] == '.')))
			return true;
	}
	return false;
}

static int
hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, c | 0x20);

	return at == NULL ? -1 : (int)(at - digits);
}

/* RFC 3986 2.1: in a URL %40 is "@". */
static struct ph_str
unescape(struct ph_run *run, const char *s, size_t n)
{
	char *out = ph_arena_alloc(&run->mem, n + 1);
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		if (s[i] == '%' && i + 2 < n && hex(s[i + 1]) >= 0 && hex(s[i + 2]) >= 0) {
			out[len++] = (char)(hex(s[i + 1]) << 4 | hex(s[i + 2]));
			i += 2;
		} else {
			out[len++] = s[i];
		}
	return (struct ph_str){ out, len };
}

/* [http://][NAME:PASSWORD@]HOST[:PORT][/] */
static int
read_url(struct ph_run *run, const char *opt, const char *url, struct ph_proxy *out)
{
	const char *s = url, *at;
	uint16_t usual = PROXY_PORT;
	size_t n;

	if (strncasecmp(s, "http://", 7) == 0) {
		s += 7;
		usual = HTTP_PORT;
	} else if (strstr(s, "://") != NULL) {
		return ph_run_usage(run, "%s: only proxies that are spoken to by http:// are known",
		    opt);
	}
	n = strcspn(s, "/");
	at = memrchr(s, '@', n);
	if (at != NULL) {
		out->account = unescape(run, s, (size_t)(at - s));
		n -= (size_t)(at + 1 - s);
		s = at + 1;
	}
	return ph_host_split(run, opt, ph_arena_dup(&run->mem, s, n), usual, &out->host,
	    &out->port) ? 0 : PH_EXIT_USAGE;
}

static int
read_account(struct ph_run *run, struct ph_proxy *out)
{
	const char *path = ph_opt_last(&run->args, PH_OPT_PROXY_ACCOUNT);
	struct ph_src *src;
	int err;

	if (path == NULL)
		return 0;
	err = ph_file_read(&run->mem, path, &src);
	if (err != 0)
		return ph_run_cannot_read(run, path, err);
	out->account = (struct ph_str){ src->text, strcspn(src->text, "\r\n") };
	return 0;
}

int
ph_proxy_read(struct ph_run *run, const char *to, struct ph_proxy *out)
{
	const char *said = ph_opt_last(&run->args, PH_OPT_PROXY);
	const char *url = said, *opt = "--proxy";
	int err;

	*out = (struct ph_proxy){ .account = { "", 0 } };
	if (url == NULL && !is_exempt(to)) {
		url = environment("https_proxy", "HTTPS_PROXY");
		opt = "$https_proxy";
	}
	if (url == NULL || *url == '\0')
		return 0;
	err = read_url(run, opt, url, out);
	return err != 0 ? err : read_account(run, out);
}
