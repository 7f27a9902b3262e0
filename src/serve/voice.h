/* SPDX-License-Identifier: ISC */
#ifndef PH_SERVE_VOICE_H
#define PH_SERVE_VOICE_H

#include "wire/control.h"

/*
 * DOC: A far end for telephones
 *
 * On ports that a session leased for SIP or H.323 a polite far end answers
 * (engine/sip_server.h, engine/h323_server.h) and notes every byte that came and went,
 * so that the prober can compare what it sent with what arrived, in both directions.
 * What it answers is not sealed, so its owner hands in only what comes from the address
 * from which the session itself is held.
 */
struct ph_voice;

/* ph_voice_is(proto): is it spoken on ports of this kind? */
bool ph_voice_is(enum ph_control_proto);

/*
 * ph_voice_new(proto, out): for one UDP port, or one connection.  0, or -errno: -ENOMEM,
 * -EUSERS when there are too many in this process.
 */
int ph_voice_new(enum ph_control_proto, struct ph_voice **);

void ph_voice_free(struct ph_voice *);

/*
 * ph_voice_input(v, now, p, n, from, port): a datagram, or any piece of a stream.  False:
 * close the stream.
 */
bool ph_voice_input(struct ph_voice *, uint64_t, const void *, size_t, ph_u128, uint16_t);

/*
 * ph_voice_output(v, now, out, cap, to, port): the next bytes to send and where to; 0: none.
 * PH_VOICE_OUT bytes are enough.
 */
size_t ph_voice_output(struct ph_voice *, uint64_t, uint8_t *, size_t, ph_u128 *, uint16_t *);

enum { PH_VOICE_OUT = 16384 };

/* ph_voice_deadline(v): when to call ph_voice_output() next; UINT64_MAX: no need. */
uint64_t ph_voice_deadline(const struct ph_voice *);

/* What passed on a port, as struct ph_control_mirrored tells it. */
struct ph_mirror {
	ph_u128 from;
	uint16_t from_port, len, sent_len;
	uint8_t bytes[PH_CONTROL_BYTES], sent[PH_CONTROL_BYTES];
};

/* ph_mirror_begin(m, from, port): another datagram or connection; what was is forgotten. */
void ph_mirror_begin(struct ph_mirror *, ph_u128, uint16_t);

/* ph_mirror_came(m, p, n), _went(m, p, n): more of it. */
void ph_mirror_came(struct ph_mirror *, const void *, size_t);
void ph_mirror_went(struct ph_mirror *, const void *, size_t);

#endif
