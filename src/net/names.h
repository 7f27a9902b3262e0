/* SPDX-License-Identifier: ISC */
#ifndef PH_NET_NAMES_H
#define PH_NET_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Names of protocols and ports, fixed here so that an answer does not depend
 * on the /etc/services of the host that gives it.  Sources: IANA "Protocol
 * Numbers" and "Service Name and Transport Protocol Port Number Registry",
 * as Debian's netbase lists them.  Vendors' own words stay in their dialect.
 */
enum ph_proto {
	PH_ICMP = 1, PH_IGMP = 2, PH_TCP = 6, PH_UDP = 17, PH_GRE = 47,
	PH_ESP = 50, PH_AH = 51, PH_ICMPV6 = 58, PH_SCTP = 132,
	PH_UDPLITE = 136, PH_DCCP = 33,
};

/* ph_proto_parse(s, out): a protocol's name or number 0-255. */
bool ph_proto_parse(struct ph_str, uint8_t *);

/* ph_proto_name(n): the name, or NULL. */
const char *ph_proto_name(uint8_t);

/* ph_proto_has_ports(n): TCP, UDP, UDP-Lite, SCTP, DCCP. */
bool ph_proto_has_ports(uint8_t);

/* ph_port_parse(s, out): a service's name (IANA) or number 0-65535. */
bool ph_port_parse(struct ph_str, uint16_t *);

/* ph_port_name(n): the IANA name of a well-known port, or NULL. */
const char *ph_port_name(uint16_t);

#endif
