/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "wire/sip_scan.h"

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static bool
is_token(char c)
{
	return is_alnum(c) || (c != '\0' && strchr("-.!%*_+`'~", c) != NULL);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct ph_sip_scan
ph_sip_scan(struct ph_str s)
{
	return (struct ph_sip_scan){ s.s, s.s + s.len };
}

bool
ph_sip_scan_space(struct ph_sip_scan *s)
{
	const char *from = s->p;

	while (s->p < s->end && is_space(*s->p))
		s->p++;
	return s->p > from;
}

bool
ph_sip_scan_sep(struct ph_sip_scan *s, char c)
{
	ph_sip_scan_space(s);
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	ph_sip_scan_space(s);
	return true;
}

bool
ph_sip_scan_end(struct ph_sip_scan *s)
{
	ph_sip_scan_space(s);
	return s->p == s->end;
}

static bool
scan_while(struct ph_sip_scan *s, bool (*is)(char), struct ph_str *out)
{
	const char *from = s->p;

	while (s->p < s->end && is(*s->p))
		s->p++;
	*out = (struct ph_str){ from, (size_t)(s->p - from) };
	return out->len > 0;
}

bool
ph_sip_scan_token(struct ph_sip_scan *s, struct ph_str *out)
{
	return scan_while(s, is_token, out);
}

/* quoted-string = SWS DQUOTE *(qdtext / "\" any) DQUOTE */
bool
ph_sip_scan_quoted(struct ph_sip_scan *s, struct ph_str *out)
{
	const char *from = s->p;

	if (s->p == s->end || *s->p != '"')
		return false;
	for (s->p++; s->p < s->end && *s->p != '"'; s->p++)
		if (*s->p == '\\' && ++s->p == s->end)
			return false;
	if (s->p == s->end)
		return false;
	s->p++;
	*out = (struct ph_str){ from, (size_t)(s->p - from) };
	return true;
}

static bool
is_value(char c)
{
	return is_token(c) || c == '[' || c == ']' || c == ':';
}

/* generic-param = token [ EQUAL ( token / host / quoted-string ) ] */
static bool
scan_param(struct ph_sip_scan *s, struct ph_str *name, struct ph_str *value)
{
	const char *behind;

	*value = (struct ph_str){ s->p, 0 };
	if (!ph_sip_scan_token(s, name))
		return false;
	behind = s->p;
	if (!ph_sip_scan_sep(s, '=')) {
		s->p = behind;
		return true;
	}
	return ph_sip_scan_quoted(s, value) || scan_while(s, is_value, value);
}

bool
ph_sip_scan_params(struct ph_sip_scan *s, struct ph_str *out)
{
	struct ph_str name, value;
	const char *from = s->p, *behind = s->p;

	while (ph_sip_scan_sep(s, ';')) {
		if (!scan_param(s, &name, &value))
			return false;
		behind = s->p;
	}
	s->p = behind;
	*out = (struct ph_str){ from, (size_t)(behind - from) };
	return true;
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

static bool
is_scheme(char c)
{
	return is_alnum(c) || c == '+' || c == '-' || c == '.';
}

/* Escapes must be whole: "%" HEXDIG HEXDIG. */
static bool
uri_text(struct ph_sip_scan *s)
{
	for (; s->p < s->end; s->p++) {
		unsigned char c = (unsigned char)*s->p;

		if (c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '"')
			return false;
		if (c == '%' && (s->end - s->p < 3 || !is_hex(s->p[1]) || !is_hex(s->p[2])))
			return false;
	}
	return true;
}

bool
ph_sip_scan_uri(struct ph_str text)
{
	struct ph_sip_scan s = ph_sip_scan(text);
	struct ph_str scheme;

	if (!scan_while(&s, is_scheme, &scheme) || s.p == s.end || *s.p != ':')
		return false;
	s.p++;
	return s.p < s.end && uri_text(&s);
}

/* display-name = *( token LWS ) / quoted-string */
static bool
scan_display_name(struct ph_sip_scan *s)
{
	struct ph_str word;

	ph_sip_scan_space(s);
	if (ph_sip_scan_quoted(s, &word)) {
		ph_sip_scan_space(s);
	} else {
		while (ph_sip_scan_token(s, &word))
			ph_sip_scan_space(s);
	}
	return s->p < s->end && *s->p == '<';
}

static bool
scan_until(struct ph_sip_scan *s, const char *stop, struct ph_str *out)
{
	const char *from = s->p;

	while (s->p < s->end && *s->p != '\0' && strchr(stop, *s->p) == NULL)
		s->p++;
	*out = (struct ph_str){ from, (size_t)(s->p - from) };
	return out->len > 0;
}

/* Without brackets "?" and "," would be ambiguous, so they are not part of it (20). */
bool
ph_sip_scan_address(struct ph_sip_scan *s, bool bracketed, struct ph_str *params)
{
	struct ph_sip_scan again = *s;
	struct ph_str uri;

	if (scan_display_name(s)) {
		s->p++;
		if (!scan_until(s, ">", &uri) || s->p == s->end || *s->p++ != '>')
			return false;
	} else {
		if (bracketed)
			return false;
		*s = again;
		ph_sip_scan_space(s);
		if (!scan_until(s, " \t\r\n;,?<\"", &uri))
			return false;
	}
	return ph_sip_scan_uri(uri) && ph_sip_scan_params(s, params);
}

static bool
is_host(char c)
{
	return is_alnum(c) || c == '-' || c == '.' || c == '_';
}

bool
ph_sip_scan_hostport(struct ph_sip_scan *s, struct ph_str *host, unsigned *port)
{
	struct ph_str digits;
	const char *behind;
	uint64_t n;

	*port = 0;
	if (s->p < s->end && *s->p == '[') {
		if (!scan_until(s, "]", host) || s->p == s->end || *s->p++ != ']')
			return false;
		host->len++;
	} else if (!scan_while(s, is_host, host)) {
		return false;
	}
	behind = s->p;
	if (!ph_sip_scan_sep(s, ':')) {
		s->p = behind;
		return true;
	}
	if (!scan_while(s, is_alnum, &digits) || !ph_str_u64(digits, 10, 65535, &n))
		return false;
	*port = (unsigned)n;
	return true;
}
