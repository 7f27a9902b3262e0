/* SPDX-License-Identifier: ISC */
#ifndef PH_NET_SPECIAL_H
#define PH_NET_SPECIAL_H

#include "net/addr.h"

/*
 * DOC: Addresses that are not just somebody on the Internet
 *
 * Who may make a server send packets anywhere can make it send them to itself, to its
 * neighbours and to everybody in its network, all of whom may trust it.  So a relay
 * asks of every address: is it in one of the ranges that IANA keeps for special purposes
 * (RFC 6890 and its registries), or multicast, or outside of what is given to
 * networks at all?  And does it carry another address inside, which a router on the way will
 * take out?  The answer to the second question can be yes where it is no to the first.
 */
enum { PH_SPECIAL_INNER = 6 };		/* at most so many hide in one address */

/* ph_special_name(a): "loopback", "private use" …, or NULL for an ordinary address. */
const char *ph_special_name(ph_u128);

/*
 * ph_special_inner(a, out): the IPv4 addresses that the IPv6 address ${a} can stand for, by mapping
 * and compatibility (RFC 4291 2.5.5), translation (RFC 6052, 8215, 2765), 6to4 (RFC 3056), Teredo
 * (RFC 4380: server and client) or ISATAP (RFC 5214); their number.  A guess on the safe
 * side: where the form cannot be told all that it may be are there.
 */
unsigned ph_special_inner(ph_u128, ph_u128 [PH_SPECIAL_INNER]);

#endif
