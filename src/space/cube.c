/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/map.h"
#include "space/cube.h"

#define FULL(name, max)							\
	static const struct { size_t n; struct ph_range r[1]; } name = { 1, { { 0, max } } }

FULL(full_128, (ph_u128)-1);
FULL(full_32, 0xffffffff);
FULL(full_16, 0xffff);
FULL(full_8, 0xff);
FULL(full_state, PH_NSTATES - 1);
FULL(full_status, 3);

static const void *const full[PH_NDIMS] = {
	[PH_SRC] = &full_128, [PH_DST] = &full_128,
	[PH_SPORT] = &full_16, [PH_DPORT] = &full_16,
	[PH_PROTO] = &full_8, [PH_FLAGS] = &full_8,
	[PH_STATE] = &full_state, [PH_STATUS] = &full_status,
	[PH_IIF] = &full_128, [PH_OIF] = &full_128,
	[PH_MARK] = &full_32, [PH_CTMARK] = &full_32,
};

const struct ph_ranges *
ph_dim_full(enum ph_dim d)
{
	return full[d];
}

ph_u128
ph_dim_max(enum ph_dim d)
{
	return ph_dim_full(d)->r[0].hi;
}

const char *
ph_dim_name(enum ph_dim d)
{
	static const char *const name[PH_NDIMS] = {
		[PH_SRC] = "source address", [PH_DST] = "destination address",
		[PH_SPORT] = "source port", [PH_DPORT] = "destination port",
		[PH_PROTO] = "protocol", [PH_FLAGS] = "TCP flags",
		[PH_STATE] = "connection state", [PH_STATUS] = "translation status",
		[PH_IIF] = "input interface", [PH_OIF] = "output interface",
		[PH_MARK] = "packet mark", [PH_CTMARK] = "connection mark",
	};

	return name[d];
}

/* Our bit for each bit of the header: SYN ACK RST FIN, then the rest. */
static const uint8_t flag_order[8] = {
	[0] = 4 /* FIN */, [1] = 7 /* SYN */, [2] = 5 /* RST */, [3] = 3 /* PSH */,
	[4] = 6 /* ACK */, [5] = 2 /* URG */, [6] = 1 /* ECE */, [7] = 0 /* CWR */,
};

unsigned
ph_flags_encode(unsigned tcp)
{
	unsigned v = 0;

	for (int i = 0; i < 8; i++)
		v |= (tcp >> i & 1U) << flag_order[i];
	return v;
}

unsigned
ph_flags_decode(unsigned v)
{
	unsigned tcp = 0;

	for (int i = 0; i < 8; i++)
		tcp |= (v >> flag_order[i] & 1U) << i;
	return tcp;
}

const struct ph_ranges *
ph_flags_ranges(struct ph_arena *mem, unsigned mask, unsigned value)
{
	struct ph_range v[256];
	size_t n = 0;

	for (unsigned i = 0; i < 256; i++)
		if ((ph_flags_decode(i) & mask) == value)
			v[n++] = (struct ph_range){ i, i };
	return n == 0 ? ph_ranges_none() : ph_ranges_from(mem, v, n);
}

enum { IFACE_BYTES = 16, IFACE_KEPT = 8 };

ph_u128
ph_iface_encode(struct ph_str s)
{
	ph_u128 v = 0;

	for (size_t i = 0; i < IFACE_BYTES; i++)
		v = v << 8 | (i < s.len ? (unsigned char)s.s[i] : 0);
	if (s.len > IFACE_BYTES)
		v = (v >> 64) << 64 | ph_hash(s.s, s.len);
	return v;
}

struct ph_range
ph_iface_range(struct ph_str prefix)
{
	ph_u128 lo = ph_iface_encode(prefix);
	size_t free_bits = 8 * (IFACE_BYTES - (prefix.len < IFACE_BYTES ? prefix.len : IFACE_BYTES));
	ph_u128 rest = free_bits == 128 ? PH_U128_MAX : ((ph_u128)1 << free_bits) - 1;

	return (struct ph_range){ free_bits == 128 ? 1 : lo, lo | rest };
}

const char *
ph_iface_decode(ph_u128 v, char *out)
{
	for (int i = 0; i < IFACE_BYTES; i++)
		out[i] = (char)(v >> (120 - 8 * i));
	out[IFACE_BYTES] = '\0';
	return out;
}

static const struct ph_ranges *
dim_of(const struct ph_cube *c, int d)
{
	return c->d[d] == NULL ? full[d] : c->d[d];
}

bool
ph_cube_overlap(const struct ph_cube *a, const struct ph_cube *b)
{
	for (int d = 0; d < PH_NDIMS; d++)
		if (!ph_ranges_overlap(a->d[d], b->d[d]))
			return false;
	return true;
}

bool
ph_cube_intersect(struct ph_arena *mem, const struct ph_cube *a,
    const struct ph_cube *b, struct ph_cube *out)
{
	if (!ph_cube_overlap(a, b))
		return false;
	for (int d = 0; d < PH_NDIMS; d++)
		out->d[d] = ph_ranges_intersect(mem, a->d[d], b->d[d]);
	return true;
}

size_t
ph_cube_subtract(struct ph_arena *mem, const struct ph_cube *a,
    const struct ph_cube *b, struct ph_cube out[PH_NDIMS])
{
	struct ph_cube rest = *a;
	size_t n = 0;

	if (!ph_cube_overlap(a, b)) {
		out[0] = *a;
		return 1;
	}
	for (int d = 0; d < PH_NDIMS; d++) {
		const struct ph_ranges *left;

		if (b->d[d] == NULL)
			continue;
		left = ph_ranges_subtract(mem, dim_of(&rest, d), b->d[d]);
		if (!ph_ranges_empty(left)) {
			out[n] = rest;
			out[n++].d[d] = left;
		}
		rest.d[d] = ph_ranges_intersect(mem, rest.d[d], b->d[d]);
	}
	return n;
}

bool
ph_cube_subset(const struct ph_cube *a, const struct ph_cube *of)
{
	for (int d = 0; d < PH_NDIMS; d++)
		if (of->d[d] != NULL && !ph_ranges_subset(dim_of(a, d), of->d[d]))
			return false;
	return true;
}

bool
ph_cube_equal(const struct ph_cube *a, const struct ph_cube *b)
{
	for (int d = 0; d < PH_NDIMS; d++)
		if (!ph_ranges_equal(dim_of(a, d), dim_of(b, d)))
			return false;
	return true;
}

bool
ph_cube_empty(const struct ph_cube *c)
{
	for (int d = 0; d < PH_NDIMS; d++)
		if (ph_ranges_empty(c->d[d]))
			return true;
	return false;
}

bool
ph_cube_has(const struct ph_cube *c, const struct ph_packet *p)
{
	for (int d = 0; d < PH_NDIMS; d++)
		if (!ph_ranges_has(c->d[d], p->v[d]))
			return false;
	return true;
}
