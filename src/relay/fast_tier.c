/* SPDX-License-Identifier: ISC */
#include "relay/fast.h"

const char *
ph_fast_tier_name(enum ph_fast_tier t)
{
	static const char *const names[] = {
		[PH_FAST_NONE] = "none", [PH_FAST_TC] = "tc", [PH_FAST_XDP] = "xdp",
	};

	return names[t];
}
