/* SPDX-License-Identifier: ISC */
/*
 * STUN messages: whatever is read can be written, and then reads the same.
 *
 * seeds: tests/fuzz/seeds/stun
 */
#include <assert.h>
#include <string.h>

#include "wire/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t once[1 << 17], twice[1 << 17];
	struct ph_stun m, again;
	struct ph_stun_unknown v;
	size_t len;

	if (ph_stun_decode(&m, data, n) != PH_STUN_OK)
		return 0;
	ph_stun_strange(&m, 0, &v);
	len = ph_stun_encode(&m, NULL, once, sizeof(once));
	if (len == 0)
		return 0;
	assert(ph_stun_decode(&again, once, len) == PH_STUN_OK);
	assert(ph_stun_encode(&again, NULL, twice, sizeof(twice)) == len);
	assert(memcmp(once, twice, len) == 0);
	return 0;
}
