/* SPDX-License-Identifier: ISC */
#include <unistd.h>

#include "os/errqueue.h"
#include "os/udp.h"
#include "probe/streaming.h"

enum {
	LATE_US = 600000,		/* after the last packet */
	DSCP_EF = 46 << 2,		/* as telephones mark sound, RFC 4594 */
};

static void
on_streamed(void *arg, const struct ph_control_streamed *far)
{
	struct ph_streaming *x = arg;

	x->told = far != NULL;
	if (far != NULL)
		x->far = *far;
	ph_streaming_end(x);
}

static void
hear(struct ph_streaming *x)
{
	uint8_t bytes[PH_RTP_STREAM_MAX];
	struct ph_udp_msg m = { .data = bytes, .len = sizeof(bytes) };
	struct ph_rtp_test t;

	ph_errqueue_drain(x->fd);
	while (ph_udp_recv(x->fd, &m, 1) == 1) {
		if (m.addr == x->o.to && m.port == x->o.port &&
		    ph_quality_input(&x->quality, m.at_us, m.data, m.len, &t))
			ph_rtp_stream_heard(&x->out, m.at_us, t.sent_us);
		m.len = sizeof(bytes);
	}
}

static void
send_due(struct ph_streaming *x, uint64_t now)
{
	uint8_t bytes[PH_RTP_STREAM_MAX];
	size_t n;

	while ((n = ph_rtp_stream_output(&x->out, now, bytes, sizeof(bytes))) > 0) {
		struct ph_udp_msg m = {
			.data = bytes, .len = (uint32_t)n, .addr = x->o.to, .port = x->o.port,
			.has_tos = true, .tos = DSCP_EF,
		};

		x->sent += ph_udp_send(x->fd, &m, 1) == 1;
	}
}

static void
on_event(void *arg, unsigned events)
{
	struct ph_streaming *x = arg;
	uint64_t now = ph_loop_now(x->loop), at;

	if (x->done || !x->begun)
		return;
	if ((events & PH_WATCH_READ) != 0)
		hear(x);
	send_due(x, now);
	at = ph_rtp_stream_deadline(&x->out);
	if (at == UINT64_MAX && now >= x->until_us && !x->asked) {
		x->asked = true;
		ph_session_stream_end(x->session, x->sent, on_streamed, x);
	}
	ph_watch_at(x->watch, at != UINT64_MAX ? at : x->asked ? UINT64_MAX : x->until_us);
}

static void
on_ready(void *arg, bool ready, const char *why)
{
	struct ph_streaming *x = arg;
	uint64_t now = ph_loop_now(x->loop);

	if (x->done)
		return;
	if (!ready) {
		x->why = why != NULL ? why : "the test server was lost";
		ph_streaming_end(x);
		return;
	}
	x->begun = true;
	x->until_us = now + (uint64_t)x->o.duration_ms * 1000 + LATE_US;
	ph_rtp_stream_init(&x->out, &ph_rtp_audio, x->out.ssrc, now,
	    (uint64_t)x->o.duration_ms * 1000);
	ph_watch_at(x->watch, now);
}

int
ph_streaming_start(struct ph_loop *l, struct ph_session *s, const struct ph_streaming_opts *o,
    struct ph_streaming *x)
{
	struct ph_udp_opts u = { .addr = o->from };
	uint32_t ssrc = (uint32_t)(ph_loop_now(l) * 2654435761u);
	struct ph_control_stream what = {
		.port = o->port, .ssrc_in = ssrc, .ssrc_out = ssrc + 1,
		.duration_ms = o->duration_ms,
	};
	int err;

	*x = (struct ph_streaming){ .loop = l, .session = s, .o = *o, .out.ssrc = ssrc };
	err = ph_udp_open(&u, &x->fd);
	if (err != 0)
		return err;
	x->watch = ph_watch_new(l, x->fd, PH_WATCH_READ, on_event, x);
	ph_quality_init(&x->quality, l->mem, what.ssrc_out, ph_rtp_audio.clock_hz,
	    ph_rtp_stream_count(&ph_rtp_audio, (uint64_t)o->duration_ms * 1000));
	ph_session_stream(s, &what, on_ready, x);
	return 0;
}

void
ph_streaming_end(struct ph_streaming *x)
{
	if (x->done)
		return;
	x->done = true;
	ph_watch_end(x->watch);
	close(x->fd);
}

void
ph_streaming_result(const struct ph_streaming *x, struct ph_path_seen *p)
{
	struct ph_quality_result in;

	if (!x->told) {
		p->stream[0].why = p->stream[1].why = x->why != NULL ? x->why :
		    "the test server did not tell what arrived";
		return;
	}
	p->stream[0] = (struct ph_stream_result){
		.tested = true, .sent = x->sent, .received = x->far.received,
		.reordered = x->far.reordered, .duplicated = x->far.duplicated,
		.loss = x->far.lost_ppm / 1e6, .jitter_ms = x->far.jitter_us / 1e3,
		.mos = x->far.mos_milli / 1e3,
	};
	if (x->far.sent == 0) {
		p->stream[1].why = "the test server heard nothing, and so sent nothing";
		return;
	}
	in = ph_quality_result(&x->quality, x->far.sent, 0);
	p->stream[1] = (struct ph_stream_result){
		.tested = true, .sent = x->far.sent, .received = in.received,
		.reordered = in.reordered, .duplicated = in.duplicated, .loss = in.loss,
		.jitter_ms = in.jitter_ms, .mos = in.mos,
	};
}
