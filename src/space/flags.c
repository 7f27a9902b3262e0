/* SPDX-License-Identifier: ISC */
#include "space/cube.h"

/* From the lowest bit up: those that rules test stand last, in the high bits. */
static const uint8_t order[8] = {
	PH_CWR, PH_ECE, PH_URG, PH_PSH, PH_FIN, PH_RST, PH_ACK, PH_SYN,
};

unsigned
ph_flags_encode(unsigned tcp)
{
	unsigned v = 0;

	for (unsigned i = 0; i < 8; i++)
		if (tcp & order[i])
			v |= 1U << i;
	return v;
}

unsigned
ph_flags_decode(unsigned v)
{
	unsigned tcp = 0;

	for (unsigned i = 0; i < 8; i++)
		if (v >> i & 1)
			tcp |= order[i];
	return tcp;
}

const struct ph_ranges *
ph_flags_ranges(struct ph_arena *mem, unsigned mask, unsigned value)
{
	const struct ph_ranges *out = ph_ranges_none();

	if ((value & ~mask & 0xff) != 0)
		return out;
	ph_ranges_masked(mem, ph_flags_encode(value), ph_flags_encode(mask), 8, 0,
	    (struct ph_range){ 0, 0xff }, 256, &out);
	return out;
}
