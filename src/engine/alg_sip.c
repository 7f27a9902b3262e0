/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "engine/alg_list.h"
#include "net/addr.h"
#include "wire/sip.h"

static const struct ph_str none = { "", 0 };

/* A reader of text that sees every address with its port as one letter. */

static bool
is_address_char(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f') || c == '.' ||
	    c == ':';
}

/* How much of ${s} from ${at} is an address, with ":port"; 0: none. */
static size_t
address_at(struct ph_str s, size_t at)
{
	bool bracket = s.s[at] == '[', dotted = false;
	size_t n = at + bracket, from = n;
	ph_u128 a;

	if (at > 0 && (is_address_char(s.s[at - 1]) || (s.s[at - 1] | 32) > 'f'))
		if (s.s[at - 1] != ':' && s.s[at - 1] != '.')
			return 0;	/* in the middle of a word */
	for (; n < s.len && n - from < PH_ADDR_TEXT && is_address_char(s.s[n]); n++) {
		if (s.s[n] == ':' && !bracket && dotted)
			break;		/* the port behind an IPv4 address */
		dotted |= s.s[n] == '.';
	}
	if (!ph_addr_parse((struct ph_str){ s.s + from, n - from }, &a))
		return 0;
	if (bracket && (n == s.len || s.s[n++] != ']'))
		return 0;
	if (n + 1 < s.len && s.s[n] == ':' && s.s[n + 1] >= '0' && s.s[n + 1] <= '9')
		for (n++; n < s.len && s.s[n] >= '0' && s.s[n] <= '9'; )
			n++;
	return n - at;
}

static struct ph_str
without_addresses(struct ph_arena *mem, struct ph_str s)
{
	struct ph_buf b;
	size_t n;

	ph_buf_init(&b, mem);
	for (size_t i = 0; i < s.len; i += n > 0 ? n : 1) {
		n = address_at(s, i);
		ph_buf_putc(&b, n > 0 ? '\x01' : s.s[i]);
	}
	return (struct ph_str){ b.s, b.len };
}

/* White space is one space, and none around separators. */
static struct ph_str
without_spelling(struct ph_arena *mem, struct ph_str s)
{
	struct ph_buf b;
	bool space = false, quoted = false;

	ph_buf_init(&b, mem);
	for (size_t i = 0; i < s.len; i++) {
		char c = s.s[i];

		if (!quoted && strchr(" \t\r\n", c) != NULL && c != '\0') {
			space = true;
			continue;
		}
		if (space && b.len > 0 && strchr(";,=/<>:", c) == NULL &&
		    strchr(";,=/<>:", b.s[b.len - 1]) == NULL)
			ph_buf_putc(&b, ' ');
		space = false;
		quoted ^= c == '"';
		ph_buf_putc(&b, c);
	}
	return (struct ph_str){ b.s, b.len };
}

/* Which kind of change made ${after} of ${before}? */
static enum ph_alg_kind
kind_of(struct ph_alg_list *d, enum ph_sip_name id, struct ph_str before, struct ph_str after)
{
	struct ph_str a = without_spelling(d->mem, before), b = without_spelling(d->mem, after);

	if (ph_alg_list_equal(a, b))
		return PH_ALG_SPELLING;
	if (id == PH_SIP_CONTENT_LENGTH)
		return PH_ALG_LENGTH;
	if (ph_alg_list_equal(without_addresses(d->mem, a), without_addresses(d->mem, b)))
		return PH_ALG_ADDRESS;
	return PH_ALG_VALUE;
}

static bool
same_name(const struct ph_sip_header *a, const struct ph_sip_header *b)
{
	struct ph_str x = ph_sip_header_name(a), y = ph_sip_header_name(b);

	return a->id == b->id && x.len == y.len && strncasecmp(x.s, y.s, x.len) == 0;
}

static void
compare_header(struct ph_alg_list *d, const struct ph_sip_header *a, const struct ph_sip_header *b)
{
	struct ph_str name = ph_sip_header_name(a);
	const char *field = ph_arena_dup(d->mem, name.s, name.len);

	if (ph_alg_list_equal(a->lines, b->lines))
		return;
	if (ph_alg_list_equal(a->value, b->value))
		ph_alg_list_add(d, PH_ALG_SPELLING, field, a->lines, b->lines);
	else
		ph_alg_list_add(d, kind_of(d, a->id, a->value, b->value), field, a->value,
		    b->value);
}

/*
 * The header of ${m} that answers to ${h} of the other message: the first of that name
 * that is not yet ${taken}.
 */
static size_t
match(const struct ph_sip *m, const struct ph_sip_header *h, const bool *taken)
{
	for (size_t i = 0; i < m->n_headers; i++)
		if (!taken[i] && same_name(h, &m->header[i]))
			return i;
	return SIZE_MAX;
}

/* The names of the headers that are in both, in the order of ${m}. */
static struct ph_str
names(struct ph_alg_list *d, const struct ph_sip *m, const bool *in)
{
	struct ph_buf b;

	ph_buf_init(&b, d->mem);
	for (size_t i = 0; i < m->n_headers; i++) {
		struct ph_str name = ph_sip_header_name(&m->header[i]);

		if (!in[i])
			continue;
		if (b.len > 0)
			ph_buf_puts(&b, ", ");
		ph_buf_add(&b, name.s, name.len);
	}
	return (struct ph_str){ b.s, b.len };
}

static void
add_order(struct ph_alg_list *d, const struct ph_sip *a, const struct ph_sip *b, const bool *in_a,
    const bool *in_b)
{
	struct ph_str before = names(d, a, in_a), after = names(d, b, in_b);
	struct ph_alg_diff *x;

	if (before.len == after.len && strncasecmp(before.s, after.s, before.len) == 0)
		return;
	x = ph_alg_list_add(d, PH_ALG_ORDER, "order of headers", a->header[0].lines,
	    b->header[0].lines);
	x->before = before.s;
	x->after = after.s;
}

static void
compare_headers(struct ph_alg_list *d, const struct ph_sip *a, const struct ph_sip *b)
{
	bool in_a[PH_SIP_HEADERS] = { false }, in_b[PH_SIP_HEADERS] = { false };

	for (size_t i = 0; i < a->n_headers; i++) {
		size_t k = match(b, &a->header[i], in_b);
		struct ph_str name = ph_sip_header_name(&a->header[i]);

		if (k != SIZE_MAX) {
			in_a[i] = in_b[k] = true;
			compare_header(d, &a->header[i], &b->header[k]);
		} else {
			ph_alg_list_add(d, PH_ALG_REMOVED, ph_arena_dup(d->mem, name.s, name.len),
			    a->header[i].value, none);
		}
	}
	for (size_t k = 0; k < b->n_headers; k++) {
		struct ph_str name = ph_sip_header_name(&b->header[k]);

		if (!in_b[k])
			ph_alg_list_add(d, PH_ALG_ADDED,
			    ph_arena_dup(d->mem, name.s, name.len), none, b->header[k].value);
	}
	add_order(d, a, b, in_a, in_b);
}

static bool
take_line(struct ph_str *rest, struct ph_str *line)
{
	const char *end = rest->len > 0 ? memchr(rest->s, '\n', rest->len) : NULL;
	size_t n = end != NULL ? (size_t)(end - rest->s) + 1 : rest->len;

	*line = (struct ph_str){ rest->s, n };
	rest->s += n;
	rest->len -= n;
	return n > 0;
}

static struct ph_str
first_line(struct ph_str rest)
{
	struct ph_str line;

	take_line(&rest, &line);
	return line;
}

static struct ph_str
chomp(struct ph_str s)
{
	while (s.len > 0 && (s.s[s.len - 1] == '\n' || s.s[s.len - 1] == '\r'))
		s.len--;
	return s;
}

static const char *
sdp_field(struct ph_alg_list *d, struct ph_str line)
{
	return line.len >= 2 && line.s[1] == '=' ?
	    ph_arena_printf(d->mem, "SDP %c=", line.s[0]) : "SDP";
}

/* Of two lines that are not equal: the same one changed, or is one more or less? */
static bool
same_line(struct ph_str a, struct ph_str b)
{
	return a.len >= 2 && b.len >= 2 && a.s[0] == b.s[0] && a.s[1] == '=' && b.s[1] == '=';
}

static void
compare_line(struct ph_alg_list *d, struct ph_str x, struct ph_str y)
{
	struct ph_str a = chomp(x), b = chomp(y);

	if (!ph_alg_list_equal(a, b))
		ph_alg_list_add(d, PH_ALG_SDP, sdp_field(d, x), a, b);
	else if (!ph_alg_list_equal(x, y))
		ph_alg_list_add(d, PH_ALG_SPELLING, sdp_field(d, x), x, y);
}

static void
compare_sdp(struct ph_alg_list *d, struct ph_str a, struct ph_str b)
{
	struct ph_str x = none, y = none;
	bool more_a = take_line(&a, &x), more_b = take_line(&b, &y);

	while (more_a || more_b) {
		if (more_a && more_b && (ph_alg_list_equal(x, y) || same_line(x, y))) {
			compare_line(d, x, y);
			more_a = take_line(&a, &x);
			more_b = take_line(&b, &y);
			continue;
		}
		if (!more_a || (more_b && same_line(x, first_line(b)))) {
			ph_alg_list_add(d, PH_ALG_SDP, sdp_field(d, y), none, chomp(y));
			more_b = take_line(&b, &y);
		} else {
			ph_alg_list_add(d, PH_ALG_SDP, sdp_field(d, x), chomp(x), none);
			more_a = take_line(&a, &x);
		}
	}
}

static void
compare_bodies(struct ph_alg_list *d, const struct ph_sip *a, const struct ph_sip *b)
{
	if (ph_alg_list_equal(a->body, b->body))
		return;
	if (ph_str_case_eq(a->content_type, "application/sdp"))
		compare_sdp(d, a->body, b->body);
	else
		ph_alg_list_add_bytes(d, "body", a->body, b->body);
}

struct ph_alg_diffs
ph_alg_sip(struct ph_arena *mem, struct ph_str sent, struct ph_str received)
{
	struct ph_alg_list d = { .mem = mem, .sent = sent, .received = received };
	struct ph_sip *a = PH_NEW(mem, struct ph_sip), *b = PH_NEW(mem, struct ph_sip);

	if (ph_alg_list_equal(sent, received) || !ph_sip_decode(sent.s, sent.len, a) ||
	    !ph_sip_decode(received.s, received.len, b))
		return ph_alg_list_end(&d);
	if (!ph_alg_list_equal(a->start, b->start))
		ph_alg_list_add(&d, kind_of(&d, PH_SIP_OTHER, a->start, b->start), "first line",
		    a->start, b->start);
	compare_headers(&d, a, b);
	compare_bodies(&d, a, b);
	return ph_alg_list_end(&d);
}
