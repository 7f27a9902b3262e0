/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "serve/answer.h"

bool
ph_answer_read(const uint8_t *p, size_t n, struct ph_stun_auth *auth, struct ph_str name,
    const uint8_t *salt, struct ph_answer_to *out)
{
	struct ph_stun m;

	if (ph_stun_decode(&m, p, n) != PH_STUN_OK || m.method != PH_STUN_BINDING ||
	    m.class != PH_STUN_REQUEST || !ph_stun_has(&m, PH_STUN_USERNAME) ||
	    m.username.len != name.len || memcmp(m.username.s, name.s, name.len) != 0 ||
	    !ph_control_id_get(m.id, salt, &out->id) || !ph_stun_verify(&m, auth))
		return false;
	out->test = ph_stun_has(&m, PH_STUN_PINHOLE_TEST) ? m.test : (struct ph_stun_test){ 0 };
	memcpy(out->id_bytes, m.id, sizeof(out->id_bytes));
	out->len = (uint16_t)n;
	return true;
}

size_t
ph_answer_make(const struct ph_answer_to *to, uint16_t count, struct ph_stun_auth *auth,
    uint8_t *out, size_t cap)
{
	struct ph_stun_seal seal = { .auth = auth, .sha1 = true, .fingerprint = true };
	size_t room = to->len < cap ? to->len : cap, n;
	struct ph_stun m;

	ph_stun_init(&m, PH_STUN_BINDING, PH_STUN_SUCCESS, to->id_bytes);
	ph_stun_set(&m, PH_STUN_XOR_MAPPED_ADDRESS);
	m.xor_mapped = (struct ph_stun_addr){ .addr = to->from, .port = to->port };
	ph_stun_set(&m, PH_STUN_PINHOLE_TEST);
	m.test = to->test;
	m.test.count = count;
	m.test.tos = to->tos;
	m.test.ttl = to->ttl;
	m.test.bytes = to->len;
	n = ph_stun_encode(&m, &seal, out, room);
	if (n == 0 || to->test.bytes < n + 4 || to->test.bytes > room)
		return n;
	ph_stun_set(&m, PH_STUN_PADDING);
	m.padding = (uint16_t)(to->test.bytes - n - 4);
	return ph_stun_encode(&m, &seal, out, room);
}

size_t
ph_answer_unasked(const struct ph_control_id *id, const uint8_t *salt,
    struct ph_stun_auth *auth, uint8_t *out, size_t cap)
{
	struct ph_stun_seal seal = { .auth = auth, .sha1 = true, .fingerprint = true };
	struct ph_stun m;
	uint8_t bytes[12];

	ph_control_id_put(id, salt, bytes);
	ph_stun_init(&m, PH_STUN_BINDING, PH_STUN_INDICATION, bytes);
	return ph_stun_encode(&m, &seal, out, cap);
}
