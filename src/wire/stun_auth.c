/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "wire/stun_auth.h"

static EVP_MAC_CTX *
make_hmac(const char *digest)
{
	char name[16];
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_construct_end(),
	};

	EVP_MAC_free(mac);
	strcpy(name, digest);
	if (ctx != NULL && EVP_MAC_CTX_set_params(ctx, params) != 1) {
		EVP_MAC_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

bool
ph_stun_auth_init(struct ph_stun_auth *a)
{
	memset(a, 0, sizeof(*a));
	a->sha1 = make_hmac("SHA1");
	a->sha256 = make_hmac("SHA256");
	if (a->sha1 != NULL && a->sha256 != NULL)
		return true;
	ph_stun_auth_fini(a);
	return false;
}

void
ph_stun_auth_fini(struct ph_stun_auth *a)
{
	EVP_MAC_CTX_free(a->sha1);
	EVP_MAC_CTX_free(a->sha256);
	OPENSSL_cleanse(a, sizeof(*a));
}

void
ph_stun_auth_key(struct ph_stun_auth *a, const void *key, size_t len)
{
	assert(len <= PH_STUN_KEY_MAX);
	if (len > 0)
		memcpy(a->key, key, len);
	a->key_len = len;
	a->ready[0] = a->ready[1] = false;
}

/* Without a key OpenSSL starts again from the one it has, which saves hashing it. */
static bool
hmac(EVP_MAC_CTX *ctx, struct ph_stun_auth *a, bool *ready, const struct ph_str part[2],
    uint8_t out[32])
{
	size_t len;

	if (EVP_MAC_init(ctx, *ready ? NULL : a->key, *ready ? 0 : a->key_len, NULL) != 1)
		return false;
	*ready = true;
	return EVP_MAC_update(ctx, (const uint8_t *)part[0].s, part[0].len) == 1 &&
	    EVP_MAC_update(ctx, (const uint8_t *)part[1].s, part[1].len) == 1 &&
	    EVP_MAC_final(ctx, out, &len, 32) == 1;
}

bool
ph_stun_auth_sha1(struct ph_stun_auth *a, const struct ph_str part[2], uint8_t *out)
{
	uint8_t full[32];

	if (!hmac(a->sha1, a, &a->ready[0], part, full))
		return false;
	memcpy(out, full, PH_STUN_SHA1_LEN);
	return true;
}

bool
ph_stun_auth_sha256(struct ph_stun_auth *a, const struct ph_str part[2], uint8_t *out)
{
	return hmac(a->sha256, a, &a->ready[1], part, out);
}

bool
ph_stun_auth_same(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

/* Hash the parts with colons between them. */
static bool
hash_joined(const EVP_MD *md, const struct ph_str *part, size_t n, uint8_t *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) == 1;

	for (size_t i = 0; ok && i < n; i++)
		ok = (i == 0 || EVP_DigestUpdate(ctx, ":", 1) == 1) &&
		    EVP_DigestUpdate(ctx, part[i].s, part[i].len) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

bool
ph_stun_key(enum ph_stun_alg alg, struct ph_str username, struct ph_str realm,
    struct ph_str password, struct ph_stun_key *out)
{
	const struct ph_str part[] = { username, realm, password };

	out->len = alg == PH_STUN_MD5 ? 16 : 32;
	return hash_joined(alg == PH_STUN_MD5 ? EVP_md5() : EVP_sha256(), part, 3, out->bytes);
}

bool
ph_stun_userhash(struct ph_str username, struct ph_str realm, uint8_t out[32])
{
	const struct ph_str part[] = { username, realm };

	return hash_joined(EVP_sha256(), part, 2, out);
}

static const char cookie[] = "obMatJos2";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
ph_stun_nonce_cookie(char out[PH_STUN_NONCE_COOKIE], uint32_t features)
{
	memcpy(out, cookie, sizeof(cookie) - 1);
	for (unsigned i = 0; i < 4; i++)
		out[sizeof(cookie) - 1 + i] = base64[features >> (18 - 6 * i) & 63];
}

uint32_t
ph_stun_nonce_features(struct ph_str nonce)
{
	uint32_t features = 0;

	if (nonce.len < PH_STUN_NONCE_COOKIE || !ph_str_starts(nonce, cookie))
		return 0;
	for (unsigned i = 0; i < 4; i++) {
		char c = nonce.s[sizeof(cookie) - 1 + i];
		const char *at = c != '\0' ? strchr(base64, c) : NULL;

		if (at == NULL)
			return 0;
		features = features << 6 | (uint32_t)(at - base64);
	}
	return features;
}
