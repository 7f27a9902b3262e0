/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "wire/control.h"

/* --- pieces --- */

static void
put_addr(struct ph_writer *w, ph_u128 a)
{
	ph_writer_u8(w, ph_addr_is_v4(a) ? 4 : a == 0 ? 0 : 6);
	if (a != 0)
		ph_writer_addr(w, a);
}

static ph_u128
get_addr(struct ph_reader *r)
{
	uint8_t family = ph_reader_u8(r);
	ph_u128 a;

	if (family == 0)
		return 0;
	if (family != 4 && family != 6)
		r->bad = true;
	a = r->bad ? 0 : ph_reader_addr(r, family == 6);
	if (a == 0 || ph_addr_is_v4(a) != (family == 4))
		r->bad = true;
	return a;
}

static void
put_ranges(struct ph_writer *w, const struct ph_control_ranges *v)
{
	if (v->n > PH_CONTROL_RANGES)
		w->bad = true;
	ph_writer_u16(w, (uint16_t)v->n);
	for (size_t i = 0; i < v->n && !w->bad; i++) {
		ph_writer_u16(w, v->v[i].lo);
		ph_writer_u16(w, v->v[i].hi);
	}
}

static struct ph_control_range
get_range(struct ph_reader *r)
{
	struct ph_control_range v = { .lo = ph_reader_u16(r) };

	v.hi = ph_reader_u16(r);
	if (v.lo > v.hi)
		r->bad = true;
	return v;
}

static struct ph_control_ranges
get_ranges(struct ph_reader *r, struct ph_control_room *room)
{
	size_t n = ph_reader_u16(r);

	if (n > PH_CONTROL_RANGES)
		r->bad = true;
	for (size_t i = 0; i < n && !r->bad; i++)
		room->ranges[i] = get_range(r);
	return (struct ph_control_ranges){ room->ranges, r->bad ? 0 : n };
}

/* A number below ${end}. */
static uint8_t
get_below(struct ph_reader *r, unsigned end)
{
	uint8_t v = ph_reader_u8(r);

	if (v >= end)
		r->bad = true;
	return v;
}

/* --- bodies, each both ways --- */

static void
put_nothing(struct ph_writer *w, const struct ph_control_msg *m)
{
	(void)w;
	(void)m;
}

static void
get_nothing(struct ph_reader *r, struct ph_control_msg *m, struct ph_control_room *room)
{
	(void)r;
	(void)m;
	(void)room;
}

static void
put_hello(struct ph_writer *w, const struct ph_control_msg *m)
{
	ph_writer_u16(w, m->version);
}

static void
get_hello(struct ph_reader *r, struct ph_control_msg *m, struct ph_control_room *room)
{
	(void)room;
	m->version = ph_reader_u16(r);
}

static void
put_welcome(struct ph_writer *w, const struct ph_control_msg *m)
{
	const struct ph_control_welcome *v = &m->welcome;

	ph_writer_u16(w, v->version);
	ph_writer_bytes(w, v->name, sizeof(v->name));
	ph_writer_bytes(w, v->key, sizeof(v->key));
	ph_writer_bytes(w, v->salt, sizeof(v->salt));
	put_addr(w, v->seen);
	ph_writer_u16(w, v->seen_port);
	put_addr(w, v->other);
	ph_writer_u16(w, v->stun_port);
	ph_writer_u16(w, v->other_port);
	ph_writer_u32(w, v->max_ports);
	ph_writer_u32(w, v->max_pps);
	ph_writer_u32(w, v->max_s);
}

static void
get_welcome(struct ph_reader *r, struct ph_control_msg *m, struct ph_control_room *room)
{
	struct ph_control_welcome *v = &m->welcome;

	(void)room;
	v->version = ph_reader_u16(r);
	ph_reader_copy(r, v->name, sizeof(v->name));
	ph_reader_copy(r, v->key, sizeof(v->key));
	ph_reader_copy(r, v->salt, sizeof(v->salt));
	v->seen = get_addr(r);
	v->seen_port = ph_reader_u16(r);
	v->other = get_addr(r);
	v->stun_port = ph_reader_u16(r);
	v->other_port = ph_reader_u16(r);
	v->max_ports = ph_reader_u32(r);
	v->max_pps = ph_reader_u32(r);
	v->max_s = ph_reader_u32(r);
}

static void
put_bind(struct ph_writer *w, const struct ph_control_msg *m)
{
	ph_writer_u8(w, m->bind.proto);
	put_ranges(w, &m->bind.ports);
}

static void
get_bind(struct ph_reader *r, struct ph_control_msg *m, struct ph_control_room *room)
{
	m->bind.proto = get_below(r, PH_CONTROL_PROTOS);
	m->bind.ports = get_ranges(r, room);
}

static void
put_bound(struct ph_writer *w, const struct ph_control_msg *m)
{
	ph_writer_u8(w, m->bound.proto);
	ph_writer_u16(w, m->bound.err);
	put_ranges(w, &m->bound.failed);
}

static void
get_bound(struct ph_reader *r, struct ph_control_msg *m, struct ph_control_room *room)
{
	m->bound.proto = get_below(r, PH_CONTROL_PROTOS);
	m->bound.err = ph_reader_u16(r);
	m->bound.failed = get_ranges(r, room);
}

static void
put_receipts_get(struct ph_writer *w, const struct ph_control_msg *m)
{
	ph_writer_u8(w, m->receipts_get.fresh);
}

static void
get_receipts_get(struct ph_reader *r, struct ph_control_msg *m, struct ph_control_room *room)
{
	(void)room;
	m->receipts_get.fresh = get_below(r, 2) != 0;
}

static void
put_receipts(struct ph_writer *w, const struct ph_control_msg *m)
{
	const struct ph_control_receipts *v = &m->receipts;

	if (v->n > PH_CONTROL_ITEMS)
		w->bad = true;
	ph_writer_u8(w, v->more);
	ph_writer_u16(w, (uint16_t)v->n);
	for (size_t i = 0; i < v->n && !w->bad; i++) {
		const struct ph_control_receipt *x = &v->v[i];

		ph_writer_u8(w, x->kind);
		ph_writer_u16(w, x->number);
		ph_writer_u16(w, x->tries);
		put_addr(w, x->addr);
		ph_writer_u16(w, x->port);
		ph_writer_u8(w, x->tos);
		ph_writer_u8(w, x->ttl);
		ph_writer_u16(w, x->len);
		ph_writer_u32(w, x->ago_us);
	}
}

static void
get_receipts(struct ph_reader *r, struct ph_control_msg *m, struct ph_control_room *room)
{
	size_t n;

	m->receipts.more = get_below(r, 2) != 0;
	n = ph_reader_u16(r);
	if (n > PH_CONTROL_ITEMS)
		r->bad = true;
	for (size_t i = 0; i < n && !r->bad; i++) {
		struct ph_control_receipt *x = &room->receipts[i];

		x->kind = get_below(r, PH_CONTROL_KINDS);
		x->number = ph_reader_u16(r);
		x->tries = ph_reader_u16(r);
		x->addr = get_addr(r);
		x->port = ph_reader_u16(r);
		x->tos = ph_reader_u8(r);
		x->ttl = ph_reader_u8(r);
		x->len = ph_reader_u16(r);
		x->ago_us = ph_reader_u32(r);
	}
	m->receipts.v = room->receipts;
	m->receipts.n = r->bad ? 0 : n;
}

static void
put_send(struct ph_writer *w, const struct ph_control_msg *m)
{
	const struct ph_control_send *v = &m->send;

	put_ranges(w, &(struct ph_control_ranges){ (struct ph_control_range[]){
	    v->from, v->to }, 2 });
	ph_writer_u8(w, v->kind);
	ph_writer_u8(w, v->tries);
	ph_writer_u32(w, v->pps);
}

static void
get_send(struct ph_reader *r, struct ph_control_msg *m, struct ph_control_room *room)
{
	struct ph_control_ranges v = get_ranges(r, room);

	if (v.n != 2)
		r->bad = true;
	if (!r->bad) {
		m->send.from = v.v[0];
		m->send.to = v.v[1];
	}
	m->send.kind = get_below(r, PH_CONTROL_KINDS);
	m->send.tries = get_below(r, 17);
	m->send.pps = ph_reader_u32(r);
}

static void
put_mirror(struct ph_writer *w, const struct ph_control_msg *m)
{
	ph_writer_u8(w, m->mirror.proto);
	ph_writer_u16(w, m->mirror.port);
}

static void
get_mirror(struct ph_reader *r, struct ph_control_msg *m, struct ph_control_room *room)
{
	(void)room;
	m->mirror.proto = get_below(r, PH_CONTROL_PROTOS);
	m->mirror.port = ph_reader_u16(r);
}

static void
put_blob(struct ph_writer *w, const uint8_t *p, uint16_t len)
{
	if (len > PH_CONTROL_BYTES)
		w->bad = true;
	ph_writer_u8(w, p != NULL);
	ph_writer_u16(w, len);
	if (p != NULL)
		ph_writer_bytes(w, p, len);
}

static const uint8_t *
get_blob(struct ph_reader *r, uint16_t *len)
{
	bool any = get_below(r, 2) != 0;
	const uint8_t *p = NULL;

	*len = ph_reader_u16(r);
	if (*len > PH_CONTROL_BYTES || (!any && *len > 0))
		r->bad = true;
	if (any)
		p = ph_reader_bytes(r, *len);
	return p;
}

static void
put_mirrored(struct ph_writer *w, const struct ph_control_msg *m)
{
	const struct ph_control_mirrored *v = &m->mirrored;

	ph_writer_u8(w, v->proto);
	ph_writer_u16(w, v->port);
	put_addr(w, v->from);
	ph_writer_u16(w, v->from_port);
	put_blob(w, v->bytes, v->len);
	put_blob(w, v->sent, v->sent_len);
}

static void
get_mirrored(struct ph_reader *r, struct ph_control_msg *m, struct ph_control_room *room)
{
	struct ph_control_mirrored *v = &m->mirrored;

	(void)room;
	v->proto = get_below(r, PH_CONTROL_PROTOS);
	v->port = ph_reader_u16(r);
	v->from = get_addr(r);
	v->from_port = ph_reader_u16(r);
	v->bytes = get_blob(r, &v->len);
	v->sent = get_blob(r, &v->sent_len);
}

static void
put_exported(struct ph_writer *w, const struct ph_control_msg *m)
{
	ph_writer_bytes(w, m->exported, sizeof(m->exported));
}

static void
get_exported(struct ph_reader *r, struct ph_control_msg *m, struct ph_control_room *room)
{
	(void)room;
	ph_reader_copy(r, m->exported, sizeof(m->exported));
}

static void
put_stream(struct ph_writer *w, const struct ph_control_msg *m)
{
	ph_writer_u16(w, m->stream.port);
	ph_writer_u32(w, m->stream.ssrc_in);
	ph_writer_u32(w, m->stream.ssrc_out);
	ph_writer_u32(w, m->stream.duration_ms);
}

static void
get_stream(struct ph_reader *r, struct ph_control_msg *m, struct ph_control_room *room)
{
	(void)room;
	m->stream.port = ph_reader_u16(r);
	m->stream.ssrc_in = ph_reader_u32(r);
	m->stream.ssrc_out = ph_reader_u32(r);
	m->stream.duration_ms = ph_reader_u32(r);
}

static void
put_stream_end(struct ph_writer *w, const struct ph_control_msg *m)
{
	ph_writer_u32(w, m->stream_sent);
}

static void
get_stream_end(struct ph_reader *r, struct ph_control_msg *m, struct ph_control_room *room)
{
	(void)room;
	m->stream_sent = ph_reader_u32(r);
}

static void
put_streamed(struct ph_writer *w, const struct ph_control_msg *m)
{
	const struct ph_control_streamed *v = &m->streamed;

	ph_writer_u32(w, v->sent);
	ph_writer_u32(w, v->expected);
	ph_writer_u32(w, v->received);
	ph_writer_u32(w, v->duplicated);
	ph_writer_u32(w, v->reordered);
	ph_writer_u32(w, v->lost_ppm);
	ph_writer_u32(w, v->jitter_us);
	ph_writer_u32(w, v->mos_milli);
}

static void
get_streamed(struct ph_reader *r, struct ph_control_msg *m, struct ph_control_room *room)
{
	struct ph_control_streamed *v = &m->streamed;

	(void)room;
	v->sent = ph_reader_u32(r);
	v->expected = ph_reader_u32(r);
	v->received = ph_reader_u32(r);
	v->duplicated = ph_reader_u32(r);
	v->reordered = ph_reader_u32(r);
	v->lost_ppm = ph_reader_u32(r);
	v->jitter_us = ph_reader_u32(r);
	v->mos_milli = ph_reader_u32(r);
}

static void
put_error(struct ph_writer *w, const struct ph_control_msg *m)
{
	size_t n = strnlen(m->error.text, PH_CONTROL_TEXT - 1);

	ph_writer_u16(w, m->error.code);
	ph_writer_u8(w, (uint8_t)n);
	ph_writer_bytes(w, m->error.text, n);
}

static void
get_error(struct ph_reader *r, struct ph_control_msg *m, struct ph_control_room *room)
{
	size_t n;

	(void)room;
	m->error.code = ph_reader_u16(r);
	n = get_below(r, PH_CONTROL_TEXT);
	if (!r->bad)
		ph_reader_copy(r, m->error.text, n);
	if (memchr(m->error.text, '\0', n) != NULL)
		r->bad = true;
}

static const struct {
	void (*put)(struct ph_writer *, const struct ph_control_msg *);
	void (*get)(struct ph_reader *, struct ph_control_msg *, struct ph_control_room *);
} bodies[PH_CONTROL_TYPES] = {
	[PH_CONTROL_HELLO] = { put_hello, get_hello },
	[PH_CONTROL_WELCOME] = { put_welcome, get_welcome },
	[PH_CONTROL_BIND] = { put_bind, get_bind },
	[PH_CONTROL_CONNECT] = { put_bind, get_bind },
	[PH_CONTROL_BOUND] = { put_bound, get_bound },
	[PH_CONTROL_RELEASE] = { put_nothing, get_nothing },
	[PH_CONTROL_DONE] = { put_nothing, get_nothing },
	[PH_CONTROL_RECEIPTS_GET] = { put_receipts_get, get_receipts_get },
	[PH_CONTROL_RECEIPTS] = { put_receipts, get_receipts },
	[PH_CONTROL_SEND] = { put_send, get_send },
	[PH_CONTROL_MIRROR] = { put_mirror, get_mirror },
	[PH_CONTROL_MIRRORED] = { put_mirrored, get_mirrored },
	[PH_CONTROL_EXPORTER] = { put_mirror, get_mirror },
	[PH_CONTROL_STREAM] = { put_stream, get_stream },
	[PH_CONTROL_STREAM_END] = { put_stream_end, get_stream_end },
	[PH_CONTROL_STREAMED] = { put_streamed, get_streamed },
	[PH_CONTROL_EXPORTED] = { put_exported, get_exported },
	[PH_CONTROL_PING] = { put_nothing, get_nothing },
	[PH_CONTROL_PONG] = { put_nothing, get_nothing },
	[PH_CONTROL_BYE] = { put_nothing, get_nothing },
	[PH_CONTROL_ERROR] = { put_error, get_error },
};

/* --- frames --- */

size_t
ph_control_encode(const struct ph_control_msg *m, uint8_t *out, size_t cap)
{
	struct ph_writer w = ph_writer(out, cap);
	struct ph_scope body;

	ph_writer_u16(&w, (uint16_t)m->type);
	body = ph_writer_open(&w, 2);
	bodies[m->type].put(&w, m);
	ph_writer_close(&w, body);
	return w.bad || w.len > PH_CONTROL_HEADER + PH_CONTROL_BODY ? 0 : w.len;
}

size_t
ph_control_frame(const uint8_t *p, size_t n)
{
	size_t len;

	if (n < PH_CONTROL_HEADER)
		return 0;
	len = ph_be16(p + 2);
	if (len > PH_CONTROL_BODY)
		return SIZE_MAX;
	return n < PH_CONTROL_HEADER + len ? 0 : PH_CONTROL_HEADER + len;
}

bool
ph_control_decode(struct ph_control_msg *m, struct ph_control_room *room, const uint8_t *p,
    size_t n)
{
	struct ph_reader r = ph_reader(p, n), body;
	uint16_t type = ph_reader_u16(&r);

	body = ph_reader_sub(&r, ph_reader_u16(&r));
	memset(m, 0, sizeof(*m));
	if (!ph_reader_end(&r) || type >= PH_CONTROL_TYPES || bodies[type].get == NULL)
		return false;
	m->type = (enum ph_control_type)type;
	bodies[type].get(&body, m, room);
	return ph_reader_end(&body);
}

/* --- what a datagram belongs to --- */

void
ph_control_id_put(const struct ph_control_id *id, const uint8_t *salt, uint8_t out[12])
{
	memset(out, 0, 12);
	out[0] = (uint8_t)id->kind;
	out[1] = id->try;
	ph_put16(out + 2, id->number);
	memcpy(out + 4, salt, PH_CONTROL_SALT);
}

bool
ph_control_id_get(const uint8_t *p, const uint8_t *salt, struct ph_control_id *id)
{
	if (p[0] >= PH_CONTROL_KINDS || p[1] > 15 || memcmp(p + 4, salt, PH_CONTROL_SALT) != 0)
		return false;
	*id = (struct ph_control_id){
		.kind = (enum ph_control_kind)p[0], .try = p[1], .number = ph_be16(p + 2),
	};
	return true;
}
