/* SPDX-License-Identifier: ISC */
#ifndef PH_OS_TLS_H
#define PH_OS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * DOC: TLS between those who know each other's keys
 *
 * Both ends have an Ed25519 key (RFC 8410) and show it in a certificate that they made
 * for themselves in memory; names, dates and issuers in it mean nothing.  What
 * counts is whether the key is the one that is expected.  So an interception, with
 * whatever certificate a company has put on its computers, is seen as what it is.
 *
 * Relays of other people show a certificate, as web servers do; a client that is given a name in
 * place of a key checks it against those whom the system trusts (RFC 9525).
 *
 * A stream belongs to one non-blocking socket, does not close it, and never waits: each
 * call goes as far as it can, then ph_tls_wants() says for what to wait.
 */
enum { PH_TLS_KEY = 32, PH_TLS_WORD = 43 };	/* bytes; base64url without padding */

struct ph_tls_key;
struct ph_tls;

/* ph_tls_key_new(out): a new key.  0, or -ENOMEM. */
int ph_tls_key_new(struct ph_tls_key **);

/*
 * ph_tls_key_read(path, out): from a file in PEM.  0, or -errno: -EPERM when others than
 * its owner may read it, -EBADMSG when it holds no Ed25519 private key.
 */
int ph_tls_key_read(const char *, struct ph_tls_key **);

/* ph_tls_key_write(path, key): as a new file, for its owner alone.  0, or -errno: -EEXIST. */
int ph_tls_key_write(const char *, const struct ph_tls_key *);

/* ph_tls_key_free(key): NULL is fine. */
void ph_tls_key_free(struct ph_tls_key *);

/* ph_tls_key_public(key, out): what others know it by. */
void ph_tls_key_public(const struct ph_tls_key *, uint8_t [PH_TLS_KEY]);

/* ph_tls_word(public, out), ph_tls_word_read(s, public): as one word; false: not one. */
void ph_tls_word(const uint8_t [PH_TLS_KEY], char [PH_TLS_WORD + 1]);
bool ph_tls_word_read(struct ph_str, uint8_t [PH_TLS_KEY]);

/*
 * What a server shows to everybody: a chain of certificates and its key, from files in PEM.
 * Used by many streams and threads at once; counted, so that one that was replaced lives on as
 * long as its streams.  0, or -errno: -EBADMSG when they do not belong together.
 */
struct ph_tls_identity;
int ph_tls_identity_read(const char *chain, const char *key, struct ph_tls_identity **);
void ph_tls_identity_free(struct ph_tls_identity *);

enum ph_tls_state {
	PH_TLS_SHAKING,
	PH_TLS_READY,
	PH_TLS_FAILED,
};

/* Why a stream failed. */
enum ph_tls_fault {
	PH_TLS_FINE,
	PH_TLS_CLOSED,			/* the other end closed, or the connection broke */
	PH_TLS_NOT_TLS,			/* what answers does not speak TLS */
	PH_TLS_REFUSED,			/* the other end does not take us */
	PH_TLS_OTHER_KEY,		/* not who it should be: an interception, or a new key */
	PH_TLS_CERTIFICATE,		/* one that nobody trusted has signed for that name */
	PH_TLS_PROTOCOL,		/* anything else that TLS calls an error */
};

struct ph_tls_opts {
	const struct ph_tls_key *key;	/* client: NULL shows none */
	struct ph_tls_identity *identity;	/* server: instead of ${key} and ${alpn} */
	const uint8_t *peer;		/* client: the key that must answer; NULL: ${name} */
	const char *name;		/* client: the host, or address, of the certificate */
	const char *ca_file;		/* client: PEM of who signs such; NULL: the system's */
	const char *sni;		/* client: NULL for none */
	const char *const *alpn;	/* offered or taken, in order; NULL-terminated, or NULL */
};

/* ph_tls_client(fd, opts, out), ph_tls_server(): 0, or -ENOMEM. */
int ph_tls_client(int, const struct ph_tls_opts *, struct ph_tls **);
int ph_tls_server(int, const struct ph_tls_opts *, struct ph_tls **);

/* ph_tls_free(t): say goodbye if that needs no waiting; the socket stays open. */
void ph_tls_free(struct ph_tls *);

/* ph_tls_shake(t): go on with the handshake. */
enum ph_tls_state ph_tls_shake(struct ph_tls *);

/*
 * ph_tls_read(t, p, n), ph_tls_write(t, p, n): bytes moved, 0 when that has to wait.
 * -EPIPE: the other end has closed; -ECONNRESET: broken, see ph_tls_fault().  What a write
 * did not take is to be offered again unchanged.
 */
int ph_tls_read(struct ph_tls *, void *, size_t);
int ph_tls_write(struct ph_tls *, const void *, size_t);

/* ph_tls_shut(t): send no more; reading goes on. */
void ph_tls_shut(struct ph_tls *);

/* ph_tls_wants(t): does what could not be done last wait for reading, for writing? */
struct ph_tls_wants { bool read, write; } ph_tls_wants(const struct ph_tls *);

enum ph_tls_fault ph_tls_fault(const struct ph_tls *);
const char *ph_tls_fault_name(enum ph_tls_fault);

/* ph_tls_peer(t, out): the other end's key; false when it showed none of our kind. */
bool ph_tls_peer(const struct ph_tls *, uint8_t [PH_TLS_KEY]);

/* ph_tls_alpn(t): the protocol agreed on, "" when none. */
struct ph_str ph_tls_alpn(const struct ph_tls *);

/*
 * ph_tls_exporter(t, out): 32 bytes that only the two ends of this very connection can
 * know (RFC 8446 7.5, RFC 5705): different at both ends when somebody sits between.
 */
bool ph_tls_exporter(const struct ph_tls *, uint8_t [32]);

#endif
