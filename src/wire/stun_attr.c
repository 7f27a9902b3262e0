/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <string.h>

#include "base/diag.h"
#include "wire/stun_attr.h"

/* --- addresses: a zero byte, the family, the port, the address (14.1, 14.2) --- */

static struct ph_stun_addr
get_plain(struct ph_reader *r)
{
	struct ph_stun_addr a;
	uint8_t family;

	ph_reader_u8(r);
	family = ph_reader_u8(r);
	a.port = ph_reader_u16(r);
	if ((family != PH_STUN_IPV4 || ph_reader_left(r) != 4) &&
	    (family != PH_STUN_IPV6 || ph_reader_left(r) != 16))
		r->bad = true;
	a.addr = ph_reader_addr(r, family == PH_STUN_IPV6);
	return a;
}

static void
put_plain(struct ph_writer *w, const struct ph_stun_addr *a)
{
	ph_writer_u8(w, 0);
	ph_writer_u8(w, ph_addr_is_v4(a->addr) ? PH_STUN_IPV4 : PH_STUN_IPV6);
	ph_writer_u16(w, a->port);
	ph_writer_addr(w, a->addr);
}

/* The value with the cookie and transaction id over it; its own inverse. */
static void
mask(uint8_t *p, size_t len, const uint8_t *id)
{
	uint8_t key[16];

	ph_put32(key, PH_STUN_COOKIE);
	memcpy(key + 4, id, 12);
	p[2] ^= key[0];
	p[3] ^= key[1];
	for (size_t i = 4; i < len; i++)
		p[i] ^= key[i - 4];
}

static struct ph_stun_addr
get_masked(struct ph_reader *r, const struct ph_stun *m)
{
	uint8_t copy[20];
	size_t n = ph_reader_left(r);
	struct ph_reader own;
	struct ph_stun_addr a;

	if (n < 8 || n > sizeof(copy))
		r->bad = true;
	n = r->bad ? 0 : n;
	ph_reader_copy(r, copy, n);
	if (n > 0)
		mask(copy, n, m->id);
	own = ph_reader(copy, n);
	a = get_plain(&own);
	r->bad |= own.bad;
	return a;
}

static void
put_masked(struct ph_writer *w, const struct ph_stun *m, const struct ph_stun_addr *a)
{
	size_t at = w->len;

	put_plain(w, a);
	if (!w->bad)
		mask(w->base + at, w->len - at, m->id);
}

static void
get_addr(struct ph_reader *r, struct ph_stun *m, void *at)
{
	(void)m;
	*(struct ph_stun_addr *)at = get_plain(r);
}

static void
put_addr(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	(void)m;
	put_plain(w, at);
}

static void
get_xor(struct ph_reader *r, struct ph_stun *m, void *at)
{
	*(struct ph_stun_addr *)at = get_masked(r, m);
}

static void
put_xor(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	put_masked(w, m, at);
}

static void
get_list(struct ph_reader *r, struct ph_stun *m, void *at)
{
	struct ph_stun_addr a = get_masked(r, m);

	if (!r->bad)
		ph_stun_add(at, a.addr, a.port);
}

static void
print_addr(struct ph_buf *b, const void *at)
{
	const struct ph_stun_addr *a = at;
	char text[PH_ADDR_TEXT];

	ph_buf_printf(b, " %s port %u", ph_addr_format(a->addr, text), (unsigned)a->port);
}

static void
print_list(struct ph_buf *b, const void *at)
{
	const struct ph_stun_addrs *v = at;

	for (unsigned i = 0; i < v->n; i++)
		print_addr(b, &v->v[i]);
}

/* --- text and bytes, borrowed --- */

static void
get_text(struct ph_reader *r, struct ph_stun *m, void *at)
{
	size_t n = ph_reader_left(r);

	(void)m;
	*(struct ph_str *)at = (struct ph_str){ (const char *)ph_reader_bytes(r, n), n };
}

static void
put_text(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	const struct ph_str *s = at;

	(void)m;
	ph_writer_bytes(w, s->s, s->len);
}

static void
print_text(struct ph_buf *b, const void *at)
{
	const struct ph_str *s = at;

	ph_buf_puts(b, " \"");
	for (size_t i = 0; i < s->len; i++)
		ph_buf_putc(b, s->s[i] >= ' ' && s->s[i] <= '~' ? s->s[i] : '?');
	ph_buf_putc(b, '"');
}

static void
get_bytes(struct ph_reader *r, struct ph_stun *m, void *at)
{
	size_t n = ph_reader_left(r);

	(void)m;
	*(struct ph_bytes *)at = (struct ph_bytes){ ph_reader_bytes(r, n), n };
}

static void
put_bytes(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	const struct ph_bytes *v = at;

	(void)m;
	ph_writer_bytes(w, v->p, v->len);
}

static void
print_bytes(struct ph_buf *b, const void *at)
{
	ph_buf_printf(b, " of %zu bytes", ((const struct ph_bytes *)at)->len);
}

/* Of fixed length: USERHASH, RESERVATION-TOKEN. */
static void
get_hash(struct ph_reader *r, struct ph_stun *m, void *at)
{
	(void)m;
	ph_reader_copy(r, at, 32);
}

static void
put_hash(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	(void)m;
	ph_writer_bytes(w, at, 32);
}

static void
get_token(struct ph_reader *r, struct ph_stun *m, void *at)
{
	(void)m;
	ph_reader_copy(r, at, 8);
}

static void
put_token(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	(void)m;
	ph_writer_bytes(w, at, 8);
}

/* --- numbers --- */

static void
get_u64(struct ph_reader *r, struct ph_stun *m, void *at)
{
	(void)m;
	*(uint64_t *)at = ph_reader_u64(r);
}

static void
put_u64(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	(void)m;
	ph_writer_u64(w, *(const uint64_t *)at);
}

static void
get_u32(struct ph_reader *r, struct ph_stun *m, void *at)
{
	(void)m;
	*(uint32_t *)at = ph_reader_u32(r);
}

static void
put_u32(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	(void)m;
	ph_writer_u32(w, *(const uint32_t *)at);
}

static void
print_u32(struct ph_buf *b, const void *at)
{
	ph_buf_printf(b, " %u", (unsigned)*(const uint32_t *)at);
}

/* Two bytes, two that are reserved: CHANNEL-NUMBER, RESPONSE-PORT. */
static void
get_u16(struct ph_reader *r, struct ph_stun *m, void *at)
{
	(void)m;
	*(uint16_t *)at = ph_reader_u16(r);
	ph_reader_skip(r, 2);
}

static void
put_u16(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	(void)m;
	ph_writer_u16(w, *(const uint16_t *)at);
	ph_writer_zeros(w, 2);
}

static void
print_u16(struct ph_buf *b, const void *at)
{
	ph_buf_printf(b, " %u", (unsigned)*(const uint16_t *)at);
}

/* One byte, three that are reserved: families, REQUESTED-TRANSPORT. */
static void
get_u8(struct ph_reader *r, struct ph_stun *m, void *at)
{
	(void)m;
	*(uint8_t *)at = ph_reader_u8(r);
	ph_reader_skip(r, 3);
}

static void
put_u8(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	(void)m;
	ph_writer_u8(w, *(const uint8_t *)at);
	ph_writer_zeros(w, 3);
}

static void
print_u8(struct ph_buf *b, const void *at)
{
	ph_buf_printf(b, " %u", (unsigned)*(const uint8_t *)at);
}

static void
get_even(struct ph_reader *r, struct ph_stun *m, void *at)
{
	(void)m;
	*(bool *)at = (ph_reader_u8(r) & 0x80) != 0;
}

static void
put_even(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	(void)m;
	ph_writer_u8(w, *(const bool *)at ? 0x80 : 0);
}

/* PADDING: only how long it is matters. */
static void
get_padding(struct ph_reader *r, struct ph_stun *m, void *at)
{
	size_t n = ph_reader_left(r);

	(void)m;
	*(uint16_t *)at = (uint16_t)n;
	ph_reader_skip(r, n);
}

static void
put_padding(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	(void)m;
	ph_writer_zeros(w, *(const uint16_t *)at);
}

/* --- structures --- */

/* ERROR-CODE (14.8), ADDRESS-ERROR-CODE (RFC 8656 18.12): family or zero, class, number. */
static void
get_error(struct ph_reader *r, struct ph_stun *m, void *at)
{
	struct ph_stun_error *e = at;
	uint8_t class, number;

	e->family = ph_reader_u8(r);
	ph_reader_u8(r);
	class = ph_reader_u8(r) & 7;
	number = ph_reader_u8(r);
	if (class < 3 || class > 6 || number > 99)
		r->bad = true;
	e->code = (uint16_t)(class * 100 + number);
	get_text(r, m, &e->reason);
}

static void
put_error(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	const struct ph_stun_error *e = at;

	ph_writer_u8(w, e->family);
	ph_writer_u8(w, 0);
	ph_writer_u8(w, (uint8_t)(e->code / 100));
	ph_writer_u8(w, (uint8_t)(e->code % 100));
	put_text(w, m, &e->reason);
}

static void
print_error(struct ph_buf *b, const void *at)
{
	const struct ph_stun_error *e = at;

	ph_buf_printf(b, " %u", (unsigned)e->code);
	print_text(b, &e->reason);
}

static void
get_unknown(struct ph_reader *r, struct ph_stun *m, void *at)
{
	struct ph_stun_unknown *u = at;

	(void)m;
	while (ph_reader_left(r) >= 2) {
		uint16_t v = ph_reader_u16(r);

		if (u->n < PH_STUN_MAX_UNKNOWN)
			u->v[u->n++] = v;
	}
}

static void
put_unknown(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	const struct ph_stun_unknown *u = at;

	(void)m;
	for (unsigned i = 0; i < u->n; i++)
		ph_writer_u16(w, u->v[i]);
}

static void
get_algorithm(struct ph_reader *r, struct ph_stun *m, void *at)
{
	struct ph_stun_algorithm *a = at;
	size_t n;

	(void)m;
	a->number = ph_reader_u16(r);
	n = ph_reader_u16(r);
	a->params = (struct ph_bytes){ ph_reader_bytes(r, n), n };
	ph_reader_skip(r, (0 - n) & 3);
}

static void
put_algorithm(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	const struct ph_stun_algorithm *a = at;

	(void)m;
	ph_writer_u16(w, a->number);
	ph_writer_u16(w, (uint16_t)a->params.len);
	ph_writer_bytes(w, a->params.p, a->params.len);
	ph_writer_zeros(w, (0 - a->params.len) & 3);
}

static void
get_algorithms(struct ph_reader *r, struct ph_stun *m, void *at)
{
	struct ph_stun_algorithms *v = at;
	struct ph_stun_algorithm a;

	while (ph_reader_left(r) > 0) {
		get_algorithm(r, m, &a);
		if (!r->bad && v->n < PH_STUN_MAX_ALGORITHMS)
			v->v[v->n++] = a;
	}
}

static void
put_algorithms(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	const struct ph_stun_algorithms *v = at;

	for (unsigned i = 0; i < v->n; i++)
		put_algorithm(w, m, &v->v[i]);
}

/* ICMP (RFC 8656 18.13): seven bits of type, nine of code, then the next-hop MTU or zero. */
static void
get_icmp(struct ph_reader *r, struct ph_stun *m, void *at)
{
	struct ph_stun_icmp *i = at;
	uint16_t both;

	(void)m;
	ph_reader_skip(r, 2);
	both = ph_reader_u16(r);
	i->type = (uint8_t)(both >> 9);
	i->code = (uint8_t)both;
	if ((both & 0x100) != 0)
		r->bad = true;
	i->data = ph_reader_u32(r);
}

static void
put_icmp(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	const struct ph_stun_icmp *i = at;

	(void)m;
	if (i->type > 127)
		w->bad = true;
	ph_writer_zeros(w, 2);
	ph_writer_u16(w, (uint16_t)(i->type << 9 | i->code));
	ph_writer_u32(w, i->data);
}

static void
get_test(struct ph_reader *r, struct ph_stun *m, void *at)
{
	struct ph_stun_test *t = at;

	(void)m;
	t->mode = ph_reader_u8(r);
	t->flags = ph_reader_u8(r);
	t->count = ph_reader_u16(r);
	t->delay_ms = ph_reader_u32(r);
	t->tos = ph_reader_u8(r);
	t->ttl = ph_reader_u8(r);
	t->bytes = ph_reader_u16(r);
}

static void
put_test(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	const struct ph_stun_test *t = at;

	(void)m;
	ph_writer_u8(w, t->mode);
	ph_writer_u8(w, t->flags);
	ph_writer_u16(w, t->count);
	ph_writer_u32(w, t->delay_ms);
	ph_writer_u8(w, t->tos);
	ph_writer_u8(w, t->ttl);
	ph_writer_u16(w, t->bytes);
}

/* Flags have no value; integrity and the fingerprint are made where the message ends. */
static void
get_nothing(struct ph_reader *r, struct ph_stun *m, void *at)
{
	(void)m;
	(void)at;
	ph_reader_skip(r, ph_reader_left(r));
}

static void
put_nothing(struct ph_writer *w, const struct ph_stun *m, const void *at)
{
	(void)w;
	(void)m;
	(void)at;
}

#define AT(member)	offsetof(struct ph_stun, member)
#define ADDR(member)	8, 20, get_addr, put_addr, print_addr, AT(member)
#define TEXT(max, member)	0, max, get_text, put_text, print_text, AT(member)
#define FLAG		0, 0, get_nothing, put_nothing, NULL, 0

const struct ph_stun_row ph_stun_rows[PH_STUN_N_ATTRS] = {
	[PH_STUN_MAPPED_ADDRESS] = { 0x0001, "MAPPED-ADDRESS", ADDR(mapped) },
	[PH_STUN_CHANGE_REQUEST] = { 0x0003, "CHANGE-REQUEST", 4, 4, get_u32, put_u32, print_u32,
	    AT(change) },
	[PH_STUN_SOURCE_ADDRESS] = { 0x0004, "SOURCE-ADDRESS", ADDR(source) },
	[PH_STUN_CHANGED_ADDRESS] = { 0x0005, "CHANGED-ADDRESS", ADDR(changed) },
	[PH_STUN_USERNAME] = { 0x0006, "USERNAME", TEXT(512, username) },
	[PH_STUN_MESSAGE_INTEGRITY] = { 0x0008, "MESSAGE-INTEGRITY", 20, 20, get_nothing,
	    put_nothing, NULL, 0 },
	[PH_STUN_ERROR_CODE] = { 0x0009, "ERROR-CODE", 4, 767, get_error, put_error, print_error,
	    AT(error) },
	[PH_STUN_UNKNOWN_ATTRIBUTES] = { 0x000a, "UNKNOWN-ATTRIBUTES", 0, 65535, get_unknown,
	    put_unknown, NULL, AT(unknown) },
	[PH_STUN_CHANNEL_NUMBER] = { 0x000c, "CHANNEL-NUMBER", 4, 4, get_u16, put_u16, print_u16,
	    AT(channel) },
	[PH_STUN_LIFETIME] = { 0x000d, "LIFETIME", 4, 4, get_u32, put_u32, print_u32,
	    AT(lifetime) },
	[PH_STUN_XOR_PEER_ADDRESS] = { 0x0012, "XOR-PEER-ADDRESS", 8, 20, get_list, NULL,
	    print_list, AT(peers) },
	[PH_STUN_DATA] = { 0x0013, "DATA", 0, 65535, get_bytes, put_bytes, print_bytes,
	    AT(data) },
	[PH_STUN_REALM] = { 0x0014, "REALM", TEXT(763, realm) },
	[PH_STUN_NONCE] = { 0x0015, "NONCE", TEXT(763, nonce) },
	[PH_STUN_XOR_RELAYED_ADDRESS] = { 0x0016, "XOR-RELAYED-ADDRESS", 8, 20, get_list, NULL,
	    print_list, AT(relayed) },
	[PH_STUN_REQUESTED_ADDRESS_FAMILY] = { 0x0017, "REQUESTED-ADDRESS-FAMILY", 4, 4, get_u8,
	    put_u8, print_u8, AT(family) },
	[PH_STUN_EVEN_PORT] = { 0x0018, "EVEN-PORT", 1, 1, get_even, put_even, NULL,
	    AT(even_reserve) },
	[PH_STUN_REQUESTED_TRANSPORT] = { 0x0019, "REQUESTED-TRANSPORT", 4, 4, get_u8, put_u8,
	    print_u8, AT(transport) },
	[PH_STUN_DONT_FRAGMENT] = { 0x001a, "DONT-FRAGMENT", FLAG },
	[PH_STUN_MESSAGE_INTEGRITY_SHA256] = { 0x001c, "MESSAGE-INTEGRITY-SHA256", 16, 32,
	    get_nothing, put_nothing, NULL, 0 },
	[PH_STUN_PASSWORD_ALGORITHM] = { 0x001d, "PASSWORD-ALGORITHM", 4, 65535, get_algorithm,
	    put_algorithm, NULL, AT(algorithm) },
	[PH_STUN_USERHASH] = { 0x001e, "USERHASH", 32, 32, get_hash, put_hash, NULL,
	    AT(userhash) },
	[PH_STUN_XOR_MAPPED_ADDRESS] = { 0x0020, "XOR-MAPPED-ADDRESS", 8, 20, get_xor, put_xor,
	    print_addr, AT(xor_mapped) },
	[PH_STUN_RESERVATION_TOKEN] = { 0x0022, "RESERVATION-TOKEN", 8, 8, get_token, put_token,
	    NULL, AT(token) },
	[PH_STUN_PRIORITY] = { 0x0024, "PRIORITY", 4, 4, get_u32, put_u32, print_u32,
	    AT(priority) },
	[PH_STUN_USE_CANDIDATE] = { 0x0025, "USE-CANDIDATE", FLAG },
	[PH_STUN_PADDING] = { 0x0026, "PADDING", 0, 65535, get_padding, put_padding, print_u16,
	    AT(padding) },
	[PH_STUN_RESPONSE_PORT] = { 0x0027, "RESPONSE-PORT", 4, 4, get_u16, put_u16, print_u16,
	    AT(response_port) },
	[PH_STUN_CONNECTION_ID] = { 0x002a, "CONNECTION-ID", 4, 4, get_u32, put_u32, print_u32,
	    AT(connection) },
	[PH_STUN_ADDITIONAL_ADDRESS_FAMILY] = { 0x8000, "ADDITIONAL-ADDRESS-FAMILY", 4, 4, get_u8,
	    put_u8, print_u8, AT(more_family) },
	[PH_STUN_ADDRESS_ERROR_CODE] = { 0x8001, "ADDRESS-ERROR-CODE", 4, 767, get_error,
	    put_error, print_error, AT(address_error) },
	[PH_STUN_PASSWORD_ALGORITHMS] = { 0x8002, "PASSWORD-ALGORITHMS", 0, 65535,
	    get_algorithms, put_algorithms, NULL, AT(algorithms) },
	[PH_STUN_ALTERNATE_DOMAIN] = { 0x8003, "ALTERNATE-DOMAIN", TEXT(255, domain) },
	[PH_STUN_ICMP] = { 0x8004, "ICMP", 8, 8, get_icmp, put_icmp, NULL, AT(icmp) },
	[PH_STUN_SOFTWARE] = { 0x8022, "SOFTWARE", TEXT(763, software) },
	[PH_STUN_ALTERNATE_SERVER] = { 0x8023, "ALTERNATE-SERVER", ADDR(alternate) },
	[PH_STUN_FINGERPRINT] = { 0x8028, "FINGERPRINT", 4, 4, get_nothing, put_nothing, NULL,
	    0 },
	[PH_STUN_ICE_CONTROLLED] = { 0x8029, "ICE-CONTROLLED", 8, 8, get_u64, put_u64, NULL,
	    AT(tie_breaker) },
	[PH_STUN_ICE_CONTROLLING] = { 0x802a, "ICE-CONTROLLING", 8, 8, get_u64, put_u64, NULL,
	    AT(tie_breaker) },
	[PH_STUN_RESPONSE_ORIGIN] = { 0x802b, "RESPONSE-ORIGIN", ADDR(origin) },
	[PH_STUN_OTHER_ADDRESS] = { 0x802c, "OTHER-ADDRESS", ADDR(other) },
	[PH_STUN_PINHOLE_TEST] = { 0xc0f0, "PINHOLE-TEST", 12, 12, get_test, put_test, NULL,
	    AT(test) },
};

enum ph_stun_attr
ph_stun_row_find(uint16_t number)
{
	unsigned lo = 0, hi = PH_STUN_N_ATTRS;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (ph_stun_rows[mid].number < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < PH_STUN_N_ATTRS && ph_stun_rows[lo].number == number ?
	    (enum ph_stun_attr)lo : PH_STUN_N_ATTRS;
}
