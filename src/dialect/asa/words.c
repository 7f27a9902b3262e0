/* SPDX-License-Identifier: ISC */
#include <stddef.h>

#include "dialect/asa/words.h"
#include "net/names.h"

struct word {
	const char *name;
	uint16_t value;
};

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

static const struct word ports[] = {
	{ "aol", 5190 }, { "bgp", 179 }, { "biff", 512 }, { "bootpc", 68 },
	{ "bootps", 67 }, { "chargen", 19 }, { "cifs", 3020 },
	{ "citrix-ica", 1494 }, { "cmd", 514 }, { "ctiqbe", 2748 },
	{ "daytime", 13 }, { "discard", 9 }, { "dnsix", 195 }, { "domain", 53 },
	{ "echo", 7 }, { "exec", 512 }, { "finger", 79 }, { "ftp", 21 },
	{ "ftp-data", 20 }, { "gopher", 70 }, { "h323", 1720 },
	{ "hostname", 101 }, { "http", 80 }, { "https", 443 }, { "ident", 113 },
	{ "imap4", 143 }, { "irc", 194 }, { "isakmp", 500 },
	{ "kerberos", 750 }, { "klogin", 543 }, { "kshell", 544 },
	{ "ldap", 389 }, { "ldaps", 636 }, { "login", 513 },
	{ "lotusnotes", 1352 }, { "lpd", 515 }, { "mobile-ip", 434 },
	{ "nameserver", 42 }, { "netbios-dgm", 138 }, { "netbios-ns", 137 },
	{ "netbios-ssn", 139 }, { "nfs", 2049 }, { "nntp", 119 },
	{ "ntp", 123 }, { "pcanywhere-data", 5631 },
	{ "pcanywhere-status", 5632 }, { "pim-auto-rp", 496 }, { "pop2", 109 },
	{ "pop3", 110 }, { "pptp", 1723 }, { "radius", 1645 },
	{ "radius-acct", 1646 }, { "rip", 520 }, { "rsh", 514 },
	{ "rtsp", 554 }, { "secureid-udp", 5510 }, { "sip", 5060 },
	{ "smtp", 25 }, { "snmp", 161 }, { "snmptrap", 162 }, { "sqlnet", 1521 },
	{ "ssh", 22 }, { "sunrpc", 111 }, { "syslog", 514 }, { "tacacs", 49 },
	{ "talk", 517 }, { "telnet", 23 }, { "tftp", 69 }, { "time", 37 },
	{ "uucp", 540 }, { "vxlan", 4789 }, { "who", 513 }, { "whois", 43 },
	{ "www", 80 }, { "xdmcp", 177 },
};

static const struct word protos[] = {
	{ "ah", 51 }, { "eigrp", 88 }, { "esp", 50 }, { "gre", 47 },
	{ "icmp", 1 }, { "icmp6", 58 }, { "igmp", 2 }, { "igrp", 9 },
	{ "ipinip", 4 }, { "ipsec", 50 }, { "nos", 94 }, { "ospf", 89 },
	{ "pcp", 108 }, { "pim", 103 }, { "pptp", 47 }, { "sctp", 132 },
	{ "snp", 109 }, { "tcp", 6 }, { "udp", 17 },
};

static const struct word icmp_types[] = {
	{ "alternate-address", 6 }, { "conversion-error", 31 }, { "echo", 8 },
	{ "echo-reply", 0 }, { "information-reply", 16 },
	{ "information-request", 15 }, { "mask-reply", 18 },
	{ "mask-request", 17 }, { "mobile-redirect", 32 },
	{ "parameter-problem", 12 }, { "redirect", 5 },
	{ "router-advertisement", 9 }, { "router-solicitation", 10 },
	{ "source-quench", 4 }, { "time-exceeded", 11 },
	{ "timestamp-reply", 14 }, { "timestamp-request", 13 },
	{ "traceroute", 30 }, { "unreachable", 3 },
};

static const struct word icmp6_types[] = {
	{ "echo", 128 }, { "echo-reply", 129 }, { "membership-query", 130 },
	{ "membership-reduction", 132 }, { "membership-report", 131 },
	{ "neighbor-advertisement", 136 }, { "neighbor-redirect", 137 },
	{ "neighbor-solicitation", 135 }, { "packet-too-big", 2 },
	{ "parameter-problem", 4 }, { "router-advertisement", 134 },
	{ "router-renumbering", 138 }, { "router-solicitation", 133 },
	{ "time-exceeded", 3 }, { "unreachable", 1 },
};

static bool
find(const struct word *v, size_t n, struct ph_str s, uint64_t max, uint64_t *out)
{
	if (s.len > 0 && s.s[0] >= '0' && s.s[0] <= '9')
		return ph_str_u64(s, 10, max, out);
	for (size_t i = 0; i < n; i++)
		if (ph_str_case_eq(s, v[i].name)) {
			*out = v[i].value;
			return true;
		}
	return false;
}

bool
ph_asa_port(struct ph_str s, uint16_t *out)
{
	uint64_t v;

	if (!find(ports, LENGTH(ports), s, 65535, &v))
		return false;
	*out = (uint16_t)v;
	return true;
}

bool
ph_asa_proto(struct ph_str s, uint8_t *out)
{
	uint64_t v;

	if (!find(protos, LENGTH(protos), s, 255, &v))
		return false;
	*out = (uint8_t)v;
	return true;
}

bool
ph_asa_icmp_type(struct ph_str s, bool v6, uint8_t *out)
{
	uint64_t v;

	if (!(v6 ? find(icmp6_types, LENGTH(icmp6_types), s, 255, &v) :
	    find(icmp_types, LENGTH(icmp_types), s, 255, &v)))
		return false;
	*out = (uint8_t)v;
	return true;
}

const char *
ph_asa_port_name(uint16_t port)
{
	for (size_t i = 0; i < LENGTH(ports); i++)
		if (ports[i].value == port)
			return ports[i].name;
	return NULL;
}

static const char *
near(const struct word *v, size_t n, struct ph_str s)
{
	const char *names[LENGTH(ports) + LENGTH(protos)];

	for (size_t i = 0; i < n; i++)
		names[i] = v[i].name;
	return ph_str_nearest(s, names, n);
}

const char *
ph_asa_port_near(struct ph_str s)
{
	return near(ports, LENGTH(ports), s);
}

const char *
ph_asa_proto_near(struct ph_str s)
{
	return near(protos, LENGTH(protos), s);
}
