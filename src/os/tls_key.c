/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/tls_key.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* A certificate is what TLS carries keys in; nothing in this one is looked at. */
static X509 *
certificate(EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_NAME *name = x == NULL ? NULL : X509_get_subject_name(x);
	const unsigned char cn[] = "pinhole";

	if (name == NULL || !X509_set_version(x, 2) ||
	    !ASN1_INTEGER_set(X509_get_serialNumber(x), 1) ||
	    !ASN1_TIME_set_string_X509(X509_getm_notBefore(x), "19700101000000Z") ||
	    !ASN1_TIME_set_string_X509(X509_getm_notAfter(x), "99991231235959Z") ||
	    !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, cn, -1, -1, 0) ||
	    !X509_set_issuer_name(x, name) || !X509_set_pubkey(x, key) ||
	    !X509_sign(x, key, NULL)) {
		X509_free(x);
		return NULL;
	}
	return x;
}

/* Takes over ${pkey}. */
static int
key_of(EVP_PKEY *pkey, struct ph_tls_key **out)
{
	struct ph_tls_key *k = calloc(1, sizeof(*k));

	if (k == NULL || pkey == NULL)
		goto err;
	k->pkey = pkey;
	k->cert = certificate(pkey);
	if (k->cert == NULL)
		goto err;
	*out = k;
	return 0;
err:
	EVP_PKEY_free(pkey);
	free(k);
	return -ENOMEM;
}

int
ph_tls_key_new(struct ph_tls_key **out)
{
	return key_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), out);
}

int
ph_tls_key_read(const char *path, struct ph_tls_key **out)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	EVP_PKEY *pkey;

	if (f == NULL)
		return -errno;
	if (fstat(fileno(f), &st) < 0 || (st.st_mode & 077) != 0) {
		fclose(f);
		return -EPERM;
	}
	pkey = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	if (pkey != NULL && EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519)
		return key_of(pkey, out);
	EVP_PKEY_free(pkey);
	return -EBADMSG;
}

int
ph_tls_key_write(const char *path, const struct ph_tls_key *k)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	bool ok;

	if (f == NULL)
		return -errno;
	ok = PEM_write_PKCS8PrivateKey(f, k->pkey, NULL, NULL, 0, NULL, NULL) == 1;
	ok = fflush(f) == 0 && fsync(fd) == 0 && ok;
	if (fclose(f) == 0 && ok)
		return 0;
	unlink(path);
	return -EIO;
}

void
ph_tls_key_free(struct ph_tls_key *k)
{
	if (k == NULL)
		return;
	X509_free(k->cert);
	EVP_PKEY_free(k->pkey);
	free(k);
}

void
ph_tls_key_public(const struct ph_tls_key *k, uint8_t out[PH_TLS_KEY])
{
	size_t n = PH_TLS_KEY;

	if (EVP_PKEY_get_raw_public_key(k->pkey, out, &n) != 1)
		memset(out, 0, PH_TLS_KEY);
}

void
ph_tls_word(const uint8_t key[PH_TLS_KEY], char out[PH_TLS_WORD + 1])
{
	uint32_t bits = 0;
	unsigned have = 0, at = 0;

	for (unsigned i = 0; i < PH_TLS_KEY; i++) {
		bits = bits << 8 | key[i];
		for (have += 8; have >= 6; have -= 6)
			out[at++] = digits[bits >> (have - 6) & 63];
	}
	out[at++] = digits[bits << (6 - have) & 63];
	out[at] = '\0';
}

bool
ph_tls_word_read(struct ph_str s, uint8_t out[PH_TLS_KEY])
{
	uint32_t bits = 0;
	unsigned have = 0, at = 0;

	if (s.len != PH_TLS_WORD)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		const char *d = s.s[i] == '\0' ? NULL : strchr(digits, s.s[i]);

		if (d == NULL)
			return false;
		bits = bits << 6 | (uint32_t)(d - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[at++] = (uint8_t)(bits >> have);
		}
	}
	return (bits & ((1U << have) - 1)) == 0;
}
