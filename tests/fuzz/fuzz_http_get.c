/* SPDX-License-Identifier: ISC */
/*
 * What a reader of metrics asks, in one piece and byte by byte: the same is understood.
 *
 * seeds: tests/fuzz/seeds/http_get
 */
#include <assert.h>

#include "wire/http_get.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ph_str path = { NULL, 0 }, part = { NULL, 0 };
	enum ph_http_get whole = ph_http_get_read(data, n, &path), bit;

	if (whole == PH_HTTP_GET_READY)
		assert(path.len > 0 && path.s >= (const char *)data &&
		    path.s + path.len <= (const char *)data + n);
	for (size_t i = 0; i <= n; i++) {
		bit = ph_http_get_read(data, i, &part);
		if (bit == PH_HTTP_GET_MORE)
			continue;
		assert(bit == whole);
		assert(bit != PH_HTTP_GET_READY || (part.s == path.s && part.len == path.len));
		break;
	}
	return 0;
}
