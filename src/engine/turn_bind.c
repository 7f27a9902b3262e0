/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "engine/turn_bind.h"

enum { TRIES = 2 };

void
ph_turn_bind_init(struct ph_turn_bind *b, struct ph_turn *turn, uint32_t connection)
{
	*b = (struct ph_turn_bind){ .turn = turn, .connection = connection, .again = true };
}

size_t
ph_turn_bind_output(struct ph_turn_bind *b, void *out, size_t cap)
{
	struct ph_str nonce = { b->nonce, b->nonce_len };
	struct ph_stun m;

	if (!b->again)
		return 0;
	b->again = false;
	b->tries++;
	b->turn->opts.random(b->turn->opts.arg, b->id, sizeof(b->id));
	ph_stun_init(&m, PH_STUN_CONNECTION_BIND, PH_STUN_REQUEST, b->id);
	ph_stun_set(&m, PH_STUN_CONNECTION_ID);
	m.connection = b->connection;
	return ph_turn_sign(b->turn, &m, b->nonce_len > 0 ? &nonce : NULL, out, cap);
}

/* A nonce for this connection, when that is all that is missing. */
static bool
take_nonce(struct ph_turn_bind *b, const struct ph_stun *m)
{
	if ((m->error.code != 401 && m->error.code != 438) || b->tries == TRIES ||
	    !ph_stun_has(m, PH_STUN_NONCE) || m->nonce.len == 0 ||
	    m->nonce.len > sizeof(b->nonce))
		return false;
	memcpy(b->nonce, m->nonce.s, m->nonce.len);
	b->nonce_len = m->nonce.len;
	b->again = true;
	return true;
}

enum ph_turn_bind_state
ph_turn_bind_input(struct ph_turn_bind *b, const void *p, size_t n)
{
	struct ph_stun m;

	if (b->state != PH_TURN_BINDING || ph_stun_decode(&m, p, n) != PH_STUN_OK ||
	    m.method != PH_STUN_CONNECTION_BIND || memcmp(m.id, b->id, sizeof(b->id)) != 0)
		return b->state;
	if (m.class == PH_STUN_SUCCESS && ph_stun_verify(&m, &b->turn->auth)) {
		b->state = PH_TURN_BOUND;
	} else if (m.class == PH_STUN_ERROR && ph_stun_has(&m, PH_STUN_ERROR_CODE) &&
	    !take_nonce(b, &m)) {
		b->state = PH_TURN_UNBOUND;
		b->code = m.error.code;
	}
	return b->state;
}
