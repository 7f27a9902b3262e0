/* SPDX-License-Identifier: ISC */
#ifndef PH_ENGINE_TURN_LOGIN_H
#define PH_ENGINE_TURN_LOGIN_H

#include "engine/turn_server.h"

/*
 * DOC: Who signs
 *
 * Users come from a list, with their keys made once, and are found by name or by USERHASH.  A
 * name that is not in it may be one of a time-limited credential: "1790000000:alice", until
 * when and who, the password being the HMAC of the name with a secret that we share with who
 * hands them out, in base64 (draft-uberti-behave-turn-rest-00; SHA-1, and SHA-256 too).  For
 * quotas and logs the part after the colon is the user.
 */
struct ph_turn_logins;

struct ph_turn_login {
	uint8_t owner[16];		/* the same for the same name (441, RFC 8656 5) */
	uint8_t account[16];		/* the same for the same user, whatever the time */
	struct ph_str name;		/* who, for logs; borrowed */
	uint8_t key[32];
	uint8_t key_len;		/* 16 or 32; 0: not signed */
	bool sha256;			/* signed by MESSAGE-INTEGRITY-SHA256, and so are answers */
	bool fingerprint;		/* asked with FINGERPRINT, and so are answers */
	uint64_t until_s;		/* time-limited: since 1970; else all ones */
};

/* ph_turn_logins_new(c, why): of its users and secrets, which are copied; NULL: no memory. */
struct ph_turn_logins *ph_turn_logins_new(const struct ph_turn_server_config *);
void ph_turn_logins_free(struct ph_turn_logins *);

/* ph_turn_logins_features(x): of RFC 8489, to be promised by a nonce; 0 without SHA-256. */
uint32_t ph_turn_logins_features(const struct ph_turn_logins *);

/*
 * ph_turn_login_check(x, m, auth, out): whose signature is on ${m}?  False: of nobody.  ${auth}
 * has the key afterwards; ${out} is filled in but for FINGERPRINT.  ${sha256_key}: the key
 * is made with SHA-256.
 */
struct ph_turn_claim {
	const struct ph_stun *m;
	bool sha256_key;
};
bool ph_turn_login_check(struct ph_turn_logins *, const struct ph_turn_claim *,
    struct ph_stun_auth *, struct ph_turn_login *);

#endif
