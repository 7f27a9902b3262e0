/* SPDX-License-Identifier: ISC */
#include "wire/h225_asn1.h"

static const char *const words[PH_RAS_TYPES + 1] = {
	"gatekeeperRequest", "gatekeeperConfirm", "gatekeeperReject", "registrationRequest",
	"registrationConfirm", "registrationReject", "unregistrationRequest",
	"unregistrationConfirm", "unregistrationReject", "admissionRequest", "admissionConfirm",
	"admissionReject", "bandwidthRequest", "bandwidthConfirm", "bandwidthReject",
	"disengageRequest", "disengageConfirm", "disengageReject", "locationRequest",
	"locationConfirm", "locationReject", "infoRequest", "infoRequestResponse",
	"nonStandardMessage", "unknownMessageResponse", "another message",
};

/* OPTIONAL components, of which nonStandardData is the first in all. */
static const unsigned optionals[PH_RAS_KNOWN] = {
	[PH_RAS_GRQ] = 4, [PH_RAS_GCF] = 2, [PH_RAS_GRJ] = 2, [PH_RAS_RRQ] = 3,
	[PH_RAS_RCF] = 3, [PH_RAS_RRJ] = 2,
};

/* What follows protocolIdentifier and nonStandardData, with the rest of the optional bits. */

static void
read_grq(struct ph_asn1 *a, struct ph_ras *m, uint32_t has)
{
	(void)has;		/* what they tell of comes after the address */
	ph_asn1_address(a, "rasAddress", &m->ras);
	ph_asn1_endpoint_type(a);
}

static void
read_gcf(struct ph_asn1 *a, struct ph_ras *m, uint32_t has)
{
	if ((has & 1) != 0)
		ph_asn1_bmp(a, 7);	/* gatekeeperIdentifier (SIZE(1..128)) */
	ph_asn1_address(a, "rasAddress", &m->ras);
}

static void
read_reason(struct ph_asn1 *a, struct ph_ras *m, unsigned bits)
{
	size_t from = ph_per_byte(&a->per);
	bool ext;

	m->reason = ph_per_get_choice(&a->per, bits, &ext);
	if (ext)
		m->reason = 255;
	ph_asn1_note(a, "rejectReason", from);
}

static void
read_grj(struct ph_asn1 *a, struct ph_ras *m, uint32_t has)
{
	if ((has & 1) != 0)
		ph_asn1_bmp(a, 7);
	read_reason(a, m, 2);
}

static void
read_rrq(struct ph_asn1 *a, struct ph_ras *m, uint32_t has)
{
	(void)has;
	ph_per_get(&a->per, 1);	/* discoveryComplete */
	ph_asn1_addresses(a, "callSignalAddress", &m->signal);
	if (!a->partly)
		ph_asn1_addresses(a, "rasAddress", &m->ras);
}

static void
read_rcf(struct ph_asn1 *a, struct ph_ras *m, uint32_t has)
{
	(void)has;
	ph_asn1_addresses(a, "callSignalAddress", &m->signal);
}

static void
read_rrj(struct ph_asn1 *a, struct ph_ras *m, uint32_t has)
{
	(void)has;
	read_reason(a, m, 3);
}

static void (*const readers[PH_RAS_KNOWN])(struct ph_asn1 *, struct ph_ras *, uint32_t) = {
	[PH_RAS_GRQ] = read_grq, [PH_RAS_GCF] = read_gcf, [PH_RAS_GRJ] = read_grj,
	[PH_RAS_RRQ] = read_rrq, [PH_RAS_RCF] = read_rcf, [PH_RAS_RRJ] = read_rrj,
};

bool
ph_ras_decode(const void *p, size_t n, struct ph_ras *m)
{
	struct ph_asn1 a = { .per = ph_per_reader(p, n), .parts = &m->parts };
	uint32_t has, which;
	bool ext;

	*m = (struct ph_ras){ 0 };
	if (n > PH_H225_MAX)
		return false;
	which = ph_per_get_choice(&a.per, 5, &ext);
	m->type = ext ? PH_RAS_ADDITION : (enum ph_ras_type)which;
	if (ext || which >= PH_RAS_KNOWN)	/* not read further; all are longer than this */
		return !a.per.bad && (ext || which < PH_RAS_TYPES) && n >= 4;
	ph_per_get(&a.per, 1);			/* extensions, all behind what is read */
	has = ph_per_get(&a.per, optionals[m->type]);
	m->seq = ph_per_get_u16(&a.per);
	if (m->seq++ == UINT16_MAX)		/* (1..65535) is sent as one less */
		return false;
	ph_asn1_note(&a, "requestSeqNum", ph_per_byte(&a.per) - 2);
	ph_asn1_protocol(&a);
	if (has >> (optionals[m->type] - 1) != 0)
		ph_asn1_non_standard(&a);
	if (!a.per.bad)
		readers[m->type](&a, m, has);
	return !a.per.bad;
}

void
ph_ras_encode(struct ph_writer *w, const struct ph_ras *m)
{
	uint8_t b[64];
	struct ph_per per = ph_per_writer(b, sizeof(b));

	if (m->type >= PH_RAS_KNOWN || m->type == PH_RAS_RRQ || m->type == PH_RAS_RCF ||
	    m->seq == 0) {
		w->bad = true;
		return;
	}
	ph_per_put(&per, 6, m->type);
	ph_per_put(&per, 1 + optionals[m->type], 0);
	ph_per_put_u16(&per, (uint16_t)(m->seq - 1));
	ph_asn1_put_protocol(&per);
	if (m->type == PH_RAS_GRQ || m->type == PH_RAS_GCF)
		ph_asn1_put_address(&per, &m->ras);
	if (m->type == PH_RAS_GRQ)
		ph_asn1_put_endpoint_type(&per);
	if (m->type == PH_RAS_GRJ)
		ph_per_put(&per, 3, m->reason & 3);
	if (m->type == PH_RAS_RRJ)
		ph_per_put(&per, 4, m->reason & 7);
	ph_per_align(&per);
	if (per.bad)
		w->bad = true;
	ph_writer_bytes(w, b, ph_per_byte(&per));
}

const char *
ph_ras_word(enum ph_ras_type t)
{
	return words[t <= PH_RAS_ADDITION ? t : PH_RAS_ADDITION];
}
