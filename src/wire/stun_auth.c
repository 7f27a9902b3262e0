/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#include "wire/stun_auth.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char cookie[] = "obMatJos2";

bool
ph_stun_auth_init(struct ph_stun_auth *a)
{
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	memset(a, 0, sizeof(*a));
	if (hmac == NULL)
		return false;
	a->sha1 = EVP_MAC_CTX_new(hmac);
	a->sha256 = EVP_MAC_CTX_new(hmac);
	EVP_MAC_free(hmac);
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
	memcpy(a->key, key, len);
	a->key_len = len;
	a->ready[0] = a->ready[1] = false;
}

/* The first use of a key takes it in; later ones begin from there. */
static bool
hmac(struct ph_stun_auth *a, int which, const struct ph_str parts[2], uint8_t *out, size_t len)
{
	static const char *const names[] = { "SHA1", "SHA256" };
	char name[8];
	OSSL_PARAM digest[2] = { OSSL_PARAM_END, OSSL_PARAM_END };
	EVP_MAC_CTX *c = which == 0 ? a->sha1 : a->sha256;
	bool first = !a->ready[which];

	memcpy(name, names[which], strlen(names[which]) + 1);
	digest[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
	if (!EVP_MAC_init(c, first ? a->key : NULL, first ? a->key_len : 0,
	    first ? digest : NULL))
		return false;
	a->ready[which] = true;
	for (int i = 0; i < 2; i++)
		if (!EVP_MAC_update(c, (const unsigned char *)parts[i].s, parts[i].len))
			return false;
	return EVP_MAC_final(c, out, &len, len) == 1;
}

bool
ph_stun_auth_sha1(struct ph_stun_auth *a, const struct ph_str parts[2], uint8_t *out)
{
	return hmac(a, 0, parts, out, PH_STUN_SHA1_LEN);
}

bool
ph_stun_auth_sha256(struct ph_stun_auth *a, const struct ph_str parts[2], uint8_t *out)
{
	return hmac(a, 1, parts, out, PH_STUN_SHA256_LEN);
}

bool
ph_stun_auth_same(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

/* The hash of strings with colons between. */
static bool
hash(const EVP_MD *md, const struct ph_str *v, size_t n, uint8_t *out)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool ok = c != NULL && EVP_DigestInit_ex(c, md, NULL) == 1;

	for (size_t i = 0; ok && i < n; i++)
		ok = (i == 0 || EVP_DigestUpdate(c, ":", 1) == 1) &&
		    EVP_DigestUpdate(c, v[i].s, v[i].len) == 1;
	ok = ok && EVP_DigestFinal_ex(c, out, NULL) == 1;
	EVP_MD_CTX_free(c);
	return ok;
}

bool
ph_stun_key(enum ph_stun_alg alg, struct ph_str username, struct ph_str realm,
    struct ph_str password, struct ph_stun_key *out)
{
	struct ph_str v[] = { username, realm, password };

	out->len = alg == PH_STUN_MD5 ? 16 : 32;
	return hash(alg == PH_STUN_MD5 ? EVP_md5() : EVP_sha256(), v, 3, out->bytes);
}

bool
ph_stun_userhash(struct ph_str username, struct ph_str realm, uint8_t out[32])
{
	struct ph_str v[] = { username, realm };

	return hash(EVP_sha256(), v, 2, out);
}

void
ph_stun_nonce_cookie(char out[PH_STUN_NONCE_COOKIE], uint32_t features)
{
	memcpy(out, cookie, sizeof(cookie) - 1);
	for (unsigned i = 0; i < 4; i++)
		out[sizeof(cookie) - 1 + i] = digits[features >> (18 - 6 * i) & 63];
}

uint32_t
ph_stun_nonce_features(struct ph_str nonce)
{
	uint32_t v = 0;

	if (nonce.len < PH_STUN_NONCE_COOKIE || memcmp(nonce.s, cookie, sizeof(cookie) - 1) != 0)
		return 0;
	for (unsigned i = 0; i < 4; i++) {
		char c = nonce.s[sizeof(cookie) - 1 + i];
		const char *d = c == '\0' ? NULL : strchr(digits, c);

		if (d == NULL)
			return 0;
		v = v << 6 | (uint32_t)(d - digits);
	}
	return v;
}
