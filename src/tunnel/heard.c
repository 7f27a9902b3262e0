/* SPDX-License-Identifier: ISC */
#include "tunnel/heard.h"
#include "wire/rtp.h"

enum { JUMP = 3000, RTCP_FIRST = 64, RTCP_LAST = 95 };	/* RFC 5761 4 */

static struct ph_heard_stream *
stream_of(struct ph_heard *h, uint32_t ssrc, uint16_t port)
{
	struct ph_heard_stream *oldest = &h->stream[0];

	for (unsigned i = 0; i < PH_HEARD_STREAMS; i++) {
		struct ph_heard_stream *s = &h->stream[i];

		if (s->port == port && s->ssrc == ssrc)
			return s;
		if (s->used < oldest->used)
			oldest = s;
	}
	*oldest = (struct ph_heard_stream){ .ssrc = ssrc };
	return oldest;
}

void
ph_heard_take(struct ph_heard *h, uint16_t port, const uint8_t *p, size_t n)
{
	struct ph_heard_stream *s;
	struct ph_rtp m;
	uint16_t ahead;

	if (!ph_rtp_decode(p, n, &m) || (m.type >= RTCP_FIRST && m.type <= RTCP_LAST))
		return;
	s = stream_of(h, m.ssrc, port);
	s->used = ++h->uses;
	h->received++;
	ahead = (uint16_t)(m.seq - s->highest);
	if (s->port == 0 || (ahead >= JUMP && ahead <= UINT16_MAX - JUMP)) {
		s->port = port;
		s->highest = m.seq;
		h->expected++;
	} else if (ahead < JUMP) {
		s->highest = m.seq;
		h->expected += ahead;
	}
}

uint64_t
ph_heard_lost(const struct ph_heard *h)
{
	return h->expected > h->received ? h->expected - h->received : 0;
}
