/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "wire/h225_asn1.h"

/* { itu-t (0) recommendation (0) h (8) 2250 version (0) 4 }, without the version */
static const uint8_t h2250[] = { 0x00, 0x08, 0x91, 0x4a, 0x00 };

enum { VERSION = 4 };

void
ph_asn1_note(struct ph_asn1 *a, const char *name, size_t from)
{
	struct ph_h225_parts *parts = a->parts;

	if (a->per.bad || parts->n == PH_H225_PARTS)
		return;
	parts->v[parts->n++] = (struct ph_h225_part){ name, a->base + from,
		(a->per.bit + 7) / 8 - from };
}

void
ph_asn1_protocol(struct ph_asn1 *a)
{
	size_t n = ph_per_get_length(&a->per), from = ph_per_byte(&a->per);
	const uint8_t *p = ph_per_get_octets(&a->per, n);

	if (p == NULL || n != sizeof(h2250) + 1 || memcmp(p, h2250, sizeof(h2250)) != 0)
		a->per.bad = true;
	ph_asn1_note(a, "protocolIdentifier", from);
}

void
ph_asn1_put_protocol(struct ph_per *w)
{
	ph_per_put_length(w, sizeof(h2250) + 1);
	ph_per_put_octets(w, h2250, sizeof(h2250));
	ph_per_put(w, 8, VERSION);
}

/*
 * TransportAddress ::= CHOICE { ipAddress { ip (SIZE(4)), port }, ipSourceRoute, ipxAddress,
 *	ip6Address { ip (SIZE(16)), port, ... }, netBios (SIZE(16)), nsap (SIZE(1..20)),
 *	nonStandardAddress, ... }
 */
enum { IP, IP6 = 3, NETBIOS = 4, NSAP = 5, NON_STANDARD = 6 };

static void
read_ip(struct ph_asn1 *a, const char *name, bool v6, struct ph_h225_address *out)
{
	bool more = v6 && ph_per_get(&a->per, 1);
	const uint8_t *p;
	struct ph_reader r;
	size_t from;

	ph_per_align(&a->per);
	from = ph_per_byte(&a->per);
	p = ph_per_get_octets(&a->per, v6 ? 18 : 6);
	if (p != NULL) {
		r = ph_reader(p, v6 ? 18 : 6);
		out->addr = ph_reader_addr(&r, v6);
		out->port = ph_reader_u16(&r);
		out->there = true;
		ph_asn1_note(a, name, from);
	}
	if (more)
		ph_per_skip_additions(&a->per);
}

void
ph_asn1_address(struct ph_asn1 *a, const char *name, struct ph_h225_address *out)
{
	bool ext;
	uint32_t which = ph_per_get_choice(&a->per, 3, &ext);

	if (a->per.bad)
		return;
	if (ext)
		ph_per_get_open(&a->per);
	else if (which == IP || which == IP6)
		read_ip(a, name, which == IP6, out);
	else if (which == NETBIOS)
		ph_per_get_octets(&a->per, 16);
	else if (which == NSAP)
		ph_per_get_octets(&a->per, ph_per_get(&a->per, 5) + 1);
	else if (which == NON_STANDARD)
		ph_asn1_non_standard(a);
	else
		a->partly = true;
}

void
ph_asn1_put_address(struct ph_per *w, const struct ph_h225_address *x)
{
	bool v4 = ph_addr_is_v4(x->addr);
	uint8_t b[16];
	struct ph_writer ip = ph_writer(b, sizeof(b));

	ph_per_put(w, 4, v4 ? IP : IP6);
	if (!v4)
		ph_per_put(w, 1, 0);
	ph_writer_addr(&ip, x->addr);
	ph_per_put_octets(w, b, ip.len);
	ph_per_put_u16(w, x->port);
}

void
ph_asn1_addresses(struct ph_asn1 *a, const char *name, struct ph_h225_address *out)
{
	size_t n = ph_per_get_length(&a->per);
	struct ph_h225_address other;

	for (size_t i = 0; i < n && !a->per.bad && !a->partly; i++)
		ph_asn1_address(a, name, i == 0 ? out : &other);
}

/* H221NonStandard ::= SEQUENCE { t35CountryCode, t35Extension, manufacturerCode, ... } */
static void
read_h221(struct ph_asn1 *a)
{
	bool more = ph_per_get(&a->per, 1);

	ph_per_get_u16(&a->per);	/* two numbers of a byte each */
	ph_per_get_u16(&a->per);
	if (more)
		ph_per_skip_additions(&a->per);
}

/* SEQUENCE { CHOICE { object, h221NonStandard, ... }, data OCTET STRING } */
void
ph_asn1_non_standard(struct ph_asn1 *a)
{
	bool ext;
	uint32_t which = ph_per_get_choice(&a->per, 1, &ext);

	if (ext || which == 0)	/* an open type looks just like an object identifier */
		ph_per_get_octets(&a->per, ph_per_get_length(&a->per));
	else
		read_h221(a);
	ph_per_get_octets(&a->per, ph_per_get_length(&a->per));
}

void
ph_asn1_bmp(struct ph_asn1 *a, unsigned bits)
{
	size_t n = ph_per_get(&a->per, bits) + 1;

	ph_per_get_octets(&a->per, n * 2);
}

/* { nonStandardData OPTIONAL, ... }: TerminalInfo, GatekeeperInfo */
static void
read_info(struct ph_asn1 *a)
{
	bool more = ph_per_get(&a->per, 1), extra = ph_per_get(&a->per, 1);

	if (extra)
		ph_asn1_non_standard(a);
	if (more)
		ph_per_skip_additions(&a->per);
}

/* VendorIdentifier ::= { vendor, productId OPTIONAL, versionId OPTIONAL, ... } (1..256) */
static void
read_vendor(struct ph_asn1 *a)
{
	bool more = ph_per_get(&a->per, 1);
	unsigned texts = ph_per_get(&a->per, 1);

	texts += ph_per_get(&a->per, 1);
	read_h221(a);
	for (; texts > 0; texts--) {
		ph_per_align(&a->per);
		ph_per_get_octets(&a->per, ph_per_get(&a->per, 8) + 1);
	}
	if (more)
		ph_per_skip_additions(&a->per);
}

/*
 * EndpointType ::= SEQUENCE { nonStandardData, vendor, gatekeeper, gateway, mcu, terminal
 *	(all OPTIONAL), mc BOOLEAN, undefinedNode BOOLEAN, ... }
 */
enum { TERMINAL = 1, MCU = 2, GATEWAY = 4, GATEKEEPER = 8, VENDOR = 16, EXTRA = 32 };

void
ph_asn1_endpoint_type(struct ph_asn1 *a)
{
	bool more = ph_per_get(&a->per, 1);
	uint32_t has = ph_per_get(&a->per, 6);

	if ((has & EXTRA) != 0)
		ph_asn1_non_standard(a);
	if ((has & VENDOR) != 0)
		read_vendor(a);
	if ((has & GATEKEEPER) != 0)
		read_info(a);
	if ((has & GATEWAY) != 0) {
		a->partly = true;
		return;
	}
	if ((has & MCU) != 0)
		read_info(a);
	if ((has & TERMINAL) != 0)
		read_info(a);
	ph_per_get(&a->per, 2);
	if (more)
		ph_per_skip_additions(&a->per);
}

/* A terminal, and nothing more of it. */
void
ph_asn1_put_endpoint_type(struct ph_per *w)
{
	ph_per_put(w, 7, TERMINAL);
	ph_per_put(w, 2, 0);
	ph_per_put(w, 2, 0);
}
