/* SPDX-License-Identifier: ISC */
#include "engine/rtp_stream.h"
#include "wire/rtp.h"

const struct ph_rtp_pattern ph_rtp_audio = {
	.name = "audio", .type = PH_RTP_PCMU, .clock_hz = 8000, .frame_us_x3 = 60000,
	.payload = 160, .cycle = 1, .key_packets = 1, .packets = 1,
};

/*
 * 30 frames a second: one of 20 packets and 29 of 3 are 107 packets of 1,168 bytes
 * of RTP, 1.0 Mb/s.
 */
const struct ph_rtp_pattern ph_rtp_video = {
	.name = "video", .type = PH_RTP_DYNAMIC, .clock_hz = 90000, .frame_us_x3 = 100000,
	.gap_us = 500, .payload = 1156, .cycle = 30, .key_packets = 20, .packets = 3,
};

/* Where a packet stands: its frame, and its place among the packets of the frame. */
struct place {
	uint64_t frame;
	uint32_t nth, of;
};

static struct place
place_of(const struct ph_rtp_pattern *p, uint32_t index)
{
	uint32_t in_cycle = p->key_packets + (p->cycle - 1) * p->packets;
	uint32_t rest = index % in_cycle;
	struct place at = { (uint64_t)(index / in_cycle) * p->cycle, rest, p->key_packets };

	if (rest >= p->key_packets) {
		rest -= p->key_packets;
		at.frame += 1 + rest / p->packets;
		at.nth = rest % p->packets;
		at.of = p->packets;
	}
	return at;
}

static uint64_t
after_start(const struct ph_rtp_pattern *p, uint32_t index)
{
	struct place at = place_of(p, index);

	return at.frame * p->frame_us_x3 / 3 + (uint64_t)at.nth * p->gap_us;
}

void
ph_rtp_stream_init(struct ph_rtp_stream *s, const struct ph_rtp_pattern *pattern, uint32_t ssrc,
    uint64_t start, uint64_t duration_us)
{
	*s = (struct ph_rtp_stream){ .pattern = pattern, .ssrc = ssrc, .start_us = start,
		.until_us = start + duration_us };
}

void
ph_rtp_stream_heard(struct ph_rtp_stream *s, uint64_t now, uint64_t sent_us)
{
	s->heard_sent_us = sent_us;
	s->heard_at_us = now;
}

uint64_t
ph_rtp_stream_deadline(const struct ph_rtp_stream *s)
{
	uint64_t at = s->start_us + after_start(s->pattern, s->index);

	return at < s->until_us ? at : UINT64_MAX;
}

size_t
ph_rtp_stream_output(struct ph_rtp_stream *s, uint64_t now, uint8_t *out, size_t cap)
{
	const struct ph_rtp_pattern *p = s->pattern;
	uint64_t due = ph_rtp_stream_deadline(s);
	struct place at = place_of(p, s->index);
	struct ph_writer w = ph_writer(out, cap);
	uint64_t held = s->heard_sent_us != 0 && now > s->heard_at_us ? now - s->heard_at_us : 0;
	struct ph_rtp_test test = { s->index, now, s->heard_sent_us,
		held > UINT32_MAX ? UINT32_MAX : (uint32_t)held };

	if (now < due)
		return 0;
	if (now - due > s->late_us)
		s->late_us = now - due;
	ph_rtp_encode(&w, &(struct ph_rtp){
		.marker = at.nth + 1 == at.of && at.of > 1, .type = p->type,
		.seq = (uint16_t)s->index, .ssrc = s->ssrc,
		.timestamp = (uint32_t)(at.frame * p->frame_us_x3 * p->clock_hz / 3000000),
	});
	ph_rtp_test_encode(&w, &test, p->payload);
	if (w.bad)
		return 0;
	s->index++;
	return w.len;
}

uint32_t
ph_rtp_stream_count(const struct ph_rtp_pattern *p, uint64_t duration_us)
{
	uint32_t n = 0;

	while (after_start(p, n) < duration_us)
		n++;
	return n;
}
