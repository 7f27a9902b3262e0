/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "wire/cursor.h"
#include "wire/tls_hello.h"

enum {
	RECORD_HEAD = 5, RECORD_MAX = 16384, HANDSHAKE = 22, HELLO_HEAD = 4, CLIENT_HELLO = 1,
	SERVER_NAME = 0, HOST_NAME = 0, ALPN = 16,
};

/* A handshake message's length, behind its head. */
static size_t
length(const uint8_t *head)
{
	return (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
}

/*
 * The handshake's bytes without the heads of their records, into ${room}: how many there are
 * so far.  BAD: what comes is no handshake.
 */
static enum ph_tls_hello_is
unwrap(const uint8_t *p, size_t n, uint8_t *room, size_t *len)
{
	*len = 0;
	while (n > 0) {
		size_t want, part;

		if (p[0] != HANDSHAKE || (n > 1 && p[1] != 3))
			return PH_TLS_HELLO_BAD;
		if (n < RECORD_HEAD)
			return PH_TLS_HELLO_MORE;
		want = (size_t)p[3] << 8 | p[4];
		if (want == 0 || want > RECORD_MAX)
			return PH_TLS_HELLO_BAD;
		part = n - RECORD_HEAD < want ? n - RECORD_HEAD : want;
		if (*len + part > PH_TLS_HELLO_MAX)
			return PH_TLS_HELLO_BAD;
		memcpy(room + *len, p + RECORD_HEAD, part);
		*len += part;
		if (*len >= HELLO_HEAD && *len >= HELLO_HEAD + length(room))
			return PH_TLS_HELLO_READY;	/* what follows is not ours to read */
		p += RECORD_HEAD + part;
		n -= RECORD_HEAD + part;
	}
	return PH_TLS_HELLO_MORE;
}

static void
read_name(struct ph_reader r, struct ph_tls_hello *out)
{
	struct ph_reader list = ph_reader_sub(&r, ph_reader_u16(&r));

	while (ph_reader_left(&list) > 0) {
		uint8_t kind = ph_reader_u8(&list);
		size_t n = ph_reader_u16(&list);
		const uint8_t *name = ph_reader_bytes(&list, n);

		if (name != NULL && kind == HOST_NAME && out->name.len == 0)
			out->name = (struct ph_str){ (const char *)name, n };
	}
}

static void
read_alpn(struct ph_reader r, struct ph_tls_hello *out)
{
	struct ph_reader list = ph_reader_sub(&r, ph_reader_u16(&r));

	while (ph_reader_left(&list) > 0 && out->n_alpn < PH_TLS_HELLO_ALPN) {
		size_t n = ph_reader_u8(&list);
		const uint8_t *name = ph_reader_bytes(&list, n);

		if (name != NULL)
			out->alpn[out->n_alpn++] = (struct ph_str){ (const char *)name, n };
	}
}

/* RFC 8446 4.1.2; every list must end where it says. */
static bool
read_hello(struct ph_reader *r, struct ph_tls_hello *out)
{
	struct ph_reader all;

	ph_reader_skip(r, 2 + 32);		/* version, random */
	ph_reader_skip(r, ph_reader_u8(r));	/* session */
	ph_reader_skip(r, ph_reader_u16(r));	/* ciphers */
	ph_reader_skip(r, ph_reader_u8(r));	/* compression */
	if (!r->bad && ph_reader_left(r) == 0)
		return true;			/* older than extensions */
	all = ph_reader_sub(r, ph_reader_u16(r));
	while (ph_reader_left(&all) > 0) {
		uint16_t kind = ph_reader_u16(&all);
		struct ph_reader one = ph_reader_sub(&all, ph_reader_u16(&all));

		if (kind == SERVER_NAME && !one.bad)
			read_name(one, out);
		else if (kind == ALPN && !one.bad)
			read_alpn(one, out);
	}
	return !all.bad && ph_reader_end(r);
}

enum ph_tls_hello_is
ph_tls_hello_read(const void *p, size_t n, uint8_t *room, struct ph_tls_hello *out)
{
	enum ph_tls_hello_is is;
	struct ph_reader r;
	size_t len;

	*out = (struct ph_tls_hello){ .name = { "", 0 } };
	is = unwrap(p, n, room, &len);
	if (len > 0 && room[0] != CLIENT_HELLO)
		return PH_TLS_HELLO_BAD;
	if (is == PH_TLS_HELLO_MORE && n >= PH_TLS_HELLO_MAX)
		return PH_TLS_HELLO_BAD;
	if (is != PH_TLS_HELLO_READY)
		return is;
	r = ph_reader(room + HELLO_HEAD, length(room));
	return read_hello(&r, out) ? PH_TLS_HELLO_READY : PH_TLS_HELLO_BAD;
}

bool
ph_tls_hello_offers(const struct ph_tls_hello *h, const char *protocol)
{
	for (size_t i = 0; i < h->n_alpn; i++)
		if (ph_str_eq(h->alpn[i], protocol))
			return true;
	return false;
}
