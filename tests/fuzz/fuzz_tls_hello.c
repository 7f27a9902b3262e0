/* SPDX-License-Identifier: ISC */
/*
 * What a client of TLS says first: what is told lies within it, and stays the same with more
 * bytes behind it.
 *
 * seeds: tests/fuzz/seeds/tls_hello
 */
#include <assert.h>
#include <string.h>

#include "wire/tls_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t room[PH_TLS_HELLO_MAX], more[1 << 16];
	struct ph_tls_hello h, again;
	size_t name, alpn;

	if (n + 1 > sizeof(more) || ph_tls_hello_read(data, n, room, &h) != PH_TLS_HELLO_READY)
		return 0;
	assert(h.n_alpn <= PH_TLS_HELLO_ALPN);
	for (size_t i = 0; i < h.n_alpn; i++)
		assert(h.alpn[i].s >= (const char *)room &&
		    h.alpn[i].s + h.alpn[i].len <= (const char *)room + sizeof(room));
	name = h.name.len;
	alpn = h.n_alpn;
	memcpy(more, data, n);
	more[n] = 0x17;
	assert(ph_tls_hello_read(more, n + 1, room, &again) == PH_TLS_HELLO_READY);
	assert(again.name.len == name && again.n_alpn == alpn);
	return 0;
}
