/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_TLS_KEY_H
#define PH_OS_TLS_KEY_H

#include <openssl/ssl.h>

#include "os/tls.h"

/* What is behind a key, for os/tls.c. */
struct ph_tls_key {
	EVP_PKEY *pkey;
	X509 *cert;			/* its own, self-signed */
};

#endif
