/* SPDX-License-Identifier: ISC */
#ifndef PH_WIRE_H225_ASN1_H
#define PH_WIRE_H225_ASN1_H

#include "wire/h225.h"
#include "wire/per.h"

/*
 * Types that RAS and call signalling share, for ras.c and h225.c.  ${base} is where
 * the reader's first byte stands in the message, for the places of parts.
 */
struct ph_asn1 {
	struct ph_per per;
	size_t base;
	struct ph_h225_parts *parts;
	bool partly;			/* came to something that is not read: stop here */
};

/* ph_asn1_note(a, name, from): from byte ${from} of the reader to here is ${name}. */
void ph_asn1_note(struct ph_asn1 *, const char *, size_t);

/* ph_asn1_protocol(a): protocolIdentifier; bad when it is not H.225.0. */
void ph_asn1_protocol(struct ph_asn1 *);
void ph_asn1_put_protocol(struct ph_per *);

/* ph_asn1_address(a, name, out): TransportAddress; one that is not IP is passed over. */
void ph_asn1_address(struct ph_asn1 *, const char *, struct ph_h225_address *);
void ph_asn1_put_address(struct ph_per *, const struct ph_h225_address *);

/* ph_asn1_addresses(a, name, out): SEQUENCE OF TransportAddress; the first is kept. */
void ph_asn1_addresses(struct ph_asn1 *, const char *, struct ph_h225_address *);

/* ph_asn1_non_standard(a): NonStandardParameter, passed over. */
void ph_asn1_non_standard(struct ph_asn1 *);

/* ph_asn1_bmp(a, bits): a BMPString with a length of ${bits} bits, one less. */
void ph_asn1_bmp(struct ph_asn1 *, unsigned);

/* ph_asn1_endpoint_type(a): EndpointType, passed over; that of a gateway is not read. */
void ph_asn1_endpoint_type(struct ph_asn1 *);
void ph_asn1_put_endpoint_type(struct ph_per *);

#endif
