/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "engine/stun_client.h"

/* How long each try waits for an answer before the next, or the end. */
static const uint32_t wait_us[PH_STUN_TRIES] = { 100000, 200000, 400000, 800000, 1500000 };
enum { STREAM_WAIT_US = 5000000 };

void
ph_stun_try_start(struct ph_stun_try *t, bool stream, uint64_t now)
{
	*t = (struct ph_stun_try){ .stream = stream, .first_us = now, .due_us = now };
}

bool
ph_stun_try_over(const struct ph_stun_try *t, uint64_t now)
{
	return t->sent == (t->stream ? 1 : PH_STUN_TRIES) && now >= t->due_us;
}

void
ph_stun_try_sent(struct ph_stun_try *t, uint64_t now)
{
	if (t->sent == 0)
		t->first_us = now;
	t->due_us = now + (t->stream ? (uint32_t)STREAM_WAIT_US : wait_us[t->sent]);
	t->sent++;
}

uint64_t
ph_stun_try_rtt(const struct ph_stun_try *t, uint64_t now)
{
	return t->sent == 1 ? now - t->first_us : 0;
}

void
ph_stun_client_init(struct ph_stun_client *x, const void *id, bool stream, uint64_t now)
{
	memset(x, 0, sizeof(*x));
	memcpy(x->id, id, sizeof(x->id));
	ph_stun_try_start(&x->try, stream, now);
}

size_t
ph_stun_client_output(struct ph_stun_client *x, uint64_t now, void *out, size_t cap)
{
	const struct ph_stun_seal seal = { .fingerprint = true };
	struct ph_stun m;

	if (x->outcome != PH_STUN_WAITING || now < x->try.due_us)
		return 0;
	if (ph_stun_try_over(&x->try, now)) {
		x->outcome = PH_STUN_SILENT;
		return 0;
	}
	ph_stun_init(&m, PH_STUN_BINDING, PH_STUN_REQUEST, x->id);
	if (x->change != 0) {
		ph_stun_set(&m, PH_STUN_CHANGE_REQUEST);
		m.change = x->change;
	}
	ph_stun_try_sent(&x->try, now);
	return ph_stun_encode(&m, &seal, out, cap);
}

static void
take_success(struct ph_stun_client *x, const struct ph_stun *m)
{
	bool xor = ph_stun_has(m, PH_STUN_XOR_MAPPED_ADDRESS);
	bool plain = ph_stun_has(m, PH_STUN_MAPPED_ADDRESS);

	if (!xor && !plain) {
		x->outcome = PH_STUN_GARBLED;
		return;
	}
	x->outcome = PH_STUN_ANSWERED;
	x->mapped = xor ? m->xor_mapped : m->mapped;
	x->rewritten = xor && plain && (m->xor_mapped.addr != m->mapped.addr ||
	    m->xor_mapped.port != m->mapped.port);
	if (ph_stun_has(m, PH_STUN_OTHER_ADDRESS))
		x->other = m->other;
}

static void
take_error(struct ph_stun_client *x, const struct ph_stun *m)
{
	x->code = ph_stun_has(m, PH_STUN_ERROR_CODE) ? m->error.code : 0;
	x->outcome = PH_STUN_REFUSED;
	if (x->code == 300 && ph_stun_has(m, PH_STUN_ALTERNATE_SERVER)) {
		x->outcome = PH_STUN_ALTERNATE;
		x->alternate = m->alternate;
	}
}

bool
ph_stun_client_input(struct ph_stun_client *x, uint64_t now, const void *p, size_t n)
{
	struct ph_stun m;

	if (x->outcome != PH_STUN_WAITING || x->try.sent == 0 ||
	    ph_stun_decode(&m, p, n) != PH_STUN_OK || m.method != PH_STUN_BINDING ||
	    m.cookie != PH_STUN_COOKIE || memcmp(m.id, x->id, sizeof(m.id)) != 0)
		return false;
	if (m.class == PH_STUN_SUCCESS)
		take_success(x, &m);
	else if (m.class == PH_STUN_ERROR)
		take_error(x, &m);
	else
		return false;
	x->rtt_us = ph_stun_try_rtt(&x->try, now);
	return true;
}

uint64_t
ph_stun_client_deadline(const struct ph_stun_client *x)
{
	return x->outcome == PH_STUN_WAITING ? x->try.due_us : UINT64_MAX;
}

static const struct {
	const char *word, *sentence;
} outcomes[] = {
	[PH_STUN_WAITING] = { "waiting", "no answer yet" },
	[PH_STUN_ANSWERED] = { "answered", "the server answers" },
	[PH_STUN_SILENT] = { "silent", "the server does not answer" },
	[PH_STUN_ALTERNATE] = { "alternate", "the server sends its clients to another one" },
	[PH_STUN_REFUSED] = { "refused", "the server answers, but refuses the request" },
	[PH_STUN_GARBLED] = { "garbled", "what answers does not say which address it saw" },
};

const char *
ph_stun_outcome_word(enum ph_stun_outcome o)
{
	return outcomes[o].word;
}

const char *
ph_stun_outcome_sentence(enum ph_stun_outcome o)
{
	return outcomes[o].sentence;
}
