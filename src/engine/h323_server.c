/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "engine/h323_server.h"

enum { USER_BUSY = 17 };		/* Q.850 */

size_t
ph_h323_ras(const struct ph_h323_gatekeeper *g, const void *p, size_t n, uint8_t *out, size_t cap)
{
	struct ph_writer w = ph_writer(out, cap < n ? cap : n);
	struct ph_ras m, answer;

	if (!ph_ras_decode(p, n, &m) || (m.type != PH_RAS_GRQ && m.type != PH_RAS_RRQ))
		return 0;
	answer = (struct ph_ras){ .type = PH_RAS_GRJ, .seq = m.seq,
		.reason = PH_RAS_GRJ_UNDEFINED };
	if (m.type == PH_RAS_RRQ) {
		answer.type = PH_RAS_RRJ;
		answer.reason = PH_RAS_RRJ_UNDEFINED;
	} else if (g->confirm) {
		answer.type = PH_RAS_GCF;
		answer.ras = g->self;
	}
	ph_ras_encode(&w, &answer);
	return w.bad ? 0 : w.len;
}

void
ph_h323_server_init(struct ph_h323_server *s)
{
	memset(s, 0, sizeof(*s));
}

static bool
take_message(struct ph_h323_server *s, const uint8_t *p, size_t n)
{
	struct ph_h225 m;

	if (!ph_h225_decode(p, n, &m))
		return false;
	s->releases += m.type == PH_H225_RELEASE_COMPLETE;
	if (m.type != PH_H225_SETUP || m.from_called)
		return true;
	if (s->n_refused == PH_H323_CALLS)
		return false;
	s->setups++;
	m.type = PH_H225_RELEASE_COMPLETE;
	m.from_called = true;
	m.cause = USER_BUSY;
	s->refused[s->n_refused++] = m;
	return true;
}

bool
ph_h323_server_input(struct ph_h323_server *s, const void *p, size_t n)
{
	const uint8_t *from = p;

	while (n > 0) {
		size_t part = sizeof(s->in) - s->in_len, len;

		if (part > n)
			part = n;
		memcpy(s->in + s->in_len, from, part);
		s->in_len += part;
		from += part;
		n -= part;
		while ((len = ph_h225_frame(s->in, s->in_len)) != 0) {
			if (len == SIZE_MAX || !take_message(s, s->in, len))
				return false;
			s->in_len -= len;
			memmove(s->in, s->in + len, s->in_len);
		}
	}
	return true;
}

size_t
ph_h323_server_output(struct ph_h323_server *s, uint8_t *out, size_t cap)
{
	struct ph_writer w = ph_writer(out, cap);

	if (s->n_refused == 0)
		return 0;
	ph_h225_encode(&w, &s->refused[0]);
	s->n_refused--;
	memmove(&s->refused[0], &s->refused[1], s->n_refused * sizeof(s->refused[0]));
	return w.bad ? 0 : w.len;
}
