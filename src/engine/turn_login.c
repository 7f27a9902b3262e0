/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "engine/turn_login.h"

enum { MAX_NAME = 508, MAX_SECRET = PH_STUN_KEY_MAX };

struct user {
	struct ph_str name;		/* into ${text} */
	uint8_t hash[32];		/* USERHASH */
	uint8_t md5[16], sha256[32];
	uint32_t next_name, next_hash;	/* of the chains, + 1 */
};

struct ph_turn_logins {
	char *text;			/* names, realm and secrets, one after the other */
	size_t n_text;
	struct ph_str realm;
	struct user *users;
	uint32_t *by_name, *by_hash, mask;	/* + 1 */
	size_t n_users;
	struct ph_str *secrets;
	size_t n_secrets;
	struct ph_stun_auth auth;	/* for passwords from secrets */
	bool sha256;
};

static struct ph_str
keep(struct ph_turn_logins *x, struct ph_str s)
{
	char *at = x->text + x->n_text;

	if (s.len > 0)
		memcpy(at, s.s, s.len);
	x->n_text += s.len;
	return (struct ph_str){ at, s.len };
}

static uint32_t
hash_of(const void *p, size_t n)
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < n; i++)
		h = (h ^ ((const uint8_t *)p)[i]) * 16777619U;
	return h ^ h >> 15;
}

static bool
add_user(struct ph_turn_logins *x, const struct ph_turn_user *from)
{
	struct user *u = &x->users[x->n_users];
	struct ph_stun_key md5, sha256;
	uint32_t *name, *hash;

	u->name = keep(x, from->name);
	if (from->keyed) {
		memcpy(u->md5, from->md5, sizeof(u->md5));
		memcpy(u->sha256, from->sha256, sizeof(u->sha256));
	} else {
		if (!ph_stun_key(PH_STUN_MD5, u->name, x->realm, from->password, &md5) ||
		    !ph_stun_key(PH_STUN_SHA256, u->name, x->realm, from->password, &sha256))
			return false;
		memcpy(u->md5, md5.bytes, sizeof(u->md5));
		memcpy(u->sha256, sha256.bytes, sizeof(u->sha256));
		OPENSSL_cleanse(&md5, sizeof(md5));
		OPENSSL_cleanse(&sha256, sizeof(sha256));
	}
	if (!ph_stun_userhash(u->name, x->realm, u->hash))
		return false;
	name = &x->by_name[hash_of(u->name.s, u->name.len) & x->mask];
	hash = &x->by_hash[hash_of(u->hash, sizeof(u->hash)) & x->mask];
	u->next_name = *name;
	u->next_hash = *hash;
	*name = *hash = (uint32_t)++x->n_users;
	return true;
}

static size_t
text_of(const struct ph_turn_server_config *c)
{
	size_t n = c->realm.len + 1;

	for (size_t i = 0; i < c->n_users; i++)
		n += c->users[i].name.len;
	for (size_t i = 0; i < c->n_secrets; i++)
		n += c->secrets[i].len;
	return n;
}

struct ph_turn_logins *
ph_turn_logins_new(const struct ph_turn_server_config *c)
{
	struct ph_turn_logins *x = calloc(1, sizeof(*x));
	uint32_t size = 16;

	if (x == NULL)
		return NULL;
	while (size < c->n_users && size < 1U << 24)
		size *= 2;
	x->mask = size - 1;
	x->sha256 = c->sha256;
	x->text = calloc(1, text_of(c));
	x->users = calloc(c->n_users + 1, sizeof(*x->users));
	x->secrets = calloc(c->n_secrets + 1, sizeof(*x->secrets));
	x->by_name = calloc(size, sizeof(*x->by_name));
	x->by_hash = calloc(size, sizeof(*x->by_hash));
	if (x->text == NULL || x->users == NULL || x->secrets == NULL || x->by_name == NULL ||
	    x->by_hash == NULL || !ph_stun_auth_init(&x->auth))
		goto err;
	x->realm = keep(x, c->realm);
	for (; x->n_secrets < c->n_secrets; x->n_secrets++)
		x->secrets[x->n_secrets] = keep(x, c->secrets[x->n_secrets]);
	for (size_t i = 0; i < c->n_users; i++)
		if (!add_user(x, &c->users[i]))
			goto err;
	return x;
err:
	ph_turn_logins_free(x);
	return NULL;
}

void
ph_turn_logins_free(struct ph_turn_logins *x)
{
	if (x == NULL)
		return;
	if (x->text != NULL)
		OPENSSL_cleanse(x->text, x->n_text);
	if (x->users != NULL)
		OPENSSL_cleanse(x->users, x->n_users * sizeof(*x->users));
	if (x->auth.sha1 != NULL)
		ph_stun_auth_fini(&x->auth);
	free(x->text);
	free(x->users);
	free(x->secrets);
	free(x->by_name);
	free(x->by_hash);
	free(x);
}

uint32_t
ph_turn_logins_features(const struct ph_turn_logins *x)
{
	if (!x->sha256)
		return 0;
	/* Of a hash nobody can tell until when a credential is good. */
	return x->n_secrets > 0 ? PH_STUN_FEATURE_ALGORITHMS :
	    PH_STUN_FEATURE_ALGORITHMS | PH_STUN_FEATURE_USERHASH;
}

static const struct user *
find_user(const struct ph_turn_logins *x, const struct ph_stun *m)
{
	bool named = ph_stun_has(m, PH_STUN_USERNAME);
	uint32_t at = named ? x->by_name[hash_of(m->username.s, m->username.len) & x->mask] :
	    x->by_hash[hash_of(m->userhash, sizeof(m->userhash)) & x->mask];

	while (at != 0) {
		const struct user *u = &x->users[at - 1];

		if (named ? u->name.len == m->username.len &&
		    memcmp(u->name.s, m->username.s, u->name.len) == 0 :
		    ph_stun_auth_same(u->hash, m->userhash, sizeof(u->hash)))
			return u;
		at = named ? u->next_name : u->next_hash;
	}
	return NULL;
}

/* Listed and time-limited users of one name are two users. */
static bool
identify(const char *kind, struct ph_str name, uint8_t out[16])
{
	uint8_t hash[32];

	if (!ph_stun_userhash(ph_str(kind), name, hash))
		return false;
	memcpy(out, hash, 16);
	return true;
}

static bool
try_key(const struct ph_turn_claim *c, struct ph_stun_auth *auth, struct ph_turn_login *out)
{
	ph_stun_auth_key(auth, out->key, out->key_len);
	return ph_stun_verify(c->m, auth);
}

/* By secret ${i} / 2, with SHA-1 and then SHA-256: its length, or 0. */
static size_t
password_of(struct ph_turn_logins *x, size_t i, struct ph_str name, char out[64])
{
	bool sha256 = i % 2 != 0;
	const struct ph_str parts[2] = { name, { name.s, 0 } };
	size_t len = sha256 ? PH_STUN_SHA256_LEN : PH_STUN_SHA1_LEN;
	uint8_t mac[PH_STUN_SHA256_LEN];

	ph_stun_auth_key(&x->auth, x->secrets[i / 2].s, x->secrets[i / 2].len);
	if (!(sha256 ? ph_stun_auth_sha256 : ph_stun_auth_sha1)(&x->auth, parts, mac))
		return 0;
	return (size_t)EVP_EncodeBlock((unsigned char *)out, mac, (int)len);
}

static bool
try_secrets(struct ph_turn_logins *x, const struct ph_turn_claim *c,
    struct ph_stun_auth *auth, struct ph_turn_login *out)
{
	char password[64];
	struct ph_stun_key key;

	for (size_t i = 0; i < 2 * x->n_secrets; i++) {
		size_t n = password_of(x, i, c->m->username, password);

		if (n == 0 || !ph_stun_key(c->sha256_key ? PH_STUN_SHA256 : PH_STUN_MD5,
		    c->m->username, x->realm, (struct ph_str){ password, n }, &key))
			return false;
		memcpy(out->key, key.bytes, key.len);
		out->key_len = (uint8_t)key.len;
		if (try_key(c, auth, out))
			return true;
	}
	return false;
}

/* "1790000000:alice" or "1790000000". */
static bool
check_limited(struct ph_turn_logins *x, const struct ph_turn_claim *c,
    struct ph_stun_auth *auth, struct ph_turn_login *out)
{
	struct ph_str name = c->m->username, until = name;
	const char *colon;

	if (x->n_secrets == 0 || !ph_stun_has(c->m, PH_STUN_USERNAME) || name.len == 0)
		return false;
	colon = memchr(name.s, ':', name.len);
	if (colon != NULL) {
		until.len = (size_t)(colon - name.s);
		name = (struct ph_str){ colon + 1, name.len - until.len - 1 };
	}
	out->name = name;
	return ph_str_u64(until, 10, UINT64_MAX - 1, &out->until_s) &&
	    try_secrets(x, c, auth, out) && identify("limited", c->m->username, out->owner) &&
	    identify("limited", name, out->account);
}

bool
ph_turn_login_check(struct ph_turn_logins *x, const struct ph_turn_claim *c,
    struct ph_stun_auth *auth, struct ph_turn_login *out)
{
	const struct user *u = find_user(x, c->m);

	memset(out, 0, sizeof(*out));
	out->sha256 = ph_stun_has(c->m, PH_STUN_MESSAGE_INTEGRITY_SHA256);
	out->until_s = UINT64_MAX;
	if (u == NULL)
		return check_limited(x, c, auth, out);
	out->key_len = c->sha256_key ? sizeof(u->sha256) : sizeof(u->md5);
	memcpy(out->key, c->sha256_key ? u->sha256 : u->md5, out->key_len);
	out->name = u->name;
	if (!try_key(c, auth, out) || !identify("listed", u->name, out->owner))
		return false;
	memcpy(out->account, out->owner, sizeof(out->account));
	return true;
}
