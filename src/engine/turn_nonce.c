/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "engine/turn_nonce.h"
#include "wire/cursor.h"

enum { STEP_US = 4000000, STEPS = 1 << 18, WHEN = 3, CODE = 8 };

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void
put_digits(char *out, uint64_t v, unsigned n)
{
	while (n-- > 0) {
		out[n] = digits[v & 63];
		v >>= 6;
	}
}

/* The second part of a nonce: when, and the code for it. */
static bool
make(struct ph_stun_auth *a, const struct ph_turn_conn *c, uint32_t features, uint32_t step,
    char out[PH_TURN_NONCE_LEN])
{
	uint8_t bytes[32], mac[PH_STUN_SHA256_LEN];
	struct ph_writer w = ph_writer(bytes, sizeof(bytes));
	struct ph_str parts[2] = { { (const char *)bytes, 0 }, { NULL, 0 } };

	ph_writer_u32(&w, step);
	ph_writer_u32(&w, features);
	ph_writer_u64(&w, (uint64_t)(c->client >> 64));
	ph_writer_u64(&w, (uint64_t)c->client);
	ph_writer_u16(&w, c->via == PH_TURN_VIA_UDP ? c->client_port : 0);
	parts[0].len = w.len;
	parts[1] = (struct ph_str){ (const char *)bytes, 0 };
	if (!ph_stun_auth_sha256(a, parts, mac))
		return false;
	put_digits(out, step, WHEN);
	put_digits(out + WHEN, (uint64_t)ph_be16(mac) << 32 | ph_be32(mac + 2), CODE);
	return true;
}

size_t
ph_turn_nonce_make(struct ph_stun_auth *a, const struct ph_turn_conn *c, uint64_t now,
    uint32_t features, char out[PH_TURN_NONCE_MAX])
{
	size_t head = features != 0 ? PH_STUN_NONCE_COOKIE : 0;

	if (features != 0)
		ph_stun_nonce_cookie(out, features);
	if (!make(a, c, features, (uint32_t)(now / STEP_US % STEPS), out + head))
		return 0;
	return head + PH_TURN_NONCE_LEN;
}

enum ph_turn_nonce
ph_turn_nonce_check(struct ph_stun_auth *a, const struct ph_turn_conn *c, uint64_t now,
    struct ph_str nonce, uint32_t max_s)
{
	uint32_t features = ph_stun_nonce_features(nonce), step = 0, age;
	size_t head = features != 0 ? PH_STUN_NONCE_COOKIE : 0;
	char own[PH_TURN_NONCE_LEN];

	if (nonce.len != head + PH_TURN_NONCE_LEN)
		return PH_TURN_NONCE_FOREIGN;
	for (unsigned i = 0; i < WHEN; i++) {
		char ch = nonce.s[head + i];
		const char *d = ch == '\0' ? NULL : strchr(digits, ch);

		if (d == NULL)
			return PH_TURN_NONCE_FOREIGN;
		step = step << 6 | (uint32_t)(d - digits);
	}
	if (!make(a, c, features, step, own) ||
	    !ph_stun_auth_same(own, nonce.s + head, sizeof(own)))
		return PH_TURN_NONCE_FOREIGN;
	age = ((uint32_t)(now / STEP_US % STEPS) - step) % STEPS;
	return age > max_s / (STEP_US / 1000000) ? PH_TURN_NONCE_OLD : PH_TURN_NONCE_FRESH;
}
