/* SPDX-License-Identifier: ISC */
/*
 * dump NAME: one of our messages as a hex dump, as text2pcap reads it; without a NAME,
 * all names, each with the protocol and port it is for.
 */
#include <stdio.h>
#include <string.h>

#include "wire/h225.h"
#include "wire/rtp.h"
#include "wire/sip.h"

static const struct ph_h225_address v4 = { true, PH_V4(0xc0000201), 1719 };
static const struct ph_h225_address v6 = { true, (ph_u128)0x20010db8 << 96 | 7, 1720 };

static void
ras(struct ph_writer *w, unsigned type)
{
	ph_ras_encode(w, &(struct ph_ras){ .type = type & 7, .seq = 4711,
		.ras = type >= 8 ? v6 : v4 });
}

static void
h225(struct ph_writer *w, unsigned type)
{
	struct ph_h225 m = { .type = type & 7, .call_reference = 1, .cause = 16,
		.from_called = (type & 7) != PH_H225_SETUP, .call_id = { 0xca, 0x11 } };

	if ((type & 24) != 0) {
		m.h245 = (type & 8) != 0 ? v4 : v6;
		m.source = v4;
	}
	ph_h225_encode(w, &m);
}

static void
sip(struct ph_writer *w, unsigned method)
{
	ph_sip_request(w, &(struct ph_sip_call){ .local = v4.addr, .remote = v4.addr + 1,
		.local_port = 5060, .remote_port = 5060, .id = 0x123456789abcdef, .cseq = 1,
		.media_port = 50010, .odd = method >= 16 }, method & 15);
}

static void
rtp(struct ph_writer *w, unsigned type)
{
	ph_rtp_encode(w, &(struct ph_rtp){ .type = (uint8_t)type, .seq = 1, .timestamp = 160,
		.ssrc = 7 });
	ph_rtp_test_encode(w, &(struct ph_rtp_test){ .index = 1, .sent_us = 20000 }, 160);
}

static const struct {
	const char *name, *transport;
	unsigned port, arg;
	void (*write)(struct ph_writer *, unsigned);
} messages[] = {
	{ "grq", "udp", 1719, PH_RAS_GRQ, ras },
	{ "grq6", "udp", 1719, 8 | PH_RAS_GRQ, ras },
	{ "gcf", "udp", 1719, PH_RAS_GCF, ras },
	{ "gcf6", "udp", 1719, 8 | PH_RAS_GCF, ras },
	{ "grj", "udp", 1719, PH_RAS_GRJ, ras },
	{ "rrj", "udp", 1719, PH_RAS_RRJ, ras },
	{ "setup", "tcp", 1720, PH_H225_SETUP, h225 },
	{ "setup-addresses", "tcp", 1720, 8 | PH_H225_SETUP, h225 },
	{ "setup-addresses6", "tcp", 1720, 16 | PH_H225_SETUP, h225 },
	{ "callProceeding", "tcp", 1720, PH_H225_CALL_PROCEEDING, h225 },
	{ "alerting", "tcp", 1720, PH_H225_ALERTING, h225 },
	{ "releaseComplete", "tcp", 1720, PH_H225_RELEASE_COMPLETE, h225 },
	{ "options", "udp", 5060, PH_SIP_OPTIONS, sip },
	{ "invite", "udp", 5060, PH_SIP_INVITE, sip },
	{ "invite-odd", "udp", 5060, 16 | PH_SIP_INVITE, sip },
	{ "register", "udp", 5060, PH_SIP_REGISTER, sip },
	{ "ack", "udp", 5060, PH_SIP_ACK, sip },
	{ "cancel", "udp", 5060, PH_SIP_CANCEL, sip },
	{ "rtp", "udp", 50010, PH_RTP_PCMU, rtp },
};

int
main(int argc, char **argv)
{
	uint8_t b[4096];
	struct ph_writer w = ph_writer(b, sizeof(b));

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		if (argc < 2) {
			printf("%s %s %u\n", messages[i].name, messages[i].transport,
			    messages[i].port);
			continue;
		}
		if (strcmp(argv[1], messages[i].name) != 0)
			continue;
		messages[i].write(&w, messages[i].arg);
		printf("000000");
		for (size_t k = 0; k < w.len; k++)
			printf(" %02x", b[k]);
		printf("\n");
		return w.bad;
	}
	return argc >= 2;
}
