/* SPDX-License-Identifier: ISC */
/*
 * STUN and ChannelData on a stream: frames do not depend on how it is cut.
 *
 * seeds: tests/fuzz/seeds/stun
 */
#include <assert.h>
#include <string.h>

#include "wire/channel.h"
#include "wire/stream.h"
#include "wire/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static uint8_t buf[1 << 17];
	enum ph_stream_kind kind, whole = PH_STREAM_MORE;
	struct ph_stream s;
	struct ph_frame f, expect;
	struct ph_channel c;
	struct ph_stun m;
	size_t at = 0;

	ph_stream_init(&s, buf, sizeof(buf));
	for (size_t i = 0; i < n; i++) {
		size_t room;

		*ph_stream_room(&s, &room) = data[i];
		ph_stream_added(&s, 1);
		kind = ph_stream_take(&s, &f);
		if (kind == PH_STREAM_MORE)
			continue;
		whole = ph_stream_frame(data + at, n - at, &expect);
		assert(kind == whole);
		if (kind == PH_STREAM_BAD)
			return 0;
		assert(f.len == expect.len && f.total == expect.total && at + f.total == i + 1);
		assert(memcmp(f.p, data + at, f.len) == 0);
		at += f.total;
		if (kind == PH_STREAM_STUN)
			ph_stun_decode(&m, f.p, f.len);
		else
			ph_channel_decode(&c, f.p, f.len);
	}
	return 0;
}
