/* SPDX-License-Identifier: ISC */
/*
 * Frames of a probe's control channel: what can be read must be written as the
 * same bytes.
 *
 * seeds: tests/fuzz/seeds/control
 */
#include <assert.h>
#include <string.h>

#include "wire/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct ph_control_room room;
	static uint8_t again[PH_CONTROL_HEADER + PH_CONTROL_BODY];
	struct ph_control_msg m;
	size_t len = ph_control_frame(data, n);

	if (len == 0 || len == SIZE_MAX || !ph_control_decode(&m, &room, data, len))
		return 0;
	assert(ph_control_encode(&m, again, sizeof(again)) == len);
	assert(memcmp(again, data, len) == 0);
	return 0;
}
