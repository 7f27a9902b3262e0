/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <string.h>

#include "wire/channel.h"
#include "wire/cursor.h"
#include "wire/stream.h"
#include "wire/stun.h"

static enum ph_stream_kind
frame_stun(const uint8_t *p, size_t n, struct ph_frame *f)
{
	if ((p[3] & 3) != 0)
		return PH_STREAM_BAD;
	if (n >= 8 && ph_be32(p + 4) != PH_STUN_COOKIE)
		return PH_STREAM_BAD;
	f->len = f->total = PH_STUN_HEADER + (size_t)ph_be16(p + 2);
	return n < f->total ? PH_STREAM_MORE : PH_STREAM_STUN;
}

enum ph_stream_kind
ph_stream_frame(const uint8_t *p, size_t n, struct ph_frame *f)
{
	*f = (struct ph_frame){ p, 0, PH_CHANNEL_HEAD };
	if (n > 0 && p[0] >= 0x80)
		return PH_STREAM_BAD;
	if (n < PH_CHANNEL_HEAD)
		return PH_STREAM_MORE;
	if (p[0] < 0x40)
		return frame_stun(p, n, f);
	f->len = PH_CHANNEL_HEAD + (size_t)ph_be16(p + 2);
	f->total = (f->len + 3) & ~(size_t)3;
	return n < f->total ? PH_STREAM_MORE : PH_STREAM_CHANNEL;
}

void
ph_stream_init(struct ph_stream *s, void *buf, size_t cap)
{
	*s = (struct ph_stream){ .buf = buf, .cap = cap };
}

uint8_t *
ph_stream_room(struct ph_stream *s, size_t *n)
{
	memmove(s->buf, s->buf + s->from, s->to - s->from);
	s->to -= s->from;
	s->from = 0;
	*n = s->cap - s->to;
	return s->buf + s->to;
}

void
ph_stream_added(struct ph_stream *s, size_t n)
{
	assert(n <= s->cap - s->to);
	s->to += n;
}

enum ph_stream_kind
ph_stream_take(struct ph_stream *s, struct ph_frame *f)
{
	enum ph_stream_kind kind = ph_stream_frame(s->buf + s->from, s->to - s->from, f);

	if (kind == PH_STREAM_MORE && f->total > s->cap)
		return PH_STREAM_BAD;
	if (kind == PH_STREAM_STUN || kind == PH_STREAM_CHANNEL)
		s->from += f->total;
	return kind;
}

void
ph_stream_back(struct ph_stream *s, const struct ph_frame *f)
{
	s->from -= f->total;
}

size_t
ph_stream_rest(struct ph_stream *s, void *out, size_t n)
{
	size_t there = s->to - s->from;

	n = n < there ? n : there;
	memcpy(out, s->buf + s->from, n);
	s->from += n;
	return n;
}

enum ph_stream_first
ph_stream_first(uint8_t byte)
{
	if (byte < 4)
		return PH_FIRST_STUN;
	if (byte == 0x16)
		return PH_FIRST_TLS;
	return byte >= 'A' && byte <= 'Z' ? PH_FIRST_HTTP : PH_FIRST_UNKNOWN;
}
