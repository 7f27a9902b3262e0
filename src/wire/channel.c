/* SPDX-License-Identifier: ISC */
#include "wire/channel.h"
#include "wire/cursor.h"

bool
ph_channel_decode(struct ph_channel *c, const void *p, size_t n)
{
	struct ph_reader r = ph_reader(p, n);

	c->number = ph_reader_u16(&r);
	c->len = ph_reader_u16(&r);
	c->data = ph_reader_bytes(&r, c->len);
	return !r.bad && c->number >= PH_CHANNEL_FIRST && c->number <= PH_CHANNEL_LAST;
}

void
ph_channel_head(uint8_t *out, uint16_t number, uint16_t len)
{
	ph_put16(out, number);
	ph_put16(out + 2, len);
}

size_t
ph_channel_encode(const struct ph_channel *c, bool stream, void *out, size_t cap)
{
	struct ph_writer w = ph_writer(out, cap);

	ph_writer_u16(&w, c->number);
	ph_writer_u16(&w, c->len);
	ph_writer_bytes(&w, c->data, c->len);
	if (stream)
		ph_writer_zeros(&w, -(size_t)c->len & 3);
	return w.bad ? 0 : w.len;
}
