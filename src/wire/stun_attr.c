/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <string.h>

#include "wire/stun_attr.h"

/*
 * Values of one shape share their three functions.  A reader that is short has a
 * sticky error, so that a decoder only refuses what is there and cannot be.
 */

static bool
decode_u8(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	(void)m;
	*(uint8_t *)field = ph_reader_u8(r);
	ph_reader_skip(r, ph_reader_left(r));
	return true;
}

/* A byte and three that are reserved: families, RFC 8656 18.6, and protocols, 18.8. */
static void
encode_u8_padded(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	(void)m;
	ph_writer_u32(w, (uint32_t)*(const uint8_t *)field << 24);
}

static void
print_u8(struct ph_buf *b, const void *field)
{
	ph_buf_printf(b, "%u", *(const uint8_t *)field);
}

/* EVEN-PORT, RFC 8656 18.7: the first bit asks to reserve the next port. */
static bool
decode_even(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	(void)m;
	*(bool *)field = (ph_reader_u8(r) & 0x80) != 0;
	return true;
}

static void
encode_even(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	(void)m;
	ph_writer_u8(w, *(const bool *)field ? 0x80 : 0);
}

static void
print_even(struct ph_buf *b, const void *field)
{
	ph_buf_puts(b, *(const bool *)field ? "reserve" : "no");
}

/* A number and two bytes that are reserved: CHANNEL-NUMBER, RESPONSE-PORT. */
static bool
decode_u16(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	(void)m;
	*(uint16_t *)field = ph_reader_u16(r);
	ph_reader_skip(r, ph_reader_left(r));
	return true;
}

static void
encode_u16_padded(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	(void)m;
	ph_writer_u32(w, (uint32_t)*(const uint16_t *)field << 16);
}

static void
print_u16(struct ph_buf *b, const void *field)
{
	ph_buf_printf(b, "%u", *(const uint16_t *)field);
}

static void
print_channel(struct ph_buf *b, const void *field)
{
	ph_buf_printf(b, "0x%04x", *(const uint16_t *)field);
}

/* PADDING: only its length means something. */
static bool
decode_padding(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	(void)m;
	*(uint16_t *)field = (uint16_t)ph_reader_left(r);
	ph_reader_skip(r, ph_reader_left(r));
	return true;
}

static void
encode_padding(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	(void)m;
	ph_writer_zeros(w, *(const uint16_t *)field);
}

static bool
decode_u32(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	(void)m;
	*(uint32_t *)field = ph_reader_u32(r);
	return true;
}

static void
encode_u32(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	(void)m;
	ph_writer_u32(w, *(const uint32_t *)field);
}

static void
print_u32(struct ph_buf *b, const void *field)
{
	ph_buf_printf(b, "%u", *(const uint32_t *)field);
}

static void
print_hex32(struct ph_buf *b, const void *field)
{
	ph_buf_printf(b, "0x%08x", *(const uint32_t *)field);
}

/* CHANGE-REQUEST, RFC 5780 7.2: bits 4, "change IP", and 2, "change port". */
static void
print_change(struct ph_buf *b, const void *field)
{
	uint32_t v = *(const uint32_t *)field;

	ph_buf_puts(b, (v & PH_STUN_CHANGE_IP) != 0 ? "ip" : "");
	ph_buf_puts(b, (v & 6) == 6 ? "+" : "");
	ph_buf_puts(b, (v & PH_STUN_CHANGE_PORT) != 0 ? "port" : (v & 6) == 0 ? "no" : "");
}

static bool
decode_u64(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	(void)m;
	*(uint64_t *)field = ph_reader_u64(r);
	return true;
}

static void
encode_u64(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	(void)m;
	ph_writer_u64(w, *(const uint64_t *)field);
}

static void
print_u64(struct ph_buf *b, const void *field)
{
	ph_buf_printf(b, "0x%016llx", (unsigned long long)*(const uint64_t *)field);
}

/* An attribute whose presence is all it says. */
static bool
decode_flag(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	(void)r;
	(void)m;
	(void)field;
	return true;
}

static void
encode_flag(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	(void)w;
	(void)m;
	(void)field;
}

/*
 * Addresses, RFC 8489 14.1 and 14.2:
 *
 *	|0 0 0 0 0 0 0 0|    Family     |           Port                |
 *	|                 Address (32 bits or 128 bits)                 |
 *
 * In the XOR- form port and address are combined with the cookie, a v6 address with
 * the cookie and the transaction id after it, lest middleboxes "correct" them.
 */
static ph_u128
mask_of(const struct ph_stun *m, bool v6)
{
	ph_u128 mask = m->cookie;

	for (unsigned i = 0; v6 && i < sizeof(m->id); i++)
		mask = mask << 8 | m->id[i];
	return mask;
}

static bool
decode_addr(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	struct ph_stun_addr *a = field;
	uint8_t family = (uint8_t)ph_reader_u16(r);

	(void)m;
	a->port = ph_reader_u16(r);
	if (family != PH_STUN_IPV4 && family != PH_STUN_IPV6)
		return false;
	a->addr = ph_reader_addr(r, family == PH_STUN_IPV6);
	/* the number line keeps IPv4 where no IPv6 address can be */
	return family == PH_STUN_IPV4 || !ph_addr_is_v4(a->addr);
}

static void
encode_addr(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	const struct ph_stun_addr *a = field;

	(void)m;
	ph_writer_u16(w, ph_addr_is_v4(a->addr) ? PH_STUN_IPV4 : PH_STUN_IPV6);
	ph_writer_u16(w, a->port);
	ph_writer_addr(w, a->addr);
}

static bool
decode_xor(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	struct ph_stun_addr *a = field;
	uint8_t family = (uint8_t)ph_reader_u16(r);
	bool v6 = family == PH_STUN_IPV6;

	a->port = (uint16_t)(ph_reader_u16(r) ^ m->cookie >> 16);
	if (!v6 && family != PH_STUN_IPV4)
		return false;
	a->addr = ph_reader_addr(r, v6) ^ mask_of(m, v6);
	return !v6 || !ph_addr_is_v4(a->addr);
}

static void
encode_xor(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	const struct ph_stun_addr *a = field;
	bool v6 = !ph_addr_is_v4(a->addr);
	ph_u128 v = a->addr ^ mask_of(m, v6);

	ph_writer_u16(w, v6 ? PH_STUN_IPV6 : PH_STUN_IPV4);
	ph_writer_u16(w, (uint16_t)(a->port ^ m->cookie >> 16));
	if (!v6) {
		ph_writer_u32(w, (uint32_t)v);
	} else {
		ph_writer_u64(w, (uint64_t)(v >> 64));
		ph_writer_u64(w, (uint64_t)v);
	}
}

static void
print_addr(struct ph_buf *b, const void *field)
{
	const struct ph_stun_addr *a = field;
	char text[PH_ADDR_TEXT];

	ph_buf_printf(b, ph_addr_is_v4(a->addr) ? "%s:%u" : "[%s]:%u",
	    ph_addr_format(a->addr, text), a->port);
}

static bool
decode_text(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	struct ph_str *s = field;

	(void)m;
	s->len = ph_reader_left(r);
	s->s = (const char *)ph_reader_bytes(r, s->len);
	return true;
}

static void
encode_text(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	const struct ph_str *s = field;

	(void)m;
	ph_writer_bytes(w, s->s, s->len);
}

static void
print_quoted(struct ph_buf *b, struct ph_str s)
{
	ph_buf_putc(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			ph_buf_printf(b, "\\x%02x", c);
		else
			ph_buf_putc(b, (char)c);
	}
	ph_buf_putc(b, '"');
}

static void
print_text(struct ph_buf *b, const void *field)
{
	print_quoted(b, *(const struct ph_str *)field);
}

static bool
decode_data(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	struct ph_bytes *d = field;

	(void)m;
	d->len = ph_reader_left(r);
	d->p = ph_reader_bytes(r, d->len);
	return true;
}

static void
encode_data(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	const struct ph_bytes *d = field;

	(void)m;
	ph_writer_bytes(w, d->p, d->len);
}

static void
print_data(struct ph_buf *b, const void *field)
{
	ph_buf_printf(b, "%zu bytes", ((const struct ph_bytes *)field)->len);
}

/*
 * ERROR-CODE, RFC 8489 14.8; ADDRESS-ERROR-CODE, RFC 8656 18.12, has a family first:
 *
 *	|  Family       |    Reserved             |Class|     Number    |
 *	|      Reason Phrase (variable)                                ..
 */
static bool
decode_error(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	struct ph_stun_error *e = field;
	unsigned class, number;

	e->family = ph_reader_u8(r);
	ph_reader_skip(r, 1);
	class = ph_reader_u8(r) & 7;
	number = ph_reader_u8(r);
	e->code = (uint16_t)(class * 100 + number);
	decode_text(r, m, &e->reason);
	return class >= 3 && class <= 6 && number <= 99;
}

static void
encode_error(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	const struct ph_stun_error *e = field;

	ph_writer_u8(w, e->family);
	ph_writer_u8(w, 0);
	ph_writer_u8(w, (uint8_t)(e->code / 100));
	ph_writer_u8(w, (uint8_t)(e->code % 100));
	encode_text(w, m, &e->reason);
}

/* There the family's place is reserved. */
static void
encode_plain_error(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	struct ph_stun_error e = *(const struct ph_stun_error *)field;

	e.family = 0;
	encode_error(w, m, &e);
}

static void
print_error(struct ph_buf *b, const void *field)
{
	const struct ph_stun_error *e = field;

	ph_buf_printf(b, "%u ", e->code);
	print_quoted(b, e->reason);
}

static bool
decode_unknown(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	struct ph_stun_unknown *u = field;

	(void)m;
	u->n = 0;
	while (ph_reader_left(r) > 0) {
		uint16_t type = ph_reader_u16(r);

		if (u->n < PH_STUN_MAX_UNKNOWN)
			u->v[u->n++] = type;
	}
	return true;
}

static void
encode_unknown(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	const struct ph_stun_unknown *u = field;

	(void)m;
	for (unsigned i = 0; i < u->n; i++)
		ph_writer_u16(w, u->v[i]);
}

static void
print_unknown(struct ph_buf *b, const void *field)
{
	const struct ph_stun_unknown *u = field;

	for (unsigned i = 0; i < u->n; i++)
		ph_buf_printf(b, "%s0x%04x", i > 0 ? "," : "", u->v[i]);
}

/*
 * RFC 8489 14.11 and 14.12, once or in a row, the parameters padded:
 *
 *	|          Algorithm            |  Algorithm Parameters Length  |
 *	|                    Algorithm Parameters (variable)           ..
 */
static bool
decode_algorithm(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	struct ph_stun_algorithm *a = field;

	(void)m;
	a->number = ph_reader_u16(r);
	a->params.len = ph_reader_u16(r);
	a->params.p = ph_reader_bytes(r, a->params.len);
	ph_reader_skip(r, -a->params.len & 3 & ph_reader_left(r));
	return true;
}

static void
encode_algorithm(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	const struct ph_stun_algorithm *a = field;
	struct ph_scope length;

	ph_writer_u16(w, a->number);
	length = ph_writer_open(w, 2);
	encode_data(w, m, &a->params);
	ph_writer_close(w, length);
	ph_writer_zeros(w, -a->params.len & 3);
}

static void
print_algorithm(struct ph_buf *b, const void *field)
{
	const struct ph_stun_algorithm *a = field;

	switch (a->number) {
	case PH_STUN_MD5:
		ph_buf_puts(b, "MD5");
		break;
	case PH_STUN_SHA256:
		ph_buf_puts(b, "SHA-256");
		break;
	default:
		ph_buf_printf(b, "0x%04x", a->number);
	}
}

static bool
decode_algorithms(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	struct ph_stun_algorithms *list = field;
	struct ph_stun_algorithm one;

	list->n = 0;
	while (ph_reader_left(r) > 0) {
		decode_algorithm(r, m, &one);
		if (!r->bad && list->n < PH_STUN_MAX_ALGORITHMS)
			list->v[list->n++] = one;
	}
	return true;
}

static void
encode_algorithms(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	const struct ph_stun_algorithms *list = field;

	for (unsigned i = 0; i < list->n; i++)
		encode_algorithm(w, m, &list->v[i]);
}

static void
print_algorithms(struct ph_buf *b, const void *field)
{
	const struct ph_stun_algorithms *list = field;

	for (unsigned i = 0; i < list->n; i++) {
		ph_buf_puts(b, i > 0 ? "," : "");
		print_algorithm(b, &list->v[i]);
	}
}

static void
print_bytes(struct ph_buf *b, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ph_buf_printf(b, "%02x", p[i]);
}

static bool
decode_userhash(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	(void)m;
	ph_reader_copy(r, field, 32);
	return true;
}

static void
encode_userhash(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	(void)m;
	ph_writer_bytes(w, field, 32);
}

static void
print_userhash(struct ph_buf *b, const void *field)
{
	print_bytes(b, field, 32);
}

static bool
decode_token(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	(void)m;
	ph_reader_copy(r, field, 8);
	return true;
}

static void
encode_token(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	(void)m;
	ph_writer_bytes(w, field, 8);
}

static void
print_token(struct ph_buf *b, const void *field)
{
	print_bytes(b, field, 8);
}

/*
 * ICMP, RFC 8656 18.13:
 *
 *	|  Reserved                     |  ICMP Type  |  ICMP Code      |
 *	|                          Error Data                           |
 *
 * where the type takes seven bits and the code nine.
 */
static bool
decode_icmp(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	struct ph_stun_icmp *i = field;
	uint16_t both;

	(void)m;
	ph_reader_skip(r, 2);
	both = ph_reader_u16(r);
	i->type = (uint8_t)(both >> 9);
	i->code = (uint8_t)both;
	i->data = ph_reader_u32(r);
	return (both & 0x100) == 0;
}

static void
encode_icmp(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	const struct ph_stun_icmp *i = field;

	(void)m;
	ph_writer_u16(w, 0);
	ph_writer_u16(w, (uint16_t)(i->type << 9 | i->code));
	ph_writer_u32(w, i->data);
}

static void
print_icmp(struct ph_buf *b, const void *field)
{
	const struct ph_stun_icmp *i = field;

	ph_buf_printf(b, "type %u code %u data %u", i->type, i->code, i->data);
}

static bool
decode_test(struct ph_reader *r, const struct ph_stun *m, void *field)
{
	struct ph_stun_test *t = field;

	(void)m;
	t->mode = ph_reader_u8(r);
	t->flags = ph_reader_u8(r);
	t->count = ph_reader_u16(r);
	t->delay_ms = ph_reader_u32(r);
	t->tos = ph_reader_u8(r);
	t->ttl = ph_reader_u8(r);
	t->bytes = ph_reader_u16(r);
	return t->mode <= PH_STUN_TEST_REPEAT;
}

static void
encode_test(struct ph_writer *w, const struct ph_stun *m, const void *field)
{
	const struct ph_stun_test *t = field;

	(void)m;
	ph_writer_u8(w, t->mode);
	ph_writer_u8(w, t->flags);
	ph_writer_u16(w, t->count);
	ph_writer_u32(w, t->delay_ms);
	ph_writer_u8(w, t->tos);
	ph_writer_u8(w, t->ttl);
	ph_writer_u16(w, t->bytes);
}

static void
print_test(struct ph_buf *b, const void *field)
{
	static const char *const mode[] = { "now", "silent", "after", "repeat" };
	const struct ph_stun_test *t = field;

	ph_buf_printf(b, "%s count %u delay %u ms tos %u ttl %u bytes %u",
	    t->mode <= PH_STUN_TEST_REPEAT ? mode[t->mode] : "?", t->count, t->delay_ms,
	    t->tos, t->ttl, t->bytes);
}

#define AT(field)	offsetof(struct ph_stun, field)
#define ADDR		decode_addr, encode_addr, print_addr
#define XOR		decode_xor, encode_xor, print_addr
#define TEXT		decode_text, encode_text, print_text
#define FLAG		decode_flag, encode_flag, NULL
#define U8		decode_u8, encode_u8_padded, print_u8
#define SEALED		decode_flag, NULL, NULL
#define ONE		false
#define LIST		true

/* RFC 8489 14: names below 509 bytes, other texts up to 763. */
const struct ph_stun_row ph_stun_attr_rows[PH_STUN_N_ATTRS] = {
	{ 0x0001, "MAPPED-ADDRESS", 8, 20, ONE, AT(mapped), ADDR },
	{ 0x0003, "CHANGE-REQUEST", 4, 4, ONE, AT(change), decode_u32, encode_u32, print_change },
	{ 0x0004, "SOURCE-ADDRESS", 8, 20, ONE, AT(source), ADDR },
	{ 0x0005, "CHANGED-ADDRESS", 8, 20, ONE, AT(changed), ADDR },
	{ 0x0006, "USERNAME", 0, 508, ONE, AT(username), TEXT },
	{ 0x0008, "MESSAGE-INTEGRITY", 20, 20, ONE, 0, SEALED },
	{ 0x0009, "ERROR-CODE", 4, 767, ONE, AT(error), decode_error, encode_plain_error,
	    print_error },
	{ 0x000a, "UNKNOWN-ATTRIBUTES", 0, 65532, ONE, AT(unknown), decode_unknown,
	    encode_unknown, print_unknown },
	{ 0x000c, "CHANNEL-NUMBER", 4, 4, ONE, AT(channel), decode_u16, encode_u16_padded,
	    print_channel },
	{ 0x000d, "LIFETIME", 4, 4, ONE, AT(lifetime), decode_u32, encode_u32, print_u32 },
	{ 0x0012, "XOR-PEER-ADDRESS", 8, 20, LIST, AT(peers), XOR },
	{ 0x0013, "DATA", 0, 65535, ONE, AT(data), decode_data, encode_data, print_data },
	{ 0x0014, "REALM", 0, 763, ONE, AT(realm), TEXT },
	{ 0x0015, "NONCE", 0, 763, ONE, AT(nonce), TEXT },
	{ 0x0016, "XOR-RELAYED-ADDRESS", 8, 20, LIST, AT(relayed), XOR },
	{ 0x0017, "REQUESTED-ADDRESS-FAMILY", 4, 4, ONE, AT(family), U8 },
	{ 0x0018, "EVEN-PORT", 1, 1, ONE, AT(even_reserve), decode_even, encode_even,
	    print_even },
	{ 0x0019, "REQUESTED-TRANSPORT", 4, 4, ONE, AT(transport), U8 },
	{ 0x001a, "DONT-FRAGMENT", 0, 0, ONE, 0, FLAG },
	{ 0x001c, "MESSAGE-INTEGRITY-SHA256", 16, 32, ONE, 0, SEALED },
	{ 0x001d, "PASSWORD-ALGORITHM", 4, 65532, ONE, AT(algorithm), decode_algorithm,
	    encode_algorithm, print_algorithm },
	{ 0x001e, "USERHASH", 32, 32, ONE, AT(userhash), decode_userhash, encode_userhash,
	    print_userhash },
	{ 0x0020, "XOR-MAPPED-ADDRESS", 8, 20, ONE, AT(xor_mapped), XOR },
	{ 0x0022, "RESERVATION-TOKEN", 8, 8, ONE, AT(token), decode_token, encode_token,
	    print_token },
	{ 0x0024, "PRIORITY", 4, 4, ONE, AT(priority), decode_u32, encode_u32, print_u32 },
	{ 0x0025, "USE-CANDIDATE", 0, 0, ONE, 0, FLAG },
	{ 0x0026, "PADDING", 0, 65532, ONE, AT(padding), decode_padding, encode_padding,
	    print_u16 },
	{ 0x0027, "RESPONSE-PORT", 4, 4, ONE, AT(response_port), decode_u16, encode_u16_padded,
	    print_u16 },
	{ 0x002a, "CONNECTION-ID", 4, 4, ONE, AT(connection), decode_u32, encode_u32,
	    print_hex32 },
	{ 0x8000, "ADDITIONAL-ADDRESS-FAMILY", 4, 4, ONE, AT(more_family), U8 },
	{ 0x8001, "ADDRESS-ERROR-CODE", 4, 767, ONE, AT(address_error), decode_error,
	    encode_error, print_error },
	{ 0x8002, "PASSWORD-ALGORITHMS", 0, 65532, ONE, AT(algorithms), decode_algorithms,
	    encode_algorithms, print_algorithms },
	{ 0x8003, "ALTERNATE-DOMAIN", 0, 255, ONE, AT(domain), TEXT },
	{ 0x8004, "ICMP", 8, 8, ONE, AT(icmp), decode_icmp, encode_icmp, print_icmp },
	{ 0x8022, "SOFTWARE", 0, 763, ONE, AT(software), TEXT },
	{ 0x8023, "ALTERNATE-SERVER", 8, 20, ONE, AT(alternate), ADDR },
	{ 0x8028, "FINGERPRINT", 4, 4, ONE, 0, SEALED },
	{ 0x8029, "ICE-CONTROLLED", 8, 8, ONE, AT(tie_breaker), decode_u64, encode_u64,
	    print_u64 },
	{ 0x802a, "ICE-CONTROLLING", 8, 8, ONE, AT(tie_breaker), decode_u64, encode_u64,
	    print_u64 },
	{ 0x802b, "RESPONSE-ORIGIN", 8, 20, ONE, AT(origin), ADDR },
	{ 0x802c, "OTHER-ADDRESS", 8, 20, ONE, AT(other), ADDR },
	{ 0xc0f0, "PINHOLE-TEST", 12, 12, ONE, AT(test), decode_test, encode_test, print_test },
};

const struct ph_stun_row *
ph_stun_attr_find(uint16_t type)
{
	size_t lo = 0, hi = PH_STUN_N_ATTRS;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (ph_stun_attr_rows[mid].type < type)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < PH_STUN_N_ATTRS && ph_stun_attr_rows[lo].type == type ?
	    &ph_stun_attr_rows[lo] : NULL;
}

const char *
ph_stun_attr_name(enum ph_stun_attr attr)
{
	return ph_stun_attr_rows[attr].name;
}

uint16_t
ph_stun_attr_number(enum ph_stun_attr attr)
{
	return ph_stun_attr_rows[attr].type;
}
