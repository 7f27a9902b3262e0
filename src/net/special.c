/* SPDX-License-Identifier: ISC */
#include <stddef.h>

#include "net/special.h"

/* --- what is special --- */

/* IANA IPv4 Special-Purpose Address Registry, and multicast (RFC 5771). */
static const struct { uint32_t at; uint8_t len; const char *name; } v4[] = {
	{ 0x00000000, 8, "this network" },
	{ 0x0a000000, 8, "private use" },
	{ 0x64400000, 10, "shared address space" },
	{ 0x7f000000, 8, "loopback" },
	{ 0xa9fe0000, 16, "link-local" },
	{ 0xac100000, 12, "private use" },
	{ 0xc0000000, 24, "protocol assignments" },
	{ 0xc0000200, 24, "documentation" },
	{ 0xc01fc400, 24, "AS112 service" },
	{ 0xc034c100, 24, "AMT" },
	{ 0xc0586300, 24, "6to4 relays" },
	{ 0xc0a80000, 16, "private use" },
	{ 0xc0af3000, 24, "AS112 service" },
	{ 0xc6120000, 15, "benchmarking" },
	{ 0xc6336400, 24, "documentation" },
	{ 0xcb007100, 24, "documentation" },
	{ 0xe0000000, 4, "multicast" },
	{ 0xffffffff, 32, "broadcast" },
	{ 0xf0000000, 4, "reserved" },
};

/* The first 64 bits say which; IANA IPv6 Special-Purpose Address Registry, the longest first. */
static const struct { uint64_t at; uint8_t len; const char *name; } v6[] = {
	{ 0x0064ff9b00010000, 48, "local translation" },
	{ 0x0100000000000000, 64, "discard only" },
	{ 0x0100000000000001, 64, "dummy prefix" },
	{ 0x2001000000000000, 32, "Teredo" },
	{ 0x2001000200000000, 48, "benchmarking" },
	{ 0x2001001000000000, 28, "ORCHID" },
	{ 0x2001002000000000, 28, "ORCHID" },
	{ 0x2001003000000000, 28, "drone identifiers" },
	{ 0x2001000000000000, 23, "protocol assignments" },
	{ 0x20010db800000000, 32, "documentation" },
	{ 0x2002000000000000, 16, "6to4" },
	{ 0x2620004f80000000, 48, "AS112 service" },
	{ 0x3fff000000000000, 20, "documentation" },
	{ 0x5f00000000000000, 16, "segment routing" },
	{ 0xfc00000000000000, 7, "unique local" },
	{ 0xfe80000000000000, 10, "link-local" },
	{ 0xfec0000000000000, 10, "site-local" },
	{ 0xff00000000000000, 8, "multicast" },
};

/* Prefixes of 96 bits, by those. */
#define MAPPED		((ph_u128)0xffff)
#define TRANSLATED	((ph_u128)0xffff << 16)
#define NAT64		((ph_u128)0x0064ff9b << 64)

static const char *
name_of_96(ph_u128 a)
{
	ph_u128 top = a >> 32;

	if (a <= 1)
		return a == 0 ? "unspecified" : "loopback";
	if (top == 0)
		return "IPv4-compatible";
	if (top == MAPPED)
		return "IPv4-mapped";
	if (top == TRANSLATED)
		return "IPv4-translated";
	return top == NAT64 ? "translation" : NULL;
}

const char *
ph_special_name(ph_u128 a)
{
	const char *name;

	if (ph_addr_is_v4(a)) {
		for (size_t i = 0; i < sizeof(v4) / sizeof(*v4); i++)
			if ((((uint32_t)a ^ v4[i].at) >> (32 - v4[i].len)) == 0)
				return v4[i].name;
		return NULL;
	}
	name = name_of_96(a);
	for (size_t i = 0; name == NULL && i < sizeof(v6) / sizeof(*v6); i++)
		if ((((uint64_t)(a >> 64) ^ v6[i].at) >> (64 - v6[i].len)) == 0)
			name = v6[i].name;
	/* Only 2000::/3 is given to networks (RFC 4291 2.4). */
	return name == NULL && a >> 125 != 1 ? "not assigned" : name;
}

/* --- what is inside --- */

static ph_u128
bits(ph_u128 a, unsigned from)
{
	return PH_V4((uint32_t)(a >> (128 - 32 - from)));
}

/* RFC 6052 2.2: the bits 64 to 71 are passed over. */
static ph_u128
around(ph_u128 a, unsigned before)
{
	uint32_t head = (uint32_t)(a >> 64) & (uint32_t)(((uint64_t)1 << before) - 1);
	uint64_t low = (uint64_t)a << 8;

	return PH_V4(before == 0 ? (uint32_t)(low >> 32) :
	    head << (32 - before) | (uint32_t)(low >> (32 + before)));
}

unsigned
ph_special_inner(ph_u128 a, ph_u128 out[PH_SPECIAL_INNER])
{
	ph_u128 top = a >> 32;
	unsigned n = 0;

	if (ph_addr_is_v4(a))
		return 0;
	if (top == 0 || top == MAPPED || top == TRANSLATED || top == NAT64)
		out[n++] = bits(a, 96);
	if (a >> 80 == (ph_u128)0x0064ff9b0001) {
		out[n++] = around(a, 16);
		out[n++] = around(a, 8);
		out[n++] = around(a, 0);
		out[n++] = bits(a, 96);
	}
	if (a >> 112 == 0x2002)
		out[n++] = bits(a, 16);
	if (a >> 96 == 0x20010000) {
		out[n++] = bits(a, 32);
		out[n++] = PH_V4(~(uint32_t)a);
	}
	if (((uint32_t)top & ~0x02000000U) == 0x00005efe)
		out[n++] = bits(a, 96);
	return n;
}
