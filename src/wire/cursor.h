/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_CURSOR_H
#define PH_WIRE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

/*
 * DOC: Cursors with a sticky error
 *
 * A reader stands in bytes that somebody sent, a writer in a buffer of fixed size.
 * Whatever does not fit sets ${bad} and changes nothing else: a short read gives
 * zero and stays short, a write that is too long writes nothing and closes the
 * writer.  So a message is read or written straight through, and asked once, at the
 * end, whether it was all there.  Numbers are big-endian on the wire.
 *
 * Lengths that stand before what they count are scopes: ph_writer_open() leaves room
 * for the length, ph_writer_close() fills it in; ph_reader_sub() gives a reader that
 * cannot leave its part.
 */
struct ph_reader {
	const uint8_t *p, *end;
	bool bad;
};

struct ph_writer {
	uint8_t *base;
	size_t len, cap;		/* bytes */
	bool bad;
};

/* An open length field of a writer. */
struct ph_scope {
	size_t at;			/* of the field */
	unsigned width;			/* bytes of the field: 1, 2, 3 or 4 */
};

/* ph_reader(p, n): at the first of ${n} bytes. */
struct ph_reader ph_reader(const void *, size_t);

/* ph_reader_left(r): bytes not read; 0 when bad. */
static inline size_t
ph_reader_left(const struct ph_reader *r)
{
	return r->bad ? 0 : (size_t)(r->end - r->p);
}

/* ph_reader_end(r): was everything read, and nothing missing? */
bool ph_reader_end(const struct ph_reader *);

/* ph_reader_bytes(r, n): the next ${n} bytes, borrowed; NULL when fewer are left. */
const uint8_t *ph_reader_bytes(struct ph_reader *, size_t);

/* ph_reader_copy(r, to, n): copy the next ${n} bytes; zeros when fewer are left. */
void ph_reader_copy(struct ph_reader *, void *, size_t);

/* ph_reader_skip(r, n): pass over ${n} bytes. */
void ph_reader_skip(struct ph_reader *, size_t);

/* ph_reader_sub(r, n): a reader of just the next ${n} bytes, which ${r} passes over. */
struct ph_reader ph_reader_sub(struct ph_reader *, size_t);

/* ph_reader_u8(r) and so on: the next number, in host order. */
uint8_t ph_reader_u8(struct ph_reader *);
uint16_t ph_reader_u16(struct ph_reader *);
uint32_t ph_reader_u32(struct ph_reader *);
uint64_t ph_reader_u64(struct ph_reader *);

/* ph_reader_addr(r, v6): the 4 or 16 bytes of an address. */
ph_u128 ph_reader_addr(struct ph_reader *, bool);

/* ph_writer(p, cap): at the first of ${cap} bytes. */
struct ph_writer ph_writer(void *, size_t);

/* ph_writer_room(w, n): the next ${n} bytes, to be filled in; NULL when bad. */
uint8_t *ph_writer_room(struct ph_writer *, size_t);

/* ph_writer_bytes(w, p, n): copy ${n} bytes there. */
void ph_writer_bytes(struct ph_writer *, const void *, size_t);

/* ph_writer_zeros(w, n): ${n} zero bytes. */
void ph_writer_zeros(struct ph_writer *, size_t);

/* ph_writer_u8(w, v) and so on: a number. */
void ph_writer_u8(struct ph_writer *, uint8_t);
void ph_writer_u16(struct ph_writer *, uint16_t);
void ph_writer_u32(struct ph_writer *, uint32_t);
void ph_writer_u64(struct ph_writer *, uint64_t);

/* ph_writer_addr(w, a): the 4 or 16 bytes of an address, by its family. */
void ph_writer_addr(struct ph_writer *, ph_u128);

/*
 * ph_writer_open(w, width): leave ${width} bytes for a length.
 * ph_writer_close(w, s): fill in how many bytes came after them; bad when that many
 * do not fit the field.  Scopes close in reverse order.
 */
struct ph_scope ph_writer_open(struct ph_writer *, unsigned);
void ph_writer_close(struct ph_writer *, struct ph_scope);

/* ph_be16(p), ph_be32(p), ph_put16(p, v), ph_put32(p, v): numbers at known places. */
static inline uint16_t
ph_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
ph_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void
ph_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
ph_put32(uint8_t *p, uint32_t v)
{
	ph_put16(p, (uint16_t)(v >> 16));
	ph_put16(p + 2, (uint16_t)v);
}

#endif
