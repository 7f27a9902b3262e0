/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <string.h>

#include "wire/cursor.h"

struct ph_reader
ph_reader(const void *p, size_t n)
{
	static const uint8_t none;
	const uint8_t *start = p != NULL ? p : &none;

	return (struct ph_reader){ start, start + (p != NULL ? n : 0), false };
}

bool
ph_reader_end(const struct ph_reader *r)
{
	return !r->bad && r->p == r->end;
}

const uint8_t *
ph_reader_bytes(struct ph_reader *r, size_t n)
{
	const uint8_t *at = r->p;

	if (r->bad || n > (size_t)(r->end - r->p)) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	return at;
}

void
ph_reader_copy(struct ph_reader *r, void *to, size_t n)
{
	const uint8_t *p = ph_reader_bytes(r, n);

	if (p != NULL)
		memcpy(to, p, n);
	else
		memset(to, 0, n);
}

void
ph_reader_skip(struct ph_reader *r, size_t n)
{
	ph_reader_bytes(r, n);
}

struct ph_reader
ph_reader_sub(struct ph_reader *r, size_t n)
{
	const uint8_t *p = ph_reader_bytes(r, n);
	struct ph_reader sub = ph_reader(p, n);

	sub.bad = p == NULL;
	return sub;
}

uint8_t
ph_reader_u8(struct ph_reader *r)
{
	const uint8_t *p = ph_reader_bytes(r, 1);

	return p != NULL ? *p : 0;
}

uint16_t
ph_reader_u16(struct ph_reader *r)
{
	const uint8_t *p = ph_reader_bytes(r, 2);

	return p != NULL ? ph_be16(p) : 0;
}

uint32_t
ph_reader_u32(struct ph_reader *r)
{
	const uint8_t *p = ph_reader_bytes(r, 4);

	return p != NULL ? ph_be32(p) : 0;
}

uint64_t
ph_reader_u64(struct ph_reader *r)
{
	const uint8_t *p = ph_reader_bytes(r, 8);

	return p != NULL ? (uint64_t)ph_be32(p) << 32 | ph_be32(p + 4) : 0;
}

ph_u128
ph_reader_addr(struct ph_reader *r, bool v6)
{
	ph_u128 high;

	if (!v6)
		return PH_V4(ph_reader_u32(r));
	high = ph_reader_u64(r);
	return high << 64 | ph_reader_u64(r);
}

struct ph_writer
ph_writer(void *p, size_t cap)
{
	return (struct ph_writer){ p, 0, cap, false };
}

uint8_t *
ph_writer_room(struct ph_writer *w, size_t n)
{
	uint8_t *at;

	if (w->bad || n > w->cap - w->len) {
		w->bad = true;
		return NULL;
	}
	at = w->base + w->len;
	w->len += n;
	return at;
}

void
ph_writer_bytes(struct ph_writer *w, const void *p, size_t n)
{
	uint8_t *to = ph_writer_room(w, n);

	if (to != NULL && n > 0)
		memcpy(to, p, n);
}

void
ph_writer_zeros(struct ph_writer *w, size_t n)
{
	uint8_t *to = ph_writer_room(w, n);

	if (to != NULL)
		memset(to, 0, n);
}

void
ph_writer_u8(struct ph_writer *w, uint8_t v)
{
	ph_writer_bytes(w, &v, 1);
}

void
ph_writer_u16(struct ph_writer *w, uint16_t v)
{
	uint8_t *to = ph_writer_room(w, 2);

	if (to != NULL)
		ph_put16(to, v);
}

void
ph_writer_u32(struct ph_writer *w, uint32_t v)
{
	uint8_t *to = ph_writer_room(w, 4);

	if (to != NULL)
		ph_put32(to, v);
}

void
ph_writer_u64(struct ph_writer *w, uint64_t v)
{
	uint8_t *to = ph_writer_room(w, 8);

	if (to != NULL) {
		ph_put32(to, (uint32_t)(v >> 32));
		ph_put32(to + 4, (uint32_t)v);
	}
}

void
ph_writer_addr(struct ph_writer *w, ph_u128 a)
{
	if (ph_addr_is_v4(a)) {
		ph_writer_u32(w, (uint32_t)(a - PH_V4_BASE));
	} else {
		ph_writer_u64(w, (uint64_t)(a >> 64));
		ph_writer_u64(w, (uint64_t)a);
	}
}

struct ph_scope
ph_writer_open(struct ph_writer *w, unsigned width)
{
	struct ph_scope s = { w->len, width };

	assert(width >= 1 && width <= 4);
	ph_writer_zeros(w, width);
	return s;
}

void
ph_writer_close(struct ph_writer *w, struct ph_scope s)
{
	size_t n;

	if (w->bad)
		return;
	n = w->len - s.at - s.width;
	if (n >> (8 * s.width) != 0) {
		w->bad = true;
		return;
	}
	for (unsigned i = s.width; i-- > 0; n >>= 8)
		w->base[s.at + i] = (uint8_t)n;
}
