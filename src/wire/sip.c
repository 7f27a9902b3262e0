/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "wire/sip.h"
#include "wire/sip_scan.h"

static const char *const methods[PH_SIP_METHODS] = {
	[PH_SIP_OTHER_METHOD] = "", [PH_SIP_ACK] = "ACK", [PH_SIP_BYE] = "BYE",
	[PH_SIP_CANCEL] = "CANCEL", [PH_SIP_INVITE] = "INVITE", [PH_SIP_OPTIONS] = "OPTIONS",
	[PH_SIP_REGISTER] = "REGISTER",
};

static const char *const faults[PH_SIP_FAULTS] = {
	[PH_SIP_FINE] = "fine", [PH_SIP_BAD_START] = "malformed first line",
	[PH_SIP_BAD_VERSION] = "another version of SIP", [PH_SIP_BAD_STATUS] = "no status code",
	[PH_SIP_BAD_URI] = "malformed Request-URI", [PH_SIP_BAD_LINE] = "malformed header line",
	[PH_SIP_BAD_VALUE] = "malformed value", [PH_SIP_MISSING] = "header missing",
	[PH_SIP_REPEATED] = "header repeated", [PH_SIP_BAD_LENGTH] = "body shorter than said",
	[PH_SIP_OTHER_CSEQ] = "CSeq of another method", [PH_SIP_BAD_BRANCH] = "empty branch",
	[PH_SIP_TOO_LARGE] = "message too large",
};

static struct ph_str
trim(struct ph_str s)
{
	while (s.len > 0 && strchr(" \t\r\n", s.s[0]) != NULL && s.s[0] != '\0') {
		s.s++;
		s.len--;
	}
	while (s.len > 0 && strchr(" \t\r\n", s.s[s.len - 1]) != NULL && s.s[s.len - 1] != '\0')
		s.len--;
	return s;
}

static void
fault(struct ph_sip *m, enum ph_sip_fault f, enum ph_sip_name in)
{
	if (m->fault == PH_SIP_FINE) {
		m->fault = f;
		m->fault_in = in;
	}
}

/* What the headers say, each read by its row of the table below. */

/* via-parm = "SIP" SLASH "2.0" SLASH transport LWS sent-by *( SEMI via-params ) */
static bool
scan_via(struct ph_sip_scan *s, struct ph_sip_via *v)
{
	struct ph_str name, version, value;
	unsigned port;
	uint64_t n;

	*v = (struct ph_sip_via){ 0 };
	ph_sip_scan_space(s);
	if (!ph_sip_scan_token(s, &name) || !ph_sip_scan_sep(s, '/') ||
	    !ph_sip_scan_token(s, &version) || !ph_sip_scan_sep(s, '/') ||
	    !ph_sip_scan_token(s, &v->transport) || !ph_sip_scan_space(s) ||
	    !ph_sip_scan_hostport(s, &v->host, &port) || !ph_sip_scan_params(s, &v->params))
		return false;
	v->port = (uint16_t)port;
	ph_sip_param(v->params, "branch", &v->branch);
	ph_sip_param(v->params, "received", &v->received);
	v->has_rport = ph_sip_param(v->params, "rport", &value);
	if (v->has_rport && value.len > 0) {
		if (!ph_str_u64(value, 10, 65535, &n))
			return false;
		v->rport = (uint16_t)n;
	}
	return ph_str_case_eq(name, "SIP") && ph_str_eq(version, "2.0");
}

static bool
read_via(struct ph_sip *m, struct ph_str value)
{
	struct ph_sip_scan s = ph_sip_scan(value);
	struct ph_sip_via v;
	bool first = m->via.host.len == 0;

	do {
		if (!scan_via(&s, &v))
			return false;
		if (first)
			m->via = v;
		first = false;
	} while (ph_sip_scan_sep(&s, ','));
	return ph_sip_scan_end(&s);
}

static bool
read_party(struct ph_str value, struct ph_str *whole, struct ph_str *tag)
{
	struct ph_sip_scan s = ph_sip_scan(value);
	struct ph_str params;

	*whole = value;
	if (!ph_sip_scan_address(&s, false, &params))
		return false;
	ph_sip_param(params, "tag", tag);
	return ph_sip_scan_end(&s);
}

static bool
read_from(struct ph_sip *m, struct ph_str value)
{
	return read_party(value, &m->from, &m->from_tag);
}

static bool
read_to(struct ph_sip *m, struct ph_str value)
{
	return read_party(value, &m->to, &m->to_tag);
}

static bool
read_call_id(struct ph_sip *m, struct ph_str value)
{
	m->call_id = value;
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.s[i] <= ' ')
			return false;
	return value.len > 0;
}

static bool
read_cseq(struct ph_sip *m, struct ph_str value)
{
	struct ph_sip_scan s = ph_sip_scan(value);
	struct ph_str digits;
	uint64_t n;

	if (!ph_sip_scan_token(&s, &digits) || !ph_str_u64(digits, 10, INT32_MAX, &n) ||
	    !ph_sip_scan_space(&s) || !ph_sip_scan_token(&s, &m->cseq_method))
		return false;
	m->cseq = (uint32_t)n;
	return ph_sip_scan_end(&s);
}

static bool
read_addresses(struct ph_str value, bool bracketed)
{
	struct ph_sip_scan s = ph_sip_scan(value);
	struct ph_str params;

	do {
		if (!ph_sip_scan_address(&s, bracketed, &params))
			return false;
	} while (ph_sip_scan_sep(&s, ','));
	return ph_sip_scan_end(&s);
}

static bool
read_contact(struct ph_sip *m, struct ph_str value)
{
	(void)m;
	return ph_str_eq(value, "*") || read_addresses(value, false);
}

static bool
read_route(struct ph_sip *m, struct ph_str value)
{
	(void)m;
	return read_addresses(value, true);
}

static bool
read_max_forwards(struct ph_sip *m, struct ph_str value)
{
	uint64_t n;

	if (!ph_str_u64(value, 10, 255, &n))
		return false;
	m->max_forwards = (uint32_t)n;
	return true;
}

/* Held against what is there once all headers are read. */
static bool
read_content_length(struct ph_sip *m, struct ph_str value)
{
	uint64_t n;

	if (!ph_str_u64(value, 10, UINT32_MAX, &n))
		return false;
	if (n > m->body.len)
		fault(m, PH_SIP_BAD_LENGTH, PH_SIP_CONTENT_LENGTH);
	else
		m->body.len = (size_t)n;
	return true;
}

static bool
read_content_type(struct ph_sip *m, struct ph_str value)
{
	struct ph_sip_scan s = ph_sip_scan(value);
	struct ph_str type, sub, params;

	if (!ph_sip_scan_token(&s, &type) || !ph_sip_scan_sep(&s, '/') ||
	    !ph_sip_scan_token(&s, &sub) || !ph_sip_scan_params(&s, &params))
		return false;
	m->content_type = (struct ph_str){ value.s, (size_t)(sub.s + sub.len - value.s) };
	return ph_sip_scan_end(&s);
}

/* SIP-date is in GMT and nothing else (20.17). */
static bool
read_date(struct ph_sip *m, struct ph_str value)
{
	(void)m;
	return value.len > 4 && memcmp(value.s + value.len - 4, " GMT", 4) == 0;
}

enum { ONCE = 1, NEEDED = 2 };

static const struct row {
	const char *name;
	char compact;
	unsigned flags;
	bool (*read)(struct ph_sip *, struct ph_str);
} rows[PH_SIP_NAMES] = {
	[PH_SIP_OTHER] = { "", '\0', 0, NULL },
	[PH_SIP_ACCEPT] = { "Accept", '\0', 0, NULL },
	[PH_SIP_CALL_ID] = { "Call-ID", 'i', ONCE | NEEDED, read_call_id },
	[PH_SIP_CONTACT] = { "Contact", 'm', 0, read_contact },
	[PH_SIP_CONTENT_LENGTH] = { "Content-Length", 'l', ONCE, read_content_length },
	[PH_SIP_CONTENT_TYPE] = { "Content-Type", 'c', ONCE, read_content_type },
	[PH_SIP_CSEQ] = { "CSeq", '\0', ONCE | NEEDED, read_cseq },
	[PH_SIP_DATE] = { "Date", '\0', ONCE, read_date },
	[PH_SIP_EXPIRES] = { "Expires", '\0', ONCE, NULL },
	[PH_SIP_FROM] = { "From", 'f', ONCE | NEEDED, read_from },
	[PH_SIP_MAX_FORWARDS] = { "Max-Forwards", '\0', ONCE, read_max_forwards },
	[PH_SIP_PROXY_REQUIRE] = { "Proxy-Require", '\0', 0, NULL },
	[PH_SIP_RECORD_ROUTE] = { "Record-Route", '\0', 0, read_route },
	[PH_SIP_REQUIRE] = { "Require", '\0', 0, NULL },
	[PH_SIP_ROUTE] = { "Route", '\0', 0, read_route },
	[PH_SIP_TO] = { "To", 't', ONCE | NEEDED, read_to },
	[PH_SIP_VIA] = { "Via", 'v', NEEDED, read_via },
};

static enum ph_sip_name
name_of(struct ph_str s)
{
	for (enum ph_sip_name id = PH_SIP_OTHER + 1; id < PH_SIP_NAMES; id++) {
		if (ph_str_case_eq(s, rows[id].name))
			return id;
		if (s.len == 1 && (s.s[0] | 32) == rows[id].compact)
			return id;
	}
	return PH_SIP_OTHER;
}

/* First lines and header lines. */

/* The next line of *${rest}, without its end; *${rest} then begins behind that. */
static bool
take_line(struct ph_str *rest, struct ph_str *line)
{
	const char *lf = rest->len > 0 ? memchr(rest->s, '\n', rest->len) : NULL;
	size_t n;

	if (lf == NULL)
		return false;
	n = (size_t)(lf - rest->s);
	*line = (struct ph_str){ rest->s, n > 0 && lf[-1] == '\r' ? n - 1 : n };
	rest->s += n + 1;
	rest->len -= n + 1;
	return true;
}

static bool
is_version(struct ph_str s)
{
	return s.len == 7 && memcmp(s.s + 3, "/2.0", 4) == 0;	/* "SIP" was looked at */
}

/* SIP-Version SP Status-Code SP Reason-Phrase */
static bool
read_status_line(struct ph_sip *m)
{
	struct ph_sip_scan s = ph_sip_scan(m->start);
	struct ph_str version = { s.p, 0 }, digits;
	uint64_t n;

	while (s.p < s.end && *s.p != ' ')
		s.p++;
	version.len = (size_t)(s.p - version.s);
	if (!is_version(version))
		fault(m, PH_SIP_BAD_VERSION, PH_SIP_OTHER);
	if (!ph_sip_scan_space(&s) || !ph_sip_scan_token(&s, &digits))
		return false;
	if (digits.len != 3 || !ph_str_u64(digits, 10, 699, &n) || n < 100)
		fault(m, PH_SIP_BAD_STATUS, PH_SIP_OTHER);
	else
		m->status = (unsigned)n;
	if (s.p < s.end)
		s.p++;
	m->reason = (struct ph_str){ s.p, (size_t)(s.end - s.p) };
	return true;
}

static enum ph_sip_method
method_of(struct ph_str word)
{
	for (enum ph_sip_method i = PH_SIP_OTHER_METHOD + 1; i < PH_SIP_METHODS; i++)
		if (ph_str_eq(word, methods[i]))
			return i;
	return PH_SIP_OTHER_METHOD;
}

/* Where the last word of ${s} begins. */
static size_t
last_word(struct ph_str s)
{
	size_t at = s.len;

	while (at > 0 && s.s[at - 1] != ' ')
		at--;
	return at;
}

/* "?" and headers, behind the host; in a user's name it is a letter like others. */
static bool
has_uri_headers(struct ph_str uri)
{
	const char *at = memrchr(uri.s, '@', uri.len);
	const char *from = at != NULL ? at : uri.s;

	return memchr(from, '?', (size_t)(uri.s + uri.len - from)) != NULL;
}

/* Method SP Request-URI SP SIP-Version, and not a space more */
static bool
read_request_line(struct ph_sip *m)
{
	struct ph_str line = trim(m->start), version;
	struct ph_sip_scan s = ph_sip_scan(line);
	size_t at = last_word(line);

	version = (struct ph_str){ line.s + at, line.len - at };
	if (!ph_sip_scan_token(&s, &m->method_word) || s.p == s.end || *s.p != ' ' ||
	    version.len < 4 || strncasecmp(version.s, "SIP/", 4) != 0 ||
	    s.p >= version.s - 1)
		return false;
	m->request = true;
	m->method = method_of(m->method_word);
	m->uri = (struct ph_str){ s.p + 1, (size_t)(version.s - 1 - (s.p + 1)) };
	if (!is_version(version))
		fault(m, PH_SIP_BAD_VERSION, PH_SIP_OTHER);
	if (line.len != m->start.len)
		fault(m, PH_SIP_BAD_START, PH_SIP_OTHER);
	if (!ph_sip_scan_uri(m->uri) || has_uri_headers(m->uri))
		fault(m, PH_SIP_BAD_URI, PH_SIP_OTHER);
	return true;
}

/* Control characters stand only in quoted strings, behind a backslash. */
static bool
has_controls(struct ph_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (c == '\\')
			i++;
		else if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7f)
			return true;
	}
	return false;
}

/* The lines of one header field: the first, and those that begin with white space. */
static bool
take_field(struct ph_str *rest, struct ph_str *field)
{
	struct ph_str line, from = *rest;

	if (!take_line(rest, &line) || line.len == 0)
		return false;
	while (rest->len > 0 && (rest->s[0] == ' ' || rest->s[0] == '\t') &&
	    take_line(rest, &line))
		;
	*field = (struct ph_str){ from.s, (size_t)(rest->s - from.s) };
	return true;
}

static void
read_field(struct ph_sip *m, struct ph_str lines)
{
	struct ph_sip_scan s = ph_sip_scan(lines);
	struct ph_sip_header *h;
	struct ph_str name;

	if (m->n_headers == PH_SIP_HEADERS) {
		fault(m, PH_SIP_TOO_LARGE, PH_SIP_OTHER);
		return;
	}
	if (!ph_sip_scan_token(&s, &name) || !ph_sip_scan_sep(&s, ':') || has_controls(lines)) {
		fault(m, PH_SIP_BAD_LINE, PH_SIP_OTHER);
		return;
	}
	h = &m->header[m->n_headers++];
	h->id = name_of(name);
	h->name = name;
	h->lines = lines;
	h->value = trim((struct ph_str){ s.p, (size_t)(s.end - s.p) });
}

static void
read_fields(struct ph_sip *m)
{
	unsigned seen[PH_SIP_NAMES] = { 0 };

	for (size_t i = 0; i < m->n_headers; i++) {
		const struct ph_sip_header *h = &m->header[i];
		const struct row *row = &rows[h->id];

		if (seen[h->id]++ > 0 && (row->flags & ONCE) != 0)
			fault(m, PH_SIP_REPEATED, h->id);
		else if (row->read != NULL && !row->read(m, h->value))
			fault(m, PH_SIP_BAD_VALUE, h->id);
	}
	m->answerable = m->request;
	for (enum ph_sip_name id = 0; id < PH_SIP_NAMES; id++) {
		if ((rows[id].flags & NEEDED) != 0 && seen[id] == 0) {
			fault(m, PH_SIP_MISSING, id);
			m->answerable = false;
		}
	}
}

static void
check_whole(struct ph_sip *m)
{
	if (m->request && m->cseq_method.len > 0 &&
	    (m->cseq_method.len != m->method_word.len ||
	    memcmp(m->cseq_method.s, m->method_word.s, m->method_word.len) != 0))
		fault(m, PH_SIP_OTHER_CSEQ, PH_SIP_CSEQ);
	if (ph_str_case_eq(m->via.branch, "z9hG4bK"))
		fault(m, PH_SIP_BAD_BRANCH, PH_SIP_VIA);
}

static bool
read_start(struct ph_sip *m)
{
	if (m->start.len >= 4 && strncasecmp(m->start.s, "SIP/", 4) == 0)
		return read_status_line(m);
	return read_request_line(m);
}

bool
ph_sip_decode(const void *p, size_t n, struct ph_sip *m)
{
	struct ph_str rest = { p, n }, field;

	*m = (struct ph_sip){ .max_forwards = 70 };
	while (rest.len > 0 && (rest.s[0] == '\r' || rest.s[0] == '\n')) {
		rest.s++;
		rest.len--;
	}
	if (rest.len > PH_SIP_MAX)
		return false;
	m->text = rest;
	if (!take_line(&rest, &m->start) || !read_start(m))
		return false;
	while (rest.len > 0 && rest.s[0] != '\n' && !(rest.len > 1 && rest.s[0] == '\r' &&
	    rest.s[1] == '\n')) {
		if (!take_field(&rest, &field)) {
			fault(m, PH_SIP_BAD_LINE, PH_SIP_OTHER);
			rest.len = 0;
			break;
		}
		read_field(m, field);
	}
	if (!take_line(&rest, &field))	/* the empty line */
		fault(m, PH_SIP_BAD_LENGTH, PH_SIP_OTHER);
	m->body = rest;
	read_fields(m);
	check_whole(m);
	m->text.len = (size_t)(m->body.s + m->body.len - m->text.s);
	return true;
}

/* Content-Length among the header lines of ${rest}, up to the empty one; false: none. */
static bool
find_length(struct ph_str *rest, uint64_t *length)
{
	bool found = false;
	struct ph_str field, name;
	struct ph_sip_scan s;

	while (take_field(rest, &field)) {
		s = ph_sip_scan(field);
		if (!ph_sip_scan_token(&s, &name) || name_of(name) != PH_SIP_CONTENT_LENGTH ||
		    !ph_sip_scan_sep(&s, ':'))
			continue;
		if (found || !ph_str_u64(trim((struct ph_str){ s.p, (size_t)(s.end - s.p) }),
		    10, PH_SIP_MAX, length))
			return false;
		found = true;
	}
	return found;
}

/* Is the empty line behind the headers there? */
static bool
has_empty_line(struct ph_str s)
{
	for (size_t i = 0; i + 1 < s.len; i++)
		if (s.s[i] == '\n' && (s.s[i + 1] == '\n' ||
		    (s.s[i + 1] == '\r' && i + 2 < s.len && s.s[i + 2] == '\n')))
			return true;
	return false;
}

size_t
ph_sip_frame(const void *p, size_t n, size_t *skip)
{
	struct ph_str rest = { p, n }, line;
	const char *from;
	uint64_t length;
	size_t head;

	*skip = 0;
	while (*skip < n && (rest.s[0] == '\r' || rest.s[0] == '\n')) {
		++*skip;
		rest.s++;
		rest.len--;
	}
	from = rest.s;
	if (!has_empty_line(rest))
		return rest.len >= PH_SIP_MAX ? SIZE_MAX : 0;
	if (!take_line(&rest, &line) || !find_length(&rest, &length))
		return SIZE_MAX;
	head = (size_t)(rest.s - from);
	if (head + length > PH_SIP_MAX)
		return SIZE_MAX;
	return length <= rest.len ? head + (size_t)length : 0;
}

const struct ph_sip_header *
ph_sip_find(const struct ph_sip *m, enum ph_sip_name id, size_t i)
{
	for (size_t k = 0; k < m->n_headers; k++)
		if (m->header[k].id == id && i-- == 0)
			return &m->header[k];
	return NULL;
}

bool
ph_sip_param(struct ph_str params, const char *name, struct ph_str *out)
{
	struct ph_sip_scan s = ph_sip_scan(params);
	struct ph_str word;

	while (ph_sip_scan_sep(&s, ';') && ph_sip_scan_token(&s, &word)) {
		bool found = ph_str_case_eq(word, name);
		struct ph_str value = { s.p, 0 };

		if (ph_sip_scan_sep(&s, '=') && !ph_sip_scan_quoted(&s, &value)) {
			value.s = s.p;
			while (s.p < s.end && strchr("; \t\r\n", *s.p) == NULL)
				s.p++;
			value.len = (size_t)(s.p - value.s);
		}
		if (found) {
			*out = value;
			return true;
		}
	}
	return false;
}

bool
ph_sip_item(struct ph_str *list, struct ph_str *out)
{
	const char *comma;

	while (list->len > 0) {
		comma = memchr(list->s, ',', list->len);
		out->s = list->s;
		out->len = comma != NULL ? (size_t)(comma - list->s) : list->len;
		list->s += out->len + (comma != NULL);
		list->len -= out->len + (comma != NULL);
		*out = trim(*out);
		if (out->len > 0)
			return true;
	}
	return false;
}

const char *
ph_sip_header_word(enum ph_sip_name id)
{
	return rows[id].name;
}

struct ph_str
ph_sip_header_name(const struct ph_sip_header *h)
{
	return h->id != PH_SIP_OTHER ? ph_str(rows[h->id].name) : h->name;
}

const char *
ph_sip_method_word(enum ph_sip_method m)
{
	return methods[m];
}

const char *
ph_sip_fault_word(enum ph_sip_fault f)
{
	return faults[f];
}
