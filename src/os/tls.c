/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "os/tls_key.h"

struct ph_tls {
	SSL_CTX *ctx;
	SSL *ssl;
	enum ph_tls_state state;
	enum ph_tls_fault fault;
	struct ph_tls_wants wants;
	bool is_client, by_name;	/* by_name: a certificate decides, not a key */
	uint8_t peer[PH_TLS_KEY];	/* client: who must answer */
	unsigned char alpn[128];	/* as on the wire: lengths and names */
	unsigned alpn_len;
};

static const char *const names[] = {
	[PH_TLS_FINE] = "nothing is wrong",
	[PH_TLS_CLOSED] = "the connection was closed",
	[PH_TLS_NOT_TLS] = "what answers does not speak TLS",
	[PH_TLS_REFUSED] = "the other end does not know this key",
	[PH_TLS_OTHER_KEY] = "another key answers than the one expected",
	[PH_TLS_CERTIFICATE] = "the certificate shown is not one to be trusted for this name",
	[PH_TLS_PROTOCOL] = "TLS failed",
};

const char *
ph_tls_fault_name(enum ph_tls_fault f)
{
	return names[f];
}

/* Any certificate will do for TLS; which key it holds is asked afterwards. */
static int
take_any(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

static int
choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *offered,
    unsigned n_offered, void *arg)
{
	struct ph_tls *t = arg;
	unsigned char *chosen;

	(void)ssl;
	if (t->alpn_len == 0 || SSL_select_next_proto(&chosen, n, t->alpn, t->alpn_len, offered,
	    n_offered) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static void
put_alpn(struct ph_tls *t, const char *const *v)
{
	for (; v != NULL && *v != NULL; v++) {
		size_t n = strlen(*v);

		if (t->alpn_len + 1 + n > sizeof(t->alpn))
			return;
		t->alpn[t->alpn_len] = (unsigned char)n;
		memcpy(t->alpn + t->alpn_len + 1, *v, n);
		t->alpn_len += (unsigned)n + 1;
	}
}

static struct ph_tls *
stream_new(int fd, const struct ph_tls_opts *o, bool client)
{
	struct ph_tls *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->is_client = client;
	put_alpn(t, o->alpn);
	t->ctx = SSL_CTX_new(client ? TLS_client_method() : TLS_server_method());
	if (t->ctx == NULL || !SSL_CTX_set_min_proto_version(t->ctx,
	    client && o->peer != NULL ? TLS1_3_VERSION : TLS1_2_VERSION) ||
	    (o->key != NULL && (SSL_CTX_use_certificate(t->ctx, o->key->cert) != 1 ||
	    SSL_CTX_use_PrivateKey(t->ctx, o->key->pkey) != 1)))
		goto err;
	t->by_name = client && o->peer == NULL;
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, t->by_name ? NULL : take_any);
	if (t->by_name && (o->ca_file != NULL ?
	    SSL_CTX_load_verify_locations(t->ctx, o->ca_file, NULL) :
	    SSL_CTX_set_default_verify_paths(t->ctx)) != 1)
		goto err;
	SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(t->ctx, 0);
	SSL_CTX_set_alpn_select_cb(t->ctx, choose_alpn, t);
	t->ssl = SSL_new(t->ctx);
	if (t->ssl == NULL || SSL_set_fd(t->ssl, fd) != 1)
		goto err;
	return t;
err:
	ph_tls_free(t);
	return NULL;
}

/* Whose certificate it must be: a host's, or that of an address (RFC 9525 6.1). */
static bool
expect_name(struct ph_tls *t, const char *name)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(t->ssl);

	if (X509_VERIFY_PARAM_set1_ip_asc(p, name) == 1)
		return true;
	SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(t->ssl, name) == 1 && SSL_set_tlsext_host_name(t->ssl, name) == 1;
}

int
ph_tls_client(int fd, const struct ph_tls_opts *o, struct ph_tls **out)
{
	struct ph_tls *t = stream_new(fd, o, true);

	if (t == NULL)
		return -ENOMEM;
	if (o->peer != NULL)
		memcpy(t->peer, o->peer, sizeof(t->peer));
	if ((t->by_name && !expect_name(t, o->name)) ||
	    (o->sni != NULL && SSL_set_tlsext_host_name(t->ssl, o->sni) != 1) ||
	    (t->alpn_len > 0 && SSL_set_alpn_protos(t->ssl, t->alpn, t->alpn_len) != 0)) {
		ph_tls_free(t);
		return -ENOMEM;
	}
	SSL_set_connect_state(t->ssl);
	*out = t;
	return 0;
}

/* --- identities --- */

struct ph_tls_identity {
	SSL_CTX *ctx;
};

/* STUN and TURN (RFC 7443); who offers neither is served as well. */
static int
choose_turn(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *offered,
    unsigned n_offered, void *arg)
{
	static const unsigned char ours[] = "\x09stun.turn\x12stun.nat-discovery";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, n, ours, sizeof(ours) - 1, offered, n_offered) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

int
ph_tls_identity_read(const char *chain, const char *key, struct ph_tls_identity **out)
{
	struct ph_tls_identity *id = calloc(1, sizeof(*id));
	int err = -ENOMEM;

	ERR_clear_error();
	if (id == NULL || (id->ctx = SSL_CTX_new(TLS_server_method())) == NULL)
		goto err;
	errno = 0;
	if (SSL_CTX_use_certificate_chain_file(id->ctx, chain) != 1 ||
	    SSL_CTX_use_PrivateKey_file(id->ctx, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(id->ctx) != 1) {
		err = errno == ENOENT || errno == EACCES ? -errno : -EBADMSG;
		goto err;
	}
	SSL_CTX_set_min_proto_version(id->ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(id->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(id->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(id->ctx, choose_turn, NULL);
	*out = id;
	return 0;
err:
	ERR_clear_error();
	ph_tls_identity_free(id);
	return err;
}

void
ph_tls_identity_free(struct ph_tls_identity *id)
{
	if (id == NULL)
		return;
	SSL_CTX_free(id->ctx);
	free(id);
}

static struct ph_tls *
stream_of(int fd, struct ph_tls_identity *id)
{
	struct ph_tls *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	SSL_CTX_up_ref(id->ctx);
	t->ctx = id->ctx;
	t->ssl = SSL_new(t->ctx);
	if (t->ssl != NULL && SSL_set_fd(t->ssl, fd) == 1)
		return t;
	ph_tls_free(t);
	return NULL;
}

int
ph_tls_server(int fd, const struct ph_tls_opts *o, struct ph_tls **out)
{
	struct ph_tls *t = o->identity != NULL ? stream_of(fd, o->identity) :
	    stream_new(fd, o, false);

	if (t == NULL)
		return -ENOMEM;
	SSL_set_accept_state(t->ssl);
	*out = t;
	return 0;
}

void
ph_tls_free(struct ph_tls *t)
{
	if (t == NULL)
		return;
	if (t->state == PH_TLS_READY)
		SSL_shutdown(t->ssl);
	ERR_clear_error();
	SSL_free(t->ssl);
	SSL_CTX_free(t->ctx);
	free(t);
}

static enum ph_tls_fault
fault_of(unsigned long e)
{
	int reason = ERR_GET_REASON(e);

	if (e == 0 || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return PH_TLS_CLOSED;
	if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
	    reason == SSL_R_UNKNOWN_PROTOCOL || reason == SSL_R_PACKET_LENGTH_TOO_LONG)
		return PH_TLS_NOT_TLS;
	if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
		return PH_TLS_CERTIFICATE;
	if (reason >= SSL_AD_REASON_OFFSET && ERR_GET_LIB(e) == ERR_LIB_SSL)
		return PH_TLS_REFUSED;
	return PH_TLS_PROTOCOL;
}

/* Call before whatever may fail: OpenSSL keeps errors in a queue of the thread. */
static void
prepare(struct ph_tls *t)
{
	ERR_clear_error();
	errno = 0;
	t->wants = (struct ph_tls_wants){ false, false };
}

/* What an operation that moved nothing waits for; false when it never will. */
static bool
has_to_wait(struct ph_tls *t, int result)
{
	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		t->wants.read = true;
		return true;
	case SSL_ERROR_WANT_WRITE:
		t->wants.write = true;
		return true;
	default:
		t->state = PH_TLS_FAILED;
		if (t->fault == PH_TLS_FINE)
			t->fault = fault_of(ERR_peek_error());
		return false;
	}
}

enum ph_tls_state
ph_tls_shake(struct ph_tls *t)
{
	uint8_t peer[PH_TLS_KEY];
	int r;

	if (t->state != PH_TLS_SHAKING)
		return t->state;
	prepare(t);
	r = SSL_do_handshake(t->ssl);
	if (r != 1) {
		has_to_wait(t, r);
		return t->state;
	}
	t->state = PH_TLS_READY;
	if (t->is_client && !t->by_name && (!ph_tls_peer(t, peer) ||
	    memcmp(peer, t->peer, sizeof(peer)) != 0)) {
		t->fault = PH_TLS_OTHER_KEY;
		t->state = PH_TLS_FAILED;
	}
	return t->state;
}

int
ph_tls_read(struct ph_tls *t, void *p, size_t n)
{
	int r;

	if (t->state != PH_TLS_READY)
		return -ECONNRESET;
	prepare(t);
	r = SSL_read(t->ssl, p, n > INT32_MAX ? INT32_MAX : (int)n);
	if (r > 0)
		return r;
	if (SSL_get_error(t->ssl, r) == SSL_ERROR_ZERO_RETURN)
		return -EPIPE;
	return has_to_wait(t, r) ? 0 : -ECONNRESET;
}

int
ph_tls_write(struct ph_tls *t, const void *p, size_t n)
{
	int r;

	if (t->state != PH_TLS_READY)
		return -ECONNRESET;
	prepare(t);
	r = SSL_write(t->ssl, p, n > INT32_MAX ? INT32_MAX : (int)n);
	if (r > 0)
		return r;
	return has_to_wait(t, r) ? 0 : -ECONNRESET;
}

void
ph_tls_shut(struct ph_tls *t)
{
	if (t->state != PH_TLS_READY)
		return;
	prepare(t);
	SSL_shutdown(t->ssl);
}

struct ph_tls_wants
ph_tls_wants(const struct ph_tls *t)
{
	return t->wants;
}

enum ph_tls_fault
ph_tls_fault(const struct ph_tls *t)
{
	return t->fault;
}

bool
ph_tls_peer(const struct ph_tls *t, uint8_t out[PH_TLS_KEY])
{
	X509 *x = SSL_get0_peer_certificate(t->ssl);
	EVP_PKEY *key = x == NULL ? NULL : X509_get0_pubkey(x);
	size_t n = PH_TLS_KEY;

	return key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 &&
	    EVP_PKEY_get_raw_public_key(key, out, &n) == 1 && n == PH_TLS_KEY;
}

struct ph_str
ph_tls_alpn(const struct ph_tls *t)
{
	const unsigned char *p = NULL;
	unsigned n = 0;

	SSL_get0_alpn_selected(t->ssl, &p, &n);
	return (struct ph_str){ p == NULL ? "" : (const char *)p, n };
}

bool
ph_tls_exporter(const struct ph_tls *t, uint8_t out[32])
{
	static const char label[] = "EXPORTER-pinhole-path";

	return SSL_export_keying_material(t->ssl, out, 32, label, sizeof(label) - 1, NULL, 0,
	    0) == 1;
}
