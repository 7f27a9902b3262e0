/* SPDX-License-Identifier: ISC */
#ifndef PH_SPACE_CUBE_H
#define PH_SPACE_CUBE_H

#include "space/ranges.h"

/*
 * DOC: The space of packets
 *
 * A packet, as a firewall sees it at one place, is a point in a space of
 * PH_NDIMS dimensions, each a number of at most 128 bits:
 *
 *	SRC DST		addresses of both families on one line (net/addr.h)
 *	SPORT DPORT	ports; of ICMP the code (SPORT) and the type (DPORT),
 *			so that "type, code" reads like "port"; 0 otherwise
 *	PROTO		IP protocol number
 *	FLAGS		TCP flags, bits in the order of ph_flags_encode();
 *			0 for other protocols
 *	STATE		enum ph_state: connection tracking's view
 *	STATUS		0-3: PH_STATUS_SNAT | PH_STATUS_DNAT of the connection
 *	IIF OIF		interface names as numbers (ph_iface_encode()); 0: none
 *	MARK CTMARK	32-bit packet and connection marks
 *
 * A cube is a product of one range list a dimension.  Rules, questions and
 * answers are unions of cubes (space/set.h).
 */
enum ph_dim {
	PH_SRC, PH_DST, PH_SPORT, PH_DPORT, PH_PROTO, PH_FLAGS, PH_STATE,
	PH_STATUS, PH_IIF, PH_OIF, PH_MARK, PH_CTMARK, PH_NDIMS,
};

enum ph_state {
	PH_NEW,				/* first packet, always original direction */
	PH_EST_ORIG, PH_EST_REPLY,	/* established, by direction */
	PH_REL_ORIG, PH_REL_REPLY,	/* related: expectations, ICMP errors */
	PH_INVALID, PH_UNTRACKED,
	PH_NSTATES,
};

enum { PH_STATUS_SNAT = 1, PH_STATUS_DNAT = 2 };

/* TCP flags as in the header's byte (RFC 9293 3.1, RFC 3168). */
enum ph_tcp_flag {
	PH_FIN = 0x01, PH_SYN = 0x02, PH_RST = 0x04, PH_PSH = 0x08,
	PH_ACK = 0x10, PH_URG = 0x20, PH_ECE = 0x40, PH_CWR = 0x80,
};

struct ph_cube {
	const struct ph_ranges *d[PH_NDIMS];	/* NULL: any */
};

struct ph_packet {
	ph_u128 v[PH_NDIMS];
};

/* ph_dim_max(dim): the largest value of a dimension. */
ph_u128 ph_dim_max(enum ph_dim);

/* ph_dim_name(dim): "source address" and the like, for people. */
const char *ph_dim_name(enum ph_dim);

/*
 * ph_flags_encode(tcp):
 * Reorder the TCP header's flag byte so that SYN ACK RST FIN, on which rules
 * match, are the high bits: most such matches then are one range.
 */
unsigned ph_flags_encode(unsigned);
unsigned ph_flags_decode(unsigned);

/* ph_flags_ranges(mem, mask, value): all flags with (flags & mask) == value. */
const struct ph_ranges *ph_flags_ranges(struct ph_arena *, unsigned, unsigned);

/*
 * ph_iface_encode(name): a name as a number, big-endian, zero-padded, so that
 * order is alphabetical and a wildcard is one range.  Linux names (at most 15
 * bytes) are exact; longer ones (Cisco) keep 8 bytes and a 64-bit hash.
 * ph_iface_range(prefix): all names that begin so; at most 15 bytes.
 * ph_iface_decode(v, out): back to text into 17 bytes; "*" after a prefix hash.
 */
ph_u128 ph_iface_encode(struct ph_str);
struct ph_range ph_iface_range(struct ph_str);
const char *ph_iface_decode(ph_u128, char *);

/*
 * ph_cube_intersect(mem, a, b, out): false when nothing is common; *${out} may
 * be ${a} or ${b} itself.
 */
bool ph_cube_intersect(struct ph_arena *, const struct ph_cube *,
    const struct ph_cube *, struct ph_cube *);

/*
 * ph_cube_subtract(mem, a, b, out):
 * ${a} without ${b} as at most PH_NDIMS disjoint cubes into ${out}; the number
 * of them is returned, 1 with *${out} equal to ${a} when they do not overlap.
 */
size_t ph_cube_subtract(struct ph_arena *, const struct ph_cube *,
    const struct ph_cube *, struct ph_cube out[PH_NDIMS]);

bool ph_cube_overlap(const struct ph_cube *, const struct ph_cube *);
bool ph_cube_subset(const struct ph_cube *a, const struct ph_cube *of);
bool ph_cube_equal(const struct ph_cube *, const struct ph_cube *);
bool ph_cube_empty(const struct ph_cube *);
bool ph_cube_has(const struct ph_cube *, const struct ph_packet *);

/*
 * ph_cube_witness(c):
 * One packet of a cube that is not empty, the one a person would expect:
 * hosts rather than network addresses, SPORT 49152 when allowed, SYN for TCP,
 * state NEW.
 */
struct ph_packet ph_cube_witness(const struct ph_cube *);

/*
 * ph_cube_print(b, c):
 * "udp 192.0.2.0/24 -> 198.51.100.1 port 50000-59999", dimensions that are
 * any left out, in words of the field.
 */
void ph_cube_print(struct ph_buf *, const struct ph_cube *);

/*
 * ph_ranges_print(b, dim, r): the values of one dimension: prefixes and
 * address ranges, ports "1,3-5", names of protocols, flags, states, interfaces.
 */
void ph_ranges_print(struct ph_buf *, enum ph_dim, const struct ph_ranges *);

#endif
