/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_TURN_BIND_H
#define PH_ENGINE_TURN_BIND_H

#include "engine/turn_client.h"

/*
 * The first words on a connection that is to carry one of a TCP allocation's (RFC 6062 4.3):
 * ConnectionBind, with the credentials of the allocation.  A server may give every connection
 * a nonce of its own: the first answer then is 401 or 438 with it, and the request is
 * repeated.  After BOUND the stream is the peer's.
 */
enum ph_turn_bind_state { PH_TURN_BINDING, PH_TURN_BOUND, PH_TURN_UNBOUND };

struct ph_turn_bind {
	enum ph_turn_bind_state state;
	uint16_t code;			/* UNBOUND: of the error */
	struct ph_turn *turn;		/* whose credentials */
	uint32_t connection;
	bool again;			/* to be sent */
	unsigned tries;
	uint8_t id[12];
	char nonce[PH_TURN_TEXT];
	size_t nonce_len;		/* 0: the allocation's */
};

/* ph_turn_bind_init(b, turn, connection): ${turn} must stay as long as it is BINDING. */
void ph_turn_bind_init(struct ph_turn_bind *, struct ph_turn *, uint32_t);

/* ph_turn_bind_output(b, out, cap): bytes to send now, or 0. */
size_t ph_turn_bind_output(struct ph_turn_bind *, void *, size_t);

/* ph_turn_bind_input(b, p, n): one message of the server. */
enum ph_turn_bind_state ph_turn_bind_input(struct ph_turn_bind *, const void *, size_t);

#endif
