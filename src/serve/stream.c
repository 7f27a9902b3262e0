/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "serve/stream.h"

bool
ph_stream_far_init(struct ph_stream_far *s, const struct ph_control_stream *what, int fd)
{
	uint64_t us = (uint64_t)what->duration_ms * 1000;

	ph_stream_far_fini(s);
	if (what->duration_ms > PH_STREAM_FAR_MS)
		return false;
	s->what = *what;
	s->fd = fd;
	s->there = true;
	ph_quality_init(&s->quality, &s->mem, what->ssrc_in, ph_rtp_audio.clock_hz,
	    ph_rtp_stream_count(&ph_rtp_audio, us));
	return true;
}

void
ph_stream_far_fini(struct ph_stream_far *s)
{
	ph_arena_fini(&s->mem);
	*s = (struct ph_stream_far){ .fd = -1 };
}

bool
ph_stream_far_take(struct ph_stream_far *s, uint64_t now, const struct ph_udp_msg *m)
{
	struct ph_rtp_test t;

	if (!s->there || !ph_quality_input(&s->quality, m->at_us, m->data, m->len, &t))
		return false;
	if (!s->begun)
		ph_rtp_stream_init(&s->out, &ph_rtp_audio, s->what.ssrc_out, now,
		    (uint64_t)s->what.duration_ms * 1000);
	s->begun = true;
	s->to = m->addr;
	s->to_port = m->port;
	ph_rtp_stream_heard(&s->out, m->at_us, t.sent_us);
	return true;
}

uint64_t
ph_stream_far_run(struct ph_stream_far *s, uint64_t now)
{
	uint8_t bytes[PH_RTP_STREAM_MAX];
	size_t n;

	if (!s->begun)
		return UINT64_MAX;
	while ((n = ph_rtp_stream_output(&s->out, now, bytes, sizeof(bytes))) > 0) {
		struct ph_udp_msg m = {
			.data = bytes, .len = (uint32_t)n, .addr = s->to, .port = s->to_port,
		};

		s->sent += ph_udp_send(s->fd, &m, 1) == 1;
	}
	return ph_rtp_stream_deadline(&s->out);
}

void
ph_stream_far_result(const struct ph_stream_far *s, uint32_t sent,
    struct ph_control_streamed *out)
{
	struct ph_quality_result q = ph_quality_result(&s->quality, sent, 0);

	*out = (struct ph_control_streamed){
		.sent = s->sent, .expected = q.expected, .received = q.received,
		.duplicated = q.duplicated, .reordered = q.reordered,
		.lost_ppm = (uint32_t)(q.loss * 1e6 + 0.5),
		.jitter_us = (uint32_t)(q.jitter_ms * 1e3 + 0.5),
		.mos_milli = (uint32_t)(q.mos * 1e3 + 0.5),
	};
}
