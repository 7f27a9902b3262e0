/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "engine/h323_server.h"
#include "engine/sip_server.h"
#include "serve/voice.h"

enum {
	VOICES = 512,			/* of the process, some 80 KiB each */
	RING_US = 300000,		/* an INVITE rings so long before it is refused */
	RAS_OUT = 64,
};

/* Answers to the one datagram that came last. */
struct ras {
	size_t len;
	uint8_t out[RAS_OUT];
	ph_u128 to;
	uint16_t port;
};

struct ph_voice {
	enum ph_control_proto proto;
	union {
		struct ph_sip_server sip;
		struct ph_h323_server h323;
		struct ras ras;
	};
};

static unsigned n_voices;

bool
ph_voice_is(enum ph_control_proto proto)
{
	return proto >= PH_CONTROL_SIP_UDP && proto <= PH_CONTROL_H225;
}

static size_t
size_of(enum ph_control_proto proto)
{
	const struct ph_voice *v = NULL;

	return offsetof(struct ph_voice, sip) + (proto == PH_CONTROL_RAS ? sizeof(v->ras) :
	    proto == PH_CONTROL_H225 ? sizeof(v->h323) : sizeof(v->sip));
}

int
ph_voice_new(enum ph_control_proto proto, struct ph_voice **out)
{
	struct ph_sip_server_config sip = {
		.transport = proto == PH_CONTROL_SIP_UDP ? PH_SIP_UDP :
		    proto == PH_CONTROL_SIP_TCP ? PH_SIP_TCP : PH_SIP_TLS,
		.ring_us = RING_US,
	};
	struct ph_voice *v;

	if (n_voices >= VOICES)
		return -EUSERS;
	v = calloc(1, size_of(proto));
	if (v == NULL || RAND_bytes((uint8_t *)&sip.seed, sizeof(sip.seed)) != 1) {
		free(v);
		return -ENOMEM;
	}
	v->proto = proto;
	if (proto == PH_CONTROL_H225)
		ph_h323_server_init(&v->h323);
	else if (proto != PH_CONTROL_RAS)
		ph_sip_server_init(&v->sip, &sip);
	n_voices++;
	*out = v;
	return 0;
}

void
ph_voice_free(struct ph_voice *v)
{
	if (v == NULL)
		return;
	free(v);
	n_voices--;
}

bool
ph_voice_input(struct ph_voice *v, uint64_t now, const void *p, size_t n, ph_u128 from,
    uint16_t port)
{
	static const struct ph_h323_gatekeeper no;
	struct ph_sip_peer peer = { from, port };

	if (v->proto == PH_CONTROL_H225)
		return ph_h323_server_input(&v->h323, p, n);
	if (v->proto != PH_CONTROL_RAS)
		return ph_sip_server_input(&v->sip, now, p, n, &peer);
	v->ras.len = ph_h323_ras(&no, p, n, v->ras.out, sizeof(v->ras.out));
	v->ras.to = from;
	v->ras.port = port;
	return true;
}

static size_t
ras_output(struct ras *r, uint8_t *out, size_t cap, ph_u128 *to, uint16_t *port)
{
	size_t n = r->len <= cap ? r->len : 0;

	memcpy(out, r->out, n);
	*to = r->to;
	*port = r->port;
	r->len = 0;
	return n;
}

size_t
ph_voice_output(struct ph_voice *v, uint64_t now, uint8_t *out, size_t cap, ph_u128 *to,
    uint16_t *port)
{
	struct ph_sip_peer peer = { 0 };
	size_t n;

	if (v->proto == PH_CONTROL_H225)
		return ph_h323_server_output(&v->h323, out, cap);
	if (v->proto == PH_CONTROL_RAS)
		return ras_output(&v->ras, out, cap, to, port);
	n = ph_sip_server_output(&v->sip, now, out, cap, &peer);
	*to = peer.addr;
	*port = peer.port;
	return n;
}

uint64_t
ph_voice_deadline(const struct ph_voice *v)
{
	if (v->proto == PH_CONTROL_H225 || v->proto == PH_CONTROL_RAS)
		return UINT64_MAX;
	return ph_sip_server_deadline(&v->sip);
}

/* --- what passed --- */

void
ph_mirror_begin(struct ph_mirror *m, ph_u128 from, uint16_t port)
{
	m->from = from;
	m->from_port = port;
	m->len = m->sent_len = 0;
}

/* As much as there is room for; the new length. */
static uint16_t
append(uint8_t *to, uint16_t len, const void *p, size_t n)
{
	size_t room = PH_CONTROL_BYTES - (size_t)len;

	n = n < room ? n : room;
	memcpy(to + len, p, n);
	return (uint16_t)(len + n);
}

void
ph_mirror_came(struct ph_mirror *m, const void *p, size_t n)
{
	m->len = append(m->bytes, m->len, p, n);
}

void
ph_mirror_went(struct ph_mirror *m, const void *p, size_t n)
{
	m->sent_len = append(m->sent, m->sent_len, p, n);
}
