/* SPDX-License-Identifier: ISC */
#include "probe/hello.h"
#include "wire/cursor.h"
#include "wire/stun.h"

size_t
ph_hello_make(struct ph_session *s, uint16_t port, uint8_t round, uint8_t out[PH_HELLO_MAX])
{
	struct ph_stun_seal seal = {
		.auth = ph_session_auth(s), .sha1 = true, .fingerprint = true,
	};
	struct ph_stun m;
	uint8_t id[12];

	ph_control_id_put(&(struct ph_control_id){ .kind = PH_CONTROL_CANARY, .number = port,
	    .try = round }, ph_session_salt(s), id);
	ph_stun_init(&m, PH_STUN_BINDING, PH_STUN_REQUEST, id);
	ph_stun_set(&m, PH_STUN_USERNAME);
	m.username = ph_session_username(s);
	ph_stun_set(&m, PH_STUN_PINHOLE_TEST);
	m.test = (struct ph_stun_test){ .mode = PH_STUN_TEST_NOW };
	return ph_stun_encode(&m, &seal, out, PH_HELLO_MAX);
}

int
ph_hello_check(struct ph_session *s, uint16_t port, uint8_t round, const uint8_t *p, size_t n)
{
	struct ph_control_id id;
	struct ph_stun m;
	size_t whole;

	if (n < PH_STUN_HEADER)
		return n > 0 && p[0] > 3 ? -1 : 0;
	whole = PH_STUN_HEADER + (size_t)ph_be16(p + 2);
	if (!ph_stun_looks(p, n) || whole > PH_HELLO_MAX)
		return -1;
	if (n < whole)
		return 0;
	return n == whole && ph_stun_decode(&m, p, n) == PH_STUN_OK &&
	    ph_control_id_get(m.id, ph_session_salt(s), &id) && id.number == port &&
	    id.try == round && (ph_session_is_public(s, port) ||
	    ph_stun_verify(&m, ph_session_auth(s))) ? 1 : -1;
}
