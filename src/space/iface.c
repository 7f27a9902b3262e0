/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/map.h"
#include "space/cube.h"

enum {
	NAME_MAX_BYTES = 15,		/* IFNAMSIZ less the NUL */
	LONG_BYTES = 8,			/* kept of a longer name */
};

/* The first ${n} bytes of ${s}, big-endian, then zeros. */
static ph_u128
pack(const char *s, size_t n)
{
	ph_u128 v = 0;

	for (size_t i = 0; i < 16; i++)
		v = v << 8 | (i < n ? (unsigned char)s[i] : 0);
	return v;
}

/* The last byte, a NUL in every short name, tells that a hash follows. */
ph_u128
ph_iface_encode(struct ph_str name)
{
	if (name.len <= NAME_MAX_BYTES)
		return pack(name.s, name.len);
	return pack(name.s, LONG_BYTES) | ph_hash(name.s, name.len) | 1;
}

struct ph_range
ph_iface_range(struct ph_str prefix)
{
	size_t n = prefix.len > NAME_MAX_BYTES ? NAME_MAX_BYTES : prefix.len;
	ph_u128 lo = pack(prefix.s, n);

	return (struct ph_range){ lo, n == 0 ? PH_U128_MAX :
	    lo | (((ph_u128)1 << (128 - 8 * n)) - 1) };
}

const char *
ph_iface_decode(ph_u128 v, char *out)
{
	bool whole = (v & 0xff) == 0;
	size_t n = whole ? 16 : LONG_BYTES;

	for (size_t i = 0; i < n; i++)
		out[i] = (char)(unsigned char)(v >> (120 - 8 * i));
	strcpy(out + n, whole ? "" : "*");
	return out;
}
