/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_STUN_AUTH_H
#define PH_WIRE_STUN_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * DOC: Keys of STUN
 *
 * RFC 8489 section 9.  Short-term: the key is the password.  Long-term: a hash of
 * "username:realm:password", MD5 or, when both ends agreed on it through
 * PASSWORD-ALGORITHM, SHA-256.  Either key then goes into HMAC-SHA1 for
 * MESSAGE-INTEGRITY and HMAC-SHA256 for MESSAGE-INTEGRITY-SHA256.
 *
 * Strings are taken as they are: who accepts names from people prepares them first
 * (OpaqueString, RFC 8265), which leaves ASCII alone.
 *
 * A ph_stun_auth holds one key made ready.  Making it ready costs more than using
 * it, so who sees many messages under one key keeps it; who sees many keys keeps one
 * and changes its key.  Not to be used by two threads at once.
 */
enum {
	PH_STUN_SHA1_LEN = 20, PH_STUN_SHA256_LEN = 32,
	PH_STUN_KEY_MAX = 768,		/* bytes of a key: the longest password */
};

enum ph_stun_alg { PH_STUN_MD5 = 1, PH_STUN_SHA256 = 2 };	/* PASSWORD-ALGORITHM */

struct ph_stun_key {
	uint8_t bytes[32];
	size_t len;			/* 16 or 32 */
};

struct ph_stun_auth {
	struct evp_mac_ctx_st *sha1, *sha256;	/* EVP_MAC_CTX */
	bool ready[2];			/* the key is in: SHA-1, SHA-256 */
	uint8_t key[PH_STUN_KEY_MAX];
	size_t key_len;
};

/* ph_stun_auth_init(a): without a key yet.  False: OpenSSL has no memory or no HMAC. */
bool ph_stun_auth_init(struct ph_stun_auth *);

/* ph_stun_auth_fini(a): release it and wipe the key. */
void ph_stun_auth_fini(struct ph_stun_auth *);

/* ph_stun_auth_key(a, key, len): use this key from now on; at most PH_STUN_KEY_MAX bytes. */
void ph_stun_auth_key(struct ph_stun_auth *, const void *, size_t);

/*
 * ph_stun_auth_sha1(a, parts, out): the HMAC over the two parts, one after the other.  False:
 * OpenSSL failed.
 */
bool ph_stun_auth_sha1(struct ph_stun_auth *, const struct ph_str [2], uint8_t *);

/* ph_stun_auth_sha256(a, parts, out): the same, of 32 bytes. */
bool ph_stun_auth_sha256(struct ph_stun_auth *, const struct ph_str [2], uint8_t *);

/* ph_stun_auth_same(a, b, n): equal, in time that does not depend on where they differ? */
bool ph_stun_auth_same(const void *, const void *, size_t);

/* ph_stun_key(alg, username, realm, password, out): the long-term key (9.2.2). */
bool ph_stun_key(enum ph_stun_alg, struct ph_str username, struct ph_str realm,
    struct ph_str password, struct ph_stun_key *);

/* ph_stun_userhash(username, realm, out): what USERHASH says in place of USERNAME (14.4). */
bool ph_stun_userhash(struct ph_str, struct ph_str, uint8_t [32]);

/*
 * The nonce cookie (9.2): a server that knows RFC 8489 begins its nonces with
 * "obMatJos2" and four characters of base64 that hold 24 bits of features, so that
 * nobody in between can take its offer of stronger algorithms away unseen.
 */
enum {
	PH_STUN_FEATURE_ALGORITHMS = 1 << 23,	/* PASSWORD-ALGORITHMS */
	PH_STUN_FEATURE_USERHASH = 1 << 22,
	PH_STUN_NONCE_COOKIE = 13,		/* bytes */
};

/* ph_stun_nonce_cookie(out, features): the first 13 bytes of a nonce. */
void ph_stun_nonce_cookie(char [PH_STUN_NONCE_COOKIE], uint32_t);

/* ph_stun_nonce_features(nonce): the features it promises; 0 without a cookie. */
uint32_t ph_stun_nonce_features(struct ph_str);

#endif
