/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "wire/crc32.h"
#include "wire/stun_attr.h"

enum {
	FINGERPRINT_XOR = 0x5354554e, ATTR = 4,
	SHA1_ATTR = ATTR + PH_STUN_SHA1_LEN, SHA256_ATTR = ATTR + PH_STUN_SHA256_LEN,
	CRC_ATTR = ATTR + 4,
};

/* --- the type: twelve bits of method with two of class between (section 5) --- */

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

/* --- building --- */

void
ph_stun_init(struct ph_stun *m, enum ph_stun_method method, enum ph_stun_class class,
    const void *id)
{
	m->method = (uint16_t)method;
	m->class = (uint8_t)class;
	m->cookie = PH_STUN_COOKIE;
	m->has = 0;
	m->peers.n = m->relayed.n = 0;
	m->peers.more = m->relayed.more = false;
	memcpy(m->id, id, sizeof(m->id));
}

void
ph_stun_reply(struct ph_stun *m, const struct ph_stun *to, enum ph_stun_class class)
{
	ph_stun_init(m, (enum ph_stun_method)to->method, class, to->id);
	m->cookie = to->cookie;
}

void
ph_stun_refuse(struct ph_stun *m, const struct ph_stun *to, uint16_t code)
{
	ph_stun_reply(m, to, PH_STUN_ERROR);
	ph_stun_set(m, PH_STUN_ERROR_CODE);
	m->error = (struct ph_stun_error){ .code = code, .reason = ph_str(ph_stun_reason(code)) };
	if (code == 420) {
		ph_stun_set(m, PH_STUN_UNKNOWN_ATTRIBUTES);
		m->unknown = to->strange;
	}
}

void
ph_stun_add(struct ph_stun_addrs *v, ph_u128 addr, uint16_t port)
{
	if (v->n == PH_STUN_MAX_LIST)
		v->more = true;
	else
		v->v[v->n++] = (struct ph_stun_addr){ addr, port };
}

/* --- writing --- */

static void
pad(struct ph_writer *w)
{
	ph_writer_zeros(w, (0 - w->len) & 3);
}

static void
put_attr(struct ph_writer *w, const struct ph_stun *m, const struct ph_stun_row *row)
{
	struct ph_scope len;
	size_t before;

	ph_writer_u16(w, row->number);
	len = ph_writer_open(w, 2);
	before = w->len;
	row->put(w, m, (const char *)m + row->off);
	if (w->len - before < row->min || w->len - before > row->max)
		w->bad = true;
	ph_writer_close(w, len);
	pad(w);
}

/* One attribute for each address. */
static void
put_list(struct ph_writer *w, const struct ph_stun *m, const struct ph_stun_row *row)
{
	const struct ph_stun_addrs *v = (const void *)((const char *)m + row->off);
	struct ph_stun_row one = ph_stun_rows[PH_STUN_XOR_MAPPED_ADDRESS];

	for (unsigned i = 0; i < v->n; i++) {
		one.number = row->number;
		one.off = (size_t)((const char *)&v->v[i] - (const char *)m);
		put_attr(w, m, &one);
	}
}

static bool
at_the_end(unsigned attr)
{
	return attr == PH_STUN_MESSAGE_INTEGRITY || attr == PH_STUN_MESSAGE_INTEGRITY_SHA256 ||
	    attr == PH_STUN_FINGERPRINT;
}

/* What is signed: the header as if the message ended with the signature, and the rest. */
static void
signed_parts(const uint8_t *msg, size_t upto, size_t end, uint8_t header[PH_STUN_HEADER],
    struct ph_str parts[2])
{
	memcpy(header, msg, PH_STUN_HEADER);
	ph_put16(header + 2, (uint16_t)(end - PH_STUN_HEADER));
	parts[0] = (struct ph_str){ (const char *)header, PH_STUN_HEADER };
	parts[1] = (struct ph_str){ (const char *)msg + PH_STUN_HEADER, upto - PH_STUN_HEADER };
}

static void
put_hmac(struct ph_writer *w, struct ph_stun_auth *auth, enum ph_stun_attr attr)
{
	bool sha1 = attr == PH_STUN_MESSAGE_INTEGRITY;
	size_t at = w->len, len = sha1 ? PH_STUN_SHA1_LEN : PH_STUN_SHA256_LEN;
	uint8_t header[PH_STUN_HEADER], *room;
	struct ph_str parts[2];

	ph_writer_u16(w, ph_stun_rows[attr].number);
	ph_writer_u16(w, (uint16_t)len);
	room = ph_writer_room(w, len);
	if (room == NULL)
		return;
	signed_parts(w->base, at, w->len, header, parts);
	if (!(sha1 ? ph_stun_auth_sha1 : ph_stun_auth_sha256)(auth, parts, room))
		w->bad = true;
}

static void
put_fingerprint(struct ph_writer *w)
{
	size_t at = w->len;

	ph_writer_u16(w, ph_stun_rows[PH_STUN_FINGERPRINT].number);
	ph_writer_u16(w, 4);
	ph_writer_u32(w, 0);
	if (w->bad)
		return;
	ph_put16(w->base + 2, (uint16_t)(w->len - PH_STUN_HEADER));
	ph_put32(w->base + at + ATTR, ph_crc32(0, w->base, at) ^ FINGERPRINT_XOR);
}

size_t
ph_stun_encode(const struct ph_stun *m, const struct ph_stun_seal *seal, void *out, size_t cap)
{
	struct ph_writer w = ph_writer(out, cap);

	ph_writer_u16(&w, type_of(m->method, m->class));
	ph_writer_u16(&w, 0);
	ph_writer_u32(&w, m->cookie);
	ph_writer_bytes(&w, m->id, sizeof(m->id));
	for (unsigned i = 0; i < PH_STUN_N_ATTRS && !w.bad; i++) {
		if ((m->has & PH_STUN_BIT(i)) == 0 || at_the_end(i))
			continue;
		(ph_stun_rows[i].put == NULL ? put_list : put_attr)(&w, m, &ph_stun_rows[i]);
	}
	if (seal != NULL && seal->sha1)
		put_hmac(&w, seal->auth, PH_STUN_MESSAGE_INTEGRITY);
	if (seal != NULL && seal->sha256)
		put_hmac(&w, seal->auth, PH_STUN_MESSAGE_INTEGRITY_SHA256);
	if (w.bad || w.len > PH_STUN_MAX)
		return 0;
	if (seal != NULL && seal->fingerprint)
		put_fingerprint(&w);
	if (w.bad)
		return 0;
	ph_put16(w.base + 2, (uint16_t)(w.len - PH_STUN_HEADER));
	return w.len;
}

/* --- reading --- */

bool
ph_stun_looks(const uint8_t *p, size_t n)
{
	return n >= 8 && (p[0] & 0xc0) == 0 && (p[3] & 3) == 0 &&
	    ph_be32(p + 4) == PH_STUN_COOKIE;
}

/* Required to be understood, and it is not. */
static void
note_strange(struct ph_stun *m, uint16_t number)
{
	if (number < 0x8000 && m->strange.n < PH_STUN_MAX_UNKNOWN)
		m->strange.v[m->strange.n++] = number;
}

/* Nobody has vouched for what stands there. */
static bool
is_after_integrity(const struct ph_stun *m, enum ph_stun_attr attr)
{
	if (attr == PH_STUN_FINGERPRINT)
		return false;
	if (ph_stun_has(m, PH_STUN_MESSAGE_INTEGRITY_SHA256))
		return true;
	return ph_stun_has(m, PH_STUN_MESSAGE_INTEGRITY) &&
	    attr != PH_STUN_MESSAGE_INTEGRITY_SHA256;
}

static void
note_place(struct ph_stun *m, enum ph_stun_attr attr, size_t at, size_t len)
{
	if (attr == PH_STUN_MESSAGE_INTEGRITY)
		m->at_sha1 = (uint16_t)at;
	if (attr != PH_STUN_MESSAGE_INTEGRITY_SHA256)
		return;
	m->at_sha256 = (uint16_t)at;
	m->sha256_len = (uint16_t)len;
}

/* False: the value cannot be what it says. */
static bool
take_attr(struct ph_stun *m, enum ph_stun_attr attr, struct ph_reader value, size_t at)
{
	const struct ph_stun_row *row = &ph_stun_rows[attr];
	size_t len = ph_reader_left(&value);
	bool list = row->put == NULL;

	if (ph_stun_has(m, attr) && !list)
		return true;
	if (len < row->min || len > row->max ||
	    (attr == PH_STUN_MESSAGE_INTEGRITY_SHA256 && len % 4 != 0))
		return false;
	row->get(&value, m, (char *)m + row->off);
	if (value.bad)
		return false;
	ph_stun_set(m, attr);
	note_place(m, attr, at, len);
	return true;
}

static enum ph_stun_fault
read_attrs(struct ph_stun *m, struct ph_reader *r)
{
	enum ph_stun_fault fault = PH_STUN_OK;

	while (ph_reader_left(r) > 0) {
		size_t at = (size_t)(r->p - m->bytes);
		uint16_t number = ph_reader_u16(r), len = ph_reader_u16(r);
		struct ph_reader value = ph_reader_sub(r, len);
		enum ph_stun_attr attr = ph_stun_row_find(number);

		ph_reader_skip(r, (0U - len) & 3);
		if (r->bad)
			return PH_STUN_ATTRS;
		if (is_after_integrity(m, attr))
			continue;
		if (attr == PH_STUN_FINGERPRINT && (ph_reader_left(r) > 0 || len != 4 ||
		    ph_be32(m->bytes + at + ATTR) != (ph_crc32(0, m->bytes, at) ^ FINGERPRINT_XOR)))
			return PH_STUN_NOT;
		if (attr == PH_STUN_N_ATTRS) {
			note_strange(m, number);
		} else if (!take_attr(m, attr, value, at) && number < 0x8000 &&
		    fault == PH_STUN_OK) {
			m->bad_attr = number;
			fault = PH_STUN_VALUE;
		}
	}
	return fault;
}

enum ph_stun_fault
ph_stun_decode(struct ph_stun *m, const void *p, size_t n)
{
	struct ph_reader r = ph_reader(p, n);
	uint16_t type = ph_reader_u16(&r), len = ph_reader_u16(&r);

	memset(m, 0, sizeof(*m));
	m->bytes = p;
	m->len = n;
	m->cookie = ph_reader_u32(&r);
	ph_reader_copy(&r, m->id, sizeof(m->id));
	if (r.bad || (type & 0xc000) != 0 || len % 4 != 0)
		return PH_STUN_NOT;
	if (n != PH_STUN_HEADER + (size_t)len)
		return PH_STUN_CUT;
	m->method = method_of(type);
	m->class = class_of(type);
	return read_attrs(m, &r);
}

bool
ph_stun_verify(const struct ph_stun *m, struct ph_stun_auth *auth)
{
	bool strong = ph_stun_has(m, PH_STUN_MESSAGE_INTEGRITY_SHA256);
	size_t at = strong ? m->at_sha256 : m->at_sha1;
	size_t len = strong ? m->sha256_len : PH_STUN_SHA1_LEN;
	uint8_t header[PH_STUN_HEADER], mac[PH_STUN_SHA256_LEN];
	struct ph_str parts[2];

	if (!strong && !ph_stun_has(m, PH_STUN_MESSAGE_INTEGRITY))
		return false;
	signed_parts(m->bytes, at, at + ATTR + len, header, parts);
	return (strong ? ph_stun_auth_sha256 : ph_stun_auth_sha1)(auth, parts, mac) &&
	    ph_stun_auth_same(mac, m->bytes + at + ATTR, len);
}

unsigned
ph_stun_strange(const struct ph_stun *m, uint64_t taken, struct ph_stun_unknown *out)
{
	*out = m->strange;
	for (unsigned i = 0; i < PH_STUN_N_ATTRS; i++)
		if ((m->has & ~taken & PH_STUN_BIT(i)) != 0 && ph_stun_rows[i].number < 0x8000 &&
		    out->n < PH_STUN_MAX_UNKNOWN)
			out->v[out->n++] = ph_stun_rows[i].number;
	return out->n;
}

/* --- names --- */

const char *
ph_stun_attr_name(enum ph_stun_attr attr)
{
	return ph_stun_rows[attr].name;
}

uint16_t
ph_stun_attr_number(enum ph_stun_attr attr)
{
	return ph_stun_rows[attr].number;
}

static const struct { uint16_t method; const char *name; } methods[] = {
	{ PH_STUN_BINDING, "binding" }, { PH_STUN_ALLOCATE, "allocate" },
	{ PH_STUN_REFRESH, "refresh" }, { PH_STUN_SEND, "send" }, { PH_STUN_DATA_IND, "data" },
	{ PH_STUN_CREATE_PERMISSION, "create-permission" },
	{ PH_STUN_CHANNEL_BIND, "channel-bind" }, { PH_STUN_CONNECT, "connect" },
	{ PH_STUN_CONNECTION_BIND, "connection-bind" },
	{ PH_STUN_CONNECTION_ATTEMPT, "connection-attempt" },
};

const char *
ph_stun_method_name(uint16_t method)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (methods[i].method == method)
			return methods[i].name;
	return NULL;
}

static const struct { uint16_t code; const char *reason; } reasons[] = {
	{ 300, "Try Alternate" }, { 400, "Bad Request" }, { 401, "Unauthenticated" },
	{ 403, "Forbidden" }, { 420, "Unknown Attribute" }, { 437, "Allocation Mismatch" },
	{ 438, "Stale Nonce" }, { 440, "Address Family not Supported" },
	{ 441, "Wrong Credentials" }, { 442, "Unsupported Transport Protocol" },
	{ 443, "Peer Address Family Mismatch" }, { 446, "Connection Already Exists" },
	{ 447, "Connection Timeout or Failure" }, { 486, "Allocation Quota Reached" },
	{ 500, "Server Error" }, { 508, "Insufficient Capacity" },
};

const char *
ph_stun_reason(uint16_t code)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].code == code)
			return reasons[i].reason;
	return "";
}

const char *
ph_stun_fault_name(enum ph_stun_fault f)
{
	static const char *const names[] = {
		[PH_STUN_OK] = "well-formed", [PH_STUN_NOT] = "not a STUN message",
		[PH_STUN_CUT] = "of another length than it says",
		[PH_STUN_ATTRS] = "attributes do not add up to the message",
		[PH_STUN_VALUE] = "an attribute cannot be what it says",
	};

	return names[f];
}

void
ph_stun_print(struct ph_buf *b, const struct ph_stun *m)
{
	static const char *const classes[] = { "request", "indication", "success", "error" };
	const char *method = ph_stun_method_name(m->method);

	if (method != NULL)
		ph_buf_printf(b, "%s %s", method, classes[m->class]);
	else
		ph_buf_printf(b, "method %u %s", (unsigned)m->method, classes[m->class]);
	for (unsigned i = 0; i < PH_STUN_N_ATTRS; i++) {
		if ((m->has & PH_STUN_BIT(i)) == 0)
			continue;
		ph_buf_printf(b, " %s", ph_stun_rows[i].name);
		if (ph_stun_rows[i].print != NULL)
			ph_stun_rows[i].print(b, (const char *)m + ph_stun_rows[i].off);
	}
}
