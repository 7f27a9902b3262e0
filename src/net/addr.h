/* SPDX-License-Identifier: ISC */
#ifndef PH_NET_ADDR_H
#define PH_NET_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * DOC: One number line for both families
 *
 * An address is a 128-bit number in host order.  IPv6 addresses are
 * themselves; IPv4 addresses stand in the last 2^32 numbers, in the all-ones
 * corner of multicast space that can never be an address on a network.  So
 * each family is one range, a set of addresses of both families is one list
 * of ranges, and nothing else needs to know about families.
 */
__extension__ typedef unsigned __int128 ph_u128;

/* A non-empty closed range; also used for every other dimension of a packet. */
struct ph_range {
	ph_u128 lo, hi;
};

#define PH_U128_MAX	((ph_u128)-1)
#define PH_V4_BASE	(PH_U128_MAX - 0xffffffffU)
#define PH_V4(a)	(PH_V4_BASE + (uint32_t)(a))
#define PH_ANY		((struct ph_range){ 0, PH_U128_MAX })
#define PH_ANY_V4	((struct ph_range){ PH_V4_BASE, PH_U128_MAX })
#define PH_ANY_V6	((struct ph_range){ 0, PH_V4_BASE - 1 })

/* ph_addr_is_v4(a): is ${a} an IPv4 address? */
static inline bool
ph_addr_is_v4(ph_u128 a)
{
	return a >= PH_V4_BASE;
}

/*
 * ph_addr_parse(s, out):
 * Read all of ${s} as an IPv4 (four decimal parts, RFC 6943 3.1.1 strict) or
 * IPv6 (RFC 4291 2.2) address, without brackets or zone.
 */
bool ph_addr_parse(struct ph_str, ph_u128 *);

/*
 * ph_prefix_parse(s, out):
 * Read all of ${s} as ADDR or ADDR/LENGTH; host bits are cleared.  *${host_bits},
 * when not NULL, tells whether any were set.
 */
bool ph_prefix_parse(struct ph_str, struct ph_range *, bool *host_bits);

/*
 * ph_prefix_range(addr, len):
 * The range of the prefix of ${len} bits (0-32 or 0-128 by family) that holds ${addr}.
 */
struct ph_range ph_prefix_range(ph_u128, unsigned);

/*
 * ph_range_prefix_len(r):
 * The prefix length when ${r} is exactly one prefix of one family, else -1.
 */
int ph_range_prefix_len(struct ph_range);

/*
 * ph_range_next_prefix(r, out):
 * Take the largest prefix off the front of *${r}; false when that emptied it.
 * Repeated, it splits a range of one family into prefixes in rising order.
 */
bool ph_range_next_prefix(struct ph_range *, struct ph_range *);

enum { PH_ADDR_TEXT = 48 };		/* bytes for an address, NUL included */

/* ph_addr_format(a, out): RFC 5952 text into ${out} of PH_ADDR_TEXT bytes. */
const char *ph_addr_format(ph_u128, char *);

/*
 * ph_range_print(b, r): "A", "A/LEN", "A-B" or "any" (both families), "any4", "any6".
 */
void ph_range_print(struct ph_buf *, struct ph_range);

/* ph_u128_print(b, v): decimal digits. */
void ph_u128_print(struct ph_buf *, ph_u128);

#endif
