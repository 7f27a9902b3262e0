/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "wire/rtp.h"

static const uint8_t magic[4] = { 'P', 'H', 'r', 't' };

static bool
is_rtcp(uint8_t second)
{
	return second >= 192 && second <= 223;
}

static void
read_extension(struct ph_reader *r, struct ph_rtp *out)
{
	out->profile = ph_reader_u16(r);
	out->extension_len = (size_t)ph_reader_u16(r) * 4;
	out->extension = ph_reader_bytes(r, out->extension_len);
}

/* The last byte of a padded packet counts the padding, itself included. */
static bool
take_padding_off(struct ph_rtp *out)
{
	uint8_t n = out->payload_len > 0 ? out->payload[out->payload_len - 1] : 0;

	if (n == 0 || n > out->payload_len)
		return false;
	out->padding = n;
	out->payload_len -= n;
	return true;
}

bool
ph_rtp_decode(const void *p, size_t n, struct ph_rtp *out)
{
	struct ph_reader r = ph_reader(p, n);
	uint8_t first = ph_reader_u8(&r), second = ph_reader_u8(&r);

	*out = (struct ph_rtp){ 0 };
	if (first >> 6 != 2 || is_rtcp(second))
		return false;
	out->marker = second >> 7;
	out->type = second & 0x7f;
	out->seq = ph_reader_u16(&r);
	out->timestamp = ph_reader_u32(&r);
	out->ssrc = ph_reader_u32(&r);
	out->n_csrc = first & 0xf;
	for (unsigned i = 0; i < out->n_csrc; i++)
		out->csrc[i] = ph_reader_u32(&r);
	out->extended = first >> 4 & 1;
	if (out->extended)
		read_extension(&r, out);
	out->payload_len = ph_reader_left(&r);
	out->payload = ph_reader_bytes(&r, out->payload_len);
	if (r.bad)
		return false;
	return (first >> 5 & 1) == 0 || take_padding_off(out);
}

void
ph_rtp_encode(struct ph_writer *w, const struct ph_rtp *p)
{
	if (p->n_csrc > 15 || p->type > 127 || p->extension_len % 4 != 0 ||
	    p->extension_len / 4 > UINT16_MAX || is_rtcp((uint8_t)(p->marker << 7 | p->type))) {
		w->bad = true;
		return;
	}
	ph_writer_u8(w, (uint8_t)(2 << 6 | (p->padding > 0) << 5 | p->extended << 4 | p->n_csrc));
	ph_writer_u8(w, (uint8_t)(p->marker << 7 | p->type));
	ph_writer_u16(w, p->seq);
	ph_writer_u32(w, p->timestamp);
	ph_writer_u32(w, p->ssrc);
	for (unsigned i = 0; i < p->n_csrc; i++)
		ph_writer_u32(w, p->csrc[i]);
	if (p->extended) {
		ph_writer_u16(w, p->profile);
		ph_writer_u16(w, (uint16_t)(p->extension_len / 4));
		ph_writer_bytes(w, p->extension, p->extension_len);
	}
	ph_writer_bytes(w, p->payload, p->payload_len);
	if (p->padding > 0) {
		ph_writer_zeros(w, p->padding - 1u);
		ph_writer_u8(w, p->padding);
	}
}

bool
ph_rtp_test_decode(const uint8_t *p, size_t n, struct ph_rtp_test *out)
{
	struct ph_reader r = ph_reader(p, n);
	const uint8_t *head = ph_reader_bytes(&r, sizeof(magic));

	*out = (struct ph_rtp_test){ 0 };
	if (head == NULL || memcmp(head, magic, sizeof(magic)) != 0)
		return false;
	out->index = ph_reader_u32(&r);
	out->sent_us = ph_reader_u64(&r);
	out->echo_us = ph_reader_u64(&r);
	out->held_us = ph_reader_u32(&r);
	return !r.bad;
}

void
ph_rtp_test_encode(struct ph_writer *w, const struct ph_rtp_test *t, size_t len)
{
	uint8_t *fill;

	if (len < PH_RTP_TEST) {
		w->bad = true;
		return;
	}
	ph_writer_bytes(w, magic, sizeof(magic));
	ph_writer_u32(w, t->index);
	ph_writer_u64(w, t->sent_us);
	ph_writer_u64(w, t->echo_us);
	ph_writer_u32(w, t->held_us);
	fill = ph_writer_room(w, len - PH_RTP_TEST);
	for (size_t i = 0; fill != NULL && i < len - PH_RTP_TEST; i++)
		fill[i] = (uint8_t)i;
}
