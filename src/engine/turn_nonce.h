/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_TURN_NONCE_H
#define PH_ENGINE_TURN_NONCE_H

#include "engine/turn_server.h"

/*
 * DOC: Nonces that need not be remembered
 *
 *	obMatJos2 ffff   ttt  mmmmmmmm
 *	cookie    what   when HMAC-SHA256(key; when, address and port of the client)
 *
 * in base64 digits: 24 bits of features (RFC 8489 9.2; only when SHA-256 is offered), 18 bits of
 * time in steps of four seconds, which come round after twelve days, and 48 bits of a code.  Who
 * guesses a code has still to sign with a user's password; what it proves is that the client
 * gets what is sent to its address.  It is short because the answer that carries it goes to an
 * address that nobody has proved yet.
 *
 * Streams of one address share nonces: those of RFC 6062 for data come from other ports with the
 * nonce of the first, and the address is proved already.
 */
enum { PH_TURN_NONCE_LEN = 11, PH_TURN_NONCE_MAX = PH_STUN_NONCE_COOKIE + PH_TURN_NONCE_LEN };

enum ph_turn_nonce { PH_TURN_NONCE_FRESH, PH_TURN_NONCE_OLD, PH_TURN_NONCE_FOREIGN };

/* ph_turn_nonce_make(a, conn, now, features, out): its bytes; ${a} has the key; 0: no HMAC. */
size_t ph_turn_nonce_make(struct ph_stun_auth *, const struct ph_turn_conn *, uint64_t, uint32_t,
    char [PH_TURN_NONCE_MAX]);

/* ph_turn_nonce_check(a, conn, now, nonce, max_s): did we make it for this client, and when? */
enum ph_turn_nonce ph_turn_nonce_check(struct ph_stun_auth *, const struct ph_turn_conn *,
    uint64_t, struct ph_str, uint32_t);

#endif
