/* SPDX-License-Identifier: ISC */
/*
 * What a proxy answers, in one piece and byte by byte: the same is understood.
 *
 * seeds: tests/fuzz/seeds/http_connect
 */
#include <assert.h>

#include "wire/http_connect.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	unsigned status = 0, again = 0;
	size_t head = 0, part = 0;
	enum ph_http_connect whole = ph_http_connect_read(data, n, &head, &status), bit;

	for (size_t i = 0; i <= n; i++) {
		bit = ph_http_connect_read(data, i, &part, &again);
		if (bit == PH_HTTP_MORE)
			continue;
		assert(bit == whole);
		assert(bit == PH_HTTP_BAD || (part == head && again == status && head <= n));
		break;
	}
	return 0;
}
