/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "wire/crc32.h"
#include "wire/stun_attr.h"

enum {
	FINGERPRINT_XOR = 0x5354554e,		/* RFC 8489 14.7 */
	ATTR_HEAD = 4,
};

/*
 * RFC 8489 section 5: the bits of method and class stand between each other,
 *
 *	 13  12  11  10   9   8   7   6   5   4   3   2   1   0
 *	M11 M10  M9  M8  M7  C1  M6  M5  M4  C0  M3  M2  M1  M0
 */
static uint16_t
type_of(uint16_t method, uint8_t class)
{
	return (uint16_t)((method & 0xf) | (method & 0x70) << 1 | (method & 0xf80) << 2 |
	    (class & 1) << 4 | (class & 2) << 7);
}

static uint16_t
method_of(uint16_t type)
{
	return (uint16_t)((type & 0xf) | (type >> 1 & 0x70) | (type >> 2 & 0xf80));
}

static uint8_t
class_of(uint16_t type)
{
	return (uint8_t)((type >> 4 & 1) | (type >> 7 & 2));
}

void
ph_stun_init(struct ph_stun *m, enum ph_stun_method method, enum ph_stun_class class,
    const void *id)
{
	m->method = (uint16_t)method;
	m->class = (uint8_t)class;
	m->cookie = PH_STUN_COOKIE;
	memcpy(m->id, id, sizeof(m->id));
	m->has = 0;
	m->peers.n = m->relayed.n = 0;
	m->peers.more = m->relayed.more = false;
}

void
ph_stun_reply(struct ph_stun *m, const struct ph_stun *to, enum ph_stun_class class)
{
	uint32_t cookie = to->cookie;

	ph_stun_init(m, (enum ph_stun_method)to->method, class, to->id);
	m->cookie = cookie;
}

void
ph_stun_refuse(struct ph_stun *m, const struct ph_stun *to, uint16_t code)
{
	struct ph_stun_unknown strange = to->strange;

	ph_stun_reply(m, to, PH_STUN_ERROR);
	ph_stun_set(m, PH_STUN_ERROR_CODE);
	m->error = (struct ph_stun_error){ .code = code, .reason = ph_str(ph_stun_reason(code)) };
	if (code == 420) {
		ph_stun_set(m, PH_STUN_UNKNOWN_ATTRIBUTES);
		m->unknown = strange;
	}
}

void
ph_stun_add(struct ph_stun_addrs *list, ph_u128 addr, uint16_t port)
{
	if (list->n < PH_STUN_MAX_LIST)
		list->v[list->n++] = (struct ph_stun_addr){ addr, port };
	else
		list->more = true;
}

static void
encode_attr(struct ph_writer *w, const struct ph_stun *m, const struct ph_stun_row *row,
    const void *field)
{
	struct ph_scope length;
	size_t n;

	ph_writer_u16(w, row->type);
	length = ph_writer_open(w, 2);
	row->encode(w, m, field);
	n = w->len - length.at - length.width;
	w->bad |= n < row->min || n > row->max;
	ph_writer_close(w, length);
	ph_writer_zeros(w, -n & 3);
}

static void
encode_list(struct ph_writer *w, const struct ph_stun *m, const struct ph_stun_row *row)
{
	const struct ph_stun_addrs *list =
	    (const void *)((const uint8_t *)m + row->offset);

	for (unsigned i = 0; i < list->n; i++)
		encode_attr(w, m, row, &list->v[i]);
}

static void
encode_attrs(struct ph_writer *w, const struct ph_stun *m)
{
	for (uint64_t left = m->has; left != 0; left &= left - 1) {
		const struct ph_stun_row *row = &ph_stun_attr_rows[__builtin_ctzll(left)];

		if (row->encode == NULL)
			continue;
		if (row->list)
			encode_list(w, m, row);
		else
			encode_attr(w, m, row, (const uint8_t *)m + row->offset);
	}
}

/* Room for an attribute at the end, which the header's length already counts. */
static uint8_t *
open_seal(struct ph_writer *w, enum ph_stun_attr attr, uint16_t n)
{
	uint8_t *p;

	ph_writer_u16(w, ph_stun_attr_rows[attr].type);
	ph_writer_u16(w, n);
	p = ph_writer_room(w, n);
	w->bad |= w->len > PH_STUN_MAX;
	if (!w->bad)
		ph_put16(w->base + 2, (uint16_t)(w->len - PH_STUN_HEADER));
	return w->bad ? NULL : p;
}

static void
seal(struct ph_writer *w, const struct ph_stun_seal *s)
{
	struct ph_str part[2] = { { (char *)w->base, w->len }, { "", 0 } };
	uint8_t *p;

	if (s->sha1 && (p = open_seal(w, PH_STUN_MESSAGE_INTEGRITY, PH_STUN_SHA1_LEN)) != NULL)
		w->bad |= !ph_stun_auth_sha1(s->auth, part, p);
	part[0].len = w->len;
	if (s->sha256 &&
	    (p = open_seal(w, PH_STUN_MESSAGE_INTEGRITY_SHA256, PH_STUN_SHA256_LEN)) != NULL)
		w->bad |= !ph_stun_auth_sha256(s->auth, part, p);
	part[0].len = w->len;
	if (s->fingerprint && (p = open_seal(w, PH_STUN_FINGERPRINT, 4)) != NULL)
		ph_put32(p, ph_crc32(0, w->base, part[0].len) ^ FINGERPRINT_XOR);
}

size_t
ph_stun_encode(const struct ph_stun *m, const struct ph_stun_seal *s, void *out, size_t cap)
{
	struct ph_writer w = ph_writer(out, cap);

	ph_writer_u16(&w, type_of(m->method, m->class));
	ph_writer_u16(&w, 0);
	ph_writer_u32(&w, m->cookie);
	ph_writer_bytes(&w, m->id, sizeof(m->id));
	encode_attrs(&w, m);
	w.bad |= w.len > PH_STUN_MAX;
	if (w.bad)
		return 0;
	ph_put16(w.base + 2, (uint16_t)(w.len - PH_STUN_HEADER));
	if (s != NULL)
		seal(&w, s);
	return w.bad ? 0 : w.len;
}

bool
ph_stun_looks(const uint8_t *p, size_t n)
{
	return n >= PH_STUN_HEADER && p[0] < 0x40 && (p[3] & 3) == 0 &&
	    ph_be32(p + 4) == PH_STUN_COOKIE;
}

/* One attribute's value into its field; false when it cannot be read. */
static bool
decode_value(struct ph_stun *m, const struct ph_stun_row *row, struct ph_reader r)
{
	size_t n = ph_reader_left(&r);
	uint8_t *field = (uint8_t *)m + row->offset;

	if (n < row->min || n > row->max)
		return false;
	if (row->list) {
		struct ph_stun_addrs *list = (void *)field;

		if (list->n == PH_STUN_MAX_LIST) {
			list->more = true;
			return true;
		}
		if (!row->decode(&r, m, &list->v[list->n]) || !ph_reader_end(&r))
			return false;
		list->n++;
		return true;
	}
	return row->decode(&r, m, field) && (ph_reader_end(&r) || row->encode == NULL);
}

static void
take_unknown(struct ph_stun *m, uint16_t type)
{
	if (type < 0x8000 && m->strange.n < PH_STUN_MAX_UNKNOWN)
		m->strange.v[m->strange.n++] = type;
}

/* Does an attribute of this type count, after what has come already? */
static bool
in_place(const struct ph_stun *m, uint16_t type)
{
	bool sha256 = ph_stun_has(m, PH_STUN_MESSAGE_INTEGRITY_SHA256);
	bool any = sha256 || ph_stun_has(m, PH_STUN_MESSAGE_INTEGRITY);

	if (!any || type == ph_stun_attr_rows[PH_STUN_FINGERPRINT].type)
		return true;
	return !sha256 && type == ph_stun_attr_rows[PH_STUN_MESSAGE_INTEGRITY_SHA256].type;
}

static void
note_seal(struct ph_stun *m, enum ph_stun_attr attr, uint16_t at, uint16_t n)
{
	if (attr == PH_STUN_MESSAGE_INTEGRITY)
		m->at_sha1 = at;
	if (attr == PH_STUN_MESSAGE_INTEGRITY_SHA256) {
		m->at_sha256 = at;
		m->sha256_len = n;
	}
}

static void
decode_attr(struct ph_stun *m, uint16_t type, struct ph_reader value, uint16_t at)
{
	const struct ph_stun_row *row = ph_stun_attr_find(type);
	enum ph_stun_attr attr;

	if (!in_place(m, type))
		return;
	if (row == NULL) {
		take_unknown(m, type);
		return;
	}
	attr = (enum ph_stun_attr)(row - ph_stun_attr_rows);
	if (ph_stun_has(m, attr) && !row->list)
		return;
	if (!decode_value(m, row, value)) {
		if (type < 0x8000 && m->bad_attr == 0)
			m->bad_attr = type;
		return;
	}
	ph_stun_set(m, attr);
	note_seal(m, attr, at, (uint16_t)ph_reader_left(&value));
}

/* FINGERPRINT is last (RFC 8489 14.7), and covers all that is before it. */
static bool
fingerprint_right(const struct ph_stun *m)
{
	const uint8_t *p = m->bytes + m->len - 8;

	return ph_be16(p) == ph_stun_attr_rows[PH_STUN_FINGERPRINT].type && ph_be16(p + 2) == 4 &&
	    ph_be32(p + 4) == (ph_crc32(0, m->bytes, m->len - 8) ^ FINGERPRINT_XOR);
}

static enum ph_stun_fault
decode_attrs(struct ph_stun *m, struct ph_reader r)
{
	while (ph_reader_left(&r) > 0) {
		uint16_t at = (uint16_t)(r.p - m->bytes);
		uint16_t type = ph_reader_u16(&r), n = ph_reader_u16(&r);
		struct ph_reader value = ph_reader_sub(&r, n);

		/* RFC 3489 did not pad: there lengths are multiples of four, or end the message */
		ph_reader_skip(&r, m->cookie == PH_STUN_COOKIE ? -(size_t)n & 3 :
		    -(size_t)n & 3 & ph_reader_left(&r));
		if (r.bad)
			return PH_STUN_ATTRS;
		decode_attr(m, type, value, at);
	}
	if (r.bad)
		return PH_STUN_ATTRS;
	if (ph_stun_has(m, PH_STUN_FINGERPRINT) && !fingerprint_right(m))
		return PH_STUN_NOT;
	return m->bad_attr != 0 ? PH_STUN_VALUE : PH_STUN_OK;
}

enum ph_stun_fault
ph_stun_decode(struct ph_stun *m, const void *p, size_t n)
{
	struct ph_reader r = ph_reader(p, n);
	uint16_t type = ph_reader_u16(&r), len = ph_reader_u16(&r);
	uint32_t cookie = ph_reader_u32(&r);
	uint8_t id[12];

	ph_reader_copy(&r, id, sizeof(id));
	if (r.bad)
		return PH_STUN_CUT;
	if (type >= 0x4000 || (len & 3) != 0)
		return PH_STUN_NOT;
	if (len != ph_reader_left(&r))
		return PH_STUN_CUT;
	ph_stun_init(m, (enum ph_stun_method)method_of(type),
	    (enum ph_stun_class)class_of(type), id);
	m->cookie = cookie;
	m->bytes = p;
	m->len = n;
	m->strange.n = 0;
	m->bad_attr = m->at_sha1 = m->at_sha256 = m->sha256_len = 0;
	return decode_attrs(m, r);
}

/* The header as it was when an attribute that ends at ${end} was computed. */
static void
head_as_of(const struct ph_stun *m, size_t end, uint8_t head[PH_STUN_HEADER])
{
	memcpy(head, m->bytes, PH_STUN_HEADER);
	ph_put16(head + 2, (uint16_t)(end - PH_STUN_HEADER));
}

bool
ph_stun_verify(const struct ph_stun *m, struct ph_stun_auth *auth)
{
	bool sha256 = ph_stun_has(m, PH_STUN_MESSAGE_INTEGRITY_SHA256);
	size_t at = sha256 ? m->at_sha256 : m->at_sha1;
	size_t n = sha256 ? m->sha256_len : PH_STUN_SHA1_LEN;
	uint8_t head[PH_STUN_HEADER], hash[32];
	struct ph_str part[2];

	if (!sha256 && !ph_stun_has(m, PH_STUN_MESSAGE_INTEGRITY))
		return false;
	head_as_of(m, at + ATTR_HEAD + n, head);
	part[0] = (struct ph_str){ (const char *)head, sizeof(head) };
	part[1] = (struct ph_str){ (const char *)m->bytes + sizeof(head), at - sizeof(head) };
	if (!(sha256 ? ph_stun_auth_sha256 : ph_stun_auth_sha1)(auth, part, hash))
		return false;
	return (n & 3) == 0 && ph_stun_auth_same(hash, m->bytes + at + ATTR_HEAD, n);
}

unsigned
ph_stun_strange(const struct ph_stun *m, uint64_t taken, struct ph_stun_unknown *out)
{
	uint64_t seals = PH_STUN_BIT(PH_STUN_MESSAGE_INTEGRITY) |
	    PH_STUN_BIT(PH_STUN_MESSAGE_INTEGRITY_SHA256);

	*out = m->strange;
	for (uint64_t left = m->has & ~taken & ~seals; left != 0; left &= left - 1) {
		uint16_t type = ph_stun_attr_rows[__builtin_ctzll(left)].type;

		if (type < 0x8000 && out->n < PH_STUN_MAX_UNKNOWN)
			out->v[out->n++] = type;
	}
	return out->n;
}
